"""What the cache knows and must not forget: store, ring, numbers and cursors on a journal."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from actors.cache.accounts import AccountState
from actors.cache.datum import KIND_OF, Change, change_of
from actors.cache.journal import Journal, Segment, read_segment, segment_paths
from actors.cache.ring import ACCOUNT_SHARE, RING_BYTES, RING_COUNT, Ring
from actors.cache.store import Store
from actors.errors import MalformedEnvelope
from actors.messages.envelope import VERSION, Envelope
from actors.messages.ids import is_account_topic
from actors.messages.kinds import ACCOUNT_EVENTS
from actors.runtime.clock import Clock
from actors.runtime.framing import encode_body, pack, unpack

BLOCK: Final = 100_000
"""Sequences are journaled by the block, before the first of them is used."""
SEQUENCE_MAX: Final = 2**53
"""What JavaScript's numbers hold; a reader that names more is wrong."""
SEGMENTS_PER_JOURNAL: Final = 4
"""The journal's size is its segments' together; a short one keeps the replay short."""
OLDER_MAX: Final = 20_000

_ITEM, _SUMMARY, _BLOCK, _SOURCE, _EVENT = b"I", b"C", b"B", b"S", b"E"
_PAIR = struct.Struct(">QQ")


class Cursor(msgspec.Struct, array_like=True):
    """How far one source's events are kept; `outbox` tells its incarnations apart."""

    epoch: int
    outbox: str
    seq: int


class _Ids(msgspec.Struct, array_like=True, frozen=True):
    """What an AccountState remembers beside its data."""

    venue: str
    name: str
    fills: tuple[str, ...]
    fill_floor: int
    fundings: tuple[str, ...]
    funding_floor: int
    order_version: int
    closed_floor: int


class _Summary(msgspec.Struct, array_like=True, frozen=True):
    """The end of a checkpoint: everything that its items do not say."""

    stream_id: str
    block_end: int
    heads: dict[str, int]
    cursors: dict[str, Cursor]
    ids: tuple[_Ids, ...]


class _Hello(msgspec.Struct, array_like=True, frozen=True):
    source: str
    cursor: Cursor


_encoder = msgspec.msgpack.Encoder()
_summaries = msgspec.msgpack.Decoder(_Summary)
_hellos = msgspec.msgpack.Decoder(_Hello)


