"""Every query for asyncio, under the same names.

Generated from sql/queries/ by `just generate`; do not edit.
"""

from renderstore.aio import identity, ops, render, studio, work

__all__ = ["identity", "ops", "render", "studio", "work"]
