"""What HTTP itself says in an answer, whatever the venue: dates, Retry-After, texts to be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

RETRY_AFTER_S_MAX: Final = 3600.0
"""A venue that asks for more is asked again after an hour all the same."""
DETAIL_LENGTH_MAX: Final = 200
_MASK: Final = "***"


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


def header(headers: Mapping[str, str], name: str) -> str:
    """A header by its lower-case name, however the answer spells it."""
    return next((value for key, value in headers.items() if key.lower() == name), "")


def masked(text: str, secret: str) -> str:
    """Short enough to be shown, and without the secret."""
    return (text.replace(secret, _MASK) if secret else text)[:DETAIL_LENGTH_MAX]


def _date_ms(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() * 1_000
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
