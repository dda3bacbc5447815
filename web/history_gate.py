"""How many questions to the history store run at once in a web process, and for how long.

They share a processor with live answers. Whoever asks more waits a moment for a place and is then
told when to come again; no client can have live answers wait for its questions.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from web.problems import Problem

AT_ONCE_MAX: Final = 4
WAITING_MAX: Final = 32
WAIT_S_MAX: Final = 3.0
QUESTION_S_MAX: Final = 10.0
RETRY_AFTER_S: Final = 2


class Gate:
    """Places for questions; made once per web process."""

    def __init__(
        self,
        at_once: int = AT_ONCE_MAX,
        waiting: int = WAITING_MAX,
        wait_s: float = WAIT_S_MAX,
        question_s: float = QUESTION_S_MAX,
    ) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._at_once = at_once
        self._waiting_max = waiting
        self._waiting = 0
        self._wait_s = wait_s
        self._question_s = question_s

    @asynccontextmanager
    async def question(self) -> AsyncIterator[None]:
        """A place for one question, which is ended where it takes too long."""
        await self._place()
        try:
            async with asyncio.timeout(self._question_s) as limit:
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            detail = f"the history store did not answer within {self._question_s:g} s; ask for less"
            raise Problem(503, "history-slow", detail, _retry()) from None
        finally:
            self._places.release()

    async def _place(self) -> None:
        if self._waiting >= self._waiting_max:
            raise self._busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                await self._places.acquire()
        except TimeoutError:
            raise self._busy() from None
        finally:
            self._waiting -= 1

    def _busy(self) -> Problem:
        detail = f"{self._at_once} questions to the history run already; ask again in a moment"
        return Problem(503, "history-busy", detail, _retry())


def _retry() -> dict[str, str]:
    return {"Retry-After": str(RETRY_AFTER_S)}
