"""Reads history from a store that takes SQL; how a query gets there is the store's own part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from actors.sinks import queries
from actors.sinks.contract import (
    PAGE_ROWS_MAX,
    SINCE_US,
    UNTIL_US,
    FundingItem,
    Page,
    SnapshotItem,
    TradeItem,
)
from actors.sinks.cursors import Place, decode_cursor
from actors.sinks.items import funding_item, page, snapshot_item, trade_item
from actors.sinks.queries import MICROSECONDS, Query, Span
from actors.sinks.schema import FILLS, FUNDINGS, SNAPSHOTS, Table


class SqlReader(ABC):
    """See HistoryReader."""

    @abstractmethod
    async def fetch(self, table: Table | None, query: Query) -> Sequence[Sequence[Any]]:
        """The rows; where `table` is given, with its columns as `columns_of` names them."""

    @abstractmethod
    async def close(self) -> None: ...

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
        interval_us = None if interval_s is None else interval_s * MICROSECONDS
        scope = ("accounts", venue, account, str(interval_us), str(ascending))
        span = Span(venue, account, from_us, until_us, limit + 1, ascending)
        span = queries.narrowed(span, _place(cursor, scope), interval_us)
        query = (
            queries.snapshots(span)
            if interval_us is None
            else queries.last_of_intervals(span, interval_us)
        )
        rows = await self.fetch(SNAPSHOTS, query)
        return page([snapshot_item(row) for row in rows], limit, *scope)

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
        scope = ("trades", venue, account, str(ascending))
        span = Span(venue, account, from_us, until_us, limit + 1, ascending)
        rows = await self.fetch(FILLS, queries.events(FILLS, span, _place(cursor, scope)))
        return page([trade_item(row) for row in rows], limit, *scope)

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
        scope = ("fundings", venue, account, str(ascending))
        span = Span(venue, account, from_us, until_us, limit + 1, ascending)
        rows = await self.fetch(FUNDINGS, queries.events(FUNDINGS, span, _place(cursor, scope)))
        return page([funding_item(row) for row in rows], limit, *scope)

    async def snapshot_near(
        self, venue: str, account: str, at_us: int, *, after: bool = False
    ) -> SnapshotItem | None:
        span = (
            Span(venue, account, from_us=at_us, ascending=True)
            if after
            else Span(venue, account, until_us=at_us + 1)
        )
        rows = await self.fetch(SNAPSHOTS, queries.snapshots(span))
        return snapshot_item(rows[0]) if rows else None

    async def known_accounts(self) -> tuple[tuple[str, str], ...]:
        sql = "SELECT venue, account FROM history_accounts ORDER BY venue, account"
        rows = await self.fetch(None, Query(sql, ()))
        return tuple((venue, account) for venue, account in rows)


def _place(cursor: str | None, scope: tuple[str, ...]) -> Place | None:
    return None if cursor is None else decode_cursor(cursor, *scope)
