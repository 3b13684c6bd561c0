"""The wrong farm is a door too: whoever is asked for a user who lives elsewhere says where, and never that there is nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import TupleRow
from tests.api.vocabulary import SYNC, arguments
from tests.factories import api_tokens, job, users
from tests.farms import Farms

from renderstore import media, render, retry, studio, work
from renderstore.errors import (
    NotAllowed,
    NotFound,
    TokenRefused,
    UserUnknownHere,
    WrongFarm,
)
from renderstore.identity import TokenRole
from renderstore.render.jobs import ListedJob
from renderstore.secrets import hash_token
from renderstore.store import FarmStore, SyncStore, connect_farms

DBA = "the tests' DBA"
SECRET = "rs_00000000_secret-of-a-test"

# What is asked for one user, but for what is home's.
FOR_A_USER = {
    name: function
    for name, function in SYNC.items()
    if "user_id" in inspect.signature(function).parameters
    and not name.startswith("renderstore.identity.")
}
# The trail is a node's own, as it was written there.
NODES = {"renderstore.audit.entries.list_by_user"}


@pytest.fixture
def store(farms: Farms) -> Generator[FarmStore]:
    with connect_farms(farms.home.url, farms.urls) as made:
        yield made


@pytest.mark.parametrize("here", [1, 2])
def test_every_function_for_a_user_names_the_farm_where_the_user_lives(
    farms: Farms, store: FarmStore, here: int
) -> None:
    there = 3 - here
    user_id = farms.user(there)
    admin = store.at(here).admin(reason=DBA)
    named: dict[str, int | None] = {}
    answered: dict[str, object] = {}
    for name, function in FOR_A_USER.items():
        try:
            given = arguments(function) | {"user_id": user_id}
            answered[name] = admin.run(function, **given)
        except WrongFarm as moved:
            named[name] = moved.farm_id
        except NotAllowed:
            continue  # a worker's
    assert answered.keys() == NODES, "at the wrong farm these answer"
    assert set(named.values()) == {there}
    assert len(named) > 60
    for usages in (work.usages, media.usages, studio.usages):
        with pytest.raises(WrongFarm):
            store.at(here).readonly().run(usages.get, user_id=user_id)


def test_two_users_on_two_farms_meet_through_no_door(
    farms: Farms, store: FarmStore
) -> None:
    people = {number: farms.user(number) for number in (1, 2)}
    jobs = {
        number: job(farms.database(number), "queued", user_id=user_id).id
        for number, user_id in people.items()
    }
    for number, user_id in people.items():
        other = people[3 - number]
        api_tokens.make(
            farms.home,
            token_hash=hash_token(SECRET + str(number)),
            roles=[TokenRole.USER],
            service=None,
            user_id=user_id,
            for_user_id=user_id,
        )
        token = store.token(SECRET + str(number))
        for scope in (store.user(user_id), store.user(user_id).reading(), token):
            seen = scope.run(render.jobs.list, page_size=10)
            assert [each.id for each in seen] == [jobs[number]]
        for scope in (store.user(user_id), token):
            for function in (work.jobs.get, work.jobs.cancel, work.jobs.delete):
                with pytest.raises(NotFound):
                    scope.run(function, id=jobs[3 - number])
            with pytest.raises(NotFound):
                scope.run(work.usages.get, user_id=other)
            with pytest.raises(NotAllowed):
                scope.run(work.jobs.cancel, id=jobs[3 - number], user_id=other)
        with pytest.raises(TokenRefused):
            store.token(SECRET + str(number), user_id=other).run(
                render.jobs.list, page_size=1
            )
        # A list of all farms is no user's.
        with pytest.raises(WrongFarm):
            store.page(own_jobs(user_id), cursor=lambda each: each.id, page_size=10)


def own_jobs(
    user_id: UUID,
) -> Callable[[SyncStore, UUID | None, int], list[ListedJob]]:
    """What is asked of each farm for one user."""

    def ask(farm: SyncStore, after: UUID | None, size: int) -> list[ListedJob]:
        return farm.user(user_id).run(render.jobs.list, before_id=after, page_size=size)

    return ask


def test_a_connection_that_served_a_user_refuses_once_the_user_moved(
    farms: Farms,
) -> None:
    user_id = farms.user(2)
    with connect_farms(farms.home.url, farms.urls, size=1) as store:
        for scope in (store.user(user_id), store.at(2).user(user_id)):
            assert scope.run(render.jobs.list, page_size=1) == []
        farms.settle(user_id, 1)
        with pytest.raises(WrongFarm):
            store.at(2).user(user_id).run(render.jobs.list, page_size=1)
        assert store.user(user_id).run(whereabouts) == farms.home.name


def whereabouts(conn: psycopg.Connection[TupleRow]) -> str:
    [(name,)] = conn.execute("select current_database()").fetchall()
    return str(name)


def test_nothing_is_no_answer_about_somebody_of_whom_a_farm_has_not_heard(
    farms: Farms, store: FarmStore
) -> None:
    nobody = uuid4()
    far = store.at(2)
    for scope in (far.user(nobody), far.user(nobody).reading()):
        with pytest.raises(UserUnknownHere, match="Farm 2 does not know this user"):
            scope.run(render.jobs.list, page_size=1)
    with pytest.raises(UserUnknownHere):
        far.admin(reason=DBA).run(work.pauses.pause_user, user_id=nobody)
    # Home knows everybody, so there it is as on one machine.
    assert store.user(nobody).run(render.jobs.list, page_size=1) == []


def test_who_is_new_has_arrived_when_it_is_tried_again(
    farms: Farms, store: FarmStore
) -> None:
    user_id = users.make(farms.home, farm_id=2)
    tries: list[UUID] = []

    def submit() -> UUID:
        if tries:
            farms.replicate()
        tries.append(user_id)
        with store.user(user_id) as conn:
            return render.jobs.submit(
                conn, template_path="/a.aep", output_path="/a.mov"
            ).id

    made = retry(submit)
    assert len(tries) == 2
    assert store.user(user_id).run(work.jobs.get, id=made).id == made
