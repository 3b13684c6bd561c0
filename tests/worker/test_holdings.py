"""What a worker holds, and what a heartbeat's answer says of it."""

from __future__ import annotations

from uuid import UUID

from renderstore.work import JobKind
from renderstore.work.jobs import HeartbeatManyRow
from renderstore.worker import Reason
from renderstore.worker._job import HeldJob, Holdings

ID = UUID(int=7)


class Held(HeldJob):
    """A job of a render that writes down when it is told to stop."""

    def __init__(self) -> None:
        super().__init__(UUID(int=1), ID, 1, JobKind.RENDER)
        self.interruptions = 0

    def _interrupt(self) -> None:
        self.interruptions += 1


def held() -> tuple[Holdings, Held]:
    holdings, job = Holdings(), Held()
    holdings.add(job)
    return holdings, job


def answer(*, is_cancel_requested: bool) -> HeartbeatManyRow:
    return HeartbeatManyRow(
        user_id=UUID(int=1), id=ID, is_cancel_requested=is_cancel_requested
    )


def told(job: Held) -> tuple[Reason | None, int]:
    return job.reason, job.interruptions


def test_a_heartbeat_carries_what_is_held_until_it_is_reported() -> None:
    holdings, job = held()
    assert holdings.all() == [job]
    assert job.take_report()
    assert holdings.all() == []
    assert not job.take_report(), "nobody else reports it"


def test_a_heartbeat_that_was_under_way_says_nothing_of_what_is_reported() -> None:
    _, job = held()
    job.take_report()
    assert not Holdings.hear([job], [])
    assert not Holdings.hear([job], [answer(is_cancel_requested=True)])
    assert told(job) == (None, 0)


def test_what_an_answer_leaves_out_is_lost() -> None:
    _, job = held()
    assert not Holdings.hear([job], [answer(is_cancel_requested=False)])
    assert told(job) == (None, 0)
    assert Holdings.hear([job], [])
    assert told(job) == (Reason.LOST, 1)
    # The first reason stays.
    Holdings.hear([job], [answer(is_cancel_requested=True)])
    assert told(job) == (Reason.LOST, 1)


def test_what_somebody_cancelled_should_stop() -> None:
    _, job = held()
    assert not Holdings.hear([job], [answer(is_cancel_requested=True)])
    assert told(job) == (Reason.CANCELLED, 1)
