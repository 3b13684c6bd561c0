"""Whose turn it is, where one worker takes from several farms: as many slots at once as of one farm."""

from __future__ import annotations

from collections import deque
from time import monotonic

from renderstore.worker._aio.colour import Bell, Lock

BURST = 1.0
"""For so many seconds a slot goes on at its farm, an end and the next claim in one statement, though others wait."""


class AsyncTurns:
    """So many turns, handed out in the order in which they were asked for."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._line: deque[tuple[Bell, AsyncTurnsOfSlots]] = deque()
        self._lock = Lock()
        self._is_closed = False

    @property
    def is_free(self) -> bool:
        """Whether one can be had at once."""
        return self._free > 0

    def is_wanted(self, count: int) -> bool:
        """Whether a farm waits for one that has fewer than so many."""
        return any(each.count < count for _, each in list(self._line))

    async def take(self, farm: AsyncTurnsOfSlots) -> bool:
        """Wait for one; whether there is one: there is none any more once the worker ends."""
        async with self._lock:
            if self._is_closed:
                return False
            if self._free > 0:
                self._free -= 1
                return True
            mine = Bell()
            self._line.append((mine, farm))
        while not await mine.wait(60.0):
            pass
        return not self._is_closed

    async def give(self) -> None:
        """To who has waited the longest."""
        async with self._lock:
            if self._line:
                self._line.popleft()[0].ring()
            else:
                self._free += 1

    async def close(self) -> None:
        """Nobody takes one any more."""
        async with self._lock:
            self._is_closed = True
            while self._line:
                self._line.popleft()[0].ring()


class AsyncTurnsOfSlots:
    """The turns that the slots of one farm have."""

    def __init__(self, turns: AsyncTurns) -> None:
        self._turns = turns
        self._since: dict[int, float] = {}

    @property
    def count(self) -> int:
        """How many of its slots have one."""
        return len(self._since)

    async def take(self, number: int) -> bool:
        """Whether this slot has one, once it is its turn."""
        if not await self._turns.take(self):
            return False
        self._since[number] = monotonic()
        return True

    async def leave(self, number: int) -> None:
        """It has none any more."""
        if self._since.pop(number, None) is not None:
            await self._turns.give()

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

    async def close(self) -> None:
        """The worker ends."""
        await self._turns.close()


class AsyncNoTurns(AsyncTurnsOfSlots):
    """Of one database a slot takes when it can."""

    def __init__(self) -> None:
        pass

    async def take(self, number: int) -> bool:
        return True

    async def leave(self, number: int) -> None:
        pass

    @property
    def is_free(self) -> bool:
        return True

    def goes_on(self, number: int) -> bool:
        return True

    async def close(self) -> None:
        pass


NO_TURNS = AsyncNoTurns()
