// Asks nexrender's own validator: one JSON text a line in; a line out for each, empty where it accepts, else why not.
import { createInterface } from "node:readline";
import job from "@nexrender/types/job.js";

function refusal(text) {
  try {
    job.validate(job.create(JSON.parse(text)));
    return "";
  } catch (error) {
    return `${error.name}: ${error.message}`.replaceAll(/\s+/g, " ");
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${refusal(line)}\n`);
}
