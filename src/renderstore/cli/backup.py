"""Back a database up, and restore it into a database of its own."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType

import click
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from renderstore import migrations
from renderstore._hints import hint
from renderstore.backup import Manifest, take
from renderstore.backup import restore as bring_back
from renderstore.cli import place
from renderstore.cli.console import is_watched, progress_console, say

_MOST_JOBS = 4

jobs_option = click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=min(_MOST_JOBS, os.cpu_count() or 1),
    show_default=True,
    help="Tables at once; each is a connection of its own.",
)


class _Shown:
    """A bar on a terminal; elsewhere a line a part, for a log."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> _Shown:
        if is_watched():
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=progress_console(),
                transient=True,
            )
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def begin(self, what: str, total: int) -> None:
        with self._lock:
            if self._progress is None:
                say(f"{what} …" if not total else f"{what}: {total} parts …")
                return
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._task = self._progress.add_task(what, total=total or None)

    def advance(self, part: str) -> None:
        with self._lock:
            if self._progress is not None and self._task is not None:
                self._progress.advance(self._task)
            elif part:
                say(f"  {part}")


@contextmanager
def _stoppable() -> Generator[None]:
    """Whoever ends this politely, such as a scheduler, leaves nothing half done either."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@jobs_option
@click.option(
    "--without",
    metavar="SCHEMA",
    multiple=True,
    help="Leave out another program's schema; may be given again.",
)
def backup(file: Path, jobs: int, without: tuple[str, ...]) -> None:
    """Back the whole database up into a new folder FILE, counted against its own snapshot.

    Work goes on meanwhile. FILE is there when it is whole, and never written over. A login that does not see every
    row is refused. What lies outside of the database, files and RENDERSTORE_KEYS, is yours: docs/backup.md.
    """
    here = place.find()
    with _stoppable(), _Shown() as shown:
        made = take(here.migrating, file, jobs=jobs, without=without, watcher=shown)
    say(
        f"{file} holds {_rows(made)} of {made.database} as they were at {made.taken_at}."
    )
    for schema in made.without:
        say(f"The schema {schema} was left out.")
    say(
        "It can be read by whoever reads that folder, and it holds neither files nor RENDERSTORE_KEYS."
        f" Try it: {hint(f'restore {file} --into {made.database}_copy')}."
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--into",
    required=True,
    metavar="DATABASE",
    help="A new database, or an empty one of the migrating login's.",
)
@jobs_option
def restore(file: Path, into: str, jobs: int) -> None:
    """Restore a backup into another database of the same server, and prove its rows and its walls.

    It is made if it is not there, and refused if it holds anything. Until all is proven only its owner may connect.
    """
    here = place.find()
    with _stoppable(), _Shown() as shown:
        done = bring_back(here.migrating, file, into=into, jobs=jobs, watcher=shown)
    say(
        f"{into} holds {_rows(done.manifest)}, as they were at {done.manifest.taken_at}; its walls stand."
    )
    for note in done.notes:
        say(note)
    if done.statements:
        say(
            f"The database {done.manifest.database} had these besides, which {into} has not:"
        )
        for statement in done.statements:
            say(f"  {statement}")
    _say_what_is_next(done.manifest, into)


def _say_what_is_next(manifest: Manifest, into: str) -> None:
    pending = [name for name in migrations.names() if name not in manifest.migrations]
    if pending:
        say(f"{len(pending)} migrations are pending there, from {pending[0]}.")
    say(
        "Logins are the cluster's: those that were granted the roles enter it as they are, and on a new cluster"
        f" {hint('login web NAME')} makes them. Before workers start, read docs/backup.md, After a restore."
    )


def _rows(manifest: Manifest) -> str:
    return f"{manifest.rows} rows in {len(manifest.tables)} tables"
