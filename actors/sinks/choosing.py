"""Which of what venues said becomes a row: every event, and figures at a pace; pure.

Marks move an account's and a position's figures several times a second, which nobody can keep for
a year. What an event changed (wallet, balances; quantity, entry price) is stored at once; what a
mark moved, at a pace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from actors.cache.store import Store
from actors.errors import Fault
from actors.messages.account import (
    AccountSnapshot,
    Fill,
    Funding,
    Order,
    Points,
    Position,
)
from actors.messages.ids import account_topic
from actors.sinks.contract import Row
from actors.sinks.rows import (
    Unstorable,
    account_row,
    fill_row,
    funding_row,
    order_row,
    points_row,
    position_row,
    snapshot_row,
)

SNAPSHOT_EACH_US: Final = 60_000_000
"""While an account is fresh, what stands is stored at least so often."""
POSITIONS_KNOWN_MAX: Final = 20_000
"""Positions of which it is remembered what was stored last; of more, the oldest are forgotten."""

_Owner = tuple[str, str]


class Choice:
    """`refuse(fault)` is told of each value that no store could hold.

    `snapshot_interval_us` is the least time between two snapshots of which only marks differ.
    """

    def __init__(self, snapshot_interval_us: int, refuse: Callable[[Fault], None]) -> None:
        self._interval_us = snapshot_interval_us
        self._refuse = refuse
        self._accounts: set[_Owner] = set()
        self._snapshots: dict[_Owner, tuple[int, object]] = {}
        self._positions: dict[tuple[str, str, str], object] = {}
        self._points: dict[_Owner, Points] = {}

    def of_value(self, value: msgspec.Struct) -> list[Row]:
        """The rows that an account event makes; none where it may wait, or is refused."""
        try:
            return list(self._rows(value))
        except Unstorable as fault:
            self._refuse(fault)
            return []

    def of_state(self, store: Store, now_mono_ns: int) -> list[Row]:
        """What is due by now of the figures and points that stand; asked once a second."""
        rows: list[Row] = []
        try:
            rows.extend(self._due_snapshots(store, now_mono_ns))
            rows.extend(self._new_points(store))
        except Unstorable as fault:
            self._refuse(fault)
        return rows

    def _rows(self, value: Any) -> Iterator[Row]:
        owner = (value.venue, value.account)
        if owner not in self._accounts:
            yield account_row(*owner)
            self._accounts.add(owner)
        match value:
            case Fill():
                yield fill_row(value)
            case Order():
                yield order_row(value)
            case Funding():
                yield funding_row(value)
            case Position():
                yield from self._position(value)
            case AccountSnapshot():
                yield from self._snapshot(value)

    def _position(self, position: Position) -> Iterator[Row]:
        key = (position.venue, position.account, position.position_id)
        settled = (
            position.side,
            position.quantity,
            position.entry_price,
            position.realized_pnl,
            position.leverage,
        )
        if self._positions.get(key) == settled:
            return
        yield position_row(position)
        self._positions.pop(key, None)
        self._positions[key] = settled
        if len(self._positions) > POSITIONS_KNOWN_MAX:
            del self._positions[next(iter(self._positions))]

    def _snapshot(self, snapshot: AccountSnapshot) -> Iterator[Row]:
        owner, at_us = (snapshot.venue, snapshot.account), snapshot.received_ns // 1000
        told_us, told = self._snapshots.get(owner, (0, None))
        # A clock that was set back must not silence an account until it has caught up.
        waited = abs(at_us - told_us) >= self._interval_us
        if waited or told != _settled(snapshot):
            yield self._tell(snapshot, at_us)

    def _due_snapshots(self, store: Store, now_mono_ns: int) -> Iterator[Row]:
        for owner, account in store.accounts.items():
            datum = account.snapshot
            if datum is None:
                continue
            fresh = store.freshness(account_topic("account", *owner), datum, now_mono_ns)
            if fresh.stale:
                continue
            told_us, _ = self._snapshots.get(owner, (0, None))
            waited_us = abs(fresh.as_of_us - told_us)
            moved = datum.changed_ns // 1000 > told_us and waited_us >= self._interval_us
            if moved or waited_us >= SNAPSHOT_EACH_US:
                yield self._tell(datum.value, fresh.as_of_us)

    def _tell(self, snapshot: AccountSnapshot, at_us: int) -> Row:
        row = snapshot_row(snapshot, at_us)
        self._snapshots[snapshot.venue, snapshot.account] = (at_us, _settled(snapshot))
        return row

    def _new_points(self, store: Store) -> Iterator[Row]:
        for datum in store.latest.get("points", {}).values():
            points: Points = datum.value
            owner = (points.venue, points.account)
            told = msgspec.structs.replace(
                points, received_ns=0, received_mono_ns=0, stale_after_ms=0.0
            )
            if self._points.get(owner) != told:
                yield points_row(points)
                self._points[owner] = told


def _settled(snapshot: AccountSnapshot) -> object:
    """What no mark moves."""
    totals = tuple((balance.asset, balance.total) for balance in snapshot.balances)
    return snapshot.wallet_balance, snapshot.settle, totals
