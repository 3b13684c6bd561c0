"""A simulated farm at work, to look at."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from queue import Empty
from threading import Thread
from types import FrameType
from typing import TYPE_CHECKING, Protocol

import click
import psycopg
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from renderstore import errors
from renderstore._hints import hint
from renderstore._watch import Seen, look
from renderstore.cli import place
from renderstore.cli.console import ask_before_destroying, be_quiet, say
from renderstore.cli.table import WIDTH, fit, wrap
from renderstore.cli.watch import (
    can_move,
    lines_of,
    look_again,
    plain_console,
    watching,
)
from renderstore.settings import Settings
from renderstore.store import SyncStore, connect

if TYPE_CHECKING:
    from renderstore._demo.stage import Line, Troupe

SHORTEST_S, LONGEST_S = 10, 86_400
_EVERY_S = 0.5
_CAPTION = 2
"""How many lines what was told may take."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_UNITS = {"s": 1, "m": 60, "h": 3600, "": 1}
_CONNECTIONS = 12
_PATIENCE_S = 10.0
"""How long the demo waits for a server that goes away."""


class _Duration(click.ParamType[float]):
    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?) ?([smh]?)", str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no duration: write 20s, 5m or 1h.", param, ctx)
        seconds = float(found[1]) * _UNITS[found[2]]
        if not SHORTEST_S <= seconds <= LONGEST_S:
            self.fail(f"{value!r} is not between 10s and 24h.", param, ctx)
        return seconds


for_option = click.option(
    "--for",
    "seconds",
    type=_Duration(),
    default="1m",
    show_default=True,
    help="How long jobs come in and are worked on: 20s, 5m, 1h.",
)


@click.command()
@for_option
def demo(seconds: float) -> None:
    """Have a simulated farm work in the database, and show it; Ctrl-C ends it in order.

    People on both plans submit renders, downloads and the steps of a video; workers take them, fail, try again; one dies with
    a job in its hands; jobs are cancelled, requests decided, a service goes down and comes back. Nothing is rendered
    or fetched, and no file is written. A terminal shows the view of `watch`; elsewhere it is told line by line.
    What it leaves can be looked at; run again, it adds to that.
    """
    # Only who plays pays for loading it.
    from renderstore._demo.cast import declare, gather
    from renderstore._demo.ground import why_not
    from renderstore._demo.play import Play
    from renderstore._demo.stage import Stage
    from renderstore._demo.summary import summary

    target = place.answering()
    # What workers log, each failure with its traceback, would be written over the view.
    be_quiet("renderstore", "psycopg")
    with connect(target.url, size=1, timeout=_PATIENCE_S) as store:
        if problem := why_not(store):
            raise click.ClickException(
                f"{target.dbname} is not meant for a demo: {problem}. Nothing was changed."
            )
    ask_before_destroying(
        target,
        f"A simulated farm works in {target.dbname} for {seconds:g} s; Ctrl-C ends it.",
        yes=target.is_local,
    )
    with connect(target.url, size=_CONNECTIONS, timeout=_PATIENCE_S) as store:
        declare(store)
        stage = Stage(store, gather(store))
        with performed(
            Play(stage, seconds), stage, seconds, lambda: _watched(target), "demo"
        ):
            for line in summary(stage):
                click.echo(line)


@contextmanager
def performed(
    play: Thread,
    troupe: Troupe,
    seconds: float,
    opened: Callable[[], AbstractContextManager[View]],
    again: str,
) -> Generator[None]:
    """Show a demo until it has ended; what follows says what came of it. Whoever ended it early ends the command then."""
    with hearing(troupe) as heard:
        play.start()
        try:
            _show(troupe, seconds, opened)
        finally:
            # Whatever ends the view ends the farm too, in order.
            if play.is_alive():
                troupe.asked.set()
            play.join()
        if troupe.failure is not None:
            raise _said(troupe.failure, again)
        yield
    if signal.SIGINT in heard:
        raise click.Abort
    if heard:
        raise SystemExit(128 + heard[0])


def _said(failure: BaseException, again: str) -> BaseException:
    """What broke, and what becomes of what the workers held then."""
    if not isinstance(failure, errors.Error | psycopg.Error):
        return failure
    sentence = " ".join(str(failure).split())
    return click.ClickException(
        f"The demo broke off; {hint(again)} goes on with what its workers held: {sentence}"
    )


@contextmanager
def hearing(troupe: Troupe) -> Generator[list[int]]:
    """The signals that came. They only ask for the end: an exception in the middle of it would leave it half done."""
    heard: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        # Once: a signal in the middle of this would wait for itself.
        if len(heard) == 1:
            troupe.asked.set()

    before = {each: signal.signal(each, end) for each in _SIGNALS}
    try:
        yield heard
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _show(
    troupe: Troupe,
    seconds: float,
    opened: Callable[[], AbstractContextManager[View]],
) -> None:
    """Until all has ended: the view, or what is told."""
    console = plain_console()
    if can_move(console):
        with opened() as view:
            _show_view(console, view, troupe, seconds)
        return
    while not troupe.over.wait(0.1):
        _tell(troupe)
    _tell(troupe)


def _show_view(console: Console, view: View, troupe: Troupe, seconds: float) -> None:
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while not troupe.over.is_set():
            # A higher terminal has room for more than what was told last.
            told = list(troupe.latest)[-max(1, console.height // 2 - 11) :]
            caption = _caption(troupe, told, seconds)
            lines = view.lines(console, spare=len(caption))
            live.update(Group(*lines, *caption), refresh=True)
            troupe.over.wait(_EVERY_S)
            view.look()


class View(Protocol):
    """What is looked at again and again."""

    def look(self) -> None:
        """Once more."""
        ...

    def lines(self, console: Console, *, spare: int = 0) -> list[Text]:
        """What was seen, which leaves so many lines free."""
        ...


class _OneFarm:
    """The view of one farm."""

    def __init__(self, store: SyncStore) -> None:
        self._store = store
        self._looked: tuple[Seen, str | None] = look(store), None

    def look(self) -> None:
        self._looked = look_again(self._store, self._looked[0])

    def lines(self, console: Console, *, spare: int = 0) -> list[Text]:
        return lines_of(console, *self._looked, spare=spare)


@contextmanager
def _watched(target: Settings) -> Generator[View]:
    with watching(target) as store:
        yield _OneFarm(store)


def _caption(troupe: Troupe, told: Sequence[Line], seconds: float) -> list[Text]:
    """What was told last, below the view."""
    at = min(troupe.elapsed, seconds)
    words = "ending" if troupe.asked.is_set() else f"demo {at:.0f}/{seconds:.0f} s"
    lines: list[str] = []
    for each in told:
        head = f"{words}: " if each is told[-1] else f"{each.at:.0f} s: "
        wrapped = wrap(f"{head}{each.text}", "  ")[:_CAPTION]
        lines += wrapped + [""] * (_CAPTION - len(wrapped))
    return [Text(fit(each, WIDTH), "reverse", no_wrap=True) for each in lines]


def _tell(troupe: Troupe) -> None:
    """What was told since, a line each."""
    while True:
        try:
            line = troupe.lines.get_nowait()
        except Empty:
            break
        say(f"{line.at:5.1f} s  {line.text}")
    sys.stdout.flush()
