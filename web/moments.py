"""Moments (microseconds since the epoch) as text, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(at_us: int) -> str:
    """To the second, for words: `2026-01-31T12:00:00Z`."""
    return f"{_at(at_us):%Y-%m-%dT%H:%M:%SZ}"


def of_a_name(at_us: int) -> str:
    """To the second, for names of files: `20260131T120000Z`."""
    return f"{_at(at_us):%Y%m%dT%H%M%SZ}"


def _at(at_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=at_us)
