"""Try the working migrations on a scratch clone, and show what they make."""

from __future__ import annotations

import click
import psycopg

from renderstore import _scratch, migrations, settings
from renderstore._hints import hint
from renderstore._strangers import listed
from renderstore.cli import place
from renderstore.cli.console import ask_before_changing, counted, say, working
from renderstore.cli.lifecycle import yes_option
from renderstore.cli.place import Place
from renderstore.schema._catalog import NEWEST, Catalog, read
from renderstore.schema._compare import Difference, as_wanted, differences
from renderstore.schema._reading import reading
from renderstore.settings import Settings


@click.command()
@click.option(
    "--empty", is_flag=True, help="Clone the structure alone, without the rows."
)
@click.option(
    "--keep",
    is_flag=True,
    help="Leave the clone there, migrated; the next push drops it.",
)
@yes_option
def push(empty: bool, keep: bool, yes: bool) -> None:
    """Apply the working migrations to a scratch clone, show what they change, and undo them there.

    The database in use stays as it is. Working migrations are those that it has not recorded yet. Exits
    with 1 where one fails, or where its rollback leaves something behind.
    """
    here = place.find()
    source = here.migrating
    todo = migrations.pending(source)
    if not todo:
        say(
            f"Nothing to try: {source.dbname} has all {len(migrations.names())} migrations."
        )
        return
    ask_before_changing(
        source, f"A copy of {source.dbname} would be made beside it.", yes=yes
    )
    with _scratch.clone(
        source, _maker(here), with_rows=not empty, keep=keep
    ) as scratch:
        before = _catalog(scratch)
        with working(f"Applying {listed(todo)} to {scratch.dbname}"):
            migrations.apply(scratch)
        after = _catalog(scratch)
        _tell(source, todo, before, after)
        with working("Undoing it again"):
            migrations.roll_back(scratch, todo[0])
        _refuse_traces(before, _catalog(scratch))
        if keep:
            with working("Applying it once more"):
                migrations.apply(scratch)
    say("Their rollbacks leave no trace.")
    if keep:
        say("The clone, until the next push:")
        click.echo(f"  {_address(here, scratch.dbname)}")
    say(f"{source.dbname} was not changed; {hint('migrate')} applies them there.")


def _maker(here: Place) -> Settings:
    """Who makes the copy: the embedded server's superuser, elsewhere the migrating login."""
    if here.cluster is None:
        return here.migrating
    return settings.parse(settings.write_url(here.cluster.conninfo()), environ={})


def _address(here: Place, dbname: str) -> str:
    return settings.write_url(here.working.conninfo | {"dbname": dbname})


def _catalog(target: Settings) -> Catalog:
    with psycopg.connect(target.url, connect_timeout=10) as conn, reading(conn):
        found, unseen = read(conn)
    if unseen:
        raise click.ClickException(unseen[0].sentence)
    return found


def _tell(source: Settings, todo: list[str], before: Catalog, after: Catalog) -> None:
    found = _changes(before, after)
    say()
    say(
        f"{source.dbname}, beside what {counted(len(todo), 'working migration')} would make of it:"
    )
    for each in found:
        say(f"  {each.sentence}")
        for line in each.diff():
            say(f"      {line}")
    say(
        f"{counted(len(found), 'difference')}."
        if found
        else "  No difference in the structure: rows alone may change."
    )
    say()


def _changes(before: Catalog, after: Catalog) -> list[Difference]:
    # One server wrote both: what its version writes otherwise plays no part.
    return list(differences(as_wanted(after), before, major=NEWEST))


def _refuse_traces(before: Catalog, undone: Catalog) -> None:
    traces = _changes(undone, before)
    if traces:
        raise click.ClickException(
            "Undone, the clone is not what it was:\n"
            + "\n".join(f"  {each.sentence}" for each in traces)
        )
