"""What accounts came to over each period: the newest sums, the last while these are counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from actors.sinks.statistics import Figures, nothing_known
from web.equity import EquityChange, Recorded
from web.performance import (
    ALL,
    COUNTS_MAX,
    PERIODS_US,
    Counted,
    Deadline,
    Held,
    Performance,
)

NOTHING_STORED: Final = "nothing of this account is stored yet"
NO_FUNDING: Final = "no funding payment of this account is stored"


class Sums(NamedTuple):
    """One account's; `settle` is what its money is in."""

    settle: str | None
    periods: list[dict[str, Any]]


class _Kept(NamedTuple):
    counted: Counted
    sums: Sums


class Periods:
    """The sums of a web process's accounts; the last ones are kept for the time it takes to count
    newer ones.
    """

    def __init__(self, performance: Performance) -> None:
        self.performance = performance
        self._kept: dict[tuple[str, str], _Kept] = {}

    def as_of_us(self, whose: tuple[str, str]) -> int:
        """The time of what is kept of an account; 0 where nothing is."""
        kept = self._kept.get(whose)
        return 0 if kept is None else kept.counted.at_us

    def kept(self, whose: tuple[str, str]) -> Sums | None:
        kept = self._kept.get(whose)
        return None if kept is None else kept.sums

    async def newest(
        self,
        whose: tuple[str, str],
        held: Callable[[], Held],
        live_settle: str | None,
        deadline: Deadline,
    ) -> Sums:
        """OutOfTime where the deadline comes first; the next call goes on from there.

        `live_settle` is for an account of which nothing is stored that says it.
        """
        counted = await self.performance.counted(*whose, held, deadline)
        kept = self._kept.get(whose)
        if kept is not None and kept.counted is counted:
            return kept.sums
        sums = await self._sums(whose, counted, live_settle, deadline)
        self._kept.pop(whose, None)
        if len(self._kept) >= COUNTS_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[whose] = _Kept(counted, sums)
        return sums

    async def _sums(
        self,
        whose: tuple[str, str],
        counted: Counted,
        live_settle: str | None,
        deadline: Deadline,
    ) -> Sums:
        recorded = Recorded(self.performance.reader, self.performance.gate, whose, counted.at_us)
        await recorded.read()
        begins = [counted.first_us, None if recorded.first is None else recorded.first.at_us]
        since_us = min((each for each in begins if each is not None), default=None)
        settle = live_settle if recorded.last is None else recorded.last.settle
        why_no_funding = "" if counted.totals[ALL].fundings else NO_FUNDING
        periods = []
        for name in (*PERIODS_US, ALL):
            deadline.check()
            from_us = None if name == ALL else counted.at_us - PERIODS_US[name]
            change, why = await recorded.change(from_us)
            if since_us is None:
                figures = nothing_known(NOTHING_STORED)
            else:
                figures = counted.totals[name].figures(settle or "", why_no_funding)
            period = {
                "period": name,
                "from_us": since_us if from_us is None else from_us,
                "to_us": counted.at_us,
                "since_us": since_us,
                "complete": since_us is not None and (from_us is None or since_us <= from_us),
            }
            periods.append(period | _figures(figures, change, why))
        return Sums(settle, periods)


def _figures(figures: Figures, change: EquityChange, why: str) -> dict[str, Any]:
    unknown = figures.unknown | ({"equity_change": why} if why else {})
    both = msgspec.structs.asdict(figures) | msgspec.structs.asdict(change)
    return both | {"unknown": unknown}
