"""Whatever a tenant sends, from any language: refused in a sentence, or read back by every client, and handed out.

Each value goes, as text, into one parameter of a door or one column of a view, beside plain ones. 20,000 of them with
RENDERSTORE_PROVE=1.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests import factories

from renderstore import errors
from renderstore.render import jobs as renders
from renderstore.store import SyncStore
from renderstore.testing import Database

from .places import How, Place, columns, is_taken, parameters
from .reading import read, read_alike
from .values import FIXED, nested, values

VALUES = 20_000 if os.environ.get("RENDERSTORE_PROVE") else 900
ROOMS = ["work", "render"]

READABLE = """
select c.oid::regclass::text
from pg_catalog.pg_class as c
where c.relnamespace::regnamespace::text = any(%s)
    and c.relkind in ('r', 'v')
    and has_table_privilege('renderstore_app', c.oid, 'select')
order by 1
"""

_SENT = {"output_path": "'/a.mov'", "template_path": "'/a.aep'"}
_MANY = {"output_paths": "array['/a.mov']", "template_paths": "array['/a.aep']"}
_FRAMES = {"frame_start": "1", "frame_end": "9", "frame_step": "1"}
_MANY_FRAMES = {f"{name}s": f"array[{value}]" for name, value in _FRAMES.items()}
_JOB = {"id": "(select id from render.submit('/a.mov', '/a.aep'))"}

# What each takes, plainly.
BASES: Mapping[str, Mapping[str, str]] = {
    "render.jobs": _SENT | _FRAMES,
    "render.set_names": {**_JOB, "project_name": "'a'", "output_name": "'a'"},
    "render.submit": _SENT | _FRAMES,
    "render.submit_many": _MANY | _MANY_FRAMES,
    "work.cancel": _JOB,
    "work.delete": _JOB,
    "work.link": {**_JOB, "needs_job_ids": "'{}'"},
    "work.set_auto_cancel": {**_JOB, "auto_cancel_at": "null"},
    "work.set_due": {**_JOB, "due_at": "null"},
    "work.set_priority": {**_JOB, "priority": "'1'"},
    "work.try_again": _JOB,
    "work.unlink": {**_JOB, "needs_job_ids": "'{}'"},
    "work.watch": _JOB,
}
# A job has one source: what stands back for another one.
INSTEAD = {
    "project_path": {"template_path": "null"},
    "project_paths": {"template_paths": "null"},
}


def places(conn: psycopg.Connection[Any]) -> list[Place]:
    """Where a tenant's words come in."""
    found: list[tuple[str, str, str, How]] = [
        *((*each, "call") for each in parameters(conn, ROOMS)),
        *((*each, "insert") for each in columns(conn, ROOMS, "insert")),
    ]
    assert not columns(conn, ROOMS, "update")
    assert {door for door, *_ in found} == BASES.keys(), (
        "add to BASES in tests/poison/test_render.py"
    )
    return [
        Place(door, name, kind, how, {**BASES[door], **INSTEAD.get(name, {})})
        for door, name, kind, how in found
    ]


@pytest.fixture
def tenant(database: Database) -> UUID:
    """A user whom no limit of a plan stops, on a farm that offers gpu."""
    factories.offer(database, ["gpu"])
    many = 10**6
    plan = factories.plans.make(
        database, max_active_jobs=many, max_daily_jobs=many, max_priority=10
    )
    return factories.users.make(database, plan_id=plan)


def send(conn: psycopg.Connection[Any], place: Place, text: str) -> bool:
    """Whether a value was taken; if it was, what it became can be read."""
    if not is_taken(conn, place, text):
        return False
    try:
        read(conn, "select * from render.jobs order by id desc limit 1")
    except Exception as error:
        raise AssertionError((place, text[:200])) from error
    return True


def test_what_a_tenant_sends_is_refused_in_a_sentence_or_read_by_every_client(
    database: Database, store: SyncStore, tenant: UUID, tmp_path: Path
) -> None:
    with factories.acting(database, "app", tenant) as conn:
        found = places(conn)
        least = -(-VALUES // len(found))
        # Every known one of its type, however few there are to send.
        each = {
            place: max(least, len(FIXED.get(place.type.removesuffix("[]"), ())))
            for place in found
        }
        taken = {
            place: [
                text
                for text in islice(
                    values(place.type.removesuffix("[]"), Random(1)), each[place]
                )
                if send(conn, place, text)
            ]
            for place in found
        }
    for place in found:
        if place.name in {"project_name", "output_path", "nexrender_config", "due_at"}:
            assert 0 < len(taken[place]) < each[place], place

    # Every worker decodes what it is handed.
    worker = factories.registered(store, "mac-1", labels=["gpu"])
    while claimed := worker.run(renders.claim, limit=20):
        for job in claimed:
            worker.run(
                renders.finish, user_id=job.user_id, id=job.id, attempt=job.attempt
            )
    with factories.acting(database, "app", tenant) as conn:
        assert read(conn, "select id from work.jobs where status = 'queued'") == []
        relations = [name for (name,) in conn.execute(READABLE, [ROOMS])]
    stands = read_alike(database, tenant, relations, tmp_path)
    assert len(stands["render.jobs"]) > len(found)


@pytest.mark.parametrize("door", sorted(BASES.keys() - {"work.try_again"}))
def test_each_door_takes_what_is_plain(
    database: Database, tenant: UUID, door: str
) -> None:
    with factories.acting(database, "app", tenant) as conn:
        how: How = "insert" if door == "render.jobs" else "call"
        conn.execute(Place(door, "", "", how, BASES[door]).statement(None))
        assert conn.execute("select count(*) from render.jobs").fetchone() == (
            0 if door == "work.delete" else 1,
        )


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("x" * 1_048_577, "JSON has at most 1 MiB."),
        (json.loads(nested(200)), "JSON is at most 200 levels deep."),
        (10**100, "A number in JSON has at most 100 digits."),
    ],
    ids=["size", "depth", "digits"],
)
def test_what_json_is_too_much_is_said_and_refused(
    store: SyncStore, tenant: UUID, value: Any, sentence: str
) -> None:
    config = {"template": {"src": "file:///a.aep", "composition": value}}
    mine = store.user(tenant)
    said = mine.run(renders.get_nexrender_problem, config=config)
    assert said == sentence
    with pytest.raises(errors.Invalid, match="larger than 1 MiB, deeper than 200"):
        mine.run(
            renders.submit,
            output_path="/a.mov",
            template_path="/a.aep",
            nexrender_config=config,
        )


def test_json_is_measured_before_it_is_looked_at(database: Database) -> None:
    with psycopg.connect(database.admin_url) as conn:
        # What was called says what was looked at, however fast the machine is.
        conn.execute("set local track_functions = 'all'")
        said = conn.execute(
            "select render.nexrender_problem(jsonb_build_object('a', repeat('x', 60000000)))"
        ).fetchone()
        called = conn.execute(
            "select distinct funcname from pg_stat_xact_user_functions order by 1"
        ).fetchall()
        assert said == ("JSON has at most 1 MiB.",)
        assert called == [("json_problem",), ("nexrender_problem",)]
        large, deep, long = f'"{"x" * 1_100_000}"', nested(200), "9" * 101
        for together, sentence in (
            (f"[{large}, {deep}, {long}]", "JSON has at most 1 MiB."),
            (f"[{deep}, {long}]", "JSON is at most 200 levels deep."),
        ):
            assert conn.execute(
                "select ops.json_problem(%s::jsonb)", [together]
            ).fetchone() == (sentence,)
