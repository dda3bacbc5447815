"""The source's end of the cache link against a scripted cache on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from cache_links import TOPIC, Source, delta, fill, snapshot, until

from actors.messages.control import Ack, Hello, Resync, Welcome
from actors.messages.envelope import VERSION, Envelope
from actors.runtime.framing import encode_body, pack
from actors.runtime.unix_stream import WRITE_BUFFER_BYTES_MAX, FrameStream

FILLS = "fills:extended:1"


class Peer:
    """A cache that does only what it is told."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.streams: list[FrameStream] = []
        self.heard: list[Envelope] = []

    async def listen(self) -> None:
        def accept() -> FrameStream:
            stream = FrameStream(
                lambda frames: self.heard.extend(envelope for envelope, _ in frames), lambda: None
            )
            self.streams.append(stream)
            return stream

        loop = asyncio.get_running_loop()
        self.server = await loop.create_unix_server(accept, self.path)

    def say(self, kind: str, message: msgspec.Struct, key: str = "") -> None:
        body = encode_body(message)
        self.streams[-1].write(pack(Envelope(VERSION, kind, "cache", 1, 0, 1, key, body)))

    def of(self, kind: str) -> list[Envelope]:
        return [envelope for envelope in self.heard if envelope.kind == kind]

    async def hello(self, count: int = 1) -> Hello:
        await until(lambda: len(self.of("hello")) >= count)
        return msgspec.msgpack.decode(self.of("hello")[-1].body, type=Hello)

    def close(self) -> None:
        self.server.close()
        for stream in self.streams:
            stream.close()


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[Peer]:
    peer = Peer(tmp_path / "cache.sock")
    yield peer
    peer.close()


@pytest.fixture
async def source(peer: Peer) -> AsyncIterator[Source]:
    await peer.listen()
    source = Source(peer.path, "account:extended:1", epoch=6)
    yield source
    await source.close()


async def test_hello_welcome_events_and_acks(peer: Peer, source: Source) -> None:
    source.outbox.put("fill", FILLS, fill("1"))
    hello = await peer.hello()
    assert hello.role == "source"
    assert hello.stream_id
    assert (peer.heard[0].source, peer.heard[0].epoch) == ("account:extended:1", 6)
    assert not source.link.connected
    peer.say("welcome", Welcome(stream_id="s", cursors={FILLS: "17"}))
    assert (await source.link.first_welcome()).cursors == {FILLS: "17"}
    await until(lambda: peer.of("fill"))
    assert source.outbox.unacknowledged == 1
    peer.say("ack", Ack(1))
    await until(lambda: not source.outbox.unacknowledged)


async def test_one_write_carries_what_one_turn_put(peer: Peer, source: Source) -> None:
    await peer.hello()
    peer.say("welcome", Welcome(stream_id="s"))
    await until(lambda: source.link.connected)
    batches: list[int] = []
    peer.streams[-1]._on_frames = lambda frames: batches.append(len(frames))
    for at in range(50):
        source.outbox.put("fill", FILLS, fill(str(at)))
    await until(lambda: sum(batches) == 50)
    assert len(batches) == 1


async def test_after_a_loss_events_come_again_and_state_is_put_again(
    peer: Peer, source: Source
) -> None:
    welcomes: list[Welcome] = []
    source.outbox.book_source(TOPIC, lambda: snapshot(9))
    source.link.on_welcome(welcomes.append)
    source.outbox.put("fill", FILLS, fill("1"))
    source.outbox.put("fill", FILLS, fill("2"))
    await peer.hello()
    peer.say("welcome", Welcome(stream_id="s"))
    await until(lambda: len(peer.of("fill")) == 2 and peer.of("book_snapshot"))
    peer.streams[-1].close()
    await until(lambda: not source.link.connected)
    source.outbox.put("fill", FILLS, fill("3"))
    hello = await peer.hello(2)
    peer.say("welcome", Welcome(stream_id="s", acknowledged=1))
    await until(lambda: len(peer.of("fill")) == 4)
    numbers = [it.seq for it in peer.of("fill")]
    assert numbers[:3] == [1, 2, 2]
    assert numbers[3] > 2
    assert len(peer.of("book_snapshot")) == 2
    assert len(welcomes) == 2
    assert hello.stream_id == msgspec.msgpack.decode(peer.of("hello")[0].body, type=Hello).stream_id
    late: list[Welcome] = []
    source.link.on_welcome(late.append)
    assert late == [welcomes[-1]]
    assert await source.link.first_welcome() is welcomes[0]


async def test_it_waits_for_a_cache_that_is_not_there_yet(peer: Peer) -> None:
    source = Source(peer.path, "account:extended:1")
    try:
        await asyncio.sleep(0)
        await peer.listen()
        await peer.hello()
    finally:
        await source.close()


@pytest.mark.parametrize(
    "bad",
    [
        b"\xc1\xc1",
        pack(Envelope(VERSION, "fill", "c", 1, 0, 1, "", b"")),
        pack(Envelope(VERSION, "ack", "c", 1, 0, 1, "", b"\xc1")),
    ],
)
async def test_nonsense_of_the_cache_ends_that_connection_only(
    peer: Peer, source: Source, bad: bytes
) -> None:
    await peer.hello()
    peer.say("welcome", Welcome(stream_id="s"))
    await until(lambda: source.link.connected)
    peer.streams[-1].write(bad)
    await peer.hello(2)
    peer.say("welcome", Welcome(stream_id="s"))
    await until(lambda: source.link.connects == 2 and source.link.connected)


async def test_a_cache_that_does_not_read_costs_little_and_gets_the_newest(
    peer: Peer, source: Source
) -> None:
    sequence = [1]
    source.outbox.book_source(TOPIC, lambda: snapshot(sequence[0]))
    await peer.hello()
    peer.say("welcome", Welcome(stream_id="s"))
    await until(lambda: peer.of("book_snapshot"))
    transport = peer.streams[-1]._transport
    assert transport is not None
    transport.pause_reading()
    for sequence[0] in range(2, 20_000):
        source.outbox.put("book_delta", TOPIC, delta(sequence[0]))
        if not sequence[0] % 200:
            await asyncio.sleep(0)
    stream = source.link._stream
    assert stream is not None
    assert not stream.writable
    assert stream.buffered_bytes < 2 * WRITE_BUFFER_BYTES_MAX
    assert source.outbox.pending <= 1
    transport.resume_reading()
    await until(lambda: len(peer.of("book_snapshot")) >= 2 and not source.outbox.pending)
    last = msgspec.msgpack.decode(peer.of("book_snapshot")[-1].body)
    assert last["sequence"] >= 19_000


async def test_resync_asks_the_book_source(peer: Peer, source: Source) -> None:
    source.outbox.book_source(TOPIC, lambda: snapshot(3))
    await peer.hello()
    peer.say("welcome", Welcome(stream_id="s"))
    await until(lambda: peer.of("book_snapshot"))
    peer.say("resync", Resync(), key=TOPIC)
    await until(lambda: len(peer.of("book_snapshot")) == 2)


async def test_close_waits_for_the_last_ack(peer: Peer, source: Source) -> None:
    await peer.hello()
    peer.say("welcome", Welcome(stream_id="s"))
    await until(lambda: source.link.connected)
    source.outbox.put("fill", FILLS, fill("1"))
    assert not await source.link.close(0.05)
    await peer.hello(2)
    peer.say("welcome", Welcome(stream_id="s"))
    await until(lambda: len(peer.of("fill")) == 2)
    closing = asyncio.ensure_future(source.link.close(5))
    peer.say("ack", Ack(1))
    assert await closing
