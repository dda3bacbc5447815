"""A child's life as lines for the log, one for each event worth one; pure."""

from __future__ import annotations

import signal as signals
from typing import Final

from actors.messages.control import ChildStatus, LogRecord, RestartRecord
from actors.messages.ids import SUPERVISOR
from actors.supervision.spec import ChildKind
from config.logs import Speaker

ACTORS_MAX: Final = 4_096
"""Actors of which it is known what was said last."""

STACKS_LENGTH_MAX: Final = 4_096
_OF_NO_VENUE: Final = frozenset({ChildKind.CACHE, ChildKind.WEB, ChildKind.SINK})

Fields = dict[str, str | int | float | bool | None]
HOUSEHOLD: Final = Speaker(SUPERVISOR, SUPERVISOR)
"""The supervisor itself."""


def speaker(actor: str, kind: str, epoch: int | None = None, pid: int | None = None) -> Speaker:
    """Whose line it is; venue and account stand in the actor's id."""
    parts = actor.split(":", 2)
    venue = parts[1] if len(parts) > 1 and kind not in _OF_NO_VENUE else ""
    account = parts[2] if len(parts) > 2 and kind == ChildKind.ACCOUNT else ""
    return Speaker(actor, kind, epoch, pid, venue, account)


def obituary(record: RestartRecord, kind: str) -> tuple[Speaker, LogRecord]:
    """How one incarnation ended, with the stacks of one that could not say a word itself."""
    fields: Fields = {
        "cause": record.cause,
        "code": record.exit_code,
        "signal": None if record.signal is None else _signal_name(record.signal),
        "uptime_s": round(record.uptime_ms / 1e3, 1),
    }
    wanted = record.cause == "stopped" or (record.cause == "exit" and not record.exit_code)
    if not wanted and record.dump:
        # The main thread's stack comes last.
        fields["stacks"] = record.dump[-STACKS_LENGTH_MAX:]
    level = "info" if wanted else "warning"
    whose = speaker(record.actor, kind, record.epoch, record.pid or None)
    return whose, LogRecord(level=level, event="ended", fields=fields)


class LifeLines:
    """Remembers what was said of each child, so that figures of a heartbeat say nothing."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[object, ...]] = {}

    def of(self, status: ChildStatus, now_mono_ns: int) -> LogRecord | None:
        """The line that this change is worth; an end has its own, see `obituary`."""
        state = "started" if status.state == "starting" and status.pid else status.state
        news = (state, status.epoch, status.reason, status.next_restart_ns)
        if self._said.get(status.actor) == news:
            return None
        self._said.pop(status.actor, None)
        self._said[status.actor] = news
        if len(self._said) > ACTORS_MAX:
            del self._said[next(iter(self._said))]
        return _line(state, status, now_mono_ns)


def _line(state: str, status: ChildStatus, now_mono_ns: int) -> LogRecord | None:
    reason: Fields = {"reason": status.reason} if status.reason else {}
    waits: Fields = {}
    if status.next_restart_mono_ns is not None:
        waits["wait_s"] = round(max(0, status.next_restart_mono_ns - now_mono_ns) / 1e9, 1)
    match state:
        case "started":
            again: Fields = {"restarts": status.restarts} if status.restarts else {}
            return LogRecord(level="info", event="started", fields=again)
        case "ready":
            took: Fields = {}
            if status.ready_ns is not None and status.started_ns is not None:
                took["after_ms"] = round((status.ready_ns - status.started_ns) / 1e6)
            return LogRecord(level="info", event="ready", fields=took)
        case "hung":
            return LogRecord(level="warning", event="hung", fields=reason)
        case "over_memory":
            return LogRecord(level="warning", event="over memory", fields=reason)
        case "backoff":
            counts: Fields = {"attempt": status.attempt, "phase": status.phase}
            return LogRecord(level="info", event="waits", fields={**waits, **counts, **reason})
        case "quarantined":
            return LogRecord(level="warning", event="quarantined", fields={**reason, **waits})
        case "stopping" | "stopped":
            return LogRecord(level="debug", event=state, fields=reason)
    return None


def _signal_name(number: int) -> str:
    try:
        return signals.Signals(number).name
    except ValueError:
        return f"signal {number}"
