// usage: DATABASE_URL=… AUTHJS_DATABASE_URL=… AUTH_SECRET=… node dist/walk.js E-MAIL
// A browser's way through app.ts, without a server: each handler is a function of a Request.
import { webcrypto } from "node:crypto";
import { DELETE, GET, POST } from "./app.js";
import { handler, letters, pools } from "./auth.js";

globalThis.crypto ??= webcrypto as Crypto; // Node 18 has it under another name only.

const [email = ""] = process.argv.slice(2);
const cookies = new Map<string, string>();

async function visit(act: (request: Request) => Promise<Response>, path: string, sent: RequestInit = {}): Promise<Response> {
  const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
  const response = await act(new Request(new URL(path, "https://farm.example.org"), { ...sent, headers: { ...sent.headers, cookie } }));
  for (const line of response.headers.getSetCookie()) {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (value) cookies.set(name, value);
    else cookies.delete(name);
  }
  return response;
}

console.log(`before: ${(await visit(GET, "/api/jobs")).status}`);

const { csrfToken } = (await (await visit(handler, "/api/auth/csrf")).json()) as { csrfToken: string };
await visit(handler, "/api/auth/signin/mail", { method: "POST", body: new URLSearchParams({ email, csrfToken }) });
const [letter] = letters;
if (!letter) throw new Error(`no link was sent to ${email}`);
await visit(handler, letter.url);

const before = (await (await visit(GET, "/api/jobs")).json()) as { id: string }[];
const asked = { method: "POST", body: JSON.stringify({ template: "/ads/spot.aep", output: "/renders/spot.mov" }) };
const [job] = (await (await visit(POST, "/api/jobs", asked)).json()) as { id: string }[];
const after = (await (await visit(GET, "/api/jobs")).json()) as { id: string; status: string; output_path: string }[];
console.log(`submitted: ${after[0]?.id === job?.id}, ${after[0]?.status} ${after[0]?.output_path}, after ${before.length} others`);

const [cancelled] = (await (await visit(DELETE, `/api/jobs?id=${job?.id}`, { method: "DELETE" })).json()) as { status: string }[];
console.log(`cancelled: ${cancelled?.status}`);

const wrong = await visit(POST, "/api/jobs", { method: "POST", body: JSON.stringify({ template: "/a.aep", output: "no path" }) });
console.log(`refused: ${wrong.status} ${((await wrong.json()) as { error: string }).error}`);
const strange = await visit(DELETE, "/api/jobs?id=01900000-0000-7000-8000-000000000000", { method: "DELETE" });
console.log(`not found: ${strange.status}`);
await Promise.all(Object.values(pools).map((pool) => pool.end()));
