"""A user moves to another farm, with all that is theirs.

Each step leaves what a second run goes on from, or back:

1. The user's jobs leave the line, and running ones may end. The user goes on working.
2. ops.moves at the old farm: from here on nothing of the user's is written (RS015). Who had begun before ends first;
   then what runs still is given back.
3. One transaction at the new farm holds a copy of every owner-led table, compared by md5.
4. users.farm_id at home. Before it the copy counts for nothing, after it the old rows do not.
5. The new farm has heard of it: the jobs stand in line there.
6. The old farm, which has heard of it too, forgets.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from uuid import UUID

from psycopg import sql

from renderstore._farms import Conn, FarmRefused, here, identifier, rows

Step = Callable[[str], None]
"""Told what is done next: a test kills there."""

# What the queue makes anew where a user arrives, and forgets where one leaves.
_LINE = ("work.turns", "work.ready", "work.arrivals", "work.leftovers", "work.reports")
_REASON = "Moves to another farm."
_DBA = "dba:renderstore farm move"


def find(home: Conn, email: str) -> tuple[UUID, int]:
    """The user with this e-mail, and the farm where they live."""
    found = rows(
        home,
        "select id, farm_id from identity.users"
        " where email = lower(%s) and status <> 'deactivated'",
        email,
    )
    if not found:
        raise FarmRefused(f"Nobody with the e-mail {email} is at home.")
    return found[0][0], int(found[0][1])


def move(
    home: Conn,
    farms: Mapping[int, Conn],
    user_id: UUID,
    to: int,
    *,
    wait: float = 60,
    step: Step = lambda _: None,
) -> bool:
    """Let a user live on this farm; False where they did already and nothing was left to do.

    A job that has not ended within `wait` seconds is given back, and runs again at the new farm.
    """
    for number, conn in farms.items():
        is_farm, _ = here(conn)
        if is_farm != number:
            raise FarmRefused(f"Farm {number}'s address is farm {is_farm}'s.")
    [(lives_on,)] = rows(
        home, "select farm_id from identity.users where id = %s", user_id
    )
    target = _at(farms, to)
    if lives_on == to:
        return _finish(home, farms, user_id, to, step)
    source = _at(farms, int(lives_on))
    other = rows(source, "select to_farm_id from ops.moves where user_id = %s", user_id)
    if other and other[0][0] != to:
        raise FarmRefused(
            f"This user was on the way to farm {other[0][0]}: move them there, or back to {lives_on}, first."
        )
    step("drain")
    _drain(source, user_id, wait)
    step("mark")
    rows(
        source,
        "insert into ops.moves (user_id, to_farm_id) values (%s, %s)"
        " on conflict on constraint moves_pkey do nothing",
        user_id,
        to,
    )
    _await_older(source)
    _take_back(source, user_id)
    step("copy")
    _copy(source, target, user_id, to, step)
    step("flip")
    rows(home, "update identity.users set farm_id = %s where id = %s", to, user_id)
    step("arrive")
    _finish(home, farms, user_id, to, step)
    return True


def _finish(
    home: Conn, farms: Mapping[int, Conn], user_id: UUID, to: int, step: Step
) -> bool:
    """What comes after home has said where the user lives; it may be all done, or undone where the move went back."""
    target = _at(farms, to)
    found = rows(target, "select to_farm_id from ops.moves where user_id = %s", user_id)
    arrived = found == [(to,)]
    if arrived:
        _await_word(target, to, user_id, to)
    else:
        # Back: they never left, and a copy elsewhere counts for nothing.
        rows(target, "delete from ops.moves where user_id = %s", user_id)
    done = _resume(target, user_id) or bool(found)
    step("forget")
    for number, conn in farms.items():
        if number != to and _has(conn, user_id):
            # Else it would take the user for its own, and say that nothing is there.
            _await_word(conn, number, user_id, to)
            _forget(conn, user_id)
            done = True
    if arrived:
        step("end")
        rows(target, "delete from ops.moves where user_id = %s", user_id)
    return done


def _has(conn: Conn, user_id: UUID) -> bool:
    return bool(rows(conn, "select from ops.moves where user_id = %s", user_id))


def _at(farms: Mapping[int, Conn], number: int) -> Conn:
    if number not in farms:
        raise FarmRefused(
            f"Farm {number}'s address is not known: name it in FARM_DIRECT_URLS or FARM_URLS."
        )
    return farms[number]


def _as(conn: Conn, role: str, actor: str, call: sql.Composed | sql.SQL) -> None:
    """A function that asks who calls it."""
    with conn.transaction():
        conn.execute("select identity.bind(%s, null, %s)", [role, actor])
        conn.execute(call)


def _drain(source: Conn, user_id: UUID, wait: float) -> None:
    """Nothing of the user's is handed out, and nothing runs."""
    if _has(source, user_id):
        return
    if not rows(source, "select from work.user_pauses where user_id = %s", user_id):
        _as(
            source,
            "renderstore_admin",
            _DBA,
            sql.SQL("select work.pause_user({}, {})").format(user_id, _REASON),
        )
    began = time.monotonic()
    while _runs(source, user_id) and time.monotonic() - began <= wait:
        time.sleep(0.1)


