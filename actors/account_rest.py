"""The REST lane of an account: polls at a steady pace, and tells what was missed meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from actors.account_feed import SECTIONS, Feed
from actors.account_pace import Pace, Rhythm
from actors.account_pages import read_down
from actors.account_stream import AccountStream
from actors.errors import Fault, KeyRejected, RateLimited, VenueRejected
from actors.messages.account import AccountSnapshot, Fill, Order, Position
from actors.messages.control import Welcome
from actors.reconciliation import CatchUp, Reconciler
from actors.runtime.lane import Lane
from actors.runtime.rest import RestClient
from actors.runtime.timer import Timer
from actors.venues.contract import Requests

ROUNDS_FAILED_MAX: Final = 3
LATE_INTERVALS: Final = 2
"""Without an answer for so long, an unbroken stream is the fresher word."""
GROUNDWORK_MAX: Final = 3
"""Questions of that kind in one round: a market that no list shows must not ask for ever."""
FILLS_PAGES_MAX: Final = 100
HISTORY_PAGES_MAX: Final = 100
"""The history is read by last change: what ended while nobody listened stands in front."""
ASKED_BY_ID_MAX: Final = 20
"""Vanished orders that one reading asks for by id; the others' turn comes with the next."""


class RestLane:
    """`run` ends only by cancellation or by what `on_fault` raises.

    While the stream is not complete, the fills and the history of orders are polled too.
    """

    def __init__(
        self,
        *,
        lane: Lane,
        rest: RestClient,
        requests: Requests,
        story: Reconciler,
        stream: AccountStream,
        feed: Feed,
        timer: Timer,
        pace: Pace,
        joint_figures: bool,
    ) -> None:
        self.lane = lane
        self.held = False
        """A first snapshot (balance, positions, orders, fills) is there."""
        self.catch_up_due = True
        self.anew: Welcome | None = None
        """A cache that misses what was told: the next catch-up begins at what it holds."""
        self.on_fault: Callable[[Fault], None] = lambda _: None
        self.on_success: Callable[[], None] = lambda: None
        self.report: Callable[[Fault], None] = lambda _: None
        self.want: Callable[[float], None] = lambda _: None
        """Hears how many requests a second the pace needs, whenever that may have changed."""
        self.on_owner: Callable[[str], None] = lambda _: None
        """Hears, with each round, whom the venue counts these requests to."""
        self._rest = rest
        self._requests = requests
        self._story = story
        self._stream = stream
        self._feed = feed
        self._timer = timer
        self._clock = timer.clock
        self._pace = pace
        self._joint_figures = joint_figures
        self._failed_rounds = 0
        self._catches_up = False
        self._urgent = False
        self._rhythm = Rhythm()
        self._orders_due_ns = 0
        self._late_at_ns = 0
        self._look_again = False
        """One more look at the past: REST may lag its own stream by a moment."""
        self._unheard = False
        """REST showed what only an execution or a payment does, and the stream had not told it."""

    @property
    def confirms(self) -> bool:
        """Whether its last word was an answer, and no old one: connected, and neither failing, nor
        told to wait, nor late (what else the account asked may have used its budget up)."""
        is_up = self.lane.state == "connected" and not self._failed_rounds
        is_late = self._clock.monotonic_ns() > self._late_at_ns
        return is_up and not is_late and not self._rest.throttle.held_s

    @property
    def at_ease(self) -> bool:
        """Whether all of the account's state is told: what can wait may now be asked for."""
        return self.held and self.confirms and not (self.catch_up_due or self._catches_up)

    def soon(self, *, catch_up: bool) -> None:
        """A round (or a catch-up) at once, whatever the pace; a lane that is down tries now."""
        self.catch_up_due = self.catch_up_due or catch_up
        self._urgent = True
        self.lane.nudge()

    async def run(self) -> None:
        while True:
            await self.lane.wait_retry()
            if self.lane.state != "connected":
                self.lane.connecting()
            if not self._urgent and await self._timer.sleep_until(
                self._rhythm.due_ns, self.lane.interrupt
            ):
                continue
            self._urgent = False
            if held_s := self._rest.throttle.held_s:
                await self._sit_out(held_s)
                continue
            await self._feed.room()
            started_ns = self._clock.monotonic_ns()
            if self.catch_up_due:
                self._catches_up = True
                fault = await self._catch_up()
                self._catches_up = False
                # How long it takes tells nothing of the rounds.
                self._conclude(fault, 0.0)
            else:
                fault = await self._round()
                self._conclude(fault, (self._clock.monotonic_ns() - started_ns) / 1e9)

    async def _sit_out(self, held_s: float) -> None:
        """A Retry-After, perhaps another account's: what makes data stale is shown as a failure."""
        self._rhythm.reset()
        if self.lane.state == "connected" and held_s * 1e3 <= self.lane.stale_after_ms:
            await self._timer.sleep(held_s, self.lane.interrupt)
        else:
            self.lane.failed(RateLimited(round(held_s, 3), "(by this address)"), healthy=True)

    # rounds

    def _conclude(self, fault: Fault | None, took_s: float) -> None:
        now_ns = self._clock.monotonic_ns()
        self.lane.requests = self._rest.requests
        self.lane.latency_ms = self._rest.latency_ms
        self._set_pace(took_s)
        if fault is None:
            self._failed_rounds = 0
            allowed_ms = LATE_INTERVALS * self.lane.interval_effective_ms
            self._late_at_ns = now_ns + round(allowed_ms * 1e6)
            self.on_owner(self._requests.owner)
            self.lane.alive(now_ns)
            if self.lane.state != "connected":
                self.lane.connected()
            self.lane.healthy()
            self.on_success()
            return
        was_up = self.lane.state == "connected"
        self._failed_rounds += 1
        tolerated = self._failed_rounds < ROUNDS_FAILED_MAX and (was_up or not self.lane.attempted)
        if tolerated and not isinstance(fault, KeyRejected):
            self.lane.error(fault)
            self.report(fault)
        else:
            self.lane.failed(fault, healthy=was_up)
            self._rhythm.reset()
        self.on_fault(fault)

    def _set_pace(self, took_s: float) -> None:
        pace, complete = self._pace, self._stream.complete
        self.want(pace.wanted_per_s(stream_complete=complete))
        planned_s = pace.fitting_s(self._rest.throttle.pace_per_s, stream_complete=complete)
        self._rhythm.concluded(planned_s, self._clock.monotonic_ns())
        interval_s = self._rhythm.true_s(planned_s, took_s)
        self.lane.interval_effective_ms = round(interval_s * 1e3, 3)
        self.lane.stale_after_ms = max(pace.cache_ttl_s * 1e3, 3 * self.lane.interval_effective_ms)

    async def _round(self) -> Fault | None:
        try:
            await self._learn()
        except Fault as fault:
            return fault
        now_ns = self._clock.monotonic_ns()
        parts: list[Coroutine[Any, Any, Fault | None]] = (
            [self._figures()] if self._joint_figures else [self._balance(), self._positions()]
        )
        if now_ns >= self._orders_due_ns:
            self._orders_due_ns = now_ns + round(self._pace.orders_interval_s * 1e9)
            parts.append(self._orders())
        return _worst(await asyncio.gather(*parts))

    async def _learn(self) -> None:
        """What other answers cannot be read without."""
        requests = self._requests
        for _ in range(GROUNDWORK_MAX):
            request = requests.groundwork()
            if request is None:
                return
            await self._rest.call(request, requests.read_groundwork)

    async def _figures(self) -> Fault | None:
        """Balance and positions out of one answer."""
        asked_ns = self._clock.monotonic_ns()
        try:
            row, rows = await self._rest.call(self._requests.balance(), self._read_figures)
        except Fault as fault:
            return fault
        self._take_balance(row, asked_ns)
        self._take_positions(rows, asked_ns)
        return None

    def _read_figures(self, *answer: Any) -> tuple[AccountSnapshot, list[Position]]:
        return self._requests.read_balance(*answer), self._requests.read_positions(*answer)

    async def _balance(self) -> Fault | None:
        asked_ns = self._clock.monotonic_ns()
        try:
            row = await self._rest.call(self._requests.balance(), self._requests.read_balance)
        except Fault as fault:
            return fault
        self._take_balance(row, asked_ns)
        return None

    def _take_balance(self, row: AccountSnapshot, asked_ns: int) -> None:
        held = self._story.holdings()
        self._feed.publish(self._story.balance(row, asked_ns))
        self._unheard = self._unheard or self._story.holdings() != held
        self._feed.confirm("account", "polling", row.received_ns)

    async def _positions(self) -> Fault | None:
        asked_ns = self._clock.monotonic_ns()
        requests = self._requests
        try:
            rows = await self._rest.call(requests.positions(), requests.read_positions)
        except Fault as fault:
            return fault
        self._take_positions(rows, asked_ns)
        return None

    def _take_positions(self, rows: list[Position], asked_ns: int) -> None:
        now_ns = self._clock.wall_ns()
        held = self._story.holdings()
        self._feed.publish(self._story.open_positions(rows, asked_ns, now_ns))
        self._unheard = self._unheard or self._story.holdings() != held
        self._feed.confirm("positions", "polling", now_ns)

    async def _orders(self) -> Fault | None:
        """Open orders; where anything changed, or the stream leaves things out, the past too."""
        asked_ns = self._clock.monotonic_ns()
        complete = self._stream.complete
        try:
            rows = await self._rest.call(self._requests.orders(), self._requests.read_orders)
            news = self._story.open_orders(rows, asked_ns)
            self._feed.publish(news)
            self._feed.confirm("orders", "polling", self._clock.wall_ns())
            changed = bool(news or self._story.orders.missing or self._unheard)
            self._unheard = False
            if changed or not complete or self._look_again:
                self._look_again = changed
                await self._past()
        except Fault as fault:
            return fault
        return None

    async def _past(self) -> None:
        asked_ns = self._clock.monotonic_ns()
        history, nowhere = await self._history()
        fills = await self._fills()
        now_ns = self._clock.wall_ns()
        self._feed.publish(self._story.ended_orders(history, nowhere, asked_ns, now_ns))
        self._feed.publish(self._story.past_fills(fills))
        self._feed.confirm("fills", "polling", now_ns)

    # catch-up

    async def _catch_up(self) -> Fault | None:
        """Everything, once, in the order in which it happened."""
        try:
            await self._learn()
        except Fault as fault:
            return fault
        if not self.held:
            await self._stream.begun(self._timer)
        self.catch_up_due = False
        if self.anew is not None:
            self._story.start_over(self.anew)
            self.anew = None
        self._stream.begin()
        asked_ns = self._clock.monotonic_ns()
        requests, call = self._requests, self._rest.call
        try:
            if self._joint_figures:
                figures, positions = await call(requests.balance(), self._read_figures)
            else:
                figures = await call(requests.balance(), requests.read_balance)
                positions = await call(requests.positions(), requests.read_positions)
            orders = await call(requests.orders(), requests.read_orders)
            self._story.orders.look_for_missing(orders, asked_ns)
            history, nowhere = await self._history()
            fills = await self._fills()
        except Fault as fault:
            self.catch_up_due = True
            self._feed.publish(self._story.heard(self._stream.end(done=False)))
            return fault
        now_ns = self._clock.wall_ns()
        rest = CatchUp(
            asked_ns=asked_ns,
            received_ns=now_ns,
            figures=figures,
            positions=positions,
            orders=orders,
            history=history,
            nowhere=nowhere,
            fills=fills,
        )
        self._feed.publish(self._story.caught_up(rest, self._stream.end(done=True)))
        for section in SECTIONS:
            self._feed.confirm(section, "polling", now_ns)
        self.held = self._look_again = True
        return None

    async def _history(self) -> tuple[list[Order], list[str]]:
        """Ended orders, vanished ones that the venue knows by id, and ids that it does not."""
        requests, orders = self._requests, self._story.orders
        rows = await read_down(
            self._rest,
            requests.orders_history,
            requests.read_orders_history,
            orders.deep_enough,
            pages_max=HISTORY_PAGES_MAX,
            report=self.report,
        )
        nowhere: list[str] = []
        for order_id in orders.unexplained(rows)[:ASKED_BY_ID_MAX]:
            found = await self._ask_order(order_id)
            if found is None:
                nowhere.append(order_id)
            else:
                rows.append(found)
        return rows, nowhere

    async def _ask_order(self, order_id: str) -> Order | None:
        request = self._requests.order(order_id)
        if request is None:
            # The history shows all that has ended.
            return None
        try:
            return await self._rest.call(request, self._requests.read_order)
        except VenueRejected:
            # Not an id that it would know.
            return None

    async def _fills(self) -> list[Fill]:
        requests = self._requests
        return await read_down(
            self._rest,
            requests.fills,
            requests.read_fills,
            self._story.fills.deep_enough,
            pages_max=FILLS_PAGES_MAX,
            report=self.report,
        )


def _worst(faults: list[Fault | None]) -> Fault | None:
    """The one that counts for the round: a rejected key before all others."""
    found = [fault for fault in faults if fault is not None]
    found.sort(key=lambda fault: not isinstance(fault, KeyRejected))
    return found[0] if found else None
