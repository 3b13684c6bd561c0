"""retry: what lost a race is run again, and nothing else.

Generated from tests/api/aio/test_retry.py by `just generate`; do not edit.
"""

from __future__ import annotations

import psycopg.errors as pg
import pytest
from tests.colours.sync import all_at_once

from renderstore import errors, retry
from renderstore._scope.sync.colour import sleep
from renderstore.store import connect
from renderstore.testing import Database


def test_a_lost_race_is_run_again() -> None:
    raised: list[Exception] = [
        pg.SerializationFailure(),
        errors.Conflict("x"),
        pg.DeadlockDetected(),
    ]

    def work() -> str:
        if raised:
            raise raised.pop()
        return "done"

    assert retry(work) == "done"


def test_a_race_that_is_lost_every_time_is_raised() -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise pg.SerializationFailure

    with pytest.raises(pg.SerializationFailure):
        retry(work, attempts=3)
    assert len(tries) == 3


def test_another_error_is_not_run_again() -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise errors.Taken("x")

    with pytest.raises(errors.Taken):
        retry(work)
    assert len(tries) == 1


def test_two_serializable_transactions_both_succeed(database: Database) -> None:
    met = [0, 0]
    with connect(database.url) as store:

        def work(number: int) -> None:
            def once() -> None:
                with store.admin(reason="test").serializable() as conn:
                    conn.execute("select count(*) from identity.users")
                    met[number] += 1
                    # Until the other one has looked too, and so has lost one of them.
                    while not all(met):
                        sleep(0.01)
                    conn.execute(
                        "insert into identity.users (name) values (%s)", (str(number),)
                    )

            retry(once)

        assert all_at_once(2, work) == []
        with store.readonly() as conn:
            found = conn.execute("select count(*) from identity.users")
            assert found.fetchone() == (2,)
    assert sum(met) == 3
