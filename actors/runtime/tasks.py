"""Runs the parts of one actor side by side until one fails or the actor is asked to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from actors.runtime.context import ActorContext


async def run_together(*parts: Coroutine[Any, Any, Any]) -> None:
    """Until the first part ends or fails; raises its fault as it is and cancels the others.

    (A TaskGroup would wrap it, and the runtime reads exit codes off the fault's own type.)
    """
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def run_until_stopped(context: ActorContext, *parts: Coroutine[Any, Any, Any]) -> None:
    """The life of an actor: its parts, until one fails or the actor is asked to stop.

    The cache link is the runtime's and outlives the parts: what they said last goes through it.
    """
    await run_together(context.stopping.wait(), *parts)
