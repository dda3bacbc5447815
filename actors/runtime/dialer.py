"""Keeps one client connected to a unix socket: dials, waits for an answer, dials again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from actors.runtime.unix_stream import FrameStream, Received

RETRY_DELAY_S_MIN: Final = 0.02
RETRY_DELAY_S_MAX: Final = 1.0
ANSWER_TIMEOUT_S: Final = 30.0
"""The socket outlives its server: a greeting waits in the backlog while a cache replays."""


class Dialer:
    """One connection at a time, for ever.

    `on_open` gets the stream to greet on; the client calls `answered` once the server's greeting
    was heard; `on_lost` follows the end of every connection that was opened.
    """

    def __init__(
        self,
        path: str,
        on_frames: Callable[[list[Received]], None],
        on_open: Callable[[FrameStream], None],
        on_lost: Callable[[], None],
        on_writable: Callable[[], None] = lambda: None,
    ) -> None:
        self._path = path
        self._on_frames = on_frames
        self._on_open = on_open
        self._on_lost = on_lost
        self._on_writable = on_writable
        self._answer: asyncio.Event | None = None

    def answered(self) -> None:
        """The server greeted back: from now on only the link's end ends the wait."""
        if self._answer is not None:
            self._answer.set()

    async def run(self) -> None:
        """Until cancelled; delays double from RETRY_DELAY_S_MIN, and start anew after a success."""
        delay = RETRY_DELAY_S_MIN
        while True:
            if await self._once():
                delay = RETRY_DELAY_S_MIN
            await asyncio.sleep(delay)
            delay = min(delay * 2, RETRY_DELAY_S_MAX)

    async def _once(self) -> bool:
        """One connection from attempt to end; whether the server ever answered."""
        answer = self._answer = asyncio.Event()
        closed = asyncio.Event()

        def on_closed() -> None:
            closed.set()
            self._on_lost()

        stream = FrameStream(self._on_frames, on_closed, self._on_open, self._on_writable)
        try:
            await asyncio.get_running_loop().create_unix_connection(lambda: stream, self._path)
        except OSError:
            return False
        patience = asyncio.get_running_loop().call_later(
            ANSWER_TIMEOUT_S, lambda: None if answer.is_set() else stream.close()
        )
        try:
            await closed.wait()
        finally:
            patience.cancel()
            stream.close()
        return answer.is_set()
