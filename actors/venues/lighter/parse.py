"""From Lighter's public shapes to our messages: pure functions, one per row.

A value that the venue adds to an enumeration passes in lower case and never fails. Source:
PROTOCOL, sections 2.4, 2.5 and 3.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from actors.errors import MalformedFrame
from actors.messages.market import Candle, Instrument, Level, Ticker, Trade
from actors.venues.decoding import decode
from actors.venues.lighter import wire
from actors.venues.lighter.amounts import added, quotient
from actors.venues.orderbook import AMOUNT_LENGTH_MAX, exact

VENUE: Final = "lighter"
LINEAR: Final = "linear"
SPOT: Final = "spot"
COLLATERAL: Final = "USDC"

_SECONDS_BELOW: Final = 10**11
_MILLIS_BELOW: Final = 10**14
_PERCENT_PLACES: Final = 2
_OPEN_INTEREST_STEP: Final = Decimal("1e-8")
_PRODUCTS: Final = {"perp": LINEAR, "spot": SPOT}
_head = msgspec.json.Decoder(wire.MarketHead)
# Some recorders quote whole numbers.
_market = msgspec.json.Decoder(wire.Market, strict=False)


def nanoseconds(time: int | None) -> int:
    """Of a time in seconds, milliseconds or microseconds, told apart by its size; 0 for none."""
    if not time:
        return 0
    if time < _SECONDS_BELOW:
        return time * 10**9
    return time * (10**6 if time < _MILLIS_BELOW else 10**3)


def figure(number: Decimal | None, field: str) -> str | None:
    """Plain decimal text of a JSON number, digit for digit; MalformedFrame for one beyond sense."""
    if number is None:
        return None
    exponent = number.as_tuple().exponent
    fits = isinstance(exponent, int) and exponent > -AMOUNT_LENGTH_MAX
    if not fits or number.adjusted() >= AMOUNT_LENGTH_MAX:
        raise MalformedFrame(field, "a number of plain size", str(number)[:AMOUNT_LENGTH_MAX])
    text = format(number, "f")
    if len(text) > AMOUNT_LENGTH_MAX:
        raise MalformedFrame(field, f"at most {AMOUNT_LENGTH_MAX} characters", text)
    return text


def fraction(percent: Decimal | str | None, field: str) -> str | None:
    """A share as a fraction, of what the venue tells in percent; exactly."""
    if percent is None:
        return None
    sign, digits, exponent = Decimal(percent).as_tuple()
    if not isinstance(exponent, int):
        raise MalformedFrame(field, "a number", str(percent))
    return figure(Decimal((sign, digits, exponent - _PERCENT_PLACES)), field)


def product_of(symbol: str) -> str:
    """By the venue's own name: `ETH` is a perpetual, `ETH/USDC` a spot market."""
    return SPOT if "/" in symbol else LINEAR


def trade(row: wire.PublicTrade, product: str, symbol: str, received_ns: int) -> Trade:
    """The taker bought where the maker asked."""
    return Trade(
        venue=VENUE,
        product=product,
        symbol=symbol,
        trade_id=str(row.trade_id),
        side="buy" if row.is_maker_ask else "sell",
        price=row.price,
        quantity=row.size,
        trade_type=(row.type or "trade").lower(),
        venue_time_ns=nanoseconds(row.transaction_time or row.timestamp),
        received_ns=received_ns,
    )


def candle(row: wire.Candle, product: str, symbol: str, timeframe: str, received_ns: int) -> Candle:
    """The venue marks no candle as closed; a volume that it leaves out is zero."""
    prices = [figure(getattr(row, name), f"candle.{name}") or "0" for name in ("o", "h", "l", "c")]
    return Candle(
        venue=VENUE,
        product=product,
        symbol=symbol,
        timeframe=timeframe,
        start_us=nanoseconds(row.t) // 1_000,
        open=prices[0],
        high=prices[1],
        low=prices[2],
        close=prices[3],
        volume=figure(row.v, "candle.v") or "0",
        received_ns=received_ns,
    )


