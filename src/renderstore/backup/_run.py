"""Run one of PostgreSQL's client programs, hear what it is at, and end it when nobody waits for it any more."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from renderstore.backup._manifest import BackupFailed
from renderstore.settings import Settings

_KEPT = 40
_PROGRESS = re.compile(r"pg_\w+: (?!error|warning|detail|hint|from TOC)")


class Watcher(Protocol):
    """Whoever shows how far the work is."""

    def begin(self, what: str, total: int) -> None:
        """Something of this many parts begins."""
        ...

    def advance(self, part: str) -> None:
        """A part is being done; without a name it is one that nobody asks for."""
        ...


class Silent:
    """Shows nothing."""

    def begin(self, what: str, total: int) -> None: ...

    def advance(self, part: str) -> None: ...


class Running:
    """A program at work."""

    def __init__(
        self,
        name: str,
        process: subprocess.Popen[str],
        reader: threading.Thread,
        said: deque[str],
    ) -> None:
        self._name = name
        self._process = process
        self._reader = reader
        self._said = said

    def finish(self) -> None:
        """Wait for its end; a sentence with its own words if it failed."""
        code = self._process.wait()
        self._reader.join()
        if code:
            words = "\n".join(self._said) or f"it ended with status {code}"
            raise BackupFailed(f"{self._name} failed: {words}")


@contextmanager
def running(
    command: Sequence[str], target: Settings, hear: Callable[[str], None]
) -> Generator[Running]:
    """Run it beside this block, which hears each line that it says."""
    process = subprocess.Popen(
        command,
        env=environment(target),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    # From here on whoever stops this ends the program too, before the block begins as within it.
    reader: threading.Thread | None = None
    try:
        assert process.stderr is not None
        lines = process.stderr
        said: deque[str] = deque(maxlen=_KEPT)

        def listen() -> None:
            for line in lines:
                hear(line.rstrip("\n"))
                if not _PROGRESS.match(line):
                    said.append(line.rstrip("\n"))

        reader = threading.Thread(target=listen, daemon=True)
        reader.start()
        yield Running(Path(command[0]).name, process, reader, said)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()
        if reader is not None and reader.ident is not None:
            reader.join()
        if process.stderr is not None:
            process.stderr.close()


def answer(command: Sequence[str]) -> str:
    """What a program prints that needs no server."""
    done = subprocess.run(
        command,
        env={**os.environ, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
    )
    if done.returncode:
        raise BackupFailed(f"{Path(command[0]).name} failed: {done.stderr.strip()}")
    return done.stdout


def environment(target: Settings) -> dict[str, str]:
    """The connection for libpq's programs, whose words are read here and so are English."""
    kept = {
        name: value for name, value in os.environ.items() if name != "PGCLIENTENCODING"
    }
    return {**kept, **target.environment(), "LC_ALL": "C", "LANGUAGE": ""}
