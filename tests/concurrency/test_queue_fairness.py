"""Users take turns by their share, whoever submits how much, and nobody is starved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from uuid import UUID

import psycopg
import pytest
from tests.factories import ahead, registered

from renderstore import work
from renderstore.store import SyncStore
from renderstore.testing import Database

from .queueing import PROVE, administer, change, submit, user

MANY = 100_000 if PROVE else 5_000
CROWD = 1_000 if PROVE else 200

# The clock moves at most every 100 ms; a test that must see it move says when it last did.
AGE_CLOCKS = "update work.lanes set moved_at = '-infinity'"


def served(
    database: Database, claims: int, *, batch: int = 1, labels: Sequence[str] = ()
) -> list[tuple[UUID, UUID]]:
    """Owner and job of that many claims in a row, with clocks that move at each."""
    handed: list[tuple[UUID, UUID]] = []
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute("set renderstore.actor = 'worker:fair'")
        conn.execute("set role renderstore_worker")
        # Once: to register anew takes over what the name holds.
        conn.execute(
            "select work.register('{render}', %(labels)s) where not exists ("
            "select from work.workers where name = 'fair' and labels = %(labels)s)",
            {"labels": list(labels)},
        )
        for _ in range(claims):
            conn.execute("reset role")
            conn.execute(AGE_CLOCKS.encode())
            conn.execute("set role renderstore_worker")
            rows = conn.execute(
                "select user_id, id from work.claim(%s)", [batch]
            ).fetchall()
            handed.extend((row[0], row[1]) for row in rows)
    return handed


def owners(handed: list[tuple[UUID, UUID]]) -> list[UUID]:
    return [owner for owner, _ in handed]


def test_many_jobs_of_one_delay_the_one_job_of_another_by_three_claims_at_most(
    database: Database,
) -> None:
    submit(database, user(database), MANY)
    served(database, 50)
    for _ in range(20):
        newcomer = user(database)
        submit(database, newcomer)
        assert owners(served(database, 4)).index(newcomer) <= 3
        served(database, 7)


def test_the_clock_that_rests_between_its_moves_costs_nobody_a_turn(
    database: Database, store: SyncStore
) -> None:
    submit(database, user(database), MANY)
    for _ in range(20):
        newcomer = user(database)
        submit(database, newcomer)
        with registered(store, "quick") as conn:
            before = [
                work.jobs.claim(conn, limit=1)[0].user_id for _ in range(4)
            ].index(newcomer)
        assert before <= 3


def test_shares_are_exact_in_every_window(database: Database) -> None:
    shares = {user(database, share=share): share for share in (4, 1)} | {
        user(database, share=1): 1
    }
    for owner in shares:
        submit(database, owner, 300)
    handed = owners(served(database, 300))
    for start in range(0, 300, 60):
        counted = Counter(handed[start : start + 60])
        assert counted == {owner: share * 10 for owner, share in shares.items()}


def test_each_of_a_crowd_has_a_turn_in_every_round(database: Database) -> None:
    crowd = [user(database) for _ in range(CROWD)]
    submit(database, crowd[0], 1000)
    for owner in crowd[1:]:
        submit(database, owner, 3)
    handed = owners(served(database, 3 * CROWD))
    assert Counter(handed) == dict.fromkeys(crowd, 3)


def test_a_crowd_delays_a_newcomer_by_one_round_at_most(database: Database) -> None:
    crowd = [user(database) for _ in range(CROWD)]
    for owner in crowd:
        submit(database, owner, 4)
    served(database, CROWD + CROWD // 2)
    newcomer = user(database)
    submit(database, newcomer)
    assert newcomer in owners(served(database, CROWD + 1))


def test_who_returns_has_saved_nothing(database: Database) -> None:
    steady, idler = user(database), user(database)
    submit(database, steady, 600)
    submit(database, idler, 5)
    served(database, 300)
    submit(database, idler, 200)
    assert abs(Counter(owners(served(database, 100)))[idler] - 50) <= 1


def test_who_submits_more_while_waiting_gains_nothing(database: Database) -> None:
    patient, pushing = user(database), user(database)
    submit(database, patient, 100)
    for _ in range(10):
        submit(database, pushing, 10)
    assert abs(Counter(owners(served(database, 100)))[pushing] - 50) <= 1


def test_a_batch_takes_turns_as_single_claims_do(database: Database) -> None:
    first, second = user(database), user(database)
    submit(database, first, 100)
    submit(database, second, 100)
    for _ in range(4):
        counted = Counter(owners(served(database, 1, batch=20)))
        assert abs(counted[first] - counted[second]) <= 2


def test_own_jobs_come_in_the_order_of_submission(database: Database) -> None:
    owner = user(database)
    ids = submit(database, owner, 30) + submit(database, owner, 1)
    ids += submit(database, owner, 30)
    submit(database, user(database), 60)
    handed = served(database, 121)
    assert [job_id for who, job_id in handed if who == owner] == ids


def test_higher_priority_comes_first(database: Database) -> None:
    owner = user(database)
    for priority in (3, 9, 6):
        submit(database, owner, 200, priority=priority)
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute("set renderstore.actor = 'worker:urgent'")
        conn.execute("set role renderstore_worker")
        conn.execute("select work.register('{render}')")
        for _ in range(200):
            conn.execute("select work.claim(1)")
        conn.execute("reset role")
        priorities = conn.execute(
            "select priority from work.jobs where held_by = 'urgent'"
        ).fetchall()
    first = Counter(row[0] for row in priorities if row)
    assert first[9] > 150


def test_one_claim_in_about_thirty_two_ignores_priority(database: Database) -> None:
    jobs = 1_000
    owner = user(database)
    urgent = set(submit(database, owner, jobs, priority=9))
    submit(database, owner, jobs, priority=0)
    handed = served(database, jobs)
    low = sum(job_id not in urgent for _, job_id in handed)
    # Half of those that ignore priority meet the urgent lane: one in 64. Six deviations wide.
    assert 1 <= low <= 40


def with_labels(database: Database, owner: UUID) -> None:
    submit(database, owner, MANY, labels=["gpu"])


def of_a_paused_user(database: Database, owner: UUID) -> None:
    submit(database, owner, MANY)
    administer(database, "select work.pause_user(%(owner)s)", owner=owner)


def not_due(database: Database, owner: UUID) -> None:
    submit(database, owner, MANY, due_at=ahead(days=1))


def cancelled(database: Database, owner: UUID) -> None:
    submit(database, owner, MANY)
    change(
        database,
        "select work.cancel_waiting(array_agg(user_id), array_agg(id), null, false)"
        " from work.jobs where user_id = %(owner)s",
        owner=owner,
    )


# What a worker cannot take.
CANNOT = [with_labels, of_a_paused_user, not_due, cancelled]

BUFFERS = """
select sum(pg_stat_get_xact_blocks_fetched(c.oid))
from pg_catalog.pg_class as c
where c.relkind in ('r', 'i') and c.relnamespace = 'work'::regnamespace
"""


def blocks(database: Database) -> int:
    """How many blocks of the queue's room a claim reads, once its plans are made."""
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute("set renderstore.actor = 'worker:frugal'")
        conn.execute("vacuum (analyze) work.jobs, work.ready, work.lanes, work.usages")
        conn.execute("set role renderstore_worker")
        for _ in range(10):
            conn.execute("select work.claim(1, '{render}')")
        with conn.transaction():
            before = conn.execute(BUFFERS.encode()).fetchone()
            assert len(conn.execute("select work.claim(1, '{render}')").fetchall())
            after = conn.execute(BUFFERS.encode()).fetchone()
    assert before is not None
    assert after is not None
    return int(after[0]) - int(before[0])


