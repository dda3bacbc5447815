"""Pauses and resumes actors by an operator's order, and pauses their next incarnations too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from actors.messages.control import Pause, Resume
from actors.runtime.clock import Clock
from actors.supervision.actor import Question
from actors.supervision.children import Children
from actors.supervision.control_server import Operation, Refusal
from actors.supervision.pauses import PAUSES_MAX, Pauses

PAUSABLE: Final = frozenset({"account", "stream", "venue"})
"""Kinds of children that talk to a venue; the others have nothing that could rest."""

_ACTOR: Final = frozenset({"actor"})

Ask = Callable[[Question], Awaitable[dict[str, Any]]]


class PauseDesk:
    """On the watcher's loop. A pause holds for an actor, whichever incarnation lives.

    A crash of the actor, of web or of the supervisor does not end it: a new incarnation is told
    before it does anything, and the file is read again at the next start of the service.
    """

    def __init__(
        self,
        *,
        pauses: Pauses,
        children: Children,
        ask: Ask,
        clock: Clock,
        complain: Callable[[str, str], None],
    ) -> None:
        self._pauses = pauses
        self._children = children
        self._ask = ask
        self._clock = clock
        self._complain = complain
        self._saving = asyncio.Lock()
        self._told_failure = ""
        children.greets(self._greet)
        self._tell_failure()

    def operations(self) -> dict[str, Operation]:
        return {
            "pauses": Operation(answer=self._list),
            "pause": Operation(answer=self._pause, must=_ACTOR),
            "resume": Operation(answer=self._resume, must=_ACTOR),
        }

    def _greet(self, actor: str) -> list[tuple[str, msgspec.Struct]]:
        return [("pause", Pause())] if actor in self._pauses else []

    async def _list(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"paused": self._pauses.since_us(), "failure": self._pauses.failure}

    async def _pause(self, args: Mapping[str, Any]) -> dict[str, Any]:
        actor = args["actor"]
        found = await self._ask(Question("look", actor, _ignore))
        if found["kind"] not in PAUSABLE:
            kinds = ", ".join(sorted(PAUSABLE))
            detail = f"actor: expected one of kind {kinds}, found {actor} of kind {found['kind']}"
            raise Refusal("bad_request", detail)
        if self._pauses.full and actor not in self._pauses:
            tree = await self._ask(Question("tree", "", _ignore))
            known = frozenset(child["actor"] for child in tree["children"])
            self._pauses.forget_all_but(known)
            if self._pauses.full:
                raise Refusal("busy", f"expected at most {PAUSES_MAX} paused actors")
        self._pauses.add(actor, self._clock.wall_ns() // 1_000)
        # Who does not run now is told when it is born.
        self._children.forward(actor, "pause", Pause())
        return await self._kept(actor, found["state"])

    async def _resume(self, args: Mapping[str, Any]) -> dict[str, Any]:
        actor = args["actor"]
        found = await self._ask(Question("look", actor, _ignore))
        self._pauses.remove(actor)
        self._children.forward(actor, "resume", Resume())
        return await self._kept(actor, found["state"])

    async def _kept(self, actor: str, state: str) -> dict[str, Any]:
        """The answer, once the file says the same, or it is told that it does not."""
        async with self._saving:
            await asyncio.to_thread(self._pauses.save)
        self._tell_failure()
        return {"actor": actor, "state": state, "paused": actor in self._pauses}

    def _tell_failure(self) -> None:
        """Said once for each reason."""
        failure = self._pauses.failure
        if failure and failure != self._told_failure:
            self._complain("PausesNotKept", f"{failure}; they hold until the service ends")
        self._told_failure = failure


def _ignore(body: dict[str, Any] | None, known: tuple[str, ...]) -> None:
    """Stands where `ask` puts its own reply."""
