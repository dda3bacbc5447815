"""What an account asks for beside its rounds, at a slow pace: other assets, points, payments.

Each is a task of its own in the REST lane's budget: one that fails, or hangs, is no failed round
and delays none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Final

import msgspec

from actors.account_feed import Feed
from actors.account_pages import read_down
from actors.account_payments import Payments
from actors.account_rest import RestLane
from actors.errors import Fault, RateLimited
from actors.messages.account import Points, Standing
from actors.messages.control import Welcome
from actors.reconciliation import Reconciler
from actors.runtime.rest import RestClient
from actors.runtime.timer import Timer
from actors.venues.contract import Requests
from actors.venues.http_request import HttpRequest

ASSETS_INTERVAL_S: Final = 60.0
FUNDING_INTERVAL_S: Final = 600.0
FUNDING_PAGES_MAX: Final = 50
"""Of one reading: a week of thirty hourly payments, away at a stretch."""
RETRY_S: Final = 60.0
ASK_GAP_S: Final = 5.0
"""Between two questions of one kind, however often an operator asks for them."""

LANE_LOOK_S: Final = 1.0
STALE_INTERVALS: Final = 3


class Aside:
    """One question, asked each `interval_s` while the rounds go well, and on request."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[None]],
        interval_s: float,
        *,
        lane: RestLane,
        timer: Timer,
        report: Callable[[Fault], None],
    ) -> None:
        self._ask = ask
        self._interval_s = interval_s
        self._lane = lane
        self._timer = timer
        self._report = report
        self._wanted = asyncio.Event()
        self._failing = False

    def soon(self) -> None:
        """Asked for at the next opportunity, whatever the pace."""
        self._wanted.set()

    async def run(self) -> None:
        wait_s = 0.0
        while True:
            await self._timer.sleep(wait_s, self._wanted)
            # The lane comes first: it holds the account's state, and finds out what is wrong.
            while not self._lane.at_ease:
                await self._timer.sleep(LANE_LOOK_S)
            self._wanted.clear()
            wait_s = await self._once()
            await self._timer.sleep(min(ASK_GAP_S, wait_s))
            wait_s = max(0.0, wait_s - ASK_GAP_S)

    async def _once(self) -> float:
        """Seconds until the next time; a fault is told once, until an answer has come again.

        That of a limit is told each time: it is the whole account's.
        """
        try:
            await self._ask()
        except Fault as fault:
            limited = isinstance(fault, RateLimited)
            if limited:
                # It holds up the rounds, too, and is counted with theirs.
                self._lane.lane.error(fault)
            if limited or not self._failing:
                self._report(fault)
            self._failing = True
            return min(self._interval_s, RETRY_S)
        self._failing = False
        return self._interval_s


class Asides:
    """The asides of one account: `points`; `assets` where the venue tells them apart; `funding`
    where it lists payments. `adopt` first: without it nobody could say which of them are news."""

    def __init__(
        self,
        *,
        lane: RestLane,
        rest: RestClient,
        requests: Requests,
        story: Reconciler,
        feed: Feed,
        timer: Timer,
        points_interval_s: float,
        report: Callable[[Fault], None],
    ) -> None:
        self._rest = rest
        self._requests = requests
        self._story = story
        self._feed = feed
        self._clock = timer.clock
        self._report = report
        self._payments = Payments()
        self._stale_after_ms = STALE_INTERVALS * points_interval_s * 1e3
        self._points: Points | None = None
        aside = partial(Aside, lane=lane, timer=timer, report=report)
        self._asides = {"points": aside(self._ask_points, points_interval_s)}
        if requests.spot_balances() is not None:
            self._asides["assets"] = aside(self._ask_assets, ASSETS_INTERVAL_S)
        if requests.funding() is not None:
            self._asides["funding"] = aside(self._ask_funding, FUNDING_INTERVAL_S)

    def runs(self) -> list[Coroutine[Any, Any, None]]:
        return [aside.run() for aside in self._asides.values()]

    def soon(self, name: str) -> None:
        """The aside of this name, or with no name each."""
        for known, aside in self._asides.items():
            if name in ("", known):
                aside.soon()

    def adopt(self, welcome: Welcome) -> None:
        """What the cache holds of this account from earlier lives."""
        self._payments.adopt(welcome.fundings.get(self._feed.topics["fundings"], ()))

    def present(self, welcome: Welcome | None) -> None:
        """Tells the points again, to a cache that may hold none, and payments that it lacks."""
        if self._points is not None:
            self._feed.points(self._points)
        if welcome is None:
            return
        if self._payments.lacks(welcome.fundings.get(self._feed.topics["fundings"], ())):
            # Also where they are merely on their way to it: it takes none twice.
            self.adopt(welcome)
            self.soon("funding")

    async def _ask_assets(self) -> None:
        """The stream tells of changes meanwhile."""
        await self._feed.room()
        asked_ns = self._clock.monotonic_ns()
        requests = self._requests
        request = requests.spot_balances()
        assert request is not None, "else there is no such aside"
        row = await self._rest.call(request, requests.read_spot_balances)
        self._feed.publish(self._story.assets(row, asked_ns))

    async def _ask_funding(self) -> None:
        await self._feed.room()
        requests = self._requests
        rows = await read_down(
            self._rest,
            self._funding_page,
            requests.read_funding,
            self._payments.deep_enough,
            pages_max=FUNDING_PAGES_MAX,
            report=self._report,
        )
        self._feed.publish(self._payments.news(rows))

    def _funding_page(self, cursor: str | None) -> HttpRequest:
        request = self._requests.funding(cursor)
        assert request is not None, "else there is no such aside"
        return request

    async def _ask_points(self) -> None:
        requests = self._requests
        found = await self._rest.call(requests.points(), requests.read_points)
        received_mono_ns = self._clock.monotonic_ns()
        standing = await self._standing() if found.available else Standing()
        self._points = msgspec.structs.replace(
            found,
            rank=standing.rank,
            leagues=standing.leagues,
            received_mono_ns=received_mono_ns,
            stale_after_ms=self._stale_after_ms,
        )
        self._feed.points(self._points)

    async def _standing(self) -> Standing:
        """The points count without it, too."""
        request = self._requests.standing()
        if request is None:
            return Standing()
        try:
            return await self._rest.call(request, self._requests.read_standing)
        except Fault:
            return Standing()
