"""One market of a simulated venue: its book, what is published of it, and its prices."""

from __future__ import annotations

from dataclasses import dataclass, field

from actors.simulator.feed import BookFeed
from actors.simulator.markets import MarketSpec
from actors.simulator.matching import MatchingBook
from actors.simulator.orders import Order
from actors.simulator.tape import Tape


@dataclass(slots=True, kw_only=True)
class Market:
    """Everything of one instrument; `waiting` are its untriggered orders by id."""

    spec: MarketSpec
    book: MatchingBook
    feed: BookFeed
    tape: Tape
    rate_per_s: float
    waiting: dict[int, Order] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.spec.name
