"""Thousands of operations at random, many at once: nothing disagrees, and the history replays."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random
from uuid import UUID

import psycopg
from tests.factories import acting, look, plans, registered, users

from renderstore.errors import Conflict, Error
from renderstore.render import jobs as renders
from renderstore.store import SyncStore
from renderstore.testing import Database
from renderstore.work import DependencyRule, area, jobs

STEPS = 500
WALKERS = 4


def one_step(
    database: Database, store: SyncStore, dice: Random, owners: list[UUID], name: str
) -> None:
    """Whatever the dice say, by a user, a worker, or time."""
    owner = dice.choice(owners)
    mine, farm = store.user(owner), registered(store, name)
    move = dice.randrange(12)
    if move <= 3:
        recent = mine.run(renders.list, page_size=5)
        mine.run(
            renders.submit,
            output_path="/a.mov",
            project_path="/a.aep",
            priority=dice.randrange(3),
            max_failures=2,
            backoff_s=1,
            idempotency_key=dice.choice([None, str(dice.randrange(50))]),
            needs_job_ids=[one.id for one in recent if dice.random() < 0.3],
            on_failure=dice.choice(list(DependencyRule)),
        )
    elif move <= 5:
        for claimed in farm.run(jobs.claim, limit=dice.randrange(1, 4)):
            end = dice.choice([jobs.finish, jobs.fail, jobs.release, None])
            if end is not None:
                farm.run(
                    end,
                    user_id=claimed.user_id,
                    id=claimed.id,
                    attempt=claimed.attempt,
                )
    elif move == 6:
        store.worker("sweeper").run(area.sweep, max_rows=50)
    elif move == 7:
        with psycopg.connect(database.admin_url) as conn:
            # Time passes without a trigger.
            conn.execute("set session_replication_role = replica")
            conn.execute(
                "update work.jobs set lease_expires_at = now() - interval '1 second'"
                " where (user_id, id) in (select user_id, id from work.jobs"
                " where status = 'running' limit 2 for no key update skip locked)"
            )
    else:
        found = mine.run(jobs.list, page_size=40)
        if found:
            change(
                mine_database=database, owner=owner, dice=dice, id=dice.choice(found).id
            )


def change(mine_database: Database, owner: UUID, dice: Random, id: UUID) -> None:
    """A user's call by plain SQL."""
    statement = dice.choice(
        [
            "select work.cancel(%s)",
            "select work.try_again(%s)",
            "select work.set_priority(%s, 4)",
            "select work.set_due(%s, now() + interval '1 minute')",
            "select work.set_due(%s, null)",
            "select work.delete(%s)",
        ]
    )
    with acting(mine_database, "app", owner, f"user:{owner}") as conn:
        conn.execute(statement.encode(), [id])


def walk(
    database: Database, store: SyncStore, owners: list[UUID], seed: int
) -> Counter[str]:
    """A walk; gives how often the database said no, and with what."""
    dice = Random(seed)
    said: Counter[str] = Counter()
    for _ in range(STEPS):
        try:
            one_step(database, store, dice, owners, f"mac-{seed}")
        except Conflict as error:
            said[f"conflict {error.sqlstate}"] += 1
        except Error as error:
            said[type(error).__name__] += 1
        except psycopg.Error as error:
            said[error.sqlstate or str(error)] += 1
    return said


def test_a_walk_at_random_leaves_nothing_that_disagrees(
    database: Database, store: SyncStore
) -> None:
    plan_id = plans.make(database, max_active_jobs=200)
    owners = [users.make(database, plan_id=plan_id) for _ in range(3)]
    with ThreadPoolExecutor(WALKERS) as threads:
        walks = [
            threads.submit(walk, database, store, owners, seed)
            for seed in range(WALKERS)
        ]
    said = sum((one.result() for one in walks), Counter[str]())
    # What a person may be told; a deadlock or anything unknown is a defect.
    assert set(said) <= {
        "NotFound",
        "LeaseLost",
        "TransitionRefused",
        "QuotaExceeded",
        "RS005",
        "RS006",
        "RS007",
        "P0002",
    }, said
    assert look(database, "select * from work.problems()") == []
    assert replayed(database) == {
        row[0]: row[1]
        for row in look(database, "select id, status::text from work.jobs")
    }


def replayed(database: Database) -> dict[UUID, str]:
    """Where each job stands if one believes the history alone."""
    now: dict[UUID, str] = {
        row[0]: row[1]
        for row in look(
            database,
            # How it began is not in the history; what has none stands where it began.
            "select id, status::text from work.jobs",
        )
    }
    begun: set[UUID] = set()
    for job_id, before, after in look(
        database,
        "select job_id, before::text, after::text from work.history"
        " order by job_id, place, after <> 'running'",
    ):
        # A job begins queued or pending; then each step follows from the one before.
        assert before in ({now[job_id]} if job_id in begun else {"queued", "pending"})
        begun.add(job_id)
        now[job_id] = after
    return now
