"""A worker: give it `render(job)`, and it does the rest.

    from renderstore import connect
    from renderstore.worker import Job, run_worker

    def render(job: Job) -> None:
        spec = job.spec()
        ...

    with connect() as store:
        run_worker(store, "mac-studio-3", render, concurrency=2)

It registers, claims, keeps its leases alive, hears of cancellation, reports, sweeps, and shuts
down in order on SIGTERM and SIGINT. What a killed worker held is claimed by others once its
leases have run out, or once it has registered again; a result that comes too late is dropped.
It says what it does to the logger `renderstore.worker`. docs/workers.md has the rest.
"""

from renderstore.worker._aio.core import arun_worker
from renderstore.worker._aio.job import AsyncJob
from renderstore.worker._aio.waiting import await_job
from renderstore.worker._outcomes import Output, Reason, RenderFailed
from renderstore.worker._program import Program
from renderstore.worker._settings import WorkerSettings
from renderstore.worker._sync.core import run_worker
from renderstore.worker._sync.job import Job
from renderstore.worker._sync.waiting import wait_for_job

__all__ = [
    "AsyncJob",
    "Job",
    "Output",
    "Program",
    "Reason",
    "RenderFailed",
    "WorkerSettings",
    "arun_worker",
    "await_job",
    "run_worker",
    "wait_for_job",
]
