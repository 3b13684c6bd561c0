"""How each constraint of the work and render rooms is violated: see provocations.py."""

from __future__ import annotations

Place = tuple[str, str, str]

_USER = "(select id from identity.users where email = 'one@example.org')"
_OTHER = "(select id from identity.users where email = 'two@example.org')"
_NOBODY = "'00000000-0000-7000-8000-000000000000'"
_LAST = "'ffffffff-ffff-7fff-bfff-ffffffffffff'"
_LANE = "(select id from work.lanes limit 1)"
_NULLS = "array[null]::text[]"
_EMPTY = "''"


def _job(key: str) -> str:
    return f"(select id from work.jobs where idempotency_key = '{key}')"


def _submitted(key: str) -> str:
    return f"select work.submit({_USER}, 'render', idempotency_key => '{key}')"


def _specified(key: str) -> str:
    return (
        "insert into render.specs (user_id, job_id, project_path, output_path)"
        f" values ({_USER}, {_job(key)}, '/one.aep', '/one.mov')"
    )


BEFORE: tuple[str, ...] = (
    *(_submitted(key) for key in ("one", "two", "three", "bare")),
    *(_specified(key) for key in ("one", "two", "three")),
    "select work.open_lanes()",
    "insert into work.dependencies (user_id, job_id, needs_job_id)"
    f" values ({_USER}, {_job('two')}, {_job('one')})",
    "insert into render.outputs (user_id, job_id, attempt, path)"
    f" values ({_USER}, {_job('one')}, 1, '/one.mov')",
    "insert into work.logs (user_id, job_id, position, attempt, chunk)"
    f" values ({_USER}, {_job('two')}, 0, 1, 'one')",
    "insert into work.labels (name) values ('one')",
    "insert into work.workers (name, kinds) values ('one', '{render}'), ('two', '{render}')",
    f"insert into work.worker_lanes (worker, lane_id) values ('one', {_LANE})",
    "insert into work.pauses (label) values ('one')",
    f"insert into work.user_pauses (user_id) values ({_USER})",
    "insert into work.waits (worker, kinds, labels) values ('one', '{render}', '{}')",
    f"insert into work.turns (user_id, lane_id, is_farms, next_turn) select {_USER}, {_LANE}, true, 0"
    " on conflict do nothing",
    f"insert into work.arrivals (user_id, job_id) values ({_USER}, {_job('one')})",
    "insert into work.reports (user_id, job_id, attempt, held_by, outcome)"
    f" values ({_USER}, {_job('one')}, 1, 'one', 'completed')",
)

VALID: dict[tuple[str, str], dict[str, str]] = {
    ("ops", "sweep_parts"): {
        "position": "0",
        "what": "'new'",
        "function_name": "'work.new'",
        "is_urgent": "false",
    },
    ("work", "transitions"): {
        "before": "'completed'",
        "after": "'failed'",
        "reason": "'new'",
    },
    ("work", "labels"): {"name": "'new'"},
    ("work", "workers"): {"name": "'new'", "kinds": "'{render}'"},
    ("work", "worker_lanes"): {"worker": "'two'", "lane_id": _LANE},
    ("work", "usages"): {"user_id": _OTHER},
    ("work", "jobs"): {"user_id": _OTHER, "kind": "'render'"},
    ("work", "events"): {
        "user_id": _USER,
        "job_id": _job("one"),
        "attempt": "1",
        "before": "'queued'",
        "after": "'failed'",
        "actor": "'user:one'",
    },
    ("work", "logs"): {
        "user_id": _USER,
        "job_id": _job("one"),
        "position": "0",
        "attempt": "1",
        "chunk": "'new'",
    },
    ("work", "dependencies"): {
        "user_id": _USER,
        "job_id": _job("three"),
        "needs_job_id": _job("one"),
    },
    ("work", "lanes"): {"kind": "'render'", "priority": "1"},
    ("work", "turns"): {
        "user_id": _OTHER,
        "lane_id": _LANE,
        "is_farms": "true",
        "next_turn": "0",
    },
    ("work", "duties"): {"name": "'new'"},
    ("work", "leftovers"): {"user_id": _USER, "job_id": _job("one")},
    ("work", "reports"): {
        "user_id": _USER,
        "job_id": _job("two"),
        "attempt": "1",
        "held_by": "'one'",
        "outcome": "'completed'",
    },
    ("work", "waits"): {"worker": "'two'", "kinds": "'{render}'", "labels": "'{}'"},
    ("work", "ready"): {
        "lane_id": _LANE,
        "turn": "0",
        "job_id": _job("bare"),
        "user_id": _USER,
    },
    ("work", "arrivals"): {"user_id": _USER, "job_id": _job("two")},
    ("work", "pauses"): {"label": "'new'"},
    ("work", "user_pauses"): {"user_id": _OTHER},
    ("work", "error_classes"): {
        "name": "'new'",
        "is_retried": "true",
        "meaning": "'New.'",
    },
    ("render", "specs"): {
        "user_id": _USER,
        "job_id": _job("bare"),
        "template_path": "'/new.aep'",
        "output_path": "'/new.mov'",
    },
    ("render", "outputs"): {
        "user_id": _USER,
        "job_id": _job("one"),
        "attempt": "1",
        "path": "'/new.mov'",
    },
}