def _runs(source: Conn, user_id: UUID) -> bool:
    return bool(
        rows(
            source,
            "select from work.jobs"
            " where user_id = %s and status in ('running', 'validating')",
            user_id,
        )
    )


def _take_back(source: Conn, user_id: UUID) -> None:
    """No worker has a job of the user's any more, and none gets one.

    The pause passed over what somebody had locked, so that may stand in line yet. An end that a worker was told is noted
    counts: the release is noted beside it, as a report that came second.
    """
    for table in ("work.ready", "work.arrivals"):
        rows(
            source,
            sql.SQL("delete from {} where user_id = %s").format(identifier(table)),
            user_id,
        )
    while _runs(source, user_id):
        for call in (
            "select work.note_report(user_id, id, attempt, held_by, 'released')"
            " from work.jobs"
            " where user_id = {} and status in ('running', 'validating')",
            "select work.carry_reports(100000)",
        ):
            _as(source, "renderstore_owner", _DBA, sql.SQL(call).format(user_id))
        time.sleep(0.02)


def _await_older(source: Conn) -> None:
    """Until who had begun before the mark has ended: they may still write."""
    [(marked,)] = source.execute("select clock_timestamp()").fetchall()
    began = time.monotonic()
    while older := source.execute(
        "select pid, usename from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
        " and backend_type = 'client backend' and xact_start <= %s",
        [marked],
    ).fetchall():
        if time.monotonic() - began > 60:
            pid, login = older[0]
            raise FarmRefused(
                f"A transaction of {login} (pid {pid}) has been open since before the move and may still write."
                " End it, then run this again; moving the user back to where they are gives up."
            )
        time.sleep(0.02)


def owned(conn: Conn) -> dict[str, list[str]]:
    """The tables that move, with their columns."""
    found = rows(
        conn,
        "select p.table_name, array_agg(a.attname::text order by a.attname)"
        " from ops.placements as p"
        " join pg_attribute as a on a.attrelid = p.table_name::regclass"
        " where p.placed = 'owner' and a.attnum > 0"
        " and not a.attisdropped and a.attgenerated = ''"
        " group by p.table_name order by p.table_name",
    )
    return {str(table): columns for table, columns in found}


