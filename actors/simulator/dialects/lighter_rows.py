"""Rows of what accounts have at Lighter: positions, assets, orders, trades (PROTOCOL 2.5).

REST and WebSocket spell them alike. Amounts are texts with the decimals of their market or asset.
"""

from __future__ import annotations

from typing import Any, Final

from actors.simulator.accounts import TAKER_FEE_PER_100_000, Account, Margin, Position
from actors.simulator.dialects.lighter_ids import block_height
from actors.simulator.dialects.lighter_markets import LighterMarkets
from actors.simulator.dialects.lighter_order_ids import HOUSE_ACCOUNT, house_order
from actors.simulator.exchange import Exchange
from actors.simulator.market import Market
from actors.simulator.markets import MarketSpec, decimal_text, money_text
from actors.simulator.matching import BUY, SELL
from actors.simulator.orders import (
    CANCELLED,
    EXPIRED,
    FILLED,
    GTT,
    IOC,
    REJECTED,
    UNTRIGGERED,
    Fill,
    FundingPaid,
    Order,
    Party,
    Print,
)

Row = dict[str, Any]

USDC_ASSET: Final = 3
FRACTION_OF_ONE: Final = 10_000
"""Margin fractions of markets and trades count ten-thousandths."""

_NOTHING: Final = "0.000000"

_CANCELLED_AS: Final = {
    "POST_ONLY_FAILED": "canceled-post-only",
    "REDUCE_ONLY_FAILED": "canceled-reduce-only",
    "NO_LIQUIDITY": "canceled-not-enough-liquidity",
    "SELF_TRADE_PROTECTION": "canceled-self-trade",
}


def price_text(spec: MarketSpec, ticks: int) -> str:
    return decimal_text(ticks * price_step(spec), spec.price_decimals)


def size_text(spec: MarketSpec, lots: int) -> str:
    return decimal_text(lots * size_step(spec), spec.size_decimals)


def price_step(spec: MarketSpec) -> int:
    """One tick in the integers that stand for prices in transactions."""
    return int(spec.tick * 10**spec.price_decimals)


def size_step(spec: MarketSpec) -> int:
    return int(spec.lot * 10**spec.size_decimals)


def asset_rows(account: Account) -> dict[str, Row]:
    """Asset id → row; all money is collateral of perpetuals, none lies in the spot wallet."""
    return {
        str(USDC_ASSET): {
            "symbol": "USDC",
            "asset_id": USDC_ASSET,
            "balance": _NOTHING,
            "locked_balance": _NOTHING,
            "margin_mode": "disabled",
            "margin_balance": money_text(account.balance),
        }
    }


def user_stats_row(margin: Margin) -> Row:
    figures = {
        "available_balance": available_text(margin),
        "buying_power": "0",
        "collateral": money_text(margin.balance),
        "leverage": _hundredths(margin.exposure, margin.equity),
        "margin_usage": _hundredths(100 * margin.initial, margin.equity),
        "portfolio_value": money_text(margin.equity),
    }
    return {"account_trading_mode": 0, **figures, "cross_stats": figures, "total_stats": figures}


def position_rows(
    account: Account, exchange: Exchange, markets: LighterMarkets, *, active_only: bool = False
) -> list[Row]:
    """A row of each market that the account ever touched, flat ones too."""
    margin = exchange.trading.margin(account)
    shown = dict(account.positions)
    if not active_only:
        past = exchange.ledger.accounts[account.account_id].positions
        shown = {one.spec.name: one for one in past} | shown
    return [
        position_row(shown[market.name], account, market, market_id, margin)
        for market_id, market in markets.all()
        if market.name in shown
    ]


