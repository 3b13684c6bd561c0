"""Every enumerated type by its name.

Generated from the database's catalog by `just generate`; do not edit.
"""

from enum import StrEnum
from typing import Final

from renderstore.audit import enums as audit
from renderstore.identity import enums as identity
from renderstore.media import enums as media
from renderstore.ops import enums as ops
from renderstore.render import enums as render
from renderstore.studio import enums as studio
from renderstore.work import enums as work

ENUMS: Final[tuple[tuple[str, type[StrEnum]], ...]] = (
    ("audit.operation", audit.Operation),
    ("audit.rule", audit.Rule),
    ("identity.token_role", identity.TokenRole),
    ("identity.user_role", identity.UserRole),
    ("identity.user_status", identity.UserStatus),
    ("media.download_status", media.DownloadStatus),
    ("media.file_state", media.FileState),
    ("media.media_type", media.MediaType),
    ("media.request_status", media.RequestStatus),
    ("ops.health_unit", ops.HealthUnit),
    ("ops.service_state", ops.ServiceState),
    ("ops.verdict", ops.Verdict),
    ("render.path_style", render.PathStyle),
    ("render.render_status", render.RenderStatus),
    ("studio.asset_kind", studio.AssetKind),
    ("studio.asset_state", studio.AssetState),
    ("studio.asset_use", studio.AssetUse),
    ("studio.playback", studio.Playback),
    ("studio.preset_kind", studio.PresetKind),
    ("studio.project_status", studio.ProjectStatus),
    ("studio.scene_status", studio.SceneStatus),
    ("studio.step_kind", studio.StepKind),
    ("work.dependency_rule", work.DependencyRule),
    ("work.job_kind", work.JobKind),
    ("work.job_status", work.JobStatus),
    ("work.outcome", work.Outcome),
)
