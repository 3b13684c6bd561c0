-- What Prisma makes of the render manager's second design, and fixture.rows jobs in it.
create type "Role" as enum ('USER', 'ADMIN');
create type "JobStatus" as enum (
    'PENDING', 'VALIDATING', 'QUEUED', 'RENDERING', 'COMPLETED', 'FAILED', 'CANCELLED'
);
create table "User" (
    id text not null,
    email text not null,
    name text,
    "createdAt" timestamp(3) not null default current_timestamp,
    "updatedAt" timestamp(3) not null,
    constraint "User_pkey" primary key (id)
);
create table "Job" (
    id text not null,
    "userId" text not null,
    "projectName" text not null,
    "outputName" text not null,
    "templatePath" text not null,
    "dataPath" text not null,
    "outputPath" text not null,
    status "JobStatus" not null default 'PENDING',
    priority integer not null default 5,
    progress integer not null default 0,
    "nexrenderJobId" text,
    "nexrenderConfig" jsonb,
    "errorMessage" text,
    logs text,
    "queuedAt" timestamp(3) not null default current_timestamp,
    "startedAt" timestamp(3),
    "completedAt" timestamp(3),
    "estimatedTime" integer,
    "actualTime" integer,
    "autoCancelAt" timestamp(3),
    "cancelledReason" text,
    "createdAt" timestamp(3) not null default current_timestamp,
    "updatedAt" timestamp(3) not null,
    constraint "Job_pkey" primary key (id)
);

insert into "User" (id, email, "createdAt", "updatedAt")
select
    'c' || left(md5('user' || n), 24),
    'user' || n || '@example.com',
    timestamp '2024-01-01' + n * interval '1 hour',
    timestamp '2024-06-01' + n * interval '1 hour'
from generate_series(1, 20) as n;

insert into "Job" (
    id, "userId", "projectName", "outputName", "templatePath", "dataPath", "outputPath", status, priority, progress,
    "nexrenderJobId", "errorMessage", logs, "queuedAt", "startedAt", "completedAt", "estimatedTime", "actualTime",
    "autoCancelAt", "cancelledReason", "createdAt", "updatedAt"
)
select
    'c' || left(md5('job' || n), 24),
    'c' || left(md5('user' || (1 + n % 20)), 24),
    'Project ' || n % 50,
    'Spot ' || n,
    'C:\templates\t' || n % 7 || '.aep',
    '/data/' || n || '.json',
    '//server/renders/' || n || '.mov',
    made.status,
    n % 11,
    case when made.status = 'COMPLETED' then 100 else 0 end,
    'nx-' || n,
    case when made.status = 'FAILED' then 'It failed: ' || n end,
    case when n % 3 = 0 then 'line ' || n end,
    made.created_at + interval '1 second',
    case when made.status in ('COMPLETED', 'FAILED') then made.created_at + interval '1 minute' end,
    case when made.status in ('COMPLETED', 'FAILED', 'CANCELLED') then made.created_at + interval '9 minutes' end,
    300 + n % 60,
    case when made.status in ('COMPLETED', 'FAILED') then 480 end,
    made.created_at + interval '100 years',
    case when made.status = 'CANCELLED' then 'No longer needed ' || n end,
    made.created_at,
    made.created_at + interval '10 minutes'
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
