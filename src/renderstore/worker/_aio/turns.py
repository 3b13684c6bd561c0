"""Whose turn it is, where one worker takes from several farms: as many slots at once as of one farm."""

from __future__ import annotations

from collections import deque

from renderstore.worker._aio.colour import Bell, Lock


class AsyncTurns:
    """So many turns, handed out in the order in which they were asked for."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._line: deque[Bell] = deque()
        self._lock = Lock()
        self._is_closed = False

    @property
    def is_free(self) -> bool:
        """Whether one can be had at once."""
        return self._free > 0

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for one."""
        return bool(self._line)

    async def take(self) -> bool:
        """Wait for one; whether there is one: there is none any more once the worker ends."""
        async with self._lock:
            if self._is_closed:
                return False
            if self._free > 0:
                self._free -= 1
                return True
            mine = Bell()
            self._line.append(mine)
        while not await mine.wait(60.0):
            pass
        return not self._is_closed

    async def give(self) -> None:
        """To who has waited the longest."""
        async with self._lock:
            if self._line:
                self._line.popleft().ring()
            else:
                self._free += 1

    async def close(self) -> None:
        """Nobody takes one any more."""
        async with self._lock:
            self._is_closed = True
            while self._line:
                self._line.popleft().ring()


class AsyncTurnsOfSlots:
    """The turns that the slots of one farm have."""

    def __init__(self, turns: AsyncTurns) -> None:
        self._turns = turns
        self._having: set[int] = set()

    async def take(self, number: int) -> bool:
        """Whether this slot has one, once it is its turn."""
        if not await self._turns.take():
            return False
        self._having.add(number)
        return True

    async def leave(self, number: int) -> None:
        """It has none any more."""
        if number in self._having:
            self._having.discard(number)
            await self._turns.give()

    @property
    def is_free(self) -> bool:
        """Whether one can be had at once."""
        return self._turns.is_free

    def goes_on(self, number: int) -> bool:
        """Whether it may take another job at once, since nobody else waits."""
        return number in self._having and not self._turns.is_wanted

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
