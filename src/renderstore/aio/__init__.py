"""Every query for asyncio, under the same names.

Generated from sql/queries/ by `just generate`; do not edit.
"""

from renderstore.aio import audit, identity, media, ops, render, studio, work

__all__ = ["audit", "identity", "media", "ops", "render", "studio", "work"]
