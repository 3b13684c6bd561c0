"""What people see, and the questions they are asked."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import click
from rich.console import Console

from renderstore.settings import Settings

_console = Console(highlight=False, soft_wrap=True)


def say(text: str = "") -> None:
    """One line for the person."""
    _console.print(text, markup=False)


def counted(number: int, word: str) -> str:
    """As a person says it: 1 migration, 2 migrations."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def is_watched() -> bool:
    """Whether somebody looks at a terminal."""
    return _console.is_terminal


def progress_console() -> Console:
    """Where a bar is drawn."""
    return _console


@contextmanager
def working(on: str) -> Generator[None]:
    """Show that something is going on: a spinner on a terminal, a line elsewhere."""
    if _console.is_terminal:
        with _console.status(f"{on} …"):
            yield
    else:
        say(f"{on} …")
        yield


def be_quiet(*names: str) -> None:
    """What these would log, once the command says itself; to the end, since a thread's may come late."""
    for name in names:
        logging.getLogger(name).addHandler(logging.NullHandler())


def ask_before_changing(target: Settings, what: str, *, yes: bool) -> None:
    """A database on another host is changed only when somebody says so."""
    if target.is_local or yes:
        return
    say(f"{target.dbname} on {target.host} is not local. {what}")
    say("Is there a backup that was restored once? (docs/operations.md, Upgrade)")
    _confirm(f"Change {target.dbname} on {target.host}?")


def ask_before_destroying(target: Settings, what: str, *, yes: bool) -> None:
    """What is lost is named; on another host the database's name must be typed."""
    say(what)
    if target.is_local:
        if not yes:
            _confirm("Go on?")
        return
    if not _is_interactive():
        raise click.ClickException(
            f"{target.dbname} on {target.host} is not local: "
            "this runs only where somebody can type the database's name."
        )
    typed = click.prompt(
        f"{target.host} is not local. Type the database's name to go on"
    )
    if typed != target.dbname:
        raise click.ClickException("That is not its name. Nothing was changed.")


def _confirm(question: str) -> None:
    if not _is_interactive():
        raise click.ClickException(
            "Nobody is there to answer; pass --yes if you mean it."
        )
    if not click.confirm(question):
        raise click.ClickException("Nothing was changed.")


def _is_interactive() -> bool:
    return sys.stdin.isatty()


@contextmanager
def ending_cleanly() -> Generator[None]:
    """A terminal that is closed, or a program that is told to end, ends in order too."""

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    before = {
        each: signal.signal(each, end) for each in (signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
