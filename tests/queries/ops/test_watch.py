"""What the live view reads: right on a farm of known facts, and a bounded part of a large one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import Any

import psycopg
import pytest
from tests import factories
from tests.api import farm
from tests.factories import acting, ahead, job, registered, users
from tests.queries.reading import SMALL, read

from renderstore import render, work
from renderstore._watch import Seen, look
from renderstore.ops import watch
from renderstore.store import SyncStore, connect
from renderstore.testing import Database
from renderstore.testing.servers import Server
from renderstore.work.enums import JobStatus


def administer(database: Database, *statements: str) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement.encode())


def unguarded(database: Database, statement: str) -> None:
    """As a farm of an hour ago would have it."""
    administer(database, "set session_replication_role = replica", statement)


def test_an_empty_farm_has_nothing_to_show(store: SyncStore) -> None:
    seen = look(store)
    assert (seen.waiting, seen.farm.running, seen.farm.pending) == (0, 0, 0)
    assert (list(seen.workers), list(seen.users), seen.failures) == ([], [], [])
    assert seen.curve == [0] * 60
    assert seen.empty_in_s == 0


def test_who_waits_and_who_runs_is_counted_for_each(
    database: Database, store: SyncStore
) -> None:
    ann, bob = users.make(database), users.make(database)
    for _ in range(3):
        job(database, "queued", user_id=ann)
    job(database, "queued", user_id=bob)
    job(database, "running", user_id=bob)
    job(database, "pending", user_id=bob)
    seen = look(store)
    assert [(each.user_id, each.waits, each.runs) for each in seen.users] == [
        (ann, 3, 0),
        (bob, 1, 1),
    ]
    assert (seen.waiting, seen.is_estimated) == (4, False)
    assert (seen.farm.running, seen.farm.pending, seen.farm.came) == (1, 1, 6)
    assert seen.users[0].share == 1


def test_a_paused_users_jobs_are_shown_and_stand_in_no_line(
    database: Database, store: SyncStore
) -> None:
    ann = users.make(database)
    job(database, "queued", user_id=ann)
    with acting(database, "admin", None, "dba:test") as conn:
        conn.execute("select work.pause_user(%s, 'too many')", [ann])
        conn.commit()
    seen = look(store)
    assert [(each.waits, each.is_paused) for each in seen.users] == [(1, True)]
    assert (seen.waiting, seen.farm.paused_users) == (0, 1)


def test_the_worst_worker_comes_first(database: Database, store: SyncStore) -> None:
    for name in ("fine", "idle", "silent", "gone", "late", "long-gone"):
        registered(store, name)
    job(database, "running", held_by="fine", progress=40)
    job(database, "running", held_by="fine", progress=70)
    job(database, "running", held_by="silent")
    job(database, "running", held_by="gone")
    job(database, "running", held_by="late", lease_expires_at=factories.ago(minutes=1))
    administer(
        database,
        "update work.workers set seen_at = now() - interval '6 minutes' where name = 'silent'",
        "update work.workers set seen_at = now() - interval '6 days' where name = 'long-gone'",
        "update work.workers set stopped_at = now() where name = 'gone'",
    )
    seen = look(store)
    order = [each.name for each in seen.workers]
    assert order[0] == "silent"
    assert set(order[1:3]) == {"gone", "late"}
    assert order[3:] == ["fine", "idle", "long-gone"]
    by_name = {each.name: each for each in seen.workers}
    assert by_name["late"].expired == 1
    assert (by_name["fine"].holds, by_name["fine"].progress) == (2, 70)
    first = seen.workers[0]
    assert (
        first.all_workers,
        first.all_fine,
        first.all_silent,
        first.all_silent_holding,
        first.all_stopped,
        first.all_expired,
    ) == (6, 2, 2, 1, 1, 1)


def test_a_heartbeat_that_was_noted_holds_the_job_as_well(
    database: Database, store: SyncStore
) -> None:
    registered(store, "w")
    made = job(
        database, "running", held_by="w", lease_expires_at=factories.ago(seconds=9)
    )
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "insert into work.reports (user_id, job_id, attempt, held_by, actor, lease_expires_at)"
            " values (%s, %s, 1, 'w', 'worker:w', %s)",
            [made.user_id, made.id, ahead(minutes=1)],
        )
    assert look(store).workers[0].expired == 0


def test_a_holder_that_never_registered_is_shown(
    database: Database, store: SyncStore
) -> None:
    job(database, "running", held_by="stranger")
    [found] = look(store).workers
    assert (found.name, found.seen_at, found.is_silent) == ("stranger", None, False)
    assert (found.all_fine, found.all_silent) == (0, 0)


def test_failures_are_counted_by_class_with_what_becomes_of_them(
    database: Database, store: SyncStore
) -> None:
    ann = users.make(database)
    registered(store, "w")
    for error_class in ("timeout", "timeout", "missing"):
        store.user(ann).run(
            render.jobs.submit, output_path="/a.mov", project_path="/a.aep"
        )
        with store.worker("w") as conn:
            [claimed] = render.jobs.claim(conn, limit=1)
        with store.worker("w") as conn:
            work.jobs.fail(
                conn,
                user_id=ann,
                id=claimed.id,
                attempt=claimed.attempt,
                error_class=error_class,
            )
    seen = look(store)
    assert [
        (each.error_class, each.ended, each.again, each.is_retried)
        for each in seen.failures
    ] == [("timeout", 0, 2, True), ("missing", 1, 0, False)]
    assert seen.became(JobStatus.FAILED) == 1
    assert seen.tried_again == 2


def test_the_hour_is_counted_by_the_minute(
    database: Database, store: SyncStore
) -> None:
    done = [job(database, "completed") for _ in range(4)]
    for made, minutes in zip(done, (0.1, 5.5, 5.9, 61), strict=True):
        unguarded(
            database,
            f"update work.events set happened_at = now() - interval '{minutes} minutes' where job_id = '{made.id}'",
        )
    seen = look(store)
    assert len(seen.curve) == 60
    assert {at: n for at, n in enumerate(reversed(seen.curve)) if n} == {0: 1, 5: 2}
    assert seen.ended_lately == 3


def test_the_line_is_empty_after_as_long_as_the_last_minutes_say(
    database: Database, store: SyncStore
) -> None:
    for _ in range(5):
        job(database, "completed")
    for _ in range(10):
        job(database, "queued")
    assert look(store).empty_in_s == 20 * 60


def test_nobody_knows_when_the_line_is_empty_where_nothing_ends(
    database: Database, store: SyncStore
) -> None:
    job(database, "completed")
    job(database, "queued")
    assert look(store).empty_in_s is None


def test_services_that_are_down_come_first(
    database: Database, store: SyncStore
) -> None:
    administer(
        database,
        "insert into ops.services (id, name, url) values ('a', 'A', 'http://a'), ('b', 'B', 'http://b'), ('c', 'C', 'http://c')",
        "insert into ops.services (id, name) values ('d', 'nowhere')",
        "insert into ops.service_states (service_id, state, span_began_at, stale_at, message, last_change_at)"
        " values ('a', 'up', now(), now() + interval '1 hour', null, now()),"
        " ('b', 'down', now(), now() + interval '1 hour', 'refused', now()),"
        " ('c', 'down', now(), now() - interval '1 hour', null, now())",
    )
    seen = look(store).services
    assert [(each.id, str(each.state)) for each in seen] == [
        ("b", "down"),
        ("c", "unknown"),
        ("a", "up"),
    ]
    assert (seen[0].all_services, seen[0].all_down) == (3, 1)


def test_who_waits_for_a_lock_is_shown_with_whom_it_waits_for(
    database: Database, store: SyncStore
) -> None:
    with (
        closing(psycopg.connect(database.admin_url)) as holder,
        closing(psycopg.connect(database.admin_url)) as waiter,
    ):
        lock = b"begin; lock table ops.services in exclusive mode"
        holder.execute(lock)
        waiter.pgconn.send_query(lock)
        found: Sequence[watch.LockWait] = ()
        while not found:
            found = look(store).lock_waits
        assert found[0].wants == "ops.services"
        assert (found[0].pid, found[0].blocking_pid) == (
            waiter.info.backend_pid,
            holder.info.backend_pid,
        )
        assert found[0].all_waits == 1


def test_a_look_waits_for_nobody(database: Database, store: SyncStore) -> None:
    made = job(database, "running")
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "lock table work.jobs, work.events, work.ready, work.workers, identity.users in exclusive mode"
        )
        assert look(store).farm.running == 1
        conn.execute("select from work.jobs where id = %s for update", [made.id])
        assert look(store).farm.running == 1


def test_nothing_is_open_between_two_looks(
    database: Database, store: SyncStore
) -> None:
    look(store)
    with psycopg.connect(database.admin_url) as conn:
        states = conn.execute(
            "select state, backend_xmin from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
            " and backend_type = 'client backend'"
        ).fetchall()
    assert states == [("idle", None)]


def test_an_hour_that_is_too_long_to_read_says_from_when_it_was(
    database: Database, store: SyncStore
) -> None:
    made = job(database, "completed")
    # A minute has 2000, so that 40 minutes are more than is read.
    unguarded(
        database,
        "insert into work.events (user_id, job_id, attempt, before, after, happened_at, actor)"
        f" select '{made.user_id}', '{made.id}', 1, 'running', 'completed',"
        " now() - n * interval '30 milliseconds', 'worker:w'"
        " from generate_series(80000, 1, -1) as n",
    )
    seen = look(store)
    assert seen.known_minutes == len(seen.curve) < 40
    assert set(seen.curve[1:-1]) == {2000}


# At scale


@pytest.fixture(scope="module")
def large(renderstore_server: Server, rows: int) -> Generator[Database]:
    made = renderstore_server.clone()
    farm.fill(made, rows)
    yield made
    renderstore_server.drop(made)


# Tables that are small, or of which no more than so many pages are read.
FEW = SMALL | {
    "ops.services",
    "ops.service_states",
    "work.arrivals",
    "work.user_pauses",
}
HELD = 10_000
LINE = 2 * 10_000  # ready and arrived
HOUR = 2 * 64_000
FARM = 3 * 10_000 + 7 * 3000 + LINE + 1000  # counted, lately come, in line, the oldest

Conn = psycopg.Connection[Any]

ACTS: dict[str, tuple[int, Callable[[Conn], object]]] = {
    "what waits and runs": (FARM, watch.count_farm),
    "the workers": (
        3 * HELD,
        lambda conn: watch.list_workers(conn, max_rows=20),
    ),
    "the users of a line that is counted": (
        LINE + HELD + 100,
        lambda conn: watch.list_users(conn, is_long=False, percent=100, max_rows=20),
    ),
    "the users of a line that is estimated": (
        FARM + 40_000 + HELD + 100,  # a page of the line has some hundred rows
        lambda conn: watch.list_users(
            conn,
            is_long=True,
            percent=watch.count_farm(conn).percent,
            max_rows=20,
        ),
    ),
    "what became of jobs": (HOUR, watch.list_outcomes),
    "the services": (10, lambda conn: watch.list_services(conn, max_rows=20)),
    "the locks": (10, lambda conn: watch.list_lock_waits(conn, max_rows=20)),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_look_reads_a_bounded_part_of_a_large_farm(
    large: Database, name: str
) -> None:
    most, act = ACTS[name]
    with acting(large, "readonly", None, "readonly") as conn:
        conn.execute("set local plan_cache_mode = force_generic_plan")
        assert read(conn, lambda: act(conn), small=FEW) <= most
        conn.rollback()


@pytest.fixture(scope="module")
def seen(large: Database) -> Seen:
    with connect(large.url) as store:
        return look(store)


def test_a_large_farm_is_counted_as_it_is(seen: Seen, rows: int) -> None:
    line = rows * 3 // 10
    assert seen.is_estimated == (line >= 10_000)
    assert seen.waiting == (
        pytest.approx(line, rel=0.25) if seen.is_estimated else line
    )
    assert seen.users[0].waits / seen.waiting == pytest.approx(0.9, abs=0.05)
    assert seen.farm.running == min(10_000, rows * 2 // 1000)
    assert seen.farm.pending == min(10_000, rows // 10)


def test_the_hour_of_a_large_farm_is_whole(seen: Seen, large: Database) -> None:
    with psycopg.connect(large.admin_url) as conn:
        row = conn.execute(
            "select count(*) filter (where after = 'completed'),"
            " count(*) filter (where after = 'failed') from work.events"
            " where happened_at > %s - interval '1 hour'",
            [seen.farm.read_at],
        ).fetchone()
    assert row == (seen.became(JobStatus.COMPLETED), seen.became(JobStatus.FAILED))
