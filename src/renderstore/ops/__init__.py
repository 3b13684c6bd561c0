"""Running the house: service status and configuration, rate limits, health,
maintenance.

Generated from sql/queries/ops/ by `just generate`; do not edit.
"""

from renderstore.ops import removals

__all__ = ["removals"]
