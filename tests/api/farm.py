"""A farm with as many jobs as asked, for the snippets of the one on call: names as long as they may be, one user with most of the line."""

from __future__ import annotations

import os
import shutil
import subprocess

import psycopg

from renderstore._paths import INSPECT
from renderstore.server import embedded_binaries
from renderstore.testing import Database

# Past the functions: what matters is that the rows lie there. Of a thousand jobs 300 are queued, nine of ten of them the
# first user's, 100 pending (one of them due), 2 run, 450 have completed, 100 failed (one of them lately), and the rest were
# cancelled. What became of those that ended is in the history, of the last two days.
_FILL = """
insert into identity.users (email, name)
select
    'somebody-with-a-rather-long-address-' || n || '@a-department.of-the-farm.example.org',
    repeat('Ä', 150)
from generate_series(1, 2000) as n;

insert into work.workers (name, kinds, seen_at)
select
    case when n % 10 = 0 then 'w' || n || '-' || repeat('x', 150) else 'mac-studio-' || n end,
    '{render}',
    now() - n * interval '1 second'
from generate_series(1, 300) as n;

insert into work.jobs (
    user_id, kind, status, attempt, due_at, held_by, lease_expires_at,
    started_at, completed_at, error_class, error_message
)
select
    owner.ids[case when drawn.status = 'queued' and n % 10 <> 1 then 1 else 1 + n % 200 end],
    'render',
    drawn.status::work.job_status,
    1,
    case when drawn.status = 'pending' then now() + (case n % 1000 when 300 then -1 else 1 end) * interval '1 day' end,
    case when drawn.status = 'running' then worker.names[1 + n / 500 % 300] end,
    case when drawn.status = 'running' then now() + interval '1 hour' end,
    case when drawn.status in ('running', 'completed', 'failed') then now() - interval '2 hours' end,
    case
        when drawn.status in ('completed', 'failed', 'cancelled')
            then now() - (case n % 1000 when 900 then 10 else 100 end) * interval '1 minute'
    end,
    case when drawn.status = 'failed' then case n % 2 when 0 then 'crashed' else repeat('z', 100) end end,
    case when drawn.status = 'failed' then E'aerender ended\\nwith exit code 139. ' || repeat('x', 500) end
from generate_series(1, %(rows)s) as n
cross join lateral (
    select
        case
            when n % 1000 < 300 then 'queued'
            when n % 1000 < 400 then 'pending'
            when n % 1000 < 402 then 'running'
            when n % 1000 < 850 then 'completed'
            when n % 1000 < 950 then 'failed'
            else 'cancelled'
        end as status
) as drawn
cross join (
    select array_agg(id order by id) as ids
    from (select id from identity.users order by id limit 200) as few
) as owner
cross join (
    select array_agg(name order by name) as names
    from work.workers
) as worker;

-- Half of what is pending waits for other jobs of its user, a few of which have failed.
insert into work.dependencies (user_id, job_id, needs_job_id, on_failure)
select
    pending.user_id,
    pending.id,
    needed.id,
    'wait'
from (
    select
        user_id,
        id,
        row_number() over (order by id) as place
    from work.jobs
    where status = 'pending'
) as pending
cross join lateral (
    select id
    from work.jobs
    where jobs.user_id = pending.user_id
        and jobs.id < pending.id
        and jobs.status = case pending.place % 100 when 51 then 'failed' else 'completed' end::work.job_status
    order by user_id, status, id
    limit 1
) as needed
where pending.place % 2 = 1;

update work.jobs
set needs_left = 1
from work.dependencies
where dependencies.user_id = jobs.user_id and dependencies.job_id = jobs.id;

insert into work.events (
    user_id, job_id, attempt, before, after, happened_at, began_at, held_by, actor, error_class, reason
)
select
    user_id,
    id,
    1,
    'running',
    status,
    now() - interval '2 days' * (1 - row_number() over (order by id) / (count(*) over ())::numeric)::double precision,
    started_at,
    'mac-studio-1',
    case when row_number() over (order by id) % 5 = 0 then 'user:' || user_id else 'worker:mac-studio-1' end,
    error_class,
    error_message
from work.jobs
where completed_at is not null
order by id;

insert into work.lanes (id, kind, labels, priority)
overriding system value
values (1000, 'render', '{}', 5), (1001, 'render', array['nobody', repeat('l', 60)], 5);

insert into work.ready (lane_id, turn, job_id, user_id)
select
    case when row_number() over () % 100 = 0 then 1001 else 1000 end,
    row_number() over (),
    id,
    user_id
from work.jobs
where status = 'queued';

insert into work.worker_lanes (worker, lane_id)
select name, 1000
from work.workers;
"""


def fill(database: Database, rows: int) -> None:
    """Puts so many jobs there, and what belongs to them."""
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        # Keys and guards cost minutes, and every row is as they would have it.
        conn.execute("set session_replication_role = replica")
        conn.execute(_FILL.replace("%(rows)s", str(rows)).encode())
        conn.execute("vacuum (analyze)")


def ask(
    database: Database, snippet: str, *options: str, role: str = "readonly"
) -> list[str]:
    """The lines that psql prints into a pipe."""
    done = subprocess.run(
        [
            shutil.which("psql") or embedded_binaries() / "psql",
            *("-q", *options, database.url),
        ],
        input=f":{snippet}\n",
        env={
            **os.environ,
            "LC_ALL": "C.UTF-8",
            "PSQLRC": str(INSPECT / "psqlrc"),
            "PGOPTIONS": f"-c role=renderstore_{role}",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "", f"open {INSPECT / snippet}.sql"
    return done.stdout.removesuffix("\n").split("\n")


def cells(database: Database, snippet: str, role: str = "readonly") -> list[list[str]]:
    """The same row by row and cell by cell; a cell's lines are kept."""
    said = "\n".join(ask(database, snippet, "-AtF", "\x01", "-R", "\x02\n", role=role))
    return [row.split("\x01") for row in said.split("\x02\n")]