_BY_TABLE: dict[tuple[str, str], dict[str, dict[str, str]]] = {
    ("ops", "sweep_parts"): {
        "sweep_parts_pkey": {
            "position": "(select position from ops.sweep_parts limit 1)"
        },
        "sweep_parts_function_name_key": {
            "function_name": "(select function_name from ops.sweep_parts limit 1)"
        },
        "sweep_parts_what_is_short_check": {"what": _EMPTY},
        "sweep_parts_function_name_is_qualified_check": {"function_name": "'new'"},
    },
    ("work", "transitions"): {
        "transitions_pkey": {"before": "'pending'", "after": "'queued'"},
        "transitions_reason_is_short_check": {"reason": _EMPTY},
    },
    ("work", "labels"): {
        "labels_pkey": {"name": "'one'"},
        "labels_name_is_short_check": {"name": _EMPTY},
        "labels_meaning_is_short_check": {"meaning": _EMPTY},
    },
    ("work", "workers"): {
        "workers_pkey": {"name": "'one'"},
        "workers_name_is_short_check": {"name": _EMPTY},
        "workers_kinds_are_named_check": {"kinds": "'{}'"},
        "workers_labels_are_few_check": {"labels": _NULLS},
        "workers_version_is_short_check": {"version": _EMPTY},
    },
    ("work", "worker_lanes"): {
        "worker_lanes_pkey": {"worker": "'one'"},
        "worker_lanes_worker_fkey": {"worker": "'none'"},
        "worker_lanes_lane_id_fkey": {"lane_id": "0"},
    },
    ("work", "usages"): {
        "usages_pkey": {"user_id": _USER},
        "usages_user_id_fkey": {"user_id": _NOBODY},
    },
    ("work", "jobs"): {
        "jobs_pkey": {"user_id": _USER, "id": _job("one")},
        "jobs_user_id_fkey": {"user_id": _NOBODY},
        "jobs_user_id_idempotency_key_key": {
            "user_id": _USER,
            "idempotency_key": "'one'",
        },
    },
    ("work", "events"): {"events_user_id_job_id_fkey": {"job_id": _NOBODY}},
    ("work", "logs"): {
        "logs_pkey": {"job_id": _job("two")},
        "logs_user_id_job_id_fkey": {"job_id": _NOBODY},
        "logs_position_is_not_negative_check": {"position": "-1"},
        "logs_chunk_is_short_check": {"chunk": _EMPTY},
    },
    ("work", "dependencies"): {
        "dependencies_pkey": {"job_id": _job("two")},
        "dependencies_user_id_job_id_fkey": {"job_id": _LAST},
        "dependencies_user_id_needs_job_id_fkey": {"needs_job_id": _NOBODY},
        "dependencies_needs_earlier_job_check": {"needs_job_id": _job("three")},
    },
    ("work", "lanes"): {
        "lanes_kind_labels_priority_key": {"priority": "5"},
    },
    ("work", "duties"): {
        "duties_pkey": {"name": "(select name from work.duties limit 1)"}
    },
    ("work", "leftovers"): {"leftovers_user_id_fkey": {"user_id": _NOBODY}},
    ("work", "waits"): {
        "waits_pkey": {"worker": "'one'"},
        "waits_worker_fkey": {"worker": "'none'"},
    },
    ("work", "reports"): {
        "reports_pkey": {"job_id": _job("one")},
        "reports_says_something_check": {"lease_expires_at": "now()"},
    },
    ("work", "turns"): {
        "turns_pkey": {"user_id": _USER},
        "turns_user_id_fkey": {"user_id": _NOBODY},
    },
    ("work", "ready"): {
        "ready_pkey": {},
        "ready_user_id_job_id_fkey": {"job_id": _NOBODY},
    },
    ("work", "arrivals"): {
        "arrivals_pkey": {"job_id": _job("one")},
        "arrivals_user_id_job_id_fkey": {"job_id": _NOBODY},
    },
    ("work", "pauses"): {
        "pauses_pkey": {"label": "'one'"},
        "pauses_label_is_short_check": {"label": "repeat('x', 201)"},
        "pauses_reason_is_short_check": {"reason": _EMPTY},
    },
    ("work", "user_pauses"): {
        "user_pauses_pkey": {"user_id": _USER},
        "user_pauses_user_id_fkey": {"user_id": _NOBODY},
        "user_pauses_reason_is_short_check": {"reason": _EMPTY},
    },
    ("work", "error_classes"): {
        "error_classes_pkey": {"name": "'unknown'"},
        "error_classes_meaning_is_short_check": {"meaning": _EMPTY},
    },
    ("render", "specs"): {
        "specs_pkey": {"job_id": _job("one")},
        "specs_user_id_job_id_fkey": {"job_id": _NOBODY},
        "specs_has_one_source_check": {"project_path": "'/one.aep'"},
        "specs_data_path_has_template_check": {
            "data_path": "'/one.json'",
            "project_path": "'/one.aep'",
            "template_path": "null",
        },
        "specs_frames_are_a_range_check": {"frame_start": "1"},
        "specs_frame_step_is_not_zero_check": {
            "frame_start": "1",
            "frame_end": "2",
            "frame_step": "0",
        },
        "specs_frame_step_leads_to_end_check": {
            "frame_start": "-2147483648",
            "frame_end": "2147483647",
            "frame_step": "-1",
        },
    },
    ("render", "outputs"): {
        "outputs_pkey": {"id": "(select id from render.outputs)"},
        "outputs_user_id_job_id_fkey": {"job_id": _NOBODY},
        "outputs_user_id_job_id_path_key": {"path": "'/one.mov'"},
        "outputs_path_is_path_check": {"path": "'one.mov'"},
        "outputs_size_bytes_is_not_negative_check": {"size_bytes": "-1"},
        "outputs_media_type_is_media_type_check": {"media_type": "'video'"},
    },
}

