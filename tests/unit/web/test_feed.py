"""The feed: snapshot and change without a hole, resume, lag, pace, eviction; on a fake clock."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from web_world import ACCOUNT_1, BTC, ETH, World

from actors.runtime.clock import FakeClock
from web.clients import LAG_BYTES, PENDING_MAX, Client
from web.frames import Door
from web.resume import Position
from web.topics import parse_all

FILLS = "fills:extended:1"


class FakeSink:
    """A transport that takes what it is told to take."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.unsent = 0
        self.stalled = False
        self.aborted = False
        self.closing = False
        self.broken = False

    def write(self, data: bytes, /) -> None:
        if self.broken:
            raise RuntimeError("Cannot call write() after write_eof()")
        self.writes.append(data)
        if self.stalled:
            self.unsent += len(data)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self.closing

    def abort(self) -> None:
        self.aborted = True

    def drain(self) -> None:
        self.stalled = False
        self.unsent = 0


class Watcher:
    """A client of the feed with the plain door, so that what it got can be read."""

    def __init__(self, world: World, max_hz: float | None = None) -> None:
        self.sink = FakeSink()
        self.closed: tuple[int, str] | None = None
        self.client = Client(self.sink, Door.SSE_PLAIN, self._close, max_hz=max_hz)
        self.feed = world.feed
        self.feed.add(self.client)

    def _close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    @property
    def code(self) -> int:
        return self.closed[0] if self.closed else 0

    async def subscribe(self, *topics: str, since: str = "") -> None:
        stream, _, seq = since.rpartition("-")
        position = Position(stream, int(seq)) if since else None
        await self.feed.subscribe(self.client, parse_all(topics), position)

    def blocks(self) -> list[tuple[str, dict[str, Any]]]:
        """(id line, message) of all that came."""
        found = []
        for block in b"".join(self.sink.writes).decode().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
            if "data" in lines:
                found.append((lines.get("id", ""), json.loads(lines["data"])))
        return found

    def messages(self) -> list[dict[str, Any]]:
        return [message for _, message in self.blocks()]

    def kinds(self) -> list[str]:
        return [message["type"] for message in self.messages()]

    def clear(self) -> None:
        self.sink.writes.clear()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def world(clock: FakeClock) -> World:
    made = World(clock)
    made.full()
    return made


def chain_is_whole(messages: list[dict[str, Any]]) -> bool:
    """Each update names the id before it in its topic, and ids rise."""
    last: dict[str, str] = {}
    for message in messages:
        topic = message["topic"]
        if message["type"] == "update" and topic in last and message["prev"] != last[topic]:
            return False
        last[topic] = message["id"]
    return True


async def test_a_snapshot_per_topic_comes_first_in_the_order_of_ids(world: World) -> None:
    watcher = Watcher(world)
    await watcher.subscribe("fills:*:*", BTC, "account:extended:1")
    found = watcher.blocks()
    assert [message["type"] for _, message in found] == ["snapshot"] * 4
    numbers = [int(message["id"].split("-")[1]) for _, message in found]
    assert numbers == sorted(numbers)
    # Only the last is a place to resume from: who is cut off before it holds too little.
    assert [bool(line) for line, _ in found] == [False, False, False, True]
    assert found[-1][0] == found[-1][1]["id"]


async def test_changes_of_one_turn_are_one_write(world: World) -> None:
    watcher = Watcher(world)
    await watcher.subscribe(FILLS, BTC)
    watcher.clear()
    for number in range(10, 14):
        world.fill(number)
        world.delta()
    assert watcher.sink.writes == []
    await asyncio.sleep(0)
    assert len(watcher.sink.writes) == 1
    assert len(watcher.messages()) == 8
    assert chain_is_whole(watcher.messages())


async def test_the_same_bytes_object_goes_to_every_client(world: World) -> None:
    watchers = [Watcher(world) for _ in range(3)]
    for watcher in watchers:
        await watcher.subscribe(FILLS)
        watcher.clear()
    world.fill(10)
    world.feed.flush()
    assert len({id(watcher.sink.writes[0]) for watcher in watchers}) == 1


