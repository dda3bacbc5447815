"""The synthetic participants of one market: they move levels, trade, and follow a price."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import count
from typing import Final

from actors.simulator.market import Market
from actors.simulator.matching import BUY, HOUSE, SELL, Resting

LEVELS_MAX: Final = 60
LEVELS_MIN: Final = 40
VOLATILITY_PER_SQRT_S: Final = 0.0001
PULL_TO_START: Final = 0.0004
"""Per second: the price wanders for days without leaving the region of its start."""

LEVEL_USD: Final = 6_000
TAKER_PAUSE_S: Final = 0.8
QUIET_CHANCE: Final = 0.03
"""How often nothing moves within one cadence, so that an empty delta is published."""

Take = Callable[[Market, int, int | None, int], int]


class MarketMaker:
    """Keeps a book of `LEVELS_MIN` to `LEVELS_MAX` levels a side around a wandering price."""

    __slots__ = ("_chance", "_ids", "_lots", "_market", "_orders", "_start", "_take", "reference")

    def __init__(self, market: Market, take: Take, seed: str) -> None:
        self._market = market
        self._take = take
        self._chance = random.Random(seed)  # noqa: S311 (a reproducible world, not a secret)
        # Negative, so that they never meet the ids of accounts' orders.
        self._ids = count(-1, -1)
        self._orders: dict[tuple[int, int], Resting] = {}
        spec = market.spec
        self._start = self.reference = float(spec.start_ticks)
        level_units = LEVEL_USD * 10**6
        self._lots = max(spec.min_lots, level_units // (spec.start_ticks * spec.micros_per_unit))

    def fill_up(self) -> None:
        """Brings each side to its least number of levels."""
        for side in (BUY, SELL):
            offset = 0
            while len(self._market.book.prices(side)) < LEVELS_MIN and offset < 10 * LEVELS_MAX:
                self._add(side, self._edge(side) - side * offset)
                offset += 1
        if len(self._orders) > 4 * LEVELS_MAX:
            self._orders = {key: order for key, order in self._orders.items() if order.lots}

    def move(self, elapsed_s: float) -> None:
        """What happens within one cadence of the book."""
        if self._chance.random() < QUIET_CHANCE:
            return
        drift = self._chance.gauss(0, VOLATILITY_PER_SQRT_S * math.sqrt(elapsed_s))
        pull = (self._start - self.reference) / self._start * PULL_TO_START * elapsed_s
        self.reference *= 1 + drift + pull
        for side in (BUY, SELL):
            self._retreat(side)
            self._chase(side)
        for _ in range(self._chance.randint(1, 8 if elapsed_s > 0.05 else 3)):
            self._touch(self._chance.choice((BUY, SELL)))
        for side in (BUY, SELL):
            self._trim(side)
        self.fill_up()

    def take(self) -> float:
        """One synthetic taker; seconds until the next one comes."""
        side = self._chance.choice((BUY, SELL))
        best = self._market.book.best(-side)
        if best is not None:
            there = self._market.book.total(-side, best)
            # Small trades are common, and now and then one sweeps more than a level.
            share = self._chance.choice((0.02, 0.05, 0.1, 0.3, 0.6, 1.0, 1.4))
            self._take(self._market, side, None, max(1, round(there * share)))
        return self._chance.expovariate(1 / TAKER_PAUSE_S)

    def _edge(self, side: int) -> int:
        """The best price that the house offers on a side."""
        if side == BUY:
            return math.floor(self.reference - 1)
        return math.ceil(self.reference + 1)

    def _house(self, side: int, price: int) -> Resting | None:
        order = self._orders.get((side, price))
        if order is not None and not order.lots:
            del self._orders[side, price]
            return None
        return order

    def _retreat(self, side: int) -> None:
        """Withdraws what stands on the wrong side of the reference price."""
        book, edge = self._market.book, self._edge(side)
        prices = book.prices(side)
        for price in prices[-20:] if side == BUY else prices[:20]:
            order = self._house(side, price)
            if (price - edge) * side > 0 and order is not None:
                self._remove(order)

    def _chase(self, side: int) -> None:
        """Takes an account's order that is better than the market's price, by and by."""
        best = self._market.book.best(side)
        edge = self._edge(side)
        if best is not None and (best - edge) * side > 2 and self._chance.random() < 0.5:
            there = self._market.book.total(side, best)
            self._take(self._market, -side, best, max(1, round(there * self._chance.random())))

    def _touch(self, side: int) -> None:
        """Changes one level near the top."""
        price = self._edge(side) - side * int(self._chance.expovariate(1 / 12))
        order = self._house(side, price)
        fate = self._chance.random()
        if order is None:
            self._add(side, price)
        elif fate < 0.25:
            self._remove(order)
        elif fate < 0.7 and order.lots > 1:
            self._market.book.reduce(order, self._chance.randint(1, order.lots - 1))
        else:
            self._remove(order)
            self._add(side, price)

    def _trim(self, side: int) -> None:
        """Drops the house's levels farthest from the market."""
        prices = self._market.book.prices(side)
        surplus = len(prices) - LEVELS_MAX
        if surplus > 0:
            for price in list(prices[:surplus] if side == BUY else prices[-surplus:]):
                order = self._house(side, price)
                if order is not None:
                    self._remove(order)

    def _add(self, side: int, price: int) -> None:
        book = self._market.book
        if price <= 0 or book.crosses(side, price) or self._house(side, price) is not None:
            return
        lots = max(1, round(self._lots * self._chance.lognormvariate(0, 1)))
        order = Resting(next(self._ids), HOUSE, side, price, lots)
        self._orders[side, price] = order
        book.place(order)

    def _remove(self, order: Resting) -> None:
        self._market.book.cancel(order)
        self._orders.pop((order.side, order.price), None)
