"""One venue for all: its instruments each hour, and how far its clock is from ours."""

from __future__ import annotations

from typing import Final

import msgspec

from actors.messages.ids import Topic
from actors.messages.market import InstrumentList
from actors.public_poll import PublicPoll
from actors.runtime.context import ActorContext
from actors.runtime.lease import LeasedThrottle
from actors.runtime.timer import Timer
from actors.venues.contract import Venue
from actors.venues.registry import market_data
from actors.venues.registry import venue as venue_named

REFRESH_S: Final = 3_600.0


def instruments_topic(venue: str) -> Topic:
    return Topic(f"instruments:{venue}")


class VenueActor:
    """Asks for the instruments at its pace, and by the connection policy when that fails."""

    def __init__(self, context: ActorContext, venue: Venue, timer: Timer) -> None:
        requests = venue.requests(str(context.config["base_url"]))
        self._outbox = context.outbox
        self._topic = instruments_topic(venue.name)
        self._timeframes = tuple(each.name for each in market_data(venue.name).timeframes)
        self._poll = PublicPoll[InstrumentList](
            context,
            venue,
            timer,
            LeasedThrottle(context, venue, timer),
            request=requests.markets(),
            read=requests.read_markets,
            interval_s=float(context.config.get("refresh_s", REFRESH_S)),
            take=lambda _: None,
            tell=self._tell,
        )

    async def run(self) -> None:
        """Until asked to stop."""
        await self._poll.run()

    def _tell(self, listed: InstrumentList) -> None:
        listed = msgspec.structs.replace(listed, timeframes=self._timeframes)
        self._outbox.put("instruments", self._topic, listed)


async def run(context: ActorContext) -> None:
    """The entry of `venue:<venue>`; config: docs/design/contracts.md, section 6."""
    venue = venue_named(str(context.config["venue"]))
    await VenueActor(context, venue, Timer(context.clock)).run()
