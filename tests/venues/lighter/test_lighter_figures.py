"""The account's figures out of two lanes: the same at rest, moved by what the stream tells."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from lighter_account_frames import ETHER, FLAT, POSITION, ROW, STATS, USDC
from lighter_frames import NOW_NS

from actors.messages.account import AccountSnapshot
from actors.venues.lighter import wire_account as wire
from actors.venues.lighter.figures import AccountFigures

VENUE_NS = NOW_NS - 5_000_000


def account(**changes: object) -> wire.Account:
    return msgspec.convert(ROW | changes, wire.Account)


def stats(**changes: object) -> wire.Stats:
    return msgspec.convert(STATS | changes, wire.Stats)


def position(**changes: object) -> wire.Position:
    return msgspec.convert(POSITION | changes, wire.Position)


def asset(row: dict[str, object], **changes: object) -> wire.Asset:
    return msgspec.convert(row | changes, wire.Asset)


def told_by_rest(figures: AccountFigures, **changes: object) -> AccountSnapshot:
    return figures.told(account(**changes), NOW_NS, "polling")


def undated(snapshot: AccountSnapshot | None) -> AccountSnapshot:
    assert snapshot is not None
    return msgspec.structs.replace(snapshot, via="", venue_time_ns=0, received_ns=0)


def test_the_stream_alone_tells_too_little() -> None:
    figures = AccountFigures("1")
    assert figures.heard_money(stats(), VENUE_NS, NOW_NS, "websocket") is None
    assert figures.heard_assets([asset(USDC)], VENUE_NS, NOW_NS, "websocket") is None


def test_at_rest_both_lanes_say_the_same() -> None:
    figures = AccountFigures("1")
    rest = told_by_rest(figures)
    heard = figures.heard_money(stats(), VENUE_NS, NOW_NS, "websocket")
    assert undated(heard) == undated(rest)
    assert heard is not None
    assert (heard.via, heard.venue_time_ns) == ("websocket", VENUE_NS)
    again = figures.heard_assets([asset(USDC), asset(ETHER)], VENUE_NS, NOW_NS, "websocket")
    assert undated(again) == undated(rest)


def test_at_rest_the_noise_of_a_float_moves_nothing_but_itself() -> None:
    figures = AccountFigures("1")
    rest = told_by_rest(figures, total_asset_value="1075.500000000002")
    heard = figures.heard_money(stats(), VENUE_NS, NOW_NS, "websocket")
    assert undated(heard) == msgspec.structs.replace(undated(rest), equity="1075.500000")


def test_a_price_moves_profit_and_leaves_the_margin() -> None:
    figures = AccountFigures("1")
    told_by_rest(figures)
    heard = figures.heard_money(
        stats(portfolio_value="1085.500000", available_balance="909.242500"),
        VENUE_NS,
        NOW_NS,
        "websocket",
    )
    assert heard is not None
    assert (heard.equity, heard.unrealized_pnl) == ("1085.500000", "85.000000")
    assert (heard.margin_used, heard.free) == ("176.257500", "909.242500")
    assert heard.margin_ratio == "0.099079"


def test_a_closed_position_moves_profit_into_the_wallet_and_frees_margin() -> None:
    figures = AccountFigures("1")
    told_by_rest(figures)
    figures.heard_positions([position(position="0.0000", position_value="0.000000")])
    heard = figures.heard_money(
        stats(collateral="1075.500000", available_balance="1075.500000"),
        VENUE_NS,
        NOW_NS,
        "websocket",
    )
    assert heard is not None
    assert (heard.wallet_balance, heard.unrealized_pnl) == ("1075.500000", "0.000000")
    assert (heard.margin_used, heard.exposure, heard.leverage) == ("0.000000", "0", "0")


def test_assets_are_merged_by_their_number() -> None:
    figures = AccountFigures("1")
    told_by_rest(figures)
    more = asset(ETHER, balance="3.00000000")
    heard = figures.heard_assets([more], VENUE_NS, NOW_NS, "websocket")
    assert heard is not None
    assert [(each.asset, each.total) for each in heard.balances] == [
        ("ETH", "3.00000000"),
        ("USDC", "1010.500000"),
    ]


def test_rest_replaces_all_that_was_heard() -> None:
    figures = AccountFigures("1")
    told_by_rest(figures)
    figures.heard_positions([position(market_id=1, position_value="999.000000")])
    figures.heard_assets([asset(ETHER, asset_id=9, symbol="LDO")], VENUE_NS, NOW_NS, "websocket")
    figures.heard_money(stats(collateral="1.000000"), VENUE_NS, NOW_NS, "websocket")
    assert told_by_rest(figures) == told_by_rest(AccountFigures("1"))


def test_flat_rows_are_no_exposure() -> None:
    flat = FLAT | {"position_value": "5.000000"}
    snapshot = told_by_rest(AccountFigures("1"), positions=[POSITION, flat])
    assert snapshot.exposure == "3525.150000"


money = st.decimals(-(10**9), 10**9, places=6, allow_nan=False).map(lambda d: format(d, "f"))


@given(money, money, money, money)
def test_what_comes_back_is_what_was(equity: str, free: str, collateral: str, other: str) -> None:
    figures = AccountFigures("1")
    rest = told_by_rest(
        figures, total_asset_value=equity, available_balance=free, collateral=collateral
    )
    moved = stats(portfolio_value=other, available_balance=free, collateral=collateral)
    back = stats(portfolio_value=equity, available_balance=free, collateral=collateral)
    figures.heard_money(moved, 0, NOW_NS, "websocket")
    assert undated(figures.heard_money(back, 0, NOW_NS, "websocket")) == undated(rest)
