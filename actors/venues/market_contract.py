"""What a venue offers of its markets to anyone: candles, trades and the 24 h figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from actors.messages.market import Candle, Ticker
from actors.venues.candles import Timeframe
from actors.venues.contract import Session
from actors.venues.http_request import HttpRequest


class MarketRequests(Protocol):
    """Public REST calls about one market; each `read_…` raises what those of Requests do."""

    @property
    def unsupported_interval(self) -> str:
        """Code of the refusal that means: this timeframe is spelled otherwise, or not offered."""
        ...

    def candles(self, symbol: str, interval: str, limit: int, *, until_us: int) -> HttpRequest:
        """The newest `limit` candles; `until_us` is the venue's time now, as well as it is known.

        `interval` is one of the timeframe's spellings.
        """
        ...

    def read_candles(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        *,
        symbol: str,
        timeframe: str,
    ) -> list[Candle]:
        """Oldest first, none of them `closed`; the newest may still be live."""
        ...

    def ticker(self, symbol: str) -> HttpRequest: ...

    def read_ticker(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        *,
        symbol: str,
    ) -> Ticker: ...


class CandlesSession(Session, Protocol):
    """A stream of candle rows, not marked as closed; `gaps` counts holes in its numbering."""

    gaps: int


class MarketData(Protocol):
    """Factories for what runs per market; `ticker_interval_s` is between two polls."""

    @property
    def timeframes(self) -> tuple[Timeframe, ...]: ...

    @property
    def ticker_interval_s(self) -> float: ...

    def requests(self, base_url: str, venue_id: str = "") -> MarketRequests: ...

    def trades_session(
        self, ws_url: str, product: str, symbol: str, venue_id: str = ""
    ) -> Session: ...

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
        """`interval` is one of the timeframe's spellings."""
        ...

    def ticker_session(
        self, ws_url: str, product: str, symbol: str, venue_id: str = ""
    ) -> Session | None:
        """A stream of the 24 h figures as Tickers, each whole; None where they must be polled."""
        ...
