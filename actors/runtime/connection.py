"""Keeps one Session connected: opens, reads, watches over silence, and tries again by policy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from actors.errors import Disconnected, Fault, LinkFault, MalformedFrame, Mute, VenueFault
from actors.runtime.connection_policy import HEALTHY_AFTER_S, ShortLives
from actors.runtime.frames import FrameRing, KeptFrame
from actors.runtime.lane import Lane
from actors.runtime.timer import Timer
from actors.runtime.websocket import Socket
from actors.venues.contract import Event, Session, Subscribed

TICK_S: Final = 1.0
OPENING_TICK_S: Final = 0.1
"""Until it is subscribed: what a session waits for with that (a token, names of markets) is learnt
elsewhere, and may be there at any moment."""
ACKNOWLEDGED_AFTER_S: Final = 3.0
"""A stream on which silence is legal counts as subscribed when it stays open for so long."""


class StreamHandler(Protocol):
    """What an actor does with a stream. `opened` … `lost` bracket each connection."""

    def opened(self) -> None:
        """The handshake is done; frames follow."""

    def events(self, events: list[Event]) -> None: ...

    def malformed(self, fault: MalformedFrame, frame: KeptFrame) -> None:
        """A frame was skipped."""

    def lost(self, fault: Fault) -> None:
        """The connection, or the attempt, ended. May raise to end the actor."""

    async def room(self) -> None:
        """Returns when another frame can be taken in."""


class Vigil:
    """Watches one connection's silence; pure but for the times that it is told."""

    def __init__(self, session: Session, opened_ns: int) -> None:
        self.opened_ns = opened_ns
        self.good = False
        """A frame said something; a greeting, or the answer to a ping, does not."""
        self.delivered = False
        """It said something of what it is there for, not merely that it is there."""
        self.blocked = False
        """We do not read, for want of room: the peer's silence then proves nothing."""
        self._silence_max_ns = round(session.silence_max_s * 1e9)
        self._mute_max_ns = None if session.mute_max_s is None else round(session.mute_max_s * 1e9)
        self._last_good_ns = opened_ns
        self._blocked_until_ns = opened_ns

    def good_frame(self, now_ns: int, *, says: bool = True) -> None:
        self.good = self.good or says
        self._last_good_ns = now_ns

    def check(self, now_ns: int, last_life_ns: int) -> None:
        """Raises Disconnected for a dead peer, Mute for one that lives but says nothing."""
        if self.blocked:
            self._blocked_until_ns = now_ns
        silent_ns = now_ns - max(last_life_ns, self._blocked_until_ns)
        if silent_ns > self._silence_max_ns:
            raise Disconnected(f"no sign of life for {silent_ns / 1e9:.0f} s")
        mute_ns = now_ns - max(self._last_good_ns, self._blocked_until_ns)
        if self._mute_max_ns is not None and mute_ns > self._mute_max_ns:
            raise Mute(f"connected, but no data for {mute_ns / 1e9:.0f} s")

    @property
    def silence_legal(self) -> bool:
        return self._mute_max_ns is None

    def healthy(self, now_ns: int) -> bool:
        """Whether the connection was worth calling one (see HEALTHY_AFTER_S)."""
        lived_s = (now_ns - self.opened_ns) / 1e9
        return lived_s >= HEALTHY_AFTER_S and (self.good or self.silence_legal)


