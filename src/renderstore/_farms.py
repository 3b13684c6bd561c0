"""What a DBA does to farms: a farm follows home, and whether it still does. Typed by hand it is docs/operations.md's.

Who connects here owns the database; at a farm it is a superuser, since no other login's subscription may write
tables whose row-level security is forced.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow, tuple_row

from renderstore import migrations
from renderstore.errors import Error

PUBLICATION = "renderstore_home"
_OWNER = "renderstore_owner"

Conn = psycopg.Connection[TupleRow]


class FarmRefused(Error):  # noqa: N818
    """A farm cannot be added, checked or moved to, as things stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Farm:
    """A farm as home knows it."""

    id: int
    name: str
    users: int


def rows(
    conn: Conn, statement: LiteralString | sql.Composed, *values: object
) -> list[TupleRow]:
    """What a statement answers, in the rights of the owner of all tables."""
    with conn.transaction():
        conn.execute(sql.SQL("set local role {}").format(sql.Identifier(_OWNER)))
        cursor = conn.cursor(row_factory=tuple_row)
        cursor.execute(statement, values or None)
        answer = cursor.pgresult
        is_rows = answer and answer.status == psycopg.pq.ExecStatus.TUPLES_OK
        return cursor.fetchall() if is_rows else []


@contextmanager
def connected(url: str) -> Generator[Conn]:
    """A DBA's connection: every statement by itself, and nothing found but by its full name."""
    with psycopg.connect(
        url, autocommit=True, connect_timeout=10, row_factory=tuple_row
    ) as conn:
        conn.execute("set search_path = pg_catalog, pg_temp")
        yield conn


def here(conn: Conn) -> tuple[int, bool]:
    """The farm's number, and whether it is home."""
    [(farm_id, is_home)] = rows(conn, "select farm_id, is_home from ops.here")
    return int(farm_id), bool(is_home)


def listed(home: Conn) -> list[Farm]:
    """All farms, with how many users live on each."""
    return [
        Farm(id=number, name=name, users=users)
        for number, name, users in rows(
            home,
            "select f.id, f.name,"
            " (select count(*) from identity.users as u"
            " where u.farm_id = f.id and u.status <> 'deactivated')"
            " from ops.farms as f order by f.id",
        )
    ]


def published(conn: Conn) -> list[str]:
    """The tables that flow from home, those without parents first."""
    return [
        str(table)
        for (table,) in rows(
            conn,
            "select table_name from ops.placements where is_published"
            " order by table_name = 'identity.users', table_name",
        )
    ]


def check_home(home: Conn) -> None:
    """Refuses what is no home, or cannot publish."""
    number, is_home = here(home)
    if not is_home:
        raise FarmRefused(
            f"DATABASE_URL is farm {number}'s: this is asked at home, which writes users."
        )


def add(home: Conn, farm: Conn, number: int, *, name: str, address: str) -> None:
    """Make an empty renderstore a farm that follows home; again, where it was broken off.

    `address` is where the farm's server finds home, with a login that may replicate.
    """
    check_home(home)
    [(wal_level,)] = home.execute("show wal_level").fetchall()
    if wal_level != "logical":
        raise FarmRefused(
            f"Home's wal_level is {wal_level}, and farms need logical. A DBA types there:"
            " alter system set wal_level = logical; and restarts the server."
        )
    if not _is_superuser(farm):
        raise FarmRefused(
            f"Farm {number} is not reached as a superuser: no other login's subscription may"
            " write tables whose row-level security is forced. Name one in FARM_DIRECT_URLS."
        )
    if migrations.recorded(home) != migrations.recorded(farm):
        raise FarmRefused(
            f"Home and farm {number} do not have the same migrations: migrate farms first, home last."
        )
    was, is_home = here(farm)
    if is_home:
        _refuse_inhabited(farm, number)
    elif was != number:
        raise FarmRefused(f"That database is farm {was} already, not {number}.")
    rows(
        home,
        "insert into ops.farms (id, name) values (%s, %s)"
        " on conflict on constraint farms_pkey do update set name = excluded.name",
        number,
        name,
    )
    _publish(home)
    if is_home:
        _become(farm, number)
    _subscribe(home, farm, number, address)


def _refuse_inhabited(farm: Conn, number: int) -> None:
    [(users,)] = rows(farm, "select count(*) from identity.users")
    if users:
        raise FarmRefused(
            f"The database that is to be farm {number} has {users} users of its own:"
            " a farm begins empty, and users move to it."
        )


def _is_superuser(conn: Conn) -> bool:
    [(answer,)] = conn.execute("show is_superuser").fetchall()
    return bool(answer == "on")


def _publish(home: Conn) -> None:
    """The publication, as ops.placements has it by now."""
    tables = sql.SQL(", ").join(identifier(each) for each in published(home))
    is_there = home.execute(
        "select from pg_publication where pubname = %s", [PUBLICATION]
    ).fetchall()
    what = (
        "alter publication {} set table {}"
        if is_there
        else "create publication {} for table {}"
    )
    # As who connects: to publish is a right on the database.
    home.execute(sql.SQL(what).format(sql.Identifier(PUBLICATION), tables))


