"""Cursors of pages: where to go on, in a text that nobody else can make by guessing; pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final, NamedTuple

import msgspec

from actors.errors import BadCursor

LENGTH_MAX: Final = 1_024
_DIGEST_BYTES: Final = 8
_PURPOSE: Final = b"history cursor 1"

_encoder = msgspec.msgpack.Encoder()


class Place(NamedTuple):
    """The last row of a page: its time, and its id among those of the same time."""

    at_us: int
    identity: str


_decoder = msgspec.msgpack.Decoder(Place)


def encode_cursor(place: Place, *scope: str) -> str:
    """`scope` is all that the query was about but its bounds: a cursor is valid for that alone."""
    payload = _encoder.encode(place)
    return base64.urlsafe_b64encode(_digest(payload, scope) + payload).rstrip(b"=").decode()


def decode_cursor(text: str, *scope: str) -> Place:
    """What `encode_cursor` was given with the same scope; BadCursor else."""
    if len(text) > LENGTH_MAX or not text.isascii():
        raise BadCursor(f"cursor: expected at most {LENGTH_MAX} ASCII characters")
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadCursor("cursor: expected next_cursor of a page, found other text") from error
    digest, payload = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    if digest != _digest(payload, scope):
        raise BadCursor("cursor: expected next_cursor of a page of this very query")
    try:
        return _decoder.decode(payload)
    except msgspec.DecodeError as error:
        raise BadCursor("cursor: expected a time and an id") from error


def _digest(payload: bytes, scope: tuple[str, ...]) -> bytes:
    hashed = hashlib.blake2b(_encoder.encode(scope), digest_size=_DIGEST_BYTES, person=_PURPOSE)
    hashed.update(payload)
    return hashed.digest()
