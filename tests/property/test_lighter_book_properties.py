"""Lighter's order book stream against a plain model: dicts, one nonce, and a venue that skips."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from actors.errors import CrossedBook, SequenceGap
from actors.messages.market import BookDelta, BookSnapshot
from actors.venues.lighter.book_session import BookSession

NOW_NS = 1_790_000_000_000_000_000
Levels = list[tuple[str, str]]

sizes = st.sampled_from(["0.0000", "1.0000", "0.2500", "12.5000"])


def side(low: int, high: int) -> st.SearchStrategy[Levels]:
    prices = st.integers(low, high).map(lambda cents: f"{cents // 10}.{cents % 10}0")
    return st.lists(st.tuples(prices, sizes), max_size=5)


bids, asks = side(900, 1_010), side(1_000, 1_100)


class BookMachine(RuleBasedStateMachine):
    """The venue's book is always whole here; what reaches the session may skip an update."""

    def __init__(self) -> None:
        super().__init__()
        self.session = BookSession("wss://venue.example/stream", "linear", "ETH", 0)
        self.venue: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
        self.nonce = 0
        self.told: dict[str, dict[str, str]] = {}
        self.told_nonce = -1
        self.subscribed = False
        self.mono_ns = 0
        self.connect()

    @initialize(nonce=st.integers(0, 2**62))
    def begin(self, nonce: int) -> None:
        self.nonce = nonce

    def connect(self) -> None:
        self.session.connected(NOW_NS)
        self.subscribed = False
        self.session.receive('{"type":"connected"}', NOW_NS)
        self.answer()

    def answer(self) -> None:
        """The venue's part: every request is answered, subscriptions by a whole book."""
        self.mono_ns += 1
        for frame in self.session.to_send(self.mono_ns):
            asked = json.loads(frame)
            if asked["type"] == "unsubscribe":
                assert self.subscribed
                self.subscribed = False
                self.receive({"type": "unsubscribed", "channel": "order_book:0"})
                self.answer()
            elif asked["type"] == "subscribe":
                assert not self.subscribed
                self.subscribed = True
                self.receive(self.frame("subscribed", self.venue_levels(), 0))

    def venue_levels(self) -> dict[str, Levels]:
        return {name: list(levels.items()) for name, levels in self.venue.items()}

    def frame(self, kind: str, levels: dict[str, Levels], begin: int | None) -> dict[str, Any]:
        rows = {
            name: [{"price": price, "size": size} for price, size in changes]
            for name, changes in levels.items()
        }
        body = {**rows, "nonce": self.nonce}
        if begin is not None:
            body["begin_nonce"] = begin
        return {"type": f"{kind}/order_book", "channel": "order_book:0", "order_book": body}

    def receive(self, frame: dict[str, Any]) -> None:
        try:
            events = self.session.receive(json.dumps(frame), NOW_NS)
        except (SequenceGap, CrossedBook):
            self.connect()
            return
        for event in events:
            if isinstance(event, BookSnapshot):
                self.told = {"bids": dict(event.bids), "asks": dict(event.asks)}
                self.told_nonce = event.sequence
            elif isinstance(event, BookDelta):
                assert event.previous_sequence == self.told_nonce
                for name, changes in (("bids", event.bids), ("asks", event.asks)):
                    put(self.told[name], changes)
                self.told_nonce = event.sequence

    @rule(
        bids=bids,
        asks=asks,
        step=st.integers(1, 50),
        lost=st.booleans() | st.just(False),
        uncross=st.booleans() | st.just(True),
    )
    def change(self, bids: Levels, asks: Levels, step: int, *, lost: bool, uncross: bool) -> None:
        begin, self.nonce = self.nonce, self.nonce + step
        put(self.venue["bids"], bids)
        put(self.venue["asks"], asks)
        if uncross and self.crossed():
            # The venue's book crosses seldom; here it is repaired within the same update.
            gone = [(price, "0.0000") for price in self.venue["asks"]]
            asks = [*asks, *gone]
            put(self.venue["asks"], gone)
        if not lost and self.subscribed:
            self.receive(self.frame("update", {"bids": bids, "asks": asks}, begin))
        self.answer()

    @rule()
    def drop(self) -> None:
        self.session.disconnected("Disconnected")
        self.connect()

    def crossed(self) -> bool:
        best_bid = max(map(Decimal, self.venue["bids"]), default=Decimal(0))
        best_ask = min(map(Decimal, self.venue["asks"]), default=Decimal(10**9))
        return best_bid >= best_ask

    @invariant()
    def a_good_book_is_the_venues_as_of_its_nonce(self) -> None:
        book = self.session.snapshot(NOW_NS)
        assert (book is not None) == self.session.verified
        if book is None:
            return
        assert (dict(book.bids), dict(book.asks)) == (self.told["bids"], self.told["asks"])
        assert book.sequence == self.told_nonce
        if book.sequence == self.nonce:
            assert self.told == self.venue
        assert [Decimal(p) for p, _ in book.bids] == sorted(
            (Decimal(p) for p, _ in book.bids), reverse=True
        )
        assert not self.session.book.crossed


def put(levels: dict[str, str], changes: Any) -> None:
    for price, size in changes:
        if Decimal(size):
            levels[price] = size
        else:
            levels.pop(price, None)


TestBookMachine = BookMachine.TestCase
TestBookMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
