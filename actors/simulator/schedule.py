"""What will happen when: a heap of actions on handed-in time, so a run repeats exactly."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

Action = Callable[[], None]


class Schedule:
    """Actions in order of time, then of entry; `now_ns` is the time of the running action."""

    __slots__ = ("_entries", "_order", "now_ns")

    def __init__(self, now_ns: int) -> None:
        self._entries: list[tuple[int, int, Action]] = []
        self._order = count()
        self.now_ns = now_ns

    def after(self, delay_s: float, action: Action) -> None:
        due_ns = self.now_ns + round(delay_s * 1e9)
        heapq.heappush(self._entries, (due_ns, next(self._order), action))

    @property
    def next_ns(self) -> int | None:
        return self._entries[0][0] if self._entries else None

    def run(self, now_ns: int) -> None:
        """Carries out all that is due; what an action schedules for then runs too."""
        while self._entries and self._entries[0][0] <= now_ns:
            due_ns, _, action = heapq.heappop(self._entries)
            self.now_ns = max(self.now_ns, due_ns)
            action()
        self.now_ns = max(self.now_ns, now_ns)

    def shift(self, delay_ns: int) -> None:
        """All that is to come, comes later by `delay_ns`: the world stood still meanwhile.

        Less than nothing sets the clock back; how long anything still has to wait never changes.
        """
        self._entries = [(due + delay_ns, order, act) for due, order, act in self._entries]
        heapq.heapify(self._entries)
        self.now_ns += delay_ns
