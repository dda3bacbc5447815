"""Which of two states of one thing an account holds: the newer one. Pure.

The newest by the venue's clock wins; where that does not tell, a REST answer counts as of the
moment it was *asked* for, so that it never undoes a later stream event. `asked_ns` and `held_ns`
are CLOCK_MONOTONIC.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from actors.messages.account import AccountSnapshot, Position
from actors.venues.contract import AssetBalances

TRUSTED_NS: Final = 10_000_000_000
"""REST that still tells of an older state after so long is right: the stream's word was not."""
AHEAD_NS_MAX: Final = 5_000_000_000
"""Clocks within one venue differ by less. What is dated further ahead than this was dated before
the venue's clock was set back, so its date tells nothing beside a later one."""

RowT = TypeVar("RowT", AccountSnapshot, Position, AssetBalances)


class Recency:
    """`venue_now_ns` is the latest that the venue's clock can show now; None while unknown."""

    def __init__(self) -> None:
        self.venue_now_ns: Callable[[], int | None] = lambda: None

    def supersedes(self, row: RowT, asked_ns: int, held: RowT | None, held_ns: int) -> bool:
        """Whether `row`, true at `asked_ns` or later, replaces `held`, true at `held_ns`."""
        if held is None or asked_ns - held_ns >= TRUSTED_NS:
            return True
        row_time_ns, held_time_ns = row.venue_time_ns, held.venue_time_ns
        dated = row_time_ns and held_time_ns and row_time_ns != held_time_ns
        if dated and not self._from_ahead(held_time_ns):
            return row_time_ns > held_time_ns
        return asked_ns >= held_ns

    def _from_ahead(self, time_ns: int) -> bool:
        now_ns = self.venue_now_ns()
        return now_ns is not None and time_ns - now_ns > AHEAD_NS_MAX
