"""Histograms against the exact quantiles of what was added, and their windows."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from actors.cache.histogram import (
    BOUNDS_NS,
    MINUTE_SLICES,
    QUARTER_MINUTES,
    TOTALS_MS,
    Histogram,
)
from actors.messages.latency import LatencyFigures

WIDTH = 1.15
"""The widest bucket: its upper bound by its lower one."""


def filled(*values: int) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


def test_bounds_rise_by_no_more_than_a_bucket_is_wide() -> None:
    steps = [after / before for before, after in pairwise(BOUNDS_NS)]
    assert min(steps) > 1
    assert max(steps) < WIDTH
    assert BOUNDS_NS[0] == 10_000
    assert BOUNDS_NS[-1] == 9_000 * 10**9


@pytest.mark.parametrize("seed", range(12))
def test_quantiles_are_those_of_the_values_within_a_bucket(seed: int) -> None:
    print(f"seed {seed}")
    chance = random.Random(seed)
    count = chance.randrange(200, 5_000)
    median_ns, spread = chance.uniform(13, 20), chance.uniform(0.1, 2.5)
    values = [round(chance.lognormvariate(median_ns, spread)) for _ in range(count)]
    figures = filled(*values).last_minute()
    values.sort()
    assert figures.count == count
    assert figures.min_ms == round(values[0] / 1e6, 4)
    assert figures.max_ms == round(values[-1] / 1e6, 4)
    shown = ((0.5, figures.p50_ms), (0.9, figures.p90_ms), (0.99, figures.p99_ms))
    for share, told_ms in shown:
        assert told_ms is not None
        exact_ms = values[max(0, -(-round(share * count * 1000) // 1000) - 1)] / 1e6
        assert exact_ms / WIDTH - 0.01 <= told_ms <= exact_ms * WIDTH + 0.01, share


def test_one_value_is_every_quantile() -> None:
    figures = filled(1_234_567).last_minute()
    shown = {figures.min_ms, figures.p50_ms, figures.p90_ms, figures.p99_ms, figures.max_ms}
    assert shown == {1.2346}


def test_nothing_is_no_figure() -> None:
    assert filled().last_minute() == filled().last_quarter() == LatencyFigures()
    assert filled().empty


def test_ages_below_zero_are_shown_as_they_are() -> None:
    hour_ns = 3_600 * 10**9
    figures = filled(-hour_ns, -hour_ns, -hour_ns, 5_000_000).last_minute()
    assert (figures.min_ms, figures.max_ms) == (-3_600_000.0, 5.0)
    assert figures.p50_ms is not None
    assert -3_600_000.0 <= figures.p50_ms <= 0.01
    assert figures.p99_ms is not None
    assert 4.5 <= figures.p99_ms <= 5.0
    assert filled(-hour_ns).sum_ns == 0


def test_beyond_the_last_bound_the_extreme_is_the_bound() -> None:
    figures = filled(BOUNDS_NS[-1] * 3).last_minute()
    assert figures.p50_ms == figures.max_ms == BOUNDS_NS[-1] * 3 / 1e6


def test_the_minute_slides_by_slices() -> None:
    histogram = Histogram()
    counts = []
    for slice_ in range(MINUTE_SLICES * 2):
        if slice_ < MINUTE_SLICES:
            histogram.add(10**6 * (slice_ + 1))
        counts.append(histogram.last_minute().count)
        histogram.roll()
    assert counts == [1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1, 0]
    assert histogram.last_minute() == LatencyFigures()
    quarter = histogram.last_quarter()
    assert (quarter.count, quarter.min_ms, quarter.max_ms) == (6, 1.0, 6.0)


def test_extremes_leave_with_their_slice() -> None:
    histogram = filled(10**9, 10**6)
    histogram.roll()
    histogram.add(2 * 10**6)
    assert histogram.last_minute().max_ms == 1_000.0
    histogram.roll(MINUTE_SLICES - 1)
    histogram.add(3 * 10**6)
    figures = histogram.last_minute()
    assert (figures.count, figures.max_ms) == (2, 3.0)
    assert histogram.last_quarter().max_ms == 1_000.0


def test_the_quarter_holds_fourteen_to_fifteen_minutes() -> None:
    histogram = Histogram()
    lengths = set()
    for _ in range(MINUTE_SLICES * QUARTER_MINUTES * 3):
        histogram.add(10**6)
        lengths.add(histogram.last_quarter().count)
        histogram.roll()
    whole = MINUTE_SLICES * QUARTER_MINUTES
    assert max(lengths) == whole
    late = [histogram.last_quarter().count for _ in range(MINUTE_SLICES)]
    assert min(late) >= whole - MINUTE_SLICES
    histogram.roll(10**9)
    assert histogram.last_quarter() == LatencyFigures()
    assert histogram.empty


def test_totals_are_kept_for_ever_and_cumulated() -> None:
    histogram = filled(50_000, 60_000, 10**9, 10**12)
    histogram.roll(1_000)
    histogram.add(10**6)
    totals = dict(zip((*TOTALS_MS, "all"), histogram.totals(), strict=True))
    assert totals[0.05] == 1, "a bound is inside its bucket"
    assert totals[0.1] == 2
    assert totals[1.0] == 3
    assert totals[1_000.0] == 4
    assert totals["all"] == 5
    assert histogram.sum_ns == 50_000 + 60_000 + 10**9 + 10**12 + 10**6
