"""A reader of history whose store is the test: rows are put in by hand, troubles on request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from actors.errors import BadCursor
from actors.sinks.contract import (
    PAGE_ROWS_MAX,
    SINCE_US,
    UNTIL_US,
    FundingItem,
    Page,
    SnapshotItem,
    TradeItem,
)

NOW_US = 1_790_000_000_000_000
Row = TypeVar("Row", SnapshotItem, TradeItem, FundingItem)


def trade_item(number: int, at_us: int = NOW_US, **more: Any) -> TradeItem:
    fields: dict[str, Any] = {
        "venue": "extended",
        "account": "1",
        "fill_id": f"{number:06}",
        "at_us": at_us,
        "order_id": "7",
        "client_order_id": None,
        "symbol": "BTC-USD",
        "product": "linear",
        "side": "buy",
        "price": "100",
        "quantity": "1",
        "notional": None,
        "fee": "0.1",
        "fee_asset": None,
        "liquidity": "taker",
        "trade_type": "trade",
        "via": "websocket",
    }
    return TradeItem(**{**fields, **more})


def snapshot_item(at_us: int = NOW_US, equity: str = "1000.10", **more: Any) -> SnapshotItem:
    fields: dict[str, Any] = {
        "venue": "extended",
        "account": "1",
        "at_us": at_us,
        "equity": equity,
        "wallet_balance": equity,
        "free": None,
        "margin_used": None,
        "margin_ratio": None,
        "leverage": None,
        "exposure": None,
        "unrealized_pnl": "-0.50",
        "settle": "USD",
        "settle_usd": "1",
        "balances": [
            {"asset": "USD", "total": equity, "free": None, "locked": None, "value_usd": None}
        ],
        "via": "websocket",
    }
    return SnapshotItem(**{**fields, **more})


def funding_item(number: int, at_us: int = NOW_US, amount: str = "-0.25") -> FundingItem:
    return FundingItem(
        venue="extended",
        account="1",
        funding_id=str(number),
        at_us=at_us,
        symbol="BTC-USD",
        amount=amount,
        rate=None,
    )


class FedReader:
    """Pages of what `snapshots`, `fills` and `payments` hold; cursors name the last row."""

    def __init__(self, page_rows: int = PAGE_ROWS_MAX) -> None:
        self.snapshots: list[SnapshotItem] = []
        self.fills: list[TradeItem] = []
        self.payments: list[FundingItem] = []
        self.trouble: Exception | None = None
        self.gate: asyncio.Event | None = None
        """Where set, every question waits for it."""
        self.asked: list[str] = []
        self.rows_read = 0
        self.running = self.running_max = 0
        self.closed = False
        self._page_rows = page_rows

    async def accounts(
        self,
        venue: str,
        account: str,
        *,
        from_us: int = SINCE_US,
        until_us: int = UNTIL_US,
        interval_s: int | None = None,
        limit: int = PAGE_ROWS_MAX,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> Page[SnapshotItem]:
        rows: Iterable[SnapshotItem] = sorted(self.snapshots, key=lambda row: row.at_us)
        if interval_s is not None:
            rows = {row.at_us // (interval_s * 10**6): row for row in rows}.values()
        bounds = (venue, account, from_us, until_us, limit, cursor, ascending)
        return await self._page("accounts", rows, lambda row: str(row.at_us), bounds)

    async def trades(
        self,
        venue: str,
        account: str,
        *,
        from_us: int = SINCE_US,
        until_us: int = UNTIL_US,
        limit: int = PAGE_ROWS_MAX,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> Page[TradeItem]:
        bounds = (venue, account, from_us, until_us, limit, cursor, ascending)
        return await self._page("trades", self.fills, lambda row: row.fill_id, bounds)

    async def fundings(
        self,
        venue: str,
        account: str,
        *,
        from_us: int = SINCE_US,
        until_us: int = UNTIL_US,
        limit: int = PAGE_ROWS_MAX,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> Page[FundingItem]:
        bounds = (venue, account, from_us, until_us, limit, cursor, ascending)
        return await self._page("fundings", self.payments, lambda row: row.funding_id, bounds)

    async def snapshot_near(
        self, venue: str, account: str, at_us: int, *, after: bool = False
    ) -> SnapshotItem | None:
        await self._ask("snapshot_near")
        rows = [row for row in self.snapshots if (row.venue, row.account) == (venue, account)]
        if after:
            later = [row for row in rows if row.at_us >= at_us]
            return min(later, key=lambda row: row.at_us, default=None)
        earlier = [row for row in rows if row.at_us <= at_us]
        return max(earlier, key=lambda row: row.at_us, default=None)

    async def known_accounts(self) -> tuple[tuple[str, str], ...]:
        await self._ask("known_accounts")
        return tuple(sorted({(row.venue, row.account) for row in self.snapshots}))

    async def close(self) -> None:
        self.closed = True

    async def _ask(self, what: str) -> None:
        self.asked.append(what)
        self.running += 1
        self.running_max = max(self.running_max, self.running)
        try:
            if self.gate is not None:
                await self.gate.wait()
            if self.trouble is not None:
                raise self.trouble
        finally:
            self.running -= 1

    async def _page(
        self,
        what: str,
        rows: Iterable[Row],
        identity: Callable[[Row], str],
        bounds: tuple[str, str, int, int, int, str | None, bool],
    ) -> Page[Row]:
        venue, account, from_us, until_us, limit, cursor, ascending = bounds
        await self._ask(what)
        found = [
            row
            for row in rows
            if (row.venue, row.account) == (venue, account) and from_us <= row.at_us < until_us
        ]
        found.sort(key=lambda row: (row.at_us, identity(row)), reverse=not ascending)
        scope = f"{what}/{venue}/{account}/{ascending}/"
        if cursor is not None:
            if not cursor.startswith(scope):
                raise BadCursor("cursor: expected next_cursor of a page of this very query")
            at_us, _, last = cursor.removeprefix(scope).partition("/")
            place = (int(at_us), last)
            found = [
                row
                for row in found
                if ((row.at_us, identity(row)) > place) == ascending
                and (row.at_us, identity(row)) != place
            ]
        size = min(limit, self._page_rows)
        page = tuple(found[:size])
        self.rows_read += len(page)
        more = f"{scope}{page[-1].at_us}/{identity(page[-1])}" if len(found) > size else None
        return Page(page, more)
