"""`renderstore watch` as it is typed: into a pipe, on a terminal, with a server that goes away."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import termios
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest
from tests.factories import job, users
from tests.program import RENDERSTORE
from tests.worker.support import restarted

from renderstore.testing import Database

COMMAND = (*RENDERSTORE, "watch")
LEAVES_THE_SCREEN = b"\x1b[?1049l"
SHOWS_THE_CURSOR = b"\x1b[?25h"


def environment(url: str, **more: str) -> dict[str, str]:
    # What the tests' own terminal says is nothing to the command's.
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TERM", "LC_ALL")
    }
    return {**kept, "DATABASE_URL": url, **more}


def run(url: str, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options],
        env=environment(url, **more),
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass(slots=True)
class Terminal:
    """A command on a terminal of 80x24, and all that it wrote there."""

    pid: int
    file: int
    written: bytes = b""
    ended: list[int] = field(default_factory=list[int])

    def read(self) -> bool:
        """Once more; false at the end."""
        if not select.select([self.file], [], [], 0.05)[0]:
            return True
        piece = b""
        with contextlib.suppress(OSError):  # Linux's word for the end of a terminal
            piece = os.read(self.file, 65536)
        self.written += piece
        return bool(piece)

    def until(self, holds: Callable[[bytes], bool]) -> None:
        while not holds(self.written):
            assert self.read(), self.written.decode(errors="replace")

    def end(self) -> int:
        """Its exit status."""
        while self.read():
            pass
        if not self.ended:
            _, status = os.waitpid(self.pid, 0)
            self.ended.append(os.waitstatus_to_exitcode(status))
        return self.ended[0]


@contextmanager
def on_a_terminal(
    url: str, *options: str, command: Sequence[str] = COMMAND, **more: str
) -> Generator[Terminal]:
    shown: Mapping[str, str] = environment(url, **{"TERM": "xterm-256color", **more})
    pid, file = pty.fork()
    if pid == 0:
        os.execve(command[0], [*command, *options], dict(shown))
    termios.tcsetwinsize(file, (24, 80))
    terminal = Terminal(pid, file)
    try:
        yield terminal
    finally:
        if not terminal.ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(file)


@pytest.fixture
def waiting(database: Database) -> Database:
    ann = users.make(database, name="Ann")
    for _ in range(3):
        job(database, "queued", user_id=ann)
    return database


def test_once_prints_plain_lines_into_a_pipe(waiting: Database) -> None:
    said = run(waiting.url, "--once")
    assert (said.returncode, said.stderr) == (0, "")
    lines = said.stdout.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in said.stdout
    assert any(line.startswith(" queue   3 waiting") for line in lines)
    assert any(line.startswith(" Ann ") for line in lines)


def test_the_locale_c_gets_ascii(waiting: Database) -> None:
    job(waiting, "completed")
    said = run(waiting.url, "--once", LC_ALL="C")
    assert said.returncode == 0
    assert said.stdout.isascii()


def test_json_is_for_programs(waiting: Database) -> None:
    said = run(waiting.url, "--json")
    assert (said.returncode, said.stderr) == (0, "")
    found = json.loads(said.stdout)
    assert (found["waiting"], found["empty_in_s"]) == (3, None)
    assert [each["name"] for each in found["users"]] == ["Ann"]
    assert len(found["completed_by_minute"]) == 60


def test_without_a_server_it_says_a_sentence() -> None:
    said = run("postgresql://nobody@127.0.0.1:1/nowhere")
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith("Error: The database 'nowhere' on 127.0.0.1, port 1,")
    assert len(said.stderr.splitlines()) == 1


def test_without_migrations_it_says_a_sentence(empty_database: Database) -> None:
    said = run(empty_database.admin_url, "--once")
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith("Error: ")
    assert len(said.stderr.splitlines()) == 1


@pytest.mark.parametrize("options", [["--every", "0"], ["--nope"], ["a", "b"]])
def test_wrong_arguments_are_said(options: list[str]) -> None:
    said = run("postgresql://nobody@127.0.0.1:1/nowhere", *options)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.splitlines()[-1].startswith("Error: ")


def test_it_looks_again_and_ctrl_c_leaves_the_terminal_clean(waiting: Database) -> None:
    with on_a_terminal(waiting.url, "--every", "0.5") as terminal:
        terminal.until(lambda written: b"3 waiting" in written)
        job(waiting, "queued")
        terminal.until(lambda written: b"4 waiting" in written)
        os.write(terminal.file, b"\x03")
        assert terminal.end() == 130
        assert b"Traceback" not in terminal.written
        left = terminal.written.rindex(LEAVES_THE_SCREEN)
        assert b"waiting" not in terminal.written[left:]
        assert terminal.written.rindex(SHOWS_THE_CURSOR) > terminal.written.index(
            b"4 waiting"
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_clean_too(
    waiting: Database, number: signal.Signals
) -> None:
    with on_a_terminal(waiting.url) as terminal:
        terminal.until(lambda written: b"3 waiting" in written)
        os.kill(terminal.pid, number)
        assert terminal.end() == 128 + number
        assert LEAVES_THE_SCREEN in terminal.written
        assert b"Traceback" not in terminal.written


def test_no_color_means_none(waiting: Database) -> None:
    job(waiting, "running", held_by="stranger")
    for more, is_coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        with on_a_terminal(waiting.url, **more) as terminal:
            terminal.until(lambda written: b"Ctrl-C ends" in written)
            assert (b"31m" in terminal.written) is is_coloured


def test_a_dumb_terminal_gets_look_after_look(waiting: Database) -> None:
    with on_a_terminal(waiting.url, "--every", "0.5", TERM="dumb") as terminal:
        terminal.until(lambda written: written.count(b"3 waiting") == 2)
        os.write(terminal.file, b"\x03")
        assert terminal.end() == 130
        assert b"\x1b" not in terminal.written


def test_a_pipe_gets_look_after_look(waiting: Database) -> None:
    with subprocess.Popen(
        [*COMMAND, "--every", "0.5"],
        env=environment(waiting.url),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        seen = 0
        for line in running.stdout:
            seen += line.startswith(" queue   3 waiting")
            if seen == 2:
                break
        running.send_signal(signal.SIGINT)
        running.stdout.read()
        assert running.wait() == 130


def test_a_server_that_goes_away_is_a_line_until_it_is_back() -> None:
    with restarted() as (cluster, database):
        job(database, "queued")
        with on_a_terminal(database.url, "--every", "0.5") as terminal:
            terminal.until(lambda written: b"1 waiting" in written)
            cluster.stop()
            terminal.until(lambda written: b"!! Nothing newer: " in written)
            away = len(terminal.written)
            # What was seen last stays.
            terminal.until(
                lambda written: (
                    b"!! Nothing newer: " in written[away:]
                    and b"1 waiting" in written[away:]
                )
            )
            cluster.start()
            job(database, "queued")
            terminal.until(lambda written: b"2 waiting" in written[away:])
            os.write(terminal.file, b"\x03")
            assert terminal.end() == 130
            assert b"Traceback" not in terminal.written


def test_a_view_that_is_open_holds_no_transaction(waiting: Database) -> None:
    with (
        on_a_terminal(waiting.url, "--every", "3600") as terminal,
        psycopg.connect(waiting.admin_url, autocommit=True) as conn,
    ):
        terminal.until(lambda written: b"Ctrl-C ends" in written)
        states = conn.execute(
            "select state, backend_xmin from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
            " and backend_type = 'client backend'"
        ).fetchall()
        assert states == [("idle", None)]
