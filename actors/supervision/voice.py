"""Pykka actors for what may be slow: the disk, the log and the terminal never delay a restart."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pykka

from actors.messages.control import ChildStatus, LogRecord, RestartRecord
from actors.supervision.effects import Record, Remember
from actors.supervision.fatal import FatalActor
from actors.supervision.journal import SupervisionJournal
from actors.supervision.options import Announce, LogSink

WAITING_MAX: Final = 10_000
"""A terminal that stands still (Ctrl-S) costs lines, not memory."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line for the log."""

    source: str
    record: LogRecord


@dataclass(frozen=True, slots=True)
class AllReady:
    """Every child that can be is READY."""


@dataclass(frozen=True, slots=True)
class History:
    """Asks the journal for one actor's incarnations; `reply` is called in the journal's thread."""

    actor: str
    reply: Callable[[tuple[RestartRecord, ...]], None]


class VoiceActor(FatalActor):
    """Feeds the log sink and the announcement, one at a time."""

    def __init__(self, mouth: Mouth, sink: LogSink, announce: Announce) -> None:
        super().__init__()
        self._mouth = mouth
        self._sink = sink
        self._announce = announce

    def on_receive(self, message: Any) -> None:
        try:
            match message:
                case Line(source=source, record=record):
                    self._sink(source, record)
                case ChildStatus():
                    self._announce.child(message)
                case AllReady():
                    self._announce.all_ready()
        except Exception:  # noqa: BLE001 - a broken pipe on standard output ends no service
            self._mouth.failures += 1
        finally:
            self._mouth.spoken()


class Mouth:
    """Hands lines to the VoiceActor, and drops what is too much for it."""

    def __init__(self, sink: LogSink, announce: Announce) -> None:
        self._lock = threading.Lock()
        self._waiting = 0
        self.dropped = 0
        self.failures = 0
        self.actor = VoiceActor.start(self, sink, announce)

    def say(self, message: Line | ChildStatus | AllReady) -> None:
        with self._lock:
            if self._waiting >= WAITING_MAX:
                self.dropped += 1
                return
            self._waiting += 1
        try:
            self.actor.tell(message)
        except pykka.ActorDeadError:
            self.spoken()

    def spoken(self) -> None:
        with self._lock:
            self._waiting -= 1


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
                case "remembered":
                    return self._journal.remembered()
        except Exception as error:  # noqa: BLE001 - the guard of this Pykka handler
            self._report(f"journal: {type(error).__name__}: {error}")
        return None
