"""Nobody waits for a stranger: tenants forget their transactions, and nobody else notices.

Each holder is a tenant who calls one function that users may call, or locks what else plain SQL
locks, and stays in the transaction for two leases. Meanwhile other tenants submit and do the very
same, workers claim, report and finish, everything is swept, and an administrator deactivates and
erases the holders. A watcher looks for anybody who waits for a holder.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from uuid import UUID

import psycopg
from tests.factories import acting, job, look, registered, status

from renderstore import ops, work
from renderstore.errors import Error
from renderstore.identity import users as people
from renderstore.render import jobs as renders
from renderstore.store import SyncScope, SyncStore, connect
from renderstore.testing import Database

from .estates import (
    ADMINISTERS,
    HOLDS,
    NOTHING,
    PLAIN,
    REPORTS,
    THOUSANDS,
    WHOLE_ROWS,
    settled,
)
from .queueing import Conn, settle, user

# A machine that does much else must not be what loses it.
LEASE = 6.0
SECOND = timedelta(seconds=1)
HELD_FOR = 2 * LEASE
SUBMIT = "select * from render.submit('/a.mov', project_path => '/a.aep'{})"

VOLATILE = """
select distinct p.pronamespace::regnamespace || '.' || p.proname
from pg_proc as p
where p.pronamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
    and p.provolatile = 'v'
    and p.prorettype <> 'trigger'::regtype
    and has_schema_privilege('renderstore_app', p.pronamespace, 'usage')
    and has_function_privilege('renderstore_app', p.oid, 'execute')
"""
TABLES = """
select
    c.oid::regclass::text,
    coalesce(
        (
            select array_agg(quote_ident(a.attname))
            from pg_attribute as a
            where a.attrelid = c.oid
                and a.attnum > 0
                and not a.attisdropped
                and has_column_privilege(current_user, c.oid, a.attnum, 'update')
        ),
        '{}'
    )
from pg_class as c
where c.relkind in ('r', 'p')
    and c.relnamespace::regnamespace::text not in
        ('pg_catalog', 'information_schema', 'pg_toast')
    and has_schema_privilege(current_user, c.relnamespace, 'usage')
    and has_any_column_privilege(current_user, c.oid, 'select, insert, update')
order by 1
"""
MODES = ("access exclusive", "exclusive", "row exclusive", "row share", "access share")

# What gives up by itself: it tries for a millisecond, and a watcher may look at that moment, which on a machine that does much
# else lasts. Who does not give up waits for as long as they are held.
TRIES = (
    # Of a session that removes a holder; what it runs now is read after what it waits for.
    "set local statement_timeout",
    "delete from identity.users",
    "delete /* identity.users.erase */",
    "select /* ops.sweep */",
    "select work.delete(",
)
A_TRY = HELD_FOR / 4

WAITS = """
with waiting as materialized (
    select a.pid, a.query
    from pg_stat_activity as a
    where a.datname = current_database() and a.wait_event_type = 'Lock'
)
select
    w.query,
    array(select unnest(pg_blocking_pids(w.pid))),
    coalesce((
        select extract(epoch from clock_timestamp() - min(l.waitstart))::float8
        from pg_locks as l
        where l.pid = w.pid and not l.granted
    ), 0)
from waiting as w
"""

# Looking at a job is an attempt too.
LOST = """
select j.idempotency_key, j.attempt, j.lost_leases, j.status
from work.jobs as j
where j.lost_leases > 0
    or j.attempt > 1 + (
        select count(*)
        from work.events as e
        where e.user_id = j.user_id and e.job_id = j.id and e.before = 'validating'
    )
