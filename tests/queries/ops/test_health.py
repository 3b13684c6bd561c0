"""Store.health(), `ops.health`: right for faults made on purpose, and unknown where it may not see."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from threading import Thread
from time import sleep

import anyio
import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.factories import look, registered, users

from renderstore import render
from renderstore.health import Health, HealthMeasure, Verdict, text_for_prometheus
from renderstore.ops import ServiceState, services, sweep
from renderstore.store import AsyncStore, SyncStore, aconnect, connect
from renderstore.testing import Database
from renderstore.web.health import health as application


def measure(found: Health, name: str) -> HealthMeasure:
    [one] = [each for each in found.measures if each.name == name]
    return one


def verdict(store: SyncStore, name: str) -> Verdict:
    return measure(store.health(), name).verdict


@pytest.fixture
def swept(store: SyncStore) -> SyncStore:
    """A house that is swept, as every one should be."""
    store.worker("sweep").run(sweep)
    return store


def test_a_house_that_is_swept_has_nothing_to_fear(swept: SyncStore) -> None:
    found = swept.health()
    assert found.problem is None
    assert found.role == "renderstore_readonly"
    # Other tests' servers and sessions are seen too, so not all of it is ours to assert.
    for name in (
        "round_trip_ms",
        "pool_used_percent",
        "waiting_jobs",
        "expired_leases",
        "sweep_age_s",
        "sweep_parts_never_run",
        "sweep_problems",
        "services_down",
        "invalid_indexes",
    ):
        assert measure(found, name).verdict is Verdict.OK, name


def test_a_sweep_that_stopped_is_seen(database: Database, swept: SyncStore) -> None:
    look(
        database,
        "update ops.sweep_parts set last_run_at = now() - interval '20 minutes' returning 1",
    )
    assert verdict(swept, "sweep_age_s") is Verdict.WARN
    look(
        database,
        "update ops.sweep_parts set function_name = 'work.nothing' where position = 100 returning 1",
    )
    swept.worker("sweep").run(sweep)
    found = swept.health()
    assert measure(found, "sweep_problems").verdict is Verdict.WARN
    assert measure(found, "sweep_age_s").verdict is Verdict.OK


def test_a_part_of_the_sweep_that_never_ran_says_so(
    database: Database, store: SyncStore
) -> None:
    [(parts,)] = look(database, "select count(*) from ops.sweep_parts")
    found = store.health()
    never = measure(found, "sweep_parts_never_run")
    assert (never.verdict, never.value) == (Verdict.FAIL, parts)
    assert never.sentence == f"{parts} parts of the sweep have never run."
    assert measure(found, "sweep_age_s").sentence == "sweep_age_s: nothing to measure."
    store.worker("sweep").run(sweep)
    assert verdict(store, "sweep_parts_never_run") is Verdict.OK
    look(
        database,
        "update ops.sweep_parts set last_run_at = null where position = 100 returning 1",
    )
    found = store.health()
    assert measure(found, "sweep_parts_never_run").value == 1
    assert measure(found, "sweep_age_s").verdict is Verdict.OK


def test_nothing_is_slow_where_nobody_counts(swept: SyncStore) -> None:
    found = swept.health()
    assert (found.slowest, found.as_json()["slowest"]) == ([], [])
    assert measure(found, "slowest_query_ms").sentence == (
        "slowest_query_ms: nothing to measure."
    )


def test_a_service_that_is_down_is_seen(database: Database, swept: SyncStore) -> None:
    admin, checker = swept.admin(reason="tests"), swept.worker("check")
    admin.run(services.set_url, id="plex", url="http://plex:32400")
    for _ in range(3):
        checker.run(services.record_check, id="plex", state=ServiceState.DOWN)
    assert verdict(swept, "services_down") is Verdict.WARN


def test_leases_that_are_over_are_seen(database: Database, swept: SyncStore) -> None:
    owner = users.make(database)
    swept.user(owner).run(
        render.jobs.submit, template_path="/a.aep", output_path="/b.mov"
    )
    registered(swept, "mac-1").run(render.jobs.claim, limit=1)
    assert verdict(swept, "expired_leases") is Verdict.OK
    look(
        database,
        "update work.jobs set lease_expires_at = now() - interval '2 minutes' returning 1",
    )
    assert verdict(swept, "expired_leases") is Verdict.WARN


def test_a_job_that_waits_long_is_seen(database: Database, swept: SyncStore) -> None:
    owner = users.make(database)
    swept.user(owner).run(
        render.jobs.submit, template_path="/a.aep", output_path="/b.mov"
    )
    found = swept.health()
    assert measure(found, "waiting_jobs").value == 1
    assert measure(found, "oldest_waiting_s").verdict is Verdict.OK
    look(
        database,
        "update work.jobs set queued_at = now() - interval '2 hours' returning 1",
    )
    assert verdict(swept, "oldest_waiting_s") is Verdict.WARN


def test_a_migration_that_is_pending_is_seen(
    database: Database, swept: SyncStore
) -> None:
    with psycopg.connect(database.owner_url) as conn:
        known = conn.execute("select to_regclass('public._yoyo_migration')").fetchone()
        assert known is not None
        if known[0] is None:
            pytest.skip("yoyo did not migrate this database")
    assert verdict(swept, "migrations_pending") is Verdict.OK
    with psycopg.connect(database.owner_url) as conn:
        conn.execute(
            "delete from public._yoyo_migration where migration_id like '0001%'"
        )
    found = measure(swept.health(), "migrations_pending")
    assert (found.verdict, found.value) == (Verdict.WARN, 1)


def test_an_invalid_index_is_seen(database: Database, swept: SyncStore) -> None:
    look(
        database,
        "update pg_index set indisvalid = false"
        " where indexrelid = 'work.jobs_due_idx'::regclass returning 1",
    )
    found = measure(swept.health(), "invalid_indexes")
    assert (found.verdict, found.value) == (Verdict.WARN, 1)


@contextmanager
def waiting_for_a_lock(database: Database) -> Generator[None]:
    """One session waits for another, and has for a minute and more, as the rules see it."""
    with (
        psycopg.connect(database.admin_url) as holder,
        psycopg.connect(database.admin_url, autocommit=True) as rules,
        psycopg.connect(database.admin_url) as waiter,
    ):
        rules.execute(
            "update ops.health_rules set warn_above = 0, fail_above = 0"
            " where name in ('lock_wait_s', 'oldest_transaction_s')"
        )
        holder.execute("lock table identity.plans in access exclusive mode")
        waits = Thread(target=waiter.execute, args=["select * from identity.plans"])
        waits.start()
        while not rules.execute("select 1 from pg_locks where not granted").fetchone():
            sleep(0.01)
        yield
        holder.rollback()
        waits.join()


def test_who_waits_for_a_lock_is_seen_by_everybody(
    database: Database, swept: SyncStore
) -> None:
    with waiting_for_a_lock(database):
        assert verdict(swept, "lock_wait_s") is Verdict.FAIL


def test_others_transactions_are_unknown_without_the_right_to_see_them(
    database: Database, swept: SyncStore
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        [(login,)] = conn.execute(
            "select rolname from pg_roles where rolname = %s", [swept.settings.user]
        ).fetchall()
        sees = conn.execute(
            "select pg_has_role('renderstore_readonly', 'pg_read_all_stats', 'usage')"
        ).fetchone()
    assert login
    found = measure(swept.health(), "oldest_transaction_s")
    if sees == (True,):
        assert found.verdict is not Verdict.UNKNOWN
    else:
        assert found.verdict is Verdict.UNKNOWN
        assert found.sentence == (
            "oldest_transaction_s: renderstore_readonly may not see it."
        )


def test_a_user_sees_nothing_of_the_farm(database: Database, swept: SyncStore) -> None:
    with swept.user(users.make(database)) as conn:
        said = conn.execute("select name, verdict from ops.health()").fetchall()
    found: dict[str, str] = dict(said)
    assert found["waiting_jobs"] == found["expired_leases"] == "unknown"
    assert found["services_down"] == "ok"


def test_a_full_pool_is_seen_and_not_waited_for(database: Database) -> None:
    with connect(database.url, size=1) as store, store.readonly() as conn:
        conn.execute("select 1")
        found = store.health()
        assert measure(found, "pool_used_percent").verdict is Verdict.WARN
        assert measure(found, "pool_used_percent").value == 100


def test_a_database_that_is_away_is_an_answer() -> None:
    with connect("postgresql://nobody@127.0.0.1:1/nothing", timeout=1) as store:
        found = store.health()
    assert found.verdict is Verdict.FAIL
    assert found.problem is not None
    assert found.exit_status == 2
    assert "renderstore_up 0" in text_for_prometheus(found)
    store.close()
    assert store.health().verdict is Verdict.FAIL


def test_prometheus_reads_the_same_numbers(swept: SyncStore) -> None:
    found = swept.health()
    families = {
        family.name: family
        for family in text_string_to_metric_families(text_for_prometheus(found))
    }
    assert families["renderstore_up"].samples[0].value == 1
    for each in found.measures:
        if each.value is None:
            assert f"renderstore_{each.name}" not in families
        else:
            [sample] = families[f"renderstore_{each.name}"].samples
            assert sample.value == pytest.approx(each.value)
    verdicts = families["renderstore_measure_verdict"].samples
    assert {sample.labels["measure"] for sample in verdicts} == {
        each.name for each in found.measures
    }


def test_it_answers_over_http(database: Database, swept: SyncStore) -> None:
    async def ask() -> list[httpx.Response]:
        async with (
            aconnect(database.url) as store,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(application(store)),
                base_url="http://farm",
            ) as client,
        ):
            found = [
                await client.get("/"),
                await client.get("/live"),
                await client.get("/metrics"),
                await client.post("/"),
            ]
        return [*found, await away(store)]

    async def away(store: AsyncStore) -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(application(store, with_details=False)),
            base_url="http://farm",
        ) as client:
            assert (await client.get("/live")).status_code == 503
            return await client.get("/")

    whole, live, metrics, posted, closed = anyio.run(ask)
    assert whole.json()["measures"]["waiting_jobs"]["value"] == 0
    assert live.json() == {"verdict": "ok"}
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert posted.status_code == 405
    assert (closed.status_code, closed.json()) == (503, {"verdict": "fail"})
    assert json.loads(whole.text)["role"] == "renderstore_readonly"
