"""Sums over accounts: exact, whole, and honest about what nobody says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.cache.portfolio import Holding, Portfolio, number, portfolio
from actors.messages.account import AccountSnapshot, Balance, Position
from actors.messages.market import Instrument


def figures(name: str = "1", venue: str = "extended", **more: Any) -> AccountSnapshot:
    told = {
        "equity": "1000.10",
        "wallet_balance": "990",
        "free": "900.05",
        "margin_used": "100.05",
        "unrealized_pnl": "10.10",
        "settle_usd": "1",
    }
    return AccountSnapshot(
        venue=venue, account=name, received_ns=1, via="polling", **{**told, **more}
    )


def position(name: str = "1", symbol: str = "BTC-USD", **more: Any) -> Position:
    told = {
        "venue": "extended",
        "side": "long",
        "quantity": "0.5",
        "mark_price": "84000",
        "notional": "42000.01",
        "realized_pnl": "-1.5",
        "product": "linear",
    }
    return Position(
        account=name,
        position_id=symbol,
        symbol=symbol,
        received_ns=1,
        via="polling",
        **{**told, **more},
    )


def instrument(symbol: str, base: str, venue: str = "extended", **more: Any) -> Instrument:
    return Instrument(
        venue=venue,
        product="linear",
        symbol=symbol,
        base=base,
        quote="USD",
        settle="USD",
        unified=f"{base}/USDC:USDC",
        tick_size="1",
        lot_size="0.001",
        **more,
    )


KNOWN = {
    (each.venue, each.product, each.symbol): each
    for each in (
        instrument("BTC-USD", "BTC"),
        instrument("BTCUSDT", "BTC", "other", contract_size="0.001"),
        instrument("ETH-USD", "ETH"),
    )
}


def of(*holdings: Holding) -> Portfolio:
    return portfolio(holdings, KNOWN)


def test_nothing_is_zero_and_not_unknown() -> None:
    empty = of()
    assert empty.usd.equity == "0"
    assert empty.usd.margin_used_percent is None
    assert (empty.settles, empty.exposures, empty.accounts, empty.unpriced) == ([], [], [], [])


def test_accounts_add_up_to_the_last_digit() -> None:
    found = of(
        Holding(figures("1", equity="0.1"), []),
        Holding(figures("2", equity="0.2"), []),
        Holding(figures("3", equity="100000000000000000000.000000000000000001"), []),
    )
    assert found.usd.equity == "100000000000000000000.300000000000000001"
    assert [(each.settle, each.accounts) for each in found.settles] == [("USD", 3)]
    assert found.settles[0].equity == found.settles[0].equity_usd == found.usd.equity
    assert found.usd.unrealized_pnl == "30.30"
    assert found.usd.margin_used == "300.15"


def test_other_assets_are_not_counted_twice() -> None:
    shares = (Balance(asset="XVS", total="500", value_usd="500"),)
    assert of(Holding(figures(balances=shares), [])).usd.equity == "1000.10"


def test_long_and_short_of_one_base_meet_over_venues() -> None:
    other = position(
        venue="other", symbol="BTCUSDT", side="short", quantity="200", notional="16800"
    )
    found = of(
        Holding(figures("1"), [position()]),
        Holding(figures("1", "other"), [other]),
        Holding(figures("2"), [position("2", "ETH-USD", quantity="3", notional="9000")]),
    )
    btc, eth = found.exposures
    assert (btc.base, btc.venues, btc.positions) == ("BTC", ["extended", "other"], 2)
    assert Decimal(btc.long_quantity) == Decimal("0.5")
    assert Decimal(btc.short_quantity) == Decimal("0.2")
    assert Decimal(btc.net_quantity) == Decimal("0.3")
    assert Decimal(btc.gross_quantity) == Decimal("0.7")
    assert btc.net_notional_usd == "25200.01"
    assert btc.gross_notional_usd == "58800.01"
    assert (eth.base, eth.net_notional_usd, eth.short_quantity) == ("ETH", "9000", "0")
    assert found.usd.net_notional == "34200.01"
    assert found.usd.gross_notional == "67800.01"
    assert found.usd.realized_pnl == "-4.5"


def test_the_venue_s_own_notional_counts_else_size_at_its_mark_price() -> None:
    told = of(Holding(figures(), [position(notional="7")]))
    assert told.usd.gross_notional == "7"
    made = of(Holding(figures(), [position(notional=None, quantity="0.25")]))
    assert Decimal(made.usd.gross_notional or "") == 21_000


def test_an_asset_without_a_price_stands_apart_and_is_named() -> None:
    coin = figures("7", settle="BTC", settle_usd=None, equity="2.5")
    found = of(Holding(figures("1"), []), Holding(coin, [position("7", notional="3")]))
    assert found.usd.equity == "1000.10"
    assert [(each.settle, each.equity, each.accounts) for each in found.unpriced] == [
        ("BTC", "2.5", ["extended:7"])
    ]
    bitcoin = next(each for each in found.settles if each.settle == "BTC")
    assert (bitcoin.equity, bitcoin.equity_usd, bitcoin.price_usd) == ("2.5", None, None)
    (btc,) = found.exposures
    assert (btc.net_quantity, btc.net_notional_usd) == ("0.5", "0")
    assert btc.unvalued == ["extended:7:BTC-USD"]


def test_one_name_with_two_prices_is_two_sums() -> None:
    found = of(
        Holding(figures("1", settle="EUR", settle_usd="1.1", equity="10"), []),
        Holding(figures("1", "other", settle="EUR", settle_usd="1.2", equity="10"), []),
    )
    assert [(each.price_usd, each.equity_usd) for each in found.settles] == [
        ("1.1", "11.0"),
        ("1.2", "12.0"),
    ]
    assert found.usd.equity == "23.0"


def test_what_an_account_does_not_say_is_named_and_counts_as_nothing() -> None:
    silent = figures("2", margin_used=None, unrealized_pnl="n/a")
    shown = position("2", notional=None, mark_price=None, realized_pnl=None)
    found = of(Holding(figures("1"), []), Holding(silent, [shown]))
    assert found.usd.margin_used == "100.05"
    assert found.accounts[0].unsaid == []
    assert found.accounts[1].unsaid == [
        "margin_used",
        "unrealized_pnl",
        "realized_pnl",
        "notional",
    ]
    assert found.accounts[1].margin_used is None
    assert found.exposures[0].unvalued == ["extended:2:BTC-USD"]


def test_a_position_whose_instrument_is_not_known_meets_no_other_by_its_name() -> None:
    # Another venue's symbol is what this one's base asset is called.
    stranger = position("1", "BTC", venue="lighter", quantity="2", notional="168000")
    found = of(Holding(figures(), [position()]), Holding(figures("1", "lighter"), [stranger]))
    btc, unknown = found.exposures
    assert (btc.base, btc.net_quantity, btc.unlisted) == ("BTC", "0.5", [])
    assert (unknown.base, unknown.net_quantity) == ("lighter:BTC", "2")
    assert unknown.unlisted == ["lighter:1:BTC"]
    # Once its venue has told its list, it is bitcoin.
    told = {("lighter", "linear", "BTC"): instrument("BTC", "BTC", "lighter")}
    (both,) = portfolio(
        [Holding(figures(), [position()]), Holding(figures("1", "lighter"), [stranger])],
        KNOWN | told,
    ).exposures
    assert (both.net_quantity, both.venues, both.unlisted) == ("2.5", ["extended", "lighter"], [])


def test_dollars_and_coins_of_a_dollar_are_two_sums_and_one_in_usd() -> None:
    coins = figures("1", "lighter", settle="USDC", settle_usd="1", equity="0.000001")
    doubted = figures("2", "lighter", settle="USDC", settle_usd=None, equity="5")
    found = of(Holding(figures(), []), Holding(coins, []), Holding(doubted, []))
    assert [(each.settle, each.price_usd, each.equity) for each in found.settles] == [
        ("USD", "1", "1000.10"),
        ("USDC", None, "5"),
        ("USDC", "1", "0.000001"),
    ]
    assert found.usd.equity == "1000.100001"
    assert [(each.settle, each.accounts) for each in found.unpriced] == [("USDC", ["lighter:2"])]


def test_the_margin_ratio_is_the_venue_s_own() -> None:
    found = of(Holding(figures("1", margin_ratio="0.25"), []), Holding(figures("2"), []))
    assert [each.margin_ratio for each in found.accounts] == ["0.25", None]


def test_inverse_contracts_have_no_exact_quantity() -> None:
    (btc,) = of(Holding(figures(), [position(product="inverse", symbol="BTC-PERP")])).exposures
    assert (btc.long_quantity, btc.long_notional_usd) == ("0", "42000.01")
    assert btc.unvalued == ["extended:1:BTC-PERP"]


@pytest.mark.parametrize(
    ("margin", "equity", "percent"),
    [("1", "3", 33.33), ("0", "3", 0.0), ("1", "0", None), ("1", "-3", None), (None, "3", None)],
)
def test_the_share_of_margin_in_use(margin: str | None, equity: str, percent: float | None) -> None:
    (row,) = of(Holding(figures(margin_used=margin, equity=equity), [])).accounts
    assert row.margin_used_percent == percent


@pytest.mark.parametrize(
    "text", [None, "", "abc", "NaN", "Infinity", "1e999", "0e999", "1e-999", "9" * 65, "٣e"]
)
def test_what_is_no_amount(text: str | None) -> None:
    assert number(text) is None


def test_no_amount_is_ever_a_float() -> None:
    found = of(Holding(figures(), [position()]))
    plain = msgspec.json.decode(msgspec.json.encode(found))

    def floats(node: Any, path: str) -> list[str]:
        if isinstance(node, dict):
            return [hit for name, value in node.items() for hit in floats(value, name)]
        if isinstance(node, list):
            return [hit for value in node for hit in floats(value, path)]
        return [path] if isinstance(node, float) else []

    assert set(floats(plain, "")) == {"margin_used_percent"}
