"""Take a backup: what pg_dump writes is counted against the very snapshot that it wrote."""

from __future__ import annotations

import re
import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from renderstore import _clients
from renderstore._hints import hint
from renderstore.backup import _catalog, _manifest, _toc
from renderstore.backup._catalog import Conn, Table
from renderstore.backup._manifest import BackupFailed, Content, Manifest
from renderstore.backup._run import Silent, Watcher, running
from renderstore.schema import AREAS, OWNER
from renderstore.settings import Settings

_DUMPING = re.compile(r'pg_dump: dumping contents of table "(.*)"')
_PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A moment, held open so that pg_dump sees the same one."""

    id: str
    taken_at: str
    tables: Sequence[Table]


def take(
    target: Settings,
    folder: Path,
    *,
    jobs: int = 1,
    without: Sequence[str] = (),
    watcher: Watcher | None = None,
) -> Manifest:
    """Write a backup into a new folder; there is none, not half of one, until it is whole.

    It is refused where the login would not see every row, and where the dump does not hold what its snapshot held.
    """
    watcher = watcher or Silent()
    half = _half(folder)
    if ours := sorted({*without} & {"public", *AREAS}):
        raise BackupFailed(
            f"The schema {ours[0]} is renderstore's: no backup is without it."
        )
    if target.pooler:
        raise BackupFailed(
            "A backup needs the server's own address: a pooler shares the session that holds its"
            " snapshot. Set DIRECT_URL."
        )
    with _connected(target) as conn:
        refuse_blind_login(conn)
        _refuse_unknown(conn, without)
        pg_dump, major = _clients.find("pg_dump", conn.info.server_version // 10000)
        pg_restore, _ = _clients.find("pg_restore", major)
        half.mkdir(mode=0o700)
        try:
            with _snapshot(conn, without) as moment:
                counted = _dump(
                    conn, target, moment, half, pg_dump, jobs, without, watcher
                )
                watcher.begin("Reading the dump again", 0)
                files = _manifest.contents(half, jobs)
                _refuse_short(_toc.read(pg_restore, half), files, moment, counted)
                manifest = _describe(conn, moment, counted, files, major, without)
            _manifest.write(half, manifest)
            _refuse_taken(folder)
            half.rename(folder)
        except BaseException:
            shutil.rmtree(half, ignore_errors=True)
            raise
    _manifest.sync(folder.absolute().parent)
    return manifest


def _refuse_unknown(conn: Conn, without: Sequence[str]) -> None:
    """A schema that is misspelled would come along after all."""
    for schema in without:
        row = conn.execute(
            "select exists (select from pg_catalog.pg_namespace where nspname = %s)",
            [schema],
        ).fetchone()
        if row != (True,):
            raise BackupFailed(f"{conn.info.dbname} has no schema {schema}.")


def _half(folder: Path) -> Path:
    """Where the backup lies until it is whole."""
    _refuse_taken(folder)
    if not folder.absolute().parent.is_dir():
        raise BackupFailed(f"There is no folder {folder.absolute().parent}.")
    half = folder.with_name(folder.name + _PARTIAL)
    if half.exists():
        raise BackupFailed(
            f"{half} is there: another backup is writing it, or was killed while it did."
            " Where none runs, remove it and type this again."
        )
    return half


def _refuse_taken(folder: Path) -> None:
    if folder.exists() or folder.is_symlink():
        raise BackupFailed(
            f"{folder} is there already, and a backup is never written over: give another name."
        )


@contextmanager
def _connected(target: Settings) -> Generator[Conn]:
    with psycopg.connect(target.url, connect_timeout=10, autocommit=True) as conn:
        settle(conn)
        yield conn


def settle(conn: Conn) -> None:
    """A session that may take its time, and whose names mean what they say."""
    limits = [
        "statement_timeout",
        "idle_in_transaction_session_timeout",
        "idle_session_timeout",
    ]
    if conn.info.server_version >= 170000:
        limits.append("transaction_timeout")
    for limit in limits:
        conn.execute("select set_config(%s, '0', false)", [limit])
    conn.execute("set lock_timeout = '1min'")
    conn.execute("set row_security = on")
    conn.execute("set search_path = ''")
    conn.execute("set datestyle = 'ISO'")


def refuse_blind_login(conn: Conn) -> None:
    """Refuse a database without renderstore, and a login that is not its owner's member."""
    found = conn.execute(
        "select to_regclass('identity.users') is not null,"
        " coalesce(pg_has_role(to_regrole(%s), 'usage'), false)",
        [OWNER],
    ).fetchone()
    assert found is not None
    is_there, may = found
    if not is_there:
        raise BackupFailed(f"{conn.info.dbname} holds no renderstore.")
    if not may:
        raise BackupFailed(
            f"{conn.info.user} does not inherit {OWNER}, so it does not see every row. The backup is"
            " for the login that migrates: set DIRECT_URL to its address."
        )


