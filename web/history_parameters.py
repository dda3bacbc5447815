"""Reads what callers ask of history: times, an interval, how many rows, and in which form."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from quart import request
from werkzeug.datastructures import MIMEAccept

from actors.sinks.contract import PAGE_ROWS_MAX, UNTIL_US
from web import problems
from web.moments import EPOCH
from web.routes.parameters import number_parameter

LIMIT: Final = 100
LIMIT_MAX: Final = PAGE_ROWS_MAX
CSV_LIMIT_MAX: Final = 10_000
INTERVAL_S_MIN: Final = 60
"""Snapshots are stored each minute where nothing changes."""

INTERVAL_S_MAX: Final = 366 * 86_400
TIME_US_MIN: Final = 10**14
"""Smaller numbers are seconds or milliseconds: a mistake that would find nothing."""

TIME_US_MAX: Final = UNTIL_US
CSV: Final = "text/csv"
JSON: Final = "application/json"

_UNIT_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_INTERVAL: Final = re.compile(r"([1-9][0-9]{0,5})([smhdw])")
_DATE_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+ -])(\d\d:\d\d))",
    re.ASCII,
)
_TIME_EXPECTED: Final = (
    "microseconds since the Unix epoch (16 digits, or 0), or RFC 3339 such as 2026-01-31T12:00:00Z"
)


def time_parameter(name: str) -> int | None:
    """Microseconds since the epoch, or None where it is not given."""
    text = request.args.get(name)
    if text is None:
        return None
    found = _time_us(text)
    if found is None:
        raise problems.bad_parameter(name, _TIME_EXPECTED, text)
    return found


def _time_us(text: str) -> int | None:
    if text.isascii() and text.isdigit():
        number = int(text[:20])
        return number if number == 0 or TIME_US_MIN <= number <= TIME_US_MAX else None
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return None
    day, clock, fraction, _, sign, offset = match.groups()
    # In an address a plus sign that is not escaped arrives as a space.
    zone = "+00:00" if sign is None else f"{'-' if sign == '-' else '+'}{offset}"
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{zone}")
        whole_us = (moment - EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None
    found = whole_us + int((fraction or "0").ljust(6, "0")[:6])
    return found if 0 <= found <= TIME_US_MAX else None


def range_parameters() -> tuple[int | None, int | None]:
    """`from` (included) and `to` (not included)."""
    from_us, to_us = time_parameter("from"), time_parameter("to")
    if from_us is not None and to_us is not None and from_us >= to_us:
        text = request.args.get("to")
        raise problems.bad_parameter("to", f"a time after `from`, {from_us}", text)
    return from_us, to_us


def interval_parameter() -> int | None:
    """Seconds, or None where each row is wanted."""
    text = request.args.get("interval")
    if text is None:
        return None
    match = _INTERVAL.fullmatch(text)
    seconds = int(match[1]) * _UNIT_S[match[2]] if match else 0
    if not INTERVAL_S_MIN <= seconds <= INTERVAL_S_MAX:
        expected = "1m to 366d: a whole number and s, m, h, d or w, such as 1m, 5m, 15m, 1h, 4h, 1d"
        raise problems.bad_parameter("interval", expected, text)
    return seconds


def wants_csv() -> bool:
    """Whether the client likes CSV better than JSON."""
    accepted: MIMEAccept = request.accept_mimetypes
    return accepted.best_match((JSON, CSV)) == CSV


def limit_parameter(csv: bool) -> int:
    """How many rows; a file holds more than an answer that a page shows."""
    return number_parameter("limit", 1, CSV_LIMIT_MAX if csv else LIMIT_MAX) or LIMIT
