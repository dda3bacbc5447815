"""How a frame goes wrong on its way out; pure."""

from __future__ import annotations

from collections import Counter, deque
from decimal import Decimal
from typing import Any, Final

import msgspec

from actors.simulator.fault_orders import MALFORMED_VARIANTS
from actors.simulator.faults import FaultKind

TEXTS_MAX: Final = 200
"""Worded frames that wait in one connection; beyond, the oldest lose their words."""


class Spoiler:
    """The frame faults that one connection still has to suffer."""

    __slots__ = ("_counts", "_held", "_texts", "_variant", "_variants")

    def __init__(self) -> None:
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
                return []
            case FaultKind.DUPLICATE:
                return [frame, frame]
            case FaultKind.REORDER:
                self._held = frame
                return []
            case FaultKind.MALFORMED:
                # The frame itself still follows: what a bad frame costs is told apart from a gap.
                return [self._malformed(frame), frame]
            case _:
                return _bent_delta(kind, frame)

    def _malformed(self, frame: bytes) -> bytes:
        if self._texts:
            return self._texts.popleft().encode()
        variant = self._variant or MALFORMED_VARIANTS[self._variants % len(MALFORMED_VARIANTS)]
        self._variants += 1
        if variant == "not_json":
            return b"<html><body>502 Bad Gateway</body></html>"
        if variant == "wrong_type":
            return b'{"type":"SNAPSHOT","data":"none","ts":"now","seq":"one"}'
        if variant == "array":
            return b"[1,2,3]"
        return frame[: max(1, len(frame) // 2)]


def _bent_delta(kind: FaultKind, frame: bytes) -> list[bytes] | None:
    """A delta with at least one level, spoiled; None for any other frame."""
    document = msgspec.json.decode(frame)
    data = document.get("data")
    if document.get("type") != "DELTA" or not isinstance(data, dict):
        return None
    rows: list[dict[str, Any]] = data["b"] + data["a"]
    if not rows:
        return None
    if kind is FaultKind.NO_SIZE:
        for row in rows:
            del row["c"]
    elif kind is FaultKind.MISMATCH:
        for row in rows:
            row["c"] = str(Decimal(row["c"]) + Decimal(row["q"]).copy_abs() + 1)
    else:
        # A bid far above every ask; its signed change and its size agree.
        price = Decimal(rows[0]["p"]) * 2
        data["b"].insert(0, {"q": "1", "p": format(price, "f"), "c": "1"})
    return [msgspec.json.encode(document)]
