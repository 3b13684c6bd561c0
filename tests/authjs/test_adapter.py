"""The real @auth/pg-adapter, run by Node: each sentence of the scripts here is a test."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from .support import documented_files, sentences


@pytest.mark.parametrize("sentence", sentences())
def test_auth_js(adapter_outcomes: Mapping[str, str | None], sentence: str) -> None:
    wrong = adapter_outcomes[sentence]
    assert wrong is None, f"tests/authjs/*.mjs: {sentence}\n{wrong}"


def test_every_sentence_that_ran_is_a_test(
    adapter_outcomes: Mapping[str, str | None],
) -> None:
    assert sorted(adapter_outcomes) == sorted(sentences())


def test_the_scripts_run_on_what_the_document_shows() -> None:
    assert sorted(documented_files()) == ["config.mjs", "database.mjs"]
