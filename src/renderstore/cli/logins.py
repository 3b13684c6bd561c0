"""Logins for production, each for one purpose."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, LiteralString

import click
import psycopg
from psycopg import sql

from renderstore import migrations, settings
from renderstore.cli import place
from renderstore.cli.console import ask_before_changing, say
from renderstore.cli.lifecycle import yes_option

Command = Callable[..., Any]

PURPOSES = {
    "web": ("renderstore_app", "renderstore_auth"),
    "worker": ("renderstore_worker",),
    "admin": ("renderstore_admin",),
    "authjs": ("renderstore_auth",),
    "readonly": ("renderstore_readonly",),
}
# A login with one purpose may simply be its role. An administrator's is not: only a scope names the person.
IS_ITS_ROLE = ("worker", "authjs", "readonly")

PEOPLE = ("admin", "readonly")
PAGES = ("web", "authjs")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a login may keep others waiting, as PostgreSQL writes it; 0 is no limit."""

    idle_in_transaction_session_timeout: str
    lock_timeout: str
    statement_timeout: str | None = None

    @classmethod
    def of(cls, purpose: str) -> Timeouts:
        """What suits most: a page's visitor has left after half a minute, a person thinks."""
        return cls(
            "10min" if purpose in PEOPLE else "1min",
            "5s" if purpose in PAGES else "30s",
            "30s" if purpose in PAGES else None,
        )


def timeout_option(name: str, limits: str) -> Callable[[Command], Command]:
    """An option that takes the place of a purpose's own limit."""
    return click.option(
        f"--{name}-timeout",
        metavar="TIME",
        help=f"{limits} Such as 500ms, 30s or 5min; 0 for no limit.",
    )


@click.command()
@click.argument("purpose", type=click.Choice(list(PURPOSES)))
@click.argument("name")
@timeout_option("idle", "How long its transaction may stay open and do nothing.")
@timeout_option("lock", "How long its statement may wait for a lock.")
@timeout_option("statement", "How long its statement may take.")
@yes_option
def login(
    purpose: str,
    name: str,
    idle_timeout: str | None,
    lock_timeout: str | None,
    statement_timeout: str | None,
    yes: bool,
) -> None:
    """Make a login for one purpose, and show what a DBA would type instead."""
    here = place.find()
    usual = Timeouts.of(purpose)
    timeouts = Timeouts(
        idle_timeout or usual.idle_in_transaction_session_timeout,
        lock_timeout or usual.lock_timeout,
        statement_timeout or usual.statement_timeout,
    )
    ask_before_changing(here.migrating, f"A login {name} would be made.", yes=yes)
    password = secrets.token_urlsafe(24)
    with psycopg.connect(here.migrating.url, connect_timeout=10) as conn:
        lines = statements(conn.info.server_version, purpose, name, timeouts)
        typed = [line.as_string(conn) for line in lines]
        ask_password = f"\\password {sql.Identifier(name).as_string(conn)}"
        try:
            conn.execute(
                sql.SQL("create role {} login noinherit password {}").format(
                    sql.Identifier(name), password
                )
            )
            for line in lines[1:]:
                conn.execute(line)
        except psycopg.errors.DuplicateObject as error:
            raise click.ClickException(
                f"There is already a role named {name}."
            ) from error
        except psycopg.errors.InvalidParameterValue as error:
            raise click.ClickException(
                f"{error.diag.message_primary}. {error.diag.message_hint or ''}".strip()
            ) from error
        except psycopg.errors.InsufficientPrivilege as error:
            raise click.ClickException(
                f"{here.migrating.user} may not do that ({error.diag.message_primary})."
                " Ask a DBA to type:\n  " + "\n  ".join([*typed, ask_password])
            ) from error
        is_blind = purpose == "readonly" and conn.execute(
            "select not pg_has_role('renderstore_readonly', 'pg_read_all_stats', 'usage')"
        ).fetchone() == (True,)
    address = settings.write_url(
        here.working.conninfo | {"user": name, "password": password}
    )
    say(f"The login {name} ({purpose}) was made. Its address, shown this once:")
    click.echo(f"  {address}")
    say("What a DBA would type instead:")
    for statement in typed:
        say(f"  {statement}")
    say(f"  {ask_password}")
    if is_blind:
        say(
            "What others run is hidden from it, and from :running, :locks and :slow, until a superuser"
            " types once for the cluster:"
        )
        say("  grant pg_read_all_stats to renderstore_readonly;")


def statements(
    server_version: int, purpose: str, name: str, timeouts: Timeouts | None = None
) -> list[sql.Composed]:
    """What makes such a login, ready to be typed into psql; the password comes by \\password."""
    identifier = sql.Identifier(name)
    typed = [sql.SQL("create role {} login noinherit;").format(identifier)]
    typed += [
        migrations.grant(server_version, role, name) + sql.SQL(";")
        for role in PURPOSES[purpose]
    ]
    if purpose in IS_ITS_ROLE:
        typed.append(
            sql.SQL("alter role {} set role = {};").format(
                identifier, sql.Identifier(PURPOSES[purpose][0])
            )
        )
    if purpose == "authjs":
        typed.append(
            sql.SQL("alter role {} set search_path = authjs;").format(identifier)
        )
    chosen = timeouts or Timeouts.of(purpose)
    limits: tuple[tuple[LiteralString, str | None], ...] = (
        (
            "idle_in_transaction_session_timeout",
            chosen.idle_in_transaction_session_timeout,
        ),
        ("lock_timeout", chosen.lock_timeout),
        ("statement_timeout", chosen.statement_timeout),
    )
    typed += [
        sql.SQL("alter role {} set {} = {};").format(
            identifier, sql.SQL(setting), sql.Literal(limit)
        )
        for setting, limit in limits
        if limit is not None
    ]
    return typed
