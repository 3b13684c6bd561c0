"""Restore a backup into a database of its own, closed to everybody until its rows and walls are proven."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from renderstore import _clients, settings
from renderstore._beside import ALWAYS_THERE, beside
from renderstore._paths import MIGRATIONS
from renderstore._strangers import listed
from renderstore.backup import _catalog, _manifest, _toc
from renderstore.backup._catalog import Conn
from renderstore.backup._dump import settle
from renderstore.backup._manifest import BackupFailed, Manifest
from renderstore.backup._prove import Unproven, prove
from renderstore.backup._run import Silent, Watcher, running
from renderstore.migrations import SCOPE_ROLES
from renderstore.schema import OWNER
from renderstore.settings import Settings

_DATA = re.compile(r'pg_restore: processing data for table "(.*)"')
_WORK = re.compile(r"pg_restore: creating (?:INDEX|CONSTRAINT|FK CONSTRAINT) ")
# From here on pg_restore sends every server a setting that older ones do not know.
_STRICT = 17
_ROLES = MIGRATIONS / "0001.create-roles.sql"
_PROVIDERS: dict[str, LiteralString] = {
    "c": "lc_collate {collate} lc_ctype {ctype} locale_provider libc",
    "i": "lc_collate {collate} lc_ctype {ctype} locale_provider icu icu_locale {locale}",
    "b": "lc_collate {collate} lc_ctype {ctype} locale_provider builtin builtin_locale {locale}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A database that holds what its backup holds."""

    manifest: Manifest
    target: Settings
    was_made: bool
    notes: Sequence[str]
    """What is not as it was, in sentences."""
    statements: Sequence[str]
    """Rights and settings that the old database had, ready to be typed: a dump holds none."""


@dataclass(frozen=True, slots=True)
class _Target:
    """The database to restore into."""

    conn: Conn
    was_made: bool
    is_open: bool
    """Whether every login may connect once it is whole."""
    comment: str | None


def restore(
    server: Settings,
    folder: Path,
    *,
    into: str,
    jobs: int = 1,
    watcher: Watcher | None = None,
) -> Restored:
    """Restore into a new database, or an empty one.

    Where that fails or is stopped, the database is gone if it was made here, and empty if it was there. One whose
    walls could not be proven stays, closed to every login but its owner.
    """
    watcher = watcher or Silent()
    manifest = _manifest.read(folder)
    watcher.begin("Reading the backup", 0)
    _manifest.verify(folder, manifest, jobs)
    target = _in(server, into)
    with _database(server, target, manifest) as found:
        conn = found.conn
        program = _program(conn, manifest)
        _make_roles(conn)
        _refuse_missing_roles(conn, manifest)
        with _closed(found, folder):
            notes = _load(conn, target, folder, manifest, program, jobs, watcher)
            watcher.begin("Counting", len(manifest.tables))
            prove(conn, manifest, watcher)
            watcher.begin("Statistics", len(manifest.tables))
            _tidy(conn, watcher)
        name = sql.Identifier(into).as_string(conn)
    return Restored(
        manifest=manifest,
        target=target,
        was_made=found.was_made,
        notes=notes,
        statements=[
            statement.replace("%I", name, 1)
            for statement in manifest.place.statements
            if not (found.was_made and statement == _manifest.SHUT)
        ],
    )


def _in(server: Settings, dbname: str) -> Settings:
    return settings.parse(settings.write_url(server.conninfo | {"dbname": dbname}))


@contextmanager
def _database(
    server: Settings, target: Settings, manifest: Manifest
) -> Generator[_Target]:
    """The database to restore into; whatever was put there goes again if this block fails."""
    made = _create_if_missing(server, target, manifest)
    try:
        with _connect(target) as conn:
            settle(conn)
            found = _look(conn, made, manifest)
            try:
                yield found
            except Unproven:
                raise
            except BaseException:
                if not made:
                    _empty(found)
                raise
    except Unproven:
        raise
    except BaseException:
        if made:
            _drop(server, target)
        raise


def _connect(target: Settings) -> Conn:
    return psycopg.connect(target.url, connect_timeout=10, autocommit=True)


def _look(conn: Conn, made: bool, manifest: Manifest) -> _Target:
    if made:
        return _Target(
            conn, True, _manifest.SHUT not in manifest.place.statements, None
        )
    _refuse_filled(conn)
    row = conn.execute(
        "select pg_has_role(datdba, 'usage'), datdba::regrole::text,"
        " has_database_privilege('public', oid, 'connect'), shobj_description(oid, 'pg_database')"
        " from pg_catalog.pg_database where datname = current_database()"
    ).fetchone()
    assert row is not None
    is_ours, owner, is_open, comment = row
    if not is_ours:
        raise BackupFailed(
            f"{conn.info.dbname} belongs to {owner}, so {conn.info.user} cannot close it to others."
            f" As {owner} or a superuser, type: alter database"
            f" {sql.Identifier(conn.info.dbname).as_string(conn)} owner to"
            f" {sql.Identifier(conn.info.user).as_string(conn)};"
        )
    return _Target(conn, False, is_open, comment)


