"""Reads one account's stored rows oldest first, each once, and goes on where it stopped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from actors.sinks.contract import FundingItem, Page, TradeItem
from web.history_gate import Gate

Row = TypeVar("Row", TradeItem, FundingItem)


class Ask(Protocol[Row]):
    """`reader.trades` or `reader.fundings`."""

    def __call__(
        self,
        venue: str,
        account: str,
        *,
        from_us: int = ...,
        cursor: str | None = ...,
        ascending: bool = ...,
    ) -> Awaitable[Page[Row]]: ...


class Forward(Generic[Row]):
    """One walk through the rows of an account, from `from_us` on."""

    def __init__(
        self,
        ask: Ask[Row],
        gate: Gate,
        whose: tuple[str, str],
        identity: Callable[[Row], str],
        from_us: int = 0,
    ) -> None:
        self._ask: Ask[Row] = ask
        self._gate = gate
        self._whose = whose
        self._identity: Callable[[Row], str] = identity
        self._from_us = from_us
        self._cursor: str | None = None
        self._last_us = from_us
        self._at_last: set[str] = set()

    async def page(self) -> tuple[list[Row], bool]:
        """The next rows, and whether there are more; after the last, those that came since."""
        async with self._gate.question():
            page = await self._ask(
                *self._whose, from_us=self._from_us, cursor=self._cursor, ascending=True
            )
        rows = [row for row in page.items if not self.has_read(row.at_us, self._identity(row))]
        for row in rows:
            if row.at_us > self._last_us:
                self._last_us = row.at_us
                self._at_last.clear()
            self._at_last.add(self._identity(row))
        self._cursor = page.next_cursor
        if self._cursor is None:
            self._from_us = self._last_us
        return rows, self._cursor is not None

    def has_read(self, at_us: int, identity: str) -> bool:
        """Whether a row came by already."""
        return at_us < self._last_us or (at_us == self._last_us and identity in self._at_last)
