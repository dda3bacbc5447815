"""What is worth an alert, decided in a thread of its own: a sink that hangs delays nothing."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from actors.messages.control import Alert, ChildStatus, FaultReport, RestartRecord
from actors.runtime.clock import Clock
from actors.supervision import incidents
from actors.supervision.incidents import Incident
from actors.supervision.options import SentryOptions
from actors.supervision.repeats import Repeats, Summary
from actors.supervision.spec import ChildSpec
from actors.supervision.states import State

WAITING_MAX: Final = 1_000
REMEMBERED_MAX: Final = 4_096
"""Actors of which it is known what was said last."""

CRASH_LOOP_PHASE: Final = 2
FLUSH_S: Final = 0.5


class Sink(Protocol):
    """Where alerts go; no call waits, save `close`, which is bounded. `lost` never got there."""

    @property
    def lost(self) -> int: ...

    def forward(self, envelope: bytes) -> None: ...

    def tell(self, incident: Incident) -> None: ...

    def close(self, timeout_s: float) -> None: ...


class Alerts(Protocol):
    """What the rest of the supervisor may say; every call returns at once."""

    def reporting(self, spec: ChildSpec, epoch: int) -> dict[str, str] | None:
        """What a child tags its exceptions with; None: it shall not report any."""

    def alert(self, actor: str, epoch: int, alert: Alert) -> None:
        """A child told of an exception."""

    def ended(self, record: RestartRecord, spec: ChildSpec | None) -> None:
        """An incarnation is over."""

    def status(self, status: ChildStatus, spec: ChildSpec | None) -> None:
        """A child's public state changed."""

    def fault(self, report: FaultReport) -> None:
        """Something is wrong in the supervisor's household."""

    def finish(self) -> None:
        """The service begins to end: say what is held back."""

    def close(self) -> None:
        """Give what is queued a last, bounded chance."""


class NoAlerts:
    """Without SENTRY_DSN."""

    def reporting(
        self,
        spec: ChildSpec,  # noqa: ARG002 - the protocol's signature
        epoch: int,  # noqa: ARG002
    ) -> dict[str, str] | None:
        return None

    def alert(self, actor: str, epoch: int, alert: Alert) -> None:
        """Says nothing."""

    def ended(self, record: RestartRecord, spec: ChildSpec | None) -> None:
        """Says nothing."""

    def status(self, status: ChildStatus, spec: ChildSpec | None) -> None:
        """Says nothing."""

    def fault(self, report: FaultReport) -> None:
        """Says nothing."""

    def finish(self) -> None:
        """Says nothing."""

    def close(self) -> None:
        """Has nothing to close."""


NO_ALERTS: Final = NoAlerts()


def open_alerts(
    options: SentryOptions | None, clock: Clock, report: Callable[[str], None]
) -> Alerts:
    """The thread, started; without options nothing is imported."""
    if options is None:
        return NO_ALERTS
    from actors.supervision.alerts import SentrySink  # noqa: PLC0415 - 5 MB

    voice = AlertsThread(SentrySink(options, clock, report), options, clock, report)
    voice.start()
    return voice


class AlertsThread(threading.Thread):
    """Any thread may call; the work is done in this one, through a queue that drops and counts."""

    def __init__(
        self, sink: Sink, options: SentryOptions, clock: Clock, report: Callable[[str], None]
    ) -> None:
        super().__init__(name="alerts", daemon=True)
        self._options = options
        self._clock = clock
        self._report = report
        self._desk = AlertDesk(sink, options, clock)
        self._sink = sink
        self._queue: queue.Queue[Callable[[], None] | None] = queue.Queue(WAITING_MAX)
        self.dropped = 0

    def reporting(self, spec: ChildSpec, epoch: int) -> dict[str, str] | None:
        return incidents.reporting_of(spec, epoch, self._options)

    def alert(self, actor: str, epoch: int, alert: Alert) -> None:
        self._put(lambda: self._desk.alert(actor, epoch, alert))

    def ended(self, record: RestartRecord, spec: ChildSpec | None) -> None:
        self._put(lambda: self._desk.ended(record, spec))

    def status(self, status: ChildStatus, spec: ChildSpec | None) -> None:
        # Most of them are of no interest, and must not fill the queue.
        if status.state in _WORTH_A_LOOK:
            self._put(lambda: self._desk.status(status, spec))

    def fault(self, report: FaultReport) -> None:
        self._put(lambda: self._desk.fault(report))

    def finish(self) -> None:
        self._put(self._desk.finish)

    def close(self) -> None:
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            # So much waits that there is no hope for it.
            pass
        else:
            self.join(2 * FLUSH_S)
        if missing := self.dropped + self._sink.lost:
            self._report(f"{missing} alert(s) never reached Sentry")

    def run(self) -> None:
        while True:
            work = self._next()
            if work is None:
                break
            try:
                work()
            except Exception as error:  # noqa: BLE001 - the guard of this thread's work
                self._report(f"alert not sent: {type(error).__name__}: {error}"[:500])
        self._desk.finish()
        self._sink.close(FLUSH_S)

    def _next(self) -> Callable[[], None] | None:
        due_ns = self._desk.next_due_ns()
        wait_s = None
        if due_ns is not None:
            wait_s = max(0.0, (due_ns - self._clock.monotonic_ns()) / 1e9)
        try:
            return self._queue.get(timeout=wait_s)
        except queue.Empty:
            return self._desk.look

    def _put(self, work: Callable[[], None]) -> None:
        try:
            self._queue.put_nowait(work)
        except queue.Full:
            self.dropped += 1
            if self.dropped == 1:
                self._report("alerts come faster than they can be sent; some are dropped")


