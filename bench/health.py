"""What health costs beside a million jobs: `Store.health()` in milliseconds, and the parts of it.

    just bench health [--waiting 500000] [--ended 500000] [--calls 50] [--smoke]

It counts nothing to its end, so that a long line costs what a short one does.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import psycopg
from bench.ground import Fill, Ground, ground

from renderstore import connect
from renderstore.testing.servers import Database

MOST_MS = 50
PARTS = (
    "ops.measure_farm()",
    "ops.measure_server()",
    "ops.slowest_statements()",
    "ops.health()",
    "ops.service_status",
)


def took(act: Callable[[], object], calls: int) -> float:
    """The median, in milliseconds, after one call that opens and plans."""
    act()
    found: list[float] = []
    for _ in range(calls):
        start = time.perf_counter()
        act()
        found.append(1000 * (time.perf_counter() - start))
    return median(found)


def measure(database: Database, calls: int) -> float:
    """What the whole takes; it says what the parts take."""
    with connect(database.url) as store:
        whole = took(store.health, calls)
        assert store.health().problem is None
    print(f"  {'Store.health()':<28}{whole:8.1f} ms")
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute("set role renderstore_readonly")
        for part in PARTS:
            spent = took(partial(conn.execute, f"select from {part}".encode()), calls)
            print(f"  {part:<28}{spent:8.1f} ms")
    return whole


def run(place: Ground, fill: Fill, calls: int) -> bool:
    """Whether it keeps within what is promised."""
    print(f"{fill.waiting} jobs in line, {fill.ended} ended:")
    with place.lent(place.queue(fill)) as database:
        return measure(database, calls) <= MOST_MS


def main() -> None:
    """Run it; fail where it takes longer than promised."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--waiting", type=int, default=500_000)
    parser.add_argument("--ended", type=int, default=500_000)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--binaries", type=Path, help="another PostgreSQL's")
    parser.add_argument(
        "--smoke", action="store_true", help="once: whether it runs, not how fast"
    )
    asked = parser.parse_args()
    fill, calls = Fill(waiting=asked.waiting, ended=asked.ended), asked.calls
    if asked.smoke:
        fill, calls = Fill(waiting=100, ended=100), 1
    with ground(asked.binaries) as place:
        kept = run(place, fill, calls)
    sys.exit(not asked.smoke and not kept)


if __name__ == "__main__":
    main()
