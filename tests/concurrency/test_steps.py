"""Presets, jobs of projects and steps with many at once, and with workers that die."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection as Pipe
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests.factories import look, plans, registered, users

from renderstore.errors import Error, NotFound, Taken, TransitionRefused
from renderstore.store import SyncStore
from renderstore.studio import (
    PresetKind,
    StepKind,
    presets,
    project_jobs,
    projects,
    scenes,
    steps,
)
from renderstore.testing import Database

PROVES = bool(os.environ.get("RENDERSTORE_PROVE"))
SPAWN = multiprocessing.get_context("spawn")
PIPELINE = [
    StepKind.SCRIPT,
    StepKind.IMAGE,
    StepKind.VOICE,
    StepKind.SUBTITLES,
    StepKind.VIDEO,
]

HELD = """
select user_id, id, attempt, last_completed_part
from studio.claim_steps(1, '1 s')
"""


def test_eight_who_set_a_default_at_once_leave_one(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    made = [
        mine.run(presets.create, kind=PresetKind.IMAGE, name=str(n)).id
        for n in range(8)
    ]

    def act(number: int) -> None:
        dice = random.Random(number)
        for turn in range(40 if PROVES else 8):
            lot = dice.random()
            one = dice.choice(made)
            try:
                if lot < 0.6:
                    mine.run(presets.set_default, id=one)
                elif lot < 0.7:
                    mine.run(presets.clear_default, kind=PresetKind.IMAGE)
                elif lot < 0.8:
                    mine.run(
                        presets.create,
                        kind=PresetKind.IMAGE,
                        name=f"{number} {turn}",
                        is_default=True,
                    )
                elif lot < 0.9:
                    mine.run(presets.delete, id=one)
                else:
                    mine.run(presets.restore, id=one)
            except TransitionRefused:
                pass  # deleted, or not deleted, by another one

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(act, range(8)))
    mine.run(presets.create, kind=PresetKind.IMAGE, name="last", is_default=True)
    assert look(database, "select name from studio.presets where is_default") == [
        ("last",)
    ]


def test_two_defaults_created_at_once_where_none_was_leave_one(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))

    def act(number: int) -> None:
        mine.run(
            presets.create, kind=PresetKind.VOICE, name=str(number), is_default=True
        )

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(act, range(16)))
    assert look(
        database,
        "select count(*), count(*) filter (where is_default) from studio.presets",
    ) == [(16, 1)]


def test_no_job_waits_for_a_project_that_was_deleted_while_jobs_came(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database, plan_id=plans.make(database)))
    for round_ in range(20 if PROVES else 5):
        fox = mine.run(projects.create, title=f"The fox {round_}").id

        def submit(number: int, fox: UUID = fox) -> int:
            made = 0
            for _ in range(10):
                try:
                    if number % 2:
                        mine.run(
                            steps.submit_many,
                            steps=PIPELINE,
                            project_id=fox,
                            in_order=True,
                        )
                    else:
                        mine.run(steps.submit, step=StepKind.IMAGE, project_id=fox)
                except TransitionRefused:
                    break
                made += 1
            return made

        with ThreadPoolExecutor(5) as threads:
            submitting = [threads.submit(submit, n) for n in range(4)]
            ending = threads.submit(mine.run, projects.delete, id=fox)
            ending.result()
            assert sum(one.result() for one in submitting) <= 40
    look(database, "select * from ops.sweep()")
    assert (
        look(
            database,
            "select j.id from work.jobs as j where j.completed_at is null",
        )
        == []
    )
    assert (
        look(database, "select problem from ops.sweep() where problem is not null")
        == []
    )


def test_a_job_is_linked_once_however_many_link_it(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    ids = [mine.run(projects.create, title=str(n)).id for n in range(4)]
    made = [
        mine.run(steps.submit, step=StepKind.OTHER, project_id=ids[0]).id
        for _ in range(3)
    ]
    look(database, "delete from studio.project_jobs returning 1")

    def link(number: int) -> int:
        try:
            return mine.run(project_jobs.link, project_id=ids[number % 4], job_ids=made)
        except Taken:
            return 0

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(link, range(8))) == 3
    assert look(
        database, "select count(*), count(distinct project_id) from studio.project_jobs"
    ) == [(3, 1)]


def labour(url: str, name: str, said: Pipe) -> None:
    """Does five parts a step, reports each, and says what it reported; it is killed at any moment."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("set role renderstore_worker")
        conn.execute(
            "select set_config('renderstore.actor', %s, false)", [f"worker:{name}"]
        )
        conn.execute("select work.register('{step}')")
        while True:
            conn.execute("select work.sweep()")
            held = conn.execute(HELD).fetchone()
            if held is None:
                said.send(("idle", 0, 0))
                conn.execute("select pg_sleep(0.05)")
                continue
            user_id, job_id, attempt, done = held
            said.send(("claimed", str(job_id), done))
            for part in range(done + 1, 6):
                # The part costs 10, whoever does it.
                conn.execute("select pg_sleep(0.02)")
                conn.execute(
                    "select studio.report_step(%s, %s, %s,"
                    " last_completed_part => %s, cost_micros => %s)",
                    [user_id, job_id, attempt, part, 10 * (part - done)],
                )
                said.send(("done", str(job_id), part))
            conn.execute(
                "select studio.finish_step(%s, %s, %s)", [user_id, job_id, attempt]
            )
            said.send(("finished", str(job_id), 5))


