"""Auth.js's adapter and its views, on a login as a DBA makes it."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import psycopg
import pytest

from renderstore.testing import Database, Server

from .support import authjs_login, outcomes


@pytest.fixture(scope="session")
def adapter_outcomes(
    renderstore_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Mapping[str, str | None]]:
    """What the scripts found out, run once for all of their sentences."""
    database = renderstore_server.clone()
    try:
        with authjs_login(renderstore_server, database) as url:
            urls = {"AUTHJS_DATABASE_URL": url, "ADMIN_DATABASE_URL": database.url}
            yield outcomes(tmp_path_factory.mktemp("authjs"), urls)
    finally:
        renderstore_server.drop(database)


@pytest.fixture
def authjs(
    renderstore_server: Server, database: Database
) -> Generator[psycopg.Connection]:
    """A connection of Auth.js's login, without a single setting of its own."""
    with (
        authjs_login(renderstore_server, database) as url,
        psycopg.connect(url, autocommit=True) as conn,
    ):
        yield conn
