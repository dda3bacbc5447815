"""The supervisor as a source of the cache: what the children do, and what goes wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from actors.messages.control import (
    ChildStatus,
    FaultReport,
    FaultsCleared,
    StreamEnded,
    Welcome,
)
from actors.messages.ids import SUPERVISOR
from actors.runtime.clock import Clock
from actors.runtime.link import CacheLink
from actors.runtime.outbox import Outbox

STATUSES_MAX: Final = 4_096
ENDED_MAX: Final = 1_000
FLUSH_S: Final = 0.2


class Publisher:
    """On the watcher's loop; keeps the newest status of each child for a cache that comes anew."""

    def __init__(self, path: Path, clock: Clock) -> None:
        # The wall clock serves as the epoch: it is above that of every earlier supervisor.
        self._outbox = Outbox(SUPERVISOR, clock.wall_ns() // 1_000_000, clock)
        self._link = CacheLink(str(path), self._outbox, clock)
        self._link.on_welcome(self._on_welcome)
        self._statuses: dict[str, ChildStatus] = {}
        self._ended: dict[str, None] = {}
        self._task = asyncio.get_running_loop().create_task(self._link.run(), name="cache link")

    def status(self, status: ChildStatus) -> None:
        self._ended.pop(status.actor, None)
        self._statuses[status.actor] = status
        if len(self._statuses) > STATUSES_MAX:
            del self._statuses[next(iter(self._statuses))]
        self._put(status)

    def fault(self, report: FaultReport) -> None:
        self._outbox.put("fault_report", "errors", report)

    def clear_faults(self, at_ns: int) -> None:
        """In line with the faults: those told before it go, those told later stay."""
        self._outbox.put("faults_cleared", "errors", FaultsCleared(at_ns))

    def stream_ended(self, topic: str) -> None:
        """A stream that ran on demand is gone on purpose, and its data go with it."""
        self._statuses.pop(topic, None)
        self._ended[topic] = None
        if len(self._ended) > ENDED_MAX:
            del self._ended[next(iter(self._ended))]
        self._put_ended(topic)

    async def close(self) -> None:
        await self._link.close(FLUSH_S)
        self._task.cancel()

    def _put(self, status: ChildStatus) -> None:
        self._outbox.put("child_status", "supervision", status, key=status.actor)

    def _on_welcome(self, _welcome: Welcome) -> None:
        for status in self._statuses.values():
            self._put(status)
        # A cache that died may have taken the word with it.
        for topic in self._ended:
            self._put_ended(topic)

    def _put_ended(self, topic: str) -> None:
        self._outbox.put("stream_ended", topic, StreamEnded(actor=topic), key=topic)
