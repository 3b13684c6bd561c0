"""Whatever well-typed value a typed function is given, it answers or says why not, and its connection goes on.

The functions and the types of their parameters are found by walking the package.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import EnumType
from functools import cached_property
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection, Connection
from tests import factories

from renderstore import Json, errors
from renderstore.store import AsyncStore, SyncStore, aconnect, connect
from renderstore.testing.servers import Server

from .vocabulary import ASYNC, SYNC, arguments

PROVE = bool(os.environ.get("RENDERSTORE_PROVE"))
EXAMPLES = 100_000 if PROVE else 300


def nested(deep: int) -> Json:
    value: Json = []
    for _ in range(deep):
        value = [value]
    return value


# What a type checker lets pass, and hardly anybody expects.
HOSTILE: dict[object, Sequence[object]] = {
    bool: (),
    bytes: (b"", b"\x00", b"\xff" * 100_000),
    date: (date.min, date.max),
    datetime: (
        datetime.min,  # noqa: DTZ901
        datetime.max,  # noqa: DTZ901
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=12))),
        datetime(1969, 12, 31, tzinfo=UTC),
        datetime(2026, 1, 1),  # noqa: DTZ001
    ),
    Decimal: (Decimal("NaN"), Decimal("Infinity"), Decimal(10) ** 5000),
    float: (float("nan"), float("inf"), float("-inf"), 1e308, -0.0),
    int: (0, -1, 2**15, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**5000),
    str: ("", "\0", "a\0b", "\ud800", "é" * 50_000, "%s", "'", "\\", "\u202e"),
    time: (time.min, time.max),
    timedelta: (
        timedelta.min,
        timedelta.max,
        timedelta(days=365 * 8000),
        -timedelta(1),
    ),
    UUID: (UUID(int=0), UUID(int=2**128 - 1), "no uuid"),
    Json: (
        float("nan"),
        {"a": [float("-inf")]},
        "\0",
        {"\0": 1},
        "\ud800",
        {"\ud800": 1},
        10**5000,
        -(10**4000),
        1e308,
        nested(400),
        nested(3_000),
        nested(100_000),
        {"a": nested(3_000)},
    ),
}


def hostile(kind: Any) -> list[Any]:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return [value for each in inner for value in hostile(each)]
    if origin is list:
        many = [hostile(inner[0])[:1] * 2_000]
        return [[], *([each] for each in hostile(inner[0])), *many]
    if kind is NoneType:
        return [None]
    if isinstance(kind, EnumType):
        return ["no member", "", *kind]
    return list(HOSTILE[kind])


@dataclass(frozen=True)
class Ground:
    """A database with a row or two, and stores of both colours on it."""

    store: SyncStore
    aio: AsyncStore
    loop: asyncio.Runner
    ids: tuple[UUID, ...]

    def scope(self, role: str) -> Any:
        return self._scope(self.store, role)

    def ascope(self, role: str) -> Any:
        return self._scope(self.aio, role)

    def _scope(self, store: Any, role: str) -> Any:
        match role:
            case "user":
                return store.user(self.ids[0])
            case "worker":
                return store.worker("fuzz")
            case "admin":
                return store.admin(reason="fuzz")
            case _:
                return store.auth()

    @cached_property
    def roles(self) -> dict[str, list[str]]:
        """Who may call a function at all."""
        return {
            name: [role for role in ROLES if self.may(role, name)] or [ROLES[0]]
            for name in SYNC
        }

    def may(self, role: str, name: str) -> bool:
        with self.scope(role) as conn, conn.transaction(force_rollback=True):
            try:
                SYNC[name](conn, **arguments(SYNC[name]))
            except errors.Error as error:
                return type(error) is not errors.NotAllowed
        return True


ROLES = ("user", "worker", "admin", "auth")


@pytest.fixture(scope="module")
def ground(renderstore_server: Server) -> Generator[Ground]:
    database = renderstore_server.clone()
    user = factories.users.make(database)
    with asyncio.Runner() as loop:
        store, aio = connect(database.url, size=1), aconnect(database.url, size=1)
        with store.user(user) as conn:
            job = SYNC["renderstore.render.jobs.submit"](
                conn, output_path="/a.mov", template_path="/a.aep"
            )
        yield Ground(store, aio, loop, (user, job.id))
        loop.run(aio.close())
        store.close()
    renderstore_server.drop(database)


def judge(name: str, error: BaseException) -> None:
    """An error of ours, with a sentence."""
    assert isinstance(error, errors.Error), f"{name}: {error!r}"
    assert error.sentence.strip().endswith("."), f"{name}: {error.sentence!r}"
    assert type(error) is not errors.Error, f"{name}: {error.sentence}"
    assert not isinstance(error, errors.NotMigrated), f"{name}: {error!r}"
    assert not isinstance(error, errors.Unreadable), f"{name}: {error.__cause__!r}"


def attempt(
    conn: Connection[Any], name: str, given: dict[str, Any]
) -> Exception | None:
    """Call it and take it back; after a refusal the connection is asked whether it goes on."""
    try:
        with conn.transaction(force_rollback=True):
            SYNC[name](conn, **given)
    except Exception as error:
        judge(name, error)
        assert conn.execute("select 1").fetchone() == (1,)
        return error
    return None


async def aattempt(
    conn: AsyncConnection[Any], name: str, given: dict[str, Any]
) -> None:
    try:
        async with conn.transaction(force_rollback=True):
            await ASYNC[name](conn, **given)
    except Exception as error:
        judge(name, error)
        assert await (await conn.execute("select 1")).fetchone() == (1,)


@pytest.mark.parametrize("name", SYNC)
def test_a_hostile_value_is_taken_or_refused_in_a_sentence(
    ground: Ground, name: str
) -> None:
    hints, usual = get_type_hints(SYNC[name]), arguments(SYNC[name])
    with ground.scope(ground.roles[name][0]) as conn:
        for parameter in usual:
            for value in hostile(hints[parameter]):
                error = attempt(conn, name, {**usual, parameter: value})
                if isinstance(error, errors.Invalid) and of_a_value(error):
                    assert error.parameter == parameter, error
                    assert error.sentence.startswith(f"{parameter} takes ")


def of_a_value(error: errors.Error) -> bool:
    """Refused by the driver, or by a type, rather than by a rule."""
    return error.sqlstate is None or error.sqlstate[:2] in {"22", "54"}


def values(kind: Any, ids: tuple[UUID, ...]) -> st.SearchStrategy[Any]:
    """Any value of a type, the hostile ones among them."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return st.one_of([values(each, ids) for each in inner])
    if origin is list:
        return st.lists(values(inner[0], ids), max_size=3)
    if kind is NoneType:
        return st.none()
    if isinstance(kind, EnumType):
        return st.sampled_from([*kind]) | st.text(max_size=3)
    if kind is UUID:
        return st.sampled_from(ids) | st.uuids() | st.sampled_from(HOSTILE[UUID])
    return st.sampled_from([*HOSTILE[kind], None][:-1] or [True]) | ANY[kind]


