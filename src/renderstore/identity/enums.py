"""The enumerated types of identity.

Generated from the database's catalog by `just generate`; do not edit.
"""

from enum import StrEnum


class TokenRole(StrEnum):
    """What an API token may act as: a user, a worker, a reader of every row, an
    administrator.
    """

    USER = "user"
    WORKER = "worker"
    READONLY = "readonly"
    ADMIN = "admin"


class UserRole(StrEnum):
    """What a user may do: user works with their own rows, admin with everybody's."""

    USER = "user"
    ADMIN = "admin"


class UserStatus(StrEnum):
    """Where an account stands: active, suspended (refused until reactivated),
    deactivated (given up; its unique names are free again).
    """

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DEACTIVATED = "deactivated"