async def test_subscribing_in_the_midst_of_a_turn_neither_misses_nor_doubles(world: World) -> None:
    early, late = Watcher(world), Watcher(world)
    await early.subscribe(FILLS)
    world.fill(10)
    await late.subscribe(FILLS)  # the change is applied, and not written to anyone yet
    world.fill(11)
    world.feed.flush()
    told = [m["data"]["fill_id"] for m in early.messages() if m["type"] == "update"]
    assert told == ["10", "11"]
    snapshot, *updates = late.messages()
    assert [fill["fill_id"] for fill in snapshot["data"]] == ["10", "1"]
    assert [m["data"]["fill_id"] for m in updates] == ["11"]
    assert chain_is_whole(late.messages())


async def test_topics_added_later_come_with_their_snapshot_and_the_others_go_on(
    world: World,
) -> None:
    watcher = Watcher(world)
    await watcher.subscribe(FILLS)
    world.fill(10)
    await watcher.subscribe(FILLS, BTC)
    world.fill(11)
    world.delta()
    world.feed.flush()
    topics = [(m["type"], m["topic"]) for m in watcher.messages()]
    assert topics == [
        ("snapshot", FILLS),
        ("update", FILLS),
        ("snapshot", BTC),
        ("update", FILLS),
        ("update", BTC),
    ]
    assert chain_is_whole(watcher.messages())


async def test_unsubscribed_topics_are_silent(world: World) -> None:
    watcher = Watcher(world)
    await watcher.subscribe(FILLS, BTC)
    watcher.feed.unsubscribe(watcher.client, parse_all([BTC]))
    watcher.clear()
    world.delta()
    world.fill(10)
    world.feed.flush()
    assert [m["topic"] for m in watcher.messages()] == [FILLS]


async def test_a_topic_that_appears_under_a_wildcard_is_told(world: World) -> None:
    watcher = Watcher(world)
    await watcher.subscribe("fills:*:*")
    watcher.clear()
    world.fill(1, name="77", venue="lighter")
    world.feed.flush()
    (message,) = watcher.messages()
    assert message["topic"] == "fills:lighter:77"
    assert message["prev"] == "testing-0"


# resuming


async def test_resume_gives_every_later_change_once_in_order(world: World) -> None:
    first = Watcher(world)
    await first.subscribe(FILLS, BTC)
    since = first.blocks()[-1][0]
    for number in range(10, 15):
        world.fill(number)
        world.delta()
    world.feed.flush()
    updates = [m for m in first.messages() if m["type"] == "update"]
    second = Watcher(world)
    await second.subscribe(FILLS, BTC, since=since)
    got = second.messages()
    assert [m["id"] for m in got] == [m["id"] for m in updates]
    assert [m["prev"] for m in got] == [m["prev"] for m in updates]
    assert all(line == m["id"] for line, m in second.blocks())


async def test_resume_from_now_gives_nothing(world: World) -> None:
    watcher = Watcher(world)
    await watcher.subscribe(FILLS, since=f"testing-{world.replica.store.seq}")
    assert watcher.messages() == []
    world.fill(10)
    world.feed.flush()
    assert watcher.kinds() == ["update"]


@pytest.mark.parametrize("since", ["other-5", "testing-99999"])
async def test_what_cannot_be_resumed_is_reset_by_topic(world: World, since: str) -> None:
    watcher = Watcher(world)
    await watcher.subscribe(FILLS, BTC, since=since)
    assert watcher.kinds() == ["reset", "snapshot", "reset", "snapshot"]
    pairs = [m["topic"] for m in watcher.messages()]
    assert pairs[0] == pairs[1]
    assert pairs[2] == pairs[3]
    marks = [line for line, _ in watcher.blocks()]
    assert marks[:3] == ["", "", ""]
    assert marks[3]


async def test_beyond_the_ring_account_topics_come_from_the_journal(clock: FakeClock) -> None:
    world = World(clock, ring_count=40)
    world.full()
    since = f"testing-{world.replica.store.seq}"
    for number in range(10, 110):
        world.fill(number)
        world.delta()
    watcher = Watcher(world)
    await watcher.subscribe(FILLS, BTC, since=since)
    fills = [m for m in watcher.messages() if m["topic"] == FILLS]
    assert [m["data"]["fill_id"] for m in fills] == [str(n) for n in range(10, 110)]
    assert {m["type"] for m in fills} == {"update"}
    books = [m["type"] for m in watcher.messages() if m["topic"] == BTC]
    assert books == ["reset", "snapshot"]


