"""Two nodes by the same migrations: users and plans flow from home to a farm, where the jobs are.

An open transaction of a user at the farm never makes replication wait, and nothing that is missing there is a freedom.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row
from tests.factories import (
    api_tokens,
    farms,
    job,
    look,
    plans,
    registered,
    user_secrets,
    users,
    web_sessions,
)
from tests.isolation.catalog import relations
from tests.isolation.expectations import EXPECTED
from tests.isolation.rows import Maker, Person
from tests.queries.media.world import Fetcher, Portal
from tests.queries.studio.world import Studio

from renderstore import (
    _farms,
    _moves,
    identity,
    janitor,
    media,
    render,
    retry,
    studio,
    work,
)
from renderstore.cli import cli
from renderstore.errors import (
    LeaseLost,
    NotHome,
    QuotaExceeded,
    UserMoving,
    UserNotActive,
    UserUnknownHere,
    WrongFarm,
)
from renderstore.identity import TokenRole
from renderstore.identity import users as people
from renderstore.secrets import hash_token
from renderstore.server import THROW_AWAY, disposable
from renderstore.settings import parse
from renderstore.store import SyncStore, connect, connect_farms
from renderstore.testing import Database
from renderstore.testing.servers import binaries, cluster_url, running_server

DBA = "the tests' DBA"
# A commit is in the log when it returns, so that what is asked to have arrived was sent.
LOGICAL = {**THROW_AWAY, "synchronous_commit": "on", "wal_level": "logical"}
SERVERS = {"18": "embedded", "15": "/usr/lib/postgresql/15/bin"}


@dataclass(frozen=True, slots=True)
class Nodes:
    """Home, and a farm that follows it."""

    home: Database
    farm: Database
    at_home: SyncStore
    at_farm: SyncStore

    def caught_up(self) -> None:
        """Home's changes are at the farm, and none of them waited for anybody's lock there."""
        with (
            psycopg.connect(self.home.admin_url, autocommit=True) as home,
            psycopg.connect(self.farm.admin_url, autocommit=True) as farm,
        ):
            [(wanted,)] = home.execute("select pg_current_wal_lsn()").fetchall()
            while not followed(home, wanted):
                assert waits(farm) == [], "replication waits for a user's transaction"
                assert failures(farm) == 0, (
                    "replication failed: the farm's log says why"
                )
                time.sleep(0.05)

    def owned(self, user_id: UUID) -> tuple[int, int, int]:
        """How many owners, jobs and usages the farm has of this user."""
        [row] = look(
            self.farm,
            "select"
            " (select count(*) from identity.owners where user_id = %(user)s),"
            " (select count(*) from work.jobs where user_id = %(user)s),"
            " (select count(*) from work.usages where user_id = %(user)s)",
            user=user_id,
        )
        return row[0], row[1], row[2]


def followed(home: psycopg.Connection[Any], wanted: object) -> bool:
    row = home.execute(
        "select coalesce(bool_and(replay_lsn >= %s::pg_lsn), false)"
        " from pg_stat_replication where application_name = 'renderstore_home_2'",
        [wanted],
    ).fetchone()
    return row == (True,)


def waits(farm: psycopg.Connection[Any]) -> list[int]:
    """The subscription's processes that wait for a lock."""
    rows = farm.execute(
        "select pid from pg_stat_subscription"
        " where pid is not null and cardinality(pg_blocking_pids(pid)) > 0"
    ).fetchall()
    return [int(row[0]) for row in rows]


def failures(farm: psycopg.Connection[Any]) -> int:
    row = farm.execute(
        "select sum(apply_error_count + sync_error_count) from pg_stat_subscription_stats"
    ).fetchone()
    assert row is not None
    return int(row[0])


def follow(home: Database, farm: Database) -> None:
    """What `renderstore farm add` does."""
    with (
        _farms.connected(home.admin_url) as at_home,
        _farms.connected(farm.admin_url) as at_farm,
    ):
        address = make_conninfo(parse(home.admin_url).url)
        for _ in range(2):  # the second finds all done
            _farms.add(at_home, at_farm, 2, name="two", address=address)
        assert _farms.problems(at_home, at_farm, 2) == []


