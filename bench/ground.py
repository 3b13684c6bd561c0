"""The server that the queue is measured on, and the databases in it.

PostgreSQL keeps its promises about disks here (fsync, synchronous_commit), since a commit
is part of what is measured. Filled databases are templates: every measurement gets a clone.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from renderstore import migrations, settings
from renderstore.server import Cluster, disposable, embedded_binaries
from renderstore.testing.servers import Database, Server, cluster_url, running_server
from renderstore.work import JobKind, workers

WORKER = "renderstore_bench_worker"
SETTINGS = {
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "max_connections": "100",
}

# 2 KB, as nexrender takes it.
CONFIG = (
    '{"template": {"src": "file:///Volumes/ads/spot.aep", "composition": "main"},'
    ' "assets": ['
    + ", ".join(
        f'{{"type": "image", "src": "https://cdn.example.com/{n**9:032x}.png",'
        f' "layerName": "{n**8:032x}"}}'
        for n in range(1, 15)
    )
    + "]}"
)
TEMPLATE_PATH = "/Volumes/ads/show/sequence/scene.aep"
DATA_PATH = "/Volumes/ads/show/sequence/data.json"
OUTPUT_PATH = "/Volumes/ads/show/sequence/renders/scene_[####].exr"
PROJECT_NAME = "The show"
# The same for queues that keep a job's content as one JSON value.
CONTENT = (
    f'{{"project_name": "{PROJECT_NAME}", "template_path": "{TEMPLATE_PATH}",'
    f' "data_path": "{DATA_PATH}", "output_path": "{OUTPUT_PATH}",'
    f' "nexrender_config": {CONFIG}}}'
)


@dataclass(frozen=True, slots=True)
class Fill:
    """What lies in a queue's database before a measurement."""

    users: int = 50
    waiting: int = 0
    ended: int = 0
    foreign: int = 0
    """Waiting jobs that the worker cannot take: of a label it lacks, and of a paused user."""
    with_specs: bool = False


@dataclass(slots=True)
class Ground:
    """A running server, and the filled databases that were made in it."""

    server: Server
    cluster: Cluster
    known: dict[Fill | str, str] = field(default_factory=dict[Fill | str, str])

    @property
    def bin(self) -> Path:
        """Where the server's programs lie."""
        return self.cluster.binaries

    def empty(self) -> Database:
        """A database with nothing in it, for raw SQL and for peers."""
        return self.server.create()

    def queue(self, fill: Fill) -> Database:
        """A clone of our database with this in it."""
        if fill not in self.known:
            made = self.server.clone()
            _fill(made, fill)
            self.known[fill] = made.name
        return self._clone(self.known[fill])

    def filled(self, statements: str) -> Database:
        """A clone of a database in which these statements ran."""
        if statements not in self.known:
            made = self.empty()
            with psycopg.connect(made.admin_url, autocommit=True) as conn:
                conn.execute(statements.encode())
                conn.execute("vacuum (analyze, freeze)")
            self.known[statements] = made.name
        return self._clone(self.known[statements])

    def worker_url(self, database: Database) -> str:
        """The address of the login that is the worker's role itself."""
        parameters = settings.parse(self.server.admin_url).conninfo
        return settings.write_url(
            parameters | {"dbname": database.name, "user": WORKER}
        )

    def registered_url(self, database: Database) -> str:
        """The same, once that login has said there that it renders."""
        url = self.worker_url(database)
        with psycopg.connect(url) as conn:
            workers.register(conn, kinds=[JobKind.RENDER], labels=[], version=None)
        return url

    def drop(self, database: Database) -> None:
        """Away with it."""
        self.server.drop(database)

    @contextlib.contextmanager
    def lent(self, database: Database) -> Generator[Database]:
        """A database that is gone after its measurement."""
        try:
            yield database
        finally:
            self.drop(database)

    def _clone(self, template: str) -> Database:
        database = self.server.create(template)
        with self.server.admin() as conn:
            # Each begins with the same distance to the next checkpoint.
            conn.execute("checkpoint")
        return database


@contextlib.contextmanager
def ground(binaries: Path | None = None) -> Generator[Ground]:
    """A durable server, of these binaries or the embedded ones, with the login of a worker as `renderstore login worker` makes it."""
    with (
        disposable(binaries or embedded_binaries(), SETTINGS) as cluster,
        running_server(cluster_url(cluster)) as server,
    ):
        with server.admin() as conn:
            name = sql.Identifier(WORKER)
            conn.execute(sql.SQL("create role {} login noinherit").format(name))
            conn.execute(
                migrations.grant(conn.info.server_version, "renderstore_worker", WORKER)
            )
            conn.execute(
                sql.SQL("alter role {} set role = renderstore_worker").format(name)
            )
        try:
            yield Ground(server, cluster)
        finally:
            with server.admin() as conn:
                conn.execute(sql.SQL("drop role if exists {}").format(name))


