"""Sources, cache and replicas in one process over a real unix socket: who hears what, once."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cache_links import (
    TOPIC,
    Cache,
    Source,
    Web,
    balance,
    delta,
    fill,
    order,
    position,
    snapshot,
    until,
)

from actors.cache import readers as readers_module
from actors.errors import Disconnected
from actors.messages.control import Confirmed, ConnectionState, Hello
from actors.messages.envelope import VERSION, Envelope
from actors.messages.market import BookSnapshot
from actors.runtime.framing import encode_body, pack
from actors.venues.orderbook import OrderBook

ACTOR = "account:extended:1"
FILLS, ORDERS, POSITIONS = "fills:extended:1", "orders:extended:1", "positions:extended:1"


class Book(Source):
    """A stream actor: a book, its deltas, and the book as its outbox's source."""

    def __init__(self, path: str, seed: int = 1) -> None:
        super().__init__(path, TOPIC)
        self.rng = random.Random(seed)
        self.book = OrderBook(snapshot(1).bids, snapshot(1).asks)
        self.sequence = 1
        self.outbox.book_source(TOPIC, self.whole)

    def whole(self) -> BookSnapshot:
        bids, asks = tuple(self.book.bids()), tuple(self.book.asks())
        return snapshot(self.sequence, bids=bids, asks=asks)

    def move(self, count: int = 1) -> None:
        for _ in range(count):
            self.sequence += 1
            price = str(83_000 + self.rng.randrange(900))
            change = delta(self.sequence, bids=((price, str(self.rng.randrange(3))),), asks=())
            self.book.apply(change.bids, change.asks)
            self.outbox.put("book_delta", TOPIC, change)


