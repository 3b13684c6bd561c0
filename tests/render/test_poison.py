"""Whatever a tenant sends, from any language: refused in a sentence, or read back by every client, and handed out.

Each value goes, as text, into one parameter of a door or one column of a view, beside plain ones. 20,000 of them with
RENDERSTORE_PROVE=1.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from tests import factories
from tests.authjs.support import node_packages

from renderstore import errors
from renderstore.render import jobs as renders
from renderstore.store import SyncStore
from renderstore.testing import Database

VALUES = 20_000 if os.environ.get("RENDERSTORE_PROVE") else 900
JSONB = 3802

DOORS = """
select p.pronamespace::regnamespace || '.' || p.proname, given.name, format_type(given.type, null)
from pg_catalog.pg_proc as p
cross join unnest(p.proargnames, p.proargtypes::oid[]) as given (name, type)
where p.pronamespace in ('work'::regnamespace, 'render'::regnamespace)
    and p.provolatile = 'v'
    and has_function_privilege('renderstore_app', p.oid, 'execute')
    and given.type is not null
order by 1, 2
"""
COLUMNS = """
select a.attrelid::regclass::text, a.attname,
    format_type(coalesce(nullif(t.typbasetype, 0), t.oid), null)
from pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
join pg_catalog.pg_type as t on t.oid = a.atttypid
where c.relnamespace in ('work'::regnamespace, 'render'::regnamespace)
    and (
        has_column_privilege('renderstore_app', c.oid, a.attnum, 'insert')
        or has_column_privilege('renderstore_app', c.oid, a.attnum, 'update')
    )
order by 1, 2
"""
READABLE = """
select c.oid::regclass::text
from pg_catalog.pg_class as c
where c.relnamespace in ('work'::regnamespace, 'render'::regnamespace)
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


@dataclass(frozen=True, slots=True)
class Place:
    """A parameter of a door, or a column of a view."""

    door: str
    name: str
    type: str
    is_view: bool

    def statement(self, value: sql.Composable | None) -> sql.Composed:
        """The call or the insert with this value, or with none but plain ones."""
        row: dict[str, sql.Composable] = {
            name: sql.SQL(text)  # pyright: ignore[reportArgumentType]
            for name, text in (
                {**BASES[self.door], **INSTEAD.get(self.name, {})}
                if value is not None
                else BASES[self.door]
            ).items()
        }
        if value is not None:
            row[self.name] = value
        door = sql.Identifier(*self.door.split("."))
        if self.is_view:
            return sql.SQL("insert into {} ({}) values ({})").format(
                door,
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join(row.values()),
            )
        return sql.SQL("select {}({})").format(
            door,
            sql.SQL(", ").join(
                sql.SQL("{} => {}").format(sql.Identifier(name), each)
                for name, each in row.items()
            ),
        )

    def sent(self, text: str) -> sql.Composed:
        """A literal of the place's type; a list of one where it takes a list."""
        kind = sql.SQL(self.type.removesuffix("[]"))  # pyright: ignore[reportArgumentType]
        cast = sql.SQL("cast({} as {})").format(sql.Literal(text), kind)
        if self.type.endswith("[]"):
            return sql.SQL("array[{}]").format(cast)
        return sql.SQL("{}").format(cast)


def _nested(deep: int, opening: str = "[", closing: str = "]") -> str:
    return opening * deep + "1" + closing * deep


def _config(value: str) -> str:
    return (
        '{"template": {"src": "file:///a.aep", "composition": "main"}, "assets": ['
        '{"type": "data", "layerName": "a", "property": "p", "value": ' + value + "}]}"
    )


_JSON = (
    _nested(3_000),
    "9" * 5_000,
    _nested(190),
    "9" * 100,
    _nested(250, '{"a":', "}"),
    "1e400",
    "-1e-5000",
    "9" * 101,
    _nested(200),
    '"' + "x" * 1_100_000 + '"',
    '"\\u0000"',
    '"\\ud800"',
    '{"__proto__": {"a": 1}, "": null}',
    "1e99",
    "0." + "0" * 90 + "1",
    "[" + ",".join(["[]"] * 500) + "]",
)
FIXED: Mapping[str, tuple[str, ...]] = {
    "text": (
        "",
        "é" * 50_000,
        "/a\u0001",
        "/\U0001f600/\u202e.mov",
        "C:\\a\\b.mov",
        "s3://a/%00",
        "\x7f\x85",
        "{a,b}",
        "/" + "x" * 255,
        "\\N",
        " ",
        "'; --",
        "gpu",
        "\ufeff\uffff",
        "null",
        "a" * 255,
        "/../a",
        "\r\n\t",
    ),
    "timestamp with time zone": (
        "infinity",
        "-infinity",
        "9999-12-30 23:59:59.999999+00",
        "294276-12-31 23:59:59+00",
        "4713-01-01 00:00 BC",
        "9999-12-31 00:00+00",
        "1969-12-31 23:59:59.999999+00",
        "epoch",
        "0001-01-01",
        "now",
        "2026-02-30",
        "24:00",
    ),
    "smallint": ("-32768", "32767", "0", "10", "11", "99999", "", "NaN"),
    "integer": ("-2147483648", "2147483647", "0", "-1", "1", "100", "9" * 20, "1e3"),
    "bigint": (str(2**63 - 1), str(-(2**63)), "0", "9" * 30),
    "double precision": ("NaN", "Infinity", "1e308", "-0"),
    "boolean": ("true", "false", "2", ""),
    "uuid": (
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "no uuid",
    ),
    "jsonb": (*map(_config, _JSON), *_JSON[:4], "{}", "null", '[["gpu"]]', "[[7]]"),
}
_LETTERS = "a0 /\\.:%\"'{}[]#\u0001\u00a0é\u0301\u200b\u202e\ud7ff\U0001f600\U0010ffff"


