"""Growth by farms: the same jobs on 1, 2 and 4 farms, a server each, and what each of them does for its share.

    just bench farms [--jobs 4000] [--users 200] [--concurrency 8] [--smoke]

All servers share this machine, so jobs a second do not grow with them: what counts is that the busiest farm's transactions and log are
as much less as there are farms more. One worker takes from all. The measured span is the draining, commit included.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg
from bench.ground import OUTPUT_PATH, SETTINGS, TEMPLATE_PATH, sync_cost
from bench.rounds import judge

from renderstore import connect_farms, render, work
from renderstore.server import disposable, embedded_binaries
from renderstore.testing.servers import Database, Server, cluster_url, running_server
from renderstore.worker import Job, run_worker

GROWTH = (1, 2, 4)
TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class Load:
    """What a farm did: transactions, and bytes of its log."""

    transactions: int
    log_bytes: int

    def since(self, before: Load) -> Load:
        """In between."""
        return Load(
            self.transactions - before.transactions, self.log_bytes - before.log_bytes
        )


def load(database: Database) -> Load:
    """What it has done so far."""
    time.sleep(1.5)  # a server tells what it did about once a second
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        [(transactions, position)] = conn.execute(
            "select xact_commit, pg_current_wal_insert_lsn() - '0/0'"
            " from pg_stat_database where datname = current_database()"
        ).fetchall()
    return Load(int(transactions), int(position))


def settle(databases: Sequence[Database], users: int) -> list[UUID]:
    """The first is home and farm 1. Users are dealt out in turn, and stand everywhere as replication would have it."""
    people: list[tuple[UUID, int]] = []
    for number, database in enumerate(databases, 1):
        with psycopg.connect(database.admin_url) as conn:
            if number > 1:
                conn.execute("set session_replication_role = replica")
                conn.execute(
                    "update ops.here set farm_id = %s, is_home = false", [number]
                )
            conn.execute(
                "insert into ops.farms (id, name)"
                " select each, 'farm ' || each from generate_series(2, %s) as each",
                [len(databases)],
            )
            conn.execute("insert into identity.plans (id, name) values ('bench', 'B')")
            if not people:
                rows = conn.execute(
                    "insert into identity.users (email, plan_id, farm_id)"
                    " select 'user' || each || '@example.org', 'bench', 1 + each %% %s"
                    " from generate_series(1, %s) as each returning id, farm_id",
                    [len(databases), users],
                ).fetchall()
                people += [(row[0], row[1]) for row in rows]
                continue
            with conn.cursor() as cursor:
                cursor.executemany(
                    "insert into identity.users (id, email, plan_id, farm_id)"
                    " values (%s, %s, 'bench', %s)",
                    [(one, f"{one}@example.org", farm) for one, farm in people],
                )
    return [one for one, _ in people]


def drain(
    databases: Sequence[Database], users: int, jobs: int, concurrency: int
) -> tuple[float, list[Load]]:
    """Seconds, and what each farm did meanwhile."""
    people = settle(databases, users)
    seen: list[UUID] = []

    def act(job: Job) -> None:
        seen.append(job.id)

    urls = {number: each.url for number, each in enumerate(databases, 1)}
    with connect_farms(databases[0].url, urls) as store:
        each = jobs // users
        for user in people:
            store.user(user).run(
                render.jobs.submit_many,
                template_paths=[TEMPLATE_PATH] * each,
                output_paths=[OUTPUT_PATH] * each,
            )
        # The lanes are open before the clock starts.
        store.each(lambda farm: farm.worker("bench").run(work.sweep, max_rows=jobs))
        before = [load(one) for one in databases]
        began = time.perf_counter()
        run_worker(store, "bench", act, concurrency=concurrency, stop_when_empty=True)
        took = time.perf_counter() - began
        for farm in store.farms.values():
            assert farm.readonly().run(work.list_problems, page_size=10) == []
    done = [load(one).since(was) for one, was in zip(databases, before, strict=True)]
    assert len(seen) == len(set(seen)) == each * users, "each job once"
    return took, done


@contextmanager
def servers(count: int) -> Generator[list[Server]]:
    """As many, each with its own log."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                running_server(
                    cluster_url(
                        stack.enter_context(disposable(embedded_binaries(), SETTINGS))
                    )
                )
            )
            for _ in range(count)
        ]


def run(users: int, jobs: int, concurrency: int) -> bool:
    """Whether the busiest farm's share is what it should be."""
    kept = True
    first: Load | None = None
    print(
        f"\n{jobs:,} jobs of {users} users, {concurrency} at once, drained one at a time"
    )
    print("  farms   jobs/s   transactions of the busiest   log of the busiest")
    with servers(GROWTH[-1]) as found:
        for farms in GROWTH:
            databases = [server.clone() for server in found[:farms]]
            took, done = drain(databases, users, jobs, concurrency)
            busiest = Load(
                max(each.transactions for each in done),
                max(each.log_bytes for each in done),
            )
            first = first or busiest
            shares = (
                busiest.transactions / first.transactions,
                busiest.log_bytes / first.log_bytes,
            )
            print(
                f"  {farms:5}{jobs / took:9.0f}{busiest.transactions:21,} ({shares[0]:.2f})"
                f"{busiest.log_bytes / 2**20:14.1f} MB ({shares[1]:.2f})"
            )
            for name, share in zip(("transactions", "log"), shares, strict=True):
                kept &= judge(
                    share <= 1 / farms + TOLERANCE,
                    f"{name}: {share:.2f} of one farm's (≤ {1 / farms + TOLERANCE:.2f})",
                )
    return kept


def main() -> None:
    """Run it; fail where a promise was not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=4000)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument(
        "--smoke", action="store_true", help="whether it runs, not how much it does"
    )
    asked = parser.parse_args()
    if asked.smoke:
        asked.jobs, asked.users = 80, 8
    print(f"An fsync of 8 KB takes {sync_cost():.2f} ms here.")
    kept = run(asked.users, asked.jobs, asked.concurrency)
    sys.exit(not asked.smoke and not kept)


if __name__ == "__main__":
    main()
