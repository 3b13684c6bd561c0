"""One look at the farm as lines of a terminal, worst first. Words carry what colour only repeats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len
from rich.text import Text

from renderstore._hints import typed
from renderstore._watch import LATELY, Failures, Seen
from renderstore.cli.console import counted
from renderstore.cli.table import WIDTH, fit
from renderstore.ops.enums import ServiceState
from renderstore.ops.watch import WatchedUser, WatchedWorker
from renderstore.work.enums import JobStatus

HEIGHT = 24
NARROWEST = 40
_SIDE_BY_SIDE = 76
_LONG_WAIT_S = 5
_MANY_FAIL = 0.1
_FEW_ENDED = 5
_BOUND = 10_000
_BAD = "bold red"
_GOOD = ""
_HEAD = "bold"
_QUIET = "dim"
_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "-~=+*%#@"
_TO_ASCII = str.maketrans(f"…{_BARS}", f"~{_ASCII_BARS}")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, and how gladly a low terminal does without it: 0 never."""

    text: str
    spare: int = 0
    style: str = _GOOD


@dataclass(frozen=True, slots=True)
class _Column:
    """Of a table: its head, its width, 0 for what is left, and on which side its text stands."""

    head: str
    width: int
    is_figure: bool = True


def draw(
    seen: Seen,
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
    is_ascii: bool = False,
    problem: str | None = None,
    name: str = "renderstore",
) -> list[Text]:
    """The lines, none wider and not more of them than the terminal takes; the first begins with the name.

    With a problem it is what was seen last, and why nothing newer is.
    """
    width = max(NARROWEST, width)
    rule = _Line("-" * width, 6, _QUIET)
    rows = _rows(seen, height, is_side_by_side=width >= _SIDE_BY_SIDE)
    lines = [
        _title(seen, width, name),
        _alarm(seen, problem),
        rule,
        *_numbers(seen, width),
        rule,
        *_workers(seen, width, rows[0]),
        rule,
        *_people_and_failures(seen, width, rows[1]),
        rule,
        *_services_and_locks(seen),
        _Line(
            f" {typed('psql')}: :stuck :holds :failed :users :locks   Ctrl-C ends",
            5,
            _QUIET,
        ),
    ]
    while len(lines) > height and max(each.spare for each in lines):
        most = max(each.spare for each in lines)
        # The last of its kind: tables end with what matters least.
        del lines[max(at for at, each in enumerate(lines) if each.spare == most)]
    return [
        Text(_written(each.text, width, is_ascii), each.style, no_wrap=True)
        for each in lines[:height]
    ]


def spoken(seconds: float) -> str:
    """So long, as short as it can be said."""
    seconds = max(0, seconds)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} d"


def _written(text: str, width: int, is_ascii: bool) -> str:
    # Not fit(): it would put the columns together.
    line = "".join(c if c.isprintable() else " " for c in text).rstrip()
    if cell_len(line) > width:
        line = line[: width - 1]
        while cell_len(line) > width - 1:
            line = line[:-1]
        line += "…"
    if is_ascii:
        line = line.translate(_TO_ASCII).encode("ascii", "replace").decode()
    return line


