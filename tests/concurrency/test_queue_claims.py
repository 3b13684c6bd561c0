"""Two workers never hold one job, and who lost a lease changes nothing."""

from __future__ import annotations

from uuid import UUID

import pytest
from tests.factories import look, registered

from renderstore import errors, work
from renderstore.store import SyncStore, connect
from renderstore.testing import Database

from .queueing import PROVE, change, in_threads, submit, user

WORKERS = 16
JOBS = 50_000 if PROVE else 2_000


def drain(store: SyncStore, name: str, batch: int) -> list[tuple[UUID, int]]:
    """What a worker was handed until nothing was left."""
    handed: list[tuple[UUID, int]] = []
    while True:
        with registered(store, name) as conn:
            claimed = work.jobs.claim(conn, limit=batch)
        if not claimed:
            return handed
        handed.extend((job.id, job.attempt) for job in claimed)
        with registered(store, name) as conn:
            refused = work.jobs.finish_many(
                conn,
                user_ids=[job.user_id for job in claimed],
                ids=[job.id for job in claimed],
                attempts=[job.attempt for job in claimed],
            )
        assert refused == []


def lose_leases(database: Database) -> None:
    """Every lease runs out, and a sweep takes notice."""
    change(
        database,
        "update work.jobs set lease_expires_at = now() - interval '1 second'"
        " where status = 'running'",
    )
    change(database, "select work.sweep()")


def lost(database: Database, store: SyncStore) -> work.jobs.Claim:
    """A claim of the worker `slow` that the worker `fast` holds by now."""
    submit(database, user(database))
    with registered(store, "slow") as conn:
        [claimed] = work.jobs.claim(conn, limit=1)
    lose_leases(database)
    with registered(store, "fast") as conn:
        assert len(work.jobs.claim(conn, limit=1)) == 1
    return claimed


@pytest.mark.parametrize("batch", [1, 7])
def test_each_attempt_is_handed_out_once(database: Database, batch: int) -> None:
    ids = {
        job_id
        for _ in range(5)
        for job_id in submit(database, user(database), JOBS // 5)
    }
    handed: list[list[tuple[UUID, int]]] = [[] for _ in range(WORKERS)]
    with connect(database.url, size=WORKERS) as store:

        def work_on(number: int) -> None:
            handed[number] = drain(store, f"worker {number}", batch)

        in_threads(WORKERS, work_on)

    every = [pair for some in handed for pair in some]
    assert len(every) == len(set(every))
    # A claim passes over what another has locked, so the last ones may need another round.
    with connect(database.url, size=1) as store:
        every += drain(store, "the last", 100)
    assert sorted(every) == sorted((job_id, 1) for job_id in ids)
    assert look(database, "select count(*) from work.ready") == [(0,)]


def test_a_claim_waits_for_nobody(database: Database) -> None:
    owner = user(database)
    ids = submit(database, owner, 3)
    with connect(database.url, size=2) as store, registered(store, "one") as conn:
        assert [job.id for job in work.jobs.claim(conn, limit=2)] == ids[:2]
        with registered(store, "two") as other:
            other.execute("set local lock_timeout = '1ms'")
            assert [job.id for job in work.jobs.claim(other, limit=3)] == ids[2:]


def test_a_claim_that_is_rolled_back_leaves_the_job_in_line(
    database: Database, store: SyncStore
) -> None:
    [job_id] = submit(database, user(database))

    def taken_back() -> None:
        with registered(store, "one") as conn:
            work.jobs.claim(conn, limit=1)
            raise KeyError

    with pytest.raises(KeyError):
        taken_back()
    with registered(store, "two") as conn:
        [claimed] = work.jobs.claim(conn, limit=1)
    assert (claimed.id, claimed.attempt) == (job_id, 1)


@pytest.mark.parametrize(
    "call",
    [
        "heartbeat(%s, %s, %s)",
        "finish(%s, %s, %s)",
        "fail(%s, %s, %s)",
        "stop(%s, %s, %s)",
        "release(%s, %s, %s)",
        "append_log(%s, %s, %s, 'late')",
    ],
)
@pytest.mark.parametrize("attempt", ["its own", "the current"])
def test_a_late_report_is_refused_and_harms_nothing(
    database: Database, store: SyncStore, call: str, attempt: str
) -> None:
    stale = lost(database, store)
    before = look(database, "select * from work.jobs")
    logged = look(database, "select * from work.logs")

    def late() -> None:
        with registered(store, "slow") as conn:
            conn.execute(
                f"select work.{call}".encode(),
                [
                    stale.user_id,
                    stale.id,
                    stale.attempt + (attempt == "the current"),
                ],
            )

    with pytest.raises(errors.LeaseLost) as refused:
        late()
    assert refused.value.sqlstate == "RS008"
    assert look(database, "select * from work.jobs") == before
    assert look(database, "select * from work.logs") == logged


def test_a_batch_names_what_it_refused_while_the_rest_stands(
    database: Database, store: SyncStore
) -> None:
    stale = lost(database, store)
    submit(database, user(database), 2)
    with registered(store, "slow") as conn:
        good = work.jobs.claim(conn, limit=2)
    both = [stale, *good]
    users = [job.user_id for job in both]
    ids = [job.id for job in both]
    attempts = [job.attempt for job in both]
    with registered(store, "slow") as conn:
        beaten = work.jobs.heartbeat_many(
            conn, user_ids=users, ids=ids, attempts=attempts
        )
    assert {job.id for job in beaten} == {job.id for job in good}

    with registered(store, "slow") as conn:
        refused = work.jobs.finish_many(
            conn, user_ids=users, ids=ids, attempts=attempts
        )
    assert [(job.id, job.attempt) for job in refused] == [(stale.id, stale.attempt)]
    assert look(
        database, "select status::text, count(*) from work.jobs group by 1 order by 1"
    ) == [
        ("completed", 2),
        ("running", 1),
    ]


def test_finish_and_claim_names_what_it_refused(
    database: Database, store: SyncStore
) -> None:
    stale = lost(database, store)
    [next_id] = submit(database, user(database))
    with registered(store, "slow") as conn:
        answer = work.jobs.finish_and_claim(
            conn,
            user_ids=[stale.user_id],
            ids=[stale.id],
            attempts=[stale.attempt],
            limit=5,
        )
    assert [(row.is_refused, row.id) for row in answer] == [
        (True, stale.id),
        (False, next_id),
    ]


def test_a_batch_may_name_two_attempts_of_one_job(
    database: Database, store: SyncStore
) -> None:
    submit(database, user(database))
    with registered(store, "one") as conn:
        [first] = work.jobs.claim(conn, limit=1)
    lose_leases(database)
    with registered(store, "one") as conn:
        [second] = work.jobs.claim(conn, limit=1)
    with registered(store, "one") as conn:
        refused = work.jobs.finish_many(
            conn,
            user_ids=[first.user_id, second.user_id],
            ids=[first.id, second.id],
            attempts=[first.attempt, second.attempt],
        )
    assert [(job.id, job.attempt) for job in refused] == [(first.id, first.attempt)]


def test_a_worker_changes_nothing_that_another_holds(
    database: Database, store: SyncStore
) -> None:
    stale = lost(database, store)
    with registered(store, "slow") as conn:
        beaten = work.jobs.heartbeat_many(
            conn,
            user_ids=[stale.user_id] * 2,
            ids=[stale.id] * 2,
            attempts=[stale.attempt, stale.attempt + 1],
            progresses=[99, 99],
        )
    assert beaten == []
    assert look(database, "select progress from work.jobs") == [(0,)]
