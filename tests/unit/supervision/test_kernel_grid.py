"""Every state meets every message: one cell, one test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from kernel_driver import Driver, spec

from actors.messages.control import Heartbeat
from actors.supervision.kernel import (
    AddChild,
    Beat,
    BecameReady,
    Command,
    Dumped,
    Effect,
    Exited,
    ExitInfo,
    Kill,
    Message,
    Publish,
    Remember,
    RemoveChild,
    Shutdown,
    Spawned,
    SpawnFailed,
    State,
    SupervisorStalled,
    Tick,
    ZygoteLost,
    ZygoteReady,
    next_deadline_ns,
)

ACTOR = "account:extended:1"
SPEC = spec(ACTOR)


def _new() -> Driver:
    driver = Driver()
    driver.send(ZygoteLost())
    driver.send(AddChild(SPEC))
    return driver


def _starting() -> Driver:
    driver = Driver(SPEC)
    driver.spawned(ACTOR)
    return driver


def _ready() -> Driver:
    driver = Driver(SPEC)
    driver.up(ACTOR)
    return driver


def _hung() -> Driver:
    driver = _ready()
    driver.advance(5.0)
    return driver


def _over_memory() -> Driver:
    driver = _ready()
    driver.beat(ACTOR, private_bytes=2 << 30)
    return driver


def _over_memory_told() -> Driver:
    driver = _over_memory()
    driver.send(Dumped(ACTOR, driver.child(ACTOR).epoch))
    return driver


def _stopping() -> Driver:
    driver = _ready()
    driver.command("stop", ACTOR)
    return driver


def _backoff() -> Driver:
    driver = _starting()
    driver.exit(ACTOR, 1)
    return driver


def _quarantined() -> Driver:
    driver = _starting()
    driver.exit(ACTOR, 77)
    return driver


def _stopped() -> Driver:
    driver = _stopping()
    driver.exit(ACTOR, 0)
    return driver


STATES: dict[str, Callable[[], Driver]] = {
    "new": _new,
    "starting": _starting,
    "ready": _ready,
    "hung": _hung,
    "over_memory": _over_memory,
    "over_memory_told": _over_memory_told,
    "stopping": _stopping,
    "backoff": _backoff,
    "quarantined": _quarantined,
    "stopped": _stopped,
}


def _deadline(driver: Driver) -> tuple[Effect, ...]:
    due_ns = next_deadline_ns(driver.state)
    if due_ns is None:
        return driver.send(Tick())
    return driver.advance((due_ns - driver.clock.monotonic_ns()) / 1e9)


MESSAGES: dict[str, Callable[[Driver], tuple[Effect, ...]]] = {
    "spawned": lambda d: d.spawned(ACTOR),
    "spawn_failed": lambda d: d.send(SpawnFailed(ACTOR, d.child(ACTOR).epoch, "EAGAIN")),
    "ready": lambda d: d.ready(ACTOR),
    "beat": lambda d: d.beat(ACTOR),
    "heavy_beat": lambda d: d.beat(ACTOR, private_bytes=2 << 30),
    "exit_0": lambda d: d.exit(ACTOR, 0),
    "exit_1": lambda d: d.exit(ACTOR, 1),
    "exit_key": lambda d: d.exit(ACTOR, 77),
    "exit_config": lambda d: d.exit(ACTOR, 78),
    "killed": lambda d: d.exit(ACTOR, signal=9),
    "unknown_end": lambda d: d.exit(ACTOR),
    "dumped": lambda d: d.send(Dumped(ACTOR, d.child(ACTOR).epoch)),
    "deadline": _deadline,
    "restart": lambda d: d.command("restart", ACTOR),
    "stop": lambda d: d.command("stop", ACTOR),
    "start": lambda d: d.command("start", ACTOR),
    "reset": lambda d: d.command("reset", ACTOR),
    "stalled": lambda d: d.send(SupervisorStalled(2 * 10**9)),
    "zygote_lost": lambda d: d.send(ZygoteLost()),
    "zygote_ready": lambda d: d.send(ZygoteReady()),
    "new_config": lambda d: d.send(AddChild(replace(SPEC, config={"venue": "extended"}))),
    "remove": lambda d: d.send(RemoveChild(ACTOR)),
    "shutdown": lambda d: d.send(Shutdown()),
}

SAME = "="
ENDS = ("exit_0", "exit_1", "exit_key", "exit_config", "killed", "unknown_end")


def ends(outcome: str) -> dict[str, str]:
    return dict.fromkeys(ENDS, outcome)


# The state after the message, and the acts; what is not named here changes nothing and does
# nothing (it may be shown).
GRID: dict[str, dict[str, str]] = {
    "new": {
        "spawned": "new Kill",
        "stop": "stopped",
        "zygote_ready": "starting Spawn",
        "remove": "gone",
        "shutdown": "new Quit",
    },
    "starting": {
        "ready": "ready",
        "heavy_beat": "over_memory TakeDump",
        **ends("backoff Record"),
        "exit_key": "quarantined Record",
        "exit_config": "quarantined Record",
        "deadline": "hung TakeDump",
        "restart": "stopping SendStop",
        "stop": "stopping SendStop",
        "reset": "stopping SendStop",
        "remove": "stopping SendStop",
        "shutdown": "stopping SendStop",
    },
    "ready": {
        "heavy_beat": "over_memory TakeDump",
        **ends("starting Record Spawn"),
        "exit_key": "quarantined Record",
        "exit_config": "quarantined Record",
        "deadline": "hung TakeDump",
        "restart": "stopping SendStop",
        "stop": "stopping SendStop",
        "reset": "stopping SendStop",
        "remove": "stopping SendStop",
        "shutdown": "stopping SendStop",
    },
    "hung": {
        **ends("starting Record Spawn"),
        "dumped": "hung Kill",
        "deadline": "hung Kill",
        "shutdown": "hung Kill",
    },
    "over_memory": {
        **ends("starting Record Spawn"),
        "dumped": "over_memory SendStop",
        "deadline": "over_memory SendStop",
        "shutdown": "over_memory SendStop",
    },
    "over_memory_told": {
        **ends("starting Record Spawn"),
        "deadline": "over_memory Kill",
    },
    "stopping": {
        **ends("stopped Record"),
        "deadline": "stopping Kill",
    },
    "backoff": {
        "spawned": "backoff Kill",
        "deadline": "starting Spawn",
        "restart": "starting Spawn",
        "start": "starting Spawn",
        "reset": "starting Spawn",
        "stop": "stopped",
        "remove": "gone",
        "shutdown": "backoff Quit",
    },
    "quarantined": {
        "spawned": "quarantined Kill",
        "deadline": "starting Spawn",
        "restart": "starting Spawn",
        "start": "starting Spawn",
        "reset": "starting Spawn",
        "new_config": "starting Spawn",
        "stop": "stopped",
        "remove": "gone",
        "shutdown": "quarantined Quit",
    },
    "stopped": {
        "spawned": "stopped Kill",
        "restart": "starting Spawn",
        "start": "starting Spawn",
        "reset": "starting Spawn",
        "remove": "gone",
        "shutdown": "stopped Quit",
    },
}


def outcome(driver: Driver, effects: tuple[Effect, ...]) -> str:
    acts = [
        type(effect).__name__ for effect in effects if not isinstance(effect, (Publish, Remember))
    ]
    child = driver.state.children.get(ACTOR)
    return " ".join([child.state.value if child else "gone", *acts])


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("state", STATES)
def test_cell(state: str, message: str) -> None:
    driver = STATES[state]()
    name = state.removesuffix("_told")
    assert driver.child(ACTOR).state == name
    before = driver.state
    effects = MESSAGES[message](driver)
    assert outcome(driver, effects) == GRID[state].get(message, name)
    assert before.children[ACTOR].state == name, "the earlier state is a value"


OF_INCARNATION: tuple[Callable[[str, int], Message], ...] = (
    lambda actor, epoch: SpawnFailed(actor, epoch, "EAGAIN"),
    BecameReady,
    lambda actor, epoch: Beat(actor, epoch, Heartbeat(at_mono_ns=1, rss_bytes=2 << 30)),
    lambda actor, epoch: Exited(actor, epoch, ExitInfo(code=1)),
    Dumped,
)


@pytest.mark.parametrize("state", STATES)
def test_messages_of_other_epochs_and_actors_change_nothing(state: str) -> None:
    driver = STATES[state]()
    epoch = driver.child(ACTOR).epoch
    before = driver.state
    for message in OF_INCARNATION:
        for actor, other in ((ACTOR, epoch - 1), (ACTOR, epoch + 1), ("account:nobody:1", epoch)):
            assert driver.send(message(actor, other)) == ()
            assert driver.state == before


@pytest.mark.parametrize("state", STATES)
def test_orders_for_nobody_change_nothing(state: str) -> None:
    driver = STATES[state]()
    before = driver.state
    for order in (
        Command("restart", "account:nobody:1"),
        Command("explode", ACTOR),
        RemoveChild("account:nobody:1"),
    ):
        assert driver.send(order) == ()
        assert driver.state == before


@pytest.mark.parametrize("state", STATES)
def test_a_start_that_was_given_up_is_killed_when_it_is_answered(state: str) -> None:
    driver = STATES[state]()
    epoch = driver.child(ACTOR).epoch
    before = driver.state
    assert driver.send(Spawned(ACTOR, epoch - 1, 77)) == (Kill(ACTOR, epoch - 1, 77),)
    assert driver.send(Spawned("account:nobody:1", 3, 78)) == (Kill("account:nobody:1", 3, 78),)
    assert driver.state == before


def test_the_grid_knows_every_state_that_lasts() -> None:
    lasting = {state.value for state in State} - {"exited"}
    assert set(STATES) == lasting | {"over_memory_told"}
    assert set(GRID) == set(STATES)
