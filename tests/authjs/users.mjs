import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { account, address, person, session, test } from "./cases.mjs";
import { adapter, pool } from "./database.mjs";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

test("createUser returns what was given and an id made by the database", async () => {
  const id = randomUUID();
  const given = {
    name: "Ada",
    email: address(),
    emailVerified: new Date("2026-03-04T05:06:07.089Z"),
    image: "https://example.com/ada.png",
  };
  const user = await adapter.createUser({ id, ...given });
  assert.match(user.id, UUID);
  assert.notEqual(user.id, id);
  assert.deepEqual(user, { id: user.id, ...given });
});

test("createUser needs no more than the adapter's own columns, all empty", async () => {
  const user = await adapter.createUser({});
  const nothing = { name: null, email: null, emailVerified: null, image: null };
  assert.deepEqual(user, { id: user.id, ...nothing });
});

test("createUser takes an empty name and picture for unknown ones", async () => {
  const user = await person({ name: "", image: "" });
  assert.equal(user.name, null);
  assert.equal(user.image, null);
});

test("createUser stores an address in lower case", async () => {
  const email = address();
  const user = await person({ email: email.toUpperCase() });
  assert.equal(user.email, email);
  assert.equal((await adapter.getUserByEmail(email)).id, user.id);
});

test("createUser refuses an address that another user has, in another case too", async () => {
  const { email } = await person();
  const taken = { code: "23505", constraint: "users_email_key" };
  await assert.rejects(person({ email }), taken);
  await assert.rejects(person({ email: email.toUpperCase() }), taken);
});

test("createUser refuses what is no address", async () => {
  const refused = { code: "23514", constraint: "users_email_is_address_check" };
  await assert.rejects(person({ email: "ada" }), refused);
});

test("getUser returns the user with exactly the adapter's columns", async () => {
  const user = await person();
  assert.deepEqual(await adapter.getUser(user.id), user);
});

test("getUser returns null for an unknown id and for what is no id", async () => {
  assert.equal(await adapter.getUser(randomUUID()), null);
  assert.equal(await adapter.getUser("ada"), null);
});

test("getUserByEmail returns the user", async () => {
  const user = await person();
  assert.deepEqual(await adapter.getUserByEmail(user.email), user);
});

test("getUserByEmail returns null for an unknown address", async () => {
  assert.equal(await adapter.getUserByEmail(address()), null);
});

test("getUserByEmail finds an address in lower case, as Auth.js asks, and in no other", async () => {
  const user = await person({ email: `A${address()}` });
  assert.equal(user.email, user.email.toLowerCase());
  assert.deepEqual(await adapter.getUserByEmail(user.email), user);
  assert.equal(await adapter.getUserByEmail(user.email.toUpperCase()), null);
});

test("getUserByAccount returns the user to whom the account is linked", async () => {
  const user = await person();
  const linked = account(user);
  await adapter.linkAccount(linked);
  assert.deepEqual(await adapter.getUserByAccount(linked), user);
});

test("getUserByAccount returns null for an unknown account and another provider", async () => {
  const linked = account(await person());
  await adapter.linkAccount(linked);
  assert.equal(await adapter.getUserByAccount(account({ id: null })), null);
  assert.equal(await adapter.getUserByAccount({ ...linked, provider: "github" }), null);
});

test("updateUser changes what is given and keeps the rest", async () => {
  const user = await person();
  const given = { name: "Grace", emailVerified: new Date("2026-07-08T09:10:11.012Z") };
  assert.deepEqual(await adapter.updateUser({ id: user.id, ...given }), {
    ...user,
    ...given,
  });
  assert.deepEqual(await adapter.getUser(user.id), { ...user, ...given });
});

test("updateUser stores a new address in lower case", async () => {
  const user = await person();
  const email = address();
  const changed = await adapter.updateUser({ id: user.id, email: email.toUpperCase() });
  assert.equal(changed.email, email);
  assert.equal(await adapter.getUserByEmail(user.email), null);
  assert.equal((await adapter.getUserByEmail(email)).id, user.id);
});

test("updateUser refuses an address that another user has", async () => {
  const [ada, grace] = [await person(), await person()];
  await assert.rejects(adapter.updateUser({ id: ada.id, email: grace.email }), {
    code: "23505",
    constraint: "users_email_key",
  });
});

test("updateUser returns nothing for an unknown id", async () => {
  assert.equal(await adapter.updateUser({ id: randomUUID(), name: "Ada" }), undefined);
});

test("deleteUser takes the user's sessions and accounts along and nobody else's", async () => {
  const [ada, grace] = [await person(), await person()];
  const [adas, graces] = [session(ada), session(grace)];
  const [adasAccount, gracesAccount] = [account(ada), account(grace)];
  for (const one of [adas, graces]) await adapter.createSession(one);
  for (const one of [adasAccount, gracesAccount]) await adapter.linkAccount(one);

  await adapter.deleteUser(ada.id);

  assert.equal(await adapter.getUser(ada.id), null);
  assert.equal(await adapter.getSessionAndUser(adas.sessionToken), null);
  assert.equal(await adapter.getUserByAccount(adasAccount), null);
  assert.equal((await adapter.getSessionAndUser(graces.sessionToken)).user.id, grace.id);
  assert.equal((await adapter.getUserByAccount(gracesAccount)).id, grace.id);
  const left = 'select from identity.accounts where user_id = $1';
  assert.equal((await pool.query(left, [ada.id])).rowCount, 0);
});

test("deleteUser of an unknown id does nothing", async () => {
  await adapter.deleteUser(randomUUID());
});
