"""A price-time matching engine for one market; whole numbers only, no time, no randomness.

Prices are ticks, sizes are lots. The book is never crossed: an order that could trade is matched
before its rest may stand.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import Final, NamedTuple

BUY: Final = 1
SELL: Final = -1
HOUSE: Final = 0
"""The owner of all that the synthetic participants do."""


@dataclass(slots=True)
class Resting:
    """An order that stands in the book, or may come to; `lots` is what is left of it."""

    order_id: int
    owner: int
    side: int
    price: int
    lots: int


class Match(NamedTuple):
    """Part of a taker's order met a maker's; the maker keeps `maker_left` lots."""

    maker: Resting
    price: int
    lots: int
    maker_left: int


class LevelChange(NamedTuple):
    """What became of one price since the last `drain`: total lots before and after."""

    side: int
    price: int
    before: int
    after: int


@dataclass(slots=True)
class _Side:
    """Levels of one side; `prices` ascend, a level's orders are in order of arrival."""

    levels: dict[int, dict[int, Resting]] = field(default_factory=dict)
    totals: dict[int, int] = field(default_factory=dict)
    prices: list[int] = field(default_factory=list)


class MatchingBook:
    """Both sides of one market."""

    __slots__ = ("_changed", "_sides", "orders")

    def __init__(self) -> None:
        self._sides = {BUY: _Side(), SELL: _Side()}
        self._changed: dict[tuple[int, int], int] = {}
        self.orders: dict[int, Resting] = {}

    def best(self, side: int) -> int | None:
        prices = self._sides[side].prices
        if not prices:
            return None
        return prices[-1] if side == BUY else prices[0]

    def total(self, side: int, price: int) -> int:
        return self._sides[side].totals.get(price, 0)

    def prices(self, side: int) -> list[int]:
        """Prices of one side, ascending; the engine's own list, not to be changed."""
        return self._sides[side].prices

    def depth(self, side: int) -> list[tuple[int, int]]:
        """(price, total lots), best first."""
        totals = self._sides[side].totals
        prices = self._sides[side].prices
        return [(price, totals[price]) for price in (prices[::-1] if side == BUY else prices)]

    def at(self, side: int, price: int) -> list[Resting]:
        """The orders of one level in the order in which they will be filled."""
        return list(self._sides[side].levels.get(price, {}).values())

    def crosses(self, side: int, price: int) -> bool:
        """Whether an order of `side` at `price` would trade at once."""
        best = self.best(-side)
        return best is not None and (best - price) * side <= 0

    def fillable(self, side: int, limit: int | None) -> int:
        """How many lots a taker of `side` finds at `limit` or better."""
        found = 0
        for price, lots in self.depth(-side):
            if limit is not None and (price - limit) * side > 0:
                break
            found += lots
        return found

    def ahead(self, order: Resting) -> int:
        """How many lots are filled before this order's turn comes."""
        found = 0
        for price, lots in self.depth(order.side):
            if price == order.price:
                break
            found += lots
        for other in self.at(order.side, order.price):
            if other is order:
                break
            found += other.lots
        return found

    def place(self, order: Resting) -> None:
        """Lets an order stand behind the others at its price; it must not cross."""
        if order.lots <= 0 or self.crosses(order.side, order.price):
            raise ValueError(f"{order} cannot rest")
        side = self._sides[order.side]
        self._note(order.side, order.price)
        level = side.levels.get(order.price)
        if level is None:
            side.levels[order.price] = {order.order_id: order}
            side.totals[order.price] = order.lots
            insort(side.prices, order.price)
        else:
            level[order.order_id] = order
            side.totals[order.price] += order.lots
        self.orders[order.order_id] = order

    def cancel(self, order: Resting) -> None:
        """Takes what is left of a standing order out of the book."""
        self._take(order, order.lots)

    def reduce(self, order: Resting, lots: int) -> None:
        """Makes a standing order smaller; it keeps its place in the queue."""
        if not 0 < lots < order.lots:
            raise ValueError(f"{order} cannot shrink by {lots}")
        self._take(order, lots)

    def match(self, owner: int, side: int, limit: int | None, lots: int) -> list[Match]:
        """Fills a taker from the best price on, oldest order first.

        Stops early where the taker would meet an order of its own account (the house may trade
        with itself); the caller sees from the sum what is left.
        """
        matches: list[Match] = []
        opposite = self._sides[-side]
        while lots and opposite.prices:
            price = opposite.prices[-1] if side == SELL else opposite.prices[0]
            if limit is not None and (price - limit) * side > 0:
                break
            maker = next(iter(opposite.levels[price].values()))
            if owner == maker.owner != HOUSE:
                break
            taken = min(lots, maker.lots)
            self._take(maker, taken)
            lots -= taken
            matches.append(Match(maker, price, taken, maker.lots))
        return matches

    def drain(self) -> list[LevelChange]:
        """All levels whose total is not what it was at the last call; bids fall, asks rise."""
        changes = [
            LevelChange(side, price, before, after)
            for (side, price), before in self._changed.items()
            if (after := self._sides[side].totals.get(price, 0)) != before
        ]
        self._changed.clear()
        changes.sort(key=lambda change: (-change.side, -change.side * change.price))
        return changes

    def _note(self, side: int, price: int) -> None:
        if (side, price) not in self._changed:
            self._changed[side, price] = self._sides[side].totals.get(price, 0)

    def _take(self, order: Resting, lots: int) -> None:
        side = self._sides[order.side]
        self._note(order.side, order.price)
        order.lots -= lots
        side.totals[order.price] -= lots
        if order.lots:
            return
        level = side.levels[order.price]
        del level[order.order_id]
        del self.orders[order.order_id]
        if not level:
            del side.levels[order.price]
            del side.totals[order.price]
            del side.prices[bisect_left(side.prices, order.price)]
