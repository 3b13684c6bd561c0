"""A login with TEMP and CREATE open puts objects in the way of every name that we use; none runs as the owner.

The walls close both rights, and a dump restored by hand opens them again. So each function looks its names
up in `pg_catalog` first and `pg_temp` last, or had them bound when it was made.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from renderstore.testing import Database

OPEN = """
do $$ begin
    execute format('grant temporary, create on database %I to public', current_database());
end $$
"""

# What stands in the way: in a schema of the login's own and among its temporary objects. Each says
# so when it runs as the owner, and then does what the real one does.
TRAPS: LiteralString = r"""
create schema evil;
grant usage on schema evil to public;
create temporary table opened (id integer);
set search_path = pg_catalog, pg_temp;

do $traps$
declare
    place text;
    made record;
begin
    foreach place in array array['pg_temp', 'evil'] loop
        execute format(
            $f$
                create function %1$s.caught(what text) returns boolean
                language plpgsql set search_path = pg_catalog as $b$
                begin
                    if current_user = 'renderstore_owner' then
                        raise warning 'CAUGHT %%', what;
                    end if;
                    return true;
                end $b$
            $f$,
            place
        );
        -- Types: a domain over each, whose check is the login's code.
        for made in
            select typname, oid::regtype as type
            from pg_type
            where typnamespace = 'pg_catalog'::regnamespace
                and typtype in ('b', 'r', 'm')
                and typname !~ '^(_|pg_|gts|reg)'
        loop
            execute format(
                'create domain %1$s.%2$I as %3$s check (%1$s.caught(%4$L))',
                place, made.typname, made.type, place || ' type ' || made.typname
            );
        end loop;
        -- Functions of every name that ours mention, with the real one's arguments.
        for made in
            select
                p.proname,
                pg_get_function_identity_arguments(p.oid) as parameters,
                pg_get_function_result(p.oid) as result,
                (
                    select string_agg('$' || n, ', ')
                    from generate_series(1, p.pronargs) as n
                ) as passed
            from pg_proc as p
            where p.pronamespace = 'pg_catalog'::regnamespace
                and p.prokind = 'f'
                and not p.proretset
                and p.provariadic = 0
                and p.pronargs > 0
                and p.proargnames is null
                and p.proname in (
                    select distinct word[1]
                    from pg_proc as ours
                    cross join regexp_matches(ours.prosrc, '\w+', 'g') as word
                    where ours.proowner = 'renderstore_owner'::regrole
                        and ours.proname not in ('bind', 'bind_token')
                )
        loop
            begin
                execute format(
                    $f$
                        create function %1$s.%2$I(%3$s) returns %4$s
                        language plpgsql set search_path = pg_catalog as $b$
                        begin
                            perform %1$s.caught(%5$L);
                            return pg_catalog.%2$I(%6$s);
                        end $b$
                    $f$,
                    place, made.proname, made.parameters, made.result,
                    place || ' function ' || made.proname, made.passed
                );
            exception
                -- What takes or gives what only C can.
                when invalid_function_definition or feature_not_supported or datatype_mismatch then null;
            end;
        end loop;
        -- Operators of what ours compare and add.
        for made in
            select
                o.oprname,
                o.oprleft::regtype as left_type,
                o.oprright::regtype as right_type,
                o.oprresult::regtype as result
            from pg_operator as o
            where o.oprkind = 'b'
                and o.oprnamespace = 'pg_catalog'::regnamespace
                and o.oprname in ('=', '<>', '<', '>', '<=', '>=', '+', '-', '||', '->>', '->', '?', '~', '@>')
                and o.oprleft::regtype::text in (
                    'text', 'uuid', 'integer', 'bigint', 'smallint', 'boolean', 'jsonb', 'bytea',
                    'timestamp with time zone', 'interval', 'numeric', 'date', 'anyenum', 'anyarray', 'anynonarray'
                )
        loop
            execute format(
                $f$
                    create function %1$s.%2$I(%3$s, %4$s) returns %5$s
                    language plpgsql set search_path = pg_catalog as $b$
                    begin
                        perform %1$s.caught(%6$L);
                        return $1 operator(pg_catalog.%7$s) $2;
                    end $b$
                $f$,
                place, 'op' || made.oprname, made.left_type, made.right_type, made.result,
                format('%s operator %s', place, made.oprname), made.oprname
            );
            execute format(
                'create operator %1$s.%2$s (function = %1$s.%3$I, leftarg = %4$s, rightarg = %5$s)',
                place, made.oprname, 'op' || made.oprname, made.left_type, made.right_type
            );
        end loop;
        -- Relations of each name of ours.
        for made in
            select distinct relname
            from pg_class
            where relowner = 'renderstore_owner'::regrole and relkind in ('r', 'p', 'v')
        loop
            execute format(
                'create %4$s view %1$s.%2$I as select %1$s.caught(%3$L) as id',
                place, made.relname, place || ' relation ' || made.relname,
                case place when 'pg_temp' then 'temporary' else '' end
            );
        end loop;
    end loop;
