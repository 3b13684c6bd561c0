"""Each mistake in a query file stops the generator with one sentence."""

from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from renderstore._dev.typegen import Refused, generate
from renderstore.testing.servers import Database, Server

# A query file, and what the generator says of it behind `sql/queries/identity/lab.sql:`.
REFUSED = {
    "a query that PostgreSQL refuses": (
        "-- name: get(id)^\n-- A user.\nselect id\nfrom identity.nobody\nwhere id = :id;",
        "6 get: PostgreSQL refuses it: relation \"identity.nobody\" does not exist; correct"
        " the query, or apply the migrations that it needs.",
    ),
    "a name without its schema": (
        "-- name: get()^\n-- A user.\nselect id from users;",
        "5 get: PostgreSQL refuses it: relation \"users\" does not exist; correct the query,"
        " or apply the migrations that it needs.",
    ),
    "a name that is there twice": (
        "-- name: get()$\n-- One.\nselect 1;\n\n-- name: get()$\n-- Two.\nselect 2;",
        "7 get: line 3 already has a query of this name; rename one.",
    ),
    "a column without a name": (
        "-- name: get()^\n-- One.\nselect 1;",
        "3 get: a column has no name of use (?column?); give it one with `as`.",
    ),
    "a column that Python cannot name": (
        "-- name: get()^\n-- One.\nselect 1 as class;",
        "3 get: a column has no name of use (class); give it one with `as`.",
    ),
    "a column that is there twice": (
        "-- name: get()^\n-- One.\nselect 1 as a, 2 as a;",
        "3 get: two columns are called a; rename one with `as`.",
    ),
    "an undeclared parameter": (
        "-- name: get(id)^\n-- One.\nselect :id::int as a, :b::int as b;",
        "3 get: the parameter :b is not declared; add it to the parentheses after the"
        " query's name.",
    ),
    "an unused parameter": (
        "-- name: get(id, b)^\n-- One.\nselect :id::int as a;",
        "3 get: the parameter b is declared but not used; use it or drop it.",
    ),
    "a parameter that is declared twice": (
        "-- name: get(id, id)^\n-- One.\nselect :id::int as a;",
        "3 get: the parameter id is declared twice; drop one.",
    ),
    "a parameter that Python cannot name": (
        "-- name: get(from)^\n-- One.\nselect :from::int as a;",
        "3 get: a parameter cannot be called from in Python; choose another name.",
    ),
    "a parameter of no type": (
        "-- name: get(id)^\n-- One.\nselect :id is null as a;",
        "5 get: PostgreSQL refuses it: could not determine data type of parameter $1;"
        " correct the query, or apply the migrations that it needs.",
    ),
    "a comment between the lines of a query": (
        "-- name: get()^\n-- One.\nselect\n    1 as a\n-- and\n    , 2 as b;",
        "7 get: a comment may only stand above the first name or directly under a name;"
        " move it.",
    ),
    "a comment at the end of a line": (
        "-- name: get()^\n-- One.\nselect 1 as a; -- at 10:30",
        "5 get: a comment may only stand above the first name or directly under a name;"
        " move it.",
    ),
    "a comment above another name": (
        "-- name: get()$\n-- One.\nselect 1;\n\n-- Two:\n-- name: two()$\n-- Two.\nselect 2;",
        "7 get: a comment may only stand above the first name or directly under a name;"
        " move it.",
    ),
    "a block comment": (
        "-- name: get()^\n-- One.\nselect 1 /* one */ as a;",
        "5 get: a comment may only stand above the first name or directly under a name;"
        " move it.",
    ),
    "no description": (
        "-- name: get()^\n-- row: One\nselect 1 as a;",
        "3 get: it has no description; add a comment of one sentence under its name.",
    ),
    "no statement": (
        "-- name: get()^\n-- One.\n",
        "3 get: it has no statement; write one under its comment.",
    ),
    "two statements": (
        "-- name: get()^\n-- One.\nselect 1 as a; select 2 as a;",
        "3 get: a query is one statement and ends in one semicolon; split or end it.",
    ),
    "no semicolon": (
        "-- name: get()^\n-- One.\nselect ';' as a",
        "3 get: a query is one statement and ends in one semicolon; split or end it.",
    ),
    "a script": (
        "-- name: get()#\n-- One.\nselect 1 as a;",
        "3 get: the operator # is not used here; end the name in nothing (a list), ^ (a"
        " row), $ (a value) or ! (a count).",
    ),
    "an operator that forgets the result": (
        "-- name: get()<!\n-- One.\nselect 1 as a;",
        "3 get: the operator <! is not used here; end the name in nothing (a list), ^ (a"
        " row), $ (a value) or ! (a count).",
    ),
    "an operator for many": (
        "-- name: get()*!\n-- One.\nselect 1 as a;",
        "3 get: the operator *! is not used here; end the name in nothing (a list), ^ (a"
        " row), $ (a value) or ! (a count).",
    ),
    "a name without parentheses": (
        "-- name: get^\n-- One.\nselect 1 as a;",
        "3 get^: a name is written `-- name: verb(parameter, …)` and then nothing, ^, $ or"
        " !; write it so.",
    ),
    "a name that Python keeps": (
        "-- name: import()^\n-- One.\nselect 1 as a;",
        "3 import: Python has no function of this name; choose another.",
    ),
    "a name that a type needs": (
        "-- name: datetime()^\n-- One.\nselect 1 as a;",
        "3 datetime: its module needs this name for a type; rename the query.",
    ),
    "an unknown directive": (
        "-- name: get()^\n-- One.\n-- rows: One\nselect 1 as a;",
        "5 get: there is no directive `rows:`; there are `row:`, `null:` and `secret:` (or"
        " word the sentence anew).",
    ),
    "a directive that says nothing": (
        "-- name: get()^\n-- One.\n-- null: a\nselect 1 as a;",
        "5 get: the directive `null: a` cannot be read; write `row: ClassName`, `null:"
        " may_be? never!` or `secret: column`.",
    ),
    "a null that is nowhere": (
        "-- name: get()^\n-- One.\n-- null: b?\nselect 1 as a;",
        "3 get: `null:` names b, which is no parameter and no column of it; correct or drop"
        " it.",
    ),
    "a secret that is nowhere": (
        "-- name: get()^\n-- One.\n-- secret: b\nselect 1 as a;",
        "3 get: `secret:` names b, which is no column of it; correct or drop it.",
    ),
    "a row for a count": (
        "-- name: end()!\n-- One.\n-- row: User\ndelete from identity.users;",
        "3 end: it gives no rows but names a `row:`; drop the directive.",
    ),
    "a row of two shapes": (
        "-- name: a()^\n-- One.\n-- row: Thing\nselect 1 as a;\n\n"
        "-- name: b()^\n-- One.\n-- row: Thing\nselect null::int as a;",
        "8 b: its column a: int | None is not a: int, as a has it in row Thing; align the"
        " two or name another `row:`.",
    ),
    "a row of two lengths": (
        "-- name: a()^\n-- One.\n-- row: Thing\nselect 1 as a;\n\n"
        "-- name: b()^\n-- One.\n-- row: Thing\nselect 1 as a, 2 as b;",
        "8 b: it gives 2 columns and a gives 1 for row Thing; align the two or name"
        " another `row:`.",
    ),
    "a row named like a type": (
        "-- name: a()^\n-- One.\n-- row: UserRole\nselect 'user'::identity.user_role as a;",
        "3 a: its row class UserRole has the name of a type; name another `row:`.",
    ),
    "a lone percent sign": (
        "-- name: get()^\n-- One.\nselect\n    7 % 2 as a;",
        "6 get: a percent sign is read as a parameter; write %% for a literal one.",
    ),
    "a slice that reads as a parameter": (
        "-- name: get()^\n-- One.\nselect (array[1, 2])[1:2] as a;",
        "5 get: aiosql takes the number after a colon for a parameter; put spaces around"
        " the colon, as in [1 : 2].",
    ),
    "a colon in a string that aiosql does not know": (
        "-- name: get()^\n-- One.\nselect $$at :noon$$ as a;",
        "5 get: aiosql takes a colon inside this string for a parameter; write a plain"
        " string in single quotes.",
    ),
    "an integer that needs a cast": (
        "-- name: get(a)$\n-- One.\nselect array[1::bigint] @> :a;",
        "5 get: PostgreSQL refuses it: operator does not exist: bigint[] @> smallint[];"
        " psycopg sends each integer as the smallest type; cast it, as in :x::bigint.",
    ),
    "columns that a count drops": (
        "-- name: end()!\n-- One.\ndelete from identity.users returning id;",
        "3 end: it gives columns, which its ! drops; end its name in ^, $ or nothing.",
    ),
    "no columns for a row": (
        "-- name: end()^\n-- One.\ndelete from identity.users;",
        "3 end: it gives no columns; end its name in ! or add returning.",
    ),
    "two columns for a value": (
        "-- name: get()$\n-- One.\nselect 1 as a, 2 as b;",
        "3 get: it gives 2 columns where $ means one value; end it in ^.",
    ),
    "a row of nothing": (
        "-- name: get()^\n-- One.\nselect pg_sleep(0) as a;",
        "3 get: a function that gives void has no row; end its name in !.",
    ),
    "a whole row as a column": (
        "-- name: get()^\n-- One.\nselect users as a from identity.users as users;",
        "3 get: the column a is of type identity.users, which has no type in Python; cast"
        " it, or name the fields one by one.",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def migrated(renderstore_server: Server) -> Generator[Database]:
    made = renderstore_server.clone()
    with psycopg.connect(made.owner_url) as conn:
        if conn.info.server_version < 180000:
            pytest.skip("the generator needs PostgreSQL 18")
    yield made
    renderstore_server.drop(made)


def refusal(database: Database, folder: Path, file: str, text: str) -> str:
    path = folder / "sql" / "queries" / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(Refused) as refused:
        generate(database.owner_url, queries=path.parents[1], package=folder)
    assert not list(folder.glob("**/*.py"))
    return str(refused.value)


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_is_named_with_its_place_and_what_to_do(
    migrated: Database, tmp_path: Path, case: str
) -> None:
    text, sentence = REFUSED[case]
    said = refusal(migrated, tmp_path, "identity/lab.sql", f"-- Lab.\n\n{text}\n")
    assert said.startswith(f"sql/queries/identity/lab.sql:{sentence}")
    assert "\n" not in said


def test_a_file_says_what_it_holds(migrated: Database, tmp_path: Path) -> None:
    text = "-- name: get()$\n-- One.\nselect 1;\n"
    assert refusal(migrated, tmp_path, "identity/lab.sql", text) == (
        "sql/queries/identity/lab.sql:1: the file does not say what it holds; begin it"
        " with a comment of one sentence."
    )


def test_a_line_belongs_to_a_query(migrated: Database, tmp_path: Path) -> None:
    assert refusal(migrated, tmp_path, "identity/lab.sql", "-- Lab.\nselect 1;\n") == (
        "sql/queries/identity/lab.sql:2: this line belongs to no query; write"
        " `-- name: verb(parameters)` above it."
    )


def test_a_file_is_named_like_a_module(migrated: Database, tmp_path: Path) -> None:
    assert refusal(migrated, tmp_path, "identity/enums.sql", "-- Lab.\n") == (
        "sql/queries/identity/enums.sql: a module cannot have this name; rename the file."
    )


def test_a_file_lies_in_an_area(migrated: Database, tmp_path: Path) -> None:
    assert refusal(migrated, tmp_path, "idnetity/users.sql", "-- Lab.\n") == (
        "sql/queries/idnetity/users.sql: there is no area idnetity; move the file to one"
        " of identity, work, render, studio, media, ops, audit."
    )


# A change of the catalog, and what the generator says of it.
UNEXPLAINED = {
    "an enum": (
        "create type work.mood as enum ('good')",
        "work.mood: the type has no comment; add `comment on type` to its migration.",
    ),
    "a label that Python cannot name": (
        "create type work.mood as enum ('1st'); comment on type work.mood is 'Mood.'",
        "work.mood: the label '1st' has no name of its own in Python; rename it in a"
        " migration.",
    ),
    "a constraint": (
        "alter table work.lab add constraint lab_n_check check (n > 0)",
        "work.lab: constraint lab_n_check has no comment; add `comment on constraint`"
        " with the sentence that people read when they break it to its migration.",
    ),
    "a unique index": (
        "create unique index lab_n_key on work.lab (n)",
        "work.lab: index lab_n_key has no comment; add `comment on index` with the"
        " sentence that people read when they break it to its migration.",
    ),
    "a column": (
        "alter table work.lab add m int",
        "work.lab: column m has no comment; add `comment on column` to its migration.",
    ),
    "one direction of a foreign key": (
        "alter table work.lab add constraint lab_user_fkey foreign key (user_id)"
        " references identity.users;"
        " comment on constraint lab_user_fkey on work.lab is 'There is no such user.'",
        "work.lab: constraint lab_user_fkey has a comment for a missing parent alone; add"
        " `; still referenced: …` with the sentence for the other direction.",
    ),
}


@pytest.mark.parametrize("case", UNEXPLAINED)
def test_what_nobody_explained_stops_the_generator(
    database: Database, tmp_path: Path, case: str
) -> None:
    change, sentence = UNEXPLAINED[case]
    with psycopg.connect(database.owner_url) as conn:
        if conn.info.server_version < 180000:
            pytest.skip("the generator needs PostgreSQL 18")
        conn.execute(
            "set role renderstore_owner;"
            " create table work.lab (user_id uuid not null, n int);"
            " comment on column work.lab.n is 'N.';"
            " comment on column work.lab.user_id is 'Whose.'"
        )
        conn.execute(change.encode())
    with pytest.raises(Refused) as refused:
        generate(database.owner_url, queries=tmp_path, package=tmp_path)
    assert str(refused.value) == sentence
