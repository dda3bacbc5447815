"""Tells actors something through the supervisor, many at once, and says whom it reached."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from actors.messages.ids import account_actor
from actors.runtime.control_client import ControlRefused
from web.problems import Problem
from web.service import ConfiguredAccount, Service

AT_ONCE_MAX: Final = 16
"""Connections to the supervisor that one call may have open."""


async def tell(
    current: Service, op: str, accounts: Iterable[ConfiguredAccount], lane: str = ""
) -> dict[str, Any]:
    """As `tell_actors`, for the actors of these accounts."""
    actors = [account_actor(account.venue, account.name) for account in accounts]
    return await tell_actors(current, op, actors, lane)


async def tell_actors(
    current: Service, op: str, actors: Iterable[str], lane: str = ""
) -> dict[str, Any]:
    """`actors` who were told, and those `not_told` with the reason.

    Raises Problem where there were some and none could be told, LinkFault where the supervisor
    does not answer.
    """
    actors = list(actors)
    of_lane: dict[str, Any] = {"lane": lane} if lane else {}
    places = asyncio.Semaphore(AT_ONCE_MAX)

    async def one(actor: str) -> str | None:
        async with places:
            try:
                await current.control.call(op, actor=actor, **of_lane)
            except ControlRefused as refused:
                return refused.detail
        return None

    reasons = await asyncio.gather(*map(one, actors))
    outcome = list(zip(actors, reasons, strict=True))
    told = [actor for actor, reason in outcome if reason is None]
    not_told = [{"actor": actor, "reason": reason} for actor, reason in outcome if reason]
    if not_told and not told:
        detail = f"nobody could be told; {not_told[0]['reason']}"
        raise Problem(409, "busy", detail, not_told=not_told)
    return {"actors": told, "not_told": not_told}
