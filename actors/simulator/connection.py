"""One WebSocket client of the simulator: numbered frames out, pings, and no unbounded memory."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from aiohttp import WSMsgType, web

from actors.simulator.faults import Fault, FaultKind
from actors.simulator.spoiling import Spoiler

QUEUE_FRAMES_MAX: Final = 20_000
QUEUE_BYTES_MAX: Final = 8 * 1024 * 1024
"""A client that lags by more is dropped; a newcomer's replay fits in."""

CLIENT_MESSAGE_BYTES_MAX: Final = 64 * 1024
CLOSE_TIMEOUT_S: Final = 1.0
HALF_OPEN_LINGER_S: Final = 60.0
PING_INTERVAL_S: Final = 15.0
PONG_TIMEOUT_S: Final = 10.0


class Connection:
    """`topic` is the one stream of this connection; `offer` numbers its frames from 1."""

    def __init__(
        self,
        number: int,
        topic: str,
        request: web.Request,
        *,
        ping_interval_s: float = PING_INTERVAL_S,
        pong_timeout_s: float = PONG_TIMEOUT_S,
    ) -> None:
        self.number = number
        self.topic = topic
        self.address = request.remote or ""
        self.seq = 0
        self.first_frame = 0
        """Number of the book frame that was sent as seq 1 (streams of one book)."""

        self.half_open = False
        self.names = frozenset({"ws", topic.partition(":")[0], topic, f"ws:{topic}"})
        self._request = request
        self._ping_interval_s = ping_interval_s
        self._pong_timeout_s = pong_timeout_s
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._wake = asyncio.Event()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._pong = asyncio.Event()
        self._ended = asyncio.Event()
        self._spoiler = Spoiler()
        self._socket = web.WebSocketResponse(
            timeout=CLOSE_TIMEOUT_S,
            autoclose=False,
            autoping=False,
            compress=False,
            max_msg_size=CLIENT_MESSAGE_BYTES_MAX,
        )

    @property
    def queued(self) -> int:
        return len(self._queue)

    def offer(self, payload: bytes) -> None:
        """Queues a frame: `payload` is a JSON object without `seq` and closing brace."""
        self.seq += 1
        frame = b'%b,"seq":%d}' % (payload, self.seq)
        if self.half_open:
            return
        if self._spoiler.idle:
            self._put(frame)
        else:
            for spoiled in self._spoiler.spoil(frame):
                self._put(spoiled)

    def suffer(self, fault: Fault, now_ns: int) -> None:
        """A fault of a frame or link kind strikes this connection."""
        match fault.kind:
            case FaultKind.DISCONNECT:
                self.abort()
            case FaultKind.HALF_OPEN:
                self.half_open = True
                self._queue.clear()
                self._queued_bytes = 0
            case FaultKind.STALL:
                self._flowing.clear()
                if fault.until_ns is not None:
                    delay_s = max(0.0, (fault.until_ns - now_ns) / 1e9)
                    asyncio.get_running_loop().call_later(delay_s, self._flowing.set)
            case _:
                self._spoiler.arm(fault.kind, fault.left or 1, fault.variant, fault.text)

    def abort(self) -> None:
        """Ends the connection without a word, as a broken road does."""
        self._ended.set()
        transport = self._request.transport
        if transport is not None:
            transport.abort()

    async def close(self, code: int, reason: str) -> None:
        """Says goodbye; a client that does not answer in time is cut off."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.close(code=code, message=reason.encode())
        except TimeoutError:
            self.abort()

    async def prepare(self) -> None:
        await self._socket.prepare(self._request)

    async def serve(self) -> web.WebSocketResponse:
        """Runs until the client or the simulator ends it."""
        tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._ping())]
        try:
            await self._read()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if not self._socket.closed:
                await self.close(1000, "")
        return self._socket

    def _put(self, frame: bytes) -> None:
        if (
            len(self._queue) >= QUEUE_FRAMES_MAX
            or self._queued_bytes + len(frame) > QUEUE_BYTES_MAX
        ):
            self.abort()
            return
        self._queue.append(frame)
        self._queued_bytes += len(frame)
        self._wake.set()

    async def _write(self) -> None:
        try:
            while True:
                if not self._queue:
                    self._wake.clear()
                    await self._wake.wait()
                await self._flowing.wait()
                if self._queue:
                    frame = self._queue.popleft()
                    self._queued_bytes -= len(frame)
                    await self._socket.send_frame(frame, WSMsgType.TEXT)
        except ConnectionError:
            # The peer is gone; the reader learns it too and ends the connection.
            return

    async def _ping(self) -> None:
        """The venue's own liveness rule: a Ping, and a Pong in time, or the end."""
        while True:
            await asyncio.sleep(self._ping_interval_s)
            if self.half_open:
                continue
            self._pong.clear()
            try:
                async with asyncio.timeout(self._pong_timeout_s):
                    await self._socket.ping()
                    await self._pong.wait()
            except (TimeoutError, ConnectionError):
                if not self.half_open:
                    self.abort()
                    return

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message.type is WSMsgType.PONG:
                self._pong.set()
            elif message.type is WSMsgType.PING:
                if not self.half_open:
                    await self._pong_back(message.data)
            elif message.type is WSMsgType.CLOSE:
                # A peer that vanished does not answer a goodbye either.
                if self.half_open:
                    await self._linger()
                return
            elif message.type in {WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR}:
                return
            # Anything else is ignored: on v1 the path is the subscription.

    async def _linger(self) -> None:
        try:
            async with asyncio.timeout(HALF_OPEN_LINGER_S):
                await self._ended.wait()
        except TimeoutError:
            return

    async def _pong_back(self, data: bytes) -> None:
        try:
            await self._socket.pong(data)
        except ConnectionError:
            return
