"""One WebSocket client of the simulator: frames out and in, and no unbounded memory."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from aiohttp import WSMsgType, web

from actors.simulator.faults import Fault, FaultKind

if TYPE_CHECKING:
    from actors.simulator.dialects.contract import Session
    from actors.simulator.subscription import Subscription

QUEUE_FRAMES_MAX: Final = 20_000
QUEUE_BYTES_MAX: Final = 8 * 1024 * 1024
"""A client that lags by more is dropped; a newcomer's replay fits in."""

CLIENT_MESSAGE_BYTES_MAX: Final = 64 * 1024
CLOSE_TIMEOUT_S: Final = 1.0
HALF_OPEN_LINGER_S: Final = 60.0


class Connection:
    """`subscriptions` are its streams by topic; who opens and shuts them keeps them there."""

    def __init__(self, number: int, request: web.Request) -> None:
        self.number = number
        self.address = request.remote or ""
        self.half_open = False
        self.subscriptions: dict[str, Subscription] = {}
        self._request = request
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._urgent: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._stalls = 0
        self._ended = asyncio.Event()
        self._socket = web.WebSocketResponse(
            timeout=CLOSE_TIMEOUT_S,
            autoclose=False,
            autoping=False,
            compress=False,
            max_msg_size=CLIENT_MESSAGE_BYTES_MAX,
        )

    @property
    def names(self) -> frozenset[str]:
        """What a fault may call it: by any of its streams."""
        return frozenset({"ws"}).union(*(one.names for one in self.subscriptions.values()))

    @property
    def queued(self) -> int:
        return len(self._queue)

    def put(self, frame: bytes) -> None:
        """Queues a frame of data."""
        self._append(self._queue, frame)

    def say(self, frame: bytes) -> None:
        """Queues a word about the connection itself, which overtakes data, even stalled data."""
        self._append(self._urgent, frame)

    def suffer(self, fault: Fault, now_ns: int) -> None:
        """A fault of a link kind strikes this connection."""
        match fault.kind:
            case FaultKind.DISCONNECT:
                self.abort()
            case FaultKind.HALF_OPEN:
                self.half_open = True
                self._queue.clear()
                self._urgent.clear()
                self._queued_bytes = 0
            case FaultKind.STALL:
                self._stalls += 1
                if fault.until_ns is not None:
                    delay_s = max(0.0, (fault.until_ns - now_ns) / 1e9)
                    asyncio.get_running_loop().call_later(delay_s, self._flow)

    def abort(self) -> None:
        """Ends the connection without a word, as a broken road does."""
        self._ended.set()
        transport = self._request.transport
        if transport is not None:
            transport.abort()

    async def ping(self) -> None:
        """WebSocket's own; raises ConnectionError."""
        await self._socket.ping()

    async def tell(self, frame: bytes) -> None:
        """Sends a word at once, past every queue."""
        if not self.half_open:
            try:
                await self._socket.send_frame(frame, WSMsgType.TEXT)
            except ConnectionError:
                return

    async def close(self, code: int, reason: str) -> None:
        """Says goodbye; a client that does not answer in time is cut off."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.close(code=code, message=reason.encode())
        except TimeoutError:
            self.abort()

    async def prepare(self) -> None:
        await self._socket.prepare(self._request)

    async def serve(self, session: Session) -> web.WebSocketResponse:
        """Runs until the client, the session or the simulator ends it."""
        tasks = [asyncio.create_task(self._write()), asyncio.create_task(session.live())]
        try:
            await self._read(session)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if not self._socket.closed:
                await self.close(1000, "")
        return self._socket

    def _append(self, queue: deque[bytes], frame: bytes) -> None:
        if self.half_open:
            return
        if len(queue) >= QUEUE_FRAMES_MAX or self._queued_bytes + len(frame) > QUEUE_BYTES_MAX:
            self.abort()
            return
        queue.append(frame)
        self._queued_bytes += len(frame)
        self._wake.set()

    def _flow(self) -> None:
        self._stalls -= 1
        self._wake.set()

    async def _write(self) -> None:
        try:
            while True:
                queue = self._urgent or (self._queue if not self._stalls else None)
                if not queue:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                frame = queue.popleft()
                self._queued_bytes -= len(frame)
                await self._socket.send_frame(frame, WSMsgType.TEXT)
        except ConnectionError:
            # The peer is gone; the reader learns it too and ends the connection.
            return

    async def _read(self, session: Session) -> None:
        while True:
            message = await self._socket.receive()
            if message.type is WSMsgType.TEXT:
                session.stirred(pong=False)
                session.heard(message.data)
            elif message.type in {WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG}:
                session.stirred(pong=message.type is WSMsgType.PONG)
                if message.type is WSMsgType.PING and not self.half_open:
                    await self._pong_back(message.data)
            elif message.type is WSMsgType.CLOSE:
                # A peer that vanished does not answer a goodbye either.
                if self.half_open:
                    await self._linger()
                return
            else:
                return

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
