"""Whoever writes, by function or plain SQL, the queue stays right and nobody deadlocks.

Eight connections at once do whatever the roles permit, in random order, and take a part of
it back. What a statement is refused is fine; what is left must agree, and a job must not be
completed twice.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import psycopg
import pytest
from tests.factories import acting, look

from renderstore import errors, render, work
from renderstore.store import SyncScope, SyncStore, connect
from renderstore.testing import Database

from .queueing import KINDS, PROVE, Conn, in_threads, settle, user

WALKERS = 8
STEPS = 4000 if PROVE else 120
SEEDS = range(5) if PROVE else range(1)
LABELS: tuple[list[str], ...] = ([], [], ["gpu"], ["gpu", "mac"], ["mac"])
FRESH = [f"fresh-{number}" for number in range(5)]
LEASES = ("1 s", "1 s", "5 s")

DEADLOCK = "40P01"

Held = tuple[UUID, UUID, int]


class _TakenBack(Exception):  # noqa: N818
    """A transaction that its caller rolls back."""


@dataclass
class Walker:
    """One connection's walk: what it holds, what it was told, and what went wrong."""

    name: str
    store: SyncStore
    eye: Conn
    users: list[UUID]
    dice: random.Random
    held: list[Held] = field(default_factory=list[Held])
    completed: list[Held] = field(default_factory=list[Held])
    deadlocks: list[str] = field(default_factory=list[str])
    refused: int = 0
    done: Counter[str] = field(default_factory=Counter[str])

    def walk(self, steps: int) -> None:
        acts = [act for act, weight in ACTS for _ in range(weight)]
        for _ in range(steps):
            self.step(self.dice.choice(acts))

    def step(self, act: Callable[[Walker], None]) -> None:
        try:
            act(self)
            self.done[act.__name__] += 1
        except _TakenBack:
            pass
        except (psycopg.Error, errors.Error) as error:
            cause = error if isinstance(error, psycopg.Error) else error.__cause__
            state = cause.sqlstate if isinstance(cause, psycopg.Error) else None
            if state == DEADLOCK:
                self.deadlocks.append(f"{act.__name__}: {cause}")
            elif state is not None and not state.startswith(
                ("RS", "23", "40", "55", "P0")
            ):
                raise
            self.refused += 1

    def within(self, scope: SyncScope, act: Callable[[Conn], object]) -> None:
        """A transaction of its own, which one time in ten is taken back."""
        with scope as conn:
            act(conn)
            if self.dice.random() < 0.1:
                raise _TakenBack

    def labels(self) -> list[str]:
        """What a job asks for: at times a label that a worker may have brought or not."""
        if self.dice.random() < 0.15:
            return [self.dice.choice(FRESH)]
        return self.dice.choice(LABELS)

    def user(self) -> UUID:
        return self.dice.choice(self.users)

    def jobs(
        self, where: str, user_id: UUID | None = None, most: int = 1
    ) -> list[UUID]:
        """Some jobs' ids, as they were a moment ago."""
        rows = self.eye.execute(
            f"select id from work.jobs where {where} and user_id = %s"
            " order by random() limit %s".encode(),
            [user_id, most],
        ).fetchall()
        return [row[0] for row in rows]


def submit(walker: Walker) -> None:
    who = walker.user()
    needs = walker.jobs("status <> 'completed'", who, walker.dice.choice([0, 0, 1, 3]))
    due = walker.dice.choice(["null", "null", "now() + interval '20 ms'"])
    key = walker.dice.choice([None, None, f"key {walker.dice.randrange(50)}"])

    def act(conn: Conn) -> None:
        row = conn.execute(f"select ({due})::timestamptz".encode()).fetchone()
        assert row is not None
        render.jobs.submit(
            conn,
            template_path="/a.aep",
            output_path="/b.mov",
            priority=walker.dice.randrange(4),
            labels=walker.labels(),
            due_at=row[0],
            idempotency_key=key,
            needs_job_ids=needs,
            on_failure=walker.dice.choice(list(work.DependencyRule)),
        )

    walker.within(walker.store.user(who), act)


