"""Lighter's market data for anyone: which timeframes there are, and who reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from actors.venues.candles import Timeframe
from actors.venues.lighter.market_requests import TIMEFRAMES, MarketRequests
from actors.venues.lighter.market_session import CandlesSession, TickerSession, TradesSession
from actors.venues.lighter.venue import LIGHTER, market_number


@dataclass(frozen=True, slots=True, kw_only=True)
class LighterMarketData:
    """Perpetuals and spot, by their numbers; `ticker_interval_s` is for who polls all the same."""

    timeframes: tuple[Timeframe, ...] = TIMEFRAMES
    ticker_interval_s: float = 10.0

    def requests(self, base_url: str, venue_id: str = "") -> MarketRequests:
        return MarketRequests(base_url, market_number("a market", venue_id))

    def trades_session(
        self, ws_url: str, product: str, symbol: str, venue_id: str = ""
    ) -> TradesSession:
        LIGHTER.check_product(product)
        return TradesSession(ws_url, product, symbol, market_number(symbol, venue_id))

    def candles_session(
        self,
        ws_url: str,
        product: str,
        symbol: str,
        timeframe: Timeframe,
        interval: str,
        *,
        venue_id: str = "",
    ) -> CandlesSession:
        LIGHTER.check_product(product)
        number = market_number(symbol, venue_id)
        return CandlesSession(ws_url, product, symbol, number, timeframe.name, resolution=interval)

    def ticker_session(
        self, ws_url: str, product: str, symbol: str, venue_id: str = ""
    ) -> TickerSession:
        LIGHTER.check_product(product)
        return TickerSession(ws_url, product, symbol, market_number(symbol, venue_id))


LIGHTER_MARKET_DATA: Final = LighterMarketData()
