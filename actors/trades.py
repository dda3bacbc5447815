"""The trades of one market as they happen; the newest are kept for who comes later."""

from __future__ import annotations

from collections import deque
from typing import Final

from actors.errors import Fault, MalformedFrame
from actors.listing import NamedMarket, named_market
from actors.messages.ids import market_topic
from actors.messages.market import Trade
from actors.public_stream import PublicStream
from actors.runtime.context import ActorContext
from actors.runtime.frames import KeptFrame
from actors.runtime.stream_limits import apply_limits
from actors.runtime.tasks import run_until_stopped
from actors.runtime.timer import Timer
from actors.venues.contract import Event, Venue
from actors.venues.registry import market_data
from actors.venues.registry import venue as venue_named

BEAT_S: Final = 1.0
KEPT_MAX: Final = 500


class TradesActor:
    """Passes trades on; the venue repeats its last ones after each connect, the session does not.

    A hole cannot be filled: no venue tells past trades completely. Holes are counted by the lane's
    reconnects.
    """

    def __init__(
        self, context: ActorContext, venue: Venue, market: NamedMarket, timer: Timer
    ) -> None:
        config = context.config
        product = str(config["product"])
        session = market_data(venue.name).trades_session(
            str(config["ws_url"]), product, market.symbol, market.venue_id
        )
        apply_limits(session, config)
        self._context = context
        self._timer = timer
        self._topic = market_topic("trades", venue.name, product, market.symbol)
        self._kept: deque[Trade] = deque(maxlen=KEPT_MAX)
        self._stream = PublicStream(
            context, venue, session, self, timer, policy=venue.connection_policy
        )

    async def run(self) -> None:
        """Until asked to stop."""
        self._stream.take_controls(self._tell_present)
        await run_until_stopped(self._context, self._stream.connection.run(), self._beat())

    def opened(self) -> None:
        """Nothing to do: each trade says who it is."""

    def events(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Trade):
                self._kept.append(event)
                self._context.outbox.put("trade", self._topic, event)
                self._context.progress.good_event()
        self._context.progress.frame()

    def malformed(self, fault: MalformedFrame, frame: KeptFrame) -> None:
        self._stream.malformed(fault, frame)

    def lost(self, fault: Fault) -> None:
        """The lane says so; what happened stays true."""

    async def room(self) -> None:
        """The outbox keeps the newest trades, so there is always room."""

    def _tell_present(self, _: object) -> None:
        for trade in self._kept:
            self._context.outbox.put("trade", self._topic, trade)
        self._stream.lane.beat()

    async def _beat(self) -> None:
        while True:
            self._stream.lane.beat()
            self._stream.confirm(self._topic)
            if self._stream.lane.state == "connected":
                self._context.ready()
            await self._timer.sleep(BEAT_S)


async def run(context: ActorContext) -> None:
    """The entry of `trades:<venue>:<product>:<symbol>`; config: contracts, section 6."""
    venue = venue_named(str(context.config["venue"]))
    timer = Timer(context.clock)
    await TradesActor(context, venue, await named_market(context, venue, timer), timer).run()
