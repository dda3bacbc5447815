"""Lighter's streams of trades, candles and figures: small frames of our own, hostile ones too."""

from __future__ import annotations

from typing import Any

import pytest
from lighter_frames import (
    CONNECTED,
    MS,
    NOW_NS,
    STATS,
    URL,
    candle_row,
    candles,
    stats,
    subscribe,
    top,
    trade_row,
    trades,
)

from actors.errors import MalformedFrame
from actors.messages.market import Candle, Ticker, Trade
from actors.venues.contract import Subscribed
from actors.venues.lighter.market_session import (
    SEEN_TRADES_MAX,
    CandlesSession,
    TickerSession,
    TradesSession,
)
from actors.venues.lighter.session import Stream

Made = TradesSession | CandlesSession | TickerSession


def connected(session: Made) -> Made:
    session.connected(NOW_NS)
    session.receive(CONNECTED, NOW_NS)
    session.to_send(1)
    return session


def ids(events: list[Any]) -> list[str]:
    return [event.trade_id for event in events if isinstance(event, Trade)]


@pytest.fixture
def trade_stream() -> Made:
    return connected(TradesSession(URL, "linear", "ETH", 0))


@pytest.fixture
def candle_stream() -> Made:
    return connected(CandlesSession(URL, "linear", "ETH", 0, "1m", resolution="1m"))


@pytest.fixture
def ticker_stream() -> Made:
    return connected(TickerSession(URL, "linear", "ETH", 0))


# trades


def test_a_trade_is_told_with_the_takers_side(trade_stream: Made) -> None:
    rows = [trade_row(7), trade_row(8, is_maker_ask=False, type="Liquidation")]
    subscribed, bought, sold = trade_stream.receive(trades("subscribed", rows), NOW_NS)
    assert subscribed == Subscribed("trade/0")
    assert bought == Trade(
        venue="lighter", product="linear", symbol="ETH", trade_id="7", side="buy",
        price="2300.10", quantity="0.2500", trade_type="trade",
        venue_time_ns=MS * 1_000_000 + 7_000, received_ns=NOW_NS,
    )  # fmt: skip
    assert isinstance(sold, Trade)
    assert (sold.side, sold.trade_type) == ("sell", "liquidation")


def test_each_trade_once_oldest_first_over_reconnects_too(trade_stream: Made) -> None:
    rows = [trade_row(9), trade_row(8), trade_row(7)]
    assert ids(trade_stream.receive(trades("subscribed", rows), NOW_NS)) == ["7", "8", "9"]
    update = trades("update", [trade_row(11), trade_row(9)], [trade_row(10, type="liquidation")])
    assert ids(trade_stream.receive(update, NOW_NS)) == ["10", "11"]
    connected(trade_stream)
    rows = [trade_row(12), trade_row(11), trade_row(10)]
    assert ids(trade_stream.receive(trades("subscribed", rows), NOW_NS)) == ["12"]


@pytest.mark.parametrize(("rows", "liquidations"), [(None, None), ([], []), (None, ())])
def test_empty_and_null_lists_are_legal(trade_stream: Made, rows: Any, liquidations: Any) -> None:
    frame = trades("subscribed", rows, liquidations)
    assert trade_stream.receive(frame, NOW_NS) == [Subscribed("trade/0")]


def test_what_is_remembered_of_trades_is_bounded(trade_stream: Made) -> None:
    trade_stream.receive(trades("subscribed", []), NOW_NS)
    for number in range(SEEN_TRADES_MAX + 5):
        trade_stream.receive(trades("update", [trade_row(number)]), NOW_NS)
    assert isinstance(trade_stream, TradesSession)
    assert len(trade_stream._seen) == len(trade_stream._seen_order) == SEEN_TRADES_MAX


def test_a_trade_without_exact_time_has_the_coarser_one(trade_stream: Made) -> None:
    row = trade_row(7)
    del row["transaction_time"]
    [_, event] = trade_stream.receive(trades("subscribed", [row]), NOW_NS)
    assert isinstance(event, Trade)
    assert event.venue_time_ns == (MS + 7) * 1_000_000


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (trade_row(7, market_id=1), "frame.trades.market_id"),
        (trade_row(7, market_id="0"), "frame.trades[0].market_id"),
        (trade_row(7, price=2300.1), "frame.trades[0].price"),
        (trade_row(7, price="NaN"), "frame.trades[0].price"),
        (trade_row(7, size="1e3"), "frame.trades[0].size"),
        (trade_row(7, size="9" * 65), "frame.trades[0].size"),
        (trade_row(7, is_maker_ask=None), "frame.trades[0].is_maker_ask"),
        (trade_row(-1), "frame.trades[0].trade_id"),
        (trade_row(2**63), "frame.trades[0].trade_id"),
        (trade_row(7, timestamp=10**17), "frame.trades[0].timestamp"),
        ({}, "frame.trades[0].trade_id"),
        (None, "frame.trades[0]"),
    ],
)
def test_a_trade_that_cannot_be_read_is_named(trade_stream: Made, row: Any, field: str) -> None:
    trade_stream.receive(trades("subscribed", []), NOW_NS)
    with pytest.raises(MalformedFrame) as caught:
        trade_stream.receive(trades("update", [row]), NOW_NS)
    assert caught.value.field == field
    assert ids(trade_stream.receive(trades("update", [trade_row(8)]), NOW_NS)) == ["8"]


