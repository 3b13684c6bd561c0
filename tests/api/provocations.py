"""How each constraint is violated: a valid row of its table, and what to change about it.

A constraint added later needs a line here; test_errors says so. Values are SQL expressions.
"""

from __future__ import annotations

from . import provocations_audit as audit
from . import provocations_media as media
from . import provocations_ops as ops
from . import provocations_steps as steps
from . import provocations_studio as studio
from . import provocations_work as work

Place = tuple[str, str, str]

_USER = "(select id from identity.users where email = 'one@example.org')"
_OTHER = "(select id from identity.users where email = 'two@example.org')"
_NOBODY = "'00000000-0000-7000-8000-000000000000'"
_HASH = "sha256('new')"
_LATER = "now() + interval '1 day'"
_BEFORE = "now() - interval '1 day'"
_ACCOUNT = "(select id from identity.accounts where provider_account_id = '1')"

# What the tables hold beforehand, in this order.
BEFORE: tuple[str, ...] = (
    "insert into identity.users (email, slack_id, plex_id, is_bootstrap) values"
    " ('one@example.org', 'U0001', 1, true), ('two@example.org', null, null, false)",
    "insert into identity.bootstraps default values on conflict do nothing",
    f"insert into identity.macos_accounts (user_id, name) values ({_USER}, 'one')",
    "insert into identity.accounts (user_id, type, provider, provider_account_id)"
    f" values ({_USER}, 'oauth', 'plex', '1')",
    f"insert into identity.user_secrets (user_id) values ({_USER})",
    "insert into identity.web_sessions (user_id, session_token, expires_at)"
    f" values ({_USER}, 'one', {_LATER})",
    "insert into identity.session_tokens (user_id, token_hash, expires_at)"
    f" values ({_USER}, sha256('one'), {_LATER})",
    "insert into identity.api_tokens (service, name, prefix, token_hash, roles)"
    " values ('bravo', 'one', 'rs_00000001', sha256('one'), '{worker}')",
    "insert into identity.verification_tokens (identifier, token, expires_at)"
    f" values ('one@example.org', 'one', {_LATER})",
    *work.BEFORE,
    *studio.BEFORE,
    *steps.BEFORE,
    *media.BEFORE,
    *ops.BEFORE,
)

# A row that each table would take.
VALID: dict[tuple[str, str], dict[str, str]] = {
    **audit.VALID,
    **work.VALID,
    **studio.VALID,
    **steps.VALID,
    **media.VALID,
    **ops.VALID,
    ("identity", "users"): {"email": "'new@example.org'"},
    ("identity", "owners"): {"user_id": _NOBODY},
    ("identity", "user_secrets"): {"user_id": _OTHER},
    ("identity", "account_secrets"): {"account_id": _ACCOUNT},
    ("identity", "plans"): {"id": "'new'", "name": "'New'"},
    ("identity", "bootstraps"): {"is_done": "true"},
    ("identity", "macos_accounts"): {"user_id": _OTHER, "name": "'new'"},
    ("identity", "accounts"): {
        "user_id": _OTHER,
        "type": "'oauth'",
        "provider": "'google'",
        "provider_account_id": "'new'",
    },
    ("identity", "web_sessions"): {
        "user_id": _OTHER,
        "session_token": "'new'",
        "expires_at": _LATER,
    },
    ("identity", "session_tokens"): {
        "user_id": _OTHER,
        "token_hash": _HASH,
        "expires_at": _LATER,
    },
    ("identity", "api_tokens"): {
        "service": "'bravo'",
        "name": "'new'",
        "prefix": "'rs_00000002'",
        "token_hash": _HASH,
        "roles": "'{worker}'",
    },
    ("identity", "verification_tokens"): {
        "identifier": "'new@example.org'",
        "token": "'new'",
        "expires_at": _LATER,
    },
}

_EMPTY = "''"

