"""`/api/status`: the service at one glance."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response
from quart_schema import document_response

from actors.messages.ids import account_topic
from web.answers import answer
from web.schemas import Status
from web.service import Service, service
from web.topics import segments

blueprint = Blueprint("status", __name__)


def _venue(current: Service, venue: str) -> dict[str, Any]:
    accounts = [it for it in current.accounts() if it.venue == venue]
    books = [topic for topic in current.books() if segments(topic)[1] == venue]
    topics = [account_topic("account", venue, it.name) for it in accounts] + books
    verdicts = [current.reading.stale(topic) for topic in topics]
    return {
        "venue": venue,
        "accounts": len(accounts),
        "streams": len(books),
        "messages_per_s": current.rates.messages_per_s(venue),
        # What was never received is no fresher than what is old.
        "stale": sum(verdict is None or verdict[0] for verdict in verdicts),
    }


@blueprint.get("/api/status")
@document_response(Status)
async def status() -> Response:
    """Mode, version, venues, clients, processes."""
    current = service()
    children = sorted(current.replica.store.children.items())
    return answer(
        {
            "web": current.replica.actor_id,
            "mode": current.mode,
            "simulated": current.simulated,
            "version": current.version,
            "uptime_s": current.uptime_s,
            "venues": [_venue(current, venue) for venue in current.venues()],
            "clients": {
                "rest_per_minute": current.rates.requests_per_minute,
                **current.feed.counts(),
            },
            "processes": [
                {
                    "actor": actor,
                    "pid": child.pid,
                    "state": child.state,
                    "rss_bytes": child.rss_bytes,
                    "cpu_percent": child.cpu_percent,
                }
                for actor, child in children
            ],
        }
    )
