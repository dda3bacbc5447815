"""What Extended's refusals mean: HTTP statuses, error codes and error frames become faults.

Source: Extended API Documentation, "REST API", error responses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
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
from actors.venues.extended import wire

RETRY_AFTER_S_MAX: Final = 3600.0
"""A venue that asks for more is asked again after an hour all the same."""
_DETAIL_LENGTH_MAX: Final = 200
_MASK: Final = "***"
_KEY_CODES: Final = frozenset({"401", "UNAUTHORIZED", "-32001"})
_UNAVAILABLE_CODES: Final = frozenset({"1006", "1010", "1011", "1012"})
"""Unhandled application error; maintenance, post-only and reduce-only mode of the exchange."""
_DATE_RESOLUTION_MS: Final = 1_000

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
    envelope = wire.decode(_envelope, body, "body")
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
        return KeyRejected(f"HTTP 401 {_masked(_error_of(body), secret)}".rstrip())
    if status >= 500:
        return VenueUnavailable(f"HTTP {status} {_masked(_error_of(body), secret)}".rstrip())
    return fault_of(status, _envelope_of(body).error, f"HTTP {status}", secret)


def fault_of(
    status: int, error: wire.ErrorBody | str | None, otherwise: str, secret: str = ""
) -> VenueFault:
    """The fault that an `error` (of an answer or a frame) means; `otherwise` where it is mute."""
    code, message = wire.error_text(error)
    detail = _masked(message or otherwise, secret)
    if code.upper() in _KEY_CODES:
        return KeyRejected(f"code {code}: {detail}")
    if code in _UNAVAILABLE_CODES:
        return VenueUnavailable(f"code {code}: {detail}")
    return VenueRejected(status, code, detail)


def is_envelope(body: bytes) -> bool:
    """Whether an answer is the venue's own (or empty), not a stranger's page."""
    return not body.strip() or bool(_envelope_of(body).status)


def retry_after_s(headers: Mapping[str, str], received_ns: int) -> float | None:
    """Retry-After in seconds, from seconds or a date; None where absent or unreadable."""
    text = header(headers, "retry-after").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        seconds = float(text)
    else:
        until_ms = _date_ms(text)
        if until_ms is None:
            return None
        now_ms = _date_ms(header(headers, "date"))
        seconds = (until_ms - (received_ns / 1e6 if now_ms is None else now_ms)) / 1_000
    return min(max(seconds, 0.0), RETRY_AFTER_S_MAX)


def clock_offset_ms(headers: Mapping[str, str], received_ns: int) -> float | None:
    """Venue clock minus ours by the Date header, which names whole seconds: ± 0.5 s."""
    date_ms = _date_ms(header(headers, "date"))
    if date_ms is None:
        return None
    return date_ms + _DATE_RESOLUTION_MS / 2 - received_ns / 1e6


def header(headers: Mapping[str, str], name: str) -> str:
    """A header by its lower-case name, however the answer spells it."""
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _date_ms(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() * 1_000
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _envelope_of(body: bytes) -> wire.Envelope:
    try:
        return wire.decode(_envelope, body, "body")
    except MalformedFrame:
        return wire.Envelope()


def _error_of(body: bytes) -> str:
    return " ".join(part for part in wire.error_text(_envelope_of(body).error) if part)


def _masked(text: str, secret: str) -> str:
    return (text.replace(secret, _MASK) if secret else text)[:_DETAIL_LENGTH_MAX]
