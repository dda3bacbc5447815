"""The candles of one market and timeframe: what is live, what is final, each told final once.

Venues mark no candle as closed. One is final when a later one has begun and nothing of it can have
been missed, or when the venue's history shows it after its end (Extended: PROTOCOL, "Candles").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

import msgspec

from actors.messages.market import Candle

CANDLES_MAX: Final = 1_000
"""Kept, and asked for at the first back-fill."""
FINAL_AFTER_S: Final = 3.0
"""The venue's last trades of a candle may come so late after its end."""
OPEN_MAX: Final = 8
"""No more candles than these are open at once; older ones are final."""
_US: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeframe:
    """`name` is ours (`1m`); `spellings` are the venue's, the likeliest first.

    `length_s` is that of each candle but of a calendar month's, where it is the longest.
    """

    name: str
    length_s: int
    spellings: tuple[str, ...]
    calendar_month: bool = False

    def end_us(self, start_us: int) -> int:
        """When the candle that began at `start_us` ends."""
        if not self.calendar_month:
            return start_us + self.length_s * _US
        start = datetime.fromtimestamp(start_us / _US, UTC)
        following = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        return round(following.timestamp() * _US)


class CandleSeries:
    """Takes rows of the stream and of the history; answers what is to be told, oldest first.

    Rows come without `closed`. `begin` before each back-fill and `backfill` with its rows bracket
    the time in which the stream goes on; while `due`, the history has to be asked.
    """

    def __init__(self, timeframe: Timeframe) -> None:
        self.timeframe = timeframe
        self.kept: dict[int, Candle] = {}
        """By start, ascending, the newest CANDLES_MAX; what a cache that comes anew is told."""
        self._whole = False
        self._asked = False
        self._wanted = True
        self._closed_us = 0
        self._short = False
        """The last answer of the history did not reach back to what is known."""
        self._heard: set[int] = set()
        """Starts of the rows that the stream told since the last question to the history."""

    @property
    def newest_us(self) -> int:
        """Start of the newest candle, 0 before the first."""
        return next(reversed(self.kept), 0)

    @property
    def filled(self) -> bool:
        """Whether the history was ever read."""
        return self._asked

    def missed(self) -> None:
        """A frame may be lost: until the next back-fill nothing is final by itself."""
        self._whole = False
        self._wanted = True

    def due(self, venue_us: int) -> bool:
        """Whether the history is to be asked: something was missed, or ended unnoticed."""
        late_us = venue_us - round(FINAL_AFTER_S * _US)
        ended = (self.timeframe.end_us(each.start_us) <= late_us for each in self._open())
        return self._wanted or any(ended)

    def count(self, venue_us: int) -> int:
        """How many rows of the history are needed to know all again."""
        if self._short or not self._closed_us:
            return CANDLES_MAX
        behind = (venue_us - self._closed_us) // (self.timeframe.length_s * _US)
        return max(3, min(CANDLES_MAX, behind + 2))

    def live(self, row: Candle) -> list[Candle]:
        """A row of the stream."""
        start_us, newest_us = row.start_us, self.newest_us
        if start_us <= self._closed_us or (start_us < newest_us and self._whole):
            # Of a candle that is final: the history was asked late enough to know better.
            return []
        told = []
        if self._whole and start_us > newest_us and newest_us:
            last = self.kept[newest_us]
            if self.timeframe.end_us(newest_us) != start_us:
                # Intervals without trades, or rows that were lost: only the history knows.
                self.missed()
            elif not last.closed:
                told.append(self._close(last))
        self._keep([row])
        self._heard.add(start_us)
        return [*told, row]

    def begin(self) -> None:
        """A back-fill is asked for now; what is missed from here on asks for another."""
        self._wanted = False
        self._heard.clear()

    def backfill(self, rows: Iterable[Candle], venue_us: int) -> list[Candle]:
        """Rows of the history; `venue_us` is the venue's time before they were asked for."""
        final_us = venue_us - round(FINAL_AFTER_S * _US)
        found = sorted(rows, key=lambda each: each.start_us)
        self._short = not self._short and self._misses(found)
        if self._short:
            # A clock was set since it was counted how many are needed: all that there are, then.
            self._wanted = True
            return []
        told = []
        for row in found:
            if row.start_us <= self._closed_us:
                continue
            if self.timeframe.end_us(row.start_us) <= final_us:
                told.append(self._close(row))
            elif row.start_us not in self._heard:
                # What the stream said of it since the question is newer.
                told.append(row)
        self._keep(told)
        self._asked = True
        # One that has ended a moment ago is closed by the next back-fill, which then is due.
        self._whole = not self._wanted and len(self._open()) <= 1
        return told

    def _misses(self, found: list[Candle]) -> bool:
        """Whether there may be candles between the last that is final and what was found."""
        if not found or not self._closed_us:
            return False
        return found[0].start_us > self.timeframe.end_us(self._closed_us)

    def _open(self) -> list[Candle]:
        return [each for each in islice(reversed(self.kept.values()), OPEN_MAX) if not each.closed]

    def _close(self, row: Candle) -> Candle:
        self._closed_us = max(self._closed_us, row.start_us)
        self._heard.discard(row.start_us)
        final = msgspec.structs.replace(row, closed=True)
        self.kept[row.start_us] = final
        return final

    def _keep(self, rows: list[Candle]) -> None:
        newest = self.newest_us
        self.kept.update((row.start_us, row) for row in rows)
        if any(row.start_us < newest for row in rows):
            self.kept = dict(sorted(self.kept.items()))
        while len(self.kept) > CANDLES_MAX:
            del self.kept[next(iter(self.kept))]
