// pg-boss: fetch and complete in a loop, so many loops at once, any batch; its own poller waits between fetches.
import { createRequire } from 'node:module'
const require = createRequire(process.env.PEERS + '/')
const { PgBoss } = await import(require.resolve('pg-boss'))

const [what, number, batch] = [process.argv[2], +process.argv[3], +process.argv[4]]
const data = JSON.parse(process.env.CONTENT)
const boss = new PgBoss({
  host: process.env.PGHOST, port: +process.env.PGPORT, user: process.env.PGUSER, database: process.env.PGDATABASE,
  max: what === 'work' ? number + 2 : 1, supervise: false, schedule: false
})
boss.on('error', () => {})
await boss.start()
if (what === 'fill') {
  await boss.createQueue('noop')
  for (let start = 0; start < number; start += 1000) {
    const many = Math.min(1000, number - start)
    await boss.insert('noop', Array.from({ length: many }, () => ({ data })))
  }
  process.exit(0)
} else if (what === 'submit') {
  await boss.send('noop', data)
  const start = performance.now()
  for (let n = 0; n < number; n++) await boss.send('noop', data)
  console.log(number * 1000 / (performance.now() - start))
  process.exit(0)
}
const loop = async () => {
  for (;;) {
    const jobs = await boss.fetch('noop', { batchSize: batch })
    if (jobs.length) await boss.complete('noop', jobs.map(job => job.id))
    else await new Promise(done => setTimeout(done, 5))
  }
}
await Promise.all(Array.from({ length: number }, loop))
