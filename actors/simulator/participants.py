"""What the demo's accounts do by themselves, so that each kind of message occurs each minute."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from actors.simulator.accounts import Account
from actors.simulator.market import Market
from actors.simulator.markets import MICROS
from actors.simulator.matching import BUY, SELL, Resting
from actors.simulator.orders import IOC, Order, OrderRequest, Trigger
from actors.simulator.refused import Refused
from actors.simulator.trading import Trading

ORDER_USD: Final = 300
FAR_PERCENT: Final = 2
REFILL_SHARE: Final = 4
"""When less than a quarter of what was paid in is left, the account is paid the same again."""


class Participant:
    """One scripted account; `rounds` yields the seconds to wait before it goes on."""

    __slots__ = ("_account", "_chance", "_markets", "_trading")

    def __init__(
        self, account: Account, trading: Trading, markets: list[Market], seed: str
    ) -> None:
        self._account = account
        self._trading = trading
        self._markets = markets
        self._chance = random.Random(seed)  # noqa: S311 (a reproducible world, not a secret)

    def rounds(self) -> Iterator[float]:
        """Endless rounds of some 25 s; each shows every status of an order."""
        yield self._chance.uniform(0, 3)
        while True:
            self._refill()
            market = self._chance.choice(self._markets)
            side = self._chance.choice((BUY, SELL))
            resting = self._far(market, side, expire_s=45)
            yield from self._filled_in_parts(market, side)
            passing = self._far(market, -side, expire_s=6)
            yield from self._taken(self._chance.choice(self._markets))
            yield from self._refused(market)
            yield from self._triggered(market)
            yield from self._cancelled_half_way(self._chance.choice(self._markets))
            yield from self._closed()
            for order in (resting, passing):
                if order is not None and order.open and self._chance.random() < 0.5:
                    self._trading.cancel(self._account, order)
            yield self._chance.uniform(1, 3)

    def fill(self, markets: list[Market]) -> None:
        """One market order of the least size, back and forth, for a raised flow of fills."""
        market = self._chance.choice(markets)
        position = self._account.positions.get(market.name)
        side = self._chance.choice((BUY, SELL)) if position is None else -position.side
        self._place(
            OrderRequest(
                market=market.name,
                side=side,
                lots=market.spec.min_lots,
                type="MARKET",
                time_in_force=IOC,
            )
        )

    def _filled_in_parts(self, market: Market, side: int) -> Iterator[float]:
        maker = self._inside(market, side)
        yield self._chance.uniform(0.8, 1.4)
        self._hit(market, maker, 2)
        yield self._chance.uniform(0.8, 1.4)
        self._hit(market, maker, 1)
        yield 0.5

    def _cancelled_half_way(self, market: Market) -> Iterator[float]:
        maker = self._inside(market, self._chance.choice((BUY, SELL)))
        yield self._chance.uniform(0.5, 1.2)
        self._hit(market, maker, 3)
        yield self._chance.uniform(0.5, 1.2)
        if maker is not None and maker.open:
            self._trading.cancel(self._account, maker)

    def _taken(self, market: Market) -> Iterator[float]:
        self._place(
            OrderRequest(
                market=market.name,
                side=self._chance.choice((BUY, SELL)),
                lots=self._lots(market),
                type="MARKET",
                time_in_force=IOC,
            )
        )
        yield self._chance.uniform(1.5, 2.5)

    def _refused(self, market: Market) -> Iterator[float]:
        """A post-only order that would trade is accepted, and then rejected."""
        best = market.book.best(SELL)
        if best is not None:
            self._place(
                OrderRequest(
                    market=market.name,
                    side=BUY,
                    lots=self._lots(market),
                    price=best,
                    post_only=True,
                )
            )
        yield self._chance.uniform(1, 2)

    def _triggered(self, market: Market) -> Iterator[float]:
        """One conditional order that the next trades wake, one that is cancelled untouched."""
        top = market.book.best(SELL) or market.tape.last
        far = top * (100 + FAR_PERCENT) // 100
        waiting = [
            self._place(
                OrderRequest(
                    market=market.name,
                    side=BUY,
                    lots=self._lots(market),
                    type="CONDITIONAL",
                    time_in_force=IOC,
                    trigger=Trigger(price, "LAST", upwards=True),
                )
            )
            for price in (min(top, market.tape.last + 1), far)
        ]
        yield self._chance.uniform(2, 3)
        # Somebody buys, so that there is a trade for the nearer one to be woken by.
        self._trading.house_take(market, BUY, None, 1)
        yield self._chance.uniform(2, 3)
        for order in waiting:
            if order is not None and order.open:
                self._trading.cancel(self._account, order)

    def _closed(self) -> Iterator[float]:
        for position in list(self._account.positions.values()):
            self._place(
                OrderRequest(
                    market=position.spec.name,
                    side=-position.side,
                    lots=max(abs(position.lots), position.spec.min_lots),
                    type="MARKET",
                    time_in_force=IOC,
                    reduce_only=True,
                )
            )
            yield self._chance.uniform(0.3, 0.8)

    def _far(self, market: Market, side: int, expire_s: int) -> Order | None:
        price = market.tape.last * (100 - side * FAR_PERCENT) // 100
        expire_ms = self._trading.now_ms + expire_s * 1000
        return self._place(
            OrderRequest(
                market=market.name,
                side=side,
                lots=self._lots(market),
                price=price,
                expire_ms=expire_ms,
            )
        )

    def _inside(self, market: Market, side: int) -> Order | None:
        """An order at the front of its side: within the spread where there is room."""
        best = market.book.best(side)
        if best is None:
            return None
        price = best if market.book.crosses(side, best + side) else best + side
        return self._place(
            OrderRequest(
                market=market.name,
                side=side,
                lots=self._lots(market),
                price=price,
                post_only=True,
            )
        )

    def _hit(self, market: Market, maker: Order | None, share: int) -> None:
        """A synthetic taker fills one part in `share` of what is left of our order."""
        resting: Resting | None = market.book.orders.get(maker.order_id) if maker else None
        if resting is not None:
            lots = market.book.ahead(resting) + max(1, resting.lots // share)
            self._trading.house_take(market, -resting.side, resting.price, lots)

    def _place(self, request: OrderRequest) -> Order | None:
        try:
            return self._trading.place(self._account, request)
        except Refused:
            # A refusal is what the venue would answer; the script goes on with its next step.
            return None

    def _lots(self, market: Market) -> int:
        spec = market.spec
        lots = ORDER_USD * MICROS // (market.tape.last * spec.micros_per_unit)
        return max(spec.min_lots, round(lots * self._chance.uniform(0.4, 1.6)))

    def _refill(self) -> None:
        account = self._account
        if account.balance * REFILL_SHARE < account.deposited:
            self._trading.deposit(account, account.deposited)
