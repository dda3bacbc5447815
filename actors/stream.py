"""One order book stream: a verified book, or the word that there is none."""

from __future__ import annotations

from typing import Final

import msgspec

from actors.errors import ConfigFault, Fault, MalformedFrame
from actors.messages.control import ConnectionState, Pause, Reconnect, Resume, Welcome
from actors.messages.ids import market_topic
from actors.messages.market import BookDelta, BookSnapshot
from actors.runtime.connection import Connection
from actors.runtime.connection_policy import POLICIES, Retries
from actors.runtime.context import ActorContext
from actors.runtime.frames import Complaints, KeptFrame, complaint
from actors.runtime.lane import Lane, LaneName
from actors.runtime.rest import RestClient
from actors.runtime.stream_limits import apply_limits
from actors.runtime.tasks import run_until_stopped
from actors.runtime.throttle import Throttle
from actors.runtime.timer import Timer
from actors.runtime.websocket import Socket, open_socket
from actors.venues.contract import (
    AmbiguousSymbol,
    BookSession,
    Event,
    Session,
    UnknownSymbol,
    Venue,
)
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
        self._lane = Lane(
            LaneName(actor=context.actor_id, venue=venue.name, lane="websocket"),
            POLICIES[venue.connection_policy],
            timer,
            self._tell_connection,
        )
        self._lane.stale_after_ms = (session.mute_max_s or session.silence_max_s) * 1e3
        self._connection = Connection(session, self._lane, self, timer, self._open_socket)
        self._complaints = Complaints()
        self._was_verified = False
        self._reason = ""
        self._unverified_since_ns = self._clock.monotonic_ns()
        self._longest_outage_ns = 0

    async def run(self) -> None:
        """Until asked to stop; raises Mute."""
        context = self._context
        context.progress.queue_depth = lambda: self._outbox.pending
        context.on_control("reconnect", self._reconnect)
        context.on_control("refresh", self._reconnect)
        context.on_control("resync", lambda _: self._tell_present(None))
        context.on_control("pause", self._pause)
        context.on_control("resume", self._resume)
        self._outbox.book_source(self._topic, self._book)
        context.link.on_welcome(self._tell_present)
        await run_until_stopped(context, self._connection.run(), self._beat())

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
        """Skipped; where it stood for a change, the next frame shows the hole."""
        if count := self._complaints.due(self._clock.monotonic_ns()):
            self._context.fault(complaint(fault, frame, count))

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

    def _tell_connection(self, state: ConnectionState) -> None:
        self._outbox.put("connection_state", "connections", state, key=state.lane)

    def _tell_present(self, _: Welcome | None) -> None:
        """The outbox itself sends the book anew, from `_book`."""
        book = self._book()
        if book is not None:
            self._outbox.put("book_snapshot", self._topic, book)
        self._tell_status()
        self._lane.beat()

    async def _beat(self) -> None:
        while True:
            self._lane.beat()
            self._tell_status()
            await self._timer.sleep(BEAT_S)

    # what is asked of it

    async def _open_socket(self, session: Session) -> Socket:
        return await open_socket(
            session.url,
            session.headers,
            clock=self._clock,
            proxy=None,
            ping_interval_s=session.ping_interval_s,
            refused=session.refused,
        )

    def _reconnect(self, _: Reconnect) -> None:
        self._lane.reconnect()

    def _pause(self, _: Pause) -> None:
        self._lane.pause()

    def _resume(self, _: Resume) -> None:
        self._lane.resume()


def is_alias(symbol: str) -> bool:
    """Whether the name follows our conventions (`ETH-PERP`, `ETH/USDC:USDC`), not the venue's."""
    return "/" in symbol or ":" in symbol or symbol.upper().endswith("-PERP")


async def native_symbol(
    venue: Venue, product: str, symbol: str, base_url: str, timer: Timer
) -> str:
    """The venue's own name of `symbol`; the venue is asked until it answers.

    Raises ConfigFault for a name that no market, or more than one, answers to.
    """
    requests = venue.requests(base_url)
    retries = Retries(POLICIES[venue.connection_policy], f"{venue.name}/{symbol}")
    rate_per_s = venue.rest_limit.count / venue.rest_limit.period_s
    async with RestClient(timer, Throttle(timer, rate_per_s, 1)) as rest:
        while True:
            try:
                listed = await rest.call(requests.markets(), requests.read_markets)
                break
            except Fault:
                await timer.sleep(retries.after(healthy=False).delay_s)
    try:
        found = venue.resolve(listed, [symbol])[0]
    except (UnknownSymbol, AmbiguousSymbol) as fault:
        raise ConfigFault("symbol", symbol, str(fault)) from fault
    if found.product != product:
        raise ConfigFault("product", product, f"{found.product}, which is what {symbol} is")
    return found.symbol


async def run(context: ActorContext) -> None:
    """The entry of `orderbook:<venue>:<product>:<symbol>`; config: docs/design/contracts.md, 6."""
    config = context.config
    if config["kind"] not in KINDS:
        raise ConfigFault("kind", repr(config["kind"]), " or ".join(KINDS))
    venue = venue_named(str(config["venue"]))
    timer = Timer(context.clock)
    product, symbol = str(config["product"]), str(config["symbol"])
    if is_alias(symbol):
        symbol = await native_symbol(venue, product, symbol, str(config["base_url"]), timer)
    session = venue.book_session(str(config["ws_url"]), product, symbol)
    apply_limits(session, config)
    await StreamActor(context, venue, session, symbol, timer).run()
