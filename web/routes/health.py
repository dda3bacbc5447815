"""`/health`: does this service serve; `/ready`: does everything configured work."""

from __future__ import annotations

from typing import Any, Final

from quart import Blueprint, Response
from quart_schema import document_response

from actors.messages.control import ConnectionState
from actors.messages.ids import account_actor
from web.answers import answer
from web.schemas import Health, Readiness
from web.service import Service, service

READY: Final = "ready"
AT_WORK: Final = ("connected", "paused")

blueprint = Blueprint("health", __name__)


def _wanted(current: Service) -> list[str]:
    """Actors of every configured account and stream."""
    accounts = [account_actor(it.venue, it.name) for it in current.settings.accounts]
    return [*accounts, *current.settings.streams]


def _unconnected(current: Service) -> dict[str, str]:
    """Actors of which no lane is up, each with why."""
    lanes: dict[str, list[ConnectionState]] = {}
    for (actor, _), datum in current.replica.store.connections.items():
        lanes.setdefault(actor, []).append(datum.value)
    return {
        actor: "; ".join(f"{it.lane} {it.state}: {it.last_error}".rstrip(": ") for it in held)
        for actor, held in lanes.items()
        if not any(it.state in AT_WORK for it in held)
    }


@blueprint.get("/health")
@document_response(Health)
@document_response(Health, 503)
async def health() -> Response:
    """Whether this service serves, and how well."""
    current = service()
    store = current.replica.store
    connected = current.replica.connected
    children = [child for child in store.children.values() if not current.is_on_demand(child.actor)]
    ready = sum(child.state == READY for child in children)
    held = bool(store.topics())
    unconnected = len(_unconnected(current).keys() & set(_wanted(current)))
    all_ready = bool(children) and ready == len(children)
    well = connected and all_ready and not unconnected and store.journal == "ok"
    status = "ok" if well else "degraded" if connected or held else "down"
    body: dict[str, Any] = {
        "status": status,
        "version": current.version,
        "uptime_s": current.uptime_s,
        "cache": {"connected": connected, "age_ms": current.replica.cache_age_ms},
        "actors": {"ready": ready, "total": len(children), "unconnected": unconnected},
        "journal": store.journal,
    }
    return answer(body, 503 if status == "down" else 200)


@blueprint.get("/ready")
@document_response(Readiness)
@document_response(Readiness, 503)
async def ready() -> Response:
    """Whether every configured account and stream is ready; the list of those that are not.

    `unconnected` are ready ones of which no connection is up at present: a venue that is down is
    no reason to take a service away that goes on showing what it holds.
    """
    current = service()
    children = current.replica.store.children
    wanted = _wanted(current)
    reasons = _unconnected(current)
    missing, unconnected = [], []
    for actor in wanted:
        child = children.get(actor)
        state = "unknown" if child is None else child.state
        reason = "" if child is None else child.reason
        if state != READY or not current.replica.connected:
            reason = reason or ("" if current.replica.connected else "cache not connected")
            missing.append({"actor": actor, "state": state, "reason": reason})
        elif actor in reasons:
            unconnected.append({"actor": actor, "state": state, "reason": reasons[actor]})
    body = {
        "ready": not missing,
        "total": len(wanted),
        "not_ready": missing,
        "unconnected": unconnected,
    }
    return answer(body, 503 if missing else 200)
