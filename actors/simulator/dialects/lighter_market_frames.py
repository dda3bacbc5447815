"""Frames of Lighter's public channels, ready to send (PROTOCOL 3.3, 4).

`word` is `SUBSCRIBED` for what a channel begins with, `UPDATE` for all that follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec

from actors.simulator.dialects.lighter_ids import block_height, book_nonce
from actors.simulator.dialects.lighter_market_rows import stats_row, ticker_row
from actors.simulator.dialects.lighter_rows import price_text, size_text, trade_row
from actors.simulator.feed import BookFrame, BookTruth
from actors.simulator.market import Market
from actors.simulator.markets import MarketSpec
from actors.simulator.matching import BUY, SELL
from actors.simulator.orders import Print

SUBSCRIBED: Final = "subscribed"
UPDATE: Final = "update"
SERVERS: Final = 2
"""A connection comes to one of them; each counts book offsets by itself."""

_OFFSETS: Final = ((1_558_000, 3), (11_413_000, 2))
"""Where each server's offsets begin, and by how many they rise from frame to frame."""

_encoder: Final = msgspec.json.Encoder()


class BookMoment(NamedTuple):
    """The frame that a book's wire frame tells of, the nonce it follows on, and when it was."""

    frame: int
    begin_nonce: int
    ts_ms: int


def encoded(document: dict[str, Any]) -> bytes:
    return _encoder.encode(document)


def timed(word: str, channel: str, at: str, ts_ms: int, **fields: Any) -> bytes:
    """A frame of `channel` (its part before the colon) `at` what it is of."""
    name = f"{channel}:{at}" if at else channel
    return encoded({"channel": name, **fields, "timestamp": ts_ms, "type": f"{word}/{channel}"})


def book_snapshot(
    market: Market, market_id: int, truth: BookTruth, frame: int, server: int
) -> bytes:
    """The whole published book: asks ascend, bids descend; begins at no nonce."""
    moment = BookMoment(frame, 0, truth.ts_ms)
    sides = {
        "asks": _levels(market.spec, truth.asks),
        "bids": _levels(market.spec, truth.bids),
    }
    return _book(SUBSCRIBED, market_id, moment, sides, server)


def book_update(market: Market, market_id: int, frame: BookFrame, begin: int, server: int) -> bytes:
    """Only the levels that changed, unsorted, with their new sizes; size zero removes one."""
    sides = {
        word: _levels(
            market.spec, ((it.price, it.after) for it in frame.changes if it.side == side)
        )
        for word, side in (("asks", SELL), ("bids", BUY))
    }
    moment = BookMoment(frame.number, begin, frame.ts_ms)
    return _book(UPDATE, market_id, moment, sides, server)


def ticker(word: str, market: Market, market_id: int, nonce: int, ts_ms: int) -> bytes:
    at_us = market.feed.last.ts_ms * 1000
    row = ticker_row(market, at_us)
    return timed(
        word, "ticker", str(market_id), ts_ms, last_updated_at=at_us, nonce=nonce, ticker=row
    )


def trades(word: str, market: Market, market_id: int, nonce: int, prints: Iterable[Print]) -> bytes:
    """Without a time of its own; liquidations are a list apart, and never happen here."""
    return encoded(
        {
            "channel": f"trade:{market_id}",
            "liquidation_trades": [],
            "nonce": nonce,
            "trades": [trade_row(one, market.spec, market_id) for one in prints],
            "type": f"{word}/trade",
        }
    )


def stats(word: str, market: Market, market_id: int, ts_ms: int) -> bytes:
    row = stats_row(market, market_id, ts_ms)
    return timed(word, "market_stats", str(market_id), ts_ms, market_stats=row)


def all_stats(word: str, markets: Iterable[tuple[int, Market]], ts_ms: int) -> bytes:
    """A map; an update has only those markets that changed."""
    rows = {str(market_id): stats_row(market, market_id, ts_ms) for market_id, market in markets}
    return timed(word, "market_stats", "all", ts_ms, market_stats=rows)


def height(word: str, ts_ms: int) -> bytes:
    return timed(word, "height", "", ts_ms, height=block_height(ts_ms))


def _book(
    word: str,
    market_id: int,
    moment: BookMoment,
    sides: dict[str, list[dict[str, str]]],
    server: int,
) -> bytes:
    first, step = _OFFSETS[server]
    number = moment.frame
    offset = first + step * number + number * number % step
    at_us = moment.ts_ms * 1000 + number % 1000
    book = {
        "code": 0,
        **sides,
        "offset": offset,
        "nonce": book_nonce(number),
        "last_updated_at": at_us,
        "begin_nonce": moment.begin_nonce,
    }
    return timed(
        word,
        "order_book",
        str(market_id),
        moment.ts_ms,
        last_updated_at=at_us,
        offset=offset,
        order_book=book,
    )


def _levels(spec: MarketSpec, levels: Iterable[tuple[int, int]]) -> list[dict[str, str]]:
    return [
        {"price": price_text(spec, price), "size": size_text(spec, lots)} for price, lots in levels
    ]
