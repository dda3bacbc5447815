"""Rows of the simulated Lighter: each word and unit of the venue, from objects made by hand."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lighter_desk import START_NS, lighter_world

from actors.errors import ConfigFault
from actors.simulator.accounts import Account, fee_of
from actors.simulator.dialects.lighter_market_rows import (
    RESOLUTIONS,
    candle_row,
    market_row,
    stats_row,
    ticker_row,
)
from actors.simulator.dialects.lighter_markets import (
    DEFAULT_MARKETS,
    LighterMarkets,
    lighter_spec,
)
from actors.simulator.dialects.lighter_order_ids import HOUSE_ACCOUNT, SidedIds, house_order
from actors.simulator.dialects.lighter_rows import (
    asset_rows,
    order_row,
    own_trade_row,
    position_row,
    price_text,
    size_text,
    trade_row,
    user_stats_row,
)
from actors.simulator.exchange import Exchange
from actors.simulator.history import INTERVALS_MS, Candle
from actors.simulator.matching import BUY, SELL
from actors.simulator.orders import (
    CANCELLED,
    EXPIRED,
    FILLED,
    NEW,
    PARTIALLY_FILLED,
    REJECTED,
    TRIGGERED,
    UNTRIGGERED,
    Order,
    OrderRequest,
    Party,
    Print,
    Trigger,
)

ETH = lighter_spec("ETH")
NOW_MS = START_NS // 10**6
MICROS = 1_000_000


def an_order(**change: Any) -> Order:
    fields: dict[str, Any] = {
        "order_id": 2**48 + 77,
        "external_id": "sim-1",
        "account": 7_001,
        "market": "ETH",
        "type": "LIMIT",
        "side": SELL,
        "status": NEW,
        "price": 3_875,
        "lots": 10,
        "unit": ETH.micros_per_unit,
        "created_ms": NOW_MS,
        "updated_ms": NOW_MS + 345,
        "expire_ms": NOW_MS + 60_000,
    }
    return Order(**{**fields, **change})


@pytest.mark.parametrize("name", [*DEFAULT_MARKETS, "DOGE"])
def test_a_market_has_six_decimals_in_all_and_its_own_spelling(name: str) -> None:
    spec = lighter_spec(name)
    assert spec.asset == name
    assert spec.price_decimals + spec.size_decimals == 6
    assert Decimal(price_text(spec, 7)) == 7 * spec.tick
    assert Decimal(size_text(spec, 7)) == 7 * spec.lot
    assert len(price_text(spec, 7).partition(".")[2]) == spec.price_decimals


@pytest.mark.parametrize("name", ["ETH-USD", "eth", "", "ETH/USDC"])
def test_other_spellings_are_no_markets(name: str) -> None:
    with pytest.raises(ConfigFault):
        lighter_spec(name)


@given(st.sampled_from([*DEFAULT_MARKETS, "DOGE"]), st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_fee_on_the_wire_is_the_ledgers_to_the_last_digit(
    name: str, lots: int, ticks: int
) -> None:
    spec = lighter_spec(name)
    trade = Print(1, name, BUY, ticks, lots, NOW_MS, maker=Party(), taker=Party())
    row = trade_row(trade, spec, 0)
    fee = fee_of(lots * ticks * spec.micros_per_unit, is_taker=True)
    assert Decimal(row["usd_amount"]) * row["taker_fee"] == fee
    assert Decimal(row["usd_amount"]) == Decimal(row["price"]) * Decimal(row["size"])
    assert "maker_fee" not in row, "zero is left out"


def test_market_ids_are_the_venues_own() -> None:
    exchange = lighter_world(0, markets=("DOGE", "SOL", "ETH", "PEPE"), warm_up_s=0.1)
    markets = LighterMarkets(exchange.markets)
    assert [(number, one.name) for number, one in markets.all()] == [
        (0, "ETH"),
        (2, "SOL"),
        (3, "DOGE"),
        (4, "PEPE"),
    ]
    assert markets.named(1) is None
    doge = markets.named(3)
    assert doge is not None
    assert markets.id_of(doge.name) == 3


def test_ids_of_asks_and_bids_never_meet() -> None:
    ids = SidedIds()
    asks = [ids.order(NOW_MS + at // 500, SELL) for at in range(1_000)]
    bids = [ids.order(NOW_MS + at // 500, BUY) for at in range(1_000)]
    assert asks == sorted(set(asks))
    assert bids == sorted(set(bids), reverse=True)
    assert all(2**48 < one < 2**48 + 2**47 for one in asks)
    assert all(2**49 - 2**47 < one < 2**49 for one in bids)
    house = {
        house_order(order_id, ids.next(NOW_MS), side)
        for order_id in (0, -1, -9)
        for side in (BUY, SELL)
    }
    assert len(house) == 6
    assert not house & {*asks, *bids}
    later = SidedIds().order(NOW_MS + 60_000, SELL)
    assert later > asks[-1], "a venue that starts again does not name anew what it named before"


@pytest.mark.parametrize(
    ("status", "reason", "word"),
    [
        (NEW, "NONE", "open"),
        (PARTIALLY_FILLED, "NONE", "open"),
        (TRIGGERED, "NONE", "open"),
        (UNTRIGGERED, "NONE", "pending"),
        (FILLED, "NONE", "filled"),
        (EXPIRED, "NONE", "canceled-expired"),
        (CANCELLED, "NONE", "canceled"),
        (CANCELLED, "ORDER_REPLACED", "canceled"),
        (CANCELLED, "NO_LIQUIDITY", "canceled-not-enough-liquidity"),
        (CANCELLED, "SELF_TRADE_PROTECTION", "canceled-self-trade"),
        (CANCELLED, "REDUCE_ONLY_FAILED", "canceled-reduce-only"),
        (REJECTED, "REDUCE_ONLY_FAILED", "canceled-reduce-only"),
        (REJECTED, "POST_ONLY_FAILED", "canceled-post-only"),
    ],
)
def test_states_of_an_order(status: str, reason: str, word: str) -> None:
    row = order_row(an_order(status=status, reason=reason), ETH, 0)
    assert row["status"] == word
    assert row["trigger_status"] == ("mark-price" if word == "pending" else "na")
    ended = word.startswith(("canceled", "filled"))
    assert row["remaining_base_amount"] == ("0.0000" if ended else "0.0500")


@pytest.mark.parametrize(
    ("change", "kind", "time_in_force"),
    [
        ({}, "limit", "good-till-time"),
        ({"post_only": True}, "limit", "post-only"),
        ({"type": "MARKET", "time_in_force": "IOC"}, "market", "immediate-or-cancel"),
        ({"time_in_force": "FOK"}, "limit", "immediate-or-cancel"),
        (
            {"trigger": Trigger(3_800, "LAST", upwards=False), "time_in_force": "IOC"},
            "stop-loss",
            "immediate-or-cancel",
        ),
        ({"trigger": Trigger(3_800, "LAST", upwards=False)}, "stop-loss-limit", "good-till-time"),
        ({"trigger": Trigger(3_900, "MARK", upwards=True)}, "take-profit-limit", "good-till-time"),
        (
            {"trigger": Trigger(3_900, "LAST", upwards=True), "side": BUY},
            "stop-loss-limit",
            "good-till-time",
        ),
    ],
)
def test_kinds_of_an_order(change: dict[str, Any], kind: str, time_in_force: str) -> None:
    row = order_row(an_order(**change), ETH, 0)
    assert (row["type"], row["time_in_force"]) == (kind, time_in_force)
    assert row["order_expiry"] == (0 if time_in_force.startswith("imm") else NOW_MS + 60_000)


def test_an_order_in_all_its_units() -> None:
    order = an_order(filled=4, spent=4 * 3_875 * ETH.micros_per_unit, external_id="42")
    row = order_row(order, ETH, 5)
    assert row["market_index"] == 5
    assert row["order_id"] == str(row["order_index"]) == str(2**48 + 77)
    assert (row["client_order_index"], row["client_order_id"]) == (42, "42")
    assert row["is_ask"] is True
    assert row["side"] == ""
    assert (row["price"], row["base_price"]) == ("3100.00", 310_000)
    assert (row["initial_base_amount"], row["base_size"]) == ("0.0500", 500)
    assert (row["filled_base_amount"], row["filled_quote_amount"]) == ("0.0200", "62.000000")
    assert row["remaining_base_amount"] == "0.0300"
    assert row["trigger_price"] == "0.00"
    assert row["created_at"] == row["timestamp"] == NOW_MS // 1_000
    assert row["transaction_time"] == (NOW_MS + 345) * 1_000
    assert order_row(an_order(), ETH, 5)["client_order_index"] == 0


@pytest.fixture
def world() -> tuple[Exchange, Account, Account]:
    """Two accounts that do nothing by themselves."""
    exchange = lighter_world(2, scripted=False, warm_up_s=5)
    first, second = exchange.accounts.values()
    return exchange, first, second


def test_a_trade_between_two_accounts_is_one_trade(
    world: tuple[Exchange, Account, Account],
) -> None:
    exchange, maker, taker = world
    best = exchange.markets["ETH"].book.best(BUY)
    assert best is not None
    resting = exchange.place(
        maker,
        OrderRequest(
            market="ETH", side=BUY, lots=6, price=best + 1, post_only=True, external_id="9001"
        ),
    )
    taking = exchange.place(
        taker, OrderRequest(market="ETH", side=SELL, lots=4, price=best + 1, time_in_force="IOC")
    )
    made = exchange.ledger.accounts[maker.account_id].fills[-1]
    took = exchange.ledger.accounts[taker.account_id].fills[-1]
    printed = exchange.ledger.prints["ETH"][-1]
    assert made.trade is took.trade is printed
    assert made.fill_id == took.fill_id == printed.trade_id
    row = trade_row(printed, ETH, 0)
    assert row["is_maker_ask"] is False
    assert (row["bid_id"], row["ask_id"]) == (resting.order_id, taking.order_id)
    assert (row["bid_account_id"], row["ask_account_id"]) == (maker.account_id, taker.account_id)
    assert (row["bid_client_id"], row["ask_client_id"]) == (9_001, 0)
    assert row["bid_client_id_str"] == "9001"
    assert row["size"] == "0.0200"
    assert row["taker_position_size_before"] == "0.0000"
    assert row["taker_initial_margin_fraction_before"] == 1_000
    assert row["taker_position_sign_changed"] is True
    assert not {"bid_account_pnl", "ask_account_pnl"} & set(row)
    assert own_trade_row(made, ETH, 0) == {**row, "bid_account_pnl": "0.000000"}
    assert own_trade_row(took, ETH, 0) == {**row, "ask_account_pnl": "0.000000"}


def test_an_order_that_shrinks_with_its_position_has_a_new_version(
    world: tuple[Exchange, Account, Account],
) -> None:
    exchange, account, _ = world
    ask = exchange.markets["ETH"].book.best(SELL)
    assert ask is not None

    def take(side: int, lots: int) -> None:
        order = OrderRequest(market="ETH", side=side, lots=lots, type="MARKET", time_in_force="IOC")
        assert exchange.place(account, order).status == FILLED

    take(BUY, 10)
    reducing = exchange.place(
        account,
        OrderRequest(market="ETH", side=SELL, lots=10, price=ask + 40, reduce_only=True),
    )
    assert "order_version" not in order_row(reducing, ETH, 0)
    take(SELL, 4)
    row = order_row(reducing, ETH, 0)
    assert (row["initial_base_amount"], row["order_version"]) == ("0.0300", 1)


def test_the_house_tells_nothing_of_itself(world: tuple[Exchange, Account, Account]) -> None:
    exchange, account, _ = world
    exchange.place(
        account,
        OrderRequest(market="BTC", side=BUY, lots=3, type="MARKET", time_in_force="IOC"),
    )
    fill = exchange.ledger.accounts[account.account_id].fills[-1]
    row = own_trade_row(fill, exchange.markets["BTC"].spec, 1)
    assert row["is_maker_ask"] is True
    assert row["ask_account_id"] == HOUSE_ACCOUNT
    assert 2**48 < row["ask_id"] < 2**48 + 2**47
    assert row["taker_position_size_before"] == "0.00000"
    assert "maker_position_size_before" not in row


def test_profit_of_trades_adds_up_to_the_positions(
    world: tuple[Exchange, Account, Account],
) -> None:
    """Part by part, through zero and back: the rows' profit is what the ledger realised."""
    exchange, account, _ = world
    begun = len(exchange.ledger.accounts[account.account_id].fills)
    for side, lots in ((BUY, 12), (SELL, 5), (SELL, 15), (BUY, 3), (BUY, 9), (SELL, 4)):
        exchange.place(
            account,
            OrderRequest(market="SOL", side=side, lots=lots, type="MARKET", time_in_force="IOC"),
        )
        exchange.step(exchange.now_ms * 10**6 + 3 * 10**9)
    ledger = exchange.ledger.accounts[account.account_id]
    fills = list(ledger.fills)[begun:]
    spec = exchange.markets["SOL"].spec
    realised = sum(
        Decimal(own_trade_row(one, spec, 2)[f"{'bid' if one.side == BUY else 'ask'}_account_pnl"])
        for one in fills
    )
    positions = [
        one
        for one in ledger.positions
        if one.spec is spec and one.created_ms >= fills[0].created_ms
    ]
    assert realised * MICROS == sum(one.trade_pnl for one in positions)
    held = 0
    for one in fills:
        role = "taker" if one.is_taker else "maker"
        row = own_trade_row(one, spec, 2)
        assert Decimal(row[f"{role}_position_size_before"]) == held * spec.lot
        after = held + one.side * one.lots
        changed = (held > 0) - (held < 0) != (after > 0) - (after < 0)
        assert row.get(f"{role}_position_sign_changed", False) is changed
        held = after


