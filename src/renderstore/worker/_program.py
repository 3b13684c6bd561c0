"""A render that is any program: the job as JSON on its standard input, its exit code as the outcome."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields
from datetime import date, datetime
from time import monotonic
from typing import IO
from uuid import UUID

from renderstore.worker._job import log
from renderstore.worker._outcomes import Output, RenderFailed
from renderstore.worker._sync.job import Job

# A line of its own on either stream; everything else is the job's log.
_MARKER = re.compile(
    r"renderstore: (?:progress (?P<percent>\d{1,3})|output (?P<path>.+))$"
)
_FLUSH_EVERY = 1.0
_CHUNK = 64 * 1024
_LAST_LINES = 20


class Program:
    """`run_worker(store, name, Program("aerender …"))`: runs the command through the shell, once a job.

    The program reads one line of JSON. A line `renderstore: progress 40` on its standard output
    or error reports progress, `renderstore: output /renders/a.mov` a file that it made; the
    other lines go into the job's log. Exit code 0 finishes the job; another one fails it with the
    class `crashed` and the last lines of standard error. When the job should stop, its process
    group gets SIGTERM and, after `patience` seconds, SIGKILL.
    """

    def __init__(self, command: str, *, patience: float = 3.0) -> None:
        self.command = command
        self.patience = patience

    def __call__(self, job: Job) -> list[Output]:
        """Run it for this job."""
        given = describe(job)
        with subprocess.Popen(
            ["/bin/sh", "-c", self.command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "RENDERSTORE_JOB": str(job.id)},
            start_new_session=True,
        ) as running:
            assert running.stdin is not None
            assert running.stdout is not None
            assert running.stderr is not None
            ears = _Ears(job)
            threads = [
                threading.Thread(target=ears.hear, args=each, daemon=True)
                for each in ((running.stdout, False), (running.stderr, True))
            ]
            threads.append(
                threading.Thread(target=_give, args=(running.stdin, given), daemon=True)
            )
            # Its thread closes it: done here too, the rest of its buffer would break the pipe of
            # a program that has ended without reading.
            running.stdin = None
            for thread in threads:
                thread.start()
            self._watch(job, running, ears)
            for thread in threads[:2]:
                # A grandchild may hold the pipes open for ever.
                thread.join(self.patience)
            ears.flush()
        if running.returncode and job.reason is None:
            raise RenderFailed(
                _said(running.returncode, list(ears.last_lines)),
                error_class="crashed",
                exit_code=_exit_code(running.returncode),
            )
        return ears.outputs

    def _watch(self, job: Job, running: subprocess.Popen[bytes], ears: _Ears) -> None:
        flush_at = monotonic() + _FLUSH_EVERY
        told: float | None = None
        while running.poll() is None:
            if job.should_stop.is_set():
                if told is None:
                    told = monotonic()
                    _kill(running, signal.SIGTERM)
                elif monotonic() > told + self.patience:
                    _kill(running, signal.SIGKILL)
                try:
                    running.wait(0.05)
                except subprocess.TimeoutExpired:
                    continue
            else:
                # Short at first, so that a short program is not waited for long.
                job.should_stop.wait(ears.nap())
            if monotonic() >= flush_at:
                ears.flush()
                flush_at = monotonic() + _FLUSH_EVERY


class _Ears:
    """What the program says: markers are obeyed, the rest is logged in chunks."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.outputs: list[Output] = []
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._lock = threading.Lock()
        self._unsent: list[str] = []
        self._naps = _naps()

    def nap(self) -> float:
        return next(self._naps)

    def hear(self, stream: IO[bytes], is_error: bool) -> None:
        while raw := stream.readline(_CHUNK):
            line = raw.decode("utf-8", "replace")
            if (found := _MARKER.match(line.rstrip("\r\n"))) is not None:
                self._obey(found)
                continue
            with self._lock:
                if is_error:
                    self.last_lines.append(line)
                self._unsent.append(line)
                is_full = sum(map(len, self._unsent)) > _CHUNK
            if is_full:
                self.flush()

    def _obey(self, found: re.Match[str]) -> None:
        if found["percent"] is not None:
            self.job.progress(int(found["percent"]))
        else:
            self.outputs.append(Output(path=found["path"]))

    def flush(self) -> None:
        with self._lock:
            text, self._unsent = "".join(self._unsent), []
        if text:
            try:
                self.job.log(text)
            except Exception as error:  # a log that cannot be kept ends no render
                log.warning(
                    "%r: its log lost %d characters: %s", self.job, len(text), error
                )


def describe(job: Job) -> bytes:
    """The job as one line of JSON: ids, attempt, kind, and what it is to do."""
    said: dict[str, object] = {
        "user_id": job.user_id,
        "id": job.id,
        "attempt": job.attempt,
        "kind": job.kind,
    }
    spec = job.spec()
    said["spec"] = {each.name: getattr(spec, each.name) for each in fields(spec)}
    return json.dumps(said, default=_plain, ensure_ascii=False).encode() + b"\n"


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON.")


def _give(stdin: IO[bytes], text: bytes) -> None:
    with suppress(OSError), stdin:  # a program need not read it
        stdin.write(text)


def _kill(running: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(running.pid, number)


def _naps() -> Iterator[float]:
    nap = 0.002
    while True:
        yield nap
        nap = min(nap * 1.5, 0.2)


def _exit_code(code: int) -> int:
    """As a shell says it: 128 and the signal's number for one that was killed."""
    return code if code >= 0 else 128 - code


def _said(code: int, lines: list[str]) -> str:
    ended = (
        f"The program ended with exit code {code}."
        if code > 0
        else f"The program was ended by {signal.Signals(-code).name}."
    )
    return "\n".join([ended, "".join(lines).strip()[-8000:]]).strip()
