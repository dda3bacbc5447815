"""A timer for tests: time passes when somebody waits, or when the test says so."""

from __future__ import annotations

import asyncio

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