class World:
    """Everything a test started, ended with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[Any] = []

    async def cache(self, **bounds: Any) -> Cache:
        self.the_cache = Cache(self.folder, **bounds)
        await self.the_cache.start()
        return self.the_cache

    def source(self, actor: str = ACTOR, epoch: int = 1) -> Source:
        source = Source(self.the_cache.path, actor, epoch)
        self.started.append(source)
        return source

    def book(self) -> Book:
        book = Book(self.the_cache.path)
        self.started.append(book)
        return book

    async def web(self, actor: str = "web:1", **bounds: Any) -> Web:
        web = Web(self.the_cache.path, actor, **bounds)
        self.started.append(web)
        await web.replica.wait_filled()
        return web

    async def close(self) -> None:
        for it in reversed(self.started):
            await it.close()
        await self.the_cache.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path)
    yield world
    await world.close()


def unbroken(changes: list[Any], before: int = 0) -> bool:
    """Each change names the one before it in its topic, in rising order."""
    last: dict[str, int] = {}
    for change in changes:
        if change.prev != last.get(change.topic, before or change.prev):
            return False
        if change.seq <= last.get(change.topic, 0):
            return False
        last[change.topic] = change.seq
    return True


async def connected(*sources: Source) -> None:
    await until(lambda: all(source.link.connected for source in sources))


async def test_from_source_to_replica(world: World) -> None:
    await world.cache()
    account, book, web = world.source(), world.book(), await world.web()
    await connected(account, book)
    await until(lambda: web.replica.store.books.get(TOPIC))
    book.move(5)
    account.outbox.put("order", ORDERS, order("1", 1))
    account.outbox.put("fill", FILLS, fill("1"))
    account.outbox.put("order", ORDERS, order("1", 2, "filled"))
    await until(lambda: len(web.changes) == 9)
    assert unbroken(web.changes)
    assert [change.seq for change in web.changes] == list(range(1, 10))
    store = web.replica.store
    assert store.books[TOPIC].book.bids() == book.book.bids()
    assert store.accounts["extended", "1"].orders == {}
    assert account.outbox.unacknowledged == 0
    assert store.sources[ACTOR].connected
    assert web.replica.connected
    age = web.replica.cache_age_ms
    assert age is not None
    assert age < 3_000


async def test_confirmations_reach_the_replica_without_a_number(world: World) -> None:
    await world.cache()
    account, web = world.source(), await world.web()
    account.outbox.put("position", POSITIONS, position("1"))
    await until(lambda: web.changes)
    account.outbox.put("position", POSITIONS, position("1", via="polling", received_ns=7))
    store = web.replica.store
    held = store.accounts["extended", "1"].positions["BTC-USD"]
    await until(lambda: held.via == "polling")
    account.outbox.put("confirmed", POSITIONS, Confirmed(via="websocket", received_ns=8))
    await until(lambda: POSITIONS in store.confirmations)
    assert len(web.changes) == 1
    late = await world.web("web:2")
    assert late.replica.store.confirmations[POSITIONS].confirmed_ns == 8


async def test_a_late_replica_holds_the_same_and_can_resume_clients(world: World) -> None:
    await world.cache()
    account, book, web = world.source(), world.book(), await world.web()
    await connected(account, book)
    for at in range(300):
        account.outbox.put("fill", FILLS, fill(str(at)))
        account.outbox.put("position", POSITIONS, position(str(at % 3)))
        book.move()
        await asyncio.sleep(0)
    await until(lambda: len(web.of("fills")) == 300 and not book.outbox.pending)
    await until(lambda: web.replica.store.books[TOPIC].sequence == book.sequence)
    late = await world.web("web:2")
    one, other = web.replica, late.replica
    assert other.stream_id == one.stream_id
    assert other.store.seq == one.store.seq
    assert {t: other.store.last_seq(t) for t in other.store.topics()} == {
        t: one.store.last_seq(t) for t in one.store.topics()
    }
    for topic in (FILLS, POSITIONS, TOPIC):
        assert [(k, d.seq, d.value) for k, d in other.store.snapshot(topic)] == [
            (k, d.seq, d.value) for k, d in one.store.snapshot(topic)
        ]
    for change in web.changes[:: len(web.changes) // 20]:
        expected = [it for it in web.changes if it.seq > change.seq and it.topic == FILLS]
        assert other.resume(change.seq, lambda topic: topic == FILLS) == expected
    assert other.resume(one.store.seq + 1, lambda _: True) is None


async def test_cache_killed_account_topics_resume_exactly_market_with_a_snapshot(
    world: World,
) -> None:
    cache = await world.cache()
    account, book, web = world.source(), world.book(), await world.web()
    await connected(account, book)
    rng = random.Random(7)
    fills = 0
    for _ in range(6):
        for _ in range(rng.randrange(1, 120)):
            account.outbox.put("fill", FILLS, fill(str(fills)))
            fills += 1
            book.move(rng.randrange(4))
            if rng.random() < 0.2:
                await asyncio.sleep(0)
        await cache.kill()
        await until(lambda: not web.replica.connected)
        assert (
            web.replica.store.freshness(
                FILLS,
                web.replica.store.snapshot(FILLS)[-1][1]
                if fills and web.of("fills")
                else web.replica.store.snapshot(TOPIC)[-1][1],
                0,
            ).stale_reason
            == "cache not connected"
        )
        account.outbox.put("fill", FILLS, fill(str(fills)))
        fills += 1
        await cache.start()
        await connected(account, book)
        await until(lambda: web.replica.connected)
        await until(lambda count=fills: len(web.of("fills")) >= count)  # type: ignore[misc]
    await until(lambda: web.replica.store.books[TOPIC].sequence == book.sequence)
    assert [decoded(it)["fill_id"] for it in web.of("fills")] == [str(at) for at in range(fills)]
    assert unbroken(web.of("fills"))
    assert web.replica.store.books[TOPIC].book.bids() == book.book.bids()
    assert web.resets == 1
    assert web.replica.resyncs == 0
    first = web.of("fills")[3]
    assert web.replica.resume(first.seq, lambda t: t == FILLS) == web.of("fills")[4:]
    assert web.replica.resume(first.seq, lambda t: t == TOPIC) is None
    late = await world.web("web:2")
    assert late.replica.resume(first.seq, lambda t: t == FILLS) == web.of("fills")[4:]


def decoded(change: Any) -> Any:
    import msgspec

    return msgspec.msgpack.decode(change.body)


async def test_a_replica_that_missed_changes_while_away_tells_them_once(world: World) -> None:
    await world.cache()
    account, book, web = world.source(), world.book(), await world.web()
    await connected(account, book)
    account.outbox.put("fill", FILLS, fill("0"))
    await until(lambda: web.of("fills"))
    for at in range(1, 30):
        stream = web.replica._stream
        if at % 10 == 0 and stream is not None:
            stream.close()
        account.outbox.put("fill", FILLS, fill(str(at)))
        book.move()
        await asyncio.sleep(0)
    await until(lambda: len(web.of("fills")) == 30)
    await until(lambda: web.replica.store.books[TOPIC].sequence == book.sequence)
    assert [decoded(it)["fill_id"] for it in web.of("fills")] == [str(at) for at in range(30)]
    assert unbroken(web.changes)
    assert web.resets == 1


def stall(web: Web) -> Any:
    stream = web.replica._stream
    assert stream is not None
    transport = stream._transport
    assert transport is not None
    transport.pause_reading()
    return transport


async def test_a_stalled_reader_is_conflated_and_gets_all_account_changes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers_module, "MARKET_LAG_MAX", 50)
    cache = await world.cache()
    account, book, web = world.source(), world.book(), await world.web()
    other = await world.web("web:2")
    await connected(account, book)
    await until(lambda: TOPIC in web.replica.store.books)
    transport = stall(web)
    fills = 0
    for step in range(6_000):
        book.move()
        if step % 20 == 0:
            account.outbox.put("fill", FILLS, fill(str(fills)))
            fills += 1
        if step % 40 == 0:
            await asyncio.sleep(0)
    await until(lambda: other.replica.store.books[TOPIC].sequence == book.sequence)
    server = cache.server
    assert server is not None
    lagging = [reader for reader in server._readers.values() if not reader.stream.writable]
    assert len(lagging) == 1
    assert lagging[0].stream.buffered_bytes < 3_000_000
    transport.resume_reading()
    await until(lambda: web.replica.store.books[TOPIC].sequence == book.sequence)
    await until(lambda: len(web.of("fills")) == fills)
    assert lagging[0].conflations >= 1
    assert [decoded(it)["fill_id"] for it in web.of("fills")] == [str(at) for at in range(fills)]
    assert unbroken(web.of("fills"))
    sequences = [change.seq for change in web.changes]
    assert sequences == sorted(set(sequences))
    assert web.replica.store.books[TOPIC].book.bids() == book.book.bids()
    assert web.replica.resyncs == 0
    assert len(web.of("orderbook")) < len(other.of("orderbook"))
    assert web.replica.resume(1, lambda topic: topic == TOPIC) is None
    book.move()
    await until(lambda: web.replica.store.books[TOPIC].sequence == book.sequence)


async def test_a_reader_beyond_the_account_ring_is_filled_anew_and_says_so(world: World) -> None:
    await world.cache(ring_count=80)
    account, web = world.source(), await world.web()
    await connected(account)
    account.outbox.put("fill", FILLS, fill("0"))
    await until(lambda: web.of("fills"))
    transport = stall(web)
    count = 9_000
    for at in range(1, count):
        account.outbox.put("fill", FILLS, fill(str(at)))
        if not at % 100:
            await asyncio.sleep(0)
    await until(lambda: not account.outbox.unacknowledged)
    transport.resume_reading()
    await until(lambda: web.resets == 2)
    fills = web.replica.store.accounts["extended", "1"].fills
    assert fills[-1].value.fill_id == str(count - 1)
    assert web.replica.resume(1, lambda topic: topic == FILLS) is None
    account.outbox.put("fill", FILLS, fill("next"))
    await until(lambda: web.changes and decoded(web.changes[-1])["fill_id"] == "next")


async def test_older_answers_from_the_journal(world: World) -> None:
    cache = await world.cache(ring_count=80)
    account, web = world.source(), await world.web()
    await connected(account)
    for at in range(500):
        account.outbox.put("fill", FILLS, fill(str(at)))
    await until(lambda: not account.outbox.unacknowledged)
    late = await world.web("web:2")
    assert late.replica.resume(10, lambda topic: topic == FILLS) is None
    found = await late.replica.older(10, [FILLS])
    assert [decoded(it)["fill_id"] for it in found] == [str(at) for at in range(10, 500)]
    assert unbroken(found, before=10)
    assert await late.replica.older(10**9, [FILLS]) == []
    await cache.kill()
    await until(lambda: not web.replica.connected)
    with pytest.raises(Disconnected):
        await web.replica.older(0, [FILLS])


async def test_a_source_that_leaves_is_told_and_its_data_stay(world: World) -> None:
    await world.cache()
    account, web = world.source(), await world.web()
    account.outbox.put("position", POSITIONS, position("1"))
    lane = ConnectionState(actor=ACTOR, venue="extended", lane="websocket", state="connected")
    account.outbox.put("connection_state", "connections", lane)
    await until(lambda: len(web.changes) == 2)
    store = web.replica.store
    ((_, datum),) = store.snapshot(POSITIONS)
    assert not store.freshness(POSITIONS, datum, 0).stale
    await account.close()
    await until(lambda: store.freshness(POSITIONS, datum, 0).stale)
    assert "not linked" in store.freshness(POSITIONS, datum, 0).stale_reason
    late = await world.web("web:2")
    ((_, datum),) = late.replica.store.snapshot(POSITIONS)
    assert "link closed" in late.replica.store.freshness(POSITIONS, datum, 0).stale_reason


async def test_a_new_incarnation_replaces_the_old_and_a_ghost_is_refused(world: World) -> None:
    cache = await world.cache()
    old = world.source(epoch=1)
    await connected(old)
    old.outbox.put("fill", FILLS, fill("1"))
    await until(lambda: not old.outbox.unacknowledged)
    new = world.source(epoch=2)
    welcome = await new.link.first_welcome()
    assert welcome.acknowledged == 0
    assert welcome.fills == {FILLS: ("1",)}
    await until(lambda: old.link.connects >= 1 and not old.link.connected)
    new.outbox.put("fill", FILLS, fill("1"))
    new.outbox.put("fill", FILLS, fill("2"))
    await until(lambda: not new.outbox.unacknowledged)
    fills = cache.chronicle.store.accounts["extended", "1"].fills
    assert [it.value.fill_id for it in fills] == ["1", "2"]
    assert cache.chronicle.store.sources[ACTOR].connected
    await until(lambda: any("epoch" in it.message for it in cache.chronicle.store.faults))


async def test_a_lost_book_is_asked_for(world: World) -> None:
    cache = await world.cache()
    book, web = world.book(), await world.web()
    await connected(book)
    await until(lambda: TOPIC in web.replica.store.books)
    held = cache.chronicle.store.books[TOPIC]
    held.sequence += 1_000
    held.lost = True
    book.move()
    await until(lambda: held.sequence == book.sequence and not held.lost)
    await until(lambda: web.replica.store.books[TOPIC].sequence == book.sequence)


async def test_a_lost_journal_means_a_new_stream_and_a_reset(world: World) -> None:
    cache = await world.cache()
    account, web = world.source(), await world.web()
    account.outbox.put("fill", FILLS, fill("1"))
    account.outbox.put("account_snapshot", ACTOR, balance("5"))
    await until(lambda: len(web.changes) == 2)
    stream_id = web.replica.stream_id
    await cache.kill()
    for path in cache.directory.iterdir():
        path.unlink()
    await cache.start()
    await until(lambda: web.replica.stream_id != stream_id)
    assert web.resets == 2
    account.outbox.put("fill", FILLS, fill("2"))
    await until(lambda: len(web.of("fills")) == 2)


async def test_a_failed_journal_is_shown_and_heals_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actors.cache import journal as journal_module

    cache = await world.cache()
    account, web = world.source(), await world.web()
    await connected(account)
    real = os.write
    monkeypatch.setattr(journal_module.os, "write", lambda fd, data: real(fd, data[:3]))
    account.outbox.put("fill", FILLS, fill("1"))
    await until(lambda: web.replica.store.journal == "failed")
    await until(lambda: web.of("fills"))
    assert account.outbox.unacknowledged == 1
    for at in range(2, 20):
        account.outbox.put("fill", FILLS, fill(str(at)))
        await asyncio.sleep(0)
    assert len([line for line in cache.context.lines if "journal failed" in line]) == 1
    monkeypatch.setattr(journal_module.os, "write", real)
    await until(lambda: web.replica.store.journal == "ok")
    await until(lambda: not account.outbox.unacknowledged)
    assert "info journal written again {}" in cache.context.lines
    await cache.kill()
    await cache.start()
    assert len(cache.chronicle.store.accounts["extended", "1"].fills) == 19


async def raw(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_unix_connection(path)


def hello(role: str = "source", source: str = ACTOR, **more: Any) -> bytes:
    body = encode_body(Hello(role=role, **more))
    return pack(Envelope(VERSION, "hello", source, 1, 0, 1, "", body))


def told(kind: str, message: Any, source: str = ACTOR, epoch: int = 1, key: str = FILLS) -> bytes:
    return pack(Envelope(VERSION, kind, source, epoch, 1, 1, key, encode_body(message)))


@pytest.mark.parametrize(
    "frames",
    [
        b"\xc1",
        told("fill", fill("1")),
        hello(role="spy"),
        hello(source="cache"),
        hello(source=""),
        pack(Envelope(VERSION, "hello", ACTOR, 1, 0, 1, "", b"\xc1")),
        hello() + told("fill", fill("1"), source="account:extended:2"),
        hello() + told("fill", fill("1"), epoch=2),
        hello() + told("fill", fill("1"), key=""),
        hello() + told("fill", position("1")),
        hello() + told("hello", Hello(role="source")),
        hello() + told("source_state", Hello(role="source")),
        hello(role="reader") + told("fill", fill("1")),
        hello(role="reader") + told("older", Hello(role="x")),
        hello(role="reader") + pack(Envelope(VERSION, "older", ACTOR, 1, 0, 1, "", b"\xc1")),
    ],
)
async def test_who_breaks_the_rules_loses_that_link_only(world: World, frames: bytes) -> None:
    cache = await world.cache()
    account, web = world.source("account:extended:9"), await world.web()
    await connected(account)
    reader, writer = await raw(cache.path)
    writer.write(frames)
    async with asyncio.timeout(5):
        while await reader.read(65_536):
            pass
    writer.close()
    await until(lambda: cache.chronicle.store.faults)
    assert account.link.connects == 1
    message = fill("1", account="9")
    account.outbox.put("fill", "fills:extended:9", message)
    await until(lambda: web.of("fills:extended:9"))
    assert ("extended", "1") not in web.replica.store.accounts


async def test_faults_of_one_sender_are_counted_not_repeated(world: World) -> None:
    cache = await world.cache()
    for _ in range(30):
        reader, writer = await raw(cache.path)
        writer.write(hello() + b"\xc1")
        async with asyncio.timeout(5):
            while await reader.read(65_536):
                pass
        writer.close()
    assert len(cache.chronicle.store.faults) == 1
    assert cache.chronicle.store.faults[0].actor == ACTOR


async def test_a_peer_of_another_user_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = await world.cache()
    real = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: real + 1)
    reader, writer = await raw(cache.path)
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()
    await until(lambda: any("uid" in it.message for it in cache.chronicle.store.faults))


async def test_a_silent_cache_makes_everything_stale_without_a_word(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actors.cache import replica as replica_module

    cache = await world.cache()
    web = await world.web()
    assert web.replica.connected
    monkeypatch.setattr(replica_module, "CACHE_SILENCE_S", 0.3)
    cache._beating.cancel()
    await until(lambda: not web.replica.connected)
    assert web.replica.store.cache_reason == "cache silent"
    assert cache.server is not None
    cache.server.beat()
    await until(lambda: web.replica.connected)


async def test_a_replica_that_lost_the_thread_asks_for_everything(world: World) -> None:
    await world.cache()
    account, book, web = world.source(), world.book(), await world.web()
    await connected(account, book)
    account.outbox.put("fill", FILLS, fill("1"))
    await until(lambda: web.of("fills") and TOPIC in web.replica.store.books)
    web.replica.store.books[TOPIC].sequence = 77
    book.move()
    await until(lambda: web.replica.resyncs == 1 and web.replica.connected)
    await until(lambda: web.replica.store.books[TOPIC].sequence == book.sequence)
    assert web.resets == 1
    assert len(web.of("fills")) == 1


async def test_the_listening_socket_outlives_the_cache(world: World) -> None:
    cache = await world.cache()
    await cache.kill()
    probe = socket.socket(socket.AF_UNIX)
    probe.connect(cache.path)
    probe.close()
    account = world.source()
    account.outbox.put("fill", FILLS, fill("1"))
    await cache.start()
    await until(lambda: account.outbox.unacknowledged == 0)
