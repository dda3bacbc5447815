"""Makes the messages of a stream out of changes and of what the store holds."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from actors.cache.replica import Replica
from actors.cache.store import Change
from actors.messages.ids import is_account_topic
from actors.messages.kinds import KINDS
from actors.messages.market import BookDelta, BookStatus
from actors.runtime.clock import Clock
from web.frames import Message
from web.reading import Reading
from web.resume import Position
from web.views import US, shown

SNAPSHOT_REUSE_NS: Final = 100_000_000
"""How long a snapshot made for one client serves the next; its ages are that old."""

_LISTS: Final = ("connections", "supervision")


class Composer:
    """One message a change, however many clients get it."""

    def __init__(self, replica: Replica, reading: Reading, clock: Clock) -> None:
        self._replica = replica
        self._reading = reading
        self._clock = clock
        self._snapshots: dict[str, tuple[int, int, Message]] = {}
        """By topic, the oldest first; one that can serve nobody any more is not kept."""

    def forget(self) -> None:
        """Drops kept snapshots; called when the stream began anew."""
        self._snapshots.clear()

    def id(self, seq: int) -> str:
        return Position(self._replica.stream_id, seq).text

    def update(self, change: Change) -> Message:
        """A change as its topic's update; a whole book is a `snapshot` of its topic.

        A market or service change without a known predecessor follows no update that a client
        has, so the whole topic is told.
        """
        unheard = not change.prev and not is_account_topic(change.topic)
        if unheard and change.kind != "stream_ended":
            return self.snapshot(change.topic)
        if change.kind == "faults_cleared":
            # A whole topic again: nothing of it is left. What came since follows as updates.
            return self._message("snapshot", change, [])
        value: Any = msgspec.msgpack.decode(change.body, type=KINDS[change.kind])
        if isinstance(value, (BookDelta, BookStatus)) or change.kind == "book_snapshot":
            data = self._book_data(change, value)
        elif change.kind == "latency":
            data = self._reading.latency()
        else:
            data = shown(value, self._reading.wall_minus_mono_ns())
            data |= self._just_now(change, value)
        kind = "snapshot" if change.kind == "book_snapshot" else "update"
        return self._message(kind, change, data)

    def snapshot(self, topic: str) -> Message:
        """The whole object of a topic as of now."""
        seq = self._replica.store.last_seq(topic)
        now = self._clock.monotonic_ns()
        kept = self._snapshots.get(topic)
        if kept is not None and kept[0] == seq and now - kept[1] < SNAPSHOT_REUSE_NS:
            return kept[2]
        id_ = self.id(seq)
        fields = {
            "topic": topic,
            "kind": "snapshot",
            "id": id_,
            "prev": id_,
            "at_us": self._clock.wall_ns() // US,
            "data": self._reading.topic(topic),
        }
        message = Message("snapshot", topic, id_, fields, seq)
        self._snapshots.pop(topic, None)
        self._snapshots[topic] = (seq, now, message)
        self._drop_old(now)
        return message

    def lists_anew(self) -> list[Message]:
        """The service topics of which an item went without a change of their own."""
        for topic in _LISTS:
            self._snapshots.pop(topic, None)
        return [self.snapshot(topic) for topic in _LISTS]

    def _drop_old(self, now_mono_ns: int) -> None:
        """Whole candle histories of all topics that ever were would be a lot."""
        while True:
            topic, (_, made_ns, _) = next(iter(self._snapshots.items()))
            if now_mono_ns - made_ns < SNAPSHOT_REUSE_NS:
                return
            del self._snapshots[topic]

    def reset(self, topic: str, reason: str) -> Message:
        """What follows is not what was missed: a fresh snapshot of the topic comes next."""
        id_ = self.id(self._replica.store.last_seq(topic))
        at_us = self._clock.wall_ns() // US
        fields = {"topic": topic, "id": id_, "prev": id_, "at_us": at_us, "reason": reason}
        return Message("reset", topic, "", fields)

    def freshness(self, topic: str, stale: bool, reason: str, as_of_us: int | None) -> Message:
        """A topic became stale, or is so no more; it has no id of its own."""
        id_ = self.id(self._replica.store.last_seq(topic))
        fields = {
            "topic": topic,
            "id": id_,
            "prev": id_,
            "at_us": self._clock.wall_ns() // US,
            "data": {"stale": stale, "stale_reason": reason or None, "as_of_us": as_of_us},
        }
        return Message("freshness", topic, "", fields)

    def closing(self, code: int, reason: str, *, resumable: bool) -> Message:
        """The end of a stream; `resumable` says that all before it was sent."""
        id_ = self.id(self._replica.store.seq) if resumable else None
        at_us = self._clock.wall_ns() // US
        fields = {"id": id_, "prev": id_, "at_us": at_us, "code": code, "reason": reason}
        return Message("closing", "", "", fields)

    def _message(self, kind: str, change: Change, data: Any) -> Message:
        id_ = self.id(change.seq)
        fields = {
            "topic": change.topic,
            "kind": change.kind,
            "id": id_,
            "prev": self.id(change.prev),
            "at_us": self._clock.wall_ns() // US,
            "data": data,
        }
        return Message(kind, change.topic, id_, fields, change.seq)

    def _book_data(self, change: Change, value: Any) -> dict[str, Any]:
        """Changed levels (none where only the status changed), verdict and freshness."""
        data: dict[str, Any] = {
            "venue": value.venue,
            "product": value.product,
            "symbol": value.symbol,
            "bids": getattr(value, "bids", ()),
            "asks": getattr(value, "asks", ()),
        }
        state = self._replica.store.books[change.topic]
        if isinstance(value, BookStatus):
            data["status"] = shown(value)
        else:
            data["sequence"] = value.sequence
            data["previous_sequence"] = getattr(value, "previous_sequence", None)
            data["venue_time_us"] = value.venue_time_ns // US or None
        data["verified"] = state.verified
        data["reason"] = state.reason
        data["received_us"] = value.received_ns // US
        return data | self._reading.freshness(change.topic, state.datum)

    def _just_now(self, change: Change, value: msgspec.Struct) -> dict[str, Any]:
        """Freshness of what has just been said."""
        received_ns: int = getattr(value, "received_ns", 0)
        if not received_ns:
            return {"source": change.source}
        age_ns = max(0, self._clock.wall_ns() - received_ns)
        return {
            "source": change.source,
            "via": getattr(value, "via", "websocket"),
            "as_of_us": received_ns // US,
            "changed_us": received_ns // US,
            "age_ms": age_ns / 1e6,
            "stale": False,
            "stale_reason": None,
        }
