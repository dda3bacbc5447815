"""Public streams of one market that keep no book: trades, candles, and the figures of the day.

Source: PROTOCOL, section 3.3.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from actors.errors import MalformedFrame
from actors.messages.market import Ticker, Trade
from actors.venues.contract import Event
from actors.venues.decoding import decode
from actors.venues.lighter import parse, wire
from actors.venues.lighter.session import Stream

SEEN_TRADES_MAX: Final = 1_000
"""After each subscription the venue repeats its last 50 trades or so."""

_trades = msgspec.json.Decoder(wire.TradesFrame)
_candles = msgspec.json.Decoder(wire.CandlesFrame)
_stats = msgspec.json.Decoder(wire.StatsFrame)
_ticker = msgspec.json.Decoder(wire.TickerFrame)


class TradesSession(Stream):
    """Each trade once, over reconnects too, oldest first; liquidations among them."""

    def __init__(self, ws_url: str, product: str, symbol: str, market_id: int) -> None:
        super().__init__(ws_url, (f"trade/{market_id}",))
        self._product = product
        self._symbol = symbol
        self._market_id = market_id
        self._seen: set[int] = set()
        self._seen_order: deque[int] = deque()

    def _frame(self, channel: str, data: str | bytes, now_ns: int, *, whole: bool) -> list[Event]:
        del channel, whole
        frame = decode(_trades, data, "frame")
        rows = [*(frame.trades or ()), *(frame.liquidation_trades or ())]
        trades: list[tuple[int, Trade]] = []
        for row in rows:
            if row.market_id != self._market_id:
                raise MalformedFrame("frame.trades.market_id", str(self._market_id), row.market_id)
            trades.append((row.trade_id, parse.trade(row, self._product, self._symbol, now_ns)))
        # Snapshots come newest first; numbers rise with time in either order.
        trades.sort(key=lambda each: each[0])
        return [trade for number, trade in trades if self._first(number)]

    def _first(self, number: int) -> bool:
        if number in self._seen:
            return False
        self._seen.add(number)
        self._seen_order.append(number)
        if len(self._seen_order) > SEEN_TRADES_MAX:
            self._seen.discard(self._seen_order.popleft())
        return True


class CandlesSession(Stream):
    """Rows of the forming candle; where one rolls over, the last row of it comes along.

    `gaps` stays 0: rows are not numbered, and a new connection begins with the forming candle.
    """

    def __init__(
        self,
        ws_url: str,
        product: str,
        symbol: str,
        market_id: int,
        timeframe: str,
        *,
        resolution: str,
    ) -> None:
        super().__init__(ws_url, (f"candle/{market_id}/{resolution}",))
        self.gaps = 0
        self._product = product
        self._symbol = symbol
        self._timeframe = timeframe
        self._newest_us = 0

    def connected(self, now_ns: int) -> list[bytes | str]:
        self._newest_us = 0
        return super().connected(now_ns)

    def _frame(self, channel: str, data: str | bytes, now_ns: int, *, whole: bool) -> list[Event]:
        del channel, whole
        frame = decode(_candles, data, "frame")
        told = [
            parse.candle(row, self._product, self._symbol, self._timeframe, now_ns)
            for row in frame.candles or ()
        ]
        told.sort(key=lambda each: each.start_us)
        fresh = [each for each in told if each.start_us >= self._newest_us]
        if fresh:
            self._newest_us = fresh[-1].start_us
        return list(fresh)


class TickerSession(Stream):
    """A whole Ticker after each frame, made of two channels, once both have told theirs."""

    def __init__(self, ws_url: str, product: str, symbol: str, market_id: int) -> None:
        kind = "spot_market_stats" if product == parse.SPOT else "market_stats"
        self._stats_channel = f"{kind}/{market_id}"
        super().__init__(ws_url, (self._stats_channel, f"ticker/{market_id}"))
        self._product = product
        self._symbol = symbol
        self._market_id = market_id
        self._forget()

    def _forget(self) -> None:
        self._figures: Ticker | None = None
        self._best: tuple[str | None, str | None] | None = None
        self._nonce = 0
        self._venue_time_ns = 0

    def connected(self, now_ns: int) -> list[bytes | str]:
        self._forget()
        return super().connected(now_ns)

    def _frame(self, channel: str, data: str | bytes, now_ns: int, *, whole: bool) -> list[Event]:
        if channel == self._stats_channel:
            stats = decode(_stats, data, "frame")
            self._take_stats(stats.market_stats or stats.spot_market_stats, now_ns)
            timestamp = stats.timestamp
        else:
            top = decode(_ticker, data, "frame")
            if not whole and top.nonce is not None and top.nonce < self._nonce:
                return []
            self._take_top(top.ticker)
            self._nonce = top.nonce or 0
            timestamp = top.timestamp
        self._venue_time_ns = max(self._venue_time_ns, parse.nanoseconds(timestamp))
        if self._figures is None or self._best is None:
            return []
        bid, ask = self._best
        return [
            msgspec.structs.replace(
                self._figures,
                bid=bid,
                ask=ask,
                venue_time_ns=self._venue_time_ns,
                received_ns=now_ns,
            )
        ]

    def _take_stats(self, stats: wire.MarketStats | None, now_ns: int) -> None:
        if stats is None:
            raise MalformedFrame("frame.market_stats", "object", "nothing")
        if stats.market_id != self._market_id:
            field = "frame.market_stats.market_id"
            raise MalformedFrame(field, str(self._market_id), stats.market_id)
        self._figures = parse.ticker(stats, self._product, self._symbol, now_ns)

    def _take_top(self, top: wire.Top) -> None:
        bid = parse.best(top.b, "frame.ticker.b")
        self._best = bid, parse.best(top.a, "frame.ticker.a")
