"""Nothing that a render does or returns ends the worker or another job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.worker.aio.colour import drain
from tests.worker.support import job, submit, user

from renderstore.testing import Database
from renderstore.worker import AsyncJob, Output, RenderFailed


class Unspeakable(Exception):  # noqa: N818
    """Its text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class Private(BaseException):
    """No Exception."""


class Anything:
    """Has no text either."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")


def breaks_off() -> Iterator[Output]:
    yield Output(path="/renders/a.mov")
    raise ValueError("after the first file")


def endless() -> Iterator[Output]:
    while True:
        yield Output(path="/renders/a.mov")


def chained() -> ValueError:
    error = ValueError("outer")
    error.__cause__ = Unspeakable()
    return error


RAISED: dict[str, tuple[Any, str, str]] = {
    "sys.exit": (SystemExit(3), "unknown", "SystemExit: 3"),
    "a plain exit": (SystemExit(), "unknown", "SystemExit:"),
    "Ctrl-C from within": (KeyboardInterrupt(), "unknown", "KeyboardInterrupt:"),
    "GeneratorExit": (GeneratorExit(), "unknown", "GeneratorExit:"),
    "no Exception": (Private("p"), "unknown", "Private: p"),
    "a group": (
        BaseExceptionGroup("two", [ValueError("a"), KeyboardInterrupt()]),
        "unknown",
        "BaseExceptionGroup: two",
    ),
    "no text": (Unspeakable(), "unknown", "Unspeakable: (its text cannot be read)"),
    "a cause without text": (chained(), "unknown", "ValueError: outer"),
    "a huge text": (ValueError("x" * 10_000_000), "unknown", "ValueError: xxx"),
    "NUL and half a character": (
        ValueError("a\x00b\ud800"),
        "unknown",
        "ValueError: a\ufffdb?",
    ),
    "a recursion": (RecursionError("deep"), "unknown", "RecursionError: deep"),
    "memory": (MemoryError(), "unknown", "MemoryError:"),
    "no class of failure": (
        RenderFailed("m", error_class="No Such Class!"),
        "invalid",
        "",
    ),
    "a class that is no text": (
        RenderFailed("m", error_class=7),  # type: ignore[arg-type]
        "invalid",
        "",
    ),
    "a message that is no text": (
        RenderFailed(None),  # type: ignore[arg-type]
        "unknown",
        "None",
    ),
    "an exit code that is too large": (
        RenderFailed("m", exit_code=2**80),
        "unknown",
        "m",
    ),
    "an exit code that is no number": (
        RenderFailed("m", exit_code="x"),  # type: ignore[arg-type]
        "unknown",
        "m",
    ),
}

RETURNED: dict[str, tuple[Any, str]] = {
    "a text": ("/renders/a.mov", "The render returned a str ('/renders/a.mov')"),
    "bytes": (b"x", "The render returned a bytes"),
    "a number": (7, "The render returned a int (7)"),
    "True": (True, "The render returned a bool"),
    "texts": (["/renders/a.mov"], "The render returned a str"),
    "a file without a path": ([Output(path=None)], "The render returned a Output"),  # type: ignore[arg-type]
    "a size that is no number": (
        [Output(path="/a", size_bytes="7")],  # type: ignore[arg-type]
        "The render returned a Output",
    ),
    "a size that is too large": (
        [Output(path="/a", size_bytes=2**70)],
        "The render returned a Output",
    ),
    "a type that is no text": (
        [Output(path="/a", media_type=7)],  # type: ignore[arg-type]
        "The render returned a Output",
    ),
    "NUL in a path": ([Output(path="/a\x00")], ""),
    "a negative size": ([Output(path="/a", size_bytes=-1)], ""),
    "what has no text": (Anything(), "The render returned a Anything ()"),
    "a dictionary": ({"path": "/a"}, "The render returned a str ('path')"),
    "endless files": (endless(), "The render made more than 10000 files."),
}


def _failed(database: Database, id: Any) -> tuple[str, str]:
    found = job(database, id)
    assert (found["status"], found["failures"]) == ("failed", 1)
    assert len(found["error_message"]) <= 10_000
    return found["error_class"], found["error_message"]


async def test_whatever_is_raised_fails_its_job_alone(database: Database) -> None:
    ids = submit(database, user(database), len(RAISED) + 1)
    by_id = dict(zip(ids, RAISED.values(), strict=False))

    async def render(job: AsyncJob) -> None:
        if job.id in by_id:
            raise by_id[job.id][0]

    await drain(database, render, concurrency=2)
    for one, (_, error_class, begins) in by_id.items():
        found_class, message = _failed(database, one)
        assert found_class == error_class, message
        assert message.startswith(begins)
    assert job(database, ids[-1])["status"] == "completed"


async def test_whatever_is_returned_fails_its_job_alone(database: Database) -> None:
    ids = submit(database, user(database), len(RETURNED) + 1)
    by_id = dict(zip(ids, RETURNED.values(), strict=False))

    async def render(job: AsyncJob) -> Any:
        return by_id[job.id][0] if job.id in by_id else None

    await drain(database, render, batch=3)
    for one, (_, begins) in by_id.items():
        error_class, message = _failed(database, one)
        assert error_class == "invalid", message
        assert message.startswith(begins)
    assert job(database, ids[-1])["status"] == "completed"


async def test_files_may_come_from_a_generator_which_may_fail(
    database: Database,
) -> None:
    first, second = submit(database, user(database), 2)

    async def render(job: AsyncJob) -> Any:
        if job.id == first:
            return breaks_off()
        return (Output(path=f"/renders/{each}") for each in range(3))

    await drain(database, render)
    error_class, message = _failed(database, first)
    assert error_class == "unknown"
    assert message.startswith("ValueError: after the first file\n")
    assert job(database, second)["status"] == "completed"


async def test_progress_takes_any_number_and_refuses_what_is_none(
    database: Database,
) -> None:
    good = [33.3, -5, 1e300, True]
    bad: list[Any] = ["x", None, float("nan"), float("inf"), b"7"]
    ids = submit(database, user(database), len(good) + len(bad))
    by_id = dict(zip(ids, [*good, *bad], strict=True))

    async def render(job: AsyncJob) -> None:
        job.progress(by_id[job.id])
        with pytest.raises(AttributeError):
            job.percent = 7  # type: ignore[misc]

    await drain(database, render)
    for one in ids[: len(good)]:
        assert job(database, one)["status"] == "completed"
    for one in ids[len(good) :]:
        _, message = _failed(database, one)
        assert message.startswith("TypeError: Progress is a number from 0 to 100")


async def test_the_job_keeps_the_end_of_the_traceback(database: Database) -> None:
    [one] = submit(database, user(database))

    def find_the_composition() -> None:
        raise LookupError("no such comp")

    async def render(_: AsyncJob) -> None:
        find_the_composition()

    await drain(database, render)
    _, message = _failed(database, one)
    lines = message.splitlines()
    assert lines[0] == "LookupError: no such comp"
    assert lines[-1] == "LookupError: no such comp"
    assert "in find_the_composition" in message
    assert "worker/_" not in message.replace("tests/worker/", "")


async def test_a_long_log_is_kept_in_pieces(database: Database) -> None:
    [one] = submit(database, user(database))

    async def render(job: AsyncJob) -> None:
        await job.log("ä\x00" * 400_000)
        await job.log("")

    await drain(database, render)
    assert job(database, one)["status"] == "completed"
