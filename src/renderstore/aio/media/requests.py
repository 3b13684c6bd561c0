# ruff: noqa: A001 (a query is named for what it does)

"""What users ask for, one row a movie, a show or a season.

Generated from sql/queries/media/requests.sql by `just generate`; do not edit.
"""

import builtins
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore._scope.aio.run import optional as _optional
from renderstore._scope.aio.run import value as _value
from renderstore.media.enums import MediaType, RequestStatus
from renderstore.media.requests import (
    DecidedRequest,
    MadeAvailable,
    Request,
    SubmittedRequest,
)

_sql = _load("media", "requests")


async def submit(
    conn: _AsyncConnection[object],
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
    return await _many(
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


async def get(conn: _AsyncConnection[object], *, id: UUID) -> Request:
    """The acting user's request with this id."""
    return await _one(conn, _sql["get"], {"id": id}, Request)


async def find_by_id(conn: _AsyncConnection[object], *, id: UUID) -> Request | None:
    """The request with this id alone, whoever asked, for who sees every row."""
    return await _optional(conn, _sql["find_by_id"], {"id": id}, Request)


async def list(
    conn: _AsyncConnection[object], *, before_id: UUID | None = None, page_size: int
) -> builtins.list[Request]:
    """A page of the acting user's requests, newest first, before the one with this id
    (null for the first page).
    """
    return await _many(
        conn, _sql["list"], {"before_id": before_id, "page_size": page_size}, Request
    )


async def list_by_status(
    conn: _AsyncConnection[object],
    *,
    status: RequestStatus,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[Request]:
    """A page of all users' requests of one status, newest first, for who sees every
    row.
    """
    return await _many(
        conn,
        _sql["list_by_status"],
        {"status": status, "before_id": before_id, "page_size": page_size},
        Request,
    )


async def cancel(
    conn: _AsyncConnection[object], *, id: UUID, user_id: UUID | None = None
) -> RequestStatus:
    """The request's status, which is cancelled now: the acting user's own, or that of
    the user whom an administrator names. What is there already is not cancelled.
    """
    value: RequestStatus = await _value(
        conn, _sql["cancel"], {"id": id, "user_id": user_id}
    )
    return value


async def approve(
    conn: _AsyncConnection[object],
    *,
    user_id: UUID,
    id: UUID,
    reason: str | None = None,
) -> DecidedRequest:
    """An administrator agrees, to a new request or to one that failed. The same once
    more changes nothing.
    """
    return await _one(
        conn,
        _sql["approve"],
        {"user_id": user_id, "id": id, "reason": reason},
        DecidedRequest,
    )


async def decline(
    conn: _AsyncConnection[object], *, user_id: UUID, id: UUID, reason: str
) -> DecidedRequest:
    """An administrator refuses, and says why."""
    return await _one(
        conn,
        _sql["decline"],
        {"user_id": user_id, "id": id, "reason": reason},
        DecidedRequest,
    )


async def begin(
    conn: _AsyncConnection[object], *, user_id: UUID, id: UUID
) -> DecidedRequest:
    """What was approved is being fetched."""
    return await _one(
        conn, _sql["begin"], {"user_id": user_id, "id": id}, DecidedRequest
    )


async def fail(
    conn: _AsyncConnection[object], *, user_id: UUID, id: UUID, reason: str
) -> DecidedRequest:
    """What was being fetched could not be; an administrator says why, and may approve
    it again.
    """
    return await _one(
        conn,
        _sql["fail"],
        {"user_id": user_id, "id": id, "reason": reason},
        DecidedRequest,
    )


async def complete(
    conn: _AsyncConnection[object], *, user_id: UUID, id: UUID
) -> DecidedRequest:
    """What this user asked for is there; media.requests.make_available says so to
    everybody who asked.
    """
    return await _one(
        conn, _sql["complete"], {"user_id": user_id, "id": id}, DecidedRequest
    )


async def remove(
    conn: _AsyncConnection[object],
    *,
    user_id: UUID,
    id: UUID,
    reason: str | None = None,
) -> DecidedRequest:
    """What was there is no more; it can be asked for again."""
    return await _one(
        conn,
        _sql["remove"],
        {"user_id": user_id, "id": id, "reason": reason},
        DecidedRequest,
    )


async def make_available(
    conn: _AsyncConnection[object],
    *,
    media_type: MediaType,
    tmdb_id: int,
    season: int | None = None,
    is_4k: bool | None = None,
) -> MadeAvailable:
    """How many approved requests are available now, of everybody who asked for it;
    held are those that somebody holds at this moment, for a second call.
    """
    return await _one(
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
