"""Running the house: service status and configuration, rate limits, health,
maintenance.

Generated from sql/queries/ops/ by `just generate`; do not edit.
"""

from renderstore.ops import notices, removals
from renderstore.ops.area import sweep

__all__ = ["notices", "removals", "sweep"]
