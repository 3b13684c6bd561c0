"""How each constraint of services, rate limits and health is violated: see provocations.py."""

from __future__ import annotations

Place = tuple[str, str, str]

_USER = "(select id from identity.users where email = 'one@example.org')"
_OTHER = "(select id from identity.users where email = 'two@example.org')"
_NOBODY = "'00000000-0000-7000-8000-000000000000'"
_EMPTY = "''"
_LIST = "'[]'"
_SLUG = "'A name'"
_COUNTS = "array_fill(0, array[12])"

BEFORE: tuple[str, ...] = (
    "insert into ops.services (id, name) values ('one', 'One')",
    "insert into ops.service_secrets (service_id, api_key_sealed) values ('one', 'x')",
    "insert into ops.service_states (service_id) values ('one')",
    "insert into ops.service_spans (service_id, began_at, ended_at, state)"
    " values ('one', '2020-01-01', '2020-01-02', 'up')",
    "insert into ops.limits (endpoint, max_requests, window_s) values ('one', 1, 1)",
    "insert into ops.imported (kind, source, old_id, table_name, row_key)"
    " values ('one', 'Job', 'one', 'work.jobs', 'one')",
    "insert into ops.import_refusals (kind, source, old_id, reason, old_row)"
    " values ('one', 'Job', 'one', 'No.', '{}')",
    "insert into ops.rate_limits (user_id, endpoint, window_s, slot, used, earlier, idle_at)"
    f" values ({_USER}, 'one', 1, 1, 0, {_COUNTS}, now())",
    f"insert into ops.moves (user_id, to_farm_id) values ({_USER}, 1)",
)

VALID: dict[tuple[str, str], dict[str, str]] = {
    ("ops", "services"): {"id": "'new'", "name": "'New'"},
    ("ops", "service_secrets"): {"service_id": "'plex'", "api_key_sealed": "'x'"},
    ("ops", "service_states"): {"service_id": "'plex'"},
    ("ops", "service_spans"): {
        "service_id": "'one'",
        "began_at": "'2021-01-01'",
        "ended_at": "'2021-01-02'",
        "state": "'down'",
    },
    ("ops", "retentions"): {
        "name": "'new'",
        "days": "10",
        "least_days": "1",
        "sentence": "'New.'",
    },
    ("ops", "farms"): {"id": "2", "name": "'new'"},
    ("ops", "here"): {"farm_id": "2", "is_home": "false"},
    ("ops", "moves"): {"user_id": _OTHER, "to_farm_id": "2"},
    ("ops", "placements"): {
        "table_name": "'ops.news'",
        "placed": "'node'",
        "is_published": "false",
    },
    ("ops", "limits"): {"endpoint": "'new'", "max_requests": "1", "window_s": "1"},
    ("ops", "rate_limits"): {
        "user_id": _USER,
        "endpoint": "'new'",
        "window_s": "1",
        "slot": "1",
        "used": "0",
        "earlier": _COUNTS,
        "idle_at": "now()",
    },
    ("ops", "imported"): {
        "kind": "'one'",
        "source": "'Job'",
        "old_id": "'new'",
        "table_name": "'work.jobs'",
        "row_key": "'new'",
    },
    ("ops", "import_refusals"): {
        "kind": "'one'",
        "source": "'Job'",
        "old_id": "'new'",
        "reason": "'No.'",
        "old_row": "'{}'",
    },
    ("ops", "health_rules"): {
        "name": "'new'",
        "position": "1000",
        "unit": "'number'",
        "sentence": "'%s.'",
        "remedy": "'New.'",
    },
}

