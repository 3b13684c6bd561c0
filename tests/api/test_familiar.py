"""init, push, pull and resolve: what people know under these names, done without harm."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql

from renderstore import migrations, settings
from renderstore._paths import MIGRATIONS
from renderstore.cli import cli
from renderstore.testing import Database, Server

Run = Callable[..., Result]
LAST = migrations.names()[-1]
NEXT = f"{int(LAST[:4]) + 1:04d}"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in an empty folder; `by` is who migrates: the migrating login, or the server's administrator."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UV_RUN_RECURSION_DEPTH", raising=False)

    def call(*arguments: str, database: Database, by: str = "owner_url") -> Result:
        monkeypatch.setenv("DATABASE_URL", database.url)
        monkeypatch.setenv("DIRECT_URL", getattr(database, by))
        return CliRunner().invoke(cli, arguments)

    return call


def asked(database: Database, question: str) -> object:
    with psycopg.connect(database.admin_url) as conn:
        row = conn.execute(question.encode()).fetchone()
    return row[0] if row else None


def scratches(database: Database) -> object:
    return asked(
        database,
        f"select count(*) from pg_database where datname = '{database.name}_scratch'",
    )


def undo_last(database: Database) -> None:
    migrations.roll_back(settings.parse(database.owner_url), LAST)


def test_init_starts_and_fills_and_a_second_time_adds_nothing(
    run: Run, empty_database: Database, renderstore_server: Server
) -> None:
    first = run("init", database=empty_database)
    assert first.exit_code == 0, first.output
    assert f"{len(migrations.names())} migrations applied." in first.output
    jobs = asked(empty_database, "select count(*) from work.jobs")
    assert jobs
    second = run("init", database=empty_database)
    assert "Nothing to do: all is in place." in second.output
    assert asked(empty_database, "select count(*) from work.jobs") == jobs


def test_push_has_nothing_to_try_where_nothing_is_pending(
    run: Run, database: Database
) -> None:
    said = run("push", database=database)
    assert said.exit_code == 0
    assert said.output.startswith("Nothing to try: ")


def test_push_shows_what_changes_and_changes_nothing(
    run: Run, database: Database
) -> None:
    undo_last(database)
    said = run("push", database=database, by="admin_url")
    assert said.exit_code == 0, said.output
    assert "is missing." in said.output
    assert "Their rollbacks leave no trace." in said.output
    assert migrations.pending(settings.parse(database.owner_url)) == [LAST]
    assert not scratches(database)


def test_push_keeps_the_clone_when_asked_and_the_next_one_drops_it(
    run: Run, database: Database
) -> None:
    undo_last(database)
    said = run("push", "--keep", database=database, by="admin_url").output
    address = next(
        line.strip()
        for line in said.splitlines()
        if "_scratch" in line and "://" in line
    )
    try:
        kept = settings.parse(
            settings.write_url(
                settings.parse(database.owner_url).conninfo
                | {"dbname": settings.parse(address).dbname}
            )
        )
        assert migrations.pending(kept) == []
    finally:
        again = run("push", database=database, by="admin_url")
    assert again.exit_code == 0, again.output
    assert not scratches(database)


def test_push_drops_no_database_that_it_did_not_make(
    run: Run, database: Database, renderstore_server: Server
) -> None:
    undo_last(database)
    name = sql.Identifier(f"{database.name}_scratch")
    with renderstore_server.admin() as conn:
        conn.execute(sql.SQL("create database {}").format(name))
        try:
            said = run("push", database=database, by="admin_url")
            assert said.exit_code == 1
            assert "is no scratch clone of renderstore" in str(said.exception)
            assert scratches(database)
        finally:
            conn.execute(sql.SQL("drop database {}").format(name))


def test_push_says_that_others_are_connected(run: Run, database: Database) -> None:
    undo_last(database)
    with psycopg.connect(database.url):
        said = run("push", database=database, by="admin_url")
        assert said.exit_code == 1
        assert "Others are connected to" in str(said.exception)
        alone = run("push", "--empty", database=database, by="admin_url")
    assert alone.exit_code == 0, alone.output
    assert "Their rollbacks leave no trace." in alone.output


def test_push_says_who_lets_it_make_a_copy(run: Run, database: Database) -> None:
    undo_last(database)
    said = run("push", database=database)
    assert said.exit_code == 1
    login = settings.parse(database.owner_url).user
    assert f'alter role "{login}" createdb;' in str(said.exception)


def working(
    folder: Path, monkeypatch: pytest.MonkeyPatch, forward: str, backward: str
) -> None:
    """A migration after the last, which only this test has."""
    made = folder / "migrations"
    shutil.copytree(MIGRATIONS, made)
    (made / f"{NEXT}.try.sql").write_text(f"-- A try.\n-- depends: {LAST}\n{forward}\n")
    (made / f"{NEXT}.try.rollback.sql").write_text(f"-- Nothing is lost.\n{backward}\n")
    for name in ("pending", "apply", "roll_back"):
        monkeypatch.setattr(
            migrations, name, partial(getattr(migrations, name), folder=made)
        )


def test_push_says_what_a_rollback_leaves_behind(
    run: Run, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working(
        tmp_path,
        monkeypatch,
        "set local role renderstore_owner; create table ops.a_try (id bigint);",
        "select 1;",
    )
    said = run("push", database=database, by="admin_url")
    assert said.exit_code == 1
    assert "The table ops.a_try is missing." in said.output
    assert "Undone, the clone is not what it was:" in said.output
    assert not scratches(database)


def test_push_drops_the_clone_of_a_migration_that_fails(
    run: Run, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working(tmp_path, monkeypatch, "select 1 / 0;", "select 1;")
    said = run("push", database=database, by="admin_url")
    assert said.exit_code == 1
    assert "division by zero" in str(said.exception)
    assert not scratches(database)


def test_pull_lists_what_others_made_and_then_what_differs(
    run: Run, database: Database
) -> None:
    with psycopg.connect(database.admin_url) as conn:
        conn.execute('create table public."Job" (id text primary key)')
    said = run("pull", database=database)
    assert said.exit_code == 0, said.output
    assert "  The table public.Job.\n" in said.output
    assert "No difference: " in said.output
    with psycopg.connect(database.owner_url) as conn:
        conn.execute("set local role renderstore_owner")
        conn.execute("alter table work.workers add column theirs text")
    said = run("pull", database=database)
    assert said.exit_code == 1
    assert "work.workers.theirs" in said.output


def forget(database: Database, name: str) -> None:
    """As after a kill between doing and recording."""
    with psycopg.connect(database.owner_url) as conn:
        conn.execute(
            "delete from public._yoyo_migration where migration_id = %s", [name]
        )


def test_resolve_records_what_was_applied(run: Run, database: Database) -> None:
    forget(database, LAST)
    with pytest.raises(migrations.MigrationFailed, match="already exists"):
        migrations.apply(settings.parse(database.owner_url))
    said = run("resolve", "--applied", LAST[:4], database=database)
    assert said.exit_code == 0, said.output
    assert f"{LAST} is recorded as applied." in said.output
    assert run("validate", database=database).exit_code == 0


def test_resolve_records_what_was_rolled_back(run: Run, database: Database) -> None:
    with psycopg.connect(database.owner_url) as conn:
        conn.execute((MIGRATIONS / f"{LAST}.rollback.sql").read_bytes())
    said = run("resolve", "--rolled-back", LAST, database=database)
    assert said.exit_code == 0, said.output
    assert migrations.pending(settings.parse(database.owner_url)) == [LAST]
    assert run("migrate", database=database).exit_code == 0


def test_resolve_refuses_what_was_not_done(run: Run, database: Database) -> None:
    undo_last(database)
    said = run("resolve", "--applied", LAST, database=database)
    assert said.exit_code == 1
    assert f"{LAST} is not applied: `renderstore migrate` does it." in said.output
    assert migrations.pending(settings.parse(database.owner_url)) == [LAST]
    migrations.apply(settings.parse(database.owner_url))
    said = run("resolve", "--rolled-back", LAST, database=database)
    assert f"{LAST} is not undone: `renderstore rollback` does it." in said.output
    assert migrations.pending(settings.parse(database.owner_url)) == []


def test_resolve_goes_in_order(run: Run, database: Database) -> None:
    undo_last(database)
    said = run("resolve", "--applied", "0001", database=database).output
    assert f"0001.create-roles cannot be it: the next one is {LAST}." in said
    said = run("resolve", "--rolled-back", "0001", database=database).output
    assert "0001.create-roles cannot be it: the next one is " in said
    said = run("resolve", "--applied", "9999", database=database).output
    assert "No migration is named 9999." in said


@pytest.mark.parametrize(
    "options", [[], ["--applied", "0001", "--rolled-back", "0001"]]
)
def test_resolve_wants_one_of_both(
    run: Run, database: Database, options: list[str]
) -> None:
    said = run("resolve", *options, database=database)
    assert said.exit_code == 2
    assert "Pass --applied NAME or --rolled-back NAME." in said.output