def insert(walker: Walker) -> None:
    who = walker.user()
    walker.within(
        walker.store.user(who),
        lambda conn: conn.execute(
            "insert into render.jobs"
            " (user_id, template_path, output_path, priority, labels, auto_cancel_at)"
            " values (%s, '/a.aep', '/b.mov', %s, %s, %s)",
            [
                who,
                walker.dice.randrange(4),
                walker.labels(),
                walker.dice.choice([None, None, "now"]),
            ],
        ),
    )


def insert_many(walker: Walker) -> None:
    who = walker.user()
    jobs = walker.dice.randrange(1, 20)
    keys = [f"key {n}" for n in walker.dice.sample(range(50), jobs)]
    walker.within(
        walker.store.user(who),
        lambda conn: conn.execute(
            "select * from render.submit_many("
            " %(outputs)s, %(templates)s, priorities => %(priorities)s,"
            " idempotency_keys => %(keys)s, labels => %(labels)s, backoff_s => 1)",
            {
                "outputs": ["/b.mov"] * jobs,
                "templates": ["/a.aep"] * jobs,
                "priorities": [walker.dice.randrange(4) for _ in range(jobs)],
                "keys": keys,
                "labels": walker.labels(),
            },
        ),
    )


def submit_other(walker: Walker) -> None:
    """A download, or a step of the user's one project."""
    door = walker.dice.choice(
        (
            "media.submit_download('https://example.org/list', labels => %s)",
            "studio.submit_step('script', (select id from studio.projects), labels => %s)",
        )
    )
    values = [walker.labels()]
    walker.within(
        walker.store.user(walker.user()),
        lambda conn: conn.execute(f"select id from {door}".encode(), values),
    )


def ask(statement: str, where: str, most: int = 1) -> Callable[[Walker], None]:
    """A user's plain statement about some of their own jobs."""

    def act(walker: Walker) -> None:
        who = walker.user()
        ids = walker.jobs(where, who, most)
        values = {
            "user_id": who,
            "ids": ids,
            "priority": walker.dice.randrange(4),
            "soon": walker.dice.choice([0, 20, 50]),
        }
        walker.within(
            walker.store.user(who),
            lambda conn: conn.execute(statement.encode(), values),
        )

    act.__name__ = statement.strip().split("\n")[0]
    return act


def link(walker: Walker) -> None:
    who = walker.user()
    pair = sorted(walker.jobs("status in ('pending', 'queued')", who, 2))
    if len(pair) < 2:
        return
    walker.within(
        walker.store.user(who),
        lambda conn: conn.execute(
            "select work.link(%s, array[%s::uuid], %s)",
            [pair[1], pair[0], walker.dice.choice(["wait", "cancel"])],
        ),
    )


def administer(statement: str) -> Callable[[Walker], None]:
    def act(walker: Walker) -> None:
        who = walker.user()
        walker.within(
            walker.store.admin(reason="walks"),
            lambda conn: conn.execute(statement.encode(), {"user_id": who}),
        )

    act.__name__ = statement
    return act


def claim(walker: Walker) -> None:
    got: list[Held] = []
    lease = walker.dice.choice(LEASES)
    jobs = walker.dice.choice([1, 1, 5, 20])

    def act(conn: Conn) -> None:
        got.extend(
            conn.execute(
                "select user_id, id, attempt from work.claim(%s, null, %s::interval)",
                [jobs, lease],
            ).fetchall()
        )

    walker.within(walker.store.worker(walker.name), act)
    walker.held.extend(got)


def take(walker: Walker, most: int) -> tuple[list[UUID], list[UUID], list[int]]:
    """Some of what the walker believes to hold, in no order."""
    walker.dice.shuffle(walker.held)
    some = walker.held[:most]
    return [h[0] for h in some], [h[1] for h in some], [h[2] for h in some]


def drop(walker: Walker, ids: list[UUID]) -> None:
    walker.held = [h for h in walker.held if h[1] not in ids]


def heartbeat(walker: Walker) -> None:
    users, ids, attempts = take(walker, 20)
    progresses = [walker.dice.randrange(101) for _ in ids]
    lease = walker.dice.choice(LEASES)
    walker.within(
        walker.store.worker(walker.name),
        lambda conn: conn.execute(
            "select * from work.heartbeat_many(%s, %s, %s, %s, %s::interval)",
            [users, ids, attempts, progresses, lease],
        ),
    )


