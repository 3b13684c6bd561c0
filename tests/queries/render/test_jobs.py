"""sql/queries/render/jobs.sql: what a render job is to do, and the view that is written like a table."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import ObjectNotInPrerequisiteState as ObjectNotInState
from psycopg.types.json import Jsonb
from tests.factories import (
    Conn,
    acting,
    job,
    look,
    offer,
    plans,
    registered,
    users,
)

from renderstore.errors import (
    Error,
    Invalid,
    NotAllowed,
    NotFound,
    QuotaExceeded,
    translate,
)
from renderstore.render import PathStyle, RenderStatus, jobs
from renderstore.store import SyncStore, connect
from renderstore.testing import Database
from renderstore.work import jobs as core

CONFIG: dict[str, Any] = {
    "template": {"src": "file:///ads/spot.aep", "composition": "main"},
    "assets": [],
    "actions": {"prerender": [], "postrender": []},
}
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
    "project_name": "Spot",
    "output_name": "Spot, Monday",
    "template_path": "/Volumes/ads/spot.aep",
    "data_path": "/Volumes/ads/spot.json",
    "output_path": "/renders/spot_[####].png",
    "frame_start": -10,
    "frame_end": 100,
    "frame_step": 2,
    "nexrender_job_id": "nx-1",
    "nexrender_config": CONFIG,
}
SMALL: dict[str, Any] = {"project_path": "/a.aep", "output_path": "/a.mov"}


def adapted(values: dict[str, Any]) -> dict[str, Any]:
    """The same values as psycopg takes them."""
    return {
        name: Jsonb(value) if isinstance(value, dict) else value
        for name, value in values.items()
    }


def insert(conn: Conn, table: str, **values: Any) -> UUID:
    """A plain insert; gives the row's first column."""
    row = conn.execute(
        sql.SQL("insert into {} ({}) values ({}) returning {}").format(
            sql.Identifier(*table.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(map(sql.Placeholder, values)),
            sql.Identifier("job_id" if table == "render.specs" else "id"),
        ),
        adapted(values),
    ).fetchone()
    assert row is not None
    made: UUID = row[0]
    return made


def by_function(database: Database, store: SyncStore, user_id: UUID) -> UUID:
    """The typed function."""
    return store.user(user_id).run(jobs.submit, **LIFE, **CONTENT).id


def by_view(database: Database, store: SyncStore, user_id: UUID) -> UUID:
    """One plain insert into the view."""
    with acting(database, "app", user_id, f"user:{user_id}") as conn:
        return insert(conn, "render.jobs", **LIFE, **CONTENT)


def by_bulk(database: Database, store: SyncStore, user_id: UUID) -> UUID:
    """The typed function for many."""
    plural = {
        "estimated_s": "estimates_s",
        "priority": "priorities",
    }
    shared = {"labels", "max_failures", "backoff_s", "due_at", "auto_cancel_at"}
    given: dict[str, Any] = {
        name if name in shared else plural.get(name, f"{name}s"): value
        if name in shared
        else [value]
        for name, value in (LIFE | CONTENT).items()
    }
    [made] = store.user(user_id).run(jobs.submit_many, **given)
    return made.id


@pytest.mark.parametrize("submit", [by_function, by_view, by_bulk])
def test_every_field_is_stored_and_read_back(
    database: Database, store: SyncStore, submit: Any
) -> None:
    user_id = users.make(database)
    offer(database, LIFE["labels"])
    made = submit(database, store, user_id)
    found = asdict(store.user(user_id).run(jobs.get, id=made))
    given = LIFE | CONTENT
    assert {name: found[name] for name in given} == given
    assert found["project_path"] is None
    assert found["status"] == RenderStatus.PENDING
    assert found["output_path_style"] == PathStyle.POSIX
    assert found["submitted_by"] == f"user:{user_id}"
    assert (found["attempt"], found["progress"]) == (0, 0)


def test_a_job_needs_an_output_and_a_source_only(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    made = store.user(user_id).run(jobs.submit, **SMALL)
    found = store.user(user_id).run(jobs.get, id=made.id)
    assert (found.status, found.priority) == (RenderStatus.QUEUED, 5)
    assert (found.labels, found.max_failures, found.backoff_s) == ([], 3, 10)


def test_a_finish_brings_the_files_and_the_seconds(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    store.user(user_id).run(jobs.submit, **SMALL)
    farm = registered(store, "mac-1")
    [claimed] = farm.run(jobs.claim, limit=1)
    assert (claimed.project_path, claimed.output_path) == ("/a.aep", "/a.mov")
    assert store.user(user_id).run(jobs.get, id=claimed.id).status == "rendering"
    farm.run(
        jobs.finish,
        user_id=user_id,
        id=claimed.id,
        attempt=1,
        paths=["/a.mov", "/a.srt"],
        sizes_bytes=[7_000_000_000, 12],
        media_types=["video/quicktime", "application/x-subrip"],
    )
    files = store.user(user_id).run(jobs.list_outputs, job_id=claimed.id)
    assert [(file.path, file.size_bytes, file.media_type) for file in files] == [
        ("/a.mov", 7_000_000_000, "video/quicktime"),
        ("/a.srt", 12, "application/x-subrip"),
    ]
    found = store.user(user_id).run(jobs.get, id=claimed.id)
    assert found.status == RenderStatus.COMPLETED
    assert found.actual_s is not None
    assert found.completed_at is not None
    assert found.started_at is not None
    seconds = (found.completed_at - found.started_at).total_seconds()
    assert found.actual_s == pytest.approx(seconds)


def test_a_repeat_finds_the_job(database: Database, store: SyncStore) -> None:
    mine = store.user(users.make(database))
    first = mine.run(jobs.submit, **SMALL, idempotency_key="monday")
    again = mine.run(jobs.submit, **SMALL, idempotency_key="monday")
    assert (first.is_new, again.is_new) == (True, False)
    assert (again.id, again.queued_at) == (first.id, first.queued_at)


def test_a_repeat_is_free(database: Database, store: SyncStore) -> None:
    plan_id = plans.make(database, max_active_jobs=1, max_daily_jobs=1)
    mine = store.user(users.make(database, plan_id=plan_id))
    first = mine.run(jobs.submit, **SMALL, idempotency_key="monday")
    assert mine.run(jobs.submit, **SMALL, idempotency_key="monday").id == first.id
    with pytest.raises(QuotaExceeded, match="1 were submitted today and 1 more"):
        mine.run(jobs.submit, **SMALL)


def test_repeats_at_the_same_moment_all_find_one_job(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    for turn in range(10):

        def ask(key: str = f"turn-{turn}") -> jobs.Submitted:
            return mine.run(jobs.submit, **SMALL, idempotency_key=key)

        with ThreadPoolExecutor(4) as threads:
            asked = [threads.submit(ask) for _ in range(4)]
        found = [one.result() for one in asked]
        assert len({one.id for one in found}) == 1
        assert sum(one.is_new for one in found) == 1


def test_a_repeat_that_waited_for_the_first_one_finds_it(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    with ThreadPoolExecutor(1) as thread:
        with acting(database, "app", user_id, "user:x") as conn:
            first = jobs.submit(conn, **SMALL, idempotency_key="monday")
            waiting = thread.submit(
                lambda: store.user(user_id).run(
                    jobs.submit, **SMALL, idempotency_key="monday"
                )
            )
            while not look(
                database,
                "select 1 from pg_stat_activity where wait_event_type = 'Lock'"
                " and datname = current_database()",
            ):
                assert not waiting.done()
        again = waiting.result()
    assert (again.id, again.is_new) == (first.id, False)


def test_a_repeat_by_plain_insert_finds_the_job(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    first = store.user(user_id).run(jobs.submit, **SMALL, idempotency_key="monday")
    with acting(database, "app", user_id) as conn:
        again = insert(conn, "render.jobs", **SMALL, idempotency_key="monday")
    assert again == first.id
    assert look(database, "select count(*) from work.jobs") == [(1,)]


# Many at once


def test_many_jobs_come_back_in_the_order_given(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database, plan_id=plans.make(database))
    paths = [f"/renders/{number}.mov" for number in range(10_000)]
    made = store.user(user_id).run(
        jobs.submit_many,
        output_paths=paths,
        project_paths=["/a.aep"] * len(paths),
        nexrender_configs=[CONFIG, None],
    )
    stored = dict(look(database, "select job_id, output_path from render.specs"))
    assert [stored[one.id] for one in made] == paths
    assert [one.id for one in made] == sorted(one.id for one in made)
    assert all(one.is_new for one in made)
    [(first, second)] = look(
        database,
        "select (select nexrender_config from render.specs where output_path = '/renders/0.mov'),"
        " (select nexrender_config from render.specs where output_path = '/renders/1.mov')",
    )
    assert (first, second) == (CONFIG, None)


def test_many_jobs_are_all_or_none(database: Database, store: SyncStore) -> None:
    plan_id = plans.make(database, max_active_jobs=3)
    mine = store.user(users.make(database, plan_id=plan_id))
    with pytest.raises(QuotaExceeded, match="0 do and 4 more were asked for"):
        mine.run(
            jobs.submit_many, output_paths=["/a.mov"] * 4, project_paths=["/a.aep"] * 4
        )
    with pytest.raises(Invalid, match="either a project path or a template path"):
        mine.run(
            jobs.submit_many, output_paths=["/a.mov"] * 2, project_paths=["/a.aep"]
        )
    with pytest.raises(Invalid, match="no list is longer"):
        mine.run(
            jobs.submit_many, output_paths=["/a.mov"], project_paths=["/a.aep"] * 2
        )
    assert look(database, "select * from work.jobs") == []


def test_repeats_among_many_find_their_jobs(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    first = mine.run(jobs.submit, **SMALL, idempotency_key="b")
    made = mine.run(
        jobs.submit_many,
        output_paths=["/a.mov"] * 4,
        project_paths=["/a.aep"] * 4,
        idempotency_keys=["a", "b", "c", "a"],
    )
    assert [one.is_new for one in made] == [True, False, True, False]
    assert made[1].id == first.id
    assert made[3].id == made[0].id


def test_no_jobs_are_no_error(database: Database, store: SyncStore) -> None:
    assert store.user(users.make(database)).run(jobs.submit_many, output_paths=[]) == []


# What a job must have


@pytest.mark.parametrize(
    "change",
    [
        "delete from render.specs",
        "update render.specs set job_id = ops.uuidv7()",
    ],
)
def test_a_specification_stays_with_its_job(database: Database, change: str) -> None:
    made = job(database)
    for role in ("app", "worker", "admin"):
        with (
            acting(
                database, role, made.user_id if role == "app" else None, "x:y"
            ) as conn,
            pytest.raises(psycopg.Error),
        ):
            conn.execute(change.encode())
    with (
        psycopg.connect(database.admin_url) as conn,
        pytest.raises(psycopg.Error) as caught,
    ):
        conn.execute(change.encode())
    assert isinstance(translate(caught.value), Error)


def test_a_specification_goes_with_its_job(
    database: Database, store: SyncStore
) -> None:
    made = job(database)
    store.user(made.user_id).run(core.delete, id=made.id)
    assert look(database, "select * from render.specs") == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"project_path": None}, "either a project path or a template path"),
        ({"template_path": "/t.aep"}, "either a project path or a template path"),
        ({"data_path": "/d.json"}, "A data path belongs to a template path"),
        ({"project_path": "a.aep"}, "project is absolute"),
        ({"project_path": "/a/../b.aep"}, "does not climb"),
        ({"output_path": "a.mov"}, "output is absolute"),
        ({"output_path": ""}, "output is absolute"),
        ({"output_path": "/" + "x" * 256}, "255 in a name"),
        ({"frame_start": 1}, "a start and an end, or neither"),
        ({"frame_end": 1}, "a start and an end, or neither"),
        ({"frame_step": 2}, "belongs to a start and an end"),
        ({"frame_start": 1, "frame_end": 9, "frame_step": 0}, "step is not 0"),
        ({"frame_start": 1, "frame_end": 9, "frame_step": -1}, "leads from the start"),
        ({"frame_start": 9, "frame_end": 1}, "leads from the start"),
        ({"project_name": ""}, "project's name has 1 to 500"),
        ({"project_name": "x" * 501}, "project's name has 1 to 500"),
        ({"output_name": ""}, "output's name has 1 to 500"),
        ({"nexrender_job_id": "a/b"}, "becomes the name of a folder"),
        (
            {"nexrender_config": {"assets": 7}},
            "render.nexrender_problem says what is wrong",
        ),
        ({"nexrender_config": "x"}, "render.nexrender_problem says what is wrong"),
    ],
)
def test_content_that_is_wrong_hears_why(
    database: Database, store: SyncStore, changes: dict[str, Any], sentence: str
) -> None:
    mine = store.user(users.make(database))
    with pytest.raises(Invalid, match=sentence):
        mine.run(jobs.submit, **(SMALL | changes))
    assert look(database, "select * from work.jobs") == []


def test_backwards_is_a_negative_step(database: Database, store: SyncStore) -> None:
    mine = store.user(users.make(database))
    made = mine.run(jobs.submit, **SMALL, frame_start=9, frame_end=1, frame_step=-2)
    assert mine.run(jobs.get, id=made.id).frame_step == -2


# The view, written like a table


@pytest.mark.parametrize("role", ["app", "worker", "admin", "readonly"])
@pytest.mark.parametrize(
    "change",
    [
        "update render.jobs set status = 'cancelled'",
        "update render.jobs set project_name = 'Another'",
        "update render.jobs set progress = 9",
        "delete from render.jobs",
        "update work.jobs set priority = 4",
        "delete from work.jobs",
        "update render.specs set output_path = '/b.mov'",
        "insert into work.jobs (user_id, kind) select user_id, 'render' from work.jobs",
        "select work.submit(user_id, 'render') from work.jobs",
        "select work.end_run(j, 'completed') from work.jobs as j",
    ],
)
def test_a_job_changes_by_calls_alone(
    database: Database, role: str, change: str
) -> None:
    made = job(database, "running")
    before = look(database, "select * from render.jobs")
    with (
        acting(
            database,
            role,
            made.user_id if role == "app" else None,
            "worker:mac-1" if role == "worker" else "x:y",
        ) as conn,
        pytest.raises((psycopg.errors.InsufficientPrivilege, ObjectNotInState)),
    ):
        conn.execute(change.encode())
    assert look(database, "select * from render.jobs") == before


def test_names_change_and_nothing_else_does(
    database: Database, store: SyncStore
) -> None:
    made = job(database)
    for scope in (store.user(made.user_id), store.admin(reason="the tests' DBA")):
        scope.run(jobs.set_names, id=made.id, project_name="Spot", output_name="One")
        found = store.user(made.user_id).run(jobs.get, id=made.id)
        assert (found.project_name, found.output_name) == ("Spot", "One")
        assert (found.status, found.output_path) == ("queued", "/renders/spot.mov")
        store.user(made.user_id).run(
            jobs.set_names, id=made.id, project_name=None, output_name=None
        )
        found = store.user(made.user_id).run(jobs.get, id=made.id)
        assert (found.project_name, found.output_name) == (None, None)
    with pytest.raises(NotFound):
        store.user(users.make(database)).run(
            jobs.set_names, id=made.id, project_name="Mine", output_name=None
        )
    with pytest.raises(Invalid, match="project's name has 1 to 500"):
        store.user(made.user_id).run(
            jobs.set_names, id=made.id, project_name="", output_name=None
        )


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("progress", 9),
        ("attempt", 9),
        ("held_by", "me"),
        ("submitted_by", "user:somebody"),
        ("completed_at", datetime(2000, 1, 1, tzinfo=UTC)),
        ("id", UUID(int=1)),
    ],
)
def test_an_insert_into_the_view_cannot_say_what_becomes_of_the_job(
    database: Database, column: str, value: object
) -> None:
    user_id = users.make(database)
    with pytest.raises(psycopg.DatabaseError), acting(database, "app", user_id) as conn:
        insert(conn, "render.jobs", **SMALL, **{column: value})
    assert look(database, "select * from work.jobs") == []


def test_an_administrator_submits_for_a_user(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    dba = store.admin(reason="the tests' DBA")
    with acting(database, "admin", actor="dba:x") as conn:
        insert(conn, "render.jobs", user_id=user_id, **SMALL)
    one = dba.run(jobs.submit, **SMALL, user_id=user_id)
    [other] = dba.run(
        jobs.submit_many,
        output_paths=["/a.mov"],
        project_paths=["/a.aep"],
        user_id=user_id,
    )
    assert (one.user_id, other.user_id) == (user_id, user_id)
    assert look(database, "select user_id from work.jobs") == [(user_id,)] * 3
    assert look(
        database, "select count(*) from work.jobs where submitted_by = 'dba:x'"
    ) == [(1,)]


def test_nobody_else_submits_for_a_user(database: Database, store: SyncStore) -> None:
    user_id = users.make(database)
    mine = store.user(users.make(database))
    with pytest.raises(NotAllowed, match="Only an administrator names another user"):
        mine.run(jobs.submit, **SMALL, user_id=user_id)
    with pytest.raises(NotAllowed, match="Only an administrator names another user"):
        mine.run(
            jobs.submit_many,
            output_paths=["/a.mov"],
            project_paths=["/a.aep"],
            user_id=user_id,
        )
    with pytest.raises(NotAllowed), registered(store, "mac-1") as conn:
        jobs.submit(conn, **SMALL, user_id=user_id)
    assert look(database, "select * from work.jobs") == []


def test_lists_are_ones_own_newest_first(database: Database, store: SyncStore) -> None:
    mine = store.user(users.make(database))
    made = [
        mine.run(jobs.submit, project_path=f"/{turn % 2}.aep", output_path="/a.mov").id
        for turn in range(4)
    ][::-1]
    job(database)
    first = mine.run(jobs.list, status=None, before_id=None, page_size=3)
    rest = mine.run(jobs.list, status=None, before_id=first[-1].id, page_size=3)
    assert [one.id for one in first + rest] == made
    of_project = mine.run(jobs.list_by_project, project_path="/1.aep", page_size=9)
    assert [one.id for one in of_project] == made[::2]
    of_output = mine.run(jobs.list_by_output, output_path="/a.mov", page_size=9)
    assert [one.id for one in of_output] == made


@pytest.mark.parametrize("wanted", RenderStatus)
def test_a_list_of_one_status_has_no_other(
    database: Database, store: SyncStore, wanted: RenderStatus
) -> None:
    user_id = users.make(database)
    made = {
        status: job(
            database,
            "running" if status is RenderStatus.RENDERING else status,
            user_id=user_id,
        ).id
        for status in RenderStatus
    }
    found = store.user(user_id).run(jobs.list, status=wanted, page_size=99)
    assert [(one.id, one.status) for one in found] == [(made[wanted], wanted)]


def test_support_finds_a_job_by_its_id_alone(
    database: Database, store: SyncStore
) -> None:
    made = job(database)
    found = store.admin(reason="the tests' DBA").run(jobs.find_by_id, id=made.id)
    assert found is not None
    assert found.user_id == made.user_id
    assert store.user(users.make(database)).run(jobs.find_by_id, id=made.id) is None
    with pytest.raises(NotFound):
        store.user(users.make(database)).run(core.get, id=made.id)


def test_a_submission_reads_no_other_jobs(database: Database) -> None:
    # The session's plans come from an empty table, and stay while it fills.
    owner = users.make(database)
    with connect(database.url, size=1) as store:
        for _ in range(40):
            store.user(owner).run(jobs.submit, **SMALL)
        with store.user(owner) as conn:
            conn.execute("select pg_stat_force_next_flush()")
    with psycopg.connect(database.admin_url) as conn:
        (read,) = conn.execute(
            "select seq_tup_read from pg_stat_user_tables"
            " where schemaname = 'work' and relname = 'jobs'"
        ).fetchone() or (None,)
    assert read == 0
