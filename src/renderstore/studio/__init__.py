"""Projects, scenes, characters, animations, frames, their assets and presets.

Generated from sql/queries/studio/ by `just generate`; do not edit.
"""

from renderstore.studio import projects, scenes, usages
from renderstore.studio.area import list_problems
from renderstore.studio.enums import AssetState, ProjectStatus, SceneStatus

__all__ = [
    "AssetState",
    "ProjectStatus",
    "SceneStatus",
    "list_problems",
    "projects",
    "scenes",
    "usages",
]
