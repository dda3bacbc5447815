"""Sealed memory files: what is written stays so, is read by any copy, and travels by socket."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from actors.errors import UsageFault
from config.credentials import (
    NOTE_BYTES_MAX,
    SEALED_BYTES_MAX,
    read_sealed,
    receive_descriptor,
    seal,
    seal_bytes,
    send_descriptor,
)

CANARY = "canary-" + "0d1f2a3b"


def test_round_trip_again_and_again() -> None:
    descriptor = seal({"api_key": CANARY, "proxy": "http://ü:1"})
    try:
        copy = os.dup(descriptor)
        # The offset is shared by all copies; reading must not depend on it.
        os.lseek(copy, 0, os.SEEK_END)
        for number in (descriptor, copy, descriptor):
            assert read_sealed(number) == {"api_key": CANARY, "proxy": "http://ü:1"}
        os.close(copy)
    finally:
        os.close(descriptor)


def test_nobody_can_change_it() -> None:
    descriptor = seal({"api_key": CANARY})
    try:
        with pytest.raises(PermissionError):
            os.pwrite(descriptor, b"x", 0)
        with pytest.raises(PermissionError):
            os.ftruncate(descriptor, 0)
        assert not os.get_inheritable(descriptor)
    finally:
        os.close(descriptor)


def test_too_large_is_refused() -> None:
    with pytest.raises(UsageFault, match=f"at most {SEALED_BYTES_MAX}"):
        seal({"api_key": "k" * SEALED_BYTES_MAX})


def test_what_is_no_sealed_map_is_refused_without_being_quoted(tmp_path) -> None:
    plain = os.open(tmp_path / "plain", os.O_RDWR | os.O_CREAT)
    unsealed = os.memfd_create("unsealed", os.MFD_ALLOW_SEALING)
    wrong = seal_bytes(CANARY.encode(), "wrong", 100)
    empty = seal_bytes(b"", "empty", 100)
    try:
        for descriptor in (plain, unsealed, wrong, empty):
            with pytest.raises(UsageFault) as caught:
                read_sealed(descriptor)
            assert CANARY not in str(caught.value)
    finally:
        for descriptor in (plain, unsealed, wrong, empty):
            os.close(descriptor)


def test_it_travels_between_processes() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        descriptor = seal({"api_key": CANARY})
        code = (
            "import socket, sys; from config.credentials import *\n"
            "with socket.socket(fileno=int(sys.argv[1])) as channel:\n"
            "    print(read_sealed(receive_descriptor(channel)[1])['api_key'])\n"
        )
        send_descriptor(ours, descriptor)
        os.close(descriptor)
        ran = subprocess.run(
            [sys.executable, "-c", code, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    assert ran.stdout.strip() == CANARY


def test_nothing_sent_is_none_and_a_byte_alone_is_refused() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        assert receive_descriptor(ours) is None
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"s")
        with pytest.raises(UsageFault, match=r"one descriptor .* found 0"):
            receive_descriptor(ours)


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_SEQPACKET])
def test_it_comes_with_its_note_and_closed_at_an_exec(kind: socket.SocketKind) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
    with ours, theirs:
        descriptor = seal({"api_key": CANARY})
        send_descriptor(ours, descriptor, b"a note")
        os.close(descriptor)
        note, received = receive_descriptor(theirs)
        try:
            assert note == b"a note"
            assert not os.get_inheritable(received)
            assert read_sealed(received) == {"api_key": CANARY}
        finally:
            os.close(received)


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_note_that_was_cut_is_refused_and_leaves_nothing_open() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        send_descriptor(ours, ours.fileno(), b"n" * (NOTE_BYTES_MAX + 1))
        before = _descriptors()
        with pytest.raises(UsageFault, match=f"at most {NOTE_BYTES_MAX} bytes"):
            receive_descriptor(theirs)
        assert _descriptors() == before
