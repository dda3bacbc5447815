"""What now, it died: the pure heart of supervision, (state, message, now) -> (state, effects).

No I/O, no clock, no chance: the same messages at the same times give the same effects. Three rules
keep it right. A message of an epoch that is not the child's present one changes nothing. Silence
is judged at a Tick only, never while handling something else, so that beats which wait in the
queue are read first. What must be remembered stands before the act that it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from actors.supervision import lifecycle, orders, shutdown
from actors.supervision.effects import (
    Effect,
    Kill,
    Publish,
    Quit,
    Record,
    Remember,
    Remembered,
    SendStop,
    Spawn,
    TakeDump,
)
from actors.supervision.events import (
    AddChild,
    Beat,
    BecameReady,
    Boot,
    Command,
    Dumped,
    Exited,
    ExitInfo,
    Instant,
    Message,
    Operation,
    RemoveChild,
    Shutdown,
    Spawned,
    SpawnFailed,
    SupervisorStalled,
    Tick,
    ZygoteLost,
    ZygoteReady,
)
from actors.supervision.schedule import Limits
from actors.supervision.spec import ChildSpec
from actors.supervision.states import (
    ALIVE,
    WAITING,
    WORKING,
    Child,
    KernelState,
    State,
    new_state,
    status,
)
from actors.supervision.turn import Turn

__all__ = [
    "AddChild",
    "Beat",
    "BecameReady",
    "Boot",
    "Child",
    "Command",
    "Dumped",
    "Effect",
    "ExitInfo",
    "Exited",
    "Instant",
    "KernelState",
    "Kill",
    "Limits",
    "Message",
    "Operation",
    "Publish",
    "Quit",
    "Record",
    "Remember",
    "Remembered",
    "RemoveChild",
    "SendStop",
    "Shutdown",
    "Spawn",
    "SpawnFailed",
    "Spawned",
    "State",
    "SupervisorStalled",
    "TakeDump",
    "Tick",
    "ZygoteLost",
    "ZygoteReady",
    "new_state",
    "next_deadline_ns",
    "status",
    "step",
]

OfChild = Spawned | SpawnFailed | BecameReady | Beat | Exited | Dumped
"""Messages that speak of one incarnation."""

Order = Command | AddChild | RemoveChild
"""Messages that want something of one child."""

OfAll = Boot | SupervisorStalled | ZygoteLost | ZygoteReady | Shutdown | Tick
"""Messages that concern everybody."""


def step(
    state: KernelState, message: Message, now: Instant
) -> tuple[KernelState, tuple[Effect, ...]]:
    """The next state, and what is to be done, in this order."""
    if state.closing is not None and state.closing.done:
        return state, ()
    turn = Turn(state, now)
    if isinstance(message, OfChild):
        _hear(turn, message)
    elif isinstance(message, Order):
        _obey(turn, message)
    else:
        _handle(turn, message)
    if turn.closing is not None:
        shutdown.advance(turn)
    elif turn.zygote_up and not isinstance(message, Beat):
        _start_due(turn)
    return turn.finish()


def next_deadline_ns(state: KernelState) -> int | None:
    """When a Tick is due (monotonic), or None while only a message can change anything."""
    closing = state.closing
    if closing is not None and closing.done:
        return None
    may_start = state.zygote_up and closing is None
    deadlines = [
        child.deadline_ns
        for child in state.children.values()
        if child.deadline_ns is not None and (may_start or child.state not in WAITING)
    ]
    if closing is not None:
        deadlines.append(closing.deadline_ns)
    return min(deadlines, default=None)


def _hear(turn: Turn, message: OfChild) -> None:
    child = turn.children.get(message.actor)
    if isinstance(message, Spawned) and _is_given_up(child, message.epoch):
        # Its start was answered after it was asked again: no two incarnations may live on.
        turn.act(Kill(message.actor, message.epoch, message.pid))
        return
    if child is None or message.epoch != child.epoch or child.state not in ALIVE:
        return
    match message:
        case Spawned(pid=pid) if child.pid is None:
            lifecycle.spawned(turn, child, pid)
        case SpawnFailed(reason=reason) if child.pid is None:
            lifecycle.not_started(turn, child, reason)
        case BecameReady():
            lifecycle.became_ready(turn, child)
        case Beat(heartbeat=heartbeat):
            lifecycle.beat(turn, child, heartbeat)
        case Exited(exit=exit_info):
            lifecycle.ended(turn, child, exit_info)
        case Dumped():
            if child.state is State.HUNG and not child.killed:
                lifecycle.kill(turn, child)
            elif child.state is State.OVER_MEMORY and not child.told:
                lifecycle.relieve(turn, child, turn.limits.stop_grace_s)


def _is_given_up(child: Child | None, epoch: int) -> bool:
    if child is None or epoch < child.epoch:
        return True
    return epoch == child.epoch and child.state not in ALIVE


def _handle(turn: Turn, message: OfAll) -> None:
    match message:
        case Tick():
            _judge(turn)
        case Boot(specs=specs, remembered=memories):
            _boot(turn, specs, memories)
        case SupervisorStalled():
            _put_off(turn)
        case ZygoteLost():
            _lose_zygote(turn)
        case ZygoteReady():
            turn.zygote_up = True
        case Shutdown():
            shutdown.begin(turn)


def _obey(turn: Turn, message: Order) -> None:
    if turn.closing is not None:
        return
    match message:
        case Command():
            orders.obey(turn, message)
        case AddChild(spec=spec):
            orders.add(turn, spec)
        case RemoveChild(actor=actor):
            orders.remove(turn, actor)


def _boot(turn: Turn, specs: tuple[ChildSpec, ...], memories: Mapping[str, Remembered]) -> None:
    present = {spec.actor for spec in specs}
    turn.remember_retired(
        {actor: memory for actor, memory in memories.items() if actor not in present}
    )
    for spec in specs:
        orders.add(turn, spec, memories.get(spec.actor))


def _judge(turn: Turn) -> None:
    """What follows from nothing having happened until now."""
    for child in tuple(turn.children.values()):
        if child.deadline_ns is None or child.deadline_ns > turn.now.mono_ns:
            continue
        if child.state in WORKING:
            lifecycle.silent(turn, child)
        elif child.state is State.OVER_MEMORY and not child.told:
            lifecycle.relieve(turn, child, turn.limits.stop_grace_s)
        elif child.state in ALIVE:
            lifecycle.kill(turn, child)


def _put_off(turn: Turn) -> None:
    """Who could not be heard is not silent: every heartbeat deadline begins anew."""
    for child in tuple(turn.children.values()):
        if child.state in WORKING:
            beaten = child.heartbeat is not None
            limits = turn.limits
            owed_s = limits.heartbeat_deadline_s if beaten else limits.starting_deadline_s
            turn.put(replace(child, deadline_ns=turn.after_ns(owed_s)))


def _lose_zygote(turn: Turn) -> None:
    """Living children stay; starts without an answer are asked again once there is a zygote."""
    turn.zygote_up = False
    for child in tuple(turn.children.values()):
        if child.pid is None and child.state in WORKING:
            lifecycle.unanswered(turn, child)
        elif child.pid is None and child.state in ALIVE:
            lifecycle.ended(turn, child, ExitInfo())


def _start_due(turn: Turn) -> None:
    for child in tuple(turn.children.values()):
        due_ns = child.deadline_ns if child.state in WAITING else None
        waited = due_ns is not None and due_ns <= turn.now.mono_ns
        if waited or child.state is State.NEW:
            lifecycle.spawn(turn, child)
