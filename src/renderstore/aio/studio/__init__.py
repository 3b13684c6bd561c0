"""Projects, scenes, characters, animations, frames, their assets and presets. For
asyncio.

Generated from sql/queries/studio/ by `just generate`; do not edit.
"""

from renderstore.aio.studio import (
    animations,
    assets,
    characters,
    frames,
    presets,
    project_jobs,
    projects,
    scenes,
    steps,
    tags,
    usages,
)
from renderstore.aio.studio.area import list_problems
from renderstore.studio.enums import (
    AssetKind,
    AssetState,
    AssetUse,
    Playback,
    PresetKind,
    ProjectStatus,
    SceneStatus,
    StepKind,
)

__all__ = [
    "AssetKind",
    "AssetState",
    "AssetUse",
    "Playback",
    "PresetKind",
    "ProjectStatus",
    "SceneStatus",
    "StepKind",
    "animations",
    "assets",
    "characters",
    "frames",
    "list_problems",
    "presets",
    "project_jobs",
    "projects",
    "scenes",
    "steps",
    "tags",
    "usages",
]