@pytest.fixture(scope="module", params=SERVERS)
def nodes(request: pytest.FixtureRequest) -> Generator[Nodes]:
    spec = SERVERS[request.param]
    if spec != "embedded" and not Path(spec).is_dir():
        pytest.skip(f"needs the binaries of PostgreSQL {request.param} in {spec}")
    with ExitStack() as stack:
        databases: list[Database] = []
        for _ in ("home", "farm"):
            cluster = stack.enter_context(disposable(binaries(spec), LOGICAL))
            server = stack.enter_context(running_server(cluster_url(cluster)))
            databases.append(server.clone())
        home, farm = databases
        # Who was there before the farm comes with the first copy.
        farms.make(home, id=2)
        users.make(home, email="first@example.org", farm_id=2)
        follow(home, farm)
        stores = [stack.enter_context(connect(each.url)) for each in databases]
        yield Nodes(home, farm, *stores)
        with psycopg.connect(farm.admin_url, autocommit=True) as conn:
            conn.execute("drop subscription renderstore_home_2")


def submit(conn: psycopg.Connection[Any]) -> None:
    render.jobs.submit(conn, template_path="/spot.aep", output_path="/spot.mov")


def test_who_was_there_before_arrives_with_the_first_copy(nodes: Nodes) -> None:
    assert look(
        nodes.farm,
        "select email from identity.users join identity.owners on user_id = id"
        " where email = 'first@example.org'",
    ) == [("first@example.org",)]


def test_nothing_of_a_secret_arrives(nodes: Nodes) -> None:
    user_id = users.make(nodes.home, farm_id=2)
    user_secrets.make(nodes.home, user_id=user_id)
    web_sessions.make(nodes.home, user_id=user_id)
    nodes.caught_up()
    unpublished = look(
        nodes.home,
        "select table_name from ops.placements where placed = 'home' and not is_published",
    )
    rest = {
        table: look(nodes.farm, f"select count(*) from {table}")[0][0]
        for (table,) in unpublished
    }
    # What the migrations brought.
    assert rest.pop("ops.services") == 3
    assert set(rest.values()) == {0}, rest
    assert look(nodes.farm, "select from identity.users where id = %(id)s", id=user_id)


def test_what_is_published_since_is_followed_once_the_farm_is_added_again(
    nodes: Nodes,
) -> None:
    with (
        _farms.connected(nodes.home.admin_url) as home,
        _farms.connected(nodes.farm.admin_url) as farm,
    ):
        home.execute(
            "alter publication renderstore_home drop table studio.standard_presets"
        )
        farm.execute("alter subscription renderstore_home_2 refresh publication")
        [problem] = _farms.problems(home, farm, 2)
        assert "add it again" in problem
    follow(nodes.home, nodes.farm)
    theirs, ours = (
        look(each, "select to_jsonb(p) from studio.standard_presets as p order by 1")
        for each in (nodes.home, nodes.farm)
    )
    assert theirs
    assert ours == theirs


def test_a_connection_that_was_lost_is_over_once_the_farm_follows_again(
    nodes: Nodes,
) -> None:
    with (
        _farms.connected(nodes.home.admin_url) as home,
        _farms.connected(nodes.farm.admin_url) as farm,
    ):
        runs = "select pid from pg_stat_subscription where pid is not null"
        before = farm.execute(runs).fetchall()
        home.execute("select pg_terminate_backend(pid) from pg_stat_replication")
        while not failures(farm) or farm.execute(runs).fetchall() in ([], before):
            time.sleep(0.05)
        assert _farms.problems(home, farm, 2) == []
        farm.execute("select pg_stat_reset_subscription_stats(null)")


def test_what_is_homes_is_written_at_home(nodes: Nodes) -> None:
    user_id = users.make(nodes.home, farm_id=2)
    nodes.caught_up()
    guarded = look(
        nodes.farm, "select table_name from ops.placements where placed = 'home'"
    )
    for (table,) in guarded:
        with (
            psycopg.connect(nodes.farm.admin_url) as conn,
            pytest.raises(psycopg.Error) as refused,
        ):
            # Nothing is there to delete of what hangs on identity.owners, and its cascade asks.
            conn.execute(f"truncate {table} cascade".encode())
        assert refused.value.sqlstate == "RS016"
        assert "is written at home, and this is farm 2." in str(refused.value)
    with pytest.raises(NotHome), nodes.at_farm.admin(reason=DBA) as conn:
        people.deactivate(conn, id=user_id)
    with pytest.raises(NotHome), nodes.at_farm.token("rs_nothing_of_ours") as conn:
        conn.execute("select")


