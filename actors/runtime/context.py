"""What an actor's entry is given: identity, time, links and counters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from actors.errors import Fault
from actors.messages.control import FaultReport, Welcome
from actors.runtime.clock import Clock

if TYPE_CHECKING:
    from actors.runtime.link import CacheLink
    from actors.runtime.outbox import Outbox

ControlHandler = Callable[[Any], None]
"""Gets the decoded struct of one control message."""

QuestionHandler = Callable[[Mapping[str, str]], dict[str, Any]]
"""Gets the arguments of an operator's question and answers with plain data."""


class Progress:
    """Counters that the heartbeat carries; written by the actor, read once a second."""

    __slots__ = ("_clock", "good_events", "last_frame_mono_ns", "last_sequence", "queue_depth")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.last_frame_mono_ns = 0
        self.last_sequence = 0
        self.good_events = 0
        self.queue_depth: Callable[[], int] = lambda: 0

    def frame(self, sequence: int = 0) -> None:
        self.last_frame_mono_ns = self._clock.monotonic_ns()
        if sequence:
            self.last_sequence = sequence

    def good_event(self) -> None:
        self.good_events += 1


class ActorContext(Protocol):
    """See docs/design/contracts.md, section 1."""

    actor_id: str
    epoch: int
    config: Mapping[str, Any]
    clock: Clock
    stopping: asyncio.Event
    progress: Progress

    @property
    def outbox(self) -> Outbox: ...

    @property
    def link(self) -> CacheLink: ...

    def descriptor(self, name: str) -> int: ...

    def secrets(self) -> dict[str, str]: ...

    def ready(self) -> None: ...

    def fault(self, fault: Fault | FaultReport, level: str = "warning") -> None: ...

    def capture(self, error: BaseException) -> None: ...

    def log(self, level: str, event: str, **fields: str | float | bool | None) -> None: ...

    def tell(self, kind: str, message: msgspec.Struct) -> bool: ...

    def on_control(self, kind: str, handler: ControlHandler) -> None: ...

    def on_question(self, op: str, handler: QuestionHandler) -> None: ...

    async def welcome(self) -> Welcome: ...
