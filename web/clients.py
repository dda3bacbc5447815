"""One stream client as the feed sees it, and the audiences of clients that get the same bytes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final, Protocol

from actors.messages.ids import MARKET_KINDS, topic_kind
from web.frames import KEEP_ALIVE, Door, Message, ping_frame
from web.topics import Matcher, Pattern

LAG_BYTES: Final = 256 * 1024
"""Unsent bytes from which a client counts as lagging."""

LAG_OVER_BYTES: Final = 64 * 1024
PENDING_MAX: Final = 10_000
PENDING_BYTES_MAX: Final = 8 * 1024 * 1024
PROGRESS_S_MAX: Final = 10.0
MAX_HZ_MAX: Final = 1000.0

NORMAL, GOING_AWAY, REFUSED, TOO_LARGE, OUR_FAULT, TOO_SLOW = 1000, 1001, 1008, 1009, 1011, 1013
"""WebSocket close codes that we give (RFC 6455 §7.4.1; 1013 of the IANA registry)."""


class Sink(Protocol):
    """Where a client's bytes go: an asyncio transport, or a queue drained through ASGI."""

    def write(self, data: bytes, /) -> None: ...

    def get_write_buffer_size(self) -> int: ...

    def is_closing(self) -> bool: ...

    def abort(self) -> None: ...


class Client:
    """A connection with what it asked for and what it still has to get.

    A steady client sits in an audience and owns no queue. It stands alone while its history is
    read (`held`), while it lags, or because it asked for at most `max_hz`; then market topics wait
    in `dirty` (the one message that is news, or None where only a snapshot can tell) and all
    others in `pending`.
    """

    __slots__ = (
        "alone",
        "close",
        "closed",
        "dirty",
        "door",
        "due_ns",
        "held",
        "interval_ns",
        "lagging",
        "matches",
        "pending",
        "pending_bytes",
        "pinged_ns",
        "progress_ns",
        "sink",
        "unsent",
        "unsent_last",
    )

    def __init__(
        self,
        sink: Sink,
        door: Door,
        close: Callable[[int, str], None],
        unsent: Callable[[], int] | None = None,
        max_hz: float | None = None,
    ) -> None:
        self.sink = sink
        self.door = door
        self.close = close
        self.unsent = unsent or sink.get_write_buffer_size
        self.matches = Matcher(frozenset())
        self.closed = False
        self.alone = False
        self.held = False
        self.lagging = False
        self.interval_ns = 0
        self.due_ns = 0
        self.pinged_ns = 0
        self.progress_ns = 0
        self.unsent_last = 0
        self.pending: list[Message] = []
        self.pending_bytes = 0
        self.dirty: dict[str, Message | None] = {}
        self.pace(max_hz)

    @property
    def patterns(self) -> frozenset[Pattern]:
        return self.matches.patterns

    def pace(self, max_hz: float | None) -> None:
        self.interval_ns = round(1e9 / max_hz) if max_hz else 0

    def offer(self, message: Message) -> None:
        """Keeps a message for later: the newest of a market topic, every one of the others."""
        if topic_kind(message.topic) in MARKET_KINDS:
            known = message.topic in self.dirty
            self.dirty[message.topic] = None if known else message
        else:
            self.pending.append(message)
            self.pending_bytes += len(message.payload)

    def write(self, data: bytes) -> None:
        """Writes unless the connection has ended; its handler is then about to be cancelled."""
        with contextlib.suppress(RuntimeError):
            self.sink.write(data)

    def keep_alive(self, now_ns: int) -> None:
        """What keeps its connection open; of a WebSocket, a ping that bears its time."""
        if self.door is Door.WEBSOCKET:
            self.pinged_ns = now_ns
            self.write(ping_frame(now_ns.to_bytes(8, "big")))
        else:
            self.write(KEEP_ALIVE[self.door])

    def ponged(self, payload: bytes, now_ns: int) -> int | None:
        """The round trip of the last ping; None for a pong that answers another one, or none."""
        if not self.pinged_ns or payload != self.pinged_ns.to_bytes(8, "big"):
            return None
        took_ns = now_ns - self.pinged_ns
        self.pinged_ns = 0
        return took_ns

    @property
    def overflown(self) -> bool:
        return len(self.pending) > PENDING_MAX or self.pending_bytes > PENDING_BYTES_MAX

    @property
    def waiting(self) -> bool:
        return bool(self.pending or self.dirty)

    def progressed(self, now_ns: int) -> bool:
        """Whether the peer took anything within the limit; asked again and again while it lags."""
        unsent = self.unsent()
        if unsent < self.unsent_last or not self.progress_ns:
            self.progress_ns = now_ns
        self.unsent_last = unsent
        return now_ns - self.progress_ns <= PROGRESS_S_MAX * 1e9

    def forget(self) -> None:
        """Frees what was kept for it."""
        self.closed = True
        self.pending.clear()
        self.pending_bytes = 0
        self.dirty.clear()


Writer = tuple[Callable[[bytes], None], Callable[[], int], Client]


class Audience:
    """Clients with one door and the same topics; they get one joined write per loop turn."""

    __slots__ = ("door", "matches", "members", "pending", "pending_bytes")

    def __init__(self, door: Door, matches: Matcher) -> None:
        self.door = door
        self.matches = matches
        self.members: dict[Client, Writer] = {}
        self.pending: list[bytes] = []
        self.pending_bytes = 0

    def add(self, client: Client) -> None:
        sink = client.sink
        self.members[client] = (sink.write, sink.get_write_buffer_size, client)

    def take(self, message: Message) -> None:
        data = message.form(self.door)
        self.pending.append(data)
        self.pending_bytes += len(data)

    def flush(self) -> list[Client]:
        """Writes what the turn brought to everyone; returns the clients that began to lag."""
        waiting = self.pending
        if not waiting:
            return []
        data = waiting[0] if len(waiting) == 1 else b"".join(waiting)
        self.pending = []
        self.pending_bytes = 0
        late = []
        for write, unsent, client in self.members.values():
            try:
                write(data)
            except RuntimeError:
                # Its server has said goodbye this very turn; its handler removes it in the next.
                continue
            if unsent() > LAG_BYTES:
                late.append(client)
        return late
