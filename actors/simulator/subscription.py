"""One stream of one connection: its frames, and what goes wrong with them."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from actors.simulator.spoiling import FrameForm, Spoiler

if TYPE_CHECKING:
    from actors.simulator.connection import Connection
    from actors.simulator.faults import Fault


def names_of(topic: str) -> frozenset[str]:
    """What a fault may call a stream: `ws`, its topic, and every first part of it."""
    parts = accumulate(topic.split(":"), lambda head, part: f"{head}:{part}")
    return frozenset({"ws"}).union(*({part, f"ws:{part}"} for part in parts))


class Subscription:
    """`seq` counts the frames that were offered; several streams may share a connection."""

    __slots__ = ("_form", "_spoiler", "connection", "first_frame", "names", "seq", "topic")

    def __init__(self, connection: Connection, topic: str, form: FrameForm) -> None:
        self.connection = connection
        self.topic = topic
        self.names = names_of(topic)
        self.seq = 0
        self.first_frame: int | None = None
        """Number of the book's frame that was sent as seq 1, where each frame is one of it."""

        self._form = form
        self._spoiler = Spoiler(form)

    @property
    def number(self) -> int:
        """That of the connection."""
        return self.connection.number

    @property
    def address(self) -> str:
        return self.connection.address

    @property
    def queued(self) -> int:
        return self.connection.queued

    @property
    def half_open(self) -> bool:
        return self.connection.half_open

    def offer(self, payload: bytes) -> None:
        """Queues a frame, as the dialect's `FrameForm` finishes it."""
        self.seq += 1
        if self.half_open:
            return
        frame = self._form.finished(payload, self.seq)
        if self._spoiler.idle:
            self.connection.put(frame)
        else:
            for spoiled in self._spoiler.spoil(frame):
                self.connection.put(spoiled)

    def suffer(self, fault: Fault) -> None:
        """A fault of a frame kind strikes this stream."""
        self._spoiler.arm(fault.kind, fault.left or 1, fault.variant, fault.text)
