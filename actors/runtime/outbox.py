"""What a source still has to tell the cache: bounded, state conflated, events kept; pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from actors.errors import OutboxFull
from actors.messages.envelope import VERSION, Envelope
from actors.messages.kinds import ACCOUNT_EVENTS, KINDS
from actors.messages.market import BookDelta, BookSnapshot
from actors.runtime.clock import Clock
from actors.runtime.framing import encode_body, pack

EVENTS_MAX: Final = 10_000
EVENTS_BYTES_MAX: Final = 5 * 1024 * 1024
"""Unacknowledged account events from which on the outbox is `full`."""
EVENTS_SLACK: Final = 1_000
"""So that the events of a frame already read are not cut apart by the limit."""
STATES_MAX: Final = 4_000
"""Waiting objects of conflated kinds; beyond it the oldest goes (no actor has as many)."""
QUEUED_KINDS: Final = frozenset({"trade", "fault_report", "faults_cleared"})
"""State of which each message is news of its own: queued, the oldest goes, never conflated."""
QUEUED_MAX: Final = 500
BOOK_DELTAS_MAX: Final = 512
BOOK_BYTES_MAX: Final = 256 * 1024
"""Waiting deltas of one topic; beyond either one snapshot takes their place."""

BookSource = Callable[[], BookSnapshot | None]
"""The actor's book as it is now, or None while it has no verified one."""


class _BookQueue:
    """Frames of one order book topic, in order, until a snapshot is shorter than they are.

    `sequence` is the book's after the last frame; `snapshot_due` says that the frames were dropped.
    """

    __slots__ = ("deltas_bytes", "frames", "sequence", "snapshot_due", "source")

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.deltas_bytes = 0
        self.sequence = -1
        self.snapshot_due = True
        self.source: BookSource | None = None

    def snapshot_instead(self) -> None:
        self.frames.clear()
        self.deltas_bytes = 0
        self.snapshot_due = True

    def begin(self, frame: bytes, sequence: int) -> None:
        self.frames[:] = (frame,)
        self.deltas_bytes = 0
        self.sequence = sequence
        self.snapshot_due = False

    def follow(self, frame: bytes, sequence: int) -> None:
        self.frames.append(frame)
        self.deltas_bytes += len(frame)
        self.sequence = sequence

    @property
    def overflows(self) -> bool:
        return len(self.frames) >= BOOK_DELTAS_MAX or self.deltas_bytes >= BOOK_BYTES_MAX


