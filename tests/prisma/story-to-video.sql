-- A made-up database of a story-to-video machine, as sql/import/story-to-video.sql guesses it.
create schema story;
set search_path = story;
create table users (
    id text primary key, email text not null, name text, image text, role text not null default 'USER',
    "isPremium" boolean not null default false, "emailVerified" timestamp(3), "createdAt" timestamp(3) not null
);
create table accounts (
    id text primary key, "userId" text not null, type text not null, provider text not null,
    "providerAccountId" text not null, refresh_token text, access_token text, expires_at integer, token_type text,
    scope text, id_token text, session_state text
);
create table sessions (
    id text primary key, "sessionToken" text not null, "userId" text not null, expires timestamp(3) not null
);
create table projects (
    id text primary key, "userId" text not null, title text, "sourceText" text, status text not null, config jsonb,
    "createdAt" timestamp(3) not null, "updatedAt" timestamp(3) not null, "deletedAt" timestamp(3)
);
create table scenes (
    id text primary key, "projectId" text not null, "order" integer not null, narration text, "imagePrompt" text,
    duration double precision, status text not null, "createdAt" timestamp(3) not null, "updatedAt" timestamp(3) not null
);
create table assets (
    id text primary key, "userId" text not null, "projectId" text, type text not null, url text not null, name text,
    size bigint not null, "mimeType" text, "createdAt" timestamp(3) not null, "expiresAt" timestamp(3)
);
create table presets (
    id text primary key, "userId" text, type text not null, name text not null, settings jsonb,
    "createdAt" timestamp(3) not null
);
create table jobs (
    id text primary key, "projectId" text not null, type text not null, status text not null, priority integer not null default 5,
    progress integer not null default 0, error text, config jsonb, "createdAt" timestamp(3) not null,
    "updatedAt" timestamp(3) not null, "startedAt" timestamp(3), "completedAt" timestamp(3)
);
insert into users (id, email, role, "isPremium", "createdAt")
select 'u' || n, 'User' || n || '@example.com', case when n = 1 then 'ADMIN' else 'USER' end, n % 2 = 0,
    timestamp '2025-01-01' + n * interval '1 day'
from generate_series(1, 4) as n;
insert into accounts (id, "userId", type, provider, "providerAccountId", access_token)
select 'a' || n, 'u' || n, 'oauth', 'google', n::text, 'secret' || n from generate_series(1, 5) as n;
insert into sessions (id, "sessionToken", "userId", expires)
select 's' || n, 'cookie' || n, 'u' || n, '2100-01-01' from generate_series(1, 4) as n;
insert into projects (id, "userId", title, status, config, "createdAt", "updatedAt", "deletedAt")
select 'p' || n, 'u' || (1 + n % 4), 'Story ' || n, (array['DRAFT', 'PROCESSING', 'COMPLETED', 'FAILED'])[1 + n % 4],
    '{"style": "ink"}', timestamp '2025-02-01' + n * interval '1 hour', timestamp '2025-02-02',
    case when n = 8 then timestamp '2025-03-01' end
from generate_series(1, 8) as n;
insert into scenes (id, "projectId", "order", narration, duration, status, "createdAt", "updatedAt")
select 'sc' || n, 'p' || (1 + n % 8), n, 'Once ' || n, 2.5, 'COMPLETED', timestamp '2025-02-01' + n * interval '1 hour', '2025-02-02'
from generate_series(1, 40) as n;
insert into assets (id, "userId", "projectId", type, url, size, "mimeType", "createdAt", "expiresAt")
select 'as' || n, 'u' || (1 + (1 + n % 8) % 4), 'p' || (1 + n % 8), 'IMAGE', 'https://cdn.example/' || n || '.PNG', 100 + n, 'image/png',
    timestamp '2025-02-01' + n * interval '1 hour', case when n % 2 = 0 then timestamp '2100-01-01' end
from generate_series(1, 40) as n;
insert into presets (id, "userId", type, name, settings, "createdAt") values
    ('pr1', 'u1', 'IMAGE', 'Ink', '{"a": 1}', '2025-02-01'), ('pr2', null, 'IMAGE', 'For all', '{}', '2025-02-01');
insert into jobs (id, "projectId", type, status, progress, error, "createdAt", "updatedAt", "startedAt", "completedAt")
select 'j' || n, 'p' || (1 + n % 8), (array['SCRIPT', 'IMAGE', 'RENDER'])[1 + n % 3], made.status,
    case made.status when 'COMPLETED' then 100 else 30 end, case made.status when 'FAILED' then 'No.' end,
    timestamp '2025-02-01' + n * interval '1 hour', timestamp '2025-02-05',
    case when made.status <> 'PENDING' then timestamp '2025-02-03' end,
    case when made.status in ('COMPLETED', 'FAILED') then timestamp '2025-02-04' end
from generate_series(1, 60) as n
cross join lateral (select (array['COMPLETED', 'FAILED', 'CANCELLED', 'PENDING', 'RUNNING'])[1 + n % 5] as status) as made;
reset search_path;
