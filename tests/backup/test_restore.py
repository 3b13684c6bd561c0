"""A restored database holds every row and every wall, or nobody can take it for one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql
from tests import factories
from tests.migrations.support import OwnServer

from renderstore import backup, errors, migrations, render, settings, work
from renderstore.backup import BackupFailed, Unproven
from renderstore.cli import cli
from renderstore.server import ServerError, disposable
from renderstore.store import connect
from renderstore.testing import Database, Server
from renderstore.testing.servers import binaries

from .support import (
    Scripts,
    change,
    may_connect,
    migrating,
    names,
    note_on,
    restore,
    rows,
    take,
)


class Stopped:
    """Somebody types Ctrl-C when this begins, or at once."""

    def __init__(self, at: str) -> None:
        self._at = at

    def begin(self, what: str, total: int) -> None:
        if what == self._at:
            raise KeyboardInterrupt

    def advance(self, part: str) -> None: ...


def test_an_empty_database_takes_a_backup_and_is_closed(
    farm: Database, kept: Path, empty_database: Database
) -> None:
    done = restore(farm, kept, empty_database.name)
    assert not done.was_made
    assert rows(empty_database) == rows(farm)
    assert migrations.pending(migrating(empty_database)) == []
    assert may_connect(empty_database)
    assert note_on(empty_database) is None
    with psycopg.connect(empty_database.url) as conn:
        opened = conn.execute(
            "select privilege from unnest(array['temporary', 'create']) as privilege"
            " where has_database_privilege('public', current_database(), privilege)"
        ).fetchall()
        assert opened == []
        # Nobody is bound, so no row is seen.
        conn.execute("set role renderstore_app")
        assert conn.execute("select count(*) from work.jobs").fetchone() == (0,)


def test_a_restored_database_has_statistics(
    farm: Database, kept: Path, empty_database: Database
) -> None:
    restore(farm, kept, empty_database.name)
    with psycopg.connect(empty_database.admin_url) as conn:
        assert conn.execute(
            "select reltuples from pg_class where oid = 'work.jobs'::regclass"
        ).fetchone() == (200,)


def test_a_restored_database_is_migrated_further(
    farm: Database, kept: Path, empty_database: Database
) -> None:
    restore(farm, kept, empty_database.name)
    target = migrating(empty_database)
    last = migrations.names()[-1]
    migrations.roll_back(target, last)
    assert migrations.pending(target) == [last]
    migrations.apply(target)
    assert migrations.pending(target) == []


@pytest.mark.parametrize(
    ("made", "named"),
    [
        ("create table public.orders ()", "the table public.orders"),
        ("create schema billing", "the schema billing"),
        ("create view public.one as select 1 as one", "the view public.one"),
        (
            "create function public.price(integer) returns integer return 1",
            "the routine public.price(integer)",
        ),
        ("create type public.colour as enum ()", "the type public.colour"),
        ("create sequence public.numbers", "the sequence public.numbers"),
    ],
)
def test_what_holds_anything_is_not_written_over(
    farm: Database, kept: Path, empty_database: Database, made: str, named: str
) -> None:
    change(empty_database, made)
    before = names(empty_database)
    with pytest.raises(BackupFailed) as refused:
        restore(farm, kept, empty_database.name)
    assert f"is not empty: it holds {named}." in str(refused.value)
    assert names(empty_database) == before
    assert may_connect(empty_database)


def test_the_original_is_not_written_over(farm: Database, kept: Path) -> None:
    before = rows(farm)
    with pytest.raises(BackupFailed, match="is not empty"):
        restore(farm, kept, farm.name)
    assert rows(farm) == before
    assert may_connect(farm)


def without_a_file(folder: Path) -> None:
    next(folder.glob("*.dat.gz")).unlink()


def with_a_flipped_bit(folder: Path) -> None:
    path = max(folder.glob("*.dat.gz"), key=lambda each: each.stat().st_size)
    text = bytearray(path.read_bytes())
    text[len(text) // 2] ^= 1
    path.write_bytes(text)


def without_a_manifest(folder: Path) -> None:
    (folder / "renderstore.json").unlink()


def with_half_a_manifest(folder: Path) -> None:
    path = folder / "renderstore.json"
    path.write_text(path.read_text()[:1000])


def changed(**values: Any) -> Callable[[Path], None]:
    def change_manifest(folder: Path) -> None:
        path = folder / "renderstore.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return change_manifest


@pytest.mark.parametrize(
    ("breaks", "sentence"),
    [
        (shutil.rmtree, "There is no "),
        (without_a_file, "the backup is not whole"),
        (with_a_flipped_bit, "its SHA-256 differs"),
        (without_a_manifest, "it holds no renderstore.json"),
        (with_half_a_manifest, "renderstore.json cannot be read"),
        (changed(format=2), "another version of renderstore"),
        (changed(major=99), "restore it on 99 or newer"),
        (changed(roles=["nobody_here"]), "does not have: nobody_here"),
    ],
)
def test_what_is_no_whole_backup_is_refused(
    farm: Database,
    kept: Path,
    empty_database: Database,
    tmp_path: Path,
    breaks: Callable[[Path], None],
    sentence: str,
) -> None:
    folder = tmp_path / "farm.backup"
    shutil.copytree(kept, folder)
    breaks(folder)
    with pytest.raises(BackupFailed, match=sentence):
        restore(farm, folder, empty_database.name)
    assert names(empty_database) == []
    assert may_connect(empty_database)


FAILS_AT_THE_WALLS = (
    'for each in "$@"; do case $each in --use-list=*) list=${each#--use-list=};; esac; done;'
    ' case $list in */2) echo "pg_restore: error: a disk is full" >&2; exit 1;; esac; exec $real "$@"'
)
LOSES_A_TABLES_ROWS = (
    'for each in "$@"; do case $each in --use-list=*) list=${each#--use-list=};; esac; done;'
    ' [ -z "$list" ] || sed -i "/TABLE DATA work events /d" "$list"; exec $real "$@"'
)
LOSES_A_POLICY = (
    'for each in "$@"; do case $each in --use-list=*) list=${each#--use-list=};; esac; done;'
    ' [ -z "$list" ] || sed -i "/POLICY identity users users_own /d" "$list"; exec $real "$@"'
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (FAILS_AT_THE_WALLS, "pg_restore failed: pg_restore: error: a disk is full"),
        (LOSES_A_TABLES_ROWS, "work.events has 0 and not"),
    ],
)
def test_what_fails_leaves_an_empty_database_empty(
    farm: Database,
    kept: Path,
    empty_database: Database,
    script: Scripts,
    text: str,
    sentence: str,
) -> None:
    change(
        empty_database, f"comment on database \"{empty_database.name}\" is 'for drills'"
    )
    script("pg_restore", text)
    with pytest.raises(BackupFailed, match=sentence):
        restore(farm, kept, empty_database.name)
    assert names(empty_database) == []
    assert note_on(empty_database) == "for drills"
    assert may_connect(empty_database)


def test_what_ran_is_given_to_others_and_the_old_report_refused(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    """What docs/backup.md says under "After a restore"."""
    with connect(database.url, size=2) as store:
        with store.user(factories.users.make(database)) as conn:
            render.jobs.submit(conn, template_path="/a.aep", output_path="/b.mov")
        with store.worker("before") as conn:
            work.workers.register(conn, kinds=[work.JobKind.RENDER])
            [held] = render.jobs.claim(conn, limit=1)
    take(database, tmp_path / "b")
    restore(database, tmp_path / "b", empty_database.name)
    change(
        empty_database,
        "update work.jobs set lease_expires_at = now() - interval '1 hour'",
    )
    with connect(empty_database.url, size=2) as store:
        with store.worker("after") as conn:
            work.workers.register(conn, kinds=[work.JobKind.RENDER])
            work.sweep(conn)
            [again] = render.jobs.claim(conn, limit=1)
        assert (again.id, again.attempt) == (held.id, held.attempt + 1)
        with pytest.raises(errors.LeaseLost), store.worker("before") as conn:
            render.jobs.finish(
                conn, user_id=held.user_id, id=held.id, attempt=held.attempt
            )


def test_a_database_that_was_closed_stays_closed(
    farm: Database, kept: Path, empty_database: Database
) -> None:
    change(
        empty_database,
        f'revoke connect on database "{empty_database.name}" from public',
    )
    restore(farm, kept, empty_database.name)
    assert not may_connect(empty_database)


@pytest.mark.parametrize("at", ["Restoring", "Counting", "Statistics"])
def test_what_is_stopped_leaves_an_empty_database_empty(
    farm: Database, kept: Path, empty_database: Database, at: str
) -> None:
    with pytest.raises(KeyboardInterrupt):
        backup.restore(
            migrating(farm), kept, into=empty_database.name, watcher=Stopped(at)
        )
    assert names(empty_database) == []
    assert may_connect(empty_database)


def test_while_it_is_restored_only_its_owner_enters(
    farm: Database, kept: Path, empty_database: Database
) -> None:
    class Watching:
        def __init__(self) -> None:
            self.seen: list[tuple[str, bool, str | None]] = []

        def begin(self, what: str, total: int) -> None:
            if what in ("Restoring", "Counting"):
                self.seen.append(
                    (what, may_connect(empty_database), note_on(empty_database))
                )

        def advance(self, part: str) -> None: ...

    watching = Watching()
    backup.restore(migrating(farm), kept, into=empty_database.name, watcher=watching)
    note = f"Half restored from {kept}: not to be used."
    assert watching.seen == [("Restoring", False, note), ("Counting", False, note)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (LOSES_A_POLICY, "missing: policy identity.users users_own"),
        (
            LOSES_A_POLICY.replace("POLICY identity users users_own", "ROW SECURITY"),
            "missing: table",
        ),
    ],
)
def test_a_database_whose_walls_do_not_stand_stays_closed(
    farm: Database,
    kept: Path,
    empty_database: Database,
    script: Scripts,
    text: str,
    sentence: str,
) -> None:
    script("pg_restore", text)
    with pytest.raises(Unproven, match=sentence):
        restore(farm, kept, empty_database.name)
    assert not may_connect(empty_database)
    assert "Half restored" in str(note_on(empty_database))
    assert rows(empty_database) == rows(farm)


def test_a_wall_that_the_original_lacked_is_found_by_trying(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    change(
        database,
        "insert into identity.users (email) values ('ann@example.org')",
        "create policy leak on identity.users for select to renderstore_app using (true)",
    )
    take(database, tmp_path / "b")
    with pytest.raises(
        Unproven, match=r"renderstore_app without a user sees rows of identity\.users"
    ):
        restore(database, tmp_path / "b", empty_database.name)
    assert not may_connect(empty_database)


def test_a_database_of_somebody_else_is_refused(
    farm: Database, kept: Path, empty_database: Database
) -> None:
    change(
        empty_database,
        f'alter database "{empty_database.name}" owner to current_user',
    )
    with pytest.raises(BackupFailed, match="cannot close it to others"):
        restore(farm, kept, empty_database.name)


def test_a_login_that_makes_no_databases_says_what_a_dba_types(
    farm: Database, kept: Path
) -> None:
    name = f"{farm.name}_Copy"
    with pytest.raises(BackupFailed) as refused:
        restore(farm, kept, name)
    assert f'create database "{name}" owner "{migrating(farm).user}"' in str(
        refused.value
    )


@pytest.fixture(scope="module")
def _elsewhere(renderstore_server: Server) -> Generator[OwnServer]:
    """A server that has never heard of renderstore; the newest one, whatever the backup is from."""
    kind = renderstore_server.kind
    spec = kind if kind.startswith("embedded:") else "embedded"
    try:
        folder = binaries(spec)
    except ServerError as reason:
        pytest.skip(f"needs a server of its own: {reason}")
    with disposable(folder) as cluster:
        yield OwnServer(cluster)


@pytest.fixture
def elsewhere(_elsewhere: OwnServer) -> Generator[OwnServer]:
    yield _elsewhere
    _elsewhere.clean()


def test_a_new_cluster_gets_the_roles_and_another_login_owns_what_migrates(
    elsewhere: OwnServer, farm: Database, kept: Path
) -> None:
    """The server is lost, and its database with it: only the folder is there."""
    assert elsewhere.roles() == []
    with elsewhere.admin() as conn:
        conn.execute("create role other_migrator login createrole createdb")
    lost = elsewhere.target("other_migrator", "lost")

    done = backup.restore(lost, kept, into="farm", jobs=2)

    assert done.was_made
    assert f"What belonged to {migrating(farm).user} belongs to other_migrator" in str(
        done.notes
    )
    here = elsewhere.target("other_migrator", "farm")
    superuser = settings.write_url(elsewhere.cluster.conninfo(dbname="farm"))
    assert rows(Database("farm", "", here.url, superuser)) == rows(farm)
    assert migrations.pending(here) == []
    migrations.roll_back(here, migrations.names()[-1])
    migrations.apply(here)
    with elsewhere.admin("farm") as conn:
        conn.execute("create role farm_web login")
        owners = conn.execute(
            "select distinct tableowner from pg_tables where schemaname = 'public'"
        ).fetchall()
    assert owners == [("other_migrator",)]
    with psycopg.connect(elsewhere.target("farm_web", "farm").url) as conn:
        opened = conn.execute(
            "select from unnest(array['temporary', 'create']) as privilege"
            " where has_database_privilege(current_database(), privilege)"
        ).fetchall()
    assert opened == []


@pytest.mark.parametrize("at", ["Restoring", "Counting"])
def test_what_is_stopped_leaves_no_database_that_it_made(
    elsewhere: OwnServer, kept: Path, at: str
) -> None:
    with elsewhere.admin() as conn:
        conn.execute("create role other_migrator login createrole createdb")
    with pytest.raises(KeyboardInterrupt):
        backup.restore(
            elsewhere.target("other_migrator", "lost"),
            kept,
            into="farm",
            watcher=Stopped(at),
        )
    with elsewhere.admin() as conn:
        assert (
            conn.execute("select from pg_database where datname = 'farm'").fetchall()
            == []
        )


def test_a_second_login_of_a_cluster_is_told_what_it_lacks(
    elsewhere: OwnServer, kept: Path
) -> None:
    with elsewhere.admin() as conn:
        if conn.info.server_version < 160000:
            pytest.skip("on 15 whoever creates roles may grant every one")
        conn.execute("create role renderstore_owner")
        conn.execute("create role other_migrator login createrole createdb")
    with pytest.raises(BackupFailed, match="other_migrator may not act as") as refused:
        backup.restore(elsewhere.target("other_migrator", "x"), kept, into="farm")
    assert "with admin option" in str(refused.value)


def test_rights_and_settings_of_the_database_are_said_ready_to_be_typed(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    name, worker = database.name, settings.parse(database.url).user
    change(
        database,
        f'grant connect on database "{name}" to "{worker}"',
        f'revoke connect on database "{name}" from public',
        f"alter database \"{name}\" set work_mem = '8MB'",
        f'alter role "{worker}" in database "{name}" set lock_timeout = \'5s\'',
    )
    take(database, tmp_path / "b")
    said = restore(database, tmp_path / "b", empty_database.name).statements
    copy = empty_database.name
    assert sorted(said) == sorted(
        [
            f'grant connect on database "{copy}" to {worker};',
            f'revoke connect on database "{copy}" from public;',
            f"alter database \"{copy}\" set work_mem = '8MB';",
            f"alter role {worker} in database \"{copy}\" set lock_timeout = '5s';",
        ]
    )
    change(empty_database, *said)


Run = Callable[..., Result]


@pytest.fixture
def run(farm: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", farm.url)
    monkeypatch.setenv("DIRECT_URL", farm.owner_url)
    return lambda *arguments: CliRunner().invoke(cli, arguments)


def test_the_commands_say_what_they_did(
    run: Run, farm: Database, empty_database: Database
) -> None:
    made = run("backup", "farm.backup", "--jobs", "2")
    assert made.exit_code == 0, made.output
    held = sum(rows(farm).values())
    tables = len(rows(farm))
    assert f"farm.backup holds {held} rows in {tables} tables" in made.output
    assert "\n  work.jobs\n" in made.output
    assert f"--into {farm.name}_copy" in made.output

    done = run("restore", "farm.backup", "--into", empty_database.name)
    assert done.exit_code == 0, done.output
    assert "\n  work.jobs\n" in done.output
    assert f"{empty_database.name} holds {held} rows" in done.output
    assert "its walls stand." in done.output
    assert "docs/backup.md, After a restore" in done.output
    with psycopg.connect(farm.admin_url) as conn:
        password = migrating(farm).conninfo.get("password", "no password")
        assert conn.info.dbname == farm.name
    assert password not in made.output + done.output


def test_wrong_words_are_a_sentence(run: Run) -> None:
    assert "Missing option '--into'" in run("restore", "farm.backup").output
    assert "There is no nothing." in str(
        run("restore", "nothing", "--into", "farm").exception
    )


def test_a_name_with_capitals_and_quotes_is_a_name(
    database: Database, tmp_path: Path, renderstore_server: Server
) -> None:
    odd = f'{database.name} "Ödd"'
    change(
        database,
        'create table public."Odd \\ Orders" as select 1 as id',
        f'alter table public."Odd \\ Orders" owner to "{migrating(database).user}"',
    )
    take(database, tmp_path / "b")
    with renderstore_server.admin() as conn:
        conn.execute(
            sql.SQL("create database {} owner {} template template0").format(
                sql.Identifier(odd), sql.Identifier(migrating(database).user)
            )
        )
    try:
        restore(database, tmp_path / "b", odd)
        assert rows(renderstore_server.database(odd)) == rows(database)
    finally:
        renderstore_server.drop(renderstore_server.database(odd))
