"""`/api/errors`: what went wrong last, faults of one cause as one; and how to put it behind us."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_response

from actors.cache.fault_groups import FaultGroup, grouped
from actors.messages.control import FaultReport
from web import problems
from web.answers import answer
from web.control_schemas import Errors, ErrorsCleared, ErrorsQuery
from web.routes.parameters import (
    KNOWN_SHOWN_MAX,
    is_of_venue,
    number_parameter,
    venue_parameter,
)
from web.service import Service, service
from web.views import US

LIMIT: Final = 100
LIMIT_MAX: Final = 500
LEVELS: Final = ("debug", "info", "warning", "error")

blueprint = Blueprint("errors", __name__, url_prefix="/api/errors")


@blueprint.get("")
@document_querystring(ErrorsQuery)
@document_response(Errors)
async def errors() -> Response:
    """The newest faults, grouped; `source` is an actor, `level` exactly one of the log's."""
    current = service()
    limit = number_parameter("limit", 1, LIMIT_MAX) or LIMIT
    faults = _chosen(current)
    cleared = current.replica.store.faults_cleared
    return answer(
        {
            "errors": [_shown(group) for group in grouped(faults)[:limit]],
            "summary": {
                "total": len(faults),
                "by_source": _counts(fault.actor for fault in faults),
                "by_kind": _counts(fault.kind for fault in faults),
            },
            "cleared_us": None if cleared is None else cleared.at_ns // US,
        }
    )


@blueprint.post("/clear")
@document_response(ErrorsCleared, 202)
async def clear() -> Response:
    """Forgets all faults told so far, in every web process; later ones show."""
    done = await service().control.call("clear_errors")
    return answer({"cleared_us": done["at_us"]}, 202)


def _chosen(current: Service) -> list[FaultReport]:
    """Oldest first."""
    store = current.replica.store
    venue = venue_parameter(current)
    faults = [it for it in store.faults if is_of_venue(it.actor, venue)]
    source, level = request.args.get("source"), request.args.get("level")
    if level is not None and level not in LEVELS:
        expected = f"one of {', '.join(LEVELS)}"
        raise problems.bad_parameter("level", expected, level, allowed=list(LEVELS))
    if source is not None:
        known = sorted({*store.children, *(fault.actor for fault in faults)})
        if source not in known:
            shown = known[:KNOWN_SHOWN_MAX]
            raise problems.bad_parameter("source", "an actor", source, allowed=shown)
    return [it for it in faults if source in (None, it.actor) and level in (None, it.level)]


def _shown(group: FaultGroup) -> dict[str, Any]:
    return {
        "id": group.id,
        "at_us": group.last_ns // US,
        "source": group.source,
        "kind": group.kind,
        "level": group.level,
        "message": group.message,
        "count": group.count,
        "first_us": group.first_ns // US,
        "last_us": group.last_ns // US,
    }


def _counts(names: Iterable[str]) -> dict[str, int]:
    """Most frequent first."""
    return dict(Counter(names).most_common())
