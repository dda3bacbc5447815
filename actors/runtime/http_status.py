"""What HTTP itself says about failures, the same for REST and for handshakes; pure."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

RETRY_AFTER_S_MAX: Final = 3_600.0
"""A venue that asks for longer is believed for an hour, then asked again."""


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds of `Retry-After` (a number, or a date against the answer's own `Date`), or None."""
    text = _header(headers, "retry-after").strip()
    if not text:
        return None
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return min(float(text), RETRY_AFTER_S_MAX)
    until, now = date_s(text), date_s(_header(headers, "date"))
    if until is None or now is None:
        return None
    return min(max(0.0, until - now), RETRY_AFTER_S_MAX)


def date_s(text: str) -> float | None:
    """An HTTP date as seconds since the epoch, or None."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _header(headers: Mapping[str, str], name: str) -> str:
    for key, value in headers.items():
        if key.lower() == name:
            return value
    return ""
