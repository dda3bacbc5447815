"""`/api/supervision`: every child process, its past, and the operator's four orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from quart import Blueprint, Response
from quart_schema import document_querystring, document_response

from actors.errors import LinkFault
from actors.messages.control import ChildStatus, RestartRecord
from web.answers import answer
from web.problems import Problem
from web.routes.parameters import is_of_venue, venue_parameter
from web.schemas import History, Ordered, Supervision, VenueQuery
from web.service import Service, service
from web.views import US, shown

TREE_TIMEOUT_S: Final = 1.0
ORDER_TIMEOUT_S: Final = 2.0
RESET_TIMEOUT_S: Final = 16.0
"""A reset reads the configuration in a process of its own; the supervisor gives up after 15 s."""

blueprint = Blueprint("supervision", __name__)


@blueprint.get("/api/supervision")
@document_querystring(VenueQuery)
@document_response(Supervision)
async def supervision() -> Response:
    """Every child as the supervisor sees it now; where it does not answer, as last heard."""
    current = service()
    venue = venue_parameter(current)
    try:
        tree = await current.control.call("tree", timeout_s=TREE_TIMEOUT_S)
    except LinkFault as fault:
        return answer(_as_last_heard(current, venue, f"the supervisor does not answer: {fault}"))
    offset = current.reading.wall_minus_mono_ns()
    children = [shown(_struct(child, ChildStatus), offset) for child in tree["children"]]
    children = [child for child in children if is_of_venue(child["actor"], venue)]
    started_us = tree.get("started_us")
    if started_us is None:
        started_us = (tree.get("started_ns") or 0) // US or None
    return answer(
        {
            "supervisor_pid": tree["supervisor_pid"],
            "started_us": started_us,
            "children": children,
            "stale": False,
            "stale_reason": None,
        }
    )


@blueprint.get("/api/supervision/<path:actor>/history")
@document_response(History)
async def history(actor: str) -> Response:
    """A child's incarnations, newest first: how each began and ended."""
    found = await service().control.call("history", actor=actor)
    records = [shown(_struct(it, RestartRecord)) for it in found["incarnations"]]
    return answer({"actor": found["actor"], "incarnations": records})


async def _order(op: str, actor: str, timeout_s: float = ORDER_TIMEOUT_S) -> Response:
    accepted = await service().control.call(op, timeout_s=timeout_s, actor=actor)
    body = {name: accepted[name] for name in ("actor", "state", "note") if name in accepted}
    return answer(body, 202)


@blueprint.post("/api/supervision/<path:actor>/restart")
@document_response(Ordered, 202)
async def restart(actor: str) -> Response:
    """Ends the child in order and starts the next incarnation."""
    return await _order("restart", actor)


@blueprint.post("/api/supervision/<path:actor>/stop")
@document_response(Ordered, 202)
async def stop(actor: str) -> Response:
    """Ends the child; it stays stopped until it is started."""
    return await _order("stop", actor)


@blueprint.post("/api/supervision/<path:actor>/start")
@document_response(Ordered, 202)
async def start(actor: str) -> Response:
    """Starts a child that is stopped or waits."""
    return await _order("start", actor)


@blueprint.post("/api/supervision/<path:actor>/reset")
@document_response(Ordered, 202)
async def reset(actor: str) -> Response:
    """Forgets attempts and quarantine, reads an account from `.env` again, and starts the child."""
    return await _order("reset", actor, RESET_TIMEOUT_S)


def _struct(plain: Mapping[str, Any], kind: type[msgspec.Struct]) -> msgspec.Struct:
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        detail = f"the supervisor's answer is no {kind.__name__}: {error}"
        raise Problem(500, "supervisor-answer", detail) from error


def _as_last_heard(current: Service, venue: str | None, why: str) -> dict[str, Any]:
    return {
        "supervisor_pid": None,
        "started_us": None,
        "children": [it for it in current.reading.children() if is_of_venue(it["actor"], venue)],
        "stale": True,
        "stale_reason": why,
    }
