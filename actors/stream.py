"""One order book stream: a verified book, or the word that there is none."""

from __future__ import annotations

from typing import Final

import msgspec

from actors.errors import ConfigFault, Fault, MalformedFrame
from actors.listing import named_market
from actors.messages.ids import market_topic
from actors.messages.market import BookDelta, BookSnapshot
from actors.public_stream import PublicStream
from actors.runtime.context import ActorContext
from actors.runtime.frames import KeptFrame
from actors.runtime.stream_limits import apply_limits
from actors.runtime.tasks import run_until_stopped
from actors.runtime.timer import Timer
from actors.venues.contract import BookSession, Event, Venue
from actors.venues.registry import venue as venue_named

BEAT_S: Final = 1.0
KINDS: Final = ("orderbook",)


class StreamActor:
    """Passes a BookSession's messages on, and tells at once when its book is not verified."""

    def __init__(
        self, context: ActorContext, venue: Venue, session: BookSession, symbol: str, timer: Timer
    ) -> None:
        config = context.config
        self._context = context
        self._outbox = context.outbox
        self._timer = timer
        self._clock = timer.clock
        self._session = session
        self._topic = market_topic("orderbook", venue.name, str(config["product"]), symbol)
        self._stream = PublicStream(
            context, venue, session, self, timer, policy=venue.connection_policy
        )
        self._was_verified = False
        self._reason = ""
        self._unverified_since_ns = self._clock.monotonic_ns()
        self._longest_outage_ns = 0

    async def run(self) -> None:
        """Until asked to stop; raises Mute."""
        context = self._context
        self._outbox.book_source(self._topic, self._book)
        self._stream.take_controls(self._tell_present)
        await run_until_stopped(context, self._stream.connection.run(), self._beat())

    # towards the connection

    def opened(self) -> None:
        pass

    def events(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case BookSnapshot():
                    self._outbox.put("book_snapshot", self._topic, event)
                case BookDelta():
                    self._outbox.put("book_delta", self._topic, event)
                case _:
                    continue
            self._context.progress.frame(event.sequence)
            self._context.progress.good_event()
        if self._session.verified != self._was_verified:
            self._note_verified()

    def malformed(self, fault: MalformedFrame, frame: KeptFrame) -> None:
        """Skipped; where it stood for a change, the session or the next frame shows the hole."""
        self._stream.malformed(fault, frame)
        if self._session.verified != self._was_verified:
            self._note_verified()

    def lost(self, fault: Fault) -> None:
        # The session may still think well of its book, but nobody feeds it any more.
        self._note_unverified(f"{type(fault).__name__}: {fault}")

    async def room(self) -> None:
        """A book never fills the outbox: its changes are conflated."""

    # what is told

    def _note_verified(self) -> None:
        if not self._session.verified:
            self._note_unverified("")
            return
        self._was_verified = True
        self._reason = ""
        outage_ns = self._clock.monotonic_ns() - self._unverified_since_ns
        self._longest_outage_ns = max(self._longest_outage_ns, outage_ns)
        self._tell_status()
        self._context.ready()

    def _note_unverified(self, reason: str) -> None:
        self._reason = reason
        if self._was_verified:
            self._was_verified = False
            self._unverified_since_ns = self._clock.monotonic_ns()
        self._tell_status()

    def _book(self) -> BookSnapshot | None:
        return self._session.snapshot(self._clock.wall_ns()) if self._was_verified else None

    def _tell_status(self) -> None:
        now_ns = self._clock.wall_ns()
        status = self._session.status(now_ns, self._longest_outage_ms())
        if not self._was_verified:
            why = self._reason or status.reason
            status = msgspec.structs.replace(status, verified=False, reason=why)
        self._outbox.put("book_status", self._topic, status)

    def _longest_outage_ms(self) -> float:
        ns = self._longest_outage_ns
        if not self._was_verified:
            ns = max(ns, self._clock.monotonic_ns() - self._unverified_since_ns)
        return ns / 1e6

    def _tell_present(self, _: object) -> None:
        """The outbox itself sends the book anew, from `_book`."""
        book = self._book()
        if book is not None:
            self._outbox.put("book_snapshot", self._topic, book)
        self._tell_status()
        self._stream.lane.beat()

    async def _beat(self) -> None:
        while True:
            self._stream.lane.beat()
            self._tell_status()
            await self._timer.sleep(BEAT_S)


async def run(context: ActorContext) -> None:
    """The entry of `orderbook:<venue>:<product>:<symbol>`; config: docs/design/contracts.md, 6."""
    config = context.config
    if config["kind"] not in KINDS:
        raise ConfigFault("kind", repr(config["kind"]), " or ".join(KINDS))
    venue = venue_named(str(config["venue"]))
    timer = Timer(context.clock)
    symbol, venue_id = await named_market(context, venue, timer)
    session = venue.book_session(str(config["ws_url"]), str(config["product"]), symbol, venue_id)
    apply_limits(session, config)
    await StreamActor(context, venue, session, symbol, timer).run()
