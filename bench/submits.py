"""What it costs to submit a job, one by one and ten thousand at once, against a bare insert and COPY."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from uuid import UUID

import psycopg
from bench import clients, raw
from bench.ground import (
    CONFIG,
    DATA_PATH,
    OUTPUT_PATH,
    PROJECT_NAME,
    TEMPLATE_PATH,
    Fill,
    Ground,
    user_id,
)

from renderstore import connect, render
from renderstore.testing.servers import Database

INSERT = (
    "insert into public.bare"
    " (user_id, project_name, template_path, data_path, output_path, nexrender_config)"
    " values (%s, %s, %s, %s, %s, %s::jsonb) returning user_id, id, queued_at"
)
CONTENT = (PROJECT_NAME, TEMPLATE_PATH, DATA_PATH, OUTPUT_PATH, CONFIG)
COLUMNS = (
    "user_id, project_name, template_path, data_path, output_path, nexrender_config"
)
USERS = 16


def _count(database: Database, table: str) -> int:
    statement = {
        "bare": "select count(*) from public.bare",
        "jobs": "select count(*) from work.jobs",
    }[table]
    with psycopg.connect(database.admin_url) as conn:
        found = conn.execute(statement.encode()).fetchone()
    assert found is not None
    return int(found[0])


def _owner(number: int, turn: int, one_user: bool) -> UUID:
    return UUID(user_id(0 if one_user else (number + turn) % USERS))


def insert(
    jobs: int, one_user: bool, url: str, number: int, ready: Callable[[], None]
) -> None:
    """Rows by hand, a commit each."""
    with psycopg.connect(url, autocommit=True, prepare_threshold=0) as conn:
        ready()
        for turn in range(jobs):
            conn.execute(INSERT, (_owner(number, turn, one_user), *CONTENT))


def submit(
    jobs: int, one_user: bool, url: str, number: int, ready: Callable[[], None]
) -> None:
    """Jobs by the typed function, each in a scope of its user."""
    config = json.loads(CONFIG)
    with connect(url) as store:
        store.ping()
        ready()
        for turn in range(jobs):
            store.user(_owner(number, turn, one_user)).run(
                render.jobs.submit,
                project_name=PROJECT_NAME,
                template_path=TEMPLATE_PATH,
                data_path=DATA_PATH,
                output_path=OUTPUT_PATH,
                nexrender_config=config,
            )


def one_by_one(
    ground: Ground, *, bare: bool, connections: int, jobs: int, one_user: bool = False
) -> float:
    """Submissions a second; the rows are counted in the database."""
    each = jobs // connections
    with ground.lent(ground.queue(Fill(users=USERS))) as database:
        with psycopg.connect(database.admin_url, autocommit=True) as conn:
            conn.execute(raw.BARE.encode())
        spent = clients.seconds(
            partial(insert if bare else submit, each, one_user),
            database.admin_url if bare else database.url,
            connections,
        )
        assert _count(database, "bare" if bare else "jobs") == each * connections
    return each * connections / spent


def copy(ground: Ground, *, jobs: int) -> float:
    """Rows a second that COPY puts into the bare table."""
    with ground.lent(ground.queue(Fill(users=USERS))) as database:
        with psycopg.connect(database.admin_url, autocommit=True) as conn:
            conn.execute(raw.BARE.encode())
            start = time.perf_counter()
            with conn.cursor().copy(
                f"copy public.bare ({COLUMNS}) from stdin".encode()
            ) as lines:
                for _ in range(jobs):
                    lines.write_row((user_id(0), *CONTENT))
            spent = time.perf_counter() - start
        assert _count(database, "bare") == jobs
    return jobs / spent


def bulk(ground: Ground, *, jobs: int) -> float:
    """Jobs a second that one call of submit_many takes."""
    config = json.loads(CONFIG)
    with ground.lent(ground.queue(Fill(users=USERS))) as database:
        with connect(database.url) as store:
            store.ping()
            start = time.perf_counter()
            store.user(UUID(user_id(0))).run(
                render.jobs.submit_many,
                project_names=[PROJECT_NAME] * jobs,
                template_paths=[TEMPLATE_PATH] * jobs,
                data_paths=[DATA_PATH] * jobs,
                output_paths=[OUTPUT_PATH] * jobs,
                nexrender_configs=[config] * jobs,
            )
            spent = time.perf_counter() - start
        assert _count(database, "jobs") == jobs
    return jobs / spent
