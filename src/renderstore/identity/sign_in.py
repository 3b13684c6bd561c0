"""What sign-in does before the user is known. Only renderstore_auth may run these.

Generated from sql/queries/identity/sign_in.sql by `just generate`; do not edit.
"""

from dataclasses import field as _field
from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore._scope.sync.run import optional as _optional
from renderstore._scope.sync.run import value as _value
from renderstore.identity.enums import UserRole, UserStatus

_sql = _load("identity", "sign_in")


@_row
class FindPasswordRow:
    """What find_password gives."""

    id: UUID
    password_hash: str = _field(repr=False)
    is_password_change_due: bool


@_row
class SignInWithPlexRow:
    """What sign_in_with_plex gives."""

    id: UUID
    role: UserRole
    status: UserStatus
    is_bootstrap: bool
    created_at: datetime


@_row
class GetPlexTokenRow:
    """What get_plex_token gives."""

    id: UUID
    plex_token_encrypted: bytes | None = _field(repr=False)


@_row
class ListPlexTokensRow:
    """What list_plex_tokens gives."""

    id: UUID
    plex_token_encrypted: bytes = _field(repr=False)


def create_bootstrap_admin(
    conn: _Connection[object],
    *,
    email: str | None = None,
    name: str | None = None,
    password_hash: str | None = None,
) -> UUID:
    """The id of the first administrator; refused once there was one."""
    value: UUID = _value(
        conn,
        _sql["create_bootstrap_admin"],
        {"email": email, "name": name, "password_hash": password_hash},
    )
    return value


def find_password(conn: _Connection[object], *, email: str) -> FindPasswordRow | None:
    """The password's hash of an active user who has one."""
    return _optional(conn, _sql["find_password"], {"email": email}, FindPasswordRow)


def change_password(conn: _Connection[object], *, id: UUID, password_hash: str) -> int:
    """How many passwords were changed: one, or none where the user has none."""
    return _affected(
        conn, _sql["change_password"], {"id": id, "password_hash": password_hash}
    )


def sign_in_with_plex(
    conn: _Connection[object],
    *,
    plex_id: int,
    plex_username: str | None = None,
    email: str | None = None,
    name: str | None = None,
    image: str | None = None,
) -> SignInWithPlexRow:
    """The user with this Plex id, created at the first sign-in. Whoever is suspended
    is refused when the session is issued.
    """
    return _one(
        conn,
        _sql["sign_in_with_plex"],
        {
            "plex_id": plex_id,
            "plex_username": plex_username,
            "email": email,
            "name": name,
            "image": image,
        },
        SignInWithPlexRow,
    )


def get_plex_token(conn: _Connection[object], *, id: UUID) -> GetPlexTokenRow:
    """The encrypted Plex token of a user."""
    return _one(conn, _sql["get_plex_token"], {"id": id}, GetPlexTokenRow)


def set_plex_token(
    conn: _Connection[object], *, id: UUID, plex_token_encrypted: bytes | None = None
) -> int:
    """How many users were given the encrypted Plex token: one or none. Null takes it
    away.
    """
    return _affected(
        conn,
        _sql["set_plex_token"],
        {"id": id, "plex_token_encrypted": plex_token_encrypted},
    )


def list_plex_tokens(
    conn: _Connection[object], *, after_id: UUID | None = None, page_size: int
) -> list[ListPlexTokensRow]:
    """A page of encrypted Plex tokens in the order of their users, for a change of
    keys.
    """
    return _many(
        conn,
        _sql["list_plex_tokens"],
        {"after_id": after_id, "page_size": page_size},
        ListPlexTokensRow,
    )


def replace_plex_token(
    conn: _Connection[object], *, id: UUID, old: bytes, new: bytes
) -> int:
    """How many tokens were replaced: one, or none where it has changed since it was
    read.
    """
    return _affected(
        conn, _sql["replace_plex_token"], {"id": id, "old": old, "new": new}
    )
