"""The ActorContext of a real child: identity, links, secrets, counters, heartbeat."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import traceback
from collections import deque
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from actors.errors import ConfigFault, Fault, UsageFault
from actors.messages.control import (
    FaultReport,
    Heartbeat,
    LogRecord,
    Question,
    Ready,
    Welcome,
)
from actors.messages.envelope import Envelope
from actors.messages.kinds import KINDS
from actors.runtime.clock import Clock
from actors.runtime.context import ControlHandler, Progress, QuestionHandler
from actors.runtime.masking import LIVE, register_secrets
from actors.runtime.questions import Questions
from actors.runtime.supervisor_link import SupervisorLink
from actors.runtime.vitals import Vitals
from config.credentials import read_sealed

if TYPE_CHECKING:
    from actors.runtime.link import CacheLink
    from actors.runtime.outbox import Outbox
    from actors.runtime.reporting import Reporter

HEARTBEAT_S: Final = 1.0
TEXT_LENGTH_MAX: Final = 8 * 1024
"""Longer texts in log lines and faults are cut: a traceback fits, a page of a venue does not."""

FORWARDED: Final = frozenset(
    {"reconnect", "refresh", "resync", "pause", "resume", "drain", "lease"}
)
EARLY_MAX: Final = 16
"""What the supervisor said before the actor listened; of more, the oldest are forgotten."""
FLUSH_S: Final = 0.5


class Birth(msgspec.Struct, frozen=True, kw_only=True):
    """What a forked process is told of itself.

    `descriptors` maps names to numbers in its own table: always `control` (a stream socket),
    `lifeline` and `dump` (a memory file for faulthandler); besides what its spec names.
    `reporting` is what its reports to Sentry are tagged with; None: there are none.
    """

    actor: str
    epoch: int
    entry: str
    config: dict[str, Any]
    descriptors: dict[str, int]
    reporting: dict[str, str] | None = None


class ChildContext:
    """See docs/design/contracts.md, section 1."""

    def __init__(self, birth: Birth, clock: Clock) -> None:
        self.actor_id = birth.actor
        self.epoch = birth.epoch
        self.config: Mapping[str, Any] = birth.config
        self.clock = clock
        self.stopping = asyncio.Event()
        self.progress = Progress(clock)
        self.supervisor = SupervisorLink(birth.actor, birth.epoch, clock, self._receive)
        self._descriptors = dict(birth.descriptors)
        self._handlers: dict[str, list[ControlHandler]] = {"question": [self._answer]}
        self._early: deque[Envelope] = deque(maxlen=EARLY_MAX)
        self._questions = Questions(self.capture)
        self._ready = False
        self._vitals = Vitals()
        self._link: CacheLink | None = None
        self._outbox: Outbox | None = None
        self._reporting = birth.reporting
        self._reporter: Reporter | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self.failed: asyncio.Future[None] = self._loop.create_future()
        """Holds what ended a task of the runtime's own: without it the actor is no use."""

    # what an actor uses

    def descriptor(self, name: str) -> int:
        """An inherited descriptor; ConfigFault where the spec named none."""
        try:
            return self._descriptors[name]
        except KeyError as error:
            known = ", ".join(sorted(self._descriptors))
            raise ConfigFault(f"descriptor {name}", "none", f"one of {known}") from error

    def secrets(self) -> dict[str, str]:
        """The fields of the sealed memory; no field where the spec named none. Once only."""
        if self._descriptors.get("secrets") == -1:
            raise UsageFault("secrets: expected one reading, this is the second")
        held = self._descriptors.get("secrets")
        self._descriptors["secrets"] = -1
        if held is None:
            return {}
        try:
            fields = read_sealed(held)
        finally:
            os.close(held)
        register_secrets(fields, None)
        return fields

    def ready(self) -> None:
        if not self._ready:
            # With a heartbeat, so that what was achieved is known at once, not a second later.
            self._ready = self.supervisor.send_together(
                ("ready", Ready()), ("heartbeat", self._heartbeat())
            )

    def fault(self, fault: Fault | FaultReport, level: str = "warning") -> None:
        """Report `fault`; its text is cut to TEXT_LENGTH_MAX, secrets in it are masked."""
        if isinstance(fault, FaultReport):
            report = msgspec.structs.replace(fault, message=self._clean(fault.message))
        else:
            report = FaultReport(
                actor=self.actor_id,
                kind=type(fault).__name__,
                message=self._clean(str(fault)),
                level=level,
                at_ns=self.clock.wall_ns(),
            )
        self.supervisor.send("fault_report", report)

    def capture(self, error: BaseException, *, fatal: bool = False) -> None:
        """Tell Sentry of an exception that nobody expected; without SENTRY_DSN nothing happens.

        `fatal`: this incarnation ends of it. What was captured still has to be flushed.
        """
        if self._reporting is None:
            return
        try:
            if self._reporter is None:
                # Made by the first exception only: most incarnations never have one.
                from actors.runtime.reporting import Reporter  # noqa: PLC0415

                self._reporter = Reporter(self._reporting, self.supervisor.send, self.clock)
            self._reporter.capture(error, fatal=fatal)
        except Exception as failure:  # noqa: BLE001 - telling of an error must not make another
            self.log("warning", "exception not reported", kind=type(failure).__name__)

    def log(self, level: str, event: str, **fields: str | float | bool | None) -> None:
        cleaned = {
            name: self._clean(value) if isinstance(value, str) else value
            for name, value in fields.items()
        }
        self.supervisor.send(
            "log", LogRecord(level=level, event=self._clean(event), fields=cleaned)
        )

    def tell(self, kind: str, message: msgspec.Struct) -> bool:
        """To the desk of the supervisor that hears `kind`; False where it could not be sent."""
        return self.supervisor.send(kind, message)

    def log_from_any_thread(
        self, level: str, event: str, **fields: str | float | bool | None
    ) -> None:
        """As `log`, which only the loop's own thread may call."""
        if threading.get_ident() == self._thread:
            self.log(level, event, **fields)
        else:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody hears any more
                self._loop.call_soon_threadsafe(partial(self.log, level, event, **fields))

    def on_control(self, kind: str, handler: ControlHandler) -> None:
        """Call `handler`, too, with each message of `kind`; UsageFault for one that never comes."""
        if kind not in FORWARDED:
            raise UsageFault(f"control kind: expected one of {sorted(FORWARDED)}, found {kind}")
        self._handlers.setdefault(kind, []).append(handler)
        # Once all handlers of this turn are there, and before any task begins to work: who is
        # born paused must not ask the venue first.
        if self._early:
            self._loop.call_soon(self._hear_early)

    def on_question(self, op: str, handler: QuestionHandler) -> None:
        """`handler(args)` answers what operators ask under `op`."""
        self._questions.on(op, handler)

    @property
    def outbox(self) -> Outbox:
        self._connect_cache()
        assert self._outbox is not None
        return self._outbox

    @property
    def link(self) -> CacheLink:
        self._connect_cache()
        assert self._link is not None
        return self._link

    async def welcome(self) -> Welcome:
        """The cache's first answer to this incarnation; waits for it."""
        return await self.link.first_welcome()

    # what the runtime uses

    async def open(self) -> None:
        """Connect to the supervisor; the first heartbeat goes out before this returns."""
        asyncio.get_running_loop().set_exception_handler(self._on_loop_exception)
        await self.supervisor.open(self._descriptors["control"])
        self._spawn(self._beat(), "heartbeat")
        await asyncio.sleep(0)

    async def _beat(self) -> None:
        """Send a heartbeat each HEARTBEAT_S, for ever; the first one at once."""
        while True:
            self.supervisor.send("heartbeat", self._heartbeat())
            await asyncio.sleep(HEARTBEAT_S)

    async def flush(self) -> None:
        """Hand what was said last to the kernel, and to the cache what it still takes."""
        if self._link is not None:
            await self._link.close(FLUSH_S)
        await self.supervisor.flush(FLUSH_S)

    def _heartbeat(self) -> Heartbeat:
        now = self.clock.monotonic_ns()
        frame = self.progress.last_frame_mono_ns
        return Heartbeat(
            at_mono_ns=now,
            last_frame_age_ms=(now - frame) / 1e6 if frame else None,
            queue_depth=self.progress.queue_depth(),
            last_sequence=self.progress.last_sequence,
            good_events=self.progress.good_events,
            rss_bytes=self._vitals.rss_bytes(),
            private_bytes=self._vitals.private_bytes(),
            cpu_ms=self._vitals.cpu_ms(),
        )

    def _receive(self, envelope: Envelope) -> None:
        if self._early:
            # What came first is heard first, though the loop has not come to it yet.
            self._hear_early()
        self._handle(envelope)

    def _handle(self, envelope: Envelope) -> None:
        if envelope.kind == "stop":
            self.stopping.set()
            return
        handlers = self._handlers.get(envelope.kind)
        if handlers is None:
            self._early.append(envelope)
            return
        try:
            message = msgspec.msgpack.decode(envelope.body, type=KINDS[envelope.kind])
            for handler in handlers:
                handler(message)
        except Exception as error:  # noqa: BLE001 - the guard of this link's handlers
            self._fail(error)

    def _answer(self, question: Question) -> None:
        self.supervisor.send("reply", self._questions.reply(question))

    def _hear_early(self) -> None:
        """In the order in which it was said; what still has no handler goes on waiting."""
        early, self._early = self._early, deque(maxlen=EARLY_MAX)
        for envelope in early:
            self._handle(envelope)

    @staticmethod
    def _clean(text: str) -> str:
        text = LIVE.text(text)
        return text if len(text) <= TEXT_LENGTH_MAX else text[: TEXT_LENGTH_MAX - 1] + "…"

    def _connect_cache(self) -> None:
        """Made at the first use: cache and web name a cache socket too, but are no sources."""
        if self._link is not None:
            return
        from actors.runtime.link import CacheLink  # noqa: PLC0415 - only sources need it
        from actors.runtime.outbox import Outbox  # noqa: PLC0415

        path = self.config.get("cache_socket")
        if not isinstance(path, str):
            raise ConfigFault("cache_socket", repr(path), "the path of the cache's socket")
        self._outbox = Outbox(self.actor_id, self.epoch, self.clock)
        self._link = CacheLink(path, self._outbox, self.clock)
        self._spawn(self._link.run(), "cache link")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(self._on_done)
        self._tasks.append(task)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            fallback = RuntimeError(f"{task.get_name()} ended, expected it to go on for ever")
            self._fail(task.exception() or fallback)

    def _fail(self, error: BaseException) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)

    def _on_loop_exception(
        self,
        loop: asyncio.AbstractEventLoop,  # noqa: ARG002 - asyncio's signature
        details: dict[str, Any],
    ) -> None:
        """A callback raised, or a task's failure was never looked at: said in the log."""
        error = details.get("exception")
        trace = "".join(traceback.format_exception(error)) if error else ""
        self.log("error", str(details.get("message", "callback failed")), traceback=trace)
        if error is not None:
            self.capture(error)
