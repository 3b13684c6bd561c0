"""A filled world for the doors, home and a farm: what they try leaves the other user's rows as they were.

And for leaks a database with two users, each way to it and each way of sending the binding.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from uuid import UUID

import psycopg
import pytest

from renderstore.testing.servers import Database, Server

from .expectations import EXPECTED
from .leaks import Place
from .poolers import pgbouncer
from .world import World, become_farm, filled

PROVES = bool(os.environ.get("RENDERSTORE_PROVE"))


@pytest.fixture(scope="module", params=["home", "farm"])
def world(
    request: pytest.FixtureRequest, renderstore_server: Server
) -> Generator[World]:
    database = renderstore_server.clone()
    with filled(database, EXPECTED) as made:
        if request.param == "farm":
            if made.work.info.server_version < 180000:
                pytest.skip("a farm's walls are the same on every server")
            become_farm(made)
            made.is_brief = not PROVES
        yield made
    renderstore_server.drop(database)


@pytest.fixture(scope="module")
def two_users(
    renderstore_server: Server,
) -> Generator[tuple[Database, tuple[UUID, UUID]]]:
    database = renderstore_server.clone()
    with psycopg.connect(database.admin_url) as conn:
        made = conn.execute(
            "insert into identity.users (email) values ('one@example.org'), ('two@example.org')"
            " returning id"
        ).fetchall()
    yield database, (made[0][0], made[1][0])
    renderstore_server.drop(database)


@pytest.fixture(scope="module", params=["direct", "pgbouncer"])
def place(
    request: pytest.FixtureRequest, two_users: tuple[Database, tuple[UUID, UUID]]
) -> Generator[Place]:
    database, users = two_users
    if request.param == "direct":
        yield Place(database, database.url, users)
    else:
        with pgbouncer(database.url) as url:
            yield Place(database, url, users)


@pytest.fixture(params=["fast", "plain"])
def is_plain(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "plain")
