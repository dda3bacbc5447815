"""The one voice to Sentry: a bounded queue, and a thread of the SDK's that may hang."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sentry_sdk.attachments import Attachment
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import HttpTransport

from actors.runtime.clock import Clock
from actors.runtime.masking import LIVE
from actors.runtime.reporting import make_client, tags_of
from actors.supervision.incidents import Incident
from actors.supervision.options import SentryOptions

HANGING_S: Final = 0.5
"""A request that has taken so long at the service's end is not waited for any longer."""


class _Delivery(HttpTransport):
    """The SDK's own, which also says how it fares; its worker thread is a daemon."""

    TIMEOUT = 10

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.sending_since_ns: int | None = None
        self.is_failing = False
        self.delivered = 0
        self.lost = 0
        self.on_trouble: Callable[[str], None] = lambda _reason: None
        self.monotonic_ns: Callable[[], int] = lambda: 0

    def _send_request(self, *arguments: Any, **named: Any) -> None:
        self.sending_since_ns = self.monotonic_ns()
        lost = self.lost
        try:
            super()._send_request(*arguments, **named)
        finally:
            self.sending_since_ns = None
            if self.lost == lost:
                self.delivered += 1
                self.is_failing = False

    def on_dropped_event(self, _reason: str) -> None:
        self.lost += 1
        if not self.is_failing:
            self.is_failing = True
            self.on_trouble(_reason)


class SentrySink:
    """Takes whole envelopes of children and makes events of incidents; nothing in here waits.

    `report(problem)` is told once when Sentry begins to refuse, in the sending thread.
    """

    def __init__(self, options: SentryOptions, clock: Clock, report: Callable[[str], None]) -> None:
        LIVE.register(options.dsn, *_secret_parts(options.dsn))
        self._clock = clock
        self._fields = {"release": options.release, "environment": options.environment}
        self._client = make_client(_Delivery, self._fields, options.dsn)
        delivery = self._client.transport
        assert isinstance(delivery, _Delivery)
        self._delivery = delivery
        delivery.monotonic_ns = clock.monotonic_ns
        delivery.on_trouble = lambda reason: report(f"Sentry does not take events: {reason}")

    @property
    def lost(self) -> int:
        """Events that Sentry never got."""
        return self._delivery.lost

    def forward(self, envelope: bytes) -> None:
        self._delivery.capture_envelope(Envelope.deserialize(envelope))

    def tell(self, incident: Incident) -> None:
        event: Any = {
            "level": incident.level,
            "logentry": {"formatted": LIVE.text(incident.title)},
            "tags": tags_of(incident.tags),
            "extra": dict(incident.extra),
            "fingerprint": list(incident.fingerprint),
        }
        self._client.capture_event(event, hint=_attached(incident.dump))

    def close(self, timeout_s: float) -> None:
        """Wait for what is queued, unless there is little hope for it."""
        since = self._delivery.sending_since_ns
        hanging = since is not None and self._clock.monotonic_ns() - since > HANGING_S * 1e9
        if not (hanging or self._delivery.is_failing):
            self._delivery.flush(timeout_s)


def _attached(dump: str) -> dict[str, Any]:
    if not dump:
        return {}
    text = LIVE.text(dump).encode()
    return {
        "attachments": [Attachment(bytes=text, filename="stacks.txt", content_type="text/plain")]
    }


def _secret_parts(dsn: str) -> tuple[str, ...]:
    """The key alone gives the right to send."""
    credentials = dsn.partition("://")[2].rpartition("@")[0]
    return tuple(part for part in credentials.split(":") if part)
