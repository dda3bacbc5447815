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

    def order(self, now_ms: int, side: int) -> int:  # noqa: ARG002 (for venues that tell them apart)
        """The id of a new order of `side`."""
        return self.next(now_ms)

    def next(self, now_ms: int) -> int:
        self._last = max(self._last + 1, (now_ms - _EPOCH_MS) << _COUNTER_BITS)
        return self._last


def id_before(at_ms: int) -> int:
    """The highest id that could have been made before a time."""
    return ((at_ms - _EPOCH_MS) << _COUNTER_BITS) - 1
