"""Counts what an account's stored fills come to over 24 h, 7 d, 30 d and all time.

What is older than the longest period is counted once and kept, so that the next answer reads only
what came later; what a count has done is kept when its answer runs out of time, and the next one
goes on from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Final, NamedTuple

from actors.cache.portfolio import EXACT
from actors.messages.account import Fill
from actors.runtime.clock import Clock
from actors.sinks.contract import FundingItem, HistoryReader, TradeItem
from actors.sinks.statistics import LINEAR, Ledger, Market, Totals, net_quantities
from web.forward import Forward, Row
from web.history_gate import Gate
from web.views import US

DAY_US: Final = 86_400 * 10**6
PERIODS_US: Final[Mapping[str, int]] = {"24h": DAY_US, "7d": 7 * DAY_US, "30d": 30 * DAY_US}
LONGEST_US: Final = max(PERIODS_US.values())
ALL: Final = "all"
COUNTS_MAX: Final = 1_000
"""Accounts that are counted; beyond, the one begun first begins anew."""

COUNT_S_MAX: Final = 3_600
"""Then all is read again: fills of long ago may have come late."""

KEPT_S: Final = 15
"""As long an answer stands."""

SAMPLE_S: Final = 0.25
"""Of a fill and the position after it, one comes first; by then the other has come, too."""

SAMPLES_MAX: Final = 4

TURN_ROWS: Final = 200
"""Rows that are counted before live answers have a turn: some 4 ms."""

_ZERO: Final = Decimal(0)


class Held(NamedTuple):
    """What live state knows of an account.

    `quantities`: net per market, long above zero; None where nothing was received. `fills`: the
    newest, which the store may not have yet.
    """

    quantities: Mapping[Market, Decimal] | None
    fills: Sequence[Fill]
    contract_sizes: Mapping[Market, Decimal]


class Counted(NamedTuple):
    """Sums per period until `at_us`; `first_us` is the oldest fill's time."""

    at_us: int
    first_us: int | None
    totals: Mapping[str, Totals]


class OutOfTime(Exception):
    """The answer's time is over; the count goes on with the next."""


