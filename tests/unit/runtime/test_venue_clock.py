"""The venue's clock, told by whole seconds, is known better with each answer."""

from __future__ import annotations

import random
from email.utils import formatdate

import pytest

from actors.runtime.clock import FakeClock
from actors.runtime.venue_clock import ClockOffset, VenueClock

SECOND = 1_000_000_000


class World:
    """Requests that take their time, to a venue whose clock is off."""

    def __init__(self, seed: int = 0, offset_s: float = 0.0) -> None:
        self.clock = FakeClock()
        self.chance = random.Random(seed)
        self.offset_s = offset_s
        self.steps_s = 0.0
        self.venue = VenueClock()

    def ask(self, **more: str) -> None:
        self.clock.advance(self.chance.uniform(0.3, 0.9))
        sent_ns = self.clock.monotonic_ns()
        self.clock.advance(self.chance.uniform(0.005, 0.05))
        venue_s = self.clock.wall_ns() / SECOND - self.steps_s + self.offset_s
        self.clock.advance(self.chance.uniform(0.005, 0.05))
        headers = {"Date": formatdate(int(venue_s), usegmt=True), **more}
        self.venue.answered(headers, sent_ns, self.clock.monotonic_ns())

    def step_wall(self, seconds: float) -> None:
        self.clock.step_wall(seconds)
        self.steps_s += seconds

    def offset(self) -> ClockOffset:
        found = self.venue.offset(self.clock.monotonic_ns(), self.clock.wall_ns())
        assert found is not None
        return found

    def check(self) -> ClockOffset:
        """The truth is within the uncertainty."""
        found = self.offset()
        truth_ms = (self.offset_s - self.steps_s) * 1e3
        assert abs(found.offset_ms - truth_ms) <= found.uncertainty_ms + 0.01
        return found


@pytest.mark.parametrize("seed", range(10))
def test_the_offset_is_right_within_what_it_says_and_narrows(seed: int) -> None:
    print(f"seed {seed}")
    world = World(seed, offset_s=random.Random(seed).uniform(-5, 5))
    world.ask()
    assert world.check().uncertainty_ms >= 500.0
    for _ in range(200):
        world.ask()
        world.check()
    assert world.check().uncertainty_ms < 120.0


def test_j_an_hour_on_our_wall_clock_is_told_at_once_and_loses_no_certainty() -> None:
    world = World(1)
    for _ in range(100):
        world.ask()
    for step_s in (3_600.0, -7_200.0):
        before = world.check()
        world.step_wall(step_s)
        after = world.check()
        assert after.uncertainty_ms == before.uncertainty_ms
        assert after.offset_ms == pytest.approx(before.offset_ms - step_s * 1e3, abs=0.01)
        world.ask()
        world.check()


def test_a_venue_that_sets_its_clock_is_followed_with_the_next_answer() -> None:
    world = World(2)
    for _ in range(50):
        world.ask()
    world.offset_s += 3_600.0
    world.ask()
    assert world.check().uncertainty_ms >= 500.0


def test_the_latest_that_the_clock_can_show_is_never_below_what_it_shows() -> None:
    world = World(5, offset_s=2.0)
    assert world.venue.latest_ns(0) is None
    for back_s in (0.0, 3_600.0):
        world.offset_s -= back_s
        for _ in range(20):
            world.ask()
            latest_ns = world.venue.latest_ns(world.clock.monotonic_ns())
            assert latest_ns is not None
            late_ns = latest_ns - world.clock.wall_ns() - round(world.offset_s * SECOND)
            assert 0 <= late_ns <= 1.1 * SECOND


def test_old_knowledge_grows_vague() -> None:
    world = World(3)
    for _ in range(100):
        world.ask()
    fresh = world.check()
    world.clock.advance(3_600)
    stale = world.offset()
    assert stale.uncertainty_ms == pytest.approx(fresh.uncertainty_ms + 1_800, rel=0.02)
    assert stale.measured_mono_ns == fresh.measured_mono_ns


@pytest.mark.parametrize(
    "date", ["", "soon", "Tue, 99 Foo 2026 00:00:00 GMT", "\ud800", "1" * 5000]
)
def test_an_answer_without_a_date_tells_nothing(date: str) -> None:
    clock = VenueClock()
    clock.answered({"Date": date}, 1, 2)
    assert clock.offset(3, 4) is None


def test_an_answer_out_of_a_cache_tells_nothing() -> None:
    world = World(4)
    world.ask(Age="3")
    assert world.venue.offset(1, 1) is None
