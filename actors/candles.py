"""The candles of one market and timeframe: history first, then live, each final once."""

from __future__ import annotations

from functools import partial
from typing import Final

from actors.errors import ConfigFault, Fault, MalformedFrame, VenueRejected
from actors.listing import NamedMarket, named_market
from actors.messages.control import Confirmed, ConnectionState
from actors.messages.ids import candles_topic
from actors.messages.market import Candle
from actors.public_stream import PublicStream
from actors.runtime.connection_policy import CANDLES
from actors.runtime.context import ActorContext
from actors.runtime.frames import KeptFrame
from actors.runtime.lane import Lane, LaneName
from actors.runtime.lease import LeasedThrottle
from actors.runtime.rest import RestClient
from actors.runtime.stream_limits import apply_limits
from actors.runtime.tasks import run_together, run_until_stopped
from actors.runtime.timer import Timer
from actors.venues.candles import CandleSeries, Timeframe
from actors.venues.contract import Event, Venue
from actors.venues.market_contract import CandlesSession, MarketData
from actors.venues.registry import market_data
from actors.venues.registry import venue as venue_named

BEAT_S: Final = 1.0
HISTORY_STALE_S: Final = 45.0
"""What the history told counts for so long while the stream is not there."""
FILL_GAP_S: Final = 2.0
"""Between two back-fills: a venue that lags behind its own stream is not asked without pause."""


