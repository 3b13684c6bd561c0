"""Projects, scenes, characters, animations, frames, their assets and presets. For
asyncio.

Generated from sql/queries/studio/ by `just generate`; do not edit.
"""

from renderstore.aio.studio import (
    animations,
    assets,
    characters,
    frames,
    projects,
    scenes,
    tags,
    usages,
)
from renderstore.aio.studio.area import list_problems
from renderstore.studio.enums import (
    AssetKind,
    AssetState,
    Playback,
    ProjectStatus,
    SceneStatus,
)

__all__ = [
    "AssetKind",
    "AssetState",
    "Playback",
    "ProjectStatus",
    "SceneStatus",
    "animations",
    "assets",
    "characters",
    "frames",
    "list_problems",
    "projects",
    "scenes",
    "tags",
    "usages",
]
