"""One question to a venue, asked at a steady pace over REST: its lane, what operators ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from actors.errors import Fault
from actors.messages.control import ConnectionState
from actors.runtime.connection_policy import POLICIES
from actors.runtime.context import ActorContext
from actors.runtime.lane import Lane, LaneName
from actors.runtime.rest import Reader, RestClient
from actors.runtime.shown_frames import frames_answer
from actors.runtime.tasks import run_together, run_until_stopped
from actors.runtime.throttle import Throttle
from actors.runtime.timer import Timer
from actors.venues.contract import Venue
from actors.venues.http_request import HttpRequest

BEAT_S: Final = 1.0
STALE_AFTER_INTERVALS: Final = 3

T = TypeVar("T")


class PublicPoll(Generic[T]):
    """`tell` puts an answer into the outbox, at once and whenever a cache wants to hear it again;
    `take` is called after it, once for each answer.

    What it asks needs no account, so it leaves by this machine's own address. A question that
    fails is asked again by the venue's connection policy.
    """

    def __init__(
        self,
        context: ActorContext,
        venue: Venue,
        timer: Timer,
        throttle: Throttle,
        *,
        request: HttpRequest,
        read: Reader[T],
        interval_s: float,
        take: Callable[[T], None],
        tell: Callable[[T], None],
    ) -> None:
        self._context = context
        self._timer = timer
        self._request = request
        self._read = read
        self._interval_s = interval_s
        self._take = take
        self._tell = tell
        self._held: T | None = None
        self._due_ns = 0
        self._rest = RestClient(timer, throttle)
        self._lane = Lane(
            LaneName(actor=context.actor_id, venue=venue.name, lane="rest"),
            POLICIES[venue.connection_policy],
            timer,
            self._tell_connection,
            context.fault,
        )
        self._lane.venue_clock = self._rest.venue_clock
        self._set_pace()

    async def run(self) -> None:
        """Until the actor is asked to stop."""
        context, lane = self._context, self._lane
        context.progress.queue_depth = lambda: context.outbox.pending
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
            await run_together(self._ask_for_ever(), self._beat())

    async def _ask_for_ever(self) -> None:
        lane = self._lane
        while True:
            await lane.wait_retry()
            if lane.state != "connected":
                lane.connecting()
                self._due_ns = 0
            if await self._timer.sleep_until(self._due_ns, lane.interrupt):
                continue
            self._due_ns = self._timer.clock.monotonic_ns() + round(self._interval_s * 1e9)
            self._set_pace()
            try:
                answer = await self._rest.call(self._request, self._read)
            except Fault as fault:
                lane.failed(fault, healthy=lane.state == "connected")
            else:
                self._succeed(answer)
            lane.requests = self._rest.requests
            lane.latency_ms = self._rest.latency_ms

    def _succeed(self, answer: T) -> None:
        lane = self._lane
        self._held = answer
        lane.message()
        lane.healthy()
        if lane.state != "connected":
            lane.connected()
        self._tell(answer)
        self._take(answer)
        self._context.progress.frame()
        self._context.progress.good_event()
        self._context.ready()

    def _set_pace(self) -> None:
        """An answer that missed three intervals is not what the venue would say now."""
        interval_s = self._rest.throttle.interval_s(self._interval_s, 1)
        self._lane.interval_effective_ms = interval_s * 1e3
        self._lane.stale_after_ms = STALE_AFTER_INTERVALS * interval_s * 1e3

    async def _beat(self) -> None:
        while True:
            self._lane.beat()
            await self._timer.sleep(BEAT_S)

    def _tell_connection(self, state: ConnectionState) -> None:
        self._context.outbox.put("connection_state", "connections", state, key=state.lane)
        if state.state == "paused":
            # It does all that it is to do; shown as paused, not as failed.
            self._context.ready()

    def _tell_present(self, _: object) -> None:
        if self._held is not None:
            self._tell(self._held)
        self._lane.beat()

    def _ask_now(self, _: object) -> None:
        self._due_ns = 0
        self._lane.reconnect()