"""

MAY_BE_IDLE = {"takes the schema's advisory lock", "locks tables", "deletes rows"}
"""What holds no row, or none where the role deletes nothing."""

Held = tuple[UUID, UUID, int]


def tried(conn: Conn, statement: str) -> bool:
    """Whether the role may, and no other holder is before it."""
    try:
        with conn.transaction():
            conn.execute("set local lock_timeout = '1ms'")
            conn.execute(statement.encode())
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.LockNotAvailable):
        return False
    return True


def lock_rows(strength: str) -> Callable[[Conn], None]:
    """Locks every row that the role may, so."""

    def act(conn: Conn) -> None:
        got = [
            table
            for table, _ in conn.execute(TABLES).fetchall()
            if tried(conn, f"select from {table} {strength}")
        ]
        assert "identity.api_tokens" in got
        # Its calls hold jobs, and nothing else does.
        assert not [each for each in got if each.startswith(("work.", "render."))]

    return act


def lock_tables(conn: Conn) -> None:
    """Locks every table that the role may, as hard as it may: none so that a row of it waits."""
    for table, _ in conn.execute(TABLES).fetchall():
        for mode in MODES:
            if tried(conn, f"lock table {table} in {mode} mode"):
                break


def update_rows(conn: Conn) -> None:
    """Updates every column that the role may."""
    updated = [
        table
        for table, columns in conn.execute(TABLES).fetchall()
        for column in columns
        if tried(conn, f"update {table} set {column} = {column}")
    ]
    assert "identity.api_tokens" in updated


def delete_rows(conn: Conn) -> None:
    """Deletes every row that the role may."""
    for table, _ in conn.execute(TABLES).fetchall():
        tried(conn, f"delete from {table}")


def stated(statement: str) -> Callable[[Conn], None]:
    def act(conn: Conn) -> None:
        asked = conn.execute(statement.encode())
        assert asked.rowcount > 0, f"{statement} holds nothing"

    return act


def holders() -> dict[str, Callable[[Conn], None]]:
    """Who holds what: each in a transaction of a tenant of its own."""
    calls = {
        call: stated(f"select * from {call}")
        for calls in HOLDS.values()
        for call in calls
    }
    plain = {what: stated(statement) for what, statement in PLAIN.items()}
    rows = {f"locks rows {each}": lock_rows(each) for each in WHOLE_ROWS}
    rest = {"updates rows": update_rows, "deletes rows": delete_rows}
    return {"locks tables": lock_tables} | calls | plain | rows | rest


def many(database: Database, who: UUID, *, jobs: int, assets: int) -> None:
    """So many jobs of a tenant that wait for tomorrow, and assets that a sweep looks at."""
    with psycopg.connect(database.admin_url) as conn:
        for _ in range(jobs // 1000):
            conn.execute(
                "select count(*) from work.submit_many(%s, 'render', 1000,"
                " array_fill(5, array[1000]), due_at => now() + interval '1 day')",
                [who],
            )
        conn.execute(
            "insert into render.specs (user_id, job_id, project_path, output_path)"
            " select j.user_id, j.id, '/a.aep', '/b.mov' from work.jobs as j"
            " where j.user_id = %s and j.due_at > now() + interval '12 h'",
            [who],
        )
        conn.execute(
            "insert into studio.assets"
            " (user_id, kind, state, uri, name, size_bytes, kept_at, sweep_at)"
            " select %(who)s::uuid, 'image', 'kept', %(who)s::text || '/many' || n, 'many', 0,"
            " now(), now() from generate_series(1, %(assets)s) as n",
            {"who": str(who), "assets": assets},
        )


def writes(conn: Conn) -> bool:
    """Whether this transaction has written, or locked a row."""
    row = conn.execute("select pg_current_xact_id_if_assigned() is not null").fetchone()
    return bool(row and row[0])


@dataclass
class Farm:
    """What everybody else does meanwhile, and what they were told."""

    database: Database
    store: SyncStore
    troubles: set[str] = field(default_factory=set[str])
    over: threading.Event = field(default_factory=threading.Event)
    erased: set[UUID] = field(default_factory=set[UUID])
    same: int = 0
    reports: int = 0
    finished: set[UUID] = field(default_factory=set[UUID])

    def act(self, act: Callable[[], None]) -> threading.Thread:
        """A thread that tells what ended it."""

        def run() -> None:
            try:
                act()
            except Exception as error:
                self.troubles.add(f"{error!r}")

        return threading.Thread(target=run)

    def hold(self, name: str, held: list[Held]) -> None:
        """A worker's heart: what is held from the beginning stays held."""
        scope = self.store.worker(name)
        while not self.over.wait(LEASE / 10):
            self.beat(scope, name, held)

    def beat(self, scope: SyncScope, name: str, every: list[Held]) -> None:
        expected = {each[1] for each in every if each[0] not in self.erased}
        beats = scope.run(
            work.jobs.heartbeat_many,
            user_ids=[each[0] for each in every],
            ids=[each[1] for each in every],
            attempts=[each[2] for each in every],
            progresses=[1 for _ in every],
            lease=LEASE * SECOND,
        )
        # Whose user is erased since is nobody's loss.
        lost = [
            each
            for each in every
            if each[1] in expected - {beat.id for beat in beats}
            and each[0] not in self.erased
        ]
        if lost:
            self.troubles.add(f"{name} lost {len(lost)} leases")

    def run(self, name: str) -> None:
        """Claim, report and finish the rest."""
        scope = self.store.worker(name)
        mine: list[Held] = []
        lease = LEASE * SECOND
        while not self.over.is_set():
            self.beat(scope, name, mine)
            self.finish(scope, name, mine)
            claimed = scope.run(work.jobs.claim, limit=3, lease=lease)
            mine = [(each.user_id, each.id, each.attempt) for each in claimed]
            for each in scope.run(work.jobs.validate, limit=1, lease=lease):
                key = {"user_id": each.user_id, "id": each.id}
                scope.run(work.jobs.accept, **key, attempt=each.attempt)
            self.over.wait(0.1)
        self.finish(scope, name, mine)

    def finish(self, scope: SyncScope, name: str, mine: list[Held]) -> None:
        refused = scope.run(
            work.jobs.finish_many,
            user_ids=[each[0] for each in mine],
            ids=[each[1] for each in mine],
            attempts=[each[2] for each in mine],
        )
        if [each for each in refused if each.user_id not in self.erased]:
            self.troubles.add(f"{name} was refused {refused}")
        self.finished.update(each[0] for each in mine)

    def submit(self, who: UUID) -> None:
        """A tenant who goes on as if nothing were."""
        turn = 0
        while not self.over.wait(0.1):
            turn += 1
            self.store.user(who).run(
                renders.submit,
                output_path="/a.mov",
                project_path="/a.aep",
                validate_first=turn % 3 == 0,
            )

    def do_the_same(self, who: UUID) -> None:
        """A tenant who asks for what the holders ask for, and takes it back."""
        with psycopg.connect(self.database.url) as conn:
            while not self.over.is_set():
                for call in [call for calls in HOLDS.values() for call in calls]:
                    self.ask(conn, "renderstore_app", who, f"select * from {call}")
                    self.same += 1
                    if self.over.is_set():
                        return

    def report(self, name: str, jobs: dict[str, list[Held]]) -> None:
        """A worker that says all there is to say, and takes it back."""
        with psycopg.connect(self.database.url) as conn:
            while not self.over.is_set():
                for key, calls in REPORTS.items():
                    for each in jobs[key]:
                        for call in calls:
                            said = call.format("'{}', '{}', {}".format(*each))
                            self.ask(
                                conn, "renderstore_worker", None, f"select {said}", name
                            )
                            self.reports += 1
                            if self.over.is_set():
                                return

    def ask(
        self, conn: Conn, role: str, who: UUID | None, statement: str, name: str = "x"
    ) -> None:
        """A statement that is taken back: what it is refused is fine, not that it gave up."""
        try:
            conn.execute("select identity.bind(%s, %s, %s)", [role, who, name])
            conn.execute("set local statement_timeout = '60s'")
            conn.execute(statement.encode())
        except psycopg.Error as error:
            # An administrator who names somebody's job is told that it is held.
            told = error.sqlstate == "55P03" and role == "renderstore_admin"
            if error.sqlstate in ("40P01", "55P03", "57014") and not told:
                self.troubles.add(f"{statement}: {error}")
        finally:
            conn.rollback()

    def sweep(self) -> None:
        """Time."""
        while not self.over.wait(0.3):
            for line in self.store.worker("sweeper").run(ops.sweep, max_rows=1000):
                if line.problem:
                    self.troubles.add(f"sweep: {line.what}: {line.problem}")

    def watch(self, holders: dict[int, str]) -> None:
        """Whoever waits for a holder."""
        with psycopg.connect(self.database.admin_url, autocommit=True) as conn:
            while not self.over.wait(0.02):
                for query, blockers, waited in conn.execute(WAITS).fetchall():
                    said = re.sub(r"[0-9a-f-]{36}", "…", " ".join(query.split()))
                    if waited < A_TRY and said.startswith(TRIES):
                        continue
                    self.troubles.update(
                        f"waits for {holders[pid]!r}: {said[:200]}"
                        for pid in blockers
                        if pid in holders
                    )


