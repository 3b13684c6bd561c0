"""Limits of a plan hold exactly, however many submit at once and by whatever statement."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest
from tests.factories import look, registered

from renderstore import errors, render, work
from renderstore.store import SyncStore, connect
from renderstore.testing import Database

from .queueing import Conn, change, in_threads, submit, user

SUBMITTERS = 50
EACH = 4
LIMIT = 60


def by_function(conn: Conn, _: UUID) -> None:
    render.jobs.submit(conn, template_path="/a.aep", output_path="/b.mov")


def by_view(conn: Conn, user_id: UUID) -> None:
    conn.execute(
        "insert into render.jobs (user_id, template_path, output_path)"
        " values (%s, '/a.aep', '/b.mov')",
        [user_id],
    )


def by_bulk(conn: Conn, _: UUID) -> None:
    render.jobs.submit_many(conn, template_paths=["/a.aep"], output_paths=["/b.mov"])


SUBMITS = [by_function, by_view, by_bulk]
Submit = Callable[[Conn, UUID], None]


def accepted(database: Database, owner: UUID, act: Submit) -> int:
    """How many of the submissions of many at once were accepted."""
    counts = [0] * SUBMITTERS
    with connect(database.url, size=SUBMITTERS) as store:

        def ask(number: int) -> None:
            for _ in range(EACH):
                try:
                    with store.user(owner) as conn:
                        act(conn, owner)
                except (errors.QuotaExceeded, psycopg.Error) as error:
                    refused(error)
                else:
                    counts[number] += 1

        in_threads(SUBMITTERS, ask)
    return sum(counts)


def refused(error: Exception) -> str:
    """What the refusal of a quota said."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    assert isinstance(cause, psycopg.Error)
    assert cause.sqlstate == "RS007", error
    return str(error)


def jobs_of(database: Database, owner: UUID) -> int:
    rows = look(
        database,
        "select count(*) from work.jobs where user_id = %(owner)s",
        owner=owner,
    )
    return int(rows[0][0])


def use(database: Database, owner: UUID) -> tuple[int, int]:
    """Active and daily jobs, as they are counted; nothing is before the first."""
    rows = look(
        database,
        "select active_jobs, daily_jobs from work.usages where user_id = %(owner)s",
        owner=owner,
    )
    return (rows[0][0], rows[0][1]) if rows else (0, 0)


@pytest.mark.parametrize("act", SUBMITS)
@pytest.mark.parametrize("limit", ["max_active_jobs", "max_daily_jobs"])
def test_fifty_submitters_at_once_get_exactly_the_limit(
    database: Database, act: Submit, limit: str
) -> None:
    owner = user(database, **{limit: LIMIT})
    assert accepted(database, owner, act) == LIMIT
    assert jobs_of(database, owner) == LIMIT


def test_ends_make_room_for_as_many(database: Database, store: SyncStore) -> None:
    owner = user(database, max_active_jobs=LIMIT)
    submit(database, owner, LIMIT)
    with registered(store, "ending") as conn:
        ended = work.jobs.claim(conn, limit=7)
        work.jobs.finish_many(
            conn,
            user_ids=[job.user_id for job in ended],
            ids=[job.id for job in ended],
            attempts=[job.attempt for job in ended],
        )
    assert accepted(database, owner, by_function) == 7
    assert use(database, owner)[0] == LIMIT


def test_what_is_cancelled_or_deleted_makes_room_too(
    database: Database, store: SyncStore
) -> None:
    owner = user(database, max_active_jobs=3)
    first, second, _ = submit(database, owner, 3)
    with store.user(owner) as conn:
        work.jobs.cancel(conn, id=first, reason=None)
        work.jobs.delete(conn, id=second)
    with store.user(owner) as conn:
        by_function(conn, owner)
        by_function(conn, owner)
    with pytest.raises(errors.QuotaExceeded), store.user(owner) as conn:
        by_function(conn, owner)


def test_an_ended_job_that_is_tried_again_is_charged(
    database: Database, store: SyncStore
) -> None:
    owner = user(database, max_active_jobs=1)
    [job_id] = submit(database, owner)
    with store.user(owner) as conn:
        work.jobs.cancel(conn, id=job_id, reason=None)
    with store.user(owner) as conn:
        by_function(conn, owner)
    with pytest.raises(errors.QuotaExceeded), store.user(owner) as conn:
        work.jobs.try_again(conn, id=job_id)


def test_an_idempotent_repeat_is_free(database: Database, store: SyncStore) -> None:
    owner = user(database, max_active_jobs=1, max_daily_jobs=1)
    ids: set[UUID] = set()
    for _ in range(5):
        with store.user(owner) as conn:
            job = render.jobs.submit(
                conn,
                template_path="/a.aep",
                output_path="/b.mov",
                idempotency_key="once",
            )
        assert job is not None
        ids.add(job.id)
    assert len(ids) == 1
    assert use(database, owner) == (1, 1)


