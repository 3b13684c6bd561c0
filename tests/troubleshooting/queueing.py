"""Faults of the farm: jobs that do not start, workers that are silent, downloads that stand."""

from __future__ import annotations

from collections.abc import Generator

from tests import factories
from tests.troubleshooting.asking import ANN, ANN_ID, ann, place
from tests.troubleshooting.faults import Fault, administer, fault, said

from renderstore import connect, media, work
from renderstore.store import SyncStore
from renderstore.testing import Database
from renderstore.work import JobKind, area

_NOTHING = "Nothing is stuck."


def worker(database: Database, *labels: str, silent: bool = False) -> None:
    """The page's worker, which lives."""
    with connect(database.url) as store:
        factories.registered(store, "mac-studio-3", labels, [JobKind.RENDER])
    if silent:
        administer(
            database, "update work.workers set seen_at = now() - interval '10 minutes'"
        )


def stands(database: Database, made: factories.Job, well: str = _NOTHING) -> Fault:
    """A job that does not move, in the page's words."""
    return Fault(
        well=well,
        **place(
            database,
            words={"01930000-0000-7000-8000-000000000002": str(made.id)},
        ),
    )


@fault("`no worker offers this`")
def nobody_offers(database: Database) -> Generator[Fault]:
    yield stands(
        database, factories.job(database, user_id=ann(database), labels=["gpu"])
    )


@fault("A worker is silent: `the worker that offers this is silent or stopped`")
def the_worker_is_silent(database: Database) -> Generator[Fault]:
    made = factories.job(database, user_id=ann(database))
    worker(database, silent=True)
    yield stands(database, made)


@fault("`is paused by`")
def the_farm_is_paused(database: Database) -> Generator[Fault]:
    made = factories.job(database, user_id=ann(database))
    worker(database)
    with connect(database.url) as store:
        store.admin(reason="maintenance").run(
            work.pauses.pause, label="", reason="The storage moves"
        )
    yield stands(database, made)


@fault("`its user was paused by`")
def the_user_is_paused(database: Database) -> Generator[Fault]:
    made = factories.job(database, user_id=ann(database))
    worker(database)
    with connect(database.url) as store:
        store.admin(reason="maintenance").run(
            work.pauses.pause_user, user_id=ANN_ID, reason="An unpaid bill"
        )
    yield stands(database, made)


@fault("`pending, though due: nobody sweeps`")
def nobody_sweeps(database: Database) -> Generator[Fault]:
    made = factories.job(database, "pending", user_id=ann(database))
    administer(database, "update work.jobs set due_at = now() - interval '5 minutes'")
    worker(database)
    yield stands(database, made)


@fault("`running, with a lease that is over: nobody sweeps`")
def a_lease_is_over(database: Database) -> Generator[Fault]:
    worker(database)
    made = factories.job(
        database,
        "running",
        user_id=ann(database),
        held_by="mac-studio-3",
        lease_expires_at=factories.ago(minutes=5),
    )
    yield stands(database, made)


@fault("`a job that it needs has failed`")
def a_needed_job_failed(database: Database) -> Generator[Fault]:
    failed = factories.job(database, "failed", user_id=ann(database))
    behind = factories.job(
        database, "pending", user_id=ANN, needs=[failed], on_failure="wait"
    )
    worker(database)
    yield Fault(
        well=_NOTHING,
        **place(
            database,
            words={
                "01930000-0000-7000-8000-000000000002": str(behind.id),
                "01930000-0000-7000-8000-000000000003": str(failed.id),
            },
        ),
    )


@fault("A download stands: `queued for download`")
def nobody_downloads(database: Database) -> Generator[Fault]:
    ann(database)
    with connect(database.url) as store:
        made = store.user(ANN_ID).run(
            media.downloads.submit, playlist_url="https://example.org/foxes"
        )
        store.worker("mac-studio-3").run(area.sweep, max_rows=10)
    yield stands(database, factories.Job(ANN_ID, made.id))


@fault("`is not registered: work.register says which kinds it takes`")
def the_worker_never_registered(database: Database) -> Generator[Fault]:
    def act(store: SyncStore) -> None:
        store.worker("mac-studio-3").run(work.jobs.claim, limit=1)

    yield Fault(well="mac-studio-3", see=said(act), **place(database))


@fault("`queued, but not in line`")
def the_counts_disagree(database: Database) -> Generator[Fault]:
    made = factories.job(database, user_id=ann(database))
    administer(database, "delete from work.ready")
    yield stands(database, made, well="(0 rows)")
