"""A media portal's Prisma database, brought here."""

from __future__ import annotations

import pytest

from renderstore import connect, errors, identity
from renderstore.secrets import hash_password, hash_token, verify_password
from renderstore.testing import Database

from .conftest import Made
from .support import ask, bring, digest, one, row, said

KIND = "media-portal"


def test_every_request_and_download_comes_as_it_was(
    made: Made, database: Database, jobs: int
) -> None:
    rows = min(jobs, 5000)
    source = made("media-portal", rows=rows)
    done = {each.table.name: each for each in bring(source, database, KIND)}

    for name in ("media_requests", "youtube_downloads"):
        each = done[name]
        assert (each.entered, each.changed, each.refused) == (rows, 0, 0)
    assert one(
        source,
        "select count(*)::text || md5(string_agg(concat_ws('|', id, user_id, title, media_type, tmdb_id, status,"
        " overseerr_id, created_at, coalesce(completed_at::text, '')), e'\\n' order by id::text)) from media_requests",
    ) == one(
        database,
        "select count(*)::text || md5(string_agg(concat_ws('|', i.old_id, r.user_id, r.title, r.media_type,"
        " r.tmdb_id, r.status, r.overseerr_id, r.created_at::timestamp(3),"
        " coalesce(r.completed_at::timestamp(3)::text, '')), e'\\n' order by i.old_id collate \"C\"))"
        " from media.media_requests as r"
        " join ops.imported as i on i.table_name = 'media.requests' and i.row_key = r.id::text",
    )
    assert one(
        source,
        "select count(*)::text || md5(string_agg(concat_ws('|', id, user_id, playlist_url, playlist_title, status,"
        " plex_collection_id, created_at, coalesce(completed_at::text, '')), e'\\n' order by id::text))"
        " from youtube_downloads",
    ) == one(
        database,
        "select count(*)::text || md5(string_agg(concat_ws('|', i.old_id, d.user_id, d.playlist_url,"
        " d.playlist_title, d.status, d.plex_collection_id, d.created_at::timestamp(3),"
        " coalesce(d.completed_at::timestamp(3)::text, '')), e'\\n' order by i.old_id collate \"C\"))"
        " from media.youtube_downloads as d"
        " join ops.imported as i on i.table_name = 'work.jobs' and i.row_key = d.id::text",
    )
    assert one(database, "select count(*) from work.problems()") == 0
    assert one(database, "select count(*) from media.problems()") == 0
    # Nothing of it is of today.
    assert (
        one(
            database,
            "select coalesce(sum(daily_requests + daily_downloads), 0) from media.usages",
        )
        == 0
    )


def test_users_keep_their_uuid_and_sessions_go_on_working(
    made: Made, database: Database
) -> None:
    source = made("media-portal", rows=0)
    bring(source, database, KIND)
    assert ask(
        source,
        "select id, plex_id::bigint, plex_username, email, created_at, last_login_at from users order by id",
    ) == ask(
        database,
        "select id, plex_id, plex_username, email, created_at::timestamp(3), last_login_at::timestamp(3)"
        " from identity.users order by id",
    )
    with connect(database.url) as store, store.auth() as conn:
        session = identity.session_tokens.check(conn, token_hash=hash_token("cookie7"))
    assert session is not None
    assert session.user_id == one(source, "select md5('user7')::uuid")


