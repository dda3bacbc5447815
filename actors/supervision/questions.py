"""Asks a living child something for an operator, and waits, but not for long, for its reply."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

import msgspec

from actors.messages.control import Question, Reply
from actors.supervision.actor import Question as KernelQuestion
from actors.supervision.children import Children
from actors.supervision.control_server import Operation, Refusal

PENDING_MAX: Final = 64
ANSWER_S: Final = 2.0
SLACK_S: Final = 0.5
"""Our own answer says what was missing; the server's would only say that it took too long."""
UNSUPPORTED: Final = "unsupported"

_ACTOR: Final = frozenset({"actor"})
_LIMIT: Final = frozenset({"limit"})

Ask = Callable[[KernelQuestion], Awaitable[dict[str, Any]]]


class QuestionDesk:
    """On the watcher's loop; a question dies with the incarnation that it was asked of."""

    def __init__(self, children: Children, ask: Ask, answer_s: float = ANSWER_S) -> None:
        self._children = children
        self._ask = ask
        self._answer_s = answer_s
        self._number = 0
        self._pending: dict[int, tuple[str, asyncio.Future[Reply]]] = {}
        children.hears("reply", Reply, self._on_reply)
        children.mourns(self._on_end)

    def operations(self) -> dict[str, Operation]:
        limit_s = self._answer_s + SLACK_S
        frames = Operation(
            answer=partial(self._passed, "frames"), must=_ACTOR, may=_LIMIT, limit_s=limit_s
        )
        storage = Operation(answer=partial(self._passed, "storage"), must=_ACTOR, limit_s=limit_s)
        return {"frames": frames, "storage": storage}

    async def _passed(self, op: str, args: Mapping[str, Any]) -> dict[str, Any]:
        actor = args["actor"]
        rest = {name: text for name, text in args.items() if name != "actor"}
        body = await self.put(actor, op, rest)
        return {"actor": actor, **body}

    async def put(self, actor: str, op: str, args: dict[str, str]) -> dict[str, Any]:
        """What the child answers; Refusal where there is no such child, or no answer."""
        found = await self._ask(KernelQuestion("look", actor, _ignore))
        if len(self._pending) >= PENDING_MAX:
            raise Refusal("busy", f"expected at most {PENDING_MAX} questions at once")
        self._number += 1
        number = self._number
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._pending[number] = (actor, future)
        try:
            if not self._children.forward(actor, "question", Question(number, op, args)):
                raise Refusal("not_running", f"{actor} is not running: {found['state']}")
            async with asyncio.timeout(self._answer_s):
                reply = await future
        except TimeoutError as error:
            detail = f"{actor} did not answer {op} within {self._answer_s:g} s"
            raise Refusal("unanswered", detail) from error
        finally:
            del self._pending[number]
        return _body(actor, op, reply)

    def _on_reply(self, actor: str, _epoch: int, reply: Reply) -> None:
        asked, future = self._pending.get(reply.number, ("", None))
        if future is not None and asked == actor and not future.done():
            future.set_result(reply)

    def _on_end(self, actor: str, _epoch: int) -> None:
        for asked, future in self._pending.values():
            if asked == actor and not future.done():
                future.set_exception(Refusal("not_running", f"{actor} ended before it answered"))


def _body(actor: str, op: str, reply: Reply) -> dict[str, Any]:
    if reply.error == UNSUPPORTED:
        raise Refusal(UNSUPPORTED, f"{actor} has no {op}")
    if reply.error:
        raise Refusal("unanswered", f"{actor}: {reply.error}")
    try:
        return msgspec.msgpack.decode(reply.body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Refusal("unanswered", f"{actor}: its reply to {op} is not a map: {error}") from error


def _ignore(body: dict[str, Any] | None, known: tuple[str, ...]) -> None:
    """Stands where `ask` puts its own reply."""
