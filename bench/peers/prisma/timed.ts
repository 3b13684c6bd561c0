// Prisma 7 with its pg adapter, so many in flight: what both programs share. Each prints one JSON line, {operation: a second}.
import { PrismaClient } from './gen/client'
import { PrismaPg } from '@prisma/adapter-pg'

const clients = Number(process.env.CLIENTS)
const seconds = Number(process.env.SECONDS_EACH)
const adapter = new PrismaPg({ connectionString: process.env.DATABASE_URL!, max: clients })
const out: Record<string, number> = {}

export const prisma = new PrismaClient({ adapter })

export async function run(name: string, operation: (i: number) => Promise<unknown>) {
  for (let i = 0; i < 50; i++) await operation(i)
  const started = performance.now()
  let done = 0
  await Promise.all(Array.from({ length: clients }, async (_, c) => {
    for (let i = 0; performance.now() < started + seconds * 1000; i++) {
      await operation(c * 1_000_000 + i)
      done++
    }
  }))
  out[name] = done * 1000 / (performance.now() - started)
}

export async function say() {
  console.log(JSON.stringify(out))
  await prisma.$disconnect()
}
