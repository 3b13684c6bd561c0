// graphile-worker: one at a time without a local queue; in batches with one, and completions gathered.
import { createRequire } from 'node:module'
const require = createRequire(process.env.PEERS + '/')
const { makeWorkerUtils, run, Logger } = require('graphile-worker')
const pg = require('pg')

const [what, number, batch] = [process.argv[2], +process.argv[3], +process.argv[4]]
const payload = JSON.parse(process.env.CONTENT)
const logger = new Logger(() => () => {})
const pool = new pg.Pool({ max: what === 'work' ? number + 2 : 1 })
pool.on('error', () => {})
pool.on('connect', client => client.on('error', () => {}))

if (what === 'work') {
  const worker = { concurrentJobs: batch > 1 ? Math.max(batch, number) : number }
  if (batch > 1) {
    worker.localQueue = { size: batch * number, refetchDelay: { durationMs: 10 } }
    worker.completeJobBatchDelay = 0
    worker.failJobBatchDelay = 0
  }
  const runner = await run({
    pgPool: pool, preset: { worker }, logger, noHandleSignals: true, taskList: { noop: async () => {} }
  })
  await runner.promise
} else {
  const utils = await makeWorkerUtils({ pgPool: pool, logger })
  if (what === 'fill') {
    await utils.migrate()
    for (let start = 0; start < number; start += 1000) {
      const many = Math.min(1000, number - start)
      await utils.addJobs(Array.from({ length: many }, () => ({ identifier: 'noop', payload })))
    }
  } else {
    await utils.addJob('noop', payload)
    const start = performance.now()
    for (let n = 0; n < number; n++) await utils.addJob('noop', payload)
    console.log(number * 1000 / (performance.now() - start))
  }
  process.exit(0)
}
