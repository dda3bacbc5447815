"""When a datum is stale, in which order the reasons count, and how old it is said to be."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from cache_links import TOPIC, envelope, position, snapshot

from actors.cache.store import Freshness, Store
from actors.messages.account import Points
from actors.messages.control import Confirmed, ConnectionState, SourceState
from actors.messages.market import BookStatus

POSITIONS = "positions:extended:1"
ACCOUNT, BOOK = "account:extended:1", TOPIC
MS = 1_000_000
WALL = 1_790_000_000_000_000_000


class World:
    """One account with two lanes and one book with one, all well at 100 ms."""

    def __init__(self) -> None:
        self.store = Store()
        self.tell("source_state", ACCOUNT, SourceState(source=ACCOUNT, connected=True), 1)
        self.tell("source_state", BOOK, SourceState(source=BOOK, connected=True), 1)
        self.lane(ACCOUNT, "rest")
        self.lane(ACCOUNT, "websocket")
        self.lane(BOOK, "websocket")
        self.tell("position", POSITIONS, position("1", via="polling"), 100 * MS, ACCOUNT)
        self.tell("book_snapshot", BOOK, snapshot(1), 100 * MS, BOOK)

    def tell(self, kind: str, topic: str, message: Any, at: int, source: str = "cache") -> None:
        self.store.apply(
            self.store.seq + 1, envelope(kind, topic, message, source=source, sent_ns=at)
        )

    def lane(self, actor: str, lane: str, state: str = "connected", **more: Any) -> None:
        fields: dict[str, Any] = {"stale_after_ms": 5_000.0, "since_mono_ns": 1, **more}
        message = ConnectionState(actor=actor, venue="extended", lane=lane, state=state, **fields)
        self.tell("connection_state", "connections", message, 2, actor)

    def position(self, now_ms: float) -> Freshness:
        ((_, datum),) = self.store.snapshot(POSITIONS)
        return self.store.freshness(POSITIONS, datum, int(now_ms * MS))

    def book(self, now_ms: float) -> Freshness:
        datum = self.store.books[BOOK].datum
        assert datum is not None
        return self.store.freshness(BOOK, datum, int(now_ms * MS))


@pytest.fixture
def world() -> World:
    return World()


def test_fresh(world: World) -> None:
    assert world.position(350) == Freshness(
        source=ACCOUNT,
        via="polling",
        as_of_us=WALL // 1000,
        changed_us=WALL // 1000,
        age_ms=250.0,
        stale=False,
        stale_reason="",
    )
    assert not world.book(350).stale


def test_age_beyond_the_lanes_limit(world: World) -> None:
    assert not world.position(5_100).stale
    late = world.position(5_101)
    assert late.stale
    assert late.stale_reason == "not confirmed for 5001 ms, expected within 5000 ms"


def test_reasons_in_their_order(world: World) -> None:
    bad = BookStatus(
        venue="extended", product="linear", symbol="BTC-USD", verified=False, received_ns=1
    )
    now = 60_000
    assert "not confirmed" in world.book(now).stale_reason
    world.tell("book_status", BOOK, bad, 3, BOOK)
    assert world.book(now).stale_reason == "book not verified"
    world.lane(BOOK, "websocket", "backoff", last_error="refused")
    assert world.book(now).stale_reason == "websocket backoff: refused"
    gone = SourceState(source=BOOK, connected=False, reason="link closed")
    world.tell("source_state", BOOK, gone, 4)
    assert world.book(now).stale_reason == f"{BOOK} is not linked to the cache: link closed"
    world.store.cache_reason = "cache not connected"
    assert world.book(now).stale_reason == "cache not connected"


def test_a_source_that_nobody_saw_is_not_linked(world: World) -> None:
    del world.store.sources[ACCOUNT]
    assert world.position(110).stale_reason == f"{ACCOUNT} is not linked to the cache"


def test_each_datum_follows_the_lane_that_confirmed_it(world: World) -> None:
    world.lane(ACCOUNT, "websocket", "backoff")
    assert not world.position(200).stale
    world.lane(ACCOUNT, "rest", "paused")
    assert world.position(200).stale_reason == "rest paused by the operator"


def test_a_section_confirmed_as_a_whole_is_younger(world: World) -> None:
    word = Confirmed(via="websocket", received_ns=WALL + 900 * MS)
    world.tell("confirmed", POSITIONS, word, 1_000 * MS, ACCOUNT)
    fresh = world.position(1_200)
    assert (fresh.age_ms, fresh.via, fresh.as_of_us) == (
        200.0,
        "websocket",
        (WALL + 900 * MS) // 1000,
    )
    assert fresh.changed_us == WALL // 1000


def test_a_quiet_book_on_a_living_connection_is_not_stale(world: World) -> None:
    world.lane(BOOK, "websocket", last_message_mono_ns=60_000 * MS)
    fresh = world.book(60_100)
    assert not fresh.stale
    assert fresh.age_ms == 100.0
    assert fresh.as_of_us == WALL // 1000 + 59_900_000


def test_a_newer_connection_does_not_vouch_for_what_an_older_one_told(world: World) -> None:
    world.lane(BOOK, "websocket", since_mono_ns=50_000 * MS, last_message_mono_ns=60_000 * MS)
    assert world.book(60_100).stale


def test_polling_does_not_vouch_for_what_it_did_not_confirm(world: World) -> None:
    world.lane(ACCOUNT, "rest", last_message_mono_ns=60_000 * MS)
    assert world.position(60_100).stale


def test_data_of_sources_without_lanes_only_need_their_source(world: World) -> None:
    world.store.connections.clear()
    assert not world.position(10**7).stale


def test_a_time_from_the_future_is_no_negative_age(world: World) -> None:
    assert world.position(0).age_ms == 0.0


def test_forgotten_sources_make_everything_stale(world: World) -> None:
    world.store.forget_sources("not linked since the cache came back")
    assert "came back" in world.position(110).stale_reason
    assert msgspec.structs.asdict(world.store.sources[BOOK])["connected"] is False


class Scored(World):
    """Points of the account, said at 100 ms, good for 300 ms."""

    def __init__(self) -> None:
        super().__init__()
        points = Points(
            venue="extended",
            account="1",
            available=True,
            total="1",
            stale_after_ms=300.0,
            received_mono_ns=100 * MS,
            received_ns=WALL,
        )
        # Told later than said, as after a restart of the cache: that makes nothing younger.
        self.tell("points", "points", points, 250 * MS, ACCOUNT)

    def points(self, now_ms: float) -> Freshness:
        ((_, datum),) = self.store.snapshot("points")
        return self.store.freshness("points", datum, int(now_ms * MS))


def test_points_are_as_old_as_the_venue_s_word() -> None:
    found = Scored().points(400)
    assert (found.age_ms, found.stale, found.via) == (300.0, False, "polling")
    assert found.as_of_us == WALL // 1000
    assert "expected within 300 ms" in Scored().points(401).stale_reason


def test_points_outlive_a_lane_that_is_down_but_not_their_source() -> None:
    world = Scored()
    world.lane(ACCOUNT, "rest", "backoff", last_error="503")
    world.lane(ACCOUNT, "websocket", "backoff")
    assert not world.points(150).stale
    world.tell("source_state", ACCOUNT, SourceState(source=ACCOUNT, connected=False), 3)
    assert "not linked" in world.points(150).stale_reason
