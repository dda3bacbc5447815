"""Lighter's REST answers: parameters and their refusals, paging, units, over a quiet world."""

from __future__ import annotations

import itertools
import re
from decimal import Decimal
from typing import Any

import pytest
from lighter_desk import HOUR_NS, START_NS, Desk, lighter_world, signed_token

from actors.simulator.accounts import Account
from actors.simulator.dialects.lighter_account_rows import l1_address
from actors.simulator.matching import BUY, SELL
from actors.simulator.orders import FILLED, OrderRequest

MICROS = 1_000_000
HOUR_MS = 3_600_000
INDEX = 7_001
OWN = {"account_index": INDEX}


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(lighter_world(2))


@pytest.fixture(scope="module")
def token(desk: Desk) -> str:
    return desk.exchange.accounts[INDEX].api_key


@pytest.fixture(scope="module")
def account(desk: Desk) -> Account:
    return desk.exchange.accounts[INDEX]


def micros(text: str) -> Decimal:
    return Decimal(text) * MICROS


def test_the_clock_has_a_status_and_no_code(desk: Desk) -> None:
    assert desk.get("/") == {"status": 200, "network_id": 1, "timestamp": desk.now_s}
    assert set(desk.get("/info")) == {"contract_address"}


def test_an_account_is_worth_what_the_ledger_says(desk: Desk) -> None:
    for account in desk.exchange.accounts.values():
        margin = desk.exchange.trading.margin(account)
        (row,) = desk.get("account", by="index", value=account.account_id)["accounts"]
        assert row["index"] == row["account_index"] == account.account_id
        assert micros(row["collateral"]) == margin.balance
        assert micros(row["total_asset_value"]) == micros(row["cross_asset_value"]) == margin.equity
        assert micros(row["available_balance"]) == margin.available
        assert micros(row["cross_initial_margin_requirement"]) == margin.initial
        assert micros(row["cross_maintenance_margin_requirement"]) == margin.maintenance
        assert sum(micros(one["unrealized_pnl"]) for one in row["positions"]) == margin.unrealised
        assert sum(micros(one["position_value"]) for one in row["positions"]) == margin.exposure
        (usdc,) = row["assets"]
        assert micros(usdc["balance"]) + micros(usdc["margin_balance"]) == margin.balance
        assert row["shares"] == []


def test_positions_keep_flat_rows_unless_asked_otherwise(desk: Desk) -> None:
    """One short and one closed position beside whatever the script did."""
    exchange = lighter_world(1)
    desk = Desk(exchange)
    account = exchange.accounts[INDEX]
    exchange.set_script(account, running=False)
    for name in list(account.positions):
        _trade(desk, account, name, -account.positions[name].side, account.positions[name].lots)
    _trade(desk, account, "SOL", SELL, 9)
    (row,) = desk.get("account", by="index", value=INDEX)["accounts"]
    touched = {one.spec.name for one in exchange.ledger.accounts[INDEX].positions}
    assert {one["symbol"] for one in row["positions"]} == touched
    short = next(one for one in row["positions"] if one["symbol"] == "SOL")
    assert (short["sign"], short["position"]) == (-1, "0.900")
    assert short["market_id"] == 2
    assert short["initial_margin_fraction"] == "10.00"
    assert Decimal(short["liquidation_price"]) > Decimal(short["avg_entry_price"])
    flat = [one for one in row["positions"] if one["symbol"] != "SOL"]
    assert flat
    for one in flat:
        assert one["sign"] == 1
        assert not Decimal(one["position"])
        assert one["liquidation_price"] == "0"
    (row,) = desk.get("account", by="index", value=INDEX, active_only="true")["accounts"]
    assert [one["symbol"] for one in row["positions"]] == ["SOL"]


def _trade(desk: Desk, account: Account, market: str, side: int, lots: int) -> None:
    order = desk.exchange.place(
        account,
        OrderRequest(market=market, side=side, lots=abs(lots), type="MARKET", time_in_force="IOC"),
    )
    assert order.status == FILLED


def test_accounts_by_wallet(desk: Desk, account: Account) -> None:
    address = l1_address(account)
    assert re.fullmatch(r"0x[0-9a-f]{40}", address)
    found = desk.get("account", by="l1_address", value=address.upper().replace("0X", "0x"))
    assert [row["index"] for row in found["accounts"]] == [INDEX]
    found = desk.get("accountsByL1Address", l1_address=address)
    assert [row["index"] for row in found["sub_accounts"]] == [INDEX]
    assert desk.get("accountMetadata", by="index", value=INDEX)["account_metadatas"]


