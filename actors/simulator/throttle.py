"""The venue's request limit per owner of a budget; off unless asked for."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

WINDOW_NS: Final = 60_000_000_000
OWNERS_MAX: Final = 1_024


class Throttle:
    """Counts requests of each owner (an address, or who holds a token) in windows of a minute."""

    __slots__ = ("_windows", "per_min")

    def __init__(self, per_min: int | None) -> None:
        self.per_min = per_min
        self._windows: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, owner: str, now_ns: int, weight: float = 1) -> float | None:
        """Counts one request as `weight`; seconds to wait when it is too much, else None."""
        if self.per_min is None:
            return None
        began_ns, seen = self._windows.get(owner, (now_ns, 0))
        if now_ns - began_ns >= WINDOW_NS:
            began_ns, seen = now_ns, 0
        if seen + weight > self.per_min:
            return round((began_ns + WINDOW_NS - now_ns) / 1e9, 3)
        self._windows[owner] = (began_ns, seen + weight)
        if len(self._windows) > OWNERS_MAX:
            self._windows.popitem(last=False)
        return None
