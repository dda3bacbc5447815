"""The envelope of every frame on the bus, and its limits."""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple

from msgspec import Meta

VERSION: Final = 1
FRAME_BYTES_MAX: Final = 8 * 1024 * 1024
BODY_BYTES_MAX: Final = 6 * 1024 * 1024
TEXT_LENGTH_MAX: Final = 256

_Text = Annotated[str, Meta(max_length=TEXT_LENGTH_MAX)]
_Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Envelope(NamedTuple):
    """A msgpack array of exactly these eight, in this order.

    `source` is an actor id and must match the peer of the link; `epoch` is the incarnation number
    that the supervisor gave; `seq` rises with each frame that the source makes (frames that were
    conflated away leave holes); `sent_ns` is CLOCK_MONOTONIC, which all processes of one host
    share; `key` is the topic; `body` is the msgpack of the one struct that `kind` names.
    """

    version: Annotated[int, Meta(ge=VERSION, le=VERSION)]
    kind: _Text
    source: _Text
    epoch: _Count
    seq: _Count
    sent_ns: _Count
    key: _Text
    body: Annotated[bytes, Meta(max_length=BODY_BYTES_MAX)]