@contextmanager
def _snapshot(conn: Conn, without: Sequence[str]) -> Generator[_Snapshot]:
    before = _catalog.tables(conn, without)
    _catalog.refuse_hidden_rows(conn, before)
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        _lock(conn, before)
        row = conn.execute("select pg_export_snapshot(), now()::text").fetchone()
        assert row is not None
        if _catalog.tables(conn, without) != before:
            raise BackupFailed(
                "A table was made or dropped at this moment: somebody migrates. Type it again when that is done."
            )
        _refuse_migrating(conn)
        _catalog.refuse_hidden_rows(conn, before)
        yield _Snapshot(str(row[0]), str(row[1]), before)


def _lock(conn: Conn, found: Sequence[Table]) -> None:
    """Hold the tables before the snapshot is taken, so that none is changed before the dump's own locks."""
    try:
        conn.execute(
            sql.SQL("lock table {} in access share mode").format(
                sql.SQL(", ").join(table.sql for table in found)
            )
        )
    except psycopg.errors.LockNotAvailable as error:
        raise BackupFailed(
            "Somebody holds a table for more than a minute, as a migration does. Type it again when"
            " that is done."
        ) from error
    except psycopg.errors.UndefinedTable as error:
        raise BackupFailed(
            f"{error.diag.message_primary}: somebody migrates. Type it again when that is done."
        ) from error


def _refuse_migrating(conn: Conn) -> None:
    """A copy of the lock of the migrations would lock the restored database, half migrated at that."""
    if conn.execute("select to_regclass('public.yoyo_lock')").fetchone() == (None,):
        return
    if conn.execute("select from public.yoyo_lock").fetchone() is not None:
        raise BackupFailed(
            f"Somebody migrates {conn.info.dbname}, or was killed while migrating it: {hint('unlock')}"
            " says who. A backup of that moment would be half migrated."
        )


def _dump(
    conn: Conn,
    target: Settings,
    moment: _Snapshot,
    half: Path,
    pg_dump: Path,
    jobs: int,
    without: Sequence[str],
    watcher: Watcher,
) -> Mapping[str, int]:
    def hear(line: str) -> None:
        if found := _DUMPING.match(line):
            watcher.advance(found[1])

    command = [
        *(str(pg_dump), "--verbose", "--format=directory", f"--file={half}"),
        *(f"--jobs={jobs}", f"--snapshot={moment.id}", "--lock-wait-timeout=1min"),
        # Without it pg_dump refuses tables whose policies bind their owner; that none hides a row is known.
        "--enable-row-security",
        # A copy that begins to publish, or to follow somebody, does so when a DBA says it.
        *("--no-publications", "--no-subscriptions"),
        *(f"--exclude-schema={_pattern(schema)}" for schema in without),
    ]
    watcher.begin("Backing up", len(moment.tables))
    with running(command, target, hear) as program:
        counted = _catalog.count(conn, moment.tables)
        program.finish()
    return counted


def _pattern(schema: str) -> str:
    quoted = schema.replace('"', '""')
    return f'"{quoted}"'


def _refuse_short(
    entries: Sequence[_toc.Entry],
    files: Mapping[str, Content],
    moment: _Snapshot,
    counted: Mapping[str, int],
) -> None:
    """Count the rows that lie on the disk, and refuse a dump that does not hold those of its snapshot."""
    names = {entry.oid: entry.id for entry in entries if entry.is_data}
    for table in moment.tables:
        held = 0
        if table.oid in names:
            number = names[table.oid]
            content = files.get(f"{number}.dat.gz") or files.get(f"{number}.dat")
            if content is None or content.rows is None:
                raise BackupFailed(f"The dump's file of {table.path} is not whole.")
            held = content.rows
        elif counted[table.path] == 0:
            raise BackupFailed(f"The dump lacks the table {table.path}.")
        if held != counted[table.path]:
            raise BackupFailed(
                f"The dump holds {held} rows of {table.path}, and its snapshot {counted[table.path]}:"
                " the backup is short and was removed."
            )


def _describe(
    conn: Conn,
    moment: _Snapshot,
    counted: Mapping[str, int],
    files: Mapping[str, Content],
    major: int,
    without: Sequence[str],
) -> Manifest:
    applied = conn.execute(
        "select migration_id from public._yoyo_migration order by migration_id"
    ).fetchall()
    return Manifest(
        format=_manifest.FORMAT,
        database=conn.info.dbname,
        login=_login(conn),
        taken_at=moment.taken_at,
        snapshot=moment.id,
        server=(conn.info.parameter_status("server_version") or "").split()[0],
        major=conn.info.server_version // 10000,
        program_major=major,
        place=_catalog.place(conn),
        migrations=[str(row[0]) for row in applied],
        tables=counted,
        walls=_catalog.walls(conn),
        roles=_catalog.roles(conn),
        without=list(without),
        files={name: content.digest for name, content in files.items()},
    )


def _login(conn: Conn) -> str:
    """Who owns the records of the migrations: the login that migrates, or the role it acts as."""
    row = conn.execute(
        "select relowner::regrole::text from pg_catalog.pg_class"
        " where oid = 'public._yoyo_migration'::regclass"
    ).fetchone()
    assert row is not None
    return str(row[0])
