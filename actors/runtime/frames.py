"""The last raw frames and answers of a venue, kept for who asks what it really said; bounded."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from actors.errors import MalformedFrame
from actors.runtime.masking import LIVE, Masker

RECENT_MAX: Final = 32
MALFORMED_MAX: Final = 16
FRAME_LENGTH_MAX: Final = 2_048
"""Characters shown of one frame."""
SPARE_LENGTH: Final = 512
"""Kept beyond that: of a secret that the cut goes through, the rest could not be masked by value,
so a cut frame's end is not shown. 48 frames of 2.5 KiB bound a connection's memory to 120 KiB."""
KEPT_LENGTH_MAX: Final = FRAME_LENGTH_MAX + SPARE_LENGTH
ANSWERS_MAX: Final = 32
ANSWERS_MALFORMED_MAX: Final = 8

COMPLAINT_NS: Final = 1_000_000_000
"""A venue that changes its format must not flood the supervisor with one report per frame."""


class KeptFrame(NamedTuple):
    """`text` can be shown; `why` is empty for a frame that was good.

    `request` and `status` are those of an answer over REST.
    """

    received_ns: int
    text: str
    why: str
    request: str = ""
    status: int = 0


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
        self._recent.append((received_ns, data[:KEPT_LENGTH_MAX]))

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
            KeptFrame(received_ns, _shown(self._masker, data), "")
            for received_ns, data in self._recent
        )

    def all(self) -> list[KeptFrame]:
        """Recent ones and malformed ones, each once, oldest first."""
        malformed = {frame.received_ns for frame in self._malformed}
        good = [frame for frame in self.recent() if frame.received_ns not in malformed]
        return sorted([*good, *self._malformed], key=lambda frame: frame.received_ns)


class AnswerRing:
    """As FrameRing, of what was asked and answered over REST."""

    __slots__ = ("_malformed", "_masker", "_recent")

    def __init__(self, masker: Masker = LIVE) -> None:
        self._masker = masker
        self._recent: deque[tuple[int, str, int, bytes]] = deque(maxlen=ANSWERS_MAX)
        self._malformed: deque[KeptFrame] = deque(maxlen=ANSWERS_MALFORMED_MAX)

    def keep(self, request: str, status: int, body: bytes, received_ns: int) -> None:
        """`request` is method, path and query; neither it nor the body is masked yet."""
        self._recent.append((received_ns, request, status, body[:KEPT_LENGTH_MAX]))

    def keep_malformed(
        self, request: str, status: int, body: bytes, received_ns: int, why: str
    ) -> None:
        text = self._masker.frame(body)[:FRAME_LENGTH_MAX]
        why = self._masker.text(why)
        self._malformed.append(KeptFrame(received_ns, text, why, self._request(request), status))

    def all(self) -> list[KeptFrame]:
        """Recent ones, masked now, and malformed ones, each once, oldest first."""
        malformed = {(frame.received_ns, frame.request) for frame in self._malformed}
        found = [
            KeptFrame(received_ns, _shown(self._masker, body), "", self._request(request), status)
            for received_ns, request, status, body in self._recent
        ]
        good = [frame for frame in found if (frame.received_ns, frame.request) not in malformed]
        return sorted([*good, *self._malformed], key=lambda frame: frame.received_ns)

    def _request(self, request: str) -> str:
        return self._masker.text(request)


def _shown(masker: Masker, data: str | bytes) -> str:
    text = masker.frame(data)
    if len(data) == KEPT_LENGTH_MAX:
        text = text[:-SPARE_LENGTH]
    return text[:FRAME_LENGTH_MAX]