class Chronicle:
    """The cache without its sockets.

    `recover` first. Then `take` each frame, and `commit` once per turn of the loop: what is taken
    may be acknowledged and told to readers after it, never before.
    """

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        *,
        journal_bytes: int,
        ring_count: int = RING_COUNT,
        ring_bytes: int = RING_BYTES,
    ) -> None:
        self._clock = clock
        self._read_back_bytes = int(ring_bytes * ACCOUNT_SHARE)
        self.journal = Journal(directory, max(1, journal_bytes // SEGMENTS_PER_JOURNAL))
        self.store = Store(clock.wall_ns() - clock.monotonic_ns())
        self.ring = Ring(ring_count, ring_bytes)
        self.stream_id = uuid.uuid4().hex[:12]
        self.cursors: dict[str, Cursor] = {}
        self.damages: list[str] = []
        """What recovery found broken, for the operator."""
        self._unkept: dict[str, int] = {}
        """Up to where the events of a source are on disk, where that is not all of them."""
        self._block_end = 0
        self._segment_ends: list[tuple[int, Path]] = []

    # writing

    def greet(self, source: str, epoch: int, outbox: str) -> int:
        """The highest event of this incarnation that is on disk; 0 for a new one."""
        cursor = self.cursors.get(source)
        if cursor is None or (cursor.epoch, cursor.outbox) != (epoch, outbox):
            cursor = self.cursors[source] = Cursor(epoch, outbox, 0)
            self._unkept.pop(source, None)
            self.journal.add(_SOURCE + _encoder.encode(_Hello(source, cursor)))
        return self._unkept.get(source, cursor.seq)

    def keeps(self, event: Envelope) -> bool:
        """Whether this account event was taken before (it came again after a reconnect)."""
        return event.seq <= self.cursors[event.source].seq

    def take(self, envelope: Envelope, frame: bytes) -> Change | None:
        """Takes in what a source said: the change it makes, or None.

        Of account events only those that it does not `keep`, from sources that were greeted.
        Raises MalformedEnvelope.
        """
        is_event = envelope.kind in ACCOUNT_EVENTS
        if is_event:
            # Before it is read: an event that cannot be would else come again for ever.
            cursor = self.cursors[envelope.source]
            self._unkept.setdefault(envelope.source, cursor.seq)
            cursor.seq = envelope.seq
        seq = self.store.seq + 1
        if seq > self._block_end:
            self._reserve(seq + BLOCK)
        change = self.store.apply(seq, envelope)
        if change is None:
            return None
        if is_event:
            self.journal.add(_EVENT + _PAIR.pack(change.seq, change.prev) + frame)
        self.ring.append(change)
        return change

    def commit(self) -> bool:
        """Writes what was taken; whether it may be acknowledged (see Journal.flush)."""
        now = self._clock.monotonic_ns()
        journal = self.journal
        kept = journal.flush(now)
        if journal.wants_checkpoint and journal.may_try(now) and self._rotate(now):
            kept = journal.flush(now)
        if kept:
            self._unkept.clear()
        return kept

    def continue_above(self, seq: int) -> None:
        """A reader saw numbers that the journal does not know: none of them comes again."""
        if self.store.seq < seq <= SEQUENCE_MAX:
            self.store.seq = seq
            self._reserve(seq + BLOCK)

    def close(self) -> None:
        self.journal.close()

    def _reserve(self, end: int) -> None:
        self._block_end = end
        self.journal.add(_BLOCK + _PAIR.pack(end, 0))

    def _rotate(self, now_mono_ns: int) -> bool:
        if not self.journal.begin_segment(self._checkpoint(), now_mono_ns):
            return False
        assert self.journal.newest is not None
        self._segment_ends.append((self.store.seq, self.journal.newest))
        self._unlink_old()
        return True

    def _unlink_old(self) -> None:
        """What begins a segment whose checkpoint is below the ring has nothing older to offer."""
        floor = self.ring.account.floor
        below = [(seq, path) for seq, path in self._segment_ends if seq <= floor]
        if below:
            self.journal.unlink_before(below[-1][1])
            self._segment_ends = [it for it in self._segment_ends if it >= below[-1]]

    def _checkpoint(self) -> Iterator[bytes]:
        for account in self.store.accounts.values():
            for datum in sorted(account.data(), key=lambda datum: datum.seq):
                yield _ITEM + _PAIR.pack(datum.seq, 0) + self._item_frame(datum)
        heads = {
            topic: self.store.last_seq(topic)
            for topic in self.store.topics()
            if is_account_topic(topic)
        }
        ids = tuple(_ids_of(account) for account in self.store.accounts.values())
        summary = _Summary(self.stream_id, self._block_end, heads, self.cursors, ids)
        yield _SUMMARY + _encoder.encode(summary)

    def _item_frame(self, datum: Any) -> bytes:
        return pack(
            Envelope(
                VERSION,
                KIND_OF[type(datum.value)],
                datum.source,
                datum.epoch,
                0,
                datum.confirmed_mono_ns,
                self.store.topic_of(datum.value),
                encode_body(datum.value),
            )
        )

    # reading back

    def recover(self) -> None:
        """Replays the journal; afterwards every number ever given is below the next one.

        Never raises for what is on the disk: `damages` and `journal.failure` say what is wrong.
        """
        now = self._clock.monotonic_ns()
        try:
            segments, newest_read = self._read_back()
            self._replay(segments)
            if not newest_read:
                # Numbers were given that nobody can read any more: they are another stream's.
                self.stream_id = uuid.uuid4().hex[:12]
            self.journal.continue_after(segments[-1] if segments and newest_read else None)
        except OSError as error:
            self.journal.fail(error, now)
        self.store.seq = max(self.store.seq, self._block_end)
        self._reserve(self.store.seq + BLOCK)
        self.commit()

    def _read_back(self) -> tuple[list[Segment], bool]:
        """The newest segments, as many as state and ring need, oldest first; and whether the
        newest of all is among them: one that cannot be read is passed over, and said."""
        segments: list[Segment] = []
        newest_read = True
        size = 0
        for path in reversed(segment_paths(self.journal.directory)):
            try:
                segment = read_segment(path)
            except OSError as error:
                self.damages.append(f"{path.name}: {error.strerror or error}")
                newest_read = newest_read and bool(segments)
                continue
            if segment.torn_bytes and segments:
                torn = f"{path.name}: {segment.torn_bytes} bytes at its end are no records"
                segment.damage = segment.damage or torn
            if segment.damage:
                self.damages.append(segment.damage)
            if segments and segments[0].first != segment.last + 1:
                self.damages.append(
                    f"{path.name}: expected its last record to be {segments[0].first - 1}, "
                    f"found {segment.last}"
                )
            segments.insert(0, segment)
            size += segment.good_bytes
            if size > self._read_back_bytes and _has_checkpoint(segment):
                break
        return segments, newest_read

    def _replay(self, segments: list[Segment]) -> None:
        """State from the newest whole checkpoint on, changes for the ring from all."""
        state_from = max(
            (at for at, segment in enumerate(segments) if _has_checkpoint(segment)), default=0
        )
        for at, segment in enumerate(segments):
            has_state = at >= state_from
            for record in segment.records:
                try:
                    self._replay_record(record, has_state)
                except (MalformedEnvelope, msgspec.DecodeError, struct.error) as error:
                    self.damages.append(f"{segment.path.name}: a record is not readable: {error}")
            self._segment_ends.append((_first_head(segment), segment.path))
        if segments:
            # What the oldest segment's checkpoint stands for is not in the ring.
            self.ring.account.floor = max(self.ring.account.floor, self._segment_ends[0][0])

    def _replay_record(self, record: bytes, has_state: bool) -> None:
        kind = record[:1]
        if kind == _EVENT:
            self._replay_event(record, has_state)
        elif not has_state:
            return
        elif kind == _ITEM:
            seq, _ = _PAIR.unpack_from(record, 1)
            self.store.apply(seq, self._of_this_boot(unpack(record[1 + _PAIR.size :])))
        elif kind == _SUMMARY:
            self._restore(_summaries.decode(record[1:]))
        elif kind == _BLOCK:
            self._block_end = max(self._block_end, _PAIR.unpack_from(record, 1)[0])
        elif kind == _SOURCE:
            hello = _hellos.decode(record[1:])
            self.cursors[hello.source] = hello.cursor

    def _replay_event(self, record: bytes, has_state: bool) -> None:
        seq, prev = _PAIR.unpack_from(record, 1)
        envelope = unpack(record[1 + _PAIR.size :])
        if has_state:
            self.store.apply(seq, self._of_this_boot(envelope), prev)
            self.store.set_head(envelope.key, seq)
            cursor = self.cursors.get(envelope.source)
            if cursor is not None and cursor.epoch == envelope.epoch:
                cursor.seq = max(cursor.seq, envelope.seq)
        self.ring.append(change_of(seq, prev, envelope))

    def _restore(self, summary: _Summary) -> None:
        self.stream_id = summary.stream_id
        self._block_end = max(self._block_end, summary.block_end)
        self.cursors = dict(summary.cursors)
        for topic, seq in summary.heads.items():
            self.store.set_head(topic, seq)
            self.ring.set_head(topic, seq)
        for ids in summary.ids:
            account = self.store.account(ids.venue, ids.name)
            account.fill_ids.restore(ids.fills, ids.fill_floor)
            account.funding_ids.restore(ids.fundings, ids.funding_floor)
            account.order_version = max(account.order_version, ids.order_version)
            account.closed_floor = max(account.closed_floor, ids.closed_floor)

    def _of_this_boot(self, envelope: Envelope) -> Envelope:
        """A monotonic time of before the last boot would be younger than any to come."""
        if envelope.sent_ns <= self._clock.monotonic_ns():
            return envelope
        return envelope._replace(sent_ns=0)


def older(directory: Path, since: int, topics: Iterable[str]) -> list[Change]:
    """The journal's changes of `topics` after `since`, in order; the newest OLDER_MAX at most.

    Of a topic with a hole in it (a segment was lost) only what follows the hole.
    """
    wanted: dict[str, list[Change]] = {topic: [] for topic in topics}
    for path in segment_paths(directory):
        try:
            segment = read_segment(path)
        except OSError:
            # Unlinked since the list was made, or not readable.
            continue
        for record in segment.records:
            if record[:1] != _EVENT:
                continue
            seq, prev = _PAIR.unpack_from(record, 1)
            envelope = unpack(record[1 + _PAIR.size :]) if seq > since else None
            if envelope is not None and envelope.key in wanted:
                found = wanted[envelope.key]
                if found and found[-1].seq != prev:
                    found.clear()
                found.append(change_of(seq, prev, envelope))
    return sorted(change for found in wanted.values() for change in found)[-OLDER_MAX:]


def _has_checkpoint(segment: Segment) -> bool:
    return any(record[:1] == _SUMMARY for record in segment.records)


def _first_head(segment: Segment) -> int:
    """The newest sequence that the segment's checkpoint stands for."""
    for record in segment.records:
        if record[:1] == _SUMMARY:
            return max(_summaries.decode(record[1:]).heads.values(), default=0)
    return 0


def _ids_of(account: AccountState) -> _Ids:
    return _Ids(
        venue=account.venue,
        name=account.name,
        fills=account.fill_ids.names(),
        fill_floor=account.fill_ids.floor,
        fundings=account.funding_ids.names(),
        funding_floor=account.funding_ids.floor,
        order_version=account.order_version,
        closed_floor=account.closed_floor,
    )
