"""The queue on PostgreSQL as Debian sets it up, JIT on: no statement of it is ever compiled, and a small farm drains.

Up to PostgreSQL 17 a plan node that is switched off and used all the same adds 1e10 to a plan's cost, and what costs that
much is compiled on each execution, for a hundred milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection
from psycopg.errors import Diagnostic
from tests.factories import acting, job, look, plans, registered, users

from renderstore import render, studio, work
from renderstore.store import connect
from renderstore.testing import Database
from renderstore.testing.servers import Server, running_server
from renderstore.work import area

Conn = Connection[Any]

DEBIAN = Path("/usr/lib/postgresql/15/bin")
SMALL: dict[str, Any] = {"project_path": "/a.aep", "output_path": "/a.mov"}

# What the server runs is said to the client, nested statements too.
SAY = (
    "load 'auto_explain'",
    "set auto_explain.log_min_duration = 0",
    "set auto_explain.log_analyze = on",
    "set auto_explain.log_timing = off",
    "set auto_explain.log_nested_statements = on",
    "set auto_explain.log_level = notice",
    "set client_min_messages = notice",
)


@pytest.fixture(scope="module")
def debian() -> Generator[Server]:
    """PostgreSQL 15 of Debian's packages."""
    if not (DEBIAN / "postgres").exists():
        pytest.skip(f"no PostgreSQL in {DEBIAN}")
    with running_server(str(DEBIAN)) as server:
        with server.admin() as conn:
            if conn.execute("select pg_jit_available()").fetchone() != (True,):
                pytest.skip("this PostgreSQL has no JIT")
        yield server


@pytest.fixture
def jitted(debian: Server) -> Generator[Database]:
    """A database of its own on it."""
    made = debian.clone()
    yield made
    debian.drop(made)


@contextmanager
def listening(database: Database, role: str, **who: Any) -> Generator[tuple[Conn, Any]]:
    """A transaction as this role, and the plans of all that is run in it. Only a superuser may load what tells."""
    with psycopg.connect(database.admin_url) as conn:
        told: list[str] = []

        def listen(said: Diagnostic) -> None:
            if "plan:" in (said.message_primary or ""):
                told.append(said.message_primary or "")

        for each in SAY:
            conn.execute(each.encode())
        conn.add_notice_handler(listen)
        conn.execute(
            "select identity.bind(%s, %s, %s)",
            [f"renderstore_{role}", who.get("user_id"), who.get("actor", "")],
        )
        yield conn, told


def compiled(told: list[str]) -> list[str]:
    return [plan for plan in told if "JIT:" in plan]


def test_the_server_is_as_its_package_sets_it_up(jitted: Database) -> None:
    assert look(
        jitted,
        "select name, setting from pg_settings where name in"
        " ('jit', 'jit_above_cost') order by name",
    ) == [("jit", "on"), ("jit_above_cost", "100000")]


def test_a_costly_plan_is_seen_to_be_compiled(jitted: Database) -> None:
    # Or the tests below would see nothing whatever happens.
    with listening(jitted, "readonly") as (conn, told):
        conn.execute("set local enable_seqscan = off")
        conn.execute("select count(*) from work.transitions where reason like 'a%'")
        assert len(compiled(told)) == 1


def scene(database: Database, jobs: int) -> UUID:
    """One user with so many jobs that wait, and a worker."""
    owner = users.make(database, plan_id=plans.make(database, max_active_jobs=100_000))
    with acting(database, "worker", actor="worker:mac-1") as conn:
        work.workers.register(conn, kinds=[work.JobKind.RENDER])
    with acting(database, "app", owner, "user:x") as conn:
        render.jobs.submit_many(
            conn, output_paths=["/a.mov"] * jobs, project_paths=["/a.aep"] * jobs
        )
    return owner


def farms_part(conn: Conn) -> None:
    """What a worker says in its day."""
    held = [work.jobs.claim(conn, limit=1)[0] for _ in range(8)]
    held += work.jobs.claim(conn, limit=8)
    one, two, three, four, five, six, *others = held

    def keys(*jobs: work.jobs.Claim) -> dict[str, Any]:
        return {
            "user_ids": [each.user_id for each in jobs],
            "ids": [each.id for each in jobs],
            "attempts": [each.attempt for each in jobs],
        }

    def key(claim: work.jobs.Claim) -> dict[str, Any]:
        return {"user_id": claim.user_id, "id": claim.id, "attempt": claim.attempt}

    work.jobs.heartbeat(conn, **key(one), progress=3)
    work.jobs.heartbeat_many(conn, **keys(*held), progresses=[5] * len(held))
    work.logs.append(
        conn, user_id=one.user_id, job_id=one.id, attempt=one.attempt, chunk="a line"
    )
    work.jobs.finish(conn, **key(one))
    render.jobs.finish(
        conn,
        **key(two),
        paths=["/a.mov"],
        sizes_bytes=[1],
        media_types=["video/quicktime"],
    )
    work.jobs.fail(
        conn, **key(three), error_class="crashed", error_message="x", exit_code=1
    )
    work.jobs.release(conn, **key(four))
    work.jobs.stop(conn, **key(five))
    work.jobs.finish_many(conn, **keys(six))
    work.jobs.finish_and_claim(conn, **keys(*others), limit=2)
    work.jobs.validate(conn, limit=2)
    render.jobs.claim(conn, limit=2)
    work.jobs.list_held(conn, worker="mac-1")
    area.sweep(conn)


