"""What may be seen and done by whom: the one table that every grant must stand in.

`select` means every column save the secret ones, `select*` the secret ones too, and
`update(name, image)` these two columns. Who is not named has no right at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

COMMANDS = ("select", "insert", "update", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Walls:
    """One table or view: whose rows it holds, what in it is secret, and each role's rights."""

    owner: str | None
    """The column that names the row's user; None where the rows belong to nobody."""
    secret: tuple[str, ...] = ()
    app: str = ""
    auth: str = ""
    worker: str = ""
    admin: str = ""
    readonly: str = ""

    def rights(self, role: str, columns: frozenset[str]) -> dict[str, frozenset[str]]:
        """Each command that the role has, with its columns."""
        text: str = getattr(self, role)
        found: dict[str, frozenset[str]] = {}
        for command, star, names in re.findall(r"(\w+)(\*?)(?:\(([^)]*)\))?", text):
            if names:
                found[command] = frozenset(re.findall(r"\w+", names))
            else:
                found[command] = columns if star else columns - set(self.secret)
        return found


def unwritten(columns: Iterable[str]) -> Walls:
    """Of what is not in EXPECTED, a user sees only the own rows and a role has no right."""
    return Walls(owner="user_id" if "user_id" in columns else None)


EXPECTED: dict[str, Walls] = {
    "identity.plans": Walls(
        owner=None,
        app="select",
        auth="select",
        admin="select insert update delete",
        readonly="select",
    ),
    "identity.users": Walls(
        owner="id",
        secret=("plex_token_encrypted", "password_hash"),
        app="select update(name, image)",
        auth=(
            "select* delete"
            " insert(email, name, image, plex_id, plex_username, plex_token_encrypted,"
            " email_verified_at)"
            " update(email, name, image, plex_username, plex_token_encrypted, password_hash,"
            " is_password_change_due, email_verified_at, last_login_at)"
        ),
        admin=(
            "select delete"
            " insert(plan_id, role, email, name, image, slack_id, plex_id, plex_username)"
            " update(plan_id, role, status, email, name, image, slack_id, plex_id,"
            " plex_username, email_verified_at)"
        ),
        readonly="select",
    ),
    "identity.macos_accounts": Walls(
        owner="user_id",
        app="select",
        auth="select",
        admin="select insert(user_id, name) delete",
        readonly="select",
    ),
    "identity.bootstraps": Walls(
        owner=None, auth="select", admin="select", readonly="select"
    ),
    "identity.accounts": Walls(
        owner="user_id",
        secret=("access_token", "refresh_token", "id_token", "session_state"),
        app="select",
        auth=(
            "select* delete"
            " insert(user_id, type, provider, provider_account_id, access_token, refresh_token,"
            " id_token, token_type, scope, session_state, expires_at_s)"
            " update(access_token, refresh_token, id_token, token_type, scope, session_state,"
            " expires_at_s)"
        ),
        admin="select delete",
        readonly="select",
    ),
    "identity.web_sessions": Walls(
        owner="user_id",
        secret=("session_token",),
        app="select delete",
        auth="select* insert(user_id, session_token, expires_at) update(expires_at) delete",
        admin="select delete",
        readonly="select",
    ),
    "identity.verification_tokens": Walls(
        owner=None,
        secret=("token",),
        auth="select* insert(identifier, token, expires_at) delete",
        admin="select",
        readonly="select",
    ),
    "identity.session_tokens": Walls(
        owner="user_id",
        secret=("token_hash",),
        app="select delete",
        auth=(
            "select* insert(user_id, token_hash, expires_at)"
            " update(last_used_at, expires_at) delete"
        ),
        admin="select delete",
        readonly="select",
    ),
    "identity.api_tokens": Walls(
        owner="user_id",
        secret=("token_hash",),
        app=(
            "select insert(user_id, service, for_user_id, name, prefix, token_hash, roles,"
            " expires_at) update(name, prefix, token_hash, expires_at, revoked_at)"
        ),
        auth="select* update(last_used_at) delete",
        admin=(
            "select insert(user_id, service, for_user_id, name, prefix, token_hash, roles,"
            " expires_at) update(name, prefix, token_hash, expires_at, revoked_at) delete"
        ),
        readonly="select",
    ),
    "authjs.users": Walls(
        owner="id",
        auth=(
            "select delete insert(name, email, emailVerified, image)"
            " update(name, email, emailVerified, image)"
        ),
    ),
    "authjs.sessions": Walls(
        owner="userId",
        auth="select delete insert(userId, expires, sessionToken) update(expires)",
    ),
    "authjs.accounts": Walls(
        owner="userId",
        auth=(
            "select delete insert(userId, type, provider, providerAccountId, refresh_token,"
            " access_token, expires_at, id_token, scope, session_state, token_type)"
        ),
    ),
    "authjs.verification_token": Walls(
        owner=None, auth="select insert(identifier, expires, token) delete"
    ),
}

CALLERS: Mapping[str, str] = {
    "identity.bind(text,uuid,text)": "public",
    "identity.bind_token(bytea,identity.token_role,uuid)": "public",
    "identity.create_bootstrap_admin(text,text,text)": "auth",
    "identity.current_actor()": "public",
    "identity.current_user_id()": "public",
    "identity.issue_api_token(text,identity.token_role[],uuid,text,uuid,timestamp with time zone)": "app admin",
    "identity.issue_session_token(uuid,interval)": "auth",
    "identity.new_secret(text)": "app auth admin",
    "identity.rotate_api_token(uuid)": "app admin",
    "ops.uuidv7()": "app auth worker admin",
}
"""Which roles may execute which function; nobody executes what is not here."""

BINDING = frozenset({"bind", "bind_token"})
"""The functions that say for whom a transaction acts. Whoever sends raw SQL may call them again
(docs/isolation.md, what the walls do not stop), so they are no door between two users."""

SCHEMA_USERS: Mapping[str, str] = {
    "identity": "public",
    "work": "app worker admin readonly",
    "render": "app worker admin readonly",
    "studio": "app worker admin readonly",
    "media": "app worker admin readonly",
    "ops": "app auth worker admin readonly",
    "audit": "admin readonly",
    "authjs": "auth",
}
"""Which roles may look into which schema. Nobody but the owner may create in one."""

ORACLES: Mapping[str, str] = {
    "api_tokens_token_hash_key": (
        "Unique in the world. Who can name a hash that is taken has the secret already."
    ),
}
"""Unique keys that span users and that a user may write: a refusal tells that the value is taken."""

LONE_REFERENCES: Mapping[str, str] = {
    "api_tokens_for_user_id_fkey": (
        "A check holds it equal to user_id for a token that has a user."
    ),
}
"""Foreign keys between users' tables without the owner in them, each with what keeps them honest."""
