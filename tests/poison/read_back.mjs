// What node-postgres makes of these queries' rows, as a tenant reads them; a cell that it cannot read ends the program.
import { readFileSync } from "node:fs";

import pg from "pg";

const JSONB = 3802;
const FLOAT = 701;
const { url, user, queries } = JSON.parse(readFileSync(0, "utf8"));

function plain(value) {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (value instanceof Date) return value.toISOString().slice(0, 19);
  if (Buffer.isBuffer(value)) return value.toString("hex");
  if (Array.isArray(value)) return value.map(plain);
  if (Number.isFinite(value)) return String(value);
  throw new Error(`${typeof value} ${value}`);
}

const client = new pg.Client({ connectionString: url });
await client.connect();
await client.query("begin");
await client.query("select identity.bind('renderstore_app', $1, '')", [user]);
const found = [];
for (const text of queries) {
  const { rows, fields } = await client.query({ text, rowMode: "array" });
  found.push(
    rows.map((row) =>
      row.map((cell, nth) => {
        const type = fields[nth].dataTypeID;
        if (cell !== null && type === JSONB) return "json";
        if (Number.isFinite(cell) && type === FLOAT) return "float";
        try {
          return plain(cell);
        } catch (error) {
          throw new Error(`${text}: ${fields[nth].name}: ${error.message}`);
        }
      }),
    ),
  );
}
await client.end();
process.stdout.write(JSON.stringify(found));
