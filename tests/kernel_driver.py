"""Drives the kernel on a fake clock: by hand, or with children that behave as scripted."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from actors.messages.control import Heartbeat
from actors.runtime.clock import FakeClock
from actors.supervision.kernel import (
    Beat,
    BecameReady,
    Boot,
    Child,
    Command,
    Dumped,
    Effect,
    Exited,
    ExitInfo,
    Instant,
    Kill,
    Limits,
    Message,
    Publish,
    Remembered,
    SendStop,
    Spawn,
    Spawned,
    TakeDump,
    Tick,
    new_state,
    next_deadline_ns,
    step,
)
from actors.supervision.spec import ChildKind, ChildSpec

SECOND_NS = 10**9
NO_JITTER = Limits(jitter_fraction=0.0)
E = TypeVar("E")


def spec(actor: str, kind: ChildKind = ChildKind.ACCOUNT, **fields: object) -> ChildSpec:
    return ChildSpec(actor=actor, kind=kind, entry="zoo:run", **fields)  # type: ignore[arg-type]


class Driver:
    """The kernel with its clock; each effect is kept with the second at which it came."""

    def __init__(
        self,
        *specs: ChildSpec,
        limits: Limits = NO_JITTER,
        seed: int = 1,
        remembered: Mapping[str, Remembered] | None = None,
        clock: FakeClock | None = None,
    ) -> None:
        self.clock = clock or FakeClock()
        self.began_ns = self.clock.monotonic_ns()
        self.state = new_state(limits, seed)
        self.log: list[tuple[float, Effect]] = []
        self._pids = itertools.count(1_000)
        self.send(Boot(specs, remembered or {}))

    @property
    def now_s(self) -> float:
        return (self.clock.monotonic_ns() - self.began_ns) / SECOND_NS

    def send(self, message: Message) -> tuple[Effect, ...]:
        now = Instant(self.clock.monotonic_ns(), self.clock.wall_ns())
        self.state, effects = step(self.state, message, now)
        self.log.extend((self.now_s, effect) for effect in effects)
        return effects

    def advance(self, seconds: float) -> tuple[Effect, ...]:
        """Lets time pass with a Tick at each deadline, as the process side does."""
        began = len(self.log)
        end_ns = self.clock.monotonic_ns() + round(seconds * SECOND_NS)
        while (due_ns := next_deadline_ns(self.state)) is not None and due_ns <= end_ns:
            self._move_to(max(due_ns, self.clock.monotonic_ns()))
            self.send(Tick())
        self._move_to(end_ns)
        return tuple(effect for _, effect in self.log[began:])

    def _move_to(self, mono_ns: int) -> None:
        self.clock.advance((mono_ns - self.clock.monotonic_ns()) / SECOND_NS)

    def child(self, actor: str) -> Child:
        return self.state.children[actor]

    def times(self, kind: type[E], actor: str) -> list[float]:
        """The seconds at which effects of this kind came for one actor."""
        return [
            at
            for at, effect in self.log
            if isinstance(effect, kind) and getattr(effect, "actor", None) == actor
        ]

    def times_published(self, actor: str) -> list[float]:
        return [
            at
            for at, effect in self.log
            if isinstance(effect, Publish) and effect.status.actor == actor
        ]

    # what children do

    def spawned(self, actor: str) -> tuple[Effect, ...]:
        return self.send(Spawned(actor, self.child(actor).epoch, next(self._pids)))

    def ready(self, actor: str) -> tuple[Effect, ...]:
        return self.send(BecameReady(actor, self.child(actor).epoch))

    def beat(
        self, actor: str, good: int = 0, rss: int = 1 << 20, **more: object
    ) -> tuple[Effect, ...]:
        beat = Heartbeat(
            at_mono_ns=self.clock.monotonic_ns(),
            good_events=good,
            rss_bytes=rss,
            **more,  # type: ignore[arg-type]
        )
        return self.send(Beat(actor, self.child(actor).epoch, beat))

    def up(self, actor: str, good: int = 0) -> None:
        """Spawned, first beat, READY."""
        self.spawned(actor)
        self.beat(actor, good)
        self.ready(actor)

    def live(self, actor: str, seconds: float, good: int = 1) -> None:
        """Beats each second for so long."""
        for _ in range(round(seconds)):
            self.advance(1.0)
            self.beat(actor, good)

    def exit(
        self, actor: str, code: int | None = None, signal: int | None = None, *lines: str
    ) -> tuple[Effect, ...]:
        info = ExitInfo(code=code, signal=signal, last_lines=lines)
        return self.send(Exited(actor, self.child(actor).epoch, info))

    def command(self, op: str, actor: str, new: ChildSpec | None = None) -> tuple[Effect, ...]:
        return self.send(Command(op, actor, new))


def of(kind: type[E], effects: tuple[Effect, ...] | list[Effect]) -> list[E]:
    return [effect for effect in effects if isinstance(effect, kind)]


@dataclass(frozen=True, kw_only=True)
class Script:
    """How every incarnation of a child behaves; times in s after its start, None = never."""

    start_s: float = 0.004
    ready_s: float | None = 0.1
    beat_every_s: float = 4.0
    good_events: int = 1
    dies_s: float | None = None
    code: int | None = None
    signal: int | None = None
    silent_s: float | None = None
    stop_s: float | None = 0.05


@dataclass(order=True)
class _Planned:
    at_ns: int
    order: int
    message: Message = field(compare=False)


class World(Driver):
    """The kernel among scripted children, hour after hour."""

    def __init__(self, scripts: Mapping[str, Script], *specs: ChildSpec, **options: object) -> None:
        self.scripts = dict(scripts)
        self._plan: list[_Planned] = []
        self._order = itertools.count()
        self.living: dict[str, int] = {}
        super().__init__(*specs, **options)  # type: ignore[arg-type]

    def run(self, seconds: float) -> None:
        end_ns = self.clock.monotonic_ns() + round(seconds * SECOND_NS)
        while True:
            due_ns = next_deadline_ns(self.state)
            planned_ns = self._plan[0].at_ns if self._plan else None
            # What can be read is read before silence is judged.
            if planned_ns is not None and (due_ns is None or planned_ns <= due_ns):
                if planned_ns > end_ns:
                    break
                self._move_to(planned_ns)
                self._tell(heapq.heappop(self._plan).message)
            elif due_ns is not None and due_ns <= end_ns:
                self._move_to(max(due_ns, self.clock.monotonic_ns()))
                self.send(Tick())
            else:
                break
        self._move_to(end_ns)

    def send(self, message: Message) -> tuple[Effect, ...]:
        effects = super().send(message)
        for effect in effects:
            self._carry_out(effect)
        return effects

    def _later(self, seconds: float, message: Message) -> None:
        at_ns = self.clock.monotonic_ns() + round(seconds * SECOND_NS)
        heapq.heappush(self._plan, _Planned(at_ns, next(self._order), message))

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Spawn(actor, epoch):
                script = self.scripts[actor]
                assert actor not in self.living, f"two incarnations of {actor}"
                self.living[actor] = epoch
                self._later(script.start_s, Spawned(actor, epoch, next(self._pids)))
                self._later(script.start_s, Beat(actor, epoch, self._heartbeat(script)))
                if script.ready_s is not None:
                    self._later(script.ready_s, BecameReady(actor, epoch))
                if script.dies_s is not None:
                    exit_info = ExitInfo(code=script.code, signal=script.signal)
                    self._later(script.dies_s, Exited(actor, epoch, exit_info))
            case TakeDump(actor, epoch):
                self._later(0.1, Dumped(actor, epoch))
            case Kill(actor, epoch):
                self._later(0.002, Exited(actor, epoch, ExitInfo(signal=9)))
            case SendStop(actor, epoch):
                stop_s = self.scripts[actor].stop_s
                if stop_s is not None:
                    self._later(stop_s, Exited(actor, epoch, ExitInfo(code=0)))

    def _heartbeat(self, script: Script) -> Heartbeat:
        return Heartbeat(at_mono_ns=self.clock.monotonic_ns(), good_events=script.good_events)

    def _tell(self, message: Message) -> None:
        actor, epoch = getattr(message, "actor", ""), getattr(message, "epoch", 0)
        if actor and self.living.get(actor) != epoch:
            return
        if isinstance(message, Exited):
            del self.living[actor]
        self.send(message)
        if isinstance(message, Beat) and self.living.get(actor) == epoch:
            script = self.scripts[actor]
            lived_s = (self.clock.monotonic_ns() - self._asked_ns(actor)) / SECOND_NS
            if script.silent_s is None or lived_s < script.silent_s:
                self._later(script.beat_every_s, Beat(actor, epoch, self._heartbeat(script)))

    def _asked_ns(self, actor: str) -> int:
        asked = self.child(actor).asked
        assert asked is not None
        return asked.mono_ns
