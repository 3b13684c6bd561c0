"""The portal at RENDERSTORE_ROWS: each call reads what it gives, as the role that runs it, on generic plans."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests.factories import acting, look
from tests.queries.reading import read

from renderstore.media import (
    FileState,
    MediaType,
    RequestStatus,
    download_files,
    downloads,
    requests,
    usages,
)
from renderstore.ops import notices, removals
from renderstore.testing import Database
from renderstore.testing.servers import Server

OWNERS = 50
PAGE = 20
FILES = 1000

FILL = (
    """
    insert into identity.plans (id, name, keep_ended_jobs_days, max_open_requests)
    values ('roomy', 'Roomy', 3650, 1000000000)
    """,
    """
    insert into identity.users (email, plan_id)
    select 'user' || n || '@example.org', 'roomy'
    from generate_series(1, %(owners)s) as n
    """,
    """
    insert into media.requests (
        user_id, title, media_type, tmdb_id, season, status, decided_by, decided_at,
        completed_at
    )
    select o.id, 'The fox', 'tv', 1 + n, 1, s.status,
        case when s.status <> 'pending' then 'dba:tests' end,
        case when s.status <> 'pending' then now() end,
        case when s.status in ('available', 'declined') then now() end
    from (
        select id, row_number() over (order by id) - 1 as k from identity.users
    ) as o
    join generate_series(1, %(rows)s) as n on n %% %(owners)s = o.k
    cross join lateral (
        select case
            when n %% 997 = 0 then 'pending'::media.request_status
            when n %% 997 = 1 then 'approved'
            when n %% 3 = 0 then 'declined'
            else 'available'
        end as status
    ) as s
    """,
    """
    with made as (
        insert into work.jobs (user_id, kind, status, attempt, completed_at)
        select u.id, 'download', 'completed', 1, now()
        from identity.users as u
        cross join generate_series(
            1, greatest(%(rows)s / %(owners)s / 1000, 1)
        ) as n
        returning user_id, id
    ), specified as (
        insert into media.download_specs (user_id, job_id, playlist_url)
        select user_id, id, 'https://example.org/list' from made
    )
    insert into media.download_files (
        user_id, job_id, position, video_id, state, path, size_bytes, kept_at,
        error_class
    )
    select m.user_id, m.id, n, m.id || 'v' || n, s.state,
        case when s.state = 'kept' then m.user_id || '/' || m.id || '/' || n end,
        case when s.state = 'kept' then 1 end,
        case when s.state = 'kept' then now() end,
        case when s.state = 'failed' then 'network' end
    from made as m
    cross join generate_series(1, 1000) as n
    cross join lateral (
        select case when n %% 100 = 0 then 'failed'::media.file_state else 'kept' end
            as state
    ) as s
    """,
    """
    insert into ops.notices (user_id, topic, due_at, sent_at, read_at)
    select o.id, 'request_available',
        case when n %% 1000 = 0 then now() end,
        case when n %% 1000 <> 0 then now() end,
        case when n %% 500 <> 0 then now() end
    from (
        select id, row_number() over (order by id) - 1 as k from identity.users
    ) as o
    join generate_series(1, %(rows)s) as n on n %% %(owners)s = o.k
    """,
    """
    insert into identity.users (email, plan_id)
    select 'more' || n || '@example.org', 'roomy' from generate_series(1, 3000) as n
    """,
    """
    with made as (
        insert into work.jobs (user_id, kind, status, attempt, completed_at)
        select id, 'download', 'completed', 1, now()
        from identity.users
        where email like 'more%%'
        returning user_id, id
    )
    insert into media.download_specs (user_id, job_id, playlist_url)
    select user_id, id, 'https://example.org/list' from made
    """,
    """
    insert into media.usages (user_id, daily_requests)
    select id, 1000000000 from identity.users
    """,
    """
    insert into work.usages (user_id) select id from identity.users
    """,
)


@dataclass(frozen=True)
class Large:
    """Fifty users with all of it, and one download that a worker holds."""

    database: Database
    user_id: UUID
    job_id: UUID
    held: dict[str, Any]
    request_id: UUID
    names: list[str]


@pytest.fixture(scope="module")
def large(renderstore_server: Server, rows: int) -> Generator[Large]:
    made = renderstore_server.clone()
    with psycopg.connect(made.admin_url) as conn:
        for statement in FILL:
            conn.execute(statement.encode(), {"rows": rows, "owners": OWNERS})
    with psycopg.connect(made.admin_url, autocommit=True) as conn:
        conn.execute("vacuum (analyze)")
    [(user_id, job_id)] = look(
        made, "select user_id, job_id from media.download_files limit 1"
    )
    [(request_id,)] = look(
        made,
        "select id from media.requests where user_id = %(user)s"
        " order by id desc limit 1",
        user=user_id,
    )
    names = [f"{job_id}v{n}" for n in range(1, FILES + 1)]
    with acting(made, "app", user_id) as conn:
        downloads.submit(conn, playlist_url="https://example.org/list")
    with acting(made, "worker", None, "worker:mac-1") as conn:
        conn.execute("select work.register('{download}')")
        [job] = downloads.claim(conn, limit=1)
        held: dict[str, Any] = {
            "user_id": job.user_id,
            "id": job.id,
            "attempt": job.attempt,
        }
        download_files.report(conn, **held, video_ids=names)
    yield Large(made, user_id, job_id, held, request_id, names)
    renderstore_server.drop(made)


Conn = psycopg.Connection[Any]
Act = Callable[[Large, Conn], object]

# Who does what, and how many rows that may read.
ACTS: dict[str, tuple[str, int, Act]] = {
    "a user's page of requests": (
        "app",
        PAGE + 1,
        lambda _, conn: requests.list(conn, page_size=PAGE),
    ),
    "a request": ("app", 2, lambda at, conn: requests.get(conn, id=at.request_id)),
    "a request by its id alone": (
        "admin",
        2,
        lambda at, conn: requests.find_by_id(conn, id=at.request_id),
    ),
    "an administrator's page of what is pending": (
        "admin",
        PAGE + 1,
        lambda _, conn: requests.list_by_status(
            conn, status=RequestStatus.PENDING, page_size=PAGE
        ),
    ),
    "three seasons of what is new": (
        "app",
        100,
        lambda _, conn: requests.submit(
            conn,
            title="The bear",
            media_type=MediaType.TV,
            tmdb_id=2_000_000_000,
            seasons=[1, 2, 3],
        ),
    ),
    "what becomes available": (
        "admin",
        10,
        lambda _, conn: requests.make_available(
            conn, media_type=MediaType.TV, tmdb_id=999, season=1
        ),
    ),
    "what is used": (
        "app",
        60,
        lambda at, conn: usages.get(conn, user_id=at.user_id),
    ),
    "a page of downloads": (
        "app",
        5 * PAGE,
        lambda _, conn: downloads.list(conn, status=None, page_size=PAGE),
    ),
    "a download with its thousand files": (
        "app",
        5 * FILES,
        lambda at, conn: downloads.get(conn, id=at.job_id),
    ),
    "a page of its files": (
        "app",
        FILES,
        lambda at, conn: download_files.list_by_download(
            conn, job_id=at.job_id, page_size=PAGE
        ),
    ),
    "a page of what is kept": (
        "app",
        PAGE + FILES // 100 + 20,
        lambda _, conn: download_files.list_kept(conn, page_size=PAGE),
    ),
    "a download": (
        "app",
        40,
        lambda _, conn: downloads.submit(conn, playlist_url="https://example.org/"),
    ),
    "a report of one file": (
        "worker",
        20,
        lambda at, conn: download_files.report(
            conn,
            **at.held,
            video_ids=at.names[:1],
            states=[FileState.KEPT],
            paths=[f"{at.held['user_id']}/one.mp4"],
        ),
    ),
    "a page of notices": (
        "app",
        PAGE + 1,
        lambda _, conn: notices.list(conn, page_size=PAGE),
    ),
    "how many are unread": ("app", 101, lambda _, conn: notices.count_unread(conn)),
    "notices to deliver": (
        "worker",
        6 * PAGE,
        lambda _, conn: notices.claim(conn, limit=PAGE),
    ),
    "files to remove": (
        "worker",
        5,
        lambda _, conn: removals.claim(conn, limit=PAGE),
    ),
    "what files the sweep clears": (
        "owner",
        1,
        lambda _, conn: conn.execute("select media.clear_files(1000)"),
    ),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_call_reads_what_it_gives(large: Large, name: str) -> None:
    role, most, act = ACTS[name]
    user_id = large.user_id if role == "app" else None
    actor = "worker:mac-1" if role == "worker" else "x:y"
    if role == "owner":
        with psycopg.connect(large.database.admin_url) as conn:
            conn.execute("set local plan_cache_mode = force_generic_plan")
            assert read(conn, lambda: act(large, conn)) <= most
            conn.rollback()
        return
    with acting(large.database, role, user_id, actor) as conn:
        conn.execute("set local plan_cache_mode = force_generic_plan")
        assert read(conn, lambda: act(large, conn)) <= most
        conn.rollback()


def test_a_report_of_a_thousand_files_reads_each_a_few_times(large: Large) -> None:
    with acting(large.database, "worker", None, "worker:mac-1") as conn:
        conn.execute("set local plan_cache_mode = force_generic_plan")
        paths = [f"{large.held['user_id']}/{n}.mp4" for n in range(FILES)]
        assert (
            read(
                conn,
                lambda: download_files.report(
                    conn,
                    **large.held,
                    video_ids=large.names,
                    states=[FileState.KEPT] * FILES,
                    paths=paths,
                ),
            )
            <= 12 * FILES
        )
        conn.rollback()