# candles


def test_a_candle_is_told_digit_for_digit(candle_stream: Made) -> None:
    [subscribed, event] = candle_stream.receive(candles("subscribed", candle_row(MS)), NOW_NS)
    assert subscribed == Subscribed("candle/0/1m")
    assert event == Candle(
        venue="lighter", product="linear", symbol="ETH", timeframe="1m", start_us=MS * 1_000,
        open="2300.10", high="2302", low="2299.90", close="2301.50",
        volume="13.223699999999997", received_ns=NOW_NS,
    )  # fmt: skip


def test_a_volume_that_is_left_out_is_zero(candle_stream: Made) -> None:
    [_, event] = candle_stream.receive(candles("subscribed", candle_row(MS, volume="")), NOW_NS)
    assert isinstance(event, Candle)
    assert event.volume == "0"


def test_a_roll_over_brings_both_candles_and_older_rows_are_dropped(candle_stream: Made) -> None:
    def starts(*rows: int, kind: str = "update") -> list[int]:
        frame = candles(kind, *(candle_row(row) for row in rows))
        events = candle_stream.receive(frame, NOW_NS)
        return [event.start_us // 1_000 for event in events if isinstance(event, Candle)]

    assert starts(MS, kind="subscribed") == [MS]
    assert starts(MS, MS + 60_000) == [MS, MS + 60_000]
    assert starts(MS) == []
    assert starts(MS + 60_000) == [MS + 60_000]
    assert starts(MS + 120_000, MS + 60_000) == [MS + 60_000, MS + 120_000]
    assert starts() == []
    connected(candle_stream)
    assert starts(MS, kind="subscribed") == [MS]


@pytest.mark.parametrize(
    ("close", "told"),
    [
        ("1e-7", "0.0000001"),
        ("1E+3", "1000"),
        ("0.1", "0.1"),
        ("2300.10000000000000000000000001", "2300.10000000000000000000000001"),
        ('"2300.5"', "2300.5"),
        ("-0.0", "-0.0"),
    ],
)
def test_numbers_never_pass_through_a_float(candle_stream: Made, close: str, told: str) -> None:
    frame = candles("subscribed", candle_row(MS, close=close))
    [_, event] = candle_stream.receive(frame, NOW_NS)
    assert isinstance(event, Candle)
    assert event.close == told


@pytest.mark.parametrize(
    ("close", "field"),
    [
        ("1e99999999999", "candle.c"),
        ("1e-99999999999", "candle.c"),
        ("1e64", "candle.c"),
        ('"NaN"', "candle.c"),
        ('"Infinity"', "candle.c"),
        ("9" * 65, "candle.c"),
        ("9" * 40 + "." + "9" * 40, "candle.c"),
        ("NaN", "frame"),
        ("[]", "frame.candles[0].c"),
        ("null", "frame.candles[0].c"),
        ('"1,5"', "frame.candles[0].c"),
    ],
)
def test_a_candle_that_cannot_be_read_is_named(candle_stream: Made, close: str, field: str) -> None:
    candle_stream.receive(candles("subscribed"), NOW_NS)
    with pytest.raises(MalformedFrame) as caught:
        candle_stream.receive(candles("update", candle_row(MS, close=close)), NOW_NS)
    assert caught.value.field == field
    assert len(candle_stream.receive(candles("update", candle_row(MS)), NOW_NS)) == 1


# the figures of the day


def ticker(session: Made, frame: str) -> Ticker | None:
    tickers = [event for event in session.receive(frame, NOW_NS) if isinstance(event, Ticker)]
    return tickers[0] if tickers else None


def test_two_channels_make_one_ticker(ticker_stream: Made) -> None:
    ticker_stream.connected(NOW_NS)
    ticker_stream.receive(CONNECTED, NOW_NS)
    assert ticker_stream.to_send(1) == [subscribe("market_stats/0"), subscribe("ticker/0")]
    assert ticker_stream.receive(stats("subscribed", STATS), NOW_NS) == []
    events = ticker_stream.receive(top("subscribed", "2300.00", "2300.50"), NOW_NS)
    assert events == [
        Subscribed("market_stats/0 ticker/0"),
        Ticker(
            venue="lighter", product="linear", symbol="ETH", last="2300.10", bid="2300.00",
            ask="2300.50", mark="2300.00", index="2300.40", volume_base="2000.5",
            volume_quote="4600000.25", high="2350.75", low="2250", change_fraction="-0.0125",
            funding_rate="-0.000005", open_interest="2000",
            venue_time_ns=(MS + 7) * 1_000_000, received_ns=NOW_NS,
        ),
    ]  # fmt: skip


def test_either_channel_changes_the_whole(ticker_stream: Made) -> None:
    ticker_stream.receive(stats("subscribed", STATS), NOW_NS)
    ticker_stream.receive(top("subscribed", "2300.00", "2300.50", nonce=9), NOW_NS)
    told = ticker(ticker_stream, stats("update", STATS | {"last_trade_price": "2299.00"}))
    assert told is not None
    assert (told.last, told.bid) == ("2299.00", "2300.00")
    told = ticker(ticker_stream, top("update", "", "2300.75", nonce=12))
    assert told is not None
    assert (told.last, told.bid, told.ask) == ("2299.00", None, "2300.75")
    assert ticker_stream.receive(top("update", "2300.00", "2300.50", nonce=11), NOW_NS) == []


def test_after_a_reconnect_old_figures_are_not_mixed_with_new_ones(ticker_stream: Made) -> None:
    ticker_stream.receive(stats("subscribed", STATS), NOW_NS)
    assert ticker(ticker_stream, top("subscribed", "1", "2")) is not None
    connected(ticker_stream)
    assert ticker(ticker_stream, top("subscribed", "3", "4", nonce=1)) is None
    assert ticker(ticker_stream, stats("subscribed", STATS)) is not None


def test_what_the_venue_leaves_out_is_not_made_up(ticker_stream: Made) -> None:
    ticker_stream.receive(stats("subscribed", {"market_id": 0}), NOW_NS)
    told = ticker(ticker_stream, top("subscribed", "1", "2"))
    assert told == Ticker(
        venue="lighter", product="linear", symbol="ETH", bid="1", ask="2",
        venue_time_ns=(MS + 7) * 1_000_000, received_ns=NOW_NS,
    )  # fmt: skip


def test_the_last_funding_rate_stands_in_for_the_estimate(ticker_stream: Made) -> None:
    row = STATS | {"current_funding_rate": None, "mark_price": "0.00"}
    ticker_stream.receive(stats("subscribed", row), NOW_NS)
    told = ticker(ticker_stream, top("subscribed", "1", "2"))
    assert told is not None
    assert (told.funding_rate, told.open_interest) == ("0.000011", None)


def test_a_spot_market_has_a_channel_of_its_own() -> None:
    session = TickerSession(URL, "spot", "ETH/USDC", 2048)
    session.connected(NOW_NS)
    session.receive(CONNECTED, NOW_NS)
    asked = [subscribe("spot_market_stats/2048"), subscribe("ticker/2048")]
    assert session.to_send(1) == asked
    row = {"market_id": 2048, "index_price": "2300.1", "daily_price_change": 1.5}
    session.receive(stats("subscribed", row, market=2048, key="spot_market_stats"), NOW_NS)
    told = ticker(session, top("subscribed", "1", "2", market=2048))
    assert told is not None
    assert (told.product, told.index, told.change_fraction) == ("spot", "2300.1", "0.015")
    assert (told.mark, told.funding_rate, told.open_interest) == (None, None, None)


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        (stats("update", None), "frame.market_stats"),
        (stats("update", {}), "frame.market_stats.market_id"),
        (stats("update", STATS | {"market_id": 1}), "frame.market_stats.market_id"),
        (stats("update", STATS | {"mark_price": 2300}), "frame.market_stats.mark_price"),
        (stats("update", STATS | {"mark_price": "Infinity"}), "frame.market_stats.mark_price"),
        (stats("update", STATS | {"daily_price_high": "NaN"}), "daily_price_high"),
        (stats("update", STATS | {"daily_price_change": "Infinity"}), "daily_price_change"),
        (stats("update", STATS | {"daily_price_low": True}),
         "frame.market_stats.daily_price_low"),
        (top("update", "x", "1"), "frame.ticker.b.price"),
        (top("update", "1", "NaN"), "frame.ticker.a.price"),
        (top("update", "1", "2", nonce=-1), "frame.nonce"),
    ],
)  # fmt: skip
def test_figures_that_cannot_be_read_are_named(ticker_stream: Made, frame: str, field: str) -> None:
    ticker_stream.receive(stats("subscribed", STATS), NOW_NS)
    ticker_stream.receive(top("subscribed", "1", "2"), NOW_NS)
    with pytest.raises(MalformedFrame) as caught:
        ticker_stream.receive(frame, NOW_NS)
    assert caught.value.field == field
    assert ticker(ticker_stream, top("update", "3", "4", nonce=99)) is not None


def test_all_of_them_are_streams() -> None:
    assert issubclass(TickerSession, Stream)
    quiet = TradesSession(URL, "linear", "ETH", 0)
    assert (quiet.silence_max_s, quiet.mute_max_s, quiet.ping_interval_s) == (75, 75, 30)
