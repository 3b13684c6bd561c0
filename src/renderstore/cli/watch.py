"""The live view of the farm."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace

import click
import psycopg
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from renderstore import errors
from renderstore._watch import Seen, look
from renderstore.cli import place
from renderstore.cli.console import be_quiet, ending_cleanly
from renderstore.cli.table import WIDTH
from renderstore.cli.watch_view import HEIGHT, draw
from renderstore.settings import Settings
from renderstore.store import SyncStore

_PATIENCE_S = 3.0
"""How long a frame waits for a connection: an outage is seen soon."""
_STATEMENT_S = 10.0
"""How long one of its statements may take: a reader that hangs is one more burden."""


@click.command()
@click.option("--once", is_flag=True, help="Look once, as plain lines.")
@click.option("--json", "as_json", is_flag=True, help="Look once, for programs.")
@click.option(
    "--every",
    default=2.0,
    show_default=True,
    type=click.FloatRange(0.5, 3600),
    help="Seconds between two looks.",
)
def watch(once: bool, as_json: bool, every: float) -> None:
    """Show the farm as it stands, worst first, until Ctrl-C.

    It only reads, as a reader, in one short transaction a look. Where the output is no
    terminal, or one that cannot move its cursor, look follows look.
    """
    target = place.find().working
    with watching(target) as store:
        # What is wrong from the start is said in a sentence, and not again and again.
        seen = look(store)
        if as_json:
            click.echo(json.dumps(seen.as_json(), indent=2, ensure_ascii=False))
        elif once:
            _print(plain_console(), seen, None)
        else:
            _show(_looks(store, seen, every))


@contextmanager
def watching(target: Settings) -> Generator[SyncStore]:
    """A store of one connection that gives up soon."""
    # What it would log is in the view, and would be written over it.
    be_quiet("renderstore", "psycopg")
    with place.store(target, size=1, timeout=_PATIENCE_S) as first:
        first.ping()
        bounded = first.settings.bounded(
            size=1, seconds=_STATEMENT_S, pooler=first.is_pooled
        )
    with SyncStore(replace(bounded, pool_timeout=_PATIENCE_S)) as store:
        yield store


def _looks(
    store: SyncStore, seen: Seen, every: float
) -> Iterator[tuple[Seen, str | None]]:
    """What is seen, again and again; where nothing is, the last that was and why. No transaction is open between two."""
    problem = None
    while True:
        yield seen, problem
        time.sleep(every)
        seen, problem = look_again(store, seen)


def look_again(store: SyncStore, seen: Seen) -> tuple[Seen, str | None]:
    """What is seen now, or what was seen before and why nothing newer is."""
    try:
        return look(store), None
    except (errors.Error, psycopg.Error) as error:
        return seen, " ".join(str(error).split())


def _show(looks: Iterator[tuple[Seen, str | None]]) -> None:
    console = plain_console()
    if not can_move(console):
        for seen, problem in looks:
            _print(console, seen, problem)
        return
    with (
        ending_cleanly(),
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        for seen, problem in looks:
            live.update(Group(*lines_of(console, seen, problem)), refresh=True)


def _print(console: Console, seen: Seen, problem: str | None) -> None:
    for line in lines_of(console, seen, problem):
        console.print(line, soft_wrap=True)
    sys.stdout.flush()


def lines_of(
    console: Console, seen: Seen, problem: str | None, *, spare: int = 0
) -> list[Text]:
    """The view for this terminal, which leaves so many lines free."""
    width, height = console.size if console.is_terminal else (WIDTH, HEIGHT)
    return draw(
        seen,
        width=width,
        height=height - spare,
        is_ascii=_is_ascii(console),
        problem=problem,
    )


def can_move(console: Console) -> bool:
    """Whether it is a terminal on which the view can stand still."""
    return console.is_terminal and not console.is_dumb_terminal


def plain_console() -> Console:
    """Where the view is drawn."""
    return Console(highlight=False, markup=False, emoji=False)


def _is_ascii(console: Console) -> bool:
    """Python writes UTF-8 in the locale C too, which says nothing of the terminal."""
    named = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or ""
    return named in ("C", "POSIX") or not console.encoding.startswith("utf")