def remove(farm: Farm, office: SyncStore, tenants: dict[str, UUID]) -> None:
    """An administrator changes, deactivates and erases the holders, one after the other."""
    admin = office.admin(reason="removes holders")
    with psycopg.connect(farm.database.url) as conn:
        for who in tenants.values():
            for key, call in ADMINISTERS.items():
                said = call.format(who, key)
                farm.ask(conn, "renderstore_admin", None, f"select {said}", "dba:tests")
    farm.erased.update(tenants.values())
    for act in (people.deactivate, people.erase):
        for what, who in tenants.items():
            try:
                with admin as conn:
                    conn.execute("set local statement_timeout = '60s'")
                    act(conn, id=who)
            except Error as error:
                farm.troubles.add(f"{act.__name__}, who {what}: {error}")
        time.sleep(0.5)


def test_each_function_that_a_user_may_call_is_held(database: Database) -> None:
    callable_ = {row[0] for row in look(database, VOLATILE)}
    assert callable_ - set(HOLDS) == set(), "add what calls it to estates.HOLDS"
    assert set(HOLDS) - callable_ == set()
    for name, calls in HOLDS.items():
        assert all(call.startswith(f"{name}(") for call in calls)


def held_by(database: Database, name: str) -> dict[str, list[Held]]:
    """What a worker holds, by what the estates call it."""
    rows = look(
        database,
        "select idempotency_key, user_id, id, attempt from work.jobs"
        " where held_by = %(name)s",
        name=name,
    )
    return {key: [row[1:] for row in rows if row[0] == key] for key in REPORTS}