def test_figures_of_an_account_agree_with_each_other(
    world: tuple[Exchange, Account, Account],
) -> None:
    exchange, account, _ = world
    exchange.place(
        account,
        OrderRequest(market="ETH", side=SELL, lots=40, type="MARKET", time_in_force="IOC"),
    )
    margin = exchange.trading.margin(account)
    stats = user_stats_row(margin)
    assert stats["cross_stats"] == stats["total_stats"]
    assert Decimal(stats["portfolio_value"]) * MICROS == margin.equity
    assert Decimal(stats["collateral"]) * MICROS == margin.balance
    assert Decimal(stats["available_balance"]) * MICROS == margin.available
    (usdc,) = asset_rows(account).values()
    assert usdc["margin_balance"] == stats["collateral"]
    market = exchange.markets["ETH"]
    row = position_row(account.positions["ETH"], account, market, 0, margin)
    assert (row["sign"], row["position"]) == (-1, "0.2000")
    assert Decimal(row["position_value"]) * MICROS == margin.exposure
    assert Decimal(row["unrealized_pnl"]) * MICROS == margin.unrealised
    cost = Decimal(abs(account.positions["ETH"].cost)) / MICROS
    assert abs(Decimal(row["avg_entry_price"]) - cost / Decimal("0.2")) <= Decimal("0.005")


