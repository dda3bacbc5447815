"""One message, encoded once: its JSON, its WebSocket frame, its SSE event and HTTP/1.1 chunk."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

import msgspec

LAST_CHUNK: Final = b"0\r\n\r\n"

_TEXT_FRAME: Final = b"\x81"
_encoder = msgspec.json.Encoder()


class Door(IntEnum):
    """How a client is reached. The plain doors go through ASGI (HTTP/2, HTTP/1.0)."""

    WEBSOCKET = 0
    SSE = 1
    WEBSOCKET_PLAIN = 2
    SSE_PLAIN = 3

    @property
    def is_sse(self) -> bool:
        return self in (Door.SSE, Door.SSE_PLAIN)


def text_frame(payload: bytes) -> bytes:
    """A whole text frame of a server (RFC 6455 §5.2: unmasked, one of three length forms)."""
    length = len(payload)
    if length < 126:
        return _TEXT_FRAME + length.to_bytes(1, "big") + payload
    if length < 65_536:
        return _TEXT_FRAME + b"\x7e" + length.to_bytes(2, "big") + payload
    return _TEXT_FRAME + b"\x7f" + length.to_bytes(8, "big") + payload


def ping_frame(payload: bytes) -> bytes:
    """A ping, which the peer answers with the same bytes, at most 125 (RFC 6455 §5.5.2)."""
    return b"\x89" + len(payload).to_bytes(1, "big") + payload


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body (RFC 9112 §7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


COMMENT: Final = b": still here\n\n"
KEEP_ALIVE: Final = (b"", chunk(COMMENT), b"", COMMENT)
"""By door; a WebSocket is pinged, a plain one is kept alive by its server."""


class Message:
    """What a client is told, for all doors; each form is made when the first client needs it."""

    __slots__ = ("_forms", "id", "kind", "payload", "seq", "topic")

    def __init__(
        self, kind: str, topic: str, id_: str, fields: dict[str, Any], seq: int = 0
    ) -> None:
        self.kind = kind
        self.topic = topic
        self.id = id_
        self.seq = seq
        self.payload = _encoder.encode({"type": kind, **fields})
        self._forms: list[bytes | None] = [None] * 8

    def form(self, door: Door, *, marks: bool = True) -> bytes:
        """The bytes for a door.

        `marks` is False where the message is no place to resume from, as others of its batch
        follow: its SSE event then has no `id:` line.
        """
        at = door if marks else door + 4
        made = self._forms[at]
        if made is None:
            made = self._forms[at] = self._make(door, marks)
        return made

    def _make(self, door: Door, marks: bool) -> bytes:
        if door is Door.WEBSOCKET_PLAIN:
            return self.payload
        if door is Door.WEBSOCKET:
            return text_frame(self.payload)
        if door is Door.SSE:
            return chunk(self.form(Door.SSE_PLAIN, marks=marks))
        place = b"id: %b\n" % self.id.encode() if marks and self.id else b""
        return b"%bevent: %b\ndata: %b\n\n" % (place, self.kind.encode(), self.payload)
