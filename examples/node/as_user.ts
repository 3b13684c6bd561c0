import type pg from "pg";

/** Run `work` in one transaction that sees and changes this user's rows and no others. */
export async function asUser<T>(
  pool: pg.Pool,
  userId: string,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let lost: Error | undefined;
  // Without a listener, a connection that breaks while it is lent ends the process.
  const note = (reason: Error) => (lost = reason);
  client.on("error", note);
  try {
    await client.query("begin");
    await client.query("select identity.bind('renderstore_app', $1, $2)", [userId, `user:${userId}`]);
    const result = await work(client);
    const { command } = await client.query("commit");
    // After an error that `work` caught, a commit undoes everything and says so here alone.
    if (command !== "COMMIT") throw new Error("An error before had ended this transaction.");
    return result;
  } catch (error) {
    await client.query("rollback").catch(note);
    throw error;
  } finally {
    client.off("error", note);
    client.release(lost); // a lost connection does not go back to the pool
  }
}

/** What an error of the database means to the person who caused it; undefined where it is nobody's fault but ours. */
export async function sentence(pool: pg.Pool, userId: string, error: unknown): Promise<string | undefined> {
  const { code, message, schema, table, dataType, constraint } = error as pg.DatabaseError;
  if (!code) return undefined;
  if (constraint) {
    // The sentence of a rule is asked for, in a transaction of its own. A domain's rule names the domain.
    const asked = [schema, table ?? dataType, constraint, message];
    const { rows } = await asUser(pool, userId, (client) =>
      client.query("select ops.sentence($1, $2, $3, $4) as said", asked),
    );
    if (rows[0].said) return rows[0].said;
  }
  // RS: a function of the database refused, in its own words; P0002: there is no such row.
  return code.startsWith("RS") || code === "P0002" ? message : undefined;
}
