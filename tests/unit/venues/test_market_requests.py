"""Candles and 24 h figures over REST: what is asked, what an answer gives, what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actors.errors import MalformedFrame, RateLimited, VenueRejected
from actors.messages.market import Candle, Ticker
from actors.venues.extended.market_data import EXTENDED_MARKET_DATA
from actors.venues.extended.market_requests import TIMEFRAMES, MarketRequests
from actors.venues.registry import market_data

NOW_NS = 1_790_600_000_000_000_000
MINUTE_MS = 60_000
T0_MS = 1_790_599_920_000

requests = MarketRequests("https://venue.example/api/v1/")


def row(start_ms: int, close: str = "101.50", **more: Any) -> dict[str, Any]:
    return {"o": "100", "l": "99.5", "h": "102", "c": close, "v": "3.25", "T": start_ms, **more}


def answer(data: object, status: str = "OK") -> bytes:
    return json.dumps({"status": status, "data": data}).encode()


def read_candles(body: bytes, status: int = 200) -> list[Candle]:
    return requests.read_candles(status, {}, body, NOW_NS, symbol="BTC-USD", timeframe="1m")


def read_ticker(body: bytes, status: int = 200, **headers: str) -> Ticker:
    return requests.read_ticker(status, headers, body, NOW_NS, symbol="BTC-USD")


def test_candles_are_asked_by_the_venues_interval_and_without_a_key() -> None:
    asked = requests.candles("BTC-USD", "PT1M", 1_000, until_us=0)
    assert asked.base_url + asked.path == (
        "https://venue.example/api/v1/info/candles/BTC-USD/trades"
    )
    assert dict(asked.query) == {"interval": "PT1M", "limit": "1000"}
    assert set(asked.headers) == {"User-Agent", "Accept"}
    assert requests.ticker("BTC-USD").path == "/info/markets/BTC-USD/stats"


def test_newest_first_becomes_oldest_first_and_none_is_closed() -> None:
    starts = [T0_MS + minute * MINUTE_MS for minute in (2, 1, 0)]
    candles = read_candles(answer([row(start) for start in starts]))
    assert [candle.start_us for candle in candles] == [start * 1_000 for start in reversed(starts)]
    first = candles[0]
    assert (first.open, first.high, first.low, first.close, first.volume) == (
        "100",
        "102",
        "99.5",
        "101.50",
        "3.25",
    )
    assert (first.symbol, first.timeframe, first.received_ns) == ("BTC-USD", "1m", NOW_NS)
    assert not any(candle.closed for candle in candles)
    assert read_candles(answer([])) == []


def test_the_text_of_a_price_stays_as_it_came() -> None:
    [candle] = read_candles(answer([row(T0_MS, close="65206.20")]))
    assert candle.close == "65206.20"


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ([row(T0_MS, c=None)], "c"),
        ([row(T0_MS, h="much")], "h"),
        ([{"o": "1", "l": "1", "h": "1", "c": "1"}], "T"),
        ([row(-1)], "T"),
        ({"T": T0_MS}, "array"),
        ("nothing", "array"),
    ],
)
def test_a_row_that_is_none_names_its_field(data: object, named: str) -> None:
    with pytest.raises(MalformedFrame) as caught:
        read_candles(answer(data))
    assert named in str(caught.value)


def test_the_ticker_has_all_figures_and_what_is_not_told_is_none() -> None:
    figures = {
        "dailyVolume": "200",
        "dailyVolumeBase": "2",
        "dailyPriceChangePercentage": "-0.0084",
        "dailyLow": "98",
        "dailyHigh": "103",
        "lastPrice": "101.0",
        "askPrice": "101.5",
        "bidPrice": "100.5",
        "markPrice": "101.000000000001",
        "indexPrice": "101.2",
        "fundingRate": "-0.000059",
        "openInterest": "1000",
        "openInterestBase": "10",
        "unknown": {"to": "us"},
    }
    ticker = read_ticker(answer(figures))
    assert ticker == Ticker(
        venue="extended",
        product="linear",
        symbol="BTC-USD",
        last="101.0",
        bid="100.5",
        ask="101.5",
        mark="101.000000000001",
        index="101.2",
        volume_base="2",
        volume_quote="200",
        high="103",
        low="98",
        change_fraction="-0.0084",
        funding_rate="-0.000059",
        open_interest="10",
        received_ns=NOW_NS,
    )
    bare = read_ticker(answer({"lastPrice": "1"}))
    assert (bare.last, bare.bid, bare.open_interest) == ("1", None, None)


def test_refusals_are_faults_of_their_kinds() -> None:
    body = json.dumps({"status": "ERROR", "error": {"code": 1005, "message": "no"}}).encode()
    with pytest.raises(VenueRejected) as caught:
        read_candles(body, 400)
    # By this the actor knows to try another spelling of the timeframe.
    assert caught.value.code == requests.unsupported_interval
    with pytest.raises(RateLimited) as limited:
        read_ticker(b"", 429, **{"Retry-After": "7"})
    assert limited.value.retry_after_s == 7
    with pytest.raises(MalformedFrame):
        read_ticker(answer(["no object"]))


def test_each_timeframe_is_named_once_and_ordered_by_its_length() -> None:
    lengths = [each.length_s for each in TIMEFRAMES]
    assert lengths == sorted(set(lengths))
    assert len({each.name for each in TIMEFRAMES}) == len(TIMEFRAMES)
    spelled = [spelling for each in TIMEFRAMES for spelling in each.spellings]
    assert len(set(spelled)) == len(spelled)
    assert market_data("extended") is EXTENDED_MARKET_DATA
    assert EXTENDED_MARKET_DATA.timeframes == TIMEFRAMES


def test_the_stream_is_asked_for_by_the_spelling_that_the_venue_took() -> None:
    [day] = [each for each in TIMEFRAMES if each.name == "1d"]
    session = EXTENDED_MARKET_DATA.candles_session(
        "wss://venue.example/v1", "linear", "BTC-USD", day, day.spellings[1]
    )
    assert session.url == "wss://venue.example/v1/candles/BTC-USD/trades?interval=P1D"
