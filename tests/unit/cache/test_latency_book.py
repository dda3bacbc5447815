"""What the cache makes of the frames that it hears: delays per leg, and venues' clocks."""

from __future__ import annotations

from typing import Any

import msgspec

from actors.cache.histogram import SLICE_NS
from actors.cache.latency import (
    ACTOR_TO_CACHE,
    ACTORS_MAX,
    CLOCK_REIGN_NS,
    OTHERS,
    REPORT_PARTS,
    VENUE_TO_ACTOR,
    LatencyBook,
)
from actors.messages.account import Fill
from actors.messages.control import ConnectionState
from actors.messages.envelope import VERSION, Envelope
from actors.messages.latency import Latency, LegLatency, VenueClock
from actors.messages.market import BookDelta
from actors.runtime.clock import FakeClock

BOOK = "orderbook:extended:linear:BTC-USD"
ACCOUNT = "account:extended:1"
MS = 1_000_000
HOUR_MS = 3_600_000.0


class World:
    """A book of latencies on a fake clock, and a venue whose clock may be off."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.book = LatencyBook(self.wall_minus_mono_ns, self.clock.monotonic_ns())
        self.venue_offset_ns = 0
        self._venue_minus_mono_ns = self.wall_minus_mono_ns

    @property
    def wall_minus_mono_ns(self) -> int:
        return self.clock.wall_ns() - self.clock.monotonic_ns()

    def venue_now_ns(self) -> int:
        """The venue's clock takes no note of ours being set."""
        return self.clock.monotonic_ns() + self._venue_minus_mono_ns + self.venue_offset_ns

    def frame(self, kind: str, source: str, value: Any, ago_ms: float = 1) -> None:
        now = self.clock.monotonic_ns()
        sent_ns = now - round(ago_ms * MS)
        envelope = Envelope(VERSION, kind, source, 1, 1, sent_ns, "topic", b"")
        self.book.heard(envelope, value, now)

    def delta(self, from_venue_ms: float, source: str = BOOK, ago_ms: float = 1) -> None:
        """A delta that took so long to the actor, which sent it on `ago_ms` before now."""
        value = BookDelta(
            venue="extended",
            product="linear",
            symbol="BTC-USD",
            sequence=2,
            previous_sequence=1,
            venue_time_ns=self.venue_now_ns() - round((ago_ms + from_venue_ms) * MS),
            received_ns=self.clock.wall_ns(),
        )
        self.frame("book_delta", source, value, ago_ms)

    def fill(self, from_venue_ms: float, via: str) -> None:
        value = Fill(
            venue="extended",
            account="1",
            fill_id="1",
            order_id="1",
            symbol="BTC-USD",
            product="linear",
            side="buy",
            price="1",
            quantity="1",
            liquidity="maker",
            venue_time_ns=self.venue_now_ns() - round((1 + from_venue_ms) * MS),
            received_ns=self.clock.wall_ns(),
            via=via,
        )
        self.frame("fill", ACCOUNT, value)

    def lane(self, actor: str, lane: str = "websocket", **more: Any) -> None:
        state = ConnectionState(
            actor=actor, venue="extended", lane=lane, **{"state": "connected", **more}
        )
        self.frame("connection_state", actor, state)
        self.book.lane_told(state, self.wall_minus_mono_ns)

    def connected(self, actor: str) -> None:
        self.lane(actor, since_mono_ns=self.clock.monotonic_ns())
        self.clock.advance(1)

    def measured(self, actor: str, offset_ms: float, uncertainty_ms: float) -> None:
        self.lane(
            actor,
            "rest",
            clock_offset_ms=offset_ms,
            clock_uncertainty_ms=uncertainty_ms,
            clock_measured_mono_ns=self.clock.monotonic_ns(),
        )

    def report(self) -> Latency:
        for _ in range(REPORT_PARTS):
            self.clock.advance(1)
            told = self.book.beat(self.clock.monotonic_ns(), self.wall_minus_mono_ns)
        assert told is not None
        return told

    def leg(self, actor: str, leg: str) -> LegLatency | None:
        legs = {it.actor: {leg.leg: leg for leg in it.legs} for it in self.report().actors}
        return legs.get(actor, {}).get(leg)


def test_both_legs_of_a_book() -> None:
    world = World()
    world.connected(BOOK)
    for _ in range(10):
        world.delta(20.0, ago_ms=3)
    from_venue, to_cache = world.leg(BOOK, VENUE_TO_ACTOR), world.leg(BOOK, ACTOR_TO_CACHE)
    assert from_venue is not None
    assert to_cache is not None
    assert (from_venue.last_1m.count, to_cache.last_1m.count) == (10, 11)
    assert (from_venue.last_1m.p50_ms, from_venue.last_15m.max_ms) == (20.0, 20.0)
    assert to_cache.last_1m.p99_ms == 3.0
    assert from_venue.totals[-1] == 10
    assert from_venue.sum_ms == 200.0


def test_a_report_comes_each_few_beats_and_holds_every_actor() -> None:
    world = World()
    actors = [f"account:extended:{number}" for number in range(23)]
    for actor in actors:
        world.frame("confirmed", actor, None)
    told = [world.book.beat(world.clock.monotonic_ns(), 0) for _ in range(REPORT_PARTS * 2)]
    reports = [report for report in told if report is not None]
    assert len(reports) == 2
    assert [it.actor for it in reports[0].actors] == sorted(actors)