@pytest.mark.parametrize(
    ("path", "parameters", "code"),
    [
        ("account", {"by": "index", "value": 99}, "21100"),
        ("account", {"by": "name", "value": 99}, "20001"),
        ("account", {"by": "index", "value": "x"}, "20001"),
        ("account", {"by": "index"}, "20001"),
        ("accountsByL1Address", {"l1_address": "0x00"}, "21100"),
        ("apikeys", {"account_index": INDEX, "api_key_index": 9}, "21109"),
        ("nextNonce", {"account_index": INDEX, "api_key_index": 9}, "21109"),
        ("orderBookDetails", {"market_id": 77}, "21602"),
        ("orderBookDetails", {"filter": "bonds"}, "20001"),
        ("orderBookOrders", {"market_id": 0, "limit": 251}, "20001"),
        ("recentTrades", {"market_id": 0, "limit": 101}, "20001"),
        ("recentTrades", {"market_id": 0}, "20001"),
        ("recentTrades", {"limit": 5}, "20001"),
        ("tx", {"by": "hash", "value": "00"}, "21500"),
    ],
)
def test_public_refusals(desk: Desk, path: str, parameters: dict[str, Any], code: str) -> None:
    status, found, _ = desk.refused(path, **parameters)
    assert (status, found) == (400, code)


def test_keys_show_the_public_half(desk: Desk) -> None:
    (row,) = desk.get("apikeys", account_index=INDEX, api_key_index=255)["api_keys"]
    assert row["api_key_index"] == 4
    assert re.fullmatch(r"[0-9a-f]{80}", row["public_key"])
    assert desk.get("nextNonce", account_index=INDEX, api_key_index=4)["nonce"] == 1


def test_transactions_are_refused(desk: Desk) -> None:
    for path in ("sendTx", "sendTxBatch"):
        with pytest.raises(Exception, match="transactions are not accepted"):
            desk.post(path, tx_type=14, tx_info="{}")


def test_markets_and_their_filters(desk: Desk) -> None:
    rows = desk.get("orderBookDetails")
    assert [(row["market_id"], row["symbol"]) for row in rows["order_book_details"]] == [
        (0, "ETH"),
        (1, "BTC"),
        (2, "SOL"),
    ]
    assert rows["spot_order_book_details"] == []
    assert desk.get("orderBookDetails", filter="spot")["order_book_details"] == []
    assert len(desk.get("orderBooks", filter="all", market_id=255)["order_books"]) == 3
    (btc,) = desk.get("orderBooks", market_id=1)["order_books"]
    assert btc["symbol"] == "BTC"
    assert btc["supported_price_decimals"] + btc["supported_size_decimals"] == 6
    assert btc["taker_fee"] == "0.0250", "percent"


def test_orders_of_a_book_add_up_to_it(desk: Desk) -> None:
    desk.exchange.pause()
    for number, market in desk.markets.all():
        found = desk.get("orderBookOrders", market_id=number, limit=250)
        for name, side in (("asks", SELL), ("bids", BUY)):
            sums: dict[str, Decimal] = {}
            for row in found[name]:
                size = Decimal(row["remaining_base_amount"])
                sums[row["price"]] = sums.get(row["price"], Decimal(0)) + size
                assert (row["order_index"] > 2**48 + 2**47) is (side == BUY)
            assert [(Decimal(price), size) for price, size in sums.items()] == [
                (price * market.spec.tick, lots * market.spec.lot)
                for price, lots in market.book.depth(side)
            ]
    desk.exchange.resume()


