"""Tickets as web knows them: asked for and spent at the supervisor, which alone keeps them."""

from __future__ import annotations

import re
from typing import Any, Final

from actors.runtime.control_client import ControlRefused
from web.control import Control
from web.problems import Problem

PARAMETER: Final = "ticket"
RETRY_AFTER_S: Final = 5
_TICKET: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""256 bits in base64url."""


async def issue(control: Control) -> dict[str, Any]:
    """A new ticket as the answer shows it.

    Raises Problem (503) where too many are unspent, LinkFault where the supervisor is silent.
    """
    try:
        return await control.call("ticket")
    except ControlRefused as refused:
        raise _later(refused) from refused


async def spend(control: Control, ticket: str) -> None:
    """Raises Problem where the ticket opens nothing, LinkFault where the supervisor is silent."""
    if _TICKET.fullmatch(ticket):
        try:
            answer = await control.call("spend_ticket", ticket=ticket)
        except ControlRefused as refused:
            raise _later(refused) from refused
        if answer.get("spent") is True:
            return
    detail = "the ticket is unknown, spent or older than 60 s; POST /api/ticket gives a new one"
    raise Problem(401, "ticket", detail, {"WWW-Authenticate": 'Bearer realm="broadcaster"'})


def _later(refused: ControlRefused) -> Problem:
    return Problem(503, "no-ticket-now", refused.detail, {"Retry-After": str(RETRY_AFTER_S)})
