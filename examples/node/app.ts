// In Next.js: `app/api/jobs/route.ts`. Submits, lists and cancels for who is signed in.
import type pg from "pg";
import { asUser, sentence } from "./as_user.js";
import { auth, pools } from "./auth.js";

async function answer(request: Request, work: (client: pg.PoolClient) => Promise<pg.QueryResult>): Promise<Response> {
  const userId = await auth(request);
  if (!userId) return Response.json({ error: "Sign in first." }, { status: 401 });
  try {
    return Response.json((await asUser(pools.work, userId, work)).rows);
  } catch (error) {
    const said = await sentence(pools.work, userId, error);
    if (!said) throw error;
    return Response.json({ error: said }, { status: (error as pg.DatabaseError).code === "P0002" ? 404 : 422 });
  }
}

export async function POST(request: Request): Promise<Response> {
  const { template, output } = (await request.json()) as Record<string, string>;
  const submit = "select id from render.submit(template_path => $1, output_path => $2)";
  return answer(request, (client) => client.query(submit, [template, output]));
}

export const GET = (request: Request): Promise<Response> =>
  answer(request, (client) => client.query("select id, status, output_path from render.jobs order by id desc limit 20"));

export const DELETE = (request: Request): Promise<Response> =>
  answer(request, (client) => client.query("select work.cancel($1) as status", [new URL(request.url).searchParams.get("id")]));
