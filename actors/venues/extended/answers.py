"""What Extended's refusals mean: HTTP statuses, error codes and error frames become faults.

Source: Extended API Documentation, "REST API", error responses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from actors.errors import (
    KeyRejected,
    MalformedFrame,
    RateLimited,
    VenueFault,
    VenueRejected,
    VenueUnavailable,
)
from actors.venues.decoding import decode
from actors.venues.extended import wire
from actors.venues.http_answer import masked, retry_after_s

_KEY_CODES: Final = frozenset({"401", "UNAUTHORIZED", "-32001"})
_UNAVAILABLE_CODES: Final = frozenset({"1006", "1010", "1011", "1012"})
"""Unhandled application error; maintenance, post-only and reduce-only mode of the exchange."""

_envelope = msgspec.json.Decoder(wire.Envelope)


def read_envelope(
    status: int, headers: Mapping[str, str], body: bytes, received_ns: int, *, secret: str = ""
) -> wire.Envelope:
    """The envelope of a good answer, else the fault that the answer means.

    Success is HTTP 2xx together with status OK (in either case). `secret` never shows in a fault.
    """
    if not 200 <= status < 300:
        raise refusal(status, headers, body, received_ns, secret=secret)
    if not body.strip():
        raise MalformedFrame("body", "an envelope with data", "an empty body")
    envelope = decode(_envelope, body, "body")
    if (envelope.status or "").upper() != "OK" or envelope.error:
        raise fault_of(status, envelope.error, envelope.status or "no status", secret)
    return envelope


def refusal(
    status: int, headers: Mapping[str, str], body: bytes, received_ns: int, *, secret: str = ""
) -> VenueFault:
    """What an HTTP status other than 2xx means; the body may be anything."""
    if status in {418, 429}:
        return RateLimited(retry_after_s(headers, received_ns), f"HTTP {status}")
    if status == 401:
        return KeyRejected(f"HTTP 401 {masked(_error_of(body), secret)}".rstrip())
    if status >= 500:
        return VenueUnavailable(f"HTTP {status} {masked(_error_of(body), secret)}".rstrip())
    return fault_of(status, _envelope_of(body).error, f"HTTP {status}", secret)


def fault_of(
    status: int, error: wire.ErrorBody | str | None, otherwise: str, secret: str = ""
) -> VenueFault:
    """The fault that an `error` (of an answer or a frame) means; `otherwise` where it is mute."""
    code, message = wire.error_text(error)
    detail = masked(message or otherwise, secret)
    if code.upper() in _KEY_CODES:
        return KeyRejected(f"code {code}: {detail}")
    if code in _UNAVAILABLE_CODES:
        return VenueUnavailable(f"code {code}: {detail}")
    return VenueRejected(status, code, detail)


def is_envelope(body: bytes) -> bool:
    """Whether an answer is the venue's own (or empty), not a stranger's page."""
    return not body.strip() or bool(_envelope_of(body).status)


def _envelope_of(body: bytes) -> wire.Envelope:
    try:
        return decode(_envelope, body, "body")
    except MalformedFrame:
        return wire.Envelope()


def _error_of(body: bytes) -> str:
    return " ".join(part for part in wire.error_text(_envelope_of(body).error) if part)
