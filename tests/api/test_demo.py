"""`renderstore demo` as it is typed: what it leaves, what it refuses, and that nothing is left when it ends early."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import IO, Any

import psycopg
import pytest
from click.testing import CliRunner
from tests.api.test_watch import (
    LEAVES_THE_SCREEN,
    environment,
    on_a_terminal,
)
from tests.factories import job, users
from tests.program import RENDERSTORE
from tests.worker.support import restarted

from renderstore import settings
from renderstore._demo.cast import DYING, LABEL, PEOPLE, SERVICES, WORKERS
from renderstore._demo.ground import why_not
from renderstore._demo.stage import Troupe
from renderstore.cli import cli, place
from renderstore.cli.demo import hearing
from renderstore.cli.place import Place
from renderstore.store import SyncStore
from renderstore.testing import Database
from renderstore.work import JobKind, workers

DEMO = (*RENDERSTORE, "demo")
SHORT = ("--for", "10s")

PROBLEMS = """
select user_id, job_id, problem from work.problems()
union all
select user_id, id, problem from studio.problems()
union all
select user_id, id, problem from media.problems()
"""


def run(
    url: str, *options: str, command: Sequence[str] = DEMO
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *options],
        env=environment(url),
        capture_output=True,
        text=True,
        check=False,
    )


def ask(database: Database, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.admin_url) as conn:
        return conn.execute(question.encode()).fetchall()


def count(database: Database, what: str) -> int:
    """How many rows there are of what stands after `from`."""
    found: int = ask(database, f"select count(*) from {what}")[0][0]
    return found


@contextmanager
def playing(url: str, *options: str) -> Generator[subprocess.Popen[str]]:
    """A demo into a pipe."""
    with subprocess.Popen(
        [*DEMO, *options],
        env=environment(url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def until(lines: IO[str] | None, words: str) -> None:
    assert lines is not None
    said: list[str] = []
    for line in lines:
        said.append(line)
        if words in line:
            return
    raise AssertionError("".join(said))


def assert_in_order(database: Database) -> None:
    """Nothing runs, nothing is held, nothing disagrees, nobody is connected."""
    assert not ask(
        database,
        "select id, status, held_by from work.jobs"
        " where completed_at is null or held_by is not null and status = 'running'",
    )
    assert ask(database, PROBLEMS) == []
    assert count(database, "work.ready") == 0
    assert count(database, "ops.services where is_watched") == 0
    assert not ask(
        database,
        f"select name from work.workers where stopped_at is null and name <> '{DYING}'",
    )
    assert count(database, "studio.projects where status = 'generating'") == 0
    assert count(database, "studio.scenes where status = 'generating'") == 0
    assert not ask(
        database,
        "select application_name, state, query from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
        " and backend_type = 'client backend'",
    )


def test_a_short_demo_leaves_each_state_once_and_again(database: Database) -> None:
    first = run(database.url, *SHORT)
    assert (first.returncode, first.stderr) == (0, "")
    ours = "work.jobs where labels @> '{simulated}'"
    for what in (
        f"{ours} and status = 'failed' and error_class is not null",
        f"{ours} and status = 'completed' and failures > 0",
        f"{ours} and status = 'completed' and lost_leases > 0",
        f"{ours} and status = 'cancelled' and started_at is not null",
        f"{ours} and status = 'cancelled' and started_at is null",
        "media.download_files where state = 'kept'",
        "media.download_files where state = 'failed' and error_class = 'missing'",
        "media.downloads where status = 'partly'",
        "media.downloads where status = 'completed'",
        "media.requests where status = 'available'",
        "media.requests where status = 'declined' and decision_reason is not null",
        "media.requests where status = 'pending'",
        "ops.service_spans where state = 'down'",
        "studio.steps where status = 'completed' and failures > 0",
        "studio.assets where state = 'kept'",
        "studio.projects where status = 'completed'",
        "identity.users where plan_id = 'free'",
        "identity.users where plan_id = 'premium'",
        "work.logs",
        "render.outputs",
    ):
        assert count(database, what), f"{what}\n{first.stdout}"
    assert count(database, f"work.workers where name = '{DYING}'") == 1
    assert_in_order(database)
    assert "Look at it:" in first.stdout
    assert max(map(len, first.stdout.splitlines())) < 200

    jobs = count(database, ours)
    second = run(database.url, *SHORT)
    assert (second.returncode, second.stderr) == (0, "")
    assert count(database, ours) > jobs
    assert count(database, "identity.users") == len(PEOPLE)
    assert count(database, "studio.projects") == 1
    assert count(database, "media.requests where status = 'pending'") == 1
    assert count(database, "ops.services where id like 'sim-%'") == len(SERVICES)
    assert_in_order(database)


@pytest.mark.parametrize(
    ("moment", "number", "times"),
    [
        ("Tove has a video made", signal.SIGINT, 1),
        ("dies at 40 %", signal.SIGINT, 9),
        ("is down", signal.SIGTERM, 1),
    ],
)
def test_who_ends_it_early_leaves_nothing_half_done(
    database: Database, moment: str, number: signal.Signals, times: int
) -> None:
    with playing(database.url) as running:
        until(running.stdout, moment)
        for _ in range(times):
            running.send_signal(number)
        said, complaint = running.communicate()
        assert running.returncode == 128 + number, complaint
    assert "what waits is cancelled" in said
    assert "jobs were submitted" in said
    assert complaint in ("", "Stopped; nothing is left half done.\n")
    assert_in_order(database)
    assert not ask(database, "select name from work.workers where stopped_at is null")


def test_a_signal_in_the_middle_of_another_waits_for_nobody() -> None:
    class Interrupted(Event):
        def set(self) -> None:
            signal.raise_signal(signal.SIGINT)
            super().set()

    troupe = Troupe({})
    troupe.asked = Interrupted()
    with hearing(troupe) as heard:
        signal.raise_signal(signal.SIGINT)
    assert troupe.asked.is_set()
    assert len(heard) == 2


def test_on_a_terminal_it_is_the_live_view(database: Database) -> None:
    with on_a_terminal(database.url, command=DEMO) as terminal:
        terminal.until(lambda written: b" running" in written and b"demo " in written)
        terminal.until(lambda written: DYING.encode() in written)
        os.write(terminal.file, b"\x03")
        assert terminal.end() == 130
        assert b"Traceback" not in terminal.written
        left = terminal.written.rindex(LEAVES_THE_SCREEN)
        assert b"jobs were submitted" in terminal.written[left:]
    assert_in_order(database)


def _hear_of_workers(database: Database, at: str) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute(f"update work.workers set seen_at = {at}".encode())


def test_what_was_killed_is_gone_on_with(database: Database) -> None:
    with playing(database.url) as running:
        until(running.stdout, "dies at 40 %")
        running.kill()
        running.communicate()
    assert count(database, "work.jobs where status = 'running'")
    # However long it takes to begin anew here.
    _hear_of_workers(database, "now() + interval '1 hour'")
    again = run(database.url, *SHORT)
    assert again.returncode == 1
    assert "was killed a moment ago" in again.stderr
    _hear_of_workers(database, "now() - interval '1 minute'")
    again = run(database.url, *SHORT)
    assert (again.returncode, again.stderr) == (0, "")
    assert_in_order(database)


def test_a_server_that_goes_away_ends_it_with_a_sentence() -> None:
    with restarted() as (cluster, database), playing(database.url) as running:
        until(running.stdout, "Tove has a video made")
        cluster.stop()
        _, complaint = running.communicate()
        cluster.start()
        assert running.returncode == 1, complaint
        assert complaint.startswith("Error: The demo broke off; ")
        assert len(complaint.splitlines()) == 1, complaint


def refusal(url: str) -> str:
    said = run(url, *SHORT)
    assert (said.returncode, said.stdout) == (1, "")
    assert len(said.stderr.splitlines()) == 1
    return said.stderr


def test_it_refuses_a_database_with_real_accounts(database: Database) -> None:
    users.make(database, email="ann@example.org")
    users.make(database, email="ann@studio.de")
    users.make(database, email=None, name="Bo")
    said = refusal(database.url)
    assert (
        "is not meant for a demo: it holds real accounts (ann@studio.de and 1 more)."
        in said
    )
    assert count(database, "identity.users") == 3


def test_it_takes_no_job_of_others(database: Database) -> None:
    ann = users.make(database, email="ann@example.org")
    job(database, "queued", user_id=ann)
    assert "would take jobs of others that wait here" in refusal(database.url)
    assert count(database, "identity.users") == 1


def test_what_was_seeded_is_in_nobodys_way(
    database: Database, store: SyncStore
) -> None:
    seeded = run(database.url, command=(*RENDERSTORE, "seed"))
    assert seeded.returncode == 0, seeded.stderr
    assert why_not(store) is None
    offered = f"{{{','.join({each for one in WORKERS for each in one.labels})}}}"
    assert count(database, "work.jobs where status = 'queued'")
    assert count(database, f"work.jobs where labels <@ '{offered}'") == 0


def test_two_at_once_are_one_too_many(database: Database, store: SyncStore) -> None:
    store.worker(WORKERS[0].name).run(
        workers.register, kinds=[JobKind.RENDER], labels=[LABEL]
    )
    _hear_of_workers(database, "now() + interval '1 hour'")
    assert "a demo is at work here already" in refusal(database.url)


def test_on_another_host_somebody_types_the_databases_name(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = replace(settings.parse(database.url), is_local=False)

    def find(**_: object) -> Place:
        return Place(Path.cwd(), far, far, None)

    monkeypatch.setattr(place, "find", find)
    said = CliRunner().invoke(cli, ["demo"])
    assert said.exit_code == 1
    assert "is not local" in said.output
    assert count(database, "identity.users") == 0


def test_without_a_server_it_says_a_sentence() -> None:
    said = refusal("postgresql://nobody@127.0.0.1:1/nowhere")
    assert said.startswith("Error: nowhere on 127.0.0.1 is not reached: ")


def test_without_migrations_it_says_a_sentence(empty_database: Database) -> None:
    assert refusal(empty_database.admin_url).startswith("Error: ")


@pytest.mark.parametrize(
    "options",
    [
        ["--for"],
        ["--for", "9s"],
        ["--for", "25h"],
        ["--for", "soon"],
        ["--for", "-20s"],
        ["--for", "nan"],
        ["--for", "1e9h"],
        ["--nope"],
        ["20s"],
    ],
)
def test_wrong_arguments_are_said(options: list[str]) -> None:
    said = run("postgresql://nobody@127.0.0.1:1/nowhere", *options)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize(
    ("word", "seconds"), [("20s", 20), ("20", 20), ("1.5m", 90), ("2h", 7200)]
)
def test_a_duration_is_a_number_with_a_unit(word: str, seconds: float) -> None:
    from renderstore.cli.demo import demo

    context = demo.make_context("demo", ["--for", word])
    assert context.params["seconds"] == seconds
