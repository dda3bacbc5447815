"""How often an account asks: what fits a budget, and the interval that is told."""

from __future__ import annotations

import pytest

from actors.account_pace import HELD_UP_S, STRETCH_MARGIN, Pace, Rhythm

PACE = Pace(poll_interval_s=0.5, orders_interval_s=2.0, cache_ttl_s=10.0)
S = 1_000_000_000


def requests_per_s(interval_s: float, lists: int) -> float:
    return 2 / interval_s + lists / max(PACE.orders_interval_s, interval_s)


@pytest.mark.parametrize("complete", [True, False])
def test_what_is_wanted_is_enough_for_the_wanted_pace(complete: bool) -> None:
    wanted = PACE.wanted_per_s(stream_complete=complete)
    assert wanted > requests_per_s(0.5, 1 if complete else 3)
    assert PACE.fitting_s(wanted, stream_complete=complete) == 0.5


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("rate", [0.1, 0.5, 1.0, 1.7, 1.85, 3.0, 4.0])
def test_a_smaller_budget_stretches_the_interval_just_so(rate: float, complete: bool) -> None:
    interval_s = PACE.fitting_s(rate, stream_complete=complete)
    used = requests_per_s(interval_s, 1 if complete else 3)
    assert interval_s > 0.5
    assert used == pytest.approx(rate / STRETCH_MARGIN)


def test_eight_behind_one_address_of_extended() -> None:
    assert PACE.fitting_s(14.84375 / 8, stream_complete=True) == pytest.approx(1.686, abs=0.001)


def test_rounds_keep_their_grid_and_a_late_one_is_followed_at_once() -> None:
    rhythm = Rhythm()
    rhythm.concluded(0.5, 10 * S)
    assert rhythm.due_ns == 10 * S
    rhythm.concluded(0.5, 10 * S + 100_000_000)
    assert rhythm.due_ns == 10 * S + S // 2
    rhythm.concluded(0.5, 12 * S)
    assert rhythm.due_ns == 12 * S
    # One that was asked for between two beats moves none of them.
    rhythm.concluded(0.5, 12 * S - 1)
    assert rhythm.due_ns == 12 * S


def test_the_interval_that_is_told_follows_the_truth() -> None:
    rhythm = Rhythm()
    assert rhythm.true_s(0.5, 0.1) == 0.5
    told = [rhythm.true_s(0.5, 2.0) for _ in range(20)]
    assert told == sorted(told)
    assert told[-1] == pytest.approx(2.0, rel=0.01)
    assert rhythm.true_s(0.5, HELD_UP_S + 1) < 2.0, "a round that was held up tells nothing"
    assert [rhythm.true_s(0.5, 0.1) for _ in range(30)][-1] == pytest.approx(0.5)
    rhythm.reset()
    assert rhythm.true_s(0.5, 0.2) == 0.5
