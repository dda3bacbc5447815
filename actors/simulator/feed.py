"""What the venue publishes of one book: numbered frames, and the truth at each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from actors.simulator.matching import BUY, SELL, LevelChange, MatchingBook

SNAPSHOT_INTERVAL_MS: Final = 60_000
LOG_FRAMES_MAX: Final = 6_000
"""At a raised rate the next snapshot comes early, so that what a newcomer gets stays bounded."""

Levels = tuple[tuple[int, int], ...]
"""(price in ticks, total lots), best first."""


@dataclass(slots=True, eq=False)
class BookFrame:
    """A snapshot (`bids`, `asks`) or a delta (`changes`); `wire` is the dialect's to keep bytes."""

    number: int
    ts_ms: int
    bids: Levels | None = None
    asks: Levels | None = None
    changes: tuple[LevelChange, ...] = ()
    wire: bytes | None = None

    @property
    def is_snapshot(self) -> bool:
        return self.bids is not None


class BookTruth(NamedTuple):
    """The published book after frame `number`."""

    number: int
    ts_ms: int
    bids: Levels
    asks: Levels


class BookFeed:
    """Turns the engine's changes into frames; keeps those since the last snapshot but one."""

    __slots__ = ("_book", "_older", "_snapshot_ms", "log", "top")

    def __init__(self, book: MatchingBook, now_ms: int) -> None:
        self._book = book
        self._older: list[BookFrame] = []
        self.log: list[BookFrame] = []
        self.top: tuple[tuple[int, int] | None, tuple[int, int] | None] = (None, None)
        self._snapshot_ms = now_ms
        book.drain()
        self.log.append(self._snapshot(0, now_ms))

    @property
    def last(self) -> BookFrame:
        return self.log[-1]

    def publish(self, now_ms: int) -> list[BookFrame]:
        """One delta (empty when nothing changed) and, each minute, a snapshot after it."""
        delta = BookFrame(self.last.number + 1, now_ms, changes=tuple(self._book.drain()))
        self.log.append(delta)
        # A clock that was set back may not keep the next snapshot waiting.
        is_early = 0 <= now_ms - self._snapshot_ms < SNAPSHOT_INTERVAL_MS
        if is_early and len(self.log) < LOG_FRAMES_MAX:
            return [delta]
        self._older = self.log
        self._snapshot_ms = now_ms
        snapshot = self._snapshot(delta.number + 1, now_ms)
        self.log = [snapshot]
        return [delta, snapshot]

    def moved(self) -> bool:
        """Whether the best level of a side is another than at the last call."""
        top = (self._best(BUY), self._best(SELL))
        if top == self.top:
            return False
        self.top = top
        return True

    def truth(self, number: int | None = None) -> BookTruth | None:
        """The book after frame `number` (None: the last), or None when it is no longer known."""
        wanted = self.last.number if number is None else number
        for log in (self.log, self._older):
            if log and log[0].number <= wanted <= log[-1].number:
                return _replayed(log[: wanted - log[0].number + 1])
        return None

    def _snapshot(self, number: int, now_ms: int) -> BookFrame:
        bids, asks = self._book.depth(BUY), self._book.depth(SELL)
        return BookFrame(number, now_ms, tuple(bids), tuple(asks))

    def _best(self, side: int) -> tuple[int, int] | None:
        price = self._book.best(side)
        return None if price is None else (price, self._book.total(side, price))


def _replayed(log: list[BookFrame]) -> BookTruth:
    first, last = log[0], log[-1]
    totals = {BUY: dict(first.bids or ()), SELL: dict(first.asks or ())}
    for frame in log[1:]:
        for change in frame.changes:
            if change.after:
                totals[change.side][change.price] = change.after
            else:
                del totals[change.side][change.price]
    return BookTruth(
        last.number,
        last.ts_ms,
        tuple(sorted(totals[BUY].items(), reverse=True)),
        tuple(sorted(totals[SELL].items())),
    )
