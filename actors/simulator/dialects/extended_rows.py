"""Rows of private answers and frames of Extended: orders, fills, positions, balances.

Shapes as in PROTOCOL 2.5 and 3.4. Stream and REST spell a few fields differently; `stream` says
which is meant.
"""

from __future__ import annotations

from typing import Any, Final

from actors.simulator.accounts import (
    ACCOUNT_ID_FIRST,
    SPOT_FACTOR_PERCENT,
    Account,
    Margin,
    Position,
)
from actors.simulator.market import Market
from actors.simulator.markets import MarketSpec, decimal_text, money_text
from actors.simulator.matching import BUY, SELL
from actors.simulator.orders import CANCELLED, EXPIRED, Fill, FundingPaid, Order
from actors.simulator.tape import PICO_DECIMALS

Row = dict[str, Any]

_LONG_DECIMALS: Final = 16
_RATIO_DECIMALS: Final = 4
_AVERAGE_DECIMALS: Final = 6
SPOT_ASSET: Final = "XVS"


def price_text(spec: MarketSpec, ticks: int) -> str:
    return decimal_text(ticks * int(spec.tick * 10**spec.price_decimals), spec.price_decimals)


def size_text(spec: MarketSpec, lots: int) -> str:
    return decimal_text(lots * int(spec.lot * 10**spec.size_decimals), spec.size_decimals)


def pico_text(pico: int) -> str:
    return decimal_text(pico, PICO_DECIMALS)


def long_text(text: str) -> str:
    """With sixteen decimals, as the venue prints fills and closed positions."""
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(_LONG_DECIMALS, '0')}"


def ratio_text(part: int, whole: int) -> str:
    scaled = part * 10**_RATIO_DECIMALS // whole if whole else 0
    return decimal_text(scaled, _RATIO_DECIMALS)


def side_text(side: int) -> str:
    return "BUY" if side == BUY else "SELL"


