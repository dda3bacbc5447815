"""A throttle whose rate the supervisor leases: one budget for all who leave by one address."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from actors.messages.control import Lease, LeaseRequest
from actors.runtime.throttle import Throttle
from actors.venues.contract import RestLimit

if TYPE_CHECKING:
    from actors.runtime.context import ActorContext
    from actors.runtime.timer import Timer
    from actors.venues.contract import Venue

ANSWER_S: Final = 2.0
"""How long a first request waits for its lease."""

SAFE_SHARE: Final = 1 / 100
"""Without an answer, so much of the venue's limit is used: the others may use theirs."""

PACE_MARGIN: Final = 1.3
"""Whoever polls wants so much more than the pace itself: something always comes between."""

PASSING_PER_S: Final = 1.0
"""What is wanted by who asks now and then."""

SAME_WISH: Final = 0.05
"""A wish that differs by less than this part is not told."""


class LeasedThrottle(Throttle):
    """The lease is asked for by the first request, which waits for it.

    A process has one at a time for an exit address; `exit_address` "" is this machine's own.
    `limit`: where the venue limits something else than this address's requests. With `keeps` the
    lease stays, for a steady pace of `wanted_per_s` (`want` changes it); without, it is given back
    once no request waits: for handshakes, and questions that are seldom asked. `opening` requests
    would go at once at first.
    """

    __slots__ = (
        "_answered",
        "_asked",
        "_context",
        "_exit_address",
        "_keeps",
        "_limit",
        "_opening",
        "_safe_per_s",
        "_users",
        "_venue",
        "_wanted_per_s",
    )

    def __init__(
        self,
        context: ActorContext,
        venue: Venue,
        timer: Timer,
        exit_address: str = "",
        *,
        limit: RestLimit | None = None,
        wanted_per_s: float = PASSING_PER_S,
        opening: float = 1,
        keeps: bool = False,
    ) -> None:
        self._limit = limit or rest_limit(context.config, venue)
        self._safe_per_s = self._limit.count / self._limit.period_s * SAFE_SHARE
        super().__init__(timer, self._safe_per_s, 1, saved=0)
        self.on_limited = self._tell_limited
        self._context = context
        self._venue = venue.name
        self._exit_address = exit_address
        self._wanted_per_s = wanted_per_s
        self._opening = opening
        self._keeps = keeps
        self._users = 0
        self._asked = False
        self._answered = asyncio.Event()
        context.on_control("lease", self._take)

    async def acquire(self, weight: float = 1) -> None:
        """As Throttle's; the first one waits for the lease, but never longer than ANSWER_S."""
        self._users += 1
        try:
            if not self._answered.is_set():
                await self._wait_for_lease()
            await super().acquire(weight)
        finally:
            self._users -= 1
            if not (self._keeps or self._users):
                self._give_back()

    def want(self, per_s: float) -> None:
        """What the steady pace needs from now on."""
        changed = abs(per_s - self._wanted_per_s)
        if changed <= SAME_WISH * self._wanted_per_s:
            return
        self._wanted_per_s = per_s
        if self._asked:
            self._tell(per_s)

    async def _wait_for_lease(self) -> None:
        if not self._asked:
            self._asked = True
            self._tell(self._wanted_per_s, self._opening)
        if not await self._timer.sleep(ANSWER_S, self._answered):
            # The next request asks again.
            self._asked = False
            self._context.log("warning", "no lease", wait_s=ANSWER_S, rate_per_s=self.rate_per_s)

    def _give_back(self) -> None:
        self._tell(0)
        self._asked = False
        self._answered.clear()
        self.change(self._safe_per_s, 1)
        self._saved = min(self._saved, 0.0)

    def _take(self, lease: Lease) -> None:
        if (lease.venue, lease.exit_address) != (self._venue, self._exit_address):
            return
        self.hold_until(lease.not_before_mono_ns)
        if self._asked:
            self.change(lease.rate_per_s, lease.burst, lease.opening)
            self._answered.set()

    def _tell_limited(self, wait_s: float) -> None:
        self._tell(self._wanted_per_s if self._asked else 0, limited_s=wait_s)

    def _tell(self, wanted_per_s: float, opening: float = 0, limited_s: float = 0) -> None:
        request = LeaseRequest(
            venue=self._venue,
            exit_address=self._exit_address,
            count=self._limit.count,
            period_s=self._limit.period_s,
            wanted_per_s=wanted_per_s,
            opening=opening,
            limited_s=limited_s,
        )
        self._context.tell("lease_request", request)


def rest_limit(config: Mapping[str, Any], venue: Venue) -> RestLimit:
    """The operator's, where the venue granted another one; else what the venue publishes."""
    granted = config.get("requests_per_min")
    return venue.rest_limit if granted is None else RestLimit(count=int(granted), period_s=60.0)


def handshake_throttle(
    context: ActorContext, venue: Venue, timer: Timer, exit_address: str = ""
) -> LeasedThrottle | None:
    """For a venue that limits new connections apart from requests; None where they are counted as
    requests."""
    published = venue.handshake_limit
    if published is None:
        return None
    granted = context.config.get("handshakes_per_min")
    limit = published if granted is None else RestLimit(count=int(granted), period_s=60.0)
    return LeasedThrottle(context, venue, timer, f"handshakes {exit_address}".strip(), limit=limit)
