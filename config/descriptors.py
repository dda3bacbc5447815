"""Descriptors that come over a unix socket: closed at an exec from their first moment."""

from __future__ import annotations

import array
import os
import socket


def receive_with_descriptors(
    channel: socket.socket, bytes_max: int, descriptors_max: int
) -> tuple[bytes, list[int], int]:
    """What came, the descriptors beside it, and the flags of recvmsg.

    The caller looks for MSG_TRUNC (data was cut) and MSG_CTRUNC (descriptors are missing); neither
    is an exception to Python. `socket.recv_fds` of Python 3.11 takes flags and leaves them out,
    so MSG_CMSG_CLOEXEC cannot be had from it.
    """
    numbers = array.array("i")
    data, ancillary, flags, _ = channel.recvmsg(
        bytes_max,
        socket.CMSG_LEN(descriptors_max * numbers.itemsize),
        socket.MSG_CMSG_CLOEXEC,
    )
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            # A cut list may end within a number.
            numbers.frombytes(content[: len(content) - len(content) % numbers.itemsize])
    return data, list(numbers), flags


def close_all(descriptors: list[int]) -> None:
    while descriptors:
        os.close(descriptors.pop())
