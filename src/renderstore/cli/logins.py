"""Logins for production, each for one purpose."""

from __future__ import annotations

import secrets

import click
import psycopg
from psycopg import sql

from renderstore import migrations, settings
from renderstore.cli import place
from renderstore.cli.console import ask_before_changing, say
from renderstore.cli.lifecycle import yes_option

PURPOSES = {
    "web": ("renderstore_app", "renderstore_auth"),
    "worker": ("renderstore_worker",),
    "admin": ("renderstore_admin",),
    "authjs": ("renderstore_auth",),
    "readonly": ("renderstore_readonly",),
}
# A login with one purpose may simply be its role. An administrator's is not: only a scope names the person.
IS_ITS_ROLE = ("worker", "authjs", "readonly")


@click.command()
@click.argument("purpose", type=click.Choice(list(PURPOSES)))
@click.argument("name")
@yes_option
def login(purpose: str, name: str, yes: bool) -> None:
    """Make a login for one purpose, and show what a DBA would type instead."""
    here = place.find()
    ask_before_changing(here.migrating, f"A login {name} would be made.", yes=yes)
    password = secrets.token_urlsafe(24)
    with psycopg.connect(here.migrating.url, connect_timeout=10) as conn:
        typed = [
            line.as_string(conn)
            for line in statements(conn.info.server_version, purpose, name)
        ]
        try:
            conn.execute(
                sql.SQL("create role {} login noinherit password {}").format(
                    sql.Identifier(name), password
                )
            )
            for line in statements(conn.info.server_version, purpose, name)[1:]:
                conn.execute(line)
        except psycopg.errors.DuplicateObject as error:
            raise click.ClickException(
                f"There is already a role named {name}."
            ) from error
        except psycopg.errors.InsufficientPrivilege as error:
            raise click.ClickException(
                f"{here.migrating.user} may not do that ({error.diag.message_primary})."
                " Ask a DBA to type:\n  " + "\n  ".join(typed)
            ) from error
    address = settings.write_url(
        here.working.conninfo | {"user": name, "password": password}
    )
    say(f"The login {name} ({purpose}) was made. Its address, shown this once:")
    click.echo(f"  {address}")
    say("What a DBA would type instead:")
    for statement in typed:
        say(f"  {statement}")
    say(f"  \\password {name}")


def statements(server_version: int, purpose: str, name: str) -> list[sql.Composed]:
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
    return typed
