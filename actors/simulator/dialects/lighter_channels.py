"""Channels of Lighter's WebSocket and the simulator's topics behind them (PROTOCOL 3.3, 3.4)."""

from __future__ import annotations

from typing import Final, NamedTuple

from actors.simulator.accounts import Account
from actors.simulator.dialects.lighter_market_rows import RESOLUTIONS
from actors.simulator.dialects.lighter_markets import LighterMarkets
from actors.simulator.exchange import Exchange
from actors.simulator.refused import Refused

ALL: Final = "*"
CANDLES: Final = {word: kind for word, kind in RESOLUTIONS.items() if word != "1w"}
"""The venue's words for intervals; a week has no channel."""

_OF_MARKET: Final = {"order_book": "book", "ticker": "top", "trade": "trades"}
_OF_ACCOUNT: Final = {
    "account_all": "all",
    "user_stats": "stats",
    "account_all_orders": "orders",
    "account_all_trades": "trades",
    "account_all_positions": "positions",
    "account_all_assets": "assets",
}
_OF_ACCOUNT_AND_MARKET: Final = {"account_orders": "orders", "account_market": "market"}
_NEED_NO_TOKEN: Final = {"account_all", "user_stats"}


class Channel(NamedTuple):
    """`name` is as the venue answers, with colons; `account` is whose token it needs, or None."""

    topic: str
    name: str
    account: Account | None = None


class LighterChannels:
    """Reads what clients ask for."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._markets = LighterMarkets(exchange.markets)

    def read(self, text: str) -> Channel:
        """`text` is as clients spell it, with slashes; Refused where there is no such channel."""
        name = text.replace("/", ":")
        match text.split("/"):
            case ["height"]:
                return Channel("height", name)
            case ["market_stats", "all"]:
                return Channel(f"stats:{ALL}", name)
            case ["spot_market_stats", "all"]:
                return Channel(f"spot_stats:{ALL}", name)
            case ["market_stats", market]:
                return Channel(f"stats:{self._market(market)}", name)
            case [word, market] if word in _OF_MARKET:
                return Channel(f"{_OF_MARKET[word]}:{self._market(market)}", name)
            case ["candle", market, resolution] if resolution in CANDLES:
                return Channel(f"candles:{self._market(market)}:{resolution}", name)
            case [word, index] if word in _OF_ACCOUNT:
                account = self._account(index)
                topic = f"account:{account.name}:{_OF_ACCOUNT[word]}"
                return Channel(topic, name, None if word in _NEED_NO_TOKEN else account)
            case [word, market, index] if word in _OF_ACCOUNT_AND_MARKET:
                account = self._account(index)
                kind = _OF_ACCOUNT_AND_MARKET[word]
                topic = f"account:{account.name}:{kind}:{self._market(market)}"
                return Channel(topic, name, account)
        raise Refused(400, "30005", f"Invalid Channel: {name[:100]}")

    def _market(self, text: str) -> str:
        market = self._markets.named(_number(text))
        if market is None:
            raise Refused(400, "30005", "Invalid Channel:  (marketId)")
        return market.name

    def _account(self, text: str) -> Account:
        account = self._exchange.accounts.get(_number(text))
        if account is None:
            raise Refused(400, "30005", "Invalid Channel:  (accountId)")
        return account


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else -1
