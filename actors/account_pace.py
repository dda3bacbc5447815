"""How often an account asks over REST: as wanted, as far as the budget allows, and in truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from actors.runtime.lease import PACE_MARGIN

STRETCH_MARGIN: Final = 1.1
"""A stretched interval leaves something for what comes between: a handshake, points, a fill."""

HELD_UP_S: Final = 10.0
"""A round that took longer was held up (Retry-After); its length tells nothing of the next."""

SMOOTHING: Final = 0.4
"""How much of the interval that is told is the newest round's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between two rounds (balance, positions), between two looks at the orders, and the
    age at which data counts as stale at the least. `per_round`: requests of each round."""

    poll_interval_s: float
    orders_interval_s: float
    cache_ttl_s: float
    per_round: int = 2

    def wanted_per_s(self, *, stream_complete: bool) -> float:
        """What to ask of the budget."""
        orders_s = max(self.orders_interval_s, self.poll_interval_s)
        per_s = self.per_round / self.poll_interval_s + _lists(stream_complete) / orders_s
        return PACE_MARGIN * per_s

    def fitting_s(self, rate_per_s: float, *, stream_complete: bool) -> float:
        """The interval that a budget of this rate can keep: the wanted one, or a longer one."""
        rate_per_s /= STRETCH_MARGIN
        lists = _lists(stream_complete)
        left_per_s = rate_per_s - lists / self.orders_interval_s
        fitting_s = self.per_round / left_per_s if left_per_s > 0 else self.orders_interval_s
        if fitting_s >= self.orders_interval_s:
            # Then every round looks at the orders too.
            fitting_s = (self.per_round + lists) / rate_per_s
        return max(self.poll_interval_s, fitting_s)


def _lists(stream_complete: bool) -> int:
    """Requests of a look at the orders: without the stream the past is asked for too."""
    return 1 if stream_complete else 3


class Rhythm:
    """When the next round is due, and what the interval between two is in truth."""

    __slots__ = ("_true_s", "due_ns")

    def __init__(self) -> None:
        self.due_ns = 0
        self._true_s = 0.0

    def reset(self) -> None:
        """The next round is due now, and nothing is known of those after it."""
        self.due_ns = 0
        self._true_s = 0.0

    def concluded(self, planned_s: float, now_ns: int) -> None:
        """A round has ended. One that took longer than planned is followed at once."""
        if not self.due_ns:
            self.due_ns = now_ns
        elif now_ns >= self.due_ns:
            self.due_ns = max(self.due_ns + round(planned_s * 1e9), now_ns)

    def true_s(self, planned_s: float, took_s: float) -> float:
        """`planned_s`, or what it comes to where rounds take longer."""
        spacing_s = planned_s if took_s > HELD_UP_S else max(planned_s, took_s)
        before_s = self._true_s or spacing_s
        self._true_s = max(planned_s, before_s + SMOOTHING * (spacing_s - before_s))
        return self._true_s
