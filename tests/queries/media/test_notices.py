"""sql/queries/ops/notices.sql: what users should hear of, delivered at least once."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.factories import look, registered

from renderstore.errors import NotAllowed
from renderstore.media import MediaType, requests
from renderstore.ops import notices, sweep
from renderstore.store import SyncStore
from renderstore.testing import Database

from .world import Portal


def told(portal: Portal, count: int = 1) -> None:
    """The user hears of that many requests."""
    for number in range(count):
        [made] = portal.mine.run(
            requests.submit,
            title=f"The fox {number}",
            media_type=MediaType.MOVIE,
            tmdb_id=number + 1,
        )
        portal.admin.run(requests.approve, user_id=portal.user_id, id=made.id)


def keys(taken: list[Any]) -> dict[str, list[UUID]]:
    return {
        "user_ids": [one.user_id for one in taken],
        "ids": [one.id for one in taken],
    }


def later(database: Database) -> None:
    look(
        database,
        "update ops.notices set due_at = now() where due_at is not null returning 1",
    )


def test_a_notice_is_claimed_sent_and_confirmed(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    look(
        database,
        "update identity.users set slack_id = 'U0007', name = 'Ada' returning 1",
    )
    told(portal, 3)
    sender = registered(store, "sender")
    taken = sender.run(notices.claim, limit=2)
    assert [(one.topic, one.slack_id, one.name, one.tries) for one in taken] == [
        ("request_approved", "U0007", "Ada", 1)
    ] * 2
    assert taken[0].email is not None
    [third] = sender.run(notices.claim, limit=10)
    assert sender.run(notices.claim, limit=10) == []
    assert sender.run(notices.confirm, **keys(taken)) == 2
    assert sender.run(notices.confirm, **keys(taken)) == 0
    # Whoever took the third died: another one takes it, under the same id.
    later(database)
    [again] = sender.run(notices.claim, limit=10)
    assert (again.id, again.tries) == (third.id, 2)
    sender.run(
        notices.fail, user_id=again.user_id, id=again.id, message="Slack is away." * 99
    )
    assert sender.run(notices.claim, limit=10) == []
    [(error, waits)] = look(
        database,
        "select length(last_error), due_at > now() + interval '3 minutes'"
        " from ops.notices where id = %(id)s",
        id=again.id,
    )
    assert (error, waits) == (1000, True)
    later(database)
    [again] = sender.run(notices.claim, limit=10)
    assert sender.run(notices.confirm, **keys([again])) == 1
    with pytest.raises(NotAllowed):
        portal.mine.run(notices.claim, limit=1)


def test_who_never_claimed_it_confirms_nothing(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    told(portal)
    [one] = portal.mine.run(notices.list, page_size=10)
    sender = registered(store, "sender")
    key = {"user_ids": [portal.user_id], "ids": [one.id]}
    assert sender.run(notices.confirm, **key) == 0
    sender.run(notices.fail, user_id=portal.user_id, id=one.id, message="no")
    assert len(sender.run(notices.claim, limit=10)) == 1


def test_whoever_is_deactivated_hears_of_nothing(
    database: Database, store: SyncStore
) -> None:
    portal = Portal(database, store)
    told(portal)
    sender = registered(store, "sender")
    for status, heard in (("deactivated", 0), ("active", 1)):
        look(
            database,
            "update identity.users set status = %(status)s::identity.user_status"
            " returning 1",
            status=status,
        )
        later(database)
        assert len(sender.run(notices.claim, limit=10)) == heard


def test_a_user_reads_the_own_ones(database: Database, store: SyncStore) -> None:
    portal, other = Portal(database, store), Portal(database, store)
    told(portal, 3)
    told(other)
    page = portal.mine.run(notices.list, page_size=2)
    [last] = portal.mine.run(notices.list, before_id=page[-1].id, page_size=2)
    assert portal.mine.run(notices.count_unread) == 3
    assert other.mine.run(notices.mark_read, ids=[last.id]) == 0
    assert portal.mine.run(notices.mark_read, ids=[last.id]) == 1
    unread = portal.mine.run(notices.list_unread, page_size=10)
    assert [one.id for one in unread] == [one.id for one in page]
    assert portal.mine.run(notices.mark_read) == 2
    assert portal.mine.run(notices.count_unread) == 0
    assert other.mine.run(notices.count_unread) == 1


def test_old_notices_go_as_the_plan_says(database: Database, store: SyncStore) -> None:
    portal = Portal(database, store, keep_ended_jobs_days=1)
    told(portal, 2)
    look(
        database,
        "update ops.notices set id = ops.first_uuidv7(now() - interval '2 days')"
        " where id = (select min(id::text)::uuid from ops.notices) returning 1",
    )
    done = {row.what: row.jobs for row in portal.admin.run(sweep, max_rows=100)}
    assert done["old notices deleted"] == 1
    assert len(portal.mine.run(notices.list, page_size=10)) == 1


PAGE = Path(__file__).parents[3] / "docs" / "media.md"


def page_functions() -> tuple[
    Callable[..., None], Callable[..., None], Callable[..., None]
]:
    """The page's two senders, and what calls them."""
    made: list[Any] = []
    for block, name in zip(
        re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S),
        ("send", "send", "deliver"),
        strict=True,
    ):
        names: dict[str, Any] = {}
        exec(compile(block, str(PAGE), "exec", dont_inherit=True), names)
        made.append(names[name])
    by_slack, by_mail, deliver = made
    return by_slack, by_mail, deliver


def test_the_pages_senders_deliver_each_notice_once(
    database: Database, store: SyncStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = Portal(database, store)
    look(database, "update identity.users set slack_id = 'U0007' returning 1")
    told(portal, 3)
    by_slack, by_mail, deliver = page_functions()
    sent: list[Any] = []

    def post(url: str, json: Any) -> httpx.Response:
        sent.append((url, json["text"]))
        # Slack is away when it is asked for the second time.
        status = 503 if len(sent) == 2 else 200
        return httpx.Response(status, request=httpx.Request("POST", url))

    monkeypatch.setattr(httpx, "post", post)
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "https://hooks.example.org/7")
    registered(store, "sender")
    deliver(store, by_slack)
    assert len(sent) == 3
    assert sent[0] == (
        "https://hooks.example.org/7",
        "<@U0007> request_approved: The fox 0",
    )

    class Smtp:
        def __init__(self, host: str, port: int) -> None:
            assert (host, port) == ("mail.example.org", 25)

        def __enter__(self) -> Smtp:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing is held."""

        def send_message(self, mail: EmailMessage) -> None:
            sent.append(mail)

    monkeypatch.setattr("smtplib.SMTP", Smtp)
    for name, value in (
        ("SMTP_HOST", "mail.example.org"),
        ("SMTP_PORT", "25"),
        ("MAIL_FROM", "portal@example.org"),
    ):
        monkeypatch.setenv(name, value)
    later(database)
    deliver(store, by_mail)
    [mail] = sent[3:]
    [(notice_id, address)] = look(
        database,
        "select n.id, u.email from ops.notices as n join identity.users as u"
        " on u.id = n.user_id where n.tries = 2 and n.sent_at is not null",
    )
    assert (mail["To"], mail["Message-ID"]) == (address, f"<{notice_id}@renderstore>")
    later(database)
    deliver(store, by_mail)
    assert len(sent) == 4
