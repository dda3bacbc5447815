"""Extended's market data for anyone: which timeframes there are, and who reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from actors.venues.candles import Timeframe
from actors.venues.contract import Session
from actors.venues.extended.market_requests import TIMEFRAMES, MarketRequests
from actors.venues.extended.market_session import CandlesSession, TradesSession
from actors.venues.extended.venue import EXTENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedMarketData:
    """Only perpetuals; one stream a connection."""

    timeframes: tuple[Timeframe, ...] = TIMEFRAMES
    ticker_interval_s: float = 2.0

    def requests(self, base_url: str, venue_id: str = "") -> MarketRequests:
        del venue_id
        return MarketRequests(base_url)

    def trades_session(
        self, ws_url: str, product: str, symbol: str, venue_id: str = ""
    ) -> TradesSession:
        del venue_id
        EXTENDED.check_product(product)
        return TradesSession(ws_url, symbol)

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
        del venue_id
        EXTENDED.check_product(product)
        return CandlesSession(ws_url, symbol, timeframe.name, interval)

    def ticker_session(
        self, ws_url: str, product: str, symbol: str, venue_id: str = ""
    ) -> Session | None:
        """No stream tells the 24 h figures."""
        del ws_url, product, symbol, venue_id
        return None


EXTENDED_MARKET_DATA: Final = ExtendedMarketData()
