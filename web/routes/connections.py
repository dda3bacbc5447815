"""`/api/connections/health`: every lane of every actor."""

from __future__ import annotations

from quart import Blueprint, Response
from quart_schema import document_querystring, document_response

from web.answers import answer
from web.routes.parameters import venue_parameter
from web.schemas import ConnectionsHealth, VenueQuery
from web.service import service

blueprint = Blueprint("connections", __name__)


@blueprint.get("/api/connections/health")
@document_querystring(VenueQuery)
@document_response(ConnectionsHealth)
async def connections_health() -> Response:
    """Whether each lane is connected, since when, how often it failed, and what is next."""
    current = service()
    venue = venue_parameter(current)
    lanes = [it for it in current.reading.connections() if venue in (None, it["venue"])]
    connected = sum(lane["connected"] for lane in lanes)
    overall = "ok" if connected == len(lanes) else "degraded" if connected else "down"
    return answer(
        {"overall": overall, "connected": connected, "total": len(lanes), "connections": lanes}
    )
