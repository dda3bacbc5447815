"""The shapes of Lighter's public frames and answers, under the venue's own field names.

Unknown keys are ignored, unknown values of enumerations are plain text here. Prices and sizes are
decimal text; figures of a day and of candles are JSON numbers, read as Decimals from their very
digits; ids are whole numbers of up to 63 bits; arrays may be null. Times: `parse.nanoseconds`.
Source: PROTOCOL, sections 2.1, 2.4, 3.2, 3.3 and 4.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from actors.venues.orderbook import AMOUNT_LENGTH_MAX

Amount = Annotated[
    str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?\Z", min_length=1, max_length=AMOUNT_LENGTH_MAX)
]
Time = Annotated[int, Meta(ge=0, le=9_999_999_999_999_999)]
"""Seconds, milliseconds or microseconds: up to the year 2286 by the finest."""
Whole = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""Ids and nonces."""
MarketId = Annotated[int, Meta(ge=0, le=2**15 - 1)]
Places = Annotated[int, Meta(ge=0, le=30)]
"""Decimal places of a market's prices or sizes."""
Name = Annotated[str, Meta(min_length=1, max_length=80)]
CODE_GOOD: Final = 200
ROWS_MAX: Final = 10_000
"""In one answer or frame: the venue's lists of markets, trades and candles are far shorter."""


class Wire(msgspec.Struct, gc=False):
    """Trees of text and numbers: no cycles, nothing for the garbage collector to find."""


class Envelope(Wire):
    """What all answers have beside their own keys; `code` is 200 where all is well."""

    code: int | str | None = None
    message: str | None = None


# Streams


class ErrorBody(Wire):
    code: int | str | None = None
    message: str | None = None


class Head(Wire):
    """What tells one frame from another; a refusal has `error`, or `code` and `message`."""

    type: str | None = None
    channel: str | None = None
    error: str | ErrorBody | None = None
    code: int | str | None = None
    message: str | None = None
    close_in_ms: int | None = None


class Level(Wire):
    price: str
    size: str


class Book(Wire):
    """Whole in a snapshot, changed levels with absolute sizes in an update."""

    nonce: Whole
    asks: list[Level] | None = None
    bids: list[Level] | None = None
    begin_nonce: Whole | None = None


class BookFrame(Wire):
    order_book: Book
    timestamp: Time | None = None


class PublicTrade(Wire):
    trade_id: Whole
    market_id: MarketId
    price: Amount
    size: Amount
    is_maker_ask: bool
    type: str | None = None
    timestamp: Time | None = None
    transaction_time: Time | None = None


Trades = Annotated[list[PublicTrade], Meta(max_length=ROWS_MAX)]


class TradesFrame(Wire):
    trades: Trades | None = None
    liquidation_trades: Trades | None = None


class Candle(Wire):
    """Base and quote volume are left out where they are zero."""

    t: Time
    o: Decimal
    h: Decimal
    l: Decimal  # noqa: E741 - the venue's name
    c: Decimal
    v: Decimal | None = None


Candles = Annotated[list[Candle], Meta(max_length=ROWS_MAX)]


class CandlesFrame(Wire):
    candles: Candles | None = None


class MarketStats(Wire):
    """Of a perpetual or, without funding, mark and open interest, of a spot market.

    Rates and `daily_price_change` are percent; `open_interest` is USD.
    """

    market_id: MarketId
    index_price: Amount | None = None
    mark_price: Amount | None = None
    last_trade_price: Amount | None = None
    open_interest: Amount | None = None
    funding_rate: Amount | None = None
    current_funding_rate: Amount | None = None
    daily_base_token_volume: Decimal | None = None
    daily_quote_token_volume: Decimal | None = None
    daily_price_low: Decimal | None = None
    daily_price_high: Decimal | None = None
    daily_price_change: Decimal | None = None


class StatsFrame(Wire):
    """The channel of spot markets has a key of its own."""

    market_stats: MarketStats | None = None
    spot_market_stats: MarketStats | None = None
    timestamp: Time | None = None


class Best(Wire):
    """Of one side of the book; `price` and `size` are empty where there is none."""

    price: str
    size: str


class Top(Wire):
    a: Best
    b: Best


class TickerFrame(Wire):
    ticker: Top
    nonce: Whole | None = None
    timestamp: Time | None = None


# REST


class MarketHead(Wire):
    """Enough to leave out the markets that are none of ours."""

    market_type: str | None = None


class Market(Wire):
    """One row of `orderBookDetails`; here `open_interest` is in base units."""

    symbol: Name
    market_id: MarketId
    price_decimals: Places | None = None
    size_decimals: Places | None = None
    supported_price_decimals: Places | None = None
    supported_size_decimals: Places | None = None
    min_base_amount: Amount | None = None
    status: str | None = None
    last_trade_price: Decimal | None = None
    daily_base_token_volume: Decimal | None = None
    daily_quote_token_volume: Decimal | None = None
    daily_price_low: Decimal | None = None
    daily_price_high: Decimal | None = None
    daily_price_change: Decimal | None = None
    open_interest: Decimal | None = None


Rows = Annotated[list[msgspec.Raw], Meta(max_length=ROWS_MAX)]


class Listing(Envelope):
    order_book_details: Rows | None = None
    spot_order_book_details: Rows | None = None


class RestingOrder(Wire):
    price: Amount
    remaining_base_amount: Amount


Resting = Annotated[list[RestingOrder], Meta(max_length=ROWS_MAX)]


class RestingOrders(Envelope):
    """Single orders: more than one may rest at a price."""

    asks: Resting | None = None
    bids: Resting | None = None


class CandlesAnswer(Envelope):
    c: Candles | None = None


def error_text(error: ErrorBody | Envelope | Head | str | None) -> tuple[str, str]:
    """Code and message of a refusal, however it is spelled."""
    if isinstance(error, str):
        return "", error
    if error is None:
        return "", ""
    return "" if error.code is None else str(error.code), error.message or ""
