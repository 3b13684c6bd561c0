"""Ops' figures: what a check that finds nothing new and a take of a rate limit cost beside bare statements.

    just bench ops [case…] [--rounds 15] [--smoke]

Every call is committed. Both ways run in turn, in one run; what counts is the ratio within a round.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import psycopg
from bench.ground import Ground, ground, sync_cost
from bench.rounds import Promise, asked, compare

from renderstore import connect, ops
from renderstore.ops import ServiceState

CALLS = 100
BARE = """
create table bare_services (id text primary key, state text not null, checked_at timestamptz);
insert into bare_services values ('plex', 'up', now());
create table bare_limits (user_id uuid, endpoint text, n bigint not null, primary key (user_id, endpoint));
insert into identity.users (email) values ('a@example.org');
insert into ops.limits (endpoint, max_requests, window_s) values ('render.submit', 2000000000, 3600);
update ops.services set url = 'http://plex:32400' where id = 'plex'
"""
UPDATE = "update bare_services set checked_at = clock_timestamp() where id = %s"
UPSERT = """
insert into bare_limits as b (user_id, endpoint, n)
values (%s, %s, 1)
on conflict (user_id, endpoint) do update
set n = b.n + 1
"""
CHECK = "select ops.record_check(%s, 'up', 12)"


def _took(call: Callable[[], object]) -> float:
    """Microseconds a call."""
    start = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - start) / CALLS * 1e6


def check(place: Ground, rounds: int) -> bool:
    """A check that finds what the last one found, against a bare update."""
    database = place.server.clone()
    with (
        place.lent(database),
        psycopg.connect(database.admin_url, autocommit=True) as owner,
        psycopg.connect(place.worker_url(database), autocommit=True) as login,
        connect(database.url) as store,
    ):
        owner.execute(BARE.encode())
        worker = store.worker("bench")

        def typed() -> object:
            return worker.run(
                ops.services.record_check,
                id="plex",
                state=ServiceState.UP,
                response_ms=12,
            )

        def plain() -> object:
            return login.execute(CHECK, ["plex"])

        def bare() -> object:
            return owner.execute(UPDATE, ["plex"])

        for warm in (typed, plain, bare):
            _took(warm)
        return compare(
            "A check that finds nothing new",
            {
                "a bare update": lambda: _took(bare),
                "record_check by run": lambda: _took(typed),
                "record_check on a worker's login": lambda: _took(plain),
            },
            [
                Promise("record_check by run", "a bare update", at_most=2),
                Promise("record_check on a worker's login", "a bare update", at_most=2),
            ],
            rounds=rounds,
            unit="µs",
        )


def take(place: Ground, rounds: int) -> bool:
    """One of a rate limit, against a bare upsert."""
    database = place.server.clone()
    with (
        place.lent(database),
        psycopg.connect(database.admin_url, autocommit=True) as owner,
        connect(database.url) as store,
    ):
        owner.execute(BARE.encode())
        row = owner.execute("select id from identity.users").fetchone()
        assert row is not None
        scope = store.user(row[0])

        def taken() -> object:
            return scope.run(ops.rate_limits.take, endpoint="render.submit")

        def bare() -> object:
            return owner.execute(UPSERT, [row[0], "render.submit"])

        for warm in (taken, bare):
            _took(warm)
        return compare(
            "Take of a rate limit",
            {
                "a bare upsert": lambda: _took(bare),
                "take by run": lambda: _took(taken),
            },
            [Promise("take by run", "a bare upsert", at_most=1.5)],
            rounds=rounds,
            unit="µs",
        )


CASES = {case.__name__: case for case in (check, take)}


def main() -> None:
    """Run the cases asked for; fail where a promise was not kept."""
    what = asked(__doc__, cases=CASES, rounds=15)
    print(f"An fsync of 8 KB takes {sync_cost():.2f} ms here.")
    with ground() as place:
        kept = [CASES[name](place, what.rounds) for name in what.cases]
    sys.exit(not what.is_smoke and not all(kept))


if __name__ == "__main__":
    main()
