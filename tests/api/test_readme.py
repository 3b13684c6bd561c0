"""The README's call site runs, and what the documents point at is there."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

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


def call_sites() -> list[str]:
    """The Python of the README."""
    return re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.M | re.S)


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


def test_the_readme_says_how_to_install_what_no_index_has() -> None:
    extras = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    named = re.findall(r"^pip install '?(\S+?)'? ", README.read_text(), re.M)
    assert named[0] == "./renderstore"
    assert set(named[1:]) <= {f"./renderstore[{extra}]" for extra in extras}


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
    recipes = set(re.findall(r"^([a-z]+)(?: .*)?:(?: [a-z ]+)?$", justfile, re.M))
    named = set(re.findall(r"(?:`|\buv run )just ([a-z]+)", document.read_text()))
    assert named <= recipes, f"open {document}"


def test_every_decision_is_listed() -> None:
    folder = CHECKOUT / "docs" / "decisions"
    listed = re.findall(r"\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text())
    written = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert listed == written, f"open {folder / 'README.md'}"
