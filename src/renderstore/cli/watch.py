"""The live view of the farm."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

import click
import psycopg
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from renderstore import errors
from renderstore._rows import Json
from renderstore._scope.sync.colour import together
from renderstore._watch import Seen, look
from renderstore.cli import place
from renderstore.cli.console import be_quiet, ending_cleanly
from renderstore.cli.table import WIDTH
from renderstore.cli.watch_view import HEIGHT, draw
from renderstore.settings import Settings
from renderstore.store import FarmStore, SyncStore

_PATIENCE_S = 3.0
"""How long a frame waits for a connection: an outage is seen soon."""
_LOWEST = 7
"""Without any of its lines a farm says nothing."""
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
    terminal, or one that cannot move its cursor, look follows look. Where FARM_URLS names
    farms, they stand one below the other.
    """
    if named := place.farms():
        with watching_farms(place.farm_store(named)) as farms:
            if as_json:
                click.echo(json.dumps(farms.as_json(), indent=2, ensure_ascii=False))
            elif once:
                farms.print(plain_console())
            else:
                _show_farms(farms, every)
        return
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


class WatchedFarms:
    """Farms, each looked at on a connection of its own; one that is away is a line."""

    def __init__(self, targets: dict[int, Settings], stack: ExitStack) -> None:
        self._targets, self._stack = targets, stack
        self._stores: dict[int, SyncStore] = {}
        self._seen: dict[int, Seen] = {}
        self._problems: dict[int, str] = {}

    def look(self) -> None:
        """All at once."""
        acts = [partial(self._look, number) for number in self._targets]
        for each in together(acts):
            if isinstance(each, BaseException):
                raise each

    def _look(self, number: int) -> None:
        try:
            if number not in self._stores:
                store = self._stack.enter_context(watching(self._targets[number]))
                self._stores[number] = store
            self._seen[number] = look(self._stores[number])
            self._problems.pop(number, None)
        except (errors.Error, psycopg.Error) as error:
            self._problems[number] = " ".join(str(error).split())

    def lines(self, console: Console, *, spare: int = 0) -> list[Text]:
        """Each farm's view, in its share of the terminal, which leaves so many lines free."""
        width, height = console.size if console.is_terminal else (WIDTH, HEIGHT)
        height -= spare
        # One that was never seen takes a line.
        away = len(self._targets) - len(self._seen)
        share = HEIGHT
        if console.is_terminal:
            share = max(_LOWEST, (height - away) // max(1, len(self._seen)))
        found: list[Text] = []
        for number in self._targets:
            if found and not console.is_terminal:
                found.append(Text())
            name, problem = f"farm {number}", self._problems.get(number)
            if (seen := self._seen.get(number)) is None:
                found.append(
                    Text(
                        f" {name}  {problem}",
                        "bold red",
                        no_wrap=True,
                        overflow="ellipsis",
                    )
                )
                continue
            found += draw(
                seen,
                width=width,
                height=share,
                is_ascii=_is_ascii(console),
                problem=problem,
                name=name,
            )
        return found[:height] if console.is_terminal else found

    def print(self, console: Console) -> None:
        """Once, as plain lines."""
        for line in self.lines(console):
            console.print(line, soft_wrap=True)
        sys.stdout.flush()

    def as_json(self) -> dict[str, Json]:
        """By farm: what is seen there, or the problem."""
        return {
            str(number): {"problem": self._problems[number]}
            if number in self._problems
            else self._seen[number].as_json()
            for number in self._targets
        }


@contextmanager
def watching_farms(store: FarmStore) -> Generator[WatchedFarms]:
    """Farms that have been looked at once."""
    targets = {number: each.settings for number, each in store.farms.items()}
    with store, ExitStack() as stack:
        farms = WatchedFarms(targets, stack)
        farms.look()
        yield farms


def _show_farms(farms: WatchedFarms, every: float) -> None:
    console = plain_console()
    if not can_move(console):
        while True:
            farms.print(console)
            time.sleep(every)
            farms.look()
    with (
        ending_cleanly(),
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        while True:
            live.update(Group(*farms.lines(console)), refresh=True)
            time.sleep(every)
            farms.look()


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
