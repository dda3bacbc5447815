"""The parts of one account's state, each with its own rule for what is news. Pure.

- a fill is known by its id; fills go out in the order of their ids;
- of one order only a higher version is news, and what has ended stays ended;
- of positions the newer word wins (`Recency`);
- what a REST answer does not show is closed only if it was asked well after the last word on it.
`*_ns` arguments are CLOCK_MONOTONIC.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable
from itertools import islice
from typing import Final

import msgspec

from actors.account_recency import Recency
from actors.messages.account import OPEN_STATUSES, Fill, Order, Position

FILLS_FIRST: Final = 500
"""How many past fills an account without history starts with."""
FILLS_SEEN_MAX: Final = 20_000
FILLS_OVERLAP: Final = 100
"""Fills asked for again below the newest known one: ids of two markets may come out of order."""
ENDED_MAX: Final = 10_000
MISSING_MAX: Final = 3
SETTLED_NS: Final = 1_000_000_000
"""A venue's REST may lag its own stream by so long."""


def same(one: msgspec.Struct, other: msgspec.Struct) -> bool:
    """Equal but for how and when it reached us."""
    return bool(
        msgspec.structs.replace(one, received_ns=0, via="")
        == msgspec.structs.replace(other, received_ns=0, via="")
    )


class Fills:
    """Which fills are known, and how deep REST must be asked for what may be missing."""

    def __init__(self) -> None:
        self._seen: dict[int | str, None] = {}
        self._horizon = -1
        """Ids at or below are past, and no news whatever a list shows."""
        self._floor: int | None = None
        """Nothing is missing below; None: the account has no history yet."""
        self._depth_min = FILLS_FIRST

    def adopt(self, ids: Iterable[str]) -> None:
        """The newest fills that the cache holds, oldest first.

        All of them are looked at again: the last life may have ended while REST was down, when
        newer fills of the stream had gone out before older ones.
        """
        self._seen = {rank(fill_id): None for fill_id in ids}
        ranks = [known for known in self._seen if isinstance(known, int)]
        self._floor = min(ranks, default=None)
        if self._floor is not None and len(ranks) >= FILLS_FIRST:
            self._horizon = self._floor

    def lacks(self, ids: Iterable[str]) -> bool:
        """Whether who holds these newest fills missed one of ours."""
        held = {rank(fill_id) for fill_id in ids}
        return any(known not in held for known in islice(reversed(self._seen), FILLS_OVERLAP))

    def news(self, fills: Iterable[Fill]) -> list[Fill]:
        """Those not known yet, in order; from now on they are known."""
        unknown: dict[int | str, Fill] = {}
        for fill in fills:
            known = rank(fill.fill_id)
            if known not in self._seen and (isinstance(known, str) or known > self._horizon):
                unknown.setdefault(known, fill)
        ordered = in_order(unknown.values())
        for fill in ordered:
            self._seen[rank(fill.fill_id)] = None
        while len(self._seen) > FILLS_SEEN_MAX:
            oldest = next(iter(self._seen))
            del self._seen[oldest]
            if isinstance(oldest, int):
                self._horizon = max(self._horizon, oldest)
        return ordered

    def read_down(self, fills: list[Fill]) -> list[Fill]:
        """News of a list from REST that is `deep_enough`, or the venue's whole list."""
        older = in_order(fills)[:-FILLS_FIRST] if self._floor is None else []
        if older:
            self._horizon = max(self._horizon, _order(older[-1])[0])
        fresh = self.news(fills)
        newest = heapq.nlargest(FILLS_OVERLAP, (k for k in self._seen if isinstance(k, int)))
        self._floor = newest[-1] if newest else -1
        self._depth_min = 0
        return fresh

    def deep_enough(self, fills: list[Fill]) -> bool:
        """Whether a list, newest first, reaches what is known without a hole."""
        floor = self._floor
        reached = floor is None or any(_order(fill)[0] <= floor for fill in fills)
        return reached and len(fills) >= self._depth_min


def rank(fill_id: str) -> int | str:
    """Numeric ids are compared as numbers, whatever their size and spelling."""
    return int(fill_id) if fill_id.isascii() and fill_id.isdigit() else fill_id


def in_order(fills: Iterable[Fill]) -> list[Fill]:
    """As the venue numbered them; where ids are no numbers, as it timed them."""
    return sorted(fills, key=_order)


def _order(fill: Fill) -> tuple[int, int, str]:
    known = rank(fill.fill_id)
    if isinstance(known, int):
        return (known, 0, "")
    return (fill.venue_time_ns, 1, known)


