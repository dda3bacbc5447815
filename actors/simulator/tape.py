"""Prices of one market as they came about: last, mark, index, funding, candles and a day's sums."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

from actors.simulator.history import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    Candle,
    PastPrices,
    candle_bounds,
    joined,
)
from actors.simulator.markets import MarketSpec

CANDLE_TYPES: Final = ("trades", "mark-prices", "index-prices")
PICO_DECIMALS: Final = 12
PICO: Final = 10**PICO_DECIMALS
"""Mark and index prices are finer than a tick; they are counted in 10^-12."""

MINUTES_KEPT: Final = 3_000
HOURS_KEPT: Final = 2_400
FUNDING_RATE_START: Final = 13
"""Millionths per hour."""

OPEN_INTEREST_START_USD: Final = 42_000_000


class Tape:
    """The price record of one market."""

    __slots__ = (
        "_hours",
        "_minutes",
        "_newest_ms",
        "_spec",
        "applied",
        "began_ms",
        "funding_rate",
        "index_pico",
        "last",
        "mark_pico",
        "open_interest",
        "past",
    )

    def __init__(self, spec: MarketSpec, seed: int, now_ms: int) -> None:
        notional_per_minute = 60_000 * 10**6
        lots_per_minute = notional_per_minute // (spec.start_ticks * spec.micros_per_unit)
        self._spec = spec
        # The record begins on a whole minute: no candle is half invented and half traded.
        self.began_ms = now_ms // MINUTE_MS * MINUTE_MS
        self.past = PastPrices(
            f"{seed} {spec.name}", self.began_ms, spec.start_ticks, lots_per_minute
        )
        self._minutes: dict[str, OrderedDict[int, Candle]] = {
            kind: OrderedDict() for kind in CANDLE_TYPES
        }
        self._hours: dict[str, OrderedDict[int, Candle]] = {
            kind: OrderedDict() for kind in CANDLE_TYPES
        }
        self._newest_ms = self.began_ms
        self.last = spec.start_ticks
        self.mark_pico = self.index_pico = int(spec.start_price) * PICO
        self.funding_rate = FUNDING_RATE_START
        self.applied: deque[tuple[int, int]] = deque(maxlen=HOURS_KEPT)
        self.open_interest = (
            OPEN_INTEREST_START_USD * 10**6 // (spec.start_ticks * spec.micros_per_unit)
        )
        for kind in CANDLE_TYPES:
            self._record(kind, spec.start_ticks, 0, now_ms)

    def traded(self, price: int, lots: int, now_ms: int) -> None:
        self.last = price
        self._record("trades", price, lots, now_ms)

    def priced(self, mark_pico: int, index_pico: int, now_ms: int) -> None:
        self.mark_pico, self.index_pico = mark_pico, index_pico
        self._record("mark-prices", self.ticks(mark_pico), 0, now_ms)
        self._record("index-prices", self.ticks(index_pico), 0, now_ms)
        # A quiet minute still has a candle, flat at the last price.
        self._record("trades", self.last, 0, now_ms)

    def ticks(self, pico: int) -> int:
        return round(pico / PICO / float(self._spec.tick))

    def value(self, lots: int, pico: int) -> int:
        """Notional of `lots` at a price in 10^-12, in millionths, rounded to the nearest."""
        lot_units = int(self._spec.lot * 10**self._spec.size_decimals)
        divisor = int(10 ** (self._spec.size_decimals + PICO_DECIMALS - 6))
        return (2 * lots * lot_units * pico + divisor) // (2 * divisor)

    def candles(self, kind: str, interval: str, until_ms: int, limit: int) -> list[Candle]:
        """Newest first; the first one is still running when `until_ms` is now."""
        found: list[Candle] = []
        at_ms = until_ms
        while len(found) < limit and at_ms >= self.past.oldest_ms:
            start_ms, end_ms = candle_bounds(interval, at_ms)
            candle = self.candle(kind, start_ms, end_ms)
            if candle is not None:
                found.append(candle)
            at_ms = start_ms - 1
        return found

    def candle(self, kind: str, start_ms: int, end_ms: int) -> Candle | None:
        """The candle between two times, or None when nothing is known of it."""
        parts = []
        if start_ms < self.began_ms:
            parts.append(self.past.candle(start_ms, min(end_ms, self.began_ms)))
        if end_ms > self.began_ms:
            parts += self._lived(kind, max(start_ms, self.began_ms), end_ms)
        return joined(parts, start_ms) if parts else None

    def _lived(self, kind: str, start_ms: int, end_ms: int) -> list[Candle]:
        """Whole hours where they fit, minutes at the edges; bounded by what is kept."""
        minutes, hours = self._minutes[kind], self._hours[kind]
        at_ms = max(start_ms, next(iter(hours)) if end_ms - start_ms > HOUR_MS else start_ms)
        end_ms = min(end_ms, self._newest_ms + MINUTE_MS)
        parts = []
        while at_ms < end_ms:
            whole = at_ms % HOUR_MS == 0 and at_ms + HOUR_MS <= end_ms
            part = hours.get(at_ms) if whole else minutes.get(at_ms)
            if part is not None:
                parts.append(part)
            at_ms += HOUR_MS if whole else MINUTE_MS
        return parts

    def _record(self, kind: str, price: int, lots: int, now_ms: int) -> None:
        # Not the last one that was stored: a clock can be set back.
        self._newest_ms = max(self._newest_ms, now_ms // MINUTE_MS * MINUTE_MS)
        for store, length, kept in (
            (self._minutes[kind], MINUTE_MS, MINUTES_KEPT),
            (self._hours[kind], HOUR_MS, HOURS_KEPT),
        ):
            start_ms = now_ms // length * length
            row = Candle(start_ms, price, price, price, price, lots)
            known = store.get(start_ms)
            store[start_ms] = row if known is None else joined([known, row], start_ms)
            if len(store) > kept:
                store.popitem(last=False)

    def settled(self, start_ms: int, end_ms: int) -> list[tuple[int, int]]:
        """(time, rate) of each hour's funding, newest first; before the beginning it is a wave."""
        rates = list(self.applied)[::-1]
        hour_ms = (self.began_ms - 1) // HOUR_MS * HOUR_MS
        while hour_ms >= max(start_ms - HOUR_MS, self.past.oldest_ms):
            rates.append((hour_ms + 1_400, FUNDING_RATE_START + hour_ms // HOUR_MS * 7 % 11 - 5))
            hour_ms -= HOUR_MS
        return [(at_ms, rate) for at_ms, rate in rates if start_ms <= at_ms <= end_ms]

    def day(self, now_ms: int) -> Candle:
        """The last 24 hours as one candle."""
        start_ms = (now_ms - DAY_MS) // MINUTE_MS * MINUTE_MS
        candle = self.candle("trades", start_ms, now_ms // MINUTE_MS * MINUTE_MS + MINUTE_MS)
        assert candle is not None, "the running minute is always known"
        return candle
