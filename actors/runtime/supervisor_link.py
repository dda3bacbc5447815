"""A child's end of its control link: frames out without waiting, messages in to handlers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Final, cast

import msgspec

from actors.errors import MalformedEnvelope
from actors.messages.envelope import VERSION, Envelope
from actors.messages.ids import SUPERVISOR
from actors.runtime.clock import Clock
from actors.runtime.framing import FrameReader, encode_body, pack

UNSENT_BYTES_MAX: Final = 1024 * 1024
"""A supervisor that does not read for a while costs its children no more than this each."""


class SupervisorLink(asyncio.Protocol):
    """`receive(envelope)` is called for each message of the supervisor, in order.

    A supervisor is trusted to frame well; what does not parse ends the link, and with it the
    process: without its supervisor a child has nobody to work for.
    """

    def __init__(
        self, actor: str, epoch: int, clock: Clock, receive: Callable[[Envelope], None]
    ) -> None:
        self._actor = actor
        self._epoch = epoch
        self._clock = clock
        self._receive = receive
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._seq = 0
        self.dropped = 0
        self.lost = asyncio.Event()
        self._empty = asyncio.Event()

    async def open(self, descriptor: int) -> None:
        """Take over `descriptor`, the child's end of a stream socketpair."""
        loop = asyncio.get_running_loop()
        end = socket.socket(fileno=descriptor)
        end.setblocking(False)
        await loop.create_unix_connection(lambda: self, sock=end)

    def send(self, kind: str, body: msgspec.Struct) -> bool:
        """Hand one frame to the transport; False (and counted) where too much waits unsent."""
        return self.send_together((kind, body))

    def send_together(self, *messages: tuple[str, msgspec.Struct]) -> bool:
        """As `send`, in one write, so that the supervisor reads them at one time."""
        transport = self._transport
        if transport is None or transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            self.dropped += 1
            return False
        transport.write(b"".join(self._frame(kind, body) for kind, body in messages))
        return True

    def _frame(self, kind: str, body: msgspec.Struct) -> bytes:
        self._seq += 1
        now = self._clock.monotonic_ns()
        encoded = encode_body(body)
        return pack(Envelope(VERSION, kind, self._actor, self._epoch, self._seq, now, "", encoded))

    async def flush(self, timeout_s: float) -> None:
        """Wait until the kernel has every byte; what it has outlives this process."""
        if self._transport is None or not self._transport.get_write_buffer_size():
            return
        # With these limits the transport says "resume" only once its buffer is empty.
        self._transport.set_write_buffer_limits(high=0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._empty.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are of no common class with asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            for envelope, _frame in self._reader.feed(data):
                if envelope.source == SUPERVISOR:
                    self._receive(envelope)
        except MalformedEnvelope:
            self._close()

    def resume_writing(self) -> None:
        self._empty.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        self._transport = None
        self._empty.set()
        self.lost.set()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
