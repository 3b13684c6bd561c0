"""The media portal under fire: quotas, decisions, reports and removals of many at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests.factories import acting, look, plans, registered, users

from renderstore.errors import Error, QuotaExceeded, TimedOut, TransitionRefused
from renderstore.media import FileState, MediaType, download_files, downloads, requests
from renderstore.ops import removals
from renderstore.store import SyncStore, connect
from renderstore.testing import Database
from renderstore.work import sweep

from .queueing import PROVE

SPAWN = multiprocessing.get_context("spawn")
LIST = "https://example.org/list"
FOX: dict[str, Any] = {"title": "The fox", "media_type": MediaType.TV, "tmdb_id": 7}


@pytest.fixture(autouse=True)
def sound(database: Database) -> Any:
    """Nothing in the portal disagrees afterwards."""
    yield
    assert look(database, "select * from media.problems()") == []


def fox(number: int) -> dict[str, Any]:
    """Another show."""
    return FOX | {"tmdb_id": number}


def limited(database: Database, **limits: object) -> UUID:
    return users.make(database, plan_id=plans.make(database, **limits))


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What each of so many got, an error of ours among it."""
    barrier = Barrier(count)

    def run(number: int) -> Any:
        barrier.wait()
        try:
            return act(number)
        except Error as error:
            return error

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


@pytest.mark.parametrize("seasons", [[], [1, 2, 3]])
@pytest.mark.parametrize("limit", ["max_open_requests", "max_daily_requests"])
def test_fifty_at_once_on_a_quota_of_five(
    database: Database, seasons: list[int], limit: str
) -> None:
    most = 5 * max(len(seasons), 1) + (1 if seasons else 0)
    owner = limited(database, **{limit: most})
    with connect(database.url, size=16) as store:
        got = at_once(
            50,
            lambda number: store.user(owner).run(
                requests.submit,
                title="The fox",
                media_type=MediaType.TV,
                tmdb_id=number + 1,
                seasons=seasons,
            ),
        )
    assert sum(isinstance(each, list) for each in got) == 5
    assert sum(isinstance(each, QuotaExceeded) for each in got) == 45
    # With seasons it is all of them or none.
    assert (
        look(
            database, "select count(*) from media.requests group by tmdb_id order by 1"
        )
        == [(max(len(seasons), 1),)] * 5
    )


def test_fifty_downloads_at_once_on_a_quota_of_five(database: Database) -> None:
    owner = limited(database, max_daily_downloads=5)
    with connect(database.url, size=16) as store:
        got = at_once(
            50,
            lambda _: store.user(owner).run(downloads.submit, playlist_url=LIST),
        )
    assert sum(isinstance(each, QuotaExceeded) for each in got) == 45
    assert look(database, "select count(*) from work.jobs") == [(5,)]


def test_forty_who_ask_for_the_same_make_one_set(database: Database) -> None:
    owner = limited(database, max_open_requests=3)
    with connect(database.url, size=16) as store:
        got = at_once(
            40,
            lambda _: store.user(owner).run(requests.submit, **FOX, seasons=[1, 2, 3]),
        )
    assert all(isinstance(each, list) for each in got)
    assert len({tuple(one.id for one in each) for each in got}) == 1
    assert sum(each[0].is_new for each in got) == 1
    assert look(database, "select count(*) from media.requests") == [(3,)]


def test_two_administrators_make_one_decision(database: Database) -> None:
    owner = users.make(database, plan_id=plans.make(database))
    rounds = 20 if PROVE else 5
    with connect(database.url, size=8) as store:
        for number in range(rounds):
            [made] = store.user(owner).run(requests.submit, **fox(number + 1))
            key: dict[str, Any] = {"user_id": owner, "id": made.id}
            admin = store.admin(reason="tests")

            def decide(turn: int, admin: Any = admin, key: dict[str, Any] = key) -> Any:
                if turn % 2:
                    return admin.run(requests.decline, **key, reason="No.")
                return admin.run(requests.approve, **key)

            got = at_once(4, decide)
            assert sum(getattr(each, "is_changed", False) for each in got) == 1
            assert sum(isinstance(each, TransitionRefused) for each in got) == 2
    assert look(
        database,
        "select count(*), count(distinct subject_id) from ops.notices",
    ) == [(rounds, rounds)]


