# ruff: noqa: A001 (a query is named for what it does)

"""The services around the house. Administrators add and change them; who checks them
acts as a worker.

Generated from sql/queries/ops/services.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime

from psycopg import AsyncConnection as _AsyncConnection
from psycopg.types.json import Jsonb as _Jsonb

from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore._scope.aio.run import optional_value as _optional_value
from renderstore._scope.aio.run import value as _value
from renderstore.ops.enums import ServiceState
from renderstore.ops.services import (
    DueService,
    SealedApiKey,
    Service,
    ServiceSpan,
    ServiceStatus,
    Uptime,
)

_sql = _load("ops", "services")


async def create(
    conn: _AsyncConnection[object],
    *,
    id: str,
    name: str,
    url: str | None = None,
    check_path: str | None = None,
    api_key_header: str | None = None,
    is_enabled: bool | None = None,
    config: Json | None = None,
    check_every_s: int | None = None,
    failures_to_go_down: int | None = None,
) -> Service:
    """The service just added; without a URL its state is unknown."""
    return await _one(
        conn,
        _sql["create"],
        {
            "id": id,
            "name": name,
            "url": url,
            "check_path": check_path,
            "api_key_header": api_key_header,
            "is_enabled": is_enabled,
            "config": None if config is None else _Jsonb(config),
            "check_every_s": check_every_s,
            "failures_to_go_down": failures_to_go_down,
        },
        Service,
    )


async def get(conn: _AsyncConnection[object], *, id: str) -> Service:
    """The service with this id."""
    return await _one(conn, _sql["get"], {"id": id}, Service)


async def list(
    conn: _AsyncConnection[object], *, after_id: str | None = None, page_size: int
) -> builtins.list[Service]:
    """A page of the services by id, after this one (null for the first page)."""
    return await _many(
        conn, _sql["list"], {"after_id": after_id, "page_size": page_size}, Service
    )


async def update(
    conn: _AsyncConnection[object],
    *,
    id: str,
    name: str | None = None,
    check_path: str | None = None,
    api_key_header: str | None = None,
    is_enabled: bool | None = None,
    config: Json | None = None,
    check_every_s: int | None = None,
    failures_to_go_down: int | None = None,
) -> Service:
    """The service with what is given set; what is null stays, and so do its URL and
    its API key.
    """
    return await _one(
        conn,
        _sql["update"],
        {
            "id": id,
            "name": name,
            "check_path": check_path,
            "api_key_header": api_key_header,
            "is_enabled": is_enabled,
            "config": None if config is None else _Jsonb(config),
            "check_every_s": check_every_s,
            "failures_to_go_down": failures_to_go_down,
        },
        Service,
    )


async def set_url(
    conn: _AsyncConnection[object], *, id: str, url: str | None = None
) -> int:
    """How many services got this URL, or none where it is null: one or none."""
    return await _affected(conn, _sql["set_url"], {"id": id, "url": url})


async def delete(conn: _AsyncConnection[object], *, id: str) -> int:
    """How many services were deleted, with what was known of them: one or none."""
    return await _affected(conn, _sql["delete"], {"id": id})


async def list_status(
    conn: _AsyncConnection[object], *, after_id: str | None = None, page_size: int
) -> builtins.list[ServiceStatus]:
    """A page of the services as people ask for them: whether each lives, and how much
    of 24 hours, 7 and 30 days it did, in percent of what was checked.
    """
    return await _many(
        conn,
        _sql["list_status"],
        {"after_id": after_id, "page_size": page_size},
        ServiceStatus,
    )


async def uptime(
    conn: _AsyncConnection[object],
    *,
    id: str,
    since: datetime,
    until: datetime | None = None,
) -> Uptime:
    """How long a service was up and down between two moments, until now where until is
    null.
    """
    return await _one(
        conn, _sql["uptime"], {"id": id, "since": since, "until": until}, Uptime
    )


async def list_spans(
    conn: _AsyncConnection[object],
    *,
    id: str,
    before_at: datetime | None = None,
    page_size: int,
) -> builtins.list[ServiceSpan]:
    """A page of the times that are over in which a service was up or down, the last
    first, before the one that ended then (null for the first page).
    """
    return await _many(
        conn,
        _sql["list_spans"],
        {"id": id, "before_at": before_at, "page_size": page_size},
        ServiceSpan,
    )


async def list_due(
    conn: _AsyncConnection[object], *, only_due: bool | None = None, page_size: int
) -> builtins.list[DueService]:
    """The services to check now: enabled, with a URL, and not checked for as long as
    lies between two checks; with only_due false, whenever they were checked.
    """
    return await _many(
        conn,
        _sql["list_due"],
        {"only_due": only_due, "page_size": page_size},
        DueService,
    )


async def record_check(
    conn: _AsyncConnection[object],
    *,
    id: str,
    state: ServiceState,
    response_ms: int | None = None,
    message: str | None = None,
) -> ServiceState:
    """The service's state after this check: down only after its failures in a row."""
    value: ServiceState = await _value(
        conn,
        _sql["record_check"],
        {"id": id, "state": state, "response_ms": response_ms, "message": message},
    )
    return value


async def set_sealed_api_key(
    conn: _AsyncConnection[object], *, id: str, api_key_sealed: bytes | None = None
) -> int:
    """Sets a service's sealed API key, or takes it away where it is null:
    secrets.encrypt seals it.
    """
    return await _affected(
        conn, _sql["set_sealed_api_key"], {"id": id, "api_key_sealed": api_key_sealed}
    )


async def find_sealed_api_key(
    conn: _AsyncConnection[object], *, id: str
) -> bytes | None:
    """A service's sealed API key, for who checks it; null without one."""
    value: bytes | None = await _optional_value(
        conn, _sql["find_sealed_api_key"], {"id": id}
    )
    return value


async def list_sealed_api_keys(
    conn: _AsyncConnection[object], *, after_id: str | None = None, page_size: int
) -> builtins.list[SealedApiKey]:
    """A page of the sealed API keys, for a change of the key that seals them."""
    return await _many(
        conn,
        _sql["list_sealed_api_keys"],
        {"after_id": after_id, "page_size": page_size},
        SealedApiKey,
    )


async def replace_sealed_api_key(
    conn: _AsyncConnection[object], *, id: str, old: bytes, new: bytes
) -> int:
    """How many values were replaced by what was sealed again: one, or none where it
    has changed since.
    """
    value: int = await _value(
        conn, _sql["replace_sealed_api_key"], {"id": id, "old": old, "new": new}
    )
    return value
