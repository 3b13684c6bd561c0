-- What Prisma makes of the render manager's first design, and fixture.rows jobs in it.
create type "Role" as enum ('USER', 'ADMIN');
create type "JobStatus" as enum (
    'PENDING', 'VALIDATING', 'QUEUED', 'RENDERING', 'COMPLETED', 'FAILED', 'CANCELLED'
);
create table "User" (
    id text not null,
    email text not null,
    name text,
    image text,
    role "Role" not null default 'USER',
    "macUsernames" jsonb not null default '[]',
    "slackUserId" text,
    "createdAt" timestamp(3) not null default current_timestamp,
    "updatedAt" timestamp(3) not null,
    constraint "User_pkey" primary key (id)
);
create table "Job" (
    id text not null,
    "userId" text not null,
    "projectPath" text not null,
    "outputPath" text not null,
    status "JobStatus" not null default 'PENDING',
    priority integer not null default 0,
    "nexrenderConfig" jsonb not null,
    logs text,
    progress integer not null default 0,
    error text,
    "createdAt" timestamp(3) not null default current_timestamp,
    "updatedAt" timestamp(3) not null,
    "completedAt" timestamp(3),
    constraint "Job_pkey" primary key (id)
);
create table "ApiToken" (
    id text not null,
    token text not null,
    name text not null,
    active boolean not null default true,
    "createdAt" timestamp(3) not null default current_timestamp,
    constraint "ApiToken_pkey" primary key (id)
);
create table "Session" (
    id text not null,
    "sessionToken" text not null,
    "userId" text not null,
    expires timestamp(3) not null,
    constraint "Session_pkey" primary key (id)
);
create table "Account" (
    "userId" text not null,
    type text not null,
    provider text not null,
    "providerAccountId" text not null,
    refresh_token text,
    access_token text,
    expires_at integer,
    token_type text,
    scope text,
    id_token text,
    session_state text,
    "createdAt" timestamp(3) not null default current_timestamp,
    "updatedAt" timestamp(3) not null,
    constraint "Account_pkey" primary key (provider, "providerAccountId")
);
create table "VerificationToken" (
    identifier text not null,
    token text not null,
    expires timestamp(3) not null,
    constraint "VerificationToken_pkey" primary key (identifier, token)
);
create unique index "User_email_key" on "User" (email);
create unique index "ApiToken_token_key" on "ApiToken" (token);
create unique index "Session_sessionToken_key" on "Session" ("sessionToken");
create index "Job_status_priority_idx" on "Job" (status, priority);
create index "Job_projectPath_idx" on "Job" ("projectPath");

insert into "User" (id, email, name, image, role, "macUsernames", "slackUserId", "createdAt", "updatedAt")
select
    'c' || left(md5('user' || n), 24),
    'user' || n || '@example.com',
    case when n % 3 <> 0 then 'User ' || n end,
    case when n % 4 = 0 then 'https://example.com/' || n || '.png' end,
    case when n % 50 = 0 then 'ADMIN'::"Role" else 'USER' end,
    case when n % 2 = 0 then jsonb_build_array('mac' || n) else '[]' end,
    case when n % 5 = 0 then 'U' || upper(left(md5(n::text), 8)) end,
    timestamp '2024-01-01' + n * interval '1 hour',
    timestamp '2024-06-01' + n * interval '1 hour'
from generate_series(1, 100) as n;

insert into "Job" (
    id, "userId", "projectPath", "outputPath", status, priority, "nexrenderConfig", logs, progress, error,
    "createdAt", "updatedAt", "completedAt"
)
select
    'c' || left(md5('job' || n), 24),
    'c' || left(md5('user' || (1 + n % 100)), 24),
    '/Volumes/ads/spot-' || n % 977 || '.aep',
    '/renders/' || n || '.mov',
    made.status,
    n % 11,
    jsonb_build_object(
        'template', jsonb_build_object('src', 'file:///t.aep', 'composition', 'main'),
        'assets', jsonb_build_array(
            jsonb_build_object('type', 'image', 'src', 'file:///a' || n || '.png', 'layerName', 'L'),
            jsonb_build_object('type', 'data', 'layerName', 'T', 'property', 'Source Text', 'value', 1.10)
        )
    ),
    case when n % 3 = 0 then repeat('frame ' || n || E' done\n', n % 40) end,
    case when made.status in ('COMPLETED') then 100 when made.status = 'FAILED' then n % 100 else 0 end,
    case when made.status = 'FAILED' then 'aerender exited with ' || n % 9 end,
    made.created_at,
    made.created_at + interval '10 minutes',
    case when made.status in ('COMPLETED', 'FAILED', 'CANCELLED') then made.created_at + interval '9 minutes' end
from generate_series(1, current_setting('fixture.rows')::integer) as n
cross join lateral (
    select
        timestamp '2025-01-01' + n * interval '137.5 seconds' as created_at,
        case
            when n % 100 < 80 then 'COMPLETED'::"JobStatus"
            when n % 100 < 90 then 'FAILED'
            when n % 100 < 97 then 'CANCELLED'
            else 'QUEUED'
        end as status
) as made;

insert into "ApiToken" (id, token, name, active, "createdAt") values
    ('ctoken1', 'bravo-4c1fe3a0b58d45e1a0d2c6d9d1f0a7b3', 'bravo', true, '2024-02-01'),
    ('ctoken2', 'plugin-secret', 'After Effects Plugin', true, '2024-02-02'),
    ('ctoken3', 'old-4c1fe3a0b58d45e1a0d2c6d9d1f0a7b3', 'plugin', false, '2024-02-03');

insert into "Session" (id, "sessionToken", "userId", expires)
select 'csession' || n, md5('session' || n), 'c' || left(md5('user' || n), 24), timestamp '2100-01-01' + n * interval '1 day'
from generate_series(1, 20) as n;

insert into "Account" ("userId", type, provider, "providerAccountId", access_token, id_token, "updatedAt")
select 'c' || left(md5('user' || n), 24), 'oidc', 'google', (1000 + n)::text, 'access' || n, 'id' || n, current_timestamp
from generate_series(1, 20) as n;

insert into "VerificationToken" (identifier, token, expires)
values ('new@example.com', md5('x'), '2100-01-01');
