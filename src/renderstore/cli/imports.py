"""Come from another system."""

from __future__ import annotations

import sys

import click
import psycopg
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from renderstore import connect, errors
from renderstore._hints import hint
from renderstore.cli import place
from renderstore.cli.console import ask_before_changing, counted, say
from renderstore.cli.lifecycle import yes_option
from renderstore.prisma import KINDS, Came, Table, import_all, open_source
from renderstore.settings import Settings


class _Shown:
    """What became of each table; how far it is goes to stderr, a bar on a terminal and a line a tenth elsewhere."""

    def __init__(self, *, dry: bool) -> None:
        self._dry = dry
        self._progress: Progress | None = None
        self._what = ""
        self._rows = 0
        self._done = 0

    def begin(self, table: Table, rows: int) -> None:
        self._what, self._rows, self._done = table.name, rows, 0
        if sys.stderr.isatty():
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._progress.add_task(table.name, total=rows)
            self._progress.start()
        else:
            click.echo(f"{table.name}: {rows} rows …", err=True)

    def advance(self, rows: int) -> None:
        before, self._done = self._done, self._done + rows
        if self._progress is not None:
            for task in self._progress.task_ids:
                self._progress.advance(task, rows)
        elif before * 10 // max(self._rows, 1) < self._done * 10 // max(self._rows, 1):
            click.echo(f"{self._what}: {self._done} of {self._rows}", err=True)

    def end(self, came: Came) -> None:
        self.stop()
        say(f"{came.table.name} → {came.table.becomes}: {counted(came.rows, 'row')}")
        parts = [
            f"{came.entered} {'would enter' if self._dry else 'entered'}",
            f"{came.changed} of them changed",
            f"{came.refused} refused",
            f"{came.known} here already",
        ]
        say(f"  {', '.join(parts)}")
        for word, counts in (("changed", came.changes), ("refused", came.refusals)):
            for what, rows in sorted(counts.items()):
                say(f"  {word} {rows:>8}  {what}")

    def stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


@click.group("import")
def import_() -> None:
    """Bring what another system holds into this database."""


@import_.command("prisma")
@click.option(
    "--from",
    "url",
    required=True,
    metavar="URL",
    help="The Prisma database's address, as its .env has it.",
)
@click.option(
    "--kind",
    required=True,
    type=click.Choice(sorted(KINDS)),
    help="Which system it is.",
)
@click.option("--dry-run", "dry", is_flag=True, help="Say what would be done.")
@click.option(
    "--plan",
    default="imported",
    show_default=True,
    help="The plan of users who are new; `imported` is made, without limits.",
)
@click.option(
    "--batch",
    type=click.IntRange(1, 10000),
    default=1000,
    show_default=True,
    help="Rows a transaction.",
)
@yes_option
def prisma(url: str, kind: str, dry: bool, plan: str, batch: int, yes: bool) -> None:
    """Bring users, tokens and jobs from a Prisma database; docs/prisma-import.md says what becomes of each field.

    The other database is only read. Stopped at any moment and run again, it goes on: nothing comes twice. What
    cannot come stands whole in ops.import_refusals.
    """
    here = place.find()
    _check_migrated(here.working)
    if not dry:
        ask_before_changing(here.working, "An import writes to it.", yes=yes)
    shown = _Shown(dry=dry)
    with open_source(url, kind) as source, connect(here.working.url, size=1) as store:
        if plan != "imported":
            from renderstore.identity import plans

            try:
                with store.admin(reason="renderstore import prisma") as conn:
                    plans.get(conn, id=plan)
            except errors.NotFound as error:
                raise click.ClickException(f"There is no plan {plan}.") from error
        try:
            done = import_all(
                source,
                store,
                kind=kind,
                plan_id=plan,
                dry=dry,
                batch=batch,
                watcher=shown,
            )
        finally:
            shown.stop()
    refused = sum(each.refused for each in done)
    if dry:
        say("Nothing was written.")
    elif refused:
        say(
            f"{counted(refused, 'row')} refused: select * from ops.import_refusals."
            " Run it again once the reason is gone, there or here."
        )


def _check_migrated(target: Settings) -> None:
    """Say what is missing before anything is read."""
    with psycopg.connect(target.url, connect_timeout=10) as conn:
        found = conn.execute(
            "select from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace"
            " where n.nspname = 'ops' and p.proname = 'import_rows'"
        ).fetchone()
    if found is None:
        raise click.ClickException(
            f"The database {target.dbname} lacks migrations that an import needs: type {hint('migrate')}."
        )
