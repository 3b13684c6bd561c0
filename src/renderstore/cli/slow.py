"""The statements that cost the most time."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
import psycopg

from renderstore import _slow
from renderstore._hints import hint
from renderstore.cli import place
from renderstore.cli.console import say
from renderstore.cli.place import Place
from renderstore.cli.table import table, wrap
from renderstore.errors import NotAllowed


@click.command()
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="How many statements.",
)
@click.option(
    "--inside",
    is_flag=True,
    help="Those too that functions run, where they are counted.",
)
@click.option("--json", "as_json", is_flag=True, help="For a program.")
def slow(limit: int, inside: bool, as_json: bool) -> None:
    """Say which statements cost the most time, ours by the names of their queries.

    It reads pg_stat_statements, and says how to switch that on where it does not run.
    """
    found, sees_inside = _ask(place.find(), limit, inside)
    if as_json:
        missing = found if isinstance(found, _slow.Missing) else None
        click.echo(
            json.dumps(
                {
                    "missing": missing,
                    "sentence": missing and missing.sentence,
                    "remedy": missing and missing.remedy,
                    "statements": []
                    if isinstance(found, _slow.Missing)
                    else [asdict(each) for each in found],
                },
                ensure_ascii=False,
            )
        )
        return
    for line in _shown(found):
        say(line)
    if inside and not sees_inside:
        say()
        for line in wrap(
            "What functions run is not counted by itself. A superuser types:"
            " alter system set pg_stat_statements.track = 'all'; select pg_reload_conf();"
        ):
            say(line)


def _ask(
    here: Place, limit: int, inside: bool
) -> tuple[list[_slow.SlowStatement] | _slow.Missing, bool]:
    """As a reader, else as the login itself, else as the migrating one: whoever is told first."""
    missing: _slow.Missing | None = None
    sees_inside = False
    for target, is_reader in (
        (here.working, True),
        (here.working, False),
        (here.migrating, False),
    ):
        with psycopg.connect(target.url, connect_timeout=5) as conn:
            try:
                if is_reader:
                    conn.execute("set local role renderstore_readonly")
                found = _slow.slowest(conn, limit=limit, inner=inside)
            except (
                psycopg.errors.InsufficientPrivilege,
                psycopg.errors.InvalidParameterValue,
                NotAllowed,
            ):
                continue
            sees_inside = _slow.sees_inside(conn)
        if isinstance(found, list):
            return found, sees_inside
        missing = missing or found
    return missing or _slow.Missing.NOT_READABLE, sees_inside


def _shown(found: list[_slow.SlowStatement] | _slow.Missing) -> list[str]:
    if isinstance(found, _slow.Missing):
        return _how(found)
    if not found:
        return ["Nothing was counted in this database yet."]
    return table(
        ("share", "total s", "calls", "mean ms", "rows", "statement"),
        [
            (
                "" if each.is_inner else f"{each.share:.1%}",
                f"{each.total_ms / 1000:.1f}",
                str(each.calls),
                f"{each.mean_ms:.2f}",
                str(each.rows),
                ("in a function: " if each.is_inner else "")
                + (each.name or each.text or "(its text was lost)"),
            )
            for each in found
        ],
    )


def _how(missing: _slow.Missing) -> list[str]:
    lines = wrap(missing.sentence)
    lines += ["A superuser types:", *(f"  {line}" for line in missing.remedy)]
    if missing is _slow.Missing.NOT_LOADED:
        lines += wrap(_slow.HOSTED)
    if missing in (_slow.Missing.NOT_READABLE, _slow.Missing.NOT_ALL):
        lines += wrap(
            "and the login of DATABASE_URL may enter renderstore_readonly"
            f" ({hint('login readonly NAME')} makes one that does)."
        )
    return lines
