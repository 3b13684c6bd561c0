"""examples/limits: whoever asks too often is told when to come again."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from datetime import timedelta
from types import ModuleType
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from tests import factories

from renderstore import aconnect, connect
from renderstore.errors import NotFound
from renderstore.identity import TokenRole, api_tokens
from renderstore.ops import limits
from renderstore.store import AsyncScope, AsyncStore
from renderstore.testing import Database

from .support import EXAMPLES

Scope = MutableMapping[str, Any]
Asker = Callable[[AsyncStore], AsyncScope]


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "limits", EXAMPLES / "limits" / "limits.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def user(database: Database) -> UUID:
    with connect(database.url) as store:
        store.admin(reason="tests").run(
            limits.set, endpoint="render.submit", max_requests=10, window_s=3600
        )
    return factories.users.make(database)


async def serve(scope: Scope, receive: object, send: Any) -> None:
    """The application: it notes what reached it, and fails where it is asked to."""
    scope.setdefault("reached", []).append(scope["type"])
    if scope["type"] != "http":
        return
    if scope["path"] == "/fail":
        raise ZeroDivisionError
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def ask(
    example: ModuleType,
    url: str,
    asker: Asker | None,
    paths: list[str],
    *,
    at_once: bool = False,
    endpoint: str = "render.submit",
) -> list[httpx.Response | None]:
    """What is answered to requests of one asker; None where the application failed."""

    async def asked() -> list[httpx.Response | None]:
        async with aconnect(url, size=20, timeout=2) as store:

            def who(_: Scope) -> AsyncScope | None:
                return None if asker is None else asker(store)

            app = example.RateLimit(serve, endpoint=endpoint, asker=who)
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://house"
            )

            async def one(path: str) -> httpx.Response | None:
                with suppress(ZeroDivisionError):
                    return await client.get(path)
                return None

            async with client:
                if at_once:
                    return list(await asyncio.gather(*map(one, paths)))
                return [await one(path) for path in paths]

    return asyncio.run(asked())


def statuses(answers: list[httpx.Response | None]) -> list[int | None]:
    return [None if said is None else said.status_code for said in answers]


def test_whoever_asks_too_often_is_told_when_to_come_again(
    example: ModuleType, database: Database, user: UUID
) -> None:
    answers = ask(example, database.url, lambda store: store.user(user), ["/"] * 11)
    assert statuses(answers) == [204] * 10 + [429]
    refused = answers[-1]
    assert refused is not None
    assert refused.headers["content-type"] == "application/json"
    assert refused.json() == {"detail": "Too many requests.", "error": "RateLimited"}
    # A window, and up to a twelfth of it.
    wait = int(refused.headers["retry-after"])
    assert 3600 <= wait <= 3900


class Answers:
    """A scope whose take is refused for so long."""

    def __init__(self, wait: timedelta | None) -> None:
        self.wait = wait

    async def run(self, *_: object, **__: object) -> object:
        return type("Taken", (), {"is_allowed": False, "retry_after": self.wait})


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (timedelta(milliseconds=1), "1"),
        (timedelta(seconds=2), "2"),
        (timedelta(seconds=2, microseconds=1), "3"),
        (None, None),
    ],
)
def test_seconds_are_rounded_up(
    example: ModuleType, database: Database, wait: timedelta | None, said: str | None
) -> None:
    def asker(_: AsyncStore) -> Any:
        return Answers(wait)

    [refused] = ask(example, database.url, asker, ["/"])
    assert refused is not None
    assert refused.status_code == 429
    assert refused.headers.get("retry-after") == said


def test_requests_whose_handler_fails_stay_counted(
    example: ModuleType, database: Database, user: UUID
) -> None:
    with connect(database.url) as store:
        store.admin(reason="tests").run(
            limits.set, endpoint="render.submit", max_requests=30, window_s=3600
        )
    answers = ask(
        example, database.url, lambda store: store.user(user), ["/fail"] * 30 + ["/"]
    )
    assert statuses(answers) == [None] * 30 + [429]


def test_fifty_at_once_let_ten_through(
    example: ModuleType, database: Database, user: UUID
) -> None:
    answers = ask(
        example, database.url, lambda store: store.user(user), ["/"] * 50, at_once=True
    )
    assert sorted(map(str, statuses(answers))) == ["204"] * 10 + ["429"] * 40


def test_a_token_takes_of_its_users_limit(
    example: ModuleType, database: Database, user: UUID
) -> None:
    with connect(database.url) as store:
        token = store.admin(reason="tests").run(
            api_tokens.issue,
            name="bot",
            service="bot",
            roles=[TokenRole.USER],
            for_user_id=user,
        )

    def by_token(store: AsyncStore) -> AsyncScope:
        return store.token(token.secret)

    assert statuses(ask(example, database.url, by_token, ["/"] * 4)) == [204] * 4
    answers = ask(example, database.url, lambda store: store.user(user), ["/"] * 7)
    assert statuses(answers) == [204] * 6 + [429]
    assert statuses(ask(example, database.url, by_token, ["/"])) == [429]
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("update identity.api_tokens set revoked_at = now()")
    assert statuses(ask(example, database.url, by_token, ["/"])) == [401]


def test_who_is_not_signed_in_is_the_applications(
    example: ModuleType, database: Database, user: UUID
) -> None:
    assert statuses(ask(example, database.url, None, ["/"] * 11)) == [204] * 11


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
def test_what_is_no_request_passes(
    example: ModuleType, database: Database, user: UUID, kind: str
) -> None:
    def nobody(_: Scope) -> AsyncScope:
        raise AssertionError("There is nobody to ask for.")

    async def nothing(*_: object) -> Any:
        return {}

    scope: Scope = {"type": kind}
    app = example.RateLimit(serve, endpoint="render.submit", asker=nobody)
    asyncio.run(app(scope, nothing, nothing))
    assert scope["reached"] == [kind]


def test_a_database_that_is_away_lets_nobody_through(
    example: ModuleType, database: Database, user: UUID
) -> None:
    away = "postgresql://renderstore@127.0.0.1:1/away"
    [refused] = ask(example, away, lambda store: store.user(user), ["/"])
    assert refused is not None
    assert refused.status_code == 503
    assert refused.json()["error"] == "Unavailable"


def test_a_limit_that_nobody_added_is_the_houses_mistake(
    example: ModuleType, database: Database, user: UUID
) -> None:
    with pytest.raises(NotFound, match="no limit 'other'"):
        ask(
            example,
            database.url,
            lambda store: store.user(user),
            ["/"],
            endpoint="other",
        )
