"""Eight sweeps at once, beside everybody who writes: every part of ops.sweep_parts has work, and each thing is done once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
from tests import factories
from tests.concurrency.queueing import in_threads
from tests.factories import Conn, ago, look, registered

from renderstore import media, ops, render, studio, work
from renderstore.ops import ServiceState
from renderstore.store import SyncStore, connect
from renderstore.studio import AssetKind
from renderstore.testing import Database

EACH = 16
"""How many things each part finds."""
BATCH = 2
LABELS = ["house"]
"""What the farm beside the sweeps does not offer: it takes none of the jobs that are counted."""

OLD_ROWS = """
insert into identity.verification_tokens (identifier, token, expires_at)
select 'ann' || n || '@example.org', 'token' || n, now() - interval '1 s'
from generate_series(1, %(each)s) as n;
insert into studio.presets (user_id, kind, name, deleted_at, purge_at)
select user_id, 'image', 'Fox ' || n, now(), now() - interval '1 s'
from house, generate_series(1, %(each)s / 4) as n;
insert into studio.projects (user_id, title, deleted_at, purge_at)
select user_id, 'The fox ' || n, now() - interval '2 days', now() - interval '1 s'
from house, generate_series(1, %(each)s / 4) as n;
insert into ops.notices (user_id, id, topic)
select user_id, overlay(ops.uuidv7()::text placing '01800000-0000' from 1)::uuid, 'old'
from house, generate_series(1, %(each)s / 4) as n;
insert into media.download_files (user_id, position, video_id)
select user_id, n, 'v' || n
from house, generate_series(1, %(each)s / 4) as n;
insert into ops.service_spans (service_id, began_at, ended_at, state)
select 'plex', now() - n * interval '1000 days', now() - n * interval '999 days', 'up'
from generate_series(1, %(each)s) as n;
insert into ops.rate_limits (user_id, endpoint, window_s, slot, used, earlier, idle_at)
select user_id, 'old' || n, 1, 1, 1, array_fill(0, array[12]), now() - interval '1 s'
from house, generate_series(1, %(each)s / 4) as n;
set local session_replication_role = replica;
insert into studio.step_costs (user_id, job_id, step)
select user_id, ops.uuidv7(), 'image'
from house, generate_series(1, %(each)s / 4) as n;
"""


def old_rows(conn: Conn, house: list[UUID]) -> None:
    """What expired, was deleted or is idle."""
    for number in range(EACH):
        over = {"created_at": ago(days=1), "expires_at": ago(seconds=1)}
        owner = {"user_id": house[number % 4]}
        factories.web_sessions.make(conn, **owner, expires_at=ago(seconds=1))
        factories.session_tokens.make(conn, **owner, **over)
        factories.api_tokens.make(conn, **over)
    conn.execute("create temporary table house (user_id uuid) on commit drop")
    conn.execute("insert into house select unnest(%s::uuid[])", [house])
    for statement in OLD_ROWS.split(";\n")[:-1]:
        conn.execute(statement.encode(), {"each": EACH} if "%" in statement else None)


def jobs(conn: Conn, house: list[UUID], **columns: Any) -> list[UUID]:
    return [
        factories.job(conn, user_id=house[number % 4], labels=LABELS, **columns).id
        for number in range(EACH)
    ]


def due_jobs(conn: Conn, house: list[UUID]) -> None:
    """What time and silence do to jobs, and what somebody left for a sweep."""
    lost = jobs(conn, house, status="running", held_by="gone")
    reported = jobs(conn, house, status="running", held_by="told")
    due = jobs(conn, house, status="pending")
    late = jobs(conn, house, auto_cancel_at=factories.ahead(hours=1))
    ended = jobs(conn, house, status="completed")
    noted = jobs(conn, house)
    of_projects = jobs(conn, house)
    paused, leaver = factories.users.make(conn), factories.users.make(conn)
    jobs(conn, [paused] * 4)
    jobs(conn, [leaver] * 4)
    conn.execute(
        "update identity.users set status = 'deactivated' where id = %s", [leaver]
    )
    conn.execute("set local session_replication_role = replica")
    for statement, ids in (
        (
            "update work.jobs set lease_expires_at = now() - interval '1 s'"
            " where id = any(%s)",
            lost,
        ),
        (
            "update work.jobs set due_at = now() - interval '1 s' where id = any(%s)",
            due,
        ),
        (
            "update work.jobs set auto_cancel_at = now() - interval '1 s'"
            " where id = any(%s)",
            late,
        ),
        (
            "insert into work.reports (user_id, job_id, attempt, held_by, outcome)"
            " select user_id, id, attempt, held_by, 'completed' from work.jobs"
            " where id = any(%s)",
            reported,
        ),
        ("delete from work.ready where job_id = any(%s)", noted),
        (
            "insert into work.leftovers (user_id, job_id)"
            " select user_id, id from work.jobs where id = any(%s)",
            noted,
        ),
        (
            "with made as (insert into studio.projects (user_id, title, deleted_at)"
            " select distinct user_id, 'Deleted', now() from work.jobs"
            " where id = any(%(ids)s) returning user_id, id)"
            " insert into studio.project_jobs (user_id, job_id, project_id)"
            " select j.user_id, j.id, made.id from work.jobs as j"
            " join made on made.user_id = j.user_id where j.id = any(%(ids)s)",
            of_projects,
        ),
        ("insert into work.user_pauses (user_id) select unnest(%s::uuid[])", [paused]),
        # Kept by the others as well: a lane is deleted once nobody can have seen it open.
        (
            "insert into work.lanes (kind, labels, priority, opened_at, moved_at)"
            " select 'render', array['idle' || n], 5, now() - interval '1 day',"
            " now() - interval '1 day'"
            " from generate_series(1, cardinality(%s::uuid[])) as n",
            house,
        ),
    ):
        conn.execute(
            statement.encode(), {"ids": ids} if "%(ids)s" in statement else [ids]
        )
    age(conn, ended)


def age(conn: Conn, ids: list[UUID]) -> None:
    """These jobs ended ten days ago, and so their ids say."""
    for table, column in (
        ("work.jobs", "id"),
        ("render.specs", "job_id"),
        ("work.events", "job_id"),
    ):
        conn.execute(
            f"update {table} set {column} = overlay({column}::text placing"
            " left(ops.first_uuidv7(now() - interval '10 days')::text, 13) from 1)::uuid"
            f" where {column} = any(%s)".encode(),
            [ids],
        )
    conn.execute(
        "update work.jobs set completed_at = now() - interval '10 days'"
        " where status = 'completed' and completed_at is not null and held_by is null"
    )


# Parts whose sums are known: nobody else makes or does such a thing meanwhile.
EXPECTED = {
    "sessions, tokens and erased users": 4 * EACH,
    "reports carried over": EACH,
    "leases lost": EACH,
    "became due": EACH,
    "cancelled by time": EACH,
    "cancelled with their user": EACH,
    "taken out of line": EACH,
    "lanes closed": 4,
    "ended jobs deleted": EACH,
    "jobs of deleted projects": EACH,
    "deleted projects purged": EACH,
    "assets expired and reservations given up": EACH,
    "deleted presets purged": EACH,
    "costs of what is gone": EACH,
    "old notices deleted": EACH,
    "files of downloads that are gone": EACH,
    "old spans of services deleted": EACH,
    "idle rate limits deleted": EACH,
}


def beside(store: SyncStore, house: list[UUID]) -> list[Callable[[int], object]]:
    """Who writes meanwhile, for users whose things are swept."""
    farm = registered(store, "farm")
    checker = store.worker("checker")

    def submit(turn: int) -> None:
        store.user(house[turn % 4]).run(
            render.jobs.submit, template_path="/a.aep", output_path="/a.mov"
        )

    def render_one(_: int) -> None:
        for claimed in farm.run(work.jobs.claim, limit=2):
            key = {"user_id": claimed.user_id, "id": claimed.id}
            farm.run(work.jobs.finish, **key, attempt=claimed.attempt)

    def take(turn: int) -> None:
        mine = store.user(house[-turn % 4])
        assert mine.run(ops.rate_limits.take, endpoint="render.submit").is_allowed

    def check(turn: int) -> None:
        state = ServiceState.UP if turn % 9 < 4 else ServiceState.DOWN
        checker.run(ops.services.record_check, id="plex", state=state)

    def draw(turn: int) -> None:
        mine = store.user(house[turn % 4])
        made = mine.run(
            studio.assets.begin, kind=AssetKind.AUDIO, size_bytes=turn % 9 + 1
        )
        mine.run(studio.assets.keep, id=made.id, size_bytes=turn % 9 + 1)

    return [submit, render_one, take, check, draw]


def test_eight_sweeps_beside_writers_do_each_thing_once(database: Database) -> None:
    plan = factories.plans.make(
        database, keep_ended_jobs_days=1, max_stored_bytes=1 << 40
    )
    house = [factories.users.make(database, plan_id=plan) for _ in range(4)]
    factories.users.make(database, role="admin")
    with connect(database.url, size=16) as store:
        admin = store.admin(reason="tests")
        admin.run(
            ops.limits.set, endpoint="render.submit", max_requests=10**6, window_s=1
        )
        admin.run(ops.services.set_url, id="plex", url="http://plex:32400")
        for number in range(EACH):
            store.user(house[number % 4]).run(
                studio.assets.begin, kind=AssetKind.AUDIO, size_bytes=1
            )
        with psycopg.connect(database.admin_url) as conn:
            old_rows(conn, house)
        with psycopg.connect(database.admin_url) as conn:
            due_jobs(conn, house)
            conn.execute("update studio.assets set sweep_at = now()")
        writers = beside(store, house)
        lock, done, problems = threading.Lock(), Counter[str](), Counter[str]()
        quiet, stop, taken = Counter[int](), threading.Event(), Counter[int]()
        turns = Counter[int]()

        def act(number: int) -> None:
            if number >= 8:
                for turn in count():
                    writers[number - 8](turn)
                    taken[number] += 1
                    if stop.is_set():
                        return
            try:
                while quiet[number] < 3:
                    sweep(number)
            finally:
                quiet[number] = 3
                if all(quiet[each] >= 3 for each in range(8)):
                    stop.set()

        def sweep(number: int) -> None:
            swept = store.worker("sweeper").run(ops.sweep, max_rows=BATCH)
            with lock:
                done.update({each.what: each.jobs for each in swept})
                problems.update(
                    f"{each.what}: {each.problem}" for each in swept if each.problem
                )
                is_done = all(done[what] >= much for what, much in EXPECTED.items())
            # What was not found in so many turns does not come.
            turns[number] += 1
            quiet[number] += is_done or turns[number] > 100

        in_threads(8 + len(writers), act)
    assert problems == {}
    assert {what: done[what] for what in EXPECTED} == EXPECTED
    assert done["looked at again"] >= EACH
    assert all(taken[8 + number] for number in range(len(writers)))
    assert (
        look(
            database,
            "select what from ops.sweep_parts where last_run_at is null or problem is not null",
        )
        == []
    )
    assert look(
        database,
        "select count(*), max(lost_leases) from work.jobs where lost_leases > 0",
    ) == [(EACH, 1)]
    assert look(
        database,
        "select deadlocks from pg_stat_database where datname = current_database()",
    ) == [(0,)]
    for area in (studio, media):
        name = area.__name__.rpartition(".")[2]
        assert look(database, f"select * from {name}.problems()") == []
