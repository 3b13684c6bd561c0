"""The enumerated types of ops.

Generated from the database's catalog by `just generate`; do not edit.
"""

from enum import StrEnum


class HealthUnit(StrEnum):
    """What a measure is in."""

    NUMBER = "number"
    S = "s"
    MS = "ms"
    PERCENT = "percent"
    BYTES = "bytes"


class ServiceState(StrEnum):
    """Whether a service lives: unknown (not set up, not checked, or not for long
    enough), up, down.
    """

    UNKNOWN = "unknown"
    UP = "up"
    DOWN = "down"


class Verdict(StrEnum):
    """How it stands: ok; unknown, where whoever asks may not see it; warn, somebody
    should look; fail, somebody must.
    """

    OK = "ok"
    UNKNOWN = "unknown"
    WARN = "warn"
    FAIL = "fail"
