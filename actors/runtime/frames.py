"""The last raw frames of a connection, kept for the case that something goes wrong; bounded."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from actors.errors import MalformedFrame
from actors.runtime.masking import LIVE, Masker

RECENT_MAX: Final = 32
MALFORMED_MAX: Final = 16
FRAME_LENGTH_MAX: Final = 2_048
"""Characters kept of one frame: 48 frames of 2 KiB bound a connection's memory to 96 KiB."""


COMPLAINT_NS: Final = 1_000_000_000
"""A venue that changes its format must not flood the supervisor with one report per frame."""


class KeptFrame(NamedTuple):
    """`text` can be shown; `why` is empty for a frame that was good."""

    received_ns: int
    text: str
    why: str


class Complaints:
    """Lets malformed frames be reported at most once in COMPLAINT_NS, with their count."""

    __slots__ = ("_kept_back", "_last_ns")

    def __init__(self) -> None:
        self._last_ns: int | None = None
        self._kept_back = 0

    def due(self, now_mono_ns: int) -> int:
        """One more: for how many to speak now, 0 for not yet."""
        self._kept_back += 1
        if self._last_ns is not None and now_mono_ns - self._last_ns < COMPLAINT_NS:
            return 0
        self._last_ns = now_mono_ns
        count, self._kept_back = self._kept_back, 0
        return count


def complaint(fault: MalformedFrame, frame: KeptFrame, count: int) -> MalformedFrame:
    """`fault` with the frame that it speaks of, for `count` of its like."""
    times = f" (one of {count})" if count > 1 else ""
    return MalformedFrame(fault.field, fault.expected, f"{fault.found}{times} in {frame.text}")


class FrameRing:
    """Recent frames as they came, and malformed ones with what was wrong about them."""

    __slots__ = ("_malformed", "_masker", "_recent")

    def __init__(self, masker: Masker = LIVE) -> None:
        self._masker = masker
        self._recent: deque[tuple[int, str | bytes]] = deque(maxlen=RECENT_MAX)
        self._malformed: deque[KeptFrame] = deque(maxlen=MALFORMED_MAX)

    def keep(self, data: str | bytes, received_ns: int) -> None:
        # A slice is cheap; masking would cost each good frame a parse, so it waits for a reader.
        self._recent.append((received_ns, data[:FRAME_LENGTH_MAX]))

    def keep_malformed(self, data: str | bytes, received_ns: int, why: str) -> KeptFrame:
        # Masked before it is cut: half a JSON text would only be masked by value.
        text = self._masker.frame(data)[:FRAME_LENGTH_MAX]
        kept = KeptFrame(received_ns, text, self._masker.text(why))
        self._malformed.append(kept)
        return kept

    @property
    def malformed(self) -> tuple[KeptFrame, ...]:
        """Oldest first."""
        return tuple(self._malformed)

    def recent(self) -> tuple[KeptFrame, ...]:
        """Oldest first, masked now."""
        return tuple(
            KeptFrame(received_ns, self._masker.frame(data), "")
            for received_ns, data in self._recent
        )
