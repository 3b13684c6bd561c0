# ruff: noqa: A001 (a query is named for what it does)

"""The services around the house. Administrators add and change them; who checks them
acts as a worker.

Generated from sql/queries/ops/services.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime, timedelta
from decimal import Decimal

from psycopg import Connection as _Connection
from psycopg.types.json import Jsonb as _Jsonb

from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore._scope.sync.run import optional_value as _optional_value
from renderstore._scope.sync.run import value as _value
from renderstore.ops.enums import ServiceState

_sql = _load("ops", "services")


@_row
class Service:
    """What create, get, list and update give."""

    id: str
    name: str
    url: str | None
    check_path: str
    api_key_header: str | None
    is_enabled: bool
    config: Json
    check_every_s: int
    failures_to_go_down: int
    updated_at: datetime
    updated_by: str


@_row
class ServiceStatus:
    """What list_status gives."""

    id: str
    name: str
    status: ServiceState
    response_ms: int | None
    last_check_at: datetime | None
    last_change_at: datetime | None
    uptime_24h: Decimal | None
    uptime_7d: Decimal | None
    uptime_30d: Decimal | None


@_row
class Uptime:
    """What uptime gives."""

    up: timedelta
    down: timedelta
    percentage: Decimal | None


@_row
class ServiceSpan:
    """What list_spans gives."""

    began_at: datetime
    ended_at: datetime
    state: ServiceState


@_row
class DueService:
    """What list_due gives."""

    id: str
    name: str
    url: str
    check_path: str
    api_key_header: str | None


@_row
class SealedApiKey:
    """What list_sealed_api_keys gives."""

    service_id: str
    api_key_sealed: bytes


def create(
    conn: _Connection[object],
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
    return _one(
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


def get(conn: _Connection[object], *, id: str) -> Service:
    """The service with this id."""
    return _one(conn, _sql["get"], {"id": id}, Service)


def list(
    conn: _Connection[object], *, after_id: str | None = None, page_size: int
) -> builtins.list[Service]:
    """A page of the services by id, after this one (null for the first page)."""
    return _many(
        conn, _sql["list"], {"after_id": after_id, "page_size": page_size}, Service
    )


def update(
    conn: _Connection[object],
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
    return _one(
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


def set_url(conn: _Connection[object], *, id: str, url: str | None = None) -> int:
    """How many services got this URL, or none where it is null: one or none."""
    return _affected(conn, _sql["set_url"], {"id": id, "url": url})


def delete(conn: _Connection[object], *, id: str) -> int:
    """How many services were deleted, with what was known of them: one or none."""
    return _affected(conn, _sql["delete"], {"id": id})


def list_status(
    conn: _Connection[object], *, after_id: str | None = None, page_size: int
) -> builtins.list[ServiceStatus]:
    """A page of the services as people ask for them: whether each lives, and how much
    of 24 hours, 7 and 30 days it did, in percent of what was checked.
    """
    return _many(
        conn,
        _sql["list_status"],
        {"after_id": after_id, "page_size": page_size},
        ServiceStatus,
    )


def uptime(
    conn: _Connection[object],
    *,
    id: str,
    since: datetime,
    until: datetime | None = None,
) -> Uptime:
    """How long a service was up and down between two moments, until now where until is
    null.
    """
    return _one(
        conn, _sql["uptime"], {"id": id, "since": since, "until": until}, Uptime
    )


def list_spans(
    conn: _Connection[object],
    *,
    id: str,
    before_at: datetime | None = None,
    page_size: int,
) -> builtins.list[ServiceSpan]:
    """A page of the times that are over in which a service was up or down, the last
    first, before the one that ended then (null for the first page).
    """
    return _many(
        conn,
        _sql["list_spans"],
        {"id": id, "before_at": before_at, "page_size": page_size},
        ServiceSpan,
    )


def list_due(
    conn: _Connection[object], *, only_due: bool | None = None, page_size: int
) -> builtins.list[DueService]:
    """The services to check now: enabled, with a URL, and not checked for as long as
    lies between two checks; with only_due false, whenever they were checked.
    """
    return _many(
        conn,
        _sql["list_due"],
        {"only_due": only_due, "page_size": page_size},
        DueService,
    )


def record_check(
    conn: _Connection[object],
    *,
    id: str,
    state: ServiceState,
    response_ms: int | None = None,
    message: str | None = None,
) -> ServiceState:
    """The service's state after this check: down only after its failures in a row."""
    value: ServiceState = _value(
        conn,
        _sql["record_check"],
        {"id": id, "state": state, "response_ms": response_ms, "message": message},
    )
    return value


def set_sealed_api_key(
    conn: _Connection[object], *, id: str, api_key_sealed: bytes | None = None
) -> int:
    """Sets a service's sealed API key, or takes it away where it is null:
    secrets.encrypt seals it.
    """
    return _affected(
        conn, _sql["set_sealed_api_key"], {"id": id, "api_key_sealed": api_key_sealed}
    )


def find_sealed_api_key(conn: _Connection[object], *, id: str) -> bytes | None:
    """A service's sealed API key, for who checks it; null without one."""
    value: bytes | None = _optional_value(conn, _sql["find_sealed_api_key"], {"id": id})
    return value


def list_sealed_api_keys(
    conn: _Connection[object], *, after_id: str | None = None, page_size: int
) -> builtins.list[SealedApiKey]:
    """A page of the sealed API keys, for a change of the key that seals them."""
    return _many(
        conn,
        _sql["list_sealed_api_keys"],
        {"after_id": after_id, "page_size": page_size},
        SealedApiKey,
    )


def replace_sealed_api_key(
    conn: _Connection[object], *, id: str, old: bytes, new: bytes
) -> int:
    """How many values were replaced by what was sealed again: one, or none where it
    has changed since.
    """
    value: int = _value(
        conn, _sql["replace_sealed_api_key"], {"id": id, "old": old, "new": new}
    )
    return value
