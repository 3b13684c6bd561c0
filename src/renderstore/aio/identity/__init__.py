"""Who people are: users, plans, accounts, sessions and tokens. For asyncio.

Generated from sql/queries/identity/ by `just generate`; do not edit.
"""

from renderstore.aio.identity import users
from renderstore.identity.enums import UserRole, UserStatus

__all__ = ["UserRole", "UserStatus", "users"]
