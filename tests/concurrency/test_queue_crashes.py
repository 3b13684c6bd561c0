"""Workers and the server are killed at random while the queue drains, and no job is lost.

Each worker is a process of its own and says through a pipe what it was handed and what the
server has acknowledged: that must be there after any crash.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Generator
from contextlib import suppress
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from uuid import UUID

import psycopg
import pytest
from tests.factories import look

from renderstore.server import Cluster, ServerError, disposable, embedded_binaries
from renderstore.testing import Database
from renderstore.testing.servers import cluster_url, running_server

from .queueing import KINDS, PROVE, settle, submit, user

WORKERS = 4
JOBS = 20_004 if PROVE else 396
SERVER_KILLS = 100 if PROVE else 2
WORKER_KILLS = 500 if PROVE else 8

# A crash must cost what was not yet on the disk, so nothing is left out here.
SETTINGS = {"fsync": "on", "synchronous_commit": "on", "max_connections": "60"}

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def mortal() -> Generator[tuple[Cluster, Database]]:
    """A server of this test's own, which keeps what it acknowledged."""
    try:
        binaries = embedded_binaries()
    except ServerError as error:
        pytest.skip(str(error))
    with (
        disposable(binaries, SETTINGS) as cluster,
        running_server(cluster_url(cluster)) as server,
    ):
        yield cluster, server.clone()


def labour(url: str, name: str, said: Pipe) -> None:
    """Claims and finishes until it is killed, and says what it knows to be so."""
    dice = random.Random(name)
    while True:
        with suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as conn:
            conn.execute("set role renderstore_worker")
            conn.execute(
                "select set_config('renderstore.actor', %s, false)", [f"worker:{name}"]
            )
            # Once: to register anew takes over what the name holds.
            conn.execute(
                "select work.register('{render,download,step}') where not exists ("
                "select from work.workers where name = %s)",
                [name],
            )
            while True:
                jobs = conn.execute(
                    "select user_id, id, attempt from work.claim(%s, null, '1 s')",
                    [dice.choice([1, 1, 5])],
                ).fetchall()
                for job in jobs:
                    said.send(("handed", str(job[1]), job[2], name))
                if not jobs:
                    time.sleep(0.02)
                    continue
                if dice.random() < 0.02:
                    time.sleep(1.3)  # fell asleep: its reports come too late
                lists = [list(column) for column in zip(*jobs, strict=True)]
                refused = conn.execute(
                    "select id, attempt from work.finish_many(%s, %s, %s)", lists
                ).fetchall()
                for job in jobs:
                    if job[1:] not in refused:
                        said.send(("finished", str(job[1]), job[2], name))
        time.sleep(0.05)


class Farm:
    """Workers that are killed and replaced, and what they said."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.names = 0
        self.working: list[tuple[BaseProcess, Pipe]] = []
        self.said: list[tuple[str, UUID, int, str]] = []

    def hire(self) -> None:
        self.names += 1
        ours, theirs = SPAWN.Pipe(duplex=False)
        process = SPAWN.Process(
            target=labour, args=(self.url, f"worker {self.names}", theirs), daemon=True
        )
        process.start()
        theirs.close()
        self.working.append((process, ours))

    def listen(self) -> None:
        for _, pipe in self.working:
            while pipe.poll():
                try:
                    what, job_id, attempt, name = pipe.recv()
                except (EOFError, OSError):
                    break
                self.said.append((what, UUID(job_id), attempt, name))

    def kill_one(self, dice: random.Random) -> None:
        process, pipe = self.working.pop(dice.randrange(len(self.working)))
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        # What it said before its end still counts; half a word does not.
        self.working.append((process, pipe))
        self.listen()
        self.working.pop()
        pipe.close()

    def dismiss(self) -> None:
        while self.working:
            self.kill_one(random.Random())


def left(cluster: Cluster, database: Database) -> int:
    """How many jobs have not ended; a server that lies dead is started."""
    if not cluster.is_running():
        cluster.start(SETTINGS)
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute("select work.sweep()")
        row = conn.execute(
            "select count(*) from work.jobs where completed_at is null"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_no_job_is_lost_or_done_twice_whoever_is_killed(
    mortal: tuple[Cluster, Database],
) -> None:
    cluster, database = mortal
    dice = random.Random(7)
    owners = [user(database) for _ in range(4)]
    ids = {
        job_id
        for owner in owners
        for kind in KINDS
        for job_id in submit(database, owner, JOBS // 12, kind=kind)
    }
    kills = ["worker"] * WORKER_KILLS + ["server"] * SERVER_KILLS
    dice.shuffle(kills)

    farm = Farm(database.url)
    try:
        for _ in range(WORKERS):
            farm.hire()
        while left(cluster, database) or kills:
            kill = kills.pop() if kills else None
            if kill == "worker":
                farm.kill_one(dice)
                farm.hire()
            elif kill == "server":
                cluster.kill()
                # Children of the killed server may hold its memory for a moment.
                while cluster.is_running():
                    time.sleep(0.01)
            if kills and not left(cluster, database):
                # It drained before everybody was killed: more work, more kills.
                ids |= set(
                    submit(database, owners[0], JOBS // 4, kind=dice.choice(KINDS))
                )
            time.sleep(dice.uniform(0.05, 0.3))
            farm.listen()
    finally:
        farm.dismiss()

    assert settle(database) == []
    ended = look(
        database,
        "select j.id, j.status::text, j.attempt, count(e.*)"
        " from work.jobs as j"
        " left join work.events as e"
        " on e.user_id = j.user_id and e.job_id = j.id and e.after = 'completed'"
        " group by j.user_id, j.id",
    )
    assert {row[0] for row in ended} == ids
    # A job that too many workers died with has failed, and says so; none is completed twice.
    assert {(row[1], row[3]) for row in ended} <= {("completed", 1), ("failed", 0)}
    attempts = {row[0]: row[2] for row in ended if row[1] == "completed"}
    for what, job_id, attempt, name in farm.said:
        if what == "finished":
            assert attempts[job_id] == attempt, f"{name} was told {job_id} is finished"
    handed = Counter(
        (job_id, attempt) for what, job_id, attempt, _ in farm.said if what == "handed"
    )
    assert [pair for pair, times in handed.items() if times > 1] == []
    assert handed, "nobody worked, so this says nothing"