def average_text(spec: MarketSpec, value: int, lots: int) -> str:
    """`value` millionths for `lots`, per unit of the base asset, to six decimals."""
    per_lot = int(spec.lot * 10**spec.size_decimals) * lots
    scaled = value * 10**spec.size_decimals * 10 ** (_AVERAGE_DECIMALS - 6)
    return decimal_text((2 * scaled + per_lot) // (2 * per_lot), _AVERAGE_DECIMALS)


def order_row(order: Order, spec: MarketSpec, *, stream: bool) -> Row:
    row: Row = {
        "id": order.order_id,
        "accountId": order.account,
        "externalId": order.external_id,
        "market": order.market,
        "type": order.type,
        "side": side_text(order.side),
        "status": order.status,
    }
    if order.reason != "NONE":
        row["statusReason"] = order.reason
    row["price"] = price_text(spec, order.price)
    if order.filled:
        row["averagePrice"] = average_text(spec, order.spent, order.filled)
    row["qty"] = size_text(spec, order.lots)
    row["filledQty"] = size_text(spec, order.filled)
    if order.status in {CANCELLED, EXPIRED}:
        row["cancelledQty"] = size_text(spec, order.left)
    row["payedFee"] = money_text(order.fee)
    if order.trigger is not None:
        direction = "UP" if order.trigger.upwards else "DOWN"
        row["trigger"] = {
            "triggerPrice": price_text(spec, order.trigger.price),
            "triggerPriceType": order.trigger.price_type,
            "direction" if stream else "triggerPriceDirection": direction,
            "executionPriceType": "MARKET" if order.time_in_force == "IOC" else "LIMIT",
        }
    row["reduceOnly"] = order.reduce_only
    row["postOnly"] = order.post_only
    row["createdTime"] = order.created_ms
    row["updatedTime"] = order.updated_ms
    row["timeInForce"] = order.time_in_force
    row["expireTime"] = order.expire_ms
    return row


def fill_row(fill: Fill, spec: MarketSpec, *, stream: bool) -> Row:
    return {
        "id": fill.fill_id,
        "accountId": fill.account,
        "market": fill.market,
        "orderId": fill.order_id,
        "externalOrderId" if stream else "externalId": fill.external_id,
        "side": side_text(fill.side),
        "price": long_text(price_text(spec, fill.price)),
        "qty": long_text(size_text(spec, fill.lots)),
        "value": long_text(money_text(fill.value)),
        "fee": long_text(money_text(fill.fee)),
        "isTaker": fill.is_taker,
        "tradeType": "TRADE",
        "createdTime": fill.created_ms,
    }


def position_row(position: Position, market: Market, margin: Margin) -> Row:
    """One open position, or with status CLOSED and size 0 one that has just been closed."""
    spec, tape = market.spec, market.tape
    value = tape.value(position.lots, tape.mark_pico)
    row: Row = {
        "id": position.position_id,
        "accountId": position.account,
        "market": spec.name,
        "status": "OPENED" if position.lots else "CLOSED",
        "side": "LONG" if position.side == BUY else "SHORT",
        "leverage": str(position.leverage),
        "size": size_text(spec, abs(position.lots)) if position.lots else "0",
        "value": money_text(abs(value)),
        "openPrice": average_text(spec, position.entry_value, position.entry_lots)
        if not position.lots
        else average_text(spec, abs(position.cost), abs(position.lots)),
        "markPrice": pico_text(tape.mark_pico),
        "liquidationPrice": _liquidation_text(position, market, margin),
        "margin": money_text(abs(value) // position.leverage),
        "unrealisedPnl": money_text(value - position.cost),
        "midPriceUnrealisedPnl": money_text(_mid_value(position, market) - position.cost),
        "realisedPnl": money_text(position.realised),
        "createdAt": position.created_ms,
        "updatedAt": position.updated_ms,
    }
    return row


def position_history_row(position: Position) -> Row:
    spec = position.spec
    size = position.entry_lots if position.closed_ms else abs(position.lots)
    row: Row = {
        "id": position.position_id,
        "accountId": position.account,
        "market": spec.name,
        "side": "LONG" if position.side == BUY else "SHORT",
        "size": long_text(size_text(spec, size)),
        "maxPositionSize": long_text(size_text(spec, position.max_lots)),
        "leverage": long_text(str(position.leverage)),
        "openPrice": long_text(average_text(spec, position.entry_value, position.entry_lots)),
        "realisedPnl": long_text(money_text(position.realised)),
        "realisedPnlBreakdown": {
            "tradePnl": long_text(money_text(position.trade_pnl)),
            "fundingFees": long_text(money_text(position.funding)),
            "openFees": long_text(money_text(-position.open_fees)),
            "closeFees": long_text(money_text(-position.close_fees)),
        },
        "createdTime": position.created_ms,
    }
    if position.closed_ms:
        row["exitType"] = "TRADE"
        row["exitPrice"] = long_text(average_text(spec, position.exit_value, position.closed_lots))
        row["closedTime"] = position.closed_ms
    return row


def balance_row(account: Account, margin: Margin) -> Row:
    """Consistent by construction: the texts are exact sums of each other's texts."""
    equity = margin.equity
    return {
        "collateralName": "USD",
        "balance": money_text(margin.balance),
        "status": "ACTIVE",
        "equity": money_text(equity),
        "spotEquity": money_text(margin.spot_equity),
        "spotEquityForAvailableForTrade": money_text(margin.spot_equity),
        "availableForTrade": money_text(margin.available),
        "availableForWithdrawal": money_text(margin.withdrawable),
        "unrealisedPnl": money_text(margin.unrealised),
        "initialMargin": money_text(margin.initial),
        "marginRatio": ratio_text(margin.maintenance, equity),
        "updatedTime": account.updated_ms,
        "collateralReservedForSpotOrders": "0",
        "exposure": money_text(margin.exposure),
        "leverage": ratio_text(margin.exposure, equity),
        "accountHealth": _health_text(margin.maintenance, equity),
    }


def spot_row(account: Account) -> Row:
    return {
        "accountId": account.account_id,
        "asset": SPOT_ASSET,
        "balance": money_text(account.spot_shares),
        "indexPrice": "1",
        "notionalValue": money_text(account.spot_shares),
        "contributionFactor": decimal_text(SPOT_FACTOR_PERCENT, 2),
        "equityContribution": money_text(account.spot_equity),
        "availableToWithdraw": money_text(account.spot_shares),
        "updatedAt": account.created_ms,
    }


def funding_row(paid: FundingPaid, spec: MarketSpec) -> Row:
    return {
        "id": paid.payment_id,
        "accountId": paid.account,
        "market": paid.market,
        "positionId": paid.position_id,
        "side": "LONG" if paid.side == BUY else "SHORT",
        "size": size_text(spec, paid.lots),
        "value": money_text(paid.value),
        "markPrice": pico_text(paid.mark_pico),
        "fundingFee": money_text(paid.amount),
        "fundingRate": decimal_text(paid.rate, 6),
        "paidTime": paid.paid_ms,
    }


def account_row(account: Account) -> Row:
    """As `/user/accounts` lists it, without keys."""
    return {
        "accountId": account.account_id,
        "description": f"Simulated {account.name}",
        "accountIndex": account.account_id - ACCOUNT_ID_FIRST,
        "status": "ACTIVE",
        "l2Key": account.l2_key,
        "l2Vault": str(account.vault),
        "bridgeStarknetAddress": f"0x{account.l2_key[4:]}",
        "accountIndexForKeyGeneration": account.account_id - ACCOUNT_ID_FIRST,
    }


def points_rows(account: Account) -> list[Row]:
    """Two seasons of points that depend on nothing but the account's number."""
    number = account.account_id - ACCOUNT_ID_FIRST + 1
    return [
        {
            "seasonId": season,
            "epochRewards": [
                {
                    "epochId": epoch,
                    "startDate": f"2026-{season:02}-{epoch * 7 - 6:02}T00:00:00Z",
                    "endDate": f"2026-{season:02}-{epoch * 7:02}T23:59:59Z",
                    "pointsReward": decimal_text(number * 1_000 + season * 125 + epoch * 25, 2),
                }
                for epoch in (1, 2, 3)
            ],
        }
        for season in (1, 2)
    ]


def _health_text(maintenance: int, equity: int) -> str:
    scaled = maintenance * 10**_RATIO_DECIMALS // equity if equity else 0
    return decimal_text(10**_RATIO_DECIMALS - scaled, _RATIO_DECIMALS)


def _mid_value(position: Position, market: Market) -> int:
    bid, ask = market.book.best(BUY), market.book.best(SELL)
    mid_doubled = (bid or market.tape.last) + (ask or market.tape.last)
    return position.lots * mid_doubled * market.spec.micros_per_unit // 2


def _liquidation_text(position: Position, market: Market, margin: Margin) -> str:
    """The mark at which equity would meet the maintenance margin, all else as it is; "0" = none."""
    if not position.lots:
        return "0"
    room_per_lot = (margin.equity - margin.maintenance) // abs(position.lots)
    ticks = market.tape.ticks(market.tape.mark_pico) - position.side * (
        room_per_lot // market.spec.micros_per_unit
    )
    return price_text(market.spec, ticks) if ticks > 0 else "0"
