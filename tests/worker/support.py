"""What the worker's tests share: users, jobs, a worker in a thread or a process, and patience."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from tests import factories

from renderstore.store import SyncStore, connect
from renderstore.testing import Database
from renderstore.worker import Job, Output, run_worker

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


@contextmanager
def working(
    database: Database,
    render: Callable[[Job], Iterable[Output] | None],
    name: str = "w",
    store: SyncStore | None = None,
    **settings: Any,
) -> Generator[threading.Event]:
    """A worker in a thread; what it raised is raised at the end."""
    stop = threading.Event()
    raised: list[BaseException] = []
    opened = store or connect(database.url)

    def act() -> None:
        try:
            run_worker(opened, name, render, stop=stop, **settings)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(PATIENCE)
        opened.close()
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


TROUBLE = "(lifted in line): the disk is full"

_PROCESS = """
import sys, time
from renderstore import connect
from renderstore.worker import run_worker

def render(job):
    print(job.id, job.attempt, flush=True)
    time.sleep({seconds})

with connect({url!r}) as store:
    run_worker(store, {name!r}, render, lease={lease}, sweep_every={sweep}, grace={grace}, concurrency={concurrency})
"""


def process(
    database: Database,
    name: str,
    *,
    seconds: float,
    lease: float = 2.0,
    sweep: float = 0.5,
    grace: float = 30.0,
    concurrency: int = 1,
) -> subprocess.Popen[str]:
    """A worker in a process of its own, which renders for so many seconds and prints what it begins."""
    text = _PROCESS.format(
        url=database.url,
        name=name,
        seconds=seconds,
        lease=lease,
        sweep=sweep,
        grace=grace,
        concurrency=concurrency,
    )
    return subprocess.Popen(
        [sys.executable, "-c", text], stdout=subprocess.PIPE, text=True
    )