def tenants_part(conn: Conn) -> None:
    """What a user asks in theirs."""
    made = render.jobs.submit(conn, **SMALL)
    behind = render.jobs.submit(conn, **SMALL, needs_job_ids=[made.id])
    render.jobs.submit_many(
        conn, output_paths=["/a.mov"] * 20, project_paths=["/a.aep"] * 20
    )
    work.jobs.set_priority(conn, id=made.id, priority=4)
    work.jobs.set_due(conn, id=made.id, due_at=None)
    work.jobs.list(conn, status=work.JobStatus.QUEUED, page_size=20)
    render.jobs.list(conn, page_size=20)
    work.jobs.cancel(conn, id=made.id, reason=None)
    work.jobs.try_again(conn, id=behind.id)
    work.jobs.delete(conn, id=behind.id)


@pytest.mark.parametrize("is_analyzed", [False, True])
def test_no_statement_of_the_queue_is_compiled(
    jitted: Database, is_analyzed: bool
) -> None:
    owner = scene(jitted, 2000)
    if is_analyzed:
        with psycopg.connect(jitted.admin_url, autocommit=True) as conn:
            conn.execute("vacuum (analyze)")
    parts: list[tuple[str, dict[str, Any], Callable[[Conn], None]]] = [
        ("worker", {"actor": "worker:mac-1"}, farms_part),
        ("app", {"user_id": owner, "actor": "user:x"}, tenants_part),
    ]
    for role, who, act in parts:
        with listening(jitted, role, **who) as (conn, told):
            act(conn)
            assert len(told) > 30
            assert compiled(told) == []


def test_the_sweep_of_thousands_is_not_compiled(jitted: Database) -> None:
    scene(jitted, 2000)
    late = [job(jitted, "running") for _ in range(5)]
    first = job(jitted, "running")
    for _ in range(5):
        job(jitted, user_id=first.user_id, needs=[first])
    with psycopg.connect(jitted.admin_url) as conn:
        conn.execute(
            "update work.jobs set lease_expires_at = now() - interval '1 minute'"
            " where id = any(%s)",
            [[one.id for one in [*late, first]]],
        )
        conn.execute("update work.jobs set failures = 9, lost_leases = 4")
        conn.execute(
            "update work.jobs set auto_cancel_at = now() - interval '1 hour'"
            " where id in (select id from work.jobs where status = 'queued' limit 5)"
        )
        conn.execute(
            "update identity.users set status = 'deactivated' where id = %s",
            [late[0].user_id],
        )
    with listening(jitted, "worker", actor="worker:mac-1") as (conn, told):
        assert [row.problem for row in area.sweep(conn) if row.problem] == []
        conn.execute("select * from ops.sweep()")
        assert len(told) > 30
        assert compiled(told) == []


@pytest.mark.parametrize("in_order", [False, True])
def test_thousands_in_one_call_are_not_compared_each_with_each(
    jitted: Database, in_order: bool
) -> None:
    """Into an empty queue, of which no statistics speak."""
    owner = users.make(
        jitted,
        plan_id=plans.make(jitted, max_active_jobs=10_000, max_daily_jobs=10_000),
    )
    with listening(jitted, "app", user_id=owner, actor="user:x") as (conn, told):
        for known in (0, 1):  # the second finds the first there
            render.jobs.submit_many(
                conn,
                output_paths=["/a.mov"] * 1000,
                project_paths=["/a.aep"] * 1000,
                idempotency_keys=[str(n) for n in range(500 * known, 1000)],
            )
        project = studio.projects.create(conn, title="Fox")
        studio.steps.submit_many(
            conn,
            steps=[studio.StepKind.IMAGE] * 1000,
            project_id=project.id,
            in_order=in_order,
        )
        looked_at = [
            int(rows)
            for plan in told
            for rows in re.findall(r"Rows Removed by .*Filter: (\d+)", plan)
        ]
        assert looked_at
        assert max(looked_at) < 10_000


def drain(database: Database, jobs: int, workers: int) -> None:
    """Every job is submitted, run and finished once, by as many workers."""
    owner = scene(database, jobs)

    def run(number: int) -> list[UUID]:
        finished: list[UUID] = []
        with connect(database.url, size=1) as store:
            farm = registered(store, f"mac-{number}")
            held = farm.run(work.jobs.claim, limit=5)
            while held:
                finished += [one.id for one in held]
                answer = farm.run(
                    work.jobs.finish_and_claim,
                    user_ids=[one.user_id for one in held],
                    ids=[one.id for one in held],
                    attempts=[one.attempt for one in held],
                    limit=5,
                )
                assert not any(row.is_refused for row in answer)
                held = [
                    work.jobs.Claim(
                        user_id=row.user_id,
                        id=row.id,
                        attempt=row.attempt,
                        kind=row.kind,
                        lease_expires_at=row.lease_expires_at,
                    )
                    for row in answer
                    if row.kind and row.lease_expires_at
                ]
        return finished

    with ThreadPoolExecutor(workers) as threads:
        done = [each for some in threads.map(run, range(workers)) for each in some]
    assert len(done) == len(set(done)) == jobs
    assert look(
        database,
        "select status::text, count(*) from work.jobs where user_id = %(owner)s group by 1",
        owner=owner,
    ) == [("completed", jobs)]
    with acting(database, "worker", actor="worker:mac-0") as conn:
        # Who registered while a lane was being opened is shown it here.
        conn.execute("select * from ops.sweep()")
    assert look(database, "select * from work.problems()") == []


def test_a_small_farm_drains_on_debians_server(jitted: Database) -> None:
    drain(jitted, 500, 3)


def test_a_small_farm_drains_on_the_tests_server(database: Database) -> None:
    drain(database, 500, 3)
