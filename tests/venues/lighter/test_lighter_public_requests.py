"""Lighter's public REST calls: what is asked, what answers mean, refusals in all their shapes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from lighter_frames import BASE, MARKET, MS, NOW_NS, listing

from actors.errors import (
    KeyRejected,
    MalformedFrame,
    RateLimited,
    UsageFault,
    VenueFault,
    VenueRejected,
    VenueUnavailable,
)
from actors.messages.market import BookSnapshot, Candle, Instrument, Ticker
from actors.venues.lighter import answers, parse, wire
from actors.venues.lighter.answers import TokenRefused
from actors.venues.lighter.market_data import LIGHTER_MARKET_DATA
from actors.venues.lighter.market_requests import CANDLES_MAX, TIMEFRAMES, MarketRequests
from actors.venues.lighter.markets import Markets
from actors.venues.lighter.public_requests import PublicRequests
from actors.venues.lighter.venue import LIGHTER, market_number
from actors.venues.symbols import AmbiguousSymbol, UnknownSymbol

SPOT = MARKET | {"symbol": "ETH/USDC", "market_id": 2048, "market_type": "spot"}
OPTION = {"symbol": "ETH-UP", "market_id": 5210, "market_type": "binary_options", "odd": True}
DATE = {"Date": "Sun, 20 Sep 2026 14:13:20 GMT"}


@pytest.fixture
def requests() -> PublicRequests:
    made = PublicRequests(BASE + "/")
    body = listing([MARKET, OPTION, MARKET | {"symbol": "BTC", "market_id": 1}], [SPOT])
    made.read_markets(200, DATE, body, NOW_NS)
    return made


# markets


def test_the_list_of_markets_is_asked_for_as_a_browser_would(requests: PublicRequests) -> None:
    asked = PublicRequests(BASE).markets()
    assert asked.url == f"{BASE}/api/v1/orderBookDetails"
    assert asked.headers["Origin"] == BASE
    assert asked.headers["User-Agent"].startswith("Mozilla/")
    assert requests.markets(["ETH/USDC"]).url == f"{asked.url}?market_id=2048"
    # One number a question: of more, or of a stranger, all are asked for.
    assert requests.markets(["ETH", "BTC"]).url == requests.markets(["?"]).url == asked.url


def test_perpetuals_and_spot_markets_become_instruments() -> None:
    listed = PublicRequests(BASE).read_markets(200, DATE, listing([MARKET, OPTION], [SPOT]), NOW_NS)
    perpetual, spot = listed.items
    assert perpetual == Instrument(
        venue="lighter", product="linear", symbol="ETH", base="ETH", quote="USDC", settle="USDC",
        unified="ETH/USDC:USDC", tick_size="0.01", lot_size="0.0001", min_quantity="0.0050",
        aliases=("ETH-PERP", "ETH-USD"), venue_id="0",
    )  # fmt: skip
    assert (spot.product, spot.symbol, spot.unified) == ("spot", "ETH/USDC", "ETH/USDC")
    assert (spot.base, spot.quote, spot.aliases, spot.venue_id) == ("ETH", "USDC", (), "2048")


@pytest.mark.parametrize(
    ("changes", "tick", "lot"),
    [
        ({"supported_price_decimals": 0, "supported_size_decimals": 1}, "1", "0.1"),
        ({"supported_price_decimals": None, "supported_size_decimals": None}, "0.01", "0.0001"),
        # Recorders that quote whole numbers.
        ({"supported_price_decimals": "6", "market_id": "0"}, "0.000001", "0.0001"),
    ],
)
def test_steps_are_counted_in_decimal_places(changes: dict[str, Any], tick: str, lot: str) -> None:
    body = listing([MARKET | changes])
    [item] = PublicRequests(BASE).read_markets(200, {}, body, NOW_NS).items
    assert (item.tick_size, item.lot_size, item.venue_id) == (tick, lot, "0")


def test_lists_may_be_null_and_markets_inactive() -> None:
    body = listing([MARKET | {"status": "Inactive"}], None)
    [item] = PublicRequests(BASE).read_markets(200, {}, body, NOW_NS).items
    assert item.status == "inactive"
    assert PublicRequests(BASE).read_markets(200, {}, listing(None, None), NOW_NS).items == ()
    assert PublicRequests(BASE).read_markets(200, {}, b'{"code":200}', NOW_NS).items == ()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"market_id": -1}, "body.order_book_details[0].market_id"),
        ({"market_id": 2**15}, "body.order_book_details[0].market_id"),
        ({"market_id": None}, "body.order_book_details[0].market_id"),
        ({"symbol": ""}, "body.order_book_details[0].symbol"),
        ({"symbol": 5}, "body.order_book_details[0].symbol"),
        ({"supported_price_decimals": 31}, "body.order_book_details[0].supported_price_decimals"),
        ({"min_base_amount": "1e5"}, "body.order_book_details[0].min_base_amount"),
        ({"supported_size_decimals": None, "size_decimals": None}, "size_decimals"),
    ],
)
def test_a_market_that_cannot_be_read_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(MalformedFrame) as caught:
        PublicRequests(BASE).read_markets(200, {}, listing([MARKET | changes]), NOW_NS)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("ETH", "ETH"), ("eth", "ETH"), ("ETH-PERP", "ETH"), ("eth-usd", "ETH"),
        ("ETH/USDC:USDC", "ETH"), ("ETH/USDC", "ETH/USDC"), ("eth/usdc", "ETH/USDC"),
        ("BTC-PERP", "BTC"),
    ],
)  # fmt: skip
def test_a_market_answers_to_its_names(requests: PublicRequests, name: str, symbol: str) -> None:
    listed = requests.read_markets(200, {}, listing([MARKET, BTC], [SPOT]), NOW_NS)
    [found] = LIGHTER.resolve(listed, [name])
    assert found.symbol == symbol


BTC = MARKET | {"symbol": "BTC", "market_id": 1}


def test_an_unknown_name_is_never_guessed(requests: PublicRequests) -> None:
    listed = requests.read_markets(200, {}, listing([MARKET, BTC], [SPOT]), NOW_NS)
    with pytest.raises(UnknownSymbol, match="unknown market 'BTCC'; nearest: BTC"):
        LIGHTER.resolve(listed, ["BTCC"])
    assert [item.symbol for item in LIGHTER.resolve(listed, ["*"])] == ["ETH", "BTC", "ETH/USDC"]
    twice = listing([MARKET, MARKET | {"symbol": "eth", "market_id": 9}])
    with pytest.raises(AmbiguousSymbol):
        LIGHTER.resolve(requests.read_markets(200, {}, twice, NOW_NS), ["eth-perp"])


# the directory


def test_the_directory_says_when_it_lacks_something() -> None:
    markets = Markets()
    assert (markets.known, markets.lacking, markets.number("ETH")) == (False, True, None)
    requests = PublicRequests(BASE, markets)
    requests.read_markets(200, {}, listing([MARKET]), NOW_NS)
    assert (markets.known, markets.lacking, markets.number("ETH")) == (True, False, 0)
    assert markets.instrument(0).symbol == "ETH"
    with pytest.raises(MalformedFrame, match="market_id: expected a listed market, found 1"):
        markets.instrument(1)
    assert markets.lacking
    requests.read_markets(200, {}, listing([BTC]), NOW_NS)
    # A market that is delisted may still hold somebody's position.
    assert (markets.instrument(0).symbol, markets.instrument(1).symbol) == ("ETH", "BTC")
    assert not markets.lacking


# the order book over REST


def test_single_orders_are_summed_by_price(requests: PublicRequests) -> None:
    asked = requests.market_orderbook("ETH/USDC")
    assert asked.url == f"{BASE}/api/v1/orderBookOrders?market_id=2048&limit=250"

    def order(price: str, size: str) -> dict[str, Any]:
        return {"order_index": 2**48 + 1, "price": price, "remaining_base_amount": size}

    rows = [order("2300.50", "0.1000"), order("2300.5", "0.0234"), order("2301.00", "7")]
    body = json.dumps({"code": 200, "total_asks": 3, "asks": rows, "bids": None}).encode()
    assert requests.read_market_orderbook(200, {}, body, NOW_NS) == BookSnapshot(
        venue="lighter", product="spot", symbol="ETH/USDC", bids=(),
        asks=(("2300.50", "0.1234"), ("2301.00", "7")), sequence=0, verified=False,
        received_ns=NOW_NS,
    )  # fmt: skip


def test_an_order_book_of_no_listed_market_cannot_be_asked_for(requests: PublicRequests) -> None:
    with pytest.raises(UsageFault, match="'DOGE' was not listed before"):
        requests.market_orderbook("DOGE")
    with pytest.raises(UsageFault, match="no order book was asked for"):
        requests.read_market_orderbook(200, {}, b'{"code":200}', NOW_NS)


# candles and ticker


def test_candles_are_asked_for_by_range_and_count() -> None:
    asked = MarketRequests(BASE, 3).candles("ETH", "5m", 10, until_us=MS * 1_000 + 999)
    assert asked.path == "/api/v1/candles"
    assert dict(asked.query) == {
        "market_id": "3", "resolution": "5m", "start_timestamp": str(MS - 2_700_000),
        "end_timestamp": str(MS), "count_back": "10",
    }  # fmt: skip
    asked = MarketRequests(BASE, 3).candles("ETH", "1d", 10_000, until_us=MS * 1_000)
    assert dict(asked.query)["count_back"] == str(CANDLES_MAX)
    asked = MarketRequests(BASE, 3).candles("ETH", "1d", 10, until_us=0)
    assert dict(asked.query)["start_timestamp"] == "0"


def test_weeks_are_not_offered_and_each_timeframe_has_one_spelling() -> None:
    names = [each.name for each in TIMEFRAMES]
    assert names == ["1m", "5m", "15m", "30m", "1h", "4h", "12h", "1d"]
    assert all(each.spellings == (each.name,) for each in LIGHTER_MARKET_DATA.timeframes)


def test_candles_of_the_history_leave_zeros_out() -> None:
    rows = (
        f'{{"t":{MS},"o":2300.10,"h":2302,"l":2299,"c":2301.50,"v":0.30000000000000004,"i":1}},'
        f'{{"t":{MS + 60_000},"o":2301.50,"h":2301.50,"l":2301.50,"c":2301.50}}'
    )
    body = f'{{"code":200,"r":"1m","c":[{rows}]}}'.encode()
    requests = MarketRequests(BASE, 0)
    first, second = requests.read_candles(200, {}, body, NOW_NS, symbol="ETH", timeframe="1m")
    assert first == Candle(
        venue="lighter", product="linear", symbol="ETH", timeframe="1m", start_us=MS * 1_000,
        open="2300.10", high="2302", low="2299", close="2301.50", volume="0.30000000000000004",
        received_ns=NOW_NS,
    )  # fmt: skip
    assert (second.volume, second.closed) == ("0", False)
    for empty in (b'{"code":200,"c":null}', b'{"code":200}'):
        read = requests.read_candles(200, {}, empty, NOW_NS, symbol="A/B", timeframe="1m")
        assert read == []


def test_the_polled_ticker_tells_what_a_list_tells() -> None:
    requests = MarketRequests(BASE, 0)
    assert requests.ticker("ETH").url == f"{BASE}/api/v1/orderBookDetails?market_id=0"
    told = requests.read_ticker(200, {}, listing([MARKET]), NOW_NS, symbol="ETH")
    assert told == Ticker(
        venue="lighter", product="linear", symbol="ETH", last="2300.1", volume_base="2000.5",
        volume_quote="4600000.25", high="2350.75", low="2250", change_fraction="-0.0125",
        open_interest="1234.5678", received_ns=NOW_NS,
    )  # fmt: skip
    with pytest.raises(MalformedFrame, match="the market ETH"):
        requests.read_ticker(200, {}, listing([BTC]), NOW_NS, symbol="ETH")


@pytest.mark.parametrize("venue_id", ["", "x", "-1", "1.5", "²"])
def test_a_market_without_a_number_cannot_be_followed(venue_id: str) -> None:
    with pytest.raises(Exception, match="without a number"):
        market_number("ETH", venue_id)
    with pytest.raises(Exception, match="without a number"):
        LIGHTER_MARKET_DATA.trades_session(LIGHTER.ws_url, "linear", "ETH", venue_id)


# refusals

Case = tuple[int, dict[str, str], bytes, type[VenueFault], str]
CASES: list[Case] = [
    (400, {}, b'{"code":20001,"message":"invalid param : limit"}', VenueRejected, "code 20001"),
    (400, {}, b'{"code":20001,"message":"auth field is required"}', TokenRefused, "auth field"),
    (400, {}, b'{"code":"401","message":"invalid auth"}', TokenRefused, "invalid auth"),
    (401, {}, b"", TokenRefused, "HTTP 401"),
    (401, {}, b'{"code":20001,"message":"no"}', TokenRefused, "code 20001: no"),
    (400, {}, b'{"code":21100,"message":"account not found"}', KeyRejected, "21100"),
    (400, {}, b'{"code":21120,"message":"invalid signature"}', KeyRejected, "21120"),
    (400, {}, b'{"code":21136,"message":"update the sdk"}', KeyRejected, "21136"),
    (400, {}, b'{"code":400,"message":"invalid nonce"}', VenueRejected, "invalid nonce"),
    (200, {}, b'{"code":29404,"message":"not found"}', VenueRejected, "29404"),
    (200, {}, b'{"code":29500,"message":"internal"}', VenueUnavailable, "29500"),
    (200, {}, b'{"code":23000,"message":"Too Many Requests!"}', RateLimited, "None s"),
    (405, {}, b"<html>", RateLimited, "retry after 60.0 s"),
    (405, {"retry-after": "5"}, b"", RateLimited, "retry after 5.0 s"),
    (418, {}, b"", RateLimited, "retry after None s"),
    (429, {"Retry-After": "12"}, b"", RateLimited, "retry after 12.0 s"),
    (403, {}, b"<html>authorize yourself</html>", VenueRejected, "HTTP 403"),
    (502, {}, b"<html>", VenueUnavailable, "HTTP 502"),
    (500, {}, b'{"code":29501,"message":"timeout"}', VenueUnavailable, "timeout"),
    (302, {}, b"", VenueRejected, "HTTP 302"),
    (200, {}, b"", MalformedFrame, "an empty body"),
    (200, {}, b"<html>", MalformedFrame, "expected JSON"),
    (200, {}, b"[]", MalformedFrame, "`object`"),
    (200, {}, b'{"code":[]}', MalformedFrame, "body.code"),
    (200, {}, b'{"code":200,"order_book_details":{}}', MalformedFrame, "order_book_details"),
]


@pytest.mark.parametrize(("status", "headers", "body", "fault", "told"), CASES)
def test_a_refused_request_says_what_it_means(
    status: int, headers: dict[str, str], body: bytes, fault: type[VenueFault], told: str
) -> None:
    with pytest.raises(fault) as caught:
        PublicRequests(BASE).read_markets(status, headers, body, NOW_NS)
    assert type(caught.value) is fault
    assert told in str(caught.value)


def test_a_fault_never_shows_the_token() -> None:
    decoder = msgspec.json.Decoder(wire.Envelope)
    for status in (200, 400, 401, 500):
        body = b'{"code":20001,"message":"invalid auth: canary-token"}'
        with pytest.raises(VenueFault) as caught:
            answers.read_envelope(status, {}, body, NOW_NS, decoder, secret="canary-token")
        assert "canary" not in str(caught.value)


# times and figures


@pytest.mark.parametrize(
    ("time", "nanoseconds"),
    [
        (None, 0), (0, 0), (1_790_000_000, 1_790_000_000 * 10**9),
        (99_999_999_999, 99_999_999_999 * 10**9), (10**11, 10**17),
        (1_790_000_000_123, 1_790_000_000_123 * 10**6), (10**14 - 1, (10**14 - 1) * 10**6),
        (10**14, 10**17), (1_790_000_000_123_456, 1_790_000_000_123_456 * 10**3),
    ],
)  # fmt: skip
def test_the_unit_of_a_time_follows_from_its_size(time: int | None, nanoseconds: int) -> None:
    assert parse.nanoseconds(time) == nanoseconds


@pytest.mark.parametrize(
    ("percent", "fraction"),
    [
        ("-0.0005", "-0.000005"), ("0.0100", "0.000100"), ("100", "1.00"), ("0", "0.00"),
        ("0." + "1" * 40, "0.00" + "1" * 40), (None, None),
    ],
)  # fmt: skip
def test_percent_become_fractions_exactly(percent: str | None, fraction: str | None) -> None:
    assert parse.fraction(percent, "x") == fraction


@pytest.mark.parametrize(
    ("usd", "mark", "units"),
    [
        ("4600000.000000", "2300.00", "2000"), ("1", "3", "0.33333333"), ("2", "3", "0.66666667"),
        (None, "1", None), ("1", None, None), ("1", "0.00", None), ("1", "-0", None),
    ],
)  # fmt: skip
def test_open_interest_in_base_units(usd: str | None, mark: str | None, units: str | None) -> None:
    assert parse.base_interest(usd, mark) == units


def test_open_interest_beyond_sense_is_named() -> None:
    with pytest.raises(MalformedFrame, match="open_interest"):
        parse.base_interest("9" * 64, "0." + "0" * 60 + "1")
