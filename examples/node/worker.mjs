// usage: RENDER='./render.sh' node worker.mjs NAME [LABEL,LABEL]
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

const [name, labels = ""] = process.argv.slice(2);
if (!name || !process.env.RENDER) throw new Error("usage: RENDER=COMMAND node worker.mjs NAME [LABEL,LABEL]");
const lease = Number(process.env.LEASE ?? 60); // seconds
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL, // without it PG* variables count
  max: 2, // a heartbeat does not wait for a report
  connectionTimeoutMillis: 10_000,
  query_timeout: lease * 1000 / 3,
});
const ignore = () => {};
pool.on("error", ignore); // an idle connection was lost: the next statement gets another one

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stopping.abort());
const pause = (ms) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => {});

/** One statement in a worker's scope, which is one transaction. */
async function ask(text, values = []) {
  const client = await pool.connect();
  client.on("error", ignore); // one that breaks while it is lent would end the process; its statement says so
  try {
    await client.query("begin");
    await client.query("select identity.bind('renderstore_worker', null, $1)", [`worker:${name}`]);
    const { rows } = await client.query(text, values);
    await client.query("commit");
    client.off("error", ignore);
    client.release();
    return rows;
  } catch (error) {
    client.release(true); // closed, and so rolled back
    throw error;
  }
}

/** The same, again and again while the server is away. What it says itself is a refusal, unless it says that. */
async function insist(text, values) {
  for (;;) {
    try {
      return await ask(text, values);
    } catch (error) {
      if (error instanceof pg.DatabaseError && !/^(08|40|53|57)/.test(error.code)) throw error;
      console.error(`The database does not answer: ${error.message}`);
      if (stopping.signal.aborted) throw error;
      await pause(5000);
    }
  }
}

const lives = () => ask("update work.workers set seen_at = now() where name = $1", [name]);

/** Run the program; say how it ended. `should` aborts it. */
function run(job, should) {
  return new Promise((resolve) => {
    const program = spawn(process.env.RENDER, { shell: true, detached: true, stdio: ["pipe", "inherit", "pipe"] });
    const end = () => { try { process.kill(-program.pid) } catch { /* it has ended */ } };
    should.addEventListener("abort", end);
    let said = "";
    program.stderr.setEncoding("utf8").on("data", (text) => { said = (said + text).slice(-4000); });
    program.stdin.on("error", ignore).end(JSON.stringify(job)); // it need not read
    program.on("error", (error) => resolve({ code: 127, said: error.message }));
    program.on("close", (code) => { should.removeEventListener("abort", end); resolve({ code, said }); });
  });
}

async function work(job) {
  const key = [job.user_id, job.id, job.attempt];
  const should = new AbortController();
  const beat = setInterval(async () => {
    try {
      await lives();
      const [row] = await ask("select work.heartbeat($1, $2, $3, lease => $4) as should_stop", [...key, `${lease} s`]);
      if (row.should_stop) should.abort();
    } catch (error) {
      if (error.code === "RS008") should.abort(); // somebody else may hold the job by now
      else console.error(`The heartbeat did not come through: ${error.message}`);
    }
  }, lease * 1000 / 3);
  const { code, said } = await run(job, AbortSignal.any([should.signal, stopping.signal]));
  clearInterval(beat);
  try {
    if (code === 0) await insist("select render.finish($1, $2, $3, paths => $4)", [...key, [job.output_path]]);
    else if (stopping.signal.aborted) await ask("select work.release($1, $2, $3)", key);
    else await insist("select work.fail($1, $2, $3, 'crashed', $4, $5)", [...key, said.replaceAll("\0", "").trimEnd(), code]);
  } catch (error) {
    console.error(`${job.id}: ${error.message}`); // the lease was lost: the result is dropped
  }
}

try {
  await insist("select from work.register('{render}', $1, 'worker.mjs 1')", [labels.split(",").filter(Boolean)]);
  while (!stopping.signal.aborted) {
    try {
      await lives();
      await ask("select from work.sweep()");
      const [job] = await ask("select * from render.claim(lease => $1)", [`${lease} s`]);
      if (job) await work(job);
      else if (process.env.UNTIL_EMPTY) break;
      else await pause(5000);
    } catch (error) {
      console.error(error.message);
      await pause(5000);
    }
  }
  await ask("update work.workers set stopped_at = now() where name = $1", [name]);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
await pool.end();
