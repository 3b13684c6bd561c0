"""What a login, a scope and a session can and cannot do beside reading and writing tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from renderstore import errors
from renderstore.identity import api_tokens
from renderstore.store import connect

from .catalog import ROLES
from .doors import DOORS
from .rows import Person
from .walls import WALLS
from .world import OUTSIDE, REFUSED, Scope, World, as_text, login

MAKES: Mapping[str, LiteralString] = {
    "a schema": "create schema extra",
    "a temporary table": "create temporary table users (id uuid)",
    "a temporary view": "create temporary view users as select 1",
    "a table": "create table public.extra (id uuid)",
    "a table in identity": "create table identity.extra (id uuid)",
    "a temporary function": "create function pg_temp.tell(text) returns boolean language sql return true",
    "a function": "create function public.tell(text) returns boolean language sql return true",
    "a function in ops": "create function ops.tell(text) returns boolean language sql return true",
    "an operator": "create operator public.=== (leftarg = uuid, rightarg = uuid, function = pg_catalog.uuid_eq)",
    "a type": "create type public.extra as enum ('a')",
    "a sequence": "create sequence public.extra",
    "a temporary sequence": "create temporary sequence extra",
    "an extension disappear": "drop extension plpgsql",
    "a role": "create role extra",
    "a publication": "create publication extra for all tables",
    "an event trigger": (
        "create event trigger extra on ddl_command_end"
        " execute function pg_catalog.suppress_redundant_updates_trigger()"
    ),
    "a setting of another role": "alter role renderstore_owner set row_security = off",
    "a setting of the database": "alter database postgres set row_security = off",
    "a right to bypass": "alter role renderstore_app bypassrls",
    "a membership": "grant renderstore_admin to renderstore_app",
    "a file": "select pg_catalog.pg_read_file('/etc/passwd')",
    "a file of large objects": "select pg_catalog.lo_import('/etc/passwd')",
    "the passwords": "select rolpassword from pg_catalog.pg_authid",
    "replication": "set session_replication_role = replica",
    "the owner": "set role renderstore_owner",
    "a language": "create language extra handler pg_catalog.plpgsql_call_handler",
}


@pytest.mark.parametrize("name", MAKES)
def test_no_role_makes(world: World, name: str) -> None:
    for role in ROLES:
        tried = world.attempt(Scope(role), MAKES[name])
        assert tried.sqlstate == REFUSED, (role, tried)


def test_no_login_changes_the_server(world: World) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.work.execute("alter system set row_security = off")


def test_raw_sql_may_change_the_defaults_of_its_own_role(world: World) -> None:
    """Not prevented, and said so in docs/isolation.md; a scope sets all that it relies on."""
    tried = world.attempt(
        world.as_ann, "alter role renderstore_app set row_security = off"
    )
    assert tried.sqlstate is None


def test_a_scope_does_not_rely_on_a_login_s_defaults(world: World) -> None:
    with login(world.database, "tricked", "app", "admin") as url:
        with psycopg.connect(url, autocommit=True) as conn:
            for default in (
                sql.SQL("role = renderstore_admin"),
                sql.SQL("search_path = public, pg_catalog"),
            ):
                conn.execute(
                    sql.SQL("alter role {} set {}").format(
                        sql.Identifier(conn.info.user), default
                    )
                )
        with connect(url, size=1) as store, store.user(person(world.ann)) as scope:
            seen = scope.execute("select id from identity.users").fetchall()
    assert [row[0] for row in seen] == [world.ann.id]


def test_a_scope_does_not_become_another_login(world: World) -> None:
    with psycopg.connect(world.database.owner_url) as conn:
        owner = conn.info.user
    for scope in (OUTSIDE, world.as_ann):
        tried = world.attempt(
            scope, sql.SQL("set session authorization {}").format(sql.Identifier(owner))
        )
        assert tried.sqlstate == REFUSED


def test_a_search_path_finds_no_shadow(world: World) -> None:
    seen = world.attempt(
        world.as_ann,
        "set local search_path = pg_temp, public, identity",
        "select u.id, f from users as u, current_user_id() as f",
    )
    assert [row[0] for row in seen.rows] == [world.ann.id]


def test_a_role_that_was_not_granted_is_a_clear_error(world: World) -> None:
    with (
        login(world.database, "web", "app", "auth") as url,
        connect(url, size=1) as store,
    ):
        with store.user(person(world.ann)) as conn:
            conn.execute("select 1")
        for scope in (
            store.admin(reason="isolation"),
            store.worker("isolation"),
            store.readonly(),
        ):
            with (
                pytest.raises((errors.Error, psycopg.Error), match="renderstore_"),
                scope as conn,
            ):
                conn.execute("select 1")


def test_an_inheriting_login_sees_rows_outside_every_scope(world: World) -> None:
    """Why logins are made with noinherit: a policy binds whoever inherits its role."""
    question = "select count(*) from identity.users where id = any (%s)"
    people = [world.ann.id, world.bob.id]
    with (
        login(world.database, "inherits", "app", "admin", inherits=True) as url,
        psycopg.connect(url) as conn,
    ):
        assert conn.execute(question, [people]).fetchone() == (2,)
    with (
        login(world.database, "careful", "app", "admin") as url,
        psycopg.connect(url) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute(question, [people])


def test_raw_sql_enters_any_role_that_its_login_was_granted(world: World) -> None:
    """Not prevented, and said so in docs/isolation.md: hence a login for each purpose."""
    seen = world.attempt(
        world.as_ann,
        "set local role renderstore_admin",
        "select id from identity.users",
    )
    assert world.bob.id in {row[0] for row in seen.rows}
    with (
        login(world.database, "web2", "app", "auth") as url,
        psycopg.connect(url, autocommit=True) as conn,
    ):
        for role in ("admin", "worker", "readonly", "owner"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(
                    sql.SQL("set role {}").format(sql.Identifier(f"renderstore_{role}"))
                )


def test_raw_sql_may_forge_the_user(world: World) -> None:
    """Not prevented, and said so in docs/isolation.md: never let a user send SQL."""
    seen = world.attempt(
        world.as_ann,
        sql.SQL("select set_config('renderstore.user_id', {}, true)").format(
            sql.Literal(str(world.bob.id))
        ),
        "select id from identity.users",
    )
    assert [row[0] for row in seen.rows] == [world.bob.id]


def test_a_prepared_statement_sees_whom_it_is_executed_for(world: World) -> None:
    world.attempt(
        world.as_ann,
        "prepare kept as select id from identity.users",
        "execute kept",
        keep=True,
    )
    seen = {
        who.id: world.attempt(Scope("app", who.id), "execute kept").rows
        for who in (world.ann, world.bob)
    }
    assert seen == {who.id: [(who.id,)] for who in (world.ann, world.bob)}
    assert not world.attempt(Scope("app"), "execute kept").rows
    assert world.attempt(OUTSIDE, "execute kept").sqlstate == REFUSED
    world.work.execute("deallocate kept")


def test_a_generic_plan_sees_whom_it_is_executed_for(world: World) -> None:
    world.work.execute("set plan_cache_mode = force_generic_plan")
    try:
        world.attempt(
            world.as_ann,
            "prepare kept as select id from identity.users",
            "execute kept",
        )
        for who in (world.ann, world.bob) * 3:
            rows = world.attempt(Scope("app", who.id), "execute kept").rows
            assert rows == [(who.id,)]
    finally:
        world.work.execute("deallocate all")
        world.work.execute("reset plan_cache_mode")


def test_a_pooled_connection_keeps_no_user(world: World) -> None:
    with connect(world.database.url, size=1) as store:
        for left in (
            "declare c cursor with hold for select id from identity.users",
            "select set_config('renderstore.user_id', current_setting('renderstore.user_id'), false)",
            "select set_config('role', 'renderstore_app', false)",
            "prepare left_over as select id from identity.users",
        ):
            with store.user(person(world.ann)) as conn:
                conn.execute(left)
            with store.user(person(world.bob)) as conn:
                seen = conn.execute("select id from identity.users").fetchall()
            assert [row[0] for row in seen] == [world.bob.id], left
            with store.worker("isolation") as conn:
                bound = conn.execute("select identity.current_user_id()").fetchone()
            assert bound is not None, left
            assert bound[0] is None, left


@pytest.mark.parametrize("world", ["home"], indirect=True)  # where tokens are
def test_another_s_token_is_not_found(world: World) -> None:
    """What docs/isolation.md shows beside a check in application code."""
    theirs = world.bob.rows["identity.api_tokens"]["id"]
    with connect(world.database.url, size=1) as store:
        with (
            store.user(person(world.ann)) as conn,
            pytest.raises(errors.NotFound),
        ):
            api_tokens.rename(conn, id=theirs, name="mine")
        with store.user(person(world.bob)) as conn:
            assert api_tokens.rename(conn, id=theirs, name="his").id == theirs


def person(who: Person) -> UUID:
    assert who.id is not None
    return who.id


def test_another_session_s_statements_are_not_shown(world: World) -> None:
    with psycopg.connect(world.database.url) as other:
        other.execute(sql.SQL("select {}").format(sql.Literal(world.bob.mark)))
        seen = world.attempt(world.as_ann, "select a::text from pg_stat_activity as a")
        assert not world.told(seen)


def test_a_large_object_is_shared_by_all_users(world: World) -> None:
    """Not prevented: PUBLIC may make them, and they belong to the role. Ours use none."""
    made = world.attempt(world.as_ann, "select lo_from_bytea(0, 'ann')", keep=True)
    number = made.rows[0][0]
    assert world.attempt(
        Scope("app", world.bob.id), "select lo_get(%s)", sent=[number]
    ).rows == [(b"ann",)]
    assert (
        world.attempt(Scope("readonly"), "select lo_get(%s)", sent=[number]).sqlstate
        == REFUSED
    )
    world.attempt(world.as_ann, "select lo_unlink(%s)", sent=[number], keep=True)


def test_a_plan_tells_how_many_rows_were_hidden_and_nothing_of_them(
    world: World,
) -> None:
    """Not prevented: PostgreSQL counts what a policy removed. Docs/isolation.md says so."""
    seen = world.attempt(
        world.as_ann,
        "set local enable_indexscan = off",
        "set local enable_bitmapscan = off",
        "set local enable_indexonlyscan = off",
        "explain (analyze, costs off, timing off, summary off) select id from identity.users",
    )
    assert "Rows Removed by Filter" in as_text(seen.rows)
    assert not world.told(seen)


def test_a_notification_is_heard_by_whoever_listens(world: World) -> None:
    """Not prevented: a channel has no policy. So a payload is an id at most."""
    with psycopg.connect(world.database.url, autocommit=True) as other:
        other.execute("listen isolation")
        world.attempt(world.as_ann, "notify isolation, 'heard'", keep=True)
        heard = [note.payload for note in other.notifies(timeout=60, stop_after=1)]
    assert heard == ["heard"]


def test_what_our_tables_notify_tells_nothing_but_ids(world: World) -> None:
    sources = world.own.execute(
        "select p.oid::regprocedure::text from pg_catalog.pg_proc as p"
        " where p.proowner = 'renderstore_owner'::regrole"
        " and p.prosrc ~* '(pg_notify|\\mnotify\\M).*(email|name|token|secret|hash)'"
    ).fetchall()
    assert not sources


def test_each_check_says_what_it_finds() -> None:
    names: Sequence[str] = [each.__name__ for each in (*DOORS, *WALLS)]
    assert len(set(names)) == len(names)
    assert all(each.__doc__ for each in (*DOORS, *WALLS))


def test_no_role_reads_what_another_role_s_settings_hide(world: World) -> None:
    for role, setting in product(ROLES, ("krb_server_keyfile", "hba_file")):
        tried = world.attempt(Scope(role), "select current_setting(%s)", sent=[setting])
        assert tried.sqlstate == REFUSED
