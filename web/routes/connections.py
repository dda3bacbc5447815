"""Health of every lane of every actor, and the order to connect anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from quart import Blueprint, Response
from quart_schema import document_querystring, document_response

from actors.errors import LinkFault
from actors.messages.ids import account_actor
from actors.runtime.control_client import ControlRefused
from web.answers import answer
from web.control_schemas import RestHealth
from web.problems import Problem
from web.routes.parameters import actors_parameter, venue_parameter
from web.schemas import AccountsQuery, ConnectionsHealth, Told, VenueQuery
from web.service import Service, service
from web.telling import tell_actors

PAUSED: Final = "paused"
KINDS: Final = ("account", "stream", "venue")
BUDGETS_TIMEOUT_S: Final = 1.0

blueprint = Blueprint("connections", __name__, url_prefix="/api")


@blueprint.get("/connections/health")
@document_querystring(VenueQuery)
@document_response(ConnectionsHealth)
async def connections_health() -> Response:
    """Whether each lane is connected, since when, how often it failed, and what is next."""
    return answer(_health(""))


@blueprint.get("/ws/health")
@document_querystring(VenueQuery)
@document_response(ConnectionsHealth)
async def websocket_health() -> Response:
    """The WebSocket lanes of accounts and streams."""
    return answer(_health("websocket"))


@blueprint.get("/rest/health")
@document_querystring(VenueQuery)
@document_response(RestHealth)
async def rest_health() -> Response:
    """The REST lanes: how often each asks (`interval_effective_ms`) and how often it succeeds, and
    the budgets of requests that they share, as far as the supervisor tells."""
    current = service()
    body = _health("rest")
    venue = venue_parameter(current)
    try:
        held = await current.control.call("budgets", timeout_s=BUDGETS_TIMEOUT_S)
    except (LinkFault, ControlRefused):
        return answer({**body, "budgets": None})
    shown = [it for it in held["budgets"] if venue in (None, it["venue"])]
    return answer({**body, "budgets": shown})


@blueprint.post("/connections/reconnect")
@document_querystring(AccountsQuery)
@document_response(Told, 202)
async def reconnect() -> Response:
    """Both lanes of one account, or of all actors, connect anew at once; waits are forgotten."""
    return await _reconnect("")


@blueprint.post("/ws/reconnect")
@document_querystring(AccountsQuery)
@document_response(Told, 202)
async def reconnect_websocket() -> Response:
    """The WebSocket of one account, or of all actors, connects anew at once."""
    return await _reconnect("websocket")


@blueprint.post("/rest/reconnect")
@document_querystring(AccountsQuery)
@document_response(Told, 202)
async def reconnect_rest() -> Response:
    """One account, or all actors, ask over REST at once; waits are forgotten."""
    return await _reconnect("rest")


def _health(lane: str) -> dict[str, Any]:
    current = service()
    venue = venue_parameter(current)
    lanes = [
        it
        for it in current.reading.connections()
        if venue in (None, it["venue"]) and lane in ("", it["lane"])
    ]
    silent = list(_silent(current, venue, lane, {it["actor"] for it in lanes}))
    connected = sum(it["connected"] for it in lanes)
    paused = sum(it["state"] == PAUSED for it in lanes)
    return {
        "overall": _overall(connected, paused, len(lanes), bool(silent)),
        "connected": connected,
        "paused": paused,
        "total": len(lanes),
        "states": dict(Counter(it["state"] for it in lanes)),
        "connections": lanes,
        "silent": silent,
    }


def _overall(connected: int, paused: int, total: int, silent: bool) -> str:
    """What an operator has paused is no failure; who has no lane is one."""
    if total and paused == total and not silent:
        return PAUSED
    if connected + paused == total and not silent:
        return "ok"
    return "degraded" if connected else "down"


def _silent(
    current: Service, venue: str | None, lane: str, heard: set[str]
) -> Iterable[dict[str, Any]]:
    """Configured actors that should have such a lane and never told of one."""
    wanted: list[str] = [account_actor(it.venue, it.name) for it in current.settings.accounts]
    if lane != "rest":
        wanted += current.settings.streams
    for actor in wanted:
        if actor in heard or venue not in (None, actor.split(":")[1]):
            continue
        child = current.replica.store.children.get(actor)
        state, reason = ("unknown", "") if child is None else (child.state, child.reason)
        yield {"actor": actor, "state": state, "reason": reason}


async def _reconnect(lane: str) -> Response:
    current = service()
    chosen = [actor for actor in actors_parameter(current, KINDS) if _has(current, actor, lane)]
    resting = [actor for actor in chosen if _paused(current, actor)]
    if chosen and resting == chosen:
        detail = "nobody could be told; all that are meant are paused"
        raise Problem(409, "not-told", detail, not_told=_why_resting(resting))
    awake = [actor for actor in chosen if actor not in resting]
    told = await tell_actors(current, "reconnect", awake, lane)
    told["not_told"] += _why_resting(resting)
    return answer(told, 202)


def _why_resting(actors: Iterable[str]) -> list[dict[str, str]]:
    return [{"actor": actor, "reason": "paused by the operator"} for actor in actors]


def _states(current: Service, actor: str) -> dict[str, str]:
    """By lane, as far as they were told."""
    lanes = current.replica.store.connections.items()
    return {lane: datum.value.state for (of, lane), datum in lanes if of == actor}


def _has(current: Service, actor: str, lane: str) -> bool:
    states = _states(current, actor)
    return not lane or lane in states or (not states and actor.startswith("account:"))


def _paused(current: Service, actor: str) -> bool:
    states = set(_states(current, actor).values())
    return states == {PAUSED}
