"""The web's read side: a copy of the cache's state and recent changes, kept by one link."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, NoReturn

import msgspec

from actors.cache.datum import Change, change_of
from actors.cache.filling import Filling
from actors.cache.histogram import Histogram
from actors.cache.ring import RING_BYTES, RING_COUNT, Ring
from actors.cache.store import Store
from actors.errors import Disconnected, MalformedEnvelope
from actors.messages.control import Hello, Welcome
from actors.messages.envelope import VERSION, Envelope
from actors.messages.ids import is_account_topic
from actors.runtime.clock import Clock
from actors.runtime.dialer import Dialer
from actors.runtime.framing import encode_body, pack, unpack
from actors.runtime.unix_stream import FrameStream, Received

CACHE_SILENCE_S: Final = 3.0
"""The cache speaks at least once a second; a silence this long makes everything stale."""
WATCH_S: Final = 0.25
OLDER_TIMEOUT_S: Final = 5.0

ChangeListener = Callable[[Change], None]
ResetListener = Callable[[], None]

_welcomes = msgspec.msgpack.Decoder(Welcome)
_encoder = msgspec.msgpack.Encoder()


class Replica:
    """See docs/design/contracts.md, section 5.

    `store` stays the same object for ever. While the cache is away everything in it is stale,
    with the reason, and goes on being served. Of topics that it does not take it knows nothing.
    """

    def __init__(
        self,
        path: str,
        actor_id: str,
        epoch: int,
        clock: Clock,
        *,
        ring_count: int = RING_COUNT,
        ring_bytes: int = RING_BYTES,
        takes: Callable[[str], bool] = lambda _topic: True,
    ) -> None:
        self.actor_id = actor_id
        self._takes = takes
        self._epoch = epoch
        self._clock = clock
        self._ring_bounds = (ring_count, ring_bytes)
        self._dialer = Dialer(path, self._receive, self._greet, self._lost)
        self._stream: FrameStream | None = None
        self._filling: Filling | None = None
        self._filled = asyncio.Event()
        self._current = False
        self._since = 0
        self._welcome = Welcome(stream_id="")
        self._heard_mono_ns = 0
        self._listeners: list[ChangeListener] = []
        self._reset_listeners: list[ResetListener] = []
        self._older_lock = asyncio.Lock()
        self._older: tuple[list[Change], asyncio.Future[list[Change]]] | None = None
        self.store = self._new_store()
        self.ring = Ring(ring_count, ring_bytes)
        self.stream_id = ""
        self.resyncs = 0
        """How often the thread was lost and the whole state asked for anew."""
        self.delays = Histogram()
        """How long changes took from the cache to here."""
        self._judge()

    # what web uses

    @property
    def connected(self) -> bool:
        """Whether the state held is the cache's own, live."""
        return not self.store.cache_reason

    @property
    def cache_age_ms(self) -> float | None:
        """Since the cache was last heard; None before the first word."""
        if not self._heard_mono_ns:
            return None
        return (self._clock.monotonic_ns() - self._heard_mono_ns) / 1e6

    async def run(self) -> None:
        """Connects for ever, until cancelled."""
        watch = asyncio.ensure_future(self._watch())
        try:
            await self._dialer.run()
        finally:
            watch.cancel()
            self._lost()

    async def wait_filled(self) -> None:
        """Returns once a first state is held."""
        await self._filled.wait()

    def subscribe(self, listener: ChangeListener) -> Callable[[], None]:
        """`listener(change)` for every change, in order, at once; returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def on_stream_reset(self, listener: ResetListener) -> None:
        """`listener()` where changes cannot be told one by one: every client needs a snapshot.

        So after the loss of the journal (a new `stream_id`), and where this replica was away for
        longer than the cache's ring of account changes reaches back.
        """
        self._reset_listeners.append(listener)

    def resume(self, since: int, matches: Callable[[str], bool]) -> list[Change] | None:
        """Every change of matching topics after `since`, in order; None where one is missing."""
        if since > self.store.seq:
            return None
        topics = {topic for topic in self.ring.topics() if matches(topic)}
        if any(self.ring.complete_after(topic) > since for topic in topics):
            return None
        return [change for change in self.ring.after(since) if change.topic in topics]

    async def older(self, since: int, topics: Iterable[str]) -> list[Change]:
        """Changes of account topics after `since`, as far back as the cache's journal goes.

        Of each topic nothing is missing where its first change names a `prev` ≤ `since`. Raises
        Disconnected without a cache, or where it did not answer in OLDER_TIMEOUT_S.
        """
        async with self._older_lock:
            if self._stream is None or not self.connected:
                raise Disconnected(self.store.cache_reason or "cache not connected")
            answer: asyncio.Future[list[Change]] = asyncio.get_running_loop().create_future()
            self._older = ([], answer)
            body = _encoder.encode({"since": since, "topics": list(topics)})
            self._stream.write(self._frame("older", body))
            try:
                async with asyncio.timeout(OLDER_TIMEOUT_S):
                    return await answer
            except TimeoutError as error:
                # The rest of the answer would be taken for the next one's.
                self._stream.close()
                raise Disconnected(f"no answer of the cache in {OLDER_TIMEOUT_S} s") from error
            finally:
                self._older = None

    # the link

    def _greet(self, stream: FrameStream) -> None:
        self._stream = stream
        hello = Hello(role="reader", stream_id=self.stream_id, since=self._since)
        stream.write(self._frame("hello", encode_body(hello)))

    def _frame(self, kind: str, body: bytes) -> bytes:
        now = self._clock.monotonic_ns()
        return pack(Envelope(VERSION, kind, self.actor_id, self._epoch, 0, now, "", body))

    def _lost(self) -> None:
        self._stream = None
        self._filling = None
        self._current = False
        if self._older is not None and not self._older[1].done():
            self._older[1].set_exception(Disconnected("the cache went away before it answered"))
        self._judge()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            self._judge()

    def _judge(self) -> None:
        """Says in the store whether, and why not, anything in it can be fresh."""
        age_ms = self.cache_age_ms
        if not self._current:
            self.store.cache_reason = "cache not connected"
        elif age_ms is not None and age_ms > CACHE_SILENCE_S * 1e3:
            self.store.cache_reason = "cache silent"
        else:
            self.store.cache_reason = ""

    def _receive(self, frames: list[Received]) -> None:
        self._heard_mono_ns = self._clock.monotonic_ns()
        try:
            for envelope, _ in frames:
                if envelope.kind == "change":
                    self._change(envelope)
                else:
                    self._hear(envelope)
        except msgspec.DecodeError as error:
            raise MalformedEnvelope(f"from the cache: {error}") from error
        self._judge()

    def _hear(self, envelope: Envelope) -> None:
        match envelope.kind:
            case "confirmed" | "source_state":
                store = self.store if self._filling is None else self._filling.store
                store.apply(0, envelope)
            case "welcome":
                self._accept(_welcomes.decode(envelope.body))
            case "state_begin":
                ring = Ring(*self._ring_bounds)
                self._filling = Filling(self._new_store(), ring, envelope, self._takes)
            case "history":
                self._history(envelope)
            case "state_end":
                self._adopt()
            case "history_end":
                if self._older is not None and not self._older[1].done():
                    self._older[1].set_result(self._older[0])
            case kind:
                raise MalformedEnvelope(f"kind: expected what a cache says, found {kind!r}")

    def _accept(self, welcome: Welcome) -> None:
        self._dialer.answered()
        self._welcome = welcome
        self.store.forget_sources("not linked since the cache came back")
        self._current = welcome.resumed

    def _history(self, envelope: Envelope) -> None:
        if not self._takes(envelope.key):
            return
        change = change_of(envelope.seq, envelope.epoch, unpack(envelope.body))
        if self._filling is not None:
            self._filling.ring.append(change)
        elif self._older is not None:
            self._older[0].append(change)

    def _change(self, envelope: Envelope) -> None:
        if not self._takes(envelope.key):
            if self._filling is None:
                self._since = max(self._since, envelope.seq)
            return
        inner = unpack(envelope.body)
        if self._filling is not None:
            self._filling.take(envelope.seq, inner)
            return
        self.delays.add(self._heard_mono_ns - envelope.sent_ns)
        seq, prev = envelope.seq, envelope.epoch
        store = self.store
        if not seq:
            store.apply(0, inner)
            return
        last = store.last_seq(inner.key)
        if seq <= last:
            # A snapshot that stood for several changes held this one already.
            return
        if prev != last and (prev or is_account_topic(inner.key)):
            self._lose_thread(f"{inner.key}: expected a change after {last}, found after {prev}")
        change = store.apply(seq, inner, prev)
        if change is None:
            self._lose_thread(f"{inner.key}: change {seq} does not fit what is held")
        self._tell(change)

    def _tell(self, change: Change) -> None:
        self.ring.append(change)
        self._since = max(self._since, change.seq)
        for listener in self._listeners:
            listener(change)

    def _lose_thread(self, why: str) -> NoReturn:
        """Ends the link; the next one begins with the whole state."""
        self._since = 0
        self.resyncs += 1
        raise MalformedEnvelope(why)

    def _adopt(self) -> None:
        """The whole state is here: what is new in it is told, or that everything is."""
        filling, self._filling = self._filling, None
        if filling is None:
            raise MalformedEnvelope("state_end: expected a state_begin before it")
        missed = None
        if self.stream_id == self._welcome.stream_id:
            missed = filling.missed_by(self.store)
        filling.finish(self.store)
        self.store.become(filling.store)
        self.ring = filling.ring
        self.stream_id = self._welcome.stream_id
        self._since = max(filling.store.seq, self._welcome.seq)
        self._current = True
        self._judge()
        self._filled.set()
        if missed is None:
            for reset in self._reset_listeners:
                reset()
            return
        for change in missed:
            for listener in self._listeners:
                listener(change)

    def _new_store(self) -> Store:
        return Store(self._clock.wall_ns() - self._clock.monotonic_ns())
