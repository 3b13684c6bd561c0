import assert from "node:assert/strict";

import { account, person, session, setStatus, test } from "./cases.mjs";
import { adapter } from "./database.mjs";

const SUSPENDED = {
  code: "RS004",
  message: "This user is suspended; an administrator can reactivate the account.",
};
const DEACTIVATED = {
  code: "RS004",
  message: "This user was deactivated; an administrator can reactivate the account.",
};

const signedIn = async () => {
  const user = await person();
  const [linked, open] = [account(user), session(user)];
  await adapter.linkAccount(linked);
  await adapter.createSession(open);
  return { user, linked, token: open.sessionToken };
};

test("a suspended user's session is gone at the next question", async () => {
  const { user, token } = await signedIn();
  await setStatus(user, "suspended");
  assert.equal(await adapter.getSessionAndUser(token), null);
  assert.equal(await adapter.updateSession({ sessionToken: token }), null);
});

test("a reactivated user's session is there again", async () => {
  const { user, token } = await signedIn();
  await setStatus(user, "suspended");
  await setStatus(user, "active");
  assert.deepEqual((await adapter.getSessionAndUser(token)).user, user);
});

test("a suspended user gets no session and no account and hears why", async () => {
  const { user } = await signedIn();
  await setStatus(user, "suspended");
  await assert.rejects(adapter.createSession(session(user)), SUSPENDED);
  await assert.rejects(adapter.linkAccount(account(user)), SUSPENDED);
});

test("a suspended user is found by address and account and keeps both", async () => {
  const { user, linked } = await signedIn();
  await setStatus(user, "suspended");
  assert.deepEqual(await adapter.getUserByEmail(user.email), user);
  assert.deepEqual(await adapter.getUserByAccount(linked), user);
  await assert.rejects(person({ email: user.email }), { constraint: "users_email_key" });
});

test("a deactivated user gets no session and no account and hears why", async () => {
  const { user } = await signedIn();
  await setStatus(user, "deactivated");
  await assert.rejects(adapter.createSession(session(user)), DEACTIVATED);
  await assert.rejects(adapter.linkAccount(account(user)), DEACTIVATED);
});

test("a deactivated user's session is gone and stays gone", async () => {
  const { user, token } = await signedIn();
  await setStatus(user, "deactivated");
  assert.equal(await adapter.getSessionAndUser(token), null);
  await setStatus(user, "active");
  assert.equal(await adapter.getSessionAndUser(token), null);
});

test("a deactivated user's address is free for another", async () => {
  const { user } = await signedIn();
  await setStatus(user, "deactivated");
  assert.equal(await adapter.getUserByEmail(user.email), null);
  const other = await person({ email: user.email });
  assert.notEqual(other.id, user.id);
  assert.equal((await adapter.getUserByEmail(user.email)).id, other.id);
});

test("a deactivated user is found by account, so that the sign-in is refused", async () => {
  const { user, linked } = await signedIn();
  await setStatus(user, "deactivated");
  const found = await adapter.getUserByAccount(linked);
  assert.deepEqual(found, { ...user, email: null });
  await assert.rejects(adapter.createSession(session(found)), DEACTIVATED);
});

test("updateUser keeps the address of a deactivated user for a reactivation", async () => {
  const { user } = await signedIn();
  await setStatus(user, "deactivated");
  const changed = await adapter.updateUser({ id: user.id, name: "Grace" });
  assert.deepEqual(changed, { ...user, name: "Grace", email: null });
  await setStatus(user, "active");
  assert.equal((await adapter.getUserByEmail(user.email)).id, user.id);
});

test("deleteUser erases a deactivated user too", async () => {
  const { user, linked } = await signedIn();
  await setStatus(user, "deactivated");
  await adapter.deleteUser(user.id);
  assert.equal(await adapter.getUserByAccount(linked), null);
});