def _any_text(random: Random) -> str:
    return "".join(random.choices(_LETTERS, k=random.randrange(12)))


def _any_time(random: Random) -> str:
    return datetime.fromtimestamp(random.randrange(-(10**10), 10**11), UTC).isoformat()


def _any_json(random: Random) -> str:
    value = random.choice(
        [
            json.dumps(_any_text(random)),
            _nested(random.randrange(400)),
            "1" * random.randrange(1, 200),
            f"{random.choice('+-')[1:]}1e{random.randrange(-400, 400)}",
        ]
    )
    return _config(value) if random.random() < 0.8 else value


ANY: Mapping[str, Callable[[Random], str]] = {
    "text": _any_text,
    "timestamp with time zone": _any_time,
    "jsonb": _any_json,
    "smallint": lambda random: str(random.randrange(-(2**16), 2**16)),
    "integer": lambda random: str(
        random.choice([1, 10**3, 10**10]) * random.randint(-9, 9)
    ),
}


def values(kind: str, random: Random) -> Iterator[str]:
    """Hostile values of a type, without end: the known ones first."""
    known = FIXED.get(kind, ("no member", "", "cancel", "wait", "queued", "pending"))
    yield from known
    make = ANY.get(kind)
    while True:
        yield make(random) if make else random.choice(known)


def places(conn: psycopg.Connection[Any]) -> list[Place]:
    """Where a tenant's words come in, as the catalog says."""
    found = [
        Place(door, name, kind, is_view)
        for is_view, query in ((False, DOORS), (True, COLUMNS))
        for door, name, kind in conn.execute(query.encode())
    ]
    assert {place.door for place in found} == BASES.keys(), (
        "add to BASES in tests/render/test_poison.py"
    )
    return found


def plain(value: Any, type_code: int) -> Any:
    """A cell as read_back.mjs writes it."""
    match value:
        case None | bool() | str():
            return value if type_code != JSONB or value is None else "json"
        case _ if type_code == JSONB:
            return "json"
        case datetime():
            return value.astimezone(UTC).isoformat()[:19]
        case list():
            return [plain(each, 0) for each in value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case date():
            return f"{value}T00:00:00"
        case float():
            return "float"
        case _:
            return str(value)


def read(conn: psycopg.Connection[Any], query: str) -> list[list[Any]]:
    """What psycopg makes of a query's rows."""
    cursor = conn.execute(query.encode())
    types = [column.type_code for column in cursor.description or []]
    return [
        [plain(cell, kind) for cell, kind in zip(row, types, strict=True)]
        for row in cursor
    ]


def read_by_node(
    database: Database, user: UUID, queries: list[str], folder: Path
) -> list[list[list[Any]]]:
    """What node-postgres makes of them."""
    shutil.copy(Path(__file__).with_name("read_back.mjs"), folder)
    (folder / "node_modules").symlink_to(node_packages())
    asked = {"url": database.url, "user": str(user), "queries": queries}
    kept = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
    done = subprocess.run(
        ["node", "read_back.mjs"],
        cwd=folder,
        env=kept | {"TZ": "UTC"},
        input=json.dumps(asked),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[list[list[Any]]] = json.loads(done.stdout)
    return found


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
    refused: psycopg.Error | None = None
    try:
        with conn.transaction():
            conn.execute(place.statement(place.sent(text)))
    except psycopg.Error as error:
        refused = error
    if refused:
        said = errors.translate(refused)
        assert isinstance(said, errors.Error), (place, text[:200], refused)
        assert said.sentence.endswith("."), (place, text[:200], said)
        assert not isinstance(said, errors.TimedOut | errors.NotMigrated), (place, said)
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
        relations = [name for (name,) in conn.execute(READABLE)]
        queries = [
            f"select * from {name} as t order by md5(t::text)" for name in relations
        ]
        ours = [read(conn, query) for query in queries]
    theirs = read_by_node(database, tenant, queries, tmp_path)
    assert dict(zip(relations, ours, strict=True)) == dict(
        zip(relations, theirs, strict=True)
    )
    assert len(ours[relations.index("render.jobs")]) > len(found)


@pytest.mark.parametrize("door", sorted(BASES.keys() - {"work.try_again"}))
def test_each_door_takes_what_is_plain(
    database: Database, tenant: UUID, door: str
) -> None:
    with factories.acting(database, "app", tenant) as conn:
        conn.execute(Place(door, "", "", is_view=door == "render.jobs").statement(None))
        assert conn.execute("select count(*) from render.jobs").fetchone() == (
            0 if door == "work.delete" else 1,
        )


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("x" * 1_048_577, "JSON has at most 1 MiB."),
        (json.loads(_nested(200)), "JSON is at most 200 levels deep."),
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
