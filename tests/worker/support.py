"""What the worker's tests share: users, jobs, a worker in a thread or a process, and patience."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests import factories

from renderstore.server import Cluster, ServerError, disposable, embedded_binaries
from renderstore.store import aconnect, connect
from renderstore.testing import Database
from renderstore.testing.servers import cluster_url, running_server
from renderstore.worker import AsyncJob, Job, arun_worker, run_worker

PATIENCE = 120.0
"""Longer than any machine takes; what fails it never comes."""

SUBMIT = b"""
with job as (
    select id
    from work.submit_many(
        %(user_id)s,
        'render',
        %(jobs)s,
        labels => %(labels)s,
        max_failures => 1,
        due_at => %(due_at)s
    )
)

insert into render.specs (user_id, job_id, template_path, output_path)
select %(user_id)s, id, '/templates/a.aep', '/renders/a.mov'
from job
returning job_id
"""


def user(database: Database) -> UUID:
    """A user without limits."""
    plan = factories.plans.make(database, max_priority=10)
    return factories.users.make(database, plan_id=plan)


def submit(
    database: Database,
    user_id: UUID,
    jobs: int = 1,
    *,
    labels: Iterable[str] = (),
    due_at: datetime | None = None,
) -> list[UUID]:
    """Render jobs that fail with their first failure, in lanes that nobody has opened yet."""
    with psycopg.connect(database.admin_url) as conn:
        return put(conn, user_id, jobs, labels=labels, due_at=due_at)


def put(
    conn: psycopg.Connection,
    user_id: UUID,
    jobs: int = 1,
    *,
    labels: Iterable[str] = (),
    due_at: datetime | None = None,
) -> list[UUID]:
    """The same in a transaction that is under way."""
    factories.offer(conn, list(labels))
    rows = conn.execute(
        SUBMIT,
        {
            "user_id": user_id,
            "jobs": jobs,
            "labels": list(labels),
            "due_at": due_at,
        },
    ).fetchall()
    return sorted(row[0] for row in rows)


def job(database: Database, id: UUID) -> dict[str, Any]:
    """Everything about a job."""
    rows = factories.look(
        database, "select to_jsonb(j) from work.jobs as j where id = %(id)s", id=id
    )
    found: dict[str, Any] = rows[0][0]
    return found


def count(database: Database, status: str) -> int:
    """How many jobs stand there."""
    rows = factories.look(
        database,
        "select count(*) from work.jobs where status = %(status)s::work.job_status",
        status=status,
    )
    found: int = rows[0][0]
    return found


def eventually(holds: Callable[[], object]) -> None:
    """It comes true."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.02)


COLOURS = ("sync", "aio")
Render = Callable[[UUID], object]


@contextmanager
def working(
    database: Database,
    render: Render,
    name: str = "w",
    *,
    colour: str,
    pooler: bool | None = None,
    **settings: Any,
) -> Generator[None]:
    """A worker of this colour in a thread; what it raised is raised at the end. Its render gets the job's id."""
    raised: list[BaseException] = []
    asking: list[Callable[[], object]] = []
    ready = threading.Event()

    def act() -> None:
        stop = threading.Event()
        asking.append(stop.set)
        ready.set()
        with connect(database.url, pooler=pooler) as store:

            def call(job: Job) -> None:
                render(job.id)

            run_worker(store, name, call, stop=stop, **settings)

    async def aact() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        asking.append(lambda: loop.call_soon_threadsafe(stop.set))
        ready.set()
        async with aconnect(database.url, pooler=pooler) as store:

            async def call(job: AsyncJob) -> None:
                await asyncio.to_thread(render, job.id)

            await arun_worker(store, name, call, stop=stop, **settings)

    def caught() -> None:
        try:
            if colour == "aio":
                asyncio.run(aact())
            else:
                act()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=caught, daemon=True)
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield
    finally:
        asking[0]()
        thread.join(PATIENCE)
    assert not thread.is_alive()
    if raised:
        raise raised[0]


def waits(database: Database, name: str = "w") -> bool:
    """Whether the worker waits to be woken."""
    rows = factories.look(
        database,
        "select from work.waits where worker = %(name)s and expires_at > now()",
        name=name,
    )
    return bool(rows)


def spoil_sweep(database: Database) -> None:
    """A part of the sweep fails from now on."""
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "create or replace function work.lift_stragglers(max_rows bigint)"
            " returns bigint language plpgsql as"
            " $$begin raise 'the disk is full'; end$$"
        )


@contextmanager
def held_up(database: Database, function: str) -> Generator[Callable[[], set[Any]]]:
    """Each call of this function of `work` hangs until the end of this; which calls hang at the moment."""
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        [[text]] = conn.execute(
            "select pg_get_functiondef(oid) from pg_proc"
            " where proname = %s and pronamespace = 'work'::regnamespace",
            [function],
        ).fetchall()
        waits = "\nbegin\n    perform pg_advisory_xact_lock_shared(4711);\n"
        assert text.count("\nbegin\n") == 1
        conn.execute("select pg_advisory_lock(4711)")
        conn.execute(text.replace("\nbegin\n", waits))
        yield lambda: set(
            factories.look(
                database,
                "select pid, xact_start from pg_stat_activity"
                " where datname = current_database() and wait_event = 'advisory'",
            )
        )


TROUBLE = "(lifted in line): the disk is full"


def lines(caplog: pytest.LogCaptureFixture, *levels: str) -> list[str]:
    """What the worker said, of these levels or all."""
    return [
        each.getMessage()
        for each in caplog.records
        if each.name == "renderstore.worker"
        and (not levels or each.levelname in levels)
    ]


@contextmanager
def process(
    program: str, how: str, database: Database, name: str = "p", **settings: Any
) -> Generator[subprocess.Popen[str]]:
    """A worker in a process of its own, which prints what it begins, and says the rest on standard error."""
    text = program.format(url=database.url, name=name, how=how, settings=settings)
    with subprocess.Popen(
        [sys.executable, "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def begun(running: subprocess.Popen[str]) -> tuple[str, int]:
    """The job that it begins, and its attempt."""
    assert running.stdout is not None
    job_id, attempt = running.stdout.readline().split()
    return job_id, int(attempt)


def told(running: subprocess.Popen[str], text: str) -> str:
    """The line in which it says this."""
    assert running.stderr is not None
    for line in running.stderr:
        if text in line:
            return line
    raise AssertionError(f"it never said {text!r}")


@contextmanager
def restarted() -> Generator[tuple[Cluster, Database]]:
    """A server of the test's own, which it may stop."""
    try:
        binaries = embedded_binaries()
    except ServerError as error:
        pytest.skip(str(error))
    with (
        disposable(binaries) as cluster,
        running_server(cluster_url(cluster)) as server,
    ):
        yield cluster, server.clone()


class Verdict(list[bool]):
    """Whether a child ended well."""

    def __init__(self, pid: int) -> None:
        super().__init__()
        self._pid = pid

    def wait(self) -> None:
        """Until it has."""
        _, status = os.waitpid(self._pid, 0)
        self.append(status == 0)


@contextmanager
def in_a_child(act: Callable[[], object]) -> Generator[Verdict]:
    """Do this in a fork of this process, which ends with it."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            # A fork within a loop: for the child there is none.
            asyncio.events._set_running_loop(None)
            act()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    yield Verdict(pid)
