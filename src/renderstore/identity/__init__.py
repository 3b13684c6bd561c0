"""Who people are: users, plans, accounts, sessions and tokens.

Generated from sql/queries/identity/ by `just generate`; do not edit.
"""

from renderstore.identity import users
from renderstore.identity.enums import UserRole, UserStatus

__all__ = ["UserRole", "UserStatus", "users"]