def test_candles_are_as_many_as_the_period_or_count_back(desk: Desk) -> None:
    now_ms = desk.exchange.now_ms
    period = {"start_timestamp": now_ms - 5 * 60_000, "end_timestamp": now_ms, "market_id": 0}
    found = desk.get("candles", resolution="1m", count_back=1, **period)
    starts = [row["t"] for row in found["c"]]
    assert found["r"] == "1m"
    assert starts == sorted(starts)
    assert len(starts) == 6
    assert {after - before for before, after in itertools.pairwise(starts)} == {60_000}
    more = desk.get("candles", resolution="1m", count_back=20, **period)["c"]
    assert len(more) == 20
    assert more[-6:] == found["c"]
    seconds = {"start_timestamp": now_ms // 1000 - 300, "end_timestamp": now_ms // 1000}
    assert (
        desk.get("candles", market_id=0, resolution="1m", count_back=1, **seconds)["c"]
        == found["c"]
    )
    for row in found["c"]:
        assert row["l"] <= min(row["o"], row["c"]) <= max(row["o"], row["c"]) <= row["h"]
        assert row["V"] == pytest.approx(row["v"] * row["c"], rel=0.02)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"resolution": "2m"}, "22401"),
        ({"resolution": ""}, "22401"),
        ({"start_timestamp": 10**12 + 1, "end_timestamp": 10**12}, "22400"),
        ({"start_timestamp": 10**12}, "22403"),
        ({"count_back": 501}, "22403"),
        ({"count_back": ""}, "20001"),
        ({"end_timestamp": ""}, "20001"),
        ({"market_id": ""}, "20001"),
    ],
)
def test_refusals_of_candles(desk: Desk, change: dict[str, Any], code: str) -> None:
    now_ms = desk.exchange.now_ms
    good = {
        "market_id": 0,
        "resolution": "1m",
        "start_timestamp": now_ms - 60_000,
        "end_timestamp": now_ms,
        "count_back": 2,
    }
    assert desk.get("candles", **good)["c"]
    assert desk.refused("candles", **{**good, **change})[1] == code


def test_funding_in_its_units(desk: Desk) -> None:
    now_ms = desk.exchange.now_ms
    period = {"start_timestamp": now_ms - 5 * HOUR_MS, "end_timestamp": now_ms, "count_back": 100}
    rows = desk.get("fundings", market_id=0, resolution="1h", **period)["fundings"]
    assert [row["timestamp"] % 3_600 for row in rows] == [0] * 5
    assert rows == sorted(rows, key=lambda row: row["timestamp"])
    for row in rows:
        assert Decimal(row["rate"]) >= 0, "percent without a sign"
        assert row["direction"] in {"long", "short"}
        price = Decimal(row["value"]) / (Decimal(row["rate"]) / 100)
        assert 2_000 < price < 5_000
    rates = {row["exchange"]: row for row in desk.get("funding-rates")["funding_rates"]}
    assert set(rates) == {"binance", "lighter"}


def test_private_answers_are_the_tokens_accounts_own(desk: Desk, token: str) -> None:
    private = {
        "accountActiveOrders": {},
        "accountInactiveOrders": {"limit": 1},
        "accountOrders": {"client_order_indexes": 1},
        "trades": {"limit": 1, "sort_by": "timestamp"},
        "positionFunding": {"limit": 1},
        "liquidations": {"limit": 1},
        "accountLimits": {},
        "referral/points": {},
        "tokens": {},
    }
    for path, parameters in private.items():
        desk.get(path, token, account_index=INDEX, **parameters)
        assert desk.refused(path, account_index=INDEX, **parameters)[1] == "20001"
        code, text = desk.refused(path, token, account_index=7_002, **parameters)[1:]
        assert code == "20001"
        assert "auth token" in text
        assert desk.refused(path, token, **parameters)[1] == "20001"


def test_a_token_in_the_query_does_too(desk: Desk, account: Account) -> None:
    signed = signed_token(account, desk.now_s + 60)
    by_header = desk.get("accountLimits", signed, **OWN)
    assert desk.get("accountLimits", auth=signed, **OWN) == by_header
    assert by_header["user_tier"] == "standard"
    assert by_header["current_taker_fee_tick"] == 250


def test_open_orders_and_their_market(desk: Desk, token: str, account: Account) -> None:
    rows = desk.get("accountActiveOrders", token, **OWN)["orders"] or []
    assert {row["order_index"] for row in rows} == set(account.orders)
    for number, market in desk.markets.all():
        own = [row for row in rows if row["market_index"] == number]
        asked = desk.get("accountActiveOrders", token, market_id=number, **OWN)["orders"]
        assert asked == (own or None), "no orders are null"
        for row in own:
            order = account.orders[row["order_index"]]
            assert row["is_ask"] is (order.side == SELL)
            assert (row["order_index"] < 2**48 + 2**47) is row["is_ask"]
            assert Decimal(row["initial_base_amount"]) == order.lots * market.spec.lot
            assert row["base_size"] == order.lots * market.spec.lot * 10**market.spec.size_decimals
            assert row["transaction_time"] == order.updated_ms * 1_000
            assert row["created_at"] == order.created_ms // 1_000
    assert desk.get("accountActiveOrders", token, market_type="spot", **OWN)["orders"] is None


