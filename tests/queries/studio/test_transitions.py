"""studio.transitions: what may follow what, as the table says and as the guards hold it."""

from __future__ import annotations

from itertools import product

import psycopg
import pytest
from tests.factories import look

from renderstore.studio import AssetState, ProjectStatus, SceneStatus
from renderstore.testing import Database

LIVES = {
    "project": ("studio.projects", "status", ProjectStatus),
    "scene": ("studio.scenes", "status", SceneStatus),
}
KINDS = {
    "project": ("project_status", ProjectStatus),
    "scene": ("scene_status", SceneStatus),
    "asset": ("asset_state", AssetState),
}
ROWS = """
with made as (
    insert into studio.projects (user_id, title)
    select user_id, 'one'
    from identity.owners
    returning user_id, id
)

insert into studio.scenes (user_id, project_id, position)
select user_id, id, 1
from made
"""


def permitted(database: Database, subject: str) -> set[tuple[str, str]]:
    """What the table says."""
    return set(
        look(
            database,
            "select before, after from studio.transitions where subject = %(subject)s",
            subject=subject,
        )
    )


@pytest.mark.parametrize("subject", KINDS)
def test_the_table_says_what_the_rule_says(database: Database, subject: str) -> None:
    kind, _ = KINDS[subject]
    said = look(
        database,
        f"select b::text, a::text from unnest(enum_range(null::studio.{kind})) as b,"
        f" unnest(enum_range(null::studio.{kind})) as a where studio.may_become(b, a)",
    )
    assert set(said) == permitted(database, subject)


@pytest.mark.parametrize("subject", LIVES)
def test_the_guard_refuses_the_rest_whoever_asks(
    database: Database, subject: str
) -> None:
    table, column, kind = LIVES[subject]
    allowed = permitted(database, subject)
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("insert into identity.users (email) values ('one@example.org')")
        conn.execute(ROWS)
        for before, after in product(kind, kind):
            with conn.transaction(force_rollback=True):
                conn.execute("set local session_replication_role = replica")
                conn.execute(f"update {table} set {column} = %s".encode(), [before])
                conn.execute("set local session_replication_role = origin")
                change = f"update {table} set {column} = %s".encode()
                if before == after or (before.value, after.value) in allowed:
                    conn.execute(change, [after])
                    continue
                said = f"{before} {subject} cannot become {after}."
                with (
                    pytest.raises(psycopg.DatabaseError, match=said) as refused,
                    conn.transaction(),
                ):
                    conn.execute(change, [after])
                assert refused.value.sqlstate == "RS005"
        conn.rollback()
