"""One account: REST polling and the private stream, two lanes that tell one story."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from actors.account_asides import Asides
from actors.account_feed import SECTIONS, Feed
from actors.account_pace import Pace
from actors.account_rest import RestLane
from actors.account_stream import AccountStream
from actors.errors import Fault, KeyRejected
from actors.messages.control import Pause, Reconnect, Refresh, Resume, Welcome
from actors.reconciliation import Reconciler
from actors.runtime.clock import Clock
from actors.runtime.connection import Connection
from actors.runtime.connection_policy import POLICIES
from actors.runtime.context import ActorContext
from actors.runtime.lane import Lane, LaneName
from actors.runtime.lease import handshake_throttle
from actors.runtime.masking import register_secrets
from actors.runtime.owner_throttle import OwnerThrottle
from actors.runtime.proxy import parse_proxy
from actors.runtime.rest import RestClient
from actors.runtime.shown_frames import Rings, frames_answer
from actors.runtime.stream_limits import apply_limits
from actors.runtime.tasks import run_together, run_until_stopped
from actors.runtime.timer import Timer
from actors.runtime.websocket import Socket, open_socket
from actors.venues.contract import Requests, Session, Venue
from actors.venues.registry import venue as venue_named

KEY_REJECTIONS_MAX: Final = 3
KEY_REJECTIONS_WINDOW_S: Final = 600.0
BEAT_S: Final = 1.0
READY_LOOK_S: Final = 0.1
CATCH_UP_REQUESTS: Final = 12
"""What a new incarnation would ask at once: the handshake, its catch-up, and the one that follows
when the stream is open."""


class KeyTally:
    """When a refused key is the key's fault: at its first use, or thrice in ten minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accepted = False
        self._rejections: deque[int] = deque(maxlen=KEY_REJECTIONS_MAX)

    def accepted(self) -> None:
        self._accepted = True

    def rejected(self, fault: KeyRejected) -> None:
        """Raises `fault` when it ends the actor."""
        now_ns = self._clock.monotonic_ns()
        self._rejections.append(now_ns)
        within_ns = now_ns - self._rejections[0]
        often = len(self._rejections) == KEY_REJECTIONS_MAX
        if not self._accepted or (often and within_ns <= KEY_REJECTIONS_WINDOW_S * 1e9):
            raise fault


