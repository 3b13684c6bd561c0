"""Who did what to a row."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from renderstore.audit import entries
from renderstore.cli import place
from renderstore.cli.console import say
from renderstore.cli.table import wrap


@click.command()
@click.argument("table")
@click.argument("key")
@click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=100,
    show_default=True,
    help="At most so many, the latest.",
)
@click.option("--json", "as_json", is_flag=True, help="For a program.")
def history(table: str, key: str, limit: int, as_json: bool) -> None:
    """Tell the life of the row with this KEY in TABLE (with its schema: studio.projects).

    The key is without its owner: mostly an id. A job's life (work.jobs) has its transitions too.
    """
    with place.store(place.answering()) as store:
        found = store.readonly().run(
            entries.history, table_name=table, row_key=key, max_rows=limit
        )
    if as_json:
        said = [
            asdict(each) | {"happened_at": each.happened_at.isoformat()}
            for each in found
        ]
        click.echo(json.dumps(said, ensure_ascii=False))
        return
    if not found:
        say("The trail has nothing of this row.")
    for each in found:
        say(f"{each.happened_at.astimezone():%Y-%m-%d %H:%M:%S}  {each.who}")
        for line in wrap(f"- {each.what}", "  "):
            say(line)
