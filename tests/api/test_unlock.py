"""The lock that a killed yoyo leaves: who held it, whether it lives, and when it may be removed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from renderstore import migrations, settings
from renderstore.cli import cli
from renderstore.migrations import YOYO_URL, MigrationFailed
from renderstore.testing import Database

Unlock = Callable[..., Result]


@pytest.fixture
def unlock(database: Database, monkeypatch: pytest.MonkeyPatch) -> Unlock:
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("DIRECT_URL", database.owner_url)
    return lambda *options: CliRunner().invoke(cli, ["unlock", *options])


def lock(database: Database, pid: int) -> None:
    with psycopg.connect(database.owner_url) as conn:
        conn.execute(
            "insert into public.yoyo_lock (locked, ctime, pid)"
            " values (1, now() at time zone 'utc' - interval '5 minutes', %s)",
            [pid],
        )


def is_locked(database: Database) -> bool:
    with psycopg.connect(database.owner_url) as conn:
        return conn.execute("select count(*) from public.yoyo_lock").fetchone() == (1,)


@contextmanager
def running(*words: str) -> Generator[int]:
    """A process with these words in its command."""
    program = [sys.executable, "-c", "import time; time.sleep(3600)", *words]
    process = subprocess.Popen(program)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def a_dead_process() -> int:
    with running() as pid:
        return pid


def test_without_a_lock_there_is_nothing_to_remove(unlock: Unlock) -> None:
    said = unlock()
    assert said.exit_code == 0
    assert "Nobody holds the lock" in said.output


def test_a_database_that_yoyo_never_saw_has_no_lock(
    unlock: Unlock, empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIRECT_URL", empty_database.owner_url)
    assert "Nobody holds the lock" in unlock().output


def test_a_dead_ones_lock_is_removed_and_its_holder_named(
    unlock: Unlock, database: Database
) -> None:
    pid = a_dead_process()
    lock(database, pid)
    said = unlock()
    assert said.exit_code == 0, said.output
    assert f"Process {pid} took the lock of the migrations at " in said.output
    assert "00:05:0" in said.output
    assert "it is dead" in said.output
    assert not is_locked(database)


def test_a_number_that_another_program_took_is_no_sign_of_life(
    unlock: Unlock, database: Database
) -> None:
    with running("something-else") as pid:
        lock(database, pid)
        said = unlock()
    assert said.exit_code == 0, said.output
    assert "another program's" in said.output
    assert "something-else" in said.output
    assert not is_locked(database)


def test_a_living_ones_lock_stays_unless_told(
    unlock: Unlock, database: Database
) -> None:
    with running("yoyo", "apply") as pid:
        lock(database, pid)
        said = unlock()
        assert said.exit_code == 1
        assert "It lives, on this host: " in said.output
        assert "yoyo apply" in said.output
        assert is_locked(database)
        assert unlock("--force").exit_code == 0
        assert not is_locked(database)


def test_a_holder_on_another_host_is_said_to_be_unknown(
    unlock: Unlock, database: Database
) -> None:
    lock(database, a_dead_process())
    with psycopg.connect(database.owner_url) as conn:
        said = unlock()
        mine = f"session {conn.info.backend_pid}: {conn.info.user}"
        assert said.exit_code == 1
        assert "cannot be known from here" in said.output
        assert mine in said.output
        assert is_locked(database)
        assert unlock("--force").exit_code == 0
    assert not is_locked(database)


def test_whoever_cannot_hold_the_lock_is_no_suspect(
    unlock: Unlock, database: Database
) -> None:
    lock(database, a_dead_process())
    with psycopg.connect(database.url):
        assert "it is dead" in unlock().output


def test_a_newer_holders_lock_stays(
    unlock: Unlock, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(database, a_dead_process())

    def somebody_is_faster(_: object) -> None:
        with psycopg.connect(database.owner_url) as conn:
            conn.execute("update public.yoyo_lock set ctime = now(), pid = 1")

    monkeypatch.setattr(
        "renderstore.cli.schema._tell_whether_alive", somebody_is_faster
    )
    assert "removed it at this moment" in unlock().output
    assert is_locked(database)


def test_a_killed_yoyo_is_dead_once_the_server_is_done_with_it(
    unlock: Unlock, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "0001.sleep.sql").write_text("select pg_sleep(3600);")
    owner = settings.parse(database.owner_url)
    yoyo = subprocess.Popen(
        [
            *(sys.executable, "-m", "yoyo", "apply", "--batch", "--no-config-file"),
            *("--database", YOYO_URL, str(tmp_path)),
        ],
        env=owner.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with psycopg.connect(database.admin_url, autocommit=True) as conn:
            asleep = "select pid from pg_stat_activity where query ~ '^select pg_sleep' and datname = %s"
            while (found := conn.execute(asleep, [database.name]).fetchone()) is None:
                assert yoyo.poll() is None, "yoyo ended early"
                time.sleep(0.05)
        said = unlock().output
        assert f"Process {yoyo.pid} took" in said
        assert "It lives, on this host: " in said

        yoyo.kill()
        yoyo.wait()
        said = unlock().output
        assert "No process of that number runs on this host" in said
        assert f"session {found[0]}: {owner.user}" in said
        assert is_locked(database)
    finally:
        yoyo.kill()
        yoyo.wait()
    with psycopg.connect(database.owner_url, autocommit=True) as conn:
        rest = "select pg_terminate_backend(pid, 60000) from pg_stat_activity where usename = current_user and pid <> pg_backend_pid() and datname = current_database()"
        conn.execute(rest)
    assert "it is dead" in unlock().output
    assert not is_locked(database)


def test_a_migration_that_meets_the_lock_names_unlock(database: Database) -> None:
    lock(database, a_dead_process())
    with pytest.raises(MigrationFailed, match="unlock` says who"):
        migrations.apply(settings.parse(database.owner_url))