def test_ten_thousand_who_wait_for_it_hear_of_it_once(
    database: Database, store: SyncStore
) -> None:
    look(
        database,
        "with made as (insert into identity.users (email) select n || '@example.org'"
        " from generate_series(1, 10000) as n returning id), owned as (select count(*)"
        " from made) select * from owned",
    )
    look(
        database,
        "with usages as (insert into media.usages (user_id, daily_requests)"
        " select user_id, 1 from identity.owners) insert into media.requests"
        " (user_id, title, media_type, tmdb_id, status, decided_by, decided_at)"
        " select user_id, 'The fox', 'movie', 7, 'approved', 'dba:tests', now()"
        " from identity.owners returning 1",
    )
    done = store.admin(reason="tests").run(
        requests.make_available, media_type=MediaType.MOVIE, tmdb_id=7
    )
    assert (done.made_available, done.held) == (10_000, 0)
    assert look(
        database,
        "select count(*), count(distinct user_id) from ops.notices"
        " where topic = 'request_available'",
    ) == [(10_000, 10_000)]


def test_administrators_wait_for_nobody(database: Database, store: SyncStore) -> None:
    """A user cancels one request and asks for others, and stays in the transaction."""
    holder, other = users.make(database), users.make(database)
    admin = store.admin(reason="tests")
    [first], [failed] = (
        store.user(holder).run(requests.submit, **fox(number)) for number in (7, 8)
    )
    [second] = store.user(other).run(requests.submit, **FOX)
    for one, who in ((first, holder), (failed, holder), (second, other)):
        admin.run(requests.approve, user_id=who, id=one.id)
    admin.run(requests.begin, user_id=holder, id=failed.id)
    admin.run(requests.fail, user_id=holder, id=failed.id, reason="No space.")
    with acting(database, "app", holder) as conn:
        conn.execute("select media.cancel_request(%s)", [first.id])
        conn.execute("select media.submit_requests('The bear', 'tv', 8)")
        done = admin.run(requests.make_available, media_type=MediaType.TV, tmdb_id=7)
        assert (done.made_available, done.held) == (1, 1)
        # What the holder has open is refused in a moment, and waits for no commit.
        with pytest.raises(TimedOut):
            admin.run(requests.begin, user_id=holder, id=first.id)
        with pytest.raises(TimedOut):
            admin.run(requests.approve, user_id=holder, id=failed.id)
        assert not look(
            database, "select 1 from pg_stat_activity where wait_event_type = 'Lock'"
        )
    with pytest.raises(TransitionRefused, match="is cancelled"):
        admin.run(requests.begin, user_id=holder, id=first.id)


def test_a_worker_waits_for_no_user(database: Database, store: SyncStore) -> None:
    """A user removes a kept file, and stays in the transaction."""
    owner = users.make(database)
    mine, mac = store.user(owner), registered(store, "mac-1")
    mine.run(downloads.submit, playlist_url=LIST)
    [job] = mac.run(downloads.claim, limit=1)
    key: dict[str, Any] = {"user_id": owner, "id": job.id, "attempt": job.attempt}
    path = f"{owner}/a.mp4"
    kept: dict[str, Any] = {"states": [FileState.KEPT], "paths": [path]}
    mac.run(download_files.report, **key, video_ids=["a"], **kept)
    [file] = mine.run(download_files.list_kept, page_size=1)
    with acting(database, "app", owner) as conn:
        conn.execute("select media.remove_files(%s)", [[file.id]])
        conn.execute("select work.cancel(%s)", [job.id])
        [told] = mac.run(download_files.report, **key, video_ids=["a"], **kept)
        assert told.state is FileState.KEPT
        mac.run(download_files.report, **key, video_ids=["b"])
        mac.run(downloads.describe, **key, playlist_title="Foxes")
        assert registered(store, "janitor").run(removals.claim, limit=9) == []
        mac.run(downloads.finish, **key)
    mac.run(sweep, max_rows=100)


