"""Every living incarnation: carries out what the kernel wants of it, and tells it what became."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol

import msgspec

from actors.errors import MalformedEnvelope
from actors.messages.control import Alert, FaultReport, Heartbeat, LogRecord
from actors.messages.envelope import Envelope
from actors.runtime.clock import Clock
from actors.supervision import heartbeat, reaper
from actors.supervision.child_link import ChildLink
from actors.supervision.events import (
    Beat,
    BecameReady,
    Dumped,
    Exited,
    Message,
    Spawned,
    SpawnFailed,
    ZygoteLost,
    ZygoteReady,
)
from actors.supervision.incarnation import Incarnation
from actors.supervision.life_lines import HOUSEHOLD
from actors.supervision.reaper import Death
from actors.supervision.spawner import Spawner
from actors.supervision.spec import ChildSpec
from config.logs import Speaker

BODY_BYTES_MAX: Final = 256 * 1024
"""No child has more to say to its supervisor at once."""

STATUS_WAIT_S: Final = 3.0
"""How long the zygote may take to say how a dead child ended; longer than its own replacement."""

SWEEP_S: Final = 5.0

Key = tuple[str, int]
Ear = Callable[[str, int, Any], None]
Greeter = Callable[[str], Sequence[tuple[str, msgspec.Struct]]]


class Voice(Protocol):
    """Who hears what is not for the kernel."""

    def log(self, speaker: Speaker, record: LogRecord) -> None: ...

    def fault(self, report: FaultReport, speaker: Speaker = HOUSEHOLD) -> None: ...

    def alert(self, actor: str, epoch: int, alert: Alert) -> None: ...

    def reporting(self, spec: ChildSpec, epoch: int) -> dict[str, str] | None: ...


class Children:
    """On the watcher's loop; `post` hands a message to the kernel."""

    def __init__(
        self,
        clock: Clock,
        post: Callable[[Message], None],
        voice: Voice,
        *,
        delays_s: Sequence[float],
        dump_wait_s: float,
        preload: Sequence[str],
    ) -> None:
        self._clock = clock
        self._post = post
        self._voice = voice
        self._dump_wait_s = dump_wait_s
        self._loop = asyncio.get_running_loop()
        self._table: dict[Key, Incarnation] = {}
        self._newest: dict[str, Incarnation] = {}
        self._dumps: set[asyncio.Task[None]] = set()
        self._ears: dict[str, tuple[type[Any], Ear]] = {}
        self._mourners: list[Callable[[str, int], None]] = []
        self._greeters: list[Greeter] = []
        self.spawner = Spawner(self, clock, delays_s, preload)

    def open(self) -> None:
        self.spawner.open()
        self._loop.call_later(SWEEP_S, self._sweep)

    def hears(self, kind: str, struct: type[msgspec.Struct], ear: Ear) -> None:
        """`ear(actor, epoch, message)` gets what children say under `kind`."""
        self._ears[kind] = (struct, ear)

    def mourns(self, mourner: Callable[[str, int], None]) -> None:
        """`mourner(actor, epoch)` is called when an incarnation is gone."""
        self._mourners.append(mourner)

    def greets(self, greeter: Greeter) -> None:
        """What `greeter(actor)` gives is the first that each new incarnation hears from us."""
        self._greeters.append(greeter)

    # what the kernel wants

    def spawn(self, spec: ChildSpec, epoch: int) -> None:
        try:
            life = Incarnation(spec, epoch, self._voice.reporting(spec, epoch))
        except OSError as error:
            self._post(SpawnFailed(spec.actor, epoch, f"descriptors: {error}"))
            return
        self._table[life.key] = life
        self._newest[life.actor] = life
        life.link = ChildLink(
            life.end,
            life.actor,
            epoch,
            self._clock,
            receive=lambda envelope: self._hear(life, envelope),
            blame=lambda reason: self._blame(life, reason),
        )
        for greeter in self._greeters:
            for kind, message in greeter(life.actor):
                life.link.send(kind, message)
        if not self.spawner.start(life):
            self._forget(life)

    def kill(self, actor: str, epoch: int) -> None:
        for life in self._lives(actor, epoch):
            heartbeat.kill(life)

    def take_dump(self, actor: str, epoch: int) -> None:
        """Answered by Dumped in any case."""
        task = self._loop.create_task(self._take_dump(actor, epoch))
        self._dumps.add(task)
        task.add_done_callback(self._dumps.discard)

    def send_stop(self, actor: str, epoch: int) -> None:
        """A child that cannot be told is killed when the kernel's patience ends."""
        for life in self._lives(actor, epoch):
            if life.link is not None:
                life.link.send_stop()

    def runs(self, actor: str) -> bool:
        """Whether an incarnation of `actor` exists."""
        return actor in self._newest

    def forward(self, actor: str, kind: str, message: msgspec.Struct) -> bool:
        """Hand an operator's message to the living child; False where there is none."""
        life = self._newest.get(actor)
        return life is not None and life.link is not None and life.link.send(kind, message)

    async def close(self) -> None:
        """Let go of all: whoever still lives dies by its lifeline."""
        for life in list(self._table.values()):
            self._forget(life)
        await self.spawner.close()

    # what the zygote says

    def started(self, actor: str, epoch: int, pid: int, pidfd: int) -> None:
        life = self._table.get((actor, epoch))
        if life is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.close(pidfd)
            return
        life.pid, life.pidfd, life.generation = pid, pidfd, self.spawner.generation
        self._loop.add_reader(pidfd, self._on_gone, life)
        self._post(Spawned(actor, epoch, pid))

    def refused(self, actor: str, epoch: int, reason: str) -> None:
        for life in self._lives(actor, epoch):
            self._forget(life)
        self._post(SpawnFailed(actor, epoch, reason))

    def ended(self, actor: str, epoch: int, death: Death) -> None:
        for life in self._lives(actor, epoch):
            life.death = death
            self._bury(life)

    def zygote_warm(self, missing: dict[str, str]) -> None:
        for module, reason in missing.items():
            self._warn("Preload", f"{module} could not be imported ahead: {reason}")
        zygote = Speaker("zygote", "zygote", pid=self.spawner.pid)
        self._voice.log(zygote, LogRecord(level="info", event="warm"))
        self._post(ZygoteReady())

    def zygote_lost(self, unanswered: Sequence[Key], reason: str) -> None:
        self._warn("ZygoteLost", f"the zygote is lost: {reason}; a new one is started")
        for key in unanswered:
            for life in self._lives(*key):
                # Its lifeline closes: a process that was forked but never named dies.
                self._forget(life)
        self._post(ZygoteLost())
        for life in list(self._table.values()):
            if life.is_gone:
                self._settle(life)

    # what the children say and do

    def _hear(self, life: Incarnation, envelope: Envelope) -> None:
        """Raises MalformedEnvelope for what is no message of a child; its link then closes."""
        body = envelope.body
        if len(body) > BODY_BYTES_MAX:
            raise MalformedEnvelope(f"body: expected ≤ {BODY_BYTES_MAX} bytes, found {len(body)}")
        try:
            match envelope.kind:
                case "heartbeat":
                    beat = msgspec.msgpack.decode(body, type=Heartbeat)
                    self._post(Beat(life.actor, life.epoch, beat))
                case "ready":
                    self._post(BecameReady(life.actor, life.epoch))
                case "log":
                    record = msgspec.msgpack.decode(body, type=LogRecord)
                    life.remember(record)
                    self._voice.log(life.speaker, record)
                case "fault_report":
                    report = msgspec.msgpack.decode(body, type=FaultReport)
                    self._fault(life, msgspec.structs.replace(report, actor=life.actor))
                case "alert":
                    alert = msgspec.msgpack.decode(body, type=Alert)
                    self._voice.alert(life.actor, life.epoch, alert)
                case kind if kind in self._ears:
                    struct, ear = self._ears[kind]
                    ear(life.actor, life.epoch, msgspec.msgpack.decode(body, type=struct))
                case other:
                    known = ", ".join(("heartbeat, ready, log, fault_report, alert", *self._ears))
                    raise MalformedEnvelope(f"kind: expected one of {known}, found {other}")
        except msgspec.DecodeError as error:
            raise MalformedEnvelope(f"{envelope.kind}: {error}") from error

    def _blame(self, life: Incarnation, reason: str) -> None:
        """Its link closed, so its beats end, and with them, in time, this incarnation."""
        report = FaultReport(
            actor=life.actor,
            kind="MalformedEnvelope",
            message=f"control link closed: {reason}",
            level="error",
            at_ns=self._clock.wall_ns(),
        )
        self._fault(life, report)

    def _fault(self, life: Incarnation, report: FaultReport) -> None:
        event = f"{report.kind}: {report.message}"
        life.remember(LogRecord(level=report.level, event=event))
        self._voice.fault(report, life.speaker)

    def _on_gone(self, life: Incarnation) -> None:
        """The pidfd says that the process is dead; how, others know."""
        assert life.pidfd is not None
        self._loop.remove_reader(life.pidfd)
        life.is_gone = True
        if life.link is not None:
            life.link.drain()
        self._settle(life)

    def _settle(self, life: Incarnation) -> None:
        """Learn how a dead process ended: from its zygote, or, orphaned to us, by ourselves."""
        if life.generation == self.spawner.generation:
            self._loop.call_later(STATUS_WAIT_S, self._give_up_status, life)
            return
        self._give_up_status(life)

    def _give_up_status(self, life: Incarnation) -> None:
        if self._table.get(life.key) is not life or life.pidfd is None:
            return
        with contextlib.suppress(ChildProcessError):
            life.death = reaper.reap(life.pidfd)
        self._bury(life)

    def _bury(self, life: Incarnation) -> None:
        if life.link is not None:
            life.link.drain()
        info = life.post_mortem()
        self._forget(life)
        self._post(Exited(life.actor, life.epoch, info))

    async def _take_dump(self, actor: str, epoch: int) -> None:
        for life in self._lives(actor, epoch):
            await heartbeat.take_dump(life, self._dump_wait_s)
        self._post(Dumped(actor, epoch))

    # keeping order

    def _lives(self, actor: str, epoch: int) -> Iterator[Incarnation]:
        life = self._table.get((actor, epoch))
        if life is not None:
            yield life

    def _forget(self, life: Incarnation) -> None:
        self._table.pop(life.key, None)
        if self._newest.get(life.actor) is life:
            del self._newest[life.actor]
        if life.pidfd is not None:
            self._loop.remove_reader(life.pidfd)
        life.is_gone = True
        life.close()
        for mourner in self._mourners:
            mourner(life.actor, life.epoch)

    def _sweep(self) -> None:
        """Reap who was orphaned to us without anybody knowing its id."""
        self._loop.call_later(SWEEP_S, self._sweep)
        known = {life.pid for life in self._table.values() if life.pid is not None}
        if self.spawner.pid is not None:
            known.add(self.spawner.pid)
        reaper.sweep(known)

    def _warn(self, kind: str, message: str) -> None:
        self._voice.fault(
            FaultReport(
                actor="supervisor",
                kind=kind,
                message=message,
                level="warning",
                at_ns=self._clock.wall_ns(),
            )
        )