class Connection:
    """One lane over WebSocket. `run` ends only by cancellation, by what the handler raises, or by
    Mute: two connections in a row on which the venue said nothing, the second not one good frame.
    Then this process may be what is wrong, and a new one is worth a try. A road that is down never
    ends it.
    """

    def __init__(
        self,
        session: Session,
        lane: Lane,
        handler: StreamHandler,
        timer: Timer,
        open_session: Callable[[Session], Awaitable[Socket]],
    ) -> None:
        self.frames = FrameRing()
        self._session = session
        self._lane = lane
        self._handler = handler
        self._timer = timer
        self._clock = timer.clock
        self._open = open_session
        self._was_mute = False
        self._short_lives = ShortLives()

    async def run(self) -> None:
        while True:
            await self._lane.wait_retry()
            self._lane.connecting()
            try:
                socket = await self._open(self._session)
            except (LinkFault, VenueFault) as fault:
                self._ended(fault, None)
                continue
            vigil = Vigil(self._session, self._clock.monotonic_ns())
            try:
                await self._live(socket, vigil)
                self._handler.lost(Disconnected("closed on request"))
            except (LinkFault, VenueFault) as fault:
                # Told before the farewell, which may take a second.
                self._ended(fault, vigil)
            finally:
                await socket.close()

    def _ended(self, fault: Fault, vigil: Vigil | None) -> None:
        now_ns = self._clock.monotonic_ns()
        healthy = vigil is not None and (
            vigil.healthy(now_ns) or (vigil.delivered and self._short_lives.forgive(now_ns))
        )
        self._lane.failed(fault, healthy=healthy)
        self._handler.lost(fault)
        self._judge_mute(fault, vigil)

    def _judge_mute(self, fault: Fault, vigil: Vigil | None) -> None:
        if isinstance(fault, Mute):
            if self._was_mute and vigil is not None and not vigil.good:
                raise fault
            self._was_mute = True
        elif vigil is not None and vigil.good:
            self._was_mute = False

    async def _live(self, socket: Socket, vigil: Vigil) -> None:
        """Until the lane is interrupted; raises the fault that ends the connection."""
        reader = asyncio.ensure_future(self._read(socket, vigil))
        reader.add_done_callback(lambda _: self._lane.interrupt.set())
        try:
            while not await self._timer.sleep(self._tick_s(), self._lane.interrupt):
                now_ns = self._clock.monotonic_ns()
                vigil.check(now_ns, socket.last_life_mono_ns)
                for due in self._session.to_send(now_ns):
                    await socket.send(due)
                self._lane.latency_ms = socket.latency_ms
                if not vigil.blocked:
                    # A Ping says as much as a frame: had anything changed, it would have been
                    # told. Not so while nobody reads.
                    self._lane.alive(socket.last_life_mono_ns)
                self._note_success(vigil, now_ns)
            if reader.done():
                reader.result()
        finally:
            reader.cancel()
            await asyncio.wait({reader})
            if not reader.cancelled():
                # Asked for, so that a fault that came in the same moment is not reported as lost.
                reader.exception()

    def _tick_s(self) -> float:
        return OPENING_TICK_S if self._lane.state == "connecting" else TICK_S

    def _note_success(self, vigil: Vigil, now_ns: int) -> None:
        if (
            vigil.silence_legal
            and self._lane.state == "connecting"
            and now_ns - vigil.opened_ns >= ACKNOWLEDGED_AFTER_S * 1e9
        ):
            self._lane.connected()
        if vigil.healthy(now_ns):
            self._lane.healthy()

    async def _read(self, socket: Socket, vigil: Vigil) -> None:
        for data in self._session.connected(self._clock.wall_ns()):
            await socket.send(data)
        self._handler.opened()
        while True:
            vigil.blocked = True
            await self._handler.room()
            vigil.blocked = False
            data = await socket.receive()
            now_ns = self._clock.wall_ns()
            self._lane.message()
            self.frames.keep(data, now_ns)
            try:
                events = self._session.receive(data, now_ns)
            except MalformedFrame as fault:
                self._lane.malformed += 1
                self._lane.error(fault)
                kept = self.frames.keep_malformed(data, now_ns, str(fault))
                self._handler.malformed(fault, kept)
            else:
                self._take(events, vigil)
            # Not by a method of its own: this is asked for after each frame.
            for due in self._session.to_send(self._clock.monotonic_ns()):
                await socket.send(due)

    def _take(self, events: list[Event], vigil: Vigil) -> None:
        vigil.good_frame(self._clock.monotonic_ns(), says=bool(events))
        vigil.delivered = vigil.delivered or any(
            not isinstance(event, Subscribed) for event in events
        )
        if self._lane.state == "connecting" and any(
            isinstance(event, Subscribed) for event in events
        ):
            self._lane.connected()
        self._handler.events(events)
