"""sql/queries/media/downloads.sql and download_files.sql: playlists, file by file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb
from tests.factories import acting, look, offer, registered

from renderstore.errors import (
    Error,
    Invalid,
    LeaseLost,
    NotAllowed,
    NotFound,
    QuotaExceeded,
    TransitionRefused,
)
from renderstore.media import (
    DownloadStatus,
    FileState,
    download_files,
    downloads,
    usages,
)
from renderstore.ops import removals, sweep
from renderstore.render import jobs as renders
from renderstore.store import SyncStore
from renderstore.testing import Database
from renderstore.work import jobs
from renderstore.work import sweep as sweep_jobs

from .world import LIST, Fetcher, Portal

LIFE: dict[str, Any] = {
    "priority": 4,
    "labels": ["gpu", "mac"],
    "max_failures": 7,
    "backoff_s": 30,
    "estimated_s": 90,
    "due_at": datetime(2099, 1, 1, tzinfo=UTC),
    "auto_cancel_at": datetime(2099, 1, 2, tzinfo=UTC),
    "idempotency_key": "monday-7",
}
CONTENT: dict[str, Any] = {
    "playlist_url": LIST,
    "playlist_title": "Foxes",
    "plex_collection_id": "c-7",
    "options": {"format": "best"},
}


def states(portal: Portal, id: UUID) -> dict[str, str]:
    """How each file stands, in the order of the playlist."""
    page = portal.mine.run(download_files.list_by_download, job_id=id, page_size=2000)
    return {one.video_id: str(one.state) for one in page}


def status(portal: Portal, id: UUID) -> str:
    return str(portal.mine.run(downloads.get, id=id).status)


def removed_uris(database: Database) -> list[str]:
    return [
        str(row[0])
        for row in look(database, "select uri from ops.removals order by uri")
    ]


def test_two_ways_of_submitting_make_the_same_download(
    database: Database, store: SyncStore
) -> None:
    offer(database, LIFE["labels"])
    found: list[dict[str, Any]] = []
    for way in ("function", "view"):
        portal = Portal(database, store)
        if way == "function":
            made = portal.mine.run(downloads.submit, **LIFE, **CONTENT).id
        else:
            values = LIFE | CONTENT | {"options": Jsonb(CONTENT["options"])}
            with acting(database, "app", portal.user_id) as conn:
                row = conn.execute(
                    sql.SQL(
                        "insert into media.downloads ({}) values ({}) returning id"
                    ).format(
                        sql.SQL(", ").join(map(sql.Identifier, values)),
                        sql.SQL(", ").join(map(sql.Placeholder, values)),
                    ),
                    values,
                ).fetchone()
            assert row is not None
            made = row[0]
        one = portal.mine.run(downloads.get, id=made)
        assert store.readonly().run(downloads.find_by_id, id=made) == one
        found.append(
            {
                name: value
                for name, value in asdict(one).items()
                if name not in {"user_id", "id", "submitted_by"}
                and not name.endswith("_at")
            }
        )
    assert found[0] == found[1]
    assert found[0]["status"] is DownloadStatus.PENDING
    assert found[0]["options"] == CONTENT["options"]
    assert (found[0]["files"], found[0]["kept_bytes"], found[0]["file_paths"]) == (
        0,
        0,
        None,
    )


def test_an_insert_says_what_to_fetch_and_not_what_became_of_it(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    for column, value in (
        ("files", "7"),
        ("file_paths", "'[]'"),
        ("id", "gen_random_uuid()"),
        ("status", "'partly'"),
    ):
        with (
            acting(database, "app", portal.user_id) as conn,
            pytest.raises(psycopg.Error, match="A new job"),
        ):
            conn.execute(
                f"insert into media.downloads (playlist_url, {column})"
                f" values ('{LIST}', {value})".encode()
            )


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://example.org/list",
        "https://",
        "https:///list",
        "https://ada:secret@example.org/list",
        "https://ada@example.org/list",
        "https://example.org\\@evil.example/list",
        "https://example.org/a b",
        "https://example.org/\n",
        "https://exämple.org/",
        "https://example.org/" + "x" * 10_000,
        "https://-oops/",
        "https://example.org:port/",
        " https://example.org/",
        "",
        "x" * 100_000,
    ],
)
def test_a_url_that_is_no_playlists_is_refused_in_a_sentence(
    database: Database, store: SyncStore, url: str
) -> None:
    portal = Portal(database, store)
    with pytest.raises(Invalid, match="begins with https:// and a host, names no user"):
        portal.mine.run(downloads.submit, playlist_url=url)
    assert look(database, "select count(*) from work.jobs") == [(0,)]


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/playlist?list=PL-7&x=%C3%A4",
        "https://127.0.0.1:8443/list.xml",
        "https://[::1]:8443/",
        "https://example.org",
        "https://example.org?list=7@9",
    ],
)
def test_a_url_of_a_playlist_is_taken(
    database: Database, store: SyncStore, url: str
) -> None:
    portal = Portal(database, store)
    made = portal.mine.run(downloads.submit, playlist_url=url)
    assert portal.mine.run(downloads.get, id=made.id).playlist_url == url


def test_a_daily_limit_counts_downloads_and_a_repeat_is_none(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store, max_daily_downloads=2)
    for key in ("a", "b", "a"):
        portal.mine.run(downloads.submit, playlist_url=LIST, idempotency_key=key)
    with pytest.raises(QuotaExceeded, match="allows 2 downloads a day; 2 were asked"):
        portal.mine.run(downloads.submit, playlist_url=LIST)
    assert portal.mine.run(usages.get, user_id=portal.user_id).daily_downloads == 2
    assert look(database, "select count(*) from work.jobs") == [(2,)]
    # They count among the active jobs too.
    portal = Portal(database, store, max_active_jobs=1)
    portal.mine.run(downloads.submit, playlist_url=LIST)
    with pytest.raises(QuotaExceeded, match="to wait or run at once"):
        portal.mine.run(downloads.submit, playlist_url=LIST)


def test_a_render_worker_is_never_handed_a_download(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    portal.mine.run(downloads.submit, **CONTENT)
    worker = registered(store, "mac-1")
    assert worker.run(renders.claim, limit=10) == []
    [claimed] = worker.run(downloads.claim, limit=10)
    assert {name: getattr(claimed, name) for name in CONTENT} == CONTENT
    held = worker.run(downloads.find_by_id, id=claimed.id)
    assert held is not None
    assert held.held_by == "mac-1"
    assert registered(store, "mac-2").run(downloads.find_by_id, id=claimed.id) is None


def test_a_worker_says_file_by_file_what_became_of_them(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    mac = portal.fetching()
    found = mac.find("a", "b", "c", "a")
    assert [(one.video_id, str(one.state), one.is_wanted) for one in found] == [
        ("a", "found", True),
        ("b", "found", True),
        ("c", "found", True),
        # A playlist may hold a video twice: it is fetched once.
        ("a", "found", False),
    ]
    [told] = mac.report({"a": "downloading"})
    assert (told.state, told.is_wanted) == (FileState.DOWNLOADING, True)
    mac.report({"a": "kept", "b": "failed"}, error_classes=[None, "network"])
    mac.report({"c": "skipped"}, error_messages=["Too long."])
    assert states(portal, mac.job.id) == {"a": "kept", "b": "failed", "c": "skipped"}
    one = portal.mine.run(downloads.get, id=mac.job.id)
    assert (one.status, one.files, one.kept_files, one.failed_files) == (
        DownloadStatus.DOWNLOADING,
        3,
        1,
        1,
    )
    assert (one.kept_bytes, one.file_paths) == (100, [portal.path("a")])
    # The same once more changes nothing.
    mac.report({"a": "kept", "b": "failed"}, error_classes=[None, "network"])
    assert portal.mine.run(downloads.get, id=mac.job.id) == one
    mac.scope.run(
        downloads.describe, **mac.key, playlist_title="x" * 600, plex_collection_id="9"
    )
    one = portal.mine.run(downloads.get, id=mac.job.id)
    assert (one.playlist_title, one.plex_collection_id) == ("x" * 500, "9")


def test_without_the_lease_nothing_is_reported(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    mac = portal.fetching()
    other = registered(store, "mac-2")
    late: dict[str, Any] = {**mac.key, "attempt": mac.job.attempt + 1}
    for scope, key in ((other, mac.key), (mac.scope, late)):
        with pytest.raises(LeaseLost):
            scope.run(download_files.report, **key, video_ids=["a"])
        with pytest.raises(LeaseLost):
            scope.run(downloads.finish, **key)
        with pytest.raises(LeaseLost):
            scope.run(downloads.describe, **key, playlist_title="a")
    with pytest.raises(NotAllowed):
        mac.report({"a": "removed"})
    assert states(portal, mac.job.id) == {}


def test_a_failed_file_fails_no_other_and_a_retry_fetches_it_alone(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    mac = portal.fetching(playlist_title="Foxes")
    names = [f"v{number}" for number in range(1, 13)]
    mac.find(*names)
    for name in names:
        if name == "v7":
            mac.report({name: "failed"}, error_classes=["network"])
        else:
            mac.report({name: "kept"})
    assert mac.finish() == "partly"
    assert status(portal, mac.job.id) == "partly"
    assert portal.topics() == ["download_partly"]
    assert look(database, "select body from ops.notices") == [
        ({"title": "Foxes", "settled_files": 11, "missing_files": 1},)
    ]
    again = portal.mine.run(downloads.retry_failed, id=mac.job.id)
    assert (again.status, again.files) == (DownloadStatus.QUEUED, 1)
    mac = portal.claimed()
    assert [one.video_id for one in mac.find(*names) if one.is_wanted] == ["v7"]
    mac.report({"v7": "kept"})
    assert mac.finish() == "completed"
    assert status(portal, mac.job.id) == "completed"
    assert portal.topics() == ["download_partly"]
    with pytest.raises(TransitionRefused, match="No file of this download is missing"):
        portal.mine.run(downloads.retry_failed, id=mac.job.id)


def test_a_retry_takes_what_is_worth_it(database: Database, store: SyncStore) -> None:
    portal = Portal(database, store)
    mac = portal.fetching()
    classes = {"a": "network", "b": "missing", "c": "timeout", "d": "of_its_own"}
    mac.find("kept", *classes)
    mac.report({"kept": "kept"})
    mac.report(dict.fromkeys(classes, "failed"), error_classes=[*classes.values()])
    mac.finish()
    with pytest.raises(TransitionRefused, match="failed with storage"):
        portal.mine.run(downloads.retry_failed, id=mac.job.id, error_class="storage")
    portal.mine.run(downloads.retry_failed, id=mac.job.id, error_class="timeout")
    mac = portal.claimed()
    # What was not asked for is not wanted because it is found again.
    wanted = [one.video_id for one in mac.find("kept", *classes) if one.is_wanted]
    assert wanted == ["c"]
    with pytest.raises(TransitionRefused, match="has ended"):
        portal.mine.run(downloads.retry_failed, id=mac.job.id)
    mac.finish()
    again = portal.mine.run(downloads.retry_failed, id=mac.job.id)
    assert again.files == 3
    assert states(portal, mac.job.id)["b"] == "failed"


def test_nothing_kept_at_all_is_a_failure_that_is_tried_again(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    mac = portal.fetching(max_failures=2, backoff_s=1)
    for left in ("pending", "failed"):
        assert all(one.is_wanted for one in mac.find("a", "b"))
        mac.report({"a": "failed", "b": "failed"}, error_classes=["network", "network"])
        assert mac.finish() == left
        one = portal.mine.run(downloads.get, id=mac.job.id)
        assert (str(one.status), one.error_class) == (left, "network")
        if left == "pending":
            portal.mine.run(jobs.set_due, id=mac.job.id, due_at=None)
            mac = portal.claimed()
    assert portal.topics() == []
    assert states(portal, mac.job.id) == {"a": "failed", "b": "failed"}
    again = portal.mine.run(downloads.retry_failed, id=mac.job.id)
    assert (again.status, again.files) == (DownloadStatus.QUEUED, 2)


def test_whoever_takes_it_over_goes_on_after_the_last_kept_file(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    mac = portal.fetching()
    names = [f"v{number:04}" for number in range(1000)]
    mac.find(*names)
    mac.report(dict.fromkeys(names[:600], "kept"))
    mac.report({names[600]: "downloading"})
    # It dies.
    look(database, "update work.jobs set lease_expires_at = now() returning 1")
    store.worker("mac-2").run(sweep_jobs, max_rows=10)
    with pytest.raises(LeaseLost):
        mac.report({names[600]: "kept"})
    mac = portal.claimed("mac-2")
    wanted = [one.video_id for one in mac.find(*names) if one.is_wanted]
    assert wanted == names[600:]
    assert states(portal, mac.job.id)[names[600]] == "found"
    mac.report(dict.fromkeys(names[600:], "kept"))
    assert mac.finish() == "completed"


def test_what_was_removed_on_purpose_is_not_fetched_again(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    mac = portal.fetching()
    mac.find("a", "b")
    mac.report({"a": "kept", "b": "kept"})
    mac.finish()
    [a, b] = portal.mine.run(download_files.list_kept, page_size=10)[::-1]
    other = Portal(database, store)
    assert other.mine.run(download_files.remove, ids=[a.id]) == 0
    assert portal.mine.run(download_files.remove, ids=[a.id]) == 1
    assert portal.mine.run(download_files.remove, ids=[a.id]) == 0
    assert removed_uris(database) == [portal.path("a")]
    one = portal.mine.run(downloads.get, id=mac.job.id)
    assert (one.status, one.file_paths) == (DownloadStatus.COMPLETED, [b.path])
    mac = portal.fetching()
    found = mac.find("a", "b", "c")
    assert [(str(one.state), one.is_wanted, one.known_path) for one in found] == [
        ("skipped", False, None),
        # Another download of the same user has it.
        ("found", True, portal.path("b")),
        ("found", True, None),
    ]
    mac.report({"b": "skipped", "c": "kept"})
    assert mac.finish() == "completed"
    assert portal.mine.run(download_files.forget_removed, video_ids=["a", "b"]) == 1
    mac = portal.fetching()
    assert mac.find("a")[0].is_wanted
    mac.report({"a": "skipped"})
    mac.finish()


def test_a_kept_file_outlives_its_download(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    mac = portal.fetching()
    mac.find("a", "b", "c")
    mac.report({"a": "kept", "b": "failed"})
    mac.report({"c": "kept"})
    mac.finish()
    [c, a] = portal.mine.run(download_files.list_kept, page_size=10)
    portal.mine.run(download_files.remove, ids=[c.id])
    portal.mine.run(jobs.delete, id=mac.job.id)
    done = {row.what: row.jobs for row in portal.admin.run(sweep, max_rows=100)}
    assert done["files of downloads that are gone"] == 1
    assert [
        (one.id, one.job_id)
        for one in portal.mine.run(download_files.list_kept, page_size=10)
    ] == [(a.id, None)]
    # Nobody's file went with the job, and what was removed stays so.
    assert removed_uris(database) == [portal.path("c")]
    mac = portal.fetching()
    assert [one.is_wanted for one in mac.find("a", "c")] == [True, False]
    mac.report({"a": "skipped"})
    mac.finish()


def test_whatever_ends_a_kept_files_row_queues_the_file(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    for _ in range(2):
        mac = portal.fetching()
        mac.find("a", "b")
        mac.report({"a": "kept"})
        mac.finish()
    [second, first] = portal.mine.run(download_files.list_kept, page_size=10)
    assert first.path == second.path
    # Two downloads keep it: it goes with the last.
    portal.mine.run(download_files.remove, ids=[first.id])
    assert removed_uris(database) == []
    look(database, "delete from identity.users where true returning 1")
    store.worker("mac-1").run(sweep, max_rows=100)
    assert look(database, "select count(*) from media.download_files") == [(0,)]
    assert removed_uris(database) == [portal.path("a")]


def test_the_janitor_takes_nothing_that_is_kept(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    mac = portal.fetching()
    mac.find("a", "b")
    mac.report({"a": "kept", "b": "kept"})
    mac.finish()
    ids = [one.id for one in portal.mine.run(download_files.list_kept, page_size=10)]
    portal.mine.run(download_files.remove, ids=ids)
    # One is kept anew before the janitor comes, the other while it is there.
    portal.mine.run(download_files.forget_removed, video_ids=["a", "b"])
    mac = portal.fetching()
    mac.find("a", "b")
    mac.report({"a": "kept"})
    janitor = registered(store, "janitor")
    [taken] = janitor.run(removals.claim, limit=10)
    assert taken.uri == portal.path("b")
    with pytest.raises(TransitionRefused, match="is being removed: keep it under"):
        mac.report({"b": "kept"})
    janitor.run(removals.confirm, user_ids=[taken.user_id], ids=[taken.id])
    mac.report({"b": "kept"})
    mac.finish()
    assert removed_uris(database) == []
    assert not portal.admin.run(
        removals.queue_stray, uri=portal.path("a"), size_bytes=1
    )
    # Whoever asked for it by hand is refused by the claim.
    look(
        database,
        "insert into ops.removals (user_id, uri, reason)"
        " values (%(id)s, %(uri)s, 'deleted') returning 1",
        id=portal.user_id,
        uri=portal.path("a"),
    )
    assert janitor.run(removals.claim, limit=10) == []
    assert removed_uris(database) == []


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "elsewhere/a.mp4",
        "{user}",
        "{user}/",
        "{user}/../a.mp4",
        "{user}/a/../../b",
        "{user}/./a",
        "{user}//a",
        "{user}/a\\b",
        "{user}/a\nb",
        "{user}/" + "x" * 1000,
    ],
)
def test_a_path_lies_below_its_owners_folder(
    database: Database, store: SyncStore, path: str
) -> None:
    portal = Portal(database, store)
    mac = portal.fetching()
    with pytest.raises(Invalid, match="begins with its owner's id and a slash"):
        mac.report({"a": "kept"}, paths=[path.format(user=portal.user_id)])
    named = f"{portal.user_id}/Die Füchse (2026)/Folge 1 ✶ Schnee [a].mp4"
    mac.report({"a": "kept"}, paths=[named])
    assert states(portal, mac.job.id) == {"a": "kept"}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"video_ids": ["a", None]}, "Each file is named"),
        ({"video_ids": ["a"], "titles": ["b", "c"]}, "no list is longer"),
        ({"video_ids": [""]}, "A video's id has 1 to 200 characters."),
        ({"video_ids": ["x" * 201]}, "A video's id has 1 to 200 characters."),
        ({"video_ids": ["a"], "states": ["lost"]}, "states takes"),
        ({"video_ids": ["a"] * 10_001}, "0 to 10000"),
        (
            {"video_ids": ["a"], "states": ["failed"], "error_classes": ["No Class"]},
            "class",
        ),
        ({"video_ids": ["a"], "states": ["kept"]}, "has a path"),
    ],
)
def test_a_report_that_cannot_be_is_refused_whole(
    database: Database, store: SyncStore, given: dict[str, Any], sentence: str
) -> None:
    portal = Portal(database, store)
    mac = portal.fetching()
    with pytest.raises(Error, match=sentence):
        mac.scope.run(download_files.report, **mac.key, **given)
    assert states(portal, mac.job.id) == {}
    assert mac.scope.run(download_files.report, **mac.key, video_ids=[]) == []


def test_an_assets_file_is_not_kept_twice(database: Database, store: SyncStore) -> None:
    portal = Portal(database, store)
    uri = f"{portal.user_id}/asset.png"
    look(
        database,
        "insert into studio.assets (user_id, kind, uri, size_bytes)"
        " values (%(id)s, 'video', %(uri)s, 1) returning 1",
        id=portal.user_id,
        uri=uri,
    )
    mac = portal.fetching()
    with pytest.raises(TransitionRefused, match="is an asset's"):
        mac.report({"a": "kept"}, paths=[uri])


def test_what_waits_for_a_download_waits_again_when_it_is_retried(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    mac = portal.fetching()
    after = portal.mine.run(
        downloads.submit, playlist_url=LIST, needs_job_ids=[mac.job.id]
    )
    mac.find("a", "b")
    mac.report({"a": "kept", "b": "failed"})
    mac.finish()
    assert status(portal, after.id) == "queued"
    portal.mine.run(downloads.retry_failed, id=mac.job.id)
    store.worker("mac-1").run(sweep_jobs, max_rows=100)
    assert status(portal, after.id) == "pending"
    mac = portal.claimed()
    assert mac.job.id != after.id
    mac.report({"b": "kept"})
    mac.finish()
    assert status(portal, after.id) == "queued"


def test_only_a_download_that_has_ended_is_retried(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    render = portal.mine.run(
        renders.submit, template_path="/a.aep", output_path="/b.mov"
    )
    waiting = portal.mine.run(downloads.submit, playlist_url=LIST)
    for one in (render, waiting):
        with pytest.raises(TransitionRefused, match="Only a download that has ended"):
            portal.mine.run(downloads.retry_failed, id=one.id)
    with pytest.raises(NotFound):
        Portal(database, store).mine.run(downloads.retry_failed, id=waiting.id)
    # What is completed is so for good, unless it is a download.
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("alter table work.jobs disable trigger user")
        conn.execute(
            "update work.jobs set status = 'completed', completed_at = now()"
            " where id = %s",
            [render.id],
        )
        conn.execute("alter table work.jobs enable trigger user")
        with pytest.raises(psycopg.Error, match="A completed job cannot become queued"):
            conn.execute(
                "update work.jobs set status = 'queued', completed_at = null"
                " where id = %s",
                [render.id],
            )
        conn.rollback()


def test_a_page_shows_the_status_in_the_portals_words(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    mac = portal.fetching()
    mac.report({"a": "kept", "b": "failed"})
    mac.finish()
    waiting = portal.mine.run(downloads.submit, playlist_url=LIST)
    portal.mine.run(renders.submit, template_path="/a.aep", output_path="/b.mov")
    page = portal.mine.run(downloads.list, status=None, page_size=10)
    assert [(one.id, str(one.status)) for one in page] == [
        (waiting.id, "queued"),
        (mac.job.id, "partly"),
    ]
    for name in ("partly", "completed"):
        [one] = portal.mine.run(
            downloads.list, status=DownloadStatus(name), page_size=10
        )
        assert str(one.status) == "partly"
    with acting(database, "app", portal.user_id) as conn:
        rows = conn.execute(
            "select playlist_url, playlist_title, status::text, file_paths,"
            " plex_collection_id, completed_at is null from media.youtube_downloads"
            " order by id"
        ).fetchall()
    assert rows == [
        (LIST, None, "partly", [portal.path("a")], None, False),
        (LIST, None, "queued", None, None, True),
    ]


def test_what_a_worker_left_without_a_word_is_missing(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    mac = portal.fetching()
    mac.find("a", "b")
    mac.report({"a": "kept"})
    mac.scope.run(jobs.finish, **mac.key)
    assert status(portal, mac.job.id) == "partly"
    assert portal.mine.run(downloads.retry_failed, id=mac.job.id).files == 1


def paths_of(mac: Fetcher, names: Sequence[str]) -> list[str]:
    return [mac.portal.path(name) for name in names]


def test_an_end_may_name_the_files_by_their_paths_alone(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    mac = portal.fetching()
    sizes: list[Any] = [7, None]
    became = mac.scope.run(
        downloads.finish, **mac.key, paths=paths_of(mac, "ab"), sizes_bytes=sizes
    )
    assert became is DownloadStatus.COMPLETED
    one = portal.mine.run(downloads.get, id=mac.job.id)
    assert (one.file_paths, one.kept_bytes) == (paths_of(mac, "ab"), 7)
    # One without files has nothing that is missing.
    mac = portal.fetching()
    assert mac.finish() == "completed"
