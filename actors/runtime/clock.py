"""The only reader of time; everything else is handed a clock."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Monotonic for every interval, wall only for display and signing."""

    def monotonic_ns(self) -> int: ...

    def wall_ns(self) -> int: ...


class SystemClock:
    """CLOCK_MONOTONIC, which all processes of one host share, and the wall clock."""

    __slots__ = ()

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        return time.time_ns()


class FakeClock:
    """A clock that moves when told to."""

    __slots__ = ("_monotonic_ns", "_wall_ns")

    def __init__(self, monotonic_ns: int = 1_000_000_000, wall_ns: int = 1_790_000_000 * 10**9):
        self._monotonic_ns = monotonic_ns
        self._wall_ns = wall_ns

    def monotonic_ns(self) -> int:
        return self._monotonic_ns

    def wall_ns(self) -> int:
        return self._wall_ns

    def advance(self, seconds: float) -> None:
        delta = round(seconds * 1e9)
        self._monotonic_ns += delta
        self._wall_ns += delta

    def step_wall(self, seconds: float) -> None:
        """What NTP does: the wall clock jumps, time itself does not."""
        self._wall_ns += round(seconds * 1e9)
