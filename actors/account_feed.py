"""How an account actor's messages reach the outbox: in order, and never more than it can take."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final

from actors.messages.account import AccountSnapshot, Fill, Funding, Order, Points, Position
from actors.messages.control import Confirmed, ConnectionState
from actors.messages.ids import account_topic
from actors.reconciliation import AccountEvent
from actors.runtime.context import ActorContext

SECTIONS: Final = ("account", "positions", "orders", "fills")
"""What rounds and stream confirm as a whole."""
_KINDS: Final[dict[type, tuple[str, str]]] = {
    AccountSnapshot: ("account_snapshot", "account"),
    Position: ("position", "positions"),
    Order: ("order", "orders"),
    Fill: ("fill", "fills"),
    Funding: ("funding", "fundings"),
}


class Feed:
    """While the outbox is full, events wait here, in order, and nobody reads (`room`).

    What waits is bounded by what one reading brings: a frame of the stream, or a catch-up, whose
    pages are counted.
    """

    def __init__(self, context: ActorContext, venue: str, account: str) -> None:
        self._outbox = context.outbox
        self._progress = context.progress
        self.topics: Final = {
            name: account_topic(name, venue, account) for _, name in _KINDS.values()
        }
        self._waiting: deque[AccountEvent] = deque()
        self._room = asyncio.Event()
        self._room.set()
        self._outbox.on_room = self._pump
        self._progress.queue_depth = lambda: self._outbox.pending + len(self._waiting)

    def publish(self, news: Iterable[AccountEvent]) -> None:
        self._waiting.extend(news)
        self._pump()

    def confirm(self, section: str, via: str, received_ns: int) -> None:
        """The venue confirmed this section at `received_ns`, whether anything changed or not."""
        if self._waiting:
            # What changed has not been told yet: the cache would call old figures fresh.
            return
        topic = self.topics[section]
        self._outbox.put("confirmed", topic, Confirmed(via=via, received_ns=received_ns))

    def connection(self, state: ConnectionState) -> None:
        self._outbox.put("connection_state", "connections", state, key=state.lane)

    def points(self, points: Points) -> None:
        self._outbox.put("points", "points", points)

    async def room(self) -> None:
        """Returns when all that was read has gone out and more may be read."""
        if self._outbox.full:
            self._room.clear()
        if not self._room.is_set():
            await self._room.wait()

    def _pump(self) -> None:
        while self._waiting and not self._outbox.full:
            event = self._waiting.popleft()
            kind, section = _KINDS[type(event)]
            self._outbox.put(kind, self.topics[section], event)
            self._progress.good_event()
        if self._waiting or self._outbox.full:
            self._room.clear()
        else:
            self._room.set()
