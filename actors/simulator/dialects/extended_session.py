"""The talk on a connection of Extended's v1 streams: the path is the subscription, Pings the rest.

PROTOCOL 3.1.
"""

from __future__ import annotations

import asyncio

from actors.simulator.connection import Connection
from actors.simulator.dialects.contract import Door, SessionTimes


class ExtendedSession:
    """One stream; what the client writes is ignored."""

    def __init__(self, connection: Connection, topic: str, door: Door, times: SessionTimes) -> None:
        self._connection = connection
        self._topic = topic
        self._door = door
        self._times = times
        self._pong = asyncio.Event()

    def began(self) -> None:
        self._door.open(self._connection, self._topic)

    def heard(self, text: str) -> None:
        """On v1 a client has nothing to say."""

    def stirred(self, *, pong: bool) -> None:
        if pong:
            self._pong.set()

    async def live(self) -> None:
        """The venue's own liveness rule: a Ping, and a Pong in time, or the end."""
        while True:
            await asyncio.sleep(self._times.ping_interval_s)
            if self._connection.half_open:
                continue
            self._pong.clear()
            try:
                async with asyncio.timeout(self._times.pong_timeout_s):
                    await self._connection.ping()
                    await self._pong.wait()
            except (TimeoutError, ConnectionError):
                if not self._connection.half_open:
                    self._connection.abort()
                    return

    async def farewell(self) -> None:
        """v1 has no word for it."""