class Deadline:
    """Until when an answer may count."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._at_ns = clock.monotonic_ns() + int(seconds * 1e9)

    def check(self) -> None:
        if self._clock.monotonic_ns() >= self._at_ns:
            raise OutOfTime


class _Kept(NamedTuple):
    """All before `until_us`, counted."""

    until_us: int
    first_us: int | None
    ledger: Ledger
    totals: Totals


class _Run:
    """One reading of everything after what is kept, towards one answer."""

    def __init__(self, count: _Count, kept: _Kept, now_us: int) -> None:
        self.now_us = now_us
        self.first_us = kept.first_us
        self._border_us = max(kept.until_us, now_us - LONGEST_US)
        self._ledger = kept.ledger.copy()
        self.totals = {name: Totals() for name in PERIODS_US} | {ALL: kept.totals.copy()}
        self._kept_ledger: Ledger | None = None
        self._kept_totals = kept.totals.copy()
        self._kept_first_us = kept.first_us
        self._fills = count.fills_from(kept.until_us)
        self._fundings = count.fundings_from(kept.until_us)
        self._fills_done = self._done = False

    async def finish(self, deadline: Deadline) -> _Kept:
        """Reads on to the end; what the next run may begin with."""
        while not self._fills_done:
            fills, more = await self._fills.page()
            self._fills_done = not more
            await in_turns(fills, self._add_fill)
            deadline.check()
        while not self._done:
            payments, more = await self._fundings.page()
            self._done = not more
            await in_turns(payments, self._add_funding)
            deadline.check()
        ledger = self._kept_ledger or self._ledger
        return _Kept(self._border_us, self._kept_first_us, ledger, self._kept_totals)

    def _add_fill(self, fill: TradeItem) -> None:
        is_kept = fill.at_us < self._border_us
        if not is_kept and self._kept_ledger is None:
            self._kept_ledger = self._ledger.copy()
        if self.first_us is None:
            self.first_us = fill.at_us
        outcome = self._ledger.fill(fill)
        for totals in self._into(fill.at_us):
            totals.add(outcome)
        if is_kept:
            self._kept_first_us = self.first_us

    def _add_funding(self, payment: FundingItem) -> None:
        for totals in self._into(payment.at_us):
            totals.add_funding(payment.amount)

    def _into(self, at_us: int) -> list[Totals]:
        """The sums that a row of this time belongs to."""
        into = [self.totals[name] for name, us in PERIODS_US.items() if at_us >= self.now_us - us]
        if at_us < self._border_us:
            into.append(self._kept_totals)
        return [*into, self.totals[ALL]]


class _Count:
    """One account: what was open before its first stored fill, and what is counted since."""

    def __init__(self, parts: Performance, whose: tuple[str, str]) -> None:
        self._parts = parts
        self._whose = whose
        self._net: dict[Market, Decimal] = {}
        self._netted = self.fills_from(0)
        self._opening: dict[Market, Decimal] | None = None
        self._kept: _Kept | None = None
        self._run: _Run | None = None
        self._answer: tuple[int, Counted] | None = None
        self.lock = asyncio.Lock()

    def fills_from(self, from_us: int) -> Forward[TradeItem]:
        ask, gate = self._parts.reader.trades, self._parts.gate
        return Forward(ask, gate, self._whose, lambda fill: fill.fill_id, from_us)

    def fundings_from(self, from_us: int) -> Forward[FundingItem]:
        ask, gate = self._parts.reader.fundings, self._parts.gate
        return Forward(ask, gate, self._whose, lambda payment: payment.funding_id, from_us)

    async def counted(self, held: Callable[[], Held], deadline: Deadline) -> Counted:
        clock = self._parts.clock
        if self._answer is not None:
            at_ns, answer = self._answer
            if clock.monotonic_ns() - at_ns < KEPT_S * 10**9:
                return answer
        deadline.check()
        if self._run is None:
            kept = await self._settled(held, deadline)
            self._run = _Run(self, kept, clock.wall_ns() // US)
        run = self._run
        try:
            self._kept = await run.finish(deadline)
        except asyncio.CancelledError:
            # Some rows of a page may be counted and others not.
            self._run = None
            raise
        self._run = None
        answer = Counted(run.now_us, run.first_us, run.totals)
        self._answer = (clock.monotonic_ns(), answer)
        return answer

    async def _settled(self, held: Callable[[], Held], deadline: Deadline) -> _Kept:
        """What a run begins with: nothing, where another position was open before the first fill
        than was thought.
        """
        opening = await self._before_the_first(held, deadline)
        if self._kept is not None and opening in (None, self._opening):
            return self._kept
        for _ in range(SAMPLES_MAX):
            await self._parts.pause(SAMPLE_S)
            again = await self._before_the_first(held, deadline)
            if again == opening:
                return self._begun(opening, held().contract_sizes)
            opening = again
        return self._kept or self._begun(None, {})

    def _begun(
        self, opening: dict[Market, Decimal] | None, contract_sizes: Mapping[Market, Decimal]
    ) -> _Kept:
        self._opening = opening
        self._kept = _Kept(0, None, Ledger(opening, contract_sizes), Totals())
        return self._kept

    async def _before_the_first(
        self, held: Callable[[], Held], deadline: Deadline
    ) -> dict[Market, Decimal] | None:
        """Per market, what is held now less all that was filled."""
        more = True
        while more:
            fills, more = await self._netted.page()
            self._add(net_quantities(fills))
            deadline.check()
        quantities, fills_told, _ = held()
        if quantities is None:
            return None
        later = net_quantities(
            fill for fill in fills_told if not self._netted.has_read(stored_us(fill), fill.fill_id)
        )
        with localcontext(EXACT):
            found = {
                market: quantities.get(market, _ZERO)
                - self._net.get(market, _ZERO)
                - later.get(market, _ZERO)
                for market in {*quantities, *self._net, *later}
                if market[0] == LINEAR
            }
        return {market: quantity for market, quantity in found.items() if quantity}

    def _add(self, quantities: Mapping[Market, Decimal]) -> None:
        with localcontext(EXACT):
            for market, quantity in quantities.items():
                self._net[market] = self._net.get(market, _ZERO) + quantity


class Performance:
    """The counts of a web process."""

    def __init__(
        self,
        reader: HistoryReader,
        gate: Gate,
        clock: Clock,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.reader = reader
        self.gate = gate
        self.clock = clock
        self.pause = pause
        self._counts: dict[tuple[str, str], tuple[int, _Count]] = {}

    async def counted(
        self, venue: str, account: str, held: Callable[[], Held], deadline: Deadline
    ) -> Counted:
        """The sums of one account; OutOfTime where the deadline comes first."""
        count = self._count((venue, account))
        async with count.lock:
            return await count.counted(held, deadline)

    def _count(self, whose: tuple[str, str]) -> _Count:
        now_ns = self.clock.monotonic_ns()
        begun_ns, count = self._counts.get(whose, (now_ns, None))
        if count is None or now_ns - begun_ns > COUNT_S_MAX * 10**9:
            self._counts.pop(whose, None)
            if len(self._counts) >= COUNTS_MAX:
                del self._counts[next(iter(self._counts))]
            count = _Count(self, whose)
            self._counts[whose] = (now_ns, count)
        return count


def stored_us(fill: Fill) -> int:
    """The time that a fill is stored under."""
    return (fill.venue_time_ns or fill.received_ns) // US


async def in_turns(rows: Sequence[Row], count: Callable[[Row], None]) -> None:
    """Counts all, and has live answers served in between."""
    for first in range(0, len(rows), TURN_ROWS):
        for row in rows[first : first + TURN_ROWS]:
            count(row)
        await asyncio.sleep(0)
