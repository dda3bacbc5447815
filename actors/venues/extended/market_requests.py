"""Extended's public REST calls about one market: candles and the 24 h figures.

Source: Extended API Documentation, "Get candles history", "Get market statistics".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from actors.messages.market import Candle, Ticker
from actors.venues.candles import Timeframe
from actors.venues.decoding import decode
from actors.venues.extended import answers, parse, wire
from actors.venues.extended.session import USER_AGENT
from actors.venues.http_request import HttpRequest

UNSUPPORTED_INTERVAL: Final = "1005"
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
TIMEFRAMES: Final = (
    Timeframe(name="1m", length_s=_MINUTE, spellings=("PT1M",)),
    Timeframe(name="5m", length_s=5 * _MINUTE, spellings=("PT5M",)),
    Timeframe(name="15m", length_s=15 * _MINUTE, spellings=("PT15M",)),
    Timeframe(name="30m", length_s=30 * _MINUTE, spellings=("PT30M",)),
    Timeframe(name="1h", length_s=_HOUR, spellings=("PT1H",)),
    Timeframe(name="2h", length_s=2 * _HOUR, spellings=("PT2H",)),
    Timeframe(name="4h", length_s=4 * _HOUR, spellings=("PT4H",)),
    Timeframe(name="8h", length_s=8 * _HOUR, spellings=("PT8H",)),
    Timeframe(name="12h", length_s=12 * _HOUR, spellings=("PT12H",)),
    # The documents say PT24H, the published SDK P1D.
    Timeframe(name="1d", length_s=_DAY, spellings=("PT24H", "P1D")),
    Timeframe(name="1w", length_s=7 * _DAY, spellings=("P7D",)),
    Timeframe(name="1M", length_s=31 * _DAY, spellings=("P30D",), calendar_month=True),
)

_candles = msgspec.json.Decoder(list[wire.CandleData])
_stats = msgspec.json.Decoder(wire.MarketStats)


class MarketRequests:
    """Calls without a key."""

    unsupported_interval = UNSUPPORTED_INTERVAL
    """The code of the refusal that asks for another spelling of a timeframe."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")

    def candles(self, symbol: str, interval: str, limit: int, *, until_us: int) -> HttpRequest:
        """The venue counts back from its own time: `until_us` is not asked."""
        del until_us
        query = (("interval", interval), ("limit", str(limit)))
        return self._get("candles", f"/info/candles/{symbol}/trades", query)

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
        """Oldest first; the venue sends the newest first and marks none as closed."""
        envelope = answers.read_envelope(status, headers, body, received_ns, secret="")
        rows = decode(_candles, envelope.data, "data")
        return [parse.candle(row, symbol, timeframe, received_ns) for row in reversed(rows)]

    def ticker(self, symbol: str) -> HttpRequest:
        return self._get("ticker", f"/info/markets/{symbol}/stats")

    def read_ticker(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        *,
        symbol: str,
    ) -> Ticker:
        envelope = answers.read_envelope(status, headers, body, received_ns, secret="")
        row = decode(_stats, envelope.data, "data")
        return Ticker(
            venue=parse.VENUE,
            product=parse.PRODUCT,
            symbol=symbol,
            last=row.lastPrice,
            bid=row.bidPrice,
            ask=row.askPrice,
            mark=row.markPrice,
            index=row.indexPrice,
            volume_base=row.dailyVolumeBase,
            volume_quote=row.dailyVolume,
            high=row.dailyHigh,
            low=row.dailyLow,
            change_fraction=row.dailyPriceChangePercentage,
            funding_rate=row.fundingRate,
            open_interest=row.openInterestBase,
            received_ns=received_ns,
        )

    def _get(self, name: str, path: str, query: tuple[tuple[str, str], ...] = ()) -> HttpRequest:
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
        return HttpRequest(
            name=name, base_url=self._base_url, path=path, query=query, headers=headers
        )
