import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { address, soon, test } from "./cases.mjs";
import { adapter } from "./database.mjs";

const mailed = async () => {
  const given = { identifier: address(), token: randomUUID(), expires: soon() };
  assert.deepEqual(await adapter.createVerificationToken(given), given);
  return given;
};

test("createVerificationToken needs no user", async () => {
  const { identifier } = await mailed();
  assert.equal(await adapter.getUserByEmail(identifier), null);
});

test("createVerificationToken refuses the same token for the same address", async () => {
  await assert.rejects(adapter.createVerificationToken(await mailed()), {
    code: "23505",
    constraint: "verification_tokens_pkey",
  });
});

test("useVerificationToken returns a token once", async () => {
  const given = await mailed();
  assert.deepEqual(await adapter.useVerificationToken(given), given);
  assert.equal(await adapter.useVerificationToken(given), null);
});

test("useVerificationToken returns a token to one of several callers at once", async () => {
  const given = await mailed();
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => adapter.useVerificationToken(given)),
  );
  assert.equal(answers.filter((answer) => answer !== null).length, 1);
});

test("useVerificationToken returns null for another token or address and keeps the right one", async () => {
  const given = await mailed();
  const wrong = [
    { ...given, token: `${given.token}x` },
    { ...given, identifier: address() },
  ];
  for (const one of wrong) assert.equal(await adapter.useVerificationToken(one), null);
  assert.deepEqual(await adapter.useVerificationToken(given), given);
});