DOORS: tuple[Callable[[psycopg.Connection[Any], UUID], object], ...] = (
    lambda conn, user: render.jobs.submit(
        conn, template_path="/a.aep", output_path="/a.mov", user_id=user
    ),
    lambda conn, user: work.jobs.cancel(conn, id=user, user_id=user),
    lambda conn, user: work.pauses.pause_user(conn, user_id=user),
    lambda conn, user: work.pauses.resume_user(conn, user_id=user),
)


def test_a_user_of_another_farm_is_sent_there_from_each_door(nodes: Nodes) -> None:
    there = users.make(nodes.home)
    here = users.make(nodes.home, farm_id=2)
    nodes.caught_up()
    for store, user_id, farm_id in (
        (nodes.at_farm, there, 1),
        (nodes.at_home, here, 2),
    ):
        with pytest.raises(WrongFarm) as sent, store.user(user_id) as conn:
            render.jobs.list(conn, page_size=1)
        assert sent.value.farm_id == farm_id
        with pytest.raises(WrongFarm) as sent:
            store.user(user_id).reading().run(render.jobs.list, page_size=1)
        assert sent.value.farm_id == farm_id
        for door in DOORS:
            with pytest.raises(WrongFarm) as sent, store.admin(reason=DBA) as conn:
                door(conn, user_id)
            assert sent.value.farm_id == farm_id


def test_a_plan_made_at_home_binds_at_the_farm(nodes: Nodes) -> None:
    plan = plans.make(nodes.home, max_active_jobs=3)
    user_id = users.make(nodes.home, plan_id=plan, farm_id=2)
    nodes.caught_up()
    assert nodes.owned(user_id) == (1, 0, 0)
    with nodes.at_farm.user(user_id) as conn:
        for _ in range(3):
            submit(conn)
    with (
        pytest.raises(Exception, match="allows 3 jobs"),
        nodes.at_farm.user(user_id) as conn,
    ):
        submit(conn)
    assert nodes.owned(user_id) == (1, 3, 1)
    # In line, and nothing disagrees.
    with nodes.at_farm.worker("mac-1") as conn:
        assert len(render.jobs.claim(conn, limit=10)) == 3
    assert nodes.at_farm.readonly().run(work.list_problems, page_size=10) == []


def test_replication_never_waits_for_an_open_submission(nodes: Nodes) -> None:
    user_id = users.make(nodes.home, farm_id=2)
    nodes.caught_up()
    with nodes.at_farm.user(user_id) as conn:
        submit(conn)
        conn.execute("select work.set_priority(id, 1) from work.jobs")
        with nodes.at_home.admin(reason=DBA) as admin:
            people.set_contact(
                admin, id=user_id, email=f"{user_id}@example.org", slack_id=None
            )
        nodes.caught_up()
        with nodes.at_home.admin(reason=DBA) as admin:
            people.deactivate(admin, id=user_id)
        nodes.caught_up()
        with pytest.raises(UserNotActive), conn.transaction():
            submit(conn)
        with nodes.at_home.admin(reason=DBA) as admin:
            assert people.erase(admin, id=user_id) == 1
        nodes.caught_up()
        assert (
            look(nodes.farm, "select from identity.users where id = %(id)s", id=user_id)
            == []
        )
        with pytest.raises(UserNotActive), conn.transaction():
            submit(conn)
        with nodes.at_farm.auth() as auth:
            auth.execute("set local lock_timeout = '1ms'")
            assert identity.sweep(auth, max_rows=100).owners == 0
    # The open one commits; nothing follows it, and the sweep ends what is left.
    assert nodes.owned(user_id) == (1, 1, 1)
    with pytest.raises(UserUnknownHere), nodes.at_farm.user(user_id) as conn:
        submit(conn)
    assert nodes.at_farm.auth().run(identity.sweep, max_rows=100).owners == 1
    assert nodes.owned(user_id) == (0, 0, 0)
    assert nodes.at_farm.readonly().run(work.list_problems, page_size=10) == []


