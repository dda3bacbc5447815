"""The recorded and documented public messages of Lighter, each through the code that meets it.

Every public file of the corpus stands either under READ, with the kind and the figures that it must
give, or under NOT_READ with the reason: a new file fails this test until somebody decides.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.errors import MalformedFrame, VenueFault, VenueRejected
from actors.messages.market import (
    BookDelta,
    BookSnapshot,
    Candle,
    Instrument,
    InstrumentList,
    Ticker,
    Trade,
)
from actors.venues.contract import Event, Subscribed
from actors.venues.lighter.answers import TokenRefused
from actors.venues.lighter.book_session import BookSession
from actors.venues.lighter.market_requests import MarketRequests
from actors.venues.lighter.market_session import CandlesSession, TickerSession, TradesSession
from actors.venues.lighter.public_requests import PublicRequests
from actors.venues.lighter.session import Stream

ROOT = Path(__file__).resolve().parents[3]
CORPUS = Path(os.environ.get("VENUE_CORPUS", ROOT / ".." / "shared" / "venues")).resolve()
MESSAGES = CORPUS / "lighter" / "messages"
NOW_NS = 1_790_600_000_000_000_000
URL = "wss://venue.example/stream"
BASE = "https://venue.example"

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not MESSAGES.is_dir(), reason=f"no recorded messages in {MESSAGES}: set VENUE_CORPUS"
    ),
]

PRIVATE = ("rest-account", "rest-orders", "rest-pnl", "rest-positionFunding", "rest-nextNonce",
           "rest-apikeys", "signing-", "ws-account", "ws-user-stats",
           "ws-notification")  # fmt: skip
"""Of one account: read by the tests of its stream and calls."""

NOT_READ = {
    "rest-announcement-jk.json": "announcements are not served",
    "rest-assetDetails-jk.json": "asset ids are not needed: rows name their assets",
    "rest-assetDetails-usdc-ccxt.json": "asset ids are not needed: rows name their assets",
    "rest-exchangeStats-jk.json": "the figures of the day come with each market",
    "rest-funding-rates-ak.json": "the running rate comes with the figures of a market",
    "rest-funding-rates-jk.json": "the running rate comes with the figures of a market",
    "rest-fundings-nt.json": "past funding rates are not served",
    "rest-orderBooks-jk.json": "orderBookDetails tells the same and more",
    "rest-orderBooks-nt.json": "orderBookDetails tells the same and more",
    "rest-recentTrades-ak.json": "the newest public trades come with the stream's snapshot",
    "rest-recentTrades-nt.json": "the newest public trades come with the stream's snapshot",
    "rest-status-ccxt.json": "the Date header of any answer tells the clock",
    "ws-client-frames.jsonl": "what clients send; the stream's own frames are tested one by one",
    "ws-height-update-nt.json": "block heights are not served",
    "ws-market-stats-update-all-nt.json": "one market a stream: the channel of all is not asked",
    "ws-spot-market-stats-update-all-nt.json": "one market a stream: as above",
}

Read = Callable[[Any], Any]
Check = tuple[Read, list[tuple[type, dict[str, Any]]]]


def begun(session: Stream) -> Stream:
    session.connected(NOW_NS)
    session.receive('{"type":"connected"}', NOW_NS)
    session.to_send(1)
    return session


def events_of(session: Stream, *documents: Any) -> list[Event]:
    events = [event for each in documents for event in session.receive(json.dumps(each), NOW_NS)]
    return [event for event in events if not isinstance(event, Subscribed)]


def stream(make: Callable[[], Stream]) -> Read:
    """A snapshot as it is; of an update, the channel's subscription is told first, empty."""

    def read(document: Any) -> Any:
        session = begun(make())
        if document["type"].startswith("update"):
            # The state alone: what the snapshot held is not kept with the update.
            session.joined()
        return events_of(session, document)

    return read


def book_update(document: Any) -> Any:
    """After a snapshot that ends where the update begins."""
    session = begun(BookSession(URL, "linear", "ETH", 0))
    row = {"asks": [], "bids": [], "nonce": document["order_book"]["begin_nonce"]}
    first = {"type": "subscribed/order_book", "channel": document["channel"], "order_book": row}
    return events_of(session, first, document)[1:]


def figures(product: str, number: int) -> Callable[[Any], Any]:
    """With an empty other channel: a ticker is told once both have spoken."""

    def read(document: Any) -> Any:
        session = begun(TickerSession(URL, product, "ETH", number))
        session.joined()
        kind = "spot_market_stats" if product == "spot" else "market_stats"
        empty = {"price": "", "size": ""}
        if "ticker" in document:
            other = {"channel": f"{kind}:{number}", kind: {"market_id": number}}
            other["type"] = f"update/{kind}"
        else:
            other = {"channel": f"ticker:{number}", "ticker": {"a": empty, "b": empty}}
            other["type"] = "update/ticker"
        return events_of(session, other, document)

    return read


def perpetual(number: int = 0) -> Read:
    return figures("linear", number)