def paged(desk: Desk, path: str, name: str, token: str, **parameters: Any) -> list[list[Any]]:
    """All pages, by the cursor of each."""
    pages, cursor = [], {}
    while True:
        body = desk.get(path, token, **OWN, **parameters, **cursor)
        pages.append(body[name])
        if "next_cursor" not in body:
            return pages
        cursor = {"cursor": body["next_cursor"]}
        assert len(pages) < 1_000


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_pages_of_trades_are_the_ledgers_fills(desk: Desk, token: str, limit: int) -> None:
    pages = paged(desk, "trades", "trades", token, sort_by="trade_id", limit=limit)
    assert {len(page) for page in pages[:-1]} <= {limit}
    rows = [row for page in pages for row in page]
    fills = list(desk.exchange.ledger.accounts[INDEX].fills)[::-1]
    assert [row["trade_id"] for row in rows] == [one.fill_id for one in fills]
    for row, fill in zip(rows, fills, strict=True):
        buys = fill.side == BUY
        assert row["bid_account_id" if buys else "ask_account_id"] == INDEX
        assert row["bid_id" if buys else "ask_id"] == fill.order_id
        assert fill.is_taker is (row["is_maker_ask"] is buys)
        fee = row["taker_fee"] if fill.is_taker else row.get("maker_fee", 0)
        assert Decimal(row["usd_amount"]) * fee == fill.fee, "not a millionth is lost"
        assert micros(row["usd_amount"]) == fill.value
        assert row["timestamp"] == fill.created_ms
        assert row["transaction_time"] == fill.created_ms * 1_000


