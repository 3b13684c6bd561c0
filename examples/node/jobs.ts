// usage: DATABASE_URL=… node dist/jobs.js USER_ID
import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { asUser, sentence } from "./as_user.js";
import type { DB } from "./db.js";

const [userId = ""] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 10_000 });
pool.on("error", (error) => console.error(error.message));

// Plain SQL: the helper binds the user, the caller writes the rest.
const submitted = await asUser(pool, userId, async (client) => {
  const { rows } = await client.query<{ id: string; is_new: boolean }>(
    "select id, is_new from render.submit(template_path => $1, output_path => $2, idempotency_key => $3)",
    ["/ads/spot.aep", "/renders/spot.mov", "spot-1"],
  );
  return rows[0];
});
console.log(`submitted ${submitted?.is_new ? "a new job" : "it before"}`);

// Kysely with the types that `npm run types` wrote.
const db = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) });
const jobs = await db.transaction().execute(async (trx) => {
  await sql`select identity.bind('renderstore_app', ${userId}, ${`user:${userId}`})`.execute(trx);
  return trx
    .selectFrom("render.jobs")
    .select(["id", "status", "output_path", "queued_at"])
    .where("status", "in", ["queued", "rendering"])
    .orderBy("id", "desc")
    .limit(20)
    .execute();
});
for (const job of jobs) console.log(`${job.status} ${job.output_path}`);

try {
  await asUser(pool, userId, (client) =>
    client.query("select render.submit(template_path => '/ads/spot.aep', output_path => 'no path')"),
  );
} catch (error) {
  console.log(`refused: ${await sentence(pool, userId, error)}`);
}
await db.destroy();
