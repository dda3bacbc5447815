"""The figures of one market (last, bid, ask, mark, volumes): followed, or else polled."""

from __future__ import annotations

from functools import partial
from typing import Final

from actors.errors import Fault, MalformedFrame
from actors.listing import named_market
from actors.messages.control import Confirmed
from actors.messages.ids import market_topic
from actors.messages.market import Ticker
from actors.public_poll import PublicPoll
from actors.public_stream import PublicStream
from actors.runtime.context import ActorContext
from actors.runtime.frames import KeptFrame
from actors.runtime.lease import PACE_MARGIN, LeasedThrottle
from actors.runtime.stream_limits import apply_limits
from actors.runtime.tasks import run_until_stopped
from actors.runtime.timer import Timer
from actors.venues.contract import Event, Session, Venue
from actors.venues.market_contract import MarketRequests
from actors.venues.registry import market_data
from actors.venues.registry import venue as venue_named

BEAT_S: Final = 1.0


class PolledTicker:
    """For a venue whose streams do not tell the 24 h figures; each answer confirms them."""

    def __init__(
        self,
        context: ActorContext,
        venue: Venue,
        requests: MarketRequests,
        symbol: str,
        timer: Timer,
    ) -> None:
        interval_s = market_data(venue.name).ticker_interval_s
        self._outbox = context.outbox
        self._topic = _topic(context, venue, symbol)
        self._poll = PublicPoll[Ticker](
            context,
            venue,
            timer,
            LeasedThrottle(
                context, venue, timer, wanted_per_s=PACE_MARGIN / interval_s, keeps=True
            ),
            request=requests.ticker(symbol),
            read=partial(requests.read_ticker, symbol=symbol),
            interval_s=interval_s,
            take=self._confirm,
            tell=self._tell,
        )

    async def run(self) -> None:
        """Until asked to stop."""
        await self._poll.run()

    def _confirm(self, ticker: Ticker) -> None:
        confirmed = Confirmed(via="polling", received_ns=ticker.received_ns)
        self._outbox.put("confirmed", self._topic, confirmed)

    def _tell(self, ticker: Ticker) -> None:
        self._outbox.put("ticker", self._topic, ticker)


class StreamedTicker:
    """Passes the stream's Tickers on; while it lives, the last one holds."""

    def __init__(
        self, context: ActorContext, venue: Venue, session: Session, symbol: str, timer: Timer
    ) -> None:
        apply_limits(session, context.config)
        self._context = context
        self._timer = timer
        self._topic = _topic(context, venue, symbol)
        self._held: Ticker | None = None
        self._stream = PublicStream(
            context, venue, session, self, timer, policy=venue.connection_policy
        )

    async def run(self) -> None:
        """Until asked to stop."""
        self._stream.take_controls(self._tell_present)
        await run_until_stopped(self._context, self._stream.connection.run(), self._beat())

    def opened(self) -> None:
        """Nothing to do: each Ticker is whole."""

    def events(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Ticker):
                self._held = event
                self._context.outbox.put("ticker", self._topic, event)
                self._context.progress.good_event()
                self._context.ready()
        self._context.progress.frame()

    def malformed(self, fault: MalformedFrame, frame: KeptFrame) -> None:
        self._stream.malformed(fault, frame)

    def lost(self, fault: Fault) -> None:
        """The lane says so, and nobody confirms the figures any more."""

    async def room(self) -> None:
        """Tickers are conflated, so there is always room."""

    def _tell_present(self, _: object) -> None:
        if self._held is not None:
            self._context.outbox.put("ticker", self._topic, self._held)
        self._stream.lane.beat()

    async def _beat(self) -> None:
        while True:
            self._stream.lane.beat()
            if self._held is not None:
                self._stream.confirm(self._topic)
            await self._timer.sleep(BEAT_S)


def _topic(context: ActorContext, venue: Venue, symbol: str) -> str:
    return market_topic("ticker", venue.name, str(context.config["product"]), symbol)


async def run(context: ActorContext) -> None:
    """The entry of `ticker:<venue>:<product>:<symbol>`; config: contracts, section 6."""
    config = context.config
    venue = venue_named(str(config["venue"]))
    timer = Timer(context.clock)
    symbol, venue_id = await named_market(context, venue, timer)
    data = market_data(venue.name)
    session = data.ticker_session(str(config["ws_url"]), str(config["product"]), symbol, venue_id)
    if session is not None:
        await StreamedTicker(context, venue, session, symbol, timer).run()
    else:
        requests = data.requests(str(config["base_url"]), venue_id)
        await PolledTicker(context, venue, requests, symbol, timer).run()
