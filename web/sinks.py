"""Where a stream client's bytes go: its transport, or a queue where only ASGI can reach it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from functools import partial

from web import seam
from web.clients import Client
from web.frames import Door


class QueueSink:
    """Bytes for a client that HTTP/2 or HTTP/1.0 reaches; bounded by the feed, as transports are.

    What is being sent counts as unsent until the next piece is asked for.
    """

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._unsent = 0
        self._news = asyncio.Event()
        self._ended = False

    def write(self, data: bytes, /) -> None:
        if data and not self._ended:
            self._pieces.append(data)
            self._unsent += len(data)
            self._news.set()

    def get_write_buffer_size(self) -> int:
        return self._unsent

    def is_closing(self) -> bool:
        return self._ended

    def end(self) -> None:
        """Nothing more comes; what waits is still sent."""
        self._ended = True
        self._news.set()

    def abort(self) -> None:
        self._pieces.clear()
        self.end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            while self._pieces:
                piece = self._pieces.popleft()
                yield piece
                self._unsent -= len(piece)
            if self._ended:
                return
            self._news.clear()
            await self._news.wait()


class Ending:
    """Set once with the code and the reason with which a client is to be closed."""

    def __init__(self) -> None:
        self.code = 0
        self.reason = ""
        self._event = asyncio.Event()

    def __call__(self, code: int, reason: str) -> None:
        if not self.code:
            self.code, self.reason = code, reason
            self._event.set()

    @property
    def is_set(self) -> bool:
        return self._event.is_set()

    async def wait(self) -> None:
        await self._event.wait()


def direct_client(
    wire: seam.Wire, door: Door, close: Callable[[int, str], None], max_hz: float | None = None
) -> Client:
    """A client whose frames go straight to its connection's transport."""
    seam.prepare_stream(wire.transport)
    unsent = partial(seam.unsent_bytes, wire.transport)
    return Client(wire.transport, door, close, unsent, max_hz)