def test_a_deactivated_users_jobs_end_at_the_farm(nodes: Nodes) -> None:
    user_id = users.make(nodes.home, farm_id=2)
    nodes.caught_up()
    with nodes.at_farm.user(user_id) as conn:
        submit(conn)
    with nodes.at_home.admin(reason=DBA) as admin:
        people.deactivate(admin, id=user_id)
    nodes.caught_up()
    with nodes.at_farm.worker("mac-1") as conn:
        done = {each.what: each.jobs for each in work.sweep(conn)}
    assert done["cancelled with their user"] == 1
    assert look(
        nodes.farm,
        "select status::text from work.jobs where user_id = %(user)s",
        user=user_id,
    ) == [("cancelled",)]


def test_a_wait_of_replication_would_be_seen(nodes: Nodes) -> None:
    """The proof above can fail: a lock on the user's own row stops replication."""
    user_id = users.make(nodes.home, farm_id=2)
    nodes.caught_up()
    with psycopg.connect(nodes.farm.admin_url) as holder:
        holder.execute("select from identity.users where id = %s for update", [user_id])
        with nodes.at_home.admin(reason=DBA) as admin:
            people.deactivate(admin, id=user_id)
        with pytest.raises(AssertionError, match="replication waits"):
            nodes.caught_up()
    nodes.caught_up()


STEPS = ("drain", "mark", "copy", "compare", "flip", "arrive", "forget", "end")


class Killed(Exception):  # noqa: N818
    """The program that moves a user ended here."""


def move(
    nodes: Nodes,
    user_id: UUID,
    to: int,
    killed_at: str = "",
    meanwhile: Callable[[str], None] = lambda _: None,
) -> bool:
    """What `renderstore farm move` does."""

    def step(name: str) -> None:
        meanwhile(name)
        if name == killed_at:
            raise Killed

    with (
        _farms.connected(nodes.home.admin_url) as home,
        _farms.connected(nodes.home.admin_url) as one,
        _farms.connected(nodes.farm.admin_url) as two,
    ):
        farms_by_number = {1: one, 2: two}
        return _moves.move(home, farms_by_number, user_id, to, wait=0, step=step)


def contents(database: Database, user_id: UUID) -> dict[str, object]:
    """What a farm has of a user, by table."""
    with _farms.connected(database.admin_url) as conn:
        conn.execute("set timezone = 'UTC'")
        tables = _moves.owned(conn)
        return {
            table: (rows, md5)
            for table, (rows, md5) in _moves.digests(conn, tables, user_id).items()
            if rows
        }


def settled(
    nodes: Nodes, user_id: UUID | None = None, labels: Sequence[str] = ()
) -> UUID:
    """Somebody at home with something of everything; each render job asks for these labels."""
    user_id = user_id or users.make(nodes.home, plan_id="premium")
    first = job(nodes.home, "queued", user_id=user_id, labels=[*labels])
    job(nodes.home, "pending", user_id=user_id, needs=[first], labels=[*labels])
    for stands in ("pending", "running", "completed", "failed", "cancelled"):
        job(nodes.home, stands, user_id=user_id, labels=[*labels])
    with nodes.at_home.user(user_id) as conn:
        project = studio.projects.create(conn, title="Fox")
        studio.assets.begin(
            conn, kind=studio.AssetKind.IMAGE, size_bytes=10, project_id=project.id
        )
        media.requests.submit(
            conn, title="Fox", media_type=media.MediaType.TV, tmdb_id=1, seasons=[1, 2]
        )
        media.downloads.submit(conn, playlist_url="https://example.org/list")
    return user_id


# The move itself pauses, and ends that.
NOT_WHOLE = {"work.user_pauses"}


