"""What the queue's proofs share: jobs by the thousand, threads, and the question what is wrong."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection
from tests import factories

from renderstore.testing import Database

Conn = Connection[Any]

PROVE = bool(os.environ.get("RENDERSTORE_PROVE"))

KINDS = ("render", "download", "step")

SUBMIT = b"""
with job as (
    select id
    from work.submit_many(
        %(user_id)s,
        %(kind)s,
        %(jobs)s,
        array_fill(%(priority)s::integer, array[%(jobs)s::integer]),
        labels => %(labels)s,
        max_failures => %(max_failures)s,
        due_at => %(due_at)s
    )
), spec as (
    insert into render.specs (user_id, job_id, template_path, output_path)
    select %(user_id)s, id, '/a.aep', '/b.mov'
    from job
    where %(kind)s = 'render'
), download as (
    insert into media.download_specs (user_id, job_id, playlist_url)
    select %(user_id)s, id, 'https://example.org/list'
    from job
    where %(kind)s = 'download'
), step as (
    insert into studio.step_specs (user_id, job_id, step)
    select %(user_id)s, id, 'other'
    from job
    where %(kind)s = 'step'
)

select id
from job
"""


@dataclass
class Scene:
    """What a test is about; tests/concurrency/conftest.py says it."""

    kind: str = "render"


SCENE = Scene()


def plan(database: Database, **limits: object) -> str:
    """A plan without limits, save for these."""
    return factories.plans.make(database, **({"max_priority": 10} | limits))


def user(database: Database, **limits: object) -> UUID:
    """A user with a plan of their own, without limits save for these."""
    return factories.users.make(database, plan_id=plan(database, **limits))


def submit(
    database: Database,
    user_id: UUID,
    jobs: int = 1,
    *,
    priority: int = 5,
    labels: Sequence[str] = (),
    due_at: object = None,
    max_failures: int = 3,
    kind: str | None = None,
) -> list[UUID]:
    """That many jobs of a user in one statement, in the order of submission; of the test's kind."""
    with psycopg.connect(database.admin_url) as conn:
        factories.offer(conn, labels)
        rows = conn.execute(
            SUBMIT,
            {
                "user_id": user_id,
                "jobs": jobs,
                "priority": priority,
                "labels": list(labels),
                "due_at": due_at,
                "max_failures": max_failures,
                "kind": kind or SCENE.kind,
            },
        ).fetchall()
        conn.execute("select work.open_lanes(100000)")
    return sorted(row[0] for row in rows)


def change(database: Database, statement: str, **parameters: object) -> None:
    """What only an administrator of the server may do to set a scene."""
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(statement.encode(), parameters)


def administer(database: Database, statement: str, **parameters: object) -> None:
    """What an administrator asks for, in a scope."""
    with psycopg.connect(database.url) as conn:
        conn.execute("select identity.bind('renderstore_admin', null, 'dba:tests')")
        conn.execute(statement.encode(), parameters)


def settle(database: Database) -> list[tuple[Any, ...]]:
    """What is wrong once a sweep finds nothing left to do."""
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        for _ in range(1000):
            done = conn.execute(
                "select sum(jobs), max(problem) from work.sweep()"
            ).fetchone()
            assert done is not None
            assert done[1] is None
            if done[0] == 0:
                break
        else:
            raise AssertionError("work.sweep always finds something to do")
        return conn.execute("select * from work.problems()").fetchall()


def in_threads(count: int, act: Callable[[int], None]) -> None:
    """Does it in that many threads at once; raises what one of them raised."""
    raised: list[BaseException] = []
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            barrier.wait()
            act(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]
