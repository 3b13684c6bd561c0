"""Commands under the names that people bring from elsewhere: init, pull, resolve."""

from __future__ import annotations

import click
import psycopg

from renderstore import _strangers, schema
from renderstore import migrations as history
from renderstore._hints import hint
from renderstore._paths import MIGRATIONS
from renderstore.cli import lifecycle, place
from renderstore.cli import schema as structure
from renderstore.cli.console import ask_before_changing, counted, say
from renderstore.cli.lifecycle import write_env_option, yes_option
from renderstore.cli.validate import validate
from renderstore.errors import Error
from renderstore.settings import Settings


@click.command()
@yes_option
@write_env_option
@click.pass_context
def init(context: click.Context, yes: bool, write_env: bool) -> None:
    """Start a database, migrate it and load demonstration data: `up`, then `seed`. Run again, it adds nothing."""
    context.invoke(lifecycle.up, yes=yes, write_env=write_env)
    say()
    context.invoke(structure.seed, yes=yes)


@click.command()
@click.option("--verbose", is_flag=True, help="As of `validate`.")
@click.pass_context
def pull(context: click.Context, verbose: bool) -> None:
    """Say what the database has that the migrations do not make: others' objects, then `validate`; write nothing.

    Exits as `validate` does. What stands in schemas of its own is listed and is no difference.
    """
    _tell_of_strangers()
    context.invoke(validate, as_json=False, verbose=verbose)


def _tell_of_strangers() -> None:
    try:
        target = place.find().migrating
        found = _strangers.find(target, by_name=False)
    except (click.ClickException, Error, psycopg.Error):
        return  # `validate` says it, and with its own exit status
    others = [each for each in found if not _lies_in_our_schemas(each)]
    if not others:
        return
    say("Beside what is ours:")
    for each in others:
        say(f"  {each[0].upper()}{each[1:]}.")
    say()


def _lies_in_our_schemas(stranger: str) -> bool:
    """Whether `validate` compares it too."""
    return stranger.split()[-1].partition(".")[0] in schema.AREAS


# What PostgreSQL says of a migration that was done already: there is one of that name, or none any more.
_DONE_ALREADY = (
    psycopg.errors.DuplicateTable,
    psycopg.errors.DuplicateObject,
    psycopg.errors.DuplicateSchema,
    psycopg.errors.DuplicateFunction,
    psycopg.errors.DuplicateColumn,
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedObject,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.InvalidSchemaName,
)


@click.command()
@click.option(
    "--applied", metavar="NAME", help="This migration is done, and not recorded."
)
@click.option(
    "--rolled-back",
    metavar="NAME",
    help="This migration is undone, and still recorded.",
)
@yes_option
def resolve(applied: str | None, rolled_back: str | None, yes: bool) -> None:
    """Record what a killed yoyo did without recording it: one migration, by number or name.

    It is tried first, in a transaction that is undone, and recorded only where PostgreSQL says that it
    was done before. `unlock` comes before this.
    """
    if (applied is None) == (rolled_back is None):
        raise click.UsageError("Pass --applied NAME or --rolled-back NAME.")
    target = place.find().migrating
    done = history.applied(target)
    if applied is not None:
        name = _next_of([one for one in history.names() if one not in done], applied)
        _refuse_unless_done(target, name, f"{name}.sql", "applied", "migrate")
    else:
        assert rolled_back is not None
        name = _next_of(done[::-1], rolled_back)
        _refuse_unless_done(target, name, f"{name}.rollback.sql", "undone", "rollback")
    as_what = "applied" if applied is not None else "not applied"
    ask_before_changing(target, f"{name} would be recorded as {as_what}.", yes=yes)
    (history.mark if applied is not None else history.unmark)(target, name)
    say(f"{name} is recorded as {as_what}.")
    todo = history.pending(target)
    if applied is not None and todo:
        say(f"{counted(len(todo), 'migration')} pending: {hint('migrate')}.")
    else:
        say(f"{hint('validate')} says whether anything differs.")


def _next_of(candidates: list[str], wanted: str) -> str:
    """The migration that is meant, which is the next in line: nothing can be done out of its order."""
    if not candidates or not candidates[0].startswith(wanted):
        named = [one for one in history.names() if one.startswith(wanted)]
        if not named:
            raise click.ClickException(f"No migration is named {wanted}.")
        said = (
            f"the next one is {candidates[0]}"
            if candidates
            else "all are recorded as they are"
        )
        raise click.ClickException(
            f"{named[0]} cannot be it: {said}. Nothing was changed."
        )
    return candidates[0]


def _refuse_unless_done(
    target: Settings, name: str, file: str, done: str, command: str
) -> None:
    text = (MIGRATIONS / file).read_text(encoding="utf-8")
    if "-- transactional: false" in text:
        raise click.ClickException(
            f"{name} heals when it is run again: {hint(command)}. Nothing was changed."
        )
    with psycopg.connect(target.url, connect_timeout=10) as conn:
        try:
            with conn.transaction(force_rollback=True):
                conn.execute("set local lock_timeout = '5s'")
                conn.execute(text.encode())
        except _DONE_ALREADY:
            return
        except psycopg.Error as error:
            raise click.ClickException(
                f"Whether {name} is {done} cannot be said, since trying it says: {error.diag.message_primary or error}."
                " Nothing was changed."
            ) from error
    raise click.ClickException(
        f"{name} is not {done}: {hint(command)} does it. Nothing was changed."
    )
