"""Prices before the simulator began: a smooth function of time, so any candle can be asked for."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
PAST_DAYS_MAX: Final = 400
"""Older candles do not exist, so that paging backwards ends."""

_SAMPLES: Final = 6
_WAVES: Final = (
    (17 * DAY_MS, 0.03),
    (31 * HOUR_MS, 0.012),
    (5 * HOUR_MS, 0.005),
    (37 * MINUTE_MS, 0.0016),
    (7 * MINUTE_MS, 0.0006),
)
_WEEK_OFFSET_MS: Final = 4 * DAY_MS
"""The epoch was a Thursday; weeks begin on Monday."""

INTERVALS_MS: Final = {
    "PT1M": MINUTE_MS,
    "PT5M": 5 * MINUTE_MS,
    "PT15M": 15 * MINUTE_MS,
    "PT30M": 30 * MINUTE_MS,
    "PT1H": HOUR_MS,
    "PT2H": 2 * HOUR_MS,
    "PT4H": 4 * HOUR_MS,
    "PT8H": 8 * HOUR_MS,
    "PT12H": 12 * HOUR_MS,
    "PT24H": DAY_MS,
    "P1D": DAY_MS,
    "P7D": 7 * DAY_MS,
    "P30D": 30 * DAY_MS,
}


class Candle(NamedTuple):
    """Prices in ticks, volume in lots; `start_ms` is the candle's name."""

    start_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: int


def candle_bounds(interval: str, at_ms: int) -> tuple[int, int]:
    """Start and end of the candle that holds `at_ms`; P30D is a calendar month."""
    if interval == "P30D":
        month = datetime.fromtimestamp(at_ms / 1000, UTC).replace(
            day=1, hour=0, minute=0, second=0, microsecond=0
        )
        following = (month + timedelta(days=32)).replace(day=1)
        return int(month.timestamp()) * 1000, int(following.timestamp()) * 1000
    length = INTERVALS_MS[interval]
    offset = _WEEK_OFFSET_MS if interval == "P7D" else 0
    start = (at_ms - offset) // length * length + offset
    return start, start + length


class PastPrices:
    """The price of one market before `start_ms`, meeting `start_ticks` there."""

    __slots__ = ("_at_start", "_phases", "_start_ms", "_start_ticks", "_volume")

    def __init__(self, seed: str, start_ms: int, start_ticks: int, lots_per_minute: int) -> None:
        chance = random.Random(seed)  # noqa: S311 (a reproducible world, not a secret)
        self._phases = [chance.uniform(0, math.tau) for _ in _WAVES]
        self._start_ms = start_ms
        self._start_ticks = start_ticks
        self._volume = lots_per_minute
        self._at_start = self._level(start_ms)

    def _level(self, at_ms: float) -> float:
        return sum(
            size * math.sin(math.tau * at_ms / period + phase)
            for (period, size), phase in zip(_WAVES, self._phases, strict=True)
        )

    def price(self, at_ms: float) -> int:
        return round(self._start_ticks * math.exp(self._level(at_ms) - self._at_start))

    def candle(self, start_ms: int, end_ms: int) -> Candle:
        """The candle from `start_ms` up to `end_ms`, neither after the beginning."""
        step = (end_ms - start_ms) / _SAMPLES
        prices = [self.price(start_ms + step * index) for index in range(_SAMPLES + 1)]
        minutes = max(1, (end_ms - start_ms) // MINUTE_MS)
        swing = 1 + math.sin(start_ms / (11 * HOUR_MS) + self._phases[0]) / 3
        return Candle(
            start_ms,
            prices[0],
            max(prices),
            min(prices),
            prices[-1],
            max(1, round(self._volume * minutes * swing)),
        )

    @property
    def oldest_ms(self) -> int:
        return self._start_ms - PAST_DAYS_MAX * DAY_MS


def joined(parts: list[Candle], start_ms: int) -> Candle:
    """Several candles, in time order, as one."""
    return Candle(
        start_ms,
        parts[0].open,
        max(part.high for part in parts),
        min(part.low for part in parts),
        parts[-1].close,
        sum(part.volume for part in parts),
    )