def _copy(source: Conn, target: Conn, user_id: UUID, to: int, step: Step) -> None:
    tables = owned(source)
    with source.transaction(), target.transaction():
        source.execute("set transaction isolation level repeatable read, read only")
        for conn in (source, target):
            conn.execute("set local timezone = 'UTC'")
        # No trigger counts, notes or refuses what comes as it is.
        target.execute("set local session_replication_role = replica")
        _delete(target, user_id, [*_LINE, *tables, "ops.moves"])
        target.execute(
            "insert into identity.owners (user_id) values (%s) on conflict do nothing",
            [user_id],
        )
        target.execute(
            "insert into ops.moves (user_id, to_farm_id) values (%s, %s)", [user_id, to]
        )
        for table, columns in tables.items():
            _copy_table(source, target, table, columns, user_id)
        step("compare")
        sent = digests(source, tables, user_id)
        arrived = digests(target, tables, user_id)
        for table in tables:
            if sent[table] != arrived[table]:
                raise FarmRefused(
                    f"What arrived of {table} is not what was sent; nothing was changed."
                )


def _copy_table(
    source: Conn, target: Conn, table: str, columns: list[str], user_id: UUID
) -> None:
    said: dict[str, sql.Composable] = {name: sql.Identifier(name) for name in columns}
    if table == "work.events":
        # A position is a node's own. Before all of them, nobody's cursor meets these again.
        said["id"] = sql.SQL("-row_number() over (order by id desc)")
        [(made_in,)] = target.execute("select pg_current_xact_id()::text").fetchall()
        said["made_in"] = sql.Literal(made_in)
    there = identifier(table)
    read = sql.SQL("copy (select {} from {} where user_id = {}) to stdout").format(
        sql.SQL(", ").join(said.values()), there, sql.Literal(user_id)
    )
    write = sql.SQL("copy {} ({}) from stdin").format(
        there, sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with (
        source.cursor() as reading,
        target.cursor() as writing,
        reading.copy(read) as sent,
        writing.copy(write) as taken,
    ):
        for block in sent:
            taken.write(block)


def digests(
    conn: Conn, tables: Mapping[str, list[str]], user_id: UUID
) -> dict[str, tuple[int, str | None]]:
    """How many rows of the user's each table has, and their md5."""
    each = [
        sql.SQL(
            "select {}, count(*), md5(string_agg(row_md5, '' order by row_md5)) from ("
            " select md5(row({})::text) as row_md5 from {} where user_id = {}) as r"
        ).format(
            sql.Literal(table),
            sql.SQL(", ").join(
                sql.Identifier(name)
                for name in columns
                if table != "work.events" or name not in ("id", "made_in")
            ),
            identifier(table),
            sql.Literal(user_id),
        )
        for table, columns in tables.items()
    ]
    found = conn.execute(sql.SQL(" union all ").join(each)).fetchall()
    return {str(table): (count, said) for table, count, said in found}


def _delete(conn: Conn, user_id: UUID, tables: list[str]) -> None:
    with conn.pipeline():
        for table in tables:
            conn.execute(
                sql.SQL("delete from {} where user_id = {}").format(
                    identifier(table), sql.Literal(user_id)
                )
            )


def _await_word(farm: Conn, number: int, user_id: UUID, to: int) -> None:
    """Until home's word has come by replication."""
    began = time.monotonic()
    while rows(farm, "select farm_id from identity.users where id = %s", user_id) != [
        (to,)
    ]:
        if time.monotonic() - began > 60:
            raise FarmRefused(
                f"Farm {number} does not hear from home that the user lives on farm {to}:"
                " `renderstore farm check` says why. Then run this again."
            )
        time.sleep(0.02)


def _resume(target: Conn, user_id: UUID) -> bool:
    """The jobs stand in line, unless an administrator had paused the user; whether there was something to do."""
    if not rows(
        target,
        "select from work.user_pauses where user_id = %s and reason = %s",
        user_id,
        _REASON,
    ):
        return False
    _as(
        target,
        "renderstore_admin",
        _DBA,
        sql.SQL("select work.resume_user({})").format(user_id),
    )
    return True


def _forget(source: Conn, user_id: UUID) -> None:
    """No trigger queues a file for removal that lives on."""
    with source.transaction():
        source.execute("set local session_replication_role = replica")
        _delete(source, user_id, [*_LINE, *owned(source), "ops.moves"])
        if not here(source)[1]:
            _delete(source, user_id, ["identity.owners"])
