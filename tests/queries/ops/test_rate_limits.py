"""sql/queries/ops/rate_limits.sql: no window holds more than the limit, whoever asks at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest
from tests.factories import look, users

from renderstore.errors import Invalid, NotAllowed, NotFound, ScopeBroken, TakenTooLate
from renderstore.ops import limits, rate_limits, sweep
from renderstore.ops.rate_limits import Allowance
from renderstore.store import SyncStore, connect
from renderstore.testing import Database

Take = Callable[..., Allowance]


@pytest.fixture
def user(database: Database, store: SyncStore) -> UUID:
    store.admin(reason="tests").run(
        limits.set, endpoint="render.submit", max_requests=10, window_s=3600
    )
    return users.make(database)


@pytest.fixture
def take(store: SyncStore, user: UUID) -> Take:
    def taken(cost: int | None = None, endpoint: str = "render.submit") -> Allowance:
        return store.user(user).run(rate_limits.take, endpoint=endpoint, cost=cost)

    return taken


def later(database: Database, twelfths: int) -> None:
    look(
        database,
        "update ops.rate_limits set slot = slot - %(by)s returning 1",
        by=twelfths,
    )


def test_what_is_left_is_said(take: Take) -> None:
    assert [take().remaining for _ in range(3)] == [9, 8, 7]
    assert take(7).remaining == 0
    refused = take()
    assert (refused.is_allowed, refused.remaining) == (False, 0)
    assert refused.retry_after is not None
    assert timedelta(minutes=60) <= refused.retry_after <= timedelta(minutes=65)


def test_a_cost_of_nothing_only_looks(database: Database, take: Take) -> None:
    assert (take(0).is_allowed, take(0).remaining) == (True, 10)
    assert look(database, "select from ops.rate_limits") == []


def test_what_is_more_than_the_limit_never_comes(take: Take) -> None:
    refused = take(11)
    assert (refused.is_allowed, refused.remaining, refused.retry_after) == (
        False,
        10,
        None,
    )


def test_fifty_at_once_on_ten_let_ten_through(database: Database, user: UUID) -> None:
    def ask(_: int) -> Allowance:
        return store.user(user).run(rate_limits.take, endpoint="render.submit")

    with connect(database.url, size=20) as store, ThreadPoolExecutor(20) as several:
        taken = list(several.map(ask, range(50)))
    assert sum(each.is_allowed for each in taken) == 10
    assert look(database, "select used from ops.rate_limits") == [(10,)]


def test_a_count_is_kept_for_as_long_as_a_twelfth_may_still_grow(
    database: Database, store: SyncStore, take: Take
) -> None:
    store.admin(reason="tests").run(
        limits.set, endpoint="render.submit", max_requests=10, window_s=86400
    )
    take()
    kept = "select idle_at >= now() + interval '26 hours' from ops.rate_limits"
    assert look(database, kept) == [(True,)]


def test_a_refused_call_writes_nothing(database: Database, take: Take) -> None:
    take(10)
    row = "select xmin, ctid, * from ops.rate_limits"
    [before] = look(database, row)
    assert not take().is_allowed
    assert look(database, row) == [before]


def test_calls_whose_caller_fails_afterwards_stay_counted(
    store: SyncStore, user: UUID, take: Take
) -> None:
    for _ in range(10):
        assert take().is_allowed
        with suppress(ZeroDivisionError), store.user(user) as conn:
            conn.execute("select 1 / 1")
            raise ZeroDivisionError
    assert not take().is_allowed


def test_it_says_so_when_it_comes_after_other_work(
    database: Database, store: SyncStore, user: UUID
) -> None:
    admin = users.make(database, role="admin")
    with suppress(ScopeBroken), store.admin(admin) as conn:
        limits.set(conn, endpoint="other", max_requests=1, window_s=1)
        with pytest.raises(TakenTooLate, match="a transaction of its own"):
            rate_limits.take(conn, endpoint="other")


def test_the_window_slides(database: Database, take: Take) -> None:
    take(6)
    later(database, 6)
    take(4)
    later(database, 6)
    # A whole window after the first six they count still: it began within their twelfth.
    assert not take().is_allowed
    later(database, 1)
    assert take(6).is_allowed
    assert not take().is_allowed
    later(database, 100)
    assert take(10).is_allowed


def test_a_changed_limit_counts_at_once(store: SyncStore, take: Take) -> None:
    admin = store.admin(reason="tests")
    take(10)
    admin.run(limits.set, endpoint="render.submit", max_requests=12, window_s=3600)
    assert take(2).is_allowed
    admin.run(limits.set, endpoint="render.submit", max_requests=1, window_s=3600)
    assert (take().is_allowed, take(0).remaining) == (False, 0)
    admin.run(limits.set, endpoint="render.submit", max_requests=10, window_s=60)
    assert take(10).is_allowed
    assert admin.run(limits.delete, endpoint="render.submit") == 1
    with pytest.raises(NotFound, match=r"no limit 'render\.submit'"):
        take()


def test_a_user_takes_of_the_own_alone(
    database: Database, store: SyncStore, take: Take
) -> None:
    take(10)
    other = store.user(users.make(database))
    assert other.run(rate_limits.take, endpoint="render.submit").remaining == 9
    with other as conn:
        assert len(conn.execute("select * from ops.rate_limits").fetchall()) == 1
    for statement in (
        "delete from ops.rate_limits",
        "update ops.rate_limits set slot = 0",
        "update ops.limits set max_requests = 1000",
    ):
        with pytest.raises(NotAllowed), other as conn:
            conn.execute(statement.encode())


@pytest.mark.parametrize("cost", [-1, 1_000_001])
def test_a_cost_is_bounded(take: Take, cost: int) -> None:
    with pytest.raises(Invalid, match="counts for 0 to 1000000"):
        take(cost)


def test_idle_rows_are_swept(database: Database, store: SyncStore, take: Take) -> None:
    take()
    look(
        database,
        "update ops.rate_limits set idle_at = now() - interval '1 s' returning 1",
    )
    swept = store.worker("sweep").run(sweep)
    assert [each.jobs for each in swept if "rate limits" in each.what] == [1]
    assert look(database, "select from ops.rate_limits") == []
