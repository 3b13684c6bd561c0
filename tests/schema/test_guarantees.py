"""What must be there is there: not in the catalog's words, which forget what was dropped."""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum
from types import ModuleType

import psycopg
import pytest
from tests.api.provocations import BEFORE, VALID, insert

from renderstore.identity import enums as identity
from renderstore.render import enums as render
from renderstore.studio import enums as studio
from renderstore.testing import Database
from renderstore.work import enums as work

from .guarantees import ALWAYS, DEFINERS, GIVEN, PINNED, REQUIRED, ROOMS, UNWALLED

HERE = "tests/schema/guarantees.py"

COLUMNS = """
select pg_namespace.nspname, pg_class.relname, pg_attribute.attname::text
from pg_catalog.pg_attribute
join pg_catalog.pg_class on pg_class.oid = pg_attribute.attrelid
join pg_catalog.pg_namespace on pg_namespace.oid = pg_class.relnamespace
where pg_namespace.nspname = any(%(rooms)s)
    and pg_class.relkind in ('r', 'p')
    and not pg_class.relispartition
    and pg_attribute.attnum > 0
    and not pg_attribute.attisdropped
"""


def test_what_is_never_null_is_written_down(database: Database) -> None:
    with psycopg.connect(database.admin_url) as conn:
        found = {
            *conn.execute(
                f"{COLUMNS} and pg_attribute.attnotnull".encode(), {"rooms": [*ROOMS]}
            )
        }
    written = {
        (*table, column)
        for table, names in REQUIRED.items()
        for column in names.split()
    }
    assert found == written, f"open {HERE}: REQUIRED"


def test_a_row_is_given_what_it_came_without(database: Database) -> None:
    with psycopg.connect(database.admin_url) as conn:
        found = {
            *conn.execute(
                f"{COLUMNS} and pg_attribute.atthasdef".encode(), {"rooms": [*ROOMS]}
            )
        }
        written = {(*table, column) for table in GIVEN for column in GIVEN[table]}
        assert found == written, f"open {HERE}: GIVEN"
        for statement in BEFORE:
            conn.execute(statement.encode())
        for (schema, table), given in GIVEN.items():
            if VALID[schema, table].keys() <= given.keys():
                # The only row that the table takes is there already.
                conn.execute(f"delete from {schema}.{table}".encode())
                statement = f"insert into {schema}.{table} default values"
            else:
                assert VALID[schema, table].keys().isdisjoint(given)
                statement = insert(schema, table, {})
            asked = ", ".join(f"coalesce({each}, false)" for each in given.values())
            answers = conn.execute(f"{statement} returning {asked}".encode()).fetchone()
            assert answers is not None
            wrong = [
                each
                for each, is_true in zip(given.values(), answers, strict=True)
                if not is_true
            ]
            assert not wrong, f"{schema}.{table}"


def test_what_has_no_row_security_is_written_down(database: Database) -> None:
    with psycopg.connect(database.admin_url) as conn:
        found = {
            str(room): str(names)
            for room, names in conn.execute(
                "select relnamespace::regnamespace::text,"
                " string_agg(relname, ' ' order by relname)"
                " from pg_catalog.pg_class"
                " where relnamespace::regnamespace::text = any (%s)"
                " and relkind in ('r', 'p')"
                " and not (relrowsecurity and relforcerowsecurity)"
                " group by relnamespace",
                [[*ROOMS]],
            )
        }
    assert found == UNWALLED, f"open {HERE}: UNWALLED"


def test_what_replication_must_not_miss_is_written_down(database: Database) -> None:
    with psycopg.connect(database.admin_url) as conn:
        found = {
            str(name)
            for (name,) in conn.execute(
                "select pg_trigger.tgname from pg_catalog.pg_trigger"
                " join pg_catalog.pg_class on pg_class.oid = pg_trigger.tgrelid"
                " where pg_class.relnamespace::regnamespace::text = any (%s)"
                " and pg_trigger.tgenabled = 'A'",
                [[*ROOMS]],
            )
        }
    assert found == ALWAYS, f"open {HERE}: ALWAYS"


def test_who_runs_with_more_rights_is_written_down(database: Database) -> None:
    with psycopg.connect(database.admin_url) as conn:
        found = {
            str(room): str(names)
            for room, names in conn.execute(
                "select pronamespace::regnamespace::text,"
                " string_agg(proname, ' ' order by proname)"
                " from pg_catalog.pg_proc"
                " where pronamespace::regnamespace::text = any (%s) and prosecdef"
                " group by pronamespace",
                [[*ROOMS]],
            )
        }
    assert found == DEFINERS, f"open {HERE}: DEFINERS"


def test_what_functions_set_for_themselves_is_written_down(
    database: Database,
) -> None:
    """A plan that is right without its pin on one server is wrong on another: nothing else would notice."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    with psycopg.connect(database.admin_url) as conn:
        for name, settings in conn.execute(
            "select pronamespace::regnamespace || '.' || proname, proconfig"
            " from pg_catalog.pg_proc"
            " where pronamespace::regnamespace::text = any (%s)",
            [[*ROOMS]],
        ):
            pins = [each for each in settings or () if "search_path" not in each]
            if pins:
                found[" ".join(sorted(pins))].add(name)
    written = {pins: {*names.split()} for pins, names in PINNED.items()}
    assert found == written, f"open {HERE}: PINNED"


@pytest.mark.parametrize(
    "module", [identity, work, render, studio], ids=lambda each: each.__name__
)
def test_python_knows_every_value_of_an_enum(
    database: Database, module: ModuleType
) -> None:
    room = module.__name__.split(".")[1]
    with psycopg.connect(database.admin_url) as conn:
        found = conn.execute(
            "select pg_type.typname::text,"
            " array_agg(pg_enum.enumlabel::text order by pg_enum.enumsortorder)"
            " from pg_catalog.pg_type"
            " join pg_catalog.pg_enum on pg_enum.enumtypid = pg_type.oid"
            " where pg_type.typnamespace = %s::regnamespace"
            " group by pg_type.typname",
            [room],
        ).fetchall()
    known = {
        each.__name__.lower(): [str(value) for value in each]
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, StrEnum) and each is not StrEnum
    }
    assert {name.replace("_", ""): labels for name, labels in found} == known