def finish(walker: Walker) -> None:
    users, ids, attempts = take(walker, walker.dice.choice([1, 5, 20]))
    refused: list[Held] = []

    def act(conn: Conn) -> None:
        refused.extend(
            conn.execute(
                "select user_id, id, attempt from work.finish_many(%s, %s, %s)",
                [users, ids, attempts],
            )
        )

    walker.within(walker.store.worker(walker.name), act)
    walker.completed.extend(
        held for held in zip(users, ids, attempts, strict=True) if held not in refused
    )
    drop(walker, ids)


def finish_and_claim(walker: Walker) -> None:
    users, ids, attempts = take(walker, 5)
    answer: list[tuple[bool, UUID, UUID, int]] = []

    def act(conn: Conn) -> None:
        answer.extend(
            conn.execute(
                "select is_refused, user_id, id, attempt"
                " from work.finish_and_claim(%s, %s, %s, 5)",
                [users, ids, attempts],
            ).fetchall()
        )

    walker.within(walker.store.worker(walker.name), act)
    refused = {row[1:] for row in answer if row[0]}
    walker.completed.extend(
        held for held in zip(users, ids, attempts, strict=True) if held not in refused
    )
    drop(walker, ids)
    walker.held.extend(row[1:] for row in answer if not row[0])


def report(call: str) -> Callable[[Walker], None]:
    """A report on one job that the walker believes to hold."""

    def act(walker: Walker) -> None:
        users, ids, attempts = take(walker, 1)
        if not ids:
            return
        drop(walker, ids)
        walker.within(
            walker.store.worker(walker.name),
            lambda conn: conn.execute(
                f"select {call}".encode(), [users[0], ids[0], attempts[0]]
            ),
        )

    act.__name__ = call
    return act


def sweep(walker: Walker) -> None:
    walker.within(
        walker.store.worker(walker.name),
        lambda conn: conn.execute(
            "select * from work.sweep(%s)", [walker.dice.choice([1, 10, 1000])]
        ),
    )


def register(walker: Walker) -> None:
    """A worker says anew what it offers, at times a label that nobody knows."""
    labels = list(walker.dice.choice([["gpu", "mac"], ["gpu"], []]))
    if walker.dice.random() < 0.5:
        labels.append(walker.dice.choice(FRESH))
    walker.within(
        walker.store.worker(walker.name),
        lambda conn: conn.execute(
            "select work.register('{render,download,step}', %s)", [labels]
        ),
    )


def linger(walker: Walker) -> None:
    """A user asks for something, and stays in the transaction."""
    who = walker.user()
    ids = walker.jobs(WAITING, who, 3)

    def act(conn: Conn) -> None:
        render.jobs.submit(
            conn,
            template_path="/a.aep",
            output_path="/b.mov",
            labels=walker.labels(),
        )
        conn.execute(
            "select work.cancel(id) from (select unnest(%s::uuid[]) as id) as asked",
            [ids],
        )
        time.sleep(walker.dice.choice([0.2, 1.0, 2.0]))

    walker.within(walker.store.user(who), act)


def submit_twice(walker: Walker) -> None:
    who = walker.user()
    walker.within(
        walker.store.user(who),
        lambda conn: [
            render.jobs.submit(
                conn,
                template_path="/a.aep",
                output_path="/b.mov",
                priority=walker.dice.randrange(4),
                labels=walker.labels(),
                validate_first=walker.dice.random() < 0.5,
            )
            for _ in range(2)
        ],
    )


def validate(walker: Walker) -> None:
    got: list[Held] = []

    def act(conn: Conn) -> None:
        got.extend(
            conn.execute("select user_id, id, attempt from work.validate(3)").fetchall()
        )
        for each in got[:2]:
            conn.execute("select work.accept(%s, %s, %s)", each)

    walker.within(walker.store.worker(walker.name), act)
    walker.held.extend(got[2:])


WAITING = "status in ('pending', 'queued')"
EACH = "from (select unnest(%(ids)s::uuid[]) as id) as asked"