def test_nobody_waits_for_a_tenant_who_forgets_a_transaction(
    database: Database,
) -> None:
    holds = holders()
    ids = settled(database, len(holds) + 3)
    tenants, others = dict(zip(holds, ids, strict=False)), ids[-3:]
    many(database, tenants[THOUSANDS], jobs=2000, assets=8000)
    with (
        connect(database.url, size=14) as store,
        connect(database.url, size=2) as office,
        ExitStack() as stack,
    ):
        held = {name: held_by(database, name) for name in ("one", "two")}
        for name in held:
            registered(store, name)
        conns: dict[str, Conn] = {}
        idle: set[str] = set()
        for what, hold in holds.items():
            conns[what] = conn = stack.enter_context(psycopg.connect(database.url))
            conn.execute(
                "select identity.bind('renderstore_app', %s, 'x')", [tenants[what]]
            )
            hold(conn)
            if not writes(conn):
                idle.add(what.partition("(")[0])
        # Whoever holds no row is known.
        assert idle - NOTHING - MAY_BE_IDLE == set()
        pids = {conn.info.backend_pid: what for what, conn in conns.items()}
        farm = Farm(database, store)
        acts: list[Callable[[], None]] = [
            *(
                partial(
                    farm.hold, name, [one for some in jobs.values() for one in some]
                )
                for name, jobs in held.items()
            ),
            *(partial(farm.run, name) for name in held),
            *(partial(farm.report, name, jobs) for name, jobs in held.items()),
            *(partial(farm.submit, who) for who in others),
            partial(farm.do_the_same, others[0]),
            farm.sweep,
            partial(farm.watch, pids),
        ]
        threads = [farm.act(act) for act in acts]
        for each in threads:
            each.start()
        try:
            time.sleep(HELD_FOR)
            lost = look(database, LOST)
            remove(farm, office, tenants)
            # They are erased; what somebody holds of theirs waits for the sweep.
            known = look(
                database,
                "select id from identity.users where id = any(%(who)s)",
                who=list(tenants.values()),
            )
            left = look(
                database,
                "select user_id from identity.owners where user_id = any(%(who)s)",
                who=list(tenants.values()),
            )
        finally:
            farm.over.set()
            # Whoever waits for them all the same is let go.
            for conn in conns.values():
                conn.rollback()
            for each in threads:
                each.join()
        assert not farm.troubles, "\n".join(sorted(farm.troubles))
        assert lost == []
        assert farm.same > len(HOLDS)
        assert farm.reports > 100
        assert set(others) <= farm.finished, "a stranger's jobs did not run"
        names = {who: what for what, who in tenants.items()}
        stays = {names[row[0]].partition("(")[0] for row in left}
        assert {what.partition("(")[0] for what in tenants} - stays <= idle
        assert known == []
    lost = look(database, LOST)
    assert lost == []
    with psycopg.connect(database.admin_url) as conn:
        swept = conn.execute("select what, problem from ops.sweep(100000)").fetchall()
    assert [row for row in swept if row[1]] == []
    assert settle(database) == []
    assert (
        look(
            database,
            "select user_id from identity.owners where user_id = any(%(who)s)",
            who=list(tenants.values()),
        )
        == []
    )


