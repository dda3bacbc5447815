"""What the kernel does over several messages: lives, hangs, quarantines, orders, shutdown."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from kernel_driver import NO_JITTER, Driver, Script, World, of, spec

from actors.messages.control import ChildStatus, RestartRecord
from actors.runtime.clock import FakeClock
from actors.supervision.kernel import (
    AddChild,
    BecameReady,
    Dumped,
    Effect,
    Exited,
    ExitInfo,
    Instant,
    Kill,
    Limits,
    Publish,
    Quit,
    Record,
    Remember,
    Remembered,
    RemoveChild,
    SendStop,
    Shutdown,
    Spawn,
    Spawned,
    SpawnFailed,
    SupervisorStalled,
    TakeDump,
    Tick,
    ZygoteLost,
    ZygoteReady,
    next_deadline_ns,
    status,
    step,
)
from actors.supervision.schedule import CLEAN
from actors.supervision.spec import ChildKind, ChildSpec
from actors.supervision.turn import RETIRED_MAX

A = "account:extended:1"
B = "account:extended:2"


def up(**limits: Any) -> Driver:
    driver = Driver(spec(A), limits=replace(NO_JITTER, **limits))
    driver.up(A)
    return driver


def shown(effects: tuple[Effect, ...] | list[Effect]) -> list[ChildStatus]:
    return [effect.status for effect in of(Publish, effects)]


def recorded(effects: tuple[Effect, ...] | list[Effect]) -> RestartRecord:
    (record,) = of(Record, effects)
    return record.record


def reborn(driver: Driver, *specs: ChildSpec, wall_step_s: float = 0.0) -> Driver:
    """A new supervisor that read what the old one wanted remembered."""
    memories = {
        effect.actor: effect.remembered for _, effect in driver.log if isinstance(effect, Remember)
    }
    driver.clock.step_wall(wall_step_s)
    return Driver(*(specs or (spec(A),)), remembered=memories, clock=driver.clock)


# begin


def test_boot_starts_everything_at_once_and_remembers_the_epoch_first() -> None:
    driver = Driver(spec(A), spec(B), spec("cache", ChildKind.CACHE))
    effects = [effect for _, effect in driver.log]
    assert of(Spawn, effects) == [Spawn(A, 1), Spawn(B, 1), Spawn("cache", 1)]
    remembered_at = effects.index(Remember(A, Remembered(last_epoch=1)))
    assert remembered_at < effects.index(Spawn(A, 1))
    assert [child.state for child in shown(effects)] == ["starting"] * 3


def test_the_first_byte_may_come_before_the_answer_to_the_start() -> None:
    driver = Driver(spec(A))
    driver.beat(A, good=1)
    driver.ready(A)
    assert driver.child(A).state == "ready"
    driver.spawned(A)
    assert driver.child(A).pid == 1_000
    assert driver.child(A).state == "ready"


def test_the_answer_to_the_start_does_not_prolong_the_wait_for_a_beat() -> None:
    driver = Driver(spec(A))
    driver.beat(A)
    driver.advance(4.0)
    driver.spawned(A)
    assert of(TakeDump, driver.advance(1.0))


# success and crashes


def test_a_healthy_child_that_dies_once_is_back_at_once_and_owes_nothing() -> None:
    driver = up()
    effects = driver.exit(A, signal=9)
    assert of(Spawn, effects) == [Spawn(A, 2)]
    driver.up(A, good=1)
    driver.live(A, 300.0)
    assert driver.child(A).tally.free_used is False
    assert of(Spawn, driver.exit(A, signal=9)) == [Spawn(A, 3)]
    assert driver.child(A).restarts == 2


def test_reset_times_of_zero_forget_at_the_first_success() -> None:
    driver = up(reset_after_account_s=0.0)
    for _ in range(200):
        assert of(Spawn, driver.exit(A, signal=9))
        driver.spawned(A)
        driver.beat(A, good=1)
        driver.ready(A)
    assert driver.child(A).restarts == 200
    assert driver.child(A).tally.attempt == 0


@pytest.mark.parametrize("first", ["beat", "ready"])
def test_success_needs_ready_and_a_good_event_in_any_order(first: str) -> None:
    driver = up(reset_after_account_s=0.0)
    driver.exit(A, 1)
    driver.spawned(A)
    if first == "beat":
        driver.beat(A, good=1)
        assert driver.child(A).tally.free_used
        driver.ready(A)
    else:
        driver.ready(A)
        assert driver.child(A).tally.free_used
        driver.beat(A, good=1)
    assert not driver.child(A).tally.free_used


def test_success_counts_although_no_beat_came_after_its_time() -> None:
    driver = up()
    driver.exit(A, 1)
    driver.up(A, good=1)
    driver.live(A, 299.0)
    driver.advance(1.5)
    assert of(Spawn, driver.exit(A, 1)), "stable for 300.5 s: the restart is free again"


def test_attempt_and_phase_and_countdown_are_shown() -> None:
    driver = Driver(spec(A))
    for attempt in range(1, 8):
        driver.spawned(A)
        (view,) = shown(driver.exit(A, 1))
        wait_s = 60 if attempt <= 5 else 300
        assert (view.state, view.attempt) == ("backoff", attempt)
        assert view.phase == (1 if attempt <= 5 else 2)
        assert view.next_restart_mono_ns == driver.clock.monotonic_ns() + wait_s * 10**9
        assert view.next_restart_ns == driver.clock.wall_ns() + wait_s * 10**9
        assert view.pid is None
        assert view.reason == "exit code 1"
        (view,) = shown(driver.advance(wait_s))
        assert (view.state, view.next_restart_ns, view.reason) == ("starting", None, "")
    assert view.restarts == 7


def test_the_crashes_of_one_never_touch_another() -> None:
    driver = Driver(spec(A), spec(B))
    driver.up(A)
    driver.up(B, good=1)
    untouched = driver.child(B)
    for _ in range(50):
        driver.exit(A, 1)
        driver.advance(0.0)
        if driver.child(A).state == "starting":
            driver.spawned(A)
    assert driver.child(B) == untouched


@pytest.mark.parametrize(
    ("code", "signal", "cause", "reason"),
    [
        (0, None, "exit", "exit code 0"),
        (1, None, "exit", "exit code 1"),
        (None, 9, "signal", "signal 9 (SIGKILL)"),
        (None, 11, "signal", "signal 11 (SIGSEGV)"),
        (None, 64, "signal", "signal 64 (SIGRTMAX)"),
        (None, 250, "signal", "signal 250"),
        (None, None, "lost", "exit status unknown"),
        (77, None, "key", "key rejected (1 in a row)"),
        (78, None, "config", "configuration error: see its log"),
    ],
)
def test_causes(code: int | None, signal: int | None, cause: str, reason: str) -> None:
    driver = Driver(spec(A))
    driver.spawned(A)
    effects = driver.exit(A, code, signal)
    record = recorded(effects)
    assert (record.cause, record.exit_code, record.signal) == (cause, code, signal)
    assert shown(effects)[-1].reason == reason


def test_the_record_holds_the_post_mortem_and_the_status_its_short_form() -> None:
    driver = Driver(spec(A))
    driver.spawned(A)
    driver.beat(A, rss=123)
    driver.advance(2.5)
    info = ExitInfo(signal=6, cpu_ms=70.0, dump="Fatal", last_lines=("one", "two"))
    effects = driver.send(Exited(A, 1, info))
    record = recorded(effects)
    assert record == RestartRecord(
        actor=A,
        epoch=1,
        pid=1_000,
        started_ns=driver.clock.wall_ns() - 2_500_000_000,
        ended_ns=driver.clock.wall_ns(),
        uptime_ms=2_500.0,
        cause="signal",
        signal=6,
        cpu_ms=70.0,
        rss_bytes=123,
        dump="Fatal",
        last_lines=("one", "two"),
    )
    last_exit = shown(effects)[-1].last_exit
    assert last_exit is not None
    assert (last_exit.dump, last_exit.last_lines, last_exit.signal) == ("", (), 6)


def test_a_start_that_fails_is_a_crash_by_the_schedule() -> None:
    driver = Driver(spec(A))
    effects = driver.send(SpawnFailed(A, 1, "EAGAIN"))
    assert recorded(effects).cause == "lost"
    (view,) = shown(effects)
    assert (view.state, view.reason) == ("backoff", "not started: EAGAIN")
    assert of(Spawn, driver.advance(60.0)) == [Spawn(A, 2)]


# silence


def test_a_missing_heartbeat_is_judged_exactly_at_its_deadline() -> None:
    driver = up()
    driver.advance(4.999)
    assert driver.child(A).state == "ready"
    effects = driver.advance(0.001)
    assert of(TakeDump, effects) == [TakeDump(A, 1, 1_000)]
    assert shown(effects)[-1].reason == "no heartbeat for 5 s"
    effects = driver.send(Dumped(A, 1))
    assert of(Kill, effects) == [Kill(A, 1, 1_000)]
    assert driver.send(Dumped(A, 1)) == ()
    effects = driver.send(Exited(A, 1, ExitInfo(signal=9, dump="stack")))
    assert recorded(effects).cause == "hung"
    assert recorded(effects).dump == "stack"


def test_no_dump_means_the_kill_comes_after_a_fifth_of_a_second() -> None:
    driver = up()
    driver.advance(5.0)
    assert not of(Kill, driver.advance(0.199))
    assert of(Kill, driver.advance(0.001)) == [Kill(A, 1, 1_000)]


def test_a_kill_is_repeated_until_the_end_is_seen() -> None:
    driver = up()
    assert len(of(Kill, driver.advance(5.2 + 5.0 * 3))) == 4


def test_beats_after_the_verdict_do_not_revoke_it() -> None:
    driver = up()
    driver.advance(5.0)
    driver.beat(A)
    driver.ready(A)
    assert driver.child(A).state == "hung"


def test_starting_has_a_deadline_until_the_first_heartbeat_only() -> None:
    driver = Driver(spec(A))
    driver.spawned(A)
    driver.advance(19.9)
    driver.beat(A)
    driver.live(A, 3_600.0)
    assert driver.child(A).state == "starting"
    assert of(TakeDump, driver.advance(5.0))


def test_a_start_without_a_heartbeat_is_hung_after_its_own_deadline() -> None:
    driver = Driver(spec(A))
    driver.advance(7.0)
    driver.spawned(A)
    assert not of(TakeDump, driver.advance(19.9))
    effects = driver.advance(0.1)
    assert of(TakeDump, effects)
    assert shown(effects)[-1].reason == "no first heartbeat within 20 s"


def test_silence_is_judged_at_a_tick_only() -> None:
    driver = Driver(spec(A), spec(B))
    driver.up(A)
    driver.up(B)
    driver.clock.advance(6.0)
    driver.beat(A)
    assert driver.child(B).state == "ready", "its beat may wait in the same queue"
    driver.beat(B)
    driver.send(Tick())
    assert driver.child(B).state == "ready"


def test_after_an_own_stall_every_deadline_begins_anew() -> None:
    driver = Driver(spec(A), spec(B))
    driver.up(A)
    driver.spawned(B)
    driver.clock.advance(120.0)
    driver.send(SupervisorStalled(120 * 10**9))
    driver.send(Tick())
    assert (driver.child(A).state, driver.child(B).state) == ("ready", "starting")
    assert not of(TakeDump, driver.advance(4.9))
    assert [dump.actor for dump in of(TakeDump, driver.advance(0.1))] == [A]
    assert [dump.actor for dump in of(TakeDump, driver.advance(15.0))] == [B]


def test_wall_clock_steps_cause_nothing() -> None:
    driver = up()
    for step_s in (-86_400.0, 86_400.0, 3.0e8):
        driver.clock.step_wall(step_s)
        driver.live(A, 10.0)
    assert driver.child(A).state == "ready"
    driver.exit(A, 1)
    driver.spawned(A)
    driver.exit(A, 1)
    driver.clock.step_wall(-86_400.0)
    driver.advance(59.9)
    assert driver.child(A).state == "backoff"
    driver.advance(0.1)
    assert driver.child(A).state == "starting"


# memory


def heavy(driver: Driver, actor: str = A, mib: int = 1_025) -> tuple[Effect, ...]:
    return driver.beat(actor, private_bytes=mib << 20)


def relieved(driver: Driver, actor: str = A) -> tuple[Effect, ...]:
    """One whole replacement for memory: too heavy, dumped, told, gone; what came of it."""
    heavy(driver, actor)
    driver.send(Dumped(actor, driver.child(actor).epoch))
    return driver.exit(actor, 0)


def test_over_memory_is_dumped_asked_to_end_then_killed_then_restarted() -> None:
    driver = up()
    effects = heavy(driver)
    assert of(TakeDump, effects) == [TakeDump(A, 1, 1_000)]
    assert not of(SendStop, effects), "its stacks are those of its work, not of its end"
    assert shown(effects)[-1].reason == "1025 MiB of memory, limit 1024 MiB"
    assert of(SendStop, driver.send(Dumped(A, 1))) == [SendStop(A, 1)]
    assert driver.send(Dumped(A, 1)) == (), "told once"
    assert not of(Kill, driver.advance(4.9)), "the usual grace"
    assert of(Kill, driver.advance(0.1)) == [Kill(A, 1, 1_000)]
    effects = driver.exit(A, signal=9)
    assert recorded(effects).cause == "memory"
    assert of(Spawn, effects) == [Spawn(A, 2)]


def test_over_memory_is_told_though_no_dump_comes() -> None:
    driver = up()
    heavy(driver)
    assert of(SendStop, driver.advance(0.2)) == [SendStop(A, 1)]


def test_a_planned_restart_counts_nothing_and_comes_at_once() -> None:
    driver = up()
    effects = relieved(driver)
    assert of(Spawn, effects) == [Spawn(A, 2)]
    assert driver.child(A).tally == CLEAN
    driver.up(A)
    assert driver.child(A).restarts == 1
    driver.live(A, 700.0)
    assert of(Spawn, relieved(driver)) == [Spawn(A, 3)], "it had been calm since"
    assert driver.child(A).tally == CLEAN


def test_again_and_again_within_minutes_follows_the_schedule() -> None:
    driver = up()
    relieved(driver)
    delays = []
    for _ in range(4):
        driver.up(A)
        driver.live(A, 10.0)
        begun_s = driver.now_s
        effects = relieved(driver)
        if not of(Spawn, effects):
            driver.advance(60.0)
        delays.append(driver.times(Spawn, A)[-1] - begun_s)
    assert delays == [0.0, 60.0, 60.0, 60.0]
    assert driver.child(A).tally.attempt == 3
    driver.command("reset", A)
    driver.up(A)
    relieved(driver)
    assert driver.child(A).tally == CLEAN, "a reset forgets this too"


def test_a_cache_that_is_too_heavy_at_once_makes_no_hot_loop() -> None:
    driver = Driver(spec("cache", ChildKind.CACHE))
    for _ in range(10):
        driver.up("cache")
        relieved(driver, "cache")
        driver.advance(5.0)
    gaps = [b - a for a, b in pairwise(driver.times(Spawn, "cache"))]
    assert gaps[-3:] == [5.0, 5.0, 5.0]


@pytest.mark.parametrize(
    ("kind", "mib", "state"),
    [
        (ChildKind.ACCOUNT, 65, "over_memory"),
        (ChildKind.ACCOUNT, 64, "ready"),
        (ChildKind.STREAM, 1_024, "ready"),
        (ChildKind.STREAM, 1_025, "over_memory"),
        (ChildKind.WEB, 5_000, "ready"),
    ],
)
def test_each_kind_may_have_a_limit_of_its_own(kind: ChildKind, mib: int, state: str) -> None:
    limits = replace(NO_JITTER, memory_by_kind={"account": 64 << 20, "web": 0})
    driver = Driver(spec("x:1", kind), limits=limits)
    driver.up("x:1")
    heavy(driver, "x:1", mib)
    assert driver.child("x:1").state == state


def test_what_is_shared_with_all_does_not_count_unless_nothing_else_is_known() -> None:
    driver = Driver(spec(A))
    driver.spawned(A)
    driver.beat(A, rss=2 << 30)
    assert driver.child(A).state == "starting", "the first beat does not tell its own pages yet"
    driver.beat(A, rss=2 << 30, private_bytes=8 << 20)
    assert driver.child(A).state == "starting"
    driver.beat(A, rss=2 << 30, private_bytes=0)
    assert driver.child(A).state == "over_memory", "this kernel never tells"


def test_no_memory_limit_is_legal() -> None:
    driver = up(memory_soft_bytes=0)
    heavy(driver, mib=1 << 30)
    assert driver.child(A).state == "ready"


# quarantine


def test_a_rejected_key_is_asked_again_and_a_good_event_clears_the_doubling() -> None:
    driver = Driver(spec(A))
    for count, wait_s in enumerate((1_800.0, 3_600.0, 7_200.0), start=1):
        driver.spawned(A)
        (view,) = shown(driver.exit(A, 77))
        assert view.reason == f"key rejected ({count} in a row)"
        assert view.next_restart_mono_ns == driver.clock.monotonic_ns() + round(wait_s * 1e9)
        assert not of(Spawn, driver.advance(wait_s - 0.1))
        assert of(Spawn, driver.advance(0.1))
    driver.up(A, good=0)
    driver.beat(A, good=0)
    assert driver.child(A).rejections == 3
    driver.beat(A, good=1)
    assert driver.child(A).rejections == 0
    driver.exit(A, 77)
    assert not of(Spawn, driver.advance(1_799.0))
    assert of(Spawn, driver.advance(1.0))


def test_a_configuration_error_waits_for_an_operator() -> None:
    driver = Driver(spec(A))
    driver.spawned(A)
    (view,) = shown(driver.exit(A, 78, None, "first", "vault: found 'x', expected a number"))
    assert view.state == "quarantined"
    assert view.reason == "configuration error: vault: found 'x', expected a number"
    assert view.next_restart_ns is None
    assert next_deadline_ns(driver.state) is None
    assert not of(Spawn, driver.advance(1e6))
    assert of(Spawn, driver.command("restart", A))


def test_a_mistaken_spec_is_shown_and_never_started_until_it_is_replaced() -> None:
    mistaken = spec(A, quarantined="Extended_1_API_KEY: missing", label="main")
    driver = Driver(mistaken)
    ((_, publish),) = [item for item in driver.log if isinstance(item[1], Publish)]
    assert isinstance(publish, Publish)
    assert (publish.status.state, publish.status.reason) == ("quarantined", mistaken.quarantined)
    assert publish.status.label == "main"
    for op in ("restart", "start", "reset"):
        assert not of(Spawn, driver.command(op, A))
    driver.command("stop", A)
    driver.command("start", A)
    assert driver.child(A).state == "quarantined"
    other = replace(mistaken, quarantined="Extended_1_VAULT_NUMBER: missing")
    driver.command("reset", A, other)
    assert driver.child(A).reason == "Extended_1_VAULT_NUMBER: missing"
    assert of(Spawn, driver.command("reset", A, spec(A))) == [Spawn(A, 1)]


def test_the_same_configuration_once_more_lifts_no_quarantine() -> None:
    driver = Driver(spec(A))
    driver.spawned(A)
    driver.exit(A, 78)
    assert not of(Spawn, driver.send(AddChild(spec(A, label="renamed"))))
    assert driver.child(A).state == "quarantined"


def test_a_running_child_whose_new_spec_is_mistaken_ends_in_quarantine() -> None:
    driver = up()
    driver.command("reset", A, spec(A, quarantined="no key"))
    driver.exit(A, 0)
    assert driver.child(A).state == "quarantined"


# orders


def test_restart_ends_and_starts_without_counting() -> None:
    driver = up()
    assert of(SendStop, driver.command("restart", A)) == [SendStop(A, 1)]
    effects = driver.exit(A, 0)
    assert recorded(effects).cause == "stopped"
    assert of(Spawn, effects) == [Spawn(A, 2)]
    assert driver.child(A).tally.attempt == 0
    assert not driver.child(A).tally.free_used
    driver.up(A)
    assert of(Spawn, driver.exit(A, 1)), "the order is fulfilled: this is a crash, the free one"
    driver.up(A)
    driver.exit(A, 1)
    assert (driver.child(A).state, driver.child(A).tally.attempt) == ("backoff", 1)


def test_restart_of_a_waiting_child_keeps_its_attempts() -> None:
    driver = Driver(spec(A))
    driver.spawned(A)
    driver.exit(A, 1)
    assert of(Spawn, driver.command("restart", A))
    assert driver.child(A).tally.attempt == 1
    driver.spawned(A)
    driver.exit(A, 1)
    assert driver.child(A).tally.attempt == 2


def test_reset_forgets_attempts_rejections_and_waits() -> None:
    driver = Driver(spec(A))
    for _ in range(7):
        driver.spawned(A)
        driver.exit(A, 1)
        driver.advance(300.0)
    driver.spawned(A)
    driver.exit(A, 77)
    assert of(Spawn, driver.command("reset", A))
    child = driver.child(A)
    assert (child.tally.attempt, child.rejections, child.quarantine) == (0, 0, "")
    assert child.restarts == 8


def test_a_stop_that_is_not_heeded_ends_in_a_kill() -> None:
    driver = up()
    driver.command("stop", A)
    assert not of(Kill, driver.advance(4.9))
    assert of(Kill, driver.advance(0.1)) == [Kill(A, 1, 1_000)]
    effects = driver.exit(A, signal=9)
    assert recorded(effects).cause == "stopped"
    assert driver.child(A).state == "stopped"
    assert not of(Spawn, driver.advance(1e6))


def test_the_last_order_wins_while_a_child_is_stopping() -> None:
    driver = up()
    driver.command("stop", A)
    driver.command("start", A)
    assert of(Spawn, driver.exit(A, 0))
    driver.up(A)
    driver.command("restart", A)
    driver.command("stop", A)
    driver.exit(A, 0)
    assert driver.child(A).state == "stopped"


def test_an_order_reaches_a_child_that_hangs() -> None:
    driver = up()
    driver.advance(5.0)
    driver.command("stop", A)
    effects = driver.exit(A, signal=9)
    assert recorded(effects).cause == "hung"
    assert driver.child(A).state == "stopped"


def test_a_stop_before_the_start_is_answered() -> None:
    driver = Driver(spec(A))
    assert of(SendStop, driver.command("stop", A)) == [SendStop(A, 1)]
    driver.spawned(A)
    driver.exit(A, 0)
    assert driver.child(A).state == "stopped"


def test_a_stop_of_a_start_that_is_never_answered_gives_it_up() -> None:
    driver = Driver(spec(A))
    driver.command("stop", A)
    driver.advance(5.0)
    assert driver.child(A).state == "stopped"
    assert driver.send(Spawned(A, 1, 55)) == (Kill(A, 1, 55),)


def test_children_come_and_go_on_demand() -> None:
    driver = Driver()
    stream = spec("orderbook:extended:linear:BTC-USD", ChildKind.STREAM)
    assert of(Spawn, driver.send(AddChild(stream))) == [Spawn(stream.actor, 1)]
    driver.up(stream.actor)
    assert of(SendStop, driver.send(RemoveChild(stream.actor)))
    effects = driver.exit(stream.actor, 0)
    assert shown(effects)[-1].state == "stopped"
    assert driver.state.children == {}
    assert of(Spawn, driver.send(AddChild(stream))) == [Spawn(stream.actor, 2)]
    driver.up(stream.actor)
    driver.send(RemoveChild(stream.actor))
    driver.send(AddChild(stream))
    assert of(Spawn, driver.exit(stream.actor, 0)) == [Spawn(stream.actor, 3)]


def test_waits_outlive_a_removal() -> None:
    driver = Driver(spec(A))
    driver.spawned(A)
    driver.exit(A, 77)
    driver.send(RemoveChild(A))
    driver.advance(600.0)
    assert not of(Spawn, driver.send(AddChild(spec(A))))
    assert of(Spawn, driver.advance(1_200.0)) == [Spawn(A, 2)]


def test_what_falls_out_of_the_retired_keeps_epochs_rising() -> None:
    memories = {f"orderbook:{n}": Remembered(last_epoch=9) for n in range(RETIRED_MAX + 1)}
    driver = Driver(remembered=memories)
    assert len(driver.state.retired) == RETIRED_MAX
    added = driver.send(AddChild(spec("orderbook:0", ChildKind.STREAM)))
    assert of(Spawn, added) == [Spawn("orderbook:0", 10)]


# the zygote


def test_unanswered_starts_are_asked_again_with_a_new_epoch() -> None:
    driver = Driver(spec(A), spec(B))
    driver.up(A)
    assert not of(Spawn, driver.send(ZygoteLost()))
    assert (driver.child(A).state, driver.child(B).state) == ("ready", "new")
    assert of(Spawn, driver.send(ZygoteReady())) == [Spawn(B, 2)]
    assert driver.child(B).restarts == 0
    assert driver.child(B).tally.attempt == 0
    assert driver.send(Spawned(B, 1, 66)) == (Kill(B, 1, 66),)
    driver.up(B)
    assert driver.child(B).state == "ready"


def test_who_dies_without_a_zygote_is_restarted_when_there_is_one() -> None:
    driver = up()
    driver.send(ZygoteLost())
    assert not of(Spawn, driver.exit(A, signal=9))
    assert next_deadline_ns(driver.state) is None, "nothing to wake up for"
    assert of(Spawn, driver.send(ZygoteReady())) == [Spawn(A, 2)]


def test_silence_is_judged_without_a_zygote_too() -> None:
    driver = up()
    driver.send(ZygoteLost())
    assert of(TakeDump, driver.advance(5.0))
    assert of(Kill, driver.advance(0.2))


def test_a_start_that_is_never_answered_is_asked_again() -> None:
    driver = Driver(spec(A))
    assert of(Spawn, driver.advance(20.0)) == [Spawn(A, 2)]


def test_stopping_without_an_answer_ends_with_the_zygote() -> None:
    driver = Driver(spec(A))
    driver.command("stop", A)
    driver.send(ZygoteLost())
    assert driver.child(A).state == "stopped"


# over the supervisor's own restarts


def test_epochs_counts_and_back_off_outlive_the_supervisor() -> None:
    driver = Driver(spec(A))
    for _ in range(3):
        driver.spawned(A)
        driver.exit(A, 1)
        driver.advance(60.0)
    driver.spawned(A)
    driver.exit(A, 1)
    driver.clock.advance(25.0)
    again = reborn(driver)
    assert (again.child(A).state, again.child(A).tally.attempt) == ("backoff", 4)
    assert again.child(A).last_exit is not None
    assert not of(Spawn, again.advance(34.9))
    assert of(Spawn, again.advance(0.1)) == [Spawn(A, 5)]
    again.spawned(A)
    again.exit(A, 1)
    assert again.child(A).tally.attempt == 5


def test_a_running_child_is_started_at_once_with_a_higher_epoch() -> None:
    again = reborn(up())
    assert of(Spawn, [effect for _, effect in again.log]) == [Spawn(A, 2)]


@pytest.mark.parametrize("step_s", [-1e9, -7_200.0, -1.0])
def test_a_wall_clock_that_stepped_back_lengthens_no_wait(step_s: float) -> None:
    driver = Driver(spec(A))
    driver.spawned(A)
    driver.exit(A, 1)
    again = reborn(driver, wall_step_s=step_s)
    assert of(Spawn, again.advance(60.0)) == [Spawn(A, 2)]


def test_a_wall_clock_that_stepped_on_starts_each_child_once_and_keeps_its_count() -> None:
    driver = Driver(spec(A))
    for _ in range(6):
        driver.spawned(A)
        driver.exit(A, 1)
        driver.advance(driver.child(A).wait_ns / 1e9)
    driver.spawned(A)
    driver.exit(A, 1)
    again = reborn(driver, wall_step_s=1e8)
    assert of(Spawn, [effect for _, effect in again.log]) == [Spawn(A, 8)]
    again.spawned(A)
    again.exit(A, 1)
    assert not of(Spawn, again.advance(299.0))


def test_a_journal_that_lies_cannot_silence_a_child() -> None:
    clock = FakeClock()
    absurd = Remembered(not_before_ns=clock.wall_ns() + 10**18, wait_ns=10**18, last_epoch=3)
    driver = Driver(spec(A), remembered={A: absurd}, clock=clock)
    assert of(Spawn, driver.advance(300.0)) == [Spawn(A, 4)]


def test_key_quarantine_outlives_the_supervisor_and_goes_on_doubling() -> None:
    driver = Driver(spec(A))
    driver.spawned(A)
    driver.exit(A, 77)
    driver.clock.advance(600.0)
    again = reborn(driver)
    assert again.child(A).state == "quarantined"
    assert again.child(A).reason == "key rejected (1 in a row)"
    assert not of(Spawn, again.advance(1_199.0))
    assert of(Spawn, again.advance(1.0))
    again.spawned(A)
    again.exit(A, 77)
    assert not of(Spawn, again.advance(3_599.0))
    assert of(Spawn, again.advance(1.0))


@pytest.mark.parametrize("code", [77, 78])
def test_quarantine_is_lifted_by_another_configuration(code: int) -> None:
    driver = Driver(spec(A))
    driver.spawned(A)
    driver.exit(A, code)
    same = reborn(driver)
    assert same.child(A).state == "quarantined"
    other = reborn(same, spec(A, config={"name": "1", "secrets_digest": "beef"}))
    assert of(Spawn, [effect for _, effect in other.log]) == [Spawn(A, 2)]
    assert other.child(A).rejections == 0


def test_a_quarantined_child_that_was_stopped_stays_in_quarantine_later() -> None:
    driver = Driver(spec(A))
    driver.spawned(A)
    driver.exit(A, 77)
    driver.command("stop", A)
    again = reborn(driver)
    assert again.child(A).state == "quarantined"


def test_what_is_remembered_is_said_only_when_it_changes() -> None:
    driver = up()
    began = len(driver.log)
    driver.live(A, 60.0)
    assert not of(Remember, [effect for _, effect in driver.log[began:]])


# shutdown


KINDS = {
    "web:1": ChildKind.WEB,
    "cache": ChildKind.CACHE,
    "simulator": ChildKind.SIMULATOR,
    "sink:redis": ChildKind.SINK,
    "venue:extended": ChildKind.VENUE,
    A: ChildKind.ACCOUNT,
    "orderbook:extended:linear:BTC-USD": ChildKind.STREAM,
}
STAGES = [
    {A, "venue:extended", "orderbook:extended:linear:BTC-USD"},
    {"sink:redis", "simulator"},
    {"cache"},
    {"web:1"},
]


def world(**scripts: Script) -> World:
    named = {actor: scripts.get(kind.value, Script()) for actor, kind in KINDS.items()}
    specs = [spec(actor, kind) for actor, kind in KINDS.items()]
    made = World(named, *specs, limits=NO_JITTER)
    made.run(10.0)
    return made


def stops(driver: Driver) -> list[tuple[float, set[str]]]:
    told: dict[float, set[str]] = {}
    for at, effect in driver.log:
        if isinstance(effect, SendStop):
            told.setdefault(round(at, 3), set()).add(effect.actor)
    return sorted(told.items())


def quit_at(driver: Driver) -> float:
    ((at, effect),) = [item for item in driver.log if isinstance(item[1], Quit)]
    assert effect == Quit(0)
    return at - 10.0


def test_shutdown_goes_in_reverse_order_of_dependence_and_waits_for_nobody_needlessly() -> None:
    driver = world()
    driver.send(Shutdown())
    driver.run(10.0)
    assert [actors for _, actors in stops(driver)] == STAGES
    assert [round(at - 10.0, 3) for at, _ in stops(driver)] == [0.0, 0.05, 0.1, 0.15]
    assert quit_at(driver) == pytest.approx(0.2)
    assert not of(Kill, [effect for _, effect in driver.log])
    assert not driver.living


def test_who_does_not_stop_is_killed_and_the_others_go_on() -> None:
    driver = world(account=Script(stop_s=None), cache=Script(stop_s=None))
    driver.send(Shutdown())
    driver.run(10.0)
    assert [actors for _, actors in stops(driver)] == STAGES
    assert driver.times(Kill, A) == [12.0]
    assert quit_at(driver) == pytest.approx(4.0 + 0.1, abs=0.01)
    assert not driver.living


def test_shutdown_is_bounded_by_ten_seconds_when_not_even_a_kill_helps() -> None:
    patient = replace(NO_JITTER, heartbeat_deadline_s=60.0)
    driver = Driver(*(spec(actor, kind) for actor, kind in KINDS.items()), limits=patient)
    for actor in KINDS:
        driver.up(actor)
    driver.send(Shutdown())
    effects = driver.advance(9.9)
    assert not of(Quit, effects)
    assert stops(driver) == list(zip([0.0, 2.0, 4.0, 6.0], STAGES, strict=True))
    effects = driver.advance(0.2)
    assert of(Quit, effects) == [Quit(0)]
    assert {kill.actor for kill in of(Kill, effects)} == set(KINDS)
    assert next_deadline_ns(driver.state) is None
    assert driver.send(Tick()) == ()


def test_nobody_is_restarted_during_a_shutdown() -> None:
    driver = world()
    driver.send(Shutdown())
    effects = driver.exit("cache", signal=9)
    assert not of(Spawn, effects)
    assert driver.child("cache").state == "stopped"
    assert driver.child("cache").tally.attempt == 0
    for order in (AddChild(spec(B)), RemoveChild("web:1")):
        assert driver.send(order) == ()
    assert driver.command("restart", A) == ()
    assert driver.send(Shutdown()) == ()


def test_a_shutdown_keeps_the_waits_for_the_next_start() -> None:
    driver = Driver(spec(A))
    driver.spawned(A)
    driver.exit(A, 1)
    assert of(Quit, driver.send(Shutdown()))
    assert reborn(driver).child(A).state == "backoff"


def test_a_shutdown_with_nothing_running_is_over_at_once() -> None:
    assert Driver().send(Shutdown()) == (Quit(0),)


def test_a_start_without_an_answer_holds_a_shutdown_no_longer_than_its_stage() -> None:
    driver = Driver(spec(A), spec("web:1", ChildKind.WEB))
    driver.up("web:1")
    driver.send(Shutdown())
    assert of(SendStop, driver.advance(2.0)) == [SendStop("web:1", 1)]
    assert driver.send(Spawned(A, 1, 44))[0] == Kill(A, 1, 44)


def test_a_hanging_child_is_killed_at_once_in_a_shutdown() -> None:
    driver = up()
    driver.advance(5.0)
    assert of(Kill, driver.send(Shutdown())) == [Kill(A, 1, 1_000)]
    assert of(Quit, driver.exit(A, signal=9)) == [Quit(0)]


# what the world sees


def test_figures_are_shown_once_a_second_and_changes_at_once() -> None:
    driver = up()
    began = driver.now_s
    for _ in range(100):
        driver.advance(0.1)
        driver.beat(A)
    published = [at for at in driver.times_published(A) if at > began]
    assert 10 <= len(published) <= 11
    assert shown(driver.command("stop", A))[-1].state == "stopping"


def test_figures_come_from_the_last_beat() -> None:
    driver = up()
    driver.beat(A, cpu_ms=100.0)
    driver.advance(2.0)
    figures: dict[str, Any] = {"last_frame_age_ms": 12.5, "queue_depth": 3, "last_sequence": 99}
    effects = driver.beat(A, rss=5, cpu_ms=600.0, private_bytes=4, **figures)
    (view,) = shown(effects)
    assert (view.rss_bytes, view.private_bytes, view.cpu_percent) == (5, 4, 25.0)
    assert (view.last_frame_age_ms, view.queue_depth, view.last_sequence) == (12.5, 3, 99)
    assert view == status(driver.state.limits, driver.child(A))


def test_a_step_is_a_pure_function() -> None:
    driver = Driver(spec(A), spec(B), limits=Limits())
    driver.up(A)
    state, now = driver.state, Instant(driver.clock.monotonic_ns() + 1, driver.clock.wall_ns())
    for message in (Exited(A, 1, ExitInfo(code=1)), BecameReady(B, 1), Shutdown(), Tick()):
        assert step(state, message, now) == step(state, message, now)
    assert driver.state is state