def book() -> Read:
    return stream(lambda: BookSession(URL, "linear", "ETH", 0))


def trades() -> Read:
    return stream(lambda: TradesSession(URL, "linear", "ETH", 0))


def candles() -> Read:
    return stream(lambda: CandlesSession(URL, "linear", "ETH", 0, "1m", resolution="1m"))


def two_resolutions(documents: list[Any]) -> Any:
    """Two streams, as two processes read them; the first lines are what a client sent."""
    told: list[Event] = []
    for name in ("1h", "1d"):
        session = begun(CandlesSession(URL, "linear", "ETH", 0, name, resolution=name))
        told += events_of(session, *(each for each in documents if "candles" in each))
    return told


def markets(document: Any) -> Any:
    body = json.dumps(document).encode()
    listed = PublicRequests(BASE).read_markets(200, {}, body, NOW_NS)
    return [listed, *listed.items]


def polled(document: Any) -> Any:
    body = json.dumps(document).encode()
    return MarketRequests(BASE, 0).read_ticker(200, {}, body, NOW_NS, symbol="ETH")


def both(document: Any) -> Any:
    return [*markets(document), polled(document)]


def resting(document: Any) -> Any:
    requests = PublicRequests(BASE)
    row = {"symbol": "ETH", "market_id": 0, "price_decimals": 2, "size_decimals": 4}
    listing = json.dumps({"code": 200, "order_book_details": [row]}).encode()
    requests.read_markets(200, {}, listing, NOW_NS)
    requests.market_orderbook("ETH")
    return requests.read_market_orderbook(200, {}, json.dumps(document).encode(), NOW_NS)


def history(document: Any) -> Any:
    body = json.dumps(document).encode()
    requests = MarketRequests(BASE, 0)
    return requests.read_candles(200, {}, body, NOW_NS, symbol="ETH", timeframe=document["r"])


def refused_requests(documents: list[Any]) -> Any:
    told: list[VenueFault] = []
    for each in documents:
        with pytest.raises(VenueFault) as caught:
            PublicRequests(BASE).read_markets(400, {}, json.dumps(each).encode(), NOW_NS)
        told.append(caught.value)
    return told


def control(documents: list[Any]) -> Any:
    """Each frame to a stream of its own that is live; what is raised, if anything."""
    told: list[Any] = []
    for each in documents:
        session = begun(BookSession(URL, "linear", "ETH", 0))
        session.joined()
        try:
            events = session.receive(json.dumps(each), NOW_NS)
        except VenueFault as fault:
            told.append(fault)
        else:
            assert events == []
    return told


