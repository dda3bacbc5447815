"""Faults of the cache's peers: all counted, few reported; pure."""

from __future__ import annotations

from typing import Final

REPORT_NS: Final = 10_000_000_000
"""A sender's faults are reported once in this time, with their count."""
SENDERS_MAX: Final = 256


class LinkFaults:
    """How often each sender broke the rules of the bus."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._reported: dict[str, tuple[int, int]] = {}

    def count(self, sender: str, now_mono_ns: int) -> int:
        """Counts one fault; answers how many to report now, 0 for none."""
        if sender not in self.counts and len(self.counts) >= SENDERS_MAX:
            sender = "others"
        total = self.counts[sender] = self.counts.get(sender, 0) + 1
        at_mono_ns, reported = self._reported.get(sender, (0, 0))
        if reported and now_mono_ns - at_mono_ns < REPORT_NS:
            return 0
        self._reported[sender] = (now_mono_ns, total)
        return total - reported