class CandlesActor:
    """Rows of the stream and of the history go through one CandleSeries; what it says is told."""

    def __init__(
        self,
        context: ActorContext,
        venue: Venue,
        data: MarketData,
        timeframe: Timeframe,
        market: NamedMarket,
        *,
        timer: Timer,
    ) -> None:
        config = context.config
        self._context = context
        self._outbox = context.outbox
        self._venue = venue
        self._data = data
        self._timer = timer
        self._clock = timer.clock
        self._product, self._symbol = str(config["product"]), market.symbol
        self._market = market
        self._topic = candles_topic(venue.name, self._product, self._symbol, timeframe.name)
        self._timeframe = timeframe
        self._spellings = list(timeframe.spellings)
        self._series = CandleSeries(timeframe)
        self._requests = data.requests(str(config["base_url"]), market.venue_id)
        self._history = Lane(
            LaneName(actor=context.actor_id, venue=venue.name, lane="rest"),
            CANDLES,
            timer,
            self._tell_connection,
            context.fault,
        )
        self._history.stale_after_ms = HISTORY_STALE_S * 1e3
        self._read = partial(
            self._requests.read_candles, symbol=self._symbol, timeframe=timeframe.name
        )
        self._session: CandlesSession | None = None
        self._stream: PublicStream | None = None
        self._gaps = 0
        self._rest = RestClient(timer, LeasedThrottle(context, venue, timer))
        self._history.venue_clock = self._rest.venue_clock

    async def run(self) -> None:
        """Until asked to stop; raises ConfigFault for a timeframe that the venue refuses."""
        await run_until_stopped(self._context, self._work())

    async def _work(self) -> None:
        async with self._rest:
            while len(self._spellings) > 1 and not self._series.filled:
                # Which spelling the stream takes, the history's first answer tells.
                await self._fill()
            await run_together(self._follow(), self._fill_for_ever())

    # the stream

    async def _follow(self) -> None:
        interval = self._spellings[0]
        session = self._data.candles_session(
            str(self._context.config["ws_url"]),
            self._product,
            self._symbol,
            self._timeframe,
            interval,
            venue_id=self._market.venue_id,
        )
        apply_limits(session, self._context.config)
        self._session = session
        stream = PublicStream(
            self._context,
            self._venue,
            session,
            self,
            self._timer,
            policy=CANDLES.name,
            throttle=self._rest.throttle,
        )
        self._stream = stream
        stream.take_controls(self._tell_present, self._history)
        await run_together(stream.connection.run(), self._beat(stream))

    def opened(self) -> None:
        self._series.missed()

    def events(self, events: list[Event]) -> None:
        assert self._session is not None
        if self._session.gaps != self._gaps:
            self._gaps = self._session.gaps
            self._series.missed()
        rows = [event for event in events if isinstance(event, Candle)]
        for row in sorted(rows, key=lambda each: each.start_us):
            told = self._series.live(row)
            if self._series.filled:
                # Before that it waits for its elders.
                self._tell(told)
        self._context.progress.frame()

    def malformed(self, fault: MalformedFrame, frame: KeptFrame) -> None:
        """Skipped; it may have held the last word on a candle."""
        assert self._stream is not None
        self._series.missed()
        self._stream.malformed(fault, frame)

    def lost(self, fault: Fault) -> None:
        """The lane says so; candles that were final stay so."""

    async def room(self) -> None:
        """Candles are conflated, so there is always room."""

    async def _beat(self, stream: PublicStream) -> None:
        while True:
            stream.lane.beat()
            self._history.beat()
            if self._series.filled:
                stream.confirm(self._topic)
                if stream.lane.state == "connected":
                    self._context.ready()
            await self._timer.sleep(BEAT_S)

    # the history

    async def _fill_for_ever(self) -> None:
        while True:
            if self._series.due(self._venue_us(self._clock.monotonic_ns())):
                await self._fill()
            await self._timer.sleep(FILL_GAP_S if self._series.filled else 0)

    async def _fill(self) -> None:
        """One question to the history, when its lane is due."""
        await self._history.wait_retry()
        self._series.begin()
        asked_ns = self._clock.monotonic_ns()
        venue_us = self._venue_us(asked_ns)
        count = self._series.count(venue_us)
        request = self._requests.candles(self._symbol, self._spellings[0], count, until_us=venue_us)
        try:
            rows = await self._rest.call(request, self._read)
        except VenueRejected as fault:
            if fault.code != self._requests.unsupported_interval:
                self._failed(fault)
            elif len(self._spellings) > 1:
                del self._spellings[0]
                self._series.missed()
            else:
                name = self._timeframe.name
                raise ConfigFault("timeframe", name, f"one that the venue has ({fault})") from fault
        except Fault as fault:
            self._failed(fault)
        else:
            self._history.message()
            self._history.healthy()
            if self._history.state != "connected":
                self._history.connected()
            self._spellings = self._spellings[:1]
            first = not self._series.filled
            told = self._series.backfill(rows, self._venue_us(asked_ns))
            self._tell(list(self._series.kept.values()) if first else told)
            self._history.requests = self._rest.requests
            confirmed = Confirmed(via="polling", received_ns=self._clock.wall_ns())
            self._outbox.put("confirmed", self._topic, confirmed)

    def _failed(self, fault: Fault) -> None:
        self._series.missed()
        self._history.failed(fault, healthy=self._history.state == "connected")

    def _venue_us(self, mono_ns: int) -> int:
        """The venue's time at a moment of CLOCK_MONOTONIC; ours, before its first answer."""
        clock = self._clock
        ours_ns = clock.wall_ns() - (clock.monotonic_ns() - mono_ns)
        return (self._rest.venue_clock.time_ns(mono_ns) or ours_ns) // 1_000

    # what is told

    def _tell(self, candles: list[Candle]) -> None:
        for candle in candles:
            self._outbox.put("candle", self._topic, candle, key=str(candle.start_us))
        if candles:
            self._context.progress.good_event()

    def _tell_present(self, _: object) -> None:
        self._tell(list(self._series.kept.values()))
        self._history.beat()
        if self._stream is not None:
            self._stream.lane.beat()

    def _tell_connection(self, state: ConnectionState) -> None:
        self._outbox.put("connection_state", "connections", state, key=state.lane)


async def run(context: ActorContext) -> None:
    """The entry of `candles:<venue>:<product>:<symbol>:<timeframe>`; config: contracts, 6."""
    config = context.config
    venue = venue_named(str(config["venue"]))
    data = market_data(venue.name)
    wanted = str(config["timeframe"])
    timeframe = next((each for each in data.timeframes if each.name == wanted), None)
    if timeframe is None:
        known = ", ".join(each.name for each in data.timeframes)
        raise ConfigFault("timeframe", repr(wanted), f"one of {known}")
    timer = Timer(context.clock)
    market = await named_market(context, venue, timer)
    await CandlesActor(context, venue, data, timeframe, market, timer=timer).run()
