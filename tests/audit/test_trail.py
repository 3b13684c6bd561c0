"""Whoever changes an audited table, by whatever way, leaves one entry, and nobody removes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection
from tests.api.provocations import BEFORE, insert
from tests.factories import look

from renderstore.testing import Database

Conn = Connection[Any]

NOBODY = UUID(int=0)
OWNER = "renderstore_owner"
ROLES = (
    OWNER,
    "renderstore_app",
    "renderstore_auth",
    "renderstore_worker",
    "renderstore_admin",
    "renderstore_readonly",
)
LATER = "now() + interval '3 days'"

# What is changed of a table's row, and which columns the trail then names.
CHANGES: Mapping[str, tuple[str, str]] = {
    "identity.users": ("name", "'other'"),
    "identity.user_secrets": ("plex_token_encrypted", "null"),
    "identity.macos_accounts": ("name", "'other'"),
    "identity.accounts": ("provider_account_id", "'other'"),
    "identity.session_tokens": ("expires_at", LATER),
    "identity.api_tokens": ("revoked_at", "now()"),
    "identity.plans": ("share", "2"),
    "work.pauses": ("reason", "'other'"),
    "work.user_pauses": ("reason", "'other'"),
    "work.error_classes": ("is_retried", "not is_retried"),
    "studio.projects": ("title", "'other'"),
    "studio.scenes": ("duration_ms", "7"),
    "studio.assets": ("name", "'other'"),
    "studio.characters": ("description", "'other'"),
    "studio.animations": ("frames_per_second", "7"),
    "studio.presets": ("settings", """'{"a": 1}'"""),
    "studio.standard_presets": ("name", "'other'"),
    "media.requests": ("title", "'other'"),
    "media.download_specs": ("playlist_title", "'other'"),
    "ops.services": ("is_enabled", "not is_enabled"),
    "ops.service_secrets": ("api_key_sealed", "'yy'"),
    "ops.limits": ("max_requests", "7"),
    "ops.retentions": ("days", "12"),
    "ops.health_rules": ("warn_above", "7"),
    "audit.columns": ("rule", "'hash'"),
}
# What a row holds from the beginning, so that the change is one.
AT_FIRST: Mapping[str, Mapping[str, str]] = {
    "identity.user_secrets": {
        "user_id": "(select id from identity.users where email = 'one@example.org')",
        "plex_token_encrypted": "'x'",
    },
}

WATCHED = """
select
    c.oid::regclass::text,
    array(
        select a.attname::text
        from unnest(i.indkey::smallint[]) with ordinality as k (attnum, nth)
        join pg_attribute as a on a.attrelid = c.oid and a.attnum = k.attnum
        where i.indnkeyatts = 1 or a.attname <> 'user_id'
        order by k.nth
    )
