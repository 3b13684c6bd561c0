// In Next.js: `auth.ts`, and NextAuth(config) gives what stands below `config`.
import { Auth, type AuthConfig } from "@auth/core";
import type { EmailConfig } from "@auth/core/providers/email";
import PostgresAdapter from "@auth/pg-adapter";
import pg from "pg";

// A development server that loads modules anew finds the pools that are open.
const kept = globalThis as typeof globalThis & { pools?: Record<"work" | "signIn", pg.Pool> };
const open = (connectionString: string | undefined, max: number) =>
  new pg.Pool({ connectionString, max, connectionTimeoutMillis: 10_000 }).on("error", (error) => console.error(error.message));
export const pools = (kept.pools ??= {
  work: open(process.env.DATABASE_URL, 20), // `just login web NAME`
  signIn: open(process.env.AUTHJS_DATABASE_URL, 5), // `just login authjs NAME`
});

/** Where the links go; a mailer of yours stands here. */
export const letters: { to: string; url: string }[] = [];
const mail: EmailConfig = {
  id: "mail",
  type: "email",
  name: "Mail",
  from: "farm@example.org",
  maxAge: 600,
  sendVerificationRequest: ({ identifier, url }) => void letters.push({ to: identifier, url }),
};

const config: AuthConfig = {
  adapter: PostgresAdapter(pools.signIn),
  session: { strategy: "database" },
  basePath: "/api/auth",
  trustHost: true,
  secret: process.env.AUTH_SECRET,
  providers: [mail],
  callbacks: { session: ({ session, user }) => ({ ...session, user: { ...session.user, id: user.id } }) },
};

/** In Next.js: `app/api/auth/[...nextauth]/route.ts` exports it as GET and POST. */
export const handler = (request: Request): Promise<Response> => Auth(request, config);

/** The identifier of who sent this request; undefined for who is not signed in. */
export async function auth(request: Request): Promise<string | undefined> {
  const asked = new Request(new URL("/api/auth/session", request.url), { headers: request.headers });
  const session = (await (await handler(asked)).json()) as { user: { id: string } } | null;
  return session?.user.id;
}
