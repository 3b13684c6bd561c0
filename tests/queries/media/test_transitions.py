"""media.transitions: what may follow what, as the table says and as the guards hold it."""

from __future__ import annotations

from itertools import product

import psycopg
import pytest
from tests.factories import look

from renderstore.media import FileState, RequestStatus
from renderstore.store import SyncStore
from renderstore.testing import Database

from .world import Portal

KINDS = {
    "request": ("request_status", RequestStatus),
    "file": ("file_state", FileState),
}

PLACED = {
    "request": """
        update media.requests
        set
            status = '{status}',
            decided_by = case when '{status}' <> 'pending' then 'dba:tests' end,
            decided_at = case when '{status}' <> 'pending' then now() end,
            completed_at = case
                when '{status}' not in ('pending', 'approved', 'processing') then now()
            end
        returning status::text
    """,
    "file": """
        update media.download_files
        set
            state = '{status}',
            path = case
                when '{status}' in ('kept', 'removed') then user_id || '/a.mp4'
            end,
            kept_at = case when '{status}' in ('kept', 'removed') then now() end,
            error_class = case when '{status}' = 'failed' then 'network' end
        returning state::text
    """,
}
MADE = {
    "request": "insert into media.requests (user_id, title, media_type)"
    " values (%(user_id)s, 'one', 'movie')",
    "file": "insert into media.download_files (user_id, position, video_id)"
    " values (%(user_id)s, 1, 'one')",
}


def permitted(database: Database, subject: str) -> set[tuple[str, str]]:
    """What the table says."""
    return set(
        look(
            database,
            "select before, after from media.transitions where subject = %(subject)s",
            subject=subject,
        )
    )


@pytest.mark.parametrize("subject", KINDS)
def test_the_table_says_what_the_rule_says(database: Database, subject: str) -> None:
    kind, _ = KINDS[subject]
    said = look(
        database,
        f"select b::text, a::text from unnest(enum_range(null::media.{kind})) as b,"
        f" unnest(enum_range(null::media.{kind})) as a where media.may_become(b, a)",
    )
    assert set(said) == permitted(database, subject)


@pytest.mark.parametrize("subject", KINDS)
def test_the_guard_refuses_the_rest_whoever_asks(
    database: Database, store: SyncStore, subject: str
) -> None:
    portal = Portal(database, store)
    _, statuses = KINDS[subject]
    may = permitted(database, subject)
    table = "requests" if subject == "request" else "download_files"
    wrong: list[str] = []
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(MADE[subject].encode(), {"user_id": portal.user_id})
        for before, after in product(statuses, statuses):
            if before == after:
                continue
            with conn.transaction(force_rollback=True):
                # Past the guard, to where the step begins.
                conn.execute(f"alter table media.{table} disable trigger user".encode())
                conn.execute(PLACED[subject].format(status=before).encode())
                conn.execute(f"alter table media.{table} enable trigger user".encode())
                outcome = ""
                try:
                    conn.execute(PLACED[subject].format(status=after).encode())
                except psycopg.Error as error:
                    outcome = error.sqlstate or "?"
            if outcome != ("" if (before, after) in may else "RS005"):
                wrong.append(f"{before} to {after}: {outcome}")
        conn.rollback()
    assert not wrong
