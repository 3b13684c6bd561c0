"""The map of the story-to-video machine runs on tables such as it guesses, and twice."""

from __future__ import annotations

from pathlib import Path

import psycopg

from renderstore import connect, studio
from renderstore._paths import SQL
from renderstore.testing import Database

from .support import ask, digest, one

HERE = Path(__file__).parent


def test_its_map_brings_everything_once(database: Database) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as conn:
        conn.execute((HERE / "story-to-video.sql").read_bytes())
        conn.execute("grant usage on schema story to renderstore_owner")
        conn.execute("grant select on all tables in schema story to renderstore_owner")
        text = (SQL / "import" / "story-to-video.sql").read_bytes()
        conn.execute(text)
        first = digest(database)
        conn.execute(text)
    assert digest(database) == first

    assert ask(
        database,
        "select source, count(*) from ops.imported group by source order by source",
    ) == [
        ("accounts", 4),
        ("assets", 40),
        ("jobs", 60),
        ("presets", 1),
        ("projects", 8),
        ("scenes", 40),
        ("sessions", 4),
        ("users", 4),
    ]
    assert ask(
        database, "select source, old_id from ops.import_refusals order by source"
    ) == [("accounts", "a5"), ("presets", "pr2")]
    assert ask(
        database, "select status::text, count(*) from work.jobs group by 1 order by 1"
    ) == [("cancelled", 12), ("completed", 12), ("failed", 12), ("queued", 24)]
    assert one(database, "select count(*) from work.problems()") == 0
    assert one(database, "select count(*) from studio.problems()") == 0
    assert one(database, "select sum(stored_bytes) from studio.usages") == one(
        database, "select sum(size) from story.assets"
    )
    owner = one(database, "select row_key::uuid from ops.imported where old_id = 'u2'")
    with connect(database.url) as store, store.user(owner) as conn:  # type: ignore[arg-type]
        found = studio.projects.list(conn, page_size=9)
        assert {each.title for each in found} == {"Story 1", "Story 5"}
