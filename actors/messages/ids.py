"""Ids and topics: `kind:venue:product:native-symbol` and `kind:venue:name`."""

from __future__ import annotations

from typing import Final, NewType

ActorId = NewType("ActorId", str)
"""`cache`, `web:1`, `venue:extended`, `account:extended:1`, `orderbook:extended:linear:BTC-USD`."""

Topic = NewType("Topic", str)
"""What clients subscribe to, and the key of an envelope."""

SUPERVISOR: Final = ActorId("supervisor")
CACHE: Final = ActorId("cache")
RECORDER: Final = ActorId("recorder")

MARKET_KINDS: Final = frozenset({"orderbook", "ticker", "trades", "candles", "mark", "funding"})
ACCOUNT_KINDS: Final = frozenset({"account", "positions", "orders", "fills", "fundings"})
SERVICE_TOPICS: Final = frozenset({"connections", "supervision", "errors", "latency", "points"})
PRODUCTS: Final = ("spot", "linear", "inverse")


def account_actor(venue: str, name: str) -> ActorId:
    return ActorId(f"account:{venue}:{name}")


def venue_actor(venue: str) -> ActorId:
    return ActorId(f"venue:{venue}")


def market_topic(kind: str, venue: str, product: str, symbol: str) -> Topic:
    """For example `orderbook:extended:linear:BTC-USD`, which is also the stream's actor id."""
    return Topic(f"{kind}:{venue}:{product}:{symbol}")


def candles_topic(venue: str, product: str, symbol: str, timeframe: str) -> Topic:
    """For example `candles:extended:linear:BTC-USD:1m`, which is also the stream's actor id."""
    return Topic(f"{market_topic('candles', venue, product, symbol)}:{timeframe}")


def account_topic(kind: str, venue: str, name: str) -> Topic:
    """`account|positions|orders|fills|fundings` of one account: for example `fills:extended:1`."""
    return Topic(f"{kind}:{venue}:{name}")


def topic_kind(topic: str) -> str:
    return topic.partition(":")[0]


def is_account_topic(topic: str) -> bool:
    return topic_kind(topic) in ACCOUNT_KINDS
