"""Jobs of every kind and their life: queue, leases, quotas, events, logs, workers.

Generated from sql/queries/work/ by `just generate`; do not edit.
"""

from renderstore.work import (
    error_classes,
    events,
    jobs,
    logs,
    pauses,
    usages,
    waits,
    workers,
)
from renderstore.work.area import clear_ended_jobs, list_problems, sweep
from renderstore.work.enums import DependencyRule, JobKind, JobStatus

__all__ = [
    "DependencyRule",
    "JobKind",
    "JobStatus",
    "clear_ended_jobs",
    "error_classes",
    "events",
    "jobs",
    "list_problems",
    "logs",
    "pauses",
    "sweep",
    "usages",
    "waits",
    "workers",
]