@pytest.mark.parametrize("fill", CANNOT)
def test_what_a_worker_cannot_take_is_not_handed_out_and_costs_nothing(
    database: Database, fill: Callable[[Database, UUID], None]
) -> None:
    submit(database, user(database), 50)
    alone = blocks(database)
    other = user(database)
    fill(database, other)
    assert blocks(database) <= 3 * alone
    assert other not in owners(served(database, 30))


@pytest.mark.parametrize("label", ["", "gpu"])
def test_nothing_is_handed_out_of_a_paused_lane(database: Database, label: str) -> None:
    owner = user(database)
    submit(database, owner, 5, labels=["gpu"], priority=9)
    submit(database, owner, 5)
    administer(database, "select work.pause(%(label)s)", label=label)
    submit(database, owner, 5, labels=["fresh", "gpu"], priority=8)
    offered = ["fresh", "gpu"]
    assert len(served(database, 20, labels=offered)) == (0 if label == "" else 5)
    administer(database, "select work.resume(%(label)s)", label=label)
    handed = served(database, 20, labels=offered)
    assert len(handed) == (15 if label == "" else 10)


def test_a_worker_takes_only_kinds_that_it_offers(
    database: Database, store: SyncStore
) -> None:
    submit(database, user(database))
    with registered(store, "idle") as conn:
        assert work.jobs.claim(conn, limit=1, kinds=[]) == []
        others = [work.JobKind.DOWNLOAD, work.JobKind.STEP]
        assert work.jobs.claim(conn, limit=1, kinds=others) == []
    with registered(store, "able") as conn:
        assert len(work.jobs.claim(conn, limit=1, kinds=[work.JobKind.RENDER])) == 1
