"""Change a database's structure, through yoyo."""

from __future__ import annotations

import click
import psycopg

from renderstore import migrations as history
from renderstore._paths import MIGRATIONS, SEEDS
from renderstore.cli import place
from renderstore.cli.console import (
    ask_before_changing,
    ask_before_destroying,
    say,
    working,
)
from renderstore.cli.lifecycle import yes_option


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
def migrations() -> None:
    """Print the folder of the migrations, for `yoyo apply`."""
    click.echo(MIGRATIONS)


@click.command()
@yes_option
def seed(yes: bool) -> None:
    """Load demonstration data. Run again, it adds nothing."""
    target = place.find().working
    ask_before_destroying(
        target,
        f"Demonstration data goes into {target.dbname}.",
        yes=yes or target.is_local,
    )
    with psycopg.connect(target.url, connect_timeout=10) as conn:
        conn.execute("select identity.bind('renderstore_admin', null, 'dba:seed')")
        for path in sorted(SEEDS.glob("*.sql")):
            conn.execute(path.read_bytes())
            say(f"{path.name} loaded")
