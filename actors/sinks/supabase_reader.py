"""Reads history at Supabase, over PostgREST: filters in the address, intervals by a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import httpx

from actors.errors import StoreAway, StoreSlow
from actors.sinks.contract import (
    PAGE_ROWS_MAX,
    QUERY_TIMEOUT_S,
    SINCE_US,
    UNTIL_US,
    FundingItem,
    Page,
    SnapshotItem,
    TradeItem,
)
from actors.sinks.cursors import Place, decode_cursor
from actors.sinks.items import columns_of, funding_item, page, snapshot_item, trade_item
from actors.sinks.queries import IDENTITY, MICROSECONDS, Span, narrowed
from actors.sinks.schema import ACCOUNTS, FILLS, FUNDINGS, SNAPSHOTS, Column, Kind, Table
from actors.sinks.supabase import client, rows_of, translated

BY_INTERVAL: Final = "history_snapshots_by_interval"
"""A function of supabase_schema.sql: PostgREST knows no query that walks an index."""

Item = TypeVar("Item", TradeItem, FundingItem)


class SupabaseReader:
    """See HistoryReader."""

    def __init__(self, url: str, service_role: str, timeout_s: float = QUERY_TIMEOUT_S) -> None:
        self._client = client(url, service_role, timeout_s)
        self._timeout_s = timeout_s

    async def close(self) -> None:
        await self._client.session.aclose()

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
        span = narrowed(span, _place(cursor, scope), interval_us)
        if interval_us is None:
            found = await self._rows(self._spanned(SNAPSHOTS, span))
        else:
            found = await self._by_interval(span, interval_us)
        items = [snapshot_item(_values(SNAPSHOTS, row)) for row in found]
        return page(items, limit, *scope)

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
        span = Span(venue, account, from_us, until_us, limit + 1, ascending)
        scope = ("trades", venue, account, str(ascending))
        return await self._events(FILLS, span, cursor, scope, trade_item)

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
        span = Span(venue, account, from_us, until_us, limit + 1, ascending)
        scope = ("fundings", venue, account, str(ascending))
        return await self._events(FUNDINGS, span, cursor, scope, funding_item)

    async def snapshot_near(
        self, venue: str, account: str, at_us: int, *, after: bool = False
    ) -> SnapshotItem | None:
        span = (
            Span(venue, account, from_us=at_us, ascending=True)
            if after
            else Span(venue, account, until_us=at_us + 1)
        )
        found = await self._rows(self._spanned(SNAPSHOTS, span))
        return snapshot_item(_values(SNAPSHOTS, found[0])) if found else None

    async def known_accounts(self) -> tuple[tuple[str, str], ...]:
        query = self._client.from_(ACCOUNTS.name).select("venue", "account")
        found = await self._rows(query.order("venue").order("account"))
        return tuple((row["venue"], row["account"]) for row in found)

    async def _events(
        self,
        table: Table,
        span: Span,
        cursor: str | None,
        scope: tuple[str, ...],
        item: Callable[[Any], Item],
    ) -> Page[Item]:
        query = self._spanned(table, span)
        if (place := _place(cursor, scope)) is not None:
            query = query.or_(_behind(IDENTITY[table.name], place, span.ascending))
        query = query.order(IDENTITY[table.name], desc=not span.ascending)
        items = [item(_values(table, row)) for row in await self._rows(query)]
        return page(items, span.limit - 1, *scope)

    def _spanned(self, table: Table, span: Span) -> Any:
        return (
            self._client.from_(table.name)
            .select(*map(_selected, columns_of(table)))
            .eq("venue", span.venue)
            .eq("account", span.account)
            .gte("at_us", span.from_us)
            .lt("at_us", span.until_us)
            .order("at_us", desc=not span.ascending)
            .limit(span.limit)
        )

    async def _by_interval(self, span: Span, interval_us: int) -> list[dict[str, Any]]:
        arguments = {
            "of_venue": span.venue,
            "of_account": span.account,
            "from_us": str(span.from_us),
            "until_us": str(span.until_us),
            "interval_us": str(interval_us),
            "rows_max": str(span.limit),
            "is_ascending": str(span.ascending).lower(),
        }
        columns = ",".join(map(_selected, columns_of(SNAPSHOTS)))
        return await self._rows(self._client.rpc(BY_INTERVAL, arguments).select(columns))

    async def _rows(self, query: Any) -> list[dict[str, Any]]:
        try:
            async with translated():
                return rows_of((await query.execute()).data)
        except StoreAway as away:
            if isinstance(away.__cause__, httpx.TimeoutException):
                raise StoreSlow(f"Supabase: not within {self._timeout_s:g} s") from away
            raise


def _place(cursor: str | None, scope: tuple[str, ...]) -> Place | None:
    return None if cursor is None else decode_cursor(cursor, *scope)


def _behind(identity: str, place: Place, ascending: bool) -> str:
    """`(at_us, identity)` beyond the place, in PostgREST's grammar of filters."""
    beyond = "gt" if ascending else "lt"
    quoted = place.identity.replace("\\", "\\\\").replace('"', '\\"')
    same_time = f'and(at_us.eq.{place.at_us},{identity}.{beyond}."{quoted}")'
    return f"at_us.{beyond}.{place.at_us},{same_time}"


def _selected(column: Column) -> str:
    """Decimals as text: a JSON number would be rounded."""
    return f"{column.name}::text" if column.kind is Kind.DECIMAL else column.name


def _values(table: Table, row: dict[str, Any]) -> list[Any]:
    return [row.get(column.name) for column in columns_of(table)]
