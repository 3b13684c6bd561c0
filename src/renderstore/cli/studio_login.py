"""The login that a studio has: one for this alone, else a temporary one."""

from __future__ import annotations

import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import click
import psycopg
from psycopg import sql

from renderstore import settings
from renderstore._hints import hint
from renderstore._unreached import why
from renderstore.cli import logins
from renderstore.cli.place import Place
from renderstore.migrations import SCOPE_ROLES
from renderstore.settings import Settings

ROLES = {"readonly": "renderstore_readonly", "admin": "renderstore_admin"}
PREFIX = "renderstore_studio_"
LIVES = "1 hour"
"""How long what a killed studio left can still log in."""
PROLONG_S = 1200.0

# A person looks, and keeps nobody waiting meanwhile.
_TIMEOUTS = logins.Timeouts("1min", "5s")

_HAS_ONLY = """
select count(*) = 1 and bool_and(rolname = %s)
from pg_roles
where rolname = any (%s)
    and pg_has_role(session_user, oid, case
        when current_setting('server_version_num')::integer >= 160000 then 'set'
        else 'member'
    end)
"""

_LEFT = """
select rolname
from pg_roles
where starts_with(rolname, %s)
    and rolvaliduntil < now()
    and not exists (select from pg_stat_activity where usename = rolname)
"""


@dataclass(frozen=True, slots=True)
class Login:
    """Who the page is in the database."""

    settings: Settings
    role: str
    maker: Settings | None
    """Who made it and removes it; nobody, where it is not temporary."""

    @property
    def is_temporary(self) -> bool:
        return self.maker is not None

    def prolong(self) -> None:
        """Let it live on from now; where that fails, the next time is soon enough."""
        if self.maker is None:
            return
        with suppress(psycopg.Error), _connected(self.maker) as conn:
            conn.execute(
                sql.SQL("alter role {} valid until {}").format(
                    sql.Identifier(self.settings.user), _expiry(conn)
                )
            )


@contextmanager
def entering(here: Place, purpose: str) -> Generator[Login]:
    """The working login where it may be nothing else than the page should be, else one that is gone afterwards."""
    role = ROLES[purpose]
    if _is_for_this_alone(here.working, role):
        yield Login(here.working, role, None)
        return
    login = _make(here.migrating, purpose)
    try:
        yield login
    finally:
        _remove(login.settings.user, here.migrating)


def _is_for_this_alone(working: Settings, role: str) -> bool:
    with _connected(working) as conn:
        if conn.execute("select to_regproc('identity.bind')").fetchone() == (None,):
            raise click.ClickException(
                f"{working.dbname} has none of our tables: {hint('migrate')} makes them."
            )
        said = conn.execute(
            _HAS_ONLY, [role, ["renderstore_owner", *SCOPE_ROLES]]
        ).fetchone()
    return said == (True,)


def _make(maker: Settings, purpose: str) -> Login:
    name, password = PREFIX + secrets.token_hex(6), secrets.token_urlsafe(24)
    with _connected(maker) as conn:
        _remove_left(conn)
        encrypted = conn.pgconn.encrypt_password(
            password.encode(), name.encode(), b"scram-sha-256"
        )
        create = sql.SQL("create role {} login noinherit password {} valid until {}")
        _, *rest = logins.statements(conn.info.server_version, purpose, name, _TIMEOUTS)
        try:
            with conn.transaction():
                conn.execute(
                    create.format(
                        sql.Identifier(name), encrypted.decode(), _expiry(conn)
                    )
                )
                for each in rest:
                    conn.execute(each)
                if purpose == "readonly":
                    conn.execute(
                        sql.SQL(
                            "alter role {} set default_transaction_read_only = on"
                        ).format(sql.Identifier(name))
                    )
        except (
            psycopg.errors.InsufficientPrivilege,
            psycopg.errors.UndefinedObject,
        ) as error:
            raise click.ClickException(
                f"{maker.user} may not make a login for this ({error.diag.message_primary})."
                f" Set DIRECT_URL to the login that migrates, or DATABASE_URL to one that"
                f" {hint(f'login {purpose} NAME')} made."
            ) from error
    target = settings.parse(
        settings.write_url(maker.conninfo | {"user": name, "password": password})
    )
    try:
        _connected(target).close()
    except psycopg.Error as error:
        _remove(name, maker)
        raise click.ClickException(
            f"A login made for this is not let in ({why(error)}). Set DATABASE_URL to one that"
            f" {hint(f'login {purpose} NAME')} made."
        ) from error
    return Login(target, ROLES[purpose], maker)


def _remove_left(conn: psycopg.Connection) -> None:
    """Remove what killed ones left, as far as this login may."""
    for (left,) in conn.execute(_LEFT, [PREFIX]).fetchall():
        with suppress(psycopg.Error):
            conn.execute(sql.SQL("drop role {}").format(sql.Identifier(left)))


def _remove(name: str, maker: Settings) -> None:
    drop = sql.SQL("drop role {}").format(sql.Identifier(name))
    try:
        with _connected(maker) as conn:
            conn.execute(drop)
    except psycopg.Error as error:
        click.echo(
            f"The login {name} was not removed ({why(error)}). It ends within {LIVES};"
            f" to remove it now, type as {maker.user}: drop role {name};",
            err=True,
        )


def _expiry(conn: psycopg.Connection) -> str:
    row = conn.execute("select (now() + %s::interval)::text", [LIVES]).fetchone()
    assert row is not None
    return str(row[0])


def _connected(target: Settings) -> psycopg.Connection:
    return psycopg.connect(target.url, connect_timeout=10, autocommit=True)
