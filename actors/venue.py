"""One venue for all: its instruments each hour, and how far its clock is from ours."""

from __future__ import annotations

from typing import Final

import msgspec

from actors.errors import Fault
from actors.messages.control import ConnectionState, Pause, Resume, Welcome
from actors.messages.ids import Topic
from actors.messages.market import InstrumentList
from actors.runtime.connection_policy import POLICIES
from actors.runtime.context import ActorContext
from actors.runtime.lane import Lane, LaneName
from actors.runtime.lease import LeasedThrottle
from actors.runtime.rest import RestClient
from actors.runtime.shown_frames import frames_answer
from actors.runtime.tasks import run_together, run_until_stopped
from actors.runtime.timer import Timer
from actors.venues.contract import Venue
from actors.venues.registry import market_data
from actors.venues.registry import venue as venue_named

BEAT_S: Final = 1.0
REFRESH_S: Final = 3_600.0


def instruments_topic(venue: str) -> Topic:
    return Topic(f"instruments:{venue}")


class VenueActor:
    """Asks for the instruments at its pace, and by the connection policy when that fails."""

    def __init__(self, context: ActorContext, venue: Venue, timer: Timer) -> None:
        config = context.config
        self._context = context
        self._outbox = context.outbox
        self._timer = timer
        self._requests = venue.requests(str(config["base_url"]))
        self._topic = instruments_topic(venue.name)
        self._timeframes = tuple(each.name for each in market_data(venue.name).timeframes)
        self._refresh_s = float(config.get("refresh_s", REFRESH_S))
        self._lane = Lane(
            LaneName(actor=context.actor_id, venue=venue.name, lane="rest"),
            POLICIES[venue.connection_policy],
            timer,
            self._tell_connection,
            context.fault,
        )
        self._lane.interval_effective_ms = self._refresh_s * 1e3
        # A list that is an hour old is as good as new; one that missed three refreshes is not.
        self._lane.stale_after_ms = 3 * self._refresh_s * 1e3
        self._rest = RestClient(timer, LeasedThrottle(context, venue, timer))
        self._lane.venue_clock = self._rest.venue_clock
        self._listed: InstrumentList | None = None
        self._due_ns = 0

    async def run(self) -> None:
        """Until asked to stop."""
        context = self._context
        context.progress.queue_depth = lambda: self._outbox.pending
        context.on_control("reconnect", self._ask_now)
        context.on_control("refresh", self._ask_now)
        context.on_control("resync", lambda _: self._tell_present(None))
        context.on_control("pause", self._pause)
        context.on_control("resume", self._resume)
        context.on_question("frames", frames_answer({"rest": self._rest.answers}))
        context.link.on_welcome(self._tell_present)
        await run_until_stopped(context, self._work())

    async def _work(self) -> None:
        async with self._rest:
            await run_together(self._ask_for_ever(), self._beat())

    async def _ask_for_ever(self) -> None:
        while True:
            await self._lane.wait_retry()
            if self._lane.state != "connected":
                self._lane.connecting()
                self._due_ns = 0
            if await self._timer.sleep_until(self._due_ns, self._lane.interrupt):
                continue
            try:
                listed = await self._rest.call(
                    self._requests.markets(), self._requests.read_markets
                )
            except Fault as fault:
                self._lane.failed(fault, healthy=self._lane.state == "connected")
            else:
                self._take(listed)
            self._lane.requests = self._rest.requests
            self._lane.latency_ms = self._rest.latency_ms

    def _take(self, listed: InstrumentList) -> None:
        listed = msgspec.structs.replace(listed, timeframes=self._timeframes)
        self._listed = listed
        self._due_ns = self._timer.clock.monotonic_ns() + round(self._refresh_s * 1e9)
        self._lane.message()
        self._lane.healthy()
        if self._lane.state != "connected":
            self._lane.connected()
        self._context.progress.frame()
        self._context.progress.good_event()
        self._outbox.put("instruments", self._topic, listed)
        self._context.ready()

    async def _beat(self) -> None:
        while True:
            self._lane.beat()
            await self._timer.sleep(BEAT_S)

    def _tell_connection(self, state: ConnectionState) -> None:
        self._outbox.put("connection_state", "connections", state, key=state.lane)
        if state.state == "paused":
            # It does all that it is to do; shown as paused, not as failed.
            self._context.ready()

    def _tell_present(self, _: Welcome | None) -> None:
        if self._listed is not None:
            self._outbox.put("instruments", self._topic, self._listed)
        self._lane.beat()

    def _ask_now(self, _: object) -> None:
        self._due_ns = 0
        self._lane.reconnect()

    def _pause(self, _: Pause) -> None:
        self._lane.pause()

    def _resume(self, _: Resume) -> None:
        self._lane.resume()


async def run(context: ActorContext) -> None:
    """The entry of `venue:<venue>`; config: docs/design/contracts.md, section 6."""
    venue = venue_named(str(context.config["venue"]))
    await VenueActor(context, venue, Timer(context.clock)).run()
