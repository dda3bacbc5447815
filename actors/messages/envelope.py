"""The envelope of every frame on the bus, and its limits."""

from __future__ import annotations

from typing import Final, NamedTuple

VERSION: Final = 1
FRAME_BYTES_MAX: Final = 8 * 1024 * 1024
BODY_BYTES_MAX: Final = 6 * 1024 * 1024
TEXT_LENGTH_MAX: Final = 256


class Envelope(NamedTuple):
    """A msgpack array of exactly these eight, in this order.

    `source` is an actor id and must match the peer of the link; `epoch` is the incarnation number
    that the supervisor gave; `seq` rises with each frame that the source makes (frames that were
    conflated away leave holes); `sent_ns` is CLOCK_MONOTONIC, which all processes of one host
    share; `key` is the topic; `body` is the msgpack of the one struct that `kind` names.
    """

    version: int
    kind: str
    source: str
    epoch: int
    seq: int
    sent_ns: int
    key: str
    body: bytes
