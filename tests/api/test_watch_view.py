"""The live view's lines: worst first, in any terminal, said in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from rich.cells import cell_len
from rich.text import Text

from renderstore._watch import Seen
from renderstore.cli.watch_view import draw, spoken
from renderstore.ops.enums import ServiceState
from renderstore.ops.watch import (
    Farm,
    LockWait,
    Outcomes,
    WatchedService,
    WatchedUser,
    WatchedWorker,
)
from renderstore.work.enums import JobStatus

NOW = datetime(2026, 3, 1, 2, 14, 9, tzinfo=UTC)
ID = UUID("01a2b3c4-0000-7000-8000-00000000e6ba")


def ago(**by: float) -> datetime:
    return NOW - timedelta(**by)


FARM = Farm(
    read_at=NOW,
    pending=120,
    validating=0,
    running=14,
    came=20,
    is_more=False,
    oldest_queued_at=ago(minutes=41),
    is_long=False,
    percent=100,
    paused_users=0,
    pauses=0,
)


def worker(name: str, **changes: Any) -> WatchedWorker:
    return replace(
        WatchedWorker(
            name=name,
            seen_at=ago(seconds=7),
            stopped_at=None,
            is_silent=False,
            holds=2,
            expired=0,
            progress=87,
            job_id=ID,
            began_at=ago(minutes=24),
            lease_expires_at=NOW + timedelta(seconds=45),
            all_workers=1,
            all_fine=1,
            all_silent=0,
            all_silent_holding=0,
            all_stopped=0,
            all_expired=0,
        ),
        **changes,
    )


def user(name: str, **changes: Any) -> WatchedUser:
    return replace(
        WatchedUser(
            user_id=ID,
            email="somebody@example.org",
            name=name,
            plan="Free",
            share=1,
            waits=2000,
            runs=2,
            is_paused=False,
            is_estimated=False,
            all_users=1,
            all_waits=5000,
            all_runs=14,
        ),
        **changes,
    )


def outcome(after: JobStatus, jobs: int, **changes: Any) -> Outcomes:
    return replace(
        Outcomes(
            minutes_ago=0,
            after=after,
            error_class=None,
            is_retried=True,
            jobs=jobs,
            last_at=ago(seconds=6),
            since_at=ago(hours=1),
        ),
        **changes,
    )


QUIET = Seen(
    database="farm",
    host="db1",
    took_ms=42,
    farm=replace(FARM, running=0, pending=0, came=0, oldest_queued_at=None),
    workers=(),
    users=(),
    outcomes=(),
    services=(),
    lock_waits=(),
)
SILENT = worker(
    "mac-studio-4",
    seen_at=ago(minutes=6),
    is_silent=True,
    holds=3,
    expired=1,
    lease_expires_at=ago(seconds=22),
    all_workers=5,
    all_fine=4,
    all_silent=1,
    all_silent_holding=1,
    all_expired=1,
)
BUSY = Seen(
    database="farm",
    host="db1",
    took_ms=212,
    farm=FARM,
    workers=(SILENT, worker("mac-studio-1"), worker("mac-studio-2")),
    users=(user("Ada", all_users=11), user("Grace", waits=1000)),
    outcomes=(
        *(outcome(JobStatus.COMPLETED, 10 + n, minutes_ago=n) for n in range(60)),
        outcome(JobStatus.FAILED, 111, error_class="license"),
        outcome(JobStatus.PENDING, 6, error_class="license"),
        outcome(JobStatus.FAILED, 7, error_class="invalid", is_retried=False),
    ),
    services=(
        WatchedService(
            id="media",
            state=ServiceState.DOWN,
            since_at=ago(minutes=3),
            message="refused",
            all_services=2,
            all_down=1,
        ),
        WatchedService(
            id="plex",
            state=ServiceState.UP,
            since_at=ago(hours=3),
            message=None,
            all_services=2,
            all_down=1,
        ),
    ),
    lock_waits=(
        LockWait(
            pid=4711,
            login="farm_web",
            waits_s=12.0,
            wants="work.jobs",
            blocking_pid=4712,
            blocking_login="farm_admin",
            all_waits=3,
        ),
    ),
)
LONG = replace(
    BUSY,
    database="d" * 63,
    workers=(SILENT, *(worker("w" * 200, all_workers=99) for _ in range(19))),
    users=tuple(user("Ä" * 150, all_users=900) for _ in range(20)),
    outcomes=tuple(
        outcome(JobStatus.FAILED, n, error_class=f"{n}" + "渲" * 80) for n in range(20)
    ),
)


def lines(seen: Seen, **how: Any) -> list[str]:
    return [line.plain for line in draw(seen, **how)]


def line(said: list[str], beginning: str) -> str:
    [found] = [each for each in said if each.startswith(f" {beginning}")]
    return " ".join(found.split())


@pytest.mark.parametrize("seen", [QUIET, BUSY, LONG], ids=["quiet", "busy", "long"])
@pytest.mark.parametrize("is_ascii", [False, True])
@pytest.mark.parametrize(
    ("width", "height"), [(80, 24), (40, 24), (60, 10), (75, 30), (100, 5), (200, 60)]
)
def test_it_fits_the_terminal(
    seen: Seen, width: int, height: int, is_ascii: bool
) -> None:
    said = lines(seen, width=width, height=height, is_ascii=is_ascii)
    assert max(map(cell_len, said)) <= width
    assert len(said) <= height
    assert said[0].startswith(" renderstore ")
    assert not is_ascii or all(each.isascii() for each in said)


def test_a_full_view_takes_the_whole_of_a_small_terminal() -> None:
    assert len(lines(LONG)) == 24


def test_a_low_terminal_keeps_what_matters_most() -> None:
    said = lines(BUSY, height=8)
    assert said[1].startswith("!! mac-studio-4 silent 6 min")
    assert any("mac-studio-4" in each and "SILENT" in each for each in said[2:])
    assert any("license" in each for each in said)


def test_the_alarm_names_the_worst_first() -> None:
    assert lines(BUSY, width=200)[1] == (
        "!! mac-studio-4 silent 6 min, holds 3 jobs; 1 lease over; media down;"
        " 3 sessions wait for a lock"
    )


def test_a_quiet_farm_calls_for_nobody() -> None:
    said = lines(QUIET)
    assert said[1] == " Nothing calls for you."
    assert line(said, "queue") == "queue 0 waiting 0 running 0 pending"
    assert line(said, "empty") == "empty now; in 10 min 0 ended, 0 came"


def test_many_failures_are_an_alarm_and_few_jobs_are_not() -> None:
    failing = replace(QUIET, outcomes=(outcome(JobStatus.FAILED, 5, error_class="x"),))
    assert lines(failing)[1] == "!! 100 % failed in 1 h"
    few = replace(QUIET, outcomes=(outcome(JobStatus.FAILED, 4, error_class="x"),))
    assert lines(few)[1] == " Nothing calls for you."


def test_the_numbers_are_those_that_were_read() -> None:
    said = lines(BUSY)
    assert (
        line(said, "queue")
        == "queue 5000 waiting, oldest 41 min 14 running 120 pending"
    )
    assert (
        line(said, "hour")
        == "hour 2370 done 118 failed (5 %) 6 tried again 0 cancelled"
    )
    assert "in about 3 h if nothing more comes; in 10 min 263 ended" in line(
        said, "empty"
    )
    assert line(said, "a min").endswith("max 69/min")


def test_a_worker_is_told_in_words() -> None:
    said = lines(BUSY)
    assert (
        line(said, "mac-studio-4")
        == "mac-studio-4 SILENT 6 min 3 87 % …0000e6ba 24 min -22 s !"
    )
    assert line(said, "mac-studio-1").endswith("seen 7 s 2 87 % …0000e6ba 24 min 45 s")
    assert line(said, "5 workers") == "5 workers: 1 silent, 4 fine, 0 stopped"


def test_who_waits_stands_beside_what_fails() -> None:
    said = lines(BUSY)
    assert line(said, "who").startswith("who runs waits line share failed, 1 h")
    assert line(said, "Ada") == "Ada 2 2000 40 % 1 license 111 6 6 s yes"
    assert line(said, "Grace") == "Grace 2 1000 20 % 1 invalid 7 0 6 s no"
    assert line(said, "(9 others)") == "(9 others) 10"


def test_a_narrow_terminal_has_one_below_the_other() -> None:
    said = lines(BUSY, width=60, height=40)
    assert line(said, "Ada") == "Ada 2 2000 40 % 1"
    assert line(said, "license") == "license 111 6 6 s yes"
    assert line(said, "mac-studio-4") == "mac-studio-4 SILENT 6 min 3 87 % -22 s !"


def test_a_wide_terminal_has_the_whole_identifier() -> None:
    assert str(ID) in line(lines(BUSY, width=120), "mac-studio-1")


def test_services_and_locks_are_told_whole() -> None:
    said = lines(BUSY)
    assert line(said, "services") == "services media DOWN 3 min: refused 1 up"
    assert line(said, "locks") == (
        "locks pid 4711 (farm_web) waits 12 s for work.jobs of pid 4712 (farm_admin…"
    )


def test_an_estimate_has_no_more_figures_than_it_knows() -> None:
    seen = replace(
        BUSY,
        farm=replace(FARM, is_long=True),
        users=(user("Ada", is_estimated=True, waits=120345, all_waits=289824),),
    )
    said = lines(seen)
    assert line(said, "queue").startswith("queue ~290000 waiting")
    assert line(said, "Ada").startswith("Ada 2 ~120000 42 %")


def test_what_cannot_be_known_is_said() -> None:
    unknown = replace(BUSY, outcomes=())
    assert line(lines(unknown), "empty") == "empty unknown: in 10 min 0 ended, 20 came"
    short = replace(
        BUSY,
        outcomes=(outcome(JobStatus.COMPLETED, 60000, since_at=ago(minutes=7)),),
    )
    said = lines(short)
    assert line(said, "hour").endswith("of 7 min")
    assert line(said, "a min") == "a min ......█ max 60000/min"


def test_what_was_seen_last_stays_beside_why_nothing_newer_is() -> None:
    said = lines(BUSY, problem="The database 'farm' cannot be reached.")
    assert said[1] == "!! Nothing newer: The database 'farm' cannot be reached."
    assert said[2:] == lines(BUSY)[2:]


def test_colour_says_nothing_that_words_do_not() -> None:
    for each in draw(BUSY):
        assert isinstance(each, Text)
        if "red" in str(each.style):
            assert any(
                word in each.plain for word in ("!!", "SILENT", "DOWN", "waits", "!")
            )


def test_what_somebody_wrote_does_not_move_the_cursor() -> None:
    seen = replace(BUSY, users=(user("A\x1b[2Jda\nX"),))
    assert all(each.isprintable() for each in lines(seen))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (5399, "90 min"),
        (5400, "2 h"),
        (129600, "2 d"),
    ],
)
def test_a_time_is_said_shortly(seconds: float, said: str) -> None:
    assert spoken(seconds) == said
