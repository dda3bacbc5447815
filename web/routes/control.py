"""`/api/control`: polling and streams of one or all accounts paused and resumed."""

from __future__ import annotations

from typing import Any, Final

from quart import Blueprint, Response
from quart_schema import document_querystring, document_response

from web.answers import answer
from web.control_schemas import ControlStatus, Paused
from web.routes.parameters import actors_parameter
from web.schemas import AccountsQuery
from web.service import Service, service
from web.telling import tell_actors

KINDS: Final = ("account", "stream")
"""The venue's own actor goes on: it asks for the instruments, once an hour."""

blueprint = Blueprint("control", __name__, url_prefix="/api/control")


@blueprint.get("/status")
@document_querystring(AccountsQuery)
@document_response(ControlStatus)
async def control_status() -> Response:
    """Which accounts and streams are paused, by order and in fact."""
    current = service()
    chosen = actors_parameter(current, KINDS)
    held = await current.control.call("pauses")
    rows = [_row(current, actor, held["paused"].get(actor)) for actor in chosen]
    return answer(
        {
            "paused": sum(row["paused"] for row in rows),
            "total": len(rows),
            "actors": rows,
            "note": f"not kept on disk: {held['failure']}" if held["failure"] else "",
        }
    )


@blueprint.post("/pause")
@document_querystring(AccountsQuery)
@document_response(Paused, 202)
async def pause() -> Response:
    """Stops polling and streams of one account, or of all accounts and streams, until resumed.

    Held data stays, stale, with that reason. Restarts of the actor or the service do not end it.
    """
    return await _order("pause")


@blueprint.post("/resume")
@document_querystring(AccountsQuery)
@document_response(Paused, 202)
async def resume() -> Response:
    """Goes on at once where it was paused."""
    return await _order("resume")


async def _order(op: str) -> Response:
    current = service()
    told = await tell_actors(current, op, actors_parameter(current, KINDS))
    return answer({**told, "paused": op == "pause"}, 202)


def _row(current: Service, actor: str, since_us: int | None) -> dict[str, Any]:
    store = current.replica.store
    child = store.children.get(actor)
    lanes = {
        lane: datum.value.state for (of, lane), datum in store.connections.items() if of == actor
    }
    return {
        "actor": actor,
        "kind": "" if child is None else child.kind,
        "venue": actor.split(":")[1],
        "label": "" if child is None else child.label,
        "state": "unknown" if child is None else child.state,
        "paused": since_us is not None,
        "paused_since_us": since_us,
        "lanes": lanes,
    }
