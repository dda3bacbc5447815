"""The recorded and documented messages of Extended, each through the code that would meet it.

Every file of the corpus stands either under READ, with the kind and the figures that it must give,
or under NOT_READ with the reason: a new file fails this test until somebody decides.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.errors import BookMismatch, CrossedBook, SequenceGap, VenueRejected
from actors.messages.account import (
    AccountSnapshot,
    Fill,
    Funding,
    Order,
    Points,
    Position,
    Standing,
)
from actors.messages.market import (
    BookDelta,
    BookSnapshot,
    Candle,
    FundingRate,
    Instrument,
    InstrumentList,
    MarkPrice,
    Ticker,
    Trade,
)
from actors.venues.contract import AccountInfo, AssetBalances, Event, Page, Subscribed
from actors.venues.extended.account_session import AccountSession
from actors.venues.extended.book_session import BookSession
from actors.venues.extended.market_requests import MarketRequests
from actors.venues.extended.market_session import (
    CandlesSession,
    FundingSession,
    PriceSession,
    TradesSession,
)
from actors.venues.extended.requests import Requests

ROOT = Path(__file__).resolve().parents[3]
CORPUS = Path(os.environ.get("VENUE_CORPUS", ROOT / ".." / "shared" / "venues")).resolve()
MESSAGES = CORPUS / "extended" / "messages"
NOW_NS = 1_790_600_000_000_000_000
URL = "wss://venue.example/v1"

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not MESSAGES.is_dir(), reason=f"no recorded messages in {MESSAGES}: set VENUE_CORPUS"
    ),
]

NOT_READ = {
    "rest-asset-operations-doc.json": "deposits and transfers are not served",
    "rest-asset-operations-sdktest.json": "deposits and transfers are not served",
    "rest-assets-ccxt2026.json": "asset ids serve deposits only; markets name their assets",
    "rest-create-order-signed-sdktest.json": "a request to trade; the service only watches",
    "rest-fees-leverage-rebates-doc.jsonl": "fee tiers, leverage settings, rebates: not served",
    "rest-funding-rates-doc.json": "past funding rates are not served",
    "rest-market-trades-doc.json": "the newest public trades come with the trade streams",
    "rest-open-interests-doc.json": "open interest is not served",
    "rest-positions-history-ccxt2026.json": "closed positions are told by the stream and polling",
    "rest-positions-history-doc.json": "closed positions are told by the stream and polling",
    "rpc2-candle-session-sdktest.jsonl": "v2 control frames; the service speaks v1",
    "rpc2-requests-sdk.jsonl": "v2 requests; the service speaks v1",
    "rpc2-responses-captured2026.json": "v2 replies; the service speaks v1",
}


def rest(name: str, *arguments: Any) -> Callable[[Any], Any]:
    def read(document: Any) -> Any:
        requests = Requests("https://venue.example", "1", "key")
        body = json.dumps(document).encode()
        return getattr(requests, f"read_{name}")(200, {}, body, NOW_NS, *arguments)

    return read


def of_market(name: str, **arguments: str) -> Callable[[Any], Any]:
    def read(document: Any) -> Any:
        requests = MarketRequests("https://venue.example")
        body = json.dumps(document).encode()
        method = getattr(requests, f"read_{name}")
        return method(200, {}, body, NOW_NS, symbol="BTC-USD", **arguments)

    return read


def stream(make: Callable[[], Any]) -> Callable[[Any], Any]:
    """Each frame on a connection of its own; what a v2 frame adds to v1 is left where it is."""

    def read(document: Any) -> Any:
        session = make()
        session.connected(NOW_NS)
        first, *events = session.receive(json.dumps(document), NOW_NS)
        assert isinstance(first, Subscribed)
        return events

    return read


def book_session(market: str) -> BookSession:
    return BookSession(URL, market)


account = stream(lambda: AccountSession(URL, "key", "1"))
trades = stream(lambda: TradesSession(URL))
mark = stream(lambda: PriceSession(URL, "mark", "BTC-USD"))
index = stream(lambda: PriceSession(URL, "index", "BTC-USD"))
funding = stream(lambda: FundingSession(URL, "BTC-USD"))
candles = stream(lambda: CandlesSession(URL, "BTC-USD", "1m", "PT1M"))


def book(document: Any) -> Any:
    return stream(lambda: book_session(document["data"]["m"]))(document)


def refused(document: Any) -> Any:
    with pytest.raises(VenueRejected) as caught:
        rest("orders")(document)
    return caught.value


def crossed(document: Any) -> Any:
    with pytest.raises(CrossedBook) as caught:
        book(document)
    return caught.value


def whole(document: Any) -> Any:
    """The excerpt of a snapshot lacks what was cut: asks and envelope."""
    data = document["data"] | {"a": []}
    return book(document | {"data": data, "seq": 0, "ts": 1790425441000})


def after_a_snapshot(document: Any) -> Any:
    """A delta of which the snapshot is not kept: its own figures say what was held before it."""
    held: dict[str, list[dict[str, str]]] = {"b": [], "a": []}
    for side, levels in held.items():
        for level in document["data"][side]:
            before = exact_difference(level["c"], level["q"])
            levels.append({"p": level["p"], "q": before})
    session = book_session(document["data"]["m"])
    data = {"t": "SNAPSHOT", "m": document["data"]["m"]} | held
    session.receive(json.dumps({"data": data, "seq": document["seq"] - 1, "ts": 0}), NOW_NS)
    return session.receive(json.dumps(document), NOW_NS)


def exact_difference(after: str, change: str) -> str:
    """By whole numbers, so as not to check the code by its own arithmetic."""
    digits = 18

    def whole_number(text: str) -> int:
        sign = -1 if text.startswith("-") else 1
        head, _, tail = text.lstrip("-").partition(".")
        return sign * int(head + tail.ljust(digits, "0"))

    number = str(whole_number(after) - whole_number(change)).rjust(digits + 1, "0")
    return f"{number[:-digits]}.{number[-digits:]}"


def book_frame(document: Any) -> Any:
    if not document["data"]["b"] and not document["data"]["a"]:
        return after_a_snapshot(document)
    is_delta = document["type"].endswith("DELTA")
    return (after_a_snapshot if is_delta else book)(document)


Check = tuple[Callable[[Any], Any], list[tuple[type, dict[str, Any]]]]

READ: dict[str, Check] = {
    # REST
    "rest-account-info-doc.json": (
        rest("account_info"),
        [(AccountInfo, {"account_id": "123", "description": "abc", "status": "active"})],
    ),
    "rest-balance-doc.json": (
        rest("balance"),
        [(AccountSnapshot, {"equity": "12000", "wallet_balance": "13500", "free": "1200",
                            "margin_ratio": "1.5", "leverage": "1275.1860", "settle": "USDC"})],
    ),
    "rest-balance-fixture2026.json": (
        rest("balance"),
        [(AccountSnapshot, {"equity": "7524.084059", "wallet_balance": "168.513778",
                            "free": "5008.437240", "margin_used": "2515.646819",
                            "unrealized_pnl": "161.066885", "exposure": "25156.468185",
                            "venue_time_ns": 1779030428936 * 10**6, "settle": "USD"})],
    ),
    "rest-info-markets-BTC-captured2026.json": (
        rest("markets"), [(InstrumentList, {"venue": "extended"})],
    ),
    "rest-candles-doc.json": (
        of_market("candles", timeframe="1m"),
        [(Candle, {"start_us": 1715797320000 * 1000, "close": "65206.2", "volume": "0.0",
                   "closed": False})],
    ),
    "rest-market-stats-doc.json": (
        of_market("ticker"),
        [(Ticker, {"last": "3085.70", "bid": "3087.50", "mark": "3088.439710293828",
                   "change_fraction": "-0.0084", "volume_quote": "10283410.122959",
                   "funding_rate": "-0.000059", "open_interest": "11600.4344"})],
    ),
    "rest-market-orderbook-doc.json": (
        rest("market_orderbook"),
        [(BookSnapshot, {"symbol": "BTC-USD", "verified": False,
                         "bids": (("61827.7", "0.04852"), ("61820.5", "0.50274")),
                         "asks": (("61840.3", "0.04852"), ("61864.1", "0.4998"))})],
    ),
    "rest-open-orders-doc.json": (
        rest("orders"),
        [(Order, {"order_id": "1775511783722512384", "symbol": "ETH-USD", "side": "buy",
                  "status": "partially_filled", "price": "3300", "average_price": "3297.00",
                  "quantity": "0.2", "filled_quantity": "0.1", "fee": "0.0120000000000000",
                  "trigger_price": "3300", "time_in_force": "ioc", "client_order_id":
                  "2554612759479898620327573136214120486511160383028978112799136270841501275076",
                  })],
    ),
    "rest-orders-history-doc.json": (
        rest("orders_history"),
        [(Order, {"order_id": "1784963886257016832", "status": "filled", "quantity": "0.2",
                  "client_order_id": "ExtId-1", "venue_time_ns": 1701563440000 * 10**6})],
    ),
    "rest-positions-ccxt2026.json": (
        rest("positions"),
        [(Position, {"position_id": "2052253880279891968", "symbol": "BTC-USD", "side": "long",
                     "quantity": "0.00010", "liquidation_price": None, "entry_price": "81500.0",
                     "mark_price": "81003.306447000009", "opened_ns": 1778130428762 * 10**6,
                     "venue_time_ns": 1778131656790 * 10**6})],
    ),
    "rest-positions-doc.json": (
        rest("positions"),
        [(Position, {"position_id": "1", "quantity": "0.1", "liquidation_price": "38200",
                     "opened_ns": 1701563440000 * 10**6})],
    ),
    "rest-rewards-earned-doc.json": (
        rest("points"), [(Points, {"available": True, "total": "50.25"})],
    ),
    "rest-rewards-leaderboard-stats-doc.json": (
        rest("standing"),
        [(Standing, {"rank": 42, "leagues": {
            "trading": "queen", "liquidity": "pawn", "referral": "king"}})],
    ),
    "rest-spot-balances-ccxt2026.json": (
        rest("spot_balances"), [(AssetBalances, {"venue_time_ns": 1778124335048 * 10**6})],
    ),
    "rest-user-funding-history-doc.json": (
        rest("funding"),
        [(Funding, {"funding_id": "8341", "symbol": "BNB-USD", "amount": "0", "rate": "0",
                    "venue_time_ns": 1723147241346 * 10**6})],
    ),
    "rest-user-trades-doc.json": (
        rest("fills"),
        [(Fill, {"fill_id": "1784963886257016832", "order_id": "9223372036854775808",
                 "price": "58853.4000000000000000", "quantity": "0.0900000000000000",
                 "liquidity": "taker", "trade_type": "deleverage", "client_order_id": "ext-1"})],
    ),
    # account stream
    "ws1-account-balance-doc.json": (
        account, [(AccountSnapshot, {"equity": "20.000000", "wallet_balance": "100.000000"})],
    ),
    "ws1-account-balance-spot-ccxt.json": (
        account, [(AccountSnapshot, {"equity": "20.000000"}), (AssetBalances, {})],
    ),
    "ws1-account-order-doc.json": (
        account,
        [(Order, {"order_id": "1791181340771614723", "status": "open", "reduce_only": True,
                  "client_order_id": "-1771812132822291885", "quantity": "10.000000",
                  "filled_quantity": "3.513000", "trigger_price": "1220.00000"})],
    ),
    "ws1-account-position-doc.json": (
        account,
        [(Position, {"position_id": "1791183357858545669", "side": "short", "quantity": "0.3",
                     "liquidation_price": "75816.37"})],
    ),
    "ws1-account-trade-doc.json": (
        account,
        [(Fill, {"order_id": "9223372036854775808", "client_order_id": "ext-1"})],
    ),
    "ws1-account-trade-sdktest.json": (
        account,
        [(Fill, {"fill_id": "1811328331296018432", "order_id": "1811328331287359488",
                 "fee": "0.0291240000000000", "trade_type": "trade", "client_order_id": None})],
    ),
    "ws1-account-unknown-type-sdktest.json": (account, []),
    # public streams
    "ws1-candle-sdktest.json": (
        candles, [(Candle, {"open": "3458.64", "volume": "3.938", "closed": False})],
    ),
    "ws1-funding-doc.json": (funding, [(FundingRate, {"rate": "0.001", "symbol": "BTC-USD"})]),
    "ws1-orderbook-rfq-empty-captured2026.json": (
        book, [(BookSnapshot, {"symbol": "ATOM-USD", "bids": (), "asks": (), "sequence": 1})],
    ),
    "ws1-orderbook-snapshot-doc.json": (
        book, [(BookSnapshot, {"bids": (("25670", "0.1"),), "asks": (("25770", "0.1"),)})],
    ),
    "ws1-orderbook-snapshot-sdktest.json": (
        crossed, [(CrossedBook, {"bid": "43548.00", "ask": "43546.00"})],
    ),
    "ws1-publicTrades-doc.json": (
        trades, [(Trade, {"trade_id": "25124", "side": "buy", "price": "25670"})],
    ),
    # v2 data frames whose data is that of v1
    "rpc2-funding-rate-BTC-captured2026.json": (
        funding, [(FundingRate, {"rate": "0.000013", "venue_time_ns": 1790426050286 * 10**6})],
    ),
    "rpc2-index-price-BTC-captured2026.json": (
        index,
        [(MarkPrice, {"price_type": "index", "price": "84105.013533499994",
                      "venue_time_ns": 1790425443000 * 10**6})],
    ),
    "rpc2-mark-price-BTC-captured2026.json": (
        mark,
        [(MarkPrice, {"price_type": "mark", "price": "84058.473541750005",
                      "venue_time_ns": 1790425443253 * 10**6})],
    ),
    "rpc2-orderbook-delta-BTC-captured2026.json": (
        after_a_snapshot, [(BookDelta, {"sequence": 1, "asks": (("84078", "2.54894"),)})],
    ),
    "rpc2-orderbook-snapshot-BTC-bids-excerpt-captured2026.json": (
        whole, [(BookSnapshot, {"symbol": "BTC-USD"})],
    ),
    "rpc2-trades-replay-BTC-captured2026.json": (trades, [(Trade, {"symbol": "BTC-USD"})] * 50),
    # several documents in a file
    "rest-account-info-accounts-ccxt2026.jsonl#1": (
        rest("account_info"),
        [(AccountInfo, {"account_id": "3342", "description": "Main account"})],
    ),
    "rest-error-doc.jsonl#1": (refused, [(VenueRejected, {"code": "NOT_FOUND"})]),
    "rest-error-doc.jsonl#2": (refused, [(VenueRejected, {"code": "1001"})]),
    "rest-error-doc.jsonl#3": (refused, [(VenueRejected, {"code": "1140"})]),
    "ws1-candles-doc.jsonl#1": (candles, [(Candle, {"close": "2100.0000", "volume": "10.0000"})]),
    "ws1-candles-doc.jsonl#2": (candles, [(Candle, {"close": "2100.0000", "volume": None})]),
    "ws1-mark-index-price-doc.jsonl#1": (mark, [(MarkPrice, {"price": "25670"})]),
    "ws1-mark-index-price-doc.jsonl#2": (index, [(MarkPrice, {"price": "25680"})]),
    "ws1-mark-price-captured2026.jsonl#1": (
        mark, [(MarkPrice, {"price": "63807.605956624996",
                            "venue_time_ns": 1785778593418 * 10**6})],
    ),
    "ws1-mark-price-captured2026.jsonl#2": (
        mark, [(MarkPrice, {"price": "82603.900514499997"})],
    ),
    "ws1-orderbook-BTC-captured2026.jsonl#1": (
        book_frame, [(BookSnapshot, {"bids": (("63720", "14.79329"),), "sequence": 1})],
    ),
    "ws1-orderbook-BTC-captured2026.jsonl#2": (
        book_frame, [(BookDelta, {"bids": (("63717", "0.85928"),), "sequence": 2})],
    ),
    "ws1-orderbook-NVDA-sequence-captured2026.jsonl#1": (
        book_frame, [(BookSnapshot, {"symbol": "NVDA_24_5-USD", "sequence": 1})],
    ),
    "ws1-orderbook-NVDA-sequence-captured2026.jsonl#2": (
        book_frame,
        [(BookDelta, {"bids": (("224.28", "0"), ("224.23", "0")),
                      "asks": (("224.36", "0"), ("224.47", "17.90")), "sequence": 18})],
    ),
    "ws1-orderbook-NVDA-sequence-captured2026.jsonl#3": (
        book_frame, [(BookDelta, {"bids": (), "asks": (), "sequence": 174})],
    ),
    "ws1-orderbook-NVDA-sequence-captured2026.jsonl#4": (
        book_frame, [(BookSnapshot, {"asks": (("224.26", "9.58"),), "sequence": 175})],
    ),
    "ws1-orderbook-depth1-captured2026.jsonl#1": (
        book_frame, [(BookSnapshot, {"bids": (("82588", "4.09776"),), "sequence": 2})],
    ),
    "ws1-publicTrades-captured2026.jsonl#1": (
        trades, [(Trade, {"trade_id": "2084331146732113920", "symbol": "ETH-USD"})],
    ),
    "ws1-publicTrades-captured2026.jsonl#2": (
        trades, [(Trade, {"trade_id": "2104498657029001217", "quantity": "0.30270"})],
    ),
}  # fmt: skip
PARTS_NOT_READ = {
    "rest-account-info-accounts-ccxt2026.jsonl#2": "a list of sub-accounts: a key sees its own",
}
INDEX_KINDS = {
    AccountInfo: "account/info",
    AccountSnapshot: "balance",
    BookDelta: ("order", "delta"),
    BookSnapshot: "order",
    Candle: "candle",
    CrossedBook: "order book",
    Fill: "trade",
    Funding: "funding/history",
    FundingRate: "funding rate",
    InstrumentList: "info/markets",
    MarkPrice: "price",
    Order: "order",
    Points: "points",
    Standing: "points",
    Position: "position",
    Ticker: "stats",
    Trade: "trades",
    VenueRejected: "error",
}
"""A word that INDEX.md must say of a file (by name or kind) that gives such a message."""


def documents(name: str) -> dict[str, Any]:
    """A file's documents by name; those of a `.jsonl` as `name#1`, `name#2`, …"""
    text = (MESSAGES / name).read_text(encoding="utf-8")
    if name.endswith(".json"):
        return {name: json.loads(text)}
    lines = [line for line in text.splitlines() if line.strip()]
    return {f"{name}#{at}": json.loads(line) for at, line in enumerate(lines, 1)}


