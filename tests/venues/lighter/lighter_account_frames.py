"""Small private frames and answers in Lighter's shapes, with values of our own."""

from __future__ import annotations

import json
from typing import Any

from lighter_frames import BASE, NOW_NS, URL

from actors.messages.market import Instrument, InstrumentList
from actors.venues.lighter.account_session import CHANNELS, AccountSession
from actors.venues.lighter.credentials import SignedTokens
from actors.venues.lighter.figures import AccountFigures
from actors.venues.lighter.markets import Markets
from actors.venues.lighter.requests import Requests

ACCOUNT = "1"
INDEX = 4321
OWNER = "0x00000000000000000000000000000000000000aa"
SECONDS = NOW_NS // 1_000_000_000
NAMES = [f"{name}/{INDEX}" for name in CHANNELS]

POSITION = {
    "market_id": 0,
    "symbol": "ETH",
    "initial_margin_fraction": "5.00",
    "open_order_count": 1,
    "sign": -1,
    "position": "1.5000",
    "avg_entry_price": "2400.10",
    "position_value": "3525.150000",
    "unrealized_pnl": "75.000000",
    "realized_pnl": "2.500000",
    "liquidation_price": "3100.5",
    "margin_mode": 0,
    "allocated_margin": "0.000000",
}
FLAT = POSITION | {"market_id": 1, "symbol": "BTC", "position": "0.00000", "sign": 1}
USDC = {
    "symbol": "USDC",
    "asset_id": 3,
    "balance": "10.000000",
    "locked_balance": "4.000000",
    "margin_balance": "1000.500000",
}
ETHER = {"symbol": "ETH", "asset_id": 1, "balance": "2.50000000", "locked_balance": "0.50000000"}
ROW = {
    "code": 0,
    "index": INDEX,
    "l1_address": OWNER,
    "collateral": "1000.500000",
    "available_balance": "899.242500",
    "total_asset_value": "1075.500000",
    "cross_asset_value": "1075.500000",
    "cross_initial_margin_requirement": "176.257500",
    "cross_maintenance_margin_requirement": "107.550000",
    "positions": [POSITION, FLAT],
    "assets": [USDC, ETHER],
}
ORDER = {
    "order_index": 281476929510110,
    "client_order_index": 42,
    "order_id": "281476929510110",
    "client_order_id": "42",
    "market_index": 0,
    "owner_account_index": INDEX,
    "initial_base_amount": "0.0050",
    "price": "2352.74",
    "nonce": 9182390020,
    "remaining_base_amount": "0.0030",
    "is_ask": True,
    "filled_base_amount": "0.0020",
    "filled_quote_amount": "4.705480",
    "side": "",
    "type": "stop-loss-limit",
    "time_in_force": "good-till-time",
    "reduce_only": True,
    "trigger_price": "2300.00",
    "status": "open",
    "created_at": SECONDS - 60,
    "updated_at": SECONDS,
    "order_version": 3,
    "market_kind": "perps",
}
TRADE = {
    "trade_id": 19209006902,
    "type": "trade",
    "market_id": 0,
    "size": "0.1336",
    "price": "2352.73",
    "usd_amount": "314.324728",
    "ask_id": 281476929510102,
    "bid_id": 562947905631053,
    "ask_client_id": 0,
    "bid_client_id": 7001,
    "ask_account_id": 91249,
    "bid_account_id": INDEX,
    "is_maker_ask": True,
    "timestamp": NOW_NS // 1_000_000,
    "taker_fee": 196,
    "maker_fee": 28,
    "transaction_time": NOW_NS // 1_000,
}
PAYMENT = {
    "timestamp": SECONDS,
    "market_id": 0,
    "funding_id": 1232541,
    "change": "-0.000212",
    "discount": "0.000000",
    "rate": "0.000012",
    "position_size": "0.0100",
    "position_side": "long",
}
STATS = {
    "collateral": "1000.500000",
    "portfolio_value": "1075.500000",
    "available_balance": "899.242500",
    "leverage": "3.28",
    "margin_usage": "16.39",
    "buying_power": "0",
}


def instrument(number: int, symbol: str, product: str = "linear") -> Instrument:
    return Instrument(
        venue="lighter",
        product=product,
        symbol=symbol,
        base=symbol.partition("/")[0],
        quote="USDC",
        settle="USDC",
        unified=f"{symbol}/USDC:USDC",
        tick_size="0.01",
        lot_size="0.0001",
        venue_id=str(number),
    )


def listed() -> InstrumentList:
    items = (instrument(0, "ETH"), instrument(1, "BTC"), instrument(2048, "ETH/USDC", "spot"))
    return InstrumentList(venue="lighter", items=items, received_ns=NOW_NS)


def known_markets() -> Markets:
    markets = Markets()
    markets.learn(listed())
    return markets


class Signer:
    """Counts what it signs; `now_ns` is the venue's time, as the tokens' owner knows it."""

    def __init__(self) -> None:
        self.now_ns = NOW_NS
        self.count = 0

    def sign(self, deadline_s: int) -> str:
        self.count += 1
        return f"{deadline_s}:{INDEX}:4:{self.count}"

    def tokens(self) -> SignedTokens:
        return SignedTokens(INDEX, self.sign, lambda: self.now_ns)


def account_requests(signer: Signer | None = None, **more: Any) -> Requests:
    tokens = (signer or Signer()).tokens()
    return Requests(BASE, ACCOUNT, INDEX, known_markets(), tokens, **more)


def account_session(
    signer: Signer | None = None,
    figures: AccountFigures | None = None,
    markets: Markets | None = None,
) -> AccountSession:
    tokens = (signer or Signer()).tokens()
    held = known_markets() if markets is None else markets
    session = AccountSession(URL, ACCOUNT, INDEX, held, tokens, figures=figures)
    session.connected(NOW_NS)
    return session


def frame(kind: str, channel: str, **fields: Any) -> str:
    body = {"type": f"{kind}/{channel}", "channel": f"{channel}:{INDEX}", **fields}
    return json.dumps(body, separators=(",", ":"))


def snapshots() -> list[str]:
    """One for each channel, in the order of the subscriptions."""
    return [
        frame("subscribed", "account_all_orders", orders={}),
        frame("subscribed", "account_all_trades", trades=[]),
        frame("subscribed", "account_all_positions", positions={}, shares=[]),
        frame("subscribed", "account_all_assets", assets=None),
        frame("subscribed", "user_stats", stats=STATS),
    ]


def answer(**fields: Any) -> bytes:
    return json.dumps({"code": 200, **fields}).encode()


def account_answer(**changes: Any) -> bytes:
    return answer(total=1, accounts=[ROW | changes])


def refused(code: int, message: str) -> bytes:
    return json.dumps({"code": code, "message": message}).encode()
