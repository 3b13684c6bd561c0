// Prisma 7 with its pg adapter on its own User and Job models, so many in flight: one JSON line, {operation: a second}.
import { PrismaClient } from './gen/client'
import { PrismaPg } from '@prisma/adapter-pg'

const clients = Number(process.env.CLIENTS)
const seconds = Number(process.env.SECONDS_EACH)
const adapter = new PrismaPg({ connectionString: process.env.DATABASE_URL!, max: clients })
const prisma = new PrismaClient({ adapter })
const config = JSON.parse(process.env.CONFIG!)
const out: Record<string, number> = {}

async function run(name: string, operation: (i: number) => Promise<unknown>) {
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

const user = await prisma.user.create({ data: { email: 'bench@example.org' } })
const ids: string[] = []
await run('submit', async i => {
  const data = {
    userId: user.id, projectPath: `/p/${i}.aep`, outputPath: `/o/${i}.mov`,
    nexrenderConfig: config, priority: i % 10, status: 'QUEUED' as const
  }
  const job = await prisma.job.create({ data })
  if (ids.length < 5000) ids.push(job.id)
})
await run('get', i => prisma.job.findUnique({ where: { id: ids[i % ids.length] } }))
await run('list of 20', () => prisma.job.findMany({
  where: { userId: user.id, status: 'QUEUED' }, orderBy: { createdAt: 'desc' }, take: 20
}))
await run('progress', i => prisma.job.update({
  where: { id: ids[i % ids.length] }, data: { progress: i % 100 }
}))
// What a careful user of Prisma writes by hand; conditional updateMany in a loop is a third of it.
await run('finish and claim', async () => {
  const taken = await prisma.$queryRawUnsafe<{ id: string }[]>(
    `update "Job" set status = 'RENDERING' where id = (
       select id from "Job" where status = 'QUEUED' order by priority desc, "createdAt"
       limit 1 for update skip locked) returning id`)
  if (taken[0]) {
    await prisma.$executeRawUnsafe(
      `update "Job" set status = 'COMPLETED', progress = 100, "completedAt" = now() where id = $1`,
      taken[0].id)
  }
})
console.log(JSON.stringify(out))
await prisma.$disconnect()