def sync_cost() -> float:
    """How long it takes to write 8 KB and bring it to the disk, in milliseconds: what a commit waits for."""
    took: list[float] = []
    with tempfile.NamedTemporaryFile(dir=tempfile.gettempdir()) as file:
        for _ in range(100):
            start = time.perf_counter()
            os.pwrite(file.fileno(), bytes(8192), 0)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - start)
    return statistics.median(took) * 1000


# Written past the triggers, for speed; work.problems() is asked afterwards.
FILL = """
set session_replication_role = replica;
insert into identity.plans (
    id, name, max_projects, max_active_jobs, max_daily_jobs,
    max_stored_bytes, max_priority, keep_ended_jobs_days, share
)
values ('bench', 'Bench', 1000, 100000000, 100000000, 1000000000000, 10, 30, 1);
insert into identity.users (id, email, name, plan_id)
select {user}, 'user' || n || '@example.org', 'User ' || n, 'bench'
from generate_series(0, {users}) as n;
insert into work.usages (user_id, active_jobs)
select {user}, {waiting} + {foreign}
from generate_series(0, {users}) as n;
insert into work.user_pauses (user_id) values ({paused});
insert into work.labels (name) values ('bench-cannot');
insert into work.lanes (kind, labels, priority)
values ('render', '{{}}', 5), ('render', '{{bench-cannot}}', 5);

create temporary table w as
select
    ops.uuidv7() as id,
    case when n < {waiting} then {user_of_n} else {foreign_user} end as user_id,
    case when n < {waiting} then '{{}}'::text[] else '{{bench-cannot}}' end as labels,
    case when n < {waiting} then 1 else 2 end as lane_id,
    (n / {users})::bigint * 1000000 + (n % {users}) * (1000 / {users}) as turn
from generate_series(0, {waiting} + {foreign} - 1) as n;
insert into work.jobs (user_id, id, kind, labels)
select user_id, id, 'render', labels from w order by id;
insert into work.ready (lane_id, turn, job_id, user_id)
select lane_id, turn, id, user_id from w where user_id <> {paused} order by lane_id, turn;
insert into work.turns (user_id, lane_id, is_farms, next_turn)
select user_id, lane_id, false, max(turn) + 1000000 from w group by user_id, lane_id;
insert into render.specs (
    user_id, job_id, project_name, template_path, data_path, output_path, nexrender_config
)
select user_id, id, {spec} from w where {with_specs};

insert into work.jobs (
    user_id, id, kind, status, attempt, progress, exit_code, started_at, completed_at
)
select {user_of_n}, ops.uuidv7(), 'render', 'completed', 1, 100, 0, now(), now()
from generate_series(1, {ended}) as n;
insert into work.events (
    user_id, job_id, attempt, before, after, began_at, held_by, actor
)
select user_id, id, 1, 'running', 'completed', now(), 'bench', 'worker:bench'
from work.jobs where status = 'completed';
"""


def user_id(number: int) -> str:
    """The id of a user of the filled databases."""
    return f"00000000-0000-7000-8000-{number:012d}"


def _fill(database: Database, fill: Fill) -> None:
    def user(number: str) -> str:
        return f"('00000000-0000-7000-8000-' || lpad(({number})::text, 12, '0'))::uuid"

    text = FILL.format(
        users=fill.users,
        waiting=fill.waiting,
        foreign=fill.foreign,
        ended=fill.ended,
        user=user("n"),
        user_of_n=user(f"n % {fill.users}"),
        # Half of what cannot be taken is a paused user's, half asks for another label.
        foreign_user=f"case when n % 2 = 0 then {user(str(fill.users))} else {user(f'n % {fill.users}')} end",
        paused=user(str(fill.users)),
        spec=", ".join(
            sql.quote(value)
            for value in (PROJECT_NAME, TEMPLATE_PATH, DATA_PATH, OUTPUT_PATH)
        )
        + f", {sql.quote(CONFIG)}::jsonb",
        with_specs="true" if fill.with_specs else "false",
    )
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute(text.encode())
        conn.execute("set session_replication_role = default")
        conn.execute("drop table w")
        conn.execute("vacuum (analyze, freeze)")
        if fill.waiting + fill.foreign + fill.ended <= 100_000:
            problems = conn.execute(
                "select problem, count(*) from work.problems()"
                " where problem <> 'without its specification' group by 1"
            ).fetchall()
            assert not problems, problems
