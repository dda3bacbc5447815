"""Everything the venue ever told of its accounts: the truth that tests compare with."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, TypeVar

from actors.simulator.accounts import Position
from actors.simulator.orders import Fill, FundingPaid, Order, OrderChange, Print

FILLS_KEPT: Final = 50_000
"""Per account; about 15 MB. What is dropped beyond is counted in `forgotten`."""

CLOSED_ORDERS_KEPT: Final = 20_000
CHANGES_KEPT: Final = 100_000
POSITIONS_KEPT: Final = 5_000
FUNDING_KEPT: Final = 5_000
PRINTS_KEPT: Final = 1_000

_Row = TypeVar("_Row", Fill, FundingPaid, Order, Position)


class AccountLedger:
    """One account's book of events, each list in the order of its ids."""

    __slots__ = ("changes", "fills", "forgotten", "funding", "orders", "positions")

    def __init__(self, fills_kept: int = FILLS_KEPT) -> None:
        self.fills: deque[Fill] = deque(maxlen=fills_kept)
        self.changes: deque[OrderChange] = deque(maxlen=CHANGES_KEPT)
        self.orders: dict[int, Order] = {}
        self.positions: deque[Position] = deque(maxlen=POSITIONS_KEPT)
        self.funding: deque[FundingPaid] = deque(maxlen=FUNDING_KEPT)
        self.forgotten = 0

    def fill(self, fill: Fill) -> None:
        if len(self.fills) == self.fills.maxlen:
            self.forgotten += 1
        self.fills.append(fill)

    def order(self, order: Order) -> None:
        """A new order; the oldest closed ones make room."""
        self.orders[order.order_id] = order
        if len(self.orders) <= CLOSED_ORDERS_KEPT:
            return
        for order_id in [
            old.order_id
            for old in islice(self.orders.values(), CLOSED_ORDERS_KEPT // 10)
            if not old.open
        ]:
            del self.orders[order_id]

    def changed(self, order: Order) -> None:
        self.changes.append(
            OrderChange(order.order_id, order.status, order.filled, order.reason, order.updated_ms)
        )


class Ledger:
    """The ledgers of all accounts, and the public prints per market."""

    __slots__ = ("accounts", "prints")

    def __init__(
        self, account_ids: list[int], markets: list[str], fills_kept: int = FILLS_KEPT
    ) -> None:
        self.accounts = {account_id: AccountLedger(fills_kept) for account_id in account_ids}
        self.prints: dict[str, deque[Print]] = {
            market: deque(maxlen=PRINTS_KEPT) for market in markets
        }


def newest(
    rows: deque[_Row] | list[_Row],
    row_id: Callable[[_Row], int],
    matches: Callable[[_Row], bool],
    cursor: int | None,
    limit: int,
) -> list[_Row]:
    """A page of rows in descending order of id, all below `cursor`; `rows` ascend."""

    def fitting() -> Iterator[_Row]:
        for row in reversed(rows):
            if (cursor is None or row_id(row) < cursor) and matches(row):
                yield row

    return list(islice(fitting(), limit))
