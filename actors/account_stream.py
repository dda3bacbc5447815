"""The stream lane of an account: what it says goes out at once, or waits for a catch-up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from actors.account_feed import Feed
from actors.errors import Fault, MalformedFrame
from actors.reconciliation import Heard, Reconciler
from actors.runtime.clock import Clock
from actors.runtime.context import Progress
from actors.runtime.frames import Complaints, KeptFrame, complaint
from actors.runtime.timer import Timer
from actors.venues.contract import Event, Subscribed

BEGIN_S: Final = 3.0
"""So long a first catch-up waits for a stream that begins late."""
BUFFER_NS_MAX: Final = 15_000_000_000
BUFFER_EVENTS_MAX: Final = 5_000
"""What waits longer, or is more, goes out without waiting: late is worse than out of order."""


class AccountStream:
    """A StreamHandler.

    From `opened` on events wait, until REST has told what happened before (`begin` … `end`, called
    by the REST lane), so that all goes out in order. Where REST cannot be reached they go out
    without it, and the catch-up stays due. A stream that `begins_late` has the catch-up wait until
    its subscriptions are acknowledged, and another one follows where they are made anew.
    """

    def __init__(self, story: Reconciler, feed: Feed, clock: Clock, progress: Progress) -> None:
        self.begins_late = False
        """It delivers from Subscribed on, not from the handshake."""
        self.is_open = False
        self.complete = False
        """Open, caught up, and nothing skipped since: REST need not look for fills."""
        self.want_catch_up: Callable[[], None] = lambda: None
        self.on_success: Callable[[], None] = lambda: None
        self.on_fault: Callable[[Fault], None] = lambda _: None
        self.report: Callable[[Fault], None] = lambda _: None
        self._story = story
        self._feed = feed
        self._clock = clock
        self._progress = progress
        self._complaints = Complaints()
        self._buffer: list[Heard] | None = None
        self._buffered_since_ns = 0
        self._events_buffered = 0
        self._missed = False
        """Since the last `begin` something may have passed unheard."""
        self._delivers = False
        self._begun = asyncio.Event()

    # towards the connection

    def opened(self) -> None:
        self.is_open = True
        self._delivers = not self.begins_late
        self._doubt()

    def events(self, events: list[Event]) -> None:
        self._progress.frame()
        if events:
            # A greeting, or the answer to a ping, says nothing of the key.
            self.on_success()
        if any(isinstance(event, Subscribed) and event.late for event in events):
            self._delivers = True
            self._begun.set()
            self._doubt()
        now_ns = self._clock.monotonic_ns()
        heard = Heard(events=events, at_ns=now_ns)
        if self._buffer is None:
            self._feed.publish(self._story.heard([heard]))
            return
        self._buffer.append(heard)
        self._events_buffered += len(events)
        if self._events_buffered > BUFFER_EVENTS_MAX:
            self._flush()
        self.beat()

    def beat(self) -> None:
        """Once a second: what waited too long for its catch-up goes out without it."""
        if self._buffer and self._clock.monotonic_ns() - self._buffered_since_ns > BUFFER_NS_MAX:
            self._flush()

    def malformed(self, fault: MalformedFrame, frame: KeptFrame) -> None:
        if count := self._complaints.due(self._clock.monotonic_ns()):
            self.report(complaint(fault, frame, count))
        self._doubt()

    def lost(self, fault: Fault) -> None:
        self.is_open = self.complete = self._delivers = False
        # Events that still wait for their catch-up are dropped: REST will tell them, in order.
        self._buffer = None
        self.on_fault(fault)

    async def room(self) -> None:
        await self._feed.room()

    # towards the REST lane

    async def begun(self, timer: Timer) -> None:
        """Returns once it delivers, or soon: a catch-up before that would be repeated after it,
        which a small budget takes long for."""
        if self.begins_late and not self._delivers:
            await timer.sleep(BEGIN_S, self._begun)

    def begin(self) -> None:
        """A catch-up asks its first question now."""
        self._missed = False
        if self.is_open:
            self._start_buffer()

    def end(self, *, done: bool) -> list[Heard]:
        """The answers are there (`done`), or will not come; what was said meanwhile."""
        if done and self._missed:
            # Younger than the first question: the next catch-up, which is due, tells of it.
            return []
        self.complete = done and self._delivers
        heard, self._buffer = self._buffer or [], None
        return heard

    def _doubt(self) -> None:
        """Something may have passed unheard: what comes now waits until REST has told it."""
        self.complete = False
        self._missed = True
        self._start_buffer()
        if self._delivers:
            self.want_catch_up()

    def _start_buffer(self) -> None:
        if self._buffer is None:
            self._buffer = []
            self._events_buffered = 0
            self._buffered_since_ns = self._clock.monotonic_ns()

    def _flush(self) -> None:
        heard, self._buffer = self._buffer or [], None
        self._feed.publish(self._story.heard(heard))
