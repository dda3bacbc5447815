"""Small public frames and answers in Lighter's shapes, with values of our own."""

from __future__ import annotations

import json
from typing import Any

NOW_NS = 1_790_000_000_123_456_789
MS = 1_790_000_000_000
URL = "wss://venue.example/stream"
BASE = "https://venue.example"
S = 1_000_000_000

Levels = list[tuple[str, str]]

CONNECTED = '{"session_id":"0b1d","type":"connected"}'
PING = '{"type":"ping"}'
PONG = '{"type":"pong"}'


def text(**fields: Any) -> str:
    return json.dumps(fields, separators=(",", ":"))


def subscribe(channel: str) -> str:
    return text(type="subscribe", channel=channel)


def unsubscribe(channel: str) -> str:
    return text(type="unsubscribe", channel=channel)


def unsubscribed(channel: str) -> str:
    return text(type="unsubscribed", channel=channel)


def refusal(code: int, message: str) -> str:
    return text(error={"code": code, "message": message})


def book(
    kind: str, bids: Levels, asks: Levels, *, nonce: int, begin: int | None, market: int
) -> str:
    def rows(levels: Levels) -> list[dict[str, str]]:
        return [{"price": price, "size": size} for price, size in levels]

    body: dict[str, Any] = {
        "code": 0, "asks": rows(asks), "bids": rows(bids), "offset": 5, "nonce": nonce,
        "last_updated_at": MS * 1_000 + nonce,
    }  # fmt: skip
    if begin is not None:
        body["begin_nonce"] = begin
    channel = f"order_book:{market}"
    return text(
        channel=channel,
        offset=5,
        order_book=body,
        timestamp=MS + nonce % 1_000,
        type=f"{kind}/order_book",
    )


def snapshot(bids: Levels, asks: Levels, nonce: int = 100, market: int = 0) -> str:
    return book("subscribed", bids, asks, nonce=nonce, begin=0, market=market)


def update(
    bids: Levels, asks: Levels, nonce: int, begin: int | None = None, market: int = 0
) -> str:
    return book("update", bids, asks, nonce=nonce, begin=begin, market=market)


def trade_row(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "trade_id": number, "trade_id_str": str(number), "type": "trade", "market_id": 0,
        "size": "0.2500", "price": "2300.10", "usd_amount": "575.025", "ask_id": 2**48 + 5,
        "is_maker_ask": True, "timestamp": MS + number, "transaction_time": MS * 1_000 + number,
        "aFieldOfTomorrow": {"deep": [1]},
    } | changes  # fmt: skip


def trades(kind: str, rows: Any, liquidations: Any = (), channel: str = "trade:0") -> str:
    liquidations = list(liquidations) if liquidations is not None else None
    return text(
        channel=channel, trades=rows, liquidation_trades=liquidations, nonce=7, type=f"{kind}/trade"
    )


def candles(kind: str, *rows: str, channel: str = "candle:0:1m") -> str:
    """Rows are JSON text, so that their digits are what is written here."""
    listed = ",".join(rows)
    return f'{{"candles":[{listed}],"channel":"{channel}","timestamp":{MS},"type":"{kind}/candle"}}'


def candle_row(
    start_ms: int, close: str = "2301.50", volume: str = '"v":13.223699999999997,'
) -> str:
    return f'{{"t":{start_ms},"o":2300.10,"h":2302,"l":2299.90,"c":{close},{volume}"i":5}}'


STATS: dict[str, Any] = {
    "symbol": "ETH", "market_id": 0, "index_price": "2300.40", "mark_price": "2300.00",
    "mid_price": "2300.05", "last_trade_price": "2300.10", "open_interest": "4600000.000000",
    "funding_rate": "0.0011", "current_funding_rate": "-0.0005", "funding_timestamp": MS,
    "daily_base_token_volume": 2000.5, "daily_quote_token_volume": 4600000.25,
    "daily_price_low": 2250, "daily_price_high": 2350.75, "daily_price_change": -1.25,
}  # fmt: skip


def stats(kind: str, row: Any, market: int = 0, key: str = "market_stats") -> str:
    return text(**{key: row}, channel=f"{key}:{market}", timestamp=MS + 5, type=f"{kind}/{key}")


def top(kind: str, bid: str, ask: str, nonce: int = 9, market: int = 0, **more: Any) -> str:
    ticker = {"s": "ETH", "a": {"price": ask, "size": "1"}, "b": {"price": bid, "size": "2"}}
    return text(
        channel=f"ticker:{market}", nonce=nonce, ticker=ticker, timestamp=MS + 7,
        type=f"{kind}/ticker", **more,
    )  # fmt: skip


MARKET: dict[str, Any] = {
    "symbol": "ETH", "market_id": 0, "market_type": "perp", "status": "active",
    "min_base_amount": "0.0050", "supported_size_decimals": 4, "supported_price_decimals": 2,
    "size_decimals": 4, "price_decimals": 2, "last_trade_price": 2300.10,
    "daily_base_token_volume": 2000.5, "daily_quote_token_volume": 4600000.25,
    "daily_price_low": 2250, "daily_price_high": 2350.75, "daily_price_change": -1.25,
    "open_interest": 1234.5678,
}  # fmt: skip


def listing(perps: Any = (MARKET,), spots: Any = ()) -> bytes:
    body = {"code": 200, "order_book_details": perps, "spot_order_book_details": spots}
    return json.dumps(body).encode()
