"""`/api/latency`: how long data take on each leg, and how far venues' clocks are off."""

from __future__ import annotations

from quart import Blueprint, Response
from quart_schema import document_querystring, document_response

from web.answers import answer
from web.latency import LatencyReport
from web.routes.parameters import is_of_venue, venue_parameter
from web.schemas import VenueQuery
from web.service import service

blueprint = Blueprint("latency", __name__)


@blueprint.get("/api/latency")
@document_querystring(VenueQuery)
@document_response(LatencyReport)
async def latency() -> Response:
    """Delays per actor and leg over 1 and 15 minutes; the clock offset of each venue."""
    current = service()
    venue = venue_parameter(current)
    body = current.reading.latency()
    if venue is not None:
        body["actors"] = [it for it in body["actors"] if is_of_venue(it["actor"], venue)]
        body["clocks"] = [it for it in body["clocks"] if it["venue"] == venue]
    return answer(body)
