"""Timers for tests: time passes when somebody waits, or when the test says so."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable

from actors.runtime.clock import FakeClock
from actors.runtime.timer import Timer


class InstantTimer(Timer):
    """Who sleeps wakes at once, and the clock stands where the sleep would have ended.

    With `steps` time stands still until `advance`.
    """

    clock: FakeClock

    def __init__(self, *, steps: bool = False) -> None:
        super().__init__(FakeClock())
        self._steps = steps
        self._moved = asyncio.Event()
        self.slept_s: list[float] = []

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep_until(self, due_mono_ns: int, wake: asyncio.Event | None = None) -> bool:
        await asyncio.sleep(0)
        while not (wake is not None and wake.is_set()):
            left_ns = due_mono_ns - self.clock.monotonic_ns()
            if left_ns <= 0:
                return False
            if not self._steps:
                self.slept_s.append(left_ns / 1e9)
                self.clock.advance(left_ns / 1e9)
                return False
            await self._pause(wake)
        return True

    async def _pause(self, wake: asyncio.Event | None) -> None:
        waits = [asyncio.ensure_future(self._moved.wait())]
        if wake is not None:
            waits.append(asyncio.ensure_future(wake.wait()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


class VirtualTimer(Timer):
    """Many sleepers on one clock: `run_for` wakes them one after the other, each at its time."""

    SETTLE_TURNS = 25
    """Turns of the loop in which whoever was woken gets to where it sleeps again."""

    clock: FakeClock

    def __init__(self) -> None:
        super().__init__(FakeClock())
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    async def sleep_until(self, due_mono_ns: int, wake: asyncio.Event | None = None) -> bool:
        due = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (due_mono_ns, next(self._order), due))
        if wake is None:
            await due
            return False
        woken = asyncio.ensure_future(wake.wait())
        try:
            await asyncio.wait({due, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
            due.cancel()
        return wake.is_set()

    async def run_for(self, seconds: float, each_second: Callable[[], None]) -> None:
        end_ns = self.clock.monotonic_ns() + round(seconds * 1e9)
        second_ns = self.clock.monotonic_ns() + 10**9
        await self._settle()
        while True:
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)
            due_ns = self._sleepers[0][0] if self._sleepers else end_ns
            at_ns = min(max(due_ns, self.clock.monotonic_ns()), second_ns)
            if at_ns > end_ns:
                return
            self.clock.advance((at_ns - self.clock.monotonic_ns()) / 1e9)
            if at_ns == second_ns:
                second_ns += 10**9
                each_second()
            else:
                heapq.heappop(self._sleepers)[2].set_result(None)
                await self._settle()

    async def _settle(self) -> None:
        for _ in range(self.SETTLE_TURNS):
            await asyncio.sleep(0)
