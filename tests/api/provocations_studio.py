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
_LONG = "repeat('x', 201)"
_ASSET = "(select id from studio.assets where name = 'one')"
_CHARACTER = "(select id from studio.characters where name = 'one')"
_ANIMATION = "(select id from studio.animations where name = 'one')"
_FRAME = "(select id from studio.frames)"
_JOB = "(select id from work.jobs where idempotency_key = 'one')"
_OTHER_JOB = "(select id from work.jobs where idempotency_key = 'two')"
_TAG = "(select id from studio.tags where name = 'one')"


def _uri(name: str) -> str:
    return f"{_USER}::text || '/{name}'"


BEFORE: tuple[str, ...] = (
    f"insert into studio.usages (user_id, is_farms) values ({_USER}, false)",
    f"insert into studio.projects (user_id, title) values ({_USER}, 'one')",
    "insert into studio.scenes (user_id, project_id, position, narration)"
    f" values ({_USER}, {_PROJECT}, 1, 'one')",
    "insert into studio.assets (user_id, kind, uri, name, size_bytes)"
    f" values ({_USER}, 'image', {_uri('one.png')}, 'one', 1)",
    "insert into studio.characters (user_id, project_id, name)"
    f" values ({_USER}, {_PROJECT}, 'one')",
    "insert into studio.animations (user_id, character_id, name)"
    f" values ({_USER}, {_CHARACTER}, 'one')",
    "insert into studio.frames"
    " (user_id, project_id, animation_id, position, duration_ms, asset_id)"
    f" values ({_USER}, {_PROJECT}, {_ANIMATION}, 1, 40, {_ASSET})",
    "insert into studio.tags"
    " (user_id, project_id, animation_id, name, first_position, last_position)"
    f" values ({_USER}, {_PROJECT}, {_ANIMATION}, 'one', 1, 1)",
    "insert into studio.job_assets (user_id, job_id, asset_id, use)"
    f" values ({_USER}, {_JOB}, {_ASSET}, 'input')",
    "insert into ops.removals (user_id, uri, reason)"
    f" values ({_USER}, {_uri('gone.png')}, 'deleted')",
)

