"""Exceptions of a child as Sentry envelopes on its control link: masked here, sent by others.

Imported only where SENTRY_DSN is set, by the zygote for all. A child never knows the DSN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any, Final

import msgspec
from sentry_sdk import Client
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport
from sentry_sdk.utils import event_from_exception

from actors.messages.control import (
    ALERT_ENVELOPE_BYTES_MAX,
    ALERT_FINGERPRINT_MAX,
    ALERT_TEXT_LENGTH_MAX,
    Alert,
)
from actors.runtime.clock import Clock
from actors.runtime.masking import LIVE

TEXT_LENGTH_MAX: Final = 8 * 1024
DEPTH_MAX: Final = 20
EXCEPTIONS_MAX: Final = 10
FRAMES_MAX: Final = 60
"""The innermost frames of one exception; the thousand of a recursion say nothing more."""

BRIEF_FRAMES_MAX: Final = 10
FINGERPRINT_FRAMES: Final = 3
CAPTURES_MAX: Final = 5
CAPTURE_WINDOW_NS: Final = 1_000_000_000
"""So many exceptions in so long are told; a loop of them must not cost the actor its time."""

_EVENT_KEYS: Final = frozenset(
    {
        "event_id", "timestamp", "level", "platform", "exception", "logentry", "tags", "extra",
        "fingerprint", "release", "environment", "sdk",
    }
)  # fmt: skip
"""What leaves the house; host name, arguments, modules and all that an SDK may think of do not."""

_FRAME_KEYS: Final = frozenset(
    {"filename", "function", "module", "lineno", "in_app", "pre_context", "context_line",
     "post_context"}
)  # fmt: skip
_SOURCE_KEYS: Final = frozenset({"pre_context", "context_line", "post_context"})

Send = Callable[[str, msgspec.Struct], bool]


def make_client(
    transport: Transport | type[Transport], reporting: Mapping[str, str], dsn: str = ""
) -> Client:
    """A client that does nothing by itself: no hooks, no threads of its own, no environment.

    Personal data are off by the SDK's default, which may no longer be spelt out.
    """
    return Client(
        dsn=dsn,
        transport=transport,
        release=reporting.get("release", ""),
        environment=reporting.get("environment", "production"),
        server_name="",
        debug=False,
        default_integrations=False,
        auto_enabling_integrations=False,
        include_local_variables=False,
        in_app_include=["actors", "config", "web"],
        max_breadcrumbs=0,
        send_client_reports=False,
        auto_session_tracking=False,
        enable_backpressure_handling=False,
        transport_queue_size=50,
        spotlight=False,
        http_proxy="",
        https_proxy="",
        before_send=lambda event, _hint: showable(event),
    )


def showable(event: Mapping[str, Any]) -> Any:
    """The event without anything that is not known to be harmless, and without live secrets."""
    kept = {name: value for name, value in event.items() if name in _EVENT_KEYS}
    values = _values(kept)[-EXCEPTIONS_MAX:]
    if values:
        kept["exception"] = {"values": [_exception(value, FRAMES_MAX) for value in values]}
    return _scrubbed(kept, 0)


def _values(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (event.get("exception") or {}).get("values") or []
    return found


def _exception(value: Mapping[str, Any], frames_max: int) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames") or []
    frames = [_frame(frame) for frame in frames[-frames_max:]]
    return {**value, "stacktrace": {"frames": frames}} if frames else dict(value)


def _frame(frame: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in frame.items() if name in _FRAME_KEYS}
    path = PurePath(str(kept.get("filename", "")))
    if path.is_absolute():
        # Where something is installed names machines and people.
        kept["filename"] = path.name
    return kept


def _scrubbed(value: Any, depth: int) -> Any:
    """Masked first and cut afterwards: half a secret would not be found."""
    if isinstance(value, str):
        text = LIVE.frame(value)
        return text if len(text) <= TEXT_LENGTH_MAX else text[: TEXT_LENGTH_MAX - 1] + "…"
    if depth >= DEPTH_MAX:
        return "[Truncated]"
    if isinstance(value, Mapping):
        return {LIVE.text(str(name)): _scrubbed(item, depth + 1) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_scrubbed(item, depth + 1) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return _scrubbed(str(value), depth)


class LinkTransport(Transport):
    """Writes envelopes over the control link; one that is too large loses its source lines first.

    The stock transport sends from a thread, and a process that ends by os._exit loses what that
    has not sent; these bytes are the kernel's as soon as the link is flushed.
    """

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._send = send
        self.fatal = False
        self.skipped = 0

    def capture_envelope(self, envelope: Envelope) -> None:
        event = envelope.get_event()
        if event is None:
            return
        data = _fitting(envelope, event)
        if data is None:
            self.skipped += 1
            return
        alert = Alert(
            fingerprint=tuple(event["fingerprint"]),
            title=title_of(event),
            envelope=data,
            fatal=self.fatal,
            skipped=self.skipped,
        )
        if self._send("alert", alert):
            self.skipped = 0
        else:
            self.skipped += 1


def _fitting(envelope: Envelope, event: Any) -> bytes | None:
    """The envelope's bytes, of a brief event where need be; None where not even that fits."""
    data: bytes = envelope.serialize()
    if len(data) <= ALERT_ENVELOPE_BYTES_MAX:
        return data
    values = [_exception(value, BRIEF_FRAMES_MAX) for value in _values(event)[-2:]]
    for value in values:
        for frame in (value.get("stacktrace") or {}).get("frames", ()):
            for name in _SOURCE_KEYS:
                frame.pop(name, None)
    event["exception"] = {"values": values}
    brief = Envelope(headers=envelope.headers)
    brief.add_event(event)
    data = brief.serialize()
    return data if len(data) <= ALERT_ENVELOPE_BYTES_MAX else None


