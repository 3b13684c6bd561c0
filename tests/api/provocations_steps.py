"""How each constraint of presets, jobs of projects and steps is violated: see provocations.py."""

from __future__ import annotations

Place = tuple[str, str, str]

_USER = "(select id from identity.users where email = 'one@example.org')"
_OTHER = "(select id from identity.users where email = 'two@example.org')"
_NOBODY = "'00000000-0000-7000-8000-000000000000'"
_PROJECT = "(select id from studio.projects where title = 'one')"
_PRESET = "(select id from studio.presets where name = 'one')"
_EMPTY = "''"
_LIST = "'[]'"


def _job(key: str) -> str:
    return f"(select id from work.jobs where idempotency_key = '{key}')"


def _submitted(key: str) -> str:
    return f"select work.submit({_USER}, 'step', idempotency_key => '{key}')"


BEFORE: tuple[str, ...] = (
    "insert into studio.presets (user_id, kind, name, is_default)"
    f" values ({_USER}, 'image', 'one', true)",
    _submitted("step"),
    _submitted("new step"),
    "insert into studio.project_jobs (user_id, job_id, project_id)"
    f" values ({_USER}, {_job('step')}, {_PROJECT})",
    "insert into studio.step_specs (user_id, job_id, project_id, step)"
    f" values ({_USER}, {_job('step')}, {_PROJECT}, 'image')",
    "insert into studio.step_costs (user_id, job_id, project_id, step)"
    f" values ({_USER}, {_job('step')}, {_PROJECT}, 'image')",
)

_STEP = {"user_id": _USER, "job_id": _job("new step"), "step": "'image'"}

VALID: dict[tuple[str, str], dict[str, str]] = {
    ("studio", "presets"): {"user_id": _USER, "kind": "'voice'", "name": "'new'"},
    ("studio", "standard_presets"): {
        "id": "'new'",
        "kind": "'other'",
        "name": "'new'",
    },
    ("studio", "project_jobs"): {
        "user_id": _USER,
        "job_id": _job("new step"),
        "project_id": _PROJECT,
    },
    ("studio", "step_specs"): _STEP,
    ("studio", "step_costs"): _STEP,
}

_BY_TABLE: dict[str, dict[str, dict[str, str]]] = {
    "presets": {
        "presets_pkey": {"id": _PRESET},
        "presets_user_id_fkey": {"user_id": _NOBODY},
        "presets_user_id_kind_name_key": {"kind": "'image'", "name": "'one'"},
        "presets_user_id_kind_key": {"kind": "'image'", "is_default": "true"},
        "presets_name_is_short_check": {"name": _EMPTY},
        "presets_settings_are_object_check": {"settings": _LIST},
        "presets_default_lives_check": {"is_default": "true", "deleted_at": "now()"},
        "presets_purge_at_follows_deletion_check": {"purge_at": "now()"},
    },
    "standard_presets": {
        "standard_presets_pkey": {"id": "'image_flat'"},
        "standard_presets_kind_name_key": {"kind": "'image'", "name": "'Cinematic'"},
        "standard_presets_kind_key": {"kind": "'image'", "is_default": "true"},
        "standard_presets_id_is_slug_check": {"id": "'A Preset'"},
        "standard_presets_name_is_short_check": {"name": _EMPTY},
        "standard_presets_settings_are_object_check": {"settings": _LIST},
    },
    "project_jobs": {
        "project_jobs_pkey": {"job_id": _job("step")},
        "project_jobs_user_id_job_id_fkey": {"job_id": _NOBODY},
        "project_jobs_user_id_project_id_fkey": {"project_id": _NOBODY},
    },
    "step_specs": {
        "step_specs_pkey": {"job_id": _job("step")},
        "step_specs_user_id_job_id_fkey": {"job_id": _NOBODY},
        "step_specs_user_id_project_id_fkey": {"project_id": _NOBODY},
        "step_specs_user_id_scene_id_fkey": {"scene_id": _NOBODY},
        "step_specs_provider_task_id_is_short_check": {"provider_task_id": _EMPTY},
        "step_specs_last_completed_part_is_not_negative_check": {
            "last_completed_part": "-1"
        },
        "step_specs_config_is_object_check": {"config": _LIST},
        "step_specs_result_is_object_check": {"result": _LIST},
    },
    "step_costs": {
        "step_costs_pkey": {"job_id": _job("step")},
        "step_costs_user_id_fkey": {"user_id": _NOBODY},
        "step_costs_user_id_project_id_fkey": {"project_id": _NOBODY},
        "step_costs_user_id_scene_id_fkey": {"scene_id": _NOBODY},
    },
}

CHANGES: dict[Place, dict[str, str]] = {
    ("studio", table, name): change
    for table, rules in _BY_TABLE.items()
    for name, change in rules.items()
}

# A domain's rule: the value that it refuses.
STATEMENTS: dict[Place, tuple[str, ...]] = {
    ("studio", "provider", "provider_is_short_check"): ("select ''::studio.provider",),
    ("studio", "tally", "tally_is_0_to_quadrillion_check"): (
        "select (-1)::studio.tally",
    ),
}
