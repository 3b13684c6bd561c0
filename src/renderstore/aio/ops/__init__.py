"""Running the house: service status and configuration, rate limits, health,
maintenance. For asyncio.

Generated from sql/queries/ops/ by `just generate`; do not edit.
"""

from renderstore.aio.ops import removals

__all__ = ["removals"]