def test_a_report_that_meets_a_locked_job_is_as_good_as_given(
    database: Database, store: SyncStore
) -> None:
    made = job(database, "running", held_by="mac-1")
    failed = job(database, "running", user_id=made.user_id, held_by="mac-1")
    with psycopg.connect(database.url) as tenant:
        tenant.execute(
            "select identity.bind('renderstore_app', %s, 'x')", [made.user_id]
        )
        tenant.execute(
            "select work.cancel(id, 'late') from work.jobs where status = 'running'"
        )
        worker = registered(store, "mac-1")
        worker.run(work.jobs.finish, **made.key, attempt=1)
        worker.run(
            work.jobs.fail, **failed.key, attempt=1, error_class="invalid", exit_code=7
        )
        [(outcome,), (other,)] = look(
            database, "select outcome::text from work.reports order by outcome"
        )
        assert (outcome, other) == ("completed", "failed")
        # Its lease is over, but its end is known.
        with psycopg.connect(database.admin_url) as conn:
            conn.execute(
                "update work.reports set reported_at = now() - interval '1 hour'"
            )
        tenant.commit()
    assert settle(database) == []
    rows = look(
        database,
        "select status::text, error_class, exit_code from work.jobs order by id",
    )
    # The one was asked to be cancelled before its failure was carried over.
    assert rows == [("completed", None, 0), ("cancelled", "invalid", 7)]


def test_an_administrator_waits_for_no_submission_that_stays_open(
    database: Database, store: SyncStore
) -> None:
    who = user(database)
    job(database, user_id=who, priority=2)
    moved, needed = job(database, user_id=who), job(database, user_id=who)
    put_off = job(database, "pending", user_id=who)
    waiting = job(database, "pending", user_id=who, needs=[needed])
    with ExitStack() as stack:
        tenant = stack.enter_context(acting(database, "app", who))
        tenant.execute(SUBMIT.format("").encode())
        tenant.execute(SUBMIT.format(", priority => 2").encode())
        with store.admin(reason="moves jobs") as conn:
            conn.execute("set local lock_timeout = '1s'")
            work.jobs.set_priority(conn, id=moved.id, priority=2)
            work.jobs.set_due(conn, id=put_off.id, due_at=None)
            work.jobs.delete(conn, id=needed.id)
    assert settle(database) == []
    assert [status(database, each) for each in (moved, put_off, waiting)] == [
        "queued",
        "queued",
        "queued",
    ]
