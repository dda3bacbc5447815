"""What supervisor and zygote say to each other: one message a packet, descriptors beside it."""

from __future__ import annotations

import socket
from typing import Any, Final

import msgspec

from actors.errors import UsageFault
from config.descriptors import close_all, receive_with_descriptors

MESSAGE_BYTES_MAX: Final = 64 * 1024
DESCRIPTORS_MAX: Final = 8

OWN_DESCRIPTORS: Final = ("control", "lifeline", "dump")
"""What each child gets besides what its spec names."""


class Start(msgspec.Struct, frozen=True, kw_only=True, tag="start"):
    """Fork one child; `names` are those of the descriptors that come with it, in their order.

    `reporting` tags its reports to Sentry; None: it makes none.
    """

    actor: str
    epoch: int
    entry: str
    config: dict[str, Any]
    names: tuple[str, ...]
    reporting: dict[str, str] | None = None


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """Asks for a sign of life."""


class Warm(msgspec.Struct, frozen=True, tag="warm"):
    """The zygote takes requests; `missing` maps modules it could not import to the reason."""

    missing: dict[str, str]


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """The child lives; its pidfd comes with this."""

    actor: str
    epoch: int
    pid: int


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """There is no such child, for `reason`."""

    actor: str
    epoch: int
    reason: str


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag="ended"):
    """The child is dead; exit code or signal, and its CPU time where it could be had."""

    actor: str
    epoch: int
    code: int | None
    signal: int | None
    cpu_ms: float | None


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    """The sign of life."""


Request = Start | Ping
Reply = Warm | Started | Refused | Ended | Pong

_request_decoder: Final[msgspec.msgpack.Decoder[Request]] = msgspec.msgpack.Decoder(Request)
_reply_decoder: Final[msgspec.msgpack.Decoder[Reply]] = msgspec.msgpack.Decoder(Reply)


def pack(message: Request | Reply) -> bytes:
    """Raises UsageFault for a message that would not fit a packet, or holds other than data."""
    try:
        packed = msgspec.msgpack.encode(message)
    except (TypeError, ValueError) as error:
        raise UsageFault(f"expected plain data: {error}") from error
    if isinstance(message, Start) and len(message.names) > DESCRIPTORS_MAX:
        raise UsageFault(f"expected at most {DESCRIPTORS_MAX} descriptors: {message.names}")
    if len(packed) > MESSAGE_BYTES_MAX:
        raise UsageFault(f"expected at most {MESSAGE_BYTES_MAX} bytes, found {len(packed)}")
    return packed


def receive(channel: socket.socket) -> tuple[bytes, list[int]]:
    """One packet and its descriptors (close-on-exec); b"" at the end of the channel.

    Where this process has no free descriptor, none come: the reader misses them by their count.
    Raises BlockingIOError where nothing waits, UsageFault for a message that was cut.
    """
    data, descriptors, flags = receive_with_descriptors(channel, MESSAGE_BYTES_MAX, DESCRIPTORS_MAX)
    # No free descriptor gives fewer, a small buffer less.
    if flags & socket.MSG_CTRUNC:
        close_all(descriptors)
    if flags & socket.MSG_TRUNC:
        close_all(descriptors)
        raise UsageFault(f"expected a message of at most {MESSAGE_BYTES_MAX} bytes")
    return data, descriptors


def read_request(data: bytes) -> Request:
    """Raises UsageFault for anything but a request."""
    try:
        return _request_decoder.decode(data)
    except msgspec.DecodeError as error:
        raise UsageFault(f"expected a request, found {error}") from error


def read_reply(data: bytes) -> Reply:
    """Raises UsageFault for anything but a reply."""
    try:
        return _reply_decoder.decode(data)
    except msgspec.DecodeError as error:
        raise UsageFault(f"expected a reply, found {error}") from error