def test_statistics_are_in_percent_and_usd(world: tuple[Exchange, Account, Account]) -> None:
    exchange, *_ = world
    market = exchange.markets["BTC"]
    market.tape.funding_rate = -28
    row = stats_row(market, 1, exchange.now_ms)
    assert row["current_funding_rate"] == "-0.0028", "28 millionths an hour in percent"
    assert row["funding_timestamp"] % 3_600_000 == 0
    assert 0 <= exchange.now_ms - row["funding_timestamp"] < 7_200_000
    assert isinstance(row["daily_base_token_volume"], float)
    details = market_row(market, 1, 5, exchange.now_ms)
    assert details["open_interest"] * market.tape.last * 20 == pytest.approx(
        float(row["open_interest"])
    )
    assert details["daily_price_low"] <= details["last_trade_price"] <= details["daily_price_high"]
    assert details["min_initial_margin_fraction"] == 200


def test_a_top_without_orders_has_empty_texts(world: tuple[Exchange, Account, Account]) -> None:
    exchange, *_ = world
    market = exchange.markets["ETH"]
    top = ticker_row(market, 5)
    assert Decimal(top["b"]["price"]) < Decimal(top["a"]["price"])
    market.feed.top = (None, (3_875, 2))
    assert ticker_row(market, 5) == {
        "s": "ETH",
        "a": {"price": "3100.00", "size": "0.0100"},
        "b": {"price": "", "size": ""},
        "last_updated_at": 5,
    }


def test_fields_of_a_candle_that_are_zero_are_left_out() -> None:
    start_ms = NOW_MS // 60_000 * 60_000
    quiet = candle_row(ETH, Candle(start_ms, 3_875, 3_876, 3_874, 3_875, 0), "PT1M", [])
    assert set(quiet) == {"t", "o", "h", "l", "c", "i"}
    assert (quiet["h"], quiet["l"]) == (3100.8, 3099.2)
    trades = [
        Print(at, "ETH", BUY, 3_875, 1, start_ms + at * 20_000, maker=Party(), taker=Party())
        for at in range(5)
    ]
    lively = candle_row(ETH, Candle(start_ms, 3_875, 3_875, 3_875, 3_875, 5), "PT1M", trades)
    assert (lively["v"], lively["V"]) == (0.025, 77.5)
    assert lively["i"] == 2, "the newest trade of this minute"


def test_each_resolution_is_a_length_that_the_tape_knows() -> None:
    lengths = [INTERVALS_MS[own] for own in RESOLUTIONS.values()]
    assert all(shorter < longer for shorter, longer in itertools.pairwise(lengths))
