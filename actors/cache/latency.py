"""How long data take from their venue to the cache, and how far venues' clocks are off; pure."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final, NamedTuple

from actors.cache.histogram import SLICE_NS, Histogram
from actors.messages.control import ConnectionState
from actors.messages.envelope import Envelope
from actors.messages.latency import ActorLatency, Latency, LegLatency, VenueClock

VENUE_TO_ACTOR: Final = "venue_to_actor"
ACTOR_TO_CACHE: Final = "actor_to_cache"
CACHE_TO_WEB: Final = "cache_to_web"
WEB_TO_CLIENT: Final = "web_to_client"

REPORT_PARTS: Final = 5
"""The figures of each actor are made at one of so many beats: no beat takes long."""
ACTORS_MAX: Final = 512
OTHERS: Final = "others"
"""Under which more actors than that are counted together."""
CLOCKS_MAX: Final = 1_024
CLOCK_REIGN_NS: Final = 10_000_000_000
"""Of the clocks measured within this of the newest the most certain one counts."""

NEVER_MONO_NS: Final = 2**63
_PUSHED: Final = frozenset(
    {"book_delta", "trade", "ticker", "mark_price"}
    | {"account_snapshot", "position", "order", "fill"}
)
"""What streams tell at once; none of it waits for a request."""


class _Legs:
    """What is known of one actor."""

    __slots__ = ("connected_mono_ns", "from_venue", "rolled_mono_ns", "to_cache")

    def __init__(self, now_mono_ns: int) -> None:
        self.rolled_mono_ns = now_mono_ns
        self.connected_mono_ns = NEVER_MONO_NS
        """Since when its stream is."""
        self.from_venue = Histogram()
        self.to_cache = Histogram()

    def roll(self, now_mono_ns: int) -> None:
        slices = (now_mono_ns - self.rolled_mono_ns) // SLICE_NS
        if slices > 0:
            self.rolled_mono_ns += slices * SLICE_NS
            self.from_venue.roll(slices)
            self.to_cache.roll(slices)


class _Reading(NamedTuple):
    """A venue's clock minus CLOCK_MONOTONIC is between these two."""

    low_ns: int
    high_ns: int
    measured_mono_ns: int


class LatencyBook:
    """Hears of every frame that a source sends; `beat` once a second makes the report.

    A venue's time is compared with the frame's monotonic one, so a wall clock that is set changes
    no latency. The venue's clock is taken for right with ours as long as its measurements allow
    that, else corrected by the least that they demand.
    """

    def __init__(self, wall_minus_mono_ns: int, now_mono_ns: int) -> None:
        self._legs: dict[str, _Legs] = {}
        self._clocks: dict[tuple[str, str], _Reading] = {}
        self._venue_minus_mono: dict[str, int] = {}
        self._wall_minus_mono_ns = wall_minus_mono_ns
        self._now_mono_ns = now_mono_ns
        self._beats = 0
        self._made: dict[str, ActorLatency] = {}

    def heard(self, envelope: Envelope, value: Any, now_mono_ns: int) -> None:
        """One frame of a source; `value` is the struct that its body holds."""
        source, sent_ns = envelope.source, envelope.sent_ns
        legs = self._legs.get(source) or self._legs_of(source)
        legs.to_cache.add(now_mono_ns - sent_ns)
        if envelope.kind not in _PUSHED or not value.venue_time_ns:
            return
        if getattr(value, "via", "websocket") != "websocket":
            return
        clock = self._venue_minus_mono.get(value.venue, self._wall_minus_mono_ns)
        happened_mono_ns = value.venue_time_ns - clock
        # When a stream begins, it tells of long ago: no measure of the road.
        if happened_mono_ns >= legs.connected_mono_ns:
            legs.from_venue.add(sent_ns - happened_mono_ns)

    def lane_told(self, lane: ConnectionState, wall_minus_mono_ns: int) -> None:
        """What a lane says of itself, and of its venue's clock."""
        if lane.lane == "websocket":
            connected = lane.state == "connected"
            legs = self._legs.get(lane.actor) or self._legs_of(lane.actor)
            legs.connected_mono_ns = lane.since_mono_ns if connected else NEVER_MONO_NS
        if lane.clock_offset_ms is None or lane.clock_uncertainty_ms is None:
            return
        key = (lane.venue, lane.actor)
        if key not in self._clocks and len(self._clocks) >= CLOCKS_MAX:
            return
        middle_ns = round(lane.clock_offset_ms * 1e6) + wall_minus_mono_ns
        spread_ns = round(lane.clock_uncertainty_ms * 1e6)
        self._clocks[key] = _Reading(
            middle_ns - spread_ns, middle_ns + spread_ns, lane.clock_measured_mono_ns
        )

    def beat(self, now_mono_ns: int, wall_minus_mono_ns: int) -> Latency | None:
        """What time brings; each REPORT_PARTS beats the report of all that was heard."""
        self._wall_minus_mono_ns = wall_minus_mono_ns
        self._now_mono_ns = now_mono_ns
        clocks = self._judge_clocks()
        part = self._beats % REPORT_PARTS
        self._beats += 1
        for actor, legs in list(islice(self._legs.items(), part, None, REPORT_PARTS)):
            legs.roll(now_mono_ns)
            self._made[actor] = _figures(actor, legs)
        if part != REPORT_PARTS - 1:
            return None
        for actor in [actor for actor, legs in self._legs.items() if legs.to_cache.empty]:
            del self._legs[actor]
            self._made.pop(actor, None)
        actors = tuple(self._made[actor] for actor in sorted(self._made))
        return Latency(actors=actors, clocks=clocks, measured_mono_ns=now_mono_ns)

    # inside

    def _legs_of(self, source: str) -> _Legs:
        if len(self._legs) >= ACTORS_MAX:
            source = OTHERS
        return self._legs.setdefault(source, _Legs(self._now_mono_ns))

    def _judge_clocks(self) -> tuple[VenueClock, ...]:
        """The clock of each venue, and what its times are compared with from now on."""
        ours = self._wall_minus_mono_ns
        told = []
        for venue in sorted({venue for venue, _ in self._clocks}):
            readings = [(it, actor) for (of, actor), it in self._clocks.items() if of == venue]
            newest = max(it.measured_mono_ns for it, _ in readings)
            reading, source = min(
                (it.high_ns - it.low_ns, it, actor)
                for it, actor in readings
                if newest - it.measured_mono_ns <= CLOCK_REIGN_NS
            )[1:]
            self._venue_minus_mono[venue] = min(max(ours, reading.low_ns), reading.high_ns)
            told.append(
                VenueClock(
                    venue=venue,
                    offset_ms=round(((reading.low_ns + reading.high_ns) / 2 - ours) / 1e6, 3),
                    uncertainty_ms=round((reading.high_ns - reading.low_ns) / 2e6, 3),
                    source=source,
                    measured_mono_ns=reading.measured_mono_ns,
                )
            )
        return tuple(told)


def _figures(actor: str, legs: _Legs) -> ActorLatency:
    named = ((VENUE_TO_ACTOR, legs.from_venue), (ACTOR_TO_CACHE, legs.to_cache))
    return ActorLatency(
        actor=actor, legs=tuple(figures(name, it) for name, it in named if not it.empty)
    )


def figures(leg: str, histogram: Histogram) -> LegLatency:
    """A histogram as it is told."""
    return LegLatency(
        leg=leg,
        last_1m=histogram.last_minute(),
        last_15m=histogram.last_quarter(),
        totals=histogram.totals(),
        sum_ms=histogram.sum_ns / 1e6,
    )
