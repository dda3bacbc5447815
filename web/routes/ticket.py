"""`/api/ticket`: what a browser opens a stream with, as it cannot send the token there."""

from __future__ import annotations

from quart import Blueprint, Response
from quart_schema import document_response

from web import tickets
from web.answers import answer
from web.schemas import Ticket
from web.service import service

blueprint = Blueprint("ticket", __name__)


@blueprint.post("/api/ticket")
@document_response(Ticket)
async def ticket() -> Response:
    """A ticket that opens one stream (`?ticket=`) within 60 s, and nothing else."""
    return answer(await tickets.issue(service().control))
