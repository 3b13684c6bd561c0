"""docs/applications.md: its Python is one program that prints what it says; its TypeScript is the example's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from renderstore.errors import Error
from renderstore.testing import Database
from renderstore.web import answer

from .support import EXAMPLES

PAGE = EXAMPLES.parent / "docs" / "applications.md"
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
PROGRAM = "\n".join(text for language, text in BLOCKS if language == "python")


def promised() -> list[str]:
    """What the comments behind `print` say, a line each."""
    return re.findall(r"^ *print\(.*\)  # (.+)$", PROGRAM, re.M)


def test_every_block_is_run() -> None:
    assert {language for language, _ in BLOCKS} == {"python", "ts"}, f"open {PAGE}"
    prints = len(re.findall(r"^ *print\(", PROGRAM, re.M))
    assert prints == len(re.findall(r"^ *print\(.*\)  # .", PROGRAM, re.M)), (
        f"open {PAGE}"
    )


def test_its_program_prints_what_it_says(database: Database) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "DATABASE_URL": database.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == promised(), f"open {PAGE}: {done.stderr}"
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "checker", [["mypy", "--strict"], ["pyright"]], ids=lambda c: c[0]
)
def test_its_program_is_typed(
    tmp_path_factory: pytest.TempPathFactory, checker: list[str]
) -> None:
    path = tmp_path_factory.mktemp("page") / "page.py"
    path.write_text("# pyright: strict\n" + PROGRAM)
    where = ["--pythonpath", sys.executable] if checker == ["pyright"] else []
    done = subprocess.run(
        [
            Path(sys.executable).parent / checker[0],
            *checker[1:],
            *where,
            path,
        ],
        cwd=path.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"open {PAGE}: {done.stdout}"


def test_its_typescript_is_the_examples() -> None:
    [block] = [text for language, text in BLOCKS if language == "ts"]
    assert block in (EXAMPLES / "node" / "as_user.ts").read_text(), f"open {PAGE}"


def test_it_lists_every_status() -> None:
    def below(kind: type[Error]) -> set[int]:
        return {answer(kind("")).status}.union(*map(below, kind.__subclasses__()))

    listed = re.findall(r"^\| (\d{3}) \|", PAGE.read_text(), re.M)
    assert set(map(int, listed)) == below(Error), f"open {PAGE}"
