"""`renderstore.schema.compare` names what differs from the migrations, and nothing else.

It runs on every version of PostgreSQL (.ci/run): what one writes otherwise than another is no difference.
"""

from __future__ import annotations

import json
from collections.abc import Generator

import psycopg
import pytest
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_loads
from tests.schema.mutations import MUTATIONS, Mutation

from renderstore import migrations, schema, settings
from renderstore._paths import CATALOG
from renderstore.errors import TimedOut
from renderstore.schema import Comparison, _reading
from renderstore.schema._catalog import LONG, read, text_of
from renderstore.schema._reading import reading
from renderstore.schema._views import as_16_writes_it
from renderstore.testing import Database, Server


@pytest.fixture(scope="module")
def shared(renderstore_server: Server) -> Generator[Database]:
    """A migrated database that this module never changes."""
    database = renderstore_server.clone()
    yield database
    renderstore_server.drop(database)


@pytest.fixture
def admin(shared: Database) -> Generator[psycopg.Connection]:
    """Its administrator, in a transaction that is undone."""
    with psycopg.connect(shared.admin_url) as conn:
        yield conn
        conn.rollback()


def sentences(found: Comparison) -> list[str]:
    return sorted(each.sentence for each in found.differences)


def test_an_unchanged_database_has_no_difference(admin: psycopg.Connection) -> None:
    found = schema.compare(admin)
    assert found.is_equal, found


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.sql[:60])
def test_each_mutation_is_named_and_nothing_else(
    admin: psycopg.Connection, mutation: Mutation
) -> None:
    if admin.info.server_version < mutation.since * 10000:
        pytest.skip(f"PostgreSQL {mutation.since} and later know it")
    admin.execute(mutation.sql.encode())
    assert sentences(schema.compare(admin)) == sorted(mutation.sentences)


def test_a_database_that_went_down_and_up_has_no_difference(
    database: Database,
) -> None:
    target = settings.parse(database.owner_url)
    names = migrations.names()
    migrations.roll_back(target, names[-8])
    with psycopg.connect(target.url) as conn:
        found = schema.compare(conn)
    assert found.pending == tuple(names[-8:])
    assert found.differences
    migrations.apply(target)
    with psycopg.connect(target.url) as conn:
        assert schema.compare(conn).is_equal


def test_migrations_that_this_package_lacks_are_named(
    admin: psycopg.Connection,
) -> None:
    admin.execute(
        "insert into public._yoyo_migration (migration_hash, migration_id)"
        " values ('later', '9999.come-later')"
    )
    found = schema.compare(admin)
    assert found.unknown == ("9999.come-later",)
    assert not found.is_equal


@pytest.fixture
def reader(database: Database) -> Generator[psycopg.Connection]:
    """A login that reads and may do nothing else: it inherits no role and makes no database."""
    name = sql.Identifier(f"{database.name}_reader")
    own = settings.parse(database.owner_url).conninfo | {
        "user": f"{database.name}_reader"
    }
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute(
            sql.SQL("create role {} login noinherit nocreatedb password {}").format(
                name, own.get("password", "")
            )
        )
        conn.execute(
            migrations.grant(
                conn.info.server_version, "renderstore_readonly", own["user"]
            )
        )
        try:
            with psycopg.connect(settings.write_url(own)) as reading:
                yield reading
        finally:
            conn.execute(sql.SQL("drop owned by {}").format(name))
            conn.execute(sql.SQL("drop role {}").format(name))


def test_a_login_that_only_reads_sees_each_difference_and_says_what_it_cannot(
    database: Database, reader: psycopg.Connection
) -> None:
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("drop index work.jobs_due_idx")
        conn.execute("alter table work.jobs no force row level security")
    found = schema.compare(reader)
    assert sentences(found) == [
        "Row-level security of the table work.jobs is not forced: its policies do not hold its owner.",
        "The index work.jobs_due_idx is missing.",
    ]
    assert [each.what for each in found.unseen] == ["the migrations"]
    grant = found.unseen[0].sentence.partition("types: ")[2]
    with psycopg.connect(database.owner_url) as conn:
        conn.execute(grant.encode())
    assert schema.compare(reader).unseen == ()


def test_what_a_login_may_not_see_is_said_and_not_compared(
    admin: psycopg.Connection,
) -> None:
    admin.execute("revoke select on pg_proc from public")
    admin.execute("set local role renderstore_app")
    found = schema.compare(admin)
    assert found.differences == ()
    assert [each.what for each in found.unseen] == [
        "the functions",
        "the grants",
        "the migrations",
    ]
    assert "permission denied for table pg_proc" in found.unseen[0].sentence


def test_neither_the_session_nor_its_transaction_is_changed(
    admin: psycopg.Connection,
) -> None:
    names = ["search_path", "timezone", "datestyle", "lock_timeout"]
    question = (
        "select array(select current_setting(name) from unnest(%s::text[]) as name)"
    )
    admin.execute("set local search_path = work")
    admin.execute("drop policy jobs_own on jobs")
    before = admin.execute(question, [names]).fetchone()
    assert schema.compare(admin).differences
    assert admin.execute(question, [names]).fetchone() == before
    assert (
        admin.execute("select from pg_policy where polname = 'jobs_own'").fetchall()
        == []
    )


