"""A store over two farms: each scope is entered where it belongs, and who does not answer is named.

Generated from tests/api/aio/test_farms.py by `just generate`; do not edit.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection
from tests.factories import api_tokens, look
from tests.farms import Farms

from renderstore import errors, identity, render, retry, work
from renderstore._scope.sync.colour import sleep
from renderstore.identity import TokenRole, session_tokens
from renderstore.secrets import hash_token
from renderstore.store import FarmStore, connect, connect_farms
from renderstore.work import JobStatus

DBA = "the tests' DBA"
NOWHERE = "postgresql://web@127.0.0.1:1/farm"
SECRET = "rs_00000000_secret-of-a-test"


def opened(farms: Farms, **settings: Any) -> FarmStore:
    """A store over both."""
    return connect_farms(farms.home.url, farms.urls, **settings)


def who(conn: Connection[Any]) -> str:
    """Which database answers."""
    found = conn.execute("select current_database()").fetchone()
    assert found is not None
    return str(found[0])


def submit(conn: Connection[Any]) -> UUID:
    """A job."""
    made = render.jobs.submit(conn, template_path="/spot.aep", output_path="/spot.mov")
    return made.id


def end(conn: Connection[Any]) -> UUID:
    """A job that has ended, so that something happened."""
    made = submit(conn)
    work.jobs.cancel(conn, id=made)
    return made


@pytest.mark.parametrize("is_plain", [False, True])
def test_a_users_scope_is_entered_where_the_user_lives(
    farms: Farms, is_plain: bool
) -> None:
    near, far = farms.user(1), farms.user(2)
    with opened(farms, plain=is_plain) as store:
        for _ in range(2):
            assert store.user(near).run(who) == farms.home.name
            assert store.user(far).run(who) == farms.far.name
            with store.user(far) as conn:
                submit(conn)
            with store.user(far).reading().serializable() as conn:
                assert who(conn) == farms.far.name
        assert (store.of(far)) is store.at(2)
        assert (store.of(near)) is store.home
    owner = "select count(*) from work.jobs where user_id = %(id)s"
    assert look(farms.far, owner, id=far) == [(2,)]
    assert look(farms.home, owner, id=far) == [(0,)]


@pytest.mark.parametrize("is_plain", [False, True])
def test_who_moved_is_found_again(farms: Farms, is_plain: bool) -> None:
    user = farms.user(2)
    with opened(farms, plain=is_plain) as store:
        assert store.user(user).run(who) == farms.far.name
        farms.settle(user, 1)
        assert store.user(user).run(who) == farms.home.name
        farms.settle(user, 2)
        if not is_plain:  # the plain way asks when a scope is entered
            # What a scope has lent cannot be another farm's: it costs one error.
            with pytest.raises(errors.WrongFarm) as caught:
                with store.user(user) as conn:
                    who(conn)
            assert caught.value.farm_id == 2
        with store.user(user) as conn:
            assert who(conn) == farms.far.name
        farms.settle(user, 1)

        def again() -> str:
            with store.user(user) as conn:
                return who(conn)

        assert retry(again) == farms.home.name


def test_addresses_that_are_swapped_are_one_error(farms: Farms) -> None:
    user = farms.user(2)
    with connect_farms(farms.home.url, {1: farms.far.url, 2: farms.home.url}) as store:
        with pytest.raises(errors.WrongFarm, match="lives on farm 2, and this is"):
            store.user(user).run(who)


def test_a_farm_that_nobody_named_is_a_sentence(farms: Farms) -> None:
    user = farms.user(2)
    with connect_farms(farms.home.url, {1: farms.home.url}) as store:
        with pytest.raises(errors.Misconfigured, match="knows no farm 2, only 1"):
            store.user(user).run(who)
        with pytest.raises(errors.Misconfigured, match="knows no farm 7"):
            store.at(7)


def test_one_machine_is_home_and_farm_1(farms: Farms) -> None:
    user = farms.user(1)
    with connect_farms(farms.home.url) as store:
        assert store.user(user).run(who) == farms.home.name
        assert store.at(1) is store.home
        assert store.user(uuid4()).run(who) == farms.home.name


def test_sign_in_and_users_are_homes(farms: Farms) -> None:
    with opened(farms) as store:
        assert store.auth().run(who) == farms.home.name
        with store.admin(reason=DBA) as conn:
            made = identity.users.create(
                conn, email="new@example.org", name=None, role=None, plan_id=None
            )
        session = store.auth().run(
            session_tokens.issue, user_id=made.id, lifetime=timedelta(days=1)
        )
        checked = store.auth().run(
            session_tokens.check, token_hash=hash_token(session.secret)
        )
        assert checked.user_id == made.id
        with pytest.raises(errors.NotHome, match="written at home, and this is farm 2"):
            (
                store.at(2)
                .admin(reason=DBA)
                .run(
                    identity.users.create,
                    email="other@example.org",
                    name=None,
                    role=None,
                    plan_id=None,
                )
            )
        for given in ({}, {"user_id": made.id, "reason": DBA}):
            with pytest.raises(errors.Misconfigured, match="takes an administrator"):
                store.admin(**given)  # type: ignore[call-overload]  # pyright: ignore


def test_an_administrators_function_follows_the_user(farms: Farms) -> None:
    boss = farms.user(1, role="admin")
    user = farms.user(2)
    with opened(farms) as store:
        for scope in (store.admin(reason=DBA), store.admin(boss)):
            submitted = scope.run(
                render.jobs.submit,
                template_path="/spot.aep",
                output_path="/spot.mov",
                user_id=user,
            )
            assert look(
                farms.far,
                "select user_id from work.jobs where id = %(id)s",
                id=submitted.id,
            ) == [(user,)]
        with pytest.raises(errors.NotAnAdministrator):
            store.admin(user).run(who)


@pytest.mark.parametrize("is_plain", [False, True])
def test_a_token_is_checked_at_home_and_acts_where_its_user_lives(
    farms: Farms, is_plain: bool
) -> None:
    for number in (1, 2):
        user = farms.user(number)
        secret = SECRET + str(user)
        token = api_tokens.make(
            farms.home,
            token_hash=hash_token(secret),
            roles=[TokenRole.USER],
            service=None,
            user_id=user,
            for_user_id=user,
        )
        with opened(farms, plain=is_plain) as store:
            assert store.token(secret).run(who) == farms.database(number).name
            with store.token(secret) as conn:
                end(conn)
            with pytest.raises(errors.TokenRefused):
                store.token(secret, user_id=uuid4()).run(who)
        assert look(farms.database(number), "select actor from work.events") == [
            (f"token:{token}",)
        ]
        used = "select last_used_at is not null from identity.api_tokens"
        assert look(farms.home, f"{used} where id = %(id)s", id=token) == [(True,)]


def test_a_services_token_acts_for_a_user_on_any_farm(farms: Farms) -> None:
    user = farms.user(2)
    api_tokens.make(farms.home, token_hash=hash_token(SECRET), roles=[TokenRole.USER])
    with opened(farms) as store:
        scope = store.token(SECRET, user_id=user)
        assert scope.run(who) == farms.far.name
        with pytest.raises(errors.TokenRefused, match="name one"):
            store.token(SECRET).run(who)


def test_home_may_be_away(farms: Farms) -> None:
    user = farms.user(2)
    with connect_farms(NOWHERE, {1: NOWHERE, 2: farms.far.url}) as store:
        assert store.user(user).run(who) == farms.far.name
        with pytest.raises(errors.Unreachable):
            store.user(uuid4()).run(who)


def test_each_farm_is_asked_and_who_is_away_is_named(farms: Farms) -> None:
    with connect_farms(farms.home.url, {**farms.urls, 3: NOWHERE}, timeout=1) as store:
        found = store.each(lambda farm: farm.readonly().run(who))
        assert found.by_farm == {1: farms.home.name, 2: farms.far.name}
        assert [*found.away] == [3]
        assert "cannot be reached" in found.away[3]
        with pytest.raises(errors.NotFound):
            store.each(
                lambda farm: farm.admin(reason=DBA).run(identity.users.get, id=uuid4())
            )
        # What a question's own fault is, is raised.
        problems = store.list_problems(reason=DBA, page_size=10)
        assert problems.by_farm == {1: [], 2: []}
        assert [*problems.away] == [3]
        health = store.health()
        assert [name for name, _ in health.nodes] == [
            "farm 1, home",
            "farm 2",
            "farm 3",
        ]
        assert health.farms[3].problem is not None
        assert health.exit_status == 2
        assert any(each.startswith("farm 3: ") for each in health.reasons)


def test_lists_are_merged_with_a_cursor_a_farm(farms: Farms) -> None:
    people = [farms.user(1), farms.user(2), farms.user(2)]
    ids: list[object] = []
    with opened(farms) as store:
        for number in range(21):
            made = store.user(people[number % 3]).run(
                render.jobs.submit, template_path="/a.aep", output_path="/a.mov"
            )
            ids.append(made.id)
        seen: list[object] = []
        after: Any = None
        while True:
            page = store.page(
                lambda farm, before, size: farm.admin(reason=DBA).run(
                    work.jobs.list_all_by_status,
                    status=JobStatus.QUEUED,
                    before_id=before,
                    page_size=size,
                ),
                cursor=lambda job: job.id,
                newest_first=True,
                after=after,
                page_size=4,
            )
            assert page.away == {}
            if not page.rows:
                break
            seen += [each.row.id for each in page.rows]
            after = page.cursors
    assert seen == ids[::-1]


def test_events_of_all_farms_are_read_on_with_a_cursor_a_farm(
    farms: Farms,
) -> None:
    people = {1: farms.user(1), 2: farms.user(2)}
    ended: list[object] = []
    read: list[object] = []
    again: list[object] = []
    cursors: dict[int, int] = {}
    with opened(farms) as store:
        for turn in range(3):
            for number in (1, 2, 2):
                with store.user(people[number]) as conn:
                    ended.append((number, end(conn)))
            if turn == 1:
                # Farm 2 goes away, and comes back.
                with connect_farms(
                    farms.home.url, {1: farms.home.url, 2: NOWHERE}, timeout=1
                ) as lame:
                    page = lame.list_events_after(cursors, page_size=100)
                    assert [*page.away] == [2]
                cursors = {**page.cursors}
                read += [(each.farm_id, each.row.job_id) for each in page.rows]
        # Other tests' transactions may hold an event back for a while.
        while len(read) < len(ended):
            page = store.list_events_after(cursors, page_size=100)
            assert page.away == {}
            cursors = {**page.cursors}
            read += [(each.farm_id, each.row.job_id) for each in page.rows]
            sleep(0.02)
        # Farm by farm, nothing is passed over however small the pages are.
        cursors = {}
        while (page := store.list_events_after(cursors, page_size=2)).rows:
            cursors = {**page.cursors}
            again += [(each.farm_id, each.row.job_id) for each in page.rows]
    assert sorted(read, key=str) == sorted(ended, key=str)
    assert again == ended


def test_a_store_of_one_node_names_the_right_farm(farms: Farms) -> None:
    user = farms.user(2)
    with connect(farms.home.url) as store:
        with pytest.raises(errors.WrongFarm) as caught:
            store.user(user).run(work.usages.get, user_id=user)
        assert caught.value.farm_id == 2
