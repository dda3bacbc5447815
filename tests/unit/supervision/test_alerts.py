"""What is said to Sentry and what is only counted, on a fake clock; and a sink that hangs."""

from __future__ import annotations

import threading

from actors.messages.control import Alert, ChildStatus, FaultReport, RestartRecord
from actors.runtime.clock import FakeClock, SystemClock
from actors.supervision.alert_desk import WAITING_MAX, AlertDesk, AlertsThread, open_alerts
from actors.supervision.incidents import Incident, reporting_of
from actors.supervision.options import SentryOptions
from actors.supervision.repeats import OVERFLOW, Repeats
from actors.supervision.spec import ChildKind, ChildSpec

OPTIONS = SentryOptions(dsn="http://k@h/1", environment="test", release="1")
SPEC = ChildSpec(
    actor="account:zoo:1",
    kind=ChildKind.ACCOUNT,
    entry="a:b",
    config={"venue": "zoo", "name": "1"},
    label="MAIN",
)
GAP_S = OPTIONS.repeat_s
GAP_NS = round(GAP_S * 1e9)
BUG = ("stream", "KeyError a:b:1")


class KeptSink:
    def __init__(self) -> None:
        self.envelopes: list[bytes] = []
        self.incidents: list[Incident] = []
        self.closed = False
        self.lost = 0

    def forward(self, envelope: bytes) -> None:
        self.envelopes.append(envelope)

    def tell(self, incident: Incident) -> None:
        self.incidents.append(incident)

    def close(self, timeout_s: float) -> None:
        self.closed = timeout_s > 0


def desk() -> tuple[AlertDesk, KeptSink, FakeClock]:
    sink, clock = KeptSink(), FakeClock()
    return AlertDesk(sink, OPTIONS, clock), sink, clock


def alert(body: bytes = b"1", *, fatal: bool = False, skipped: int = 0) -> Alert:
    return Alert(fingerprint=BUG, title="KeyError: x", envelope=body, fatal=fatal, skipped=skipped)


def ended(cause: str, epoch: int = 1, **more: object) -> RestartRecord:
    fields = {"pid": 7, "started_ns": 0, "ended_ns": 0, "uptime_ms": 5.0, **more}
    return RestartRecord(actor=SPEC.actor, epoch=epoch, cause=cause, **fields)  # type: ignore[arg-type]


def status(state: str, phase: int = 0, epoch: int = 1, reason: str = "") -> ChildStatus:
    return ChildStatus(
        actor=SPEC.actor, kind="account", state=state, phase=phase, epoch=epoch, reason=reason
    )


def test_one_at_once_then_one_a_gap_with_a_count() -> None:
    told, sink, clock = desk()
    for number in range(10):
        told.alert("stream:x", number, alert(bytes([number])))
        clock.advance(1)
    assert sink.envelopes == [b"\0"]
    clock.advance(GAP_S - 10 - 0.001)
    told.look()
    assert sink.incidents == []
    clock.advance(0.001)
    told.look()
    (summary,) = sink.incidents
    assert summary.fingerprint == BUG
    assert summary.extra == {"held_back": 9, "actors": ["stream:x"]}
    assert summary.title == "9 more: KeyError: x"
    told.alert("stream:x", 11, alert(b"held"))
    assert sink.envelopes == [b"\0"], "the summary was this gap's one event"
    clock.advance(GAP_S)
    told.look()
    assert sink.incidents[1].extra["held_back"] == 1


def test_after_a_quiet_gap_the_next_goes_out_at_once() -> None:
    told, sink, clock = desk()
    told.alert("stream:x", 1, alert(b"1"))
    clock.advance(GAP_S)
    told.alert("stream:x", 2, alert(b"2"))
    assert (sink.envelopes, sink.incidents) == ([b"1", b"2"], [])
    clock.advance(2 * GAP_S)
    told.look()
    assert told.next_due_ns() is None, "nothing is kept of what is over"


def test_what_a_child_left_out_counts_too() -> None:
    told, sink, _ = desk()
    told.alert("stream:x", 1, alert(skipped=40))
    told.alert("stream:x", 1, alert(skipped=2))
    told.finish()
    assert sink.incidents[0].extra["held_back"] == 43
    told.finish()
    assert len(sink.incidents) == 1


def test_the_table_of_fingerprints_is_bounded() -> None:
    clock = FakeClock()
    repeats = Repeats(GAP_NS, room=3)
    out = [
        repeats.admits((f"bug {number}",), "t", f"a:{number}", clock.monotonic_ns())
        for number in range(50)
    ]
    assert out == [True] * 4 + [False] * 46, "three, and one for all others"
    assert len(repeats) == 4
    clock.advance(GAP_S)
    (rest,) = repeats.due(clock.monotonic_ns())
    assert (rest.fingerprint, rest.count, len(rest.actors)) == (OVERFLOW, 46, 20)


