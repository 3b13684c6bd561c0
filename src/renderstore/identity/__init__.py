"""Who people are: users, plans, accounts, sessions and tokens.

Generated from sql/queries/identity/ by `just generate`; do not edit.
"""

from renderstore.identity import (
    accounts,
    api_tokens,
    macos_accounts,
    plans,
    session_tokens,
    sign_in,
    users,
    web_sessions,
)
from renderstore.identity.area import sweep
from renderstore.identity.enums import TokenRole, UserRole, UserStatus

__all__ = [
    "TokenRole",
    "UserRole",
    "UserStatus",
    "accounts",
    "api_tokens",
    "macos_accounts",
    "plans",
    "session_tokens",
    "sign_in",
    "sweep",
    "users",
    "web_sessions",
]