def whole(nodes: Nodes, labels: Sequence[str] = ()) -> UUID:
    """Somebody settled, with a row in each table that moves along."""
    user_id = settled(nodes, labels=labels)
    with _farms.connected(nodes.home.admin_url) as conn:
        paths = ["identity.users", *_moves.owned(conn)]
        conn.execute("set role renderstore_owner")
        known = relations(conn)
        who = Person("mover", user_id)
        missing: list[str] = []
        for path in paths:
            key = "id" if path == "identity.users" else "user_id"
            statement = f"select * from {path} where {key} = %s limit 1"
            with conn.cursor(row_factory=dict_row) as cursor:
                row = cursor.execute(statement.encode(), [user_id]).fetchone()
            if row is not None:
                who.rows[path] = row
            elif path not in NOT_WHOLE:
                missing.append(path)
        with conn.transaction():
            Maker(conn, known, EXPECTED).fill(who, Person("nobody"), missing)
    return user_id


def test_a_user_moves_and_moves_back_killed_at_each_step(nodes: Nodes) -> None:
    user_id = whole(nodes)
    other = users.make(nodes.home)
    nodes.caught_up()
    sides = {1: (nodes.home, nodes.at_home), 2: (nodes.farm, nodes.at_farm)}
    move(nodes, user_id, 2)
    had = contents(nodes.farm, user_id)
    with _farms.connected(nodes.home.admin_url) as conn:
        assert set(had) == set(_moves.owned(conn)) - NOT_WHOLE
    assert contents(nodes.home, user_id) == {}
    to = 1
    for step in STEPS:
        with pytest.raises(Killed):
            move(nodes, user_id, to, killed_at=step)
        # Nobody else waits, and the user is served by one farm at most.
        nodes.at_home.user(other).run(render.jobs.list, page_size=1)
        assert len(serving(nodes, user_id)) <= 1
        assert move(nodes, user_id, to)
        nodes.caught_up()
        there, gone = sides[to][0], sides[3 - to][0]
        assert contents(there, user_id) == had, step
        assert contents(gone, user_id) == {}, step
        assert serving(nodes, user_id) == [to]
        assert not move(nodes, user_id, to)
        for database, store in sides.values():
            assert look(database, "select from ops.moves") == []
            assert store.readonly().run(work.list_problems, page_size=10) == []
        # The line was entered anew: the queued ones, and the one that was given back. A sweep opens lanes.
        sides[to][1].worker("mac-1").run(work.sweep)
        assert look(
            there,
            "select count(*) from work.ready where user_id = %(user)s",
            user=user_id,
        ) == [(3,)]
        to = 3 - to


def test_a_move_that_was_broken_off_goes_back(nodes: Nodes) -> None:
    user_id = settled(nodes)
    nodes.caught_up()
    with pytest.raises(Killed):
        move(nodes, user_id, 2, killed_at="flip")
    with (
        pytest.raises(UserMoving, match="moves to farm 2 just now"),
        nodes.at_home.user(user_id) as conn,
    ):
        submit(conn)
    nodes.at_home.user(user_id).reading().run(render.jobs.list, page_size=1)
    assert move(nodes, user_id, 1)
    assert contents(nodes.farm, user_id) == {}
    with nodes.at_home.user(user_id) as conn:
        submit(conn)
    with pytest.raises(_farms.FarmRefused, match="address is not known"):
        move(nodes, user_id, 3)


