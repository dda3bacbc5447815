"""The source's end of the cache link: connects for ever, empties the outbox, hears the acks."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Final

import msgspec

from actors.errors import MalformedEnvelope
from actors.messages.control import Ack, Hello, Welcome
from actors.messages.envelope import VERSION, Envelope
from actors.runtime.clock import Clock
from actors.runtime.dialer import Dialer
from actors.runtime.framing import encode_body, pack
from actors.runtime.outbox import Outbox
from actors.runtime.unix_stream import FrameStream, Received

WRITE_BYTES: Final = 128 * 1024
"""Taken from the outbox at once."""

WelcomeListener = Callable[[Welcome], None]

_welcomes = msgspec.msgpack.Decoder(Welcome)
_acks = msgspec.msgpack.Decoder(Ack)


class CacheLink:
    """Carries one source's outbox to the cache.

    After every `welcome` the unacknowledged events go out again and each `on_welcome` listener
    puts the actor's current state. `connected` is true between welcome and loss.
    """

    def __init__(self, path: str, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock
        self._outbox_id = uuid.uuid4().hex
        self._listeners: list[WelcomeListener] = []
        self._stream: FrameStream | None = None
        self._welcomed = asyncio.Event()
        self._dialer = Dialer(path, self._receive, self._greet, self._lost, self._pump)
        self._greeted = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._scheduled = False
        self._first: Welcome | None = None
        self.welcome: Welcome | None = None
        """The cache's latest answer."""
        self.connects = 0
        outbox.on_pending = self._wake

    @property
    def connected(self) -> bool:
        return self._welcomed.is_set()

    def on_welcome(self, listener: WelcomeListener) -> None:
        """`listener(welcome)` after each welcome; at once where the link is up already."""
        self._listeners.append(listener)
        if self.connected and self.welcome is not None:
            listener(self.welcome)

    async def first_welcome(self) -> Welcome:
        """The cache's answer to this incarnation's first hello; waits for it."""
        await self._greeted.wait()
        assert self._first is not None
        return self._first

    async def run(self) -> None:
        """Connects, and again after each loss, until cancelled."""
        try:
            await self._dialer.run()
        finally:
            self._lost()

    async def close(self, flush_s: float) -> bool:
        """Waits at most `flush_s` until the cache has everything; whether it does.

        The link itself ends with the cancelling of `run`.
        """
        try:
            async with asyncio.timeout(flush_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        finally:
            if self._stream is not None:
                self._stream.finish()
        return True

    def _greet(self, stream: FrameStream) -> None:
        self._stream = stream
        outbox = self._outbox
        now = self._clock.monotonic_ns()
        hello = encode_body(Hello(role="source", stream_id=self._outbox_id))
        stream.write(
            pack(Envelope(VERSION, "hello", outbox.source, outbox.epoch, 0, now, "", hello))
        )

    def _lost(self) -> None:
        self._stream = None
        if self._welcomed.is_set():
            self._welcomed.clear()
            self._outbox.link_down()

    def _receive(self, frames: list[Received]) -> None:
        for envelope, _ in frames:
            try:
                self._hear(envelope)
            except msgspec.DecodeError as error:
                raise MalformedEnvelope(f"{envelope.kind} of the cache: {error}") from error

    def _hear(self, envelope: Envelope) -> None:
        match envelope.kind:
            case "ack":
                self._outbox.acknowledge(_acks.decode(envelope.body).seq)
                self._note_idle()
            case "welcome":
                self._accept(_welcomes.decode(envelope.body))
            case "resync":
                self._outbox.resync(envelope.key)
            case kind:
                raise MalformedEnvelope(f"kind: expected ack, welcome or resync, found {kind!r}")

    def _accept(self, welcome: Welcome) -> None:
        self.connects += 1
        self.welcome = welcome
        if self._first is None:
            self._first = welcome
            self._greeted.set()
        self._outbox.link_up(welcome.acknowledged)
        self._welcomed.set()
        self._dialer.answered()
        for listener in self._listeners:
            listener(welcome)
        self._wake()

    def _wake(self) -> None:
        """One write per turn of the loop, however much was put in it."""
        self._idle.clear()
        if self._scheduled or not self._welcomed.is_set():
            return
        self._scheduled = True
        asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        self._pump()

    def _pump(self) -> None:
        stream = self._stream
        while stream is not None and stream.writable and self._welcomed.is_set():
            frames = self._outbox.take(WRITE_BYTES)
            if not frames:
                break
            stream.write(b"".join(frames))
        self._note_idle()

    def _note_idle(self) -> None:
        if not self._outbox.pending and not self._outbox.unacknowledged:
            self._idle.set()
