"""Generated modules: current, typed by PostgreSQL, and the same for asyncio."""

import asyncio
import inspect
import re
import sys
from collections.abc import Callable, Generator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import psycopg
import pytest

import renderstore._queries
from renderstore import _schema, aregister, identity, register
from renderstore._dev import typegen
from renderstore._dev.typegen import Refused, generate
from renderstore._sentences import COLUMNS, CONSTRAINTS
from renderstore.errors import Error, Invalid, NotFound
from renderstore.identity import UserRole
from renderstore.testing.servers import Database, Server

NOBODY = UUID(int=0)

LAB = """-- A file to try every kind of query with.

-- name: get(id)^
-- A row, or an error.
select id::int as id, 'a' as name from generate_series(1, 3) as id where id = :id;

-- name: find(id)^
-- A row, or None; a path such as C:\\ and "quotes" stay as they are: \"\"\"
select id::int as id from generate_series(1, 3) as id where id = :id::int;

-- name: list(least)
-- Several rows.
select id from generate_series(1, 3) as id where id >= :least::int order by id;

-- name: total(least)$
-- A value.
select sum(id) from generate_series(1, 3) as id where id >= :least::int having count(*) > 0;

-- name: find_total(least)$
-- A value, or None without a row.
select sum(id) from generate_series(1, 3) as id where id >= :least::int having count(*) > 0;

-- name: end(ids)!
-- How many were touched.
-- null: ids?
delete from identity.users where id = any(:ids);

-- name: percent(pattern)$
-- A literal percent sign.
select 'abc' like :pattern || '%%';

-- name: echo(value, several, maybe)^
-- JSON as it came.
-- null: maybe?
select :value::jsonb as value, :several::jsonb[] as several, :maybe::jsonb as maybe;

-- name: pick(id, kind)^
-- Parameters and columns of one name, each with its own sign.
-- null: :id? :kind? id! kind!
select nullif(:id::bigint, 0) as id, nullif(:kind::text, '') as kind;

-- name: roles(roles)^
-- Enumerated types.
select :roles::identity.user_role[] as roles, 'user'::identity.user_role as role;

-- name: reveal()^
-- A row with a secret.
-- secret: token_hash
select 'shown' as name, 'hidden' as token_hash;

-- name: activity()$
-- What the server says that it runs.
select query from pg_catalog.pg_stat_activity where pid = pg_backend_pid();

-- name: break_rule()^
-- A user whose name is refused.
insert into identity.users (name, plan_id) select '', id from identity.plans returning id;

-- name: nothing()!
-- A function without a result.
select pg_sleep(0);
"""

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def migrated(renderstore_server: Server) -> Generator[Database]:
    made = renderstore_server.clone()
    with psycopg.connect(made.owner_url) as conn:
        if conn.info.server_version < 180000:
            pytest.skip("the generator needs PostgreSQL 18")
    yield made
    renderstore_server.drop(made)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A place for query files and what is generated from them."""
    folder = tmp_path / "sql" / "queries" / "identity"
    folder.mkdir(parents=True)
    (folder / "lab.sql").write_text(LAB)
    return tmp_path


def generated(database: Database, tree: Path, *, check: bool = False) -> list[str]:
    queries = tree / "sql" / "queries"
    return generate(database.owner_url, check=check, queries=queries, package=tree)


@pytest.fixture(scope="module")
def lab(
    migrated: Database, tmp_path_factory: pytest.TempPathFactory
) -> Generator[tuple[ModuleType, ModuleType]]:
    """The modules generated from LAB, sync and async."""
    tree = tmp_path_factory.mktemp("lab")
    path = tree / "sql" / "queries" / "identity" / "lab.sql"
    path.parent.mkdir(parents=True)
    path.write_text(LAB)
    generated(migrated, tree)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(renderstore._queries, "QUERIES", path.parents[1])
        renderstore._queries.load.cache_clear()

        def load(name: str) -> ModuleType:
            # Under a name of its own, so that no coverage is asked of it.
            place = tree.joinpath(*name.split(".")[1:]).with_suffix(".py")
            spec = spec_from_file_location("lab", place)
            assert spec is not None
            assert spec.loader is not None
            module = module_from_spec(spec)
            patch.setitem(sys.modules, name, module)
            spec.loader.exec_module(module)
            return module

        yield load("renderstore.identity.lab"), load("renderstore.aio.identity.lab")


@pytest.fixture(params=["sync", "asyncio"])
def run(
    request: pytest.FixtureRequest,
    migrated: Database,
    lab: tuple[ModuleType, ModuleType],
) -> Run:
    """Calls a function of LAB by its name in a transaction of its own."""

    def call(name: str, **arguments: object) -> Any:
        with psycopg.connect(migrated.owner_url) as conn:
            register(conn)
            return getattr(lab[0], name)(conn, **arguments)

    async def acall(name: str, **arguments: object) -> Any:
        async with await psycopg.AsyncConnection.connect(migrated.owner_url) as conn:
            await aregister(conn)
            return await getattr(lab[1], name)(conn, **arguments)

    if request.param == "sync":
        return call

    def wait(name: str, **arguments: object) -> Any:
        return asyncio.run(acall(name, **arguments))

    return wait


def test_generated_modules_are_what_the_queries_and_the_database_say(
    migrated: Database,
) -> None:
    assert generate(migrated.owner_url, check=True) == [], "run `just generate`"


def test_generating_again_changes_nothing(migrated: Database, tree: Path) -> None:
    assert generated(migrated, tree)
    assert generated(migrated, tree) == []


def test_a_check_writes_nothing(migrated: Database, tree: Path) -> None:
    assert generated(migrated, tree, check=True)
    assert not (tree / "identity").exists()


def test_a_stale_module_is_named_with_its_query_and_line(
    migrated: Database, tree: Path
) -> None:
    generated(migrated, tree)
    path = tree / "sql" / "queries" / "identity" / "lab.sql"
    path.write_text(LAB.replace("'a' as name", "'a' as title"))
    assert generated(migrated, tree, check=True) == [
        "sql/queries/identity/lab.sql:3 get: identity/lab.py is not what it says.",
    ]
    path.write_text(
        LAB.replace("list(least)", "list(lowest)").replace(
            ":least::int order", ":lowest::int order"
        )
    )
    assert generated(migrated, tree, check=True) == [
        "sql/queries/identity/lab.sql:11 list: identity/lab.py is not what it says.",
        "sql/queries/identity/lab.sql:11 list: aio/identity/lab.py is not what it says.",
        "_parameters.py: it is not what the database says.",
    ]


def test_what_has_no_query_any_more_is_named_and_removed(
    migrated: Database, tree: Path
) -> None:
    generated(migrated, tree)
    (tree / "sql" / "queries" / "identity" / "lab.sql").unlink()
    gone = [
        "identity/lab.py: its query file is gone.",
        "aio/identity/lab.py: its query file is gone.",
    ]
    assert generated(migrated, tree, check=True)[-2:] == gone
    assert generated(migrated, tree)[-2:] == gone
    assert not (tree / "identity" / "lab.py").exists()
    assert not (tree / "aio" / "identity" / "lab.py").exists()


def test_a_server_of_another_version_is_refused(
    migrated: Database, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typegen, "SERVER", 17)
    with pytest.raises(Refused, match=r"PostgreSQL 17.* is 18; run it on 17\."):
        generated(migrated, tree)


def test_get_gives_a_row_or_raises(run: Run) -> None:
    assert (run("get", id=1).id, run("get", id=1).name) == (1, "a")
    with pytest.raises(NotFound, match=r"identity\.lab\.get"):
        run("get", id=9)


def test_find_gives_a_row_or_none(run: Run) -> None:
    assert run("find", id=2).id == 2
    assert run("find", id=9) is None


def test_a_list_is_read_to_its_end(run: Run) -> None:
    assert [each.id for each in run("list", least=2)] == [2, 3]
    assert run("list", least=9) == []


def test_a_value_is_given_or_raises(run: Run) -> None:
    assert run("total", least=2) == 5
    with pytest.raises(NotFound, match=r"identity\.lab\.total"):
        run("total", least=9)


def test_a_value_is_found_or_none(run: Run) -> None:
    assert run("find_total", least=2) == 5
    assert run("find_total", least=9) is None


def test_a_change_gives_its_count(run: Run) -> None:
    assert run("end", ids=[NOBODY]) == 0
    assert run("end") == 0
    assert run("nothing") == 1


def test_a_percent_sign_is_one_percent_sign(run: Run) -> None:
    assert run("percent", pattern="a") is True
    assert run("percent", pattern="b") is False


def test_json_arrives_as_it_left(run: Run) -> None:
    found = run("echo", value={"a": [1, None]}, several=["b", {}], maybe=None)
    assert (found.value, found.several, found.maybe) == (
        {"a": [1, None]},
        ["b", {}],
        None,
    )
    assert run("echo", value=1, several=[], maybe=[True]).maybe == [True]


def test_a_parameter_and_a_column_of_one_name_have_signs_of_their_own(
    lab: tuple[ModuleType, ModuleType],
) -> None:
    for module in lab:
        asked = inspect.signature(module.pick).parameters
        assert [asked[each].annotation for each in ("id", "kind")] == [
            int | None,
            str | None,
        ]
        assert asked["id"].default is None
        given = inspect.signature(module.PickRow).parameters
        assert [given[each].annotation for each in ("id", "kind")] == [int, str]


def test_enumerated_types_go_both_ways(run: Run) -> None:
    found = run("roles", roles=[UserRole.ADMIN])
    assert found.role is UserRole.USER
    assert found.roles == [UserRole.ADMIN]


def test_a_row_keeps_its_secret_out_of_its_repr(run: Run) -> None:
    found = run("reveal")
    assert found.token_hash == "hidden"
    assert repr(found) == "RevealRow(name='shown')"


def test_rows_are_equal_by_value_and_can_be_kept_in_a_set(run: Run) -> None:
    assert len({run("get", id=1), run("get", id=1)}) == 1


def test_the_server_sees_the_name_of_each_query(run: Run) -> None:
    assert run("activity").startswith("select /* identity.lab.activity */ query")


def test_pg_stat_statements_shows_the_name_of_each_query(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        try:
            conn.execute("create extension pg_stat_statements")
            conn.execute("select from pg_stat_statements limit 1")
        except psycopg.Error as error:
            pytest.skip(f"pg_stat_statements is not here: {error}")
        identity.users.count(conn)
        found = conn.execute(
            "select query from pg_stat_statements where query like '%identity.users.count%'"
        ).fetchone()
    assert found is not None


def test_a_broken_rule_is_told_in_its_sentence(run: Run) -> None:
    with pytest.raises(Invalid) as broken:
        run("break_rule")
    assert isinstance(broken.value.__cause__, psycopg.errors.CheckViolation)
    key = ("identity", "users", "users_name_is_short_check")
    assert str(broken.value) == CONSTRAINTS[key]


@pytest.mark.parametrize(
    ("name", "arguments"),
    {
        "get": {"id": "x"},
        "find": {"id": "x"},
        "list": {"least": "x"},
        "total": {"least": "x"},
        "find_total": {"least": "x"},
        "end": {"ids": ["x"]},
    }.items(),
)
def test_what_the_server_refuses_is_raised(
    run: Run, name: str, arguments: dict[str, object]
) -> None:
    with pytest.raises((Error, psycopg.Error)) as refused:
        run(name, **arguments)
    cause = refused.value.__cause__ or refused.value
    assert isinstance(cause, psycopg.errors.InvalidTextRepresentation)


def test_an_error_that_is_not_the_servers_passes_as_it_is(
    migrated: Database, lab: tuple[ModuleType, ModuleType]
) -> None:
    with psycopg.connect(migrated.owner_url) as conn:
        with pytest.raises(psycopg.ProgrammingError, match="cannot adapt") as refused:
            lab[0].get(conn, id=object())
        assert refused.value.__cause__ is None


def test_every_enumerated_type_is_listed_by_its_name() -> None:
    assert ("identity.user_role", UserRole) in _schema.ENUMS


def test_columns_that_must_not_be_null_have_a_sentence() -> None:
    assert COLUMNS["identity", "users", "created_at"]
    assert ("identity", "users", "email") not in COLUMNS


def test_the_queries_of_an_area_itself_are_reached_through_it(
    migrated: Database, tree: Path
) -> None:
    (tree / "sql" / "queries" / "ops").mkdir()
    path = tree / "sql" / "queries" / "ops" / "area.sql"
    path.write_text("-- The house.\n\n-- name: now()$\n-- The time.\nselect now();\n")
    generated(migrated, tree)
    package = (tree / "ops" / "__init__.py").read_text()
    assert "from renderstore.ops.area import now\n" in package
    # Beside it stand the area's enums.
    assert re.search(r'__all__ = \[[^]]*"now"', package)
    assert renderstore._queries.read(path)[0].query_name == "ops.now"
