"""One end of a bus link: frames in by the batch, bytes out with back-pressure."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Final, TypeAlias, cast

from actors.errors import MalformedEnvelope
from actors.messages.envelope import Envelope
from actors.runtime.framing import FrameReader

WRITE_BUFFER_BYTES_MAX: Final = 256 * 1024
"""What may wait in the process for a peer that reads slowly before `writable` ends."""
_CREDENTIALS = struct.Struct("3i")

Received: TypeAlias = tuple[Envelope, bytes]
"""An envelope and the frame it came in."""


class FrameStream(asyncio.Protocol):
    """A connected unix stream socket that carries frames.

    `on_frames` gets all whole frames of one read at once; `on_malformed` the fault that ends the
    link (after the good frames before it); `on_closed` follows every end, once.
    """

    def __init__(
        self,
        on_frames: Callable[[list[Received]], None],
        on_closed: Callable[[], None],
        on_open: Callable[[FrameStream], None] = lambda _stream: None,
        on_writable: Callable[[], None] = lambda: None,
        on_malformed: Callable[[MalformedEnvelope], None] = lambda _fault: None,
    ) -> None:
        self._on_frames = on_frames
        self._on_closed = on_closed
        self._on_open = on_open
        self._on_writable = on_writable
        self._on_malformed = on_malformed
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self.writable = False
        """Connected, and the peer keeps up."""

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have all methods of asyncio.Transport but are no subclass of it.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES_MAX)
        self.writable = True
        self._on_open(self)

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            return
        frames: list[Received] = []
        fault: MalformedEnvelope | None = None
        try:
            for received in self._reader.feed(data):
                frames.append(received)  # noqa: PERF402 - what precedes a bad frame must be kept
        except MalformedEnvelope as error:
            fault = error
        try:
            if frames:
                self._on_frames(frames)
        except MalformedEnvelope as error:
            fault = error
        if fault is not None:
            self._on_malformed(fault)
            self.close()

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        if self._transport is not None:
            self.writable = True
            self._on_writable()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the fault's name adds nothing
        self._transport = None
        self.writable = False
        self._on_closed()

    # ours

    @property
    def open(self) -> bool:
        return self._transport is not None

    @property
    def buffered_bytes(self) -> int:
        """Written, but not yet taken by the kernel."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        """Ends the link at once; what the peer did not read is lost, as with a kill."""
        transport, self._transport = self._transport, None
        self.writable = False
        if transport is not None:
            # Later, as asyncio counts the end twice when it comes within resume_writing.
            asyncio.get_running_loop().call_soon(transport.abort)

    def finish(self) -> None:
        """Ends the link once what was written has been taken by the peer."""
        self.writable = False
        if self._transport is not None:
            self._transport.close()

    def peer_uid(self) -> int:
        """The uid of the process at the other end, by the kernel's word (SO_PEERCRED)."""
        assert self._transport is not None
        peer: socket.socket = self._transport.get_extra_info("socket")
        packed = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        return int(_CREDENTIALS.unpack(packed)[1])