_BY_TABLE: dict[tuple[str, str], dict[str, dict[str, str]]] = {
    ("ops", "services"): {
        "services_pkey": {"id": "'one'"},
        "services_id_is_slug_check": {"id": _SLUG},
        "services_name_is_short_check": {"name": _EMPTY},
        "services_check_path_is_path_check": {"check_path": "'identity'"},
        "services_api_key_header_is_header_check": {"api_key_header": "'a: b'"},
        "services_config_is_object_check": {"config": _LIST},
        "services_check_every_s_is_5_to_86400_check": {"check_every_s": "4"},
        "services_failures_to_go_down_is_1_to_100_check": {"failures_to_go_down": "0"},
    },
    ("ops", "service_secrets"): {
        "service_secrets_pkey": {"service_id": "'one'"},
        "service_secrets_service_id_fkey": {"service_id": "'none'"},
        "service_secrets_api_key_sealed_is_short_check": {"api_key_sealed": "''"},
    },
    ("ops", "service_states"): {
        "service_states_pkey": {"service_id": "'one'"},
        "service_states_service_id_fkey": {"service_id": "'none'"},
        "service_states_span_began_unless_unknown_check": {"state": "'up'"},
        "service_states_failures_are_not_negative_check": {"failures": "-1"},
        "service_states_failed_at_while_failing_check": {"failures": "1"},
        "service_states_response_ms_is_not_negative_check": {"response_ms": "-1"},
        "service_states_message_is_short_check": {"message": "repeat('x', 501)"},
    },
    ("ops", "service_spans"): {
        "service_spans_pkey": {
            "began_at": "'2020-01-01'",
            "ended_at": "'2020-01-02'",
        },
        "service_spans_service_id_fkey": {"service_id": "'none'"},
        "service_spans_begin_comes_first_check": {"began_at": "'2021-01-02'"},
        "service_spans_are_up_or_down_check": {"state": "'unknown'"},
    },
    ("ops", "retentions"): {
        "retentions_pkey": {"name": "'service_spans'"},
        "retentions_name_is_slug_check": {"name": _SLUG},
        "retentions_days_are_enough_check": {"days": "0"},
        "retentions_least_days_are_positive_check": {"least_days": "0"},
        "retentions_sentence_is_short_check": {"sentence": _EMPTY},
    },
    ("ops", "farms"): {
        "farms_pkey": {"id": "1"},
        "farms_id_is_positive_check": {"id": "0"},
        "farms_name_is_short_check": {"name": _EMPTY},
    },
    ("ops", "here"): {
        "here_pkey": {"farm_id": "1"},
        "here_farm_id_is_positive_check": {"farm_id": "0"},
        "here_is_one_row_key": {},
    },
    ("ops", "moves"): {
        "moves_pkey": {"user_id": _USER},
        "moves_user_id_fkey": {"user_id": _NOBODY},
        "moves_to_farm_id_is_positive_check": {"to_farm_id": "0"},
    },
    ("ops", "placements"): {
        "placements_pkey": {"table_name": "'ops.here'"},
        "placements_table_name_has_schema_check": {"table_name": "'here'"},
        "placements_placed_is_known_check": {"placed": "'here'"},
        "placements_published_is_homes_check": {"is_published": "true"},
    },
    ("ops", "limits"): {
        "limits_pkey": {"endpoint": "'one'"},
        "limits_endpoint_is_slug_check": {"endpoint": _SLUG},
        "limits_max_requests_is_not_negative_check": {"max_requests": "-1"},
        "limits_window_s_is_1_to_86400_check": {"window_s": "0"},
    },
    ("ops", "rate_limits"): {
        "rate_limits_pkey": {"endpoint": "'one'"},
        "rate_limits_user_id_fkey": {"user_id": _NOBODY},
    },
    ("ops", "imported"): {
        "imported_pkey": {"old_id": "'one'"},
        "imported_kind_is_slug_check": {"kind": _SLUG},
        "imported_source_is_short_check": {"source": _EMPTY},
        "imported_old_id_is_short_check": {"old_id": _EMPTY},
    },
    ("ops", "import_refusals"): {
        "import_refusals_pkey": {"old_id": "'one'"},
        "import_refusals_kind_is_slug_check": {"kind": _SLUG},
        "import_refusals_source_is_short_check": {"source": _EMPTY},
        "import_refusals_old_id_is_short_check": {"old_id": _EMPTY},
    },
    ("ops", "health_rules"): {
        "health_rules_pkey": {"name": "'lock_wait_s'"},
        "health_rules_position_key": {"position": "90"},
        "health_rules_name_is_slug_check": {"name": _SLUG},
        "health_rules_sentence_has_one_value_check": {"sentence": "'Bad.'"},
        "health_rules_remedy_is_short_check": {"remedy": _EMPTY},
        "health_rules_fail_above_warn_check": {"warn_above": "2", "fail_above": "1"},
    },
    ("ops", "sweep_parts"): {
        "sweep_parts_problem_is_short_check": {"problem": "repeat('x', 1001)"},
    },
}

CHANGES: dict[Place, dict[str, str]] = {
    (*table, name): change
    for table, rules in _BY_TABLE.items()
    for name, change in rules.items()
}

# A domain's rule: the value that it refuses.
STATEMENTS: dict[Place, tuple[str, ...]] = {
    ("ops", "service_url", "service_url_is_http_check"): (
        "select 'http://user@example.org'::ops.service_url",
    ),
    ("ops", "cost", "cost_is_0_to_1000000_check"): ("select (-1)::ops.cost",),
    ("ops", "twelve_counts", "twelve_counts_are_12_check"): (
        "select '{1}'::ops.twelve_counts",
    ),
}
