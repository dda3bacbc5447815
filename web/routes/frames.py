"""`/api/frames/{actor}`: what the venue really sent, as the actor itself still holds it."""

from __future__ import annotations

from typing import Final

from quart import Blueprint, Response
from quart_schema import document_querystring, document_response

from web.answers import answer
from web.control_schemas import Frames, LimitQuery
from web.routes.parameters import number_parameter
from web.service import service

LIMIT: Final = 20
LIMIT_MAX: Final = 100
ANSWER_TIMEOUT_S: Final = 3.0
"""The supervisor waits 2 s for the actor and then says that it did not answer."""

blueprint = Blueprint("frames", __name__)


@blueprint.get("/api/frames/<path:actor>")
@document_querystring(LimitQuery)
@document_response(Frames)
async def frames(actor: str) -> Response:
    """The last raw frames and REST answers of an account, stream or venue actor, newest first.

    The actor masks secrets before anything leaves it. 404 for who talks to no venue, 503 where it
    does not run, 504 where it does not answer.
    """
    limit = number_parameter("limit", 1, LIMIT_MAX) or LIMIT
    found = await service().control.call(
        "frames", timeout_s=ANSWER_TIMEOUT_S, actor=actor, limit=str(limit)
    )
    return answer(found)
