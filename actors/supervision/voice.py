"""Pykka actors for what may be slow: the disk, the log and the terminal never delay a restart."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pykka

from actors.messages.control import ChildStatus, LogRecord, RestartRecord
from actors.runtime.clock import Clock, SystemClock
from actors.supervision.budgets import Deadline
from actors.supervision.effects import Record, Remember
from actors.supervision.fatal import FatalActor
from actors.supervision.journal import SupervisionJournal
from actors.supervision.life_lines import HOUSEHOLD, LifeLines, speaker
from actors.supervision.options import Announce
from actors.supervision.repeats import OVERFLOW, Repeats, Summary
from config.logs import LogSink, Speaker

WAITING_MAX: Final = 10_000
"""A terminal that stands still (Ctrl-S) costs lines, not memory."""

REPEAT_NS: Final = 1_000_000_000
"""Of lines that are alike, one in so long is written; the others are counted."""

KINDS_MAX: Final = 4_096
"""Lines that are told apart within that time; beyond, all are taken to be alike."""

_LOOK: Final = "look"


@dataclass(frozen=True, slots=True)
class Line:
    """One line for the log."""

    speaker: Speaker
    record: LogRecord

    @property
    def likeness(self) -> tuple[str, ...]:
        """Equal for lines that are alike: who, what, and of which library."""
        library = str(self.record.fields.get("logger", ""))
        return (self.speaker.actor, self.record.level, self.record.event, library)


@dataclass(frozen=True, slots=True)
class AllReady:
    """Every child that can be is READY; `quarantined` cannot."""

    quarantined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """Asks the journal for one actor's incarnations; `reply` is called in the journal's thread."""

    actor: str
    reply: Callable[[tuple[RestartRecord, ...]], None]


class VoiceActor(FatalActor):
    """Feeds the log sink and the announcement, one at a time; limits what is said again."""

    def __init__(self, mouth: Mouth, sink: LogSink, announce: Announce, clock: Clock) -> None:
        super().__init__()
        self._mouth = mouth
        self._sink = sink
        self._announce = announce
        self._clock = clock
        self._lives = LifeLines()
        self._repeats: Repeats[Line] = Repeats(REPEAT_NS, KINDS_MAX)
        self._told_dropped = 0

    def on_receive(self, message: Any) -> None:
        try:
            self._look()
            match message:
                case Line():
                    self._write(message)
                case ChildStatus():
                    self._tell(message)
                case AllReady(quarantined=actors):
                    self._announce.all_ready()
                    record = LogRecord(level="info", event="all ready")
                    if actors:
                        record.fields["quarantined"] = ", ".join(actors)
                    self._write(Line(HOUSEHOLD, record))
        except Exception:  # noqa: BLE001 - a broken pipe on standard output ends no service
            self._mouth.failures += 1
        finally:
            self._mouth.spoken()

    def on_stop(self) -> None:
        try:
            for summary in self._repeats.rest():
                self._count(summary)
        except Exception:  # noqa: BLE001 - as above
            self._mouth.failures += 1

    def _tell(self, status: ChildStatus) -> None:
        self._announce.child(status)
        record = self._lives.of(status, self._clock.monotonic_ns())
        if record is not None:
            self._write(Line(speaker(status.actor, status.kind, status.epoch, status.pid), record))

    def _write(self, line: Line) -> None:
        now = self._clock.monotonic_ns()
        if self._repeats.admits(line.likeness, line, line.speaker.actor, now):
            self._sink(line.speaker, line.record)

    def _look(self) -> None:
        """Say how much was left out, of what was said again and of what nobody could take."""
        for summary in self._repeats.due(self._clock.monotonic_ns()):
            self._count(summary)
        dropped = self._mouth.dropped
        if lost := dropped - self._told_dropped:
            self._told_dropped = dropped
            fields: dict[str, str | int | float | bool | None] = {"count": lost}
            self._write(
                Line(HOUSEHOLD, LogRecord(level="warning", event="lines lost", fields=fields))
            )

    def _count(self, summary: Summary[Line]) -> None:
        line = summary.newest
        if summary.fingerprint == OVERFLOW:
            event = f"… {summary.count} more lines of many kinds"
            self._sink(HOUSEHOLD, LogRecord(level="warning", event=event))
            return
        told = line.record
        if summary.count > 1:
            event = f"… {summary.count} more like this: {told.event}"
            told = LogRecord(level=told.level, event=event, fields=told.fields)
        self._sink(line.speaker, told)


class Mouth:
    """Hands lines to the VoiceActor, and drops what is too much for it."""

    def __init__(self, sink: LogSink, announce: Announce, clock: Clock | None = None) -> None:
        self._lock = threading.Lock()
        self.waiting = 0
        self.dropped = 0
        self.failures = 0
        self.actor = VoiceActor.start(self, sink, announce, clock or SystemClock())

    def say(self, message: Line | ChildStatus | AllReady) -> None:
        with self._lock:
            if self.waiting >= WAITING_MAX:
                self.dropped += 1
                return
            self.waiting += 1
        self._hand(message)

    def say_plainly(self, level: str, event: str, **fields: str | float | bool | None) -> None:
        """A line of the supervisor itself."""
        self.say(Line(HOUSEHOLD, LogRecord(level=level, event=event, fields=fields)))

    def look(self) -> None:
        """A time has passed: what was held back may be due, though nobody says anything more."""
        with self._lock:
            if self.waiting:
                # Whoever waits makes the actor look.
                return
            self.waiting += 1
        self._hand(_LOOK)

    def _hand(self, message: object) -> None:
        try:
            self.actor.tell(message)
        except pykka.ActorDeadError:
            self.spoken()

    def spoken(self) -> None:
        with self._lock:
            self.waiting -= 1


class JournalActor(FatalActor):
    """The one writer and reader of the journal's file."""

    def __init__(self, path: Path, report: Callable[[str], None]) -> None:
        super().__init__()
        self._journal = SupervisionJournal(path, report)
        self._report = report

    def on_receive(self, message: Any) -> Any:
        try:
            match message:
                case Remember(actor=actor, remembered=remembered):
                    self._journal.remember(actor, remembered)
                case Record(record=record):
                    self._journal.record(record)
                case History(actor=actor, reply=reply):
                    reply(self._journal.history(actor))
                case Deadline():
                    self._journal.hold_back(message)
                case "remembered":
                    return self._journal.remembered()
                case "try_again":
                    self._journal.try_again()
                case "deadlines":
                    return self._journal.deadlines()
        except Exception as error:  # noqa: BLE001 - the guard of this Pykka handler
            self._report(f"journal: {type(error).__name__}: {error}")
        return None