from pg_trigger as t
join pg_class as c on c.oid = t.tgrelid
join pg_index as i on i.indrelid = c.oid and i.indisprimary
where t.tgname = c.relname || '_audit_insert'
"""


def enter(conn: Conn, role: str) -> None:
    """As this role, for the first user."""
    if role == OWNER:
        conn.execute(f"set local role {OWNER}".encode())
        return
    bound = "null"
    if role == "renderstore_app":
        bound = "(select id from identity.users where email = 'one@example.org')"
    conn.execute(f"select identity.bind('{role}', {bound}, 'tests:{role}')".encode())


def leave(conn: Conn) -> None:
    conn.execute("reset role")


def entries(conn: Conn, after: int) -> list[tuple[Any, ...]]:
    leave(conn)
    return conn.execute(
        "select id, table_name, row_key, operation::text, changed, before, after, actor,"
        " login, user_id from audit.entries where id > %s order by id",
        [after],
    ).fetchall()


def last(conn: Conn) -> int:
    [row] = conn.execute("select coalesce(max(id), 0) from audit.entries").fetchall()
    number: int = row[0]
    return number


def tries(conn: Conn, role: str, statement: str) -> int:
    """The rows that it changed as this role; none where it is refused."""
    conn.execute("savepoint tried")
    try:
        enter(conn, role)
        count = conn.execute(statement.encode()).rowcount
    except psycopg.Error:
        conn.execute("rollback to tried")
        count = 0
    leave(conn)
    conn.execute("release tried")
    return count


@pytest.fixture
def conn(database: Database) -> Conn:
    conn = psycopg.connect(database.admin_url)
    for statement in BEFORE:
        conn.execute(statement.encode())
    conn.execute("delete from identity.user_secrets")
    conn.commit()
    return conn


def test_every_change_by_every_role_leaves_one_entry(conn: Conn) -> None:
    watched: dict[str, list[str]] = dict(conn.execute(WATCHED).fetchall())
    assert watched.keys() == CHANGES.keys()
    done: set[tuple[str, str, str]] = set()
    for table, key in watched.items():
        column, value = CHANGES[table]
        first: dict[str, str] = dict(AT_FIRST.get(table, {}))
        schema, name = table.split(".")
        made = insert(schema, name, first)
        shown = " || '/' || ".join(f"{each}::text" for each in key)
        for role in ROLES:
            actor = "login:postgres" if role == OWNER else f"tests:{role}"
            conn.execute("savepoint row")
            before = last(conn)
            inserted = tries(conn, role, made)
            found = entries(conn, before)
            if inserted:
                done.add((table, "insert", role))
                assert [row[3] for row in found] == ["insert"], (table, role)
                assert found[0][5] is None
            else:
                assert found == [], (table, role)
                conn.execute(made.encode())
                found = entries(conn, before)
                actor_of = found[0][7]
                assert actor_of.startswith("login:")
            [entry] = found
            assert entry[1] == table
            row_key = entry[2]
            where = f"where {shown} = '{row_key}'"
            [(there,)] = conn.execute(
                f"select count(*) from {table} {where}".encode()
            ).fetchall()
            assert there == 1, (table, row_key)

            before = last(conn)
            change = f"update {table} set {column} = {value} {where}"
            if tries(conn, role, change):
                done.add((table, "update", role))
                [entry] = entries(conn, before)
                assert entry[1:4] == (table, row_key, "update")
                assert entry[4] == [column]
                if role != OWNER:
                    assert entry[7] == actor
                # Once more what it is already.
                before = last(conn)
                again = f"update {table} set {column} = {column} {where}"
                assert tries(conn, role, again)
                assert entries(conn, before) == [], (table, role)
            else:
                assert entries(conn, before) == []

            before = last(conn)
            if tries(conn, role, f"delete from {table} {where}"):
                done.add((table, "delete", role))
                found = [row for row in entries(conn, before) if row[1] == table]
                [entry] = found
                assert entry[2:4] == (row_key, "delete")
                assert entry[6] is None
            else:
                assert entries(conn, before) == []
            conn.execute("rollback to row")
            conn.execute("release row")
    conn.rollback()
    for table in CHANGES:
        for operation in ("insert", "update", "delete"):
            # A specification goes with its job alone.
            is_kept = (table, operation) == ("media.download_specs", "delete")
            assert ((table, operation, OWNER) in done) is not is_kept, table
    assert {role for _, _, role in done} >= {
        "renderstore_app",
        "renderstore_auth",
        "renderstore_admin",
    }


def test_what_goes_with_its_parent_leaves_an_entry(conn: Conn) -> None:
    before = last(conn)
    conn.execute("delete from work.jobs where idempotency_key = 'download'")
    conn.execute("delete from identity.users where email = 'one@example.org'")
    gone = {(row[1], row[3]) for row in entries(conn, before)}
    assert gone >= {
        ("media.download_specs", "delete"),
        ("media.requests", "delete"),
        ("identity.users", "delete"),
        ("studio.projects", "delete"),
        ("studio.scenes", "delete"),
    }
    conn.rollback()


def test_what_is_rolled_back_leaves_nothing(conn: Conn) -> None:
    before = last(conn)
    conn.rollback()
    conn.execute("update studio.projects set title = 'gone'")
    assert entries(conn, before)
    conn.rollback()
    assert entries(conn, before) == []


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "update audit.entries set actor = 'somebody'",
        "delete from audit.entries",
        "truncate audit.entries",
    ],
)
def test_nobody_changes_the_trail(conn: Conn, role: str, statement: str) -> None:
    before = conn.execute(
        "select count(*), max(xmin::text) from audit.entries"
    ).fetchall()
    enter(conn, role)
    with pytest.raises(psycopg.Error) as caught:
        conn.execute(statement.encode())
    assert caught.value.sqlstate == "42501"
    conn.rollback()
    after = conn.execute("select count(*), max(xmin::text) from audit.entries")
    assert after.fetchall() == before


@pytest.mark.parametrize("role", ROLES[1:])
@pytest.mark.parametrize(
    "statement",
    [
        "alter table audit.entries disable trigger entries_keep",
        "drop trigger entries_keep_young on audit.entries",
        "alter table studio.projects disable trigger projects_audit_update",
        "drop trigger users_audit_delete on identity.users",
        "alter table studio.projects disable trigger all",
        "set session_replication_role = replica",
        "create or replace function audit.note_studio_projects() returns trigger"
        " language plpgsql as 'begin return null; end'",
        "select audit.watch('studio.projects')",
        "insert into audit.entries (user_id, table_name, row_key, operation)"
        " values ('00000000-0000-0000-0000-000000000000', 'x', 'x', 'insert')",
        "insert into audit.columns values ('studio.projects', 'id', 'keep')",
        "update audit.columns set rule = 'skip'",
    ],
)
def test_no_role_stops_the_trail(conn: Conn, role: str, statement: str) -> None:
    enter(conn, role)
    with pytest.raises(psycopg.Error) as caught:
        conn.execute(statement.encode())
    assert caught.value.sqlstate == "42501"


def test_what_retention_ended_goes_and_nothing_else(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute(
            "insert into audit.entries (user_id, table_name, row_key, operation, happened_at)"
            " select %s, 'x', n::text, 'insert', now() - n * interval '100 days'"
            " from generate_series(1, 20) as n",
            [NOBODY],
        )
        kept = "select count(*) from audit.entries where table_name = 'x'"
        assert conn.execute("select audit.clear_entries(5)").fetchone() == (5,)
        assert conn.execute("select audit.clear_entries(1000)").fetchone() == (8,)
        assert conn.execute(kept.encode()).fetchone() == (7,)
        # The oldest went first, and an administrator's shorter retention counts.
        conn.execute("update ops.retentions set days = 90 where name = 'audit_entries'")
        assert conn.execute("select audit.clear_entries(1000)").fetchone() == (7,)
        with pytest.raises(psycopg.errors.CheckViolation):
            conn.execute(
                "update ops.retentions set days = 89 where name = 'audit_entries'"
            )


def test_a_sweep_waits_for_no_writer(database: Database) -> None:
    with (
        psycopg.connect(database.admin_url, autocommit=True) as conn,
        psycopg.connect(database.admin_url) as writer,
    ):
        conn.execute(
            "insert into audit.entries (user_id, table_name, row_key, operation, happened_at)"
            " select %s, 'x', n::text, 'insert', now() - interval '3 years'"
            " from generate_series(1, 10) as n",
            [NOBODY],
        )
        writer.execute("update identity.plans set share = 2")
        writer.execute(
            "select from audit.entries where row_key in ('1', '2') for update"
        )
        conn.execute("set lock_timeout = '1s'")
        assert conn.execute("select audit.clear_entries(1000)").fetchone() == (8,)


def test_each_column_of_a_watched_table_has_its_rule(database: Database) -> None:
    missing = look(
        database,
        "select a.attrelid::regclass::text, a.attname::text"
        " from pg_attribute as a"
        " where a.attnum > 0 and not a.attisdropped"
        " and a.attrelid in (select distinct table_name::regclass from audit.columns)"
        " and not exists (select from audit.columns as c"
        " where c.table_name::regclass = a.attrelid and c.column_name = a.attname)",
    )
    assert missing == []
    unknown = look(
        database,
        "select c.table_name, c.column_name from audit.columns as c"
        " left join pg_attribute as a on a.attrelid = c.table_name::regclass"
        " and a.attname = c.column_name and not a.attisdropped"
        " where a.attname is null",
    )
    assert unknown == []


SLUGS = {
    "identity.accounts.provider",
    "identity.accounts.type",
    "identity.api_tokens.service",
    "identity.plans.id",
    "identity.users.plan_id",
    "work.error_classes.name",
    "work.pauses.label",
    "studio.standard_presets.id",
    "ops.services.id",
    "ops.service_secrets.service_id",
    "ops.limits.endpoint",
    "ops.retentions.name",
    "ops.health_rules.name",
    "audit.columns.table_name",
    "audit.columns.column_name",
}
"""Text whose values are kept: names that the farm gave its own things."""


def test_no_text_is_kept_but_the_farms_own_names(database: Database) -> None:
    kept = look(
        database,
        "select c.table_name || '.' || c.column_name from audit.columns as c"
        " join pg_attribute as a on a.attrelid = c.table_name::regclass"
        " and a.attname = c.column_name"
        " join pg_type as t on t.oid = a.atttypid"
        " left join pg_type as b on b.oid = t.typbasetype"
        " where c.rule = 'keep'"
        " and coalesce(b.typname, t.typname) in"
        " ('text', 'varchar', 'json', 'jsonb', 'bytea', 'name', '_text')",
    )
    assert {row[0] for row in kept} == SLUGS


def test_a_table_is_watched_with_a_rule_for_each_column(database: Database) -> None:
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("alter table work.pauses add column until timestamptz")
        with pytest.raises(psycopg.errors.NoDataFound, match=r"work\.pauses: until\."):
            conn.execute("select audit.watch('work.pauses')")
        conn.rollback()
        with pytest.raises(psycopg.errors.NoDataFound, match="user_id, id, project_id"):
            conn.execute("select audit.watch('studio.frames', '{user_id}')")


def test_the_triggers_are_what_the_rules_say(database: Database) -> None:
    shown = (
        "select p.oid::regprocedure::text, pg_get_functiondef(p.oid), ("
        " select array_agg(pg_get_triggerdef(t.oid) order by t.tgname)"
        " from pg_trigger as t where t.tgfoid = p.oid)"
        " from pg_proc as p where p.pronamespace = 'audit'::regnamespace"
        " and p.prorettype = 'trigger'::regtype order by 1"
    )
    before = look(database, shown)
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "select audit.watch(c.table_name::regclass, array(select a.attname::text"
            " from pg_attribute as a where a.attrelid = c.table_name::regclass"
            " and (a.attname in ('user_id', 'for_user_id')"
            "  or c.table_name = 'identity.users' and a.attname = 'id')"
            " order by a.attname desc))"
            " from (select distinct table_name from audit.columns) as c"
        )
        assert conn.execute(shown.encode()).fetchall() == before