# What makes such a row violate the constraint, and no other.
CHANGES: dict[Place, dict[str, str]] = {
    **audit.CHANGES,
    **work.CHANGES,
    **studio.CHANGES,
    **steps.CHANGES,
    **media.CHANGES,
    **ops.CHANGES,
    ("identity", "plans", "plans_times_are_1970_to_9999_check"): {
        "created_at": "'infinity'"
    },
    ("identity", "users", "users_times_are_1970_to_9999_check"): {
        "last_login_at": "'infinity'"
    },
    ("identity", "web_sessions", "web_sessions_times_are_1970_to_9999_check"): {
        "expires_at": "'infinity'"
    },
    (
        "identity",
        "verification_tokens",
        "verification_tokens_times_are_1970_to_9999_check",
    ): {"expires_at": "'infinity'"},
    ("identity", "session_tokens", "session_tokens_times_are_1970_to_9999_check"): {
        "expires_at": "'infinity'"
    },
    ("identity", "api_tokens", "api_tokens_times_are_1970_to_9999_check"): {
        "expires_at": "'infinity'"
    },
    ("identity", "users", "users_pkey"): {"id": _USER},
    ("identity", "owners", "owners_pkey"): {"user_id": _USER},
    ("identity", "users", "users_email_key"): {"email": "'ONE@example.org'"},
    ("identity", "users", "users_is_bootstrap_key"): {"is_bootstrap": "true"},
    ("identity", "users", "users_plex_id_key"): {"plex_id": "1"},
    ("identity", "users", "users_slack_id_key"): {"slack_id": "'U0001'"},
    ("identity", "users", "users_plan_id_fkey"): {"plan_id": "'none'"},
    ("identity", "users", "users_farm_id_fkey"): {"farm_id": "9"},
    ("identity", "users", "users_email_is_address_check"): {"email": "'nowhere'"},
    ("identity", "users", "users_image_is_short_check"): {"image": _EMPTY},
    ("identity", "users", "users_name_is_short_check"): {"name": _EMPTY},
    ("identity", "users", "users_password_change_is_bootstrap_check"): {
        "is_password_change_due": "true"
    },
    ("identity", "user_secrets", "user_secrets_pkey"): {"user_id": _USER},
    ("identity", "user_secrets", "user_secrets_user_id_fkey"): {
        "user_id": _NOBODY,
        "plex_token_encrypted": "null",
    },
    ("identity", "user_secrets", "user_secrets_password_is_argon2id_check"): {
        "user_id": _USER,
        "password_hash": "'secret'",
    },
    ("identity", "account_secrets", "account_secrets_account_id_fkey"): {
        "account_id": _NOBODY
    },
    ("identity", "users", "users_plex_id_is_positive_check"): {"plex_id": "0"},
    ("identity", "users", "users_plex_username_is_short_check"): {
        "plex_username": _EMPTY
    },
    ("identity", "users", "users_slack_id_is_slack_check"): {"slack_id": "'me'"},
    ("identity", "plans", "plans_pkey"): {"id": "'free'"},
    ("identity", "plans", "plans_id_is_slug_check"): {"id": "'A Plan'"},
    ("identity", "plans", "plans_name_is_short_check"): {"name": _EMPTY},
    ("identity", "plans", "plans_keep_deleted_days_is_0_to_36500_check"): {
        "keep_deleted_days": "36501"
    },
    ("identity", "plans", "plans_keep_ended_jobs_days_is_positive_check"): {
        "keep_ended_jobs_days": "0"
    },
    ("identity", "plans", "plans_max_active_jobs_is_not_negative_check"): {
        "max_active_jobs": "-1"
    },
    ("identity", "plans", "plans_max_daily_jobs_is_not_negative_check"): {
        "max_daily_jobs": "-1"
    },
    ("identity", "plans", "plans_max_priority_is_0_to_10_check"): {
        "max_priority": "11"
    },
    ("identity", "plans", "plans_max_projects_is_not_negative_check"): {
        "max_projects": "-1"
    },
    ("identity", "plans", "plans_max_stored_bytes_is_not_negative_check"): {
        "max_stored_bytes": "-1"
    },
    ("identity", "plans", "plans_share_is_1_to_1000_check"): {"share": "0"},
    ("identity", "bootstraps", "bootstraps_pkey"): {},
    ("identity", "bootstraps", "bootstraps_is_done_is_true_check"): {
        "is_done": "false"
    },
    ("identity", "macos_accounts", "macos_accounts_pkey"): {
        "id": "(select id from identity.macos_accounts)"
    },
    ("identity", "macos_accounts", "macos_accounts_name_key"): {"name": "'One'"},
    ("identity", "macos_accounts", "macos_accounts_user_id_fkey"): {"user_id": _NOBODY},
    ("identity", "macos_accounts", "macos_accounts_name_is_macos_check"): {
        "name": "'a b'"
    },
    ("identity", "accounts", "accounts_pkey"): {
        "id": "(select id from identity.accounts)"
    },
    ("identity", "accounts", "accounts_provider_provider_account_id_key"): {
        "provider": "'plex'",
        "provider_account_id": "'1'",
    },
    ("identity", "accounts", "accounts_user_id_fkey"): {"user_id": _NOBODY},
    ("identity", "accounts", "accounts_type_is_short_check"): {"type": _EMPTY},
    ("identity", "accounts", "accounts_provider_is_short_check"): {"provider": _EMPTY},
    ("identity", "accounts", "accounts_provider_account_id_is_short_check"): {
        "provider_account_id": _EMPTY
    },
    ("identity", "web_sessions", "web_sessions_pkey"): {
        "id": "(select id from identity.web_sessions)"
    },
    ("identity", "web_sessions", "web_sessions_session_token_key"): {
        "session_token": "'one'"
    },
    ("identity", "web_sessions", "web_sessions_user_id_fkey"): {"user_id": _NOBODY},
    ("identity", "web_sessions", "web_sessions_session_token_is_short_check"): {
        "session_token": _EMPTY
    },
    ("identity", "session_tokens", "session_tokens_pkey"): {
        "id": "(select id from identity.session_tokens)"
    },
    ("identity", "session_tokens", "session_tokens_token_hash_key"): {
        "token_hash": "sha256('one')"
    },
    ("identity", "session_tokens", "session_tokens_user_id_fkey"): {"user_id": _NOBODY},
    ("identity", "session_tokens", "session_tokens_expires_at_is_later_check"): {
        "expires_at": _BEFORE
    },
    ("identity", "session_tokens", "session_tokens_token_hash_is_sha256_check"): {
        "token_hash": "'x'"
    },
    ("identity", "api_tokens", "api_tokens_pkey"): {
        "id": "(select id from identity.api_tokens)"
    },
    ("identity", "api_tokens", "api_tokens_token_hash_key"): {
        "token_hash": "sha256('one')"
    },
    ("identity", "api_tokens", "api_tokens_user_id_fkey"): {
        "service": "null",
        "user_id": _NOBODY,
        "for_user_id": _NOBODY,
    },
    ("identity", "api_tokens", "api_tokens_for_user_id_fkey"): {"for_user_id": _NOBODY},
    ("identity", "api_tokens", "api_tokens_expires_at_is_later_check"): {
        "expires_at": _BEFORE
    },
    ("identity", "api_tokens", "api_tokens_has_one_owner_check"): {"service": "null"},
    ("identity", "api_tokens", "api_tokens_has_roles_check"): {"roles": "'{}'"},
    ("identity", "api_tokens", "api_tokens_name_is_short_check"): {"name": _EMPTY},
    ("identity", "api_tokens", "api_tokens_prefix_is_short_check"): {"prefix": _EMPTY},
    ("identity", "api_tokens", "api_tokens_service_is_slug_check"): {
        "service": "'A B'"
    },
    ("identity", "api_tokens", "api_tokens_token_hash_is_sha256_check"): {
        "token_hash": "'x'"
    },
    ("identity", "api_tokens", "api_tokens_user_acts_as_self_check"): {
        "service": "null",
        "user_id": _USER,
        "for_user_id": _OTHER,
    },
    ("identity", "verification_tokens", "verification_tokens_pkey"): {
        "identifier": "'one@example.org'",
        "token": "'one'",
    },
    (
        "identity",
        "verification_tokens",
        "verification_tokens_identifier_is_short_check",
    ): {"identifier": _EMPTY},
    ("identity", "verification_tokens", "verification_tokens_token_is_short_check"): {
        "token": _EMPTY
    },
}

