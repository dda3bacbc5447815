"""The schedules of reconnects, exactly as specified; on a fake clock."""

from __future__ import annotations

import asyncio

import pytest
from instant_timer import InstantTimer

from actors.errors import Disconnected, KeyRejected, RateLimited
from actors.messages.control import ConnectionState
from actors.runtime.connection_policy import CANDLES, EXPONENTIAL, JITTER_MAX, PHASED, Retries
from actors.runtime.lane import Lane, LaneName


def delays(retries: Retries, count: int) -> list[float]:
    """Without jitter."""
    return [retries.policy.retry(number).delay_s for number in range(1, count + 1)]


def test_phased_is_five_minutes_of_minutes_then_five_minutes_without_end() -> None:
    retries = Retries(PHASED, "seed 1")
    assert delays(retries, 8) == [60, 60, 60, 60, 60, 300, 300, 300]
    assert PHASED.retry(10_000).delay_s == 300


def test_exponential_polls_while_the_socket_is_tried_each_minute() -> None:
    retries = Retries(EXPONENTIAL, "seed 1")
    assert delays(retries, 7) == [1, 2, 4, 8, 16, 60, 60]
    assert EXPONENTIAL.retry(6).poll_interval_s == 15
    assert EXPONENTIAL.retry(5).poll_interval_s is None
    assert retries.after(healthy=True).delay_s >= 1


def test_candle_streams_join_both() -> None:
    assert delays(Retries(CANDLES, "seed 1"), 12) == [1, 2, 4, 8, 16, 60, 60, 60, 60, 60, 300, 300]


def test_after_a_healthy_connection_at_once_and_only_then() -> None:
    retries = Retries(PHASED, "seed 2")
    assert retries.after(healthy=True) == (0.0, 0, 0, None)
    first = retries.after(healthy=False)
    assert (first.attempt, first.phase) == (1, 1)
    assert 60 <= first.delay_s <= 60 * (1 + JITTER_MAX)
    for _ in range(5):
        last = retries.after(healthy=False)
    assert (last.attempt, last.phase) == (6, 2)
    assert 300 <= last.delay_s <= 300 * (1 + JITTER_MAX)
    assert retries.after(healthy=True).attempt == 0
    assert retries.after(healthy=False).attempt == 1


def test_jitter_differs_by_actor_and_repeats_by_seed() -> None:
    one, other, again = (Retries(PHASED, seed) for seed in ("a", "b", "a"))
    first = [one.after(healthy=False).delay_s for _ in range(3)]
    assert first == [again.after(healthy=False).delay_s for _ in range(3)]
    assert first != [other.after(healthy=False).delay_s for _ in range(3)]


class Told:
    def __init__(self) -> None:
        self.timer = InstantTimer()
        self.states: list[ConnectionState] = []
        name = LaneName(actor="account:extended:1", venue="extended", lane="websocket")
        self.lane = Lane(name, PHASED, self.timer, self.states.append)


def test_a_lane_shows_phase_attempt_and_when_it_tries_again() -> None:
    told = Told()
    told.lane.connecting()
    told.lane.failed(Disconnected("refused"), healthy=False)
    state = told.states[-1]
    now_ns = told.timer.clock.monotonic_ns()
    assert (state.state, state.phase, state.attempt) == ("backoff", 1, 1)
    assert 60e9 <= state.next_retry_mono_ns - now_ns <= 66e9
    assert state.last_error == "Disconnected: refused"
    assert state.failures == 1


def test_retry_after_is_longer_than_the_schedule_where_the_venue_says_so() -> None:
    told = Told()
    told.lane.failed(RateLimited(900.0), healthy=True)
    now_ns = told.timer.clock.monotonic_ns()
    assert told.states[-1].next_retry_mono_ns - now_ns == 900e9
    assert told.states[-1].rate_limited == 1


def test_a_refused_key_is_shown_as_such() -> None:
    told = Told()
    told.lane.failed(KeyRejected("401"), healthy=False)
    assert told.states[-1].state == "rejected"


async def test_reconnect_forgets_the_phase_and_goes_at_once() -> None:
    told = Told()
    for _ in range(7):
        told.lane.failed(Disconnected("down"), healthy=False)
    assert told.states[-1].phase == 2
    before_ns = told.timer.clock.monotonic_ns()
    told.lane.reconnect()
    await told.lane.wait_retry()
    assert told.timer.clock.monotonic_ns() == before_ns
    told.lane.connecting()
    assert (told.states[-1].phase, told.states[-1].attempt) == (0, 0)


async def test_a_nudge_goes_at_once_and_forgets_nothing() -> None:
    told = Told()
    told.lane.failed(Disconnected("down"), healthy=False)
    before_ns = told.timer.clock.monotonic_ns()
    told.lane.nudge()
    await told.lane.wait_retry()
    assert told.timer.clock.monotonic_ns() == before_ns
    told.lane.failed(Disconnected("down"), healthy=False)
    assert told.states[-1].attempt == 2


async def test_a_paused_lane_waits_for_resume() -> None:
    told = Told()
    told.lane.pause()
    waiting = asyncio.ensure_future(told.lane.wait_retry())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    assert told.states[-1].state == "paused"
    told.lane.reconnect()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    told.lane.resume()
    async with asyncio.timeout(5):
        await waiting


@pytest.mark.parametrize("healthy", [True, False])
async def test_the_wait_ends_exactly_when_due(healthy: bool) -> None:
    told = Told()
    told.lane.failed(Disconnected("down"), healthy=healthy)
    due_ns = told.states[-1].next_retry_mono_ns
    await told.lane.wait_retry()
    assert told.timer.clock.monotonic_ns() == due_ns
