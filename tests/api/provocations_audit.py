"""How each constraint of the trail is violated: see provocations.py."""

from __future__ import annotations

Place = tuple[str, str, str]

_USER = "(select id from identity.users where email = 'one@example.org')"

VALID: dict[tuple[str, str], dict[str, str]] = {
    ("audit", "columns"): {
        "table_name": "'new'",
        "column_name": "'new'",
        "rule": "'skip'",
    },
    ("audit", "entries"): {
        "user_id": _USER,
        "table_name": "'new'",
        "row_key": "'new'",
        "operation": "'insert'",
    },
}

CHANGES: dict[Place, dict[str, str]] = {
    ("audit", "columns", "columns_pkey"): {
        "table_name": "'identity.users'",
        "column_name": "'email'",
    },
}

STATEMENTS: dict[Place, tuple[str, ...]] = {
    ("audit", "entries", "entries_pkey"): (
        "insert into audit.entries"
        " (user_id, id, table_name, row_key, operation) overriding system value"
        f" select {_USER}, 1000000, 'new', 'new', 'insert' from generate_series(1, 2)",
    ),
}
