"""Public streams: trades, mark and index price, funding, candles."""

from __future__ import annotations

import pytest
from extended_frames import MS, NOW_NS, text

from actors.errors import MalformedFrame, VenueRejected
from actors.messages.market import Candle, FundingRate, MarkPrice, Trade
from actors.venues.contract import Subscribed
from actors.venues.extended.market_session import (
    SEEN_TRADES_MAX,
    CandlesSession,
    FundingSession,
    MarketStream,
    PriceSession,
    TradesSession,
)

URL = "wss://venue.example/v1"
PUBLIC = "/publicTrades/BTC-USD"


def row(identity: int, market: str = "BTC-USD", side: str = "BUY") -> dict[str, object]:
    return {"i": identity, "m": market, "S": side, "tT": "TRADE", "T": MS, "p": "80", "q": "0.30"}


def trades(seq: int, *rows: dict[str, object]) -> str:
    return text(data=list(rows), ts=MS, seq=seq)


def ids(events: list[object]) -> list[str]:
    return [event.trade_id for event in events if isinstance(event, Trade)]


def test_trades_are_told_once_over_replays_and_reconnects() -> None:
    session = TradesSession(URL, "BTC-USD")
    session.connected(NOW_NS)
    assert session.url == URL + PUBLIC
    assert session.mute_max_s is None
    first, trade = session.receive(trades(1, row(2104498657029001217)), NOW_NS)
    assert first == Subscribed(PUBLIC)
    assert trade == Trade(
        venue="extended",
        product="linear",
        symbol="BTC-USD",
        trade_id="2104498657029001217",
        side="buy",
        price="80",
        quantity="0.30",
        venue_time_ns=MS * 1_000_000,
        received_ns=NOW_NS,
    )
    session.connected(NOW_NS)
    again = session.receive(trades(1, row(2104498657029001217), row(5, side="SELL")), NOW_NS)
    assert ids(list(again)) == ["5"]
    for seq in range(2, 12):
        rows = [row(seq * 1_000 + n) for n in range(SEEN_TRADES_MAX // 5)]
        assert len(session.receive(trades(seq, *rows), NOW_NS)) == len(rows)
    assert len(session._seen) == len(session._seen_order) == SEEN_TRADES_MAX


def test_one_frame_may_hold_trades_of_several_markets() -> None:
    session = TradesSession(URL)
    assert session.url == URL + "/publicTrades"
    events = session.receive(trades(1, row(1, "BTC-USD"), row(2, "ETH-USD")), NOW_NS)
    assert [e.symbol for e in events if isinstance(e, Trade)] == ["BTC-USD", "ETH-USD"]


def test_older_frames_are_skipped_and_holes_counted() -> None:
    session = TradesSession(URL, "BTC-USD")
    assert ids(list(session.receive(trades(5, row(1)), NOW_NS))) == ["1"]
    assert session.receive(trades(5, row(2)), NOW_NS) == []
    assert session.receive(trades(4, row(3)), NOW_NS) == []
    assert ids(list(session.receive(trades(9, row(4)), NOW_NS))) == ["4"]
    assert session.gaps == 1


@pytest.mark.parametrize(
    ("own", "frame_ts", "expected"), [(0, MS, MS), (MS - 3, MS, MS - 3), (None, MS, MS)]
)
@pytest.mark.parametrize("price_type", ["mark", "index"])
def test_prices_take_the_frames_time_where_they_have_none(
    price_type: str, own: int | None, frame_ts: int, expected: int
) -> None:
    session = PriceSession(URL, price_type, "BTC-USD")
    assert session.url == f"{URL}/prices/{price_type}/BTC-USD"
    data = {"m": "BTC-USD", "p": "63807.605956624996", "ts": own}
    frame = text(type="MP", data=data, ts=frame_ts, seq=1, sourceEventId=None)
    assert session.receive(frame, NOW_NS)[1:] == [
        MarkPrice(
            venue="extended",
            product="linear",
            symbol="BTC-USD",
            price_type=price_type,
            price="63807.605956624996",
            venue_time_ns=expected * 1_000_000,
            received_ns=NOW_NS,
        )
    ]
    assert session.receive(frame, NOW_NS) == []


def test_funding() -> None:
    session = FundingSession(URL, "BTC-USD")
    assert session.url == f"{URL}/funding/BTC-USD"
    frame = text(data={"m": "BTC-USD", "f": "-0.000013", "T": MS - 1}, ts=MS, seq=3)
    assert session.receive(frame, NOW_NS)[1:] == [
        FundingRate(
            venue="extended",
            product="linear",
            symbol="BTC-USD",
            rate="-0.000013",
            interval_s=3600,
            venue_time_ns=(MS - 1) * 1_000_000,
            received_ns=NOW_NS,
        )
    ]


@pytest.mark.parametrize("volume", ["3.938", None])
def test_candles_know_market_and_timeframe_from_their_address(volume: str | None) -> None:
    session = CandlesSession(URL, "ETH-USD", "1m", "PT1M")
    assert session.url == f"{URL}/candles/ETH-USD/trades?interval=PT1M"
    data: dict[str, object] = {"o": "2", "h": "4", "l": "1", "c": "3", "T": MS} | (
        {"v": volume} if volume else {}
    )
    _, candle = session.receive(text(type=None, data=[data], ts=MS, seq=1), NOW_NS)
    assert candle == Candle(
        venue="extended",
        product="linear",
        symbol="ETH-USD",
        timeframe="1m",
        start_us=MS * 1_000,
        open="2",
        high="4",
        low="1",
        close="3",
        volume=volume,
        received_ns=NOW_NS,
    )


@pytest.mark.parametrize(
    "session",
    [
        TradesSession(URL, "BTC-USD"),
        PriceSession(URL, "mark", "BTC-USD"),
        FundingSession(URL, "BTC-USD"),
        CandlesSession(URL, "BTC-USD", "1m", "PT1M"),
    ],
    ids=lambda session: type(session).__name__,
)
def test_refusals_and_broken_frames_are_named(session: MarketStream) -> None:
    receive = session.receive  # type: ignore[attr-defined]
    broken: list[object] = [None, 7, "x", [[]], {"m": 1}]
    for data in broken:
        with pytest.raises(MalformedFrame, match=r"frame\.data"):
            receive(text(data=data, ts=MS, seq=1), NOW_NS)
    with pytest.raises(VenueRejected, match="Market not found"):
        receive(text(status="ERROR", error={"code": 1001, "message": "Market not found"}), NOW_NS)
