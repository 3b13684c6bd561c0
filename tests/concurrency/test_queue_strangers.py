"""Nobody waits for a stranger: tenants forget their transactions, and nobody else notices.

Each holder is a tenant who asks for something and stays in the transaction for two leases.
Meanwhile other tenants submit, workers claim, report and finish, time sweeps, and an
administrator removes the holders. A watcher looks for anybody who waits for a holder.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import psycopg
from tests.factories import Job, job, look, offer, registered, status

from renderstore import work
from renderstore.render import jobs as renders
from renderstore.store import SyncStore, connect
from renderstore.testing import Database

from .queueing import Conn, settle, submit, user

LEASE = 2.0
HELD_FOR = 2 * LEASE
SUBMIT = "select * from render.submit('/a.mov', project_path => '/a.aep'{})"
MINE = "from work.jobs where user_id = identity.current_user_id() and status"
RUNNING, QUEUED = f"{MINE} = 'running'", f"{MINE} = 'queued'"
FAILED, EITHER = f"{MINE} = 'failed'", f"{MINE} in ('running', 'queued')"

HOLDS = {
    "submits": SUBMIT.format(""),
    "submits for a lane that is not open": SUBMIT.format(", labels => '{fresh}'"),
    "submits at a priority of its own": SUBMIT.format(", priority => 2"),
    "submits with a key": SUBMIT.format(", idempotency_key => 'monday'"),
    "submits thousands": (
        "select count(*) from render.submit_many("
        " array_fill('/a.mov'::text, array[2000]),"
        " project_paths => array_fill('/a.aep'::text, array[2000]))"
    ),
    "waits for what runs": (
        "select work.link("
        " (array_agg(id order by id desc))[1], (array_agg(id order by id))[1:1])"
        f" {EITHER}"
    ),
    "asks to cancel what runs": f"select work.cancel(id) {RUNNING}",
    "watches what runs": f"select work.watch(id) {RUNNING}",
    "limits what runs": (
        f"select work.set_auto_cancel(id, now() + interval '1 hour') {RUNNING}"
    ),
    "cancels what waits": f"select work.cancel(id) {QUEUED}",
    "deletes what waits": f"select work.delete(id) {QUEUED}",
    "puts off what waits": (
        f"select work.set_due(id, now() + interval '1 hour') {QUEUED}"
    ),
    "moves what waits": (f"select work.set_priority(id, 1) {QUEUED}"),
    "tries again": f"select work.try_again(id) {FAILED}",
    "renames": f"select render.set_names(id, 'a', 'b') {RUNNING}",
    "inserts into the view": (
        "insert into render.jobs (project_path, output_path) values ('/a', '/b')"
    ),
}


@dataclass
class Farm:
    """What two workers do meanwhile, and what they were told."""

    store: SyncStore
    over: threading.Event = field(default_factory=threading.Event)
    troubles: list[str] = field(default_factory=list[str])

    def run(self, name: str, held: list[tuple[UUID, UUID, int]]) -> None:
        """Hold what is held from the beginning; claim, report and finish the rest."""
        scope = self.store.worker(name)
        mine: list[tuple[UUID, UUID, int]] = []
        lease = timedelta(seconds=LEASE)
        while not self.over.is_set():
            every = held + mine
            beats = scope.run(
                work.jobs.heartbeat_many,
                user_ids=[each[0] for each in every],
                ids=[each[1] for each in every],
                attempts=[each[2] for each in every],
                progresses=[1 for _ in every],
                lease=lease,
            )
            if {beat.id for beat in beats} != {each[1] for each in every}:
                self.troubles.append(f"{name} lost a lease")
            refused = scope.run(
                work.jobs.finish_many,
                user_ids=[each[0] for each in mine],
                ids=[each[1] for each in mine],
                attempts=[each[2] for each in mine],
            )
            if refused:
                self.troubles.append(f"{name} was refused {refused}")
            claimed = scope.run(work.jobs.claim, limit=3, lease=lease)
            mine = [(each.user_id, each.id, each.attempt) for each in claimed]
            self.over.wait(0.1)
        scope.run(
            work.jobs.finish_many,
            user_ids=[each[0] for each in mine],
            ids=[each[1] for each in mine],
            attempts=[each[2] for each in mine],
        )

    def submit(self, who: UUID) -> None:
        """A tenant who goes on as if nothing were."""
        while not self.over.wait(0.1):
            self.store.user(who).run(
                renders.submit, output_path="/a.mov", project_path="/a.aep"
            )

    def sweep(self) -> None:
        """Time."""
        while not self.over.wait(0.3):
            for line in self.store.worker("sweeper").run(work.sweep, max_rows=1000):
                if line.problem:
                    self.troubles.append(f"sweep: {line.what}: {line.problem}")

    def watch(self, database: Database, holders: list[int]) -> None:
        """Whoever waits for a holder, save an erasure: it tries for a millisecond."""
        with psycopg.connect(database.admin_url, autocommit=True) as conn:
            while not self.over.wait(0.02):
                self.troubles.extend(
                    f"waits for a holder: {row[0]}"
                    for row in conn.execute(
                        "select query from pg_stat_activity"
                        " where pg_blocking_pids(pid) && %s::integer[]"
                        " and query not like 'delete from identity.users%%'",
                        [holders],
                    )
                )


def holder(database: Database, stack: ExitStack, who: UUID, statement: str) -> Conn:
    """A tenant's connection that asks, and does not end."""
    conn: Conn = stack.enter_context(psycopg.connect(database.url))
    conn.execute(
        "select identity.bind('renderstore_app', %s, %s)", [who, f"user:{who}"]
    )
    asked = conn.execute(statement.encode())
    assert asked.rowcount > 0, f"{statement} holds nothing"
    return conn