class Outbox:
    """Frames on their way from one source to the cache.

    `put` never blocks. Account events wait until `acknowledge`; all other kinds are state of
    which the newest per (kind, topic, key) wins while the link lags or is down. Order books send
    deltas while the link keeps up, and one snapshot from `book_source` when it did not.
    """

    def __init__(self, source: str, epoch: int, clock: Clock) -> None:
        self.source = source
        self.epoch = epoch
        self._clock = clock
        self._seq = 0
        self._events: deque[tuple[int, bytes]] = deque()
        self._events_bytes = 0
        self._unsent: deque[tuple[int, bytes]] = deque()
        self._states: dict[tuple[str, str, str], bytes] = {}
        self._queued: deque[bytes] = deque()
        self._books: dict[str, _BookQueue] = {}
        self._books_due: dict[str, None] = {}
        self._linked = False
        self.dropped = 0
        """State that the bounds cost (never account events, never a book)."""
        self.on_pending: Callable[[], None] = lambda: None
        """Called after each put; the link wakes up on it."""
        self.on_room: Callable[[], None] = lambda: None
        """Called when `full` ends."""

    # writing side

    def put(self, kind: str, topic: str, message: msgspec.Struct, key: str = "") -> int:
        """Hands `message` over and returns its number.

        `key` tells objects of one kind and topic apart (an actor's lane, a candle's start); of
        account events and order books it is unused. Raises OutboxFull only far beyond `full`, and
        TypeError where `message` is not what `kind` names.
        """
        expected = KINDS.get(kind)
        if expected is None or type(message) is not expected:
            found = type(message).__name__
            raise TypeError(f"kind {kind!r}: expected {expected and expected.__name__}, {found}")
        if kind in ACCOUNT_EVENTS:
            self._put_event(kind, topic, message)
        elif isinstance(message, BookDelta):
            self._put_delta(topic, message)
        elif isinstance(message, BookSnapshot):
            self._put_snapshot(topic, message)
        else:
            self._put_state(kind, topic, message, key)
        self.on_pending()
        return self._seq

    def book_source(self, topic: str, source: BookSource) -> None:
        """Where the whole book of `topic` comes from when its deltas waited too long.

        It must hold every delta put so far, and is asked only between two turns of the loop.
        """
        self._book(topic).source = source

    @property
    def full(self) -> bool:
        """Whether the actor must stop reading its account until there is room."""
        return len(self._events) >= EVENTS_MAX or self._events_bytes >= EVENTS_BYTES_MAX

    @property
    def unacknowledged(self) -> int:
        """Account events that the cache does not confirm to keep yet."""
        return len(self._events)

    @property
    def pending(self) -> int:
        """Entries that wait to be written to the link (what a heartbeat calls queue depth)."""
        waiting = len(self._unsent) + len(self._states) + len(self._queued)
        return waiting + len(self._books_due)

    def resync(self, topic: str) -> None:
        """The cache lost the thread of this book: a snapshot is due."""
        book = self._books.get(topic)
        if book is not None:
            book.snapshot_instead()
            self._books_due[topic] = None
            self.on_pending()

    # link side

    def link_up(self, acknowledged: int) -> None:
        """A link was welcomed: events above `acknowledged` go out again, books as snapshots."""
        self._linked = True
        self.acknowledge(acknowledged)
        self._unsent = deque(self._events)
        for topic, book in self._books.items():
            book.snapshot_instead()
            self._books_due[topic] = None

    def link_down(self) -> None:
        """Until the next link only what is current is kept, beside the account events."""
        self._linked = False
        self._unsent.clear()
        for book in self._books.values():
            book.snapshot_instead()

    def acknowledge(self, seq: int) -> None:
        """The cache keeps every event up to `seq`."""
        was_full = self.full
        events = self._events
        while events and events[0][0] <= seq:
            self._events_bytes -= len(events.popleft()[1])
        while self._unsent and self._unsent[0][0] <= seq:
            self._unsent.popleft()
        if was_full and not self.full:
            self.on_room()

    def take(self, bytes_max: int) -> list[bytes]:
        """The next frames to write, at least one where any waits, about `bytes_max` together."""
        frames: list[bytes] = []
        room = bytes_max
        while self._unsent and room > 0:
            frame = self._unsent.popleft()[1]
            frames.append(frame)
            room -= len(frame)
        while self._books_due and room > 0:
            topic = next(iter(self._books_due))
            del self._books_due[topic]
            taken = self._take_book(topic)
            frames += taken
            room -= sum(map(len, taken))
        while self._queued and room > 0:
            frame = self._queued.popleft()
            frames.append(frame)
            room -= len(frame)
        while self._states and room > 0:
            frame = self._states.pop(next(iter(self._states)))
            frames.append(frame)
            room -= len(frame)
        return frames

    # inside

    def _frame(self, kind: str, topic: str, message: msgspec.Struct) -> bytes:
        self._seq += 1
        now = self._clock.monotonic_ns()
        body = encode_body(message)
        return pack(Envelope(VERSION, kind, self.source, self.epoch, self._seq, now, topic, body))

    def _put_event(self, kind: str, topic: str, message: msgspec.Struct) -> None:
        if len(self._events) >= EVENTS_MAX + EVENTS_SLACK:
            raise OutboxFull(
                f"{self.source}: {len(self._events)} account events are not acknowledged, "
                f"expected the actor to stop reading at {EVENTS_MAX}"
            )
        frame = self._frame(kind, topic, message)
        entry = (self._seq, frame)
        self._events.append(entry)
        self._events_bytes += len(frame)
        if self._linked:
            self._unsent.append(entry)

    def _put_state(self, kind: str, topic: str, message: msgspec.Struct, key: str) -> None:
        frame = self._frame(kind, topic, message)
        if kind in QUEUED_KINDS:
            if len(self._queued) >= QUEUED_MAX:
                self._queued.popleft()
                self.dropped += 1
            self._queued.append(frame)
            return
        place = (kind, topic, key)
        if place not in self._states and len(self._states) >= STATES_MAX:
            del self._states[next(iter(self._states))]
            self.dropped += 1
        self._states[place] = frame

    def _book(self, topic: str) -> _BookQueue:
        book = self._books.get(topic)
        if book is None:
            book = self._books[topic] = _BookQueue()
        return book

    def _put_delta(self, topic: str, delta: BookDelta) -> None:
        book = self._book(topic)
        self._books_due[topic] = None
        if book.snapshot_due or delta.sequence <= book.sequence:
            # The snapshot, still to come or just gone, holds this delta already.
            return
        if delta.previous_sequence != book.sequence or book.overflows:
            book.snapshot_instead()
            return
        book.follow(self._frame("book_delta", topic, delta), delta.sequence)

    def _put_snapshot(self, topic: str, snapshot: BookSnapshot) -> None:
        book = self._book(topic)
        self._books_due[topic] = None
        if self._linked:
            book.begin(self._frame("book_snapshot", topic, snapshot), snapshot.sequence)
        else:
            book.snapshot_instead()

    def _take_book(self, topic: str) -> list[bytes]:
        book = self._books[topic]
        if book.snapshot_due:
            snapshot = None if book.source is None else book.source()
            if snapshot is None:
                return []
            book.begin(self._frame("book_snapshot", topic, snapshot), snapshot.sequence)
        frames = book.frames
        book.frames = []
        book.deltas_bytes = 0
        return frames