def ticker(stats: wire.MarketStats, product: str, symbol: str, received_ns: int) -> Ticker:
    """The stream's figures, without best prices; the funding rate is the estimate for the running
    hour, open interest in base units by `base_interest`."""
    rate = stats.funding_rate if stats.current_funding_rate is None else stats.current_funding_rate
    return Ticker(
        venue=VENUE,
        product=product,
        symbol=symbol,
        last=stats.last_trade_price,
        mark=stats.mark_price,
        index=stats.index_price,
        volume_base=figure(stats.daily_base_token_volume, "daily_base_token_volume"),
        volume_quote=figure(stats.daily_quote_token_volume, "daily_quote_token_volume"),
        high=figure(stats.daily_price_high, "daily_price_high"),
        low=figure(stats.daily_price_low, "daily_price_low"),
        change_fraction=fraction(stats.daily_price_change, "daily_price_change"),
        funding_rate=fraction(rate, "funding_rate"),
        open_interest=base_interest(stats.open_interest, stats.mark_price),
        received_ns=received_ns,
    )


def best(level: wire.Best, field: str) -> str | None:
    """The best price of a side; a side without a level has none, which is legal."""
    if not level.price:
        return None
    exact(level.price, f"{field}.price")
    return level.price


def base_interest(usd: str | None, mark_price: str | None) -> str | None:
    """Open interest in base units: the stream tells it in USD, which is that by mark price (both
    recorded frames divide without a rest). To eight places, should one not divide."""
    if usd is None or mark_price is None:
        return None
    units = quotient(Decimal(usd), Decimal(mark_price), _OPEN_INTEREST_STEP)
    return figure(None if units is None else Decimal(units), "open_interest")


def rest_ticker(row: wire.Market, product: str, received_ns: int) -> Ticker:
    """The figures that a list of markets tells: neither best prices nor mark, index or funding."""
    return Ticker(
        venue=VENUE,
        product=product,
        symbol=row.symbol,
        last=figure(row.last_trade_price, "last_trade_price"),
        volume_base=figure(row.daily_base_token_volume, "daily_base_token_volume"),
        volume_quote=figure(row.daily_quote_token_volume, "daily_quote_token_volume"),
        high=figure(row.daily_price_high, "daily_price_high"),
        low=figure(row.daily_price_low, "daily_price_low"),
        change_fraction=fraction(row.daily_price_change, "daily_price_change"),
        open_interest=figure(row.open_interest, "open_interest"),
        received_ns=received_ns,
    )


def market_rows(listing: wire.Listing) -> list[tuple[wire.Market, str]]:
    """Perpetuals and spot markets with their product; other kinds (binary options) are left out."""
    found: list[tuple[wire.Market, str]] = []
    lists = {
        "order_book_details": (listing.order_book_details, LINEAR),
        "spot_order_book_details": (listing.spot_order_book_details, SPOT),
    }
    for name, (rows, otherwise) in lists.items():
        for at, raw in enumerate(rows or ()):
            field = f"body.{name}[{at}]"
            kind = decode(_head, raw, field).market_type
            product = otherwise if kind is None else _PRODUCTS.get(kind)
            if product is not None:
                found.append((decode(_market, raw, field), product))
    return found


def instruments(rows: Iterable[tuple[wire.Market, str]]) -> tuple[Instrument, ...]:
    """One per market, of what `market_rows` found."""
    return tuple(_instrument(row, product) for row, product in rows)


def _instrument(row: wire.Market, product: str) -> Instrument:
    base, _, quote = row.symbol.partition("/")
    quote = quote or COLLATERAL
    linear = product == LINEAR
    return Instrument(
        venue=VENUE,
        product=product,
        symbol=row.symbol,
        base=base,
        quote=quote,
        settle=quote,
        unified=f"{base}/{quote}:{quote}" if linear else f"{base}/{quote}",
        tick_size=_step(row.supported_price_decimals, row.price_decimals, "price_decimals"),
        lot_size=_step(row.supported_size_decimals, row.size_decimals, "size_decimals"),
        min_quantity=row.min_base_amount,
        status=(row.status or "active").lower(),
        aliases=(f"{base}-PERP", f"{base}-USD") if linear else (),
        venue_id=str(row.market_id),
    )


def _step(supported: int | None, places: int | None, field: str) -> str:
    """The smallest step of so many decimal places."""
    count = places if supported is None else supported
    if count is None:
        raise MalformedFrame(field, "a count of decimal places", "nothing")
    return f"0.{'1'.rjust(count, '0')}" if count else "1"


def resting_levels(rows: Iterable[wire.RestingOrder] | None) -> tuple[Level, ...]:
    """Levels of single orders, their sizes summed by price; best first, as they come."""
    sizes: dict[Decimal, tuple[str, Decimal]] = {}
    for row in rows or ():
        price, held = sizes.get(Decimal(row.price), (row.price, Decimal(0)))
        sizes[Decimal(price)] = (price, added((held, Decimal(row.remaining_base_amount))))
    return tuple((price, format(size, "f")) for price, size in sizes.values())
