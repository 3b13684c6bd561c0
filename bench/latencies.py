"""How long single things take: claims beside a backlog, a start on an idle worker, heartbeats."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
from bench import pgbench, raw
from bench.drains import CLAIM, FINISH, NOTHING
from bench.ground import OUTPUT_PATH, TEMPLATE_PATH, Fill, Ground, user_id

from renderstore import connect, register, render, work
from renderstore.worker import Job, run_worker


def claims(ground: Ground, fill: Fill, *, count: int) -> tuple[float, float]:
    """p50 and p99 of a claim of one, in milliseconds."""
    took: list[float] = []
    with (
        ground.lent(ground.queue(fill)) as database,
        psycopg.connect(ground.registered_url(database), autocommit=True) as conn,
    ):
        register(conn)
        for number in range(count + 20):
            start = time.perf_counter()
            (got,) = work.jobs.claim(conn, limit=1, kinds=[work.JobKind.RENDER])
            if number >= 20:
                took.append((time.perf_counter() - start) * 1000)
            work.jobs.finish(conn, user_id=got.user_id, id=got.id, attempt=got.attempt)
    return statistics.median(took), _p99(took)


def held(ground: Ground, *, seconds: int, jobs: int) -> tuple[float, float]:
    """Throughput and p99 under one held snapshot: the last third as a share of the first."""
    with (
        ground.lent(ground.queue(Fill(waiting=jobs))) as database,
        psycopg.connect(database.admin_url) as holder,
    ):
        holder.execute("set transaction isolation level repeatable read")
        holder.execute("select count(*) from work.lanes")
        ran = pgbench.run(
            ground.bin,
            ground.registered_url(database),
            CLAIM + FINISH,
            clients=4,
            seconds=seconds,
            values={"batch": 1, **NOTHING},
        )
    third = len(ran.latencies) // 3
    first, last = ran.latencies[:third], ran.latencies[-third:]
    return _decay(ran.series), _p99(last) / _p99(first)


def _p99(latencies: list[float]) -> float:
    return statistics.quantiles(latencies, n=100)[98]


def held_raw(ground: Ground, *, seconds: int, jobs: int) -> float:
    """The same of hand-written SQL."""
    with (
        ground.lent(ground.filled(raw.narrow(jobs))) as database,
        psycopg.connect(database.admin_url) as holder,
    ):
        holder.execute("set transaction isolation level repeatable read")
        holder.execute("select 1 from public.jobs limit 1")
        ran = pgbench.run(
            ground.bin,
            database.admin_url,
            raw.drain(1),
            clients=4,
            seconds=seconds,
            values={"id": 0, "ids": "{}"},
        )
    return _decay(ran.series)


def _decay(series: list[float]) -> float:
    third = max(1, len(series) // 3)
    return statistics.mean(series[-third:]) / statistics.mean(series[:third])


def start_raw(ground: Ground, *, count: int) -> float:
    """p99 in milliseconds from a bare insert with NOTIFY to its claim by who listens."""
    claim = (
        "update public.jobs set status = 1 where id = (select id from public.jobs"
        " where status = 0 order by priority desc, id limit 1 for update skip locked)"
        " returning id"
    )
    with ground.lent(ground.filled(raw.narrow(0))) as database:
        url = database.admin_url
        begun: list[float] = []

        def listen(ready: threading.Event) -> None:
            with psycopg.connect(url, autocommit=True) as conn:
                conn.execute("listen jobs")
                ready.set()
                while len(begun) < count:
                    for _ in conn.notifies(timeout=5, stop_after=1):
                        pass
                    if conn.execute(claim).fetchone():
                        begun.append(time.perf_counter())

        with psycopg.connect(url, autocommit=True) as conn:

            def send() -> None:
                conn.execute(
                    "with job as (insert into public.jobs (priority) values (0) returning id)"
                    " select pg_notify('jobs', '') from job"
                )

            return _starts(listen, send, begun, count)


def start_ours(ground: Ground, *, count: int) -> float:
    """p99 in milliseconds from a submission to its start in an idle worker loop."""
    with ground.lent(ground.queue(Fill(users=1))) as database:
        begun: list[float] = []
        stop = threading.Event()

        def start(job: Job) -> None:
            del job
            begun.append(time.perf_counter())

        def listen(ready: threading.Event) -> None:
            with connect(ground.worker_url(database)) as store:
                ready.set()
                run_worker(store, "bench", start, stop=stop)

        with connect(database.url) as store:

            def send() -> None:
                store.user(UUID(user_id(0))).run(
                    render.jobs.submit,
                    template_path=TEMPLATE_PATH,
                    output_path=OUTPUT_PATH,
                )

            return _starts(listen, send, begun, count, stop.set)


def _starts(
    listen: Callable[[threading.Event], None],
    send: Callable[[], None],
    begun: list[float],
    count: int,
    end: Callable[[], None] = lambda: None,
) -> float:
    ready = threading.Event()
    thread = threading.Thread(target=listen, args=(ready,), daemon=True)
    thread.start()
    ready.wait()
    time.sleep(1)
    took: list[float] = []
    try:
        for number in range(count):
            start = time.perf_counter()
            send()
            while len(begun) <= number:
                time.sleep(0.0002)
            took.append((begun[number] - start) * 1000)
            time.sleep(0.02)
    finally:
        end()
        thread.join()
    return _p99(took)


def heartbeats(ground: Ground, *, at_once: int, count: int) -> float:
    """Heartbeats a second, so many in a statement."""
    with (
        ground.lent(ground.queue(Fill(waiting=1000))) as database,
        psycopg.connect(ground.registered_url(database), autocommit=True) as conn,
    ):
        register(conn)
        held = work.jobs.claim(conn, limit=at_once, kinds=[work.JobKind.RENDER])
        start = time.perf_counter()
        for number in range(count // at_once):
            alive = work.jobs.heartbeat_many(
                conn,
                user_ids=[job.user_id for job in held],
                ids=[job.id for job in held],
                attempts=[job.attempt for job in held],
                progresses=[number % 100] * at_once,
            )
            assert len(alive) == at_once
        return count / (time.perf_counter() - start)


def heartbeats_bare(ground: Ground, *, count: int) -> float:
    """Bare updates by key a second."""
    with (
        ground.lent(ground.filled(raw.narrow(1000))) as database,
        psycopg.connect(
            database.admin_url, autocommit=True, prepare_threshold=0
        ) as conn,
    ):
        start = time.perf_counter()
        for number in range(count):
            conn.execute(
                "update public.jobs set lease_until = now() + interval '60s' where id = %s",
                [number % 50 + 1],
            )
        return count / (time.perf_counter() - start)


def plans(ground: Ground, *, times: int = 100) -> dict[str, tuple[int, int]]:
    """Generic and custom plans of each hot statement on a fresh connection, as its role.

    What the functions of the database run inside is held to generic plans by their settings.
    """
    kinds = [work.JobKind.RENDER]
    nothing: list[UUID] = []

    def claim(conn: psycopg.Connection[Any]) -> object:
        return work.jobs.claim(conn, limit=1, kinds=kinds)

    def finish(conn: psycopg.Connection[Any]) -> object:
        return work.jobs.finish_many(conn, user_ids=nothing, ids=nothing, attempts=[])

    def finish_and_claim(conn: psycopg.Connection[Any]) -> object:
        return work.jobs.finish_and_claim(
            conn,
            user_ids=nothing,
            ids=nothing,
            attempts=[],
            limit=1,
            kinds=kinds,
        )

    def heartbeat(conn: psycopg.Connection[Any]) -> object:
        return work.jobs.heartbeat_many(
            conn, user_ids=nothing, ids=nothing, attempts=[]
        )

    found: dict[str, tuple[int, int]] = {}
    with ground.lent(ground.queue(Fill(users=2, waiting=times * 3))) as database:
        worker = ground.registered_url(database)
        hot = {
            "work.jobs.claim": claim,
            "work.jobs.finish_many": finish,
            "work.jobs.finish_and_claim": finish_and_claim,
            "work.jobs.heartbeat_many": heartbeat,
        }
        for name, call in hot.items():
            with psycopg.connect(worker, autocommit=True) as conn:
                register(conn)
                for _ in range(times):
                    call(conn)
                found[name] = _plans(conn)
        with connect(database.url) as store, store.user(UUID(user_id(0))) as conn:
            for _ in range(times):
                render.jobs.submit(
                    conn, template_path=TEMPLATE_PATH, output_path=OUTPUT_PATH
                )
            found["render.jobs.submit"] = _plans(conn)
    return found


def _plans(conn: psycopg.Connection[Any]) -> tuple[int, int]:
    row = conn.execute(
        "select generic_plans, custom_plans from pg_catalog.pg_prepared_statements"
        " order by generic_plans + custom_plans desc limit 1"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