def test_nobody_waits_for_a_tenant_who_forgets_a_transaction(
    database: Database,
) -> None:
    offer(database, ["fresh"])
    people = {what: user(database) for what in HOLDS}
    held: dict[str, list[tuple[UUID, UUID, int]]] = {"one": [], "two": []}
    for number, who in enumerate(people.values()):
        name = ("one", "two")[number % 2]
        for _ in range(2):
            made = job(database, "running", user_id=who, held_by=name)
            held[name].append((who, made.id, 1))
        submit(database, who, 2)
        job(database, "failed", user_id=who)
    others = [user(database) for _ in range(3)]
    running: list[Job] = [Job(each[0], each[1]) for each in held["one"] + held["two"]]
    with (
        connect(database.url, size=12) as store,
        connect(database.url, size=2) as office,
        ExitStack() as stack,
    ):
        for name in held:
            registered(store, name)
        conns = {
            what: holder(database, stack, people[what], statement)
            for what, statement in HOLDS.items()
        }
        pids = [conn.info.backend_pid for conn in conns.values()]
        farm = Farm(store)
        threads = [
            threading.Thread(target=farm.run, args=(name, held[name])) for name in held
        ]
        threads += [threading.Thread(target=farm.submit, args=(who,)) for who in others]
        threads.append(threading.Thread(target=farm.sweep))
        threads.append(threading.Thread(target=farm.watch, args=(database, pids)))
        for each in threads:
            each.start()
        try:
            time.sleep(HELD_FOR)
            removed = people["submits"], people["cancels what waits"]
            with office.admin(reason="removes holders") as conn:
                conn.execute(
                    "update identity.users set status = 'deactivated'"
                    " where id = any(%s)",
                    [list(removed)],
                )
            with office.admin(reason="erases holders") as conn:
                conn.execute("set local statement_timeout = '1s'")
                conn.execute(
                    "delete from identity.users where id = any(%s)", [list(removed)]
                )
        finally:
            farm.over.set()
            for each in threads:
                each.join()
        assert farm.troubles == []
        lost = look(
            database,
            "select id, attempt, lost_leases, status from work.jobs"
            " where lost_leases > 0 or attempt > 1",
        )
        assert lost == []
        assert len(running) == 2 * len(HOLDS)
        for who in others:
            done = look(
                database,
                "select 1 from work.jobs where user_id = %(who)s"
                " and status = 'completed'",
                who=who,
            )
            assert done, "a stranger's jobs did not run"
        for conn in conns.values():
            conn.rollback()
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("select * from ops.sweep()")
    assert settle(database) == []
    gone = look(
        database,
        "select 1 from work.jobs where user_id = any(%(who)s)",
        who=list(removed),
    )
    assert gone == []


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
        tenant = holder(database, stack, who, SUBMIT.format(""))
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
