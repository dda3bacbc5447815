"""How far a venue's clock is from ours, by the Date header of its REST answers."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final, NamedTuple

DATE_RESOLUTION_NS: Final = 1_000_000_000
"""Date names whole seconds."""
DRIFT_PPM: Final = 500
"""Clocks part by this at most (what NTP corrects at most); old knowledge grows vague by it."""


class ClockOffset(NamedTuple):
    """The venue's clock minus our wall clock, give or take; when it was last measured."""

    offset_ms: float
    uncertainty_ms: float
    measured_mono_ns: int


class VenueClock:
    """Narrows down the venue's time with each answer.

    An answer made between two moments of CLOCK_MONOTONIC bears a second that began before the
    later and ended after the earlier of them; what many such seconds have in common is soon
    narrower than one of them. Where they have nothing in common the venue's clock was set: only
    the last one counts. Our own wall clock is looked at when the offset is asked for, not before,
    so that it may be set at any time.
    """

    def __init__(self) -> None:
        self._low_ns = 0
        self._high_ns = 0
        self._measured_mono_ns = 0

    def answered(
        self, headers: Mapping[str, str], sent_mono_ns: int, received_mono_ns: int
    ) -> None:
        """`headers` came with an answer; one without a Date, or out of a cache, tells nothing."""
        date_ns = _date_ns(headers.get("Date", ""))
        if date_ns is None or "Age" in headers:
            return
        low_ns = date_ns - received_mono_ns
        high_ns = date_ns + DATE_RESOLUTION_NS - sent_mono_ns
        if self._measured_mono_ns:
            known_low_ns, known_high_ns = self._known(received_mono_ns)
            if known_low_ns <= high_ns and low_ns <= known_high_ns:
                low_ns, high_ns = max(low_ns, known_low_ns), min(high_ns, known_high_ns)
        self._low_ns, self._high_ns = low_ns, high_ns
        self._measured_mono_ns = received_mono_ns

    def offset(self, now_mono_ns: int, now_wall_ns: int) -> ClockOffset | None:
        """None before the first answer."""
        if not self._measured_mono_ns:
            return None
        low_ns, high_ns = self._known(now_mono_ns)
        ours_ns = now_wall_ns - now_mono_ns
        return ClockOffset(
            round(((low_ns + high_ns) / 2 - ours_ns) / 1e6, 3),
            round((high_ns - low_ns) / 2e6, 3),
            self._measured_mono_ns,
        )

    def time_ns(self, mono_ns: int) -> int | None:
        """The venue's own time at a moment of CLOCK_MONOTONIC; None before the first answer."""
        if not self._measured_mono_ns:
            return None
        return (self._low_ns + self._high_ns) // 2 + mono_ns

    def latest_ns(self, mono_ns: int) -> int | None:
        """The venue's clock shows at most this at a moment of CLOCK_MONOTONIC; None before the
        first answer."""
        if not self._measured_mono_ns:
            return None
        return self._known(mono_ns)[1] + mono_ns

    def _known(self, now_mono_ns: int) -> tuple[int, int]:
        """Bounds of the venue's time minus CLOCK_MONOTONIC, as far as they still hold."""
        drift_ns = (now_mono_ns - self._measured_mono_ns) * DRIFT_PPM // 1_000_000
        return self._low_ns - drift_ns, self._high_ns + drift_ns


@lru_cache(maxsize=4)
def _date_ns(text: str) -> int | None:
    """Of many answers in one second the text is the same."""
    try:
        return round(parsedate_to_datetime(text).timestamp()) * 1_000_000_000
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
