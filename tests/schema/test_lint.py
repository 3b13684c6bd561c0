"""The linters' settings: what we write passes, a mistake fails."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
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


def sqlfluff(folder: Path, texts: Mapping[str, str]) -> dict[str, str]:
    """What sqlfluff finds in each, with the checkout's settings; it starts once for all."""
    shutil.copy(CHECKOUT / ".sqlfluff", folder)
    files = {f"{number}.sql": name for number, name in enumerate(texts)}
    for file, name in files.items():
        (folder / file).write_text(texts[name])
    said = subprocess.run(
        [TOOLS / "sqlfluff", "lint", "--format", "json", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    found = {
        files[Path(one["filepath"]).name]: " ".join(
            str(violation["code"]) for violation in one["violations"]
        )
        for one in json.loads(said)
    }
    assert found.keys() == texts.keys(), said
    return found


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


def test_sqlfluff_takes_what_is_well_written(tmp_path: Path) -> None:
    found = sqlfluff(tmp_path, {"a migration": MIGRATION, "a query": QUERY})
    assert not any(found.values()), found


MISTAKES: Mapping[str, tuple[str, str]] = {
    "an upper-case keyword": ("SELECT id\nfrom work.jobs;\n", "CP01"),
    "an upper-case name": ("select Id\nfrom work.jobs;\n", "CP02"),
    "a leading comma": ("select\n    id\n    , name\nfrom work.jobs;\n", "LT04"),
    "two clauses a line": ("select id from work.jobs\nwhere id = 1;\n", "LT14"),
    "a trailing and": (
        "select id\nfrom work.jobs\nwhere\n    id = 1 and\n    size = 2;\n",
        "LT03",
    ),
    "vertical alignment": ("select  id\nfrom work.jobs;\n", "LT01"),
    "a long line": (f"select id\nfrom work.{'j' * 90};\n", "LT05"),
    "no end": ("select id\nfrom work.jobs", "LT12"),
    "an alias without as": ("select id name\nfrom work.jobs;\n", "AL02"),
}


def test_sqlfluff_notices_every_mistake(tmp_path: Path) -> None:
    found = sqlfluff(tmp_path, {name: text for name, (text, _) in MISTAKES.items()})
    unnoticed = {
        name: found[name]
        for name, (_, finding) in MISTAKES.items()
        if finding not in found[name]
    }
    assert not unnoticed
