"""The figures of one market (last, bid, ask, mark, volumes), asked for at a steady pace."""

from __future__ import annotations

from functools import partial

from actors.messages.control import Confirmed
from actors.messages.ids import market_topic
from actors.messages.market import Ticker
from actors.public_poll import PublicPoll
from actors.runtime.context import ActorContext
from actors.runtime.lease import PACE_MARGIN, LeasedThrottle
from actors.runtime.timer import Timer
from actors.venues.contract import Venue
from actors.venues.registry import market_data
from actors.venues.registry import venue as venue_named


class TickerActor:
    """No stream tells the 24 h figures, so they are polled; each answer confirms them."""

    def __init__(self, context: ActorContext, venue: Venue, timer: Timer) -> None:
        config = context.config
        data = market_data(venue.name)
        symbol = str(config["symbol"])
        requests = data.requests(str(config["base_url"]))
        interval_s = data.ticker_interval_s
        self._outbox = context.outbox
        self._topic = market_topic("ticker", venue.name, str(config["product"]), symbol)
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


async def run(context: ActorContext) -> None:
    """The entry of `ticker:<venue>:<product>:<symbol>`; config: contracts, section 6."""
    venue = venue_named(str(context.config["venue"]))
    await TickerActor(context, venue, Timer(context.clock)).run()
