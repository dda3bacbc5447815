"""Frames: whole, in pieces, and everything that is none."""

from __future__ import annotations

import msgpack
import pytest

from actors.errors import MalformedEnvelope
from actors.messages.envelope import BODY_BYTES_MAX, FRAME_BYTES_MAX, VERSION, Envelope
from actors.runtime.framing import FrameReader, pack, unpack

ONE = Envelope(VERSION, "trade", "orderbook:x:linear:A", 3, 7, 11, "trades:x:linear:A", b"\x80")


def wire(**changes: object) -> bytes:
    return msgpack.packb(tuple(ONE._replace(**changes)))


def test_frame_survives_every_cut_and_comes_with_its_own_bytes() -> None:
    frame = pack(ONE)
    for cut in range(len(frame) + 1):
        reader = FrameReader()
        got = [*reader.feed(frame[:cut]), *reader.feed(frame[cut:] + frame)]
        assert got == [(ONE, frame), (ONE, frame)]


def test_large_frame_in_many_pieces() -> None:
    big = ONE._replace(body=bytes(3_000_000))
    frame = pack(big)
    reader = FrameReader()
    got = []
    for at in range(0, len(frame), 65_536):
        got += reader.feed(frame[at : at + 65_536])
    assert got == [(big, frame)]


def test_good_frames_before_a_bad_one_are_delivered() -> None:
    feed = FrameReader().feed(pack(ONE) + b"\xc1")
    assert next(feed)[0] == ONE
    with pytest.raises(MalformedEnvelope):
        next(feed)


@pytest.mark.parametrize(
    "bad",
    [
        wire(version=2),
        wire(version=True),
        wire(kind=5),
        wire(kind="k" * 257),
        wire(source=b"bytes"),
        wire(epoch=-1),
        wire(seq="1"),
        wire(seq=1.0),
        wire(sent_ns=None),
        wire(key="k" * 257),
        wire(body="text"),
        msgpack.packb(list(ONE)[:7]),
        msgpack.packb([*ONE, 9]),
        msgpack.packb({"version": 1}),
        msgpack.packb(1),
        msgpack.packb("text"),
        b"\xc1",
        b"\x93\x01\xc1",
        b"\x91" * 5_000,
        b"\xa4\xff\xff\xff\xff",
        wire(kind=msgpack.ExtType(5, b"x")),
    ],
)
def test_anything_else_is_refused(bad: bytes) -> None:
    with pytest.raises(MalformedEnvelope):
        list(FrameReader().feed(bad + bytes(10)))


def test_a_body_above_the_limit_is_refused() -> None:
    frame = msgpack.packb(tuple(ONE._replace(body=bytes(BODY_BYTES_MAX + 1))))
    with pytest.raises(MalformedEnvelope):
        list(FrameReader().feed(frame))


def test_a_frame_without_end_is_refused_before_it_fills_the_memory() -> None:
    reader = FrameReader()
    assert list(reader.feed(b"\x98\x01\xc6\xff\xff\xff\xff")) == []
    for _ in range(FRAME_BYTES_MAX // 65_536):
        assert list(reader.feed(bytes(65_536))) == []
    with pytest.raises(MalformedEnvelope):
        list(reader.feed(bytes(65_536)))


def test_unpack_reads_one_frame_and_nothing_else() -> None:
    assert unpack(pack(ONE)) == ONE
    for bad in (b"", pack(ONE)[:-1], pack(ONE) + b"\x00", wire(version=2)):
        with pytest.raises(MalformedEnvelope):
            unpack(bad)
