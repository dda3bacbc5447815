"""One step's workbench: the children as changed so far, and the effects that come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from actors.messages.control import RestartRecord
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
from actors.supervision.events import Instant
from actors.supervision.schedule import Limits, next_chance, ns
from actors.supervision.states import (
    Child,
    Closing,
    KernelState,
    remembered,
    status,
)

RETIRED_MAX: Final = 4_096
"""Actors that are no children now, of which the epochs and waits are kept."""

PUBLISH_GAP_NS: Final = 900_000_000
"""Figures go out once a second: the gap is shorter than a beat by a beat's own unrest."""


class Turn:
    """Lives within one step; what a caller of the kernel sees stays pure."""

    __slots__ = (
        "_actions",
        "_before",
        "_gone",
        "_records",
        "_touched",
        "children",
        "closing",
        "epoch_floor",
        "now",
        "retired",
        "seed",
        "zygote_up",
    )

    def __init__(self, state: KernelState, now: Instant) -> None:
        self._before = state
        self.now = now
        self.children = dict(state.children)
        self.retired = state.retired
        self.epoch_floor = state.epoch_floor
        self.seed = state.seed
        self.zygote_up = state.zygote_up
        self.closing: Closing | None = state.closing
        self._touched: dict[str, None] = {}
        self._gone: dict[str, Child] = {}
        self._records: list[Record] = []
        self._actions: list[Effect] = []

    @property
    def limits(self) -> Limits:
        return self._before.limits

    def after_ns(self, seconds: float) -> int:
        return self.now.mono_ns + ns(seconds)

    def put(self, child: Child) -> Child:
        actor = child.spec.actor
        self.children[actor] = child
        self._touched[actor] = None
        return child

    def act(self, effect: Spawn | TakeDump | Kill | SendStop | Quit) -> None:
        self._actions.append(effect)

    def record(self, record: RestartRecord) -> None:
        self._records.append(Record(record))

    def chance(self) -> float:
        chance, self.seed = next_chance(self.seed)
        return chance

    def retire(self, child: Child) -> None:
        """Forget a child that has no process; keep what must outlive it."""
        actor = child.spec.actor
        del self.children[actor]
        self._touched[actor] = None
        self._gone[actor] = child
        self.remember_retired({actor: remembered(child)})

    def remember_retired(self, more: Mapping[str, Remembered]) -> None:
        kept = {**self.retired, **more}
        while len(kept) > RETIRED_MAX:
            # An unknown actor then begins above every epoch that it may ever have had.
            lost = kept.pop(next(iter(kept)))
            self.epoch_floor = max(self.epoch_floor, lost.last_epoch)
        self.retired = kept

    def recall(self, actor: str) -> Remembered:
        """Takes an actor out of the retired; the epochs of an unknown one begin at the floor."""
        kept = dict(self.retired)
        found = kept.pop(actor, None)
        self.retired = kept
        return found or Remembered(last_epoch=self.epoch_floor)

    def finish(self) -> tuple[KernelState, tuple[Effect, ...]]:
        """The next state, and the effects: what is kept first, then acts, then what is shown."""
        kept: list[Effect] = []
        shown: list[Effect] = []
        for actor in self._touched:
            before = self._before.children.get(actor)
            after = self.children.get(actor)
            final = after or self._gone[actor]
            if before is None or remembered(before) != remembered(final):
                kept.append(Remember(actor, remembered(final)))
            if after is None:
                shown.append(Publish(status(self.limits, final)))
            elif before is None or self._is_news(before, after):
                self.children[actor] = replace(after, published_ns=self.now.mono_ns)
                shown.append(Publish(status(self.limits, after)))
        state = replace(
            self._before,
            seed=self.seed,
            children=self.children,
            retired=self.retired,
            epoch_floor=self.epoch_floor,
            zygote_up=self.zygote_up,
            closing=self.closing,
        )
        return state, (*kept, *self._records, *self._actions, *shown)

    def _is_news(self, before: Child, after: Child) -> bool:
        if _public(before) != _public(after):
            return True
        beaten = after.heartbeat is not before.heartbeat
        return beaten and self.now.mono_ns - after.published_ns >= PUBLISH_GAP_NS


def _public(child: Child) -> tuple[object, ...]:
    """What is shown at once when it changes; figures of a beat can wait for their second."""
    return (
        child.state,
        child.epoch,
        child.pid,
        child.tally,
        child.restarts,
        child.not_before_ns,
        child.reason,
        child.started,
        child.ready,
        child.last_exit,
        child.spec.label,
    )