def _create_if_missing(server: Settings, target: Settings, manifest: Manifest) -> bool:
    with beside(server, (server.dbname, *ALWAYS_THERE)) as conn:
        if conn.execute(
            "select 1 from pg_catalog.pg_database where datname = %s", [target.dbname]
        ).fetchone():
            return False
        _create(conn, target.dbname, manifest)
    return True


def _create(conn: Conn, dbname: str, manifest: Manifest) -> None:
    made = manifest.place
    name = sql.Identifier(dbname)
    statement = sql.SQL(
        "create database {name} template template0 encoding {encoding} "
    ).format(name=name, encoding=sql.Literal(made.encoding))
    statement += sql.SQL(_PROVIDERS[made.provider]).format(
        collate=sql.Literal(made.collate),
        ctype=sql.Literal(made.ctype),
        locale=sql.Literal(made.locale),
    )
    try:
        conn.execute(statement)
    except (
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.WrongObjectType,
        psycopg.errors.InvalidParameterValue,
        psycopg.errors.FeatureNotSupported,
    ) as error:
        raise BackupFailed(
            f"{conn.info.user} cannot make the database {dbname} ({error.diag.message_primary})."
            " Let a DBA make it, and type this again:\n"
            f"  create database {name.as_string(conn)} owner"
            f" {sql.Identifier(conn.info.user).as_string(conn)} encoding 'UTF8' template template0;"
        ) from error


def _drop(server: Settings, target: Settings) -> None:
    with beside(server, (server.dbname, *ALWAYS_THERE)) as conn:
        conn.execute(
            sql.SQL("drop database if exists {} with (force)").format(
                sql.Identifier(target.dbname)
            )
        )


# What an extension made is nobody's own; a table brings its row type and its indexes.
_THINGS = """
select 'schema', null, quote_ident(nspname)
from pg_catalog.pg_namespace
where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')
    and not exists (
        select from pg_catalog.pg_depend
        where classid = 'pg_catalog.pg_namespace'::regclass and objid = pg_namespace.oid
            and deptype = 'e'
    )
union all
select
    case relkind
        when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
        when 'f' then 'foreign table' else 'table'
    end,
    null, format('public.%I', relname)
from pg_catalog.pg_class
where relnamespace = to_regnamespace('public') and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    and not exists (
        select from pg_catalog.pg_depend
        where classid = 'pg_catalog.pg_class'::regclass and objid = pg_class.oid
            and deptype in ('e', 'i', 'a')
    )
union all
select 'routine', null, format('public.%I(%s)', proname, pg_get_function_identity_arguments(oid))
from pg_catalog.pg_proc
where pronamespace = to_regnamespace('public')
    and not exists (
        select from pg_catalog.pg_depend
        where classid = 'pg_catalog.pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e'
    )
union all
select 'type', null, format('public.%I', typname)
from pg_catalog.pg_type
where typnamespace = to_regnamespace('public')
    and (typtype in ('e', 'd', 'r')
        or typtype = 'c' and (select relkind from pg_catalog.pg_class where oid = typrelid) = 'c')
    and not exists (
        select from pg_catalog.pg_depend
        where classid = 'pg_catalog.pg_type'::regclass and objid = pg_type.oid and deptype in ('e', 'i')
    )
order by 1, 3
"""


def _things(conn: Conn) -> list[tuple[str, str]]:
    """What is in the database that a new one has not."""
    return [(str(what), str(name)) for what, _, name in conn.execute(_THINGS.encode())]


def _refuse_filled(conn: Conn) -> None:
    if found := _things(conn):
        raise BackupFailed(
            f"{conn.info.dbname} is not empty: it holds"
            f" {listed([f'the {what} {name}' for what, name in found])}. Nothing was changed: a backup is"
            " restored into a new database, or into an empty one."
        )


def _empty(target: _Target) -> None:
    """Take away what a failed restoration put into a database that was empty."""
    conn = target.conn
    if conn.closed or conn.broken:  # it stays closed, and its comment says why
        return
    for what, name in _things(conn):
        # What hangs under another is gone with it.
        with suppress(psycopg.errors.UndefinedObject, psycopg.errors.UndefinedTable):
            conn.execute(f"drop {what} if exists {name} cascade".encode())
    _reopen(target)


def _program(conn: Conn, manifest: Manifest) -> Path:
    """A pg_restore that reads the dump and that this server understands."""
    major = conn.info.server_version // 10000
    if major < manifest.major:
        raise BackupFailed(
            f"The backup was taken on PostgreSQL {manifest.major}, and this server is {major}: restore it"
            f" on {manifest.major} or newer."
        )
    needed = max(major, manifest.program_major)
    if needed > major and major < _STRICT:
        raise BackupFailed(
            f"The backup was written by pg_dump {manifest.program_major}, whose pg_restore does not speak"
            f" to PostgreSQL {major}: restore it on {manifest.program_major}, or take it with pg_dump {major}."
        )
    return _clients.find("pg_restore", needed, exactly=needed < _STRICT)[0]


