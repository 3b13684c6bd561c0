"""What the database refuses reaches people as the sentence of the rule, and programs by its name."""

from __future__ import annotations

import asyncio
import gettext
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors as pg
from psycopg import sql
from tests import factories

from renderstore import errors
from renderstore._paths import MIGRATIONS
from renderstore._sentences import COLUMNS, CONSTRAINTS
from renderstore.identity import plans
from renderstore.render import jobs as renders
from renderstore.store import SyncStore, aconnect
from renderstore.testing import Database
from renderstore.work import jobs

from .provocations import (
    BEFORE,
    CHANGES,
    REMOVALS,
    STATEMENTS,
    VALID,
    insert,
    statements,
)
from .provocations_work import NOT_WHOLE
from .vocabulary import arguments

ROOMS = ["identity", "work", "render", "studio", "media", "ops", "audit"]
Place = tuple[str, str, str]

CATALOG = """
select pg_namespace.nspname, pg_class.relname, pg_constraint.conname, pg_constraint.contype::text,
    pg_constraint.confdeltype::text
from pg_catalog.pg_constraint
join pg_catalog.pg_class on pg_class.oid = pg_constraint.conrelid
join pg_catalog.pg_namespace on pg_namespace.oid = pg_class.relnamespace
where pg_namespace.nspname = any(%(rooms)s)
    and pg_constraint.contype not in ('n', 't')
    and pg_constraint.conparentid = 0
    and not pg_class.relispartition
union all
select pg_namespace.nspname, pg_type.typname, pg_constraint.conname, 'c', ''
from pg_catalog.pg_constraint
join pg_catalog.pg_type on pg_type.oid = pg_constraint.contypid
join pg_catalog.pg_namespace on pg_namespace.oid = pg_type.typnamespace
where pg_namespace.nspname = any(%(rooms)s)
union all
select pg_namespace.nspname, pg_class.relname, held.relname, 'u', ''
from pg_catalog.pg_index
join pg_catalog.pg_class on pg_class.oid = pg_index.indrelid
join pg_catalog.pg_class as held on held.oid = pg_index.indexrelid
join pg_catalog.pg_namespace on pg_namespace.oid = pg_class.relnamespace
where pg_namespace.nspname = any(%(rooms)s)
    and pg_index.indisunique
    and not pg_class.relispartition
    and not exists (
        select from pg_catalog.pg_constraint where conindid = pg_index.indexrelid
    )
order by 1, 2, 3
"""

NOT_NULL = """
select pg_namespace.nspname, pg_class.relname, pg_attribute.attname
from pg_catalog.pg_attribute
join pg_catalog.pg_class on pg_class.oid = pg_attribute.attrelid
join pg_catalog.pg_namespace on pg_namespace.oid = pg_class.relnamespace
where pg_namespace.nspname = any(%(rooms)s)
    and pg_class.relkind in ('r', 'p')
    and not pg_class.relispartition
    and pg_attribute.attnotnull
    and pg_attribute.attidentity = ''
    and pg_attribute.attnum > 0
order by 1, 2, 3
"""

# What the database writes where nobody says it.
FILLED = {("studio", "animations", "project_id")}

KINDS: dict[str, type[errors.Error]] = {
    "c": errors.Invalid,
    "p": errors.Taken,
    "u": errors.Taken,
    "x": errors.Taken,
    "f": errors.NotFound,
}


def _run(conn: psycopg.Connection, statement: str) -> None:
    with conn.transaction():
        conn.execute(statement.encode())
        conn.execute("set constraints all immediate")


def provoke(conn: psycopg.Connection, said: Sequence[str]) -> errors.Error:
    """The error that the last statement is translated to; nothing stays."""
    with conn.transaction(force_rollback=True):
        for statement in said[:-1]:
            conn.execute(statement.encode())
        with pytest.raises(psycopg.Error) as caught:
            _run(conn, said[-1])
    found = errors.translate(caught.value)
    assert isinstance(found, errors.Error), f"{said[-1]}: {caught.value}"
    # A program in another language asks for what Python is told.
    where = caught.value.diag
    rule = where.constraint_name or where.column_name
    place = (where.schema_name, where.table_name or where.datatype_name, rule)
    if place in CONSTRAINTS or place in COLUMNS:
        asked = conn.execute(
            "select ops.sentence(%s, %s, %s, %s)",
            [*place, where.message_primary],
        ).fetchone()
        assert asked == (found.sentence,), said[-1]
    return found


