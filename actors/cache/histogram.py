"""How long things take: counts by logarithmic buckets over sliding windows; pure.

The buckets' bounds are the preferred numbers of the Renard series R20 (twenty a decade): a quantile
is right within a bucket, at most 15 %, and the round bounds that monitoring wants (1, 2.5, 5) are
among them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import add
from typing import Final

from actors.messages.latency import LatencyFigures

SLICE_NS: Final = 10_000_000_000
"""What a window slides by."""
MINUTE_SLICES: Final = 6
QUARTER_MINUTES: Final = 15

_R20: Final = (100, 112, 125, 140, 160, 180, 200, 224, 250, 280)
_R20_UPPER: Final = (315, 355, 400, 450, 500, 560, 630, 710, 800, 900)
_DECADES: Final = 9
BOUNDS_NS: Final = [
    100 * 10**decade * step for decade in range(_DECADES) for step in (*_R20, *_R20_UPPER)
]
"""Upper bounds, from 10 µs to 2.5 h; the first bucket also holds what is below 0."""
_SIZE: Final = len(BOUNDS_NS) + 1

TOTALS_MS: Final = (
    *(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
    *(25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 10_000.0),
)
"""Bounds of `totals`, each of them one of BOUNDS_NS."""
_TOTALS_AT: Final = [BOUNDS_NS.index(round(bound_ms * 1e6)) for bound_ms in TOTALS_MS]


@dataclass(frozen=True, slots=True)
class _Slice:
    """A stretch of time: bucket, count, bucket, count …, and the exact extremes."""

    pairs: array[int]
    least_ns: int
    most_ns: int


class _Window:
    """The newest slices and the sum of their counts; what is empty costs nothing."""

    __slots__ = ("counts", "slices")

    def __init__(self, size: int) -> None:
        self.counts = [0] * _SIZE
        self.slices: deque[_Slice | None] = deque([None] * size)

    def slide(self, newest: _Slice | None) -> None:
        self.slices.append(newest)
        self._count(newest, 1)
        self._count(self.slices.popleft(), -1)

    def _count(self, it: _Slice | None, sign: int) -> None:
        if it is not None:
            pairs = iter(it.pairs)
            for bucket, count in zip(pairs, pairs, strict=True):
                self.counts[bucket] += sign * count


class Histogram:
    """`add` what took how long, `roll` each SLICE_NS; some 10 kB, however much is added.

    A window is as long as its name says, or up to a slice (15 minutes: up to a minute) shorter.
    """

    __slots__ = ("_counts", "_least_ns", "_minute", "_minutes", "_most_ns", "_open", "_open_slices",
                 "_totals", "sum_ns")  # fmt: skip

    def __init__(self) -> None:
        self._counts = [0] * _SIZE
        self._least_ns: int | None = None
        self._most_ns = 0
        self._minute = _Window(MINUTE_SLICES - 1)
        self._minutes = _Window(QUARTER_MINUTES - 1)
        self._open = [0] * _SIZE
        """Closed slices of a minute that is not over."""
        self._open_slices: list[_Slice | None] = []
        self._totals = [0] * _SIZE
        self.sum_ns = 0
        """Of all since the start; what is below 0 counts as 0."""

    def add(self, took_ns: int) -> None:
        self._counts[bisect_left(BOUNDS_NS, took_ns)] += 1
        if took_ns > 0:
            self.sum_ns += took_ns
        least_ns = self._least_ns
        if least_ns is None:
            self._least_ns = self._most_ns = took_ns
        elif took_ns > self._most_ns:
            self._most_ns = took_ns
        elif took_ns < least_ns:
            self._least_ns = took_ns

    def roll(self, slices: int = 1) -> None:
        """Closes the current slice; where a call came late, `slices` says how many are due."""
        for _ in range(min(slices, MINUTE_SLICES * QUARTER_MINUTES)):
            closed = self._close()
            self._minute.slide(closed)
            self._open_slices.append(closed)
            if len(self._open_slices) == MINUTE_SLICES:
                self._minutes.slide(_slice(self._open, self._open_slices))
                self._open = [0] * _SIZE
                self._open_slices = []

    def last_minute(self) -> LatencyFigures:
        counts = map(add, self._minute.counts, self._counts)
        return self._figures(list(accumulate(counts)), self._minute.slices)

    def last_quarter(self) -> LatencyFigures:
        """Of 15 minutes."""
        counts = map(add, map(add, self._minutes.counts, self._open), self._counts)
        slices = (*self._minutes.slices, *self._open_slices)
        return self._figures(list(accumulate(counts)), slices)

    def totals(self) -> tuple[int, ...]:
        """How many since the start took at most each of TOTALS_MS; at last, all."""
        counts = list(accumulate(map(add, self._totals, self._counts)))
        return (*(counts[at] for at in _TOTALS_AT), counts[-1])

    @property
    def empty(self) -> bool:
        """Whether 15 minutes brought nothing."""
        return self._least_ns is None and not any(self._minutes.slices) and not any(self._open)

    def _close(self) -> _Slice | None:
        if self._least_ns is None:
            return None
        closed = _Slice(_pairs(self._counts), self._least_ns, self._most_ns)
        self._open = list(map(add, self._open, self._counts))
        self._totals = list(map(add, self._totals, self._counts))
        self._counts = [0] * _SIZE
        self._least_ns, self._most_ns = None, 0
        return closed

    def _figures(self, cumulated: Sequence[int], slices: Iterable[_Slice | None]) -> LatencyFigures:
        total = cumulated[-1]
        if not total:
            return LatencyFigures()
        filled = [it for it in slices if it is not None]
        leasts, mosts = [it.least_ns for it in filled], [it.most_ns for it in filled]
        if self._least_ns is not None:
            leasts.append(self._least_ns)
            mosts.append(self._most_ns)
        least_ns, most_ns = min(leasts), max(mosts)
        p50, p90, p99 = (
            _ms(_quantile_ns(cumulated, share, least_ns, most_ns)) for share in (0.5, 0.9, 0.99)
        )
        return LatencyFigures(
            count=total,
            min_ms=_ms(least_ns),
            p50_ms=p50,
            p90_ms=p90,
            p99_ms=p99,
            max_ms=_ms(most_ns),
        )


def _pairs(counts: list[int]) -> array[int]:
    pairs = array("Q")
    for bucket, count in enumerate(counts):
        if count:
            pairs.extend((bucket, count))
    return pairs


def _slice(counts: list[int], parts: Iterable[_Slice | None]) -> _Slice | None:
    """The whole of `parts`, of which `counts` is the sum."""
    filled = [it for it in parts if it is not None]
    if not filled:
        return None
    least_ns, most_ns = min(it.least_ns for it in filled), max(it.most_ns for it in filled)
    return _Slice(_pairs(counts), least_ns, most_ns)


def _quantile_ns(cumulated: Sequence[int], share: float, least_ns: int, most_ns: int) -> float:
    """Between the bounds of its bucket as if that were evenly filled, and within the extremes."""
    rank = share * cumulated[-1]
    at = bisect_left(cumulated, rank)
    before = cumulated[at - 1] if at else 0
    lower = BOUNDS_NS[at - 1] if at else min(0, least_ns)
    upper = BOUNDS_NS[at] if at < len(BOUNDS_NS) else most_ns
    inside = lower + (upper - lower) * (rank - before) / (cumulated[at] - before)
    return min(max(inside, least_ns), most_ns)


def _ms(nanoseconds: float) -> float:
    return round(nanoseconds / 1e6, 4)