def test_what_workers_hold_moves_as_it_stands(nodes: Nodes) -> None:
    """The pause passes over what is locked: behind the mark that leaves the line, and the workers' hands."""
    user_id = users.make(nodes.home)
    ended, held, waits = (job(nodes.home, user_id=user_id) for _ in range(3))
    with nodes.at_home.user(user_id) as conn:
        unchecked = render.jobs.submit(
            conn, template_path="/a.aep", output_path="/a.mov", validate_first=True
        )
    worker = registered(nodes.at_home, "mac-1")

    def taken() -> set[UUID]:
        return {
            each.id
            for take in (work.jobs.claim, work.jobs.validate)
            for each in worker.run(take, limit=100)
            if each.user_id == user_id
        }

    with psycopg.connect(nodes.home.admin_url) as holder:

        def lock(*ids: UUID) -> None:
            holder.rollback()
            holder.execute(
                "select from work.jobs where id = any(%s) for update", [[*ids]]
            )

        def meanwhile(step: str) -> None:
            if step == "drain":
                lock(ended.id, held.id, waits.id)
            elif step == "mark":
                lock(waits.id)
                assert taken() == {ended.id, held.id, unchecked.id}
                lock(ended.id)
                # Noted beside the job, which the worker is told is done.
                worker.run(work.jobs.finish, **ended.key, attempt=1)
                holder.rollback()
            elif step == "copy":
                assert taken() == set()

        assert move(nodes, user_id, 2, meanwhile=meanwhile)
    assert dict(
        look(
            nodes.farm,
            "select id, status::text from work.jobs where user_id = %(user)s",
            user=user_id,
        )
    ) == {
        ended.id: "completed",
        held.id: "queued",
        waits.id: "queued",
        unchecked.id: "pending",
    }
    for store in (nodes.at_home, nodes.at_farm):
        with pytest.raises(LeaseLost), store.worker("mac-1") as conn:
            work.jobs.finish(conn, **held.key, attempt=1)
        assert store.readonly().run(work.list_problems, page_size=10) == []


def test_a_farm_forgets_nobody_whom_it_takes_for_its_own(nodes: Nodes) -> None:
    user_id = users.make(nodes.home, farm_id=2)
    nodes.caught_up()
    with nodes.at_farm.user(user_id) as conn:
        submit(conn)
    scope = nodes.at_farm.user(user_id).reading()
    with (
        psycopg.connect(nodes.farm.admin_url, autocommit=True) as conn,
        ThreadPoolExecutor(1) as pool,
    ):

        def hear() -> None:
            try:
                for _ in range(20):
                    assert len(scope.run(render.jobs.list, page_size=1)) == 1
                    time.sleep(0.01)
            finally:
                conn.execute("alter subscription renderstore_home_2 enable")

        def meanwhile(step: str) -> None:
            if step == "flip":
                conn.execute("alter subscription renderstore_home_2 disable")
                while conn.execute(
                    "select from pg_stat_subscription where pid is not null"
                ).fetchall():
                    time.sleep(0.01)
            elif step == "forget":
                heard.append(pool.submit(hear))

        heard: list[Future[None]] = []
        assert move(nodes, user_id, 1, meanwhile=meanwhile)
        assert serving(nodes, user_id) == [1]
        heard[0].result()


def serving(nodes: Nodes, user_id: UUID) -> list[int]:
    """The farms where the user may write."""
    found: list[int] = []
    for number, store in ((1, nodes.at_home), (2, nodes.at_farm)):
        try:
            store.user(user_id).run(render.jobs.list, page_size=1)
        except (WrongFarm, UserMoving):
            continue
        found.append(number)
    return found


