"""The real @auth/pg-adapter, run by Node: each sentence of the scripts here is a test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.isolation.poolers import pgbouncer

from renderstore.cli import logins
from renderstore.testing import Database, Server

from .support import DOCUMENT, authjs_login, documented_files, outcomes, sentences


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


def test_the_document_shows_what_just_login_types() -> None:
    shown = DOCUMENT.read_text(encoding="utf-8")
    for line in logins.statements(180000, "authjs", "site_authjs"):
        assert line.as_string(None) in shown


def test_auth_js_works_behind_a_transaction_pooler(
    renderstore_server: Server, database: Database, tmp_path: Path
) -> None:
    with (
        authjs_login(renderstore_server, database) as url,
        pgbouncer(url, size=2) as front,
    ):
        urls = {"AUTHJS_DATABASE_URL": front, "ADMIN_DATABASE_URL": database.url}
        found = outcomes(tmp_path, urls)
    assert not {one: wrong for one, wrong in found.items() if wrong is not None}
