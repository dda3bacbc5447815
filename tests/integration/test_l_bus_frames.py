"""(l), bus frames: whatever bytes come to the cache's socket, only the link that sent them ends.

A real cache process and blocking sockets; the bystanders are a source, whose events must go on
being acknowledged, and a reader, which must go on hearing them.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import msgpack
import msgspec
import pytest
from bus_processes import listening, start_cache
from cache_links import fill
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.errors import MalformedEnvelope
from actors.messages.control import Ack, Hello
from actors.messages.envelope import VERSION, Envelope
from actors.messages.kinds import KINDS
from actors.runtime.framing import FrameReader, encode_body, pack

TIMEOUT_S = 5.0
FILLS = "fills:extended:77"


class Client:
    """One link with blocking calls."""

    def __init__(self, path: Path, role: str, source: str) -> None:
        self.source = source
        self.number = 0
        self.reader = FrameReader()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(str(path))
        self.send("hello", encode_body(Hello(role=role)))
        self.frames: list[Envelope] = []
        self.wait("welcome")

    def send(self, kind: str, body: bytes, key: str = "") -> None:
        self.number += 1
        self.socket.sendall(
            pack(Envelope(VERSION, kind, self.source, 1, self.number, 1, key, body))
        )

    def wait(self, kind: str) -> Envelope:
        """The next frame of `kind`."""
        while True:
            while self.frames:
                envelope = self.frames.pop(0)
                if envelope.kind == kind:
                    return envelope
            data = self.socket.recv(65_536)
            assert data, "the bystander's link was closed"
            self.frames += [envelope for envelope, _ in self.reader.feed(data)]


class World:
    """A cache, and two links that have done nothing wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = Client(path, "source", "account:extended:77")
        self.reader = Client(path, "reader", "web:1")
        self.reader.wait("state_end")
        self.fills = 0

    def undisturbed(self) -> None:
        self.fills += 1
        message = fill(str(self.fills), account="77")
        self.source.send("fill", encode_body(message), FILLS)
        acknowledged = msgspec.msgpack.decode(self.source.wait("ack").body, type=Ack)
        assert acknowledged.seq == self.source.number
        while True:
            change = self.reader.wait("change")
            if change.key == FILLS and change.seq:
                break

    def offend(self, data: bytes, must_close: bool) -> None:
        """Sends `data` on a link of its own and waits for that link's end."""
        offender = socket.socket(socket.AF_UNIX)
        offender.settimeout(TIMEOUT_S)
        try:
            offender.connect(str(self.path))
            offender.sendall(data)
            if not must_close:
                offender.shutdown(socket.SHUT_WR)
            while offender.recv(65_536):
                pass
        except (ConnectionResetError, BrokenPipeError):
            # Closed while we were still sending: as good an end as any.
            pass
        finally:
            offender.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("bus")
    owned = listening(folder / "cache.sock")
    process = start_cache(owned, folder, 1 << 20)
    world = None
    try:
        world = World(folder / "cache.sock")
        yield world
        assert process.poll() is None
    finally:
        if world is not None:
            world.source.socket.close()
            world.reader.socket.close()
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
        owned.close()


def hello(role: str = "source") -> bytes:
    body = encode_body(Hello(role=role))
    return pack(Envelope(VERSION, "hello", "account:bad:1", 1, 0, 1, "", body))


def is_malformed(data: bytes) -> bool:
    """Whether the framing alone refuses these bytes (else they may be good, or unfinished)."""
    try:
        for _ in FrameReader().feed(data):
            pass
    except MalformedEnvelope:
        return True
    return False


bounded = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=9) | st.binary(max_size=20),
    max_leaves=12,
)
GOOD = Envelope(
    VERSION, "fill", "account:bad:1", 1, 1, 1, "fills:bad:1", encode_body(fill("1", venue="bad"))
)


@pytest.mark.processes
@bounded
@given(st.binary(max_size=300), st.sampled_from([b"", hello(), hello("reader")]))
def test_l_arbitrary_bytes_end_only_their_link(world: World, data: bytes, greeting: bytes) -> None:
    world.offend(greeting + data, must_close=is_malformed(greeting + data))
    world.undisturbed()


@pytest.mark.processes
@bounded
@given(st.integers(0, 7), anything, st.sampled_from(["source", "reader"]))
def test_l_mutated_envelopes_end_only_their_link(
    world: World, place: int, value: object, role: str
) -> None:
    fields: list[object] = list(GOOD)
    fields[place] = value
    data = hello(role) + msgpack.packb(fields)
    world.offend(data, must_close=is_malformed(data))
    world.undisturbed()


@pytest.mark.processes
@bounded
@given(st.sampled_from(sorted(KINDS)), st.binary(max_size=60), st.sampled_from(["", "x", FILLS]))
def test_l_bodies_that_are_not_their_kind_end_only_their_link(
    world: World, kind: str, body: bytes, key: str
) -> None:
    frame = pack(GOOD._replace(kind=kind, body=body, key=key))
    world.offend(hello() + frame, must_close=False)
    world.undisturbed()


@pytest.mark.processes
@bounded
@given(st.integers(0, 10_000), st.integers(1, 255), st.integers(0, 10_000))
def test_l_flipped_and_cut_frames_end_only_their_link(
    world: World, at: int, flip: int, cut: int
) -> None:
    frame = bytearray(pack(GOOD))
    frame[at % len(frame)] ^= flip
    data = hello() + bytes(frame[: cut % (len(frame) + 1)])
    world.offend(data, must_close=is_malformed(data))
    world.undisturbed()
