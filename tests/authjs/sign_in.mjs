// The whole of Auth.js, as a browser meets it, on the configuration that docs/authjs.md shows.
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { Auth, skipCSRFCheck } from "@auth/core";

import { address, person, setStatus, test } from "./cases.mjs";
import { config } from "./config.mjs";
import { adapter } from "./database.mjs";

globalThis.crypto ??= webcrypto; // Node 18 has it under another name only.

const SITE = "https://site.example";

function browser(changes = {}) {
  const letters = [];
  const mail = {
    id: "mail",
    type: "email",
    name: "Mail",
    from: "site@example.com",
    maxAge: 600,
    sendVerificationRequest: ({ identifier, url }) => void letters.push({ identifier, url }),
  };
  const all = {
    ...config,
    ...changes,
    basePath: "/auth",
    providers: [mail],
    secret: "only for this test",
    skipCSRFCheck,
  };
  const cookies = new Map();
  const visit = async (url, form) => {
    const answer = await Auth(
      new Request(new URL(url, SITE), {
        method: form ? "POST" : "GET",
        headers: { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") },
        body: form && new URLSearchParams(form),
      }),
      all,
    );
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    return answer;
  };
  return {
    letters,
    visit,
    ask: (email) => visit("/auth/signin/mail", { email, callbackUrl: SITE }),
    session: async () => (await visit("/auth/session")).json(),
  };
}

async function printed(act) {
  const [lines, print] = [[], console.error];
  console.error = (...words) => lines.push(words.join(" "));
  try {
    await act();
  } finally {
    console.error = print;
  }
  return lines.join("\n");
}

test("whoever follows the mailed link is signed in and is a user", async () => {
  const [email, guest] = [address(), browser()];
  await guest.ask(email);
  await guest.visit(guest.letters[0].url);
  assert.equal((await guest.session()).user.email, email);
  const user = await adapter.getUserByEmail(email);
  assert.ok(user.emailVerified instanceof Date);
});

test("an address typed in capitals signs in the user who has it", async () => {
  const [user, guest] = [await person(), browser()];
  await guest.ask(user.email.toUpperCase());
  await guest.visit(guest.letters[0].url);
  assert.equal((await guest.session()).user.email, user.email);
});

test("a mailed link works once", async () => {
  const [guest, thief] = [browser(), browser()];
  await guest.ask(address());
  await guest.visit(guest.letters[0].url);
  await printed(() => thief.visit(guest.letters[0].url));
  assert.equal(await thief.session(), null);
});

test("whoever signs out is signed out", async () => {
  const guest = browser();
  await guest.ask(address());
  await guest.visit(guest.letters[0].url);
  await guest.visit("/auth/signout", { callbackUrl: SITE });
  assert.equal(await guest.session(), null);
});

test("whoever is suspended while signed in is signed out", async () => {
  const [user, guest] = [await person(), browser()];
  await guest.ask(user.email);
  await guest.visit(guest.letters[0].url);
  await setStatus(user, "suspended");
  assert.equal(await guest.session(), null);
});

test("a suspended user is led to the page that says why, and no letter is sent", async () => {
  const [user, guest] = [await person(), browser()];
  await setStatus(user, "suspended");
  const answer = await guest.ask(user.email);
  assert.equal(answer.headers.get("location"), `${SITE}/refused?because=suspended`);
  assert.deepEqual(guest.letters, []);
});

test("the log says why the database refused a suspended user", async () => {
  const [user, guest] = [await person(), browser({ callbacks: {} })];
  await setStatus(user, "suspended");
  await guest.ask(user.email);
  const log = await printed(() => guest.visit(guest.letters[0].url));
  assert.match(log, /This user is suspended; an administrator can reactivate the account\./);
  assert.equal(await guest.session(), null);
});
