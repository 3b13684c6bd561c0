"""sql/queries/work/logs.sql: what jobs' programs say."""

from __future__ import annotations

import psycopg
import pytest
from tests.factories import Conn, Job, acting, job, look, registered, users

from renderstore.errors import LeaseLost, NotAllowed, TransitionRefused
from renderstore.store import SyncStore
from renderstore.testing import Database
from renderstore.work import jobs, logs

LIMIT = 1 << 20
MARKER = "\n[the log is full: what followed was dropped]\n"


def append(conn: Conn, made: Job, chunk: str, max_bytes: int = LIMIT) -> int:
    """Where the log stands after this chunk, under a limit of the test's own."""
    row = conn.execute(
        "select work.append_log(%s, %s, 1, %s, %s)",
        [made.user_id, made.id, chunk, max_bytes],
    ).fetchone()
    assert row is not None
    return int(row[0])


def text(database: Database) -> str:
    """The whole log."""
    [(found,)] = look(
        database,
        "select coalesce(string_agg(chunk, '' order by position), '') from work.logs",
    )
    return str(found)


def test_a_log_is_read_as_one_text_as_a_tail_and_from_a_position(
    database: Database, store: SyncStore
) -> None:
    made = job(database, "running")
    worker = registered(store, "mac-1")
    said = ["first\n", "zweite Zeile: größer\n", "third\n"]
    reached = [
        worker.run(
            logs.append, user_id=made.user_id, job_id=made.id, attempt=1, chunk=c
        )
        for c in said
    ]
    assert reached == [6, 6 + len(said[1].encode()), len("".join(said).encode())]
    mine = store.user(made.user_id)
    assert mine.run(logs.get_text, job_id=made.id) == "".join(said)
    tail = mine.run(logs.list_tail, job_id=made.id, page_size=2)
    assert [chunk.chunk for chunk in tail] == said[:0:-1]
    rest = mine.run(logs.list_after, job_id=made.id, position=reached[0], page_size=9)
    assert [chunk.chunk for chunk in rest] == said[1:]


def test_an_empty_chunk_is_no_chunk(database: Database) -> None:
    made = job(database, "running")
    with acting(database, "worker", actor="worker:mac-1") as conn:
        assert append(conn, made, "") == 0
    assert look(database, "select * from work.logs") == []


def test_a_log_says_where_something_was_dropped(database: Database) -> None:
    made = job(database, "running")
    with acting(database, "worker", actor="worker:mac-1") as conn:
        assert append(conn, made, "x" * 90, 100) == 90
        assert append(conn, made, "y" * 90, 100) == 100 + len(MARKER)
        assert append(conn, made, "z", 100) == 100 + len(MARKER)
    assert text(database) == "x" * 90 + "y" * 10 + MARKER


def test_a_log_that_is_exactly_full_says_what_it_drops(database: Database) -> None:
    made = job(database, "running")
    with acting(database, "worker", actor="worker:mac-1") as conn:
        assert append(conn, made, "x" * 100, 100) == 100
        append(conn, made, "y", 100)
        append(conn, made, "y", 100)
    assert text(database) == "x" * 100 + MARKER


def test_a_log_holds_a_mebibyte_at_once(database: Database) -> None:
    made = job(database, "running")
    with acting(database, "worker", actor="worker:mac-1") as conn:
        append(conn, made, "x" * (2 * LIMIT))
    assert text(database) == "x" * LIMIT + MARKER


@pytest.mark.parametrize("character", ["x", "ß", "€", "🎬"])
@pytest.mark.parametrize("limit", range(60, 68))
def test_a_log_is_never_cut_within_a_character(
    database: Database, character: str, limit: int
) -> None:
    made = job(database, "running")
    with acting(database, "worker", actor="worker:mac-1") as conn:
        append(conn, made, character * 100, limit)
    kept = text(database).removesuffix(MARKER)
    assert kept == character * (limit // len(character.encode()))


def test_a_chunk_without_the_lease_is_refused(
    database: Database, store: SyncStore
) -> None:
    made = job(database, "running")
    for name, attempt in (("mac-2", 1), ("mac-1", 0), ("mac-1", 2)):
        with pytest.raises(LeaseLost):
            registered(store, name).run(
                logs.append,
                user_id=made.user_id,
                job_id=made.id,
                attempt=attempt,
                chunk="x",
            )
    assert text(database) == ""


def test_an_ended_jobs_log_is_closed(database: Database, store: SyncStore) -> None:
    made = job(database, "completed")
    with pytest.raises(LeaseLost):
        registered(store, "mac-1").run(
            logs.append, user_id=made.user_id, job_id=made.id, attempt=1, chunk="x"
        )


def test_only_a_worker_writes_a_log(database: Database, store: SyncStore) -> None:
    made = job(database, "running")
    with pytest.raises(NotAllowed):
        store.user(made.user_id).run(
            logs.append, user_id=made.user_id, job_id=made.id, attempt=1, chunk="x"
        )
    for role in ("app", "worker", "admin"):
        with (
            acting(
                database, role, made.user_id if role == "app" else None, "x:y"
            ) as conn,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            conn.execute(
                "insert into work.logs (user_id, job_id, position, attempt, chunk)"
                " values (%s, %s, 0, 1, 'x')",
                [made.user_id, made.id],
            )


def test_a_log_goes_with_its_job(database: Database, store: SyncStore) -> None:
    made = job(database, "running")
    with acting(database, "worker", actor="worker:mac-1") as conn:
        append(conn, made, "x")
    with pytest.raises(TransitionRefused, match="cancelled before it is deleted"):
        store.user(made.user_id).run(jobs.delete, id=made.id)
    registered(store, "mac-1").run(jobs.finish, **made.key, attempt=1)
    store.user(made.user_id).run(jobs.delete, id=made.id)
    assert look(database, "select * from work.logs") == []


def test_a_stranger_reads_no_log(database: Database, store: SyncStore) -> None:
    made = job(database, "running")
    with acting(database, "worker", actor="worker:mac-1") as conn:
        append(conn, made, "secret")
    stranger = store.user(users.make(database))
    assert stranger.run(logs.get_text, job_id=made.id) == ""
