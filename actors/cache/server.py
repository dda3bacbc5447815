"""The cache among its links: frames in, one journal write a turn, then acks and readers."""

from __future__ import annotations

import asyncio
import os
from typing import Final

import msgspec

from actors.cache.chronicle import Chronicle, older
from actors.cache.faults import LinkFaults
from actors.cache.greeting import source_welcome
from actors.cache.latency import LatencyBook
from actors.cache.readers import Reader, Speaker
from actors.errors import MalformedEnvelope
from actors.messages.control import Ack, FaultReport, Hello, Resync, SourceState
from actors.messages.envelope import VERSION, Envelope
from actors.messages.ids import CACHE
from actors.messages.kinds import ACCOUNT_EVENTS
from actors.runtime.context import ActorContext
from actors.runtime.framing import encode_body, pack
from actors.runtime.unix_stream import FrameStream, Received

HELLO_TIMEOUT_S: Final = 10.0
LINKS_MAX: Final = 1_024
DAMAGES_TOLD_MAX: Final = 10

_hellos = msgspec.msgpack.Decoder(Hello)


class _OlderRequest(msgspec.Struct, frozen=True):
    since: int
    topics: tuple[str, ...]


_older_requests = msgspec.msgpack.Decoder(_OlderRequest)


class Link:
    """One client's connection; nobody until its hello."""

    def __init__(self, server: CacheServer) -> None:
        self._server = server
        self.name = ""
        self.epoch = 0
        self.reader: Reader | None = None
        self.older: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self.stream = FrameStream(
            self._receive, self._closed, self._opened, self._writable, self._malformed
        )

    def _opened(self, stream: FrameStream) -> None:
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(HELLO_TIMEOUT_S, self._nameless)
        if not self._server.admit(self):
            stream.close()

    def _receive(self, frames: list[Received]) -> None:
        if not self.stream.open:
            return
        first = 0
        if not self.name:
            self._server.greet(self, frames[0][0])
            first = 1
        for envelope, frame in frames[first:]:
            self._server.receive(self, envelope, frame)

    def _malformed(self, fault: MalformedEnvelope) -> None:
        self._server.blame(self.name or "unknown", fault)

    def _nameless(self) -> None:
        if not self.name:
            self.stream.close()

    def _writable(self) -> None:
        if self.reader is not None:
            self.reader.pump()

    def _closed(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        if self.older is not None:
            self.older.cancel()
        self._server.leave(self)


class CacheServer:
    """What all links share. Everything that one turn of the loop brings is journaled with one
    write, then acknowledged and told to readers, in order.
    """

    def __init__(self, context: ActorContext, chronicle: Chronicle) -> None:
        self._context = context
        self._clock = context.clock
        self._chronicle = chronicle
        self._store = chronicle.store
        self._speaker = Speaker(context.epoch, self._clock.monotonic_ns)
        self._links: set[Link] = set()
        self._sources: dict[str, Link] = {}
        self._readers: dict[Link, Reader] = {}
        self._frames: list[bytes] = []
        self._before = self._store.seq
        self._acks: dict[Link, int] = {}
        self._scheduled = False
        self._faults = LinkFaults()
        self._resyncs: set[str] = set()
        now = self._clock.monotonic_ns()
        self._latency = LatencyBook(self._clock.wall_ns() - now, now)
        self._journal_failure = ""
        for source in {*chronicle.cursors, *(it.source for it in self._store.accounts.values())}:
            self._tell_source(source, False, "not linked since the cache started")

    # what a link asks

    def admit(self, link: Link) -> bool:
        """Whether this peer may talk to us at all."""
        uid = link.stream.peer_uid()
        if uid != os.getuid():
            self._report("unknown", f"peer uid: expected {os.getuid()}, found {uid}")
            return False
        if len(self._links) >= LINKS_MAX:
            self._report("unknown", f"links: expected at most {LINKS_MAX}")
            return False
        self._links.add(link)
        return True

    def greet(self, link: Link, envelope: Envelope) -> None:
        """The first frame; raises MalformedEnvelope for anything but a hello."""
        if envelope.kind != "hello":
            raise MalformedEnvelope(f"kind: expected hello, found {envelope.kind!r}")
        try:
            hello = _hellos.decode(envelope.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedEnvelope(f"body of hello: {error}") from error
        if not envelope.source or envelope.source == CACHE:
            raise MalformedEnvelope(f"source: expected an actor's id, found {envelope.source!r}")
        if hello.role == "source":
            self._greet_source(link, envelope, hello)
        elif hello.role == "reader":
            self._greet_reader(link, envelope, hello)
        else:
            raise MalformedEnvelope(f"role: expected source or reader, found {hello.role!r}")

    def receive(self, link: Link, envelope: Envelope, frame: bytes) -> None:
        """One frame of a greeted link; raises MalformedEnvelope, which ends that link."""
        if envelope.source != link.name or envelope.epoch != link.epoch:
            raise MalformedEnvelope(
                f"source and epoch: expected {link.name!r} {link.epoch}, "
                f"found {envelope.source!r} {envelope.epoch}"
            )
        if link.reader is not None:
            self._answer_older(link, envelope)
            return
        if not envelope.key or envelope.kind == "source_state":
            raise MalformedEnvelope(f"expected a topic and a source's kind, found {envelope.kind}")
        if envelope.kind in ACCOUNT_EVENTS:
            self._acks[link] = envelope.seq
            if self._chronicle.keeps(envelope):
                self._schedule()
                return
        now = self._clock.monotonic_ns()
        self._take(envelope, frame)
        self._latency.heard(envelope, self._store.heard, now)
        if envelope.kind == "connection_state":
            self._latency.lane_told(self._store.heard, self._clock.wall_ns() - now)
        if envelope.kind in ("book_delta", "book_snapshot"):
            self._watch_book(link, envelope.key)

    def blame(self, sender: str, fault: MalformedEnvelope) -> None:
        self._report(sender, str(fault))

    def leave(self, link: Link) -> None:
        self._links.discard(link)
        self._readers.pop(link, None)
        self._acks.pop(link, None)
        if self._sources.get(link.name) is link:
            del self._sources[link.name]
            self._tell_source(link.name, False, "link closed")

    # what the process asks

    def beat(self) -> None:
        """Once a second: readers hear that the cache lives, a failed journal is tried again."""
        self._chronicle.journal.notice_loss()
        failure = self._chronicle.journal.failure
        self._tell_source(CACHE, True, f"journal failed: {failure}" if failure else "")

    def tell_latency(self) -> None:
        """Once a second: now and then there is a report of it."""
        now = self._clock.monotonic_ns()
        report = self._latency.beat(now, self._clock.wall_ns() - now)
        if report is not None:
            self._own("latency", "latency", report)

    def tell_damages(self) -> None:
        for damage in self._chronicle.damages[:DAMAGES_TOLD_MAX]:
            self._fault(CACHE, "JournalDamaged", damage, "error")
            self._context.log("error", "journal damaged", detail=damage)

    @property
    def waiting(self) -> int:
        """Frames of this turn (the queue depth of a heartbeat)."""
        return len(self._frames)

    def close(self) -> None:
        self._turn()
        for link in list(self._links):
            link.stream.finish()

    # inside

    def _greet_source(self, link: Link, envelope: Envelope, hello: Hello) -> None:
        source, epoch = envelope.source, envelope.epoch
        other = self._sources.get(source)
        if other is not None:
            if other.epoch > epoch:
                raise MalformedEnvelope(f"epoch: expected at least {other.epoch}, found {epoch}")
            other.stream.close()
        link.name, link.epoch = source, epoch
        self._sources[source] = link
        acknowledged = self._chronicle.greet(source, epoch, hello.stream_id)
        welcome = source_welcome(self._store, self._chronicle.stream_id, source, acknowledged)
        link.stream.write(self._speaker.say("welcome", encode_body(welcome)))
        self._tell_source(source, True, "")

    def _greet_reader(self, link: Link, envelope: Envelope, hello: Hello) -> None:
        # What this turn took belongs before the state that the reader gets.
        self._turn()
        link.name, link.epoch = envelope.source, envelope.epoch
        chronicle = self._chronicle
        if hello.stream_id == chronicle.stream_id:
            chronicle.continue_above(hello.since)
        reader = Reader(
            link.stream, self._store, chronicle.ring, self._speaker, chronicle.stream_id
        )
        link.reader = self._readers[link] = reader
        reader.begin(hello.stream_id, hello.since)

    def _take(self, envelope: Envelope, frame: bytes) -> None:
        if not self._frames:
            self._before = self._store.seq
        change = self._chronicle.take(envelope, frame)
        speaker = self._speaker
        if change is not None:
            told = speaker.relay("change", change.seq, change.prev, change.topic, frame)
        elif envelope.kind in ("confirmed", "source_state"):
            told = frame
        else:
            told = speaker.relay("change", 0, 0, envelope.key, frame)
        self._frames.append(told)
        self._schedule()

    def _own(self, kind: str, topic: str, message: msgspec.Struct) -> None:
        """What the cache itself has to say; it is a source too."""
        now = self._clock.monotonic_ns()
        body = encode_body(message)
        envelope = Envelope(VERSION, kind, CACHE, self._context.epoch, 0, now, topic, body)
        self._take(envelope, pack(envelope))

    def _tell_source(self, source: str, connected: bool, reason: str) -> None:
        now = self._clock.monotonic_ns()
        state = SourceState(source=source, connected=connected, reason=reason, at_mono_ns=now)
        self._own("source_state", source, state)

    def _report(self, sender: str, message: str) -> None:
        count = self._faults.count(sender, self._clock.monotonic_ns())
        if not count:
            return
        text = message if count == 1 else f"{message} ({count} times)"
        self._fault(sender, "MalformedEnvelope", text, "warning")

    def _fault(self, actor: str, kind: str, message: str, level: str) -> None:
        at_ns = self._clock.wall_ns()
        report = FaultReport(actor=actor, kind=kind, message=message, level=level, at_ns=at_ns)
        self._own("fault_report", "errors", report)

    def _watch_book(self, link: Link, topic: str) -> None:
        """A book that lost the thread is asked for, once until its next snapshot."""
        if not self._store.books[topic].lost:
            self._resyncs.discard(topic)
        elif topic not in self._resyncs:
            self._resyncs.add(topic)
            link.stream.write(self._speaker.say("resync", encode_body(Resync()), topic))

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Everything taken since the last turn: on disk, then acknowledged, then told."""
        self._scheduled = False
        if self._chronicle.commit():
            for link, seq in self._acks.items():
                link.stream.write(self._speaker.say("ack", encode_body(Ack(seq))))
            self._acks.clear()
        self._tell_journal()
        frames, self._frames = b"".join(self._frames), []
        if frames:
            for reader in list(self._readers.values()):
                reader.turn(frames, self._before)
        self._context.progress.frame(self._store.seq)

    def _tell_journal(self) -> None:
        """Said once when it fails and once when it is whole again."""
        failure = self._chronicle.journal.failure
        if bool(failure) == bool(self._journal_failure):
            return
        self._journal_failure = failure
        if failure:
            self._context.log("error", "journal failed", detail=failure)
            self._fault(CACHE, "JournalFailed", failure, "error")
        else:
            self._context.log("info", "journal written again")
        self.beat()

    def _answer_older(self, link: Link, envelope: Envelope) -> None:
        if envelope.kind != "older":
            raise MalformedEnvelope(f"kind of a reader: expected older, found {envelope.kind!r}")
        if link.older is not None and not link.older.done():
            raise MalformedEnvelope("older: expected one request at a time")
        try:
            request = _older_requests.decode(envelope.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedEnvelope(f"body of older: {error}") from error
        link.older = asyncio.ensure_future(self._send_older(link, request))

    async def _send_older(self, link: Link, request: _OlderRequest) -> None:
        directory = self._chronicle.journal.directory
        changes = await asyncio.to_thread(older, directory, request.since, request.topics)
        frames = [self._speaker.change(change, "history") for change in changes]
        link.stream.write(b"".join(frames) + self._speaker.say("history_end", b""))