def _rows(seen: Seen, height: int, *, is_side_by_side: bool) -> tuple[int, int]:
    """How many rows the workers get, and how many the tables below: the terminal's, shared by need."""
    room = max(4, height - (16 if is_side_by_side else 19))
    wanted = max(len(seen.users), len(seen.failures), 1)
    if not is_side_by_side:
        wanted = max(1, len(seen.users)) + max(1, len(seen.failures))
    workers = min(len(seen.workers), max(room // 2, room - wanted))
    below = room - workers
    return workers, below if is_side_by_side else below // 2


def _title(seen: Seen, width: int, name: str) -> _Line:
    host = seen.host
    if not host or host.startswith("/"):
        host = "this machine"
    left = f" {name}  {seen.database}@{host}"
    right = f"{seen.farm.read_at:%H:%M:%S} UTC{seen.took_ms:6.0f} ms "
    return _Line(_apart(left, right, width), 0, "reverse")


def _apart(left: str, right: str, width: int) -> str:
    left = fit(left.lstrip(), width - cell_len(right) - 2)
    return f" {left}{' ' * (width - cell_len(left) - cell_len(right) - 1)}{right}"


def _alarm(seen: Seen, problem: str | None) -> _Line:
    if problem is not None:
        return _Line(f"!! Nothing newer: {problem}", 0, _BAD)
    found = list(_alarms(seen))
    if not found:
        return _Line(" Nothing calls for you.")
    return _Line(f"!! {'; '.join(found)}", 0, _BAD)


def _alarms(seen: Seen) -> Iterable[str]:
    silent = [each for each in seen.workers if each.is_silent and each.holds]
    if silent:
        first = silent[0]
        since = _ago(first.seen_at, seen)
        others = first.all_silent_holding - 1
        yield (
            f"{fit(first.name, 24)} silent{f' {since}' if since else ''}, holds"
            f" {counted(first.holds, 'job')}{f' (+{others} more)' if others else ''}"
        )
    over = seen.workers[0].all_expired if seen.workers else 0
    if over:
        yield f"{counted(over, 'lease')} over"
    down = seen.services[0].all_down if seen.services else 0
    if down:
        yield f"{fit(seen.services[0].id, 20)} down" + (
            f" and {down - 1} more" if down > 1 else ""
        )
    waits = [each for each in seen.lock_waits if (each.waits_s or 0) >= _LONG_WAIT_S]
    if waits:
        yield f"{counted(waits[0].all_waits, 'session')} wait{'s' * (waits[0].all_waits == 1)} for a lock"
    failed, completed = (
        seen.became(JobStatus.FAILED),
        seen.became(JobStatus.COMPLETED),
    )
    if failed >= _FEW_ENDED and failed > _MANY_FAIL * (failed + completed):
        yield f"{_percent(failed, failed + completed)} failed in 1 h"
    if seen.farm.pauses:
        yield f"{counted(seen.farm.pauses, 'pause')} of the farm"


def _numbers(seen: Seen, width: int) -> list[_Line]:
    farm = seen.farm
    queue = [f"{_about(seen.waiting, seen)} waiting"]
    if farm.oldest_queued_at is not None:
        queue[0] += f", oldest {_ago(farm.oldest_queued_at, seen)}"
    queue.append(f"{_up_to(farm.running)} running")
    if farm.validating:
        queue.append(f"{_up_to(farm.validating)} looked at")
    queue.append(f"{_up_to(farm.pending)} pending")
    if farm.paused_users:
        queue.append(f"{counted(farm.paused_users, 'user')} paused")
    completed, failed = (
        seen.became(JobStatus.COMPLETED),
        seen.became(JobStatus.FAILED),
    )
    hour = [
        f"{completed} done",
        f"{failed} failed ({_percent(failed, completed + failed)})",
        f"{seen.tried_again} tried again",
        f"{seen.became(JobStatus.CANCELLED)} cancelled",
    ]
    if seen.known_minutes < 60:
        hour.append(f"of {seen.known_minutes} min")
    curve, highest = seen.curve, max(seen.curve, default=0)
    peak = f"  max {highest}/min"
    curve = curve[-max(1, width - 9 - len(peak)) :]
    bars = "".join(
        _BARS[min(7, each * 8 // (highest + 1))] if each else "." for each in curve
    )
    return [
        _Line(f" queue   {'   '.join(queue)}"),
        _Line(f" hour    {'   '.join(hour)}", 1),
        _Line(f" a min   {bars}{peak}", 3),
        _Line(f" empty   {_empty(seen)}", 2),
    ]


def _empty(seen: Seen) -> str:
    lately = f"in {LATELY} min {seen.ended_lately} ended, {seen.farm.came}{'+' * seen.farm.is_more} came"
    left = seen.empty_in_s
    if left is None:
        return f"unknown: {lately}"
    if left == 0:
        return f"now; {lately}"
    return f"in about {spoken(left)} if nothing more comes; {lately}"


def _workers(seen: Seen, width: int, rows: int) -> list[_Line]:
    if not seen.workers:
        return [_Line(" No worker has registered.")]
    is_wide = width >= 110
    is_narrow = width < _SIDE_BY_SIDE
    columns = (
        _Column("worker", 0, is_figure=False),
        _Column("state", 15, is_figure=False),
        _Column("holds", 5),
        _Column("furthest", 8),
        *(
            ()
            if is_narrow
            else (
                _Column("job", 36 if is_wide else 9, is_figure=False),
                _Column("runs", 6),
            )
        ),
        _Column("lease", 8),
    )
    shown = seen.workers[:rows]
    lines = [_Line(_table_row([c.head for c in columns], columns, width), 0, _HEAD)]
    for at, each in enumerate(shown):
        is_bad = _is_bad(each)
        cells = (
            each.name,
            _state(each, seen),
            str(each.holds) if each.holds else "-",
            "-" if each.progress is None else f"{each.progress} %",
            *(
                ()
                if is_narrow
                else (
                    _job(each, is_wide=is_wide),
                    _ago(each.began_at, seen) or "-",
                )
            ),
            _lease(each, seen),
        )
        lines.append(
            _Line(
                _table_row(cells, columns, width),
                0 if at == 0 else 3 if is_bad else 4,
                _BAD if is_bad else _GOOD,
            )
        )
    first = seen.workers[0]
    lines.append(
        _Line(
            f" {counted(first.all_workers, 'worker')}: {first.all_silent} silent,"
            f" {first.all_fine} fine, {first.all_stopped} stopped",
            1,
        )
    )
    return lines


def _is_bad(worker: WatchedWorker) -> bool:
    return (
        worker.expired > 0
        or worker.is_silent
        or worker.seen_at is None
        or (worker.stopped_at is not None and worker.holds > 0)
    )


def _state(worker: WatchedWorker, seen: Seen) -> str:
    if worker.seen_at is None:
        return "UNREGISTERED"
    if worker.stopped_at is not None:
        word = "STOPPED" if worker.holds else "stopped"
        return f"{word} {_ago(worker.stopped_at, seen)}"
    word = "SILENT" if worker.is_silent else "seen"
    return f"{word} {_ago(worker.seen_at, seen)}"


def _job(worker: WatchedWorker, *, is_wide: bool) -> str:
    if worker.job_id is None:
        return "-"
    # Their beginnings are times, and much alike.
    return str(worker.job_id) if is_wide else f"…{str(worker.job_id)[-8:]}"


def _lease(worker: WatchedWorker, seen: Seen) -> str:
    if worker.lease_expires_at is None:
        return "-"
    left = (worker.lease_expires_at - seen.farm.read_at).total_seconds()
    return spoken(left) if left >= 0 else f"-{spoken(-left)} !"


def _people_and_failures(seen: Seen, width: int, rows: int) -> list[_Line]:
    is_side_by_side = width >= _SIDE_BY_SIDE
    left_width = width // 2 if is_side_by_side else width
    right_width = width - left_width
    people = _people(seen, left_width, rows)
    failures = _failures(seen, right_width if is_side_by_side else width, rows)
    if not is_side_by_side:
        return people + failures
    lines: list[_Line] = []
    for at in range(max(len(people), len(failures))):
        left = people[at] if at < len(people) else _Line("", 9)
        right = failures[at] if at < len(failures) else _Line("", 9)
        gap = " " * (left_width - cell_len(left.text))
        lines.append(
            _Line(
                f"{left.text}{gap}{right.text}",
                min(left.spare, right.spare),
                _HEAD if at == 0 else _GOOD,
            )
        )
    return lines


def _people(seen: Seen, width: int, rows: int) -> list[_Line]:
    columns = (
        _Column("who", 0, is_figure=False),
        _Column("runs", 4),
        _Column("waits", 7),
        _Column("line", 6),
        _Column("share", 5),
    )
    lines = [_Line(_table_row([c.head for c in columns], columns, width), 0, _HEAD)]
    if not seen.users:
        return [*lines, _Line(" Nobody waits.")]
    shown = seen.users[:rows]
    for at, each in enumerate(shown):
        cells = (
            _who(each),
            str(each.runs),
            str(each.waits) if each.is_paused else _about(each.waits, seen),
            "paused" if each.is_paused else _percent(each.waits, seen.waiting),
            "" if each.share is None else str(each.share),
        )
        lines.append(_Line(_table_row(cells, columns, width), 0 if at == 0 else 4))
    others = seen.users[0].all_users - len(shown)
    if others > 0:
        rest = (
            f"({counted(others, 'other')})",
            str(seen.users[0].all_runs - sum(each.runs for each in shown)),
            "",
            "",
            "",
        )
        lines.append(_Line(_table_row(rest, columns, width), 3))
    return lines


def _who(user: WatchedUser) -> str:
    return user.name or user.email or "(erased)"


def _failures(seen: Seen, width: int, rows: int) -> list[_Line]:
    columns = (
        _Column("failed, 1 h", 0, is_figure=False),
        _Column("ended", 5),
        _Column("again", 5),
        _Column("last", 6),
        _Column("retry", 5),
    )
    lines = [_Line(_table_row([c.head for c in columns], columns, width), 0, _HEAD)]
    found = seen.failures
    if not found:
        return [*lines, _Line(" Nothing failed.")]
    shown = found[:rows]
    for at, each in enumerate(shown):
        cells = (
            each.error_class or "(others)",
            str(each.ended),
            str(each.again),
            _ago(each.last_at, seen),
            _retry(each),
        )
        lines.append(_Line(_table_row(cells, columns, width), 0 if at == 0 else 4))
    if len(found) > len(shown):
        lines.append(_Line(f" ({counted(len(found) - len(shown), 'other')})", 3))
    return lines


def _retry(failures: Failures) -> str:
    if failures.error_class is None:
        return "?"
    return "yes" if failures.is_retried else "no"


def _services_and_locks(seen: Seen) -> list[_Line]:
    told: list[str] = []
    for each in seen.services:
        if each.state is ServiceState.DOWN:
            since = _ago(each.since_at, seen)
            said = f": {' '.join(each.message.split())}" if each.message else ""
            told.append(f"{each.id} DOWN{f' {since}' if since else ''}{fit(said, 30)}")
        elif each.state is ServiceState.UNKNOWN:
            told.append(f"{each.id} unchecked")
    if seen.services:
        up = sum(each.state is ServiceState.UP for each in seen.services)
        more = seen.services[0].all_services - len(seen.services)
        told.append(f"{up} up" + (f", {more} not shown" if more else ""))
    services = "   ".join(told) if told else "none is watched"
    is_down = bool(seen.services) and seen.services[0].all_down > 0
    locks = "nobody waits for one"
    if seen.lock_waits:
        first = seen.lock_waits[0]
        waits = "" if first.waits_s is None else f" {spoken(first.waits_s)}"
        held = (
            f" of pid {first.blocking_pid} ({first.blocking_login or 'another'})"
            if first.blocking_pid
            else ""
        )
        others = f", and {first.all_waits - 1} more" if first.all_waits > 1 else ""
        locks = f"pid {first.pid} ({first.login or 'another'}) waits{waits} for {first.wants}{held}{others}"
    is_long = any((each.waits_s or 0) >= _LONG_WAIT_S for each in seen.lock_waits)
    return [
        _Line(
            f" services  {services}", 0 if is_down else 2, _BAD if is_down else _GOOD
        ),
        _Line(f" locks     {locks}", 0 if is_long else 2, _BAD if is_long else _GOOD),
    ]


def _table_row(cells: Sequence[str], columns: Sequence[_Column], width: int) -> str:
    """One line that begins with a space; the column of no width takes what is left."""
    left = width - sum(each.width + 1 for each in columns) - 1
    line = ""
    for cell, column in zip(cells, columns, strict=True):
        room = column.width or max(8, left)
        text = fit(cell, room)
        gap = " " * (room - cell_len(text))
        line += " " + (gap + text if column.is_figure else text + gap)
    return line


def _ago(moment: datetime | None, seen: Seen) -> str:
    if moment is None:
        return ""
    return spoken((seen.farm.read_at - moment).total_seconds())


def _percent(part: int, whole: int) -> str:
    return f"{round(100 * part / whole)} %" if whole else "0 %"


def _about(number: int, seen: Seen) -> str:
    """An estimate in no more figures than it knows."""
    return f"~{float(f'{number:.1e}'):.0f}" if seen.is_estimated else str(number)


def _up_to(number: int) -> str:
    return f"{number}{'+' if number >= _BOUND else ''}"