class Orders:
    """Open orders, what has ended, and which ended without a word."""

    def __init__(self) -> None:
        self.started = False
        self.open: dict[str, Order] = {}
        self.missing: dict[str, int] = {}
        """Ids that were open and are no more, with how often the venue said that it knows of no
        such order."""
        self._newest = 0
        self._newest_at_reading = 0
        self._ended: dict[str, int] = {}
        self._touched_ns: dict[str, int] = {}
        self._held: set[str] = set()
        """Open by the cache's word; nothing of ours has spoken of them yet."""
        self._presumed: dict[str, None] = {}
        """Told as ended without a trace: not by the venue's word, which may still come."""
        self._horizon = 0
        """Ended orders up to this version are past, and no news."""
        self._floor = 0

    def adopt(self, open_ids: Iterable[str], newest_version: int) -> None:
        """What the cache holds: ids of open orders, and the highest version of any order."""
        self._held = set(open_ids)
        self._newest = self._newest_at_reading = self._floor = newest_version
        # No horizon: what the first page shows is told again, and the cache, which knows the last
        # ended orders by id and version, takes what it missed.
        self.started = newest_version > 0

    def news(self, orders: Iterable[Order], now_ns: int) -> list[Order]:
        """Those that say something new, oldest change first."""
        fresh = []
        for order in sorted(orders, key=lambda order: order.version):
            held = self.open.get(order.order_id)
            known = held.version if held is not None else self._ended.get(order.order_id, -1)
            if order.order_id in self._presumed and order.version <= known:
                # It is there after all, and nothing of it has changed.
                order = msgspec.structs.replace(order, version=known + 1)  # noqa: PLW2901
            if order.version > known:
                self._take(order, now_ns)
                fresh.append(order)
        return fresh

    def hold(self, before: Orders) -> None:
        """What another life of ours told as open is open still, as far as anyone knows."""
        self._held |= before.open.keys() | before._held
        self._newest = max(self._newest, before._newest)

    def lacks(self, open_ids: Iterable[str], newest_version: int) -> bool:
        """Whether who holds these open orders, and no newer version, missed a word of ours."""
        unknown = set(open_ids) - self.open.keys() - self._held
        return bool(unknown) or newest_version < self._newest

    def confirmed(self, rows: list[Order], asked_ns: int) -> list[Order]:
        """All open orders as REST shows them: news; what is not among them goes to `missing`."""
        self.look_for_missing(rows, asked_ns)
        return self.news(rows, asked_ns)

    def look_for_missing(self, rows: list[Order], asked_ns: int) -> None:
        """Notes which open orders REST, asked at `asked_ns`, no longer shows."""
        shown = {order.order_id for order in rows}
        for order_id in (*self.open, *self._held):
            settled = asked_ns - self._touched_ns.get(order_id, -SETTLED_NS) >= SETTLED_NS
            if order_id not in shown and settled:
                self.missing.setdefault(order_id, 0)
        for order_id in shown & self.missing.keys():
            del self.missing[order_id]

    def unexplained(self, rows: list[Order]) -> list[str]:
        """Missing orders that a list of ended ones does not show either: to be asked for by id."""
        shown = {order.order_id for order in rows}
        return [order_id for order_id in self.missing if order_id not in shown]

    def read_down(
        self, rows: list[Order], nowhere: Collection[str], now_ns: int, template: Order
    ) -> list[Order]:
        """News of a list of ended orders that is `deep_enough`, or all that the venue has, and of
        orders asked for by id.

        Ids in `nowhere` are those of which the venue, asked for them, said that it knows of none.
        Said MISSING_MAX times, the order has ended without a trace: it is told as canceled.
        `template` speaks of an order of which only the id is known.
        """
        if not self.started:
            oldest = min((order.version for order in rows), default=0)
            self._horizon = max(self._horizon, oldest - 1)
            self.started = True
        wanted = (
            order
            for order in rows
            if order.version > self._horizon
            or order.order_id in self.open
            or order.order_id in self.missing
            or order.order_id in self._held
        )
        fresh = self.news(wanted, now_ns)
        # One reading late: what changed while this list was made is looked at again.
        self._floor, self._newest_at_reading = self._newest_at_reading, self._newest
        for order in rows:
            if order.status in OPEN_STATUSES and order.order_id in self.open:
                # Open by its own word, whatever the list of open orders says at present.
                self.missing.pop(order.order_id, None)
                self._touched_ns[order.order_id] = now_ns
        return fresh + self._without_trace(nowhere, now_ns, template)

    def deep_enough(self, rows: list[Order]) -> bool:
        """Whether a list of ended orders, last changed first, reaches what is known."""
        if not self.started:
            return bool(rows)
        return any(order.version <= self._floor for order in rows)

    def _without_trace(self, nowhere: Collection[str], now_ns: int, template: Order) -> list[Order]:
        gone = []
        for order_id, times in list(self.missing.items()):
            if order_id not in nowhere:
                continue
            if times + 1 < MISSING_MAX:
                self.missing[order_id] = times + 1
                continue
            held = self.open.get(order_id)
            # Barely above what was known, so that the venue's own word, should it come, is news.
            version = (self._newest if held is None else held.version) + 1
            gone.append(
                msgspec.structs.replace(
                    template if held is None else held,
                    order_id=order_id,
                    status="canceled",
                    reason="not_found",
                    version=version,
                )
            )
        fresh = self.news(gone, now_ns)
        self._presumed.update(dict.fromkeys(order.order_id for order in gone))
        while len(self._presumed) > ENDED_MAX:
            del self._presumed[next(iter(self._presumed))]
        return fresh

    def _take(self, order: Order, now_ns: int) -> None:
        order_id = order.order_id
        self._newest = max(self._newest, order.version)
        self._held.discard(order_id)
        self._presumed.pop(order_id, None)
        self.missing.pop(order_id, None)
        if order.status in OPEN_STATUSES:
            self._ended.pop(order_id, None)
            self.open[order_id] = order
            self._touched_ns[order_id] = now_ns
            return
        self.open.pop(order_id, None)
        self._touched_ns.pop(order_id, None)
        self._ended[order_id] = order.version
        if len(self._ended) > ENDED_MAX:
            self._horizon = max(self._horizon, self._ended.pop(next(iter(self._ended))))


