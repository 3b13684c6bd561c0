"""The append-only trail of who changed what. For asyncio.

Generated from sql/queries/audit/ by `just generate`; do not edit.
"""

from renderstore.aio.audit import entries
from renderstore.audit.enums import Operation, Rule

__all__ = ["Operation", "Rule", "entries"]
