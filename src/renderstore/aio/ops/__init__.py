"""Running the house: service status and configuration, rate limits, health,
maintenance. For asyncio.

Generated from sql/queries/ops/ by `just generate`; do not edit.
"""

from renderstore.aio.ops import (
    health,
    imported,
    limits,
    notices,
    rate_limits,
    removals,
    services,
    watch,
)
from renderstore.aio.ops.area import sweep
from renderstore.ops.enums import HealthUnit, ServiceState, Verdict

__all__ = [
    "HealthUnit",
    "ServiceState",
    "Verdict",
    "health",
    "imported",
    "limits",
    "notices",
    "rate_limits",
    "removals",
    "services",
    "sweep",
    "watch",
]
