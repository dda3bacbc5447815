"""How a frame goes wrong on its way out; pure."""

from __future__ import annotations

from collections import Counter, deque
from typing import Final, Protocol

from actors.simulator.fault_orders import MALFORMED_VARIANTS
from actors.simulator.faults import FaultKind

TEXTS_MAX: Final = 200
"""Worded frames that wait in one stream; beyond, the oldest lose their words."""


class FrameForm(Protocol):
    """What a venue's frames look like, as far as spoiling them goes."""

    def finished(self, payload: bytes, seq: int) -> bytes:
        """The frame that goes out, from what a stream was offered as its `seq`-th."""

    def skippable(self, frame: bytes) -> bool:
        """Whether a client can notice that this frame is missing."""

    def mistyped(self, frame: bytes) -> bytes:
        """A frame whose fields have the wrong types."""

    def bent(self, kind: FaultKind, frame: bytes) -> bytes | None:
        """A book's update with at least one level, spoiled; None for any other frame."""


class Spoiler:
    """The frame faults that one stream still has to suffer."""

    __slots__ = ("_counts", "_form", "_held", "_texts", "_variant", "_variants")

    def __init__(self, form: FrameForm) -> None:
        self._form = form
        self._counts: Counter[FaultKind] = Counter()
        self._held: bytes | None = None
        self._texts: deque[str] = deque(maxlen=TEXTS_MAX)
        self._variant = ""
        self._variants = 0

    @property
    def idle(self) -> bool:
        return not self._counts and self._held is None

    def arm(self, kind: FaultKind, count: int, variant: str = "", text: str = "") -> None:
        self._counts[kind] += count
        if kind is FaultKind.MALFORMED:
            self._variant = variant
            if text:
                self._texts.extend([text] * min(count, TEXTS_MAX))

    def spoil(self, frame: bytes) -> list[bytes]:
        """What goes out instead of `frame`; a kind that does not fit the frame waits."""
        if self._held is not None:
            held, self._held = self._held, None
            return [frame, held]
        for kind in tuple(self._counts):
            frames = self._apply(kind, frame)
            if frames is not None:
                self._counts[kind] -= 1
                self._counts += Counter()
                return frames
        return [frame]

    def _apply(self, kind: FaultKind, frame: bytes) -> list[bytes] | None:
        match kind:
            case FaultKind.GAP:
                return [] if self._form.skippable(frame) else None
            case FaultKind.DUPLICATE:
                return [frame, frame]
            case FaultKind.REORDER:
                self._held = frame
                return []
            case FaultKind.MALFORMED:
                # The frame itself still follows: what a bad frame costs is told apart from a gap.
                return [self._malformed(frame), frame]
            case _:
                bent = self._form.bent(kind, frame)
                return None if bent is None else [bent]

    def _malformed(self, frame: bytes) -> bytes:
        if self._texts:
            return self._texts.popleft().encode()
        variant = self._variant or MALFORMED_VARIANTS[self._variants % len(MALFORMED_VARIANTS)]
        self._variants += 1
        if variant == "not_json":
            return b"<html><body>502 Bad Gateway</body></html>"
        if variant == "wrong_type":
            return self._form.mistyped(frame)
        if variant == "array":
            return b"[1,2,3]"
        return frame[: max(1, len(frame) // 2)]
