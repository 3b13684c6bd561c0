"""sql/queries/studio/projects.sql: projects, made, deleted, restored and purged."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from tests.factories import acting, look, plans, users

from renderstore.errors import (
    Invalid,
    NotAllowed,
    NotFound,
    QuotaExceeded,
    Taken,
    TransitionRefused,
    UserNotActive,
)
from renderstore.store import SyncStore
from renderstore.studio import ProjectStatus, projects, scenes, usages
from renderstore.testing import Database

DBA = "the tests' DBA"


def living(store: SyncStore, user_id: UUID) -> int:
    return store.user(user_id).run(usages.get, user_id=user_id).living_projects


def late(database: Database, by: str = "0 seconds") -> None:
    """Every deleted project can be purged as if that much more time had gone."""
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "update studio.projects set purge_at = now() - %s::interval"
            " where deleted_at is not null",
            [by],
        )


def sweep(database: Database, max_rows: int = 1000) -> int:
    [(count,)] = look(database, "select studio.purge_projects(%(rows)s)", rows=max_rows)
    return int(count)


def test_a_project_is_a_draft_with_a_title(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    made = mine.run(
        projects.create, title="The fox", source_text="It snows.", config={"fps": 24}
    )
    found = mine.run(projects.get, id=made.id)
    assert (found.title, found.source_text, found.config) == (
        "The fox",
        "It snows.",
        {"fps": 24},
    )
    assert (found.status, found.deleted_at) == (ProjectStatus.DRAFT, None)
    assert store.readonly().run(projects.find_by_id, id=made.id) == found


def test_a_title_is_taken_once_among_the_living(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    first = mine.run(projects.create, title="The fox")
    with pytest.raises(Taken, match="already have a project with this title"):
        mine.run(projects.create, title="The fox")
    mine.run(projects.delete, id=first.id)
    mine.run(projects.create, title="The fox")
    with pytest.raises(Taken, match="already have a project with this title"):
        mine.run(projects.restore, id=first.id)
    store.user(users.make(database)).run(projects.create, title="The fox")


def test_the_plan_limits_living_projects(database: Database, store: SyncStore) -> None:
    plan = plans.make(database, max_projects=2)
    mine = store.user(users.make(database, plan_id=plan))
    first = mine.run(projects.create, title="1")
    mine.run(projects.create, title="2")
    with pytest.raises(QuotaExceeded, match="allows 2 projects; 2 are there") as found:
        mine.run(projects.create, title="3")
    assert found.value.constraint == "plans_max_projects"
    mine.run(projects.delete, id=first.id)
    mine.run(projects.create, title="3")
    with pytest.raises(QuotaExceeded):
        mine.run(projects.restore, id=first.id)


def test_a_deleted_project_is_restored_with_what_hung_under_it(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = store.user(user_id)
    made = mine.run(projects.create, title="The fox")
    placed = mine.run(
        scenes.create_many, project_id=made.id, narrations=["a", "b", "c"]
    )
    mine.run(scenes.delete_many, ids=[placed[1].id])
    before = mine.run(scenes.list, project_id=made.id, page_size=10)

    gone = mine.run(projects.delete, id=made.id)
    assert gone.purge_at is not None
    assert gone.purge_at - gone.deleted_at == timedelta(days=30)
    assert living(store, user_id) == 0
    assert mine.run(projects.list, page_size=10) == []
    assert [one.id for one in mine.run(projects.list_deleted, page_size=10)] == [
        made.id
    ]
    assert mine.run(scenes.list, project_id=made.id, page_size=10) == []
    with pytest.raises(NotFound):
        mine.run(scenes.get, id=placed[0].id)
    with mine as conn:
        row = conn.execute("select count(*) from studio.scenes").fetchone()
        assert row == (0,)
    with pytest.raises(TransitionRefused, match="This project was deleted"):
        mine.run(scenes.create, project_id=made.id, narration="d")
    with pytest.raises(TransitionRefused, match="This project was deleted"):
        mine.run(scenes.move, id=placed[0].id, to_position=2)
    with pytest.raises(TransitionRefused, match="This project was deleted"):
        mine.run(projects.delete, id=made.id)

    mine.run(projects.restore, id=made.id)
    assert living(store, user_id) == 1
    assert mine.run(scenes.list, project_id=made.id, page_size=10) == before
    deleted = mine.run(scenes.list_deleted, project_id=made.id, page_size=10)
    assert [one.id for one in deleted] == [placed[1].id]
    with pytest.raises(TransitionRefused, match="was not deleted"):
        mine.run(projects.restore, id=made.id)


def test_deleted_projects_come_in_pages(database: Database, store: SyncStore) -> None:
    mine = store.user(users.make(database))
    for title in "abc":
        made = mine.run(projects.create, title=title)
        mine.run(projects.delete, id=made.id)
    first = mine.run(projects.list_deleted, page_size=2)
    rest = mine.run(
        projects.list_deleted,
        before_at=first[-1].deleted_at,
        before_id=first[-1].id,
        page_size=2,
    )
    assert [one.title for one in first + rest] == ["c", "b", "a"]


def test_projects_come_in_pages_newest_first(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    for title in "abc":
        mine.run(projects.create, title=title)
    first = mine.run(projects.list, page_size=2)
    rest = mine.run(projects.list, before_id=first[-1].id, page_size=2)
    assert [one.title for one in first + rest] == ["c", "b", "a"]


def test_a_project_changes_by_its_owner_alone(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    made = mine.run(projects.create, title="The fox", source_text="It snows.")
    mine.run(projects.update, id=made.id, title="A fox", config={})
    found = mine.run(projects.get, id=made.id)
    assert (found.title, found.source_text) == ("A fox", None)
    other = store.user(users.make(database))
    with pytest.raises(NotFound):
        other.run(projects.update, id=made.id, title="Mine", config={})
    with pytest.raises(NotFound, match="There is no project with this id"):
        other.run(projects.delete, id=made.id)
    with pytest.raises(NotAllowed):
        other.run(projects.create, title="x", user_id=users.make(database))
    with pytest.raises(Invalid, match="JSON object"):
        mine.run(projects.update, id=made.id, title="A fox", config=[1])


def test_an_administrator_acts_for_a_user(database: Database, store: SyncStore) -> None:
    user_id = users.make(database)
    with store.admin(reason=DBA) as conn:
        made = projects.create(conn, title="The fox", user_id=user_id)
        projects.delete(conn, id=made.id, user_id=user_id)
        projects.restore(conn, id=made.id, user_id=user_id)
    assert living(store, user_id) == 1


def test_who_is_suspended_makes_no_project(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database, status="suspended")
    with pytest.raises(UserNotActive, match="suspended"):
        store.user(user_id).run(projects.create, title="The fox")


def test_a_project_is_purged_after_the_plans_days_and_not_before(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    made = mine.run(projects.create, title="The fox")
    mine.run(scenes.create_many, project_id=made.id, narrations=["a"] * 25)
    mine.run(projects.delete, id=made.id)
    assert sweep(database) == 0
    late(database)
    with pytest.raises(TransitionRefused, match="could be restored is over"):
        mine.run(projects.restore, id=made.id)
    assert [sweep(database, 10) for _ in range(4)] == [10, 10, 6, 0]
    assert look(database, "select from studio.projects") == []


def test_a_plan_may_keep_for_ever_or_not_at_all(
    database: Database, store: SyncStore
) -> None:
    for days in (None, 0):
        plan = plans.make(database, keep_deleted_days=days)
        mine = store.user(users.make(database, plan_id=plan))
        made = mine.run(projects.create, title="The fox")
        gone = mine.run(projects.delete, id=made.id)
        assert gone.purge_at == (None if days is None else gone.deleted_at)
    assert sweep(database) == 1


def test_purging_by_hand_needs_no_waiting(database: Database, store: SyncStore) -> None:
    user_id = users.make(database)
    mine = store.user(user_id)
    made = mine.run(projects.create, title="The fox")
    mine.run(projects.purge, id=made.id)
    assert living(store, user_id) == 0
    with pytest.raises(TransitionRefused):
        mine.run(projects.restore, id=made.id)
    assert sweep(database) == 1


def test_the_sweep_passes_over_what_a_user_holds(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    held = mine.run(projects.create, title="held")
    free = mine.run(projects.create, title="free")
    for made in (held, free):
        mine.run(scenes.create, project_id=made.id)
        mine.run(projects.delete, id=made.id)
    late(database)
    with acting(
        database, "app", look(database, "select id from identity.users")[0][0]
    ) as conn:
        conn.execute("select from studio.projects where id = %s for update", [held.id])
        assert sweep(database) == 2
    assert sweep(database) == 2


def test_erasing_a_user_takes_all_of_it(database: Database, store: SyncStore) -> None:
    user_id = users.make(database)
    mine = store.user(user_id)
    made = mine.run(projects.create, title="The fox")
    mine.run(scenes.create, project_id=made.id)
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("delete from identity.users where id = %s", [user_id])
    assert look(database, "select from studio.projects") == []
    assert look(database, "select from studio.usages") == []


def test_the_sweep_has_the_purge(database: Database, store: SyncStore) -> None:
    mine = store.user(users.make(database))
    made = mine.run(projects.create, title="The fox")
    mine.run(projects.purge, id=made.id)
    with store.worker("mac-1") as conn:
        said: dict[str, int] = dict(
            conn.execute("select what, jobs from ops.sweep() where jobs > 0").fetchall()
        )
    assert said == {"deleted projects purged": 1}


# One statement each, in one transaction: what it wrote is counted before it commits.
WRITTEN = """
select relname, n_tup_ins + n_tup_upd + n_tup_del
from pg_stat_xact_user_tables
where schemaname = 'studio' and n_tup_ins + n_tup_upd + n_tup_del > 0
"""


def test_deleting_and_restoring_writes_a_row_of_each_however_much_hangs_under_it(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = store.user(user_id)
    made = mine.run(projects.create, title="The fox")
    for _ in range(5):
        mine.run(scenes.create_many, project_id=made.id, narrations=["a"] * 1000)
    for act in ("delete", "restore"):
        with psycopg.connect(database.admin_url) as conn:
            conn.execute("select identity.bind('renderstore_app', %s, '')", [user_id])
            conn.execute(f"select studio.{act}_project(%s)".encode(), [made.id])
            conn.execute("reset role")
            written: dict[str, int] = dict(conn.execute(WRITTEN).fetchall())
        assert written == {"projects": 1, "usages": 1}
