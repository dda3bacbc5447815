"""The one public WebSocket stream of a process: its lane, its connection, what operators ask."""

from __future__ import annotations

from collections.abc import Callable

from actors.errors import MalformedFrame
from actors.messages.control import Confirmed, ConnectionState
from actors.runtime.connection import Connection, StreamHandler
from actors.runtime.connection_policy import POLICIES
from actors.runtime.context import ActorContext
from actors.runtime.frames import Complaints, KeptFrame, complaint
from actors.runtime.lane import Lane, LaneName
from actors.runtime.lease import LeasedThrottle, handshake_throttle
from actors.runtime.shown_frames import frames_answer
from actors.runtime.throttle import Throttle
from actors.runtime.timer import Timer
from actors.runtime.websocket import Socket, open_socket
from actors.venues.contract import Session, Venue


class PublicStream:
    """Market data needs no account, so it leaves by this machine's own address."""

    def __init__(
        self,
        context: ActorContext,
        venue: Venue,
        session: Session,
        handler: StreamHandler,
        timer: Timer,
        *,
        policy: str,
        throttle: Throttle | None = None,
    ) -> None:
        """`throttle`: that of the process, where it asks over REST too."""
        self._context = context
        self._timer = timer
        self._throttle = (
            handshake_throttle(context, venue, timer)
            or throttle
            or LeasedThrottle(context, venue, timer)
        )
        self._complaints = Complaints()
        self._confirmed_by_ns = 0
        self.lane = Lane(
            LaneName(actor=context.actor_id, venue=venue.name, lane="websocket"),
            POLICIES[policy],
            timer,
            self._tell_connection,
            context.fault,
        )
        self.lane.stale_after_ms = (session.mute_max_s or session.silence_max_s) * 1e3
        self.connection = Connection(session, self.lane, handler, timer, self._open_socket)

    def take_controls(self, tell_present: Callable[[object], None], *more: Lane) -> None:
        """Operators' wishes, for `more` lanes too; `tell_present(_)` puts all that is held into the
        outbox again."""
        context, lanes = self._context, (self.lane, *more)

        def tell(act: Callable[[Lane], None]) -> Callable[[object], None]:
            def tell_all(_: object) -> None:
                for lane in lanes:
                    act(lane)

            return tell_all

        context.progress.queue_depth = lambda: context.outbox.pending
        context.on_control("reconnect", tell(Lane.reconnect))
        context.on_control("refresh", tell(Lane.reconnect))
        context.on_control("resync", tell_present)
        context.on_control("pause", tell(Lane.pause))
        context.on_control("resume", tell(Lane.resume))
        context.on_question("frames", frames_answer({"websocket": self.connection.frames}))
        context.link.on_welcome(tell_present)

    def confirm(self, topic: str) -> None:
        """All of `topic` is as told: the stream lives, and would have said a change."""
        life_ns = self.lane.last_message_mono_ns
        if self.lane.state != "connected" or life_ns <= self._confirmed_by_ns:
            # Nothing came since: said again, it would make old data young.
            return
        self._confirmed_by_ns = life_ns
        clock = self._timer.clock
        received_ns = clock.wall_ns() - (clock.monotonic_ns() - life_ns)
        confirmed = Confirmed(via="websocket", received_ns=received_ns)
        self._context.outbox.put("confirmed", topic, confirmed)

    def malformed(self, fault: MalformedFrame, frame: KeptFrame) -> None:
        """Reports a frame that was skipped, at most once a second with their count."""
        if count := self._complaints.due(self._timer.clock.monotonic_ns()):
            self._context.fault(complaint(fault, frame, count))

    def _tell_connection(self, state: ConnectionState) -> None:
        self._context.outbox.put("connection_state", "connections", state, key=state.lane)
        if state.state == "paused":
            # It does all that it is to do; shown as paused, not as failed.
            self._context.ready()

    async def _open_socket(self, session: Session) -> Socket:
        return await open_socket(
            session.url,
            session.headers,
            clock=self._timer.clock,
            proxy=None,
            ping_interval_s=session.ping_interval_s,
            refused=session.refused,
            throttle=self._throttle,
        )
