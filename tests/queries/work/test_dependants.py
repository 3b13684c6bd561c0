"""Jobs on which thousands wait: an end touches a hundred of them and notes the rest for the sweep."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from tests.factories import (
    Conn,
    Job,
    acting,
    job,
    look,
    plans,
    registered,
    status,
    users,
)

from renderstore import work
from renderstore.store import SyncStore
from renderstore.testing import Database
from renderstore.work import area

MANY = 4000
AT_ONCE = 100

# By the core's own submission, which makes them pending; what each waits for is then said for all at once.
HANG = """
with made as (
    select m.id, m.nth
    from work.submit_many(
        %(user_id)s, 'render', %(jobs)s, due_at => now() + interval '1 day'
    ) as m
),

spelled as (
    insert into render.specs (user_id, job_id, project_path, output_path)
    select %(user_id)s, id, '/a.aep', '/a.mov'
    from made
)

select array_agg(id order by nth) from made
"""
LINK = """
with linked as (
    insert into work.dependencies (user_id, job_id, needs_job_id, on_failure)
    select %(user_id)s, n.job_id, n.needs_job_id, 'cancel'
    from unnest(%(ids)s::uuid[], %(needs)s::uuid[]) as n (job_id, needs_job_id)
)

update work.jobs
set due_at = null, needs_left = 1
where user_id = %(user_id)s and id = any(%(ids)s)
"""
READ = """
select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint
from pg_catalog.pg_stat_xact_all_tables
where schemaname in ('work', 'render', 'identity')
"""


def hang(database: Database, first: Job, jobs: int, *, in_a_chain: bool) -> list[UUID]:
    """So many jobs that wait for this one, or one for the other."""
    with psycopg.connect(database.admin_url) as conn:
        row = conn.execute(HANG, {"user_id": first.user_id, "jobs": jobs}).fetchone()
        assert row is not None
        ids: list[UUID] = row[0]
        needs = [first.id, *ids[:-1]] if in_a_chain else [first.id] * jobs
        conn.execute(LINK, {"user_id": first.user_id, "ids": ids, "needs": needs})
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute("analyze work.jobs, work.dependencies")
    return ids


@pytest.fixture
def owner(database: Database) -> UUID:
    plan_id = plans.make(database, max_active_jobs=100_000, max_daily_jobs=100_000)
    return users.make(database, plan_id=plan_id)


def of_status(database: Database, wanted: str) -> int:
    [(jobs,)] = look(
        database,
        "select count(*) from work.jobs where status = %(status)s::work.job_status",
        status=wanted,
    )
    return int(jobs)


def rows_read(conn: Conn) -> int:
    row = conn.execute(READ).fetchone()
    assert row is not None
    return int(row[0])


def sweep(store: SyncStore) -> int:
    """Sweeps until nothing is left to look at again; how often that took."""
    for turn in range(1, 50):
        swept = registered(store, "sweeper").run(area.sweep)
        assert [row.problem for row in swept if row.problem] == []
        if not any(row.jobs for row in swept if row.what == "looked at again"):
            return turn
    pytest.fail("the sweep finds something to look at again for ever")


@pytest.mark.parametrize("call", ["finish", "finish_many", "finish_and_claim"])
def test_an_end_with_thousands_behind_it_touches_a_hundred(
    database: Database, store: SyncStore, owner: UUID, call: str
) -> None:
    first = job(database, user_id=owner)
    hang(database, first, MANY, in_a_chain=False)
    farm = registered(store, "mac-1")
    [held] = farm.run(work.jobs.claim, limit=1)
    with farm as conn:
        before = rows_read(conn)
        if call == "finish":
            work.jobs.finish(conn, user_id=owner, id=held.id, attempt=held.attempt)
        elif call == "finish_many":
            work.jobs.finish_many(
                conn, user_ids=[owner], ids=[held.id], attempts=[held.attempt]
            )
        else:
            work.jobs.finish_and_claim(
                conn,
                user_ids=[owner],
                ids=[held.id],
                attempts=[held.attempt],
                limit=0,
            )
        assert rows_read(conn) - before < 30 * AT_ONCE
    assert status(database, first) == "completed"
    assert of_status(database, "queued") == AT_ONCE
    assert set(look(database, "select job_id from work.leftovers")) == {(first.id,)}
    assert sweep(store) < 10
    assert of_status(database, "queued") == MANY
    assert look(database, "select count(*) from work.ready") == [(MANY,)]
    assert len(farm.run(work.jobs.claim, limit=MANY)) == MANY


def test_a_failure_with_thousands_behind_it_cancels_them_all(
    database: Database, store: SyncStore, owner: UUID
) -> None:
    first = job(database, user_id=owner)
    hang(database, first, MANY, in_a_chain=False)
    farm = registered(store, "mac-1")
    [held] = farm.run(work.jobs.claim, limit=1)
    with farm as conn:
        before = rows_read(conn)
        work.jobs.fail(
            conn,
            user_id=owner,
            id=held.id,
            attempt=held.attempt,
            error_class="invalid",
            error_message=None,
            exit_code=None,
        )
        assert rows_read(conn) - before < 30 * AT_ONCE
    assert of_status(database, "cancelled") == AT_ONCE
    assert sweep(store) < 10
    assert of_status(database, "cancelled") == MANY
    assert look(
        database, "select count(*) from work.events where after = 'cancelled'"
    ) == [(MANY,)]


def test_a_chain_of_a_thousand_is_cancelled_to_its_end(
    database: Database, store: SyncStore, owner: UUID
) -> None:
    first = job(database, user_id=owner)
    ids = hang(database, first, 1000, in_a_chain=True)
    store.user(owner).run(work.jobs.cancel, id=first.id, reason="No more.")
    assert of_status(database, "cancelled") == 1 + AT_ONCE
    assert status(database, Job(owner, ids[AT_ONCE - 1])) == "cancelled"
    assert status(database, Job(owner, ids[AT_ONCE])) == "pending"
    assert sweep(store) < 10
    assert of_status(database, "cancelled") == 1001
    assert look(
        database,
        "select distinct cancel_reason from work.jobs where id <> %(id)s",
        id=first.id,
    ) == [("A job that it needs did not complete.",)]


def test_a_job_below_many_waits_for_the_last_of_them(
    database: Database, store: SyncStore, owner: UUID
) -> None:
    top = job(database, user_id=owner)
    sides = [job(database, user_id=owner, needs=[top]) for _ in range(50)]
    end = job(database, user_id=owner, needs=sides)
    farm = registered(store, "mac-1")
    [held] = farm.run(work.jobs.claim, limit=99)
    farm.run(work.jobs.finish, user_id=owner, id=held.id, attempt=held.attempt)
    middle = farm.run(work.jobs.claim, limit=99)
    assert {one.id for one in middle} == {one.id for one in sides}
    *most, last = middle
    farm.run(
        work.jobs.finish_many,
        user_ids=[one.user_id for one in most],
        ids=[one.id for one in most],
        attempts=[one.attempt for one in most],
    )
    assert status(database, end) == "pending"
    farm.run(work.jobs.finish, user_id=owner, id=last.id, attempt=last.attempt)
    assert status(database, end) == "queued"
    sweep(store)
    assert [one.id for one in farm.run(work.jobs.claim, limit=99)] == [end.id]


def test_the_end_of_a_diamond_is_cancelled_once(
    database: Database, store: SyncStore, owner: UUID
) -> None:
    top = job(database, user_id=owner)
    sides = [job(database, user_id=owner, needs=[top]) for _ in range(20)]
    end = job(database, user_id=owner, needs=sides)
    store.user(owner).run(work.jobs.cancel, id=top.id, reason=None)
    sweep(store)
    assert of_status(database, "cancelled") == 22
    assert look(
        database,
        "select count(*) from work.events where job_id = %(id)s and after = 'cancelled'",
        id=end.id,
    ) == [(1,)]


def test_what_somebody_holds_while_its_need_ends_is_settled_later(
    database: Database, store: SyncStore, owner: UUID
) -> None:
    first = job(database, user_id=owner)
    behind = [job(database, user_id=owner, needs=[first]) for _ in range(3)]
    farm = registered(store, "mac-1")
    [held] = farm.run(work.jobs.claim, limit=1)
    with acting(database, "app", owner, "user:x") as conn:
        work.jobs.set_priority(conn, id=behind[1].id, priority=4)
        farm.run(work.jobs.finish, user_id=owner, id=held.id, attempt=held.attempt)
        assert [status(database, one) for one in behind] == [
            "queued",
            "pending",
            "queued",
        ]
    sweep(store)
    assert [status(database, one) for one in behind] == ["queued"] * 3
