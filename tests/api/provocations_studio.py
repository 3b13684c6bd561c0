"""How each constraint of the studio is violated: see provocations.py."""

from __future__ import annotations

Place = tuple[str, str, str]

_USER = "(select id from identity.users where email = 'one@example.org')"
_OTHER = "(select id from identity.users where email = 'two@example.org')"
_NOBODY = "'00000000-0000-7000-8000-000000000000'"
_PROJECT = "(select id from studio.projects where title = 'one')"
_SCENE = "(select id from studio.scenes where narration = 'one')"
_EMPTY = "''"
_LIST = "'[]'"

BEFORE: tuple[str, ...] = (
    f"insert into studio.usages (user_id, is_farms) values ({_USER}, false)",
    f"insert into studio.projects (user_id, title) values ({_USER}, 'one')",
    "insert into studio.scenes (user_id, project_id, position, narration)"
    f" values ({_USER}, {_PROJECT}, 1, 'one')",
)

VALID: dict[tuple[str, str], dict[str, str]] = {
    ("studio", "usages"): {"user_id": _OTHER, "is_farms": "true"},
    ("studio", "transitions"): {
        "subject": "'scene'",
        "before": "'new'",
        "after": "'old'",
        "reason": "'New.'",
    },
    ("studio", "projects"): {"user_id": _USER, "title": "'new'"},
    ("studio", "scenes"): {
        "user_id": _USER,
        "project_id": _PROJECT,
        "position": "2",
    },
}

_BY_TABLE: dict[str, dict[str, dict[str, str]]] = {
    "usages": {
        "usages_pkey": {"user_id": _USER, "is_farms": "false"},
        "usages_user_id_fkey": {"user_id": _NOBODY},
        "usages_living_projects_is_not_negative_check": {"living_projects": "-1"},
    },
    "transitions": {
        "transitions_pkey": {"before": "'pending'", "after": "'generating'"},
        "transitions_subject_is_known_check": {"subject": "'new'"},
        "transitions_before_is_short_check": {"before": _EMPTY},
        "transitions_after_is_short_check": {"after": _EMPTY},
        "transitions_reason_is_short_check": {"reason": _EMPTY},
    },
    "projects": {
        "projects_pkey": {"id": _PROJECT},
        "projects_user_id_fkey": {"user_id": _NOBODY},
        "projects_user_id_title_key": {"title": "'one'"},
        "projects_title_is_short_check": {"title": _EMPTY},
        "projects_source_text_is_short_check": {"source_text": "repeat('x', 500001)"},
        "projects_config_is_object_check": {"config": _LIST},
        "projects_purge_at_follows_deletion_check": {"purge_at": "now()"},
    },
    "scenes": {
        "scenes_pkey": {"id": _SCENE},
        "scenes_user_id_project_id_fkey": {"project_id": _NOBODY},
        "scenes_user_id_project_id_position_key": {"position": "1"},
        "scenes_position_is_positive_check": {"position": "0"},
        "scenes_is_placed_while_it_lives_check": {"deleted_at": "now()"},
        "scenes_narration_is_short_check": {"narration": "repeat('x', 100001)"},
        "scenes_image_prompt_is_short_check": {"image_prompt": "repeat('x', 20001)"},
        "scenes_duration_ms_is_positive_check": {"duration_ms": "0"},
        "scenes_config_is_object_check": {"config": _LIST},
    },
}

CHANGES: dict[Place, dict[str, str]] = {
    ("studio", table, name): change
    for table, rules in _BY_TABLE.items()
    for name, change in rules.items()
}
