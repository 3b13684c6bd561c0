"""What the trail costs: audited writes beside the same ones in a database whose triggers were taken away.

    just bench audit [--rounds 7] [--smoke]

Both ways run in turn, in one run; what counts is the ratio within a round.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import psycopg
from bench.ground import Ground, ground
from bench.rounds import Promise, asked, compare

from renderstore import connect, studio
from renderstore.testing import Database

Transaction = AbstractContextManager[psycopg.Connection[Any]]

ROWS = 10_000
CHANGES = 300
UNWATCH = """
do $$
declare
    watched record;
begin
    for watched in
        select t.tgname, t.tgrelid::regclass as watched
        from pg_trigger as t
        join pg_proc as p on p.oid = t.tgfoid
        where p.proname like 'note\\_%' and p.pronamespace = 'audit'::regnamespace
    loop
        execute format('drop trigger %I on %s', watched.tgname, watched.watched);
    end loop;
end
$$
"""
FILL = """
with one as (
    insert into identity.users (email, plan_id) values ('a@example.org', 'premium') returning id
), project as (
    insert into studio.projects (user_id, title) select id, 'One' from one returning user_id, id
)
select user_id, id from project
"""
SCENES = """
insert into studio.scenes (user_id, project_id, position, narration, duration_ms)
select %s, %s, n, 'Scene ' || n, n from generate_series(1, %s) as n
"""


def changes(place: Ground, rounds: int, scale: float) -> bool:
    """Single changes through a scope, and ten thousand rows in a statement."""
    ways: dict[str, Callable[[], float]] = {}
    with ExitStack() as stack:
        for name in ("audited", "bare"):
            database = stack.enter_context(place.lent(place.server.clone()))
            ways |= _ways(stack, database, name, scale)
        return compare(
            f"Writes, {ROWS * scale:,.0f} rows a statement",
            ways,
            [
                Promise("one update, audited", "one update, bare", at_most=1.6),
                Promise("update of many, audited", "update of many, bare", at_most=2.5),
                Promise("insert of many, audited", "insert of many, bare", at_most=2.5),
            ],
            rounds=rounds,
            unit="ms",
        )


def _ways(
    stack: ExitStack, database: Database, name: str, scale: float
) -> dict[str, Callable[[], float]]:
    rows, single = int(ROWS * scale), int(CHANGES * scale)
    owner = stack.enter_context(psycopg.connect(database.admin_url, autocommit=True))
    if name == "bare":
        owner.execute(UNWATCH.encode())
    row = owner.execute(FILL.encode()).fetchone()
    assert row is not None
    user_id, project_id = row
    store = stack.enter_context(connect(database.url))
    scope = store.user(user_id)
    title = 0

    def one() -> float:
        nonlocal title
        start = time.perf_counter()
        for _ in range(single):
            title += 1
            scope.run(
                studio.projects.update,
                id=project_id,
                title=f"Title {title}",
                source_text=None,
                config={},
            )
        return (time.perf_counter() - start) * 1000 / single

    def prepare(wanted: int) -> None:
        owner.execute("delete from studio.scenes")
        owner.execute(SCENES.encode(), [user_id, project_id, wanted])
        owner.execute("vacuum analyze studio.scenes, audit.entries")

    def timed(transaction: Transaction, statement: str, *values: object) -> float:
        """To the end of its commit."""
        with transaction as conn:
            start = time.perf_counter()
            done = conn.execute(statement.encode(), values).rowcount
        assert done == rows, done
        return (time.perf_counter() - start) * 1000

    def insert() -> float:
        prepare(0)
        return timed(owners(), SCENES, user_id, project_id, rows)

    def update() -> float:
        prepare(rows)
        return timed(scope, "update studio.scenes set duration_ms = duration_ms + 1")

    def delete() -> float:
        prepare(rows)
        return timed(owners(), "delete from studio.scenes")

    def owners() -> Transaction:
        return psycopg.connect(database.admin_url)

    return {
        f"one update, {name}": one,
        f"insert of many, {name}": insert,
        f"update of many, {name}": update,
        f"delete of many, {name}": delete,
    }


def main() -> None:
    """Run it; fail where a promise was not kept."""
    what = asked(__doc__)
    with ground() as place:
        kept = changes(place, what.rounds, 0.01 if what.is_smoke else 1)
    sys.exit(not what.is_smoke and not kept)


if __name__ == "__main__":
    main()
