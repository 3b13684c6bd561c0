"""Compare the database with what the migrations make, and say what differs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from itertools import groupby

import click
import psycopg

from renderstore import schema
from renderstore._strangers import listed
from renderstore._unreached import why
from renderstore.cli import place
from renderstore.cli.console import counted, say
from renderstore.cli.lifecycle import OLDEST
from renderstore.errors import Error
from renderstore.migrations import names
from renderstore.schema import Comparison, Difference
from renderstore.settings import Settings

# As diff(1) has them.
EQUAL, DIFFERENT, UNKNOWN = 0, 1, 2


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option(
    "--verbose",
    is_flag=True,
    help="Show both sides of what a sentence does not hold: a function's body, a view's query.",
)
def validate(as_json: bool, verbose: bool) -> None:
    """Compare the database with what the migrations make, and say what differs; change nothing.

    Exits with 0 where nothing differs, with 1 where something does, with 2 where that is not known: no
    database answered, or nothing differs in the part that this login may see.
    """
    try:
        target = place.find().migrating
    except (click.ClickException, Error) as error:
        raise _NotKnown(str(error)) from error
    found = _compare(target)
    if as_json:
        click.echo(_in_json(found))
    else:
        _tell(found, target, verbose=verbose)
    sys.exit(_status(found))


class _NotKnown(click.ClickException):
    exit_code = UNKNOWN


def _compare(target: Settings) -> Comparison:
    try:
        # Nothing is prepared, so that a pooler may stand between.
        with psycopg.connect(
            target.url, connect_timeout=10, prepare_threshold=None
        ) as conn:
            if conn.info.server_version // 10000 < OLDEST:
                said = conn.info.parameter_status("server_version")
                raise _NotKnown(
                    f"This is PostgreSQL {said}; renderstore needs {OLDEST} or newer."
                )
            return schema.compare(conn)
    except Error as error:
        raise _NotKnown(str(error)) from error
    except psycopg.Error as error:
        raise _NotKnown(
            f"{target.where} could not be compared: {why(error)}"
        ) from error


def _status(found: Comparison) -> int:
    if found.pending or found.unknown or found.differences:
        return DIFFERENT
    return UNKNOWN if found.unseen else EQUAL


def _tell(found: Comparison, target: Settings, *, verbose: bool) -> None:
    if found.pending:
        say(
            f"{counted(len(found.pending), 'migration')} pending: {listed(found.pending)}."
            + _due(found)
        )
    if found.unknown:
        say(
            f"{counted(len(found.unknown), 'migration')} applied that this renderstore does not"
            f" have: {listed(found.unknown)}. Its version may be too old." + _due(found)
        )
    by_area = sorted(found.differences, key=lambda each: each.area)
    if found.differences and (found.pending or found.unknown):
        say()
    for area, differences in groupby(by_area, key=lambda each: each.area):
        say(f"{area or 'The database and the roles'}:")
        for each in differences:
            _tell_one(each, verbose=verbose)
        say()
    for hidden in found.unseen:
        say(f"Not compared. {hidden.sentence}")
    if found.differences:
        say(
            f"{counted(len(found.differences), 'difference')} between {target.where} and the migrations."
        )
    elif found.unseen:
        say(f"No difference in what this login sees of {target.where}.")
    else:
        say(
            f"No difference: {target.where} is what the {len(names())} migrations make."
        )


def _tell_one(difference: Difference, *, verbose: bool) -> None:
    say(f"  {difference.sentence}")
    if verbose:
        for line in difference.diff():
            say(f"      {line}")


def _due(found: Comparison) -> str:
    return " What follows may be due to that." if found.differences else ""


def _in_json(found: Comparison) -> str:
    return json.dumps(
        {"is_equal": found.is_equal, **asdict(found)}, ensure_ascii=False, indent=2
    )