# The other ways in which a job is not whole.
NOT_WHOLE: tuple[dict[str, str], ...] = (
    {"lease_expires_at": "now()"},
    {"completed_at": "now()"},
    {"status": "'validating'"},
    {"status": "'validating'", "held_by": "'one'"},
    {"status": "'running'"},
    {"status": "'running'", "held_by": "'one'"},
    {"status": "'completed'"},
    {"status": "'cancelled'"},
    {"status": "'failed'", "completed_at": "now()"},
)

CHANGES: dict[Place, dict[str, str]] = {
    (schema, table, name): change
    for (schema, table), rules in _BY_TABLE.items()
    for name, change in rules.items()
}

# The rules of single values, and a value that breaks each.
_DOMAINS: dict[Place, str] = {
    ("work", "priority", "priority_is_0_to_10_check"): "11",
    ("work", "percent", "percent_is_0_to_100_check"): "101",
    ("work", "failure_limit", "failure_limit_is_1_to_100_check"): "0",
    ("work", "backoff_s", "backoff_s_is_1_to_86400_check"): "0",
    ("work", "estimate_s", "estimate_s_is_positive_check"): "0",
    ("work", "job_labels", "job_labels_are_few_check"): _NULLS,
    ("work", "idempotency_key", "idempotency_key_is_short_check"): _EMPTY,
    ("work", "error_class", "error_class_is_slug_check"): "'A B'",
    ("work", "error_message", "error_message_is_short_check"): "repeat('x', 10001)",
    ("work", "cancel_reason", "cancel_reason_is_short_check"): "repeat('x', 1001)",
    ("work", "lease", "lease_is_1_second_to_1_day_check"): "interval '2 days'",
    ("work", "batch_size", "batch_size_is_0_to_10000_check"): "10001",
    ("ops", "moment", "moment_is_1970_to_9999_check"): "'infinity'",
    ("render", "project_name", "project_name_is_short_check"): _EMPTY,
    ("render", "output_name", "output_name_is_short_check"): _EMPTY,
    ("render", "nexrender_job_id", "nexrender_job_id_is_short_check"): "'a/b'",
    ("render", "nexrender_config", "nexrender_config_is_accepted_check"): "'{}'",
    ("render", "project_path", "project_path_is_path_check"): "'one.aep'",
    ("render", "template_path", "template_path_is_path_check"): "'one.aep'",
    ("render", "data_path", "data_path_is_path_check"): "'one.json'",
    ("render", "output_path", "output_path_is_path_check"): "'one.mov'",
    ("work", "job_count", "job_count_is_not_negative_check"): "'-1'",
}

STATEMENTS: dict[Place, tuple[str, ...]] = {
    **{
        (schema, domain, name): (f"select {value}::{schema}.{domain}",)
        for (schema, domain, name), value in _DOMAINS.items()
    },
    ("work", "lanes", "lanes_pkey"): (
        "insert into work.lanes (id, kind, labels, priority) overriding system value"
        " select id, 'render', '{new}', 1 from work.lanes limit 1",
    ),
    ("work", "leftovers", "leftovers_pkey"): (
        "insert into work.leftovers (user_id, id, job_id) overriding system value"
        f" select {_USER}, 1, {_NOBODY} from generate_series(1, 2)",
    ),
    ("work", "events", "events_pkey"): (
        "insert into work.events"
        " (user_id, id, job_id, attempt, before, after, actor) overriding system value"
        f" select {_USER}, 1, {_job('one')}, 1, 'queued', 'failed', 'user:one'"
        " from generate_series(1, 2)",
    ),
}
