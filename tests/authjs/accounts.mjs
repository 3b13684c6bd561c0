import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { account, person, test } from "./cases.mjs";
import { adapter, pool } from "./database.mjs";

const stored = async (one) => {
  const found = await pool.query(
    'select * from accounts where provider = $1 and "providerAccountId" = $2',
    [one.provider, one.providerAccountId],
  );
  return found.rows[0];
};

test("linkAccount returns the account with its id and its expiry as a number", async () => {
  const given = account(await person());
  const linked = await adapter.linkAccount(given);
  assert.deepEqual(linked, { id: linked.id, ...given });
});

test("linkAccount stores exactly the adapter's columns, the expiry as its bigint", async () => {
  const given = account(await person());
  const { id } = await adapter.linkAccount(given);
  assert.deepEqual(await stored(given), { id, ...given, expires_at: "1893456000" });
});

test("linkAccount takes an account without any token", async () => {
  const { userId, provider, type, providerAccountId } = account(await person());
  await adapter.linkAccount({ userId, provider, type, providerAccountId });
  const found = await stored({ provider, providerAccountId });
  assert.equal(found.expires_at, null);
  assert.equal(found.access_token, null);
});

test("linkAccount gives one user several accounts, two at one provider too", async () => {
  const user = await person();
  for (const provider of ["google", "google", "github"]) {
    const linked = account(user, { provider });
    await adapter.linkAccount(linked);
    assert.equal((await adapter.getUserByAccount(linked)).id, user.id);
  }
});

test("linkAccount refuses an account that is linked, to the same user or another", async () => {
  const [ada, grace] = [await person(), await person()];
  const linked = account(ada);
  await adapter.linkAccount(linked);
  const taken = {
    code: "23505",
    constraint: "accounts_provider_provider_account_id_key",
  };
  await assert.rejects(adapter.linkAccount(linked), taken);
  await assert.rejects(adapter.linkAccount({ ...linked, userId: grace.id }), taken);
  assert.equal((await adapter.getUserByAccount(linked)).id, ada.id);
});

test("linkAccount refuses an unknown user", async () => {
  await assert.rejects(adapter.linkAccount(account({ id: randomUUID() })), {
    code: "23503",
    constraint: "accounts_user_id_fkey",
  });
});

test("unlinkAccount takes that account and no other", async () => {
  const user = await person();
  const [google, github] = [account(user), account(user, { provider: "github" })];
  for (const one of [google, github]) await adapter.linkAccount(one);
  await adapter.unlinkAccount(google);
  assert.equal(await adapter.getUserByAccount(google), null);
  assert.equal((await adapter.getUserByAccount(github)).id, user.id);
});

test("unlinkAccount of an unknown account does nothing", async () => {
  await adapter.unlinkAccount(account({ id: null }));
});