_WORTH_A_LOOK: Final = frozenset(
    {State.QUARANTINED.value, State.BACKOFF.value, State.READY.value, State.STOPPED.value}
)


class AlertDesk:
    """Decides what is said; single-threaded, and knows time only by its clock."""

    def __init__(self, sink: Sink, options: SentryOptions, clock: Clock) -> None:
        self._sink = sink
        self._options = options
        self._clock = clock
        self._repeats: Repeats[str] = Repeats(round(options.repeat_s * 1e9))
        self._fatal_epochs: dict[str, int] = {}
        self._conditions: dict[str, str] = {}

    def alert(self, actor: str, epoch: int, alert: Alert) -> None:
        if alert.fatal:
            _remember(self._fatal_epochs, actor, epoch)
        if self._admits(alert.fingerprint, alert.title, actor, alert.skipped):
            self._sink.forward(alert.envelope)

    def ended(self, record: RestartRecord, spec: ChildSpec | None) -> None:
        told = self._fatal_epochs.get(record.actor) == record.epoch
        self._tell(incidents.of_end(record, self._tags(record.actor, record.epoch, spec), told))

    def status(self, status: ChildStatus, spec: ChildSpec | None) -> None:
        """A quarantine and a crash loop are said when they begin."""
        condition = ""
        if status.state == State.QUARANTINED:
            condition = f"quarantined {status.epoch} {status.reason}"
        elif status.phase >= CRASH_LOOP_PHASE:
            condition = "crash loop"
        if self._conditions.get(status.actor, "") == condition:
            return
        _remember(self._conditions, status.actor, condition)
        tags = self._tags(status.actor, status.epoch, spec)
        if condition == "crash loop":
            self._tell(incidents.of_crash_loop(status, tags))
        elif condition:
            self._tell(incidents.of_quarantine(status, tags))

    def fault(self, report: FaultReport) -> None:
        self._tell(incidents.of_fault(report))

    def look(self) -> None:
        """Say what was held back long enough."""
        for summary in self._repeats.due(self._clock.monotonic_ns()):
            self._sink.tell(self._repeated(summary))

    def finish(self) -> None:
        for summary in self._repeats.rest():
            self._sink.tell(self._repeated(summary))

    def next_due_ns(self) -> int | None:
        return self._repeats.next_due_ns()

    def _tell(self, incident: Incident | None) -> None:
        if incident is not None:
            actor = incident.tags.get("actor", "")
            if self._admits(incident.fingerprint, incident.title, actor):
                self._sink.tell(incident)

    def _admits(self, fingerprint: tuple[str, ...], title: str, actor: str, more: int = 0) -> bool:
        self.look()
        now = self._clock.monotonic_ns()
        return self._repeats.admits(fingerprint, title, actor, now, more)

    def _tags(self, actor: str, epoch: int, spec: ChildSpec | None) -> Mapping[str, str]:
        if spec is None:
            return {"actor": actor, "epoch": str(epoch)}
        return incidents.reporting_of(spec, epoch, self._options)

    def _repeated(self, summary: Summary[str]) -> Incident:
        """Of the same fingerprint, so Sentry counts it to the same issue."""
        return Incident(
            fingerprint=summary.fingerprint,
            title=f"{summary.count} more: {summary.newest}",
            level="error",
            tags={"kind": summary.fingerprint[0], "repeated": "yes"},
            extra={"held_back": summary.count, "actors": list(summary.actors)},
        )


def _remember(known: dict[str, Any], actor: str, value: object) -> None:
    """The newest at the end, the oldest forgotten."""
    known.pop(actor, None)
    known[actor] = value
    if len(known) > REMEMBERED_MAX:
        del known[next(iter(known))]
