"""The linters' settings: what we write passes, a mistake fails."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from renderstore._paths import SQL

CHECKOUT = SQL.parent
TOOLS = Path(sys.executable).parent

MIGRATION = """\
-- Says what and why.
-- depends: 0001.create-roles

set local role renderstore_owner;

create table work.widgets (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    size_bytes bigint not null,
    name text,

    constraint widgets_pkey primary key (user_id, id),
    constraint widgets_name_is_short_check check (length(name) between 1 and 200)
);

comment on table work.widgets is
    'One row a widget, in a sentence that may be as long as it must be to be understood by a reader.';
"""

QUERY = """\
-- name: list(after_id, page_size)
-- A page of widgets.
with ready_widgets as (
    select
        id,
        name
    from work.widgets
    where name = any(:names)
)

select
    id,
    name
from ready_widgets
where id > :after_id::uuid
order by id
limit :page_size;
"""


def squawk(folder: Path, text: str, name: str = "0002.widgets.sql") -> str:
    """What squawk finds, with the checkout's settings."""
    path = folder / name
    path.write_text(text)
    return subprocess.run(
        [
            TOOLS / "squawk",
            "--config",
            CHECKOUT / ".squawk.toml",
            "--reporter",
            "gcc",
            path,
        ],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def sqlfluff(folder: Path, text: str) -> str:
    """What sqlfluff finds, with the checkout's settings."""
    shutil.copy(CHECKOUT / ".sqlfluff", folder)
    (folder / "widgets.sql").write_text(text)
    return subprocess.run(
        [TOOLS / "sqlfluff", "lint", "--nocolor", "widgets.sql"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def test_squawk_takes_our_migrations(tmp_path: Path) -> None:
    assert squawk(tmp_path, MIGRATION) == ""


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        (
            "create index jobs_idx on work.jobs (id);",
            "require-concurrent-index-creation",
        ),
        (
            "alter table work.jobs add column size bigint not null;",
            "adding-required-field",
        ),
        ("alter table work.jobs alter column id type text;", "changing-column-type"),
        ("alter table work.jobs rename column a to b;", "renaming-column"),
        ("alter table work.jobs drop column a;", "ban-drop-column"),
        (
            "alter table work.jobs alter column a set not null;",
            "adding-not-nullable-field",
        ),
        (
            "alter table work.jobs add constraint jobs_a_is_small_check check (a < 9);",
            "constraint-missing-not-valid",
        ),
        ("create table work.a (name varchar(9));", "prefer-text-field"),
        ("create table work.a (at timestamp);", "prefer-timestamp-tz"),
        ("create table work.a (id serial primary key);", "prefer-identity"),
        ("drop table work.jobs;", "ban-drop-table"),
    ],
)
def test_squawk_notices(tmp_path: Path, statement: str, finding: str) -> None:
    assert finding in squawk(tmp_path, statement)


def test_squawk_lets_a_rollback_drop(tmp_path: Path) -> None:
    assert squawk(tmp_path, "drop table work.jobs;", "0002.widgets.rollback.sql") == ""


@pytest.mark.parametrize("text", [MIGRATION, QUERY], ids=["a migration", "a query"])
def test_sqlfluff_takes(tmp_path: Path, text: str) -> None:
    assert "FAIL" not in sqlfluff(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        pytest.param(
            "SELECT id\nfrom work.jobs;\n", "CP01", id="an upper-case keyword"
        ),
        pytest.param("select Id\nfrom work.jobs;\n", "CP02", id="an upper-case name"),
        pytest.param(
            "select\n    id\n    , name\nfrom work.jobs;\n",
            "LT04",
            id="a leading comma",
        ),
        pytest.param(
            "select id from work.jobs\nwhere id = 1;\n", "LT14", id="two clauses a line"
        ),
        pytest.param(
            "select id\nfrom work.jobs\nwhere\n    id = 1 and\n    size = 2;\n",
            "LT03",
            id="a trailing and",
        ),
        pytest.param("select  id\nfrom work.jobs;\n", "LT01", id="vertical alignment"),
        pytest.param(f"select id\nfrom work.{'j' * 90};\n", "LT05", id="a long line"),
        pytest.param("select id\nfrom work.jobs\n", "LT12", id="no end"),
        pytest.param(
            "select id name\nfrom work.jobs;\n", "AL02", id="an alias without as"
        ),
    ],
)
def test_sqlfluff_notices(tmp_path: Path, text: str, finding: str) -> None:
    if finding == "LT12":
        text = text.rstrip("\n")
    assert finding in sqlfluff(tmp_path, text)
