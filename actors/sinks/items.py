"""From a stored row to what a reader answers, and from a page to its cursor; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import msgspec

from actors.sinks.contract import FundingItem, Page, SnapshotItem, TradeItem
from actors.sinks.cursors import Place, encode_cursor
from actors.sinks.schema import FILLS, FUNDINGS, SNAPSHOTS, Column, Table

Item = TypeVar("Item", SnapshotItem, TradeItem, FundingItem)

_balances = msgspec.json.Decoder(list[dict[str, str | None]])


def columns_of(table: Table) -> tuple[Column, ...]:
    """What is read of a table, in this order."""
    item = ITEMS[table.name]
    return tuple(column for column in table.columns if column.name in item.__struct_fields__)


def snapshot_item(values: Sequence[Any]) -> SnapshotItem:
    fields = _named(SNAPSHOTS, values)
    if isinstance(fields["balances"], str):
        fields["balances"] = _balances.decode(fields["balances"])
    return SnapshotItem(**fields)


def trade_item(values: Sequence[Any]) -> TradeItem:
    return TradeItem(**_named(FILLS, values))


def funding_item(values: Sequence[Any]) -> FundingItem:
    return FundingItem(**_named(FUNDINGS, values))


def page(items: Sequence[Item], limit: int, *scope: str) -> Page[Item]:
    """`items` are one more than `limit` where others follow."""
    if len(items) <= limit:
        return Page(tuple(items))
    shown = tuple(items[:limit])
    return Page(shown, encode_cursor(_place(shown[-1]), *scope))


def _place(item: SnapshotItem | TradeItem | FundingItem) -> Place:
    match item:
        case TradeItem(fill_id=identity) | FundingItem(funding_id=identity):
            return Place(item.at_us, identity)
        case _:
            return Place(item.at_us, "")


def _named(table: Table, values: Sequence[Any]) -> dict[str, Any]:
    names = (column.name for column in columns_of(table))
    return dict(zip(names, values, strict=True))


ITEMS: Final[dict[str, type[msgspec.Struct]]] = {
    SNAPSHOTS.name: SnapshotItem,
    FILLS.name: TradeItem,
    FUNDINGS.name: FundingItem,
}
