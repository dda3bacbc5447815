"""What is said again and again is one line a second and a count; nothing is lost in silence."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator

import pytest

from actors.messages.control import ChildStatus, LogRecord
from actors.runtime.clock import FakeClock
from actors.supervision import voice
from actors.supervision.options import Silent
from actors.supervision.voice import AllReady, Line, Mouth
from config.logs import Speaker

WAIT_S = 5.0
A = Speaker("account:extended:1", "account", 1, 70, "extended", "1")
B = Speaker("account:extended:2", "account", 1, 71, "extended", "2")


class Log:
    """A voice on a fake clock, and what came of it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self._written: queue.Queue[tuple[str, LogRecord]] = queue.Queue()
        self.mouth = Mouth(self._write, Silent(), self.clock)

    def _write(self, speaker: Speaker, record: LogRecord) -> None:
        self._written.put((speaker.actor, record))

    def say(self, event: str, speaker: Speaker = A, level: str = "warning", **fields: str) -> None:
        self.mouth.say(Line(speaker, LogRecord(level=level, event=event, fields=dict(fields))))

    def heard(self) -> None:
        """Wait until all that was said was taken; the voice has a thread of its own."""
        deadline = time.monotonic() + WAIT_S
        while self.mouth.waiting and time.monotonic() < deadline:
            time.sleep(0.001)
        assert not self.mouth.waiting

    def next(self) -> tuple[str, str]:
        actor, record = self._written.get(timeout=WAIT_S)
        return actor, record.event

    def newest(self) -> LogRecord:
        """The one that was written last."""
        _, record = self._written.queue[-1]
        assert isinstance(record, LogRecord)
        return record

    def rest(self) -> list[tuple[str, str]]:
        """Everything that is written until the voice has ended."""
        self.mouth.actor.stop(timeout=WAIT_S)
        found = []
        while not self._written.empty():
            found.append(self.next())
        return found


@pytest.fixture
def log() -> Iterator[Log]:
    log = Log()
    yield log
    log.rest()


def test_lines_that_are_alike_are_one_and_a_count_though_the_flow_stops(log: Log) -> None:
    for _ in range(38):
        log.say("gap")
    assert log.next() == (A.actor, "gap")
    log.clock.advance(1.0)
    log.mouth.look()
    assert log.next() == (A.actor, "… 37 more like this: gap")
    log.clock.advance(1.0)
    log.mouth.look()
    log.say("gap")
    assert log.next() == (A.actor, "gap"), "the flow had stopped: this one is new"
    assert log.rest() == []


def test_a_flow_without_end_is_one_line_a_second(log: Log) -> None:
    for _ in range(5):
        for _ in range(4):
            log.say("gap")
            log.heard()
            log.clock.advance(0.25)
    more = "… 4 more like this: gap"
    first = [(A.actor, "gap"), (A.actor, "… 3 more like this: gap")]
    assert log.rest() == [*first, *[(A.actor, more)] * 4]


def test_who_what_level_and_library_tell_lines_apart_and_a_single_one_is_no_count(log: Log) -> None:
    log.say("gap")
    log.say("gap", speaker=B)
    log.say("gap", level="error")
    log.say("SequenceGap", message="two")
    log.say("SequenceGap", message="three")
    log.say("library", logger="asyncio")
    log.say("library", logger="websockets")
    events = [event for _, event in log.rest()]
    assert events == [
        *["gap"] * 3,
        "SequenceGap",
        *["library"] * 2,
        "SequenceGap",
    ]


def test_the_table_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice, "KINDS_MAX", 3)
    log = Log()
    for number in range(50):
        log.say(f"event {number}")
    events = [event for _, event in log.rest()]
    assert events == [
        "event 0", "event 1", "event 2", "event 3", "… 46 more lines of many kinds",
    ]  # fmt: skip


def test_changes_of_children_and_the_first_readiness_are_lines(log: Log) -> None:
    log.mouth.say(ChildStatus(actor=A.actor, kind="account", state="starting", pid=70, epoch=1))
    log.mouth.say(ChildStatus(actor=A.actor, kind="account", state="ready", pid=70, epoch=1))
    log.mouth.say(ChildStatus(actor=A.actor, kind="account", state="ready", pid=70, epoch=1))
    log.mouth.say(AllReady())
    assert log.rest() == [(A.actor, "started"), (A.actor, "ready"), ("supervisor", "all ready")]


def test_readiness_names_who_is_left_out_of_it(log: Log) -> None:
    log.mouth.say(AllReady(quarantined=(A.actor,)))
    log.heard()
    assert log.newest().fields == {"quarantined": A.actor}
