"""Whatever a venue sends, a session or reader answers with messages or a VenueFault, no more."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from extended_frames import (
    ACCOUNT,
    BALANCE,
    FILL,
    KEY,
    MARKET,
    NOW_NS,
    ORDER,
    PAYMENT,
    POSITION,
    account,
    answer,
    delta,
    snapshot,
    text,
)
from hypothesis import given, settings

from actors.errors import VenueFault
from actors.messages.market import BookDelta, BookSnapshot
from actors.venues.extended.account_session import AccountSession
from actors.venues.extended.book_session import BookSession
from actors.venues.extended.market_session import (
    CandlesSession,
    FundingSession,
    PriceSession,
    TradesSession,
)
from actors.venues.extended.requests import Requests
from actors.venues.orderbook import OrderBook

URL = "wss://venue.example"
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(
        ["0", "-1", "1e9", "NaN", "1.2.3", "", "9" * 70, 10**30, -1, 0, 2, "SNAPSHOT", "DELTA"]
    )
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
GOOD: list[Any] = [
    json.loads(snapshot([("100", "1.5")], [("101", "2")], 2)),
    json.loads(delta([("100", "0.5", "2")], [("101", "-2", "0")], 2)),
    json.loads(account(2, balance=BALANCE, positions=[POSITION], orders=[ORDER], trades=[FILL])),
    json.loads(text(data=[{"i": 1, "m": "B", "S": "BUY", "T": 1, "p": "1", "q": "1"}], seq=2)),
    json.loads(text(data={"m": "B", "p": "1", "ts": 0, "f": "0.1", "T": 1}, ts=1, seq=2)),
    json.loads(text(data=[{"T": 1, "o": "1", "h": "1", "l": "1", "c": "1"}], ts=1, seq=2)),
]


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place within a JSON value."""
    found = [at]
    if isinstance(value, dict):
        found += [place for key in value for place in places(value[key], (*at, key))]
    if isinstance(value, list):
        found += [place for n, item in enumerate(value) for place in places(item, (*at, n))]
    return found


