"""Ids as the venue makes them: time in the high bits, so they rise and exceed 2^53."""

from __future__ import annotations

from typing import Final

_EPOCH_MS: Final = 1_288_833_067_500
_COUNTER_BITS: Final = 22


class Ids:
    """One source of ids for a whole venue; every id is above all earlier ones."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = 0

    def next(self, now_ms: int) -> int:
        self._last = max(self._last + 1, (now_ms - _EPOCH_MS) << _COUNTER_BITS)
        return self._last
