"""A child that asks a venue as often as its lease allows, for tests of request budgets."""

from __future__ import annotations

from dataclasses import dataclass

from actors.messages.control import Lease


@dataclass
class Spender:
    """Spends all that its lease allows whenever the test lets it: the worst that a child can do."""

    epoch: int
    at_ns: int
    saved: float = 0.0
    lease: Lease | None = None

    def settle(self, now_ns: int) -> None:
        if self.lease is not None:
            grown = self.saved + (now_ns - self.at_ns) / 1e9 * self.lease.rate_per_s
            self.saved = min(grown, self.lease.burst)
        self.at_ns = now_ns

    def hear(self, lease: Lease, now_ns: int) -> None:
        self.settle(now_ns)
        self.saved = min(self.saved + lease.opening, lease.burst)
        self.lease = lease

    def spend(self, now_ns: int) -> int:
        self.settle(now_ns)
        if self.lease is None or self.lease.not_before_mono_ns > now_ns:
            return 0
        sent = int(self.saved)
        self.saved -= sent
        return sent
