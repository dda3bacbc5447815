"""The order book against a plain model: a dict of numbers, sorted when asked."""

from __future__ import annotations

from decimal import Decimal

import hypothesis.strategies as st
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.errors import MalformedFrame
from actors.venues.orderbook import OrderBook, exact

Levels = list[tuple[str, str]]


@st.composite
def prices(draw: st.DrawFn) -> str:
    """Few numbers in many spellings, so that equal prices meet often."""
    number = draw(st.integers(-3, 30))
    sign = "-" if number < 0 else ""
    text = f"{sign}{'0' * draw(st.integers(0, 2))}{abs(number) // 10}.{abs(number) % 10}"
    text += "0" * draw(st.integers(0, 3))
    if number % 10 == 0 and draw(st.booleans()):
        text = text.split(".")[0]
    return text


sizes = st.sampled_from(["0", "0.00", "1", "1.0", "0.00000000000000001", "123456789.5", "7"])
levels = st.lists(st.tuples(prices(), sizes), max_size=8)


class BookMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.book = OrderBook()
        self.model: dict[str, dict[Decimal, tuple[str, str]]] = {"bid": {}, "ask": {}}

    def put(self, side: str, changes: Levels) -> None:
        for price, size in changes:
            if Decimal(size):
                self.model[side][Decimal(price)] = (price, size)
            else:
                self.model[side].pop(Decimal(price), None)

    @rule(bids=levels, asks=levels)
    def apply(self, bids: Levels, asks: Levels) -> None:
        self.book.apply(bids, asks)
        self.put("bid", bids)
        self.put("ask", asks)

    @rule(bids=levels, asks=levels)
    def replace(self, bids: Levels, asks: Levels) -> None:
        # Of equal prices in one snapshot the last counts, even if it says zero.
        self.book.replace(bids, asks)
        self.model = {"bid": {}, "ask": {}}
        self.put("bid", bids)
        self.put("ask", asks)

    @rule(side=st.sampled_from(["bid", "ask"]), price=prices(), size=sizes)
    def put_one(self, side: str, price: str, size: str) -> None:
        _, held = self.model[side].get(Decimal(price), ("", "0"))
        assert self.book.side(side).change([(price, size)]) == [held]
        self.put(side, [(price, size)])

    @rule(side=st.sampled_from(["bid", "ask"]), price=prices())
    def look(self, side: str, price: str) -> None:
        held = self.model[side].get(Decimal(price))
        assert self.book.size(side, price) == (held[1] if held else None)

    @invariant()
    def levels_are_the_models_in_order(self) -> None:
        bids = [self.model["bid"][key] for key in sorted(self.model["bid"], reverse=True)]
        asks = [self.model["ask"][key] for key in sorted(self.model["ask"])]
        assert self.book.bids() == bids
        assert self.book.asks() == asks
        for depth in (0, 1, 3):
            assert self.book.bids(depth) == bids[:depth]
            assert self.book.asks(depth) == asks[:depth]
        assert self.book.best_bid == (bids[0] if bids else None)
        assert self.book.best_ask == (asks[0] if asks else None)
        assert len(self.book) == len(bids) + len(asks)
        crossed = bool(bids and asks) and max(self.model["bid"]) >= min(self.model["ask"])
        assert self.book.crossed is crossed
        assert self.book.equals(OrderBook(reversed(bids), reversed(asks)))


BookMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestOrderBook = BookMachine.TestCase


@given(st.text(max_size=80))
def test_any_text_is_a_plain_decimal_or_refused(text: str) -> None:
    try:
        number = exact(text)
    except MalformedFrame:
        return
    assert number.is_finite()
    assert text.isascii()
    assert number == Decimal(text)
    assert not set(text) - set("-.0123456789")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=17))
def test_every_plain_decimal_is_exact(number: Decimal) -> None:
    text = f"{number:f}"
    if len(text) <= 64:
        assert exact(text) == number