class AccountActor:
    """Wires the lanes of one account together; the work is in its parts."""

    def __init__(
        self, context: ActorContext, venue: Venue, secrets: Mapping[str, str], timer: Timer
    ) -> None:
        config = context.config
        account = str(config["name"])
        proxy = parse_proxy(secrets["proxy"]) if secrets.get("proxy") else None
        register_secrets(secrets, proxy)
        self._context = context
        self._timer = timer
        self._key = KeyTally(timer.clock)
        self._proxy = proxy
        self._feed = Feed(context, venue.name, account)
        self._story = Reconciler(venue.name, account, venue.products[0])
        exit_address = proxy.exit_address if proxy is not None else ""
        self._lanes = lanes = self._make_lanes(venue, account, exit_address)
        self._stream = AccountStream(self._story, self._feed, timer.clock, context.progress)
        access = venue.access(
            account,
            secrets,
            base_url=str(config["base_url"]),
            ws_url=str(config["ws_url"]),
            now_ns=self._token_time_ns,
        )
        session = access.session
        apply_limits(session, config)
        # Where silence is not legal, the venue acknowledges what is subscribed.
        self._stream.begins_late = session.mute_max_s is not None
        lanes["websocket"].stale_after_ms = session.silence_max_s * 1e3
        self._connection = Connection(
            session, lanes["websocket"], self._stream, timer, self._open_socket
        )
        pace = Pace(
            poll_interval_s=float(config.get("poll_interval_s", venue.poll_interval_s)),
            orders_interval_s=venue.orders_interval_s,
            cache_ttl_s=float(config["cache_ttl_s"]),
            per_round=1 if venue.joint_figures else 2,
        )
        self._throttle = OwnerThrottle(
            context,
            venue,
            timer,
            exit_address,
            wanted_per_s=pace.wanted_per_s(stream_complete=False),
            opening=CATCH_UP_REQUESTS,
        )
        self._handshakes = handshake_throttle(context, venue, timer, exit_address)
        self._client = RestClient(timer, self._throttle, proxy)
        lanes["rest"].venue_clock = self._client.venue_clock
        self._rest = RestLane(
            lane=lanes["rest"],
            rest=self._client,
            requests=access.requests,
            story=self._story,
            stream=self._stream,
            feed=self._feed,
            timer=timer,
            pace=pace,
            joint_figures=venue.joint_figures,
        )
        self._confirmed_by_ns = 0
        points_interval_s = float(config.get("points_interval_s", venue.points_interval_s))
        self._asides = self._beside(access.requests, points_interval_s)
        self._connect_parts()

    async def run(self) -> None:
        """Until asked to stop; raises KeyRejected, Mute."""
        self._take_controls()
        await run_until_stopped(self._context, self._work())

    async def _work(self) -> None:
        # Without the cache's cursors nobody could say what is news.
        welcome = await self._context.welcome()
        self._story.adopt(welcome)
        self._asides.adopt(welcome)
        self._context.link.on_welcome(self._tell_present)
        async with self._client:
            parts = (self._rest.run(), self._connection.run(), self._beat(), self._become_ready())
            await run_together(*parts, *self._asides.runs())

    # wiring

    def _make_lanes(self, venue: Venue, account: str, exit_address: str) -> dict[str, Lane]:
        context = self._context
        return {
            lane: Lane(
                LaneName(
                    actor=context.actor_id,
                    venue=venue.name,
                    account=account,
                    lane=lane,
                    exit_address=exit_address,
                ),
                POLICIES[venue.connection_policy],
                self._timer,
                self._feed.connection,
                context.fault,
            )
            for lane in ("rest", "websocket")
        }

    def _beside(self, requests: Requests, points_interval_s: float) -> Asides:
        return Asides(
            lane=self._rest,
            rest=self._client,
            requests=requests,
            story=self._story,
            feed=self._feed,
            timer=self._timer,
            points_interval_s=points_interval_s,
            report=self._context.fault,
        )

    def _connect_parts(self) -> None:
        self._story.recency.venue_now_ns = self._venue_now_ns
        self._stream.want_catch_up = lambda: self._rest.soon(catch_up=True)
        self._stream.on_fault = self._rest.on_fault = self._judge
        self._stream.report = self._rest.report = self._context.fault
        self._stream.on_success = self._rest.on_success = self._key.accepted
        self._rest.want = self._throttle.want
        self._rest.on_owner = self._throttle.owned_by

    def _venue_now_ns(self) -> int | None:
        return self._client.venue_clock.latest_ns(self._timer.clock.monotonic_ns())

    def _token_time_ns(self) -> int:
        """The venue's time, or ours until it has told its own."""
        return self._venue_now_ns() or self._timer.clock.wall_ns()

    def _take_controls(self) -> None:
        context = self._context
        context.on_control("reconnect", self._reconnect)
        context.on_control("refresh", self._refresh)
        context.on_control("resync", lambda _: self._tell_present(None))
        context.on_control("pause", self._pause)
        context.on_control("resume", self._resume)
        rings: Rings = {"websocket": self._connection.frames, "rest": self._client.answers}
        context.on_question("frames", frames_answer(rings))

    async def _open_socket(self, session: Session) -> Socket:
        return await open_socket(
            session.url,
            session.headers,
            clock=self._timer.clock,
            proxy=self._proxy,
            ping_interval_s=session.ping_interval_s,
            refused=session.refused,
            throttle=self._handshakes or self._throttle,
        )

    def _reconnect(self, message: Reconnect) -> None:
        for name, lane in self._lanes.items():
            if message.lane in ("", name):
                lane.reconnect()

    def _refresh(self, message: Refresh) -> None:
        if message.lane in ("", "rest"):
            self._rest.soon(catch_up=True)
        self._asides.soon(message.lane)

    def _pause(self, _: Pause) -> None:
        for lane in self._lanes.values():
            lane.pause()

    def _resume(self, _: Resume) -> None:
        for lane in self._lanes.values():
            lane.resume()

    def _judge(self, fault: Fault) -> None:
        if isinstance(fault, KeyRejected):
            self._key.rejected(fault)

    # what is told

    def _tell_present(self, welcome: Welcome | None) -> None:
        """A cache that starts without a journal knows nothing; others drop what they hold.

        What cannot be told from here (past fills, how orders ended) REST tells such a cache.
        """
        self._feed.publish(self._story.present())
        self._asides.present(welcome)
        if welcome is not None and self._story.lacks(welcome):
            self._rest.anew = welcome
            self._rest.soon(catch_up=True)
        for lane in self._lanes.values():
            lane.beat()

    async def _beat(self) -> None:
        while True:
            for lane in self._lanes.values():
                lane.beat()
            self._stream.beat()
            self._confirm_by_stream()
            await self._timer.sleep(BEAT_S)

    async def _become_ready(self) -> None:
        """Whoever waits for this incarnation is not to wait for its next beat, too."""
        while not self._is_ready():
            await self._timer.sleep(READY_LOOK_S)
        self._context.ready()
        await self._context.stopping.wait()

    def _confirm_by_stream(self) -> None:
        """While REST cannot, an unbroken stream is what says that nothing has changed."""
        if not self._stream.complete or self._rest.confirms:
            return
        clock = self._timer.clock
        life_ns = self._lanes["websocket"].last_message_mono_ns
        if life_ns <= self._confirmed_by_ns:
            # Nothing came since: said again, it would make old data young.
            return
        self._confirmed_by_ns = life_ns
        age_ns = clock.monotonic_ns() - life_ns
        for section in SECTIONS:
            self._feed.confirm(section, "websocket", clock.wall_ns() - age_ns)

    def _is_ready(self) -> bool:
        """Each lane that works has authenticated and holds a first snapshot."""
        rest, stream = self._lanes["rest"], self._lanes["websocket"]
        if rest.state == stream.state == "paused":
            # It does all that it is to do; shown as paused, not as failed.
            return True
        rest_settled = self._rest.held or rest.state in ("backoff", "rejected", "paused")
        stream_settled = self._stream.complete or (
            stream.attempted and (stream.state != "connected" or not self._rest.held)
        )
        works = self._rest.held or self._stream.is_open
        return works and rest_settled and stream_settled and self._story.figures.current is not None


async def run(context: ActorContext) -> None:
    """The entry of `account:<venue>:<name>`; config and secrets: docs/design/contracts.md, 6."""
    actor = AccountActor(context, _venue(context.config), context.secrets(), Timer(context.clock))
    await actor.run()


def _venue(config: Mapping[str, Any]) -> Venue:
    return venue_named(str(config["venue"]))
