"""sql/queries/identity/plans.sql: what a user may use."""

from __future__ import annotations

import pytest
from tests.factories import look, users

from renderstore.errors import Invalid, NotAllowed, NotFound, StillReferenced, Taken
from renderstore.identity import plans
from renderstore.store import Store, SyncScope, SyncStore
from renderstore.testing import Database

DBA = "the tests' DBA"


def test_free_and_premium_are_there_from_the_start(store: SyncStore) -> None:
    found = store.readonly().run(plans.list, page_size=10)
    assert [plan.id for plan in found] == ["free", "premium"]
    free, premium = found
    assert (free.max_projects, premium.max_projects) == (10, None)
    assert premium.share > free.share


def test_an_administrator_makes_changes_and_deletes_a_plan(store: SyncStore) -> None:
    with store.admin(reason=DBA) as conn:
        made = plans.create(conn, id="studio", name="Studio", max_projects=3)
        assert (made.max_projects, made.max_daily_jobs, made.share) == (3, None, 1)
        changed = plans.update(
            conn,
            id="studio",
            name="Studio",
            max_projects=None,
            max_active_jobs=5,
            max_daily_jobs=None,
            max_stored_bytes=None,
            max_priority=7,
            keep_ended_jobs_days=1,
            keep_deleted_days=2,
            max_open_requests=3,
            max_daily_requests=4,
            max_daily_downloads=5,
            share=9,
        )
        assert plans.get(conn, id="studio") == changed
        assert (changed.max_projects, changed.max_active_jobs) == (None, 5)
        assert (changed.max_open_requests, changed.max_daily_downloads) == (3, 5)
        assert plans.delete(conn, id="studio") == 1
        assert plans.delete(conn, id="studio") == 0


def test_plans_come_in_pages(store: SyncStore) -> None:
    first = store.readonly().run(plans.list, page_size=1)
    rest = store.readonly().run(plans.list, after_id=first[-1].id, page_size=10)
    assert [plan.id for plan in first + rest] == ["free", "premium"]


def test_a_plan_that_somebody_has_stays(database: Database, store: SyncStore) -> None:
    users.make(database)
    with pytest.raises(StillReferenced, match="have this plan"):
        store.admin(reason=DBA).run(plans.delete, id="free")


def test_a_plans_id_is_taken_once(store: SyncStore) -> None:
    with pytest.raises(Taken, match="already a plan with this id"):
        store.admin(reason=DBA).run(plans.create, id="free", name="Another")


def test_a_plans_limits_are_checked(store: SyncStore) -> None:
    with pytest.raises(Invalid, match="share is 1 to 1000"):
        store.admin(reason=DBA).run(plans.create, id="greedy", name="G", share=1001)


def test_an_unknown_plan_is_not_found(store: SyncStore) -> None:
    with pytest.raises(NotFound):
        store.readonly().run(plans.get, id="gold")


def test_only_an_administrator_makes_plans(
    database: Database, store: Store[SyncScope]
) -> None:
    user_id = users.make(database)
    for scope in (
        store.user(user_id),
        store.auth(),
        store.worker("mac-1"),
        store.readonly(),
    ):
        with pytest.raises(NotAllowed):
            scope.run(plans.create, id="mine", name="Mine")
        with pytest.raises(NotAllowed):
            scope.run(plans.delete, id="premium")
    assert look(database, "select count(*) from identity.plans") == [(2,)]


def test_every_scope_but_a_worker_s_reads_plans(
    database: Database, store: Store[SyncScope]
) -> None:
    user_id = users.make(database)
    for scope in (
        store.user(user_id),
        store.auth(),
        store.readonly(),
    ):
        assert scope.run(plans.get, id="free").name == "Free"
    with pytest.raises(NotAllowed):
        store.worker("mac-1").run(plans.get, id="free")
