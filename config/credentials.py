"""Sealed memory files: how secrets and the plan travel without ever lying in an environment."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Mapping
from typing import Final

import msgspec

from actors.errors import UsageFault
from config.descriptors import close_all, receive_with_descriptors

SEALED_BYTES_MAX: Final = 64 * 1024
PLAN_BYTES_MAX: Final = 4 * 1024 * 1024
NOTE_BYTES_MAX: Final = 16 * 1024
_SEALS: Final = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def seal(mapping: Mapping[str, str], name: str = "credentials") -> int:
    """A descriptor (close-on-exec) of a sealed memory file that holds the msgpack of `mapping`.

    Raises UsageFault beyond SEALED_BYTES_MAX.
    """
    return seal_bytes(msgspec.msgpack.encode(dict(mapping)), name, SEALED_BYTES_MAX)


def seal_bytes(data: bytes, name: str, bytes_max: int) -> int:
    if len(data) > bytes_max:
        raise UsageFault(f"{name}: expected at most {bytes_max} bytes, found {len(data)}")
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        written = os.pwrite(descriptor, data, 0)
        if written != len(data):
            raise UsageFault(f"{name}: wrote {written} of {len(data)} bytes")
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_sealed(descriptor: int) -> dict[str, str]:
    """What `seal` was given; the descriptor stays open.

    Raises UsageFault for anything but a sealed memory file with a map of text to text.
    """
    data = read_sealed_bytes(descriptor, SEALED_BYTES_MAX)
    try:
        return msgspec.msgpack.decode(data, type=dict[str, str])
    except msgspec.DecodeError:
        # The decoder's own words may quote what it read, and that is secret here.
        raise UsageFault("sealed memory: expected a map of text to text") from None


def read_sealed_bytes(descriptor: int, bytes_max: int) -> bytes:
    """Reads by `pread`: the offset is shared by all copies of the descriptor."""
    try:
        seals = fcntl.fcntl(descriptor, fcntl.F_GET_SEALS)
    except OSError as error:
        raise UsageFault(f"descriptor {descriptor}: expected a sealed memory file") from error
    if seals & _SEALS != _SEALS:
        raise UsageFault(f"descriptor {descriptor}: expected a sealed memory file, found unsealed")
    size = os.fstat(descriptor).st_size
    if not 0 < size <= bytes_max:
        raise UsageFault(f"sealed memory: expected 1 to {bytes_max} bytes, found {size}")
    data = os.pread(descriptor, size, 0)
    if len(data) != size:
        raise UsageFault(f"sealed memory: expected {size} bytes, read {len(data)}")
    return data


def send_descriptor(channel: socket.socket, descriptor: int, note: bytes = b"s") -> None:
    """Hands a sealed memory file, and a note that is no secret, to the other end of `channel`."""
    socket.send_fds(channel, [note], [descriptor])


def receive_descriptor(channel: socket.socket) -> tuple[bytes, int] | None:
    """Note and descriptor (close-on-exec) as sent, or None when the other end sent nothing.

    Raises UsageFault for more or less than one descriptor, and for a note that was cut.
    """
    note, descriptors, flags = receive_with_descriptors(channel, NOTE_BYTES_MAX, 1)
    if not note:
        return None
    if len(descriptors) != 1 or flags & (socket.MSG_CTRUNC | socket.MSG_TRUNC):
        found = len(descriptors)
        close_all(descriptors)
        raise UsageFault(
            f"expected one descriptor and a note of at most {NOTE_BYTES_MAX} bytes, "
            f"found {found} and {len(note)}"
        )
    return note, descriptors[0]
