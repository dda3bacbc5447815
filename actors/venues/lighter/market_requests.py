"""Lighter's public REST calls about one market: candles and the figures of the day.

Source: PROTOCOL, section 2.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from actors.errors import MalformedFrame
from actors.messages.market import Candle, Ticker
from actors.venues.candles import Timeframe
from actors.venues.http_request import HttpRequest
from actors.venues.lighter import answers, parse, wire
from actors.venues.lighter.session import browser_headers

UNSUPPORTED_INTERVAL: Final = "22402"
"""Of 22400 to 22403, which are about timestamps, resolution and range, in this order."""
CANDLES_MAX: Final = 500
"""The venue tells no more in one answer."""
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
# Weeks come over REST alone: no stream could say when one has ended.
TIMEFRAMES: Final = tuple(
    Timeframe(name=name, length_s=length_s, spellings=(name,))
    for name, length_s in (
        ("1m", _MINUTE),
        ("5m", 5 * _MINUTE),
        ("15m", 15 * _MINUTE),
        ("30m", 30 * _MINUTE),
        ("1h", _HOUR),
        ("4h", 4 * _HOUR),
        ("12h", 12 * _HOUR),
        ("1d", _DAY),
    )
)
_LENGTHS_S: Final = {each.spellings[0]: each.length_s for each in TIMEFRAMES}

_candles = msgspec.json.Decoder(wire.CandlesAnswer)
_listing = msgspec.json.Decoder(wire.Listing)


class MarketRequests:
    """Calls without a key about the market with this number."""

    unsupported_interval = UNSUPPORTED_INTERVAL
    """The code of the refusal that a resolution is not offered."""

    def __init__(self, base_url: str, market_id: int) -> None:
        self._base_url = base_url.rstrip("/")
        self._market_id = market_id
        self._headers = browser_headers(base_url) | {"Accept": "application/json"}

    def candles(self, symbol: str, interval: str, limit: int, *, until_us: int) -> HttpRequest:
        """The count decides, for the range holds no more rows: the venue tells whichever is more,
        and refuses more than CANDLES_MAX."""
        del symbol
        count = min(limit, CANDLES_MAX)
        end_ms = until_us // 1_000
        start_ms = end_ms - (count - 1) * _LENGTHS_S[interval] * 1_000
        query = (
            ("resolution", interval),
            ("start_timestamp", str(max(start_ms, 0))),
            ("end_timestamp", str(end_ms)),
            ("count_back", str(count)),
        )
        return self._get("candles", "candles", query)

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
        """Oldest first, as they come; none is marked as closed."""
        answer = answers.read_envelope(status, headers, body, received_ns, _candles)
        product = parse.product_of(symbol)
        return [
            parse.candle(row, product, symbol, timeframe, received_ns) for row in answer.c or ()
        ]

    def ticker(self, symbol: str) -> HttpRequest:
        del symbol
        return self._get("ticker", "orderBookDetails")

    def read_ticker(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        *,
        symbol: str,
    ) -> Ticker:
        """Without best prices, mark, index and funding, which only the stream tells."""
        listing = answers.read_envelope(status, headers, body, received_ns, _listing)
        for row, product in parse.market_rows(listing):
            if row.market_id == self._market_id:
                return parse.rest_ticker(row, product, received_ns)
        raise MalformedFrame("body.order_book_details", f"the market {symbol}", "others")

    def _get(self, name: str, path: str, query: tuple[tuple[str, str], ...] = ()) -> HttpRequest:
        return HttpRequest(
            name=name,
            base_url=self._base_url,
            path=f"/api/v1/{path}",
            query=(("market_id", str(self._market_id)), *query),
            headers=self._headers,
        )
