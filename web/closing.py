"""How a WebSocket is closed so that its client learns why."""

from __future__ import annotations

import asyncio
from typing import Final

from quart.wrappers import Websocket

CLOSE_WAIT_S: Final = 1.0
REASON_BYTES_MAX: Final = 123
"""RFC 6455 §5.5: a close frame holds a code and at most so much."""


async def goodbye(connection: Websocket, code: int, reason: str) -> None:
    """Closes, and reads on for a moment: closing over unread bytes would lose the close frame."""
    cut = reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
    try:
        async with asyncio.timeout(CLOSE_WAIT_S):
            await connection.close(code, cut)
            while True:
                await connection.receive()
    except TimeoutError:
        pass
