"""What an operator (or the tree of children itself) orders: restart, stop, start, reset, add."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from actors.supervision.effects import Remembered
from actors.supervision.events import Command, Operation
from actors.supervision.lifecycle import restored, start, stop, tell_to_stop
from actors.supervision.schedule import CLEAN
from actors.supervision.spec import ChildSpec
from actors.supervision.states import (
    ALIVE,
    WORKING,
    Child,
    State,
    Then,
    digest_of,
)
from actors.supervision.turn import Turn


def obey(turn: Turn, order: Command) -> None:
    """An unknown actor or operation changes nothing; who answers the operator knows them."""
    child = turn.children.get(order.actor)
    operation = _OPERATIONS.get(order.op)
    if child is None or operation is None or child.then is Then.REMOVE:
        return
    if order.op == Operation.RESET:
        child = _forgiven(turn, child, order.spec)
    operation(turn, child)


def _restart(turn: Turn, child: Child) -> None:
    if child.state in ALIVE:
        _end(turn, child, Then.START)
    else:
        start(turn, child)


def _stop(turn: Turn, child: Child) -> None:
    if child.state in ALIVE:
        _end(turn, child, Then.STOP)
    else:
        stop(turn, child)


def _start(turn: Turn, child: Child) -> None:
    if child.state not in ALIVE:
        start(turn, child)
    elif child.then is Then.STOP:
        turn.put(replace(child, then=Then.START))


_OPERATIONS: Final[Mapping[str, Callable[[Turn, Child], None]]] = {
    Operation.RESTART: _restart,
    Operation.STOP: _stop,
    Operation.START: _start,
    Operation.RESET: _restart,
}


def _end(turn: Turn, child: Child, then: Then) -> None:
    child = turn.put(replace(child, then=then))
    if child.state in WORKING:
        tell_to_stop(turn, child, turn.limits.stop_grace_s)


def _forgiven(turn: Turn, child: Child, spec: ChildSpec | None) -> Child:
    """As if nothing had ever happened to it; its epochs go on rising."""
    spec = spec or child.spec
    return turn.put(
        replace(
            child,
            spec=spec,
            digest=digest_of(spec),
            tally=CLEAN,
            been_ready=False,
            rejections=0,
            relieved_ns=None,
        )
    )


def add(turn: Turn, spec: ChildSpec, memory: Remembered | None = None) -> None:
    """A child more; of a known one the next incarnation is made from the new spec."""
    child = turn.children.get(spec.actor)
    if child is None:
        restored(turn, spec, memory or turn.recall(spec.actor))
        return
    digest = digest_of(spec)
    changed = digest != child.digest
    then = Then.START if child.then is Then.REMOVE else child.then
    child = turn.put(replace(child, spec=spec, digest=digest, then=then))
    if changed and child.state is State.QUARANTINED:
        # The quarantine spoke of the configuration that is gone.
        start(turn, turn.put(replace(child, rejections=0)))


def remove(turn: Turn, actor: str) -> None:
    child = turn.children.get(actor)
    if child is None:
        return
    if child.state in ALIVE:
        _end(turn, child, Then.REMOVE)
        return
    stop(turn, child)
    turn.retire(replace(turn.children[actor], reason="removed"))
