"""docs/prisma.md: whatever was known by a name stands on it, whatever it names exists, and its package.json runs."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from tests import npm
from tests.api import prisma_designs as designs

import renderstore
from renderstore import migrations
from renderstore._paths import CATALOG, SQL
from renderstore.cli import cli
from renderstore.testing import Database

CHECKOUT = SQL.parent
PAGE = CHECKOUT / "docs" / "prisma.md"
OPEN = f"open {PAGE}"
TEXT = re.sub(r"^```.*?^```$", "", PAGE.read_text(), flags=re.M | re.S)


def section(heading: str, level: int = 2, within: str = TEXT) -> str:
    marks = "#" * level
    found = re.search(
        rf"^{marks} `?{re.escape(heading)}`?\n(.*?)(?=^#{{1,{level}}} |\Z)",
        within,
        re.M | re.S,
    )
    assert found, f"{OPEN}: there is no {marks} {heading}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of each row of the tables in it, heads left out."""
    found = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    heads = {
        place
        for place, cells in enumerate(found)
        if not set("".join(found[min(place + 1, len(found) - 1)])) - {"-", " "}
        or not set("".join(cells)) - {"-", " "}
    }
    return [cells for place, cells in enumerate(found) if place not in heads]


def names_in(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


@cache
def catalog() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(CATALOG.read_text())
    return found


@cache
def objects() -> frozenset[str]:
    """Every schema, table, view, column, type, function and index, whole; roles too."""
    found = catalog()
    kinds = ("schema", "table", "view", "column", "type", "index", "role")
    names = {name.replace('"', "") for kind in kinds for name in found[kind]}
    return frozenset(names | {name.partition("(")[0] for name in found["function"]})


@cache
def parts() -> frozenset[str]:
    """What may stand without its table: a column's name, an enum's value, a function's argument."""
    found = catalog()
    columns = {name.rpartition(".")[2] for name in found["column"]}
    values: set[str] = set()
    for each in found["type"].values():
        values.update(each.get("values") or ())
    arguments = {
        argument.strip().partition(" ")[0]
        for each in found["function"].values()
        for argument in each["arguments"].split(",")
    }
    return frozenset(columns | values | arguments)


def is_python(name: str) -> bool:
    """Whether a dotted name leads to something in this package, or on what a scope hands out."""
    path = name.partition("(")[0].removeprefix("renderstore.").split(".")
    on: dict[str, object] = {"store": renderstore.SyncStore, "conn": psycopg.Connection}
    here: object = renderstore
    if len(path) > 1 and path[0] in on:
        here = on[path.pop(0)]
    for at, part in enumerate(path):
        if not hasattr(here, part) and isinstance(here, ModuleType):
            with contextlib.suppress(ImportError):  # a module that nobody imported yet
                importlib.import_module(".".join(["renderstore", *path[: at + 1]]))
        if not hasattr(here, part):
            return False
        here = getattr(here, part)
    return True


def recipes() -> set[str]:
    text = (CHECKOUT / "justfile").read_text()
    return set(re.findall(r"^([a-z][\w-]*)(?: [^:\n]*)?:(?!=)", text, re.M))


def is_command(words: list[str]) -> bool:
    """Whether `renderstore` takes them: the command and each of its options."""
    command = cli.commands.get(words[0])
    options = {
        option
        for parameter in (command.params if command else [])
        for option in parameter.opts
    }
    return command is not None and set(re.findall(r"--[\w-]+", " ".join(words))) <= (
        options
    )


def is_option(name: str) -> bool:
    return any(
        name in parameter.opts
        for command in cli.commands.values()
        for parameter in command.params
    )


@cache
def variables() -> frozenset[str]:
    """The variables that the package, its examples and its tests read."""
    texts = (
        path.read_text()
        for folder in ("src/renderstore", "examples", "tests/authjs")
        for path in (CHECKOUT / folder).rglob("*")
        if path.suffix in {".py", ".ts", ".mjs"}
    )
    return frozenset(re.findall(r"\b[A-Z][A-Z_]{5,}\b", "\n".join(texts)))


def scripts() -> dict[str, str]:
    [block] = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    found: dict[str, str] = json.loads(block)["scripts"]
    return found


def exists(name: str) -> bool:
    """Whether a name on the page leads somewhere."""
    if name.startswith("just "):
        word = name.split()[1]
        return word in recipes() and (
            word not in cli.commands or is_command(name.split()[1:])
        )
    if name.startswith("renderstore ") and not name.endswith(" renderstore"):
        return is_command(name.split()[1:])
    if run := re.fullmatch(r"(?:npm run )?(db:[\w:]+)(?: -- (.+))?", name):
        line = scripts().get(run[1], "")
        words = re.findall(r" renderstore (.+)$", line)
        return bool(line) and (
            not run[2] or is_command([*words[0].split(), *run[2].split()])
        )
    if name.startswith(":"):
        return f"\\set {name[1:]} " in (CHECKOUT / "sql/inspect/psqlrc").read_text()
    if name.startswith(("(", "select ", "update ")) or "HOST" in name:
        return name.startswith(("select ", '"renderstore[')) or all(
            part.strip() in parts() for part in name.strip("()").split(",")
        )
    return (
        name in objects()
        or name in parts()
        or name in theirs()
        or name.lower() in parts()
        or name in variables()
        or name in cli.commands
        or (name.startswith("--") and is_option(name))
        or is_python(name)
        or (CHECKOUT / name).exists()
        or (CHECKOUT / "examples" / "node" / name).exists()
        or name in {"asUser", "sentence", "renderstore", "just", "renderstore_store"}
    )


@cache
def theirs() -> frozenset[str]:
    """Whatever the five designs, Prisma and Node call by name."""
    models = [*designs.DESIGNS.values()]
    fields = {field for model in models for each in model.values() for field in each}
    return frozenset(
        designs.WORDS
        | fields
        | {name for model in models for name in model}
        | {name for each in designs.TABLES.values() for name in each}
        | {each.strip("`") for some in designs.INDEXES.values() for each in some}
        | {*designs.HELPERS, *designs.FILES, *designs.RESOLVE}
        | {f"P{code}" for code in (*range(1000, 1018), *range(2000, 2038))}
        | {f"P{code}" for code in range(3000, 3025)}
    )


def mapped() -> Iterator[tuple[str, str, list[str]]]:
    """Each row of the five designs: the design, the model (or none), the cells."""
    for heading in (*designs.DESIGNS, *designs.TABLES):
        text = section(heading)
        for model in re.findall(r"^### `(\w+)`$", text, re.M):
            for cells in rows(section(model, 3, text)):
                yield heading, model, cells
        for cells in rows(text.partition("\n### ")[0]):
            yield heading, "", cells


def test_every_model_and_field_of_the_designs_stands_on_the_page() -> None:
    there = {(heading, model, cells[0]) for heading, model, cells in mapped()}
    wanted = {
        (heading, model, f"`{field}`")
        for heading, design in designs.DESIGNS.items()
        for model, fields in design.items()
        for field in fields
    }
    wanted |= {
        (heading, "", f"`{name}`")
        for heading, names in designs.TABLES.items()
        for name in names
    }
    assert not sorted(wanted - there), OPEN
    indexes = {(heading, cells[0]) for heading, _, cells in mapped()}
    missing = {
        (heading, f"index {index}")
        for heading, some in designs.INDEXES.items()
        for index in some
    } - indexes
    assert not sorted(missing), OPEN


def test_every_field_leads_to_what_is_there() -> None:
    wrong = [
        f"{heading}, {model}: {' | '.join(cells)}"
        for heading, model, cells in mapped()
        if len(cells) != 3
        or not (
            cells[1] == "nothing"
            or (
                names_in(cells[1])
                and all(each in objects() for each in names_in(cells[1]))
            )
        )
    ]
    assert not wrong, OPEN


def test_every_script_helper_and_file_stands_on_the_page() -> None:
    known = {name for cells in rows(TEXT) for name in names_in(cells[0])}
    wanted = {*designs.SCRIPTS, *designs.RESOLVE, *designs.HELPERS, *designs.FILES}
    assert not sorted(wanted - known), OPEN
    assert set(designs.SCRIPTS) <= set(scripts()), OPEN


def test_every_name_on_the_page_exists() -> None:
    wrong = sorted({name for name in names_in(TEXT) if not exists(name)})
    assert not wrong, OPEN


@pytest.mark.parametrize(
    "wrong",
    [
        *("work.jobs.state", "work.cancell", "render.jobs.create", "just pulls"),
        *("renderstore pull --yes", "just push --now", "errors.Nothing", "db:pushed"),
        *("npm run db:reset -- --no", "docs/nothing.md", ":nothing", "store.owner"),
    ],
)
def test_a_name_that_leads_nowhere_is_seen(wrong: str) -> None:
    assert not exists(wrong)


def test_every_anchor_of_the_page_exists() -> None:
    headings = {
        re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-")
        for head in re.findall(r"^#+ (.+)$", TEXT, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= headings, OPEN


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the page has it: the wheel, the package.json and what it needs from npm."""
    packages = npm.packages(CHECKOUT / "examples" / "node" / "package.json", "examples")
    folder = tmp_path_factory.mktemp("application")
    if shutil.which("uvx") is None:
        npm.unavailable("the page on Prisma", "uvx not found")
    built = subprocess.run(
        ["uv", "build", "--quiet", "--wheel", "--out-dir", folder / "vendor"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        said = built.stderr.strip().splitlines()
        npm.unavailable("the page on Prisma", f"no wheel was built ({said[-1:]})")
    (folder / "package.json").write_text(json.dumps({"scripts": scripts()}))
    (folder / "node_modules").symlink_to(packages)
    return folder


def typed(
    folder: Path, database: Database, *words: str, direct: str = ""
) -> tuple[int, str]:
    """`npm run` of these words: how it ended, and what it said."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "COVERAGE", "UV_RUN_", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        ["npm", "run", "--silent", *words],
        cwd=folder,
        env=kept
        | {
            "UV_PYTHON": sys.executable,
            "DATABASE_URL": database.url,
            "DIRECT_URL": direct or database.owner_url,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_every_line_of_its_package_json_runs(
    application: Path, database: Database
) -> None:
    last = migrations.names()[-1]
    lines = [
        (["db:init"], 0, "0001.people.sql loaded"),
        (["db:migrate"], 0, "Nothing was pending."),
        (["db:ping"], 0, "no migration is pending"),
        (["db:pull"], 0, "No difference: "),
        (["db:generate"], 0, "generated ./db.d.ts"),
        (["db:seed"], 0, "has an API token already"),
        (["db:health"], None, "jobs wait in line"),
        (["db:backup"], 0, "farm.backup"),
        (["db:rollback", "--", "--yes"], 0, last),
        (["db:push"], 0, "Their rollbacks leave no trace."),
        (["db:resolve", "--", "--applied", last], 1, f"{last} is not applied"),
        (["db:migrate:prod"], 0, "1 applied now."),
        (["db:migrate:deploy"], 0, "Nothing was pending."),
        (["db:reset"], 1, "pass --yes if you mean it"),
        (["db:studio", "--", "--help"], 0, "Usage: "),
    ]
    assert {words[0] for words, _, _ in lines} == set(scripts()), OPEN
    for words, status, expected in lines:
        name = scripts()[words[0]].rpartition(" renderstore ")[2].split()[0]
        if name == "studio" and name not in cli.commands:
            continue
        direct = database.admin_url if words == ["db:push"] else ""
        ended, said = typed(application, database, *words, direct=direct)
        assert status in (None, ended), f"{OPEN}: npm run {' '.join(words)}: {said}"
        assert expected in said, f"{OPEN}: npm run {' '.join(words)}: {said}"
        assert "Traceback" not in said
    assert "RenderJobs" in (application / "db.d.ts").read_text()