def test_a_dba_types_it(
    nodes: Nodes,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", nodes.home.admin_url)
    monkeypatch.setenv("FARM_DIRECT_URLS", f"2={nodes.farm.admin_url}")
    email = "mover@example.org"
    users.make(nodes.home, email=email)
    nodes.caught_up()

    def typed(*words: str) -> str:
        answer = CliRunner().invoke(cli, ["farm", *words])
        assert answer.exception is None, answer.output
        return answer.output

    def refused(*words: str) -> str:
        answer = CliRunner().invoke(cli, ["farm", *words])
        assert answer.exit_code == 1
        return f"{answer.output}{answer.exception}"

    assert "two" in typed("list")
    assert "Farm 1 (home) is home." in typed("check")
    assert "Farm 2 (two) follows home" in typed("check")
    assert f"{email} lives on farm 2." in typed("move", email, "2", "--wait", "0")
    assert "already" in typed("move", email, "2")
    assert "address is not known" in refused("move", email, "3")
    assert "Nobody with the e-mail" in refused("move", "nobody@example.org", "2")
    assert "address is not known" in refused("add", "3", "--name", "three")
    monkeypatch.setenv("FARM_DIRECT_URLS", f"3={nodes.farm.admin_url}")
    assert "is farm 2 already, not 3" in refused("add", "3", "--name", "three")
    assert "need" in refused("check")
    monkeypatch.setenv("FARM_DIRECT_URLS", "nonsense")
    assert "NUMBER=URL" in refused("check")
    monkeypatch.setenv("DATABASE_URL", nodes.farm.admin_url)
    assert "DATABASE_URL is farm 2's" in refused("list")


def test_another_plan_at_home_is_in_force_at_the_farm(nodes: Nodes) -> None:
    small, large = (plans.make(nodes.home, max_active_jobs=most) for most in (1, 3))
    user_id = users.make(nodes.home, plan_id=small, farm_id=2)

    def holds(most: int) -> None:
        """The plan's limit at the farm, with one job less in line."""
        nodes.caught_up()
        with nodes.at_farm.user(user_id) as conn:
            submit(conn)
        with (
            pytest.raises(QuotaExceeded, match=f"allows {most} job"),
            nodes.at_farm.user(user_id) as conn,
        ):
            submit(conn)

    holds(1)
    admin = nodes.at_home.admin(reason=DBA)
    admin.run(people.set_plan, id=user_id, plan_id=large)
    nodes.caught_up()
    with nodes.at_farm.user(user_id) as conn:
        submit(conn)
    holds(3)
    # The plan itself.
    for most in (4, 2):
        with psycopg.connect(nodes.home.admin_url) as conn:
            conn.execute(
                "update identity.plans set max_active_jobs = %s where id = %s",
                [most, large],
            )
        if most == 4:
            holds(most)
    nodes.caught_up()
    with (
        pytest.raises(QuotaExceeded, match="allows 2 jobs"),
        nodes.at_farm.user(user_id) as conn,
    ):
        submit(conn)
    assert nodes.owned(user_id) == (1, 4, 1)


def test_a_missing_usage_is_no_freedom_at_a_farm(nodes: Nodes) -> None:
    plan = plans.make(nodes.home, max_active_jobs=3)
    user_id = users.make(nodes.home, plan_id=plan, farm_id=2)
    nodes.caught_up()
    for gone in (False, True):
        if gone:
            look(
                nodes.farm,
                "delete from work.usages where user_id = %(u)s returning 1",
                u=user_id,
            )
        with nodes.at_farm.user(user_id) as conn:
            submit(conn)
            if not gone:
                submit(conn)
    with (
        pytest.raises(QuotaExceeded, match="allows 3 jobs"),
        nodes.at_farm.user(user_id) as conn,
    ):
        submit(conn)
    with nodes.at_farm.worker("mac-1") as conn:
        taken = render.jobs.claim(conn, limit=100)
    assert [each.user_id for each in taken].count(user_id) == 3


def test_no_row_and_no_file_of_an_erased_user_stays(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    portal = Portal(nodes.home, nodes.at_home)
    user_id = portal.user_id
    settled(nodes, user_id)
    mine = Studio(
        nodes.home,
        nodes.at_home,
        user_id,
        portal.mine.run(studio.projects.create, title="Woods").id,
    )
    shown, back, lost = (mine.image() for _ in range(3))
    mine.mine.run(
        studio.frames.add_many, animation_id=mine.animation(), asset_ids=[shown]
    )
    # Others of these tests left downloads in line.
    mac = registered(nodes.at_home, "mac-1")
    taken = mac.run(media.downloads.claim, limit=100)
    fetching = Fetcher(portal, mac, next(e for e in taken if e.user_id == user_id))
    fetching.report({"a": "kept"})
    fetching.finish()
    folder = tmp_path / "assets" / str(user_id)
    folder.mkdir(parents=True)
    for name in (f"{shown}.png", f"{back}.png", f"{lost}.png", "a.mp4"):
        (folder / name).write_bytes(b"x")
    for each in (back, lost):
        mine.mine.run(studio.assets.delete, id=each)
    nodes.caught_up()
    move(nodes, user_id, 2)

    def files() -> list[str]:
        return sorted(path.name for path in folder.iterdir())

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", nodes.home.url)
    monkeypatch.setenv("FARM_URLS", f"2={nodes.farm.url}")

    def typed(*words: str) -> str:
        answer = CliRunner().invoke(cli, words)
        assert answer.exit_code == 0, answer.output
        return answer.output

    with connect_farms(nodes.home.url, {1: nodes.home.url, 2: nodes.farm.url}) as store:
        # What was to be removed has moved along, and can be restored there.
        store.user(user_id).run(studio.assets.restore, id=back)
    # What others of these tests left to remove is not counted.
    for database in (nodes.home, nodes.farm):
        look(
            database,
            "delete from ops.removals where user_id <> %(u)s returning uri",
            u=user_id,
        )
    later = "update ops.removals set due_at = now() where user_id = %(u)s returning uri"
    assert look(nodes.home, later, u=user_id) == []
    assert look(nodes.farm, later, u=user_id) == [(f"{user_id}/{lost}.png",)]
    assert typed("janitor", "--root", "assets") == (
        "farm 1, home: 0 files removed, 0 failed.\nfarm 2: 1 files removed, 0 failed.\n"
    )
    assert files() == sorted([f"{shown}.png", f"{back}.png", "a.mp4"])
    said = "0 files without a row, 0 rows without a file"
    assert said in typed("reconcile", "--root", "assets", "--fix")
    # Of a folder that farms share, home alone would call the farm's files strays.
    strays = list(janitor.reconcile(nodes.at_home, tmp_path / "assets"))
    assert len(strays) == 3
    with pytest.raises(WrongFarm):
        janitor.fix(nodes.at_home, strays[0])

    with nodes.at_home.admin(reason=DBA) as admin:
        people.erase(admin, id=user_id)
    nodes.caught_up()
    typed("sweep")
    typed("janitor", "--root", "assets")
    assert files() == []
    for database in (nodes.home, nodes.farm):
        tables = look(
            database,
            "select a.attrelid::regclass::text from pg_attribute as a"
            " join pg_class as c on c.oid = a.attrelid and c.relkind = 'r'"
            " join ops.placements as p on p.table_name = c.oid::regclass::text"
            # The trail outlives whom it is of.
            " where a.attname = 'user_id' and p.table_name <> 'audit.entries'",
        )
        assert len(tables) > 40
        for (table,) in tables:
            rest = look(
                database, f"select from {table} where user_id = %(u)s", u=user_id
            )
            assert rest == [], table


def test_a_store_over_both_follows_its_users(nodes: Nodes) -> None:
    nodes.caught_up()
    with connect_farms(nodes.home.url, {1: nodes.home.url, 2: nodes.farm.url}) as store:
        held_back(nodes, "disable")
        user_id = users.make(nodes.home, farm_id=2)
        secret = f"rs_00000000_{user_id}"
        api_tokens.make(
            nodes.home,
            token_hash=hash_token(secret),
            roles=[TokenRole.USER],
            service=None,
            user_id=user_id,
            for_user_id=user_id,
        )
        issued = store.auth().run(
            identity.session_tokens.issue, user_id=user_id, lifetime=timedelta(hours=1)
        )
        signed_in = store.auth().run(
            identity.session_tokens.check, token_hash=hash_token(issued.secret)
        )
        assert signed_in.user_id == user_id
        # Home knows the user, and the farm has not heard: no empty list, and no "not active".
        for scope in (store.user(user_id), store.token(secret)):
            with pytest.raises(UserUnknownHere):
                scope.run(render.jobs.list, page_size=1)
        tries: list[int] = []

        def submit_at() -> None:
            if tries:
                held_back(nodes, "enable")
                nodes.caught_up()
            tries.append(1)
            with store.user(user_id) as conn:
                submit(conn)

        retry(submit_at)
        assert len(tries) == 2
        for to in (1, 2):
            assert move(nodes, user_id, to)
            nodes.caught_up()
            for scope in (store.user(user_id), store.token(secret)):
                scope.run(
                    render.jobs.submit, template_path="/a.aep", output_path="/a.mov"
                )
        assert len(store.user(user_id).run(render.jobs.list, page_size=10)) == 5
        assert nodes.owned(user_id) == (1, 5, 1)


def held_back(nodes: Nodes, how: LiteralString) -> None:
    """Nothing of home's arrives at the farm, or it does again."""
    with _farms.connected(nodes.farm.admin_url) as conn:
        conn.execute(
            sql.SQL("alter subscription renderstore_home_2 {}").format(sql.SQL(how))
        )
