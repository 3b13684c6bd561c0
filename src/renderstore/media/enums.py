"""The enumerated types of media.

Generated from the database's catalog by `just generate`; do not edit.
"""

from enum import StrEnum


class DownloadStatus(StrEnum):
    """Where a download stands, in the words of the portal: downloading is
    work.job_status's running, partly its completed, with files that are missing.
    """

    PENDING = "pending"
    VALIDATING = "validating"
    QUEUED = "queued"
    DOWNLOADING = "downloading"
    COMPLETED = "completed"
    PARTLY = "partly"
    FAILED = "failed"
    CANCELLED = "cancelled"


class FileState(StrEnum):
    """Where a file of a download stands: found (in the playlist), downloading, kept,
    failed, skipped (not wanted), removed (on purpose; it is not fetched again).
    """

    FOUND = "found"
    DOWNLOADING = "downloading"
    KEPT = "kept"
    FAILED = "failed"
    SKIPPED = "skipped"
    REMOVED = "removed"


class MediaType(StrEnum):
    """What is asked for: movie, tv (a show, or a season of it). An id at TMDB is
    unique within one of them.
    """

    MOVIE = "movie"
    TV = "tv"


class RequestStatus(StrEnum):
    """Where a request stands: pending (nobody has decided), approved, processing (it
    is being fetched), available, failed, declined, cancelled (by who asked),
    removed (it was there and is no more).
    """

    PENDING = "pending"
    APPROVED = "approved"
    PROCESSING = "processing"
    AVAILABLE = "available"
    FAILED = "failed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    REMOVED = "removed"
