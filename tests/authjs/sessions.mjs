import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { person, session, test } from "./cases.mjs";
import { adapter } from "./database.mjs";

test("createSession returns what was given and an id", async () => {
  const given = session(await person());
  const created = await adapter.createSession(given);
  assert.deepEqual(created, { id: created.id, ...given });
});

test("createSession refuses a token that another session has", async () => {
  const [ada, grace] = [await person(), await person()];
  const given = session(ada);
  await adapter.createSession(given);
  await assert.rejects(adapter.createSession({ ...given, userId: grace.id }), {
    code: "23505",
    constraint: "web_sessions_session_token_key",
  });
});

test("createSession refuses an unknown user", async () => {
  await assert.rejects(adapter.createSession(session({ id: randomUUID() })), {
    code: "23503",
    constraint: "web_sessions_user_id_fkey",
  });
});

test("createSession serves one user twice at the same time", async () => {
  const user = await person();
  const given = Array.from({ length: 8 }, () => session(user));
  await Promise.all(given.map((one) => adapter.createSession(one)));
  for (const { sessionToken } of given) {
    assert.equal((await adapter.getSessionAndUser(sessionToken)).user.id, user.id);
  }
});

test("getSessionAndUser returns both with exactly the adapter's columns", async () => {
  const user = await person();
  const created = await adapter.createSession(session(user));
  const found = await adapter.getSessionAndUser(created.sessionToken);
  assert.deepEqual(found, { session: created, user });
});

test("getSessionAndUser returns null for an unknown token and for none", async () => {
  assert.equal(await adapter.getSessionAndUser(randomUUID()), null);
  assert.equal(await adapter.getSessionAndUser(undefined), null);
});

test("getSessionAndUser returns an expired session, which Auth.js then deletes", async () => {
  const expired = session(await person(), { expires: new Date("2026-01-02T03:04:05.678Z") });
  await adapter.createSession(expired);
  const found = await adapter.getSessionAndUser(expired.sessionToken);
  assert.deepEqual(found.session.expires, expired.expires);
});

test("updateSession moves the expiry to the millisecond and nothing else", async () => {
  const created = await adapter.createSession(session(await person()));
  const expires = new Date("2036-05-06T07:08:09.123Z");
  await adapter.updateSession({ sessionToken: created.sessionToken, expires });
  const found = await adapter.getSessionAndUser(created.sessionToken);
  assert.deepEqual(found.session, { ...created, expires });
});

test("updateSession without an expiry changes nothing", async () => {
  const created = await adapter.createSession(session(await person()));
  await adapter.updateSession({ sessionToken: created.sessionToken });
  const found = await adapter.getSessionAndUser(created.sessionToken);
  assert.deepEqual(found.session, created);
});

test("updateSession returns null for an unknown token", async () => {
  assert.equal(await adapter.updateSession({ sessionToken: randomUUID() }), null);
});

test("deleteSession ends that session and no other", async () => {
  const user = await person();
  const [here, there] = [session(user), session(user)];
  for (const one of [here, there]) await adapter.createSession(one);
  await adapter.deleteSession(here.sessionToken);
  assert.equal(await adapter.getSessionAndUser(here.sessionToken), null);
  assert.notEqual(await adapter.getSessionAndUser(there.sessionToken), null);
});

test("deleteSession of an unknown token does nothing", async () => {
  await adapter.deleteSession(randomUUID());
});
