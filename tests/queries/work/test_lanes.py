"""work.lanes: the farm's, opened when somebody needs one and closed when nobody does."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from time import perf_counter
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests.factories import Conn, acting, job, look, offer, plans, registered, users

from renderstore import render, work
from renderstore.errors import LabelUnknown, NotAllowed
from renderstore.store import SyncStore
from renderstore.testing import Database
from renderstore.testing.servers import Server
from renderstore.work import area

PROVE = bool(os.environ.get("RENDERSTORE_PROVE"))
FOREIGN = 3000
SMALL: dict[str, Any] = {"project_path": "/a.aep", "output_path": "/a.mov"}

READ = """
select
    sum(rows) filter (where relname <> 'worker_lanes')::bigint,
    sum(rows) filter (where relname = 'worker_lanes')::bigint
from (
    select relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) as rows
    from pg_catalog.pg_stat_xact_all_tables
    where schemaname in ('work', 'render', 'identity')
) as counted
"""
COUNT = "select count(*) from work.lanes"
PAGES = """
select sum(pg_stat_get_xact_blocks_fetched(c.oid))::integer
from pg_catalog.pg_class as c
where c.relname like 'turns%'
"""


def rows_read(conn: Conn) -> tuple[int, int]:
    """So far in this transaction: of all but the map from workers to lanes, and of that."""
    row = conn.execute(READ).fetchone()
    assert row is not None
    return row[0], row[1]


# What other workers take


@dataclass
class Farm:
    """A database in which a worker called here takes from one lane, and one called far from many others."""

    database: Database
    owner: UUID


@pytest.fixture(scope="module", params=["empty", "full"])
def farms(
    request: pytest.FixtureRequest, renderstore_server: Server
) -> Generator[tuple[Farm, Farm]]:
    """One with a single lane of others, one with thousands; nobody waits in them, or somebody in each."""
    made: list[Database] = []
    try:
        pair: list[Farm] = []
        for foreign in (1, FOREIGN):
            database = renderstore_server.clone()
            made.append(database)
            pair.append(farm(database, foreign, is_full=request.param == "full"))
        yield pair[0], pair[1]
    finally:
        for database in made:
            renderstore_server.drop(database)


def farm(database: Database, foreign: int, *, is_full: bool) -> Farm:
    owner = users.make(
        database, plan_id=plans.make(database, max_active_jobs=10_000, share=1)
    )
    for name, labels in (("here", []), ("far", ["far"])):
        with acting(database, "worker", actor=f"worker:{name}") as conn:
            work.workers.register(conn, kinds=[work.JobKind.RENDER], labels=labels)
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            """
            with opened as (
                insert into work.lanes (kind, labels, priority)
                select 'render', array['far', 'far-' || n], 5
                from generate_series(1, %s) as n
                returning id
            )

            insert into work.worker_lanes (worker, lane_id)
            select 'far', id
            from opened
            """,
            [foreign],
        )
        if is_full:
            offer(conn, ["far", *(f"far-{n}" for n in range(1, foreign + 1))])
            submit_sets(conn, owner, [["far", f"far-{n + 1}"] for n in range(foreign)])
        submit_sets(conn, owner, [()] * 400)
        conn.execute("select work.open_lanes()")
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute("vacuum (analyze)")
    return Farm(database, owner)


def submit_sets(conn: Conn, owner: UUID, sets: Sequence[Sequence[str]]) -> None:
    """A render job for each set of labels, by the door for thousands."""
    conn.execute("select identity.bind('renderstore_app', %s, 'user:x')", [owner])
    made = render.jobs.submit_many(
        conn,
        output_paths=["/a.mov"] * len(sets),
        project_paths=["/a.aep"] * len(sets),
        label_lists=[list(each) for each in sets],
    )
    assert len(made) == len(sets)
    conn.execute("reset role")


def claim_costs(here: Farm) -> tuple[int, int]:
    """Rows and pages that one claim of one job reads, once its plans are made."""
    with psycopg.connect(here.database.url) as conn:
        costs = (0, 0)
        for _ in range(10):
            conn.execute(
                "select identity.bind('renderstore_worker', null, 'worker:here')"
            )
            before = rows_read(conn)
            row = conn.execute(
                "explain (analyze, buffers, format json) select * from work.claim(1)"
            ).fetchone()
            assert row is not None
            plan = row[0][0]["Plan"]
            assert plan["Actual Rows"] == 1
            rest, shown = (
                now - then for now, then in zip(rows_read(conn), before, strict=True)
            )
            costs = (
                # What an index says of the map, the table may be asked once more or not.
                rest + max(shown, 1),
                plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
            )
            conn.rollback()
        return costs


def test_a_claim_reads_no_lane_of_others(farms: tuple[Farm, Farm]) -> None:
    (few_rows, few_pages), (rows, pages) = map(claim_costs, farms)
    assert rows == few_rows
    # An index of thousands is a page or two deeper.
    assert pages <= few_pages + 12
    assert few_rows < 40


@pytest.mark.skipif(not PROVE, reason="a ratio of times: just prove")
def test_a_claim_takes_no_longer_for_lanes_of_others(farms: tuple[Farm, Farm]) -> None:
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(150):
        # In turns, so that what else the machine does falls on both.
        for each, took in zip(farms, seconds, strict=True):
            with acting(each.database, "worker", actor="worker:here") as conn:
                for turn in range(3):
                    began = perf_counter()
                    assert len(work.jobs.claim(conn, limit=1)) == 1
                    if turn:
                        took.append(perf_counter() - began)
                conn.rollback()
    few, many = map(statistics.median, seconds)
    assert many <= 1.5 * few


def test_a_worker_with_labels_of_others_takes_none_of_their_jobs(
    farms: tuple[Farm, Farm],
) -> None:
    with acting(farms[1].database, "worker", actor="worker:here") as conn:
        taken = work.jobs.claim(conn, limit=1000)
        conn.rollback()
    assert len(taken) == 400


# How lanes open and close


def close(database: Database, idle_for: str = "0 seconds") -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute("select work.close_lanes(100, %s::interval)", [idle_for])


def test_whoever_submits_while_a_lane_is_opened_comes_into_it(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    registered(store, "mac-1", ["gpu"])
    with psycopg.connect(database.admin_url) as opening:
        for _ in range(2):
            mine.run(render.jobs.submit, **SMALL, labels=["gpu"])
            # As a claim does in one transaction, until there is nothing to open.
            assert opening.execute("select work.open_lanes()").fetchall() == [(1,)]
    assert look(database, COUNT) == [(1,)]
    assert look(database, "select count(*) from work.ready") == [(2,)]


def test_a_claim_opens_the_lane_that_a_job_needs(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    farm = registered(store, "mac-1", ["gpu"])
    made = store.user(user_id).run(render.jobs.submit, **SMALL, labels=["gpu"])
    assert look(database, COUNT) == [(0,)]
    [claimed] = farm.run(work.jobs.claim, limit=1)
    assert claimed.id == made.id
    assert look(database, "select labels, is_closing from work.lanes") == [
        (["gpu"], False)
    ]
    assert look(database, "select worker from work.worker_lanes") == [("mac-1",)]


def test_a_sweep_opens_it_for_every_worker_that_may_take_from_it(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    farm = registered(store, "mac-1", ["gpu"])
    registered(store, "mac-2", ["gpu", "big"])
    registered(store, "mac-3")
    registered(store, "mac-4", ["gpu"], [work.JobKind.STEP])
    store.user(user_id).run(render.jobs.submit, **SMALL, labels=["gpu"])
    farm.run(area.sweep)
    assert look(database, "select worker from work.worker_lanes order by worker") == [
        ("mac-1",),
        ("mac-2",),
    ]
    assert look(database, "select * from work.arrivals") == []


def test_an_unused_lane_is_hidden_and_then_gone(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    farm = registered(store, "mac-1")
    store.user(user_id).run(render.jobs.submit, **SMALL)
    [claimed] = farm.run(work.jobs.claim, limit=1)
    close(database, "1 hour")
    assert look(database, "select is_closing from work.lanes") == [(False,)]
    close(database)
    assert look(database, "select is_closing from work.lanes") == [(True,)]
    assert look(database, "select * from work.worker_lanes") == []
    # Until every transaction of the server has ended that may have found it.
    while look(database, COUNT) != [(0,)]:
        close(database)
    assert look(database, "select * from work.turns") == []
    farm.run(work.jobs.finish, user_id=user_id, id=claimed.id, attempt=claimed.attempt)


def test_what_closing_a_lane_reads_does_not_grow_with_the_turns_of_other_lanes(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    costs: list[int] = []
    for others in (0, 2_000):
        job(database, "completed", user_id=user_id)
        with psycopg.connect(database.admin_url, autocommit=True) as conn:
            conn.execute(
                """
                with others as (
                    insert into identity.users (email)
                    select n || '@example.org'
                    from generate_series(1, %s) as n
                    returning id
                )

                insert into work.turns (user_id, lane_id, is_farms, next_turn)
                select id, 1000000 + n, false, 0
                from others
                cross join generate_series(1, 10) as n
                """,
                [others],
            )
            conn.execute("vacuum (analyze) work.turns")
        pages = 0
        while look(database, COUNT) != [(0,)]:
            with psycopg.connect(database.admin_url) as conn:
                conn.execute("select work.close_lanes(100, '0 seconds')")
                [(pages,)] = conn.execute(PAGES)
        costs.append(pages)
    few, many = costs
    # An index of thousands is a page or two deeper.
    assert 0 < few <= many <= few + 12
    assert look(database, "select count(*) from work.turns") == [(20_000,)]


def test_a_lane_in_which_somebody_waits_stays(
    database: Database, store: SyncStore
) -> None:
    job(database)
    for _ in range(3):
        close(database)
    assert look(database, "select is_closing from work.lanes") == [(False,)]
    assert len(registered(store, "mac-1").run(work.jobs.claim, limit=1)) == 1


def test_the_sweep_of_every_room_closes_what_nobody_used_for_an_hour(
    database: Database, store: SyncStore
) -> None:
    job(database, "completed")
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "update work.lanes set opened_at = now() - interval '61 minutes',"
            " moved_at = now() - interval '61 minutes'"
        )
    with registered(store, "mac-1") as conn:
        conn.execute("select * from ops.sweep()")
    assert look(database, "select is_closing from work.lanes") == [(True,)]
    while look(database, COUNT) != [(0,)]:
        with registered(store, "mac-1") as conn:
            conn.execute("select * from ops.sweep()")


def test_a_job_whose_submission_found_the_lane_before_it_closed_is_not_lost(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    farm = registered(store, "mac-1")
    job(database, "completed", user_id=user_id)
    with acting(database, "app", user_id, "user:x") as conn:
        late = render.jobs.submit(conn, **SMALL)
        for _ in range(4):
            close(database)
        # Hidden from whoever comes now, but there for whoever found it.
        assert look(database, "select is_closing from work.lanes") == [(True,)]
        soon = store.user(users.make(database)).run(render.jobs.submit, **SMALL)
        assert [one.id for one in farm.run(work.jobs.claim, limit=9)] == [soon.id]
    # Another test's transaction on this server may keep it for a moment.
    while (True,) in look(database, "select is_closing from work.lanes"):
        close(database)
    assert [one.id for one in farm.run(work.jobs.claim, limit=9)] == [late.id]


def test_a_lane_opens_again_beside_one_that_is_about_to_go(
    database: Database, store: SyncStore
) -> None:
    job(database, "completed")
    close(database)
    made = job(database)
    assert look(database, "select is_closing from work.lanes order by id") == [
        (True,),
        (False,),
    ]
    [claimed] = registered(store, "mac-1").run(work.jobs.claim, limit=1)
    assert claimed.id == made.id


def test_a_worker_that_registered_while_a_lane_was_being_opened_is_shown_it(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    store.user(user_id).run(render.jobs.submit, **SMALL)
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("select work.open_lanes()")
        farm = registered(store, "mac-1")
    assert farm.run(work.jobs.claim, limit=1) == []
    farm.run(work.sweep, max_rows=10)
    assert len(farm.run(work.jobs.claim, limit=1)) == 1


@pytest.mark.parametrize("table", ["lanes", "worker_lanes"])
def test_a_tenant_sees_no_lane(database: Database, table: str) -> None:
    made = job(database)
    with (
        acting(database, "app", made.user_id) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute(f"select * from work.{table}".encode())


# Labels are the farm's


def ask_for(store: SyncStore, user_id: UUID, labels: list[str]) -> list[Any]:
    """One job by each door that takes labels."""
    mine = store.user(user_id)
    with mine as conn:
        conn.execute(
            "insert into render.jobs (user_id, project_path, output_path, labels)"
            " values (%s, '/a.aep', '/a.mov', %s)",
            [user_id, labels],
        )
    many: dict[str, Any] = {"output_paths": ["/a.mov"], "project_paths": ["/a.aep"]}
    return [
        mine.run(render.jobs.submit, **SMALL, labels=labels),
        *mine.run(render.jobs.submit_many, **many, labels=labels),
        *mine.run(render.jobs.submit_many, **many, label_lists=[labels]),
    ]


def test_a_label_is_there_because_a_worker_offers_it(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    farm = registered(store, "mac-1", ["gpu", "ae-25"])
    ask_for(store, user_id, ["ae-25"])
    assert len(farm.run(work.jobs.claim, limit=9)) == 4
    found = store.user(user_id).run(work.labels.list, after_name=None, page_size=9)
    assert [(one.name, one.declared_by) for one in found] == [
        ("ae-25", "worker:mac-1"),
        ("gpu", "worker:mac-1"),
    ]


def test_a_label_is_there_because_an_administrator_declared_it(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    dba = store.admin(reason="the tests' DBA")
    made = dba.run(work.labels.declare, name="gpu", meaning="A fast card")
    assert (made.name, made.meaning) == ("gpu", "A fast card")
    again = dba.run(work.labels.declare, name="gpu", meaning="A card")
    assert (again.meaning, again.declared_at) == ("A card", made.declared_at)
    ask_for(store, user_id, ["gpu"])
    assert dba.run(work.labels.delete, name="gpu") == 1
    with pytest.raises(LabelUnknown):
        store.user(user_id).run(render.jobs.submit, **SMALL, labels=["gpu"])
    assert len(registered(store, "mac-1", ["gpu"]).run(work.jobs.claim, limit=9)) == 4


TWO: dict[str, Any] = {
    "output_paths": ["/a.mov"] * 2,
    "project_paths": ["/a.aep"] * 2,
}


def by_submit(conn: Conn) -> None:
    render.jobs.submit(conn, **SMALL, labels=["gpu", "gpus"])


def by_labels(conn: Conn) -> None:
    render.jobs.submit_many(conn, **TWO, labels=["gpus"])


def by_label_lists(conn: Conn) -> None:
    render.jobs.submit_many(conn, **TWO, label_lists=[["gpu"], ["gpus"]])


def by_insert(conn: Conn) -> None:
    conn.execute(
        "insert into render.jobs (user_id, project_path, output_path, labels)"
        " select id, '/a.aep', '/a.mov', '{gpus}' from identity.users"
    )


@pytest.mark.parametrize("ask", [by_submit, by_labels, by_label_lists, by_insert])
def test_a_label_that_is_not_there_is_refused_with_those_that_are(
    database: Database, store: SyncStore, ask: Callable[[Conn], object]
) -> None:
    user_id = users.make(database)
    registered(store, "mac-1", ["gpu", "ae-25"])
    with (
        pytest.raises(
            LabelUnknown, match=r"offered the label gpus\. There are: ae-25, gpu\."
        ),
        store.user(user_id) as conn,
    ):
        ask(conn)
    assert look(database, "select * from work.jobs") == []


def test_nobody_but_the_farm_brings_labels(
    database: Database, store: SyncStore
) -> None:
    with pytest.raises(NotAllowed):
        store.user(users.make(database)).run(
            work.labels.declare, name="mine", meaning=None
        )
    with pytest.raises(NotAllowed):
        store.worker("mac-1").run(work.labels.declare, name="mine", meaning=None)
    assert look(database, "select * from work.labels") == []


# Thousands of sets in one call


NAMES = [f"label-{n:03}" for n in range(101)]


def distinct(count: int) -> list[list[str]]:
    return [list(pair) for pair in islice(combinations(NAMES, 2), count)]


def submit_measured(
    database: Database, owner: UUID, sets: Sequence[Sequence[str]]
) -> tuple[int, float]:
    """Rows that were read, and seconds, for one job a set."""
    with acting(database, "app", owner, "user:x") as conn:
        paths = ["/a.mov"] * len(sets)
        lists = [list(each) for each in sets]
        before = sum(rows_read(conn))
        began = perf_counter()
        made = render.jobs.submit_many(
            conn, output_paths=paths, project_paths=paths, label_lists=lists
        )
        took = perf_counter() - began
        assert len(made) == len(sets)
        return sum(rows_read(conn)) - before, took


def roomy(database: Database) -> UUID:
    offer(database, NAMES)
    return users.make(
        database,
        plan_id=plans.make(
            database, max_active_jobs=1_000_000, max_daily_jobs=1_000_000
        ),
    )


def open_all(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        while any(conn.execute("select work.open_lanes()").fetchone() or ()):
            pass


@pytest.mark.parametrize("lanes", ["new", "open"])
def test_jobs_of_distinct_labels_cost_each_the_same(
    database: Database, lanes: str
) -> None:
    owner = roomy(database)
    if lanes == "open":
        submit_measured(database, owner, distinct(800))
        open_all(database)
    few, _ = submit_measured(database, owner, distinct(200))
    many, _ = submit_measured(database, owner, distinct(800))
    assert many < 6 * few


@pytest.mark.skipif(not PROVE, reason="a ratio of times: just prove")
@pytest.mark.parametrize("lanes", ["new", "open"])
def test_five_thousand_sets_of_labels_cost_three_times_one_set(
    renderstore_server: Server, lanes: str
) -> None:
    one: list[float] = []
    many: list[float] = []
    for _ in range(3):
        database = renderstore_server.clone()
        try:
            owner = roomy(database)
            if lanes == "open":
                submit_measured(database, owner, distinct(5000))
                open_all(database)
            one.append(submit_measured(database, owner, [NAMES[:2]] * 5000)[1])
            many.append(submit_measured(database, owner, distinct(5000))[1])
        finally:
            renderstore_server.drop(database)
    assert min(many) <= 3 * min(one)
