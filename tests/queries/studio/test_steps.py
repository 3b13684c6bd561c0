"""sql/queries/studio/steps.sql: what a step is to do, how far it is, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb
from tests.factories import acting, look, offer, plans, registered, users

from renderstore.errors import (
    Invalid,
    LeaseLost,
    NotFound,
    QuotaExceeded,
    TransitionRefused,
)
from renderstore.store import SyncScope, SyncStore
from renderstore.studio import StepKind, projects, scenes, steps
from renderstore.testing import Database
from renderstore.work import DependencyRule, JobStatus, jobs

PIPELINE = [
    StepKind.SCRIPT,
    StepKind.IMAGE,
    StepKind.VOICE,
    StepKind.SUBTITLES,
    StepKind.VIDEO,
]

LIFE: dict[str, Any] = {
    "priority": 4,
    "labels": ["gpu", "mac"],
    "max_failures": 7,
    "backoff_s": 30,
    "estimated_s": 90,
    "due_at": datetime(2099, 1, 1, tzinfo=UTC),
    "auto_cancel_at": datetime(2099, 1, 2, tzinfo=UTC),
    "idempotency_key": "monday-7",
}
CONTENT: dict[str, Any] = {
    "step": StepKind.IMAGE,
    "provider": "a provider",
    "config": {"prompt": "A fox in the snow."},
}


class Film:
    """A user with a project of some scenes."""

    def __init__(
        self, database: Database, store: SyncStore, count: int = 1, **plan: Any
    ) -> None:
        self.user_id = users.make(database, plan_id=plans.make(database, **plan))
        self.mine: SyncScope = store.user(self.user_id)
        self.id = self.mine.run(projects.create, title="The fox").id
        self.scene_ids = [
            scene.id
            for scene in self.mine.run(
                scenes.create_many,
                project_id=self.id,
                narrations=["It snows."] * count,
            )
        ]

    def pipeline(self, **given: Any) -> list[UUID]:
        """Five steps of the first scene, one after the other."""
        made = self.mine.run(
            steps.submit_many,
            steps=PIPELINE,
            project_id=self.id,
            scene_ids=self.scene_ids[:1] * 5,
            in_order=True,
            **given,
        )
        return [one.id for one in made]

    def statuses(self, ids: Sequence[UUID]) -> list[str]:
        return [str(self.mine.run(steps.get, id=one).status) for one in ids]


def test_three_ways_of_submitting_make_the_same_step(
    database: Database, store: SyncStore
) -> None:
    offer(database, LIFE["labels"])
    found: list[dict[str, Any]] = []
    for way in ("function", "view", "bulk"):
        film = Film(database, store, max_priority=10)
        place: dict[str, Any] = {"project_id": film.id, "scene_id": film.scene_ids[0]}
        if way == "function":
            made = film.mine.run(steps.submit, **LIFE, **CONTENT, **place).id
        elif way == "bulk":
            shared = {"labels", "max_failures", "backoff_s", "due_at", "auto_cancel_at"}
            plural = {"estimated_s": "estimates_s", "priority": "priorities"}
            given: dict[str, Any] = {
                name if name in shared else plural.get(name, f"{name}s"): value
                if name in shared
                else [value]
                for name, value in (LIFE | CONTENT).items()
            }
            [one] = film.mine.run(
                steps.submit_many,
                **given,
                project_id=film.id,
                scene_ids=film.scene_ids,
            )
            made = one.id
        else:
            values = LIFE | CONTENT | place | {"config": Jsonb(CONTENT["config"])}
            with acting(database, "app", film.user_id, f"user:{film.user_id}") as conn:
                row = conn.execute(
                    sql.SQL(
                        "insert into studio.steps ({}) values ({}) returning id"
                    ).format(
                        sql.SQL(", ").join(map(sql.Identifier, values)),
                        sql.SQL(", ").join(map(sql.Placeholder, values)),
                    ),
                    values,
                ).fetchone()
            assert row is not None
            made = row[0]
        step = film.mine.run(steps.get, id=made)
        assert (step.project_id, step.scene_id) == (film.id, film.scene_ids[0])
        assert step.submitted_by == f"user:{film.user_id}"
        assert store.readonly().run(steps.find_by_id, id=made) == step
        found.append(
            {
                name: value
                for name, value in asdict(step).items()
                if name
                not in {"user_id", "id", "project_id", "scene_id", "submitted_by"}
                and not name.endswith("_at")
            }
        )
        assert (step.due_at, step.auto_cancel_at) == (
            LIFE["due_at"],
            LIFE["auto_cancel_at"],
        )
    assert found[0] == found[1] == found[2]
    assert found[0]["status"] is JobStatus.PENDING
    assert found[0]["config"] == CONTENT["config"]
    assert (found[0]["result"], found[0]["cost_micros"]) == ({}, 0)


def test_a_step_needs_a_living_scene_of_its_project(
    database: Database, store: SyncStore
) -> None:
    film, other = Film(database, store, 2), Film(database, store)
    [second] = film.scene_ids[1:]
    film.mine.run(scenes.delete_many, ids=[second])
    away = film.mine.run(projects.create, title="The bear").id
    for project_id, scene_id in (
        (film.id, second),
        (film.id, other.scene_ids[0]),
        (away, film.scene_ids[0]),
    ):
        with pytest.raises(NotFound, match=r"no (such )?scene"):
            film.mine.run(
                steps.submit,
                step=StepKind.IMAGE,
                project_id=project_id,
                scene_id=scene_id,
            )
    with pytest.raises(NotFound, match="no project with this id"):
        film.mine.run(steps.submit, step=StepKind.IMAGE, project_id=other.id)
    with (
        acting(database, "app", film.user_id) as conn,
        pytest.raises(psycopg.errors.CheckViolation, match="works for a project"),
    ):
        conn.execute("insert into studio.steps (step) values ('image')")
    assert look(database, "select count(*) from work.jobs") == [(0,)]


def test_an_insert_says_what_a_step_is_to_do_and_not_what_became_of_it(
    database: Database, store: SyncStore
) -> None:
    film = Film(database, store)
    for column, value in (
        ("cost_micros", "7"),
        ("result", "'{}'"),
        ("id", "gen_random_uuid()"),
        ("status", "'completed'"),
    ):
        with (
            acting(database, "app", film.user_id) as conn,
            pytest.raises(psycopg.Error, match="A new job"),
        ):
            conn.execute(
                f"insert into studio.steps (step, project_id, {column})"
                f" values ('image', %s, {value})".encode(),
                [film.id],
            )


def test_a_repeat_of_a_key_finds_the_step_that_is_there(
    database: Database, store: SyncStore
) -> None:
    film = Film(database, store)
    given: dict[str, Any] = {"step": StepKind.IMAGE, "project_id": film.id}
    first = film.mine.run(steps.submit, **given, idempotency_key="a")
    again = film.mine.run(steps.submit, **given, idempotency_key="a")
    assert (first.is_new, again.is_new, again.id) == (True, False, first.id)
    keys = [f"fox {n}" for n in range(5)]
    made = film.pipeline(idempotency_keys=keys)
    assert film.pipeline(idempotency_keys=keys) == made
    assert look(database, "select count(*) from work.dependencies") == [(4,)]
    # Half of it is there: the new ones wait for those.
    more = film.mine.run(
        steps.submit_many,
        steps=[StepKind.VIDEO] * 2,
        project_id=film.id,
        scene_ids=film.scene_ids * 2,
        idempotency_keys=["fox 4", "fox 5"],
        in_order=True,
    )
    assert [(one.is_new, one.id == made[4]) for one in more] == [
        (False, True),
        (True, False),
    ]
    assert film.statuses([more[1].id]) == ["pending"]


def test_steps_of_a_scene_run_in_order_and_scenes_beside_each_other(
    database: Database, store: SyncStore
) -> None:
    film = Film(database, store, 2)
    script = film.mine.run(steps.submit, step=StepKind.SCRIPT, project_id=film.id)
    made = film.mine.run(
        steps.submit_many,
        steps=[StepKind.IMAGE, StepKind.IMAGE, StepKind.VIDEO, StepKind.VIDEO],
        project_id=film.id,
        scene_ids=film.scene_ids * 2,
        in_order=True,
        needs_job_ids=[script.id],
    )
    ids = [one.id for one in made]
    assert film.statuses(ids) == ["pending"] * 4
    worker = registered(store, "mac-1")

    def round_of_claims() -> set[UUID]:
        claimed = worker.run(steps.claim, limit=10)
        for one in claimed:
            worker.run(
                steps.finish, user_id=one.user_id, id=one.id, attempt=one.attempt
            )
        return {one.id for one in claimed}

    assert round_of_claims() == {script.id}
    assert round_of_claims() == set(ids[:2])
    assert round_of_claims() == set(ids[2:])
    assert round_of_claims() == set()
    # What waited never stood in line, so it has no events of that.
    assert look(
        database,
        "select before::text, after::text, count(*) from work.events"
        " where job_id = any(%(ids)s) group by 1, 2 order by 1, 2",
        ids=ids,
    ) == [("pending", "queued", 4), ("running", "completed", 4)]


def test_without_an_order_all_steps_may_begin(
    database: Database, store: SyncStore
) -> None:
    film = Film(database, store)
    made = film.mine.run(
        steps.submit_many,
        steps=PIPELINE,
        project_id=film.id,
        label_lists=[[], [], [], [], []],
        configs=[{"n": n} for n in range(5)],
    )
    assert film.statuses([one.id for one in made]) == ["queued"] * 5
    configs = [film.mine.run(steps.get, id=one.id).config for one in made]
    assert configs == [{"n": n} for n in range(5)]
    assert film.mine.run(steps.submit_many, steps=[], project_id=film.id) == []


def test_an_order_keeps_a_time_to_come_and_needs_that_are_completed(
    database: Database, store: SyncStore
) -> None:
    film = Film(database, store)
    script = film.mine.run(steps.submit, step=StepKind.SCRIPT, project_id=film.id)
    worker = registered(store, "mac-1")
    [claimed] = worker.run(steps.claim, limit=1)
    worker.run(steps.finish, user_id=film.user_id, id=claimed.id, attempt=1)
    now = film.pipeline(needs_job_ids=[script.id])
    assert film.statuses(now) == ["queued", *["pending"] * 4]
    later = film.pipeline(needs_job_ids=[script.id], due_at=LIFE["due_at"])
    assert film.statuses(later) == ["pending"] * 5
    assert film.mine.run(steps.get, id=later[4]).due_at == LIFE["due_at"]


def test_a_quota_counts_both_halves_of_an_order(
    database: Database, store: SyncStore
) -> None:
    film = Film(database, store, max_active_jobs=4)
    with pytest.raises(QuotaExceeded):
        film.pipeline()
    assert look(database, "select count(*) from work.jobs") == [(0,)]
    with pytest.raises(Invalid, match="No list is longer"):
        film.pipeline(providers=["a"] * 6)


def test_a_claim_says_what_to_do_and_how_far_it_is(
    database: Database, store: SyncStore
) -> None:
    film = Film(database, store)
    made = film.mine.run(
        steps.submit,
        **CONTENT,
        project_id=film.id,
        scene_id=film.scene_ids[0],
        backoff_s=1,
    )
    worker = registered(store, "mac-1")
    [claimed] = worker.run(steps.claim, limit=5)
    key: dict[str, Any] = {"user_id": claimed.user_id, "id": claimed.id}
    assert (claimed.id, claimed.attempt, claimed.step) == (made.id, 1, StepKind.IMAGE)
    assert (claimed.project_id, claimed.scene_id) == (film.id, film.scene_ids[0])
    assert (claimed.config, claimed.result) == (CONTENT["config"], {})
    assert (claimed.provider_task_id, claimed.last_completed_part) == (None, 0)
    worker.run(
        steps.report,
        **key,
        attempt=1,
        provider_task_id="task-7",
        last_completed_part=2,
        result={"seed": 7},
        provider="another provider",
    )
    # What is null stays, and a part is not undone.
    worker.run(steps.report, **key, attempt=1, last_completed_part=1)
    worker.run(jobs.release, **key, attempt=1)
    [again] = worker.run(steps.claim, limit=5)
    assert (again.id, again.attempt) == (made.id, 2)
    assert (again.provider_task_id, again.last_completed_part) == ("task-7", 2)
    assert (again.provider, again.result) == ("another provider", {"seed": 7})


def test_a_report_needs_the_lease(database: Database, store: SyncStore) -> None:
    film = Film(database, store)
    film.mine.run(steps.submit, step=StepKind.IMAGE, project_id=film.id)
    first, second = registered(store, "mac-1"), registered(store, "mac-2")
    [held] = first.run(steps.claim, limit=1)
    key: dict[str, Any] = {"user_id": held.user_id, "id": held.id}
    for worker, attempt in ((second, 1), (first, 2), (first, 0)):
        for act in (steps.report, steps.finish):
            with pytest.raises(LeaseLost):
                worker.run(act, **key, attempt=attempt, cost_micros=7)
    first.run(jobs.release, **key, attempt=1)
    with pytest.raises(LeaseLost):
        first.run(steps.report, **key, attempt=1, cost_micros=7)
    [taken] = second.run(steps.claim, limit=1)
    with pytest.raises(LeaseLost):
        first.run(steps.report, **key, attempt=1, cost_micros=7)
    second.run(steps.finish, **key, attempt=taken.attempt, cost_micros=5)
    with pytest.raises(LeaseLost):
        second.run(steps.report, **key, attempt=taken.attempt, cost_micros=7)
    assert film.mine.run(steps.get, id=held.id).cost_micros == 5
    with (
        acting(database, "app", film.user_id) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute(
            "select studio.report_step(%s, %s, 1, cost_micros => 1)",
            [film.user_id, held.id],
        )


def test_a_report_waits_for_no_tenant(database: Database, store: SyncStore) -> None:
    film = Film(database, store)
    film.mine.run(steps.submit, step=StepKind.IMAGE, project_id=film.id)
    worker = registered(store, "mac-1")
    [held] = worker.run(steps.claim, limit=1)
    with acting(database, "app", film.user_id) as conn:
        # All that a tenant can hold: the job, the project, the scene.
        conn.execute("select work.cancel(%s)", [held.id])
        conn.execute("select from studio.projects where id = %s for update", [film.id])
        conn.execute("select from studio.scenes for update")
        with acting(database, "worker", None, "worker:mac-1") as reporting:
            reporting.execute("set local lock_timeout = '1s'")
            reporting.execute(
                "select studio.report_step(%s, %s, 1, cost_micros => 7)",
                [film.user_id, held.id],
            )
    assert film.mine.run(steps.get, id=held.id).cost_micros == 7


def test_a_cost_is_counted_once_however_often_it_is_reported_and_over_all_attempts(
    database: Database, store: SyncStore
) -> None:
    film = Film(database, store)
    made = film.mine.run(
        steps.submit, step=StepKind.IMAGE, project_id=film.id, backoff_s=1
    )
    worker = registered(store, "mac-1")

    def cost() -> tuple[int, int, int]:
        found = film.mine.run(steps.get, id=made.id)
        return found.tokens_in, found.tokens_out, found.cost_micros

    key: dict[str, Any] = {"user_id": film.user_id, "id": made.id}
    worker.run(steps.claim, limit=1)
    used: dict[str, Any] = {"tokens_in": 100, "tokens_out": 10, "cost_micros": 1000}
    for _ in range(3):
        worker.run(steps.report, **key, attempt=1, **used)
        assert cost() == (100, 10, 1000)
    worker.run(steps.report, **key, attempt=1, tokens_in=150)
    worker.run(steps.report, **key, attempt=1, tokens_in=40)
    assert cost() == (150, 10, 1000)
    with pytest.raises(Invalid, match="Tokens and cost are 0"):
        worker.run(steps.report, **key, attempt=1, cost_micros=-1)
    worker.run(jobs.release, **key, attempt=1)
    worker.run(steps.claim, limit=1)
    # The second attempt pays again, and the first one's cost stays.
    worker.run(steps.report, **key, attempt=2, provider_task_id="task-8")
    assert cost() == (150, 10, 1000)
    worker.run(steps.finish, **key, attempt=2, **used)
    assert cost() == (250, 20, 2000)


def test_the_cost_of_a_project_is_one_query_and_outlives_its_jobs(
    database: Database, store: SyncStore
) -> None:
    film, other = Film(database, store, 2), Film(database, store)
    for one in (film, other):
        one.mine.run(
            steps.submit_many,
            steps=[StepKind.IMAGE, StepKind.VOICE, StepKind.IMAGE],
            providers=["a", "b", "a"],
            project_id=one.id,
        )
    worker = registered(store, "mac-1")
    for claimed in worker.run(steps.claim, limit=10):
        worker.run(
            steps.finish,
            user_id=claimed.user_id,
            id=claimed.id,
            attempt=1,
            tokens_in=10,
            tokens_out=1,
            cost_micros=100 if claimed.step is StepKind.IMAGE else 5,
        )

    def total() -> tuple[int, int, int, int]:
        found = film.mine.run(steps.get_cost, project_id=film.id)
        return found.steps, found.tokens_in, found.tokens_out, found.cost_micros

    assert total() == (3, 30, 3, 205)
    by_kind = film.mine.run(steps.list_costs, project_id=film.id)
    assert [
        (one.step, one.provider, one.steps, one.cost_micros) for one in by_kind
    ] == [
        (StepKind.IMAGE, "a", 2, 200),
        (StepKind.VOICE, "b", 1, 5),
    ]
    [first, *_] = film.mine.run(steps.list, project_id=film.id, page_size=10)
    film.mine.run(jobs.delete, id=first.id)
    assert total() == (3, 30, 3, 205)
    assert other.mine.run(steps.get_cost, project_id=film.id).steps == 0
    film.mine.run(projects.delete, id=film.id)
    assert total()[0] == 0
    film.mine.run(projects.restore, id=film.id)
    assert total() == (3, 30, 3, 205)

    # It goes once project and job are gone.
    film.mine.run(projects.purge, id=film.id)
    assert look(database, "select studio.purge_projects(1000)") == [(10,)]
    assert look(database, "select studio.clear_step_costs(1000)") == [(1,)]
    left = film.mine.run(steps.get_cost, project_id=film.id)
    assert left.steps == 0
    assert look(database, "select count(*) from studio.step_costs") == [(5,)]


def test_a_project_goes_on_after_its_last_completed_step(
    database: Database, store: SyncStore
) -> None:
    film = Film(database, store)
    made = film.pipeline(max_failures=1)
    worker = registered(store, "mac-1")
    for n in range(3):
        [claimed] = worker.run(steps.claim, limit=5)
        assert claimed.id == made[n]
        key: dict[str, Any] = {"user_id": claimed.user_id, "id": claimed.id}
        if n < 2:
            worker.run(steps.finish, **key, attempt=1)
        else:
            worker.run(jobs.fail, **key, attempt=1, error_class="crashed")
    assert film.statuses(made) == [
        "completed",
        "completed",
        "failed",
        "cancelled",
        "cancelled",
    ]
    last = film.mine.run(
        steps.find_last_completed, project_id=film.id, scene_id=film.scene_ids[0]
    )
    assert last is not None
    assert (last.id, last.step) == (made[1], StepKind.IMAGE)
    resumed = film.mine.run(
        steps.resume, project_id=film.id, scene_id=film.scene_ids[0]
    )
    assert [(one.id, one.step, one.status) for one in resumed] == [
        (made[2], StepKind.VOICE, JobStatus.QUEUED),
        (made[3], StepKind.SUBTITLES, JobStatus.PENDING),
        (made[4], StepKind.VIDEO, JobStatus.PENDING),
    ]
    assert film.mine.run(steps.resume, project_id=film.id) == []
    for n in range(2, 5):
        [claimed] = worker.run(steps.claim, limit=5)
        assert claimed.id == made[n]
        worker.run(
            steps.finish,
            user_id=claimed.user_id,
            id=claimed.id,
            attempt=claimed.attempt,
        )
    assert film.statuses(made) == ["completed"] * 5
    last = film.mine.run(steps.find_last_completed, project_id=film.id)
    assert last is not None
    assert last.id == made[4]


def test_what_of_a_scene_failed_is_resumed_alone(
    database: Database, store: SyncStore
) -> None:
    film = Film(database, store, 2)
    made = film.mine.run(
        steps.submit_many,
        steps=[StepKind.IMAGE] * 2,
        project_id=film.id,
        scene_ids=film.scene_ids,
    )
    for one in made:
        film.mine.run(jobs.cancel, id=one.id)
    [first] = film.mine.run(
        steps.resume, project_id=film.id, scene_id=film.scene_ids[1]
    )
    assert first.id == made[1].id
    [second] = store.admin(reason="the tests' DBA").run(
        steps.resume, project_id=film.id, user_id=film.user_id
    )
    assert second.id == made[0].id
    with pytest.raises(NotFound, match="no project with this id"):
        store.user(users.make(database)).run(steps.resume, project_id=film.id)
    film.mine.run(projects.delete, id=film.id)
    with pytest.raises(TransitionRefused, match="restore it first"):
        film.mine.run(steps.resume, project_id=film.id)


def test_a_step_that_may_wait_survives_what_it_needs(
    database: Database, store: SyncStore
) -> None:
    film = Film(database, store)
    made = film.pipeline(on_failure=DependencyRule.WAIT)
    film.mine.run(jobs.cancel, id=made[0])
    assert film.statuses(made) == ["cancelled", *["pending"] * 4]


def test_steps_are_listed_by_project_and_by_scene(
    database: Database, store: SyncStore
) -> None:
    film = Film(database, store, 2)
    made = film.mine.run(
        steps.submit_many,
        steps=[StepKind.IMAGE, StepKind.VOICE, StepKind.VIDEO],
        project_id=film.id,
        scene_ids=film.scene_ids,
    )
    ids = [one.id for one in made]
    page = film.mine.run(steps.list, project_id=film.id, page_size=2)
    assert [one.id for one in page] == [ids[2], ids[1]]
    rest = film.mine.run(
        steps.list, project_id=film.id, before_id=page[-1].id, page_size=2
    )
    assert [one.id for one in rest] == [ids[0]]
    of_scene = film.mine.run(
        steps.list_by_scene, scene_id=film.scene_ids[1], page_size=9
    )
    assert [(one.id, one.step) for one in of_scene] == [(ids[1], StepKind.VOICE)]


def test_a_step_keeps_its_specification_until_its_job_goes(
    database: Database, store: SyncStore
) -> None:
    film = Film(database, store)
    made = film.mine.run(steps.submit, step=StepKind.IMAGE, project_id=film.id)
    with (
        psycopg.connect(database.admin_url) as conn,
        pytest.raises(psycopg.Error, match="needs its specification"),
    ):
        conn.execute("delete from studio.step_specs")
    film.mine.run(jobs.delete, id=made.id)
    assert look(database, "select count(*) from studio.step_specs") == [(0,)]


def test_work_says_which_step_lacks_its_specification(database: Database) -> None:
    user_id = users.make(database)
    look(database, "select work.submit(%(id)s, 'step')", id=user_id)
    assert look(database, "select problem from work.problems()") == [
        ("without its specification",)
    ]
