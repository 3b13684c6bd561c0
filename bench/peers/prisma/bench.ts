// Its own User and Job models, as the render manager's application asks them.
import { prisma, run, say } from './timed'

const config = JSON.parse(process.env.CONFIG!)
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
await say()
