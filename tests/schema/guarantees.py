"""What a table promises beyond its constraints: the values that are always there, and those it gives.

A rule that walks the catalog does not miss what is no longer in it, so what must be there is
written down here, room by room. The constraints stand in tests/api/provocations.py, with the
rows that break them; grants and policies in tests/isolation/expectations.py.
"""

from __future__ import annotations

from collections.abc import Mapping

Table = tuple[str, str]

ROOMS = ("identity",)
"""The rooms whose tables all stand here."""

REQUIRED: Mapping[Table, str] = {
    ("identity", "plans"): "id name share created_at updated_at",
    ("identity", "users"): (
        "id plan_id role status is_bootstrap is_password_change_due created_at updated_at"
    ),
    ("identity", "user_secrets"): "user_id",
    ("identity", "owners"): "user_id arrived_at",
    ("identity", "bootstraps"): "is_done done_at",
    ("identity", "macos_accounts"): "id user_id name created_at",
    ("identity", "accounts"): (
        "id user_id type provider provider_account_id created_at"
    ),
    ("identity", "account_secrets"): "account_id",
    ("identity", "web_sessions"): "id user_id session_token created_at expires_at",
    ("identity", "session_tokens"): "id user_id token_hash created_at expires_at",
    ("identity", "api_tokens"): "id name prefix token_hash roles created_at",
    ("identity", "verification_tokens"): "identifier token created_at expires_at",
}
"""The columns that are never null."""

_ID = "id between ops.first_uuidv7(now()) and ops.uuidv7()"
_NOW = "created_at = now()"

GIVEN: Mapping[Table, Mapping[str, str]] = {
    ("identity", "plans"): {
        "share": "share = 1",
        "created_at": _NOW,
        "updated_at": "updated_at = now()",
    },
    ("identity", "users"): {
        "id": _ID,
        "plan_id": "plan_id = 'free'",
        "role": "role = 'user'",
        "status": "status = 'active'",
        "is_bootstrap": "not is_bootstrap",
        "is_password_change_due": "not is_password_change_due",
        "created_at": _NOW,
        "updated_at": "updated_at = now()",
    },
    ("identity", "owners"): {"arrived_at": "arrived_at = now()"},
    ("identity", "bootstraps"): {"is_done": "is_done", "done_at": "done_at = now()"},
    ("identity", "macos_accounts"): {"id": _ID, "created_at": _NOW},
    ("identity", "accounts"): {"id": _ID, "created_at": _NOW},
    ("identity", "web_sessions"): {"id": _ID, "created_at": _NOW},
    ("identity", "session_tokens"): {"id": _ID, "created_at": _NOW},
    ("identity", "api_tokens"): {"id": _ID, "created_at": _NOW},
    ("identity", "verification_tokens"): {"created_at": _NOW},
}
"""What a column holds when a row is inserted without it."""

ALWAYS = frozenset({"users_admit_owner", "users_end_owner"})
"""The triggers that fire under logical replication too."""

DEFINERS = frozenset(
    {
        "admit_owner",
        "create_bootstrap_admin",
        "end_access",
        "end_erased_owner",
        "end_owner",
        "sweep",
    }
)
"""The functions that run with more rights than whoever calls them, or whose statement fires them."""
