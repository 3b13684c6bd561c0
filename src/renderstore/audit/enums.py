"""The enumerated types of audit.

Generated from the database's catalog by `just generate`; do not edit.
"""

from enum import StrEnum


class Operation(StrEnum):
    """What was done to a row: what its table's statement is called, or what was asked
    of a job.
    """

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    CANCEL = "cancel"
    TRY_AGAIN = "try_again"
    SET_PRIORITY = "set_priority"


class Rule(StrEnum):
    """What the trail keeps of a column: keep, its values; changed, that it changed;
    hash, the length and SHA-256 of its values; skip, nothing.
    """

    KEEP = "keep"
    CHANGED = "changed"
    HASH = "hash"
    SKIP = "skip"
