"""What replaying a recorded capture asks of a venue: to tell of each frame what stream it is of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from actors.venues.contract import BookSession, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One stream of a capture; `book` is its session where that keeps one.

    `holes()` counts what the session passed over because nothing hung on it.
    """

    stream: str
    session: Session
    book: BookSession | None
    holes: Callable[[], int]


class Capture(Protocol):
    """Finds the stream of each frame of a recorded capture, whatever streams it holds."""

    def read(self, data: bytes, stream: str, now_ns: int) -> tuple[Recorded, bytes] | None:
        """Its stream and what the session shall receive; None for no data, or not asked for.

        `stream` is what the capture itself calls it, if anything. Raises MalformedFrame.
        """
        ...


class Captures(Protocol):
    """Makes the Capture of a file: `symbol` leaves other markets out, `stream` is what frames are
    of that nothing names. Raises ConfigFault (no such product), UsageFault (no such stream).
    """

    def __call__(self, product: str, symbol: str = "", stream: str = "") -> Capture: ...
