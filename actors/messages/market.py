"""What venues say of markets. Prices and sizes are decimal text, exactly as the venue sent it.

Times are integer nanoseconds since the Unix epoch: `venue_time_ns` by the venue's clock (0 where
it gives none), `received_ns` by ours.
"""

from __future__ import annotations

import msgspec

Level = tuple[str, str]
"""Price and size."""


class BookSnapshot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A whole order book: bids descending, asks ascending; `verified` by the venue's own rule."""

    venue: str
    product: str
    symbol: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    sequence: int
    verified: bool = True
    venue_time_ns: int = 0
    received_ns: int


class BookDelta(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Changed levels with absolute sizes; size `0` removes. `sequence` is the stream's own count.

    Applies only on a book at `previous_sequence`.
    """

    venue: str
    product: str
    symbol: str
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()
    sequence: int
    previous_sequence: int
    venue_time_ns: int = 0
    received_ns: int


class BookStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an order book stream fares; counts since its actor's start.

    `verified` is False from a gap, mismatch or crossed book until the next good snapshot;
    `reason` says why. `longest_outage_ms` is the longest time without a verified book.
    """

    venue: str
    product: str
    symbol: str
    verified: bool
    reason: str = ""
    updates: int = 0
    snapshots: int = 0
    gaps: int = 0
    resyncs: int = 0
    mismatches: int = 0
    crossed: int = 0
    malformed: int = 0
    last_gap_ns: int = 0
    longest_outage_ms: float = 0.0
    received_ns: int


class Trade(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Someone's print. `side` is the taker's: `buy` or `sell`."""

    venue: str
    product: str
    symbol: str
    trade_id: str
    side: str
    price: str
    quantity: str
    trade_type: str = "trade"
    venue_time_ns: int = 0
    received_ns: int


class Ticker(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The figures of one market; high, low, volumes and change over 24 h.

    `change_fraction` 0.01 is one percent up; `funding_rate` is a fraction per funding interval,
    `open_interest` in base units.
    """

    venue: str
    product: str
    symbol: str
    last: str | None = None
    bid: str | None = None
    ask: str | None = None
    mark: str | None = None
    index: str | None = None
    volume_base: str | None = None
    volume_quote: str | None = None
    high: str | None = None
    low: str | None = None
    change_fraction: str | None = None
    funding_rate: str | None = None
    open_interest: str | None = None
    venue_time_ns: int = 0
    received_ns: int


class Candle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One candle; `closed=False` is the live one. `volume` is in base units."""

    venue: str
    product: str
    symbol: str
    timeframe: str
    start_us: int
    open: str
    high: str
    low: str
    close: str
    volume: str | None = None
    closed: bool = False
    received_ns: int


class MarkPrice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Mark or index price (`price_type`)."""

    venue: str
    product: str
    symbol: str
    price_type: str
    price: str
    venue_time_ns: int = 0
    received_ns: int


class FundingRate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Funding rate as a fraction per `interval_s`."""

    venue: str
    product: str
    symbol: str
    rate: str
    interval_s: int = 3600
    venue_time_ns: int = 0
    received_ns: int


class Instrument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What can be traded, under the venue's own name and under ours.

    `symbol` is the venue's (native); `unified` follows ccxt (`BTC/USDC:USDC`); `aliases` are other
    spellings that users send (`BTC-PERP`). `venue_id` is what the venue's streams call it, where
    that is not the symbol.
    """

    venue: str
    product: str
    symbol: str
    base: str
    quote: str
    settle: str
    unified: str
    tick_size: str
    lot_size: str
    contract_size: str = "1"
    min_quantity: str | None = None
    status: str = "active"
    trading_hours: str = "continuous"
    aliases: tuple[str, ...] = ()
    venue_id: str = ""


class InstrumentList(msgspec.Struct, frozen=True, kw_only=True):
    """All instruments of one venue; topic `instruments:<venue>`.

    `timeframes` are those that its candles can have, in our names (`1m`), shortest first.
    """

    venue: str
    items: tuple[Instrument, ...]
    timeframes: tuple[str, ...] = ()
    received_ns: int
