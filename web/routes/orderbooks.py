"""`/api/orderbook`: the books; `/api/orderbook-status`: how each stream fares."""

from __future__ import annotations

from typing import Any, Final

from quart import Blueprint, Response
from quart_schema import document_querystring, document_response

from web import problems
from web.answers import answer
from web.routes.parameters import find_book, number_parameter, venue_parameter
from web.schemas import (
    OrderBookQuery,
    OrderBooks,
    OrderBookStatuses,
    OrderBookView,
    VenueQuery,
)
from web.service import Service, service
from web.topics import segments

DEPTH_MAX: Final = 5000

blueprint = Blueprint("orderbooks", __name__)


@blueprint.get("/api/orderbook")
@document_querystring(OrderBookQuery)
@document_response(OrderBooks)
async def orderbooks() -> Response:
    """All order books; one that was never received has no levels and says why."""
    current = service()
    venue = venue_parameter(current)
    depth = number_parameter("depth", 1, DEPTH_MAX)
    chosen = [topic for topic in current.books() if venue in (None, segments(topic)[1])]
    return answer({"orderbooks": [current.reading.book(topic, depth) for topic in chosen]})


@blueprint.get("/api/orderbook/<path:market>")
@document_querystring(OrderBookQuery)
@document_response(OrderBookView)
async def orderbook(market: str) -> Response:
    """One order book, by the venue's symbol, an alias (`ETH-PERP`) or the unified symbol."""
    current = service()
    topic = find_book(current, market, venue_parameter(current))
    depth = number_parameter("depth", 1, DEPTH_MAX)
    if not current.reading.has_book(topic):
        raise problems.never_received(topic, current.reading.why_nothing(topic))
    return answer(current.reading.book(topic, depth))


@blueprint.get("/api/orderbook-status")
@document_querystring(VenueQuery)
@document_response(OrderBookStatuses)
async def orderbook_status() -> Response:
    """Updates, gaps, resyncs, checksum failures and outages per stream."""
    current = service()
    venue = venue_parameter(current)
    chosen = [topic for topic in current.books() if venue in (None, segments(topic)[1])]
    return answer({"streams": [_status(current, topic) for topic in chosen]})


def _status(current: Service, topic: str) -> dict[str, Any]:
    _, venue, product, symbol = segments(topic)
    store = current.replica.store
    state = store.books.get(topic)
    child = store.children.get(topic)
    status = state.status if state else None
    lanes = current.reading.connections(topic)
    last_gap_ns = status.last_gap_ns if status else 0
    return {
        "topic": topic,
        "venue": venue,
        "product": product,
        "symbol": symbol,
        "state": child.state if child else "unknown",
        "connected": any(lane["connected"] for lane in lanes),
        "verified": bool(state and state.verified),
        "reason": state.reason if state else current.reading.why_nothing(topic),
        "updates": status.updates if status else 0,
        "snapshots": status.snapshots if status else 0,
        "gaps": status.gaps if status else 0,
        "resyncs": status.resyncs if status else 0,
        "checksum_failures": status.mismatches if status else 0,
        "crossed": status.crossed if status else 0,
        "malformed": status.malformed if status else 0,
        "last_gap_us": last_gap_ns // 1000 or None,
        "longest_outage_ms": status.longest_outage_ms if status else 0.0,
        **current.reading.freshness(topic, state.datum if state else None),
    }
