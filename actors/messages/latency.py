"""How long data take on each leg of their way, and how far venues' clocks are from ours.

Legs: `venue_to_actor` (from the venue's own time of a datum), `actor_to_cache`, `cache_to_web`,
`web_to_client` (a WebSocket's ping and its pong: there and back).
"""

from __future__ import annotations

import msgspec


class LatencyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One window; None where nothing was observed. Below 0: the two clocks disagree by that much.

    Quantiles are right within 15 %, the extremes exact.
    """

    count: int = 0
    min_ms: float | None = None
    p50_ms: float | None = None
    p90_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None


class LegLatency(msgspec.Struct, frozen=True, kw_only=True):
    """One leg of one actor.

    `totals` counts what took at most each bound of the histogram since its process's start, the
    last of them all; `sum_ms` is all of it together.
    """

    leg: str
    last_1m: LatencyFigures
    last_15m: LatencyFigures
    totals: tuple[int, ...]
    sum_ms: float


class ActorLatency(msgspec.Struct, frozen=True, kw_only=True):
    """All legs on which one actor was heard."""

    actor: str
    legs: tuple[LegLatency, ...]


class VenueClock(msgspec.Struct, frozen=True, kw_only=True):
    """A venue's clock minus ours, give or take `uncertainty_ms`, as `source` last measured it."""

    venue: str
    offset_ms: float
    uncertainty_ms: float
    source: str
    measured_mono_ns: int


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """What the cache measured; topic `latency`, told each few seconds."""

    actors: tuple[ActorLatency, ...] = ()
    clocks: tuple[VenueClock, ...] = ()
    measured_mono_ns: int
