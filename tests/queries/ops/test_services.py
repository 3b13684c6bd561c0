"""sql/queries/ops/services.sql: what is known of services, and who may know it."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests.factories import look, users

from renderstore.errors import Invalid, NotAllowed, NotFound
from renderstore.ops import ServiceState, notices, services, sweep
from renderstore.ops.services import ServiceStatus
from renderstore.store import SyncScope, SyncStore
from renderstore.testing import Database

UP, DOWN, UNKNOWN = ServiceState.UP, ServiceState.DOWN, ServiceState.UNKNOWN


class Watch:
    """An administrator, and a checker of one service."""

    def __init__(self, database: Database, store: SyncStore, **given: Any) -> None:
        self.database = database
        self.admin: SyncScope = store.admin(reason="tests")
        self.checker: SyncScope = store.worker("check")
        self.admin.run(
            services.create,
            **given,
            id="jellyfin",
            name="Jellyfin",
            url="http://tv:8096",
        )

    def check(self, state: ServiceState, **given: Any) -> ServiceState:
        return self.checker.run(
            services.record_check, id="jellyfin", state=state, **given
        )

    def status(self) -> ServiceStatus:
        found = self.admin.run(services.list_status, page_size=100)
        [one] = [each for each in found if each.id == "jellyfin"]
        return one

    def later(self, **by: float) -> None:
        """As if all that happened had happened so much earlier."""
        for table, columns in (
            (
                "service_states",
                "span_began_at stale_at failed_at last_check_at last_change_at",
            ),
            ("service_spans", "began_at ended_at"),
        ):
            moved = ", ".join(f"{c} = {c} - %(by)s" for c in columns.split())
            look(
                self.database,
                f"update ops.{table} set {moved} returning 1",
                by=timedelta(**by),
            )


@pytest.fixture
def watch(database: Database, store: SyncStore) -> Watch:
    return Watch(database, store)


def administrator(database: Database) -> UUID:
    return users.make(database, role="admin")


def told(store: SyncStore, user: UUID) -> list[tuple[str, Any]]:
    found = store.user(user).run(notices.list, page_size=100)
    return [(each.topic, each.body) for each in reversed(found)]


def test_three_services_are_there_and_unknown(
    database: Database, store: SyncStore
) -> None:
    found = store.user(users.make(database)).run(services.list_status, page_size=10)
    assert [(each.id, each.name, each.status, each.uptime_30d) for each in found] == [
        ("overseerr", "Overseerr", UNKNOWN, None),
        ("plex", "Plex", UNKNOWN, None),
        ("uptime-kuma", "Uptime Kuma", UNKNOWN, None),
    ]
    assert store.worker("check").run(services.list_due, page_size=10) == []


def test_setting_one_thing_leaves_the_rest_alone(watch: Watch) -> None:
    watch.admin.run(
        services.set_sealed_api_key, id="jellyfin", api_key_sealed=b"sealed"
    )
    changed = watch.admin.run(services.update, id="jellyfin", check_every_s=30)
    assert (changed.check_every_s, changed.name, changed.url, changed.is_enabled) == (
        30,
        "Jellyfin",
        "http://tv:8096",
        True,
    )
    assert changed.updated_by == "dba:tests"
    watch.admin.run(services.set_url, id="jellyfin", url=None)
    kept = watch.checker.run(services.find_sealed_api_key, id="jellyfin")
    assert kept == b"sealed"
    watch.admin.run(services.set_sealed_api_key, id="jellyfin", api_key_sealed=None)
    assert watch.checker.run(services.find_sealed_api_key, id="jellyfin") is None


def test_who_set_a_key_and_when_is_known(
    database: Database, store: SyncStore, watch: Watch
) -> None:
    admin = administrator(database)
    before = watch.admin.run(services.get, id="jellyfin")
    store.admin(admin).run(
        services.set_sealed_api_key, id="jellyfin", api_key_sealed=b"sealed"
    )
    after = watch.admin.run(services.get, id="jellyfin")
    assert after.updated_by == f"admin:{admin}"
    assert after.updated_at > before.updated_at


def test_a_key_is_for_the_checker_alone(
    database: Database, store: SyncStore, watch: Watch
) -> None:
    for scope in (watch.admin, store.user(users.make(database)), store.readonly()):
        with pytest.raises(NotAllowed):
            scope.run(services.find_sealed_api_key, id="jellyfin")
        with pytest.raises(NotAllowed), scope as conn:
            conn.execute("select * from ops.service_secrets")
    with pytest.raises(NotAllowed), watch.checker as conn:
        conn.execute("select * from ops.service_secrets")
    with pytest.raises(NotAllowed):
        watch.checker.run(
            services.set_sealed_api_key, id="jellyfin", api_key_sealed=b"x"
        )


def test_a_user_sees_how_a_service_stands_and_not_where(
    database: Database, store: SyncStore, watch: Watch
) -> None:
    watch.check(DOWN, message="http://tv:8096 refused")
    mine = store.user(users.make(database))
    found = mine.run(services.list_status, page_size=10)
    assert next(each.id for each in found) == "jellyfin"
    for column in ("s.url", "s.config", "c.message", "c.told"):
        with pytest.raises(NotAllowed), mine as conn:
            conn.execute(
                f"select {column} from ops.services as s join ops.service_states as c on true".encode()
            )
    with pytest.raises(NotAllowed):
        mine.run(services.record_check, id="jellyfin", state=UP)
    with pytest.raises(NotAllowed):
        mine.run(services.set_url, id="jellyfin", url=None)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://tv",
        "http://ada:secret@tv",
        "http://tv/?token=secret",
        "http://tv/#top",
        "http://tv /",
        "http://",
        "tv:8096",
        "http://tv" + "/x" * 1000,
    ],
)
def test_an_url_is_http_and_names_no_secret(watch: Watch, url: str) -> None:
    with pytest.raises(Invalid, match="begins with http"):
        watch.admin.run(services.set_url, id="jellyfin", url=url)


def test_it_is_down_after_failures_in_a_row_from_the_first(watch: Watch) -> None:
    assert watch.check(UP, response_ms=12) is UP
    watch.later(seconds=10)
    assert watch.check(DOWN) is UP
    watch.later(seconds=10)
    assert watch.check(DOWN, message="no") is UP
    watch.later(seconds=10)
    assert watch.check(DOWN, message="no") is DOWN
    found = watch.status()
    assert (found.status, found.response_ms) == (DOWN, None)
    [span] = watch.admin.run(services.list_spans, id="jellyfin", page_size=10)
    assert span.state is UP
    assert timedelta(seconds=9) < span.ended_at - span.began_at < timedelta(seconds=19)
    assert found.uptime_24h is not None
    assert found.last_change_at == span.ended_at


def test_flapping_makes_no_noise(
    database: Database, store: SyncStore, watch: Watch
) -> None:
    admin = administrator(database)
    for state in (UP, DOWN, DOWN, UP, DOWN, UP, DOWN, DOWN, UP):
        assert watch.check(state) is UP
    assert told(store, admin) == []
    assert watch.status().uptime_24h == 100


def test_administrators_hear_of_what_goes_down_and_comes_back(
    database: Database, store: SyncStore, watch: Watch
) -> None:
    admin, user = administrator(database), users.make(database)
    gone = administrator(database)
    store.admin(reason="tests").run(_deactivate, gone)
    for state in (UP, DOWN, DOWN, DOWN, DOWN, UP, UP):
        watch.check(state, message="no answer" if state is DOWN else None)
    said = told(store, admin)
    assert [topic for topic, _ in said] == ["service_down", "service_up"]
    assert said[0][1]["service"] == "jellyfin"
    assert said[0][1]["message"] == "no answer"
    assert told(store, user) == []
    assert (
        look(database, "select from ops.notices where user_id = %(id)s", id=gone) == []
    )


def _deactivate(conn: Any, user: UUID) -> None:
    conn.execute(
        "update identity.users set status = 'deactivated' where id = %s", [user]
    )


def test_one_that_was_down_when_nobody_looked_is_told_once(
    database: Database, store: SyncStore, watch: Watch
) -> None:
    admin = administrator(database)
    for state in (UP, DOWN, DOWN, DOWN):
        watch.check(state)
    watch.later(hours=1)
    assert watch.status().status is UNKNOWN
    for state in (DOWN, DOWN, DOWN, UP):
        watch.check(state)
    assert [topic for topic, _ in told(store, admin)] == ["service_down", "service_up"]


def test_time_that_nobody_checked_counts_for_neither_side(watch: Watch) -> None:
    watch.check(UP)
    watch.later(hours=2)
    assert watch.status().status is UNKNOWN
    watch.check(UP)
    found = watch.admin.run(
        services.uptime, id="jellyfin", since=datetime.now(UTC) - timedelta(days=1)
    )
    # A check says something for twice the time between two.
    assert timedelta(seconds=120) <= found.up < timedelta(seconds=130)
    assert found.down == timedelta(0)
    assert found.percentage == 100


def test_one_that_is_off_or_has_no_url_is_unknown(watch: Watch) -> None:
    watch.check(UP)
    watch.admin.run(services.update, id="jellyfin", is_enabled=False)
    assert watch.status().status is UNKNOWN
    assert watch.check(DOWN) is UNKNOWN
    watch.admin.run(services.update, id="jellyfin", is_enabled=True)
    watch.admin.run(services.set_url, id="jellyfin", url=None)
    assert watch.status().status is UNKNOWN
    with pytest.raises(NotFound, match="There is no service 'radarr'"):
        watch.checker.run(services.record_check, id="radarr", state=UP)


def test_a_service_is_due_in_its_own_time(watch: Watch) -> None:
    def due(**given: Any) -> list[str]:
        return [
            each.id
            for each in watch.checker.run(services.list_due, page_size=10, **given)
        ]

    assert due() == ["jellyfin"]
    watch.check(UP)
    assert due() == []
    assert due(only_due=False) == ["jellyfin"]
    watch.later(seconds=61)
    assert due() == ["jellyfin"]


def test_two_recorders_at_once_lose_nothing(
    database: Database, store: SyncStore, watch: Watch
) -> None:
    watch.admin.run(services.update, id="jellyfin", failures_to_go_down=100)

    def record(number: int) -> None:
        store.worker(f"check-{number}").run(
            services.record_check, id="jellyfin", state=DOWN
        )

    with ThreadPoolExecutor(8) as several:
        list(several.map(record, range(99)))
    assert look(database, "select failures from ops.service_states") == [(99,)]
    assert watch.check(DOWN) is DOWN


def test_an_administrators_open_transaction_delays_no_check(watch: Watch) -> None:
    with watch.admin as conn:
        services.update(conn, id="jellyfin", check_every_s=30)
        assert watch.check(UP) is UP


@dataclass
class Reference:
    """What the spans must come to, thought anew from all checks: (moment, whether it was up)."""

    checks: Sequence[tuple[float, bool]]
    needed: int
    holds: float

    def spans(self) -> list[tuple[float, float, bool]]:
        """Begin, end, whether it was up; what nobody knows is left out."""
        known: list[tuple[float, float, bool | None]] = []
        state: bool | None = None
        failing: list[int] = []
        stale = float("-inf")
        for number, (at, is_up) in enumerate(self.checks):
            if at > stale:
                state, failing = None, []
            failing = [] if is_up else [*failing, number]
            if is_up:
                state = True
            elif state is not False and len(failing) >= self.needed:
                # What was thought of the time since the first of them was wrong.
                state = False
                for earlier in failing[:-1]:
                    known[earlier] = (*known[earlier][:2], False)
            stale = at + self.holds
            until = stale
            if number + 1 < len(self.checks):
                until = min(stale, self.checks[number + 1][0])
            known.append((at, until, state))
        return [(b, e, s) for b, e, s in known if s is not None]


NOTE = """
do $$
declare
    checks constant jsonb := current_setting('tests.checks')::jsonb;
    service ops.services;
    kept ops.service_states;
    one jsonb;