ODD: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "users": (
        {
            "password_hash: dropped, a new password is due": 1,
            "plex_token: dropped, it is sealed with another key; the next sign-in with Plex brings it": 40,
            "role: became user, the other is not known here": 1,
            "status: banned became suspended": 1,
        },
        {
            "Its e-mail address and its Plex id belong to two users.": 1,
            "Its e-mail address is none.": 1,
        },
    ),
    "session_tokens": (
        {},
        {
            "A session ends after it begins.": 1,
            "Its hash is no SHA-256 in hexadecimal digits: the user signs in again.": 1,
        },
    ),
    "service_config": (
        {
            "api_key: dropped, it is sealed with another key; set it again": 1,
            "service_name: Sonarr_TV became sonarr-tv": 1,
            "service_url: written without the slash at its end": 1,
        },
        {
            "A service's URL begins with http:// or https:// and a host, names no user, has no ? or #, and has at"
            " most 2000 characters.": 1,
        },
    ),
    "service_status": (
        {},
        {"Checks find anew how a service stands: renderstore check.": 1},
    ),
    "rate_limits": (
        {},
        {"A count of a window is over soon; ops.limits has the limits.": 1},
    ),
    "media_requests": (
        {
            "completed_at: dropped, it is open": 1,
            "completed_at: taken from created_at": 1,
            "media_type: show became tv": 1,
            "status: rejected became declined": 1,
            "title: written without control characters and blanks around it": 1,
            "tmdb_id: dropped, it is no number of TMDB": 1,
        },
        {
            "Its media_type is none that is known here.": 1,
            "Its status is none that is known here.": 1,
            "Its user did not come.": 1,
            "The user has asked for this already.": 1,
        },
    ),
    "youtube_downloads": (
        {
            "completed_at: taken from created_at": 1,
            "file_paths: kept in options, the files stay where they are": 1,
            "playlist_url: http became https": 1,
            "status: downloading became queued": 1,
        },
        {
            "It waits, and its user may not download.": 1,
            "A playlist's URL begins with https:// and a host, names no user, and has at most 2000 characters, all"
            " printable ASCII.": 1,
        },
    ),
}


def test_a_dry_run_says_each_change_and_refusal_of_the_run_and_writes_nothing(
    made: Made, database: Database
) -> None:
    source = made("media-portal", "media-portal-odd", rows=60)
    before = digest(database)
    dry = bring(source, database, KIND, dry=True)
    assert digest(database) == before
    assert said(dry) == said(bring(source, database, KIND, batch=7))
    assert {
        each.table.name: (dict(each.changes), dict(each.refusals)) for each in dry
    } == ODD
    assert one(database, "select count(*) from work.problems()") == 0
    # A second run refuses the same and brings nothing.
    again = bring(source, database, KIND)
    assert sum(each.entered for each in again) == 0
    assert [dict(each.refusals) for each in again] == [
        dict(each.refusals) for each in dry
    ]


def test_the_first_administrators_password_is_due_and_can_be_set(
    made: Made, database: Database
) -> None:
    source = made("media-portal", "media-portal-odd", rows=0)
    bring(source, database, KIND)
    boss = row(
        database, "select * from identity.users where email = 'boss@example.com'"
    )
    assert (boss["role"], boss["is_bootstrap"], boss["is_password_change_due"]) == (
        "admin",
        True,
        True,
    )
    with connect(database.url) as store, store.auth() as conn:
        found = identity.sign_in.find_password(conn, email="boss@example.com")
        assert found is not None
        assert not verify_password("", found.password_hash)
        identity.sign_in.change_password(
            conn, id=found.id, password_hash=hash_password("correct horse")
        )
    with connect(database.url) as store, store.auth() as conn:
        now = identity.sign_in.find_password(conn, email="boss@example.com")
        assert now is not None
        assert not now.is_password_change_due
        assert verify_password("correct horse", now.password_hash)
    # Nobody else becomes the first by the door that is for that.
    with (
        connect(database.url) as store,
        pytest.raises(errors.BootstrapDone),
        store.auth() as conn,
    ):
        identity.sign_in.create_bootstrap_admin(conn, email="x@example.com")


def test_a_service_that_is_set_up_here_stays_as_is(
    made: Made, database: Database
) -> None:
    source = made("media-portal", "media-portal-odd", rows=0)
    with connect(database.url) as store, store.admin(reason="test") as conn:
        conn.execute(
            "update ops.services set url = 'https://plex.example' where id = 'plex'"
        )
    done = {each.table.name: each for each in bring(source, database, KIND)}
    assert (
        done["service_config"].refusals[
            "This service is set up here already, with another URL."
        ]
        == 1
    )
    assert ask(
        database, "select id, url::text, is_enabled from ops.services order by id"
    ) == [
        ("overseerr", None, True),
        ("plex", "https://plex.example", True),
        ("sonarr-tv", "http://sonarr.local:8989", False),
        ("uptime-kuma", None, True),
    ]
