"""Whether a datum may be trusted now, and if not, why; pure."""

from __future__ import annotations

from typing import Any, Final

from actors.cache.datum import Confirmation, Connections, Datum, Freshness
from actors.messages.account import Funding, Points
from actors.messages.control import ConnectionState, SourceState

_LANE_OF: Final = {"websocket": "websocket", "polling": "rest"}


def freshness(
    datum: Datum[Any],
    section: Confirmation | None,
    now_mono_ns: int,
    *,
    cache_reason: str,
    sources: dict[str, SourceState],
    connections: Connections,
    book_reason: str,
) -> Freshness:
    """`section` is the last confirmation of the whole topic; empty reasons mean well.

    On a lane that is connected ever since it confirmed the datum, each later message confirms it
    too: the venue would have told a change. So a quiet account or book is not a stale one.
    Points are asked for too seldom for that: their own limit counts, whatever the lane does. A
    payment of funding is past, and does not grow old.
    """
    if isinstance(datum.value, Points):
        source_reason = _source_reason(sources.get(datum.source), datum.source)
        return _of_points(datum, datum.value, now_mono_ns, cache_reason or source_reason)
    via, mono_ns, wall_ns = datum.via, datum.confirmed_mono_ns, datum.confirmed_ns
    if section is not None and section.confirmed_mono_ns > mono_ns:
        via, mono_ns, wall_ns = section.via, section.confirmed_mono_ns, section.confirmed_ns
    lane = _lane(connections, datum.source, via)
    if (
        lane is not None
        and lane.lane == "websocket"
        and lane.state == "connected"
        and lane.since_mono_ns <= mono_ns < lane.last_message_mono_ns
    ):
        wall_ns += lane.last_message_mono_ns - mono_ns
        mono_ns = lane.last_message_mono_ns
    age_ms = max(0.0, (now_mono_ns - mono_ns) / 1e6)
    reason = (
        cache_reason
        or _source_reason(sources.get(datum.source), datum.source)
        or _lane_reason(lane)
        or book_reason
        or ("" if isinstance(datum.value, Funding) else _age_reason(lane, age_ms))
    )
    return Freshness(
        source=datum.source,
        via=via,
        as_of_us=wall_ns // 1000,
        changed_us=datum.changed_ns // 1000,
        age_ms=round(age_ms, 3),
        stale=bool(reason),
        stale_reason=reason,
    )


def _of_points(datum: Datum[Any], points: Points, now_mono_ns: int, reason: str) -> Freshness:
    """As of when the venue said it, however often it was told since."""
    age_ms = max(0.0, (now_mono_ns - points.received_mono_ns) / 1e6)
    reason = reason or _overdue(age_ms, points.stale_after_ms)
    return Freshness(
        source=datum.source,
        via=points.via,
        as_of_us=points.received_ns // 1000,
        changed_us=datum.changed_ns // 1000,
        age_ms=round(age_ms, 3),
        stale=bool(reason),
        stale_reason=reason,
    )


def _lane(connections: Connections, source: str, via: str) -> ConnectionState | None:
    """The lane that `via` names; of a source with one lane only, that lane."""
    wanted = connections.get((source, _LANE_OF.get(via, via)))
    if wanted is None:
        websocket = connections.get((source, "websocket"))
        rest = connections.get((source, "rest"))
        wanted = rest if websocket is None else websocket if rest is None else None
    return None if wanted is None else wanted.value


def _source_reason(state: SourceState | None, source: str) -> str:
    if state is None:
        return f"{source} is not linked to the cache"
    if state.connected:
        return ""
    return f"{source} is not linked to the cache" + (f": {state.reason}" if state.reason else "")


def _lane_reason(lane: ConnectionState | None) -> str:
    if lane is None or lane.state == "connected":
        return ""
    if lane.state == "paused":
        return f"{lane.lane} paused by the operator"
    return f"{lane.lane} {lane.state}" + (f": {lane.last_error}" if lane.last_error else "")


def _age_reason(lane: ConnectionState | None, age_ms: float) -> str:
    return "" if lane is None else _overdue(age_ms, lane.stale_after_ms)


def _overdue(age_ms: float, limit_ms: float) -> str:
    if not limit_ms or age_ms <= limit_ms:
        return ""
    return f"not confirmed for {age_ms:.0f} ms, expected within {limit_ms:.0f} ms"