end
$traps$;
"""

# What a person does, and what the farm then does: (role, statement).
DEEDS: list[tuple[LiteralString, LiteralString]] = [
    (
        "auth",
        "insert into identity.users (email, name) values ('eve@example.org', 'Eve')",
    ),
    (
        "auth",
        "insert into identity.accounts (user_id, type, provider, provider_account_id)"
        " select id, 'oidc', 'google', '1' from identity.users where email = 'eve@example.org'",
    ),
    (
        "auth",
        'insert into authjs.sessions ("userId", expires, "sessionToken")'
        " select id, now() + interval '1 hour', 'token' from identity.users where email = 'eve@example.org'",
    ),
    (
        "auth",
        "select identity.issue_session_token(id, interval '1 hour')"
        " from identity.users where email = 'eve@example.org'",
    ),
    (
        "app",
        "select identity.issue_api_token('mine', '{user}', identity.current_user_id(), null, null, null)",
    ),
    ("auth", "update identity.users set name = 'Eva'"),
    (
        "admin",
        "insert into identity.macos_accounts (user_id, name) select id, 'EVE' from identity.users",
    ),
    ("worker", "select work.register('{render}', '{gpu}')"),
    (
        "app",
        "insert into render.jobs (template_path, output_path, labels)"
        " values ('/a/b.aep', '/r/x.mov', '{gpu}'), ('/a/c.aep', '/r/y.mov', '{}')",
    ),
    (
        "app",
        "select render.submit_many('{/r/1.mov,/r/2.mov}', '{/a.aep,/b.aep}',"
        ' nexrender_configs => array[null, \'{"template": {"src": "x", "composition": "y"}}\']::jsonb[],'
        " idempotency_keys => '{one,two}', label_lists => '[[\"gpu\"], []]')",
    ),
    (
        "app",
        "select render.submit('/r/z.mov', '/a.aep', validate_first => true,"
        " idempotency_key => 'three', due_at => now() + interval '1 hour')",
    ),
    (
        "app",
        "select work.link(max(j.id::text)::uuid, array[min(j.id::text)::uuid], 'wait')"
        " from work.jobs as j",
    ),
    ("app", "select work.set_priority(id, 3) from work.jobs"),
    ("app", "select work.set_due(id, null), work.watch(id) from work.jobs"),
    (
        "app",
        "select work.set_auto_cancel(id, now() + interval '1 hour') from work.jobs",
    ),
    ("app", "select render.set_names(id, 'a', 'b') from work.jobs"),
    ("app", "select * from work.list_own_jobs('queued')"),
    ("admin", "select work.pause_user(id) from identity.users"),
    ("worker", "select * from work.sweep()"),
    ("admin", "select work.resume_user(id) from identity.users"),
    ("worker", "select * from ops.sweep()"),
    ("worker", "select work.await_jobs()"),
    (
        "worker",
        "select work.accept(user_id, id, attempt) from work.validate(5)",
    ),
    ("worker", "select * from work.claim(1)"),
    ("worker", "select work.finish(user_id, id, attempt) from work.jobs"),
    ("worker", "select * from render.claim(1)"),
    (
        "worker",
        "select work.heartbeat(user_id, id, attempt, 5),"
        " work.append_log(user_id, id, attempt, 'said') from work.jobs",
    ),
    (
        "worker",
        "select work.fail(user_id, id, attempt, 'broken', 'it broke', 1)"
        " from work.jobs",
    ),
    ("worker", "select work.wake_waiting(), work.stop_waiting()"),
    ("app", "select work.cancel(id) from work.jobs where status = 'queued'"),
    ("app", "select work.try_again(id) from work.jobs where status = 'cancelled'"),
    ("app", "select work.unlink(id, array[id]), work.delete(id) from work.jobs"),
    ("admin", "select work.pause('gpu', 'Repairs')"),
    ("admin", "select work.resume('gpu')"),
    ("admin", "select * from work.problems()"),
    ("admin", "select * from work.mend()"),
    ("worker", "select work.clear_ended_jobs(10)"),
    (
        "admin",
        "update identity.users set status = 'deactivated' where email = 'eve@example.org'",
    ),
    ("auth", "insert into authjs.users (email) values ('mallory@example.org')"),
    ("auth", "delete from authjs.users where email = 'eve@example.org'"),
    ("admin", "delete from identity.users where email = 'mallory@example.org'"),
]


@contextmanager
def attacker(database: Database) -> Generator[tuple[psycopg.Connection, list[str]]]:
    """A session whose traps are set, and what was caught in them."""
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute(OPEN)
    caught: list[str] = []

    def hear(notice: psycopg.errors.Diagnostic) -> None:
        if (
            found := re.match(r"CAUGHT (.*)", notice.message_primary or "")
        ) is not None:
            caught.append(found[1])

    with psycopg.connect(database.url, autocommit=True, prepare_threshold=None) as conn:
        conn.execute(TRAPS)
        conn.add_notice_handler(hear)
        yield conn, caught


def live(conn: psycopg.Connection, path: LiteralString) -> list[str]:
    """Do all of it with names looked up where the login wants; gives what failed."""
    failed: list[str] = []
    user = None
    for role, deed in DEEDS:
        try:
            with conn.transaction():
                conn.execute(
                    "select identity.bind(%s, %s, 'eve')",
                    [f"renderstore_{role}", user if role == "app" else None],
                )
                conn.execute(sql.SQL("set local search_path = ") + sql.SQL(path))
                conn.execute(deed)
        except psycopg.Error as error:
            failed.append(f"{role}: {deed}: {error}")
        if user is None:
            with conn.transaction():
                conn.execute("select identity.bind('renderstore_auth', null, 'eve')")
                row = conn.execute(
                    "select id from identity.users where email = 'eve@example.org'"
                ).fetchone()
                user = row and row[0]
    return failed


PATHS: list[LiteralString] = ["''", "pg_temp, evil, pg_catalog"]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_of_a_login_s_runs_as_the_owner(
    database: Database, path: LiteralString
) -> None:
    with attacker(database) as (conn, caught):
        failed = live(conn, path)
    assert not caught, sorted(set(caught))
    assert not failed, "\n".join(failed)


def test_the_traps_spring_where_a_function_fixes_no_search_path(
    database: Database,
) -> None:
    with psycopg.connect(database.owner_url) as conn:
        conn.execute("set local role renderstore_owner")
        for (statement,) in conn.execute(
            "select format('alter function %s reset search_path', oid::regprocedure) from pg_proc"
            " where proowner = 'renderstore_owner'::regrole and prosqlbody is null"
        ).fetchall():
            conn.execute(statement)
    with attacker(database) as (conn, caught), suppress(psycopg.Error):
        live(conn, PATHS[1])
    kinds = {" ".join(each.split()[:2]) for each in caught}
    assert kinds >= {"pg_temp type", "evil function", "evil operator"}