CHARACTERS = st.characters(exclude_categories=())
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(CHARACTERS, max_size=5)
)
ANY: dict[object, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    bytes: st.binary(max_size=40),
    date: st.dates(),
    datetime: st.datetimes(timezones=st.timezones() | st.none()),
    Decimal: st.decimals(),
    float: st.floats(),
    int: st.integers() | st.integers(-2, 20),
    str: st.text(CHARACTERS, max_size=20)
    | st.sampled_from(["one@example.org", "/a.aep", "C:\\a", "s3://a/b", "*"]),
    time: st.times(),
    timedelta: st.timedeltas(),
    Json: st.recursive(
        _LEAVES,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(CHARACTERS, max_size=3), inner, max_size=3)
        ),
        max_leaves=8,
    ),
}


def call(
    draw: Callable[[st.SearchStrategy[Any]], Any], ground: Ground
) -> tuple[Any, ...]:
    """A role, a function that it may call, and values for it."""
    name = draw(st.sampled_from(sorted(SYNC)))
    role = draw(st.sampled_from(ground.roles[name]))
    hints = get_type_hints(SYNC[name])
    return (
        role,
        name,
        {
            parameter: draw(values(hints[parameter], ground.ids))
            for parameter in arguments(SYNC[name])
        },
    )


fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not PROVE,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)


@fuzzed
@given(st.data())
def test_any_value_is_taken_or_refused_in_a_sentence(
    ground: Ground, data: st.DataObject
) -> None:
    role, name, given = call(data.draw, ground)
    with ground.scope(role) as conn:
        attempt(conn, name, given)


@fuzzed
@given(st.data())
def test_any_value_is_taken_or_refused_in_a_sentence_for_asyncio(
    ground: Ground, data: st.DataObject
) -> None:
    role, name, given = call(data.draw, ground)
    name = name.replace("renderstore.", "renderstore.aio.", 1)

    async def run() -> None:
        async with ground.ascope(role) as conn:
            await aattempt(conn, name, given)

    ground.loop.run(run())
