"""The figures of one market (last, bid, ask, mark, volumes), asked for at a steady pace."""

from __future__ import annotations

from functools import partial
from typing import Final

from actors.errors import Fault
from actors.messages.control import Confirmed, ConnectionState
from actors.messages.ids import market_topic
from actors.messages.market import Ticker
from actors.runtime.connection_policy import POLICIES
from actors.runtime.context import ActorContext
from actors.runtime.lane import Lane, LaneName
from actors.runtime.lease import PACE_MARGIN, LeasedThrottle
from actors.runtime.rest import RestClient
from actors.runtime.shown_frames import frames_answer
from actors.runtime.tasks import run_together, run_until_stopped
from actors.runtime.timer import Timer
from actors.venues.contract import Venue
from actors.venues.registry import market_data
from actors.venues.registry import venue as venue_named

BEAT_S: Final = 1.0
STALE_AFTER_INTERVALS: Final = 3


class TickerActor:
    """No stream tells the 24 h figures, so they are polled; each answer confirms them."""

    def __init__(self, context: ActorContext, venue: Venue, timer: Timer) -> None:
        config = context.config
        data = market_data(venue.name)
        product, symbol = str(config["product"]), str(config["symbol"])
        self._context = context
        self._outbox = context.outbox
        self._timer = timer
        self._topic = market_topic("ticker", venue.name, product, symbol)
        self._interval_s = data.ticker_interval_s
        self._requests = data.requests(str(config["base_url"]))
        self._request = self._requests.ticker(symbol)
        self._read = partial(self._requests.read_ticker, symbol=symbol)
        self._held: Ticker | None = None
        self._due_ns = 0
        lease = LeasedThrottle(
            context, venue, timer, wanted_per_s=PACE_MARGIN / self._interval_s, keeps=True
        )
        self._rest = RestClient(timer, lease)
        self._lane = Lane(
            LaneName(actor=context.actor_id, venue=venue.name, lane="rest"),
            POLICIES[venue.connection_policy],
            timer,
            self._tell_connection,
            context.fault,
        )

    async def run(self) -> None:
        """Until asked to stop."""
        context, lane = self._context, self._lane
        context.progress.queue_depth = lambda: self._outbox.pending
        context.on_control("reconnect", self._ask_now)
        context.on_control("refresh", self._ask_now)
        context.on_control("resync", self._tell_present)
        context.on_control("pause", lambda _: lane.pause())
        context.on_control("resume", lambda _: lane.resume())
        context.on_question("frames", frames_answer({"rest": self._rest.answers}))
        context.link.on_welcome(self._tell_present)
        await run_until_stopped(context, self._work())

    async def _work(self) -> None:
        async with self._rest:
            await run_together(self._poll(), self._beat())

    async def _poll(self) -> None:
        while True:
            await self._lane.wait_retry()
            if self._lane.state != "connected":
                self._lane.connecting()
            if await self._timer.sleep_until(self._due_ns, self._lane.interrupt):
                continue
            self._due_ns = self._timer.clock.monotonic_ns() + round(self._interval_s * 1e9)
            self._set_pace()
            try:
                ticker = await self._rest.call(self._request, self._read)
            except Fault as fault:
                self._lane.failed(fault, healthy=self._lane.state == "connected")
                self._due_ns = 0
            else:
                self._take(ticker)
            self._lane.requests = self._rest.requests
            self._lane.latency_ms = self._rest.latency_ms

    def _set_pace(self) -> None:
        interval_s = self._rest.throttle.interval_s(self._interval_s, 1)
        self._lane.interval_effective_ms = interval_s * 1e3
        self._lane.stale_after_ms = STALE_AFTER_INTERVALS * interval_s * 1e3

    def _take(self, ticker: Ticker) -> None:
        self._held = ticker
        self._lane.message()
        self._lane.healthy()
        if self._lane.state != "connected":
            self._lane.connected()
        self._outbox.put("ticker", self._topic, ticker)
        confirmed = Confirmed(via="polling", received_ns=ticker.received_ns)
        self._outbox.put("confirmed", self._topic, confirmed)
        self._context.progress.frame()
        self._context.progress.good_event()
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

    def _tell_present(self, _: object) -> None:
        if self._held is not None:
            self._outbox.put("ticker", self._topic, self._held)
        self._lane.beat()

    def _ask_now(self, _: object) -> None:
        self._due_ns = 0
        self._lane.reconnect()


async def run(context: ActorContext) -> None:
    """The entry of `ticker:<venue>:<product>:<symbol>`; config: contracts, section 6."""
    venue = venue_named(str(context.config["venue"]))
    await TickerActor(context, venue, Timer(context.clock)).run()