REMOVALS: dict[Place, str] = {
    ("studio", "frames", "frames_user_id_asset_id_fkey"): (
        "delete from studio.assets where name = 'one'"
    ),
}

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
    ("studio", "assets"): {
        "user_id": _USER,
        "kind": "'image'",
        "uri": _uri("new.png"),
        "size_bytes": "1",
    },
    ("studio", "characters"): {
        "user_id": _USER,
        "project_id": _PROJECT,
        "name": "'new'",
    },
    ("studio", "animations"): {
        "user_id": _USER,
        "character_id": _CHARACTER,
        "name": "'new'",
    },
    ("studio", "frames"): {
        "user_id": _USER,
        "project_id": _PROJECT,
        "animation_id": _ANIMATION,
        "position": "2",
        "duration_ms": "40",
    },
    ("studio", "tags"): {
        "user_id": _USER,
        "project_id": _PROJECT,
        "animation_id": _ANIMATION,
        "name": "'new'",
        "first_position": "1",
        "last_position": "1",
    },
    ("studio", "job_assets"): {
        "user_id": _USER,
        "job_id": _OTHER_JOB,
        "asset_id": _ASSET,
        "use": "'input'",
    },
    ("ops", "removals"): {
        "user_id": _USER,
        "uri": _uri("new.png"),
        "reason": "'deleted'",
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
    "assets": {
        "assets_pkey": {"id": _ASSET},
        "assets_user_id_fkey": {"user_id": _NOBODY, "uri": f"{_NOBODY} || '/new.png'"},
        "assets_user_id_project_id_fkey": {"project_id": _NOBODY},
        "assets_user_id_uri_key": {"uri": _uri("one.png")},
        "assets_uri_is_the_owners_check": {"uri": f"{_OTHER}::text || '/new.png'"},
        "assets_name_is_short_check": {"name": _EMPTY},
        "assets_size_bytes_is_not_negative_check": {"size_bytes": "-1"},
        "assets_media_type_is_media_type_check": {"media_type": "'png'"},
        "assets_sha256_is_sha256_check": {"sha256": "'new'"},
        "assets_has_width_and_height_check": {"width": "1"},
        "assets_duration_ms_is_not_negative_check": {"duration_ms": "-1"},
        "assets_provenance_is_object_check": {"provenance": _LIST},
        "assets_is_whole_check": {"state": "'kept'"},
    },
    "characters": {
        "characters_pkey": {"id": _CHARACTER},
        "characters_user_id_project_id_fkey": {"project_id": _NOBODY},
        "characters_user_id_project_id_name_key": {"name": "'one'"},
        "characters_name_is_short_check": {"name": _EMPTY},
        "characters_description_is_short_check": {"description": "repeat('x', 20001)"},
        "characters_config_is_object_check": {"config": _LIST},
    },
    "animations": {
        "animations_pkey": {"id": _ANIMATION},
        "animations_user_id_character_id_name_key": {"name": "'one'"},
        "animations_name_is_short_check": {"name": _EMPTY},
        "animations_frames_per_second_is_1_to_1000_check": {"frames_per_second": "0"},
        "animations_repeats_is_1_to_65535_check": {"repeats": "0"},
    },
    "frames": {
        "frames_pkey": {"id": _FRAME},
        "frames_user_id_project_id_fkey": {"project_id": _NOBODY},
        "frames_user_id_animation_id_fkey": {"animation_id": _NOBODY},
        "frames_user_id_asset_id_fkey": {"asset_id": _NOBODY},
        "frames_user_id_animation_id_position_key": {"position": "1"},
        "frames_position_is_positive_check": {"position": "0"},
        "frames_duration_ms_is_1_to_3600000_check": {"duration_ms": "0"},
        "frames_pivot_is_a_point_check": {"pivot_x": "1"},
        "frames_source_is_a_rectangle_check": {"source_x": "1"},
    },
    "tags": {
        "tags_pkey": {"id": _TAG},
        "tags_user_id_project_id_fkey": {"project_id": _NOBODY},
        "tags_user_id_animation_id_fkey": {"animation_id": _NOBODY},
        "tags_name_is_short_check": {"name": _LONG},
        "tags_is_a_stretch_check": {"first_position": "2"},
        "tags_repeats_is_1_to_65535_check": {"repeats": "0"},
    },
}

_LATER: dict[str, dict[str, dict[str, str]]] = {
    "job_assets": {
        "job_assets_pkey": {"job_id": _JOB},
        "job_assets_user_id_job_id_fkey": {"job_id": _NOBODY},
        "job_assets_user_id_asset_id_fkey": {"asset_id": _NOBODY},
    },
}

_REMOVALS: dict[str, dict[str, str]] = {
    "removals_pkey": {"id": "(select id from ops.removals)"},
    "removals_user_id_uri_key": {"uri": _uri("gone.png")},
    "removals_uri_is_the_owners_check": {"uri": _uri("../new.png")},
    "removals_size_bytes_is_not_negative_check": {"size_bytes": "-1"},
    "removals_reason_is_known_check": {"reason": _EMPTY},
    "removals_tries_is_not_negative_check": {"tries": "-1"},
    "removals_last_error_is_short_check": {"last_error": "repeat('x', 1001)"},
}

CHANGES: dict[Place, dict[str, str]] = {
    ("studio", table, name): change
    for table, rules in (_BY_TABLE | _LATER).items()
    for name, change in rules.items()
} | {("ops", "removals", name): change for name, change in _REMOVALS.items()}

STATEMENTS: dict[Place, tuple[str, ...]] = {
    # The character's project takes the place of any other.
    ("studio", "animations", "animations_user_id_project_id_fkey"): (
        f"update studio.animations set project_id = {_NOBODY}",
    ),
    ("studio", "animations", "animations_user_id_character_id_fkey"): (
        f"update studio.animations set character_id = {_NOBODY}",
    ),
}
