"""The enumerated types of render.

Generated from the database's catalog by `just generate`; do not edit.
"""

from enum import StrEnum


class PathStyle(StrEnum):
    """How a path is written: posix (/Volumes/ads), windows (C:\\ads, C:/ads,
    \\\\server\\ads, //server/ads), uri (s3://ads).
    """

    POSIX = "posix"
    WINDOWS = "windows"
    URI = "uri"


class RenderStatus(StrEnum):
    """Where a render job stands, in the words of the trade: rendering is
    work.job_status's running.
    """

    PENDING = "pending"
    VALIDATING = "validating"
    QUEUED = "queued"
    RENDERING = "rendering"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