def title_of(event: Mapping[str, Any]) -> str:
    """The outermost exception in one line."""
    values = _values(event)
    last = values[-1] if values else {}
    text = f"{last.get('type', 'error')}: {last.get('value', '')}"
    return " ".join(text.split())[:ALERT_TEXT_LENGTH_MAX]


def fingerprint_of(kind: str, event: Mapping[str, Any]) -> tuple[str, ...]:
    """One bug: the kind of actor, and of each exception its type and where it was raised."""
    parts = [kind]
    for value in _values(event)[: ALERT_FINGERPRINT_MAX - 1]:
        frames = (value.get("stacktrace") or {}).get("frames") or []
        places = [
            f"{frame.get('module')}:{frame.get('function')}:{frame.get('lineno')}"
            for frame in frames[-FINGERPRINT_FRAMES:]
        ]
        # The innermost place first, so that a cut leaves it.
        text = f"{value.get('type')} {' '.join(reversed(places))}"
        parts.append(LIVE.text(text)[:ALERT_TEXT_LENGTH_MAX])
    return tuple(parts)


class Reporter:
    """Captures exceptions of one incarnation."""

    def __init__(self, reporting: Mapping[str, str], send: Send, clock: Clock) -> None:
        self._transport = LinkTransport(send)
        self._client = make_client(self._transport, reporting)
        self._tags = tags_of(reporting)
        self._kind = reporting.get("kind", "")
        self._clock = clock
        self._window_ns = clock.monotonic_ns()
        self._count = 0

    def capture(self, error: BaseException, *, fatal: bool = False) -> None:
        """Hand `error` with its causes to the link; what ends the process always counts."""
        now = self._clock.monotonic_ns()
        if now - self._window_ns >= CAPTURE_WINDOW_NS:
            self._window_ns, self._count = now, 0
        self._count += 1
        if self._count > CAPTURES_MAX and not fatal:
            self._transport.skipped += 1
            return
        event: Any
        event, _ = event_from_exception(
            error,
            client_options=self._client.options,
            mechanism={"type": "broadcaster", "handled": not fatal},
        )
        # The SDK cuts long texts, so they are masked before it sees them.
        event = showable(event)
        event["level"] = "fatal" if fatal else "error"
        event["tags"] = self._tags
        event["fingerprint"] = list(fingerprint_of(self._kind, event))
        self._transport.fatal = fatal
        self._client.capture_event(event)


def tags_of(reporting: Mapping[str, str]) -> dict[str, str]:
    """Release and environment are fields of their own."""
    return {
        name: value
        for name, value in reporting.items()
        if value and name not in ("release", "environment")
    }
