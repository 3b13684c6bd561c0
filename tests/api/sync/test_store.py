"""Scopes: one transaction each, in as few round trips as can be, committed by nobody else.

Generated from tests/api/aio/test_store.py by `just generate`; do not edit.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection, sql
from tests.colours.sync import all_at_once, opened

from renderstore import errors, register, settings
from renderstore._scope.sync.bound import connection_class, cursor
from renderstore._scope.sync.plain import PlainConnection
from renderstore.identity import UserStatus, plans
from renderstore.store import SyncScope, SyncStore, connect
from renderstore.testing import Database

WHO = (
    "select current_setting('role'), current_setting('renderstore.user_id'),"
    " current_setting('renderstore.actor'), current_setting('search_path')"
)
SOMEBODY = UUID("00000000-0000-7000-8000-000000000001")


@pytest.fixture(params=["fast", "plain"])
def is_plain(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "plain")


@pytest.fixture
def either(database: Database, is_plain: bool) -> Generator[SyncStore]:
    with opened(connect(database.url, size=2, plain=is_plain)) as store:
        yield store


@pytest.fixture
def administrator(database: Database) -> UUID:
    with psycopg.connect(database.admin_url) as conn:
        found = conn.execute(
            "insert into identity.users (email, role) values ('admin@example.org', 'admin')"
            " returning id"
        ).fetchone()
    assert found is not None
    made = found[0]
    assert isinstance(made, UUID)
    return made


def one(conn: Connection[Any], *, statement: str = WHO) -> Any:
    return cursor(conn).execute(statement.encode()).fetchone()


def bound_as(scope: SyncScope) -> Any:
    seen = scope.run(one)
    with scope as conn:
        assert one(conn) == seen
    with scope as conn:
        assert conn.execute(WHO).fetchone() == seen
    return seen


def test_each_scope_binds_its_role_user_and_actor(
    either: SyncStore, administrator: UUID
) -> None:
    assert bound_as(either.user(SOMEBODY)) == (
        "renderstore_app",
        str(SOMEBODY),
        f"user:{SOMEBODY}",
        "",
    )
    assert bound_as(either.auth()) == ("renderstore_auth", "", "auth", "")
    assert bound_as(either.worker("mac-3")) == (
        "renderstore_worker",
        "",
        "worker:mac-3",
        "",
    )
    assert bound_as(either.readonly()) == (
        "renderstore_readonly",
        "",
        "readonly",
        "",
    )
    assert bound_as(either.admin(reason="a repair")) == (
        "renderstore_admin",
        "",
        "dba:a repair",
        "",
    )
    assert bound_as(either.admin(administrator)) == (
        "renderstore_admin",
        str(administrator),
        f"admin:{administrator}",
        "",
    )


def test_only_an_active_administrator_enters_as_one(
    either: SyncStore, database: Database, administrator: UUID
) -> None:
    with pytest.raises(errors.NotAnAdministrator, match="not an active administrator"):
        either.admin(uuid4()).run(one)
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("update identity.users set status = 'suspended'")
    with pytest.raises(errors.NotAnAdministrator):
        either.admin(administrator).run(one)


def test_a_dba_and_a_worker_say_who_they_are(either: SyncStore) -> None:
    with pytest.raises(errors.Misconfigured, match="reason"):
        either.admin(reason=" ")
    with pytest.raises(errors.Misconfigured, match="worker"):
        either.worker("")


def test_a_scope_that_was_not_granted_names_login_role_and_remedy(
    database: Database, is_plain: bool
) -> None:
    login = f"lonely_{uuid4().hex[:8]}"
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(
            sql.SQL("create role {} login noinherit").format(sql.Identifier(login))
        )
        admin.execute(
            sql.SQL("alter role {} password 'x'").format(sql.Identifier(login))
        )
        is_old = admin.info.server_version < 160000
    parts = settings.parse(database.url).conninfo | {"user": login, "password": "x"}
    try:
        with connect(settings.write_url(parts), plain=is_plain) as store:
            for _ in range(2):
                with pytest.raises(errors.ScopeNotGranted) as caught:
                    store.worker("w").run(one)
                assert f'"{login}"' in caught.value.sentence
                remedy = f'grant renderstore_worker to "{login}"' + (
                    ";" if is_old else " with inherit false, set true;"
                )
                assert caught.value.sentence.endswith(remedy)
                assert isinstance(caught.value.__cause__, psycopg.Error)
            with pytest.raises(errors.ScopeNotGranted):
                with store.worker("w") as conn:
                    conn.execute("select 1")
    finally:
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute(sql.SQL("drop role {}").format(sql.Identifier(login)))


def test_a_database_without_migrations_says_so(
    empty_database: Database, is_plain: bool
) -> None:
    with connect(empty_database.url, plain=is_plain) as store:
        for _ in range(2):
            with pytest.raises(errors.NotMigrated, match="migrate`"):
                store.user(SOMEBODY).run(one)
        with pytest.raises(errors.NotMigrated):
            with store.user(SOMEBODY) as conn:
                conn.execute("select 1")


def test_a_scope_commits_when_it_ends_and_rolls_back_when_it_fails(
    either: SyncStore, database: Database
) -> None:
    def insert(conn: Connection[Any], *, email: str) -> None:
        cursor(conn).execute("insert into identity.users (email) values (%s)", (email,))

    with either.admin(reason="test") as conn:
        insert(conn, email="scope@example.org")
        conn.execute(
            "update identity.users set name = 'Own' where email = 'scope@example.org'"
        )
    either.admin(reason="test").run(insert, email="run@example.org")

    def fail() -> None:
        with either.admin(reason="test") as conn:
            insert(conn, email="lost@example.org")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with psycopg.connect(database.admin_url) as admin:
        found = admin.execute(
            "select email, name from identity.users order by id"
        ).fetchall()
    assert found == [("scope@example.org", "Own"), ("run@example.org", None)]


def test_a_swallowed_error_is_raised_when_the_scope_ends(
    either: SyncStore,
) -> None:
    def swallow() -> None:
        with either.admin(reason="test") as conn:
            conn.execute(
                "insert into identity.users (email) values ('lost@example.org')"
            )
            with pytest.raises(psycopg.errors.DivisionByZero):
                conn.execute("select 1 / 0")

    with pytest.raises(errors.ScopeBroken, match="Nothing was saved"):
        swallow()
    assert either.admin(reason="test").run(
        one, statement="select count(*) from identity.users"
    ) == (0,)


@pytest.mark.parametrize("statement", ["commit", "rollback", "select 1; commit"])
def test_ending_the_transaction_in_sql_is_an_error(
    either: SyncStore, statement: str
) -> None:
    with pytest.raises(errors.ScopeBroken, match="only the scope commits"):
        with either.auth() as conn:
            conn.execute(statement.encode())


def test_ending_the_transaction_in_python_is_an_error(either: SyncStore) -> None:
    for end in ("commit", "rollback"):
        with pytest.raises(errors.ScopeBroken, match="Only the scope commits"):
            with either.auth() as conn:
                getattr(conn, end)()


def test_a_savepoint_saves_what_came_before(either: SyncStore) -> None:
    with either.admin(reason="test") as conn:
        with pytest.raises(psycopg.errors.DivisionByZero):
            with conn.transaction():
                conn.execute("select 1 / 0")
        conn.execute("insert into identity.users (email) values ('kept@example.org')")
    assert either.admin(reason="test").run(
        one, statement="select count(*) from identity.users"
    ) == (1,)


def test_run_takes_one_statement(either: SyncStore) -> None:
    def twice(conn: Connection[Any]) -> None:
        one(conn)
        one(conn)

    with pytest.raises(errors.ScopeBroken, match="one statement"):
        either.auth().run(twice)


def test_run_gives_callers_own_sql_a_transaction(either: SyncStore) -> None:
    def own(conn: Connection[Any]) -> Any:
        conn.execute("insert into identity.users (email) values ('own@example.org')")
        with conn.cursor().copy(
            "copy (select email from identity.users) to stdout"
        ) as copy:
            return b"".join([bytes(row) for row in copy])

    assert either.admin(reason="test").run(own) == b"own@example.org\n"


def test_a_scope_is_entered_once_at_a_time(either: SyncStore) -> None:
    scope = either.auth()
    with scope:
        with pytest.raises(errors.ScopeBroken, match="open already"):
            scope.__enter__()


def test_a_serializable_scope_is_one(either: SyncStore) -> None:
    isolation = "select current_setting('transaction_isolation')"
    scope = either.auth().serializable()
    assert scope.run(one, statement=isolation) == ("serializable",)
    with scope as conn:
        assert one(conn, statement=isolation) == ("serializable",)
    assert either.auth().run(one, statement=isolation) == ("read committed",)


def trips(store: SyncStore, log: Path, act: Callable[[], None]) -> int:
    """How often libpq asked the server for an answer while something was done."""
    pool, conn = store.borrow()
    with log.open("w") as file:
        conn.pgconn.trace(file.fileno())
        conn.start_lend(None, single=False)
        store.give_back(pool, conn, failed=True)
        act()
        conn.pgconn.untrace()
    sent = [line.split("\t") for line in log.read_text().splitlines()]
    return sum(1 for line in sent if "F" in line and {"Sync", "Query"} & set(line))


@pytest.mark.parametrize(
    ("plain", "counts"), [(False, (0, 1, 2, 4, 3)), (True, (3, 4, 4, 6, 4))]
)
def test_round_trips_are_as_few_as_promised(
    database: Database, tmp_path: Path, plain: bool, counts: tuple[int, ...]
) -> None:
    with connect(database.url, size=1, plain=plain) as store:
        scope = store.user(SOMEBODY)

        def unused() -> None:
            with scope:
                pass

        def run() -> None:
            scope.run(one)

        def single() -> None:
            with scope as conn:
                one(conn)

        def three() -> None:
            with scope as conn:
                for _ in range(3):
                    one(conn)

        def own() -> None:
            with scope as conn:
                conn.execute("select 1")

        for _ in range(7):  # past the point where statements are prepared
            for act in (run, single, three):
                act()
        seen = [
            trips(store, tmp_path / "trace", act)
            for act in (unused, run, single, three, own)
        ]
    assert tuple(seen) == counts


def test_behind_a_pooler_nothing_is_prepared(
    database: Database, is_plain: bool
) -> None:
    url = database.url + ("&" if "?" in database.url else "?") + "pgbouncer=true"
    with connect(url, size=1, plain=is_plain) as store:
        for _ in range(12):
            store.auth().run(one)
            with store.auth() as conn:
                conn.execute("select %s::text", ("a",))
        assert store.auth().run(
            one, statement="select count(*) from pg_catalog.pg_prepared_statements"
        ) == (0,)


def test_enums_arrive_as_members_in_every_scope(
    either: SyncStore, database: Database
) -> None:
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("insert into identity.users (email) values ('one@example.org')")
    for _ in range(3):
        found = either.admin(reason="test").run(
            one, statement="select status, array[status] from identity.users"
        )
        assert found == (UserStatus.ACTIVE, [UserStatus.ACTIVE])
        assert isinstance(found[0], UserStatus)
        assert isinstance(found[1][0], UserStatus)


def test_a_foreign_connection_can_learn_the_enums(database: Database) -> None:
    with Connection.connect(database.admin_url) as conn:
        register(conn)
        made = conn.execute(
            "insert into identity.users (email) values ('one@example.org') returning status"
        )
        found = made.fetchone()
    assert found is not None
    assert isinstance(found[0], UserStatus)


def test_generated_functions_run_on_a_foreign_connection(
    database: Database,
) -> None:
    with Connection.connect(database.admin_url) as conn:
        assert one(conn, statement="select 1") == (1,)


def test_ping_says_what_was_reached(either: SyncStore, database: Database) -> None:
    seen = either.ping()
    found = settings.parse(database.url)
    assert (seen.login, seen.database, seen.host, seen.port) == (
        found.user,
        found.dbname,
        found.host,
        found.port,
    )
    assert seen.milliseconds > 0
    assert not seen.is_pooled


def test_a_closed_store_says_so(database: Database) -> None:
    store = connect(database.url)
    store.auth().run(one)
    store.close()
    store.close()
    with pytest.raises(errors.StoreClosed):
        store.auth().run(one)


def test_nothing_is_opened_before_the_first_scope() -> None:
    store = connect("postgresql://nobody@127.0.0.1:1/nothing")
    store.user(SOMEBODY)
    store.close()


def test_a_store_hides_its_password() -> None:
    assert "s3cret" not in repr(connect("postgresql://web:s3cret@localhost/farm"))


def test_an_untested_psycopg_takes_the_plain_way(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connection_class(plain=False) is not PlainConnection
    for version in ("3.4.0", "3.10.1", "4.0.0"):
        monkeypatch.setattr(psycopg, "__version__", version)
        assert connection_class(plain=False) is PlainConnection
        with connect(database.url) as store:
            assert store.auth().run(one)[0] == "renderstore_auth"
            with store.user(SOMEBODY) as conn:
                assert isinstance(conn, PlainConnection)
                assert one(conn)[1] == str(SOMEBODY)


def test_many_share_a_store(database: Database) -> None:
    seen: list[bool] = []
    with connect(database.url, size=3) as store:

        def act(number: int) -> None:
            user = UUID(int=number)
            for _ in range(20):
                bound = store.user(user).run(one)[1]
                seen.append(bound == str(user))

        assert all_at_once(12, act) == []
    assert seen == [True] * 240


# Who may enter is asked at the door


def test_an_administrators_scope_runs_nothing_for_anybody_else(
    either: SyncStore, database: Database, administrator: UUID
) -> None:
    ran: list[object] = []

    def silent(conn: Connection[Any]) -> None:
        ran.append(conn)

    def try_both(user_id: UUID) -> None:
        for scope in (either.admin(user_id), either.admin(user_id).serializable()):
            with pytest.raises(errors.NotAnAdministrator):
                with scope as conn:
                    ran.append(conn)
            with pytest.raises(errors.NotAnAdministrator):
                scope.run(silent)

    try_both(uuid4())
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("update identity.users set status = 'suspended'")
    try_both(administrator)
    assert ran == []
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("update identity.users set status = 'active'")
    either.admin(administrator).run(silent)
    with either.admin(administrator) as conn:
        ran.append(conn)
    assert len(ran) == 2


def test_a_refused_scope_keeps_its_connection_and_says_nothing(
    database: Database, is_plain: bool, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = uuid4()
    pid = "select pg_backend_pid()"
    with connect(database.url, size=1, plain=is_plain) as store:
        before = store.auth().run(one, statement=pid)
        for _ in range(8):  # past the point where statements are prepared
            with pytest.raises(errors.NotAnAdministrator):
                store.admin(nobody).run(one)
            with pytest.raises(errors.NotAnAdministrator):
                with store.admin(nobody) as conn:
                    one(conn)
            with pytest.raises(errors.TokenRefused):
                store.token("made up").run(plans.list, page_size=1)
        assert store.auth().run(one, statement=pid) == before
        assert store.user(SOMEBODY).run(one)[1] == str(SOMEBODY)
        assert len(store.auth().run(plans.list, page_size=1)) == 1
    assert caplog.messages == []


# The caller's own SQL


def test_an_error_of_callers_own_sql_leaves_the_scope_as_ours(
    either: SyncStore,
) -> None:
    def insert(conn: Connection[Any]) -> None:
        conn.execute("insert into identity.users (email) values ('no address')")

    def enter(scope: SyncScope) -> None:
        with scope as conn:
            insert(conn)

    for scope in (either.admin(reason="test"), either.admin(reason="x").serializable()):
        with pytest.raises(errors.Invalid) as caught:
            scope.run(insert)
        with pytest.raises(errors.Invalid) as same:
            enter(scope)
        for each in (caught.value, same.value):
            assert each.constraint == "users_email_is_address_check"
            assert isinstance(each.__cause__, psycopg.errors.CheckViolation)
            assert "no address" not in each.sentence
    with pytest.raises(errors.NotAllowed):
        with either.user(SOMEBODY) as conn:
            conn.execute("select token_hash from identity.api_tokens")


def test_what_is_no_error_of_the_databases_leaves_the_scope_as_it_is(
    either: SyncStore,
) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        with either.auth():
            raise ZeroDivisionError
    assert caught.value.__cause__ is None
