"""The house's health over HTTP: an ASGI application of its own, to mount in any framework.

    from renderstore.web.health import health

    app.mount("/api/health", health(store))       # Starlette, FastAPI

`/` answers with 200, or with 503 where the verdict is fail; `/live` only says whether the database answers, for
balancers that ask often; `/metrics` is the same numbers for Prometheus. What an answer says is for who runs the house:
for everybody's eyes take `with_details=False`, which gives the verdict alone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from time import monotonic
from typing import Any

from renderstore.errors import Error
from renderstore.health import Health, Verdict, text_for_prometheus
from renderstore.store import AsyncStore

__all__ = ["health"]

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[_Scope, _Receive, _Send], Awaitable[None]]

_JSON = b"application/json"
_TEXT = b"text/plain; version=0.0.4; charset=utf-8"


def health(store: AsyncStore, *, with_details: bool = True, remember: float = 1) -> App:
    """The application. An answer is remembered for so many seconds, so that many who ask are one question."""
    lock = asyncio.Lock()
    found: tuple[float, Health] | None = None

    async def look() -> Health:
        nonlocal found
        async with lock:
            if found is None or monotonic() - found[0] >= remember:
                found = (monotonic(), await store.health())
            return found[1]

    async def answer(path: str) -> tuple[int, bytes, bytes]:
        if path.endswith("/live"):
            try:
                await store.ping()
            except Error:
                return 503, _JSON, _body({"verdict": "fail"})
            return 200, _JSON, _body({"verdict": "ok"})
        seen = await look()
        if path.endswith("/metrics"):
            return 200, _TEXT, text_for_prometheus(seen).encode()
        status = 503 if seen.verdict is Verdict.FAIL else 200
        said = seen.as_json() if with_details else {"verdict": str(seen.verdict)}
        return status, _JSON, _body(said)

    async def app(scope: _Scope, receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError("renderstore's health answers HTTP alone.")
        if scope["method"] not in ("GET", "HEAD"):
            status, kind, body = (
                405,
                _JSON,
                _body({"detail": "Health is asked for by GET."}),
            )
        else:
            status, kind, body = await answer(scope["path"])
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        if status == 405:
            headers.append((b"allow", b"GET, HEAD"))
        await send(
            {"type": "http.response.start", "status": status, "headers": headers}
        )
        await send(
            {
                "type": "http.response.body",
                "body": b"" if scope["method"] == "HEAD" else body,
            }
        )

    return app


def _body(said: object) -> bytes:
    return json.dumps(said).encode()
