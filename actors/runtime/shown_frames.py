"""Answers an operator who asks what a venue really sent: the newest frames of an actor's lanes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from actors.errors import UsageFault
from actors.runtime.frames import AnswerRing, FrameRing, KeptFrame

SHOWN_MAX: Final = 100
SHOWN_BYTES_MAX: Final = 96 * 1024
"""Of all texts shown together; below what one reply to the supervisor may have."""

Rings = Mapping[str, FrameRing | AnswerRing]
"""By lane."""


def frames_answer(rings: Rings) -> Callable[[Mapping[str, str]], dict[str, Any]]:
    """The handler of an operator's question for the frames of these lanes."""

    def handler(args: Mapping[str, str]) -> dict[str, Any]:
        return shown_frames(rings, _limit(args))

    return handler


def shown_frames(rings: Rings, limit: int) -> dict[str, Any]:
    """The newest `limit` of all lanes, newest first; `cut` where SHOWN_BYTES_MAX left some out."""
    found = [(lane, frame) for lane, ring in rings.items() for frame in ring.all()]
    found.sort(key=lambda pair: pair[1].received_ns, reverse=True)
    return _within(found[:limit])


def _within(found: Iterable[tuple[str, KeptFrame]]) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    room = SHOWN_BYTES_MAX
    for lane, frame in found:
        room -= len(frame.text.encode()) + len(frame.why) + len(frame.request)
        if room < 0:
            return {"frames": rows, "cut": True}
        row = {"lane": lane, "at_us": frame.received_ns // 1000, "text": frame.text}
        row |= {"why": frame.why, "request": frame.request, "status": frame.status or None}
        rows.append(row)
    return {"frames": rows, "cut": False}


def _limit(args: Mapping[str, str]) -> int:
    text = args.get("limit", str(SHOWN_MAX))
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:9]) <= SHOWN_MAX:
        raise UsageFault(f"limit: expected a whole number from 1 to {SHOWN_MAX}, found {text!r}")
    return int(text)
