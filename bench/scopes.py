"""What a scope costs: on a table with policies, against raw psycopg in autocommit on a plain copy.

Four processes at once, each way in turn, and what counts is the ratio of the medians in one run.
The server keeps its promises about disks (fsync), since a commit is part of what is measured.

    python -m bench.scopes [seconds a slice] [rounds]
"""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from renderstore import settings
from renderstore._scope.sync.bound import cursor
from renderstore.server import disposable, embedded_binaries
from renderstore.store import connect
from renderstore.testing.servers import Database, cluster_url, running_server

PROCESSES = 4
USERS = 200
JOBS = 500

# The least share of raw psycopg's calls a second that was promised.
LIMITS = {
    ("run", "get"): 0.55,
    ("run", "insert"): 0.70,
    ("scope", "get"): 0.33,
    ("scope", "insert"): 0.60,
    ("scope", "three"): 0.55,
}

SCHEMA = """
create table render.bench_walled (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    status text not null default 'queued',
    template_path text not null,
    output_path text not null,
    queued_at timestamptz not null default now(),
    primary key (user_id, id)
);
create table render.bench_plain (like render.bench_walled including all);
alter table render.bench_walled enable row level security;
alter table render.bench_walled force row level security;
create policy bench_own on render.bench_walled
    to renderstore_app
    using (user_id = (select identity.current_user_id()))
    with check (user_id = (select identity.current_user_id()));
grant select, insert on render.bench_walled to renderstore_app;
"""

FILL = """
insert into {} (user_id, id, template_path, output_path)
select
    ('00000000-0000-7000-8000-' || lpad(to_hex(u), 12, '0'))::uuid,
    ('00000000-0000-7000-9000-' || lpad(to_hex(u * 1000 + n), 12, '0'))::uuid,
    '/Volumes/ads/spot.aep',
    '/renders/spot.mov'
from generate_series(1, %s) as u, generate_series(1, %s) as n
"""

GET = (
    "select user_id, id, status, template_path, output_path, queued_at from render.{}"
    " where user_id = %(user_id)s and id = %(id)s"
)
INSERT = (
    "insert into render.{} (user_id, template_path, output_path)"
    " values (%(user_id)s, '/Volumes/ads/spot.aep', '/renders/spot.mov')"
    " returning user_id, id, status, template_path, output_path, queued_at"
)

Work = Callable[[psycopg.Connection[Any], UUID, UUID], object]
Call = Callable[[UUID, UUID], object]


def prepare(database: Database) -> None:
    """The table with policies and its plain copy, for which the login has rights of its own."""
    login = sql.Identifier(settings.parse(database.url).user)
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(SCHEMA.encode())
        for table in ("bench_walled", "bench_plain"):
            conn.execute(
                sql.SQL(FILL).format(sql.Identifier("render", table)), (USERS, JOBS)
            )
        conn.execute(sql.SQL("grant usage on schema render, ops to {}").format(login))
        conn.execute(
            sql.SQL("grant execute on function ops.uuidv7() to {}").format(login)
        )
        conn.execute(
            sql.SQL("grant select, insert on render.bench_plain to {}").format(login)
        )
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute("vacuum analyze")


def works(table: str) -> dict[str, Work]:
    """One read, one write, three reads: the same functions on either side."""
    get, insert = GET.format(table).encode(), INSERT.format(table).encode()

    def one(conn: psycopg.Connection[Any], user_id: UUID, id: UUID) -> object:
        return cursor(conn).execute(get, {"user_id": user_id, "id": id}).fetchone()

    def add(conn: psycopg.Connection[Any], user_id: UUID, id: UUID) -> object:
        return cursor(conn).execute(insert, {"user_id": user_id}).fetchone()

    def three(conn: psycopg.Connection[Any], user_id: UUID, id: UUID) -> object:
        return [one(conn, user_id, id) for _ in range(3)]

    return {"get": one, "insert": add, "three": three}


def calls(url: str) -> dict[tuple[str, str], Call]:
    """Every way of doing every work, on connections of this process."""
    raw = psycopg.connect(url, autocommit=True)
    store = connect(url)
    found: dict[tuple[str, str], Call] = {}

    def plain(work: Work) -> Call:
        return lambda user_id, job_id: work(raw, user_id, job_id)

    def run(work: Work) -> Call:
        return lambda user_id, job_id: store.user(user_id).run(work, user_id, job_id)

    def scope(work: Work) -> Call:
        def act(user_id: UUID, job_id: UUID) -> object:
            with store.user(user_id) as conn:
                return work(conn, user_id, job_id)

        return act

    for name, work in works("bench_plain").items():
        found["raw", name] = plain(work)
    for name, work in works("bench_walled").items():
        found["scope", name] = scope(work)
        found["run", name] = run(work)
    return found


def measure(call: Call, seconds: float) -> float:
    """Calls a second."""
    done, start = 0, time.perf_counter()
    while (now := time.perf_counter()) < start + seconds:
        for _ in range(10):
            user = done * 7 % USERS + 1
            job = user * 1000 + done % JOBS + 1
            call(
                UUID(int=0x0000_0000_0000_7000_8000_0000_0000_0000 + user),
                UUID(int=0x0000_0000_0000_7000_9000_0000_0000_0000 + job),
            )
            done += 1
    return done / (now - start)


def process(url: str, pipe: Pipe) -> None:
    """Measure what is asked until nothing is."""
    made = calls(url)
    while (order := pipe.recv()) is not None:
        way, seconds = order
        pipe.send(measure(made[way], seconds))


def rates(url: str, seconds: float, rounds: int) -> dict[tuple[str, str], float]:
    """The median of all processes' calls a second, each way."""
    context = multiprocessing.get_context("spawn")
    pipes: list[Pipe] = []
    for _ in range(PROCESSES):
        ours, theirs = context.Pipe()
        context.Process(target=process, args=(url, theirs), daemon=True).start()
        pipes.append(ours)
    ways = [("raw", "get"), ("raw", "insert"), ("raw", "three"), *LIMITS]
    seen: dict[tuple[str, str], list[float]] = {way: [] for way in ways}
    for turn in range(rounds + 1):
        for way in sorted(ways, key=lambda way: way[1]):
            for pipe in pipes:
                pipe.send((way, seconds))
            rate = sum(pipe.recv() for pipe in pipes)
            if turn:  # the first is for warming up
                seen[way].append(rate)
    for pipe in pipes:
        pipe.send(None)
    return {way: statistics.median(found) for way, found in seen.items()}


def main() -> None:
    """Print the shares; fail where one is below what was promised."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 0.5
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    durable = {"shared_buffers": "256MB", "jit": "off", "max_connections": "100"}
    failed = False
    with (
        disposable(embedded_binaries(), durable) as cluster,
        running_server(cluster_url(cluster)) as server,
    ):
        database = server.clone()
        prepare(database)
        found = rates(database.url, seconds, rounds)
        for (way, work), limit in LIMITS.items():
            share = found[way, work] / found["raw", work]
            failed |= share < limit
            print(
                f"{way:>5} {work:<6}  {found[way, work]:8.0f}/s"
                f"  raw {found['raw', work]:8.0f}/s  {share:.2f} (at least {limit:.2f})"
            )
    sys.exit(failed)


if __name__ == "__main__":
    main()
