"""Frames under random cuts and random bytes."""

from __future__ import annotations

from itertools import pairwise

import msgpack
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import MalformedEnvelope
from actors.messages.envelope import VERSION, Envelope
from actors.runtime.framing import FrameReader, pack, unpack

texts = st.text(max_size=60)
numbers = st.integers(min_value=0, max_value=2**63 - 1)
envelopes = st.builds(
    Envelope, st.just(VERSION), texts, texts, numbers, numbers, numbers, texts, st.binary()
)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in pairwise(places)]


@given(st.lists(envelopes, max_size=8), st.lists(st.integers(0, 10_000), max_size=20))
def test_any_cut_gives_the_same_frames(sent: list[Envelope], cuts: list[int]) -> None:
    reader = FrameReader()
    frames = [pack(envelope) for envelope in sent]
    got = [it for piece in pieces(b"".join(frames), cuts) for it in reader.feed(piece)]
    assert got == list(zip(sent, frames, strict=True))


@given(st.binary(max_size=400))
def test_random_bytes_are_refused_or_wait_for_more(data: bytes) -> None:
    try:
        for envelope, frame in FrameReader().feed(data):
            assert unpack(frame) == envelope
    except MalformedEnvelope:
        pass


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | texts
    | st.binary(),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=20,
)


@given(anything)
def test_any_other_msgpack_value_is_refused(value: object) -> None:
    try:
        ((envelope, _),) = FrameReader().feed(msgpack.packb(value))
    except MalformedEnvelope:
        return
    assert list(envelope) == value


@given(envelopes, st.integers(0, 7), anything)
def test_a_field_of_another_type_is_refused(envelope: Envelope, place: int, value: object) -> None:
    fields = list(envelope)
    kept = type(fields[place]) is type(value)
    fields[place] = value
    try:
        ((got, _),) = FrameReader().feed(msgpack.packb(fields))
    except MalformedEnvelope:
        return
    assert kept
    assert list(got) == fields
