"""How often each client may ask: so many requests in a window of a minute; pure.

Windows are fixed and begin with a client's first request, so that `RateLimit-Reset` is exact and
the request after the last allowed one is refused at whatever pace they came.
"""

from __future__ import annotations

from typing import Final, NamedTuple

WINDOW_NS: Final = 60 * 10**9
CLIENTS_MAX: Final = 10_000
"""Clients that are counted at once; beyond, who began longest ago begins anew."""


class Allowance(NamedTuple):
    """What a client has left after a request."""

    limit: int
    used: int
    reset_s: int

    @property
    def exceeded(self) -> bool:
        return self.used > self.limit

    @property
    def headers(self) -> dict[str, str]:
        """The three fields that clients know from draft-ietf-httpapi-ratelimit-headers up to 06."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "RateLimit-Reset": str(self.reset_s),
        }


class RateLimit:
    """Counts requests per client; `per_minute` 0 means no limit."""

    def __init__(self, per_minute: int) -> None:
        self._limit = per_minute
        # Each window's end and count; in the order in which they began.
        self._windows: dict[str, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._windows)

    def count(self, client: str, now_ns: int) -> Allowance | None:
        """One request more of this client; None where nothing is limited."""
        if not self._limit:
            return None
        end_ns, count = self._windows.get(client, (0, 0))
        if now_ns >= end_ns:
            self._windows.pop(client, None)
            end_ns, count = now_ns + WINDOW_NS, 0
            if len(self._windows) >= CLIENTS_MAX:
                del self._windows[next(iter(self._windows))]
        self._windows[client] = (end_ns, count + 1)
        return Allowance(self._limit, count + 1, -((now_ns - end_ns) // 10**9))
