"""The README's call site runs, and what the documents point at is there."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import psycopg
import pytest

from renderstore._paths import SQL
from renderstore.testing import Database

CHECKOUT = SQL.parent
README = CHECKOUT / "README.md"
DOCUMENTS = sorted(
    [
        *CHECKOUT.glob("*.md"),
        *(CHECKOUT / "docs").rglob("*.md"),
        CHECKOUT / "examples" / "README.md",
    ],
    key=lambda path: path.relative_to(CHECKOUT).as_posix(),
)
every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: path.relative_to(CHECKOUT).as_posix()
)


# What runs each command of the README's shell; a file that no longer says so is named.
RUN_BY = {
    "python3 -m pip install uv && uv run just up": ".ci/clone: uv run just up",
    "uv run just demo": ".ci/clone: uv run just demo",
    "python3 -m pip install 'yoyo-migrations>=9,<10' 'psycopg[binary]'": ".ci/wheel: uv pip install",
    "PGHOST=… PGUSER=… PGDATABASE=… yoyo apply": "tests/migrations/support.py: yoyo",
    "pip install ./renderstore": ".ci/wheel: uv pip install",
    "pip install './renderstore[testing]'": ".ci/run: --all-extras",
    "pip install './renderstore[web]'": ".ci/run: --all-extras",
    "pip install './renderstore[embedded]'": ".ci/run: --all-extras",
    "pip install './renderstore[contrib]'": ".ci/run: --all-extras",
    "pip install './renderstore[images]'": ".ci/run: --all-extras",
    "pip install './renderstore[check]'": ".ci/run: --all-extras",
    "pip install './renderstore[studio]'": ".ci/run: --all-extras",
}


def blocks(language: str) -> list[str]:
    """The README's code in a language."""
    found = rf"^```{language}\n(.*?)^```$"
    return re.findall(found, README.read_text(), re.M | re.S)


def call_sites() -> list[str]:
    """The Python of the README."""
    return blocks("python")


def test_the_readme_has_one_call_site() -> None:
    assert len(call_sites()) == 1, f"open {README}"


def test_the_readmes_call_site_prints_what_it_says_each_time(
    database: Database,
) -> None:
    (source,) = call_sites()
    promised = re.search(r"print\(.*\)  # (.+)$", source, re.M)
    assert promised is not None, f"open {README}: say what it prints"
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", source],
            env={"DATABASE_URL": database.url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == f"{promised[1]}\n", f"open {README}: {done.stderr}"


def test_the_readmes_sql_finds_what_its_python_submitted(database: Database) -> None:
    (python,), (asked,) = call_sites(), blocks("sql")
    environment = {"DATABASE_URL": database.url}
    subprocess.run([sys.executable, "-c", python], env=environment, check=True)
    with psycopg.connect(database.url, autocommit=True) as conn:
        done = conn.execute(asked.encode())
        answers = [
            done.fetchall() for _ in iter(done.nextset, None) if done.description
        ]
    ((_, is_new),) = answers[-1]
    assert is_new is False


def test_every_command_of_the_readme_is_run_somewhere() -> None:
    lines = [
        re.sub(r" +# .*", "", line)
        for block in blocks("sh")
        for line in block.splitlines()
    ]
    assert sorted(lines) == sorted(RUN_BY), f"open {README}"
    for file, _, said in (each.partition(": ") for each in RUN_BY.values()):
        assert said in (CHECKOUT / file).read_text(), f"open {CHECKOUT / file}"


def test_the_picture_is_of_the_view_as_it_is() -> None:
    picture = (CHECKOUT / "docs" / "watch.svg").read_text().replace("&#160;", " ")
    seen = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", picture))
    drawn = (CHECKOUT / "src/renderstore/cli/watch_view.py").read_text()
    heads = set(re.findall(r'_Column\("(\w+)', drawn))
    assert len(heads) > 8
    assert heads <= set(seen.split()), "write docs/watch.svg anew (CONTRIBUTING.md)"
    assert not re.findall(r"(?:src|href)=|url\(\"?http", picture)


def test_the_readme_says_how_to_install_what_no_index_has() -> None:
    extras = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    named = re.findall(r"^pip install '?(\S+?)'? ", README.read_text(), re.M)
    assert named[0] == "./renderstore"
    assert set(named[1:]) == {f"./renderstore[{extra}]" for extra in extras}
    said = "The package is on no index yet: install it from a clone."
    assert said in README.read_text(), "with an index its blocks say something else"


@pytest.mark.parametrize(
    "checker", [["mypy", "--strict"], ["pyright"]], ids=lambda c: c[0]
)
def test_the_readmes_call_site_is_typed(tmp_path: Path, checker: list[str]) -> None:
    (source,) = call_sites()
    path = tmp_path / "first.py"
    path.write_text("# pyright: strict\n" + source)
    where = ["--pythonpath", sys.executable] if checker == ["pyright"] else []
    done = subprocess.run(
        [Path(sys.executable).parent / checker[0], *checker[1:], *where, path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"open {README}: {done.stdout}"


@every_document
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", document.read_text())
    missing = [link for link in links if not (document.parent / link).exists()]
    assert not missing, f"open {document}"


@every_document
def test_every_recipe_exists(document: Path) -> None:
    justfile = (CHECKOUT / "justfile").read_text()
    recipes = set(re.findall(r"^([a-z-]+)(?: .*)?:(?: [a-z ]+)?$", justfile, re.M))
    named = set(re.findall(r"(?:`|\buv run )just ([a-z-]+)", document.read_text()))
    assert named <= recipes, f"open {document}"


def test_every_decision_is_listed() -> None:
    folder = CHECKOUT / "docs" / "decisions"
    listed = re.findall(r"\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text())
    written = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert listed == written, f"open {folder / 'README.md'}"
