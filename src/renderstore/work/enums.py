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
    """What a job does: render, download (media), step (of a video: studio). What a
    kind needs to know stands in its own room under the job's key.
    """

    RENDER = "render"
    DOWNLOAD = "download"
    STEP = "step"


class JobStatus(StrEnum):
    """Where a job stands: pending (waits for a time, a back-off or other jobs),
    validating (a worker looks at it first), queued (can be claimed), running (a
    render job's own word is rendering, a download's downloading), completed, failed
    (no try is left), cancelled.
    """

    PENDING = "pending"
    VALIDATING = "validating"
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """How a worker's hold of a job ended: accepted (looked at, and valid), completed,
    failed, stopped because somebody asked, released unfinished, lost with a silent
    worker.
    """

    ACCEPTED = "accepted"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"
    RELEASED = "released"
    LOST = "lost"
