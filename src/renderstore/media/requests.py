# ruff: noqa: A001 (a query is named for what it does)

"""What users ask for, one row a movie, a show or a season.

Generated from sql/queries/media/requests.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore._scope.sync.run import optional as _optional
from renderstore._scope.sync.run import value as _value
from renderstore.media.enums import MediaType, RequestStatus

_sql = _load("media", "requests")


@_row
class SubmittedRequest:
    """What submit gives."""

    is_new: bool
    id: UUID
    season: int | None
    status: RequestStatus
    requested_at: datetime


@_row
class Request:
    """What get, find_by_id, list and list_by_status give."""

    user_id: UUID
    id: UUID
    status: RequestStatus
    title: str
    media_type: MediaType
    tmdb_id: int | None
    season: int | None
    is_4k: bool
    overseerr_id: str | None
    decided_by: str | None
    decision_reason: str | None
    requested_at: datetime
    decided_at: datetime | None
    completed_at: datetime | None


@_row
class DecidedRequest:
    """What approve, decline, begin, fail, complete and remove give."""

    status: RequestStatus
    is_changed: bool


@_row
class MadeAvailable:
    """What make_available gives."""

    made_available: int
    held: int


def submit(
    conn: _Connection[object],
    *,
    title: str,
    media_type: MediaType,
    tmdb_id: int | None = None,
    seasons: builtins.list[int] | None = None,
    is_4k: bool | None = None,
    overseerr_id: str | None = None,
    user_id: UUID | None = None,
) -> builtins.list[SubmittedRequest]:
    """The requests of the acting user, or of the one that an administrator names, a
    row a season in the order given: all of them, or none within the plan. What is
    open or there already is found, and is not new.
    """
    return _many(
        conn,
        _sql["submit"],
        {
            "title": title,
            "media_type": media_type,
            "tmdb_id": tmdb_id,
            "seasons": seasons,
            "is_4k": is_4k,
            "overseerr_id": overseerr_id,
            "user_id": user_id,
        },
        SubmittedRequest,
    )


def get(conn: _Connection[object], *, id: UUID) -> Request:
    """The acting user's request with this id."""
    return _one(conn, _sql["get"], {"id": id}, Request)


def find_by_id(conn: _Connection[object], *, id: UUID) -> Request | None:
    """The request with this id alone, whoever asked, for who sees every row."""
    return _optional(conn, _sql["find_by_id"], {"id": id}, Request)


def list(
    conn: _Connection[object], *, before_id: UUID | None = None, page_size: int
) -> builtins.list[Request]:
    """A page of the acting user's requests, newest first, before the one with this id
    (null for the first page).
    """
    return _many(
        conn, _sql["list"], {"before_id": before_id, "page_size": page_size}, Request
    )


def list_by_status(
    conn: _Connection[object],
    *,
    status: RequestStatus,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[Request]:
    """A page of all users' requests of one status, newest first, for who sees every
    row.
    """
    return _many(
        conn,
        _sql["list_by_status"],
        {"status": status, "before_id": before_id, "page_size": page_size},
        Request,
    )


def cancel(
    conn: _Connection[object], *, id: UUID, user_id: UUID | None = None
) -> RequestStatus:
    """The request's status, which is cancelled now: the acting user's own, or that of
    the user whom an administrator names. What is there already is not cancelled.
    """
    value: RequestStatus = _value(conn, _sql["cancel"], {"id": id, "user_id": user_id})
    return value


def approve(
    conn: _Connection[object], *, user_id: UUID, id: UUID, reason: str | None = None
) -> DecidedRequest:
    """An administrator agrees, to a new request or to one that failed. The same once
    more changes nothing.
    """
    return _one(
        conn,
        _sql["approve"],
        {"user_id": user_id, "id": id, "reason": reason},
        DecidedRequest,
    )


def decline(
    conn: _Connection[object], *, user_id: UUID, id: UUID, reason: str
) -> DecidedRequest:
    """An administrator refuses, and says why."""
    return _one(
        conn,
        _sql["decline"],
        {"user_id": user_id, "id": id, "reason": reason},
        DecidedRequest,
    )


def begin(conn: _Connection[object], *, user_id: UUID, id: UUID) -> DecidedRequest:
    """What was approved is being fetched."""
    return _one(conn, _sql["begin"], {"user_id": user_id, "id": id}, DecidedRequest)


def fail(
    conn: _Connection[object], *, user_id: UUID, id: UUID, reason: str
) -> DecidedRequest:
    """What was being fetched could not be; an administrator says why, and may approve
    it again.
    """
    return _one(
        conn,
        _sql["fail"],
        {"user_id": user_id, "id": id, "reason": reason},
        DecidedRequest,
    )


def complete(conn: _Connection[object], *, user_id: UUID, id: UUID) -> DecidedRequest:
    """What this user asked for is there; media.requests.make_available says so to
    everybody who asked.
    """
    return _one(conn, _sql["complete"], {"user_id": user_id, "id": id}, DecidedRequest)


def remove(
    conn: _Connection[object], *, user_id: UUID, id: UUID, reason: str | None = None
) -> DecidedRequest:
    """What was there is no more; it can be asked for again."""
    return _one(
        conn,
        _sql["remove"],
        {"user_id": user_id, "id": id, "reason": reason},
        DecidedRequest,
    )


def make_available(
    conn: _Connection[object],
    *,
    media_type: MediaType,
    tmdb_id: int,
    season: int | None = None,
    is_4k: bool | None = None,
) -> MadeAvailable:
    """How many approved requests are available now, of everybody who asked for it;
    held are those that somebody holds at this moment, for a second call.
    """
    return _one(
        conn,
        _sql["make_available"],
        {
            "media_type": media_type,
            "tmdb_id": tmdb_id,
            "season": season,
            "is_4k": is_4k,
        },
        MadeAvailable,
    )
