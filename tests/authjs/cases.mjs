// A case is a true sentence and what proves it. pytest reads the sentences from these files
// and the outcomes from what `run` prints.
import { randomUUID } from "node:crypto";
import pg from "pg";

import { adapter, pool } from "./database.mjs";

const cases = [];

export function test(sentence, prove) {
  cases.push([sentence, prove]);
}

export async function run() {
  const outcomes = {};
  for (const [sentence, prove] of cases) {
    try {
      await prove();
      outcomes[sentence] = null;
    } catch (error) {
      outcomes[sentence] = error.stack ?? String(error);
    }
  }
  await Promise.all([pool.end(), administrator.end()]);
  process.stdout.write(JSON.stringify(outcomes));
}

const administrator = new pg.Pool({
  connectionString: process.env.ADMIN_DATABASE_URL,
  options: "-c role=renderstore_admin",
  max: 1,
});

export async function setStatus(user, status) {
  const changed = await administrator.query(
    "update identity.users set status = $2 where id = $1",
    [user.id, status],
  );
  if (changed.rowCount !== 1) throw new Error(`no user ${user.id}`);
}

export const address = () => `${randomUUID()}@example.com`;

// Every part of the time differs from zero, the milliseconds too.
export const soon = () => new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_123);

export const person = (given = {}) =>
  adapter.createUser({
    name: "Ada",
    email: address(),
    emailVerified: new Date("2026-03-04T05:06:07.089Z"),
    image: "https://example.com/ada.png",
    ...given,
  });

export const account = (user, given = {}) => ({
  userId: user.id,
  provider: "google",
  type: "oidc",
  providerAccountId: randomUUID(),
  access_token: "access",
  expires_at: 1_893_456_000,
  refresh_token: "refresh",
  id_token: "identity",
  scope: "openid email",
  session_state: "state",
  token_type: "bearer",
  ...given,
});

export const session = (user, given = {}) => ({
  sessionToken: randomUUID(),
  userId: user.id,
  expires: soon(),
  ...given,
});