def test_bulk_is_all_or_nothing(database: Database, store: SyncStore) -> None:
    owner = user(database, max_active_jobs=LIMIT)

    def bulk(conn: Conn, jobs: int) -> None:
        conn.execute(
            "insert into render.jobs (user_id, template_path, output_path)"
            " select %s, '/a.aep', '/b.mov' from generate_series(1, %s)",
            [owner, jobs],
        )

    with pytest.raises(errors.QuotaExceeded) as caught, store.user(owner) as conn:
        bulk(conn, LIMIT + 1)
    refused(caught.value)
    assert jobs_of(database, owner) == 0
    assert use(database, owner) == (0, 0)
    with store.user(owner) as conn:
        bulk(conn, LIMIT)
    assert jobs_of(database, owner) == LIMIT


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (
            {"max_active_jobs": 2},
            r"allows 2 jobs to wait or run at once; 2 do and 1 more were asked for",
        ),
        (
            {"max_daily_jobs": 2},
            r"allows 2 jobs a day; 2 were submitted today and 1 more were asked for",
        ),
    ],
)
def test_a_refusal_names_the_limit_and_the_use(
    database: Database, store: SyncStore, limits: dict[str, object], said: str
) -> None:
    owner = user(database, **limits)
    submit(database, owner, 2)
    with pytest.raises(errors.QuotaExceeded, match=said), store.user(owner) as conn:
        by_function(conn, owner)


def test_a_priority_above_the_plan_is_refused(
    database: Database, store: SyncStore
) -> None:
    owner = user(database, max_priority=5)
    said = r"up to 5; 6 was asked"
    with pytest.raises(errors.QuotaExceeded, match=said), store.user(owner) as conn:
        render.jobs.submit(
            conn, template_path="/a.aep", output_path="/b.mov", priority=6
        )
    [job_id] = submit(database, owner)
    with pytest.raises(errors.QuotaExceeded), store.user(owner) as conn:
        work.jobs.set_priority(conn, id=job_id, priority=6)


def set_counted_on(database: Database, owner: UUID, days: int) -> None:
    change(
        database,
        "update work.usages set counted_on = (now() at time zone 'utc')::date + %(days)s"
        " where user_id = %(owner)s",
        owner=owner,
        days=days,
    )


def test_a_day_begins_at_midnight_in_utc(database: Database, store: SyncStore) -> None:
    owner = user(database, max_daily_jobs=2)
    submit(database, owner, 2)
    set_counted_on(database, owner, -1)
    with store.user(owner) as conn:
        conn.execute("set local timezone = 'Pacific/Kiritimati'")
        by_function(conn, owner)
    [row] = look(
        database,
        "select daily_jobs, counted_on = (now() at time zone 'utc')::date"
        " from work.usages where user_id = %(owner)s",
        owner=owner,
    )
    assert row == (1, True)


def test_a_transaction_from_before_midnight_does_not_bring_yesterday_back(
    database: Database, store: SyncStore
) -> None:
    owner = user(database, max_daily_jobs=2)
    submit(database, owner, 2)
    # The day has begun for others; this transaction's now() is still yesterday's.
    set_counted_on(database, owner, 1)
    with pytest.raises(errors.QuotaExceeded), store.user(owner) as conn:
        by_function(conn, owner)


@pytest.mark.parametrize("status", ["suspended", "deactivated"])
@pytest.mark.parametrize("act", SUBMITS)
def test_who_is_not_active_submits_nothing(
    database: Database, act: Submit, status: str
) -> None:
    owner = user(database)
    change(
        database,
        "update identity.users set status = %(status)s where id = %(owner)s",
        owner=owner,
        status=status,
    )
    with (
        connect(database.url, size=1) as store,
        pytest.raises((errors.Error, psycopg.Error)) as caught,
        store.user(owner) as conn,
    ):
        act(conn, owner)
    assert re.search(status, str(caught.value))
    assert jobs_of(database, owner) == 0


def test_bulk_submissions_of_the_same_keys_in_any_order_do_not_meet_head_on(
    database: Database,
) -> None:
    owner = user(database)
    keys = [f"key {n}" for n in range(50)]
    with connect(database.url, size=2) as store:

        def bulk(number: int) -> None:
            mine = keys if number else keys[::-1]
            for nth in range(10):
                with store.user(owner) as conn:
                    conn.execute(
                        "select * from render.submit_many("
                        " %s, %s, idempotency_keys => %s)",
                        [
                            ["/b.mov"] * len(mine),
                            ["/a.aep"] * len(mine),
                            [f"{key} of {nth}" for key in mine],
                        ],
                    )

        in_threads(2, bulk)
    assert jobs_of(database, owner) == 500
