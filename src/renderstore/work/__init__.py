"""Jobs of every kind and their life: queue, leases, quotas, events, logs, workers.

Generated from sql/queries/work/ by `just generate`; do not edit.
"""

from renderstore.work import (
    error_classes,
    events,
    jobs,
    labels,
    logs,
    pauses,
    usages,
    waits,
    workers,
)
from renderstore.work.area import clear_ended_jobs, list_problems, mend, sweep
from renderstore.work.enums import DependencyRule, JobKind, JobStatus, Outcome

__all__ = [
    "DependencyRule",
    "JobKind",
    "JobStatus",
    "Outcome",
    "clear_ended_jobs",
    "error_classes",
    "events",
    "jobs",
    "labels",
    "list_problems",
    "logs",
    "mend",
    "pauses",
    "sweep",
    "usages",
    "waits",
    "workers",
]
