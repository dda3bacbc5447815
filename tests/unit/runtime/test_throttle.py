"""The request budget, on a fake clock."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instant_timer import InstantTimer

from actors.runtime.throttle import Throttle


async def test_a_burst_goes_at_once_then_the_rate_holds() -> None:
    timer = InstantTimer()
    throttle = Throttle(timer, rate_per_s=2.0, burst=3)
    started_ns = timer.clock.monotonic_ns()
    at_s = []
    for _ in range(6):
        await throttle.acquire()
        at_s.append((timer.clock.monotonic_ns() - started_ns) / 1e9)
    assert at_s == [0, 0, 0, 0.5, 1.0, 1.5]


async def test_weights_cost_what_they_weigh() -> None:
    timer = InstantTimer()
    throttle = Throttle(timer, rate_per_s=1.0, burst=10)
    started_ns = timer.clock.monotonic_ns()
    await throttle.acquire(10)
    await throttle.acquire(5)
    assert timer.clock.monotonic_ns() - started_ns == 5e9
    assert throttle.delay_s() == 1.0


async def test_nothing_goes_before_the_venue_allows() -> None:
    timer = InstantTimer()
    throttle = Throttle(timer, rate_per_s=100.0, burst=100)
    throttle.not_before(30)
    throttle.not_before(5)
    assert throttle.delay_s() == 30
    started_ns = timer.clock.monotonic_ns()
    await throttle.acquire()
    assert timer.clock.monotonic_ns() - started_ns == 30e9


async def test_a_not_before_that_comes_meanwhile_counts_for_who_waits() -> None:
    timer = InstantTimer(steps=True)
    throttle = Throttle(timer, rate_per_s=1.0, burst=1)
    await throttle.acquire()
    waiting = asyncio.ensure_future(throttle.acquire())
    await asyncio.sleep(0)
    throttle.not_before(60)
    timer.advance(1)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    timer.advance(59)
    async with asyncio.timeout(5):
        await waiting


def test_an_interval_that_does_not_fit_is_stretched() -> None:
    throttle = Throttle(InstantTimer(), rate_per_s=1.0, burst=1)
    assert throttle.interval_s(0.5, 3) == 3
    assert throttle.interval_s(5.0, 3) == 5


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (1, 0), (-1, 1)])
def test_a_budget_of_nothing_is_refused(rate: float, burst: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Throttle(InstantTimer(), rate, burst)


@given(
    rate=st.sampled_from([0.5, 2.0, 10.0]),
    burst=st.integers(1, 10),
    steps=st.lists(st.tuples(st.integers(1, 4), st.floats(0, 3)), min_size=1, max_size=40),
)
async def test_no_window_ever_holds_more_than_burst_and_rate(
    rate: float, burst: int, steps: list[tuple[int, float]]
) -> None:
    timer = InstantTimer()
    throttle = Throttle(timer, rate, burst)
    spent: list[tuple[float, int]] = []
    for weight, pause_s in steps:
        await throttle.acquire(weight)
        spent.append((timer.clock.monotonic_ns() / 1e9, weight))
        timer.clock.advance(pause_s)
    for first in range(len(spent)):
        total = 0
        for at_s, weight in spent[first:]:
            total += weight
            allowed = max(burst, spent[first][1]) + rate * (at_s - spent[first][0])
            # The one that comes last may have been let in on credit of its own weight.
            assert total <= allowed + weight + 1e-6
