"""What everybody may do in a database, where nobody should: a copy made by hand opens it again."""

from __future__ import annotations

import psycopg
from psycopg import sql

from renderstore.cli.console import say

# PUBLIC's rights by default: on a database, and on schema public if it began before PostgreSQL 15.
# Before the first migration nothing of ours is there that could be stood in the way of.
_OPEN = """
select
    has_database_privilege('public', current_database(), 'temporary'),
    has_database_privilege('public', current_database(), 'create'),
    coalesce(has_schema_privilege('public', to_regnamespace('public'), 'create'), false)
where to_regnamespace('identity') is not null
"""


def say_what_is_open(conn: psycopg.Connection) -> None:
    """Say which rights PUBLIC holds, and what closes them; nothing where all is closed."""
    if (row := conn.execute(_OPEN).fetchone()) is None:
        return
    temporary, create, schema = row
    words: list[sql.SQL] = []
    if temporary:
        words.append(sql.SQL("temporary"))
    if create:
        words.append(sql.SQL("create"))
    closing: list[sql.Composed] = []
    if words:
        closing.append(
            sql.SQL("revoke {} on database {} from public;").format(
                sql.SQL(", ").join(words),
                sql.Identifier(conn.info.dbname),
            )
        )
    if schema:
        closing.append(sql.SQL("revoke create on schema public from public;").format())
    if not closing:
        return
    say(
        f"caution: every login may make objects of its own in {conn.info.dbname}, and they may"
        " stand in the way of ours. As the database's owner, type:"
    )
    for statement in closing:
        say(f"  {statement.as_string(conn)}")
