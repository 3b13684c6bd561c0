"""The sentences for programs in other languages: a function of the database, a file of the wheel."""

from __future__ import annotations

import json
from importlib.resources import files

import psycopg
import pytest

from renderstore import errors, migrations
from renderstore._sentences import COLUMNS, CONSTRAINTS
from renderstore.testing import Database

ASK = "select ops.sentence(%s, %s, %s)"
FOREIGN_KEY = ("identity", "accounts", "accounts_user_id_fkey")


@pytest.fixture(scope="module")
def file() -> dict[str, dict[str, dict[str, str]]]:
    said = (files("renderstore") / "sentences.json").read_text("utf-8")
    found: dict[str, dict[str, dict[str, str]]] = json.loads(said)
    return found


def test_the_file_has_every_rule_and_every_column_that_must_be_there(
    file: dict[str, dict[str, dict[str, str]]],
) -> None:
    assert list(file["constraints"]) == [".".join(place) for place in CONSTRAINTS]
    assert list(file["columns"]) == [".".join(place) for place in COLUMNS]
    for place, comment in CONSTRAINTS.items():
        said = file["constraints"][".".join(place)]
        if "; still referenced:" not in comment:
            assert said == {"sentence": comment}
            continue
        assert list(said) == ["sentence", "still_referenced"]
        for sentence in said.values():
            assert sentence[0].isupper(), place
            assert sentence.endswith("."), place
            assert sentence[:-1].lower() in comment.lower(), place


def test_the_function_says_what_the_file_says(
    database: Database, file: dict[str, dict[str, dict[str, str]]]
) -> None:
    with psycopg.connect(database.admin_url) as conn:
        for which, places in (("constraints", CONSTRAINTS), ("columns", COLUMNS)):
            for place in places:
                said = file[which][".".join(place)]
                if "still_referenced" not in said:
                    asked = conn.execute(ASK, place).fetchone()
                    assert asked == (said["sentence"],), place


@pytest.mark.parametrize("role", migrations.SCOPE_ROLES)
def test_every_role_may_ask(database: Database, role: str) -> None:
    with psycopg.connect(database.url) as conn:
        conn.execute("select identity.bind(%s, null, 'dba:test')", [role])
        for place in (FOREIGN_KEY, ("work", "percent", "percent_is_0_to_100_check")):
            asked = conn.execute(ASK, place).fetchone()
            assert asked == (CONSTRAINTS[place],)


@pytest.mark.parametrize(
    ("message", "half"),
    [
        (
            'insert or update on table "accounts" violates foreign key constraint "accounts_user_id_fkey"',
            0,
        ),
        (
            'update or delete on table "users" violates foreign key constraint "accounts_user_id_fkey" on table "accounts"',
            1,
        ),
        (
            "Aktualisieren oder Löschen in Tabelle »users« verletzt Fremdschlüssel-Constraint »accounts_user_id_fkey« von Tabelle »accounts«",
            1,
        ),
    ],
)
def test_the_message_tells_a_foreign_keys_directions_apart(
    database: Database, message: str, half: int
) -> None:
    with psycopg.connect(database.admin_url) as conn:
        asked = conn.execute(
            "select ops.sentence(%s, %s, %s, %s)", [*FOREIGN_KEY, message]
        ).fetchone()
    assert asked == (errors.directions(CONSTRAINTS[FOREIGN_KEY])[half],)


def test_a_partition_speaks_for_its_table(database: Database) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as conn:
        conn.execute("set role renderstore_owner")
        for statement in (
            "create table work.notes (id int constraint notes_pkey primary key,"
            " size int, constraint notes_size_is_small_check check (size < 9))"
            " partition by list (id)",
            "create table work.notes_1 partition of work.notes for values in (1)",
            "comment on constraint notes_pkey on work.notes is 'Once.'",
            "comment on constraint notes_size_is_small_check on work.notes is 'Small.'",
            "insert into work.notes values (1)",
        ):
            conn.execute(statement.encode())
        for row, sentence in (("(1, null)", "Once."), ("(1, 10)", "Small.")):
            with pytest.raises(psycopg.Error) as caught:
                conn.execute(f"insert into work.notes values {row}".encode())
            diag = caught.value.diag
            assert diag.table_name == "notes_1"
            place = [diag.schema_name, diag.table_name, diag.constraint_name]
            assert conn.execute(ASK, place).fetchone() == (sentence,)


@pytest.mark.parametrize(
    "place",
    [
        ("identity", "users", "nothing"),
        ("identity", "nothing", "users_pkey"),
        ("nothing", "users", "users_pkey"),
        (None, None, None),
    ],
)
def test_a_rule_that_is_not_ours_has_no_sentence(
    database: Database, place: tuple[str | None, str | None, str | None]
) -> None:
    with psycopg.connect(database.admin_url) as conn:
        assert conn.execute(ASK, place).fetchone() == (None,)
