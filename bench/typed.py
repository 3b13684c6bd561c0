"""What a typed function costs beside the same statement in raw psycopg.

Both sides run the same text on the same connection, so that preparing is the same for
both, and so is what psycopg makes of a value (UUIDs, times, our registered enums). Raw
psycopg gives tuples; a typed function makes a row of each and translates errors.
Rounds are interleaved, and what counts is the median ratio of neighbouring rounds.
"""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import psycopg

from renderstore import identity, register
from renderstore._queries import load
from renderstore.testing.servers import Database, running_server

ROUNDS = 301


@dataclass(frozen=True, slots=True)
class Case:
    """Two ways to run one statement, and what the typed one may cost."""

    name: str
    raw: Callable[[], object]
    typed: Callable[[], object]
    calls: int  # a round
    limit: float


def seconds(call: Callable[[], object], times: int) -> float:
    """The mean wall time of a call."""
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def measure(case: Case) -> tuple[float, float, float]:
    """Medians: raw seconds, typed seconds, and the ratio of neighbours.

    Neighbours share what else the machine does at that moment; the medians of each side
    alone do not, and drift apart on a busy one.
    """
    raw: list[float] = []
    typed: list[float] = []
    for number in range(ROUNDS):
        pair = [(case.raw, raw), (case.typed, typed)]
        for call, found in pair if number % 2 else reversed(pair):
            found.append(seconds(call, case.calls))
    ratios = [b / a for a, b in zip(raw, typed, strict=True)]
    return statistics.median(raw), statistics.median(typed), statistics.median(ratios)


def fill(database: Database) -> UUID:
    """A thousand users, and the id of one."""
    with psycopg.connect(database.owner_url) as conn:
        conn.execute("set local role renderstore_owner")
        found = conn.execute(
            "insert into identity.users (email, name, plan_id)"
            " select 'user' || n || '@example.org', 'User ' || n,"
            " (select id from identity.plans order by id limit 1)"
            " from generate_series(1, 1000) as n returning id"
        ).fetchone()
        conn.execute("analyze identity.users")
    assert found is not None
    return UUID(str(found[0]))


def cases(conn: psycopg.Connection, id: UUID) -> list[Case]:
    """One row by its key, and a thousand of them."""
    statements = load("identity", "users")
    get, page = statements["get"].sql, statements["list"].sql
    one = {"id": id}
    many = {"after_id": None, "page_size": 1000}
    return [
        Case(
            "1 row",
            lambda: conn.execute(get, one).fetchone(),
            lambda: identity.users.get(conn, id=id),
            15,
            1.15,
        ),
        Case(
            "1,000 rows",
            lambda: conn.execute(page, many).fetchall(),
            lambda: identity.users.list(conn, page_size=1000),
            1,
            1.25,
        ),
    ]


def main() -> None:
    """Print the ratios; fail where one is above what was promised."""
    failed = False
    with running_server() as server:
        database = server.clone()
        user_id = fill(database)
        with psycopg.connect(database.owner_url, autocommit=True) as conn:
            register(conn)
            conn.execute("set role renderstore_owner")
            for case in cases(conn, user_id):
                seconds(case.raw, 20)
                seconds(case.typed, 20)
                raw, typed, ratio = measure(case)
                failed |= ratio > case.limit
                print(
                    f"{case.name:>10}  raw {raw * 1e6:8.1f} µs  typed {typed * 1e6:8.1f} µs"
                    f"  x{ratio:.3f} (at most x{case.limit})"
                )
        server.drop(database)
    sys.exit(failed)


if __name__ == "__main__":
    main()