def position_row(
    position: Position, account: Account, market: Market, market_id: int, margin: Margin
) -> Row:
    """The newest position in one market; a closed one is flat with sign 1."""
    spec, lots = market.spec, position.lots
    value = market.tape.value(lots, market.tape.mark_pico)
    orders = [one for one in account.orders.values() if one.market == spec.name]
    waiting = [one for one in orders if one.status == UNTRIGGERED]
    row: Row = {
        "market_id": market_id,
        "symbol": spec.asset,
        "initial_margin_fraction": decimal_text(FRACTION_OF_ONE // position.leverage, 2),
        "open_order_count": len(orders) - len(waiting),
        "pending_order_count": len(waiting),
        "position_tied_order_count": sum(one.reduce_only for one in waiting),
        "sign": -1 if lots < 0 else 1,
        "position": size_text(spec, abs(lots)),
        "avg_entry_price": _average_text(spec, abs(position.cost), abs(lots)),
        "position_value": money_text(abs(value)),
        "unrealized_pnl": money_text(value - position.cost),
        "realized_pnl": money_text(position.realised),
        "liquidation_price": _liquidation_text(position, market, margin),
        "margin_mode": 0,
        "allocated_margin": _NOTHING,
        "total_discount": _NOTHING,
    }
    if position.funding:
        row["total_funding_paid_out"] = money_text(-position.funding)
    return row


def order_row(order: Order, spec: MarketSpec, market_id: int) -> Row:
    """`nonce` and `transaction_time` are of the last change, the other times whole seconds.

    `order_version` counts changes of the order's own terms, and is left out before the first.
    """
    is_ask = order.side == SELL
    client_id = client_order_id(order.external_id)
    version = {"order_version": order.version} if order.version else {}
    return version | {
        "order_index": order.order_id,
        "client_order_index": client_id,
        "order_id": str(order.order_id),
        "client_order_id": str(client_id),
        "market_index": market_id,
        "owner_account_index": order.account,
        "initial_base_amount": size_text(spec, order.lots),
        "price": price_text(spec, order.price),
        "nonce": order.updated_ms,
        "remaining_base_amount": size_text(spec, order.left if order.open else 0),
        "is_ask": is_ask,
        "base_size": order.lots * size_step(spec),
        "base_price": order.price * price_step(spec),
        "filled_base_amount": size_text(spec, order.filled),
        "filled_quote_amount": money_text(order.spent),
        "side": "",
        "type": _type_text(order),
        "time_in_force": _time_in_force_text(order),
        "reduce_only": order.reduce_only,
        "trigger_price": price_text(spec, order.trigger.price if order.trigger else 0),
        "order_expiry": 0 if order.time_in_force != GTT else order.expire_ms,
        "status": _status_text(order),
        "trigger_status": "mark-price" if order.status == UNTRIGGERED else "na",
        "trigger_time": 0,
        "parent_order_index": 0,
        "parent_order_id": "0",
        "to_trigger_order_id_0": "0",
        "to_trigger_order_id_1": "0",
        "to_cancel_order_id_0": "0",
        "integrator_fee_collector_index": "0",
        "integrator_taker_fee": "0",
        "integrator_maker_fee": "0",
        "block_height": block_height(order.updated_ms),
        "timestamp": order.created_ms // 1000,
        "created_at": order.created_ms // 1000,
        "updated_at": order.updated_ms // 1000,
        "transaction_time": order.updated_ms * 1000,
    }


def own_trade_row(fill: Fill, spec: MarketSpec, market_id: int) -> Row:
    """A trade as one of its accounts sees it, with the profit that it realised."""
    row = trade_row(fill.trade, spec, market_id)
    side = "bid" if fill.side == BUY else "ask"
    party = fill.trade.taker if fill.is_taker else fill.trade.maker
    row[f"{side}_account_pnl"] = money_text(_realised(party, fill))
    return row


def trade_row(trade: Print, spec: MarketSpec, market_id: int) -> Row:
    """A trade as everybody sees it; a side that the house had tells nothing of itself."""
    is_maker_ask = trade.side == BUY
    ask, bid = (trade.maker, trade.taker) if is_maker_ask else (trade.taker, trade.maker)
    ask_id = _order_id(ask, trade, SELL)
    bid_id = _order_id(bid, trade, BUY)
    ask_client, bid_client = client_order_id(ask.external_id), client_order_id(bid.external_id)
    row: Row = {
        "trade_id": trade.trade_id,
        "trade_id_str": str(trade.trade_id),
        "tx_hash": f"{trade.trade_id:032x}{trade.created_ms:048x}",
        "type": "trade",
        "market_id": market_id,
        "size": size_text(spec, trade.lots),
        "price": price_text(spec, trade.price),
        "usd_amount": money_text(trade.lots * trade.price * spec.micros_per_unit),
        "ask_id": ask_id,
        "ask_id_str": str(ask_id),
        "bid_id": bid_id,
        "bid_id_str": str(bid_id),
        "ask_client_id": ask_client,
        "ask_client_id_str": str(ask_client),
        "bid_client_id": bid_client,
        "bid_client_id_str": str(bid_client),
        "ask_account_id": ask.account or HOUSE_ACCOUNT,
        "bid_account_id": bid.account or HOUSE_ACCOUNT,
        "is_maker_ask": is_maker_ask,
        "block_height": block_height(trade.created_ms),
        "timestamp": trade.created_ms,
        "taker_fee": TAKER_FEE_PER_100_000 * 10,
        "transaction_time": trade.created_ms * 1000,
    }
    for role, party, side in (
        ("taker", trade.taker, trade.side),
        ("maker", trade.maker, -trade.side),
    ):
        if party.account:
            row |= _before(role, party, side * trade.lots, spec)
    return row


def funding_row(paid: FundingPaid, spec: MarketSpec, market_id: int) -> Row:
    """`change` is negative where the account paid; `rate` is a fraction."""
    return {
        "timestamp": paid.paid_ms // 1000,
        "market_id": market_id,
        "funding_id": paid.payment_id,
        "change": money_text(paid.amount),
        "discount": _NOTHING,
        "rate": decimal_text(paid.rate, 6),
        "position_size": size_text(spec, paid.lots),
        "position_side": "long" if paid.side == BUY else "short",
    }


def client_order_id(external_id: str) -> int:
    """Clients number their orders; whatever is no number was not a client's, and is 0."""
    return int(external_id) if external_id.isascii() and external_id.isdigit() else 0


def available_text(margin: Margin) -> str:
    return money_text(max(0, margin.available))


def _hundredths(part: int, whole: int) -> str:
    return decimal_text(100 * part // whole if whole > 0 else 0, 2)


def _average_text(spec: MarketSpec, value: int, lots: int) -> str:
    """`value` millionths for `lots`, per unit of the base asset, with the market's decimals."""
    if not lots:
        return decimal_text(0, spec.price_decimals)
    ticks = value * price_step(spec)
    per_tick = lots * spec.micros_per_unit
    return decimal_text((2 * ticks + per_tick) // (2 * per_tick), spec.price_decimals)


def _liquidation_text(position: Position, market: Market, margin: Margin) -> str:
    """Where equity would meet the maintenance margin; with all digits of a float, as live."""
    if not position.lots:
        return "0"
    size = position.lots * float(market.spec.lot)
    price = market.tape.mark_pico / 1e12 - (margin.equity - margin.maintenance) / 1e6 / size
    return repr(price) if price > 0 else "0"


def _status_text(order: Order) -> str:
    if order.status == UNTRIGGERED:
        return "pending"
    if order.status == FILLED:
        return "filled"
    if order.status == EXPIRED:
        return "canceled-expired"
    if order.status in {CANCELLED, REJECTED}:
        return _CANCELLED_AS.get(order.reason, "canceled")
    return "open"


def _type_text(order: Order) -> str:
    if order.trigger is None:
        return "market" if order.type == "MARKET" else "limit"
    loses = order.trigger.upwards == (order.side == BUY)
    kind = "stop-loss" if loses else "take-profit"
    return kind if order.time_in_force == IOC else f"{kind}-limit"


def _time_in_force_text(order: Order) -> str:
    if order.post_only:
        return "post-only"
    return "good-till-time" if order.time_in_force == GTT else "immediate-or-cancel"


def _order_id(party: Party, trade: Print, side: int) -> int:
    return party.order_id if party.account else house_order(party.order_id, trade.trade_id, side)


def _before(role: str, party: Party, change: int, spec: MarketSpec) -> Row:
    """What a side held before the trade; that it came to another sign is told only if so."""
    row: Row = {
        f"{role}_position_size_before": size_text(spec, party.lots),
        f"{role}_entry_quote_before": money_text(abs(party.cost)),
        f"{role}_initial_margin_fraction_before": FRACTION_OF_ONE // party.leverage,
    }
    after = party.lots + change
    if (party.lots > 0) - (party.lots < 0) != (after > 0) - (after < 0):
        row[f"{role}_position_sign_changed"] = True
    return row


def _realised(party: Party, fill: Fill) -> int:
    """What the trade closed of a position, at its own price less what that part had cost."""
    if party.lots * fill.side >= 0:
        return 0
    held = abs(party.lots)
    closing = min(held, fill.lots)
    earned = fill.value * closing // fill.lots
    cost = (2 * party.cost * closing + held) // (2 * held)
    return -fill.side * earned - cost
