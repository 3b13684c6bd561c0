"""How each constraint of the media portal and of notices is violated: see provocations.py."""

from __future__ import annotations

Place = tuple[str, str, str]

_USER = "(select id from identity.users where email = 'one@example.org')"
_OTHER = "(select id from identity.users where email = 'two@example.org')"
_NOBODY = "'00000000-0000-7000-8000-000000000000'"
_EMPTY = "''"
_LIST = "'[]'"
_LONG = "repeat('x', 201)"
_REQUEST = "(select id from media.requests where title = 'one')"
_FILE = "(select id from media.download_files where title = 'one')"
_NOTICE = "(select id from ops.notices where topic = 'one')"


def _job(key: str) -> str:
    return f"(select id from work.jobs where idempotency_key = '{key}')"


def _submitted(key: str) -> str:
    return f"select work.submit({_USER}, 'download', idempotency_key => '{key}')"


BEFORE: tuple[str, ...] = (
    f"insert into media.usages (user_id) values ({_USER})",
    "insert into media.requests (user_id, title, media_type, tmdb_id)"
    f" values ({_USER}, 'one', 'movie', 1)",
    _submitted("download"),
    _submitted("new download"),
    "insert into media.download_specs (user_id, job_id, playlist_url)"
    f" values ({_USER}, {_job('download')}, 'https://example.org/list')",
    "insert into media.download_files (user_id, job_id, position, video_id, title)"
    f" values ({_USER}, {_job('download')}, 1, 'one', 'one')",
    f"insert into ops.notices (user_id, topic) values ({_USER}, 'one')",
)

VALID: dict[tuple[str, str], dict[str, str]] = {
    ("media", "usages"): {"user_id": _OTHER},
    ("media", "transitions"): {
        "subject": "'file'",
        "before": "'new'",
        "after": "'new'",
        "reason": "'new'",
    },
    ("media", "requests"): {
        "user_id": _USER,
        "title": "'new'",
        "media_type": "'tv'",
    },
    ("media", "download_specs"): {
        "user_id": _USER,
        "job_id": _job("new download"),
        "playlist_url": "'https://example.org/list'",
    },
    ("media", "download_files"): {
        "user_id": _USER,
        "job_id": _job("download"),
        "position": "2",
        "video_id": "'new'",
    },
    ("ops", "notices"): {"user_id": _USER, "topic": "'new'"},
}

_BY_TABLE: dict[tuple[str, str], dict[str, dict[str, str]]] = {
    ("media", "usages"): {
        "usages_pkey": {"user_id": _USER},
        "usages_user_id_fkey": {"user_id": _NOBODY},
        "usages_daily_requests_is_not_negative_check": {"daily_requests": "-1"},
        "usages_daily_downloads_is_not_negative_check": {"daily_downloads": "-1"},
    },
    ("media", "transitions"): {
        "transitions_pkey": {"before": "'found'", "after": "'kept'"},
        "transitions_subject_is_known_check": {"subject": "'job'"},
        "transitions_before_is_short_check": {"before": _EMPTY},
        "transitions_after_is_short_check": {"after": _EMPTY},
        "transitions_reason_is_short_check": {"reason": _LONG},
    },
    ("media", "requests"): {
        "requests_pkey": {"id": _REQUEST},
        "requests_user_id_fkey": {"user_id": _NOBODY},
        "requests_user_id_tmdb_id_key": {"media_type": "'movie'", "tmdb_id": "1"},
        "requests_title_is_short_check": {"title": "e'a\\nb'"},
        "requests_tmdb_id_is_positive_check": {"tmdb_id": "0"},
        "requests_season_is_0_to_1000_check": {"season": "-1"},
        "requests_season_is_a_shows_check": {"media_type": "'movie'", "season": "1"},
        "requests_overseerr_id_is_short_check": {"overseerr_id": _EMPTY},
        "requests_decision_reason_is_short_check": {"decision_reason": _EMPTY},
        "requests_is_whole_check": {"completed_at": "now()"},
    },
    ("media", "download_specs"): {
        "download_specs_pkey": {"job_id": _job("download")},
        "download_specs_user_id_job_id_fkey": {"job_id": _NOBODY},
        "download_specs_playlist_title_is_short_check": {"playlist_title": _EMPTY},
        "download_specs_plex_collection_id_is_short_check": {
            "plex_collection_id": _EMPTY
        },
        "download_specs_options_are_object_check": {"options": _LIST},
    },
    ("media", "download_files"): {
        "download_files_pkey": {"id": _FILE},
        "download_files_user_id_fkey": {"user_id": _NOBODY, "job_id": "null"},
        "download_files_user_id_job_id_fkey": {"job_id": _NOBODY},
        "download_files_user_id_job_id_video_id_key": {"video_id": "'one'"},
        "download_files_position_is_positive_check": {"position": "0"},
        "download_files_video_id_is_short_check": {"video_id": _EMPTY},
        "download_files_tries_is_not_negative_check": {"tries": "-1"},
        "download_files_title_is_short_check": {"title": "repeat('x', 501)"},
        "download_files_path_is_the_owners_check": {
            "state": "'kept'",
            "kept_at": "now()",
            "path": "'elsewhere/a.mp4'",
        },
        "download_files_size_bytes_is_not_negative_check": {"size_bytes": "-1"},
        "download_files_error_message_is_short_check": {
            "error_message": "repeat('x', 1001)"
        },
        "download_files_is_whole_check": {"state": "'failed'"},
    },
    ("ops", "notices"): {
        "notices_pkey": {"id": _NOTICE},
        "notices_user_id_fkey": {"user_id": _NOBODY},
        "notices_topic_is_slug_check": {"topic": "'A topic'"},
        "notices_body_is_object_check": {"body": _LIST},
        "notices_tries_is_not_negative_check": {"tries": "-1"},
        "notices_last_error_is_short_check": {"last_error": "repeat('x', 1001)"},
        "notices_is_due_until_it_is_sent_check": {"sent_at": "now()"},
    },
}

CHANGES: dict[Place, dict[str, str]] = {
    (*table, name): change
    for table, rules in _BY_TABLE.items()
    for name, change in rules.items()
} | {
    ("identity", "plans", f"plans_{limit}_is_not_negative_check"): {limit: "-1"}
    for limit in ("max_open_requests", "max_daily_requests", "max_daily_downloads")
}

# A domain's rule: the value that it refuses.
STATEMENTS: dict[Place, tuple[str, ...]] = {
    ("media", "playlist_url", "playlist_url_is_https_check"): (
        "select 'http://example.org'::media.playlist_url",
    ),
}