def _become(farm: Conn, number: int) -> None:
    """Home's rows will come instead of those that the migrations brought; all or nothing."""
    gone = [
        sql.SQL("delete from {}").format(identifier(each))
        for each in reversed(published(farm))
    ]
    with farm.transaction():
        for statement in gone:
            rows(farm, statement)
        rows(farm, "update ops.here set farm_id = %s, is_home = false", number)


def _subscribe(home: Conn, farm: Conn, number: int, address: str) -> None:
    name = f"{PUBLICATION}_{number}"
    if farm.execute(
        "select from pg_subscription as s join pg_database as d on d.oid = s.subdbid"
        " where s.subname = %s and d.datname = current_database()",
        [name],
    ).fetchall():
        _refresh(farm, name)
    else:
        # Made by hand, so that two databases of one server may follow one another.
        if not home.execute(
            "select from pg_replication_slots where slot_name = %s", [name]
        ).fetchall():
            home.execute(
                "select pg_create_logical_replication_slot(%s, 'pgoutput')", [name]
            )
        since_16 = farm.info.server_version >= 160000
        farm.execute(
            sql.SQL(
                "create subscription {name} connection {address} publication {publication}"
                " with (create_slot = false, slot_name = {slot}{as_owner})"
            ).format(
                name=sql.Identifier(name),
                address=sql.Literal(address),
                publication=sql.Identifier(PUBLICATION),
                slot=sql.Literal(name),
                as_owner=sql.SQL(", run_as_owner = true" if since_16 else ""),
            )
        )
    _await_copy(farm, number)


def _refresh(farm: Conn, name: str) -> None:
    """What is published since comes with home's rows instead of those that the migrations brought."""
    with farm.transaction():
        # Home's tables are not written here otherwise, and what refers to them stays.
        farm.execute("set local session_replication_role = replica")
        for each in set(published(farm)) - set(_followed(farm)):
            farm.execute(sql.SQL("delete from {}").format(identifier(each)))
    farm.execute(
        sql.SQL("alter subscription {} refresh publication").format(
            sql.Identifier(name)
        )
    )


def _await_copy(farm: Conn, number: int) -> None:
    began, failed = time.monotonic(), failures(farm)
    while unready(farm):
        if failures(farm) > failed or time.monotonic() - began > 600:
            raise FarmRefused(
                f"Farm {number} does not get home's rows: its server's log says why."
                " Repair that and add it again."
            )
        time.sleep(0.05)


def unready(farm: Conn) -> list[str]:
    """The tables whose first copy has not ended."""
    found = farm.execute(
        "select r.srrelid::regclass::text from pg_subscription_rel as r"
        " join pg_subscription as s on s.oid = r.srsubid"
        " where r.srsubstate <> 'r' order by 1"
    ).fetchall()
    return [str(table) for (table,) in found]


def failures(farm: Conn) -> int:
    """How often replication failed here since the server counts."""
    [(count,)] = farm.execute(
        "select coalesce(sum(apply_error_count + sync_error_count), 0)"
        " from pg_stat_subscription_stats as t join pg_subscription as s on s.oid = t.subid"
        " join pg_database as d on d.oid = s.subdbid where d.datname = current_database()"
    ).fetchall()
    return int(count)


def problems(home: Conn, farm: Conn, number: int) -> list[str]:
    """What keeps a farm from following home, a sentence each."""
    found: list[str] = []
    was, is_home = here(farm)
    if was != number:
        found.append(f"That database says that it is farm {was}.")
    if migrations.recorded(home) != migrations.recorded(farm):
        found.append("It does not have home's migrations.")
    if is_home:
        if here(home) != (was, is_home):
            found.append("It says that it is home, and so does home.")
        return found
    if set(published(farm)) - set(_followed(farm)):
        found.append("It does not follow all that home publishes: add it again.")
    if behind := unready(farm):
        found.append(f"The first copy of these has not ended: {', '.join(behind)}.")
    running = farm.execute(
        "select from pg_stat_subscription where subname = %s and pid is not null",
        [f"{PUBLICATION}_{number}"],
    ).fetchall()
    # A connection that was lost counts as a failure, and is over once it runs again.
    if not running:
        count = failures(farm)
        failed = f", and has failed {count} times" if count else ""
        found.append(
            f"Its subscription does not run{failed}: the server's log says why."
        )
    return found


def lag_bytes(home: Conn, number: int) -> int | None:
    """How much of home's log this farm has not confirmed; None without its slot."""
    found = home.execute(
        "select pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)"
        " from pg_replication_slots where slot_name = %s",
        [f"{PUBLICATION}_{number}"],
    ).fetchall()
    return int(found[0][0]) if found and found[0][0] is not None else None


def _followed(farm: Conn) -> list[str]:
    found = farm.execute(
        "select n.nspname || '.' || c.relname from pg_subscription_rel as r"
        " join pg_class as c on c.oid = r.srrelid"
        " join pg_namespace as n on n.oid = c.relnamespace"
    ).fetchall()
    return [str(table) for (table,) in found]


def identifier(name: str) -> sql.Identifier:
    """A table that is named with its schema, as a statement has it."""
    return sql.Identifier(*name.split("."))
