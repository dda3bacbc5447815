"""Holds the requests of one process to a rate that may change at any time: a token bucket."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final

from actors.errors import RateLimited
from actors.runtime.clock import Clock
from actors.runtime.timer import Timer

RATE_LIMIT_PAUSE_S: Final = 10.0
"""After a 418 or 429 that names no time."""


class Throttle:
    """`rate_per_s` weight on average, `burst` at once, nothing before the venue allows.

    Waiters are served in the order in which they came; nobody waits out a Retry-After here: that
    may be an hour, which its lane shall show. It begins with a full burst, or with what `saved`
    says. `on_limited(wait_s)` hears of each Retry-After.
    """

    __slots__ = (
        "_at_ns",
        "_changed",
        "_clock",
        "_not_before_ns",
        "_queue",
        "_saved",
        "_timer",
        "burst",
        "on_limited",
        "rate_per_s",
    )

    def __init__(
        self, timer: Timer, rate_per_s: float, burst: float, saved: float | None = None
    ) -> None:
        _check(rate_per_s, burst)
        self.rate_per_s = rate_per_s
        self.burst = burst
        self.on_limited: Callable[[float], None] = lambda _: None
        self._timer = timer
        self._clock: Clock = timer.clock
        # What may go at once, as it was at `_at_ns`; below 0 after one heavier than the burst.
        self._saved = burst if saved is None else saved
        self._at_ns = timer.clock.monotonic_ns()
        self._not_before_ns = 0
        self._queue = asyncio.Lock()
        self._changed = asyncio.Event()

    @property
    def held_s(self) -> float:
        """How long the venue's word (Retry-After) is still in force."""
        return max(0, self._not_before_ns - self._clock.monotonic_ns()) / 1e9

    @property
    def pace_per_s(self) -> float:
        """What a steady pace can count on."""
        return self.rate_per_s

    async def acquire(self, weight: float = 1) -> None:
        """Returns when a request of this weight may go; raises RateLimited, at once or when it
        comes while one waits, where the venue allows none."""
        async with self._queue:
            while True:
                if held_s := self.held_s:
                    raise RateLimited(round(held_s, 3), "(nothing goes by this address before)")
                due_ns = self._due_ns(weight)
                if due_ns <= self._clock.monotonic_ns():
                    break
                self._changed.clear()
                await self._timer.sleep_until(due_ns, self._changed)
            self._settle()
            self._saved -= weight

    def change(self, rate_per_s: float, burst: float, more: float = 0.0) -> None:
        """From now on; what was saved stays, as far as it fits, and grows by `more`."""
        _check(rate_per_s, burst)
        self._settle()
        self.rate_per_s = rate_per_s
        self.burst = burst
        self._saved = min(self._saved + more, burst)
        self._changed.set()

    def limited(self, wait_s: float | None) -> None:
        """The venue's word: nothing goes for so long; None where it named no time."""
        wait_s = RATE_LIMIT_PAUSE_S if wait_s is None else wait_s
        self.hold_until(self._clock.monotonic_ns() + round(wait_s * 1e9))
        self.on_limited(wait_s)

    def hold_until(self, due_ns: int) -> None:
        """Nothing goes before, and nothing is saved up meanwhile: one comes back gently."""
        now_ns = self._clock.monotonic_ns()
        if due_ns <= max(self._not_before_ns, now_ns):
            return
        self._not_before_ns = due_ns
        self._saved = min(self._saved, 0.0)
        self._at_ns = due_ns
        self._changed.set()

    def interval_s(self, wanted_s: float, weight_per_round: float) -> float:
        """The interval that a round of this weight can keep: the wanted one, or a longer one."""
        return max(wanted_s, weight_per_round / self.rate_per_s)

    def _settle(self) -> None:
        now_ns = self._clock.monotonic_ns()
        # While the venue's word is in force, `_at_ns` lies ahead.
        if now_ns > self._at_ns:
            grown = self._saved + (now_ns - self._at_ns) / 1e9 * self.rate_per_s
            self._saved = min(grown, self.burst)
            self._at_ns = now_ns

    def _due_ns(self, weight: float) -> int:
        """When as much as `weight` is saved, or the whole burst where it is heavier than that."""
        lacking = min(weight, self.burst) - self._saved
        # Rounded up, so that whoever wakes then finds enough.
        return self._at_ns + math.ceil(max(0.0, lacking) / self.rate_per_s * 1e9)


def _check(rate_per_s: float, burst: float) -> None:
    if rate_per_s <= 0 or burst <= 0:
        raise ValueError(f"rate {rate_per_s}/s, burst {burst}: expected both above 0")
