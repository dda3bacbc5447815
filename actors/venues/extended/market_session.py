"""Public streams that hold no state: trades, top of book, mark and index price, funding, candles.

Their values are absolute, so a hole in the numbering costs nothing but what it hid: frames that
are older than the last are skipped, holes are counted. Source: Extended API Documentation,
"Trades", "Funding rates", "Mark price", "Index price" and "Candles" streams.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from actors.errors import MalformedFrame
from actors.venues.contract import Event
from actors.venues.extended import parse, wire
from actors.venues.extended.session import FrameT, Stream

SEEN_TRADES_MAX: Final = 1_000
"""After each connect the venue repeats its last 50 trades."""

_book = msgspec.json.Decoder(wire.BookFrame)
_trades = msgspec.json.Decoder(wire.TradesFrame)
_price = msgspec.json.Decoder(wire.PriceFrame)
_funding = msgspec.json.Decoder(wire.FundingFrame)
_candles = msgspec.json.Decoder(wire.CandlesFrame)


class MarketStream(Stream):
    """The sequence rule of streams whose frames stand alone; `gaps` counts the holes."""

    def __init__(self, ws_url: str, path: str) -> None:
        super().__init__(ws_url, path)
        self.gaps = 0

    def _fresh(
        self, decoder: msgspec.json.Decoder[FrameT], data: str | bytes
    ) -> tuple[FrameT, bool]:
        """The frame, and whether it is newer than all before it on this connection."""
        frame, sequence = self._read(decoder, data)
        last = self._sequence
        if last is not None and sequence <= last:
            return frame, False
        self.gaps += last is not None and sequence > last + 1
        self._sequence = sequence
        return frame, True


class TradesSession(MarketStream):
    """Each trade once, over reconnects too; a row says itself which market it is of."""

    def __init__(self, ws_url: str, symbol: str = "") -> None:
        super().__init__(ws_url, f"/publicTrades/{symbol}" if symbol else "/publicTrades")
        self._seen: set[str] = set()
        self._seen_order: deque[str] = deque()

    def receive(self, data: str | bytes, now_ns: int) -> list[Event]:
        frame, fresh = self._fresh(_trades, data)
        if frame.data is None:
            raise MalformedFrame("frame.data", "array", "nothing")
        events: list[Event] = []
        for row in frame.data if fresh else ():
            trade = parse.trade(row, now_ns)
            if self._first(trade.trade_id):
                events.append(trade)
        return self._announced(events)

    def _first(self, trade_id: str) -> bool:
        if trade_id in self._seen:
            return False
        self._seen.add(trade_id)
        self._seen_order.append(trade_id)
        if len(self._seen_order) > SEEN_TRADES_MAX:
            self._seen.discard(self._seen_order.popleft())
        return True


class PriceSession(MarketStream):
    """`price_type` is `mark` or `index`."""

    def __init__(self, ws_url: str, price_type: str, symbol: str) -> None:
        super().__init__(ws_url, f"/prices/{price_type}/{symbol}")
        self._price_type = price_type

    def receive(self, data: str | bytes, now_ns: int) -> list[Event]:
        frame, fresh = self._fresh(_price, data)
        if frame.data is None:
            raise MalformedFrame("frame.data", "object", "nothing")
        price = parse.mark_price(frame.data, self._price_type, frame.ts, now_ns)
        return self._announced([price] if fresh else [])


class TopSession(MarketStream):
    """Best bid and ask alone, as a ticker without its other figures; each frame is whole."""

    def __init__(self, ws_url: str, symbol: str) -> None:
        super().__init__(ws_url, f"/orderbooks/{symbol}?depth=1")

    def receive(self, data: str | bytes, now_ns: int) -> list[Event]:
        frame, fresh = self._fresh(_book, data)
        if frame.data is None:
            raise MalformedFrame("frame.data", "object", "nothing")
        ticker = parse.top_of_book(frame.data, frame.ts, now_ns)
        return self._announced([ticker] if fresh else [])


class FundingSession(MarketStream):
    """The current rate; rates that were applied come from REST."""

    def __init__(self, ws_url: str, symbol: str) -> None:
        super().__init__(ws_url, f"/funding/{symbol}")

    def receive(self, data: str | bytes, now_ns: int) -> list[Event]:
        frame, fresh = self._fresh(_funding, data)
        if frame.data is None:
            raise MalformedFrame("frame.data", "object", "nothing")
        rate = parse.funding_rate(frame.data, frame.ts, now_ns)
        return self._announced([rate] if fresh else [])


class CandlesSession(MarketStream):
    """`price_type` is `trades`, `mark-prices` or `index-prices`; the interval as in the URL."""

    def __init__(
        self, ws_url: str, symbol: str, timeframe: str, interval: str, price_type: str = "trades"
    ) -> None:
        super().__init__(ws_url, f"/candles/{symbol}/{price_type}?interval={interval}")
        self._symbol = symbol
        self._timeframe = timeframe

    def receive(self, data: str | bytes, now_ns: int) -> list[Event]:
        frame, fresh = self._fresh(_candles, data)
        if frame.data is None:
            raise MalformedFrame("frame.data", "array", "nothing")
        rows = frame.data if fresh else ()
        return self._announced(
            [parse.candle(row, self._symbol, self._timeframe, now_ns) for row in rows]
        )
