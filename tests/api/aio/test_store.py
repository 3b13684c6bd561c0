"""Scopes: one transaction each, in as few round trips as can be, committed by nobody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import AsyncConnection, sql
from tests.colours.aio import all_at_once, opened

from renderstore import aregister, errors, settings
from renderstore._scope.aio.bound import connection_class, cursor
from renderstore._scope.aio.plain import AsyncPlainConnection
from renderstore.aio.identity import plans
from renderstore.identity import UserStatus
from renderstore.store import AsyncScope, AsyncStore, aconnect
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
def either(database: Database, is_plain: bool) -> Generator[AsyncStore]:
    with opened(aconnect(database.url, size=2, plain=is_plain)) as store:
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


async def one(conn: AsyncConnection[Any], *, statement: str = WHO) -> Any:
    return await (await cursor(conn).execute(statement.encode())).fetchone()


async def bound_as(scope: AsyncScope) -> Any:
    seen = await scope.run(one)
    async with scope as conn:
        assert await one(conn) == seen
    async with scope as conn:
        assert await (await conn.execute(WHO)).fetchone() == seen
    return seen


async def test_each_scope_binds_its_role_user_and_actor(
    either: AsyncStore, administrator: UUID
) -> None:
    assert await bound_as(either.user(SOMEBODY)) == (
        "renderstore_app",
        str(SOMEBODY),
        f"user:{SOMEBODY}",
        "",
    )
    assert await bound_as(either.auth()) == ("renderstore_auth", "", "auth", "")
    assert await bound_as(either.worker("mac-3")) == (
        "renderstore_worker",
        "",
        "worker:mac-3",
        "",
    )
    assert await bound_as(either.readonly()) == (
        "renderstore_readonly",
        "",
        "readonly",
        "",
    )
    assert await bound_as(either.admin(reason="a repair")) == (
        "renderstore_admin",
        "",
        "dba:a repair",
        "",
    )
    assert await bound_as(either.admin(administrator)) == (
        "renderstore_admin",
        str(administrator),
        f"admin:{administrator}",
        "",
    )


async def test_only_an_active_administrator_enters_as_one(
    either: AsyncStore, database: Database, administrator: UUID
) -> None:
    with pytest.raises(errors.NotAnAdministrator, match="not an active administrator"):
        await either.admin(uuid4()).run(one)
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("update identity.users set status = 'suspended'")
    with pytest.raises(errors.NotAnAdministrator):
        await either.admin(administrator).run(one)


def test_a_dba_and_a_worker_say_who_they_are(either: AsyncStore) -> None:
    with pytest.raises(errors.Misconfigured, match="reason"):
        either.admin(reason=" ")
    with pytest.raises(errors.Misconfigured, match="worker"):
        either.worker("")


async def test_a_scope_that_was_not_granted_names_login_role_and_remedy(
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
        async with aconnect(settings.write_url(parts), plain=is_plain) as store:
            for _ in range(2):
                with pytest.raises(errors.ScopeNotGranted) as caught:
                    await store.worker("w").run(one)
                assert f'"{login}"' in caught.value.sentence
                remedy = f'grant renderstore_worker to "{login}"' + (
                    ";" if is_old else " with inherit false, set true;"
                )
                assert caught.value.sentence.endswith(remedy)
                assert isinstance(caught.value.__cause__, psycopg.Error)
            with pytest.raises(errors.ScopeNotGranted):
                async with store.worker("w") as conn:
                    await conn.execute("select 1")
    finally:
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute(sql.SQL("drop role {}").format(sql.Identifier(login)))


async def test_a_database_without_migrations_says_so(
    empty_database: Database, is_plain: bool
) -> None:
    async with aconnect(empty_database.url, plain=is_plain) as store:
        for _ in range(2):
            with pytest.raises(errors.NotMigrated, match="migrate`"):
                await store.user(SOMEBODY).run(one)
        with pytest.raises(errors.NotMigrated):
            async with store.user(SOMEBODY) as conn:
                await conn.execute("select 1")


async def test_a_scope_commits_when_it_ends_and_rolls_back_when_it_fails(
    either: AsyncStore, database: Database
) -> None:
    async def insert(conn: AsyncConnection[Any], *, email: str) -> None:
        await cursor(conn).execute(
            "insert into identity.users (email) values (%s)", (email,)
        )

    async with either.admin(reason="test") as conn:
        await insert(conn, email="scope@example.org")
        await conn.execute(
            "update identity.users set name = 'Own' where email = 'scope@example.org'"
        )
    await either.admin(reason="test").run(insert, email="run@example.org")

    async def fail() -> None:
        async with either.admin(reason="test") as conn:
            await insert(conn, email="lost@example.org")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    with psycopg.connect(database.admin_url) as admin:
        found = admin.execute(
            "select email, name from identity.users order by id"
        ).fetchall()
    assert found == [("scope@example.org", "Own"), ("run@example.org", None)]


async def test_a_swallowed_error_is_raised_when_the_scope_ends(
    either: AsyncStore,
) -> None:
    async def swallow() -> None:
        async with either.admin(reason="test") as conn:
            await conn.execute(
                "insert into identity.users (email) values ('lost@example.org')"
            )
            with pytest.raises(psycopg.errors.DivisionByZero):
                await conn.execute("select 1 / 0")

    with pytest.raises(errors.ScopeBroken, match="Nothing was saved"):
        await swallow()
    assert await either.admin(reason="test").run(
        one, statement="select count(*) from identity.users"
    ) == (0,)


@pytest.mark.parametrize("statement", ["commit", "rollback", "select 1; commit"])
async def test_ending_the_transaction_in_sql_is_an_error(
    either: AsyncStore, statement: str
) -> None:
    with pytest.raises(errors.ScopeBroken, match="only the scope commits"):
        async with either.auth() as conn:
            await conn.execute(statement.encode())


async def test_ending_the_transaction_in_python_is_an_error(either: AsyncStore) -> None:
    for end in ("commit", "rollback"):
        with pytest.raises(errors.ScopeBroken, match="Only the scope commits"):
            async with either.auth() as conn:
                await getattr(conn, end)()


async def test_a_savepoint_saves_what_came_before(either: AsyncStore) -> None:
    async with either.admin(reason="test") as conn:
        with pytest.raises(psycopg.errors.DivisionByZero):
            async with conn.transaction():
                await conn.execute("select 1 / 0")
        await conn.execute(
            "insert into identity.users (email) values ('kept@example.org')"
        )
    assert await either.admin(reason="test").run(
        one, statement="select count(*) from identity.users"
    ) == (1,)


async def test_run_takes_one_statement(either: AsyncStore) -> None:
    async def twice(conn: AsyncConnection[Any]) -> None:
        await one(conn)
        await one(conn)

    with pytest.raises(errors.ScopeBroken, match="one statement"):
        await either.auth().run(twice)


async def test_run_gives_callers_own_sql_a_transaction(either: AsyncStore) -> None:
    async def own(conn: AsyncConnection[Any]) -> Any:
        await conn.execute(
            "insert into identity.users (email) values ('own@example.org')"
        )
        async with conn.cursor().copy(
            "copy (select email from identity.users) to stdout"
        ) as copy:
            return b"".join([bytes(row) async for row in copy])

    assert await either.admin(reason="test").run(own) == b"own@example.org\n"


async def test_a_scope_is_entered_once_at_a_time(either: AsyncStore) -> None:
    scope = either.auth()
    async with scope:
        with pytest.raises(errors.ScopeBroken, match="open already"):
            await scope.__aenter__()


async def test_a_serializable_scope_is_one(either: AsyncStore) -> None:
    isolation = "select current_setting('transaction_isolation')"
    scope = either.auth().serializable()
    assert await scope.run(one, statement=isolation) == ("serializable",)
    async with scope as conn:
        assert await one(conn, statement=isolation) == ("serializable",)
    assert await either.auth().run(one, statement=isolation) == ("read committed",)


async def trips(
    store: AsyncStore, log: Path, act: Callable[[], Awaitable[None]]
) -> int:
    """How often libpq asked the server for an answer while something was done."""
    pool, conn = await store.borrow()
    with log.open("w") as file:
        conn.pgconn.trace(file.fileno())
        conn.start_lend(None, single=False)
        await store.give_back(pool, conn, failed=True)
        await act()
        conn.pgconn.untrace()
    sent = [line.split("\t") for line in log.read_text().splitlines()]
    return sum(1 for line in sent if "F" in line and {"Sync", "Query"} & set(line))


@pytest.mark.parametrize(
    ("plain", "counts"), [(False, (0, 1, 2, 4, 3)), (True, (3, 4, 4, 6, 4))]
)
async def test_round_trips_are_as_few_as_promised(
    database: Database, tmp_path: Path, plain: bool, counts: tuple[int, ...]
) -> None:
    async with aconnect(database.url, size=1, plain=plain) as store:
        scope = store.user(SOMEBODY)

        async def unused() -> None:
            async with scope:
                pass

        async def run() -> None:
            await scope.run(one)

        async def single() -> None:
            async with scope as conn:
                await one(conn)

        async def three() -> None:
            async with scope as conn:
                for _ in range(3):
                    await one(conn)

        async def own() -> None:
            async with scope as conn:
                await conn.execute("select 1")

        for _ in range(7):  # past the point where statements are prepared
            for act in (run, single, three):
                await act()
        seen = [
            await trips(store, tmp_path / "trace", act)
            for act in (unused, run, single, three, own)
        ]
    assert tuple(seen) == counts


async def test_behind_a_pooler_nothing_is_prepared(
    database: Database, is_plain: bool
) -> None:
    url = database.url + ("&" if "?" in database.url else "?") + "pgbouncer=true"
    async with aconnect(url, size=1, plain=is_plain) as store:
        for _ in range(12):
            await store.auth().run(one)
            async with store.auth() as conn:
                await conn.execute("select %s::text", ("a",))
        assert await store.auth().run(
            one, statement="select count(*) from pg_catalog.pg_prepared_statements"
        ) == (0,)


async def test_enums_arrive_as_members_in_every_scope(
    either: AsyncStore, database: Database
) -> None:
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("insert into identity.users (email) values ('one@example.org')")
    for _ in range(3):
        found = await either.admin(reason="test").run(
            one, statement="select status, array[status] from identity.users"
        )
        assert found == (UserStatus.ACTIVE, [UserStatus.ACTIVE])
        assert isinstance(found[0], UserStatus)
        assert isinstance(found[1][0], UserStatus)


async def test_a_foreign_connection_can_learn_the_enums(database: Database) -> None:
    async with await AsyncConnection.connect(database.admin_url) as conn:
        await aregister(conn)
        made = await conn.execute(
            "insert into identity.users (email) values ('one@example.org') returning status"
        )
        found = await made.fetchone()
    assert found is not None
    assert isinstance(found[0], UserStatus)


async def test_generated_functions_run_on_a_foreign_connection(
    database: Database,
) -> None:
    async with await AsyncConnection.connect(database.admin_url) as conn:
        assert await one(conn, statement="select 1") == (1,)


async def test_ping_says_what_was_reached(
    either: AsyncStore, database: Database
) -> None:
    seen = await either.ping()
    found = settings.parse(database.url)
    assert (seen.login, seen.database, seen.host, seen.port) == (
        found.user,
        found.dbname,
        found.host,
        found.port,
    )
    assert seen.milliseconds > 0
    assert not seen.is_pooled


async def test_a_closed_store_says_so(database: Database) -> None:
    store = aconnect(database.url)
    await store.auth().run(one)
    await store.close()
    await store.close()
    with pytest.raises(errors.StoreClosed):
        await store.auth().run(one)


async def test_nothing_is_opened_before_the_first_scope() -> None:
    store = aconnect("postgresql://nobody@127.0.0.1:1/nothing")
    store.user(SOMEBODY)
    await store.close()


def test_a_store_hides_its_password() -> None:
    assert "s3cret" not in repr(aconnect("postgresql://web:s3cret@localhost/farm"))


async def test_an_untested_psycopg_takes_the_plain_way(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connection_class(plain=False) is not AsyncPlainConnection
    for version in ("3.4.0", "3.10.1", "4.0.0"):
        monkeypatch.setattr(psycopg, "__version__", version)
        assert connection_class(plain=False) is AsyncPlainConnection
        async with aconnect(database.url) as store:
            assert (await store.auth().run(one))[0] == "renderstore_auth"
            async with store.user(SOMEBODY) as conn:
                assert isinstance(conn, AsyncPlainConnection)
                assert (await one(conn))[1] == str(SOMEBODY)


async def test_many_share_a_store(database: Database) -> None:
    seen: list[bool] = []
    async with aconnect(database.url, size=3) as store:

        async def act(number: int) -> None:
            user = UUID(int=number)
            for _ in range(20):
                bound = (await store.user(user).run(one))[1]
                seen.append(bound == str(user))

        assert await all_at_once(12, act) == []
    assert seen == [True] * 240


# Who may enter is asked at the door


async def test_an_administrators_scope_runs_nothing_for_anybody_else(
    either: AsyncStore, database: Database, administrator: UUID
) -> None:
    ran: list[object] = []

    async def silent(conn: AsyncConnection[Any]) -> None:
        ran.append(conn)

    async def try_both(user_id: UUID) -> None:
        for scope in (either.admin(user_id), either.admin(user_id).serializable()):
            with pytest.raises(errors.NotAnAdministrator):
                async with scope as conn:
                    ran.append(conn)
            with pytest.raises(errors.NotAnAdministrator):
                await scope.run(silent)

    await try_both(uuid4())
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("update identity.users set status = 'suspended'")
    await try_both(administrator)
    assert ran == []
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("update identity.users set status = 'active'")
    await either.admin(administrator).run(silent)
    async with either.admin(administrator) as conn:
        ran.append(conn)
    assert len(ran) == 2


async def test_a_refused_scope_keeps_its_connection_and_says_nothing(
    database: Database, is_plain: bool, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = uuid4()
    pid = "select pg_backend_pid()"
    async with aconnect(database.url, size=1, plain=is_plain) as store:
        before = await store.auth().run(one, statement=pid)
        for _ in range(8):  # past the point where statements are prepared
            with pytest.raises(errors.NotAnAdministrator):
                await store.admin(nobody).run(one)
            with pytest.raises(errors.NotAnAdministrator):
                async with store.admin(nobody) as conn:
                    await one(conn)
            with pytest.raises(errors.TokenRefused):
                await store.token("made up").run(plans.list, page_size=1)
        assert await store.auth().run(one, statement=pid) == before
        assert (await store.user(SOMEBODY).run(one))[1] == str(SOMEBODY)
        assert len(await store.auth().run(plans.list, page_size=1)) == 1
    assert caplog.messages == []


# The caller's own SQL


async def test_an_error_of_callers_own_sql_leaves_the_scope_as_ours(
    either: AsyncStore,
) -> None:
    async def insert(conn: AsyncConnection[Any]) -> None:
        await conn.execute("insert into identity.users (email) values ('no address')")

    async def enter(scope: AsyncScope) -> None:
        async with scope as conn:
            await insert(conn)

    for scope in (either.admin(reason="test"), either.admin(reason="x").serializable()):
        with pytest.raises(errors.Invalid) as caught:
            await scope.run(insert)
        with pytest.raises(errors.Invalid) as same:
            await enter(scope)
        for each in (caught.value, same.value):
            assert each.constraint == "users_email_is_address_check"
            assert isinstance(each.__cause__, psycopg.errors.CheckViolation)
            assert "no address" not in each.sentence
    with pytest.raises(errors.NotAllowed):
        async with either.user(SOMEBODY) as conn:
            await conn.execute("select token_hash from identity.api_tokens")


async def test_what_is_no_error_of_the_databases_leaves_the_scope_as_it_is(
    either: AsyncStore,
) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        async with either.auth():
            raise ZeroDivisionError
    assert caught.value.__cause__ is None
