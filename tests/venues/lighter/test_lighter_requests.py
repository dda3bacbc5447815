"""REST of an account: what is asked, what answers say, and what refusals mean."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from lighter_account_frames import (
    ACCOUNT,
    ETHER,
    FLAT,
    INDEX,
    ORDER,
    OWNER,
    PAYMENT,
    POSITION,
    ROW,
    SECONDS,
    TRADE,
    USDC,
    Signer,
    account_answer,
    account_requests,
    answer,
    refused,
)
from lighter_frames import BASE, NOW_NS

from actors.errors import (
    KeyRejected,
    MalformedFrame,
    RateLimited,
    VenueFault,
    VenueRejected,
    VenueUnavailable,
)
from actors.messages.account import (
    AccountSnapshot,
    Balance,
    EpochPoints,
    Fill,
    Funding,
    Order,
    Points,
    Position,
    SeasonPoints,
    Standing,
)
from actors.venues.contract import AccountInfo
from actors.venues.lighter.markets import Markets
from actors.venues.lighter.requests import RELEARN_NS, Requests

MARKET = {
    "symbol": "ETH",
    "market_id": 0,
    "market_type": "perp",
    "size_decimals": 4,
    "price_decimals": 2,
    "status": "active",
}


def read(name: str, body: bytes, *arguments: Any, status: int = 200) -> Any:
    requests = account_requests()
    return getattr(requests, f"read_{name}")(status, {}, body, NOW_NS, *arguments)


# what is asked


def test_addresses_and_weights() -> None:
    requests = account_requests()
    mine = f"account_index={INDEX}"
    asked = [
        requests.balance(),
        requests.orders(),
        requests.orders_history(),
        requests.orders_history("next page"),
        requests.fills(),
        requests.funding(),
        requests.funding("7"),
        requests.points(),
        requests.account_info(),
    ]
    assert [(each.url.removeprefix(f"{BASE}/api/v1/"), each.weight) for each in asked] == [
        (f"account?by=index&value={INDEX}&active_only=true", 1),
        (f"accountActiveOrders?{mine}", 1),
        (f"accountInactiveOrders?{mine}&limit=100", 1),
        (f"accountInactiveOrders?{mine}&limit=100&cursor=next+page", 1),
        (f"trades?{mine}&sort_by=trade_id&sort_dir=desc&limit=100", 1.5),
        (f"positionFunding?{mine}&limit=100", 1),
        (f"positionFunding?{mine}&limit=100&cursor=7", 1),
        (f"referral/points?{mine}", 7.5),
        (f"accountLimits?{mine}", 1),
    ]
    token = f"{SECONDS + 7 * 3600}:{INDEX}:4:1"
    for each in asked:
        assert each.headers["authorization"] == token
        assert token not in repr(each)
        assert each.headers["User-Agent"]
    assert requests.positions() == requests.balance()
    nothing = (requests.order("1"), requests.spot_balances(), requests.standing())
    assert nothing == (None, None, None)


def test_public_calls_bear_no_token() -> None:
    requests = Requests(BASE)
    assert "authorization" not in requests.markets().headers
    assert "authorization" not in requests.balance().headers


# groundwork


def test_the_list_of_markets_comes_first() -> None:
    requests = Requests(BASE, ACCOUNT, INDEX, Markets(), Signer().tokens())
    request = requests.groundwork()
    assert request is not None
    assert request.path == "/api/v1/orderBookDetails"
    body = answer(order_book_details=[MARKET])
    requests.read_groundwork(200, {}, body, NOW_NS)
    assert requests.groundwork() is None


def test_an_unknown_market_has_the_list_read_again_but_not_each_time() -> None:
    requests = Requests(BASE, ACCOUNT, INDEX, Markets(), Signer().tokens())
    listing = answer(order_book_details=[MARKET])
    unknown = account_answer(positions=[POSITION | {"market_id": 77}])

    def look(now_ns: int) -> bool:
        with pytest.raises(MalformedFrame, match="market_id"):
            requests.read_positions(200, {}, unknown, now_ns)
        return requests.groundwork() is not None

    assert requests.groundwork() is not None
    requests.read_groundwork(200, {}, listing, NOW_NS)
    assert not look(NOW_NS + RELEARN_NS - 1)
    assert look(NOW_NS + RELEARN_NS)
    requests.read_groundwork(200, {}, listing, NOW_NS + RELEARN_NS)
    assert not look(NOW_NS + RELEARN_NS + 1)


KEYS = [{"account_index": INDEX, "api_key_index": 4, "nonce": 7, "public_key": "0x" + "AB" * 40}]


def test_the_public_key_is_compared_once() -> None:
    requests = account_requests(public_key=(4, "ab" * 40))
    request = requests.groundwork()
    assert request is not None
    assert request.url == f"{BASE}/api/v1/apikeys?account_index={INDEX}&api_key_index=255"
    requests.read_groundwork(200, {}, answer(api_keys=KEYS), NOW_NS)
    assert requests.groundwork() is None


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([KEYS[0] | {"public_key": "cd" * 40}], "PUBLIC"),
        ([KEYS[0] | {"api_key_index": 5}], "API_KEY_Index"),
        ([], "API_KEY_Index"),
        (None, "API_KEY_Index"),
    ],
)
def test_another_public_key_is_rejected(rows: list[Any] | None, named: str) -> None:
    requests = account_requests(public_key=(4, "ab" * 40))
    requests.groundwork()
    with pytest.raises(KeyRejected, match=named):
        requests.read_groundwork(200, {}, answer(api_keys=rows), NOW_NS)
    assert requests.groundwork() is not None, "it is not taken as compared"


# figures and positions


def test_balance() -> None:
    requests = account_requests()
    assert requests.owner == ""
    assert requests.read_balance(200, {}, account_answer(), NOW_NS) == AccountSnapshot(
        venue="lighter",
        account="1",
        equity="1075.500000",
        wallet_balance="1000.500000",
        free="899.242500",
        withdrawable="899.242500",
        margin_used="176.257500",
        margin_ratio="0.1",
        leverage="3.2777",
        exposure="3525.150000",
        unrealized_pnl="75.000000",
        settle="USDC",
        settle_usd="1",
        balances=(
            Balance(asset="ETH", total="2.50000000", free="2.00000000", locked="0.50000000"),
            Balance(asset="USDC", total="1010.500000", free="905.242500", locked="4.000000"),
        ),
        received_ns=NOW_NS,
        via="polling",
    )
    assert requests.owner == OWNER


def test_a_balance_without_the_newer_fields_and_without_assets() -> None:
    bare = {name: ROW[name] for name in ("index", "collateral", "available_balance", "positions")}
    snapshot = read("balance", answer(accounts=[bare]))
    assert snapshot.equity == "1075.500000"
    assert snapshot.margin_used == "176.257500", "what of the equity is not free"
    assert snapshot.margin_ratio is None
    assert snapshot.balances == (Balance(asset="USDC", total="1000.500000", free="899.242500"),)


def test_margin_of_isolated_positions_is_in_use_too() -> None:
    isolated = POSITION | {"margin_mode": 1, "allocated_margin": "200.5"}
    assert read("balance", account_answer(positions=[isolated])).margin_used == "376.757500"


def test_an_account_that_owes_has_neither_ratio_nor_leverage() -> None:
    snapshot = read("balance", account_answer(total_asset_value="-1.000000"))
    assert (snapshot.margin_ratio, snapshot.leverage) == (None, None)


def test_of_several_accounts_the_right_one() -> None:
    body = answer(accounts=[ROW | {"index": 5, "collateral": "7"}, ROW])
    assert read("balance", body).wallet_balance == "1000.500000"
    with pytest.raises(MalformedFrame, match="account 4321"):
        read("balance", answer(accounts=[ROW | {"index": 5}]))
    with pytest.raises(MalformedFrame, match="accounts"):
        read("balance", answer(accounts=None))


def test_positions_without_flat_rows_and_binary_options() -> None:
    option = POSITION | {"market_id": 5210}
    body = account_answer(positions=[POSITION, FLAT, option])
    assert read("positions", body) == [
        Position(
            venue="lighter",
            account="1",
            position_id="0",
            symbol="ETH",
            product="linear",
            side="short",
            quantity="1.5000",
            entry_price="2400.10",
            mark_price="2350.1",
            liquidation_price="3100.5",
            notional="3525.150000",
            leverage="20",
            margin="176.2575000000",
            unrealized_pnl="75.000000",
            realized_pnl="2.500000",
            received_ns=NOW_NS,
            via="polling",
        )
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"liquidation_price": "0"}, {"liquidation_price": None}),
        ({"liquidation_price": "0.00"}, {"liquidation_price": None}),
        ({"margin_mode": 1, "allocated_margin": "55.5"}, {"margin": "55.5"}),
        ({"initial_margin_fraction": "33.33"}, {"leverage": "3", "margin": "1174.9324950000"}),
        ({"initial_margin_fraction": None}, {"leverage": None, "margin": None}),
        ({"initial_margin_fraction": "0.00"}, {"leverage": None}),
        ({"sign": "1", "market_id": "1"}, {"side": "long", "symbol": "BTC"}),
        ({"position_value": None}, {"mark_price": None, "notional": None}),
    ],
)
def test_a_position_in_detail(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    (row,) = read("positions", account_answer(positions=[POSITION | changes]))
    assert {name: getattr(row, name) for name in expected} == expected


# orders


def test_an_open_order() -> None:
    (row,) = read("orders", answer(orders=[ORDER]))
    assert row == Order(
        venue="lighter",
        account="1",
        order_id="281476929510110",
        client_order_id="42",
        symbol="ETH",
        product="linear",
        side="sell",
        type="stop_loss_limit",
        status="partially_filled",
        price="2352.74",
        average_price="2352.74",
        trigger_price="2300.00",
        quantity="0.0050",
        filled_quantity="0.0020",
        reduce_only=True,
        time_in_force="gtc",
        created_ns=(SECONDS - 60) * 1_000_000_000,
        version=row.version,
        venue_time_ns=SECONDS * 1_000_000_000,
        received_ns=NOW_NS,
        via="polling",
    )


@pytest.mark.parametrize(
    ("status", "filled", "expected", "reason"),
    [
        ("open", "0.0000", "open", None),
        ("open", "0.0001", "partially_filled", None),
        ("in-progress", "0.0000", "open", None),
        ("pending", "0.0000", "open", None),
        ("filled", "0.0050", "filled", None),
        ("canceled", "0.0000", "canceled", None),
        ("canceled", "0.0010", "canceled", None),
        ("canceled-expired", "0.0000", "expired", "expired"),
        ("canceled-post-only", "0.0000", "rejected", "post_only"),
        ("canceled-margin-not-allowed", "0.0000", "rejected", "margin_not_allowed"),
        ("canceled-too-much-slippage", "0.0000", "rejected", "too_much_slippage"),
        ("canceled-too-much-slippage", "0.0010", "canceled", "too_much_slippage"),
        ("canceled-not-enough-liquidity", "0.0000", "rejected", "not_enough_liquidity"),
        ("canceled-invalid-balance", "0.0000", "rejected", "invalid_balance"),
        ("canceled-reduce-only", "0.0000", "canceled", "reduce_only"),
        ("canceled-self-trade", "0.0000", "canceled", "self_trade"),
        ("canceled-oco", "0.0000", "canceled", "oco"),
        ("canceled-of-a-later-kind", "0.0000", "canceled", "of_a_later_kind"),
        ("suspended", "0.0000", "unknown", None),
    ],
)
def test_status_words(status: str, filled: str, expected: str, reason: str | None) -> None:
    row = ORDER | {"status": status, "filled_base_amount": filled}
    (found,) = read("orders", answer(orders=[row]))
    assert (found.status, found.reason) == (expected, reason)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"is_ask": False}, {"side": "buy"}),
        ({"market_index": 2048, "market_kind": "spot"}, {"product": "spot", "symbol": "ETH/USDC"}),
        ({"time_in_force": "post-only"}, {"post_only": True, "time_in_force": "gtc"}),
        ({"time_in_force": "immediate-or-cancel"}, {"time_in_force": "ioc", "post_only": False}),
        ({"time_in_force": "Unknown"}, {"time_in_force": None}),
        ({"trigger_price": "0.00"}, {"trigger_price": None}),
        ({"client_order_id": "0", "client_order_index": 0}, {"client_order_id": None}),
        ({"client_order_id": None}, {"client_order_id": "42"}),
        ({"order_id": None}, {"order_id": "281476929510110"}),
        ({"filled_base_amount": "0.0000"}, {"average_price": None}),
        ({"filled_quote_amount": None}, {"average_price": None}),
        ({"reduce_only": 0}, {"reduce_only": False}),
        ({"created_at": SECONDS * 1_000}, {"created_ns": SECONDS * 1_000_000_000}),
        ({"updated_at": SECONDS * 1_000_000}, {"venue_time_ns": SECONDS * 1_000_000_000}),
        ({"order_index": 2**63 - 1, "order_id": None}, {"order_id": str(2**63 - 1)}),
    ],
)
def test_an_order_in_detail(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    (row,) = read("orders", answer(orders=[ORDER | changes]))
    assert {name: getattr(row, name) for name in expected} == expected


def test_containers_of_any_shape() -> None:
    second = ORDER | {"order_id": "2"}
    shapes: list[Any] = [
        [ORDER, second],
        {"0": [ORDER, second]},
        {"0": [ORDER], "1": [second]},
        {"0": ORDER, "1": second},
    ]
    for shape in shapes:
        assert len(read("orders", answer(orders=shape))) == 2
    for empty in (None, [], {}, {"0": []}):
        assert read("orders", answer(orders=empty)) == []


def test_orders_of_binary_options_are_left_out_and_of_others_refused() -> None:
    option = ORDER | {"market_index": 5210, "market_kind": "bo"}
    assert read("orders", answer(orders=[option])) == []
    with pytest.raises(MalformedFrame, match="owner_account_index"):
        read("orders", answer(orders=[ORDER | {"owner_account_index": INDEX + 1}]))


@pytest.mark.parametrize(
    ("told", "asked", "rows", "following"),
    [
        ("b", "a", 1, "b"),
        ("b", None, 1, "b"),
        ("a", "a", 1, None),
        ("", None, 1, None),
        (None, None, 1, None),
        ("b", "a", 0, None),
    ],
)
def test_pages(told: str | None, asked: str | None, rows: int, following: str | None) -> None:
    more = {} if told is None else {"next_cursor": told}
    page = read("orders_history", answer(orders=[ORDER] * rows, **more), asked)
    assert (len(page.items), page.cursor) == (rows, following)
    page = read("fills", answer(trades=[TRADE] * rows, **more), asked)
    assert (len(page.items), page.cursor) == (rows, following)
    page = read("funding", answer(position_fundings=[PAYMENT] * rows or None, **more), asked)
    assert (len(page.items), page.cursor) == (rows, following)


# fills


def test_a_fill() -> None:
    (row,) = read("fills", answer(trades=[TRADE])).items
    assert row == Fill(
        venue="lighter",
        account="1",
        fill_id="19209006902",
        order_id="562947905631053",
        client_order_id="7001",
        symbol="ETH",
        product="linear",
        side="buy",
        price="2352.73",
        quantity="0.1336",
        notional="314.324728",
        fee=str(Decimal("314.324728") * 196 / 1_000_000),
        fee_asset="USDC",
        liquidity="taker",
        venue_time_ns=NOW_NS // 1_000 * 1_000,
        received_ns=NOW_NS,
        via="polling",
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"is_maker_ask": False}, {"liquidity": "maker", "fee": "0.008801092384"}),
        ({"is_maker_ask": False, "maker_fee": -28}, {"fee": "-0.008801092384"}),
        ({"taker_fee": None}, {"fee": "0.000000000000"}),
        ({"bid_client_id": 0}, {"client_order_id": None}),
        ({"type": "market-settlement"}, {"trade_type": "market_settlement"}),
        ({"transaction_time": None}, {"venue_time_ns": NOW_NS // 1_000_000 * 1_000_000}),
        ({"bid_account_id": 5, "ask_account_id": INDEX}, {"side": "sell", "liquidity": "maker"}),
        ({"bid_account_id": 5, "ask_account_id": INDEX}, {"order_id": "281476929510102"}),
        ({"market_id": 2048}, {"product": "spot"}),
    ],
)
def test_a_fill_in_detail(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    (row,) = read("fills", answer(trades=[TRADE | changes])).items
    assert {name: getattr(row, name) for name in expected} == expected


def test_of_a_trade_with_oneself_both_sides_are_told() -> None:
    body = answer(trades=[TRADE | {"ask_account_id": INDEX}])
    rows = read("fills", body).items
    assert {(row.fill_id, row.side, row.liquidity) for row in rows} == {
        ("19209006902", "buy", "taker"),
        ("19209006902-maker", "sell", "maker"),
    }


def test_trades_of_others_and_of_binary_options_are_left_out() -> None:
    others = TRADE | {"bid_account_id": 5}
    option = TRADE | {"market_id": 5210}
    assert read("fills", answer(trades=[others, option])).items == []


# funding


def test_a_funding_payment() -> None:
    (paid,) = read("funding", answer(position_fundings=[PAYMENT])).items
    assert paid == Funding(
        venue="lighter",
        account="1",
        funding_id="1232541",
        symbol="ETH",
        amount="-0.000212",
        rate="0.000012",
        venue_time_ns=SECONDS * 10**9,
        received_ns=NOW_NS,
        via="polling",
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"change": "0.5"}, {"amount": "0.5"}),
        ({"funding_id": "77"}, {"funding_id": "77"}),
        ({"market_id": "1"}, {"symbol": "BTC"}),
        ({"timestamp": str(SECONDS)}, {"venue_time_ns": SECONDS * 10**9}),
        ({"timestamp": None, "rate": None}, {"venue_time_ns": 0, "rate": None}),
    ],
)
def test_a_funding_payment_in_detail(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    (paid,) = read("funding", answer(position_fundings=[PAYMENT | changes])).items
    assert {name: getattr(paid, name) for name in expected} == expected


def test_payments_of_binary_options_are_left_out() -> None:
    option = PAYMENT | {"market_id": 5210}
    assert read("funding", answer(position_fundings=[option])).items == []


# points and account


def test_points_of_both_kinds() -> None:
    body = json.dumps(
        {
            "referrals": [],
            "user_total_points": 12.5,
            "user_last_week_points": 1,
            "user_total_referral_reward_points": 0.25,
            "user_last_week_referral_reward_points": 0,
            "reward_point_multiplier": "1",
        }
    ).encode()
    assert read("points", body) == Points(
        venue="lighter",
        account="1",
        available=True,
        total="12.75",
        seasons=(
            SeasonPoints(
                season="trading",
                total="12.5",
                epochs=(EpochPoints(epoch="last_week", points="1"),),
            ),
            SeasonPoints(
                season="referrals",
                total="0.25",
                epochs=(EpochPoints(epoch="last_week", points="0"),),
            ),
        ),
        received_ns=NOW_NS,
    )


def test_points_that_the_venue_does_not_tell() -> None:
    found = read("points", refused(29404, "not found"), status=404)
    assert (found.available, found.total) == (False, None)
    assert "not found" in found.reason


@pytest.mark.parametrize("number", ["1e999999", '"NaN"', "1" * 80])
def test_points_beyond_sense(number: str) -> None:
    with pytest.raises(MalformedFrame):
        read("points", b'{"code":200,"user_total_points":' + number.encode() + b"}")


def test_account_info() -> None:
    body = answer(user_tier="standard", current_maker_fee_tick=0)
    assert read("account_info", body) == AccountInfo(account_id="4321", description="standard")


def test_what_is_never_asked_for() -> None:
    assert read("standing", b"") == Standing()
    assert read("spot_balances", b"").items == ()
    with pytest.raises(VenueRejected):
        read("order", b"")


# refusals

CASES: list[tuple[int, bytes, type[VenueFault]]] = [
    (400, refused(21100, "account not found"), KeyRejected),
    (400, refused(21109, "api key not found"), KeyRejected),
    (400, refused(21136, "invalid PublicKey, update the sdk"), KeyRejected),
    (400, refused(21120, "invalid signature"), KeyRejected),
    (200, refused(23000, "Too Many Requests!"), RateLimited),
    (429, b"", RateLimited),
    (405, b"<html>", RateLimited),
    (500, refused(29500, "internal"), VenueUnavailable),
    (200, refused(29501, "timeout"), VenueUnavailable),
    (400, refused(20001, "invalid param : limit"), VenueRejected),
    (200, b"", MalformedFrame),
    (200, b"{", MalformedFrame),
    (200, b"[]", MalformedFrame),
]


@pytest.mark.parametrize(("status", "body", "fault"), CASES)
def test_what_refusals_mean(status: int, body: bytes, fault: type[VenueFault]) -> None:
    with pytest.raises(fault):
        read("orders", body, status=status)


AUTH = refused(20001, "invalid param : auth field is required")


def test_a_refused_token_is_made_anew_once() -> None:
    signer = Signer()
    requests = Requests(BASE, ACCOUNT, INDEX, Markets(), signer.tokens())
    first = requests.orders().headers["authorization"]
    balance = requests.balance()
    assert balance.headers["authorization"] == first
    with pytest.raises(VenueUnavailable):
        requests.read_orders(400, {}, AUTH, NOW_NS)
    second = requests.orders().headers["authorization"]
    assert second != first
    with pytest.raises(VenueUnavailable):
        requests.read_balance(400, {}, AUTH, NOW_NS)
    assert signer.count == 2, "what bore the first token says nothing of the second"
    with pytest.raises(KeyRejected):
        requests.read_orders(400, {}, AUTH, NOW_NS)


def test_an_answer_to_a_public_question_proves_no_token() -> None:
    requests = account_requests()
    requests.orders()
    with pytest.raises(VenueUnavailable):
        requests.read_orders(401, {}, b"", NOW_NS)
    requests.balance()
    requests.read_balance(200, {}, account_answer(), NOW_NS)
    requests.orders()
    with pytest.raises(KeyRejected):
        requests.read_orders(401, {}, b"", NOW_NS)


def test_a_private_answer_proves_the_token() -> None:
    requests = account_requests()
    for _ in range(3):
        requests.orders()
        with pytest.raises(VenueUnavailable):
            requests.read_orders(401, {}, b"", NOW_NS)
        requests.orders()
        requests.read_orders(200, {}, answer(orders=[]), NOW_NS)


def test_no_fault_shows_the_token() -> None:
    requests = account_requests()
    token = requests.orders().headers["authorization"]
    with pytest.raises(VenueRejected) as caught:
        requests.read_orders(400, {}, refused(20001, f"what is {token}?"), NOW_NS)
    assert token not in str(caught.value)


# answers that are not what the venue documents

HOSTILE: list[tuple[str, bytes]] = [
    ("balance", account_answer(collateral=1)),
    ("balance", account_answer(collateral="")),
    ("balance", account_answer(collateral="NaN")),
    ("balance", account_answer(collateral="1e5")),
    ("balance", account_answer(collateral="9" * 65)),
    ("balance", account_answer(collateral=None)),
    ("balance", account_answer(index="x")),
    ("balance", account_answer(index=-1)),
    ("balance", account_answer(positions=[POSITION | {"position": None}])),
    ("balance", account_answer(positions=7)),
    ("balance", account_answer(assets=[USDC | {"balance": "Infinity"}])),
    ("balance", account_answer(assets=[ETHER | {"asset_id": None}])),
    ("positions", account_answer(positions=[POSITION | {"sign": 0}])),
    ("positions", account_answer(positions=[POSITION | {"sign": 7}])),
    ("positions", account_answer(positions=[POSITION | {"market_id": 77}])),
    ("positions", account_answer(positions=[POSITION | {"market_id": None}])),
    ("orders", answer(orders=[ORDER | {"order_index": 2**63}])),
    ("orders", answer(orders=[ORDER | {"order_index": 1.5}])),
    ("orders", answer(orders=[ORDER | {"is_ask": "yes"}])),
    ("orders", answer(orders=[ORDER | {"filled_base_amount": "x"}])),
    ("orders", answer(orders=[ORDER | {"market_index": 77}])),
    ("orders", answer(orders=[ORDER | {"updated_at": 10**17}])),
    ("orders", answer(orders=[ORDER | {"updated_at": -1}])),
    ("orders", answer(orders={"0": {"0": [ORDER]}})),
    ("fills", answer(trades=[TRADE | {"trade_id": "7"}])),
    ("fills", answer(trades=[TRADE | {"taker_fee": 2_000_000}])),
    ("fills", answer(trades=[TRADE | {"usd_amount": None}])),
    ("fills", answer(trades="none")),
    ("funding", answer(position_fundings=[PAYMENT | {"change": None}])),
    ("funding", answer(position_fundings=[PAYMENT | {"change": 0.5}])),
    ("funding", answer(position_fundings=[PAYMENT | {"funding_id": "-1"}])),
    ("funding", answer(position_fundings=[PAYMENT | {"timestamp": "9" * 17}])),
    ("funding", answer(position_fundings=[PAYMENT | {"market_id": 77}])),
]


@pytest.mark.parametrize(("name", "body"), HOSTILE)
def test_hostile_answers_are_malformed(name: str, body: bytes) -> None:
    with pytest.raises(MalformedFrame):
        read(name, body)


def test_amounts_of_any_length_stay_exact() -> None:
    long = "1" * 30 + "." + "7" * 30
    snapshot = read(
        "balance",
        account_answer(
            collateral=long,
            total_asset_value=long,
            positions=[POSITION | {"position_value": long, "unrealized_pnl": long}] * 2,
        ),
    )
    assert snapshot.unrealized_pnl == "2" * 29 + "3" + "." + "5" * 29 + "4"
