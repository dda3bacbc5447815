"""What this web process measures of its own two legs, and all legs as they are shown."""

from __future__ import annotations

from typing import Any

from actors.cache.histogram import SLICE_NS, Histogram
from actors.cache.latency import CACHE_TO_WEB, WEB_TO_CLIENT, figures
from actors.messages.latency import ActorLatency, Latency, LatencyFigures, VenueClock
from web.schemas import Shape
from web.views import US, shown, view


class WebLatency:
    """`from_cache` and `to_clients` are added to by who measures; `tick` is called each second."""

    def __init__(self, actor: str, from_cache: Histogram, now_mono_ns: int) -> None:
        self.actor = actor
        self.from_cache = from_cache
        self.to_clients = Histogram()
        self._sliced_mono_ns = now_mono_ns

    def tick(self, now_mono_ns: int) -> None:
        slices = (now_mono_ns - self._sliced_mono_ns) // SLICE_NS
        if slices > 0:
            self._sliced_mono_ns += slices * SLICE_NS
            self.from_cache.roll(slices)
            self.to_clients.roll(slices)

    def figures(self) -> ActorLatency:
        named = ((CACHE_TO_WEB, self.from_cache), (WEB_TO_CLIENT, self.to_clients))
        return ActorLatency(actor=self.actor, legs=tuple(figures(leg, it) for leg, it in named))


class LegView(Shape):
    """Quantiles are right within 15 %, count and extremes exact; below 0 two clocks disagree."""

    leg: str
    last_1m: LatencyFigures
    last_15m: LatencyFigures


class ActorView(Shape):
    actor: str
    legs: list[LegView]


class _Age(Shape):
    age_ms: float


ClockView = view(VenueClock, _Age, name="ClockView")


class LatencyReport(Shape):
    """Each leg of each actor; the last actor is the web process that answers.

    Clocks: the venue's minus ours by the Date header of its REST answers, give or take
    `uncertainty_ms`; `age_ms` since it was measured.
    """

    web: str
    measured_us: int | None
    age_ms: float | None
    stale: bool
    stale_reason: str | None
    actors: list[ActorView]
    clocks: list[ClockView]  # type: ignore[valid-type]


def shown_latency(
    report: Latency | None,
    own: ActorLatency,
    now_mono_ns: int,
    wall_minus_mono_ns: int,
    stale_reason: str,
) -> dict[str, Any]:
    """The cache's report (None before the first) and this process's own legs."""
    told = report or Latency(measured_mono_ns=0)
    measured_ns = told.measured_mono_ns
    return {
        "web": own.actor,
        "measured_us": (measured_ns + wall_minus_mono_ns) // US if measured_ns else None,
        "age_ms": (now_mono_ns - measured_ns) / 1e6 if measured_ns else None,
        "stale": bool(stale_reason),
        "stale_reason": stale_reason or None,
        "actors": [_shown_actor(actor) for actor in (*told.actors, own)],
        "clocks": [
            {
                **shown(clock, wall_minus_mono_ns),
                "age_ms": (now_mono_ns - clock.measured_mono_ns) / 1e6,
            }
            for clock in told.clocks
        ],
    }


def _shown_actor(actor: ActorLatency) -> dict[str, Any]:
    legs = [
        {"leg": leg.leg, "last_1m": leg.last_1m, "last_15m": leg.last_15m} for leg in actor.legs
    ]
    return {"actor": actor.actor, "legs": legs}
