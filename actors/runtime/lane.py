"""One lane (REST or WebSocket) of an actor: what it tells of itself, and its wait between tries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from actors.errors import Fault, KeyRejected, RateLimited
from actors.messages.control import ConnectionState
from actors.runtime.connection_policy import ConnectionPolicy, Retries, Retry
from actors.runtime.masking import LIVE
from actors.runtime.timer import Timer
from actors.runtime.venue_clock import VenueClock


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneName:
    """Whose lane it is: the constant part of its ConnectionState."""

    actor: str
    venue: str
    lane: str
    account: str = ""
    exit_address: str = ""


class Lane:
    """The state of one lane; `publish` gets it whenever it changes, and by `beat` once a second.

    `report` gets each fault that ended a connection or an attempt.
    """

    def __init__(
        self,
        name: LaneName,
        policy: ConnectionPolicy,
        timer: Timer,
        publish: Callable[[ConnectionState], None],
        report: Callable[[Fault], None] = lambda _: None,
    ) -> None:
        self.name = name
        self.state = "connecting"
        self.paused = False
        self.messages = 0
        self.malformed = 0
        self.requests = 0
        self.failures = 0
        self.rate_limited = 0
        self.connects = 0
        self.last_message_mono_ns = 0
        self.interval_effective_ms = 0.0
        self.stale_after_ms = 0.0
        self.latency_ms: float | None = None
        self.venue_clock: VenueClock | None = None
        """What this lane's answers tell of the venue's clock."""
        self.attempted = False
        """A first attempt has ended, well or not: who waits for this lane may stop waiting."""
        self.interrupt = asyncio.Event()
        """Set by pause, resume and reconnect: whoever waits or reads looks up."""
        self._timer = timer
        self._publish = publish
        self._report = report
        self._retries = Retries(policy, f"{name.actor}/{name.lane}")
        self._since_ns = timer.clock.monotonic_ns()
        self._next_retry_ns = 0
        self._last_error = ""
        self._last_error_ns = 0

    def connecting(self) -> None:
        self._enter("connecting")

    def connected(self) -> None:
        """Authenticated and answered (subscribed, where the venue says so)."""
        self.attempted = True
        self.connects += 1
        self._next_retry_ns = 0
        self._enter("connected")

    def healthy(self) -> None:
        """Good for long enough: the next failure is a first one again."""
        self._retries.reset()

    def failed(self, fault: Fault, *, healthy: bool) -> Retry:
        """The connection or attempt ended by `fault`; `healthy` if it was good until then."""
        self.error(fault)
        self._report(fault)
        self.attempted = True
        retry = self._retries.after(healthy=healthy)
        delay_s = retry.delay_s
        if isinstance(fault, RateLimited) and fault.retry_after_s is not None:
            delay_s = max(delay_s, fault.retry_after_s)
        self._next_retry_ns = self._timer.clock.monotonic_ns() + round(delay_s * 1e9)
        self._enter("rejected" if isinstance(fault, KeyRejected) else "backoff")
        return retry

    def error(self, fault: Fault) -> None:
        """Counts and keeps a fault without ending anything."""
        self.failures += 1
        self.rate_limited += isinstance(fault, RateLimited)
        self._last_error = LIVE.text(f"{type(fault).__name__}: {fault}")[:300]
        self._last_error_ns = self._timer.clock.wall_ns()

    def message(self) -> None:
        self.messages += 1
        self.last_message_mono_ns = self._timer.clock.monotonic_ns()

    def alive(self, at_mono_ns: int) -> None:
        """Something came that is no message (Ping, Pong)."""
        self.last_message_mono_ns = max(self.last_message_mono_ns, at_mono_ns)

    async def wait_retry(self) -> None:
        """Until the next attempt is due or wanted; never while paused."""
        while True:
            self.interrupt.clear()
            if self.paused:
                self._enter("paused")
                await self.interrupt.wait()
            elif await self._timer.sleep_until(self._next_retry_ns, self.interrupt):
                continue
            else:
                return

    def reconnect(self) -> None:
        """An operator's wish: forget the phase and try now."""
        self._retries.reset()
        self._next_retry_ns = 0
        self.interrupt.set()

    def nudge(self) -> None:
        """There is reason to believe that the road is open: try now, without forgetting."""
        self._next_retry_ns = 0
        self.interrupt.set()

    def pause(self) -> None:
        self.paused = True
        self.interrupt.set()

    def resume(self) -> None:
        self.paused = False
        self._next_retry_ns = 0
        self.interrupt.set()

    def beat(self) -> None:
        """Publishes the counters as they are now."""
        self._publish(self.snapshot())

    def snapshot(self) -> ConnectionState:
        clock = self._timer.clock
        offset = None
        if self.venue_clock is not None:
            offset = self.venue_clock.offset(clock.monotonic_ns(), clock.wall_ns())
        return ConnectionState(
            actor=self.name.actor,
            venue=self.name.venue,
            account=self.name.account,
            lane=self.name.lane,
            state=self.state,
            phase=self._retries.phase,
            attempt=self._retries.attempt,
            next_retry_mono_ns=self._next_retry_ns,
            since_mono_ns=self._since_ns,
            connects=self.connects,
            messages=self.messages,
            malformed=self.malformed,
            requests=self.requests,
            failures=self.failures,
            rate_limited=self.rate_limited,
            last_message_mono_ns=self.last_message_mono_ns,
            interval_effective_ms=self.interval_effective_ms,
            stale_after_ms=self.stale_after_ms,
            latency_ms=self.latency_ms,
            last_error=self._last_error,
            last_error_ns=self._last_error_ns,
            exit_address=self.name.exit_address,
            clock_offset_ms=None if offset is None else offset.offset_ms,
            clock_uncertainty_ms=None if offset is None else offset.uncertainty_ms,
            clock_measured_mono_ns=0 if offset is None else offset.measured_mono_ns,
        )

    def _enter(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self._since_ns = self._timer.clock.monotonic_ns()
        self.beat()