begin
    select * into service from ops.services where id = 'jellyfin';
    insert into ops.service_states (service_id, stale_at)
    values ('jellyfin', 'epoch')
    on conflict do nothing;
    select * into kept from ops.service_states where service_id = 'jellyfin';
    for one in select value from jsonb_array_elements(checks) loop
        kept := ops.note_check(
            service, kept, (one ->> 1)::boolean, 1, null,
            timestamptz '2020-01-01' + (one ->> 0)::double precision * interval '1 second'
        );
    end loop;
end
$$
"""


def test_uptime_is_what_every_check_says(database: Database, watch: Watch) -> None:
    chance = random.Random(16)
    count = 100_000
    at, state = 0.0, True
    checks: list[tuple[float, bool]] = []
    for _ in range(count):
        # Mostly in time, now and then late, seldom not for hours.
        at += chance.choice([60, 60, 60, 60, 59.999, 61.5, 90, 119.998, 125, 4000.25])
        state = state if chance.random() < 0.9 else not state
        checks.append((round(at, 3), state))
    watch.admin.run(services.update, id="jellyfin", failures_to_go_down=3)
    for begin in range(0, count, 1_000):
        text = str([list(one) for one in checks[begin : begin + 1_000]]).lower()
        with_checks(database, text)
    reference = Reference(checks, needed=3, holds=120)
    spans = reference.spans()
    windows = [(0.0, at + 1000)]
    for _ in range(49):
        since = chance.uniform(-5000, at)
        windows.append((since, since + chance.choice([60, 86_400, 604_800, 2_592_000])))
    start = datetime(2020, 1, 1, tzinfo=UTC)
    for since, until in windows:
        # Of the microsecond, as the database keeps it.
        since, until = round(since, 3), round(until, 3)
        up = summed(spans, True, since, until)
        down = summed(spans, False, since, until)
        found = watch.admin.run(
            services.uptime,
            id="jellyfin",
            since=start + timedelta(seconds=since),
            until=start + timedelta(seconds=until),
        )
        assert found.up.total_seconds() == pytest.approx(up, abs=0.001)
        assert found.down.total_seconds() == pytest.approx(down, abs=0.001)
        if up + down:
            exact = Decimal(100) * Decimal(str(found.up.total_seconds()))
            exact /= Decimal(str(found.up.total_seconds() + found.down.total_seconds()))
            cut = exact.quantize(Decimal("0.01"), rounding=ROUND_DOWN)
            assert found.percentage == cut
        else:
            assert found.percentage is None
    [(kept,)] = look(database, "select count(*) from ops.service_spans")
    assert 1000 < kept < count / 3, "spans, not checks"


def summed(
    spans: Sequence[tuple[float, float, bool]], is_up: bool, since: float, until: float
) -> float:
    """How many seconds of this window were so."""
    first = bisect_left(spans, since, key=lambda span: span[1])
    last = bisect_left(spans, until, key=lambda span: span[0])
    return sum(
        max(0.0, min(end, until) - max(begin, since))
        for begin, end, state in spans[first:last]
        if state is is_up
    )


def with_checks(database: Database, text: str) -> None:
    """Notes these checks in one transaction."""
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("select set_config('tests.checks', %s, true)", [text])
        conn.execute("set local timezone = 'UTC'")
        conn.execute(NOTE)


def test_old_spans_are_swept(
    database: Database, store: SyncStore, watch: Watch
) -> None:
    look(
        database,
        "insert into ops.service_spans (service_id, began_at, ended_at, state)"
        " select 'jellyfin', now() - n * interval '1 day', now() - n * interval '1 day'"
        " + interval '1 hour', 'up' from generate_series(1, 500, 100) as n returning 1",
    )
    with watch.admin as conn:
        conn.execute(
            "update ops.retentions set days = 250 where name = 'service_spans'"
        )
    swept = store.worker("sweep").run(sweep)
    assert [each.jobs for each in swept if "spans" in each.what] == [2]
    with pytest.raises(Invalid, match="no fewer days"), watch.admin as conn:
        conn.execute("update ops.retentions set days = 7")


def test_the_portals_row(store: SyncStore, watch: Watch) -> None:
    watch.check(UP, response_ms=7)
    with store.readonly() as conn:
        [row] = conn.execute(
            "select * from ops.service_status where service_name = 'jellyfin'"
        ).fetchall()
    assert row[:3] == ("jellyfin", UP, 7)
    assert row[4] == Decimal("100.00")
