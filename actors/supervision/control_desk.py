"""Answers what operators ask over the control socket: the tree, histories, restarts, lanes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import pykka

from actors.errors import Fault
from actors.messages.control import Reconnect, Refresh, RestartRecord
from actors.supervision.actor import Question
from actors.supervision.children import Children
from actors.supervision.control_server import SLOW_ANSWER_S, Operation, Refusal
from actors.supervision.options import SupervisorOptions
from actors.supervision.spec import ChildSpec
from actors.supervision.voice import History

RELOADS_MAX: Final = 4

_ACTOR: Final = frozenset({"actor"})
_LANE: Final = frozenset({"lane"})
_LANE_MESSAGES: Final[Mapping[str, Callable[[str], msgspec.Struct]]] = {
    "reconnect": Reconnect,
    "refresh": Refresh,
}


class ControlDesk:
    """Lives on the watcher's loop; `complain(kind, message)` reports a fault of our own."""

    def __init__(
        self,
        *,
        kernel: pykka.ActorRef[Any],
        journal: pykka.ActorRef[Any],
        children: Children,
        options: SupervisorOptions,
        started_us: int,
        complain: Callable[[str, str], None],
    ) -> None:
        self._kernel = kernel
        self._journal = journal
        self._children = children
        self._options = options
        self._started_us = started_us
        self._complain = complain
        self._reloads = 0
        self._loop = asyncio.get_running_loop()

    def operations(self) -> dict[str, Operation]:
        """Each by its name; see docs/design/contracts.md, section 7."""
        table = {
            "tree": Operation(answer=self._tree),
            "history": Operation(answer=self._history, must=_ACTOR),
            "reset": Operation(answer=self._reset, must=_ACTOR, limit_s=SLOW_ANSWER_S),
        }
        for op in ("restart", "stop", "start"):
            table[op] = Operation(answer=partial(self._command, op), must=_ACTOR)
        for op in _LANE_MESSAGES:
            table[op] = Operation(answer=partial(self._forward, op), must=_ACTOR, may=_LANE)
        return table

    async def ask(self, question: Question) -> dict[str, Any]:
        """The kernel's actor answers into this loop; awaiting Pykka's future would block it."""
        future: asyncio.Future[tuple[dict[str, Any] | None, tuple[str, ...]]]
        future = self._loop.create_future()

        def reply(body: dict[str, Any] | None, known: tuple[str, ...]) -> None:
            self._loop.call_soon_threadsafe(_resolve, future, (body, known))

        self._kernel.tell(replace(question, reply=reply))
        body, known = await future
        if body is None:
            raise Refusal("unknown_actor", f"there is no actor {question.actor!r:.100}", known)
        return body

    async def _tree(self, _: Mapping[str, Any]) -> dict[str, Any]:
        body = await self.ask(Question("tree", "", _ignore))
        return {
            "supervisor_pid": os.getpid(),
            "zygote_pid": self._children.spawner.pid,
            "descriptors": _open_descriptors(),
            "started_us": self._started_us,
            "simulated": self._options.simulated,
            **body,
        }

    async def _history(self, args: Mapping[str, Any]) -> dict[str, Any]:
        actor = args["actor"]
        await self.ask(Question("look", actor, _ignore))
        future: asyncio.Future[tuple[RestartRecord, ...]] = self._loop.create_future()

        def reply(records: tuple[RestartRecord, ...]) -> None:
            self._loop.call_soon_threadsafe(_resolve, future, records)

        self._journal.tell(History(actor, reply))
        records = await future
        return {"actor": actor, "incarnations": [msgspec.to_builtins(each) for each in records]}

    async def _command(self, op: str, args: Mapping[str, Any]) -> dict[str, Any]:
        return await self.ask(Question(op, args["actor"], _ignore))

    async def _reset(self, args: Mapping[str, Any]) -> dict[str, Any]:
        found = await self.ask(Question("look", args["actor"], _ignore))
        spec, note = await self._reload(args["actor"], found["secrets"])
        body = await self.ask(Question("reset", args["actor"], _ignore, spec))
        return {**body, "note": note} if note else body

    async def _reload(self, actor: str, has_secrets: bool) -> tuple[ChildSpec | None, str]:
        """The child's spec as it is configured now, or None: as it was, and perhaps why."""
        reload = self._options.reload
        if reload is None:
            return None, ""
        if self._reloads >= RELOADS_MAX:
            raise Refusal("busy", f"expected at most {RELOADS_MAX} resets at once")
        self._reloads += 1
        try:
            return await self._loop.run_in_executor(None, reload, actor), ""
        except Fault as fault:
            if has_secrets:
                # What the environment held at the start is gone by design, and still good.
                message = f"{actor} starts as it was configured before: {fault}"
                self._complain("ConfigFault", message)
                return None, message
            raise Refusal("bad_request", f"the configuration of {actor}: {fault}") from fault
        finally:
            self._reloads -= 1

    async def _forward(self, op: str, args: Mapping[str, Any]) -> dict[str, Any]:
        actor = args["actor"]
        found = await self.ask(Question("look", actor, _ignore))
        message = _LANE_MESSAGES[op](args.get("lane", ""))
        if not self._children.forward(actor, op, message):
            raise Refusal("busy", f"{actor} is not running: {found['state']}")
        return {"actor": actor}


def _ignore(body: dict[str, Any] | None, known: tuple[str, ...]) -> None:
    """Stands where `ask` puts its own reply."""


def _resolve(future: asyncio.Future[Any], result: object) -> None:
    # Who asked may have gone meanwhile.
    if not future.done():
        future.set_result(result)


def _open_descriptors() -> int:
    """How many there are; a leak shows here, as other processes may not count them."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
