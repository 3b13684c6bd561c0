"""What a render job is to do: project, template, paths, frames, nexrender's
configuration. For asyncio.

Generated from sql/queries/render/ by `just generate`; do not edit.
"""

from renderstore.aio.render import jobs
from renderstore.render.enums import PathStyle, RenderStatus

__all__ = ["PathStyle", "RenderStatus", "jobs"]
