"""How an account's equity changed over a period, from stored figures at its two ends."""

from __future__ import annotations

from decimal import localcontext
from typing import Final

import msgspec

from actors.cache.portfolio import EXACT, number
from actors.sinks.contract import HistoryReader, SnapshotItem
from web.history_gate import Gate
from web.moments import rfc3339

AGE_US_MAX: Final = 15 * 60 * 10**6
"""Figures are stored each minute while they are fresh; what is older than this at a period's
beginning is not what the account was worth then."""


class EquityChange(msgspec.Struct, kw_only=True):
    """From the figures that were stored last before a period to the last in it; null is not known.

    Deposits and withdrawals are in it. `equity_since_us` is when the first figures were stored.
    """

    equity_start: str | None = None
    equity_start_us: int | None = None
    equity_end: str | None = None
    equity_end_us: int | None = None
    equity_change: str | None = None
    equity_since_us: int | None = None


class Recorded:
    """The first and the last stored figures of one account, asked for once an answer."""

    def __init__(
        self, reader: HistoryReader, gate: Gate, whose: tuple[str, str], now_us: int
    ) -> None:
        self._reader = reader
        self._gate = gate
        self._whose = whose
        self._now_us = now_us
        self.first: SnapshotItem | None = None
        self.last: SnapshotItem | None = None

    async def read(self) -> None:
        async with self._gate.question():
            self.first = await self._reader.snapshot_near(*self._whose, 0, after=True)
            self.last = await self._reader.snapshot_near(*self._whose, self._now_us)

    async def change(self, from_us: int | None) -> tuple[EquityChange, str]:
        """The change since `from_us` (None: since the first), and why it is not known."""
        if self.first is None or self.last is None:
            return EquityChange(), "no figures of this account are stored yet"
        start: SnapshotItem | None = self.first
        if from_us is not None:
            async with self._gate.question():
                start = await self._reader.snapshot_near(*self._whose, from_us)
        return _between(start, self.first, self.last, from_us)


def _between(
    start: SnapshotItem | None, first: SnapshotItem, last: SnapshotItem, from_us: int | None
) -> tuple[EquityChange, str]:
    end = EquityChange(
        equity_end=last.equity, equity_end_us=last.at_us, equity_since_us=first.at_us
    )
    if start is None:
        since = rfc3339(first.at_us)
        return end, f"figures are stored since {since} only, after the period's beginning"
    if from_us is not None and start.at_us < from_us - AGE_US_MAX:
        before = rfc3339(start.at_us)
        return end, f"no figures of the period's beginning; the last before it are of {before}"
    if from_us is not None and last.at_us < from_us:
        return end, f"no figures in the period; the last are of {rfc3339(last.at_us)}"
    whole = msgspec.structs.replace(end, equity_start=start.equity, equity_start_us=start.at_us)
    if start.settle != last.settle:
        return whole, f"it settled in {start.settle} then and in {last.settle} now"
    began, ended = number(start.equity), number(last.equity)
    if began is None or ended is None:
        return whole, "a stored equity is no number"
    with localcontext(EXACT):
        return msgspec.structs.replace(whole, equity_change=format(ended - began, "f")), ""