READ: dict[str, Check] = {
    "rest-candles-ak.json": (
        history,
        [(Candle, {"timeframe": "1h", "start_us": 1776646800000 * 1000, "open": "2278.62",
                   "close": "2284.93", "volume": "13655.42"})],
    ),
    "rest-candles-nt.json": (
        history,
        [(Candle, {"start_us": 1700000000000 * 1000, "high": "2362.22", "volume": "1.2345"}),
         (Candle, {"start_us": 1700000060000 * 1000, "close": "2362.5", "volume": "0.5"})],
    ),
    "rest-error-bodies.jsonl": (
        refused_requests, [(VenueRejected, {"code": "400", "status": 400}), (VenueFault, {})],
    ),
    "rest-orderBookDetails-perp-nt.json": (
        both,
        [(InstrumentList, {"venue": "lighter"}),
         (Instrument, {"symbol": "ETH", "product": "linear", "unified": "ETH/USDC:USDC",
                       "tick_size": "0.01", "lot_size": "0.0001", "min_quantity": "0.0050",
                       "venue_id": "0"}),
         (Ticker, {"last": "2361.31", "volume_base": "195399.1521", "high": "2398",
                   "low": "2313.36", "volume_quote": "460664167.955905",
                   "change_fraction": "-0.005215684126709949", "open_interest": "27350.8981"})],
    ),
    "rest-orderBookDetails-perp-and-spot-jk.json": (
        both,
        [(InstrumentList, {}),
         (Instrument, {"symbol": "ETH", "tick_size": "0.0001", "venue_id": "0"}),
         (Instrument, {"symbol": "ETH/USDC", "product": "spot", "unified": "ETH/USDC",
                       "tick_size": "0.01", "lot_size": "0.0001", "venue_id": "2048"}),
         (Ticker, {"last": "3024.66", "open_interest": "93.0", "change_fraction": "0.0366"})],
    ),
    "rest-orderBookOrders-nt.json": (
        resting,
        [(BookSnapshot, {"symbol": "ETH", "asks": (("2361.32", "0.0317"),),
                         "bids": (("2361.17", "3.4125"),), "verified": False})],
    ),
    "ws-candle-snapshot-nt.json": (
        candles(),
        [(Candle, {"start_us": 1778821440000 * 1000, "open": "2264.2", "close": "2263.97",
                   "volume": "13.223699999999997", "closed": False})],
    ),
    "ws-candle-update-nt.json": (
        candles(), [(Candle, {"close": "2263.89", "volume": "13.224299999999998"})],
    ),
    "ws-candle-subscribe-two-resolutions-jk.jsonl": (
        two_resolutions,
        [(Candle, {"timeframe": "1h", "start_us": 1778500800000 * 1000, "close": "2334.73"}),
         (Candle, {"timeframe": "1d", "start_us": 1778500800000 * 1000, "low": "2334.73"})],
    ),
    "ws-control-frames-ccxt.jsonl": (control, [(VenueRejected, {"code": "30005"})]),
    "ws-error-auth-required.jsonl": (control, [(TokenRefused, {}), (TokenRefused, {})]),
    "ws-market-stats-snapshot-nt.json": (
        perpetual(1),
        [(Ticker, {"last": "64351.5", "mark": "64356.3", "index": "64400.1",
                   "funding_rate": "-0.000028", "change_fraction": "-0.04366136694955931",
                   "high": "67478.8", "low": "61376.4", "volume_base": "23621.29428",
                   "open_interest": "1586.84712", "bid": None,
                   "venue_time_ns": 1780546209291 * 10**6})],
    ),
    "ws-market-stats-update-doc.json": (
        perpetual(),
        [(Ticker, {"last": "2963.67", "mark": "2963.63", "funding_rate": "-0.000005",
                   "high": "2984", "change_fraction": "0.00830824189844348"})],
    ),
    "ws-orderbook-snapshot-ccxt.json": (
        book(),
        [(BookSnapshot, {"sequence": 3107818665, "asks": (("2979.64", "61.9487"),),
                         "bids": (("2979.36", "12.3456"),)})],
    ),
    "ws-orderbook-snapshot-nt.json": (
        book(),
        [(BookSnapshot, {"sequence": 904845, "bids": (("2000.00", "0.0200"),),
                         "asks": (("2325.00", "99.0000"), ("2341.25", "340.1028")),
                         "venue_time_ns": 1778138582602 * 10**6})],
    ),
    "ws-orderbook-update-nt.json": (
        book_update,
        [(BookDelta, {"sequence": 9182390020, "previous_sequence": 9182389998, "bids": (),
                      "asks": (("2064.54", "0.3285"),)})],
    ),
    "ws-spot-market-stats-update-doc.json": (
        figures("spot", 2048),
        [(Ticker, {"product": "spot", "last": "2179.81", "index": "2183.030179", "mark": None,
                   "volume_quote": "1511428.664237", "funding_rate": None})],
    ),
    "ws-ticker-snapshot-emptybook-nt.json": (
        perpetual(39), [(Ticker, {"bid": None, "ask": None})],
    ),
    "ws-ticker-snapshot-nt.json": (
        perpetual(),
        [(Ticker, {"bid": "2000.00", "ask": "2325.00",
                   "venue_time_ns": 1778138582640 * 10**6})],
    ),
    "ws-ticker-update-nt.json": (perpetual(), [(Ticker, {"bid": "2064.30", "ask": "2064.48"})]),
    "ws-trade-snapshot-nt.json": (
        trades(),
        [(Trade, {"trade_id": "16164557907", "side": "sell", "price": "2181.83",
                  "quantity": "0.1336", "trade_type": "trade",
                  "venue_time_ns": 1773854156686065 * 10**3})],
    ),
    "ws-trade-update-doc.json": (trades(), [(Trade, {"side": "sell", "quantity": "0.1336"})]),
    "ws-trade-update-nt.json": (trades(), [(Trade, {"trade_id": "16164557907"})]),
}  # fmt: skip


def test_each_file_is_read_or_said_not_to_be() -> None:
    files = {path.name for path in MESSAGES.iterdir() if path.suffix in (".json", ".jsonl")}
    public = {name for name in files if not name.startswith(PRIVATE)}
    assert public == set(READ) | set(NOT_READ)
    assert not set(READ) & set(NOT_READ)


@pytest.mark.parametrize("name", sorted(READ))
def test_a_recorded_message_gives_these_figures(name: str) -> None:
    read, expected = READ[name]
    text = (MESSAGES / name).read_text()
    if name.endswith(".jsonl"):
        told = read([json.loads(line) for line in text.splitlines() if line.strip()])
    else:
        told = read(json.loads(text))
    told = told if isinstance(told, list) else [told]
    assert len(told) == len(expected)
    for message, (kind, fields) in zip(told, expected, strict=True):
        assert isinstance(message, kind)
        assert {field: getattr(message, field) for field in fields} == fields


def test_a_stranger_among_the_markets_is_named() -> None:
    document = json.loads((MESSAGES / "ws-market-stats-update-all-nt.json").read_text())
    session = begun(TickerSession(URL, "linear", "ETH", 0))
    session.joined()
    with pytest.raises(MalformedFrame, match="market_id"):
        session.receive(json.dumps(document | {"channel": "market_stats:0"}), NOW_NS)
