"""sql/queries/media/requests.sql: asking, deciding, and what of it is kept."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from tests.factories import acting, look

from renderstore.errors import (
    Error,
    Invalid,
    NotAllowed,
    NotFound,
    QuotaExceeded,
    TransitionRefused,
)
from renderstore.media import MediaType, RequestStatus, requests, usages
from renderstore.store import SyncStore
from renderstore.testing import Database

from .world import Portal

FOX: dict[str, Any] = {"title": "The fox", "media_type": MediaType.TV, "tmdb_id": 7}
FILM: dict[str, Any] = {
    "title": "The bear",
    "media_type": MediaType.MOVIE,
    "tmdb_id": 7,
}


def film(number: int) -> dict[str, Any]:
    """Another movie."""
    return changed(FILM, tmdb_id=number)


def changed(given: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return given | changes


def test_a_season_is_a_row_and_all_are_made_or_none(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store, max_open_requests=4)
    made = portal.mine.run(requests.submit, **FOX, seasons=[3, 0, 1])
    assert [(one.season, one.is_new) for one in made] == [
        (3, True),
        (0, True),
        (1, True),
    ]
    with pytest.raises(
        QuotaExceeded, match="allows 4 open requests; 3 are open and 2 more"
    ):
        portal.mine.run(requests.submit, **FOX, seasons=[4, 5])
    assert len(portal.mine.run(requests.list, page_size=10)) == 3
    # What is there already counts for nothing.
    more = portal.mine.run(requests.submit, **FOX, seasons=[0, 4])
    assert [(one.is_new, one.id == made[1].id) for one in more] == [
        (False, True),
        (True, False),
    ]
    used = portal.mine.run(usages.get, user_id=portal.user_id)
    assert (used.open_requests, used.daily_requests, used.max_open_requests) == (
        4,
        4,
        4,
    )


def test_a_movie_is_one_row_however_often_it_is_asked_for(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    [first] = portal.mine.run(requests.submit, **FILM)
    [again] = portal.mine.run(requests.submit, **changed(FILM, title="Another word"))
    assert (again.id, again.is_new) == (first.id, False)
    # A show of the same number, and the movie in 4K, are something else.
    others = [
        portal.mine.run(requests.submit, **FOX)[0],
        portal.mine.run(requests.submit, **FILM, is_4k=True)[0],
    ]
    assert all(one.is_new for one in others)
    # Without a number nothing says that two are the same.
    unknown: dict[str, Any] = {"title": "The bear", "media_type": MediaType.MOVIE}
    ids = {portal.mine.run(requests.submit, **unknown)[0].id for _ in range(2)}
    assert len(ids) == 2
    assert len(portal.mine.run(requests.list, page_size=10)) == 5


@pytest.mark.parametrize(
    ("status", "is_new"),
    [
        ("pending", False),
        ("approved", False),
        ("processing", False),
        ("available", False),
        ("failed", True),
        ("declined", True),
        ("cancelled", True),
        ("removed", True),
    ],
)
def test_asking_again_finds_what_is_open_or_there(
    database: Database, store: SyncStore, status: str, is_new: bool
) -> None:
    portal = Portal(database, store)
    [made] = portal.mine.run(requests.submit, **FILM)
    bring(portal, made.id, status)
    [again] = portal.mine.run(requests.submit, **FILM)
    assert (again.is_new, again.id != made.id) == (is_new, is_new)
    assert str(again.status) == ("pending" if is_new else status)


STEPS: dict[str, tuple[Any, ...]] = {
    "pending": (),
    "approved": (requests.approve,),
    "processing": (requests.approve, requests.begin),
    "available": (requests.approve, requests.complete),
    "failed": (requests.approve, requests.begin, requests.fail),
    "declined": (requests.decline,),
    "removed": (requests.approve, requests.complete, requests.remove),
}


def bring(portal: Portal, id: Any, status: str) -> None:
    """Let administrators, or the user, bring a new request there."""
    if status == "cancelled":
        portal.mine.run(requests.cancel, id=id)
    for step in STEPS.get(status, ()):
        given: dict[str, Any] = {"user_id": portal.user_id, "id": id}
        if step in (requests.fail, requests.decline):
            given["reason"] = "No space is left."
        portal.admin.run(step, **given)


def test_a_daily_limit_counts_what_was_new(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store, max_daily_requests=2)
    portal.mine.run(requests.submit, **FOX, seasons=[1, 2])
    portal.mine.run(requests.submit, **FOX, seasons=[1, 2])
    with pytest.raises(QuotaExceeded, match="2 requests a day; 2 were made today"):
        portal.mine.run(requests.submit, **FILM)
    # Taking one back gives nothing of the day back.
    [one, _] = portal.mine.run(requests.list, page_size=2)
    portal.mine.run(requests.cancel, id=one.id)
    with pytest.raises(QuotaExceeded) as refused:
        portal.mine.run(requests.submit, **FILM)
    assert refused.value.constraint == "plans_max_daily_requests"
    # Another day.
    look(
        database,
        "update media.usages set counted_on = counted_on - 1,"
        " daily_requests = 2 returning 1",
    )
    look(
        database,
        "update media.requests set requested_at = now() - interval '1 day' returning 1",
    )
    assert portal.mine.run(requests.submit, **FILM)[0].is_new


def test_what_has_ended_is_open_no_more(database: Database, store: SyncStore) -> None:
    portal = Portal(database, store, max_open_requests=1)
    for number, status in enumerate(("available", "declined", "cancelled", "failed")):
        [made] = portal.mine.run(requests.submit, **film(number + 1))
        with pytest.raises(QuotaExceeded, match="open requests"):
            portal.mine.run(requests.submit, **film(100))
        bring(portal, made.id, status)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"seasons": [1, 1]}, "Each season is named once."),
        ({"seasons": [-1]}, r"A season is 0 \(the specials\) to 1000."),
        ({"seasons": [1001]}, r"A season is 0 \(the specials\) to 1000."),
        ({"seasons": [1, None]}, "A list of seasons has no empty place"),
        ({"seasons": list(range(101))}, "at most 100 seasons"),
        ({"tmdb_id": 0}, "An id at TMDB is 1 or more."),
        ({"tmdb_id": 2**31}, "tmdb_id takes"),
        ({"media_type": MediaType.MOVIE, "seasons": [1]}, "A movie has no seasons."),
        ({"title": ""}, "title has 1 to 500 characters"),
        ({"title": "  "}, "title has 1 to 500 characters"),
        ({"title": "a\nb"}, "title has 1 to 500 characters"),
        ({"title": "x" * 501}, "title has 1 to 500 characters"),
        ({"title": "a\0b"}, "title takes"),
        ({"overseerr_id": ""}, "An id at Overseerr has 1 to 100 characters."),
        ({"media_type": "song"}, "media_type takes"),
    ],
)
def test_what_cannot_be_asked_for_is_said_in_a_sentence(
    database: Database, store: SyncStore, given: dict[str, Any], sentence: str
) -> None:
    portal = Portal(database, store)
    with pytest.raises(Error, match=sentence):
        portal.mine.run(requests.submit, **changed(FOX, **given))
    assert portal.mine.run(requests.list, page_size=1) == []


def test_who_decided_and_why_is_kept_and_whoever_asked_hears_of_it(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    [made] = portal.mine.run(requests.submit, **FOX, seasons=[2])
    key: dict[str, Any] = {"user_id": portal.user_id, "id": made.id}
    with pytest.raises(Invalid, match="name the reason"):
        portal.admin.run(requests.decline, **changed(key, reason=None))
    done = portal.admin.run(requests.approve, **key, reason="Gladly.")
    assert (done.status, done.is_changed) == (RequestStatus.APPROVED, True)
    # A second administrator, or a second click.
    again = portal.admin.run(requests.approve, **key)
    assert (again.status, again.is_changed) == (RequestStatus.APPROVED, False)
    found = portal.mine.run(requests.get, id=made.id)
    assert (found.decided_by, found.decision_reason) == ("dba:tests", "Gladly.")
    portal.admin.run(requests.begin, **key)
    portal.admin.run(requests.complete, **key)
    seen = portal.admin.run(requests.find_by_id, id=made.id)
    assert seen is not None
    assert seen.completed_at is not None
    assert portal.topics() == ["request_approved", "request_available"]
    [(body,)] = look(
        database, "select body from ops.notices where topic = 'request_approved'"
    )
    assert body == {
        "title": "The fox",
        "media_type": "tv",
        "season": 2,
        "is_4k": False,
        "reason": "Gladly.",
    }


def test_a_user_cancels_the_own_ones_while_they_are_open(
    database: Database, store: SyncStore
) -> None:
    portal, other = Portal(database, store), Portal(database, store)
    [made] = portal.mine.run(requests.submit, **FILM)
    with pytest.raises(NotFound, match="There is no request with this id"):
        other.mine.run(requests.cancel, id=made.id)
    with pytest.raises(NotAllowed):
        other.mine.run(requests.approve, user_id=portal.user_id, id=made.id)
    with pytest.raises(NotFound):
        other.mine.run(requests.get, id=made.id)
    portal.mine.run(requests.cancel, id=made.id)
    assert portal.mine.run(requests.cancel, id=made.id) is RequestStatus.CANCELLED
    found = portal.mine.run(requests.get, id=made.id)
    assert found.decided_by == f"user:{portal.user_id}"
    [made] = portal.mine.run(requests.submit, **FILM)
    bring(portal, made.id, "available")
    with pytest.raises(
        TransitionRefused, match="A request that is available cannot become cancelled"
    ):
        portal.mine.run(requests.cancel, id=made.id)
    # An administrator for the user.
    [made] = portal.admin.run(requests.submit, **FOX, user_id=portal.user_id)
    portal.admin.run(requests.cancel, id=made.id, user_id=portal.user_id)
    assert portal.topics() == ["request_approved", "request_available"]


def test_what_failed_is_approved_again_unless_it_was_asked_for_anew(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    [made] = portal.mine.run(requests.submit, **FILM)
    bring(portal, made.id, "failed")
    portal.admin.run(requests.approve, user_id=portal.user_id, id=made.id)
    assert portal.mine.run(requests.get, id=made.id).completed_at is None
    key: dict[str, Any] = {"user_id": portal.user_id, "id": made.id}
    portal.admin.run(requests.begin, **key)
    portal.admin.run(requests.fail, **key, reason="Again.")
    portal.mine.run(requests.submit, **FILM)
    with pytest.raises(Error, match="The user has asked for this already"):
        portal.admin.run(requests.approve, user_id=portal.user_id, id=made.id)


def test_administrators_page_through_one_status_newest_first(
    database: Database, store: SyncStore
) -> None:
    portals = [Portal(database, store) for _ in range(3)]
    ids = [
        portal.mine.run(requests.submit, **film(number))[0].id
        for number in (1, 2, 3)
        for portal in portals
    ]
    bring(portals[0], ids[3], "approved")
    page = portals[0].admin.run(
        requests.list_by_status, status=RequestStatus.PENDING, page_size=5
    )
    rest = portals[0].admin.run(
        requests.list_by_status,
        status=RequestStatus.PENDING,
        before_id=page[-1].id,
        page_size=5,
    )
    left = [one for one in reversed(ids) if one != ids[3]]
    assert [one.id for one in [*page, *rest]] == left
    with pytest.raises(NotAllowed):
        portals[1].mine.run(
            requests.list_by_status, status=RequestStatus.PENDING, page_size=50
        )


def test_who_moves_to_another_farm_is_held(
    database: Database, store: SyncStore
) -> None:
    portals = [Portal(database, store) for _ in range(2)]
    for portal in portals:
        bring(portal, portal.mine.run(requests.submit, **FILM)[0].id, "approved")
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "insert into ops.moves (user_id, to_farm_id) values (%s, 2)",
            [portals[0].user_id],
        )
    done = portals[0].admin.run(
        requests.make_available, media_type=MediaType.MOVIE, tmdb_id=FILM["tmdb_id"]
    )
    assert (done.made_available, done.held) == (1, 1)


def test_what_is_there_is_so_for_everybody_who_waits_for_it(
    database: Database, store: SyncStore
) -> None:
    portals = [Portal(database, store) for _ in range(4)]
    made = [
        portal.mine.run(requests.submit, **FOX, seasons=[1])[0] for portal in portals
    ]
    portals[0].mine.run(requests.submit, **FOX, seasons=[2])
    portals[0].mine.run(requests.submit, **FILM)
    for portal, one, status in zip(
        portals, made, ("approved", "processing", "pending", "cancelled"), strict=True
    ):
        bring(portal, one.id, status)
    done = portals[0].admin.run(
        requests.make_available, media_type=MediaType.TV, tmdb_id=7, season=1
    )
    assert (done.made_available, done.held) == (2, 0)
    assert [
        str(portal.mine.run(requests.get, id=one.id).status)
        for portal, one in zip(portals, made, strict=True)
    ] == ["available", "available", "pending", "cancelled"]
    assert [portal.topics()[-1:] for portal in portals] == [
        ["request_available"],
        ["request_available"],
        [],
        [],
    ]
    again = portals[0].admin.run(
        requests.make_available, media_type=MediaType.TV, tmdb_id=7, season=1
    )
    assert again.made_available == 0
    with pytest.raises(NotAllowed):
        portals[0].mine.run(
            requests.make_available, media_type=MediaType.TV, tmdb_id=7, season=1
        )


def test_a_user_who_is_suspended_asks_for_nothing(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    look(
        database,
        "update identity.users set status = 'suspended' where id = %(id)s returning 1",
        id=portal.user_id,
    )
    with pytest.raises(NotAllowed):
        portal.mine.run(requests.submit, **FILM)
    with pytest.raises(Error, match="suspended"):
        portal.admin.run(requests.submit, **FILM, user_id=portal.user_id)


def test_the_words_that_the_portal_knew(database: Database, store: SyncStore) -> None:
    portal = Portal(database, store)
    portal.mine.run(requests.submit, **FILM, overseerr_id="o-7")
    with acting(database, "app", portal.user_id) as conn:
        row = conn.execute(
            "select user_id, title, media_type, tmdb_id, status, overseerr_id,"
            " completed_at from media.media_requests"
        ).fetchone()
    assert row == (portal.user_id, "The bear", "movie", 7, "pending", "o-7", None)
