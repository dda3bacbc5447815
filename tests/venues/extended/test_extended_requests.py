"""REST: the requests that go out, what good answers say and what refusals mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from extended_frames import (
    ACCOUNT,
    BALANCE,
    FILL,
    KEY,
    MARKET,
    MS,
    NOW_NS,
    ORDER,
    PAYMENT,
    POSITION,
    answer,
    market,
    refusal,
)

from actors.errors import (
    Fault,
    KeyRejected,
    MalformedFrame,
    RateLimited,
    VenueRejected,
    VenueUnavailable,
)
from actors.messages.account import EpochPoints, Funding, Points, SeasonPoints, Standing
from actors.messages.market import BookSnapshot, Instrument
from actors.venues.contract import AccountInfo
from actors.venues.extended.requests import PAGE_LIMIT, Requests
from actors.venues.http_request import HttpRequest

BASE = "https://venue.example/api/v1"
Headers = Mapping[str, str]


@pytest.fixture
def requests() -> Requests:
    return Requests(BASE + "/", ACCOUNT, KEY)


@pytest.mark.parametrize(
    ("build", "name", "path", "private"),
    [
        (Requests.balance, "balance", "/user/balance", True),
        (Requests.spot_balances, "spot_balances", "/user/spot/balances", True),
        (Requests.positions, "positions", "/user/positions", True),
        (Requests.orders, "orders", "/user/orders", True),
        (
            Requests.orders_history,
            "orders_history",
            "/user/orders/history?sort=UPDATED_AT&limit=100",
            True,
        ),
        (
            lambda r: r.orders_history("12"),
            "orders_history",
            "/user/orders/history?sort=UPDATED_AT&limit=100&cursor=12",
            True,
        ),
        (Requests.fills, "fills", "/user/trades?limit=100", True),
        (lambda r: r.fills("7&x"), "fills", "/user/trades?limit=100&cursor=7%26x", True),
        (Requests.funding, "funding", "/user/funding/history?fromTime=0&limit=100", True),
        (
            lambda r: r.funding("8341"),
            "funding",
            "/user/funding/history?fromTime=0&limit=100&cursor=8341",
            True,
        ),
        (Requests.account_info, "account_info", "/user/account/info", True),
        (Requests.points, "points", "/user/rewards/earned", True),
        (Requests.markets, "markets", "/info/markets", False),
        (
            lambda r: r.markets(["BTC-USD", "ETH-USD"]),
            "markets",
            "/info/markets?market=BTC-USD&market=ETH-USD",
            False,
        ),
        (
            lambda r: r.market_orderbook("BTC-USD"),
            "market_orderbook",
            "/info/markets/BTC-USD/orderbook",
            False,
        ),
    ],
)
def test_requests(
    requests: Requests,
    build: Callable[[Requests], HttpRequest],
    name: str,
    path: str,
    private: bool,
) -> None:
    request = build(requests)
    assert (request.name, request.method, request.url) == (name, "GET", BASE + path)
    assert request.headers["User-Agent"]
    assert request.headers["Accept"] == "application/json"
    assert request.headers.get("X-Api-Key") == (KEY if private else None)
    assert (request.weight, request.idempotent) == (1, True)
    assert KEY not in repr(request)


def test_without_a_key_no_key_is_sent() -> None:
    assert "X-Api-Key" not in Requests(BASE).balance().headers


def test_balance_over_rest_equals_the_streams_but_for_its_way(requests: Requests) -> None:
    figures = requests.read_balance(200, {}, answer(BALANCE), NOW_NS)
    assert (figures.equity, figures.wallet_balance, figures.free) == (
        "1010.75", "1000.50", "900.25"
    )  # fmt: skip
    assert (figures.via, figures.account, figures.received_ns) == ("polling", "1", NOW_NS)


@pytest.mark.parametrize("body", [b"", b" \n", refusal("NOT_FOUND", "Balance not found")])
def test_404_of_the_balance_is_a_balance_of_zero(requests: Requests, body: bytes) -> None:
    figures = requests.read_balance(404, {}, body, NOW_NS)
    assert (figures.equity, figures.wallet_balance, figures.free) == ("0", "0", "0")
    assert figures.margin_used == "0"
    assert figures.margin_ratio is None
    assert [item.total for item in figures.balances] == ["0"]


@pytest.mark.parametrize("body", [b"<html>not here</html>", b"{}", b"[]"])
def test_a_strangers_404_is_no_balance(requests: Requests, body: bytes) -> None:
    with pytest.raises(VenueRejected, match="HTTP 404"):
        requests.read_balance(404, {}, body, NOW_NS)


def test_other_assets(requests: Requests) -> None:
    rows = [{"asset": "XVS", "balance": "5", "updatedAt": MS}, {"asset": "WETH", "balance": "0.2"}]
    found = requests.read_spot_balances(200, {}, answer(rows), NOW_NS)
    assert [(item.asset, item.total) for item in found.items] == [("XVS", "5"), ("WETH", "0.2")]
    assert found.venue_time_ns == MS * 1_000_000
    assert requests.read_spot_balances(404, {}, b"", NOW_NS).items == ()


def test_positions_and_orders(requests: Requests) -> None:
    [position] = requests.read_positions(200, {}, answer([POSITION]), NOW_NS)
    assert (position.symbol, position.side, position.via) == ("BTC-USD", "short", "polling")
    [order] = requests.read_orders(200, {}, answer([ORDER]), NOW_NS)
    assert (order.status, order.via) == ("partially_filled", "polling")
    assert requests.read_positions(200, {}, answer([]), NOW_NS) == []
    assert requests.read_orders(201, {}, answer([]), NOW_NS) == []


PAGES: list[tuple[int, dict[str, Any] | None, str | None, str | None]] = [
    (PAGE_LIMIT, {"cursor": 99, "count": PAGE_LIMIT}, None, "99"),
    (PAGE_LIMIT, {"cursor": "98"}, "99", "98"),
    (PAGE_LIMIT, {"cursor": 99, "count": PAGE_LIMIT}, "99", None),
    (PAGE_LIMIT, {"cursor": None, "count": PAGE_LIMIT}, None, None),
    (PAGE_LIMIT, {}, None, None),
    (PAGE_LIMIT, None, None, None),
    (3, {"cursor": 99, "count": 3}, None, None),
    (0, {"cursor": 99, "count": 0}, None, None),
]


@pytest.mark.parametrize(("count", "pagination", "asked", "following"), PAGES)
def test_pages_end_at_a_short_page_or_a_cursor_that_stands_still(
    requests: Requests,
    count: int,
    pagination: dict[str, Any] | None,
    asked: str | None,
    following: str | None,
) -> None:
    fills = [FILL | {"id": 10**18 + n} for n in range(count)]
    page = requests.read_fills(200, {}, answer(fills, pagination=pagination), NOW_NS, asked)
    assert ([fill.fill_id for fill in page.items], page.cursor) == (
        [str(10**18 + n) for n in range(count)],
        following,
    )
    orders = answer([ORDER] * count, pagination=pagination)
    history = requests.read_orders_history(200, {}, orders, NOW_NS, asked)
    assert (len(history.items), history.cursor) == (count, following)
    payments = answer([PAYMENT] * count, pagination=pagination)
    paid = requests.read_funding(200, {}, payments, NOW_NS, asked)
    assert (len(paid.items), paid.cursor) == (count, following)


def test_a_funding_payment(requests: Requests) -> None:
    [paid] = requests.read_funding(200, {}, answer([PAYMENT]), NOW_NS).items
    assert paid == Funding(
        venue="extended",
        account=ACCOUNT,
        funding_id="8341",
        symbol="BTC-USD",
        amount="-0.010201",
        rate="0.000013",
        venue_time_ns=MS * 10**6,
        received_ns=NOW_NS,
        via="polling",
    )
    bare = {"id": "9", "market": "BTC-USD", "fundingFee": "1"}
    [paid] = requests.read_funding(200, {}, answer([bare]), NOW_NS).items
    assert (paid.funding_id, paid.amount, paid.rate, paid.venue_time_ns) == ("9", "1", None, 0)


@pytest.mark.parametrize("field", ["id", "market", "fundingFee"])
def test_a_funding_payment_without_its_main_words_is_malformed(
    requests: Requests, field: str
) -> None:
    body = answer([{key: value for key, value in PAYMENT.items() if key != field}])
    with pytest.raises(MalformedFrame, match=field):
        requests.read_funding(200, {}, body, NOW_NS)


def test_account_info_never_reads_the_keys_that_it_lists(requests: Requests) -> None:
    data = {
        "accountId": 3342,
        "description": "Main account",
        "status": "ACTIVE",
        "l2Vault": "500343",
        "apiKeys": ["canary"],
    }
    info = requests.read_account_info(200, {}, answer(data), NOW_NS)
    assert info == AccountInfo(account_id="3342", description="Main account", status="active")
    with pytest.raises(MalformedFrame) as caught:
        requests.read_account_info(200, {}, answer(data | {"accountId": None}), NOW_NS)
    assert "canary" not in str(caught.value)
    with pytest.raises(MalformedFrame) as caught:
        requests.read_account_info(200, {}, answer(data)[:-3], NOW_NS)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("seasons", "total"),
    [
        ([], "0"),
        ([{"seasonId": 1, "epochRewards": []}, {"seasonId": 2, "epochRewards": None}], "0"),
        (
            [
                {"epochRewards": [{"pointsReward": "50.25"}, {"pointsReward": "0.0000000001"}]},
                {"epochRewards": [{"pointsReward": "1000"}]},
            ],
            "1050.2500000001",
        ),
    ],
)
def test_points_are_summed_over_all_seasons(
    requests: Requests, seasons: list[dict[str, Any]], total: str
) -> None:
    points = requests.read_points(200, {}, answer(seasons), NOW_NS)
    assert (points.available, points.total, points.received_ns) == (True, total, NOW_NS)
    assert len(points.seasons) == len(seasons)
    assert sum(Decimal(season.total) for season in points.seasons) == Decimal(total)


def test_points_have_their_seasons_and_epochs(requests: Requests) -> None:
    epochs = [
        {"epochId": 7, "startDate": "2026-01-01T00:00:00Z", "endDate": "2026-01-07T23:59:59Z"},
        {"epochId": "8", "startDate": "2026-01-08", "endDate": "soon"},
        {},
    ]
    rows = [epoch | {"pointsReward": "1.50"} for epoch in epochs]
    seasons = [{"seasonId": 4, "epochRewards": rows}, {"epochRewards": None}]
    assert requests.read_points(200, {}, answer(seasons), NOW_NS) == Points(
        venue="extended",
        account="1",
        available=True,
        total="4.50",
        seasons=(
            SeasonPoints(
                season="4",
                total="4.50",
                epochs=(
                    EpochPoints(
                        epoch="7",
                        points="1.50",
                        start_ns=1_767_225_600 * 10**9,
                        end_ns=1_767_830_399 * 10**9,
                    ),
                    EpochPoints(epoch="8", points="1.50", start_ns=1_767_830_400 * 10**9),
                    EpochPoints(epoch="3", points="1.50"),
                ),
            ),
            SeasonPoints(season="2", total="0"),
        ),
        received_ns=NOW_NS,
    )


def test_points_are_exact_whatever_their_length(requests: Requests) -> None:
    large, small = "9" * 60, "0." + "0" * 60 + "1"
    seasons = [{"epochRewards": [{"pointsReward": large}, {"pointsReward": small}]}]
    points = requests.read_points(200, {}, answer(seasons), NOW_NS)
    assert points.total == large + small[1:]


@pytest.mark.parametrize(
    "seasons",
    [
        {"seasonId": 1},
        [{"epochRewards": [{"pointsReward": None}]}],
        [{"epochRewards": [{"pointsReward": "1e9"}]}],
        [{"epochRewards": [{"pointsReward": "1"}] * 501}],
        [{"epochRewards": []}] * 51,
    ],
)
def test_points_that_are_none_are_malformed(requests: Requests, seasons: Any) -> None:
    with pytest.raises(MalformedFrame, match="data"):
        requests.read_points(200, {}, answer(seasons), NOW_NS)


def test_the_standing(requests: Requests) -> None:
    row = {"rank": 42, "tradingRewardLeague": "QUEEN", "referralRewardLeague": None}
    found = requests.read_standing(200, {}, answer(row), NOW_NS)
    assert found == Standing(rank=42, leagues={"trading": "queen"})
    assert requests.read_standing(404, {}, b"", NOW_NS) == Standing()
    with pytest.raises(VenueRejected):
        requests.read_standing(404, {}, b"<html>a stranger's page</html>", NOW_NS)


def test_points_that_the_venue_does_not_know_are_not_available(requests: Requests) -> None:
    points = requests.read_points(404, {}, b"", NOW_NS)
    assert (points.available, points.total) == (False, None)
    assert "404" in points.reason


def test_instruments(requests: Requests) -> None:
    rows = [
        MARKET,
        market("ETH-USD", "ETH", status="REDUCE_ONLY", tradingHours="WEEKDAYS", type=None),
        market("XRP-USD", "XRP", active=False),
        {"name": "OLD-SPOT", "type": "SPOT", "tradingConfig": None},
        {"type": "A_TYPE_OF_TOMORROW"},
    ]
    headers = {"date": "Tue, 22 Sep 2026 10:13:22 GMT"}
    listed = requests.read_markets(200, headers, answer(rows), 1_790_072_000 * 10**9)
    assert listed.items[0] == Instrument(
        venue="extended",
        product="linear",
        symbol="BTC-USD",
        base="BTC",
        quote="USD",
        settle="USD",
        unified="BTC/USDC:USDC",
        tick_size="1",
        lot_size="0.00001",
        min_quantity="0.0001",
        aliases=("BTC-PERP",),
    )
    assert [(i.symbol, i.status, i.trading_hours) for i in listed.items[1:]] == [
        ("ETH-USD", "reduce_only", "weekdays"),
        ("XRP-USD", "disabled", "continuous"),
    ]


def test_a_perpetual_that_cannot_be_read_is_named(requests: Requests) -> None:
    rows = [MARKET, market("ETH-USD", "ETH", tradingConfig={"minPriceChange": "1"})]
    with pytest.raises(
        MalformedFrame, match=r"data\[1\]\.tradingConfig\.minOrderSizeChange: expected"
    ):
        requests.read_markets(200, {}, answer(rows), NOW_NS)


def test_a_book_over_rest_is_not_verified(requests: Requests) -> None:
    data = {
        "market": "BTC-USD",
        "bid": [{"qty": "0.04852", "price": "61827.7"}],
        "ask": [{"qty": "0.50274", "price": "61840.3"}],
    }
    assert requests.read_market_orderbook(200, {}, answer(data), NOW_NS) == BookSnapshot(
        venue="extended",
        product="linear",
        symbol="BTC-USD",
        bids=(("61827.7", "0.04852"),),
        asks=(("61840.3", "0.50274"),),
        sequence=0,
        verified=False,
        received_ns=NOW_NS,
    )


@pytest.mark.parametrize("status", ["OK", "ok", "Ok"])
def test_success_is_spelled_in_either_case(requests: Requests, status: str) -> None:
    body = answer([], status=status, error=None, pagination=None)
    assert requests.read_orders(200, {}, body, NOW_NS) == []


REFUSALS: list[tuple[int, bytes, type[Fault], str]] = [
    (401, b"", KeyRejected, "HTTP 401"),
    (401, b"<html>", KeyRejected, "HTTP 401"),
    (401, refusal(401, f"unknown key {KEY}"), KeyRejected, r"unknown key \*\*\*"),
    (200, refusal("UNAUTHORIZED", "no"), KeyRejected, "no"),
    (403, b"blocked", VenueRejected, "HTTP 403"),
    (400, refusal(1001, "Market not found."), VenueRejected, "code 1001: Market not found."),
    (404, refusal("NOT_FOUND", "Market not found"), VenueRejected, "code NOT_FOUND"),
    (422, refusal(1140, "cost"), VenueRejected, "HTTP 422, code 1140: cost"),
    (200, refusal(1140, "cost", status="error"), VenueRejected, "code 1140: cost"),
    (200, b'{"status":"ERROR"}', VenueRejected, "ERROR"),
    (200, b'{"data":[]}', VenueRejected, "no status"),
    (200, b'{"status":"OK","error":"odd","data":[]}', VenueRejected, "odd"),
    (302, b"", VenueRejected, "HTTP 302"),
    (429, b"", RateLimited, "HTTP 429"),
    (418, refusal(429, "too many"), RateLimited, "HTTP 418"),
    (500, refusal(1006, "oops"), VenueUnavailable, "HTTP 500 1006 oops"),
    (502, b"<html>", VenueUnavailable, "HTTP 502"),
    (503, b"", VenueUnavailable, "HTTP 503"),
    (400, refusal(1006, "oops"), VenueUnavailable, "code 1006"),
    (400, refusal(1010, "maintenance"), VenueUnavailable, "maintenance"),
    (200, refusal("1011", "post-only"), VenueUnavailable, "post-only"),
    (400, refusal(1012, "reduce-only"), VenueUnavailable, "reduce-only"),
    (200, b"", MalformedFrame, "an empty body"),
    (204, b" ", MalformedFrame, "an empty body"),
    (200, b"<html>", MalformedFrame, "body: expected JSON"),
    (200, b"[]", MalformedFrame, "body: expected `object`"),
    (200, answer({}), MalformedFrame, "data: expected `array`"),
    (200, b'{"status":"OK"}', MalformedFrame, "data: expected `array`, found 'null'"),
    (200, answer([1]), MalformedFrame, r"data\[0\]: expected `object`, found 'int'"),
]


@pytest.mark.parametrize("refused", REFUSALS, ids=str)
@pytest.mark.parametrize("read", ["read_positions", "read_orders", "read_fills", "read_funding"])
def test_what_refusals_mean(
    requests: Requests, read: str, refused: tuple[int, bytes, type[Fault], str]
) -> None:
    status, body, fault, said = refused
    with pytest.raises(fault, match=said) as caught:
        getattr(requests, read)(status, {}, body, NOW_NS)
    assert type(caught.value) is fault
    assert KEY not in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Retry-After": "12"}, 12.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"RETRY-AFTER": "999999999"}, 3600.0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "1e9"}, None),
        ({"Retry-After": ""}, None),
        (
            {
                "Retry-After": "Tue, 22 Sep 2026 10:14:00 GMT",
                "Date": "Tue, 22 Sep 2026 10:13:20 GMT",
            },
            40.0,
        ),
        (
            {
                "Retry-After": "Tue, 22 Sep 2026 10:13:00 GMT",
                "Date": "Tue, 22 Sep 2026 10:13:20 GMT",
            },
            0.0,
        ),
        ({"Retry-After": "Tue, 22 Sep 2026 10:13:30 GMT"}, 10.0),
        ({"Retry-After": "Tue, 99 Foo 2026 10:13:30 GMT"}, None),
    ],
)
def test_retry_after(requests: Requests, headers: Headers, expected: float | None) -> None:
    now_ns = 1_790_072_000 * 10**9  # 2026-09-22 10:13:20
    with pytest.raises(RateLimited) as caught:
        requests.read_balance(429, headers, b"", now_ns)
    assert caught.value.retry_after_s == expected
