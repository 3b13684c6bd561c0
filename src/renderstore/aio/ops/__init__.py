"""Running the house: service status and configuration, rate limits, health,
maintenance. For asyncio.

Generated from sql/queries/ops/ by `just generate`; do not edit.
"""

from renderstore.aio.ops import notices, removals
from renderstore.aio.ops.area import sweep

__all__ = ["notices", "removals", "sweep"]
