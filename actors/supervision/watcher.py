"""The thread that owns every descriptor of the supervisor, and its one event loop."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final

import pykka

from actors.messages.control import (
    Alert,
    ChildStatus,
    FaultReport,
    LogRecord,
)
from actors.messages.ids import SUPERVISOR
from actors.runtime.clock import Clock
from actors.supervision.actor import Question
from actors.supervision.alert_desk import NO_ALERTS, Alerts
from actors.supervision.budget_desk import BudgetDesk, kept_deadlines
from actors.supervision.children import Children
from actors.supervision.control_desk import ControlDesk
from actors.supervision.control_server import ControlServer, Operation
from actors.supervision.demand_desk import DemandDesk
from actors.supervision.effects import Kill, SendStop, TakeDump
from actors.supervision.events import Message, SupervisorStalled, Tick
from actors.supervision.life_lines import HOUSEHOLD
from actors.supervision.notify import Notifier
from actors.supervision.options import EXIT_FAILED, SupervisorOptions
from actors.supervision.pause_desk import PauseDesk
from actors.supervision.pauses import PAUSES_FILE, Pauses
from actors.supervision.publisher import Publisher
from actors.supervision.questions import QuestionDesk
from actors.supervision.spec import ChildSpec
from actors.supervision.tickets import TicketDesk
from actors.supervision.voice import Line, Mouth
from config.logs import Speaker

TURN_S: Final = 0.25
JOURNAL_RETRY_S: Final = 5.0
STALL_NS: Final = 1_000_000_000
"""A loop that stood still for longer has not read what came, so nobody's silence counts."""

REPORTING: Final = "actors.runtime.reporting"


