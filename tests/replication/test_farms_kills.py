"""kill -9 of a farm, of home, of what replicates and of who moves users, under traffic: nothing is lost, nothing is there twice, nobody has to help."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import count, cycle, pairwise
from statistics import median
from threading import Event
from time import monotonic
from typing import NamedTuple, ParamSpec, TypeVar
from uuid import UUID

import psycopg
import pytest
from tests.factories import farms, look, unique, users
from tests.worker.sync.colour import eventually, meanwhile, working

from renderstore import connect_farms, render, retry, work
from renderstore.errors import TransitionRefused, UserMoving, WrongFarm
from renderstore.identity import users as people
from renderstore.server import Cluster, ServerError, disposable, embedded_binaries
from renderstore.store import FarmStore, connect
from renderstore.testing import Database
from renderstore.testing.servers import cluster_url, running_server
from renderstore.worker import Job
from renderstore.worker._reach import PASSING

from . import standbys
from .test_farms import (
    DBA,
    LOGICAL,
    STEPS,
    Nodes,
    contents,
    follow,
    move,
    submit,
    whole,
)

PROVE = bool(os.environ.get("RENDERSTORE_PROVE"))
KILLS = 50 if PROVE else 5
MOVES = 20 if PROVE else len(STEPS)
JOBS = 500 if PROVE else 20
OPEN_SECONDS = 60 if PROVE else 1

# The system outlives who is killed, and so does what was written; but a page may have been written by half.
MORTAL = {**LOGICAL, "full_page_writes": "on", "wal_retrieve_retry_interval": "50ms"}
NOBODYS = "nobody-offers-this"

P = ParamSpec("P")
T = TypeVar("T")


class Site(NamedTuple):
    """Two servers, and home and the farm on them."""

    home: Cluster
    farm: Cluster
    nodes: Nodes

    @property
    def databases(self) -> dict[int, Database]:
        """Each farm's."""
        return {1: self.nodes.home, 2: self.nodes.farm}

    @contextmanager
    def store(self) -> Generator[FarmStore]:
        """What programs have, none of which waits for long."""
        urls = {number: each.url for number, each in self.databases.items()}
        with connect_farms(urls[1], urls, timeout=2) as store:
            yield store


@pytest.fixture(scope="module")
def servers() -> Generator[tuple[Cluster, Cluster, Database, Database]]:
    try:
        binaries = embedded_binaries()
    except ServerError as error:
        pytest.skip(str(error))
    with ExitStack() as stack:
        one = stack.enter_context(disposable(binaries, MORTAL))
        home = stack.enter_context(running_server(cluster_url(one))).clone()
        # A copy costs less than to migrate.
        two = stack.enter_context(disposable(binaries))
        standbys.follow(two, one, MORTAL)
        farm = standbys.moved(home, two)
        with psycopg.connect(cluster_url(two), autocommit=True) as conn:
            conn.execute("select pg_promote()")
        farms.make(home, id=2)
        follow(home, farm)
        yield one, two, home, farm
        with psycopg.connect(farm.admin_url, autocommit=True) as conn:
            conn.execute("drop subscription renderstore_home_2")


@pytest.fixture
def site(servers: tuple[Cluster, Cluster, Database, Database]) -> Generator[Site]:
    one, two, home, farm = servers
    with psycopg.connect(farm.admin_url, autocommit=True) as conn:
        # A connection that was lost counts.
        conn.execute("select pg_stat_reset_subscription_stats(null)")
    with connect(home.url) as at_home, connect(farm.url) as at_farm:
        yield Site(one, two, Nodes(home, farm, at_home, at_farm))


# Traffic


