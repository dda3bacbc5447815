"""A market stream that was stopped on purpose leaves the cache and every replica, however they
heard of it, and begins with a snapshot when it runs again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cache_links import Cache, Source, Web, envelope, fill, snapshot, until

from actors.cache import readers as readers_module
from actors.cache.store import ENDED_MAX, Store
from actors.errors import MalformedEnvelope
from actors.messages.control import (
    ChildStatus,
    Confirmed,
    ConnectionState,
    SourceState,
    StreamEnded,
)
from actors.messages.market import Candle

TOPIC = "candles:extended:linear:BTC-USD:1m"
BOOK = "orderbook:extended:linear:ETH-USD"
OTHER = "candles:extended:linear:BTC-USD:1h"
FILLS = "fills:extended:1"


def candle(number: int, *, topic: str = TOPIC, closed: bool = False) -> Candle:
    return Candle(
        venue="extended",
        product="linear",
        symbol="BTC-USD",
        timeframe=topic.rpartition(":")[2],
        start_us=number * 60_000_000,
        open="1",
        high="2",
        low="1",
        close="1",
        volume="5",
        closed=closed,
        received_ns=number + 1,
    )


def lane(actor: str) -> ConnectionState:
    return ConnectionState(actor=actor, venue="extended", lane="websocket", state="connected")


def child(actor: str) -> ChildStatus:
    return ChildStatus(actor=actor, kind="stream", state="ready", pid=1, epoch=1)


def traces(store: Store, topic: str) -> list[str]:
    """Where anything of `topic` is still held."""
    places: dict[str, Any] = {
        "books": store.books,
        "latest": store.latest,
        "confirmations": store.confirmations,
        "children": store.children,
        "supervision": store.latest.get("supervision", {}),
        "topics": store.topics(),
        "connections": [actor for actor, _ in store.connections],
        "lanes": [name.split()[0] for name in store.latest.get("connections", {})],
    }
    return [place for place, held in places.items() if topic in held]


class Fed:
    def __init__(self) -> None:
        self.store = Store()

    def __call__(self, kind: str, topic: str, message: Any, source: str = "") -> Any:
        told = envelope(kind, topic, message, source=source or topic)
        return self.store.apply(self.store.seq + 1, told)

    def stream(self, topic: str = TOPIC) -> None:
        """All that a running stream leaves in a store."""
        if topic.startswith("orderbook"):
            self("book_snapshot", topic, snapshot(1, symbol="ETH-USD"))
        else:
            self("candle", topic, candle(1, topic=topic, closed=True))
            self("candle", topic, candle(2, topic=topic))
        self("confirmed", topic, Confirmed(via="websocket", received_ns=1))
        self("source_state", topic, SourceState(source=topic, connected=True), "cache")
        self("connection_state", "connections", lane(topic), topic)
        self("child_status", "supervision", child(topic), "supervisor")

    def end(self, topic: str = TOPIC, source: str = "supervisor") -> Any:
        return self("stream_ended", topic, StreamEnded(actor=topic), source)


@pytest.fixture
def tell() -> Fed:
    return Fed()


# the store alone


@pytest.mark.parametrize("topic", [TOPIC, BOOK])
def test_nothing_of_it_is_left_and_nothing_else_goes(tell: Fed, topic: str) -> None:
    tell.stream(topic)
    tell.stream(OTHER)
    assert len(traces(tell.store, topic)) == 7
    others = traces(tell.store, OTHER)
    last = tell.store.last_seq(topic)
    change = tell.end(topic)
    assert (change.prev, change.kind, change.topic) == (last, "stream_ended", topic)
    assert traces(tell.store, topic) == []
    assert topic not in tell.store.sources
    assert traces(tell.store, OTHER) == others
    assert tell.store.snapshot(topic) == []
    # Whoever was away still learns that it ended.
    assert tell.store.last_seq(topic) == change.seq


def test_a_later_start_knows_of_nothing_before(tell: Fed) -> None:
    tell.stream()
    tell.end()
    change = tell("candle", TOPIC, candle(1, closed=True))
    # The same as before the end is news: nothing is held of it.
    assert change is not None
    assert change.prev == 0
    assert tell.store.ended == {}
    assert tell.store.last_seq(TOPIC) == change.seq
    assert [datum.value.start_us for _, datum in tell.store.snapshot(TOPIC)] == [60_000_000]


@pytest.mark.parametrize(
    ("topic", "source"),
    [
        (TOPIC, TOPIC),
        (TOPIC, "web:1"),
        (FILLS, "supervisor"),
        ("connections", "supervisor"),
        ("supervision", "supervisor"),
    ],
)
def test_the_wrong_source_or_topic_is_refused_and_changes_nothing(
    tell: Fed, topic: str, source: str
) -> None:
    tell.stream()
    before = tell.store.seq
    with pytest.raises(MalformedEnvelope, match="stream_ended"):
        tell.end(topic, source)
    assert tell.store.seq == before
    assert len(traces(tell.store, TOPIC)) == 7


def test_an_end_of_what_never_said_anything_is_told(tell: Fed) -> None:
    tell("child_status", "supervision", child(TOPIC), "supervisor")
    change = tell.end()
    assert (change.prev, tell.store.children) == (0, {})


def test_ends_are_remembered_up_to_a_bound(tell: Fed) -> None:
    topics = [f"ticker:extended:linear:M{number}-USD" for number in range(ENDED_MAX + 3)]
    for topic in topics:
        tell.end(topic)
    assert list(tell.store.ended) == topics[3:]
    assert tell.store.last_seq(topics[0]) == 0
    assert tell.store.topics() == []


def test_a_store_fed_with_everything_is_equal(tell: Fed) -> None:
    tell.stream()
    tell.stream(OTHER)
    tell.end()
    again = Store()
    for topic, datum in sorted(tell.store.everything(), key=lambda item: item[1].seq):
        kind = {Candle: "candle", StreamEnded: "stream_ended", ChildStatus: "child_status"}.get(
            type(datum.value), "connection_state"
        )
        again.apply(datum.seq, envelope(kind, topic, datum.value, source=datum.source), 0)
    assert set(again.topics()) == set(tell.store.topics())
    assert list(again.ended) == [TOPIC]
    assert traces(again, TOPIC) == []


# over the bus


class Bus:
    """A cache, its supervisor, and what else a test starts."""

    def __init__(self, cache: Cache, ends: AsyncExitStack) -> None:
        self.cache = cache
        self._ends = ends
        self.supervisor = self.source("supervisor")

    def source(self, actor: str, epoch: int = 1) -> Source:
        source = Source(self.cache.path, actor, epoch)
        self._ends.push_async_callback(source.close)
        return source

    async def web(self, actor: str) -> Web:
        web = Web(self.cache.path, actor)
        self._ends.push_async_callback(web.close)
        await web.replica.wait_filled()
        return web

    async def stream(self, topic: str, *webs: Web) -> Source:
        """A stream that runs, and of which the replicas know."""
        source = self.source(topic)
        await until(lambda: source.link.connected and self.supervisor.link.connected)
        source.outbox.put("candle", topic, candle(1, topic=topic), key="1")
        source.outbox.put("connection_state", "connections", lane(topic), key="websocket")
        self.supervisor.outbox.put("child_status", "supervision", child(topic), key=topic)
        for web in webs:
            await until(lambda store=web.replica.store: len(traces(store, topic)) >= 6)
        return source

    async def end(self, source: Source, topic: str) -> None:
        """As the supervisor does it: the process first, its data then."""
        await source.close()
        await until(lambda: not self.cache.chronicle.store.sources[topic].connected)
        self.supervisor.outbox.put("stream_ended", topic, StreamEnded(actor=topic), key=topic)


@asynccontextmanager
async def bus_in(folder: Path, **bounds: Any) -> AsyncIterator[Bus]:
    async with AsyncExitStack() as ends:
        cache = Cache(folder, **bounds)
        await cache.start()
        ends.push_async_callback(cache.close)
        yield Bus(cache, ends)


async def test_it_leaves_the_cache_and_all_replicas(tmp_path: Path) -> None:
    async with bus_in(tmp_path) as bus:
        one, other = await bus.web("web:1"), await bus.web("web:2")
        source = await bus.stream(TOPIC, one, other)
        await bus.end(source, TOPIC)
        for web in (one, other):
            await until(lambda store=web.replica.store: TOPIC in store.ended)
            assert web.of("candles")[-1].kind == "stream_ended"
            assert traces(web.replica.store, TOPIC) == []
        assert traces(bus.cache.chronicle.store, TOPIC) == []
        late = await bus.web("web:3")
        assert traces(late.replica.store, TOPIC) == []
        # Again: a new life of the same actor, told from the beginning.
        again = bus.source(TOPIC, epoch=2)
        again.outbox.put("candle", TOPIC, candle(1), key="1")
        for web in (one, other, late):
            await until(lambda store=web.replica.store: TOPIC in store.topics())
            assert (web.of("candles")[-1].kind, web.of("candles")[-1].prev) == ("candle", 0)
            assert TOPIC not in web.replica.store.ended
            assert web.replica.resyncs == 0


async def test_a_reader_that_lagged_over_the_end_hears_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers_module, "MARKET_LAG_MAX", 50)
    async with bus_in(tmp_path) as bus:
        web, steady = await bus.web("web:1"), await bus.web("web:2")
        source = await bus.stream(TOPIC, web, steady)
        noisy = await bus.stream(OTHER, web, steady)
        transport = web.replica._stream._transport  # type: ignore[union-attr]
        assert transport is not None
        transport.pause_reading()
        for number in range(6_000):
            noisy.outbox.put("candle", OTHER, candle(number + 2, topic=OTHER), key=str(number))
            if number % 40 == 0:
                await asyncio.sleep(0)
            if number == 3_000:
                await bus.end(source, TOPIC)
        await until(lambda: TOPIC in steady.replica.store.ended)
        newest = 6_001 * 60_000_000
        await until(lambda: str(newest) in steady.replica.store.latest[OTHER])
        server = bus.cache.server
        assert server is not None
        [lagging] = [it for it in server._readers.values() if not it.stream.writable]
        transport.resume_reading()
        await until(lambda: str(newest) in web.replica.store.latest[OTHER])
        assert lagging.conflations >= 1
        assert traces(web.replica.store, TOPIC) == []
        assert [it.kind for it in web.of(TOPIC)][-1] == "stream_ended"
        assert web.replica.resyncs == 0


async def test_a_replica_that_was_away_for_the_end_does_not_bring_it_back(
    tmp_path: Path,
) -> None:
    async with bus_in(tmp_path, ring_count=80) as bus:
        web, steady = await bus.web("web:1"), await bus.web("web:2")
        account = bus.source("account:extended:1")
        source = await bus.stream(TOPIC, web, steady)
        transport = web.replica._stream._transport  # type: ignore[union-attr]
        assert transport is not None
        transport.pause_reading()
        await bus.end(source, TOPIC)
        # More account changes than the ring holds: only the whole state can help it now.
        for number in range(9_000):
            account.outbox.put("fill", FILLS, fill(str(number)))
            if number % 100 == 0:
                await asyncio.sleep(0)
        await until(lambda: not account.outbox.unacknowledged)
        resets = web.resets
        transport.resume_reading()
        await until(lambda: web.resets > resets)
        assert traces(web.replica.store, TOPIC) == []
        assert web.replica.store.last_seq(TOPIC) == steady.replica.store.last_seq(TOPIC)


async def test_a_cache_killed_meanwhile_hears_of_the_end_when_it_is_back(tmp_path: Path) -> None:
    async with bus_in(tmp_path) as bus:
        web = await bus.web("web:1")
        source = await bus.stream(TOPIC, web)
        await bus.cache.kill()
        await until(lambda: not web.replica.connected)
        await source.close()
        bus.supervisor.outbox.put("stream_ended", TOPIC, StreamEnded(actor=TOPIC), key=TOPIC)
        # Without the cache's word it is shown on, stale.
        assert TOPIC in web.replica.store.topics()
        await bus.cache.start()
        await until(lambda: TOPIC in web.replica.store.ended)
        assert traces(web.replica.store, TOPIC) == []
        assert traces(bus.cache.chronicle.store, TOPIC) == []