def index_kinds() -> dict[str, str]:
    rows = {}
    for line in (MESSAGES / "INDEX.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].endswith((".json", ".jsonl")):
            rows[cells[0]] = cells[1]
    return rows


def listed(result: Any) -> list[Any]:
    if isinstance(result, Page):
        return list(result.items)
    return result if isinstance(result, list) else [result]


def load(name: str) -> Any:
    [document] = documents(name).values()
    return document


def test_m_every_corpus_file_parses_to_its_kind() -> None:
    kinds = index_kinds()
    on_disk = {path.name for path in MESSAGES.iterdir() if path.name != "INDEX.md"}
    assert set(kinds) == on_disk, "INDEX.md and the folder disagree"
    assert not set(NOT_READ) - on_disk, "files that are no longer there"
    met = set()
    for name in sorted(on_disk - set(NOT_READ)):
        for part, document in documents(name).items():
            if part in PARTS_NOT_READ:
                continue
            assert part in READ, f"{part} ({kinds[name]}): under READ or NOT_READ?"
            met.add(part)
            read, expected = READ[part]
            found = listed(read(document))
            assert [type(item) for item in found] == [kind for kind, _ in expected], part
            for item, (kind, fields) in zip(found, expected, strict=True):
                for field, value in fields.items():
                    assert getattr(item, field) == value, f"{part}: {field}"
                words = INDEX_KINDS.get(kind, ())
                for word in (words,) if isinstance(words, str) else words:
                    said = f"{name} {kinds[name]}".lower()
                    assert word in said, f"{part}: INDEX says {kinds[name]}"
    assert met == set(READ), "files that are no longer there"


def test_m_the_protocols_own_figures_of_a_live_delta() -> None:
    """PROTOCOL 3.2, self-test: a delta on the excerpt of the snapshot before it."""
    snapshot = load("rpc2-orderbook-snapshot-BTC-bids-excerpt-captured2026.json")
    delta = load("rpc2-orderbook-delta-BTC-captured2026.json")
    session = BookSession(URL, "BTC-USD")
    # What the excerpt left out and the delta names: its figures say what was held.
    known = {level["p"] for level in snapshot["data"]["b"]}
    assert {"84050.000000", "84073"} <= known
    snapshot["data"]["a"] = [
        {"p": level["p"], "q": exact_difference(level["c"], level["q"])}
        for level in delta["data"]["a"]
    ]
    session.receive(json.dumps(snapshot | {"seq": 0, "ts": delta["ts"] - 100}), NOW_NS)
    assert session.book.size("bid", "84073") == "0.00093"
    assert session.book.size("bid", "84050") == "0.81908"
    assert session.book.size("bid", "84074") is None
    [event] = session.receive(json.dumps(delta), NOW_NS)[-1:]
    assert isinstance(event, BookDelta)
    assert session.verified
    assert session.book.size("bid", "84073") == "0.00175"
    assert session.book.size("bid", "84050") == "0.71908"
    assert session.book.size("bid", "84050.000000") == "0.71908"
    assert session.book.size("bid", "84074") == "0.00118"
    assert [price for price, _ in session.book.bids()].count("84050.000000") == 0

    # The same without `c`: the change is added to what is held.
    for level in delta["data"]["b"] + delta["data"]["a"]:
        del level["c"]
    session.connected(NOW_NS)
    session.receive(json.dumps(snapshot | {"seq": 0, "ts": 0}), NOW_NS)
    session.receive(json.dumps(delta), NOW_NS)
    assert session.book.size("bid", "84073") == "0.00175"
    assert session.book.size("bid", "84050") == "0.71908"


def test_m_live_frames_in_their_own_order_show_what_was_cut() -> None:
    """Frames that the sources left out are holes, and a cut snapshot does not prove a delta."""
    first, second, *_ = documents("ws1-orderbook-NVDA-sequence-captured2026.jsonl").values()
    session = BookSession(URL, "NVDA_24_5-USD")
    session.receive(json.dumps(first), NOW_NS)
    with pytest.raises(SequenceGap, match="expected 2, found 18"):
        session.receive(json.dumps(second), NOW_NS)
    first, second = documents("ws1-orderbook-BTC-captured2026.jsonl").values()
    session = BookSession(URL, "BTC-USD")
    session.receive(json.dumps(first), NOW_NS)
    with pytest.raises(BookMismatch, match=r"bid 63717: held 0, change -0\.00005"):
        session.receive(json.dumps(second), NOW_NS)
    *_, empty, minutely = documents("ws1-orderbook-NVDA-sequence-captured2026.jsonl").values()
    session = BookSession(URL, "NVDA_24_5-USD")
    before = minutely | {"seq": 173}
    session.receive(json.dumps(before), NOW_NS)
    session.receive(json.dumps(empty), NOW_NS)
    session.receive(json.dumps(minutely), NOW_NS)
    status = session.status(NOW_NS)
    assert (status.verified, status.snapshots, status.updates, status.mismatches) == (True, 2, 1, 0)


def test_m_the_live_market_row_becomes_an_instrument() -> None:
    document = load("rest-info-markets-BTC-captured2026.json")
    [found] = rest("markets")(document).items
    row = document["data"][0]["tradingConfig"]
    assert found == Instrument(
        venue="extended",
        product="linear",
        symbol="BTC-USD",
        base="BTC",
        quote="USD",
        settle="USD",
        unified="BTC/USDC:USDC",
        tick_size=row["minPriceChange"],
        lot_size=row["minOrderSizeChange"],
        min_quantity=row["minOrderSize"],
        status="active",
        trading_hours="continuous",
        aliases=("BTC-PERP",),
    )


def test_m_replayed_trades_are_told_once_and_in_order() -> None:
    document = load("rpc2-trades-replay-BTC-captured2026.json")
    session = TradesSession(URL, "BTC-USD")
    events: list[Event] = session.receive(json.dumps(document), NOW_NS)
    found = [event for event in events if isinstance(event, Trade)]
    assert [trade.trade_id for trade in found] == [str(row["i"]) for row in document["data"]]
    assert [trade.venue_time_ns for trade in found] == sorted(t.venue_time_ns for t in found)
    session.connected(NOW_NS)
    assert session.receive(json.dumps(document), NOW_NS) == [Subscribed("/publicTrades/BTC-USD")]


def test_m_listed_keys_never_come_through() -> None:
    document = next(iter(documents("rest-account-info-accounts-ccxt2026.jsonl").values()))
    document["data"]["apiKeys"] = ["canary"]
    assert "canary" not in repr(rest("account_info")(document))
