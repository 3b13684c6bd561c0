"""Two databases as home, which is farm 1, and farm 2: what home writes arrives there as replication brings it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from tests import factories

from renderstore.testing import Database, Server

_FARM = """
set session_replication_role = replica;
update ops.here set farm_id = 2, is_home = false;
"""
_READ = """
select
    (select coalesce(jsonb_agg(to_jsonb(farms)), '[]') from ops.farms),
    (select coalesce(jsonb_agg(to_jsonb(plans)), '[]') from identity.plans),
    (select coalesce(jsonb_agg(to_jsonb(users)), '[]') from identity.users)
"""
_TABLES = ("ops.farms", "identity.plans", "identity.users")


@dataclass(frozen=True, slots=True)
class Farms:
    """Home and the other farm."""

    home: Database
    far: Database

    @property
    def urls(self) -> dict[int, str]:
        """Each farm's address."""
        return {1: self.home.url, 2: self.far.url}

    def database(self, farm_id: int) -> Database:
        """One farm."""
        return self.home if farm_id == 1 else self.far

    def user(self, farm_id: int, **changes: object) -> UUID:
        """Somebody who lives there."""
        made = factories.users.make(self.home, farm_id=farm_id, **changes)
        self.replicate()
        return made

    def settle(self, user_id: UUID, farm_id: int) -> None:
        """From now on the user lives there. What the user owned stays where it was."""
        with psycopg.connect(self.home.admin_url) as conn:
            conn.execute(
                "update identity.users set farm_id = %s where id = %s",
                [farm_id, user_id],
            )
        self.replicate()

    def replicate(self) -> None:
        """What home has is at the farm."""
        with psycopg.connect(self.home.admin_url) as conn:
            [found] = conn.execute(_READ).fetchall()
        with psycopg.connect(self.far.admin_url) as conn:
            conn.execute("set session_replication_role = replica")
            for table, rows in zip(_TABLES, found, strict=True):
                conn.execute(
                    f"insert into {table} select * from jsonb_populate_recordset(null::{table}, %s)"
                    " on conflict (id) do nothing".encode(),
                    [Jsonb(rows)],
                )
            conn.execute(
                "update identity.users set farm_id = said.farm_id"
                " from jsonb_populate_recordset(null::identity.users, %s) as said"
                " where users.id = said.id and users.farm_id <> said.farm_id",
                [Jsonb(found[2])],
            )


@contextmanager
def two(server: Server) -> Generator[Farms]:
    """Home and a farm, for one test."""
    home, far = server.clone(), server.clone()
    with psycopg.connect(home.admin_url) as conn:
        conn.execute("insert into ops.farms (id, name) values (2, 'far')")
    with psycopg.connect(far.admin_url) as conn:
        conn.execute(_FARM)
    made = Farms(home, far)
    made.replicate()
    yield made
    server.drop(far)
    server.drop(home)