def test_ends_are_told_with_cause_tags_and_dump() -> None:
    told, sink, _ = desk()
    told.ended(ended("signal", signal=9), SPEC)
    told.ended(ended("hung", dump="File x in y"), SPEC)
    told.ended(ended("memory", rss_bytes=10), SPEC)
    told.ended(ended("lost"), SPEC)
    told.ended(ended("signal", signal=11), SPEC)
    assert [each.tags["cause"] for each in sink.incidents] == [
        "signal", "hung", "memory", "lost", "signal",
    ]  # fmt: skip
    assert "SIGKILL (out of memory, or by hand)" in sink.incidents[0].title
    assert "SIGSEGV" in sink.incidents[4].title
    assert sink.incidents[1].dump == "File x in y"
    tags = sink.incidents[0].tags
    assert tags == reporting_of(SPEC, 1, OPTIONS) | {"cause": "signal"}
    assert (tags["account"], tags["venue"], tags["kind"]) == ("MAIN", "zoo", "account")


def test_ends_that_were_asked_for_or_told_are_not_told_again() -> None:
    told, sink, _ = desk()
    for cause in ("stopped", "key", "config"):
        told.ended(ended(cause), SPEC)
    told.alert(SPEC.actor, 1, alert(fatal=True))
    told.ended(ended("exit", epoch=1, exit_code=1), SPEC)
    assert sink.incidents == []
    told.ended(ended("exit", epoch=2, exit_code=1), SPEC)
    assert "exit code 1 and told no exception" in sink.incidents[0].title


def test_a_survived_exception_does_not_explain_a_later_end() -> None:
    told, sink, _ = desk()
    told.alert(SPEC.actor, 1, alert(fatal=False))
    told.ended(ended("exit", epoch=1, exit_code=3), SPEC)
    assert len(sink.incidents) == 1


def test_quarantine_and_crash_loop_are_told_when_they_begin() -> None:
    told, sink, clock = desk()
    for _ in range(3):
        told.status(status("backoff", phase=2), SPEC)
        clock.advance(GAP_S)
    assert [each.tags["cause"] for each in sink.incidents] == ["crash loop"]
    told.status(status("ready"), SPEC)
    told.status(status("backoff", phase=1), SPEC)
    for _ in range(3):
        told.status(status("quarantined", reason="key rejected"), SPEC)
        clock.advance(GAP_S)
    assert [each.tags["cause"] for each in sink.incidents] == ["crash loop", "quarantined"]
    assert "key rejected" in sink.incidents[1].title


def test_of_faults_only_the_households_own_are_told() -> None:
    told, sink, _ = desk()
    for actor, kind in (
        ("stream:x", "MalformedFrame"),
        ("supervisor", "ConfigFault"),
        ("supervisor", "ZygoteLost"),
    ):
        told.fault(FaultReport(actor=actor, kind=kind, message="m", at_ns=0))
    assert [each.tags["cause"] for each in sink.incidents] == ["ZygoteLost"]


def test_without_a_dsn_nothing_is_imported_and_children_are_told_nothing() -> None:
    silent = open_alerts(None, FakeClock(), lambda _problem: None)
    assert silent.reporting(SPEC, 1) is None
    assert not isinstance(silent, threading.Thread)


class HangingSink(KeptSink):
    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.released = threading.Event()

    def tell(self, incident: Incident) -> None:
        self.entered.set()
        self.released.wait(30)
        super().tell(incident)


def test_a_thread_that_hangs_costs_alerts_and_no_time() -> None:
    sink = HangingSink()
    problems: list[str] = []
    alerts = AlertsThread(sink, OPTIONS, SystemClock(), problems.append)
    alerts.start()
    alerts.ended(ended("lost"), SPEC)
    assert sink.entered.wait(5)
    for _ in range(WAITING_MAX + 25):
        alerts.ended(ended("lost"), SPEC)
    assert alerts.dropped == 25
    alerts.close()
    assert alerts.is_alive(), "a full queue is not waited for"
    assert "some are dropped" in problems[0]
    assert problems[1:] == ["25 alert(s) never reached Sentry"]
    sink.released.set()


def test_what_breaks_in_the_thread_is_told_and_ends_nothing() -> None:
    problems: list[str] = []

    class BrokenSink(KeptSink):
        def forward(self, envelope: bytes) -> None:
            raise ValueError("no envelope")

    sink = BrokenSink()
    alerts = AlertsThread(sink, OPTIONS, SystemClock(), problems.append)
    alerts.start()
    alerts.alert("stream:x", 1, alert())
    alerts.ended(ended("lost"), SPEC)
    alerts.close()
    assert not alerts.is_alive()
    assert problems == ["alert not sent: ValueError: no envelope"]
    assert len(sink.incidents) == 1
    assert sink.closed
