"""Lists of render jobs at RENDERSTORE_ROWS: each uses its index, as the role that runs it, on a generic plan."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from tests.factories import acting, look
from tests.queries.reading import read

from renderstore import render, work
from renderstore._queries import load
from renderstore.testing import Database
from renderstore.testing.servers import Server

OWNERS = 50
PAGE = 20
LAST = UUID("ffffffff-ffff-ffff-ffff-ffffffffffff")


FILL = """
with owners as (
    select id, row_number() over (order by id) - 1 as n from identity.users
),

drawn as (
    select o.id as user_id, s.n, random() as lot
    from generate_series(1, %(rows)s) as s (n)
    join owners as o on o.n = s.n %% %(owners)s
    order by s.n
),

become as (
    select
        user_id,
        n,
        case
            when lot < 0.03 then 'failed'::work.job_status
            when lot < 0.06 then 'cancelled'
            when lot < 0.1 then 'queued'
            when lot < 0.11 then 'running'
            else 'completed'
        end as status
    from drawn
),

made as (
    insert into work.jobs (
        user_id,
        kind,
        status,
        attempt,
        held_by,
        lease_expires_at,
        error_class,
        completed_at
    )
    select
        user_id,
        'render',
        status,
        (status not in ('queued', 'cancelled'))::integer,
        case when status = 'running' then 'mac-' || n %% 100 end,
        case when status = 'running' then now() + interval '1 day' end,
        case when status = 'failed' then 'crashed' end,
        case when status not in ('queued', 'running') then now() end
    from become
    order by n
    returning user_id, id
)

insert into render.specs (user_id, job_id, project_path, output_path)
select
    user_id,
    id,
    '/projects/' || (row_number() over () %% 100) || '.aep',
    '/renders/' || (row_number() over () %% 1000) || '.mov'
from made
"""


# The queue's part is a function's, whose plan nobody sees; what it read, everybody does.
def fill_jobs(conn: psycopg.Connection, rows: int) -> None:
    """Jobs of many users, most of them ended long ago."""
    conn.execute("insert into identity.plans (id, name) values ('roomy', 'Roomy')")
    conn.execute(
        "insert into identity.users (email, plan_id)"
        " select 'user' || n || '@example.org', 'roomy' from generate_series(1, %s) as n",
        [OWNERS],
    )
    conn.execute(FILL, {"rows": rows, "owners": OWNERS})
    # Whoever submitted has been counted: who is not is counted by a change of theirs.
    conn.execute(
        "insert into work.usages (user_id, active_jobs) select user_id, count(*)"
        " from work.jobs where completed_at is null group by user_id"
    )


@pytest.fixture(scope="module")
def large(renderstore_server: Server, rows: int) -> Generator[Database]:
    """The room filled once, for this file."""
    made = renderstore_server.clone()
    with psycopg.connect(made.admin_url) as conn:
        fill_jobs(conn, rows)
    with psycopg.connect(made.admin_url, autocommit=True) as conn:
        conn.execute("vacuum (analyze)")
    yield made
    renderstore_server.drop(made)


def nodes(plan: dict[str, Any]) -> Generator[dict[str, Any]]:
    """A plan's nodes, from the top."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


@contextmanager
def asking(database: Database, role: str) -> Generator[psycopg.Connection]:
    """A transaction as this role, on generic plans; who has jobs is the user."""
    [(user_id,)] = look(database, "select user_id from work.jobs limit 1")
    with acting(database, role, user_id if role == "app" else None, "x:y") as conn:
        conn.execute("set local plan_cache_mode = force_generic_plan")
        yield conn
        conn.rollback()


def plan_of(
    database: Database, role: str, area: str, query: str, **values: object
) -> list[dict[str, Any]]:
    """The nodes of a named query's generic plan, as it ran."""
    text = load(area, "jobs")[query].sql.decode()
    with asking(database, role) as conn:
        return list(nodes(explained(conn, text, values)))


def explained(
    conn: psycopg.Connection, text: str, values: dict[str, object]
) -> dict[str, Any]:
    """Prepares the query with parameters, so that the plan knows none of their values."""
    names = list(values)
    numbered = text
    for number, name in enumerate(names, 1):
        numbered = numbered.replace(f"%({name})s", f"${number}")
    conn.execute(f"prepare asked as {numbered}".encode())
    literals = sql.SQL(", ").join(sql.Literal(values[name]) for name in names)
    row = conn.execute(
        sql.SQL("explain (analyze, format json) execute asked ({})").format(literals)
    ).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