def _make_roles(conn: Conn) -> None:
    """The group roles of the cluster, by the migration that makes them: a dump holds none."""
    try:
        with conn.transaction():
            conn.execute(_ROLES.read_bytes())
    except psycopg.Error as error:
        hint = error.diag.message_hint
        raise BackupFailed(
            (error.diag.message_primary or str(error)) + (f"\n{hint}" if hint else "")
        ) from error


def _refuse_missing_roles(conn: Conn, manifest: Manifest) -> None:
    wanted = {*manifest.roles} - {manifest.login, OWNER, *SCOPE_ROLES}
    rows = conn.execute(
        "select name from unnest(%s::text[]) as name where to_regrole(quote_ident(name)) is null order by 1",
        [sorted(wanted)],
    ).fetchall()
    if rows:
        names = listed([str(row[0]) for row in rows])
        raise BackupFailed(
            f"The backup names roles that this cluster does not have: {names}. Make them first"
            " (create role …, or pg_dumpall --roles-only on the old cluster)."
        )


@contextmanager
def _closed(target: _Target, folder: Path) -> Generator[None]:
    """Let nobody in but the owner until the end, and say so where somebody may ask why.

    What everybody may do in a new database, and should not, stays taken.
    """
    conn = target.conn
    _run(conn, "revoke all on database {} from public")
    with suppress(psycopg.errors.InvalidSchemaName):
        _run(conn, "revoke create on schema public from public")
    note = f"Half restored from {folder.absolute()}: not to be used."
    _run(conn, "comment on database {} is {}", sql.Literal(note))
    yield
    _reopen(target)


def _reopen(target: _Target) -> None:
    _run(target.conn, "comment on database {} is {}", sql.Literal(target.comment))
    if target.is_open:
        _run(target.conn, "grant connect on database {} to public")


def _run(conn: Conn, statement: LiteralString, *words: sql.Composable) -> None:
    name = sql.Identifier(conn.info.dbname)
    conn.execute(sql.SQL(statement).format(name, *words))


def _load(
    conn: Conn,
    target: Settings,
    folder: Path,
    manifest: Manifest,
    program: Path,
    jobs: int,
    watcher: Watcher,
) -> list[str]:
    entries, notes = _without_extensions(conn, _toc.read(program, folder))
    # Foreign keys are checked before a policy could hide their rows from the check.
    walls = [entry for entry in entries if entry.is_wall]
    rest = [entry for entry in entries if not entry.is_wall]
    foreign: list[_toc.Entry] = []
    if not _may_become(conn, manifest.login):
        foreign = [entry for entry in rest if entry.is_of(manifest.login)]
        rest = [entry for entry in rest if not entry.is_of(manifest.login)]
        notes.append(
            f"What belonged to {manifest.login} belongs to {conn.info.user} here."
        )

    def hear(line: str) -> None:
        if found := _DATA.match(line):
            watcher.advance(found[1])
        elif _WORK.match(line):
            watcher.advance("")

    watcher.begin("Restoring", sum(entry.is_work for entry in entries))
    with tempfile.TemporaryDirectory(prefix="renderstore-") as lists:
        for number, (part, options) in enumerate(
            ((rest, []), (foreign, ["--no-owner"]), (walls, []))
        ):
            if not part:
                continue
            path = Path(lists) / f"{number}"
            _toc.write(path, part)
            command = [
                *(str(program), "--verbose", "--exit-on-error", f"--jobs={jobs}"),
                *("--no-tablespaces", "--no-security-labels", "--no-publications"),
                *("--no-subscriptions", f"--use-list={path}", *options),
                *(f"--dbname={target.dbname}", str(folder)),
            ]
            with running(command, target, hear) as running_program:
                running_program.finish()
    return notes


def _may_become(conn: Conn, login: str) -> bool:
    word = "set" if conn.info.server_version >= 160000 else "member"
    return conn.execute(
        "select coalesce(pg_has_role(to_regrole(quote_ident(%s)), %s), false)",
        [login, word],
    ).fetchone() == (True,)


def _without_extensions(
    conn: Conn, entries: Sequence[_toc.Entry]
) -> tuple[list[_toc.Entry], list[str]]:
    """Leave out the extensions that this login cannot make here."""
    wanted = {entry.extension for entry in entries if entry.extension}
    rows = conn.execute(
        "select name::text from pg_catalog.pg_available_extension_versions where name = any (%s)"
        " and (trusted or not superuser or (select rolsuper from pg_catalog.pg_roles where rolname = current_user))",
        [sorted(wanted)],
    ).fetchall()
    may = {str(row[0]) for row in rows}
    notes = [
        f"The extension {name} was left out: {conn.info.user} cannot make it here."
        for name in sorted(wanted - may)
    ]
    kept = [
        entry
        for entry in entries
        if not entry.is_about_extension
        and (entry.extension is None or entry.extension in may)
    ]
    return kept, notes


def _tidy(conn: Conn, watcher: Watcher) -> None:
    """Statistics for plans, and the visibility map for index-only scans: a dump holds neither."""
    for table in _catalog.tables(conn):
        conn.execute(sql.SQL("vacuum (analyze) {}").format(table.sql))
        watcher.advance(table.path)
