"""The schedules, cell by cell."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from actors.errors import ConfigFault
from actors.supervision.schedule import (
    CLEAN,
    Limits,
    Tally,
    after_crash,
    infrastructure_delay_ns,
    longest_wait_ns,
    next_chance,
    phase,
    quarantine_ns,
    reset_after_ns,
)
from actors.supervision.spec import ChildKind

S = 10**9
LIMITS = Limits()
ACCOUNT = ChildKind.ACCOUNT


@pytest.mark.parametrize(
    ("tally", "been_ready", "expected"),
    [
        (CLEAN, True, (Tally(0, True), 0, 0)),
        (CLEAN, False, (Tally(1, False), 60, 1)),
        (Tally(0, True), True, (Tally(1, True), 60, 1)),
        (Tally(0, True), False, (Tally(1, True), 60, 1)),
        (Tally(1, False), True, (Tally(2, False), 60, 1)),
        (Tally(4, True), True, (Tally(5, True), 60, 1)),
        (Tally(5, True), True, (Tally(6, True), 300, 2)),
        (Tally(6, True), False, (Tally(7, True), 300, 2)),
        (Tally(10_000, True), True, (Tally(10_001, True), 300, 2)),
    ],
)
@pytest.mark.parametrize("kind", [ChildKind.ACCOUNT, ChildKind.STREAM, ChildKind.VENUE])
def test_phased(
    kind: ChildKind, tally: Tally, been_ready: bool, expected: tuple[Tally, int, int]
) -> None:
    """Expected: the tally after the crash, the wait in s, the phase."""
    after, delay_s, in_phase = expected
    assert after_crash(LIMITS, kind, tally, been_ready, 0.0) == (after, delay_s * S)
    assert phase(LIMITS, kind, after.attempt) == in_phase


@pytest.mark.parametrize(
    "kind", [ChildKind.CACHE, ChildKind.WEB, ChildKind.SINK, ChildKind.SIMULATOR]
)
@pytest.mark.parametrize("been_ready", [True, False])
def test_infrastructure(kind: ChildKind, been_ready: bool) -> None:
    tally, delays, phases = CLEAN, [], []
    for _ in range(8):
        tally, delay_ns = after_crash(LIMITS, kind, tally, been_ready, 1.0)
        delays.append(delay_ns / S)
        phases.append(phase(LIMITS, kind, tally.attempt))
    assert delays == [0.0, 0.1, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0]
    assert phases == [1, 1, 1, 1, 1, 1, 2, 2]
    assert delays == [infrastructure_delay_ns(LIMITS, attempt) / S for attempt in range(1, 9)]


@pytest.mark.parametrize(("chance", "delay_s"), [(0.0, 60.0), (0.5, 63.0), (1.0, 66.0)])
def test_jitter_lengthens_by_up_to_a_tenth(chance: float, delay_s: float) -> None:
    _, delay_ns = after_crash(LIMITS, ACCOUNT, CLEAN, False, chance)
    assert delay_ns == round(delay_s * S)


def test_the_first_delay_is_a_setting_without_jitter() -> None:
    limits = Limits(restart_first_delay_s=2.0)
    assert after_crash(limits, ACCOUNT, CLEAN, True, 1.0) == (Tally(0, True), 2 * S)


def test_no_phase_one_is_legal() -> None:
    limits = Limits(phase1_attempts=0)
    assert after_crash(limits, ACCOUNT, CLEAN, False, 0.0) == (Tally(1), 300 * S)
    assert phase(limits, ACCOUNT, 1) == 2


def test_quarantine_doubles_up_to_a_day() -> None:
    hours = [quarantine_ns(LIMITS, count) / S / 3_600 for count in range(1, 10)]
    assert hours == [0.5, 1, 2, 4, 8, 16, 24, 24, 24]
    assert quarantine_ns(LIMITS, 1_000_000) == 86_400 * S


@pytest.mark.parametrize(
    ("kind", "reset_s"),
    [
        (ChildKind.ACCOUNT, 300),
        (ChildKind.STREAM, 60),
        (ChildKind.VENUE, 60),
        (ChildKind.CACHE, 10),
        (ChildKind.WEB, 10),
    ],
)
def test_reset_times(kind: ChildKind, reset_s: float) -> None:
    assert reset_after_ns(LIMITS, kind) == reset_s * S


@pytest.mark.parametrize("kind", ChildKind)
def test_no_wait_is_longer_than_the_longest(kind: ChildKind) -> None:
    tallies = itertools.product(range(9), [False, True])
    for attempt, free_used in tallies:
        for been_ready in (False, True):
            _, wait_ns = after_crash(LIMITS, kind, Tally(attempt, free_used), been_ready, 1.0)
            assert wait_ns <= longest_wait_ns(LIMITS, kind, quarantined=False)
    assert quarantine_ns(LIMITS, 99) <= longest_wait_ns(LIMITS, kind, quarantined=True)


def test_chances_are_spread_and_repeatable() -> None:
    def draw(seed: int, count: int) -> list[float]:
        chances = []
        for _ in range(count):
            chance, seed = next_chance(seed)
            chances.append(chance)
        return chances

    chances = draw(1, 10_000)
    assert chances == draw(1, 10_000)
    assert chances != draw(2, 10_000)
    assert all(0.0 <= chance < 1.0 for chance in chances)
    tenths = [sum(1 for chance in chances if int(chance * 10) == tenth) for tenth in range(10)]
    assert min(tenths) > 850
    assert max(tenths) < 1_150


def test_splitmix64_is_the_published_one() -> None:
    """First outputs for seed 1234567, from the reference implementation's test vector."""
    seed, outputs = 1_234_567, []
    for _ in range(3):
        chance, seed = next_chance(seed)
        outputs.append(int(chance * (1 << 53)))
    expected = (6457827717110365317, 3203168211198807973, 9817491932198370423)
    assert outputs == [value >> 11 for value in expected]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"phase1_delay_s": -1.0}, "phase1_delay_s"),
        ({"phase2_delay_s": float("nan")}, "phase2_delay_s"),
        ({"reset_after_account_s": float("inf")}, "reset_after_account_s"),
        ({"restart_first_delay_s": "0"}, "restart_first_delay_s"),
        ({"jitter_fraction": True}, "jitter_fraction"),
        ({"phase1_attempts": 2.5}, "phase1_attempts"),
        ({"memory_soft_bytes": 1e9}, "memory_soft_bytes"),
        ({"memory_by_kind": {"account": 1.5}}, "memory_by_kind"),
        ({"memory_by_kind": {"account": -1}}, "memory_by_kind"),
        ({"memory_by_kind": {"acount": 1}}, "memory_by_kind"),
        ({"heartbeat_deadline_s": 0.0}, "heartbeat_deadline_s"),
        ({"starting_deadline_s": 0}, "starting_deadline_s"),
        ({"infrastructure_delays_s": ()}, "infrastructure_delays_s"),
        ({"infrastructure_delays_s": (0.0, -1.0)}, "infrastructure_delays_s"),
        ({"quarantine_max_s": 60.0}, "quarantine_max_s"),
    ],
)
def test_a_mistaken_setting_is_named(settings: dict[str, Any], name: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        Limits(**settings)
    assert caught.value.name == name
    assert caught.value.expected


def test_zero_is_a_legal_reset_time() -> None:
    limits = Limits(reset_after_account_s=0, reset_after_stream_s=0, reset_after_infrastructure_s=0)
    assert all(reset_after_ns(limits, kind) == 0 for kind in ChildKind)
