"""Bullet (i): the restart schedules of a day, exactly, on a fake clock."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest
from kernel_driver import NO_JITTER, Script, World, spec

from actors.supervision.kernel import Kill, Limits, Record, SendStop, Spawn
from actors.supervision.spec import ChildKind

DAY_S = 86_400
SCHEDULED_MAX = 292
EPSILON_S = 1e-6

# A day of beats each few seconds takes its time; where they are not the point they are rarer.
RARE_BEATS = replace(NO_JITTER, heartbeat_deadline_s=50.0)
JITTER = replace(RARE_BEATS, jitter_fraction=0.1)


def approx(values: list[float]) -> object:
    return pytest.approx(values, abs=EPSILON_S)


def siblings() -> dict[str, ChildKind]:
    return {
        "account:extended:1": ChildKind.ACCOUNT,
        "orderbook:extended:linear:BTC-USD": ChildKind.STREAM,
        "venue:extended": ChildKind.VENUE,
        "cache": ChildKind.CACHE,
        "web:1": ChildKind.WEB,
    }


def crash_loop(kind: ChildKind, script: Script, limits: Limits, seed: int) -> tuple[World, str]:
    """A day with one child in a crash loop among healthy siblings."""
    looper = f"{kind}:looper"
    kinds = {looper: kind, **siblings()}
    healthy = Script(ready_s=1.5, beat_every_s=limits.heartbeat_deadline_s * 0.8)
    scripts = dict.fromkeys(kinds, healthy) | {looper: script}
    specs = [spec(actor, of_kind) for actor, of_kind in kinds.items()]
    world = World(scripts, *specs, limits=limits, seed=seed)
    world.run(DAY_S)
    return world, looper


def assert_siblings_untouched(world: World) -> None:
    for actor in siblings():
        assert world.times(Spawn, actor) == [0.0], actor
        assert not world.times(SendStop, actor), actor
        assert not world.times(Kill, actor), actor
        assert world.child(actor).state == "ready", actor
        assert world.child(actor).restarts == 0, actor


@pytest.mark.parametrize("kind", [ChildKind.ACCOUNT, ChildKind.STREAM, ChildKind.VENUE])
def test_i_schedules_exactly_as_specified_over_24_hours(kind: ChildKind) -> None:
    """READY, then dead after 2 s, for ever: one free restart, 5 × 60 s, then each 300 s."""
    life_s = 2.0
    world, looper = crash_loop(kind, Script(ready_s=0.5, dies_s=life_s, signal=11), NO_JITTER, 1)

    starts, at = [0.0], life_s
    waits = itertools.chain([0.0], [60.0] * 5, itertools.repeat(300.0))
    for wait_s in waits:
        at += wait_s
        if at > DAY_S:
            break
        starts.append(at)
        at += life_s
    assert world.times(Spawn, looper) == approx(starts)
    scheduled = len(starts) - 2  # the first start and the uncounted restart
    assert world.child(looper).tally.attempt >= scheduled
    assert scheduled <= SCHEDULED_MAX
    assert_siblings_untouched(world)


def test_i_never_ready_gets_no_free_restart() -> None:
    world, looper = crash_loop(ChildKind.ACCOUNT, Script(ready_s=None, dies_s=1.0), RARE_BEATS, 1)
    starts = world.times(Spawn, looper)
    waits = [later - sooner - 1.0 for sooner, later in itertools.pairwise(starts)]
    assert waits == approx([60.0] * 5 + [300.0] * (len(waits) - 5))
    assert_siblings_untouched(world)


def test_i_at_most_292_scheduled_restarts_in_a_day() -> None:
    """The worst child: it dies the moment it is started, and chance gives it no jitter at all."""
    script = Script(start_s=0.0, ready_s=0.0, dies_s=0.0, code=1)
    world, looper = crash_loop(ChildKind.STREAM, script, RARE_BEATS, 1)
    starts = world.times(Spawn, looper)
    assert starts[:3] == approx([0.0, 0.0, 60.0])
    assert len(starts) - 2 == SCHEDULED_MAX
    assert starts[-1] == pytest.approx(DAY_S)
    assert_siblings_untouched(world)


def test_i_jitter_only_lengthens_by_at_most_a_tenth() -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    script = Script(start_s=0.0, ready_s=0.0, dies_s=0.0, code=1)
    world, looper = crash_loop(ChildKind.ACCOUNT, script, JITTER, seed)
    starts = world.times(Spawn, looper)
    waits = [later - sooner for sooner, later in itertools.pairwise(starts)]
    assert waits[0] == 0.0
    plain = [60.0] * 5 + [300.0] * (len(waits) - 6)
    stretched = [wait / due for wait, due in zip(waits[1:], plain, strict=True)]
    assert all(1.0 - EPSILON_S <= stretch <= 1.1 + EPSILON_S for stretch in stretched)
    assert max(stretched) - min(stretched) > 0.05  # there is jitter
    assert len(starts) - 2 <= SCHEDULED_MAX
    assert_siblings_untouched(world)


@pytest.mark.parametrize("kind", [ChildKind.SINK, ChildKind.SIMULATOR])
def test_i_infrastructure_schedule_over_24_hours(kind: ChildKind) -> None:
    life_s = 1.0
    world, looper = crash_loop(kind, Script(ready_s=0.2, dies_s=life_s, code=1), RARE_BEATS, 1)
    starts = world.times(Spawn, looper)
    waits = [later - sooner - life_s for sooner, later in itertools.pairwise(starts)]
    assert waits == approx([0.0, 0.1, 0.5, 1.0, 2.0] + [5.0] * (len(waits) - 5))
    assert len(starts) > DAY_S / 6 - 10  # nothing gives up for good
    assert_siblings_untouched(world)


@pytest.mark.parametrize(
    ("kind", "reset_s"), [(ChildKind.STREAM, 60.0), (ChildKind.ACCOUNT, 300.0)]
)
def test_i_success_forgets_the_attempts(kind: ChildKind, reset_s: float) -> None:
    """Stable for the reset time before each death: every restart is the free one."""
    life_s = reset_s + 10
    script = Script(ready_s=1.0, dies_s=life_s, signal=9)
    world, looper = crash_loop(kind, script, RARE_BEATS, 1)
    starts = world.times(Spawn, looper)
    assert starts == approx([life_s * count for count in range(len(starts))])
    assert len(starts) == int(DAY_S // life_s) + 1
    assert world.child(looper).tally.attempt == 0
    assert_siblings_untouched(world)


def test_i_a_shorter_life_than_the_reset_time_is_no_success() -> None:
    script = Script(ready_s=1.0, dies_s=300.0, signal=9)
    world, looper = crash_loop(ChildKind.ACCOUNT, script, RARE_BEATS, 1)
    starts = world.times(Spawn, looper)
    waits = [later - sooner - 300.0 for sooner, later in itertools.pairwise(starts)]
    assert waits == approx([0.0] + [60.0] * 5 + [300.0] * (len(waits) - 6))


def test_i_ready_without_a_good_event_is_no_success() -> None:
    script = Script(ready_s=1.0, dies_s=1_000.0, good_events=0, signal=9)
    world, looper = crash_loop(ChildKind.STREAM, script, RARE_BEATS, 1)
    starts = world.times(Spawn, looper)
    waits = [later - sooner - 1_000.0 for sooner, later in itertools.pairwise(starts)]
    assert waits == approx([0.0] + [60.0] * 5 + [300.0] * (len(waits) - 6))


def test_i_rejected_keys_are_asked_again_ever_more_rarely() -> None:
    script = Script(ready_s=None, dies_s=1.0, good_events=0, code=77)
    world, looper = crash_loop(ChildKind.ACCOUNT, script, RARE_BEATS, 1)
    starts = world.times(Spawn, looper)
    waits = [later - sooner - 1.0 for sooner, later in itertools.pairwise(starts)]
    assert waits == approx([1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0])
    world.run(10 * DAY_S)
    starts = world.times(Spawn, looper)
    waits = [later - sooner - 1.0 for sooner, later in itertools.pairwise(starts)]
    assert waits[5] == pytest.approx(57_600.0)
    assert set(map(round, waits[6:])) == {DAY_S}
    assert_siblings_untouched(world)


def test_i_a_mistaken_configuration_is_never_asked_again() -> None:
    script = Script(ready_s=None, dies_s=0.2, code=78)
    world, looper = crash_loop(ChildKind.ACCOUNT, script, RARE_BEATS, 1)
    assert world.times(Spawn, looper) == [0.0]
    assert world.child(looper).state == "quarantined"
    assert_siblings_untouched(world)


def test_i_a_hanging_child_follows_the_same_schedule() -> None:
    """READY at 0.5 s, last beat at 8.004 s: hung 5 s later, dumped, killed, then the schedule."""
    script = Script(ready_s=0.5, silent_s=8.0)
    world, looper = crash_loop(ChildKind.STREAM, script, NO_JITTER, 1)
    starts = world.times(Spawn, looper)
    life_s = 8.004 + 5.0 + 0.1 + 0.002
    waits = [later - sooner - life_s for sooner, later in itertools.pairwise(starts)]
    assert waits == approx([0.0] + [60.0] * 5 + [300.0] * (len(waits) - 6))
    causes = [
        effect.record.cause
        for _, effect in world.log
        if isinstance(effect, Record) and effect.record.actor == looper
    ]
    assert set(causes) == {"hung"}
    assert_siblings_untouched(world)


def test_i_the_same_seed_gives_the_same_day() -> None:
    script = Script(ready_s=0.5, dies_s=1.0, code=1)
    first, looper = crash_loop(ChildKind.ACCOUNT, script, JITTER, 7)
    again, _ = crash_loop(ChildKind.ACCOUNT, script, JITTER, 7)
    other, _ = crash_loop(ChildKind.ACCOUNT, script, JITTER, 8)
    assert first.log == again.log
    assert first.times(Spawn, looper) != other.times(Spawn, looper)