class Positions:
    """Open positions, and those that closed (so that an older answer does not revive them)."""

    def __init__(self, recency: Recency | None = None) -> None:
        self._recency = recency or Recency()
        self.open: dict[str, Position] = {}
        self._closed: dict[str, Position] = {}
        self._asof_ns: dict[str, int] = {}
        self._held: set[str] = set()

    def adopt(self, ids: Iterable[str]) -> None:
        self._held = set(ids)

    def hold(self, before: Positions) -> None:
        """What another life of ours told as open is open still, as far as anyone knows."""
        self._held |= before.open.keys() | before._held

    def lacks(self, ids: Iterable[str]) -> bool:
        """Whether who holds these positions missed that one closed."""
        return bool(set(ids) - self.open.keys() - self._held)

    def news(self, rows: Iterable[Position], asof_ns: int) -> list[Position]:
        fresh = []
        for row in rows:
            key = row.position_id
            held = self.open.get(key) or self._closed.get(key)
            if not self._recency.supersedes(row, asof_ns, held, self._asof_ns.get(key, 0)):
                continue
            self._asof_ns[key] = asof_ns
            self._held.discard(key)
            if held is None or not same(row, held):
                fresh.append(row)
            self._take(row)
        return fresh

    def confirmed(self, rows: list[Position], asked_ns: int, template: Position) -> list[Position]:
        """All open positions as REST shows them. What it does not show is closed.

        `template` is what is said of a position of which only the id is known.
        """
        fresh = self.news(rows, asked_ns)
        shown = {row.position_id for row in rows}
        for key in (*self.open, *self._held):
            settled = asked_ns - self._asof_ns.get(key, -SETTLED_NS) >= SETTLED_NS
            if key in shown or not settled:
                continue
            held = self.open.get(key, template)
            gone = msgspec.structs.replace(
                held,
                position_id=key,
                quantity="0",
                notional=None,
                unrealized_pnl=None,
                received_ns=template.received_ns,
                via=template.via,
            )
            self._asof_ns[key] = asked_ns
            self._held.discard(key)
            self._take(gone)
            fresh.append(gone)
        return fresh

    def _take(self, row: Position) -> None:
        key = row.position_id
        if row.quantity.strip("-0."):
            self._closed.pop(key, None)
            self.open[key] = row
            return
        self.open.pop(key, None)
        self._closed[key] = row
        if len(self._closed) > ENDED_MAX:
            oldest = next(iter(self._closed))
            del self._closed[oldest]
            self._asof_ns.pop(oldest, None)
