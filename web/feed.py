"""Fans changes out to stream clients: one message a change, one write a client and loop turn.

Clients that ask for the same topics through the same kind of door form an audience and share the
bytes. Who lags, is paced, or waits for history stands alone until it has caught up. A client that
takes nothing for 10 s is closed and dropped; nobody waits for anybody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from actors.cache.replica import Replica
from actors.cache.store import Change
from actors.errors import LinkFault
from actors.messages.ids import MARKET_KINDS, topic_kind
from actors.runtime.clock import Clock
from web import clients as limits
from web.clients import Audience, Client
from web.composer import Composer
from web.frames import Door, Message
from web.reading import Reading
from web.resume import Position, holes, plan
from web.staleness import Staleness
from web.topics import Matcher, Pattern, check_known

CLIENTS_MAX: Final = 5000
FLUSH_BYTES_MAX: Final = 256 * 1024
"""A turn that brings more than this is written in parts."""

TICK_S: Final = 0.05
TICK_IDLE_S: Final = 0.5
FRESHNESS_NS: Final = 1_000_000_000
KEEP_ALIVE_NS: Final = 15_000_000_000
JOURNAL_S_MAX: Final = 5.0
ABORT_AFTER_S: Final = 1.5
"""A close that a client does not take in this time becomes an abort."""


class FeedFull(Exception):
    """There are as many clients as this process takes."""


class Feed:
    """All stream clients of this process."""

    def __init__(
        self,
        replica: Replica,
        composer: Composer,
        reading: Reading,
        clock: Clock,
        expected: Iterable[str] = (),
    ) -> None:
        self._replica = replica
        self._composer = composer
        self._clock = clock
        self._expected = frozenset(expected)
        self._audiences: dict[tuple[Door, frozenset[Pattern]], Audience] = {}
        self._routes: dict[str, list[Audience]] = {}
        self._ready: list[Audience] = []
        self._alone: dict[Client, None] = {}
        self._clients: dict[Client, None] = {}
        self._staleness = Staleness(replica, reading, composer)
        self._told: dict[str, int] = {}
        self._flushing = False
        self._ended = False
        self._freshness_ns = 0
        self._keep_alive_ns = clock.monotonic_ns()
        self.evicted = 0
        self._unsubscribe = replica.subscribe(self._on_change)
        replica.on_stream_reset(self._on_stream_reset)

    # who is there

    @property
    def count(self) -> int:
        return len(self._clients)

    @property
    def full(self) -> bool:
        return self._ended or len(self._clients) >= CLIENTS_MAX

    def counts(self) -> dict[str, int]:
        sse = sum(client.door.is_sse for client in self._clients)
        return {"sse": sse, "websocket": len(self._clients) - sse, "evicted": self.evicted}

    def add(self, client: Client) -> None:
        """Takes a client in; raises FeedFull."""
        if self.full:
            why = (
                "the service stops" if self._ended else f"{CLIENTS_MAX} clients are served already"
            )
            raise FeedFull(why)
        self._clients[client] = None

    def remove(self, client: Client) -> None:
        """Forgets a client, whatever its state; a second call does nothing."""
        self._leave(client)
        self._clients.pop(client, None)
        client.forget()

    def known_topics(self) -> list[str]:
        return sorted(self._expected.union(self._replica.store.topics()))

    def check(self, patterns: Iterable[Pattern]) -> None:
        """Raises TopicRefused for a pattern that names what does not exist here."""
        check_known(patterns, self.known_topics())

    # subscribing

    async def subscribe(
        self,
        client: Client,
        patterns: frozenset[Pattern],
        since: Position | None = None,
        first: bytes = b"",
    ) -> None:
        """Adds topics: what the client missed or a snapshot each, then every later change.

        Between what is written here and the first change nothing can come: the state is read and
        the client joins in the same turn, or its changes are held until its history has come.
        """
        self.flush()
        before, wanted = client.matches, Matcher(client.patterns | patterns)
        # Who was away while a stream ended has to hear of that, too.
        known = self.known_topics() + list(self._replica.store.ended if since else ())
        topics = [t for t in known if wanted(t) and not before(t)]
        self._leave(client)
        client.matches = wanted
        if since is None:
            self._write(client, first, self._snapshots(topics))
            self._join(client)
            return
        await self._catch_up(client, since, topics, first)

    def unsubscribe(self, client: Client, patterns: frozenset[Pattern]) -> None:
        """Takes exactly these patterns back."""
        self.flush()
        self._leave(client)
        client.matches = Matcher(client.patterns - patterns)
        client.dirty = {t: m for t, m in client.dirty.items() if client.matches(t)}
        client.pending = [m for m in client.pending if client.matches(m.topic)]
        self._join(client)

    async def _catch_up(
        self, client: Client, since: Position, topics: list[str], first: bytes
    ) -> None:
        todo = plan(self._replica, since, topics)
        anew = list(todo.anew)
        if client.interval_ns:
            # A paced client never saw every market change, so none can be replayed to it.
            anew += [t for t in topics if topic_kind(t) in MARKET_KINDS and t not in anew]
        replay = [c for c in todo.replay if c.topic not in anew]
        messages = self._anew(todo.anew, todo.reason) + self._snapshots(
            [t for t in anew if t not in todo.anew]
        )
        if todo.journal:
            client.write(first)
            first = b""
            client.held = True
            self._alone[client] = None
            history, lost = await self._history(since, todo.journal)
            if client.closed:
                return
            client.held = False
            if self._replica.stream_id != since.stream:
                # Everything was told again meanwhile.
                self._leave(client)
                self._join(client)
                return
            replay = sorted([*replay, *history], key=lambda change: change.seq)
            told = {c.topic: c.seq for c in history} | dict.fromkeys(lost, self._replica.store.seq)
            client.pending = [m for m in client.pending if m.seq > told.get(m.topic, -1)]
            messages += self._anew(lost, todo.reason)
        self._write(client, first, messages, [self._composer.update(c) for c in replay])
        self._leave(client)
        self._join(client)

    async def _history(self, since: Position, topics: list[str]) -> tuple[list[Change], list[str]]:
        """What the journal has of these topics, and the topics of which it has not all."""
        try:
            async with asyncio.timeout(JOURNAL_S_MAX):
                changes = await self._replica.older(since.seq, topics)
        except (LinkFault, TimeoutError):
            return [], topics
        lost = holes(changes, since.seq, topics)
        kept = [c for c in changes if c.seq > since.seq and c.topic in topics]
        return [c for c in kept if c.topic not in lost], lost

    def _snapshots(self, topics: Iterable[str]) -> list[Message]:
        made = [self._composer.snapshot(topic) for topic in topics]
        return sorted(made, key=lambda message: message.seq)

    def _anew(self, topics: list[str], reason: str) -> list[Message]:
        pairs = [
            (self._composer.reset(snapshot.topic, reason), snapshot)
            for snapshot in self._snapshots(topics)
        ]
        return [message for pair in pairs for message in pair]

    def _write(
        self,
        client: Client,
        first: bytes,
        snapshots: list[Message],
        events: Iterable[Message] = (),
    ) -> None:
        """One write: snapshots, which are no place to resume from until all have come, then events.

        A client cut off in between asks from where it stood before and misses nothing.
        """
        events = sorted(events, key=lambda message: message.seq)
        pieces = [first]
        pieces += (message.form(client.door, marks=False) for message in snapshots)
        if snapshots and not events:
            pieces[-1] = snapshots[-1].form(client.door)
        pieces += (message.form(client.door) for message in events)
        data = b"".join(pieces)
        if data:
            client.write(data)

    # where a client stands

    def _join(self, client: Client) -> None:
        if client.closed:
            return
        lags = client.sink.get_write_buffer_size() > limits.LAG_BYTES
        if lags or client.interval_ns or client.waiting:
            client.lagging = client.lagging or lags
            self._alone[client] = None
            return
        key = (client.door, client.patterns)
        audience = self._audiences.get(key)
        if audience is None:
            audience = self._audiences[key] = Audience(client.door, client.matches)
            self._routes.clear()
        audience.add(client)

    def _leave(self, client: Client) -> None:
        self._alone.pop(client, None)
        key = (client.door, client.patterns)
        audience = self._audiences.get(key)
        if audience is None or client not in audience.members:
            return
        del audience.members[client]
        if not audience.members:
            del self._audiences[key]
            self._routes.clear()

    # fanning out

    def _on_change(self, change: Change) -> None:
        topic = change.topic
        if change.seq <= self._told.get(topic, 0):
            # A snapshot that everyone got held this change already.
            return
        route = self._routes.get(topic)
        if route is None:
            route = self._routes[topic] = [a for a in self._audiences.values() if a.matches(topic)]
        alone = [client for client in self._alone if client.matches(topic)]
        if route or alone:
            message = self._composer.update(change)
            if message.seq > change.seq:
                self._told[topic] = message.seq
            self._dispatch(message, route, alone)
        if change.kind == "stream_ended":
            # Its process and lanes left their lists, which no update of those says.
            for message in self._composer.lists_anew():
                self._tell(message)

    def _dispatch(self, message: Message, route: list[Audience], alone: list[Client]) -> None:
        full = False
        for audience in route:
            if not audience.pending:
                self._ready.append(audience)
            audience.take(message)
            full = full or audience.pending_bytes > FLUSH_BYTES_MAX
        for client in alone:
            client.offer(message)
            if client.overflown:
                self.close(client, limits.TOO_SLOW, "too far behind; resume by the last id")
        if full:
            self.flush()
        elif not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Writes what this turn brought."""
        self._flushing = False
        ready, self._ready = self._ready, []
        for audience in ready:
            for client in audience.flush():
                self._leave(client)
                client.lagging = True
                self._alone[client] = None
        if self._alone:
            now = self._clock.monotonic_ns()
            for client in [c for c in self._alone if c.waiting]:
                self._settle(client, now)

    def _settle(self, client: Client, now: int) -> None:
        """Gives a client that stands alone what is due, and lets it join when it has caught up."""
        if client.held:
            return
        if client.lagging and client.sink.get_write_buffer_size() > limits.LAG_OVER_BYTES:
            return
        client.lagging = False
        if client.dirty and now >= client.due_ns:
            client.due_ns = now + client.interval_ns
            dirty, client.dirty = client.dirty, {}
            snapshots = self._snapshots(t for t, message in dirty.items() if message is None)
            news = [message for message in dirty.values() if message is not None]
        else:
            snapshots, news = [], []
        events, client.pending, client.pending_bytes = client.pending, [], 0
        self._write(client, b"", snapshots, [*news, *events])
        self._leave(client)
        self._join(client)

    # time

    async def run(self) -> None:
        """Ticks for ever."""
        while True:
            await asyncio.sleep(TICK_S if self._alone else TICK_IDLE_S)
            self.tick()

    def tick(self) -> None:
        """What time brings: lagging clients looked at, freshness told, connections kept alive."""
        now = self._clock.monotonic_ns()
        for client in list(self._alone):
            self._settle(client, now)
        for client in list(self._clients):
            self._watch(client, now)
        if now - self._freshness_ns >= FRESHNESS_NS:
            self._freshness_ns = now
            for message in self._staleness.turned():
                self._tell(message)
        if now - self._keep_alive_ns >= KEEP_ALIVE_NS:
            self._keep_alive_ns = now
            for client in self._clients:
                if not client.lagging:
                    client.keep_alive(self._clock.monotonic_ns())

    def _watch(self, client: Client, now: int) -> None:
        """Closes a client that is gone, or that has something to take and takes nothing."""
        if client.sink.is_closing():
            self.close(client, limits.GOING_AWAY, "the connection ended")
        elif not client.sink.get_write_buffer_size():
            client.progress_ns = 0
        elif not client.progressed(now):
            self.evicted += 1
            seconds = round(limits.PROGRESS_S_MAX)
            self.close(client, limits.TOO_SLOW, f"nothing was taken for {seconds} s")

    def _tell(self, message: Message) -> None:
        """Gives everyone who asked for its topic a message that is no change."""
        route = [a for a in self._audiences.values() if a.matches(message.topic)]
        self._dispatch(message, route, [c for c in self._alone if c.matches(message.topic)])

    def _on_stream_reset(self) -> None:
        """Changes cannot be told one by one: all that clients know is told again."""
        self._composer.forget()
        self._told.clear()
        self.flush()
        for client in list(self._clients):
            client.dirty.clear()
            client.pending.clear()
            client.pending_bytes = 0
            topics = [t for t in self.known_topics() if client.matches(t)]
            self._write(client, b"", self._anew(topics, "changes are missing"))

    # ending

    def close(self, client: Client, code: int, reason: str) -> None:
        """Says goodbye and ends a client; one that takes not even that is aborted."""
        if client.closed:
            return
        steady = not client.waiting and not client.lagging
        goodbye = self._composer.closing(code, reason, resumable=steady)
        self.remove(client)
        client.write(goodbye.form(client.door))
        client.close(code, reason)
        asyncio.get_running_loop().call_later(ABORT_AFTER_S, client.sink.abort)

    def close_all(self, code: int, reason: str) -> None:
        """Ends all clients, each with a closing message, and takes no more news in."""
        if not self._ended:
            self._ended = True
            self._unsubscribe()
        self.flush()
        for client in list(self._clients):
            self.close(client, code, reason)