def persist(act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What it gives, however often it has to be asked."""
    while True:
        try:
            return retry(partial(act, *args, **kwargs))
        except (UserMoving, WrongFarm, *PASSING):
            time.sleep(0.05)


class Clients:
    """Programs over both farms, and what they were told."""

    def __init__(self, store: FarmStore) -> None:
        self.store = store
        self.stop = Event()
        self.acknowledged: dict[tuple[UUID, str], UUID] = {}
        self.asked: set[UUID] = set()
        """What they wanted cancelled."""
        self.cancelled: set[UUID] = set()
        self.written: list[float] = []
        """When a write of the user who moves was acknowledged."""

    def submit(self, user_id: UUID, key: str) -> UUID:
        """The key's job, made where there is none."""
        found = self.store.user(user_id).run(
            render.jobs.submit,
            template_path="/a.aep",
            output_path="/a.mov",
            idempotency_key=key,
        )
        self.acknowledged[user_id, key] = found.id
        return found.id

    def submits(self, user_id: UUID) -> None:
        """Job after job."""
        for number in count():
            if self.stop.wait(0.05):
                return
            persist(self.submit, user_id, str(number))

    def works(self, user_id: UUID) -> None:
        """Submits, asks for the same again, cancels and lists, of a user who owns something."""
        scope = self.store.user(user_id)
        name = unique()
        for number in count():
            if self.stop.wait(0.05):
                return
            key = f"{name}-{number // 10}"
            before = self.acknowledged.get((user_id, key))
            job_id = persist(self.submit, user_id, key)
            self.written.append(monotonic())
            assert before in (None, job_id), "the key's job is there twice"
            if number % 10 == 5:
                self.asked.add(job_id)
                with suppress(TransitionRefused):
                    became = persist(scope.run, work.jobs.cancel, id=job_id)
                    if became.status == "cancelled":
                        self.cancelled.add(job_id)
            rows = persist(scope.reading().run, render.jobs.list, page_size=1)
            assert rows, "a farm has nothing of a user whom it takes for its own"

    def works_on(self, user_id: UUID) -> None:
        """What somebody does whom nobody's move disturbs."""
        for number in count():
            if self.stop.wait(0.05):
                return
            self.submit(user_id, f"undisturbed {number}")
            self.store.user(user_id).run(render.jobs.list, page_size=1)


@contextmanager
def beside(*acts: Callable[[], object]) -> Generator[None]:
    """Each in a thread of its own; what one raised is raised."""
    with ExitStack() as stack:
        for act in acts:
            stack.enter_context(meanwhile(act))
        yield


@contextmanager
def worked(site: Site, owners: list[UUID]) -> Generator[None]:
    """A worker over both farms. In the end all has ended and nothing disagrees: its own sweeps see to that."""

    def rendered(_: Job) -> None:
        time.sleep(0.02)

    raised: list[BaseException] = []
    try:
        with (
            site.store() as store,
            working(
                site.nodes.home,
                rendered,
                store=store,  # type: ignore[arg-type]  # pyright: ignore
                raised=raised,
                concurrency=4,
                lease=1.0,
                poll=0.1,
                sweep_every=0.3,
            ),
        ):
            # Rows that the test made by hand may disagree in other rooms than the queue's.
            before = {each for each in disagreements(store) if each[0] != "work"}
            yield
            eventually(lambda: all(row.has_ended for row in jobs_of(site, owners)))
            eventually(lambda: disagreements(store) <= before)
    finally:
        # Before what came of it.
        if raised:
            raise raised[0]


def newcomer(nodes: Nodes, farm_id: int) -> UUID:
    """Somebody whom no limit of a day meets."""
    return users.make(nodes.home, plan_id="premium", farm_id=farm_id)


class Row(NamedTuple):
    """A job, and how often it was completed."""

    id: UUID
    status: str
    attempt: int
    has_ended: bool
    completions: int


def jobs_of(site: Site, owners: list[UUID]) -> list[Row]:
    """What clients submitted, on both farms."""
    return [
        Row(*row)
        for each in site.databases.values()
        for row in persist(
            look,
            each,
            "select j.id, j.status::text, j.attempt, j.completed_at is not null,"
            " (select count(*) from work.events as e"
            " where (e.user_id, e.job_id, e.after) = (j.user_id, j.id, 'completed'))"
            " from work.jobs as j"
            " where j.user_id = any(%(owners)s) and j.idempotency_key is not null",
            owners=owners,
        )
    ]


def disagreements(store: FarmStore) -> set[tuple[object, ...]]:
    """Whatever is wrong on any farm, in any room."""
    found = store.list_problems(reason=DBA, page_size=100)
    return {
        *found.away.items(),
        *(
            (each.room, each.user_id, each.id, each.problem)
            for rows in found.by_farm.values()
            for each in rows
        ),
    }


def check_told(
    site: Site, owners: list[UUID], clients: Clients, caplog: pytest.LogCaptureFixture
) -> None:
    """What clients and the worker were told of these users' jobs holds, once."""
    rows = jobs_of(site, owners)
    by_id = {row.id: row for row in rows}
    assert len(by_id) == len(rows), "a job is on two farms"
    assert set(clients.acknowledged.values()) <= set(by_id)
    for row in rows:
        # A job that too many workers fell silent with has failed, and says so.
        assert (row.status, row.completions) in (
            ("completed", 1),
            ("failed", 0),
            *([("cancelled", 0)] if row.id in clients.asked else []),
        ), row
    assert {by_id[each].status for each in clients.cancelled} <= {"cancelled"}
    handed, done = (
        [
            (each.id, each.attempt)
            for each in said(caplog, what)
            if each.user_id in owners
        ]
        for what in ("%s took %r, a %s.", "%r is done.")
    )
    assert [each for each, times in Counter(handed).items() if times > 1] == []
    assert done, "nobody worked, so this says nothing"
    for job_id, attempt in done:
        assert (by_id[job_id].status, by_id[job_id].attempt) == ("completed", attempt)


def said(caplog: pytest.LogCaptureFixture, what: str) -> list[Job]:
    """The jobs of which the worker said this."""
    return [
        each
        for record in caplog.records
        if record.msg == what and isinstance(record.args, tuple)
        for each in record.args
        if isinstance(each, Job)
    ]


# Replication


def test_a_submission_that_stays_open_delays_nobody(site: Site) -> None:
    nodes = site.nodes
    user_id = users.make(nodes.home, farm_id=2)
    nodes.caught_up()
    with nodes.at_farm.user(user_id) as conn:
        submit(conn)
        until = monotonic() + OPEN_SECONDS
        while monotonic() < until:
            other = users.make(nodes.home, farm_id=2)
            with nodes.at_home.admin(reason=DBA) as admin:
                people.set_contact(
                    admin, id=user_id, email=f"{unique()}@example.org", slack_id=None
                )
            nodes.caught_up()
            assert nodes.owned(other) == (1, 0, 0)
            time.sleep(0.2)
    assert nodes.owned(user_id) == (1, 1, 1)


# Servers


def revive(cluster: Cluster) -> None:
    """kill -9 of a server, which its system starts again."""
    cluster.kill()
    while cluster.is_running():
        time.sleep(0.01)
    while not cluster.is_running():
        # The dead one's children may hold its memory for a moment.
        with suppress(ServerError):
            cluster.start(MORTAL)


SENDER = "select active_pid from pg_replication_slots where active_pid is not null"
APPLIER = "select pid from pg_stat_subscription where pid is not null"


def end_replication(site: Site, number: int) -> None:
    """Its process at home, or at the farm, is ended; or killed, whereupon its server begins anew."""
    url, query = (
        (site.nodes.home.admin_url, SENDER),
        (site.nodes.farm.admin_url, APPLIER),
    )[number % 2]
    pid = found(url, query)
    if number % 4 < 2:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    else:
        with suppress(psycopg.OperationalError), psycopg.connect(url) as conn:
            conn.execute("select pg_terminate_backend(%s)", [pid])


def found(url: str, query: str) -> int:
    """The process, once it runs."""
    while True:
        with suppress(psycopg.OperationalError), psycopg.connect(url) as conn:
            row = conn.execute(query.encode()).fetchone()
            if row is not None:
                return int(row[0])
        time.sleep(0.01)


def test_nobody_helps_whoever_is_killed(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "renderstore.worker")
    nodes = site.nodes
    dice = random.Random(7)
    owners = [newcomer(nodes, number) for number in (1, 1, 2, 2)]
    nodes.caught_up()
    arrived: list[UUID] = []
    kills = [(what, n) for what in ("home", "farm", "between") for n in range(KILLS)]
    dice.shuffle(kills)
    began = monotonic()

    with site.store() as store:
        clients = Clients(store)

        def joins() -> None:
            while not clients.stop.wait(0.05):
                arrived.append(persist(users.make, nodes.home, farm_id=2))

        def goes_on(told: int) -> bool:
            return len(said(caplog, "%r is done.")) > told

        with worked(site, owners):
            with beside(*(partial(clients.submits, each) for each in owners), joins):
                for what, number in kills:
                    told = len(said(caplog, "%r is done."))
                    if what == "between":
                        end_replication(site, number)
                    else:
                        revive(site.home if what == "home" else site.farm)
                    eventually(partial(goes_on, told))
                    time.sleep(dice.uniform(0, 0.2))
                clients.stop.set()
            eventually(lambda: lacking(site, arrived) == set())
    check_told(site, owners, clients, caplog)
    print(
        f"{len(kills)} kills in {monotonic() - began:.1f} s:"
        f" {len(clients.acknowledged)} jobs, {len(arrived)} users"
    )


def lacking(site: Site, arrived: list[UUID]) -> set[UUID]:
    """The users whom home has acknowledged and the farm does not have."""
    there = persist(
        look,
        site.nodes.farm,
        "select user_id from identity.owners join identity.users on id = user_id",
    )
    return set(arrived) - {user_id for (user_id,) in there}


# Moves

MOVER = """
import os, signal, sys
from uuid import UUID
from renderstore import _farms, _moves

home, farm = sys.argv[1:]

def move(user_id, to, killed_at):
    def step(name):
        if name == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with (
        _farms.connected(home) as at_home,
        _farms.connected(home) as one,
        _farms.connected(farm) as two,
    ):
        _moves.move(at_home, {1: one, 2: two}, UUID(user_id), int(to), wait=0, step=step)

for line in sys.stdin:
    if os.fork() == 0:
        move(*line.split())
        os._exit(0)
    print(os.wait()[1], flush=True)
"""


@contextmanager
def movers(nodes: Nodes) -> Generator[Callable[[UUID, int, str], None]]:
    """Programs that move a user and are killed at a step. They begin with what one has read, which costs more than a move."""
    urls = (nodes.home.admin_url, nodes.farm.admin_url)
    with subprocess.Popen(
        [sys.executable, "-c", MOVER, *urls],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:

        def killed(user_id: UUID, to: int, at: str) -> None:
            assert running.stdin is not None
            assert running.stdout is not None
            print(user_id, to, at, file=running.stdin, flush=True)
            assert int(running.stdout.readline()) == signal.SIGKILL

        try:
            yield killed
        finally:
            running.kill()


def untouched(database: Database, user_id: UUID) -> dict[str, object]:
    """By md5 what no client changes: the jobs that no client submitted, and the rooms where none writes."""
    kept = contents(database, user_id)
    del kept["work.usages"]
    for table, key in (
        ("work.jobs", "id"),
        ("work.events", "job_id"),
        ("render.specs", "job_id"),
    ):
        kept[table] = look(
            database,
            "select count(*), md5(string_agg(said.row, ',' order by said.row)) from ("
            # A position is a node's own.
            " select (to_jsonb(t) - '{id,made_in}'::text[])::text as row"
            f" from {table} as t"
            f" join work.jobs as j on j.user_id = t.user_id and j.id = t.{key}"
            " where j.user_id = %(user)s and j.idempotency_key is null) as said",
            user=user_id,
        )
    return kept


def test_a_user_moves_under_traffic_whoever_moves_is_killed(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "renderstore.worker")
    nodes = site.nodes
    user_id = whole(nodes, labels=[NOBODYS])
    nodes.at_home.user(user_id).run(
        render.jobs.submit_many,
        template_paths=["/a.aep"] * JOBS,
        output_paths=["/a.mov"] * JOBS,
        labels=[NOBODYS],
    )
    others = [newcomer(nodes, number) for number in (1, 2)]
    nodes.caught_up()
    move(nodes, user_id, 2)
    had = untouched(nodes.farm, user_id)
    places = cycle((1, 2))

    with site.store() as store, movers(nodes) as killed:
        clients = Clients(store)

        def moves(at: str = "") -> None:
            to = next(places)
            if at:
                killed(user_id, to, at)
            told = {
                job_id
                for (who, _), job_id in [*clients.acknowledged.items()]
                if who == user_id
            }
            move(nodes, user_id, to)
            here, gone = site.databases[to], site.databases[3 - to]
            assert contents(gone, user_id) == {}
            assert untouched(here, user_id) == had, at
            rows = look(
                here,
                "select id from work.jobs where user_id = %(user)s",
                user=user_id,
            )
            assert told <= {job_id for (job_id,) in rows}
            for each in (here, gone):
                assert look(each, "select from ops.moves") == []

        with (
            worked(site, [user_id, *others]),
            beside(
                *[partial(clients.works, user_id)] * 4,
                *(partial(clients.works_on, each) for each in others),
            ),
        ):
            for number in range(MOVES):
                moves(STEPS[number % len(STEPS)])
            gaps = [gap(clients, moves) for _ in range(MOVES if PROVE else 2)]
            clients.stop.set()
    check_told(site, [user_id, *others], clients, caplog)
    print(
        f"{len(clients.acknowledged)} jobs; without service:"
        f" median {median(gaps):.2f} s, worst {max(gaps):.2f} s of {len(gaps)} moves"
    )
    if PROVE:
        assert max(gaps) <= 2


def gap(clients: Clients, moves: Callable[[], None]) -> float:
    """The longest time between two acknowledged writes while the user moves."""
    first = max(len(clients.written) - 1, 0)
    moves()
    enough = len(clients.written) + 1
    eventually(lambda: len(clients.written) > enough)
    return max(b - a for a, b in pairwise(sorted(clients.written[first:])))