async def test_changes_while_the_journal_is_read_are_held_and_told_once(clock: FakeClock) -> None:
    world = World(clock, ring_count=40)
    world.full()
    since = f"testing-{world.replica.store.seq}"
    for number in range(10, 110):
        world.fill(number)
    world.replica.journal_gate = asyncio.Event()
    watcher = Watcher(world)
    asking = asyncio.create_task(watcher.subscribe(FILLS, BTC, since=since))
    await asyncio.sleep(0)
    world.fill(110)
    world.delta()
    world.feed.flush()
    assert watcher.messages() == []
    world.replica.journal_gate.set()
    await asking
    world.fill(111)
    world.feed.flush()
    fills = [m["data"]["fill_id"] for m in watcher.messages() if m["topic"] == FILLS]
    assert fills == [str(n) for n in range(10, 112)]
    assert [m["type"] for m in watcher.messages() if m["topic"] == BTC] == ["update"]
    assert chain_is_whole(watcher.messages())


async def test_a_hole_in_the_journal_is_a_reset(clock: FakeClock) -> None:
    world = World(clock, ring_count=40)
    world.full()
    since = f"testing-{world.replica.store.seq}"
    for number in range(10, 110):
        world.fill(number)
    del world.replica.journal[:-20]
    watcher = Watcher(world)
    await watcher.subscribe(FILLS, since=since)
    assert watcher.kinds() == ["reset", "snapshot"]


async def test_a_stream_that_began_anew_resets_everyone(world: World) -> None:
    watcher = Watcher(world)
    await watcher.subscribe(FILLS)
    watcher.clear()
    world.replica.stream_id = "another"
    for listener in world.replica._reset_listeners:
        listener()
    assert watcher.kinds() == ["reset", "snapshot"]
    assert watcher.messages()[1]["id"].startswith("another-")


# lag, pace, eviction


async def test_a_lagging_client_gets_the_newest_book_and_every_fill(world: World) -> None:
    slow, quick = Watcher(world), Watcher(world)
    for watcher in (slow, quick):
        await watcher.subscribe(FILLS, BTC, ETH)
    slow.sink.stalled = True
    slow.sink.unsent = LAG_BYTES
    world.delta()
    world.feed.flush()  # seen as lagging by this write
    slow.clear()
    for number in range(10, 15):
        world.fill(number)
        world.delta()
        world.feed.flush()
    world.delta(ETH)
    world.feed.flush()
    assert slow.sink.writes == []
    slow.sink.drain()
    world.feed.tick()
    got = slow.messages()
    assert [(m["type"], m["topic"]) for m in got] == [
        ("snapshot", BTC),
        *[("update", FILLS)] * 5,
        ("update", ETH),  # a single change needs no snapshot
    ]
    assert len(slow.sink.writes) == 1
    world.delta()
    world.feed.flush()
    assert slow.messages()[-1]["prev"] == got[0]["id"]
    assert chain_is_whole(slow.messages())
    assert chain_is_whole(quick.messages())
    assert slow.sink.writes[-1] is quick.sink.writes[-1]  # it is among its audience again


async def test_a_client_that_takes_nothing_for_ten_seconds_is_closed_and_dropped(
    world: World, clock: FakeClock
) -> None:
    stuck, well = Watcher(world), Watcher(world)
    for watcher in (stuck, well):
        await watcher.subscribe(BTC)
    stuck.sink.unsent = 10
    for _ in range(10):
        world.feed.tick()
        clock.advance(1)
    assert not stuck.closed
    clock.advance(0.5)
    world.feed.tick()
    assert stuck.code == 1013
    assert stuck.messages()[-1]["type"] == "closing"
    assert world.feed.counts() == {"sse": 1, "websocket": 0, "evicted": 1}
    assert well.closed is None


async def test_a_slow_client_that_takes_something_is_kept(world: World, clock: FakeClock) -> None:
    watcher = Watcher(world)
    await watcher.subscribe(BTC)
    watcher.sink.unsent = 100
    for _ in range(40):
        watcher.sink.unsent -= 1
        world.feed.tick()
        clock.advance(1)
    assert watcher.closed is None