# Where another statement is needed than an insert of one row.
STATEMENTS: dict[Place, tuple[str, ...]] = {
    **audit.STATEMENTS,
    **work.STATEMENTS,
    **steps.STATEMENTS,
    **media.STATEMENTS,
    **ops.STATEMENTS,
    **studio.STATEMENTS,
    ("identity", "account_secrets", "account_secrets_pkey"): (
        f"insert into identity.account_secrets (account_id) values ({_ACCOUNT})",
    )
    * 2,
    # The trigger that keeps addresses in lower case comes before the check.
    ("identity", "users", "users_email_is_lower_case_check"): (
        "alter table identity.users disable trigger users_lower_email",
        "insert into identity.users (email) values ('NEW@example.org')",
    ),
}

# How a parent that is still referenced is removed, for keys that refuse it.
REMOVALS: dict[Place, str] = {
    (
        "identity",
        "users",
        "users_plan_id_fkey",
    ): "delete from identity.plans where id = 'free'",
    ("identity", "users", "users_farm_id_fkey"): "delete from ops.farms where id = 1",
    **studio.REMOVALS,
}


def insert(schema: str, table: str, changes: dict[str, str]) -> str:
    """An insert of the table's valid row with these changes."""
    row = VALID[schema, table] | changes
    return f"insert into {schema}.{table} ({', '.join(row)}) values ({', '.join(row.values())})"


def statements(place: Place) -> tuple[str, ...]:
    """What violates this constraint; the last one raises."""
    schema, table, _ = place
    return STATEMENTS.get(place) or (insert(schema, table, CHANGES[place]),)
