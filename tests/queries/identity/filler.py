"""Fills identity's tables for the tests of plans: as many users as asked, and a row of each kind for each."""

from __future__ import annotations

import psycopg

_TABLES = (
    "users",
    "user_secrets",
    "web_sessions",
    "session_tokens",
    "macos_accounts",
    "accounts",
    "api_tokens",
)

_FILL = (
    """
    insert into identity.users (email, plex_id, slack_id, plan_id, role)
    select
        'user' || n || '@example.org',
        n,
        'U' || lpad(n::text, 9, '0'),
        case when n %% 10 = 0 then 'premium' else 'free' end,
        case when n %% 10000 = 0 then 'admin' else 'user' end::identity.user_role
    from generate_series(1, %(rows)s) as n
    """,
    """
    insert into identity.owners (user_id)
    select id
    from identity.users
    """,
    """
    insert into identity.macos_accounts (user_id, name)
    select id, 'mac' || plex_id
    from identity.users
    """,
    """
    insert into identity.accounts (user_id, type, provider, provider_account_id)
    select id, 'oidc', 'google', 'subject-' || plex_id
    from identity.users
    """,
    """
    insert into identity.user_secrets (user_id, plex_token_encrypted)
    select id, 'sealed'
    from identity.users
    """,
    """
    insert into identity.account_secrets (account_id, access_token)
    select id, 'access'
    from identity.accounts
    """,
    # One in ten has expired.
    """
    insert into identity.web_sessions (user_id, session_token, created_at, expires_at)
    select
        id,
        'web-' || plex_id,
        now() - interval '31 days',
        now() + make_interval(days => case when plex_id %% 10 = 0 then -1 else 30 end)
    from identity.users
    """,
    """
    insert into identity.session_tokens (user_id, token_hash, created_at, expires_at)
    select
        id,
        sha256(convert_to('session-' || plex_id, 'UTF8')),
        now() - interval '31 days',
        now() + make_interval(days => case when plex_id %% 10 = 0 then -1 else 30 end)
    from identity.users
    """,
    """
    insert into identity.api_tokens (
        user_id, for_user_id, name, prefix, token_hash, roles, created_at, expires_at
    )
    select
        id,
        id,
        'A token',
        'rs_00000000',
        sha256(convert_to('api-' || plex_id, 'UTF8')),
        '{user}',
        now() - interval '31 days',
        now() + make_interval(days => case when plex_id %% 10 = 0 then -1 else 30 end)
    from identity.users
    """,
    """
    insert into identity.verification_tokens (identifier, token, expires_at)
    select
        email,
        'token',
        now() + make_interval(days => case when plex_id %% 10 = 0 then -1 else 1 end)
    from identity.users
    """,
)


def fill(conn: psycopg.Connection, rows: int) -> None:
    """That many users: user7@example.org has Plex id 7, the API token `api-7`, and so on."""
    conn.execute("set local role renderstore_owner")
    # What these check a row at a time holds here, and a million rows of each would take minutes.
    for table in _TABLES:
        conn.execute(f"alter table identity.{table} disable trigger user".encode())
    for statement in _FILL:
        conn.execute(statement.encode(), {"rows": rows})
    for table in _TABLES:
        conn.execute(f"alter table identity.{table} enable trigger user".encode())
    for trigger in ("users_admit_owner", "users_end_owner"):
        conn.execute(
            f"alter table identity.users enable always trigger {trigger}".encode()
        )
