"""Change a database's structure, through yoyo."""

from __future__ import annotations

import click
import psycopg

from renderstore import _lock, identity
from renderstore import migrations as history
from renderstore._hints import hint
from renderstore._paths import MIGRATIONS, SEEDS
from renderstore.cli import place
from renderstore.cli.console import (
    ask_before_changing,
    ask_before_destroying,
    say,
    working,
)
from renderstore.cli.lifecycle import yes_option
from renderstore.cli.rights import say_what_is_open
from renderstore.settings import Settings


@click.command()
@yes_option
def migrate(yes: bool) -> None:
    """Apply what is pending (`yoyo apply`), then list all migrations."""
    target = place.find().migrating
    todo = history.pending(target)
    if todo:
        ask_before_changing(target, f"To be applied: {', '.join(todo)}.", yes=yes)
        with working(f"Applying {', '.join(todo)}"):
            history.apply(target)
    say(history.show(target).rstrip())
    say()
    say(f"{len(todo)} applied now." if todo else "Nothing was pending.")
    with psycopg.connect(target.url, connect_timeout=10) as conn:
        say_what_is_open(conn)


@click.command()
@click.argument("revision", required=False)
@yes_option
def rollback(revision: str | None, yes: bool) -> None:
    """Undo the last migration, or REVISION (its number or name) and every one after it."""
    target = place.find().migrating
    done = history.applied(target)
    if not done:
        raise click.ClickException("No migration is applied.")
    chosen = [name for name in done if revision is None or name.startswith(revision)]
    if not chosen:
        raise click.ClickException(f"No applied migration is named {revision}.")
    first = chosen[-1] if revision is None else chosen[0]
    undone = done[done.index(first) :][::-1]
    warnings = [line for name in undone if (line := _loss(name))]
    ask_before_destroying(
        target,
        "\n".join([f"To be undone: {', '.join(undone)}.", *warnings]),
        yes=yes,
    )
    with working(f"Undoing {', '.join(undone)}"):
        history.roll_back(target, first)
    say(history.show(target).rstrip())


def _loss(name: str) -> str:
    """What a rollback's first line says is lost."""
    path = MIGRATIONS / f"{name}.rollback.sql"
    first = path.read_text(encoding="utf-8").splitlines()[0] if path.exists() else ""
    return (
        f"{name}: {first.removeprefix('--').strip()}" if first.startswith("--") else ""
    )


@click.command()
@click.option(
    "--force", is_flag=True, help="Remove it although its holder lives, or may live."
)
def unlock(force: bool) -> None:
    """Remove the lock that a killed yoyo left behind, after saying who held it.

    Refused where the holder lives, or where that cannot be known from here.
    """
    target = place.find().migrating
    holder = _lock.find(target)
    if holder is None:
        say("Nobody holds the lock of the migrations: there is nothing to remove.")
        return
    say(
        f"Process {holder.pid} took the lock of the migrations at {holder.since:%Y-%m-%d %H:%M:%S} UTC, {holder.age} ago."
    )
    _tell_whether_alive(holder)
    if holder.is_alive is not False and not force:
        raise click.ClickException(
            "The lock stays. Wait for its holder or end it; --force removes the lock all the same."
        )
    if not _lock.remove(target, holder):
        say("Its holder removed it at this moment.")
        return
    say("The lock was removed.")
    say(
        f"What was killed may be done without being recorded. Type it again ({hint('migrate')}); where"
        " that says `already exists` or `does not exist`, docs/operations.md, After a kill, goes on."
    )


def _tell_whether_alive(holder: _lock.Holder) -> None:
    if holder.is_alive:
        say(f"It lives, on this host: {holder.runs_here}")
        return
    here = (
        "No process of that number runs on this host"
        if holder.runs_here is None
        else f"On this host that number is another program's ({holder.runs_here or 'unnamed'})"
    )
    if holder.is_alive is False:
        say(
            f"{here}, and nobody who could hold the lock is connected to this database: it is dead."
        )
        return
    say(
        f"{here}. Whether it lives on another one cannot be known from here: these sessions could be its own,"
        " or what the server still does for it."
    )
    for each in holder.sessions:
        say(f"  session {each.pid}: {each.login}, from {each.client}, {each.state}")


@click.command()
def migrations() -> None:
    """Print the folder of the migrations, for `yoyo apply`."""
    click.echo(MIGRATIONS)


@click.command()
@yes_option
def seed(yes: bool) -> None:
    """Load demonstration data: ten people, 200 jobs, five workers, an API token. Run again, it adds nothing."""
    target = place.find().working
    ask_before_destroying(
        target,
        f"Demonstration data goes into {target.dbname}.",
        yes=yes or target.is_local,
    )
    # Each file is its own transactions: a DBA may type `psql -f` of it too.
    with psycopg.connect(target.url, connect_timeout=10, autocommit=True) as conn:
        for path in sorted(SEEDS.glob("*.sql")):
            conn.execute(path.read_bytes())
            say(f"{path.name} loaded")
    _show_token(target)


TOKEN_OF, TOKEN = "grace@example.com", "demonstration"


def _show_token(target: Settings) -> None:
    """Issue Grace's API token and print it, if she has none yet."""
    with place.store(target) as store:
        with store.admin(reason="seed") as conn:
            grace = identity.users.find_by_email(conn, email=TOKEN_OF)
            if grace is None:  # somebody has renamed her
                return
            made = identity.api_tokens.list_for_user(
                conn, user_id=grace.id, page_size=100
            )
        if any(one.name == TOKEN for one in made):
            say(f"{TOKEN_OF} has an API token already; it was shown when it was made.")
            return
        issued = store.user(grace.id).run(
            identity.api_tokens.issue,
            name=TOKEN,
            roles=[identity.TokenRole.USER],
            user_id=grace.id,
        )
    say(f"An API token of {TOKEN_OF}, shown this once: {issued.secret}")
