import { run } from "./cases.mjs";
import "./users.mjs";
import "./accounts.mjs";
import "./sessions.mjs";
import "./verification_tokens.mjs";
import "./refusals.mjs";
import "./sign_in.mjs";

await run();
