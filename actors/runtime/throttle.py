"""The request budget of one process at one venue: a token bucket with weights and a not-before."""

from __future__ import annotations

from actors.runtime.clock import Clock
from actors.runtime.timer import Timer


class Throttle:
    """`rate_per_s` weight on average, `burst` at once, nothing before `not_before`.

    Waiters are served in the order in which they came: each reserves its share of the future.
    """

    __slots__ = ("_clock", "_free_ns", "_not_before_ns", "_timer", "burst", "rate_per_s")

    def __init__(self, timer: Timer, rate_per_s: float, burst: float) -> None:
        if rate_per_s <= 0 or burst <= 0:
            raise ValueError(f"rate {rate_per_s}/s, burst {burst}: expected both above 0")
        self.rate_per_s = rate_per_s
        self.burst = burst
        self._timer = timer
        self._clock: Clock = timer.clock
        # The virtual time at which the bucket is full again; now or earlier = nothing is owed.
        self._free_ns = 0
        self._not_before_ns = 0

    def delay_s(self) -> float:
        """How long until a request of weight 1 may go, were it asked now."""
        now_ns = self._clock.monotonic_ns()
        free_ns = max(self._free_ns, now_ns) + self._cost_ns(1)
        return (self._due_ns(now_ns, free_ns) - now_ns) / 1e9

    async def acquire(self, weight: float = 1) -> None:
        """Returns when a request of this weight may go."""
        now_ns = self._clock.monotonic_ns()
        self._free_ns = max(self._free_ns, now_ns) + self._cost_ns(weight)
        free_ns = self._free_ns
        # A not-before that comes while one waits counts for the waiter too.
        while (due_ns := self._due_ns(now_ns, free_ns)) > self._clock.monotonic_ns():
            await self._timer.sleep_until(due_ns)

    def not_before(self, delay_s: float) -> None:
        """The venue's word (Retry-After): nothing goes for so long."""
        until_ns = self._clock.monotonic_ns() + round(delay_s * 1e9)
        self._not_before_ns = max(self._not_before_ns, until_ns)

    def interval_s(self, wanted_s: float, weight_per_round: float) -> float:
        """The interval that a round of this weight can keep: the wanted one, or a longer one."""
        return max(wanted_s, weight_per_round / self.rate_per_s)

    def _cost_ns(self, weight: float) -> int:
        return round(weight / self.rate_per_s * 1e9)

    def _due_ns(self, now_ns: int, free_ns: int) -> int:
        burst_ns = round(self.burst / self.rate_per_s * 1e9)
        return max(now_ns, free_ns - burst_ns, self._not_before_ns)
