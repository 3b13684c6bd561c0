"""A rate limit in front of an ASGI application of any framework: 429 with Retry-After to whoever asks too often.

    app = RateLimit(app, endpoint="render.submit", asker=asker)

`asker` gives the scope of whoever asks, such as `store.user(id)` of the id that signing in left in the request's state, or
`store.token(secret)`; None for who is not signed in, whom the application refuses itself.
"""

import json
import math
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from renderstore.aio import ops
from renderstore.errors import Error
from renderstore.store import AsyncScope
from renderstore.web import Answer, answer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class RateLimit:
    """Counts each request before the application sees it, so that one that fails stays counted."""

    def __init__(
        self, app: App, *, endpoint: str, asker: Callable[[Scope], AsyncScope | None]
    ) -> None:
        self.app, self.endpoint, self.asker = app, endpoint, asker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asker = self.asker(scope) if scope["type"] == "http" else None
        refused = None if asker is None else await self.take(asker)
        if refused is None:
            await self.app(scope, receive, send)
        else:
            await refuse(send, refused)

    async def take(self, asker: AsyncScope) -> Answer | None:
        """What is answered in the application's place, if anything is."""
        try:
            taken = await asker.run(ops.rate_limits.take, endpoint=self.endpoint)
        except Error as error:
            # A database that is away is 503: what cannot be counted is not let through, and the application needs it anyway.
            # A limit that nobody added is the house's mistake, not that of whoever asks.
            said = answer(error)
            if said.status not in (401, 403, 503):
                raise
            return said
        if taken.is_allowed:
            return None
        headers: dict[str, str] = {}
        if taken.retry_after is not None:  # a closed endpoint has no such time
            # Rounded up: a second too early is one refusal more.
            headers["Retry-After"] = str(math.ceil(taken.retry_after.total_seconds()))
        body = {"detail": "Too many requests.", "error": "RateLimited"}
        return Answer(status=429, body=body, headers=headers)


async def refuse(send: Send, said: Answer) -> None:
    body = json.dumps(said.body).encode()
    headers = said.headers | {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
    }
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": said.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
