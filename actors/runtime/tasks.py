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


async def run_source(context: ActorContext, *parts: Coroutine[Any, Any, Any]) -> None:
    """The whole life of an actor that feeds the cache: its parts, and the link beside them.

    The link outlives the parts: what they said last is flushed through it after the entry returns.
    """
    link = asyncio.ensure_future(context.link.run())
    work = asyncio.ensure_future(run_together(context.stopping.wait(), *parts))
    try:
        await asyncio.wait({link, work}, return_when=asyncio.FIRST_COMPLETED)
        if link.done():
            link.result()
        await work
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
