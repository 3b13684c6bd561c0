"""`renderstore import prisma` as it is typed: what it says, and each way in which it cannot be."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from renderstore import connect, errors
from renderstore.cli import cli, main
from renderstore.ops import imported
from renderstore.testing import Database

from .conftest import Made
from .support import address, digest, one


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the whole program and gives its status."""

    def call(target: Database, source: str, kind: str, *options: str) -> int:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("DATABASE_URL", target.url)
        monkeypatch.setenv("DIRECT_URL", target.owner_url)
        monkeypatch.setattr(
            sys,
            "argv",
            [
                "renderstore",
                "import",
                "prisma",
                "--from",
                source,
                "--kind",
                kind,
                *options,
            ],
        )
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        return code if isinstance(code, int) else 0

    return call


def test_it_says_table_by_table_what_it_would_do_and_does(
    made: Made,
    database: Database,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = made("render-manager", "render-manager-odd", rows=30)
    before = digest(database)
    assert run(database, address(source), "render-manager", "--dry-run") == 0
    dry = capsys.readouterr()
    assert digest(database) == before
    assert "User → identity.users: 106 rows" in dry.out
    assert "  104 would enter, 2 of them changed, 2 refused, 0 here already" in dry.out
    assert "  refused        1  Its e-mail address is none." in dry.out
    assert dry.out.endswith("Nothing was written.\n")
    assert "Job: 44 of 44" in dry.err
    assert "Job: 44 of 44" not in dry.out

    assert run(database, address(source), "render-manager") == 0
    real = capsys.readouterr()
    lines = dry.out.replace("would enter", "entered").splitlines()[:-1]
    assert real.out.splitlines()[: len(lines)] == lines
    assert "select * from ops.import_refusals" in real.out


def test_the_wrong_kind_is_said_with_the_right_one(
    made: Made,
    database: Database,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = made("render-manager", rows=0)
    assert run(database, address(source), "media-portal") == 1
    error = capsys.readouterr().err
    assert "holds no Prisma tables of a media portal" in error
    assert "It looks like a render manager: --kind render-manager." in error
    assert "Traceback" not in error


def test_what_is_no_prisma_database_is_said(
    database: Database,
    empty_database: Database,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(database, empty_database.owner_url, "render-manager") == 1
    error = capsys.readouterr().err
    assert "holds no Prisma tables of a render manager" in error
    assert "is it the right database?" in error


def test_a_server_that_is_not_there_is_said_without_its_password(
    database: Database,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = "postgresql://who:secret@127.0.0.1:1/farm"
    assert run(database, url, "render-manager") == 1
    (error,) = capsys.readouterr().err.splitlines()
    assert "cannot be reached: Connection refused" in error
    assert "secret" not in error


def test_a_target_without_the_migrations_is_said(
    made: Made,
    empty_database: Database,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = made("render-manager", rows=0)
    assert run(empty_database, address(source), "render-manager") == 1
    assert "lacks migrations that an import needs" in capsys.readouterr().err


def test_a_plan_that_is_not_there_is_said_before_anything_is_done(
    made: Made,
    database: Database,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = made("render-manager", rows=0)
    assert run(database, address(source), "render-manager", "--plan", "gold") == 1
    assert "There is no plan gold" in capsys.readouterr().err
    assert one(database, "select count(*) from ops.imported") == 0


def test_a_login_that_may_only_read_is_enough(
    made: Made, database: Database, run: Callable[..., int]
) -> None:
    source = made("render-manager", rows=5)
    with psycopg.connect(source.owner_url, autocommit=True) as conn:
        conn.execute(
            "do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$"
        )
    before = digest(source)
    assert run(database, address(source), "render-manager") == 0
    assert one(database, "select count(*) from work.jobs") == 5
    assert digest(source) == before


def test_the_kinds_are_named_where_none_fits() -> None:
    said = CliRunner().invoke(cli, ["import", "prisma", "--from", "x", "--kind", "x"])
    assert said.exit_code == 2
    assert "'media-portal', 'render-manager'" in said.output


@pytest.mark.parametrize(
    "batch", ["", "a", "1", "null", "{}", '{"id": "a"}', "[" * 20_000]
)
def test_a_batch_that_is_no_array_is_one_sentence(
    database: Database, batch: str
) -> None:
    with (
        connect(database.url) as store,
        pytest.raises(errors.Invalid, match=r"^A batch of another system's rows is a"),
        store.admin(reason="test") as conn,
    ):
        imported.import_rows(
            conn, kind="render-manager", source="Job", old_rows=batch, plan_id="free"
        )


@pytest.mark.parametrize("row", ["{}", '{"a": 1}', '{"id": null}'])
def test_a_row_without_an_id_is_one_sentence(database: Database, row: str) -> None:
    with (
        connect(database.url) as store,
        pytest.raises(errors.Error, match=r"^Every row of another system has an id\.$"),
        store.admin(reason="test") as conn,
    ):
        imported.import_rows(
            conn,
            kind="render-manager",
            source="Job",
            old_rows=f"[{row}]",
            plan_id="free",
        )
