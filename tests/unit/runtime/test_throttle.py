"""The rate that one process is held to, on a fake clock."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instant_timer import InstantTimer

from actors.errors import RateLimited
from actors.runtime.throttle import RATE_LIMIT_PAUSE_S, Throttle


def seconds(timer: InstantTimer, since_ns: int = 0) -> float:
    return (timer.clock.monotonic_ns() - since_ns) / 1e9


async def settle() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


async def test_a_burst_goes_at_once_then_the_rate_holds() -> None:
    timer = InstantTimer()
    throttle = Throttle(timer, rate_per_s=2.0, burst=3)
    started_ns = timer.clock.monotonic_ns()
    at_s = []
    for _ in range(6):
        await throttle.acquire()
        at_s.append(seconds(timer, started_ns))
    assert at_s == [0, 0, 0, 0.5, 1.0, 1.5]


async def test_weights_cost_what_they_weigh() -> None:
    timer = InstantTimer()
    throttle = Throttle(timer, rate_per_s=1.0, burst=10)
    started_ns = timer.clock.monotonic_ns()
    await throttle.acquire(10)
    await throttle.acquire(5)
    assert seconds(timer, started_ns) == 5
    await throttle.acquire()
    assert seconds(timer, started_ns) == 6


async def test_what_is_heavier_than_the_burst_goes_on_credit() -> None:
    timer = InstantTimer()
    throttle = Throttle(timer, rate_per_s=1.0, burst=2)
    started_ns = timer.clock.monotonic_ns()
    await throttle.acquire(5)
    assert seconds(timer, started_ns) == 0
    await throttle.acquire(1)
    assert seconds(timer, started_ns) == 4


async def test_who_begins_with_nothing_saved_earns_it_first() -> None:
    timer = InstantTimer()
    throttle = Throttle(timer, rate_per_s=4.0, burst=8, saved=0)
    started_ns = timer.clock.monotonic_ns()
    await throttle.acquire()
    assert seconds(timer, started_ns) == 0.25


async def test_nothing_goes_before_the_venue_allows_and_then_gently() -> None:
    timer = InstantTimer()
    throttle = Throttle(timer, rate_per_s=10.0, burst=100)
    told: list[float] = []
    throttle.on_limited = told.append
    throttle.limited(30)
    throttle.limited(5)
    assert throttle.held_s == 30
    assert told == [30, 5]
    for _ in range(3):
        with pytest.raises(RateLimited) as held:
            await throttle.acquire()
        assert held.value.retry_after_s == 30
    timer.clock.advance(30)
    started_ns = timer.clock.monotonic_ns()
    await throttle.acquire()
    assert seconds(timer, started_ns) == 0.1, "what was saved before the ban is gone"


def test_a_venue_that_names_no_time() -> None:
    throttle = Throttle(InstantTimer(), 1.0, 1)
    throttle.limited(None)
    assert throttle.held_s == RATE_LIMIT_PAUSE_S


async def test_a_not_before_that_comes_meanwhile_is_told_to_all_who_wait() -> None:
    timer = InstantTimer(steps=True)
    throttle = Throttle(timer, rate_per_s=1.0, burst=1)
    await throttle.acquire()
    waiting = [asyncio.ensure_future(throttle.acquire()) for _ in range(3)]
    await settle()
    throttle.limited(60)
    await settle()
    assert all(isinstance(one.exception(), RateLimited) for one in waiting)


async def test_a_new_rate_counts_for_who_waits() -> None:
    timer = InstantTimer(steps=True)
    throttle = Throttle(timer, rate_per_s=0.01, burst=1, saved=0)
    waiting = [asyncio.ensure_future(throttle.acquire()) for _ in range(2)]
    await settle()
    throttle.change(rate_per_s=2.0, burst=4)
    timer.advance(0.5)
    await settle()
    assert [one.done() for one in waiting] == [True, False], "in the order in which they came"
    throttle.change(rate_per_s=0.5, burst=1)
    timer.advance(1.5)
    await settle()
    assert not waiting[1].done()
    timer.advance(0.5)
    await settle()
    assert waiting[1].done()


async def test_a_smaller_burst_takes_away_what_was_saved() -> None:
    timer = InstantTimer()
    throttle = Throttle(timer, rate_per_s=1.0, burst=50)
    throttle.change(rate_per_s=1.0, burst=2)
    started_ns = timer.clock.monotonic_ns()
    for _ in range(3):
        await throttle.acquire()
    assert seconds(timer, started_ns) == 1


async def test_who_gives_up_waiting_owes_nothing() -> None:
    timer = InstantTimer(steps=True)
    throttle = Throttle(timer, rate_per_s=1.0, burst=1)
    await throttle.acquire()
    waiting = [asyncio.ensure_future(throttle.acquire()) for _ in range(5)]
    await settle()
    for one in waiting[:4]:
        one.cancel()
    timer.advance(1)
    await settle()
    assert waiting[4].done()


def test_an_interval_that_does_not_fit_is_stretched() -> None:
    throttle = Throttle(InstantTimer(), rate_per_s=1.0, burst=1)
    assert throttle.interval_s(0.5, 3) == 3
    assert throttle.interval_s(5.0, 3) == 5


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (1, 0), (-1, 1)])
def test_a_budget_of_nothing_is_refused(rate: float, burst: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Throttle(InstantTimer(), rate, burst)
    with pytest.raises(ValueError, match="above 0"):
        Throttle(InstantTimer(), 1, 1).change(rate, burst)


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
        spent.append((seconds(timer), weight))
        timer.clock.advance(pause_s)
    for first in range(len(spent)):
        total = 0
        for at_s, weight in spent[first:]:
            total += weight
            allowed = max(burst, spent[first][1]) + rate * (at_s - spent[first][0])
            # The one that comes last may have been let in on credit of its own weight.
            assert total <= allowed + weight + 1e-6
