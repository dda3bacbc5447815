"""Small frames and answers in Extended's shapes, with values of our own."""

from __future__ import annotations

import json
from typing import Any

ACCOUNT = "1"
KEY = "test-key-0123456789"
NOW_NS = 1_790_000_000_123_456_789
MS = 1_790_000_000_000

Levels = list[tuple[str, ...]]


def text(**fields: Any) -> str:
    return json.dumps(fields, separators=(",", ":"))


def book(kind: str, bids: Levels, asks: Levels, seq: int, market: str = "BTC-USD") -> str:
    """Levels are (price, q) or (price, q, c)."""

    def rows(levels: Levels) -> list[dict[str, str]]:
        return [dict(zip(("p", "q", "c"), level, strict=False)) for level in levels]

    data = {"t": kind, "m": market, "b": rows(bids), "a": rows(asks), "d": "f"}
    return text(type=kind, data=data, ts=MS + seq, seq=seq)


def snapshot(bids: Levels, asks: Levels, seq: int = 1) -> str:
    return book("SNAPSHOT", bids, asks, seq)


def delta(bids: Levels, asks: Levels, seq: int) -> str:
    return book("DELTA", bids, asks, seq)


def account(seq: int = 1, type: str | None = "ORDER", **sections: Any) -> str:  # noqa: A002
    return text(type=type, data=sections, ts=MS, seq=seq)


def answer(data: Any, **more: Any) -> bytes:
    return json.dumps({"status": "OK", "data": data} | more).encode()


def refusal(code: int | str, message: str, status: str = "ERROR") -> bytes:
    return json.dumps({"status": status, "error": {"code": code, "message": message}}).encode()


BALANCE = {
    "collateralName": "USD",
    "balance": "1000.50",
    "equity": "1010.75",
    "availableForTrade": "900.25",
    "availableForWithdrawal": "890.00",
    "unrealisedPnl": "10.25",
    "initialMargin": "110.50",
    "marginRatio": "0.0500",
    "exposure": "1500.00",
    "leverage": "1.4840",
    "updatedTime": MS,
    "aFieldOfTomorrow": {"deep": [1, 2]},
}
POSITION = {
    "id": 2052253880279891968,
    "accountId": 7,
    "market": "BTC-USD",
    "status": "OPENED",
    "side": "SHORT",
    "leverage": "10",
    "size": "0.30",
    "value": "24000.0",
    "openPrice": "80000.0",
    "markPrice": "80001.5",
    "liquidationPrice": "95000",
    "margin": "2400",
    "unrealisedPnl": "-0.45",
    "realisedPnl": "1.5",
    "createdAt": MS - 5000,
    "updatedAt": MS,
}
ORDER = {
    "id": 1791181340771614723,
    "accountId": 7,
    "externalId": "mine-1",
    "market": "ETH-USD",
    "type": "LIMIT",
    "side": "BUY",
    "status": "PARTIALLY_FILLED",
    "statusReason": "NONE",
    "price": "3300.5",
    "averagePrice": "3300.0",
    "qty": "2.0",
    "filledQty": "0.5",
    "payedFee": "0.4125",
    "reduceOnly": False,
    "postOnly": True,
    "timeInForce": "GTT",
    "createdTime": MS - 1000,
    "updatedTime": MS,
    "expireTime": MS + 86_400_000,
}
FILL = {
    "id": 1811328331296018432,
    "accountId": 7,
    "market": "ETH-USD",
    "orderId": 1791181340771614723,
    "externalOrderId": "mine-1",
    "side": "BUY",
    "price": "3300.0000",
    "qty": "0.5000",
    "value": "1650.0000",
    "fee": "0.4125",
    "isTaker": True,
    "tradeType": "TRADE",
    "createdTime": MS,
}
PAYMENT = {
    "id": 8341,
    "accountId": 7,
    "market": "BTC-USD",
    "positionId": 1811328331287359488,
    "side": "LONG",
    "size": "0.0100",
    "value": "784.700000",
    "markPrice": "78470.0",
    "fundingFee": "-0.010201",
    "fundingRate": "0.000013",
    "paidTime": MS,
}
MARKET = {
    "name": "BTC-USD",
    "type": "PERPETUAL",
    "assetName": "BTC",
    "assetPrecision": 5,
    "collateralAssetName": "USD",
    "active": True,
    "status": "ACTIVE",
    "tradingHours": "CONTINUOUS",
    "tradingConfig": {
        "minOrderSize": "0.0001",
        "minOrderSizeChange": "0.00001",
        "minPriceChange": "1",
    },
}


def market(name: str, asset: str, **changes: Any) -> dict[str, Any]:
    return MARKET | {"name": name, "assetName": asset} | changes
