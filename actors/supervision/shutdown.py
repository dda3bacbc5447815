"""The end of everything, stage by stage, in reverse order of dependence and within a bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from actors.supervision.effects import Kill, Quit
from actors.supervision.lifecycle import kill, relieve, tell_to_stop
from actors.supervision.spec import ChildKind
from actors.supervision.states import ALIVE, WORKING, Child, Closing, State
from actors.supervision.turn import Turn

STAGES: Final[Mapping[ChildKind, int]] = {
    ChildKind.STREAM: 0,
    ChildKind.ACCOUNT: 0,
    ChildKind.VENUE: 0,
    ChildKind.SINK: 1,
    ChildKind.SIMULATOR: 1,
    ChildKind.CACHE: 2,
    ChildKind.WEB: 3,
}
"""Sources first; then who stores what they said; the cache; last those who tell the clients."""

STAGE_LAST: Final = max(STAGES.values())


def begin(turn: Turn) -> None:
    """A second request changes nothing: the bound of the first one holds."""
    if turn.closing is None:
        turn.closing = Closing(-1, turn.after_ns(turn.limits.shutdown_bound_s))


def advance(turn: Turn) -> None:
    """On to the next stage as soon as nobody is waited for; Quit after the last, or at the bound.

    A child that was killed is waited for only at the very end: where even SIGKILL takes its time,
    the others need not.
    """
    closing = turn.closing
    if closing is None or closing.done:
        return
    while closing.stage < STAGE_LAST and not _awaited(turn, closing.stage):
        closing = replace(closing, stage=closing.stage + 1)
        for child in _of_stage(turn, closing.stage):
            _end(turn, child)
    alive = [child for child in turn.children.values() if child.state in ALIVE]
    over = turn.now.mono_ns >= closing.deadline_ns
    if over:
        for child in alive:
            if child.pid is not None:
                turn.act(Kill(child.spec.actor, child.epoch, child.pid))
    if over or (closing.stage == STAGE_LAST and not alive):
        closing = replace(closing, done=True)
        turn.act(Quit(0))
    turn.closing = closing


def _of_stage(turn: Turn, stage: int) -> list[Child]:
    return [
        child
        for child in turn.children.values()
        if STAGES[child.spec.kind] == stage and child.state in ALIVE
    ]


def _awaited(turn: Turn, stage: int) -> bool:
    return any(
        child.state in ALIVE and not child.killed and STAGES[child.spec.kind] <= stage
        for child in turn.children.values()
    )


def _end(turn: Turn, child: Child) -> None:
    if child.state in WORKING:
        tell_to_stop(turn, child, turn.limits.shutdown_stage_s)
    elif child.state is State.OVER_MEMORY and not child.told:
        relieve(turn, child, turn.limits.shutdown_stage_s)
    elif child.state is State.HUNG:
        kill(turn, child)
    elif child.deadline_ns is not None:
        bound = turn.after_ns(turn.limits.shutdown_stage_s)
        turn.put(replace(child, deadline_ns=min(child.deadline_ns, bound)))