def test_what_happened_before_the_stream_was_there_is_no_measure() -> None:
    world = World()
    world.delta(5.0)
    world.connected(BOOK)
    world.delta(40_000.0)
    world.delta(7.0)
    world.lane(BOOK, state="backoff")
    world.delta(9.0)
    leg = world.leg(BOOK, VENUE_TO_ACTOR)
    assert leg is not None
    assert (leg.last_1m.count, leg.last_1m.max_ms) == (1, 7.0)


def test_what_was_asked_for_is_no_measure_of_the_stream() -> None:
    world = World()
    world.connected(ACCOUNT)
    world.fill(5.0, "polling")
    assert world.leg(ACCOUNT, VENUE_TO_ACTOR) is None
    world.fill(6.0, "websocket")
    leg = world.leg(ACCOUNT, VENUE_TO_ACTOR)
    assert leg is not None
    assert (leg.last_1m.count, leg.last_1m.p50_ms) == (1, 6.0)


def test_a_venues_clock_is_corrected_by_no_more_than_must_be() -> None:
    world = World()
    world.connected(BOOK)
    world.venue_offset_ns = 300 * MS
    world.measured(ACCOUNT, 290.0, 50.0)
    assert world.report().clocks[0].offset_ms == 290.0
    world.delta(10.0)
    leg = world.leg(BOOK, VENUE_TO_ACTOR)
    # At least 240 ms ahead, so 300 - 240 of the road's 10 ms seem to be less than none.
    assert leg is not None
    assert leg.last_1m.max_ms == 10.0 - (300.0 - 240.0)
    assert leg.sum_ms == 0.0


def test_clocks_that_may_agree_are_taken_to_agree() -> None:
    world = World()
    world.connected(BOOK)
    world.measured(ACCOUNT, 290.0, 500.0)
    world.report()
    world.delta(10.0)
    leg = world.leg(BOOK, VENUE_TO_ACTOR)
    assert leg is not None
    assert leg.last_1m.max_ms == 10.0


def test_j_an_hour_on_our_wall_clock_moves_the_offset_and_no_latency() -> None:
    world = World()
    world.connected(BOOK)
    world.measured(ACCOUNT, 2.0, 20.0)
    world.report()
    for step_s in (3_600.0, -7_200.0):
        world.delta(10.0)
        world.clock.step_wall(step_s)
        world.delta(10.0)
        world.report()
        world.delta(10.0)
    report = world.report()
    assert report.clocks == (
        VenueClock(
            venue="extended",
            offset_ms=HOUR_MS + 2.0,
            uncertainty_ms=20.0,
            source=ACCOUNT,
            measured_mono_ns=report.clocks[0].measured_mono_ns,
        ),
    )
    leg = world.leg(BOOK, VENUE_TO_ACTOR)
    assert leg is not None
    assert leg.last_1m.count == 6
    assert leg.last_1m.min_ms is not None
    assert leg.last_1m.max_ms is not None
    # Wrong by no more than the offset may be: 2 ± 20 ms.
    assert -12.0 <= leg.last_1m.min_ms <= leg.last_1m.max_ms <= 32.0


def test_without_a_measured_clock_an_hour_is_shown_as_it_is_and_breaks_nothing() -> None:
    world = World()
    world.connected(BOOK)
    world.venue_offset_ns = round(HOUR_MS) * MS
    world.delta(10.0)
    leg = world.leg(BOOK, VENUE_TO_ACTOR)
    assert leg is not None
    assert leg.last_1m.p50_ms == 10.0 - HOUR_MS
    assert leg.totals[-1] == leg.totals[0] == 1


def test_of_clocks_measured_together_the_most_certain_counts_else_the_newest() -> None:
    world = World()
    world.measured("venue:extended", 100.0, 5.0)
    world.clock.advance(1)
    world.measured(ACCOUNT, 120.0, 30.0)
    assert [it.source for it in world.report().clocks] == ["venue:extended"]
    world.clock.advance(CLOCK_REIGN_NS / 1e9)
    world.measured(ACCOUNT, 130.0, 40.0)
    clocks = world.report().clocks
    assert [(it.source, it.offset_ms) for it in clocks] == [(ACCOUNT, 130.0)]


def test_actors_are_bounded_and_the_quiet_ones_leave() -> None:
    world = World()
    for number in range(ACTORS_MAX + 40):
        world.frame("confirmed", f"ticker:extended:linear:{number}", None)
    actors = {it.actor: it for it in world.report().actors}
    assert len(actors) == ACTORS_MAX + 1
    assert actors[OTHERS].legs[0].last_1m.count == 40
    world.clock.advance(16 * 60)
    assert world.report().actors == ()


def test_late_beats_slide_the_windows_all_the_same() -> None:
    world = World()
    world.frame("confirmed", ACCOUNT, None)
    world.clock.advance(6 * SLICE_NS / 1e9)
    leg = world.leg(ACCOUNT, ACTOR_TO_CACHE)
    assert leg is not None
    assert (leg.last_1m.count, leg.last_15m.count) == (0, 1)


def test_a_report_travels_as_any_message() -> None:
    world = World()
    world.measured(ACCOUNT, 2.0, 20.0)
    world.connected(BOOK)
    world.delta(20.0)
    report = world.report()
    packed = msgspec.msgpack.encode(report)
    assert msgspec.msgpack.decode(packed, type=Latency) == report
