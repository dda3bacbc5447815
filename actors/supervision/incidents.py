"""What the supervisor itself has to tell Sentry: ends that nobody survived to report; pure."""

from __future__ import annotations

import signal as signals
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from actors.messages.control import ChildStatus, FaultReport, RestartRecord
from actors.messages.ids import SUPERVISOR
from actors.supervision.options import SentryOptions
from actors.supervision.spec import ChildKind, ChildSpec

OPERATORS_FAULTS: Final = frozenset({"ConfigFault"})
"""Faults that tell operators of a mistake of theirs, not us of one of ours."""

_LINES_MAX: Final = 20
_ASKED_FOR: Final = frozenset({"stopped", "config", "key"})
"""Ends that are no incident, or whose quarantine is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One event in the making; `dump` goes along as an attachment."""

    fingerprint: tuple[str, ...]
    title: str
    level: str
    tags: Mapping[str, str]
    extra: Mapping[str, object] = field(default_factory=dict)
    dump: str = ""


def reporting_of(spec: ChildSpec, epoch: int, options: SentryOptions) -> dict[str, str]:
    """What every event of this incarnation is tagged with; plain text without secrets."""
    config = spec.config
    account = spec.label or str(config.get("name", ""))
    return {
        "actor": spec.actor,
        "kind": spec.kind.value,
        "venue": str(config.get("venue", "")),
        "account": account if spec.kind is ChildKind.ACCOUNT else "",
        "epoch": str(epoch),
        "release": options.release,
        "environment": options.environment,
    }


def of_end(record: RestartRecord, tags: Mapping[str, str], told: bool) -> Incident | None:
    """An end that was not asked for. `told`: its own last exception is known already."""
    cause = record.cause
    if cause in _ASKED_FOR or (told and cause == "exit"):
        return None
    what = {
        "hung": "hung, and was killed",
        "memory": "took too much memory, and was replaced",
        "lost": "ended, and nobody knows how",
    }.get(cause, "")
    detail = ""
    if cause == "signal" and record.signal is not None:
        detail = _signal_name(record.signal)
        what = f"was killed by {detail}"
        if record.signal == signals.SIGKILL:
            what += " (out of memory, or by hand)"
    elif cause == "exit":
        detail = str(record.exit_code)
        what = f"ended with exit code {detail} and told no exception"
    return Incident(
        fingerprint=_filled(tags.get("kind", ""), cause, detail),
        title=f"{record.actor} {what or cause}",
        level="error",
        tags={**tags, "cause": cause},
        extra={
            "pid": record.pid,
            "uptime_ms": round(record.uptime_ms),
            "exit_code": record.exit_code,
            "signal": record.signal,
            "cpu_ms": record.cpu_ms,
            "rss_bytes": record.rss_bytes,
            "last_lines": list(record.last_lines[-_LINES_MAX:]),
        },
        dump=record.dump,
    )


def of_quarantine(status: ChildStatus, tags: Mapping[str, str]) -> Incident:
    return Incident(
        fingerprint=(status.kind, "quarantined"),
        title=f"{status.actor} is in quarantine: {status.reason}",
        level="warning",
        tags={**tags, "cause": "quarantined"},
        extra={"restarts": status.restarts},
    )


def of_crash_loop(status: ChildStatus, tags: Mapping[str, str]) -> Incident:
    return Incident(
        fingerprint=(status.kind, "crash loop"),
        title=f"{status.actor} crashes again and again ({status.attempt} attempts counted)",
        level="error",
        tags={**tags, "cause": "crash loop"},
        extra={"attempt": status.attempt, "restarts": status.restarts, "reason": status.reason},
    )


def of_fault(report: FaultReport) -> Incident | None:
    """A fault of the supervisor's own household: a lost zygote, a message it choked on."""
    if report.actor != SUPERVISOR or report.kind in OPERATORS_FAULTS:
        return None
    return Incident(
        fingerprint=(SUPERVISOR, report.kind),
        title=f"{report.kind}: {report.message}",
        level=report.level,
        tags={"actor": SUPERVISOR, "kind": SUPERVISOR, "cause": report.kind},
    )


def _signal_name(number: int) -> str:
    try:
        return signals.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _filled(*parts: str) -> tuple[str, ...]:
    return tuple(part for part in parts if part)
