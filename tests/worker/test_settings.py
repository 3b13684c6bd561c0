"""A worker's settings are checked when it starts, with a sentence each."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from renderstore.errors import Misconfigured, Unreachable
from renderstore.store import aconnect, aconnect_farms, connect, connect_farms
from renderstore.testing import Database
from renderstore.work import JobKind
from renderstore.worker import AsyncJob, Job, arun_worker, run_worker
from renderstore.worker._aio.kinds import KINDS as AIO_KINDS
from renderstore.worker._sync.kinds import KINDS

NOWHERE = "postgresql://nobody@127.0.0.1:1/nowhere"

NAN, INFINITE = float("nan"), float("inf")
WRONG: list[tuple[str, Any, str]] = [
    *(
        ("lease", each, "lease is a number of seconds from 1 to 86400")
        for each in (0, 0.5, -1, NAN, INFINITE, 86_401, "60", None, True)
    ),
    *(
        ("concurrency", each, "concurrency is how many jobs that run at once")
        for each in (0, -1, 1001, 1.5, "2", None, True)
    ),
    *(
        ("batch", each, "batch is how many jobs that a claim takes")
        for each in (0, -1, 10_001, 2.0, NAN)
    ),
    *(
        ("grace", each, "grace is a number of seconds from 0 to 86400")
        for each in (-1, NAN, INFINITE, None)
    ),
    *(
        ("poll", each, r"poll is a number of seconds from 0\.01 to 86400")
        for each in (0, -1, NAN)
    ),
    *(
        ("sweep_every", each, r"sweep_every is a number of seconds from 0\.01")
        for each in (0, -1, NAN)
    ),
    ("labels", "gpu", r"labels are a list, such as \['gpu'\], not 'gpu'"),
    ("labels", None, "labels are a list"),
    ("labels", [7], "Each of a worker's labels is a text that is not empty, not 7"),
    ("labels", [""], "Each of a worker's labels"),
    ("kinds", "render", r"kinds are a list, such as \[JobKind.RENDER\], not 'render'"),
    ("kinds", JobKind.RENDER, "kinds are a list"),
    ("kinds", [], "names the kinds of job that it takes, one or more of render"),
    ("kinds", ["renders"], "There is no kind of job 'renders': there are render, "),
    ("version", 7, "version is a text, not 7"),
    ("stop", "now", "stop is an? "),
]


async def _arender(_: AsyncJob) -> None:
    """Nothing."""


def _render(_: Job) -> None:
    """Nothing."""


def refused(sentence: str, name: Any = "w", **settings: Any) -> None:
    """Neither colour starts. No server is asked: there is none."""
    with (
        connect(NOWHERE) as store,
        pytest.raises(Misconfigured, match=sentence),
    ):
        run_worker(store, name, _render, **settings)

    async def act() -> None:
        async with aconnect(NOWHERE) as store:
            with pytest.raises(Misconfigured, match=sentence):
                await arun_worker(store, name, _arender, **settings)

    asyncio.run(act())


def test_what_cannot_be_is_a_sentence() -> None:
    for setting, value, sentence in WRONG:
        refused(sentence, **{setting: value})


def test_a_name_says_something() -> None:
    for name in ("", "  ", None, 7):
        refused("A worker's name is a text that is not empty", name)
    for name in ("a\x00", "a\nb", "x" * 201):
        refused("A worker's name has 1 to 200 characters", name)


def test_kinds_may_be_texts_and_labels_anything_that_can_be_listed(
    database: Database,
) -> None:
    with connect(database.url) as store:
        run_worker(
            store,
            "w",
            _render,
            kinds=["download", "render", "render"],  # type: ignore[list-item]
            labels={"gpu"},  # type: ignore[arg-type]
            stop_when_empty=True,
        )
        found = store.readonly()
        with found as conn:
            row = conn.execute("select kinds, labels from work.workers").fetchone()
    assert row == ([JobKind.RENDER, JobKind.DOWNLOAD], ["gpu"]) or row == (
        [JobKind.DOWNLOAD, JobKind.RENDER],
        ["gpu"],
    )


def test_each_colour_says_which_function_the_other_ones_want() -> None:
    async def act() -> None:
        async with aconnect(NOWHERE) as store:
            with pytest.raises(Misconfigured, match=r"run_worker takes a store of con"):
                run_worker(store, "w", _render)  # type: ignore[arg-type]
            with pytest.raises(Misconfigured, match="not 7"):
                await arun_worker(store, "w", 7)  # type: ignore[arg-type]
            with pytest.raises(Misconfigured, match=r"asyncio\.Event"):
                await arun_worker(store, "w", _arender, stop=threading.Event())  # type: ignore[arg-type]
        with (
            connect(NOWHERE) as other,
            pytest.raises(Misconfigured, match=r"arun_worker takes a store of aconn"),
        ):
            await arun_worker(other, "w", _arender)  # type: ignore[arg-type]

    asyncio.run(act())
    with connect(NOWHERE) as store:
        with pytest.raises(Misconfigured, match="arun_worker awaits it"):
            run_worker(store, "w", _arender)  # type: ignore[arg-type]
        with pytest.raises(Misconfigured, match="not None"):
            run_worker(store, "w", None)  # type: ignore[arg-type]


@contextmanager
def refusing() -> Generator[tuple[str, list[object]]]:
    """A server that hangs up on everybody: its address, and who came."""
    came: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            with suppress(OSError):
                while True:
                    conn, address = listener.accept()
                    came.append(address)
                    conn.close()

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        yield (
            f"postgresql://nobody@127.0.0.1:{port}/nowhere?sslmode=disable&gssencmode=disable",
            came,
        )
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_worker_without_a_server_says_so_and_works_for_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with refusing() as (url, came):
        with connect(url) as store, pytest.raises(Unreachable, match="cannot be"):
            run_worker(store, "w", _render)

        async def act() -> None:
            async with aconnect(url) as store:
                with pytest.raises(Unreachable, match="cannot be reached"):
                    await arun_worker(store, "w", _arender)

        asyncio.run(act())
    assert len(came) == 2, "each asks once, where a pool asks for half a minute"
    assert not caplog.records


def test_a_worker_of_farms_none_of_which_answers_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    sentence = r"^No farm answers\. The database 'nowhere' .* The database 'nowhere' "
    with refusing() as (url, came):
        with (
            connect_farms(url, {2: NOWHERE}) as store,
            pytest.raises(Unreachable, match=sentence),
        ):
            run_worker(store, "w", _render)

        async def act() -> None:
            async with aconnect_farms(url, {2: NOWHERE}) as store:
                with pytest.raises(Unreachable, match=sentence):
                    await arun_worker(store, "w", _arender)

        asyncio.run(act())
    assert len(came) == 2
    assert not caplog.records


def test_every_kind_is_known() -> None:
    assert set(KINDS) == set(AIO_KINDS) == set(JobKind)


def test_within_a_running_loop_the_one_for_threads_works_and_warns(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def act() -> None:
        with connect(database.url) as store:
            run_worker(store, "w", _render, stop_when_empty=True)

    asyncio.run(act())
    assert "the event loop that runs in it stands still" in caplog.text
