"""Envelopes to bytes and back: a streaming msgpack parser with explicit limits; pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgpack
import msgspec

from actors.errors import MalformedEnvelope
from actors.messages.envelope import (
    BODY_BYTES_MAX,
    FRAME_BYTES_MAX,
    TEXT_LENGTH_MAX,
    VERSION,
    Envelope,
)

_FIELDS = 8
_encoder = msgspec.msgpack.Encoder()


def pack(envelope: Envelope) -> bytes:
    """The frame of an envelope."""
    return _encoder.encode(envelope)


def encode_body(message: msgspec.Struct) -> bytes:
    return _encoder.encode(message)


def checked(item: object) -> Envelope:
    """`item` as an envelope, or MalformedEnvelope with what was expected and what came."""
    if type(item) is not tuple or len(item) != _FIELDS:
        raise MalformedEnvelope(f"expected an array of {_FIELDS}, found {_shape(item)}")
    envelope = Envelope._make(item)
    version, kind, source, epoch, seq, sent_ns, key, body = envelope
    if type(version) is not int or version != VERSION:
        raise MalformedEnvelope(f"version: expected {VERSION}, found {_shape(version)}")
    for name, text in (("kind", kind), ("source", source), ("key", key)):
        if type(text) is not str or len(text) > TEXT_LENGTH_MAX:
            raise MalformedEnvelope(f"{name}: expected text, found {_shape(text)}")
    for name, number in (("epoch", epoch), ("seq", seq), ("sent_ns", sent_ns)):
        if type(number) is not int or number < 0:
            raise MalformedEnvelope(f"{name}: expected a whole number ≥ 0, found {_shape(number)}")
    if type(body) is not bytes or len(body) > BODY_BYTES_MAX:
        raise MalformedEnvelope(f"body: expected bytes, found {_shape(body)}")
    return envelope


def _shape(item: object) -> str:
    if isinstance(item, (tuple, list)):
        return f"array of {len(item)}"
    if isinstance(item, (str, bytes, dict)):
        return f"{type(item).__name__} of length {len(item)}"
    return repr(item)[:60]


class FrameReader:
    """Feeds on what a socket gives and yields whole envelopes.

    Raises MalformedEnvelope for anything else; the reader must then be thrown away together
    with its link.
    """

    __slots__ = ("_unpacker",)

    def __init__(self) -> None:
        self._unpacker = msgpack.Unpacker(
            use_list=False,
            raw=False,
            strict_map_key=True,
            max_buffer_size=FRAME_BYTES_MAX,
            max_str_len=TEXT_LENGTH_MAX * 4,
            max_bin_len=BODY_BYTES_MAX,
            max_array_len=_FIELDS,
            max_map_len=0,
            max_ext_len=0,
        )

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[Envelope]:
        try:
            self._unpacker.feed(data)
            for item in self._unpacker:
                yield checked(item)
        except MalformedEnvelope:
            raise
        except (ValueError, TypeError, msgpack.exceptions.UnpackException) as error:
            raise MalformedEnvelope(f"not msgpack: {error}") from error


_envelope_decoder = msgspec.msgpack.Decoder(tuple[int, str, str, int, int, int, str, bytes])


def unpack(frame: bytes) -> Envelope:
    """One whole frame that was kept as bytes (journal, ring, `change`)."""
    try:
        return checked(_envelope_decoder.decode(frame))
    except msgspec.DecodeError as error:
        raise MalformedEnvelope(f"not an envelope: {error}") from error