def test_a_transaction_of_its_own_reads_one_moment_and_writes_nothing(
    shared: Database,
) -> None:
    with psycopg.connect(shared.admin_url) as conn:
        with reading(conn):
            assert conn.execute(
                "select current_setting('transaction_isolation'),"
                " current_setting('transaction_read_only')"
            ).fetchone() == ("repeatable read", "on")
        assert conn.info.transaction_status == TransactionStatus.IDLE
    with psycopg.connect(shared.admin_url, autocommit=True) as conn:
        assert schema.compare(conn).is_equal


def test_no_setting_of_a_session_makes_a_difference(shared: Database) -> None:
    with psycopg.Connection[DictRow].connect(
        shared.admin_url, row_factory=dict_row
    ) as conn:
        set_json_loads(lambda _: None, conn)
        for setting in (
            "search_path = work, identity, public",
            "timezone = 'Asia/Kolkata'",
            "datestyle = 'German'",
            "intervalstyle = 'iso_8601'",
            "bytea_output = 'escape'",
            "extra_float_digits = -10",
            "quote_all_identifiers = on",
        ):
            conn.execute(f"set {setting}".encode())
        conn.commit()
        assert schema.compare(conn).is_equal


def test_nobody_who_writes_rows_waits(shared: Database) -> None:
    with (
        psycopg.connect(shared.admin_url) as conn,
        psycopg.connect(shared.admin_url) as writer,
    ):
        conn.execute("begin")
        with reading(conn):
            read(conn)
            tables = writer.execute(
                "select oid::regclass::text from pg_class where relkind in ('r', 'p')"
                " and relowner = 'renderstore_owner'::regrole"
            ).fetchall()
            for (table,) in tables:
                writer.execute(
                    f"lock table {table} in share row exclusive mode nowait".encode()
                )


def test_it_gives_up_where_somebody_changes_the_structure(
    shared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(_reading.SETTINGS, "lock_timeout", "10ms")
    with (
        psycopg.connect(shared.admin_url) as migrating,
        psycopg.connect(shared.admin_url) as conn,
    ):
        migrating.execute("lock table identity.users in access exclusive mode")
        with pytest.raises(TimedOut, match="changes the structure"):
            schema.compare(conn)


def test_a_body_and_a_query_are_shown_on_both_sides(admin: psycopg.Connection) -> None:
    admin.execute(
        "create or replace function identity.lower_name() returns trigger language plpgsql"
        " set search_path = pg_catalog, pg_temp as $$\nbegin\n    return new;\nend\n$$"
    )
    admin.execute(
        "create or replace view authjs.verification_token"
        " with (security_invoker = true) as"
        " select identifier, created_at as expires, token from identity.verification_tokens"
    )
    view, function = schema.compare(admin).differences
    assert function.diff() == [
        "@@ -1,3 +1,2 @@",
        " begin",
        "-    new.name = lower(new.name);",
        "     return new;",
    ]
    assert "-    expires_at AS expires," in view.diff()
    assert "+    created_at AS expires," in view.diff()


def test_every_body_and_query_of_the_file_is_known_by_its_text() -> None:
    catalog = json.loads(CATALOG.read_text(encoding="utf-8"))
    unknown = [
        f"{kind} {name}"
        for kind, fact in LONG
        for name, facts in catalog[kind].items()
        if text_of(facts[fact]) is None
    ]
    assert not unknown


@pytest.mark.parametrize(
    ("on_15", "later"),
    [
        (
            ' SELECT jobs.id,\n    jobs."userId"\n   FROM work.jobs\n  WHERE (jobs.id > 1)',
            ' SELECT id,\n    "userId"\n   FROM work.jobs\n  WHERE (id > 1)',
        ),
        (
            " SELECT j.id\n   FROM work.jobs j\n  WHERE (EXISTS ( SELECT 1\n"
            "           FROM work.logs\n          WHERE (logs.job_id = j.id)))",
            " SELECT id\n   FROM work.jobs j\n  WHERE (EXISTS ( SELECT 1\n"
            "           FROM work.logs\n          WHERE (logs.job_id = j.id)))",
        ),
        (
            " SELECT x.a\n   FROM ( SELECT jobs.id AS a\n           FROM work.jobs) x",
            " SELECT a\n   FROM ( SELECT jobs.id AS a\n           FROM work.jobs) x",
        ),
        (
            " SELECT \"it's\".a,\n    '\"it''s\".a'::text AS t\n   FROM work.f(1, 2) \"it's\"(a, b)",
            " SELECT a,\n    '\"it''s\".a'::text AS t\n   FROM work.f(1, 2) \"it's\"(a, b)",
        ),
        (
            " SELECT jobs.*::work.jobs AS whole,\n    (jobs.place).jobs.x\n   FROM work.jobs",
            " SELECT jobs.*::work.jobs AS whole,\n    (place).jobs.x\n   FROM work.jobs",
        ),
    ],
)
def test_a_view_over_one_relation_reads_alike(on_15: str, later: str) -> None:
    assert as_16_writes_it(on_15) == later


@pytest.mark.parametrize(
    "definition",
    [
        " SELECT j.id\n   FROM (work.jobs j\n     JOIN work.logs l ON ((l.job_id = j.id)))",
        " SELECT j.id\n   FROM work.jobs j,\n    work.logs l",
        " SELECT j.id\n   FROM work.jobs j\n  WHERE (j.id = 1)\nUNION ALL\n SELECT l.id\n   FROM work.logs l",
        " SELECT 1 AS one",
    ],
)
def test_a_view_over_more_stays_as_it_is(definition: str) -> None:
    assert as_16_writes_it(definition) == definition
