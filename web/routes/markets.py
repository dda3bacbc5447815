"""`/api/markets`: what can be traded where."""

from __future__ import annotations

from typing import Any

import msgspec
from quart import Blueprint, Response
from quart_schema import document_querystring, document_response

from web.answers import kept_answer
from web.routes.parameters import venue_parameter
from web.schemas import Markets, VenueQuery
from web.service import Service, service
from web.views import shown

blueprint = Blueprint("markets", __name__)


@blueprint.get("/api/markets")
@document_querystring(VenueQuery)
@document_response(Markets)
async def markets() -> Response:
    """Instruments, under the venue's symbol, the unified symbol and aliases."""
    current = service()
    venue = venue_parameter(current)
    lists = sorted(current.replica.store.instruments.items())
    chosen = [(name, held) for name, held in lists if venue in (None, name)]
    items = [shown(item) for _, held in chosen for item in held.items]
    offsets_ms = current.reading.clock_offsets_ms()
    venues = [_venue(current, name, offsets_ms.get(name)) for name, _ in chosen]
    encoded = msgspec.json.encode(items)
    body = msgspec.json.encode({"markets": msgspec.Raw(encoded), "venues": venues})
    # The tag is of what venues offer alone: how old that is changes with every call.
    offered = msgspec.json.encode([(it["venue"], it["timeframes"]) for it in venues])
    return kept_answer(body, "application/json", encoded + offered)


def _venue(current: Service, venue: str, clock_offset_ms: float | None) -> dict[str, Any]:
    store = current.replica.store
    topic = f"instruments:{venue}"
    datum = store.latest.get(topic, {}).get(venue)
    held = store.instruments[venue]
    return {
        "venue": venue,
        "count": len(held.items),
        "timeframes": held.timeframes,
        "clock_offset_ms": clock_offset_ms,
        **current.reading.freshness(topic, datum),
    }