def fetch(url: str, names: list[str], stop_after: int, told: Any) -> None:
    """A worker of a process of its own, which is killed after so many files."""
    with connect(url) as store:
        mac = registered(store, f"mac-{os.getpid()}")
        [job] = mac.run(downloads.claim, limit=1)
        key: dict[str, Any] = {
            "user_id": job.user_id,
            "id": job.id,
            "attempt": job.attempt,
        }
        wanted = [
            one.video_id
            for one in mac.run(download_files.report, **key, video_ids=names)
            if one.is_wanted
        ]
        told.send(wanted)
        for number, name in enumerate(wanted):
            for state in (FileState.DOWNLOADING, FileState.KEPT):
                mac.run(
                    download_files.report,
                    **key,
                    video_ids=[name],
                    states=[state],
                    paths=[f"{job.user_id}/{name}.mp4"],
                )
                if number == stop_after:
                    os.kill(os.getpid(), signal.SIGKILL)
        mac.run(downloads.finish, **key)


def test_a_worker_killed_in_a_playlist_of_a_thousand_is_followed_by_another(
    database: Database, store: SyncStore
) -> None:
    owner = users.make(database)
    made = store.user(owner).run(downloads.submit, playlist_url=LIST)
    names = [f"v{number:04}" for number in range(1000)]
    kept = 0
    for turn in range(10 if PROVE else 3):
        here, there = SPAWN.Pipe()
        last = turn == (9 if PROVE else 2)
        child = SPAWN.Process(
            target=fetch, args=(database.url, names, 10_000 if last else 20, there)
        )
        child.start()
        assert here.recv() == names[kept:]
        child.join()
        assert child.exitcode == (0 if last else -signal.SIGKILL)
        kept += 20
        if not last:
            with psycopg.connect(database.admin_url) as conn:
                conn.execute("update work.jobs set lease_expires_at = now()")
            store.worker("sweeper").run(sweep, max_rows=10)
    found = store.user(owner).run(downloads.get, id=made.id)
    assert (str(found.status), found.kept_files) == ("completed", 1000)


def test_retries_and_removals_beside_reports_leave_every_file_somewhere(
    database: Database, store: SyncStore
) -> None:
    """Users remove, forget and retry while workers fetch and a janitor deletes."""
    names = [f"v{number}" for number in range(20)]
    owner = users.make(database, plan_id=plans.make(database))
    rounds = 60 if PROVE else 12
    with connect(database.url, size=12) as store:

        def work(number: int) -> None:
            mac = registered(store, f"mac-{number}")
            for turn in range(rounds):
                for job in mac.run(downloads.claim, limit=1):
                    key: dict[str, Any] = {
                        "user_id": job.user_id,
                        "id": job.id,
                        "attempt": job.attempt,
                    }
                    for one in mac.run(download_files.report, **key, video_ids=names):
                        if not one.is_wanted:
                            continue
                        failed = (turn + len(one.video_id)) % 3 == 0
                        try:
                            mac.run(
                                download_files.report,
                                **key,
                                video_ids=[one.video_id],
                                states=[FileState.FAILED if failed else FileState.KEPT],
                                paths=[f"{owner}/{job.id}-{one.video_id}-{turn}"],
                            )
                        except TransitionRefused:
                            continue  # the janitor has a file of this name
                    mac.run(downloads.finish, **key)

        def ask(number: int) -> None:
            mine = store.user(owner)
            for _ in range(rounds):
                try:
                    made = mine.run(downloads.submit, playlist_url=LIST, backoff_s=1)
                    kept = mine.run(download_files.list_kept, page_size=5)
                    mine.run(download_files.remove, ids=[one.id for one in kept])
                    mine.run(download_files.forget_removed, video_ids=names[number:])
                    mine.run(downloads.retry_failed, id=made.id)
                except TransitionRefused:
                    continue

        def clean(_: int) -> None:
            janitor = registered(store, "janitor")
            for _ in range(rounds):
                taken = janitor.run(removals.claim, limit=10)
                alive = look(
                    database,
                    "select path from media.download_files where state = 'kept'"
                    " and path = any(%(paths)s)",
                    paths=[one.uri for one in taken],
                )
                assert alive == []
                janitor.run(
                    removals.confirm,
                    user_ids=[one.user_id for one in taken],
                    ids=[one.id for one in taken],
                )

        acts: list[Callable[[int], None]] = [work, work, ask, ask, clean]
        got = at_once(5, lambda number: acts[number](number))
    assert [each for each in got if each is not None] == []
    # A file that nobody keeps is gone, or is to be removed.
    assert (
        look(
            database,
            "select f.path from media.download_files as f join ops.removals as r"
            " on r.user_id = f.user_id and r.uri = f.path"
            " where f.state = 'kept' and r.tries > 0",
        )
        == []
    )
