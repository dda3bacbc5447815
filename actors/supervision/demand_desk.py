"""Starts and stops market streams as web processes want them; `demand` on the control socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from actors.runtime.clock import Clock
from actors.supervision.control_server import Operation
from actors.supervision.demand import Demand
from actors.supervision.events import AddChild, Message, RemoveChild
from actors.supervision.spec import ChildSpec

TICK_S: Final = 1.0


class Streams(Protocol):
    """Who knows the living processes."""

    def runs(self, actor: str) -> bool: ...

    def mourns(self, mourner: Callable[[str, int], None]) -> None: ...


class DemandDesk:
    """On the watcher's loop. `ended(topic)` is told once a stream that was stopped is gone, so that
    its data go too."""

    def __init__(
        self,
        *,
        streams_max: int,
        make_spec: Callable[[str], ChildSpec | None],
        children: Streams,
        post: Callable[[Message], None],
        ended: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._demand = Demand(streams_max)
        self._streams_max = streams_max
        self._make_spec = make_spec
        self._children = children
        self._post = post
        self._ended = ended
        self._clock = clock
        self._ending: dict[str, bool] = {}
        """Topics that were stopped, and whether their process was seen to be gone."""
        self._loop = asyncio.get_running_loop()
        self._loop.call_later(TICK_S, self._tick)
        children.mourns(self._mourn)

    def operations(self) -> dict[str, Operation]:
        """See docs/design/contracts.md, section 7."""
        must = frozenset({"web", "topics"})
        return {"demand": Operation(answer=self._renew, must=must, lists=frozenset({"topics"}))}

    async def _renew(self, args: Mapping[str, Any]) -> dict[str, Any]:
        refused: dict[str, str] = {}
        specs: dict[str, ChildSpec] = {}
        for topic in args["topics"]:
            spec = self._make_spec(topic)
            if spec is None:
                refused[topic] = "expected a market stream that this service can run"
            else:
                specs[topic] = spec
        verdict = self._demand.renew(args["web"], specs, self._clock.monotonic_ns())
        for topic in verdict.ended:
            self._stop(topic)
        for topic in verdict.started:
            self._ending.pop(topic, None)
            self._post(AddChild(specs[topic]))
        for topic in verdict.refused:
            limit = self._streams_max
            refused[topic] = f"{limit} streams run on demand already (STREAMS_MAX)"
        return {"running": list(self._demand.running), "refused": refused}

    def _stop(self, topic: str) -> None:
        self._ending[topic] = False
        self._post(RemoveChild(topic))

    def _mourn(self, actor: str, _epoch: int) -> None:
        self._demand.gone(actor, self._clock.monotonic_ns())

    def _tick(self) -> None:
        self._loop.call_later(TICK_S, self._tick)
        # A tick after its process is gone: what that said last has reached the cache by then.
        for topic in [topic for topic, gone in self._ending.items() if gone]:
            del self._ending[topic]
            self._ended(topic)
        for topic in self._ending:
            self._ending[topic] = not self._children.runs(topic)
        for topic in self._demand.turn(self._clock.monotonic_ns()):
            self._stop(topic)
