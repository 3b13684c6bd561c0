"""The enumerated types of work.

Generated from the database's catalog by `just generate`; do not edit.
"""

from enum import StrEnum


class DependencyRule(StrEnum):
    """What becomes of a job when one that it needs fails or is cancelled: cancel it
    too, or let it wait.
    """

    CANCEL = "cancel"
    WAIT = "wait"


class JobKind(StrEnum):
    """What a job does. What a kind needs to know stands in its own room under the
    job's key.
    """

    RENDER = "render"


class JobStatus(StrEnum):
    """Where a job stands: pending (waits for a time, a back-off or other jobs),
    validating (a worker looks at it first), queued (can be claimed), running,
    completed, failed (no try is left), cancelled.
    """

    PENDING = "pending"
    VALIDATING = "validating"
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
