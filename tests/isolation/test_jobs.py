"""The doors of the queue that a generic attempt does not reach: views, links, partitions."""

from __future__ import annotations

from uuid import UUID

import pytest
from psycopg import sql

from renderstore import errors, render
from renderstore.store import SyncStore

from .catalog import ROLES
from .world import REFUSED, Scope, World

SUBMIT = (
    "insert into render.jobs (user_id, project_path, output_path)"
    " values (%(user)s, '/spot.aep', '/spot.mov') returning id"
)


@pytest.fixture
def people(store: SyncStore) -> tuple[UUID, UUID]:
    """Ann and Bob."""
    with store.admin(reason="test") as conn:
        found = conn.execute(
            "insert into identity.users (name) values ('Ann'), ('Bob') returning id"
        ).fetchall()
    return found[0][0], found[1][0]


def submit(store: SyncStore, user: UUID) -> UUID:
    with store.user(user) as conn:
        row = conn.execute(SUBMIT, {"user": user}).fetchone()
    assert row is not None
    return UUID(str(row[0]))


def test_a_user_submits_through_the_view_for_nobody_else(
    store: SyncStore, people: tuple[UUID, UUID]
) -> None:
    ann, bob = people
    with (
        pytest.raises(errors.NotAllowed),
        store.user(ann) as conn,
    ):
        conn.execute(SUBMIT, {"user": bob})
    with store.readonly() as conn:
        assert conn.execute("select from work.jobs").fetchone() is None


@pytest.mark.parametrize(
    "statement",
    [
        "update render.jobs set status = 'cancelled' where id = %(id)s",
        "update render.jobs set project_name = 'mine' where id = %(id)s",
        "update work.jobs set priority = 1 where id = %(id)s",
        "delete from render.jobs where id = %(id)s",
        "delete from work.jobs where id = %(id)s",
        "update render.specs set project_name = 'mine' where job_id = %(id)s",
    ],
)
def test_a_user_reaches_no_job_of_another_by(
    store: SyncStore, people: tuple[UUID, UUID], statement: str
) -> None:
    ann, bob = people
    theirs = submit(store, bob)
    with store.user(ann) as conn:
        assert conn.execute(statement.encode(), {"id": theirs}).rowcount == 0
    with store.readonly() as conn:
        found = conn.execute(
            "select status::text, priority, project_name from render.jobs"
        ).fetchall()
    assert found == [("queued", 5, None)]


def test_a_job_waits_for_no_job_of_another_and_does_not_tell_that_it_is_there(
    store: SyncStore, people: tuple[UUID, UUID]
) -> None:
    ann, bob = people
    theirs = submit(store, bob)
    absent = UUID(int=theirs.int ^ 1)
    mine = submit(store, ann)
    said: list[str] = []
    for needed in (theirs, absent):
        with (
            pytest.raises(errors.NotFound) as refused,
            store.user(ann) as conn,
        ):
            conn.execute(
                "insert into work.dependencies (user_id, job_id, needs_job_id)"
                " values (%s, %s, %s)",
                [ann, mine, needed],
            )
        said.append(refused.value.sentence)
    assert said[0] == said[1]


def test_a_submission_names_no_job_of_another(
    store: SyncStore, people: tuple[UUID, UUID]
) -> None:
    ann, bob = people
    theirs = submit(store, bob)
    said: list[str] = []
    for needed in (theirs, UUID(int=theirs.int ^ 1)):
        with pytest.raises(errors.Error) as refused, store.user(ann) as conn:
            render.jobs.submit(
                conn,
                project_path="/spot.aep",
                output_path="/spot.mov",
                needs_job_ids=[needed],
            )
        said.append(str(refused.value))
    assert said[0] == said[1]


def test_a_partition_is_reached_by_no_role(world: World) -> None:
    partitions = [each for each in world.relations.values() if each.is_partition]
    assert partitions
    for partition in partitions:
        for role in ROLES:
            tried = world.attempt(
                Scope(role, world.ann.id if role == "app" else None),
                sql.SQL("select from {}").format(partition.sql),
            )
            assert tried.sqlstate == REFUSED, (partition.path, role)


def test_raw_sql_on_a_workers_login_may_end_another_s_job(
    store: SyncStore, people: tuple[UUID, UUID]
) -> None:
    """Not prevented, and said so in docs/isolation.md: a worker's name is only a setting."""
    ann, _ = people
    submit(store, ann)
    with store.worker("one") as conn:
        [held] = render.jobs.claim(conn, limit=1)
    key = {"user": held.user_id, "id": held.id, "attempt": held.attempt}
    finish = "select work.finish(%(user)s, %(id)s, %(attempt)s)"
    with pytest.raises(errors.Error), store.worker("two") as conn:
        conn.execute(finish, key)
    for refused in (
        "insert into render.jobs (user_id, output_path) values (%(user)s, '/x.mov')",
        "delete from work.jobs where id = %(id)s",
        "update render.specs set output_path = '/x.mov' where job_id = %(id)s",
        "select id from identity.users where id = %(user)s",
    ):
        with (
            pytest.raises(errors.Error, match="permission denied"),
            store.worker("two") as conn,
        ):
            conn.execute(refused, key)
    with store.worker("two") as conn:
        conn.execute("select set_config('renderstore.actor', 'worker:one', true)")
        conn.execute(finish, key)
    with store.readonly() as conn:
        row = conn.execute("select status from work.jobs").fetchone()
    assert row is not None
    assert str(row[0]) == "completed"