ACTS: list[tuple[Callable[[Walker], None], int]] = [
    (submit, 10),
    (insert, 6),
    (insert_many, 2),
    (submit_other, 4),
    (claim, 12),
    (heartbeat, 5),
    (finish, 6),
    (finish_and_claim, 6),
    (report("work.fail(%s, %s, %s, 'crashed')"), 3),
    (report("work.fail(%s, %s, %s, 'invalid')"), 2),
    (report("work.release(%s, %s, %s)"), 3),
    (report("work.stop(%s, %s, %s)"), 1),
    (report("work.append_log(%s, %s, %s, 'a line')"), 1),
    (sweep, 5),
    (link, 4),
    (ask(f"select work.cancel(id) {EACH}", "true"), 4),
    (ask(f"select work.cancel(id, 'several') {EACH}", WAITING, 5), 1),
    (
        ask(
            f"select work.try_again(id) {EACH}",
            "status in ('failed', 'cancelled')",
            2,
        ),
        5,
    ),
    (
        ask(f"select work.set_priority(id, %(priority)s) {EACH}", WAITING, 5),
        5,
    ),
    (
        ask(
            "select work.set_due(id, now() + %(soon)s * interval '1 ms') " + EACH,
            WAITING,
        ),
        3,
    ),
    (ask(f"select work.set_due(id, null) {EACH}", WAITING), 1),
    (ask(f"select work.set_auto_cancel(id, now()) {EACH}", "true"), 1),
    (ask(f"select work.watch(id) {EACH}", "true"), 1),
    (ask(f"select work.delete(id) {EACH}", "true", 4), 3),
    (administer("select work.pause_user(%(user_id)s)"), 2),
    (administer("select work.resume_user(%(user_id)s)"), 4),
    (administer("select work.pause('gpu')"), 1),
    (administer("select work.pause()"), 1),
    (administer("select work.resume('gpu')"), 2),
    (administer("select work.resume()"), 3),
    (administer("select work.cancel(id) from work.jobs order by random() limit 1"), 1),
    (register, 2),
    (linger, 2),
    (submit_twice, 2),
    (validate, 2),
]


# What must have been done at least once, or the walk says nothing of it.
MEANT = {
    act.__name__
    for act in (
        *(submit, insert, insert_many, submit_other, submit_twice, linger),
        *(claim, heartbeat, finish, finish_and_claim, validate, register, sweep),
    )
}


def summary(walkers: list[Walker]) -> str:
    done = sum(walker.done.total() for walker in walkers)
    return f"{done} done, {sum(walker.refused for walker in walkers)} refused"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_walk_of_everybody_leaves_the_queue_right(
    database: Database, seed: int
) -> None:
    users = [user(database) for _ in range(3)]
    for each in users:
        with acting(database, "app", each) as conn:
            conn.execute("select studio.create_project('The walk')")
    walkers: list[Walker] = []
    with connect(database.url, size=WALKERS) as store:
        walkers.extend(
            Walker(
                name=f"walker {number}",
                store=store,
                eye=psycopg.connect(database.admin_url, autocommit=True),
                users=users,
                dice=random.Random(f"{seed} {number}"),
            )
            for number in range(WALKERS)
        )
        for walker in walkers:
            walker.step(register)
        try:
            in_threads(WALKERS, lambda number: walkers[number].walk(STEPS))
        finally:
            for walker in walkers:
                walker.eye.close()

    deadlocks = [text for walker in walkers for text in walker.deadlocks]
    assert deadlocks == [], "\n\n".join(deadlocks[:10])
    done = sum((walker.done for walker in walkers), Counter[str]())
    assert done.total() > STEPS, summary(walkers)
    assert set(done) >= MEANT, MEANT - set(done)
    assert settle(database) == []
    kinds = look(database, "select distinct kind::text from work.jobs order by 1")
    assert kinds == [(kind,) for kind in sorted(KINDS)]
    for what in (
        f"select from work.jobs where labels && '{{{','.join(FRESH)}}}'",
        "select from work.events where before = 'validating'",
    ):
        assert look(database, what) != [], what

    acknowledged = [(h[1], h[2]) for walker in walkers for h in walker.completed]
    assert len(acknowledged) == len({job_id for job_id, _ in acknowledged})
    ends = look(
        database,
        "select job_id, count(*), max(attempt) from work.events"
        " where after = 'completed' group by job_id",
    )
    assert [row for row in ends if row[1] > 1] == []
    jobs = {row[0] for row in look(database, "select id from work.jobs")}
    kept = {(row[0], row[2]) for row in ends}
    forgotten = [pair for pair in acknowledged if pair[0] in jobs and pair not in kept]
    assert forgotten == []
