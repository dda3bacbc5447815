"""The supervisor's end of one child's control link, on the watcher's loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Final

import msgspec

from actors.errors import MalformedEnvelope
from actors.messages.control import Stop
from actors.messages.envelope import VERSION, Envelope
from actors.messages.ids import SUPERVISOR
from actors.runtime.clock import Clock
from actors.runtime.framing import FrameReader, encode_body, pack

READ_BYTES: Final = 64 * 1024
READS_PER_TURN: Final = 4
"""One child that talks without end must not keep the others waiting."""

UNSENT_BYTES_MAX: Final = 64 * 1024
"""A stopped child reads nothing; what waits for it is worth no more than this."""


class ChildLink:
    """Reads envelopes of exactly one source and epoch; closes itself at anything else.

    `receive(envelope)` gets each envelope; `blame(reason)` is called once, if the link had to be
    closed for what came over it.
    """

    def __init__(
        self,
        end: socket.socket,
        actor: str,
        epoch: int,
        clock: Clock,
        *,
        receive: Callable[[Envelope], None],
        blame: Callable[[str], None],
    ) -> None:
        self._end = end
        self._actor = actor
        self._epoch = epoch
        self._clock = clock
        self._receive = receive
        self._blame = blame
        self._frames = FrameReader()
        self._loop = asyncio.get_running_loop()
        self._unsent = bytearray()
        self._seq = 0
        self.is_open = True
        end.setblocking(False)
        self._loop.add_reader(end, self._on_readable)

    def send(self, kind: str, body: msgspec.Struct) -> bool:
        """Queue one message; False where the link is closed or too much waits."""
        if not self.is_open or len(self._unsent) > UNSENT_BYTES_MAX:
            return False
        self._seq += 1
        now = self._clock.monotonic_ns()
        body_bytes = encode_body(body)
        envelope = Envelope(VERSION, kind, SUPERVISOR, 0, self._seq, now, "", body_bytes)
        self._unsent += pack(envelope)
        self._on_writable()
        return True

    def send_stop(self) -> bool:
        return self.send("stop", Stop())

    def drain(self) -> None:
        """Read all that is there: what a child said before it died is part of its story."""
        while self.is_open and self._read_once():
            pass
        self.close()

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self._loop.remove_reader(self._end)
            self._loop.remove_writer(self._end)
            self._end.close()

    def _on_readable(self) -> None:
        for _ in range(READS_PER_TURN):
            if not self.is_open or not self._read_once():
                return

    def _read_once(self) -> bool:
        """Read once; False when nothing (more) is to be had."""
        try:
            data = self._end.recv(READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.close()
            return False
        try:
            for envelope, _frame in self._frames.feed(data):
                if envelope.source != self._actor or envelope.epoch != self._epoch:
                    raise MalformedEnvelope(
                        f"source: expected {self._actor} of epoch {self._epoch}, "
                        f"found {envelope.source} of epoch {envelope.epoch}"
                    )
                self._receive(envelope)
        except MalformedEnvelope as fault:
            self.close()
            self._blame(str(fault))
            return False
        return len(data) == READ_BYTES

    def _on_writable(self) -> None:
        try:
            sent = self._end.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            # The reader meets the end of the link too, and closes it.
            self._unsent.clear()
            sent = 0
        del self._unsent[:sent]
        if self._unsent:
            self._loop.add_writer(self._end, self._on_writable)
        else:
            self._loop.remove_writer(self._end)
