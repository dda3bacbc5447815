"""Waiting on the given clock, so that a schedule can be tested without waiting."""

from __future__ import annotations

import asyncio

from actors.runtime.clock import Clock


class Timer:
    """The one place where an actor sleeps. A test's timer moves its clock instead."""

    __slots__ = ("clock",)

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    async def sleep_until(self, due_mono_ns: int, wake: asyncio.Event | None = None) -> bool:
        """Until `due_mono_ns`, or until `wake` is set; True when it was woken."""
        left_s = max(0.0, (due_mono_ns - self.clock.monotonic_ns()) / 1e9)
        if wake is None:
            await asyncio.sleep(left_s)
            return False
        if wake.is_set():
            return True
        try:
            async with asyncio.timeout(left_s):
                await wake.wait()
        except TimeoutError:
            return False
        return True

    async def sleep(self, delay_s: float, wake: asyncio.Event | None = None) -> bool:
        due_ns = self.clock.monotonic_ns() + round(delay_s * 1e9)
        return await self.sleep_until(due_ns, wake)
