"""What is typed after a recipe's name reaches the program word for word, quotes and all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[2]
JUST = Path(sys.executable).parent / "just"
AWKWARD = ["a and b", "select count(*) from \"t\" where c = 'it''s'", "$HOME *", ""]

Type = Callable[..., list[list[str]]]


def recipes() -> dict[str, Any]:
    """Every recipe that takes something, with its parameters."""
    said = subprocess.run(
        [JUST, "--dump", "--dump-format", "json"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(said.stdout)["recipes"]
    return {name: each["parameters"] for name, each in found.items()}


@pytest.fixture
def typed(tmp_path: Path) -> Type:
    """Runs a recipe with a `uv` that only notes how it was called."""
    notes = tmp_path / "notes"
    uv = tmp_path / "uv"
    uv.write_text(
        f"#!/bin/sh\nprintf '%s\\0' \"$@\" >>{notes}\nprintf '\\n\\0' >>{notes}\n"
    )
    uv.chmod(0o755)

    def run(*words: str) -> list[list[str]]:
        notes.write_text("")
        subprocess.run(
            [JUST, *words],
            cwd=CHECKOUT,
            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
            capture_output=True,
            check=True,
        )
        calls: list[list[str]] = [[]]
        for word in notes.read_text().split("\0")[:-1]:
            if word == "\n":
                calls.append([])
            else:
                calls[-1].append(word)
        return calls[:-1]

    return run


def test_every_recipe_passes_on_what_was_typed(typed: Type) -> None:
    lost: list[str] = []
    for name, parameters in recipes().items():
        given: list[str] = []
        for parameter in parameters:
            given += AWKWARD if parameter["kind"] == "star" else ["the words"]
        if given and (calls := typed(name, *given)):
            words = calls[-1]
            if name == "bench":  # its first word is a module's
                given[0] = f"bench.{given[0]}"
            if words[-len(given) :] != given:
                lost.append(f"just {name}: {words}")
    assert not lost, "\n".join([f"open {CHECKOUT / 'justfile'}", *lost])


def test_psql_and_url_have_their_defaults(typed: Type) -> None:
    assert typed("psql")[0][-2:] == ["psql", "readonly"]
    assert typed("url")[0][-2:] == ["url", "working"]


def test_a_condition_of_two_words_is_one_word(typed: Type) -> None:
    assert typed("test", "-k", "a and b")[0][-2:] == ["-k", "a and b"]
    question = "select count(*) from identity.users"
    assert typed("psql", "readonly", "-c", question)[0][-3:] == [
        *("readonly", "-c", question),
    ]
