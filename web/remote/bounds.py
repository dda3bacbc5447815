"""How long a relayed call may wait, how many there may be, and what ends them at a stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from web.problems import Problem

CALLS_MAX: Final = 256
"""Plain calls at once; each may hold a body of `MAX_BODY_BYTES`."""

STREAMS_MAX: Final = 4_000
"""SSE and WebSocket clients at once: each takes two sockets here."""

RETRY_AFTER_S: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times in seconds.

    `handshake_s`: of a WebSocket, the connection included. `first_byte_s`: until the answer begins,
    counted anew with each piece of the request's body.
    `stream_idle_s`: a collector writes a comment each 15 s; three missed ones, and the stream is
    taken for dead. `ping_s`: so often either end of a WebSocket is pinged. `stall_s`: whoever takes
    nothing for so long is dropped. `close_s` and `goodbye_s`: so long the remote and the client may
    take to answer a close; a client may have much to read before it.
    """

    connect_s: float = 5.0
    handshake_s: float = 10.0
    first_byte_s: float = 30.0
    upload_idle_s: float = 10.0
    idle_s: float = 30.0
    stream_idle_s: float = 45.0
    ping_s: float = 15.0
    stall_s: float = 30.0
    close_s: float = 2.0
    goodbye_s: float = 10.0


class Room:
    """Counts what runs of one kind, knows how to end it, and lets no more in than its limit."""

    def __init__(self, what: str, limit: int) -> None:
        self._what = what
        self._limit = limit
        self._ends: set[Callable[[], None]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._ends)

    @contextmanager
    def held(self, end: Callable[[], None]) -> Iterator[None]:
        """A place for as long as it is entered; Problem (503) where there is none.

        `end` is called when the service stops.
        """
        if self._closed or len(self._ends) >= self._limit:
            detail = f"{self._limit} {self._what} are relayed already, or the service stops"
            raise Problem(503, "relay-full", detail, {"Retry-After": str(RETRY_AFTER_S)})
        self._ends.add(end)
        try:
            yield
        finally:
            self._ends.discard(end)

    def close(self) -> None:
        """Ends all and takes no more in."""
        self._closed = True
        for end in tuple(self._ends):
            end()
