"""A migrated database that the tests of this folder only ask: its functions change nothing."""

from __future__ import annotations

from collections.abc import Generator

import psycopg
import pytest

from renderstore.testing import Database, Server


@pytest.fixture(scope="session")
def asked(renderstore_server: Server) -> Generator[Database]:
    """The database, made once for the folder."""
    database = renderstore_server.clone()
    yield database
    renderstore_server.drop(database)


@pytest.fixture(scope="module")
def conn(asked: Database) -> Generator[psycopg.Connection]:
    """A connection that may ask everything; what is set in a transaction ends with it."""
    with psycopg.connect(asked.owner_url, autocommit=True) as opened:
        yield opened
