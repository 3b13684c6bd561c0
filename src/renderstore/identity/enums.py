"""The enumerated types of identity.

Generated from the database's catalog by `just generate`; do not edit.
"""

from enum import StrEnum


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
