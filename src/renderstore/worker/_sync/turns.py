"""Whose turn it is, where one worker takes from several farms: as many slots at once as of one farm.

Generated from src/renderstore/worker/_aio/turns.py by `just generate`; do not edit.
"""

from __future__ import annotations

from collections import deque
from time import monotonic

from renderstore.worker._sync.colour import Bell, Lock

BURST = 1.0
"""For so many seconds a slot goes on at its farm, an end and the next claim in one statement, though others wait."""


class Turns:
    """So many turns, handed out in the order in which they were asked for."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._line: deque[tuple[Bell, TurnsOfSlots]] = deque()
        self._lock = Lock()
        self._is_closed = False

    @property
    def is_free(self) -> bool:
        """Whether one can be had at once."""
        return self._free > 0

    def is_wanted(self, count: int) -> bool:
        """Whether a farm waits for one that has fewer than so many."""
        return any(each.count < count for _, each in list(self._line))

    def take(self, farm: TurnsOfSlots) -> bool:
        """Wait for one; whether there is one: there is none any more once the worker ends."""
        with self._lock:
            if self._is_closed:
                return False
            if self._free > 0:
                self._free -= 1
                return True
            mine = Bell()
            self._line.append((mine, farm))
        while not mine.wait(60.0):
            pass
        return not self._is_closed

    def give(self) -> None:
        """To who has waited the longest."""
        with self._lock:
            if self._line:
                self._line.popleft()[0].ring()
            else:
                self._free += 1

    def close(self) -> None:
        """Nobody takes one any more."""
        with self._lock:
            self._is_closed = True
            while self._line:
                self._line.popleft()[0].ring()


class TurnsOfSlots:
    """The turns that the slots of one farm have."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._since: dict[int, float] = {}

    @property
    def count(self) -> int:
        """How many of its slots have one."""
        return len(self._since)

    def take(self, number: int) -> bool:
        """Whether this slot has one, once it is its turn."""
        if not self._turns.take(self):
            return False
        self._since[number] = monotonic()
        return True

    def leave(self, number: int) -> None:
        """It has none any more."""
        if self._since.pop(number, None) is not None:
            self._turns.give()

    @property
    def is_free(self) -> bool:
        """Whether one can be had at once."""
        return self._turns.is_free

    def goes_on(self, number: int) -> bool:
        """Whether it may take another job at once: no farm waits that has fewer, or not for long."""
        since = self._since.get(number)
        if since is None:
            return False
        return monotonic() < since + BURST or not self._turns.is_wanted(self.count)

    def close(self) -> None:
        """The worker ends."""
        self._turns.close()


class NoTurns(TurnsOfSlots):
    """Of one database a slot takes when it can."""

    def __init__(self) -> None:
        pass

    def take(self, number: int) -> bool:
        return True

    def leave(self, number: int) -> None:
        pass

    @property
    def is_free(self) -> bool:
        return True

    def goes_on(self, number: int) -> bool:
        return True

    def close(self) -> None:
        pass


NO_TURNS = NoTurns()
