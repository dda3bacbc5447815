"""The Pykka actor that owns the kernel's state: messages in, effects handed to who can do them."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec
import pykka

from actors.messages.control import ChildStatus, FaultReport, LogRecord
from actors.messages.ids import SUPERVISOR
from actors.runtime.clock import Clock
from actors.supervision import kernel
from actors.supervision.alert_desk import NO_ALERTS, Alerts
from actors.supervision.effects import (
    Effect,
    Kill,
    Publish,
    Quit,
    Record,
    Remember,
    SendStop,
    Spawn,
    TakeDump,
)
from actors.supervision.events import Command, Instant, Message
from actors.supervision.fatal import FatalActor
from actors.supervision.life_lines import HOUSEHOLD, obituary
from actors.supervision.spec import ChildSpec
from actors.supervision.states import KernelState, State, status
from actors.supervision.voice import AllReady, Line, Mouth

_SETTLED: Final = frozenset({State.READY, State.QUARANTINED, State.STOPPED})


@dataclass(frozen=True, slots=True)
class Question:
    """Asks for what the kernel knows, or commands; `reply` must not block.

    The reply gets a map (None where there is no such actor) and the actors that there are. The
    operations are `tree`, `look` (is there such an actor?), `pulse` (are you alive?) and those of
    Command.
    """

    op: str
    actor: str
    reply: Callable[[dict[str, Any] | None, tuple[str, ...]], None]
    spec: ChildSpec | None = None
    """With `reset`: what the child is made from now; its secrets' number is then ours to close."""


class Hands(Protocol):
    """Who carries out effects; every call returns at once, and they are done in their order."""

    def spawn(self, spec: ChildSpec, epoch: int) -> None: ...

    def act(self, effect: TakeDump | Kill | SendStop) -> None: ...

    def publish(self, status: ChildStatus) -> None: ...

    def fault(self, report: FaultReport) -> None: ...

    def arm(self, deadline_ns: int | None) -> None: ...

    def retire(self, number: int) -> None: ...

    def quit(self, code: int) -> None: ...


class SupervisorActor(FatalActor):
    """Nothing in here waits: disk, terminal, processes and sockets belong to others."""

    def __init__(
        self,
        state: KernelState,
        hands: Hands,
        journal: pykka.ActorRef[Any],
        mouth: Mouth,
        clock: Clock,
        *,
        alerts: Alerts = NO_ALERTS,
    ) -> None:
        super().__init__()
        self._state = state
        self._hands = hands
        self._journal = journal
        self._mouth = mouth
        self._clock = clock
        self._alerts = alerts
        self._armed_ns: int | None = None
        self._all_ready = False

    def on_receive(self, message: Any) -> None:
        try:
            if isinstance(message, Question):
                self._answer(message)
            else:
                self._step(message)
        except BaseException as error:  # noqa: BLE001 - the guard of this Pykka handler
            # The state is a value, so a message that could not be handled changed nothing. A
            # raise would kill this actor silently, and SystemExit all actors.
            self._confess(error, message)

    def _step(self, message: Message) -> None:
        now = Instant(self._clock.monotonic_ns(), self._clock.wall_ns())
        self._state, effects = kernel.step(self._state, message, now)
        for effect in effects:
            self._carry_out(effect)
        deadline_ns = kernel.next_deadline_ns(self._state)
        if deadline_ns != self._armed_ns or isinstance(message, kernel.Tick):
            self._armed_ns = deadline_ns
            self._hands.arm(deadline_ns)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Spawn(actor=actor, epoch=epoch):
                self._hands.spawn(self._state.children[actor].spec, epoch)
            case TakeDump() | Kill() | SendStop():
                self._hands.act(effect)
            case Remember():
                self._journal.tell(effect)
            case Record(record=record):
                self._journal.tell(effect)
                spec = self._spec(record.actor)
                self._mouth.say(Line(*obituary(record, spec.kind if spec else "")))
                self._alerts.ended(record, spec)
            case Publish(status=public):
                self._hands.publish(public)
                self._mouth.say(public)
                self._alerts.status(public, self._spec(public.actor))
                self._look_for_all_ready()
            case Quit(code=code):
                self._hands.quit(code)

    def _spec(self, actor: str) -> ChildSpec | None:
        child = self._state.children.get(actor)
        return None if child is None else child.spec

    def _look_for_all_ready(self) -> None:
        states = {child.state for child in self._state.children.values()}
        if self._all_ready or State.READY not in states or not states <= _SETTLED:
            return
        self._all_ready = True
        children = self._state.children.items()
        aside = (actor for actor, child in children if child.state is State.QUARANTINED)
        self._mouth.say(AllReady(quarantined=tuple(sorted(aside))))

    def _answer(self, question: Question) -> None:
        known = tuple(self._state.children)
        if question.op == "pulse":
            question.reply({}, known)
            return
        if question.op == "tree":
            limits = self._state.limits
            shown = [status(limits, child) for child in self._state.children.values()]
            question.reply({"children": [msgspec.to_builtins(each) for each in shown]}, known)
            return
        child = self._state.children.get(question.actor)
        if child is None:
            self._retire(question.spec)
            question.reply(None, known)
            return
        if question.op == "look":
            has_secrets = "secrets" in child.spec.descriptors
            found = {
                "actor": question.actor,
                "kind": child.spec.kind.value,
                "state": child.state.value,
                "secrets": has_secrets,
            }
        else:
            self._step(Command(question.op, question.actor, question.spec))
            after = self._state.children[question.actor]
            if question.spec is not None:
                taken = after.spec is question.spec
                self._retire(child.spec if taken else question.spec)
            found = {"actor": question.actor, "state": after.state.value}
        question.reply(found, known)

    def _retire(self, spec: ChildSpec | None) -> None:
        """Close the secrets of a spec that nothing is made from any more."""
        if spec is not None and "secrets" in spec.descriptors:
            self._hands.retire(spec.descriptors["secrets"])

    def _confess(self, error: BaseException, message: object) -> None:
        kind = type(message).__name__
        trace = "".join(traceback.format_exception(error))[-8_000:]
        fields: dict[str, str | int | float | bool | None] = {"message": kind, "traceback": trace}
        self._mouth.say(Line(HOUSEHOLD, LogRecord(level="error", event="broken", fields=fields)))
        self._hands.fault(
            FaultReport(
                actor=SUPERVISOR,
                kind=type(error).__name__,
                message=f"{kind} could not be handled: {error}"[:2_000],
                level="error",
                at_ns=self._clock.wall_ns(),
            )
        )