class Watcher(threading.Thread):
    """Everything with a number lives here; other threads reach it by `call_soon_threadsafe`.

    It is the `Hands` of the kernel's actor and the `Voice` of the children.
    """

    def __init__(
        self,
        options: SupervisorOptions,
        control: socket.socket,
        clock: Clock,
        mouth: Mouth,
        on_quit: Callable[[int], None],
        *,
        alerts: Alerts = NO_ALERTS,
    ) -> None:
        super().__init__(name="watcher", daemon=True)
        self._options = options
        self._control = control
        self._clock = clock
        self._mouth = mouth
        self._on_quit = on_quit
        self._alerts = alerts
        self._started_us = clock.wall_ns() // 1_000
        self._last_turn_ns = clock.monotonic_ns()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._opened = threading.Event()
        self._kernel: pykka.ActorRef[Any] | None = None
        self._journal: pykka.ActorRef[Any] | None = None
        self._children: Children | None = None
        self._publisher: Publisher | None = None
        self.notifier = Notifier(
            options.notify,
            clock,
            pulse=self._ask_kernel,
            complain=lambda message: self.fault(self._report("NotifySocket", message)),
        )

    # for other threads

    def connect(self, kernel: pykka.ActorRef[Any], journal: pykka.ActorRef[Any]) -> None:
        """Before `open`: who is told of what happens, and who knows the history."""
        self._kernel = kernel
        self._journal = journal

    def open(self) -> None:
        """Start the thread; when this returns, it takes orders."""
        self.start()
        self._opened.wait()

    def close(self, timeout_s: float) -> None:
        """End the zygote and whoever lives; waits for it, but not for ever."""
        self._call(self._end.set)
        self.join(timeout_s)

    def spawn(self, spec: ChildSpec, epoch: int) -> None:
        self._call(self._spawn, spec, epoch)

    def act(self, effect: TakeDump | Kill | SendStop) -> None:
        self._call(self._act, effect)

    def publish(self, status: ChildStatus) -> None:
        self._call(self._publish, status)

    def fault(self, report: FaultReport, speaker: Speaker = HOUSEHOLD) -> None:
        """Log `report` and show it under the errors; from any thread."""
        message = {"message": report.message}
        self.log(speaker, LogRecord(level=report.level, event=report.kind, fields={**message}))
        self._alerts.fault(report)
        self._call(self._publish, report)

    def alert(self, actor: str, epoch: int, alert: Alert) -> None:
        self._alerts.alert(actor, epoch, alert)

    def reporting(self, spec: ChildSpec, epoch: int) -> dict[str, str] | None:
        return self._alerts.reporting(spec, epoch)

    def log(self, speaker: Speaker, record: LogRecord) -> None:
        self._mouth.say(Line(speaker, record))

    def arm(self, deadline_ns: int | None) -> None:
        self._call(self._arm, deadline_ns)

    def retire(self, number: int) -> None:
        self._call(os.close, number)

    def quit(self, code: int) -> None:
        self._on_quit(code)

    # the thread

    def run(self) -> None:
        try:
            asyncio.set_event_loop(self._loop)
            self._loop.set_exception_handler(self._on_exception)
            self._loop.run_until_complete(self._watch())
        except BaseException:  # noqa: BLE001 - the guard of this thread's main
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(EXIT_FAILED)

    async def _watch(self) -> None:
        limits = self._options.limits
        self._children = Children(
            self._clock,
            self._post,
            self,
            delays_s=limits.infrastructure_delays_s,
            dump_wait_s=limits.dump_wait_s,
            preload=self._preload(),
        )
        if self._options.cache_socket is not None:
            self._publisher = Publisher(self._options.cache_socket, self._clock)
        server = ControlServer(self._control, self._operations())
        await server.open()
        self._last_turn_ns = self._clock.monotonic_ns()
        self._loop.call_later(TURN_S, self._turn)
        self._loop.call_later(JOURNAL_RETRY_S, self._retry_journal)
        self._children.open()
        self._opened.set()
        await self._end.wait()
        server.close()
        if self._publisher is not None:
            await self._publisher.close()
        await self._children.close()
        self.notifier.close()

    def _operations(self) -> dict[str, Operation]:
        """All that can be asked over the control socket."""
        assert self._kernel is not None
        assert self._journal is not None
        desk = ControlDesk(
            kernel=self._kernel,
            journal=self._journal,
            children=self._family,
            options=self._options,
            started_us=self._started_us,
            complain=self._complain,
        )
        pauses = PauseDesk(
            pauses=Pauses(self._options.data_dir / PAUSES_FILE),
            children=self._family,
            ask=desk.ask,
            clock=self._clock,
            complain=self._complain,
        )
        questions = QuestionDesk(self._family, desk.ask)
        demand = DemandDesk(
            streams_max=self._options.streams_max,
            make_spec=self._options.on_demand,
            children=self._family,
            post=self._post,
            ended=self._stream_ended,
            clock=self._clock,
        )
        budgets = BudgetDesk(
            children=self._family,
            journal=self._journal,
            clock=self._clock,
            deadlines=kept_deadlines(self._journal),
        )
        return {
            **desk.operations(),
            **budgets.operations(),
            **pauses.operations(),
            **questions.operations(),
            **demand.operations(),
            **TicketDesk(self._clock).operations(),
            "clear_errors": Operation(answer=self._clear_errors),
        }

    def _stream_ended(self, topic: str) -> None:
        if self._publisher is not None:
            self._publisher.stream_ended(topic)

    async def _clear_errors(self, _: Mapping[str, Any]) -> dict[str, Any]:
        at_ns = self._clock.wall_ns()
        if self._publisher is not None:
            self._publisher.clear_faults(at_ns)
        return {"at_us": at_ns // 1_000}

    def _complain(self, kind: str, message: str) -> None:
        self.fault(self._report(kind, message))

    def _preload(self) -> tuple[str, ...]:
        """Sentry's SDK is memory of each child's unless it is imported before they are forked."""
        reporting = () if self._options.sentry is None else (REPORTING,)
        return (*self._options.preload, *reporting)

    @property
    def _family(self) -> Children:
        assert self._children is not None
        return self._children

    def _call(self, work: Callable[..., object], *args: Any) -> None:
        self._loop.call_soon_threadsafe(work, *args)

    def _publish(self, news: ChildStatus | FaultReport) -> None:
        if isinstance(news, ChildStatus):
            self.notifier.child(news)
        if self._publisher is None:
            return
        if isinstance(news, ChildStatus):
            self._publisher.status(news)
        else:
            self._publisher.fault(news)

    def _spawn(self, spec: ChildSpec, epoch: int) -> None:
        self._family.spawn(spec, epoch)

    def _act(self, effect: TakeDump | Kill | SendStop) -> None:
        match effect:
            case TakeDump(actor=actor, epoch=epoch):
                self._family.take_dump(actor, epoch)
            case Kill(actor=actor, epoch=epoch):
                self._family.kill(actor, epoch)
            case SendStop(actor=actor, epoch=epoch):
                self._family.send_stop(actor, epoch)

    def _on_exception(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A callback raised: the loop goes on, and it is told."""
        error = context.get("exception")
        trace = "".join(traceback.format_exception(error)) if error else str(context)
        fields: dict[str, str | int | float | bool | None] = {"traceback": trace[-8_000:]}
        self.log(HOUSEHOLD, LogRecord(level="error", event="broken", fields=fields))
        message = f"{context.get('message', '')}: {error}"[:2_000]
        report = self._report(type(error).__name__, message)
        self._alerts.fault(report)
        self._publish(report)

    def _report(self, kind: str, message: str) -> FaultReport:
        now = self._clock.wall_ns()
        return FaultReport(actor=SUPERVISOR, kind=kind, message=message, level="error", at_ns=now)

    # time

    def _post(self, message: Message) -> None:
        self._look_at_clock()
        assert self._kernel is not None
        self._kernel.tell(message)

    def _look_at_clock(self) -> None:
        """Said before anything that was read late, and before any verdict on it."""
        now = self._clock.monotonic_ns()
        stood_ns = now - self._last_turn_ns
        self._last_turn_ns = now
        if stood_ns > STALL_NS and self._kernel is not None:
            self._kernel.tell(SupervisorStalled(stood_ns))
            fields: dict[str, str | int | float | bool | None] = {"ms": stood_ns // 1_000_000}
            self.log(HOUSEHOLD, LogRecord(level="warning", event="stood still", fields=fields))

    def _ask_kernel(self) -> None:
        """This loop and the kernel's actor are alive if this comes back."""

        def reply(_body: dict[str, Any] | None, _known: tuple[str, ...]) -> None:
            self._call(self.notifier.alive)

        assert self._kernel is not None
        self._kernel.tell(Question("pulse", "", reply))

    def _turn(self) -> None:
        self._look_at_clock()
        self._mouth.look()
        self.notifier.turn()
        self._loop.call_later(TURN_S, self._turn)

    def _retry_journal(self) -> None:
        """A disk that has room again is noticed even where nothing happens."""
        assert self._journal is not None
        self._journal.tell("try_again")
        self._loop.call_later(JOURNAL_RETRY_S, self._retry_journal)

    def _arm(self, deadline_ns: int | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if deadline_ns is not None:
            wait_s = max(0, deadline_ns - self._clock.monotonic_ns()) / 1e9
            self._timer = self._loop.call_later(wait_s, self._due)

    def _due(self) -> None:
        # One more turn of the loop first: what is readable now was said before the deadline.
        self._timer = None
        self._loop.call_soon(self._post, Tick())
