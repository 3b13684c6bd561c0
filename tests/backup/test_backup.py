"""A backup holds every row of its snapshot, or there is none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from tests import factories
from tests.program import RENDERSTORE

from renderstore import backup, errors, render, settings, work
from renderstore.backup import BackupFailed
from renderstore.store import SyncStore, connect
from renderstore.testing import Database

from .support import Scripts, change, migrating, restore, rows, take

WRITERS = 8
STATEMENTS = 200


class Writers:
    """Threads that submit, claim and finish until they are told to stop."""

    def __init__(self, store: SyncStore, database: Database) -> None:
        self._store = store
        self._users = [factories.users.make(database) for _ in range(WRITERS)]
        self._threads = [
            threading.Thread(target=self._write, args=(number,))
            for number in range(WRITERS)
        ]
        self._stopped = threading.Event()
        self.done = [0] * WRITERS
        self.failures: list[Exception] = []

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, statements: int) -> None:
        """Until each has sent that many more."""
        wanted = [count + statements for count in self.done]
        while any(a < b for a, b in zip(self.done, wanted, strict=True)):
            assert not self.failures, self.failures
            time.sleep(0.005)

    def _write(self, number: int) -> None:
        try:
            while not self._stopped.is_set():
                with self._store.user(self._users[number]) as conn:
                    render.jobs.submit(
                        conn, template_path="/spot.aep", output_path="/spot.mov"
                    )
                self.done[number] += 1
                with self._store.worker(f"mac-{number}") as conn:
                    held = render.jobs.claim(conn, limit=1)
                self.done[number] += 1
                for job in held:
                    with self._store.worker(f"mac-{number}") as conn:
                        render.jobs.finish(
                            conn, user_id=job.user_id, id=job.id, attempt=job.attempt
                        )
                    self.done[number] += 1
        except Exception as error:
            self.failures.append(error)


def test_a_backup_among_writers_restores_to_the_counts_of_its_snapshot(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "farm.backup"
    with connect(database.url, size=WRITERS) as store:
        for number in range(WRITERS):
            with store.worker(f"mac-{number}") as conn:
                work.workers.register(conn, kinds=[work.JobKind.RENDER])
        with Writers(store, database) as writers:
            writers.wait_for(STATEMENTS // WRITERS)
            before = rows(database)
            made = take(database, folder)
            writers.wait_for(STATEMENTS // WRITERS)
        assert not writers.failures
    after = rows(database)
    for path in ("work.jobs", "work.events"):
        assert before[path] <= made.tables[path] < after[path], path
    assert made.tables["work.jobs"] >= WRITERS

    restore(database, folder, empty_database.name)

    assert rows(empty_database) == made.tables
    with connect(empty_database.url, size=2) as store:
        # One snapshot: no job without its event, no count that does not agree.
        assert store.readonly().run(work.list_problems, page_size=10) == []
        # And it goes on from there, numbers, leases and all.
        with store.user(factories.users.make(empty_database)) as conn:
            render.jobs.submit(conn, template_path="/spot.aep", output_path="/a.mov")
        with store.worker("mac-1") as conn:
            assert render.jobs.claim(conn, limit=1)


@pytest.mark.parametrize(
    ("breaks", "sentence"),
    [
        (
            "drop policy users_owner on identity.users",
            "No policy lets {login} read every row of identity.users",
        ),
        (
            "alter policy users_owner on identity.users using (false)",
            "No policy lets {login} read every row of identity.users",
        ),
        (
            "alter policy users_owner on identity.users using (id = identity.current_user_id())",
            "No policy lets {login} read every row of identity.users",
        ),
        (
            "create policy quiet on identity.users as restrictive for select using (false)",
            "The restrictive policy quiet hides rows of identity.users from {login}",
        ),
        (
            "create policy quiet on identity.users as restrictive to renderstore_owner using (email = '')",
            "The restrictive policy quiet hides rows of identity.users from {login}",
        ),
        (
            "create schema portal; create table portal.orders ()",
            "{login} may not read portal.orders",
        ),
        (
            "insert into public.yoyo_lock values (1, now(), 4242)",
            "was killed while migrating it",
        ),
    ],
)
def test_a_backup_that_would_be_short_is_refused(
    database: Database, tmp_path: Path, breaks: str, sentence: str
) -> None:
    factories.users.make(database)
    folder = tmp_path / "farm.backup"
    change(database, breaks)
    with pytest.raises(BackupFailed) as refused:
        take(database, folder)
    assert sentence.format(login=migrating(database).user) in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_restrictive_policy_for_others_hides_nothing_from_a_backup(
    database: Database, tmp_path: Path
) -> None:
    change(
        database,
        "create policy quiet on identity.users as restrictive to renderstore_app using (false)",
        "create policy open on identity.users as restrictive using (true)",
    )
    assert take(database, tmp_path / "farm.backup").rows > 0


def test_another_programs_tables_come_along_or_are_left_out_by_name(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    with psycopg.connect(database.owner_url) as conn:
        conn.execute("create table public.orders (id integer primary key)")
        conn.execute("insert into public.orders values (1), (2)")
    change(
        database, "create schema portal", "create table portal.bills as select 1 as id"
    )
    made = backup.take(migrating(database), tmp_path / "b", without=["portal"])
    assert made.tables["public.orders"] == 2
    assert "portal.bills" not in made.tables
    restore(database, tmp_path / "b", empty_database.name)
    assert rows(empty_database) == made.tables


FOLDER = (
    'for each in "$@"; do case $each in --file=*) folder=${each#--file=};; esac; done'
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '$real --exclude-table-data=work.jobs "$@"',
            "The dump holds 0 rows of work.jobs, and its snapshot 200",
        ),
        (
            '$real --exclude-table-data=ops.notices "$@"',
            "The dump lacks the table ops.notices",
        ),
        # A disk that lost what it had said to hold.
        (
            f'{FOLDER}; $real "$@"; for f in "$folder"/*.dat.gz; do head -c 20 "$f" >"$f.x"; mv "$f.x" "$f"; done',
            "is not whole",
        ),
        # The rows of a table that lie in the wrong number of lines.
        (
            f'{FOLDER}; $real "$@"; for f in "$folder"/*.dat.gz; do n=$(zcat "$f" | wc -l);'
            ' if [ "$n" = 203 ]; then zcat "$f" | tail -n +2 | gzip >"$f.x"; mv "$f.x" "$f"; fi; done',
            "holds 199 rows of",
        ),
        ('$real "$@" && echo "pg_dump: error: no space left" >&2; exit 1', "no space"),
    ],
)
def test_a_dump_that_is_short_is_removed(
    farm: Database, tmp_path: Path, script: Scripts, text: str, sentence: str
) -> None:
    script("pg_dump", text)
    with pytest.raises(BackupFailed, match=sentence):
        take(farm, tmp_path / "farm.backup")
    assert [path.name for path in tmp_path.iterdir()] == ["programs"]


def test_a_backup_is_never_written_over(farm: Database, tmp_path: Path) -> None:
    folder = tmp_path / "farm.backup"
    folder.mkdir()
    with pytest.raises(BackupFailed, match="never written over"):
        take(farm, folder)
    folder.rmdir()
    half = tmp_path / "farm.backup.partial"
    half.mkdir()
    with pytest.raises(BackupFailed, match="another backup is writing it"):
        take(farm, folder)
    assert [path.name for path in tmp_path.iterdir()] == [half.name]
    with pytest.raises(BackupFailed, match="There is no folder"):
        take(farm, tmp_path / "none" / "farm.backup")


def test_only_the_migrating_login_takes_backups(farm: Database, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="does not inherit renderstore_owner"):
        backup.take(settings.parse(farm.url), tmp_path / "b")
    with pytest.raises(BackupFailed, match="the server's own address"):
        backup.take(replace(migrating(farm), pooler=True), tmp_path / "b")
    for schema in ("work", "public"):
        with pytest.raises(BackupFailed, match="no backup is without it"):
            backup.take(migrating(farm), tmp_path / "b", without=[schema])
    with pytest.raises(BackupFailed, match="has no schema Work"):
        backup.take(migrating(farm), tmp_path / "b", without=["Work"])
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_renderstore_is_not_backed_up(
    empty_database: Database, tmp_path: Path
) -> None:
    with pytest.raises(BackupFailed, match="holds no renderstore"):
        take(empty_database, tmp_path / "b")


def test_nobody_else_reads_a_backup(kept: Path) -> None:
    assert kept.stat().st_mode & 0o077 == 0


def test_the_manifest_says_what_the_dump_holds(farm: Database, kept: Path) -> None:
    said = json.loads((kept / "renderstore.json").read_text())
    assert said["tables"] == rows(farm)
    assert said["tables"]["work.jobs"] == 200
    assert said["migrations"][0].startswith("0001")
    there = {path.name for path in kept.iterdir()} - {"renderstore.json"}
    assert said["files"].keys() == there


def environment(database: Database, path: Path) -> Mapping[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": database.url,
        "DIRECT_URL": database.owner_url,
        "PATH": f"{path}:{os.environ['PATH']}",
    }


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_backup_that_is_stopped_leaves_nothing(
    farm: Database, tmp_path: Path, sent: signal.Signals
) -> None:
    with psycopg.connect(farm.admin_url) as conn:
        major = conn.info.server_version // 10000
    programs, began = tmp_path / "programs", tmp_path / "began"
    programs.mkdir()
    fake = programs / "pg_dump"
    fake.write_text(
        "#!/bin/sh\n"
        f'case "$1" in --version) echo "pg_dump (PostgreSQL) {major}.0"; exit;; esac\n'
        f"echo $$ >{began}.x; mv {began}.x {began}; exec sleep 1000\n"
    )
    fake.chmod(0o755)
    command = subprocess.Popen(
        [*RENDERSTORE, "backup", "farm.backup"],
        cwd=tmp_path,
        env=environment(farm, programs),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while not began.exists():
        assert command.poll() is None, command.communicate()[0]
        time.sleep(0.02)
    assert (tmp_path / "farm.backup.partial").is_dir()
    command.send_signal(sent)
    said, _ = command.communicate()
    assert command.returncode == 130, said
    assert "Stopped; nothing is left half done." in said
    assert not list(tmp_path.glob("farm.backup*"))
    with pytest.raises(ProcessLookupError):
        os.kill(int(began.read_text()), 0)


def test_whoever_holds_a_table_makes_a_backup_wait_and_not_fail_silently(
    database: Database, tmp_path: Path
) -> None:
    """It waits before its snapshot: what was committed meanwhile is in it."""
    done = threading.Event()

    def back_up() -> None:
        take(database, tmp_path / "farm.backup")
        done.set()

    with psycopg.connect(database.admin_url) as holder:
        holder.execute("lock table identity.users in access exclusive mode")
        holder.execute("insert into identity.users (email) values ('a@example.org')")
        thread = threading.Thread(target=back_up)
        thread.start()
        with psycopg.connect(database.admin_url, autocommit=True) as conn:
            while conn.execute(
                "select count(*) from pg_locks where not granted and relation = 'identity.users'::regclass"
            ).fetchone() == (0,):
                time.sleep(0.02)
        holder.commit()
    thread.join()
    assert done.is_set()
    said = json.loads((tmp_path / "farm.backup" / "renderstore.json").read_text())
    assert said["tables"]["identity.users"] == 1


def test_its_errors_are_the_packages() -> None:
    assert issubclass(BackupFailed, errors.Error)
