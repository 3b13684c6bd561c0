"""Every enumerated type by its name.

Generated from the database's catalog by `just generate`; do not edit.
"""

from enum import StrEnum
from typing import Final

from renderstore.identity import enums as identity

ENUMS: Final[tuple[tuple[str, type[StrEnum]], ...]] = (
    ("identity.token_role", identity.TokenRole),
    ("identity.user_role", identity.UserRole),
    ("identity.user_status", identity.UserStatus),
)
