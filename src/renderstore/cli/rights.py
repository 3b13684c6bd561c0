"""What everybody may do in a database, where nobody should: a copy made by hand opens it again."""

from __future__ import annotations

import psycopg
from psycopg import sql

from renderstore.cli.console import say
from renderstore.schema import open_to_all


def say_what_is_open(conn: psycopg.Connection) -> None:
    """Say which rights PUBLIC holds, and what closes them; nothing where all is closed."""
    found = open_to_all(conn)
    words: list[sql.SQL] = []
    if "temporary" in found:
        words.append(sql.SQL("temporary"))
    if "create" in found:
        words.append(sql.SQL("create"))
    closing: list[sql.Composed] = []
    if words:
        closing.append(
            sql.SQL("revoke {} on database {} from public;").format(
                sql.SQL(", ").join(words),
                sql.Identifier(conn.info.dbname),
            )
        )
    if "public_create" in found:
        closing.append(sql.SQL("revoke create on schema public from public;").format())
    if not closing:
        return
    say(
        f"caution: every login may make objects of its own in {conn.info.dbname}, and they may"
        " stand in the way of ours. As the database's owner, type:"
    )
    for statement in closing:
        say(f"  {statement.as_string(conn)}")