def test_filters_of_trades(desk: Desk, token: str) -> None:
    fills = list(desk.exchange.ledger.accounts[INDEX].fills)[::-1]
    some = fills[len(fills) // 2]
    for parameters, wanted in (
        ({"market_id": 1}, [one for one in fills if one.market == "BTC"]),
        ({"ask_filter": 1}, [one for one in fills if one.side == SELL]),
        ({"ask_filter": 0}, [one for one in fills if one.side == BUY]),
        ({"role": "maker"}, [one for one in fills if not one.is_taker]),
        ({"role": "taker"}, [one for one in fills if one.is_taker]),
        ({"from": some.created_ms}, [it for it in fills if it.created_ms >= some.created_ms]),
        ({"order_index_str": some.order_id}, [it for it in fills if it.order_id == some.order_id]),
        ({"type": "liquidation"}, []),
    ):
        body = desk.get("trades", token, sort_by="timestamp", limit=100, **OWN, **parameters)
        assert [row["trade_id"] for row in body["trades"] or []] == [
            one.fill_id for one in wanted
        ], parameters
    for parameters in ({}, {"sort_by": "size"}, {"sort_by": "timestamp", "sort_dir": "asc"}):
        assert desk.refused("trades", token, limit=1, **OWN, **parameters)[1] == "20001"


def test_pages_of_closed_orders_go_on_where_they_ended(token: str) -> None:
    """Orders that end between two pages neither repeat nor hide others."""
    desk = Desk(lighter_world(1))
    orders = desk.exchange.ledger.accounts[INDEX].orders
    closed = [one for one in orders.values() if not one.open]
    assert len(closed) > 8
    first = desk.get("accountInactiveOrders", token, limit=3, **OWN)
    desk.exchange.step(desk.exchange.now_ms * 10**6 + 20 * 10**9)
    rest, cursor = list(first["orders"]), first["next_cursor"]
    while cursor:
        body = desk.get("accountInactiveOrders", token, limit=3, cursor=cursor, **OWN)
        rest += body["orders"]
        cursor = body.get("next_cursor")
    assert len(rest) == len(closed)
    assert {row["order_index"] for row in rest} == {one.order_id for one in closed}
    ended = [row["transaction_time"] for row in rest]
    assert ended == sorted(ended, reverse=True)
    assert {row["status"] for row in rest} >= {"filled", "canceled-post-only"}
    assert all(row["remaining_base_amount"].strip("0.") == "" for row in rest)


def test_filters_of_closed_orders(desk: Desk, token: str) -> None:
    ledger = desk.exchange.ledger.accounts[INDEX]
    closed = [one for one in ledger.orders.values() if not one.open]
    half_s = closed[len(closed) // 2].created_ms // 1000
    for parameters, wanted in (
        ({"ask_filter": 1}, {one.order_id for one in closed if one.side == SELL}),
        ({"market_id": 0}, {one.order_id for one in closed if one.market == "ETH"}),
        (
            {"between_timestamps": f"0-{half_s}"},
            {one.order_id for one in closed if one.created_ms // 1000 <= half_s},
        ),
    ):
        pages = paged(desk, "accountInactiveOrders", "orders", token, limit=100, **parameters)
        assert {row["order_index"] for page in pages for row in page or []} == wanted
    for wrong in ({"ask_filter": 2}, {"between_timestamps": "x"}, {"cursor": "x"}, {"limit": 0}):
        asked = {"limit": 5, **OWN, **wrong}
        assert desk.refused("accountInactiveOrders", token, **asked)[1] == "20001"


def test_orders_by_the_clients_own_ids(token: str) -> None:
    desk = Desk(lighter_world(1, warm_up_s=1))
    account = desk.exchange.accounts[INDEX]
    order = desk.exchange.place(
        account, OrderRequest(market="ETH", side=BUY, lots=4, price=3_800, external_id="4711")
    )
    (row,) = desk.get("accountOrders", token, client_order_indexes="9,4711", **OWN)["orders"]
    assert row["order_index"] == order.order_id
    assert (row["client_order_index"], row["client_order_id"]) == (4711, "4711")
    for wrong in (",".join("1" * 21), "x"):
        assert desk.refused("accountOrders", token, client_order_indexes=wrong, **OWN)


def test_funding_payments(token: str) -> None:
    start_ns = START_NS // HOUR_NS * HOUR_NS - 10 * 10**9
    desk = Desk(lighter_world(1, start_ns=start_ns))
    exchange = desk.exchange
    account = exchange.accounts[INDEX]
    exchange.set_script(account, running=False)
    for order in list(account.orders.values()):
        exchange.cancel(account, order)
    if "ETH" not in account.positions:
        _trade(desk, account, "ETH", BUY, 5)
    exchange.step(start_ns + 20 * 10**9)
    paid = list(exchange.ledger.accounts[INDEX].funding)[::-1]
    assert paid
    rows = [
        row
        for page in paged(desk, "positionFunding", "position_fundings", token, limit=1)
        for row in page
    ]
    assert [micros(row["change"]) for row in rows] == [one.amount for one in paid]
    assert [Decimal(row["rate"]) * MICROS for row in rows] == [one.rate for one in paid]
    assert {row["position_side"] for row in rows} <= {"long", "short"}
    (row,) = desk.get("account", by="index", value=INDEX, active_only="true")["accounts"]
    for one in row["positions"]:
        funding = account.positions[one["symbol"]].funding
        assert micros(one.get("total_funding_paid_out", "0")) == -funding
    sides = {"side": "short", "market_ids": "0,1,2", "limit": 100}
    shorts = desk.get("positionFunding", token, **OWN, **sides)["position_fundings"] or []
    assert len(shorts) == sum(one.side == SELL for one in paid)


def test_the_profit_chart_ends_with_the_equity(desk: Desk, token: str, account: Account) -> None:
    margin = desk.exchange.trading.margin(account)
    asked = {
        "by": "index",
        "value": INDEX,
        "resolution": "1m",
        "start_timestamp": desk.exchange.now_ms - 120_000,
        "end_timestamp": desk.exchange.now_ms + 60_000,
        "count_back": 0,
    }
    rows = desk.get("pnl", token, **asked)["pnl"]
    assert [row["timestamp"] % 60 for row in rows] == [0] * len(rows)
    assert rows[-1]["trade_pnl"] == (margin.equity - account.deposited) / MICROS
    assert [row["volume"] for row in rows] == sorted(row["volume"] for row in rows)
    assert desk.refused("pnl", token, **{**asked, "value": 7_002})[1] == "20001"
    assert desk.refused("pnl", token, **{**asked, "count_back": 501})[1] == "20001"


def test_points_are_numbers_without_a_code(desk: Desk, token: str) -> None:
    body = desk.get("referral/points", token, **OWN)
    assert "code" not in body
    assert body["user_total_points"] == 112.5
    assert body["user_last_week_points"] == 2.25