def test_every_constraint_is_provoked_and_speaks_its_comment(
    database: Database,
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        for statement in BEFORE:
            conn.execute(statement.encode())
        catalog = conn.execute(CATALOG, {"rooms": ROOMS}).fetchall()
        # What was dropped is no longer in the catalog: only who expects it misses it.
        places = {place[:3] for place in catalog}
        assert places == CHANGES.keys() | STATEMENTS.keys(), (
            "open tests/api/provocations.py"
        )
        for schema, table, name, kind, _ in catalog:
            place: Place = (schema, table, name)
            found = provoke(conn, statements(place))
            assert (found.schema, found.table, found.constraint) == place
            assert isinstance(found, KINDS[kind]), place
            parent = CONSTRAINTS[place].partition("; still referenced:")[0]
            assert found.sentence.rstrip(".") == parent.rstrip("."), place


@pytest.mark.parametrize("change", NOT_WHOLE, ids=str)
def test_a_job_that_is_not_whole_is_refused(
    database: Database, change: dict[str, str]
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        for statement in BEFORE:
            conn.execute(statement.encode())
        found = provoke(conn, [insert("work", "jobs", change)])
        assert found.constraint == "jobs_is_whole_check"


def test_every_parent_that_is_still_referenced_says_so(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        for statement in BEFORE:
            conn.execute(statement.encode())
        refusing: set[Place] = {
            (schema, table, name)
            for schema, table, name, kind, on_delete in conn.execute(
                CATALOG, {"rooms": ROOMS}
            )
            if kind == "f" and on_delete in {"a", "r"}
        }
        assert refusing == REMOVALS.keys(), "open tests/api/provocations.py: REMOVALS"
        for place in refusing:
            found = provoke(conn, [REMOVALS[place]])
            assert isinstance(found, errors.StillReferenced), place
            child = CONSTRAINTS[place].partition("; still referenced: ")[2]
            assert found.sentence.rstrip(".").lower() == child.rstrip(".").lower()


def test_every_missing_value_speaks_its_columns_comment(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        for statement in BEFORE:
            conn.execute(statement.encode())
        for schema, table, column in conn.execute(
            NOT_NULL, {"rooms": ROOMS}
        ).fetchall():
            assert (schema, table) in VALID, (
                f"add to VALID in tests/api/provocations.py: {table}"
            )
            if (schema, table, column) in FILLED:
                continue
            found = provoke(conn, [insert(schema, table, {column: "null"})])
            assert isinstance(found, errors.Missing), (table, column)
            assert COLUMNS[schema, table, column] in found.sentence


WRITABLE = """
select pg_class.relname, pg_attribute.attname
from pg_catalog.pg_class
join pg_catalog.pg_attribute on pg_attribute.attrelid = pg_class.oid
where pg_class.relnamespace = 'identity'::regnamespace
    and pg_class.relkind = 'r'
    and pg_attribute.atttypid = 'timestamptz'::regtype
    and exists (
        select
        from unnest(array['app', 'auth', 'worker', 'admin']) as role
        cross join unnest(array['insert', 'update']) as command
        where has_column_privilege(
            'renderstore_' || role, pg_class.oid, pg_attribute.attnum, command
        )
    )
order by 1, 2
"""


@pytest.mark.parametrize(
    "time", ["infinity", "-infinity", "1969-12-31 23:00+00", "9999-12-31 00:00+00"]
)
def test_no_role_writes_a_time_into_identity_that_a_client_cannot_read(
    database: Database, time: str
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        for statement in BEFORE:
            conn.execute(statement.encode())
        found = conn.execute(WRITABLE).fetchall()
        assert ("api_tokens", "expires_at") in found
        for table, column in found:
            said = provoke(conn, [insert("identity", table, {column: f"'{time}'"})])
            assert isinstance(said, errors.Invalid), (table, column)


def test_an_error_never_quotes_the_rows_values(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        found = provoke(
            conn,
            [
                "insert into identity.users (email) values ('s3cret@example.org')",
                "insert into identity.users (email) values ('s3cret@example.org')",
            ],
        )
    assert isinstance(found, errors.EmailTaken)
    assert found.sentence == "Another user already has this e-mail address."
    assert "s3cret" not in repr(found) + str(vars(found))


def test_a_constraint_without_a_comment_speaks_the_servers_words(
    empty_database: Database,
) -> None:
    with psycopg.connect(empty_database.admin_url, autocommit=True) as conn:
        conn.execute("create schema work")
        conn.execute(
            "create table work.things (id int constraint things_pkey primary key)"
        )
        conn.execute("insert into work.things values (7)")
        found = provoke(conn, ["insert into work.things values (7)"])
        assert type(found) is errors.Taken
        assert '"things_pkey"' in found.sentence
        conn.execute("create table work.parts (id int references work.things)")
        missing = provoke(conn, ["insert into work.parts values (8)"])
        assert type(missing) is errors.NotFound
        conn.execute("insert into work.parts values (7)")
        held = provoke(conn, ["delete from work.things"])
        assert type(held) is errors.StillReferenced


def test_a_key_onto_its_own_table_is_told_apart_too(empty_database: Database) -> None:
    with psycopg.connect(empty_database.admin_url, autocommit=True) as conn:
        conn.execute("create schema work")
        conn.execute(
            "create table work.trees (id int primary key, above int references work.trees)"
        )
        conn.execute("insert into work.trees values (1, null), (2, 1)")
        assert (
            type(provoke(conn, ["insert into work.trees values (3, 9)"]))
            is errors.NotFound
        )
        held = provoke(conn, ["delete from work.trees where id = 1"])
        assert type(held) is errors.StillReferenced


MESSAGES = (
    ('insert or update on table "%s" violates foreign key constraint "%s"', 2),
    (
        'update or delete on table "%s" violates foreign key constraint "%s" on table "%s"',
        3,
    ),
)


def test_the_two_directions_differ_in_every_language_of_postgresql() -> None:
    catalogs = [*Path("/usr/share").glob("locale/*/LC_MESSAGES/postgres-*.mo")]
    if not catalogs:
        pytest.skip(
            "No translations of PostgreSQL are installed (Debian: postgresql-15)."
        )
    for path in catalogs:
        with path.open("rb") as file:
            words = gettext.GNUTranslations(file)
        for message, names in MESSAGES:
            said = re.sub(r"%(\d\$)?s", "jobs", words.gettext(message))
            assert errors._names_in(said) == names, (path, said)  # pyright: ignore[reportPrivateUsage]


def test_rights_and_policies_refuse_as_not_allowed(store: SyncStore) -> None:
    with pytest.raises(errors.NotAllowed), store.worker("w") as conn:
        conn.execute("select email from identity.users")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (pg.SerializationFailure(), errors.Conflict),
        (pg.DeadlockDetected(), errors.Conflict),
        (pg.AdminShutdown(), errors.Unreachable),
        (pg.ConnectionFailure(), errors.Unreachable),
        (pg.WithCheckOptionViolation(), errors.NotAllowed),
        (pg.ExclusionViolation(), errors.Taken),
        (pg.NumericValueOutOfRange(), errors.Invalid),
        (pg.ProgramLimitExceeded(), errors.Invalid),
        (pg.QueryCanceled(), errors.TimedOut),
        (pg.LockNotAvailable(), errors.TimedOut),
        (pg.IdleInTransactionSessionTimeout(), errors.TimedOut),
        (pg.InFailedSqlTransaction(), errors.ScopeBroken),
        (pg.ReadOnlySqlTransaction(), errors.NotAllowed),
        (
            psycopg.OperationalError("server closed the connection unexpectedly"),
            errors.Unreachable,
        ),
    ],
)
def test_each_sqlstate_has_its_kind(
    error: psycopg.Error, kind: type[errors.Error]
) -> None:
    assert type(errors.translate(error)) is kind


@pytest.mark.parametrize(
    "error", [pg.UndefinedColumn(), pg.SyntaxError(), psycopg.ProgrammingError("x")]
)
def test_unknown_errors_pass_as_they_are(error: psycopg.Error) -> None:
    assert errors.translate(error) is error


RAISED = sorted(
    {
        state
        for path in MIGRATIONS.glob("*.sql")
        for state in re.findall(r"errcode = '(RS\d+)'", path.read_text())
    }
)


@pytest.mark.parametrize("state", RAISED)
def test_what_the_migrations_raise_has_a_class_of_its_own(
    database: Database, state: str
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        found = provoke(
            conn,
            [
                f"do $$ begin raise exception using errcode = '{state}',"
                " message = 'No.', constraint = 'plans_max_priority'; end $$"
            ],
        )
    assert type(found) not in {errors.Refused, errors.Error}
    assert (found.sentence, found.constraint) == ("No.", "plans_max_priority")


def test_a_plan_that_is_used_up_names_the_limit(store: SyncStore) -> None:
    user = _user_with(store, "max_active_jobs = 0")
    assert _refusal(store, user, _SUBMIT) == (
        errors.QuotaExceeded,
        "plans_max_active_jobs",
    )
    user = _user_with(store, "max_daily_jobs = 0")
    assert _refusal(store, user, _SUBMIT) == (
        errors.QuotaExceeded,
        "plans_max_daily_jobs",
    )
    user = _user_with(store, "max_priority = 4")
    assert _refusal(store, user, _SUBMIT) == (
        errors.QuotaExceeded,
        "plans_max_priority",
    )


def test_a_job_that_would_lose_its_specification_says_so(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        factories.job(conn)
        found = provoke(conn, ["delete from render.specs"])
    assert type(found) is errors.SpecificationMissing


def own(conn: psycopg.Connection) -> None:
    conn.execute("insert into identity.plans (id, name) values ('free', 'Free')")


async def aown(conn: psycopg.AsyncConnection) -> None:
    await conn.execute("insert into identity.plans (id, name) values ('free', 'Free')")


def test_the_caller_s_own_sql_speaks_in_the_same_sentences(
    database: Database, store: SyncStore
) -> None:
    said = CONSTRAINTS["identity", "plans", "plans_pkey"]
    with pytest.raises(errors.Taken) as caught, store.admin(reason="test") as conn:
        own(conn)
    assert caught.value.sentence == said
    assert isinstance(caught.value.__cause__, pg.UniqueViolation)
    with pytest.raises(errors.Taken):
        store.admin(reason="test").run(own)

    async def both() -> None:
        async with aconnect(database.url) as found:
            with pytest.raises(errors.Taken, match=said):
                async with found.admin(reason="test") as conn:
                    await aown(conn)
            with pytest.raises(errors.Taken, match=said):
                await found.admin(reason="test").run(aown)

    asyncio.run(both())


def test_a_slip_in_the_caller_s_own_sql_stays_psycopg_s(store: SyncStore) -> None:
    with pytest.raises(pg.UndefinedTable), store.admin(reason="test") as conn:
        conn.execute("select * from identity.nowhere")


def test_a_value_that_its_type_refuses_is_not_quoted(store: SyncStore) -> None:
    with pytest.raises(errors.Invalid) as caught, store.admin(reason="test") as conn:
        conn.execute("select %s::uuid", ["s3cret"])
    assert caught.value.sentence == "A value is not written as its type wants it."


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"name": "a\0"},
            "name takes text without a NUL character or half a surrogate pair.",
        ),
        (
            {"max_priority": 40_000},
            "max_priority takes a whole number from -32768 to 32767.",
        ),
        (
            {"share": 10**400},
            f"share takes a whole number from {-(2**63)} to {2**63 - 1}.",
        ),
    ],
    ids=["text", "smallint", "bigint"],
)
def test_a_value_that_is_refused_names_its_parameter(
    store: SyncStore, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(errors.Invalid) as caught, store.admin(reason="test") as conn:
        plans.create(conn, **{**arguments(plans.create), **given})
    assert caught.value.sentence == sentence
    assert caught.value.parameter == next(iter(given))
    assert caught.value.constraint is None


def test_a_page_has_no_negative_size(store: SyncStore) -> None:
    with pytest.raises(errors.Invalid) as caught, store.admin(reason="test") as conn:
        plans.list(conn, page_size=-1)
    assert caught.value.sentence == "page_size takes no negative number."


def test_what_python_cannot_hold_says_so(store: SyncStore, database: Database) -> None:
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "alter table identity.plans drop constraint plans_times_are_1970_to_9999_check"
        )
        conn.execute("update identity.plans set created_at = 'infinity'")
    with pytest.raises(errors.Unreadable, match=r"identity\.plans\.list"):
        store.readonly().run(plans.list, page_size=10)


def test_an_older_database_says_so(store: SyncStore, database: Database) -> None:
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("alter table identity.plans drop column share cascade")
    with pytest.raises(errors.NotMigrated):
        store.readonly().run(plans.list, page_size=10)


def test_what_a_job_may_not_become_and_who_is_no_worker_are_told_apart(
    store: SyncStore, database: Database
) -> None:
    made = factories.job(database, "completed")
    with pytest.raises(errors.TransitionRefused) as caught:
        store.user(made.user_id).run(jobs.cancel, id=made.id)
    assert caught.value.sentence == "This job has already completed."
    # Who merely inherits a role has entered none.
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        found = provoke(conn, ["select * from work.claim()"])
    assert type(found) is errors.NotAWorker


def test_a_label_that_nobody_offers_and_an_unknown_worker_say_so(
    store: SyncStore, database: Database
) -> None:
    user = factories.users.make(database)
    factories.offer(database, ["gpu", "ram-64"])
    with pytest.raises(errors.LabelUnknown) as strange:
        store.user(user).run(
            renders.submit, output_path="/a.mov", template_path="/a.aep", labels=["cpu"]
        )
    assert strange.value.sentence == (
        "No worker of this farm has offered the label cpu. There are: gpu, ram-64."
    )
    with pytest.raises(errors.WorkerUnknown) as unknown:
        store.worker("mac-1").run(jobs.claim, limit=1)
    assert unknown.value.sentence.startswith("The worker mac-1 is not registered")


def test_a_report_without_a_lease_says_that_it_was_lost(store: SyncStore) -> None:
    with pytest.raises(errors.LeaseLost), store.worker("w") as conn:
        conn.execute("select work.finish(%(id)s, %(id)s, 1)", {"id": uuid4()})


_SUBMIT = (
    "insert into render.jobs (user_id, project_path, output_path)"
    " values (%s, '/spot.aep', '/spot.mov')"
)


def _user_with(store: SyncStore, limit: LiteralString) -> UUID:
    """A user on a plan of which this is said."""
    name = f"p{uuid4().hex}"
    with store.admin(reason="test") as conn:
        conn.execute(
            "insert into identity.plans (id, name) values (%(name)s, %(name)s)",
            {"name": name},
        )
        conn.execute(
            sql.SQL("update identity.plans set {} where id = %s").format(
                sql.SQL(limit)
            ),
            [name],
        )
        row = conn.execute(
            "insert into identity.users (plan_id) values (%s) returning id", [name]
        ).fetchone()
    assert row is not None
    return UUID(str(row[0]))


def _refusal(
    store: SyncStore, user: UUID, statement: LiteralString, sent: str | None = None
) -> tuple[type[Exception], str | None]:
    """What a user is told who runs this and commits."""
    with pytest.raises(errors.Error) as caught, store.user(user) as conn:
        conn.execute(statement, [user if sent is None else sent])
    return type(caught.value), caught.value.constraint
