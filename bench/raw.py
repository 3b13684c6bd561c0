"""What the queue is compared with: SQL by hand on one narrow table, without any guarantee."""

from __future__ import annotations

NARROW = """
create table public.jobs (
    id bigint generated always as identity primary key,
    status smallint not null default 0,
    priority smallint not null default 0,
    attempts smallint not null default 0,
    worker integer,
    run_at timestamptz not null default now(),
    lease_until timestamptz
);
create index jobs_ready_idx on public.jobs (priority desc, id) where status = 0;
"""

FILL = "insert into public.jobs (priority) select 0 from generate_series(1, {jobs});"

# For pgbench: a claim, then a done.
ONE = """
update public.jobs set status = 1, worker = :client_id, attempts = attempts + 1,
    lease_until = now() + interval '60s'
where id = (
    select id from public.jobs where status = 0
    order by priority desc, id limit 1 for update skip locked
) returning id \\gset
update public.jobs set status = 2, lease_until = null where id = :id;
"""

MANY = """
with claimed as (
    update public.jobs as j set status = 1, worker = :client_id, attempts = attempts + 1,
        lease_until = now() + interval '60s'
    where j.id = any (array(
        select id from public.jobs where status = 0
        order by priority desc, id limit {batch} for update skip locked
    )) returning j.id
)
select array_agg(id)::text as ids from claimed \\gset
update public.jobs set status = 2, lease_until = null where id = any (:ids::bigint[]);
"""

# One wide table, as somebody would write it who wants no more than to keep the row.
BARE = """
create table public.bare (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    status work.job_status not null default 'queued',
    priority smallint not null default 5,
    attempt integer not null default 0,
    queued_at timestamptz not null default now(),
    project_name text,
    template_path text,
    data_path text,
    output_path text,
    nexrender_config jsonb,
    primary key (user_id, id)
);
grant select, insert on public.bare to public;
"""


def drain(batch: int) -> str:
    """The script for pgbench that claims and completes so many at a time."""
    return ONE if batch == 1 else MANY.format(batch=batch)


def narrow(jobs: int) -> str:
    """The statements that make a narrow table with so many jobs in it."""
    return NARROW + FILL.format(jobs=jobs)