@pytest.mark.parametrize("kills", [12 if PROVES else 4])
def test_a_worker_killed_in_the_middle_of_five_goes_on_after_the_last_completed_one(
    database: Database, store: SyncStore, kills: int
) -> None:
    mine = store.user(users.make(database))
    fox = mine.run(projects.create, title="The fox").id
    [scene] = mine.run(scenes.create_many, project_id=fox, narrations=["It snows."])
    made = [
        one.id
        for one in mine.run(
            steps.submit_many,
            steps=PIPELINE,
            project_id=fox,
            scene_ids=[scene.id] * 5,
            in_order=True,
        )
    ]
    dice = random.Random(7)
    parts: dict[str, int] = {}
    begun: list[str] = []
    hired = 0
    while True:
        ours, theirs = SPAWN.Pipe(duplex=False)
        hired += 1
        process = SPAWN.Process(
            target=labour, args=(database.url, f"worker {hired}", theirs), daemon=True
        )
        process.start()
        theirs.close()
        # Killed after so many words; the last one is let be until it finds nothing to do.
        words = dice.randint(3, 9) if hired <= kills else -1
        is_done = False
        while words != 0 and ours.poll(60):
            what, job_id, part = ours.recv()
            if what == "idle":
                left = look(
                    database,
                    "select count(*) from work.jobs where completed_at is null",
                )
                if left == [(0,)]:
                    is_done = True
                    break
                continue
            words -= 1
            if what == "claimed":
                # Never behind what was acknowledged; one report more may have come through.
                assert parts.get(job_id, 0) <= part <= parts.get(job_id, 0) + 1
                begun.append(job_id)
            parts[job_id] = max(parts.get(job_id, 0), part)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        ours.close()
        if is_done:
            break
        assert hired < 40
    assert [str(mine.run(steps.get, id=one).status) for one in made] == [
        "completed"
    ] * 5
    # In their order: none begins anew once a later one has begun.
    assert [UUID(one) for one in dict.fromkeys(begun)] == made
    assert begun == sorted(begun, key=lambda one: made.index(UUID(one)))
    # Every part was paid for once: what was reported is not done again.
    assert mine.run(steps.get_cost, project_id=fox).cost_micros == 5 * 5 * 10


def test_reports_of_old_attempts_change_nothing_however_they_race(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = store.user(user_id)
    fox = mine.run(projects.create, title="The fox").id
    made = mine.run(steps.submit, step=StepKind.IMAGE, project_id=fox).id
    workers = [registered(store, f"mac-{n}") for n in range(4)]
    paid: list[int] = []

    def act(number: int) -> None:
        worker = workers[number]
        for _ in range(20 if PROVES else 6):
            for held in worker.run(steps.claim, limit=1):
                key: dict[str, Any] = {
                    "user_id": held.user_id,
                    "id": held.id,
                    "attempt": held.attempt,
                }
                worker.run(steps.report, **key, cost_micros=10)
                paid.append(10)
                if dice.random() < 0.7:
                    with psycopg.connect(database.admin_url) as conn:
                        conn.execute(
                            "update work.jobs set lease_expires_at = now() - interval '1 s'"
                            " where id = %s and attempt = %s",
                            [held.id, held.attempt],
                        )
                        conn.execute("update work.jobs set lost_leases = 0")
                    look(database, "select * from work.sweep()")
                try:
                    worker.run(steps.report, **key, cost_micros=20)
                    paid.append(10)
                except Error:
                    pass

    dice = random.Random(3)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(act, range(4)))
    assert mine.run(steps.get, id=made).cost_micros == sum(paid)
    with pytest.raises(NotFound):
        store.user(users.make(database)).run(steps.get, id=made)
