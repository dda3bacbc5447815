"""One reader of the cache: filled, kept up to date, and conflated while it lags."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from actors.cache.datum import KIND_OF, Change, Datum
from actors.cache.filling import encode_heads
from actors.cache.ring import Ring
from actors.cache.store import Store
from actors.messages.control import Confirmed, SourceState, Welcome
from actors.messages.envelope import VERSION, Envelope
from actors.messages.ids import CACHE, is_account_topic
from actors.runtime.framing import encode_body, pack
from actors.runtime.unix_stream import FrameStream

CHUNK_CHANGES: Final = 256
"""Written to a reader that catches up before its back-pressure is looked at again."""
MARKET_LAG_MAX: Final = 4_096
"""Market changes that a reader may lag and still be told one by one; beyond: what is now."""


class Speaker:
    """Makes the frames that the cache itself signs; `epoch` is its incarnation."""

    def __init__(self, epoch: int, monotonic_ns: Callable[[], int]) -> None:
        self._epoch = epoch
        self._monotonic_ns = monotonic_ns

    def say(self, kind: str, body: bytes, key: str = "", seq: int = 0) -> bytes:
        now = self._monotonic_ns()
        return pack(Envelope(VERSION, kind, CACHE, self._epoch, seq, now, key, body))

    def relay(self, kind: str, seq: int, prev: int, topic: str, frame: bytes) -> bytes:
        """A source's frame under the cache's number; `prev` travels where an epoch would."""
        return pack(Envelope(VERSION, kind, CACHE, prev, seq, self._monotonic_ns(), topic, frame))

    def change(self, change: Change, kind: str = "change") -> bytes:
        return self.relay(kind, change.seq, change.prev, change.topic, change.frame)

    def datum(self, topic: str, datum: Datum[Any]) -> bytes:
        """A whole object as it is now: nothing is said of what came before it."""
        inner = Envelope(
            VERSION,
            KIND_OF[type(datum.value)],
            datum.source,
            datum.epoch,
            0,
            datum.confirmed_mono_ns,
            topic,
            encode_body(datum.value),
        )
        return self.relay("change", datum.seq, 0, topic, pack(inner))

    def sources(self, states: Iterable[SourceState]) -> bytes:
        return b"".join(
            self.say("source_state", encode_body(state), state.source) for state in states
        )

    def confirmations(self, store: Store) -> bytes:
        """The last word of each section that a venue confirmed as a whole."""
        frames = []
        for topic, word in store.confirmations.items():
            body = encode_body(Confirmed(via=word.via, received_ns=word.confirmed_ns))
            mono_ns = word.confirmed_mono_ns
            frames.append(
                pack(
                    Envelope(VERSION, "confirmed", word.source, word.epoch, 0, mono_ns, topic, body)
                )
            )
        return b"".join(frames)


class Reader:
    """Tells one reader every change after `position`, in order.

    It holds no queue of its own: who lags is served from the ring once it reads again. A lag of
    more than MARKET_LAG_MAX market changes is made up by whole objects; account changes are all
    told, and where the ring lost one the link is closed (the reader then asks by `since`).
    """

    def __init__(
        self, stream: FrameStream, store: Store, ring: Ring, speaker: Speaker, stream_id: str
    ) -> None:
        self.stream = stream
        self._store = store
        self._ring = ring
        self._speaker = speaker
        self._stream_id = stream_id
        self._fill: Iterator[bytes] | None = None
        self._position = store.seq
        self._asides_missed = False
        self.conflations = 0

    def begin(self, stream_id: str, since: int) -> None:
        """Welcomes the reader, which holds everything up to `since` of `stream_id`."""
        store, speaker = self._store, self._speaker
        held = stream_id == self._stream_id and since > 0
        resumed = held and self._ring.account.floor <= since <= store.seq
        welcome = Welcome(stream_id=self._stream_id, seq=store.seq, resumed=resumed)
        self.stream.write(speaker.say("welcome", encode_body(welcome)))
        if resumed:
            self._position = since
            self.stream.write(self._asides())
        else:
            self._position = store.seq
            self._fill = self._whole_state(self._state_frames(), self._ring.after(0))
        self.pump()

    def turn(self, frames: bytes, before: int) -> None:
        """The frames of one turn of the loop, which begin behind sequence `before`."""
        if self._fill is None and self._position == before and self.stream.writable:
            self._position = self._store.seq
            self.stream.write(frames)
        else:
            # What is no change (a confirmation, a source's state) is not in the ring.
            self._asides_missed = True
            self.pump()

    def pump(self) -> None:
        """Writes what is due as long as the peer takes it."""
        while self._fill is not None and self.stream.writable:
            frames = next(self._fill, None)
            if frames is None:
                self._fill = None
            else:
                self.stream.write(frames)
        if self._fill is not None:
            return
        while self.stream.writable and self._position < self._store.seq:
            self._catch_up()
        if self._asides_missed and self.stream.writable:
            self._asides_missed = False
            self.stream.write(self._asides())

    def _asides(self) -> bytes:
        store, speaker = self._store, self._speaker
        return speaker.sources(store.sources.values()) + speaker.confirmations(store)

    def _state_frames(self) -> deque[bytes]:
        """The whole state as it is at this moment, in the order of its changes."""
        store, speaker = self._store, self._speaker
        heads = {topic: store.last_seq(topic) for topic in store.topics()}
        data = sorted(store.everything(), key=lambda item: item[1].seq)
        frames = deque([speaker.say("state_begin", encode_heads(heads))])
        frames.extend(speaker.datum(topic, datum) for topic, datum in data)
        return frames

    def _whole_state(self, state: deque[bytes], history: Iterable[Change]) -> Iterator[bytes]:
        while state:
            yield b"".join(state.popleft() for _ in range(min(CHUNK_CHANGES, len(state))))
        frames: list[bytes] = []
        for change in history:
            frames.append(self._speaker.change(change, "history"))
            if len(frames) >= CHUNK_CHANGES:
                yield b"".join(frames)
                frames.clear()
        yield b"".join(frames) + self._asides() + self._speaker.say("state_end", b"")

    def _catch_up(self) -> None:
        """One step towards the newest change."""
        ring, position = self._ring, self._position
        if position < ring.account.floor:
            self.stream.close()
            return
        lag = len(ring.market.after(position, MARKET_LAG_MAX + 1))
        if position < ring.market.floor or lag > MARKET_LAG_MAX:
            self._conflate()
            return
        changes = list(islice(ring.after(position), CHUNK_CHANGES))
        whole = len(changes) < CHUNK_CHANGES
        self._position = self._store.seq if whole else changes[-1].seq
        self.stream.write(b"".join(map(self._speaker.change, changes)))

    def _conflate(self) -> None:
        """Account changes one by one, of all else what changed since, as it is now.

        All at once, so that sequences rise also over the two.
        """
        store, speaker, position = self._store, self._speaker, self._position
        frames = [
            (change.seq, speaker.change(change)) for change in self._ring.account.after(position)
        ]
        for topic in store.topics():
            if is_account_topic(topic) or store.last_seq(topic) <= position:
                continue
            frames += (
                (datum.seq, speaker.datum(topic, datum))
                for _, datum in store.snapshot(topic)
                if datum.seq > position
            )
        frames += (
            (datum.seq, speaker.datum(topic, datum))
            for topic, datum in store.ended.items()
            if datum.seq > position
        )
        self._position = store.seq
        self.conflations += 1
        self.stream.write(b"".join(frame for _, frame in sorted(frames)))