@pytest.mark.parametrize(
    ("role", "area", "query", "values", "index"),
    [
        (
            "app",
            "render",
            "list_by_project",
            {"project_path": "/projects/7.aep"},
            "specs_project_path_idx",
        ),
        (
            "app",
            "render",
            "list_by_output",
            {"output_path": "/renders/7.mov"},
            "specs_output_path_idx",
        ),
        (
            "admin",
            "work",
            "list_all_by_status",
            {"status": "failed"},
            "jobs_status_id_idx",
        ),
        (
            "admin",
            "work",
            "list_all_by_status",
            {"status": "completed"},
            "jobs_status_id_idx",
        ),
    ],
)
def test_a_list_reads_its_index_and_no_more_than_its_page(
    large: Database,
    role: str,
    area: str,
    query: str,
    values: dict[str, object],
    index: str,
) -> None:
    found = plan_of(large, role, area, query, **values, before_id=LAST, page_size=PAGE)
    assert index in {node.get("Index Name") for node in found}
    kinds = {node["Node Type"] for node in found}
    assert not kinds & {"Seq Scan", "Sort", "Incremental Sort"}, kinds
    # A page reads about as many rows, not what lies behind it.
    assert sum(node["Actual Rows"] for node in found) < 20 * PAGE


@pytest.mark.parametrize("status", [None, *work.JobStatus])
@pytest.mark.parametrize("kind", [None, work.JobKind.RENDER])
def test_a_users_list_of_a_status_reads_its_page(
    large: Database, status: work.JobStatus | None, kind: work.JobKind | None
) -> None:
    with asking(large, "app") as conn:
        for before_id in (None, LAST):
            page = partial(
                work.jobs.list,
                conn,
                status=status,
                kind=kind,
                before_id=before_id,
                page_size=PAGE,
            )
            rows = read(conn, page)
            assert rows < 3 * PAGE


@pytest.mark.parametrize("status", [None, *render.RenderStatus])
def test_a_users_list_of_render_jobs_reads_its_page(
    large: Database, status: render.RenderStatus | None
) -> None:
    with asking(large, "app") as conn:
        rows = read(
            conn,
            lambda: render.jobs.list(
                conn, status=status, before_id=None, page_size=PAGE
            ),
        )
    assert rows < 5 * PAGE


@pytest.mark.parametrize(
    ("role", "area", "index"),
    [
        ("admin", "render", "specs_job_id_idx"),
        ("admin", "work", "jobs_status_id_idx"),
        ("readonly", "render", "specs_job_id_idx"),
    ],
)
def test_one_job_is_found_by_its_id_alone(
    large: Database, role: str, area: str, index: str
) -> None:
    [(job_id,)] = look(large, "select id from work.jobs limit 1")
    found = plan_of(large, role, area, "find_by_id", id=job_id)
    assert index in {node.get("Index Name") for node in found}
    assert "Seq Scan" not in {node["Node Type"] for node in found}


@pytest.mark.parametrize("area", ["work", "render"])
def test_a_users_own_job_is_found_by_its_key(large: Database, area: str) -> None:
    [(job_id,)] = look(
        large,
        "select max(id::text)::uuid from work.jobs"
        " where user_id = (select user_id from work.jobs limit 1)",
    )
    found = plan_of(large, "app", area, "get", id=job_id)
    assert "jobs_pkey" in {node.get("Index Name") for node in found}
    assert "Seq Scan" not in {node["Node Type"] for node in found}
    assert sum(node["Actual Rows"] for node in found) in range(1, 10)


@pytest.mark.parametrize("role", ["worker", "admin", "readonly"])
def test_what_a_worker_holds_is_read_from_what_runs(large: Database, role: str) -> None:
    [(running, held, worker)] = look(
        large,
        "select count(*), count(*) filter (where held_by = 'mac-7'), min(held_by)"
        " from work.jobs where status = 'running'",
    )
    assert 0 < held < running
    with acting(large, role, actor="worker:mac-7") as conn:
        found: list[work.jobs.ListedJob] = []
        rows = read(
            conn, lambda: found.extend(work.jobs.list_held(conn, worker="mac-7"))
        )
        assert len(found) == held
        assert rows <= running + 10
        others = work.jobs.list_held(conn, worker=worker)
        assert bool(others) == (role != "worker")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("cancel", "queued"),
        ("cancel", "running"),
        ("try_again", "failed"),
        ("set_priority", "queued"),
        ("set_due", "queued"),
        ("set_auto_cancel", "queued"),
        ("watch", "running"),
        ("delete", "completed"),
    ],
)
@pytest.mark.parametrize("role", ["app", "admin"])
def test_one_jobs_change_reads_no_other_job(
    large: Database, role: str, query: str, status: str
) -> None:
    every: dict[str, dict[str, object]] = {
        "cancel": {"reason": None},
        "set_priority": {"priority": 4},
        "set_due": {"due_at": None},
        "set_auto_cancel": {"auto_cancel_at": None},
    }
    more = every.get(query, {})
    [(job_id,)] = look(
        large,
        "select min(id::text)::uuid from work.jobs where status = %(status)s::work.job_status"
        " and user_id = (select user_id from work.jobs limit 1)",
        status=status,
    )
    with asking(large, role) as conn:
        call = getattr(work.jobs, query)
        assert read(conn, lambda: call(conn, id=job_id, **more)) < 50