async def test_account_events_beyond_the_bound_close_the_client_instead_of_being_lost(
    world: World,
) -> None:
    watcher = Watcher(world)
    await watcher.subscribe(FILLS)
    watcher.sink.stalled = True
    watcher.sink.unsent = LAG_BYTES
    for number in range(10, PENDING_MAX + 20):
        world.fill(number)
        world.feed.flush()
        if watcher.closed:
            break
    assert watcher.closed is not None
    assert watcher.closed[0] == 1013
    assert watcher.client.pending == []


async def test_max_hz_conflates_books_and_leaves_fills_alone(
    world: World, clock: FakeClock
) -> None:
    watcher = Watcher(world, max_hz=2)
    await watcher.subscribe(FILLS, BTC)
    watcher.clear()
    for number in range(10, 20):
        world.delta()
        world.fill(number)
        world.feed.flush()
        clock.advance(0.1)
    books = [m for m in watcher.messages() if m["topic"] == BTC]
    fills = [m for m in watcher.messages() if m["topic"] == FILLS]
    assert len(fills) == 10
    assert len(books) == 2
    clock.advance(0.5)
    world.feed.tick()
    newest = [m for m in watcher.messages() if m["topic"] == BTC][-1]
    assert newest["type"] == "snapshot"
    assert newest["id"] == f"testing-{world.replica.store.last_seq(BTC)}"
    assert chain_is_whole(watcher.messages())


async def test_a_paced_client_resumes_books_by_snapshot(world: World) -> None:
    since = f"testing-{world.replica.store.seq}"
    world.delta()
    world.fill(10)
    watcher = Watcher(world, max_hz=2)
    await watcher.subscribe(FILLS, BTC, since=since)
    assert [(m["type"], m["topic"]) for m in watcher.messages()] == [
        ("snapshot", BTC),
        ("update", FILLS),
    ]


async def test_a_client_whose_server_said_goodbye_disturbs_nobody(world: World) -> None:
    gone, well = Watcher(world), Watcher(world)
    for watcher in (gone, well):
        await watcher.subscribe(FILLS)
        watcher.clear()
    gone.sink.broken = True
    world.fill(10)
    world.feed.flush()
    assert well.kinds() == ["update"]


async def test_a_connection_that_is_gone_is_forgotten(world: World) -> None:
    watcher = Watcher(world)
    await watcher.subscribe(FILLS)
    watcher.sink.closing = True
    world.feed.tick()
    assert world.feed.count == 0


async def test_removing_a_client_leaves_nothing_behind(world: World) -> None:
    watchers = [Watcher(world) for _ in range(5)]
    for watcher in watchers:
        await watcher.subscribe(FILLS, BTC)
    for watcher in watchers:
        world.feed.remove(watcher.client)
        world.feed.remove(watcher.client)
    feed = world.feed
    assert (feed.count, len(feed._audiences), len(feed._alone)) == (0, 0, 0)


# time


async def test_silence_is_filled_each_15_s(world: World, clock: FakeClock) -> None:
    watcher = Watcher(world)
    await watcher.subscribe(FILLS)
    watcher.clear()
    for _ in range(31):
        world.feed.tick()
        clock.advance(1)
    assert watcher.sink.writes.count(b": still here\n\n") == 2


async def test_a_topic_that_turns_stale_is_said_once(world: World, clock: FakeClock) -> None:
    watcher = Watcher(world)
    await watcher.subscribe(ACCOUNT_1)
    world.feed.tick()
    watcher.clear()
    world.replica.disconnect()
    for _ in range(3):
        clock.advance(1.1)
        world.feed.tick()
    world.feed.flush()
    (message,) = watcher.messages()
    assert message["type"] == "freshness"
    assert message["data"]["stale"] is True
    assert message["data"]["stale_reason"] == "cache not connected"


async def test_the_end_tells_everyone_and_takes_nobody_in(world: World) -> None:
    watchers = [Watcher(world) for _ in range(3)]
    for watcher in watchers:
        await watcher.subscribe(FILLS)
    world.fill(10)
    world.feed.close_all(1001, "the service stops")
    world.feed.close_all(1001, "the service stops")
    for watcher in watchers:
        assert watcher.closed == (1001, "the service stops")
        assert watcher.kinds() == ["snapshot", "update", "closing"]
        assert watcher.messages()[-1]["id"] == f"testing-{world.replica.store.seq}"
    assert world.feed.full
