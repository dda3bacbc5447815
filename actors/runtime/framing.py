"""Envelopes to bytes and back: a streaming msgpack parser with explicit limits; pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgpack
import msgspec

from actors.errors import MalformedEnvelope
from actors.messages.envelope import FRAME_BYTES_MAX, Envelope

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Envelope)


def pack(envelope: Envelope) -> bytes:
    """The frame of an envelope."""
    return _encoder.encode(envelope)


def encode_body(message: msgspec.Struct) -> bytes:
    return _encoder.encode(message)


def unpack(frame: bytes) -> Envelope:
    """The envelope of one whole frame, or MalformedEnvelope with what was expected and found."""
    try:
        return _decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedEnvelope(f"no envelope: {error}") from error


class FrameReader:
    """Feeds on what a socket gives and yields whole envelopes, each with the bytes it came in.

    The streaming parser only finds where a frame ends; the typed decoder then reads the frame
    once (0.35 µs for both against 1.0 µs for parsing and checking field by field), and who only
    forwards or journals it has its bytes already.

    Raises MalformedEnvelope for anything that is no envelope; the reader must then be thrown
    away together with its link.
    """

    __slots__ = ("_offset", "_parts", "_unpacker")

    def __init__(self) -> None:
        self._unpacker = msgpack.Unpacker(max_buffer_size=FRAME_BYTES_MAX)
        self._parts: list[bytes] = []
        self._offset = 0

    def feed(self, data: bytes) -> Iterator[tuple[Envelope, bytes]]:
        unpacker = self._unpacker
        parts = self._parts
        parts.append(data)
        # Joined only once a frame ends in it: a large one comes in many pieces.
        held = b""
        base = self._offset
        start = 0
        decode = _decoder.decode
        try:
            unpacker.feed(data)
            while True:
                unpacker.skip()
                held = held or b"".join(parts)
                end = unpacker.tell() - base
                frame = held[start:end]
                start = end
                yield decode(frame), frame
        except msgpack.OutOfData:
            if start:
                self._parts = [held[start:]] if start < len(held) else []
                self._offset = base + start
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise MalformedEnvelope(f"no envelope: {str(error) or type(error).__name__}") from error
        except msgpack.UnpackException as error:
            raise MalformedEnvelope(f"no msgpack: {str(error) or type(error).__name__}") from error
