"""The command `renderstore validate`: what people and programs are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator

import psycopg
import pytest
from click.testing import CliRunner, Result

from renderstore import migrations, settings
from renderstore.cli import cli
from renderstore.testing import Database, Server

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def parted(renderstore_server: Server) -> Generator[Database]:
    """A database that parted from its migrations in two rooms."""
    database = renderstore_server.clone()
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("drop index work.jobs_due_idx")
        conn.execute(
            "create or replace function identity.lower_name() returns trigger language plpgsql"
            " set search_path = pg_catalog, pg_temp as $$\nbegin\n    return new;\nend\n$$"
        )
    yield database
    renderstore_server.drop(database)


@pytest.fixture
def run(tmp_path: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in an empty folder."""
    monkeypatch.chdir(str(tmp_path))
    for name in ("DATABASE_URL", "DIRECT_URL", "UV_RUN_RECURSION_DEPTH"):
        monkeypatch.delenv(name, raising=False)

    def call(*options: str, url: str | None = None) -> Result:
        if url is not None:
            monkeypatch.setenv("DATABASE_URL", url)
        return CliRunner().invoke(cli, ["validate", *options])

    return call


def test_an_unchanged_database_exits_with_0(run: Run, database: Database) -> None:
    said = run(url=database.owner_url)
    name = settings.parse(database.owner_url).dbname
    assert said.exit_code == 0, said.output
    assert said.output.startswith(f"No difference: {name} on ")
    assert said.output.endswith(
        f" is what the {len(migrations.names())} migrations make.\n"
    )


def test_differences_are_told_by_room_and_exit_with_1(
    run: Run, parted: Database
) -> None:
    said = run(url=parted.owner_url)
    assert said.exit_code == 1
    assert said.output.splitlines()[:-1] == [
        "identity:",
        "  The body of the function identity.lower_name() differs from the migrations'.",
        "",
        "work:",
        "  The index work.jobs_due_idx is missing.",
        "",
    ]
    assert said.output.splitlines()[-1].startswith("2 differences between ")


def test_verbose_shows_both_sides(run: Run, parted: Database) -> None:
    said = run("--verbose", url=parted.owner_url)
    assert "      -    new.name = lower(new.name);\n" in said.output


def test_a_program_reads_the_same_as_json(run: Run, parted: Database) -> None:
    said = run("--json", url=parted.owner_url)
    assert said.exit_code == 1
    told = json.loads(said.output)
    assert (told["is_equal"], told["pending"], told["unknown"], told["unseen"]) == (
        *(False, [], []),
        [],
    )
    index, body = told["differences"]
    assert (body["kind"], body["name"], body["what"]) == (
        *("function", "identity.lower_name()"),
        "body",
    )
    assert "lower(new.name)" in body["expected"]
    assert "lower(new.name)" not in body["found"]
    assert (index["what"], index["found"]) == ("missing", None)
    assert index["sentence"] == "The index work.jobs_due_idx is missing."


def test_pending_migrations_come_first(run: Run, empty_database: Database) -> None:
    said = run(url=empty_database.owner_url)
    assert said.exit_code == 1
    first, *rest = said.output.splitlines()
    assert first.startswith(
        f"{len(migrations.names())} migrations pending: {migrations.names()[0]}, "
    )
    assert first.endswith(" more. What follows may be due to that.")
    assert "  The schema work is missing." in rest
    assert not [line for line in rest if "work.jobs" in line]


def test_what_is_not_seen_exits_with_2(run: Run, database: Database) -> None:
    said = run(url=database.url)
    assert said.exit_code == 2, said.output
    unseen, equal = said.output.splitlines()
    assert unseen.startswith(
        "Not compared. Which migrations are applied cannot be seen"
    )
    assert equal.startswith("No difference in what this login sees of ")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (None, "DATABASE_URL is not set"),
        (
            "postgresql://nobody@127.0.0.1:1/nowhere",
            "nowhere on 127.0.0.1 could not be",
        ),
        ("mysql://nobody@127.0.0.1/nowhere", "postgresql://"),
    ],
)
def test_no_database_exits_with_2_and_one_sentence(
    run: Run, url: str | None, sentence: str
) -> None:
    said = run(url=url)
    assert said.exit_code == 2
    assert sentence in said.output
    assert said.output.count("\n") == 1
