"""Workers in processes of their own: killed, told to stop once or twice, cut off."""

from __future__ import annotations

import signal

import psycopg
from tests.colours.aio import elsewhere
from tests.worker.aio.colour import (
    DEAF,
    PROCESS,
    SLEEPS,
    Event,
    drain,
    eventually,
    happened,
    wait,
    working,
)
from tests.worker.support import (
    PATIENCE,
    begun,
    count,
    held_up,
    job,
    process,
    submit,
    told,
    user,
)

from renderstore.store import aconnect
from renderstore.testing import Database
from renderstore.worker import AsyncJob

LONG = SLEEPS.format(seconds=1000)


async def nothing(_: AsyncJob) -> None:
    """A render that takes no time."""


async def test_what_a_killed_worker_held_is_rendered_by_another(
    database: Database,
) -> None:
    [one] = submit(database, user(database))
    with process(PROCESS, LONG, database, lease=1.0) as running:
        assert begun(running) == (str(one), 1)
        running.kill()
    async with working(database, nothing, name="other", sweep_every=0.2):
        await eventually(lambda: job(database, one)["status"] == "completed")
    found = job(database, one)
    assert (found["attempt"], found["lost_leases"], found["failures"]) == (2, 1, 0)


async def test_a_killed_worker_that_starts_again_need_not_wait_for_its_lease(
    database: Database,
) -> None:
    [one] = submit(database, user(database))
    with process(PROCESS, LONG, database, "p", lease=3600.0) as running:
        assert begun(running) == (str(one), 1)
        running.kill()
    with process(PROCESS, LONG, database, "p", lease=3600.0) as running:
        assert begun(running) == (str(one), 2)


async def test_a_first_ctrl_c_waits_for_what_runs(database: Database) -> None:
    first, second = submit(database, user(database), 2)
    how = SLEEPS.format(seconds=3)
    with process(PROCESS, how, database) as running:
        begun(running)
        running.send_signal(signal.SIGINT)
        said = told(running, "ends when what runs has ended")
        assert "it waits for 1 job, 30 s at most" in said
        assert "A second Ctrl-C gives back at once." in said
        assert await elsewhere(running.wait, PATIENCE) == 0
    assert job(database, first)["status"] == "completed"
    assert job(database, second)["status"] == "queued"


async def test_a_second_ctrl_c_hurries(database: Database) -> None:
    [one] = submit(database, user(database))
    with process(PROCESS, LONG, database, grace=3600.0) as running:
        begun(running)
        running.send_signal(signal.SIGINT)
        told(running, "ends when what runs has ended")
        running.send_signal(signal.SIGINT)
        told(running, "waits no longer: 1 job should stop")
        assert await elsewhere(running.wait, PATIENCE) == 0
    assert job(database, one)["status"] == "queued"
    assert job(database, one)["lost_leases"] == 0


async def test_sigterm_gives_back_the_job_of_a_render_that_does_not_listen(
    database: Database,
) -> None:
    [one] = submit(database, user(database))
    with process(PROCESS, DEAF, database, grace=0.1, lease=1000.0) as running:
        begun(running)
        running.send_signal(signal.SIGTERM)
        told(running, "does not stop: it is given back and fenced")
        await eventually(lambda: job(database, one)["status"] == "queued")
        running.kill()
    assert job(database, one)["lost_leases"] == 0


async def test_a_sweep_that_hangs_keeps_nothing_else_back(database: Database) -> None:
    ids = submit(database, user(database), 5)
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "create or replace function work.lift_stragglers(max_rows bigint)"
            " returns bigint language plpgsql as"
            " $$begin perform pg_sleep(1000); return 0; end$$"
        )

    async def render(_: AsyncJob) -> None:
        await wait(1)

    async with working(database, render, sweep_every=0.1, lease=1.5):
        await eventually(lambda: count(database, "completed") == len(ids))
    assert [job(database, each)["attempt"] for each in ids] == [1] * len(ids)


async def test_a_heartbeat_that_hangs_keeps_no_report_back(database: Database) -> None:
    first, second = submit(database, user(database), 2)
    began, end = Event(), Event()

    async def render(job: AsyncJob) -> None:
        if job.id == first:
            job.progress(1)  # a heartbeat, now
            began.set()
            await happened(end)

    # A heartbeat gives up after ten seconds.
    async with working(database, render, lease=30.0):
        with held_up(database, "heartbeat_many") as hanging:
            await happened(began)
            await eventually(hanging)
            heartbeat = hanging()
            end.set()
            await eventually(lambda: count(database, "completed") == 2)
            assert hanging() == heartbeat, "the reports waited for it"
    assert job(database, second)["attempt"] == 1


async def test_a_report_that_hangs_keeps_no_heartbeat_back(database: Database) -> None:
    first, second = submit(database, user(database), 2)
    began, fail, end = Event(), Event(), Event()

    async def render(job: AsyncJob) -> None:
        if job.id == second:
            began.set()
            await happened(end)
        else:
            await happened(fail)
            raise ValueError("its report hangs")

    def lease() -> str:
        return str(job(database, second)["lease_expires_at"])

    # One connection for reports, which that report has.
    store = aconnect(database.url, size=1)
    async with working(
        database, render, store=store, concurrency=2, lease=1.5, sweep_every=0.2
    ):
        await happened(began)
        with held_up(database, "report") as hanging:
            fail.set()
            await eventually(hanging)
            report = hanging()
            # What is being reported is in no heartbeat.
            await eventually(lambda: job(database, first)["lost_leases"] == 1)
            until = lease()
            await eventually(lambda: lease() > until)
            assert hanging() == report, "the heartbeat waited for it"
        end.set()
        await eventually(lambda: job(database, second)["status"] == "completed")
    found = job(database, second)
    assert (found["attempt"], found["lost_leases"]) == (1, 0)


async def test_a_batch_is_reported_whatever_one_of_it_did(database: Database) -> None:
    first, second, third = submit(database, user(database), 3)

    async def render(job: AsyncJob) -> None:
        if job.id == second:
            raise SystemExit(1)

    await drain(database, render, batch=3)
    assert [job(database, each)["status"] for each in (first, second, third)] == [
        "completed",
        "failed",
        "completed",
    ]
