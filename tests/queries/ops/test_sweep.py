"""ops.sweep: what is kept of each part, and what a part that fails leaves."""

from __future__ import annotations

import psycopg
from tests.factories import look

from renderstore import ops
from renderstore.store import SyncStore
from renderstore.testing import Database

BREAK = """
create or replace function ops.break_down(max_rows bigint) returns bigint language sql
return max_rows / {by}
"""


def kept(database: Database) -> dict[str, tuple[bool, str | None]]:
    """Of each part: whether it ran, and its problem."""
    rows = look(
        database,
        "select function_name, last_run_at is not null, problem from ops.sweep_parts",
    )
    return {name: (ran, problem) for name, ran, problem in rows}


def test_a_parts_problem_is_kept_until_it_works_again(
    database: Database, store: SyncStore
) -> None:
    sweeper = store.worker("sweeper")
    with psycopg.connect(database.admin_url, autocommit=True) as owner:
        owner.execute("set role renderstore_owner")
        owner.execute(BREAK.format(by="(0 * max_rows)").encode())
        owner.execute(
            "insert into ops.sweep_parts (position, what, function_name, is_urgent)"
            " values (1, 'broken', 'ops.break_down', false)"
        )
        swept = {each.what: each for each in sweeper.run(ops.sweep, max_rows=10)}
        assert (swept["broken"].jobs, swept["broken"].problem) == (
            0,
            "division by zero",
        )
        parts = kept(database)
        assert parts.pop("ops.break_down") == (True, "division by zero")
        assert set(parts.values()) == {(True, None)}
        owner.execute(BREAK.format(by="5").encode())
        swept = {each.what: each for each in sweeper.run(ops.sweep, max_rows=10)}
    assert (swept["broken"].jobs, swept["broken"].problem) == (2, None)
    assert set(kept(database).values()) == {(True, None)}
