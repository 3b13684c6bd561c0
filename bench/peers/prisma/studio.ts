// The studio's models, as its application asks them: a page of projects, and an animation with all that it shows.
import { prisma, run, say } from './timed'

const users = Number(process.env.USERS)
const animations = await prisma.animation.findMany({ select: { id: true }, orderBy: { id: 'asc' } })

await run('list of 20', i => prisma.project.findMany({
  where: { userId: `u${i % users}`, deletedAt: null }, orderBy: { createdAt: 'desc' }, take: 20
}))
for (const relationLoadStrategy of ['query', 'join'] as const) {
  await run(`nested read, ${relationLoadStrategy}`, i => prisma.animation.findUnique({
    relationLoadStrategy,
    where: { id: animations[i * 7 % animations.length].id },
    include: { frames: { orderBy: { position: 'asc' }, include: { asset: true } } }
  }))
}
await say()