def replaced(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = replaced(value[at[0]], at[1:], new)
    return copy


@st.composite
def frames(draw: st.DrawFn, good: list[Any]) -> bytes:
    """A good frame with one place made odd; cut short now and then; or mere noise."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=40))
    frame = draw(st.sampled_from(good))
    odd = replaced(frame, draw(st.sampled_from(places(frame))), draw(values))
    data = json.dumps(odd).encode()
    return data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 9)) == 0 else data


SESSIONS: list[Callable[[], Any]] = [
    lambda: BookSession(URL, "BTC-USD"),
    lambda: AccountSession(URL, KEY, ACCOUNT),
    lambda: TradesSession(URL, "BTC-USD"),
    lambda: PriceSession(URL, "mark", "BTC-USD"),
    lambda: FundingSession(URL, "BTC-USD"),
    lambda: CandlesSession(URL, "BTC-USD", "1m", "PT1M"),
]


@pytest.mark.parametrize("make", SESSIONS, ids=lambda make: type(make()).__name__)
@given(st.lists(frames(GOOD), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_sessions_raise_nothing_but_venue_faults(
    make: Callable[[], Any], received: list[bytes]
) -> None:
    session = make()
    session.connected(NOW_NS)
    if isinstance(session, BookSession):
        session.receive(snapshot([("100", "1.5")], [("101", "2")]), NOW_NS)
    said = ""
    for data in received:
        try:
            events = session.receive(data, NOW_NS)
        except VenueFault as fault:
            said = max(said, str(fault), key=len)
        else:
            for event in events:
                if isinstance(event, msgspec.Struct):
                    msgspec.msgpack.encode(event)
    assert KEY not in said
    assert len(said) < 1_000
    if isinstance(session, BookSession):
        assert not (session.verified and session.book.crossed)
        assert session.status(NOW_NS).verified is session.verified


ANSWERS = [
    json.loads(answer(data, pagination={"cursor": 1, "count": 1}))
    for data in (BALANCE, [POSITION], [ORDER], [FILL], [PAYMENT], [MARKET], {"accountId": 1})
]
READERS = [
    "read_balance", "read_spot_balances", "read_positions", "read_orders", "read_orders_history",
    "read_fills", "read_funding", "read_account_info", "read_points", "read_standing",
    "read_markets", "read_market_orderbook",
]  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
@given(
    body=frames(ANSWERS),
    status=st.sampled_from([200, 200, 200, 204, 302, 400, 401, 404, 418, 429, 500]),
    retry=st.text(max_size=12) | st.sampled_from(["5", "1e400", "Tue, 22 Sep 2026 10:13:30 GMT"]),
)
@settings(max_examples=100, deadline=None)
def test_readers_raise_nothing_but_venue_faults(
    reader: str, body: bytes, status: int, retry: str
) -> None:
    requests = Requests("https://venue.example", ACCOUNT, KEY)
    headers = {"Retry-After": retry, "Date": retry}
    try:
        found = getattr(requests, reader)(status, headers, body, NOW_NS)
    except VenueFault as fault:
        said = str(fault)
    else:
        said = ""
        items = getattr(found, "items", None) or (found if isinstance(found, list) else [found])
        for item in items:
            if isinstance(item, msgspec.Struct):
                msgspec.msgpack.encode(item)
    assert KEY not in said
    assert len(said) < 1_000


amounts = st.integers(0, 400).map(lambda number: f"{Decimal(number) / 100:f}")
bid_prices = st.integers(1, 40).map(str)
ask_prices = st.integers(41, 80).map(str)


@given(
    st.dictionaries(bid_prices, amounts, max_size=6),
    st.lists(
        st.tuples(
            st.dictionaries(bid_prices, amounts, max_size=4),
            st.dictionaries(ask_prices, amounts, max_size=4),
            st.booleans(),
        ),
        max_size=8,
    ),
)
@settings(max_examples=100, deadline=None)
def test_who_follows_snapshot_and_deltas_holds_the_sessions_book(
    first: dict[str, str], steps: list[tuple[dict[str, str], dict[str, str], bool]]
) -> None:
    """Deltas with and without the absolute size; a reader of our messages ends with our book."""
    session = BookSession(URL, "BTC-USD")
    session.connected(NOW_NS)
    held: dict[str, dict[str, Decimal]] = {
        "bid": {price: Decimal(size) for price, size in first.items()},
        "ask": {},
    }
    [_, event] = session.receive(snapshot(list(first.items()), []), NOW_NS)
    assert isinstance(event, BookSnapshot)
    reader = OrderBook(event.bids, event.asks)
    sequence = event.sequence
    for seq, (bids, asks, with_size) in enumerate(steps, 2):
        changes: dict[str, list[tuple[str, ...]]] = {}
        for side, sizes in (("bid", bids), ("ask", asks)):
            rows = []
            for price, size in sizes.items():
                change = f"{Decimal(size) - held[side].get(price, Decimal(0)):f}"
                rows.append((price, change, size) if with_size else (price, change))
                held[side][price] = Decimal(size)
            changes[side] = list(rows)
        [event] = session.receive(delta(changes["bid"], changes["ask"], seq), NOW_NS)
        assert isinstance(event, BookDelta)
        assert event.previous_sequence == sequence
        sequence = event.sequence
        reader.apply(event.bids, event.asks)
    assert reader.bids() == session.book.bids()
    assert reader.asks() == session.book.asks()
    for side, ours in (("bid", reader.bids()), ("ask", reader.asks())):
        assert {price: Decimal(size) for price, size in ours} == {
            price: size for price, size in held[side].items() if size
        }
    closing = session.snapshot(NOW_NS)
    assert closing is not None
    assert (list(closing.bids), list(closing.asks)) == (reader.bids(), reader.asks())
