"""The child's side of a leased rate: asks once, waits a little, gives back, tells of a 429."""

from __future__ import annotations

import asyncio

import pytest
from actor_context import KeptContext
from instant_timer import InstantTimer

from actors.errors import RateLimited
from actors.messages.control import Lease, LeaseRequest
from actors.runtime.lease import ANSWER_S, SAFE_SHARE, LeasedThrottle
from actors.venues.registry import venue

EXTENDED = venue("extended")
ADDRESS = "10.0.0.9:3128"


class Desk:
    """Answers what `context` asks for, when the test says so."""

    def __init__(self, *, leases: bool = False) -> None:
        self.timer = InstantTimer(steps=True)
        self.context = KeptContext("account:extended:1", {}, clock=self.timer.clock)
        self.context.leases = leases

    @property
    def requests(self) -> list[LeaseRequest]:
        return [message for _, message in self.context.told if isinstance(message, LeaseRequest)]

    def lease(self, rate: float, address: str = ADDRESS, not_before_s: float = 0) -> None:
        now_ns = self.timer.clock.monotonic_ns()
        lease = Lease(
            venue="extended",
            exit_address=address,
            rate_per_s=rate,
            burst=10,
            opening=2,
            not_before_mono_ns=now_ns + round(not_before_s * 1e9) if not_before_s else 0,
        )
        self.context.controls["lease"](lease)

    def throttle(self, **options: object) -> LeasedThrottle:
        return LeasedThrottle(self.context, EXTENDED, self.timer, ADDRESS, **options)


async def settle() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


async def test_the_first_request_asks_and_waits_the_others_only_wait() -> None:
    desk = Desk()
    throttle = desk.throttle(wanted_per_s=5, opening=8, keeps=True)
    waiting = [asyncio.ensure_future(throttle.acquire()) for _ in range(3)]
    await settle()
    assert not any(one.done() for one in waiting)
    assert desk.requests == [
        LeaseRequest(
            venue="extended",
            exit_address=ADDRESS,
            count=1_000,
            period_s=60.0,
            wanted_per_s=5,
            opening=8,
        )
    ]
    desk.lease(2.0)
    await settle()
    assert [one.done() for one in waiting] == [True, True, False], "two go at once"
    desk.timer.advance(0.5)
    await settle()
    assert waiting[2].done()
    assert len(desk.requests) == 1, "nothing is told per request"
    desk.lease(4.0)
    assert throttle.rate_per_s == 4.0


async def test_without_an_answer_it_goes_on_carefully_and_asks_again() -> None:
    desk = Desk()
    throttle = desk.throttle(keeps=True)
    waiting = asyncio.ensure_future(throttle.acquire())
    await settle()
    desk.timer.advance(ANSWER_S)
    await settle()
    assert throttle.rate_per_s == pytest.approx(1_000 / 60 * SAFE_SHARE)
    assert desk.context.logged == ["no lease"]
    desk.timer.advance(60 / 1_000 / SAFE_SHARE)
    await settle()
    assert waiting.done()
    again = asyncio.ensure_future(throttle.acquire())
    await settle()
    assert len(desk.requests) == 2
    desk.lease(5.0)
    await settle()
    assert again.done()


async def test_who_asks_now_and_then_gives_the_lease_back() -> None:
    desk = Desk()
    throttle = desk.throttle()
    for turn in (1, 2):
        waiting = asyncio.ensure_future(throttle.acquire())
        await settle()
        assert len(desk.requests) == 2 * turn - 1
        desk.lease(5.0)
        await settle()
        assert waiting.done()
        assert len(desk.requests) == 2 * turn
        assert desk.requests[-1].wanted_per_s == 0
    desk.lease(50.0)
    assert throttle.rate_per_s < 1, "a lease that was given back counts no more"


async def test_who_is_canceled_gives_back_too() -> None:
    desk = Desk()
    throttle = desk.throttle()
    waiting = asyncio.ensure_future(throttle.acquire())
    await settle()
    waiting.cancel()
    await settle()
    assert [request.wanted_per_s for request in desk.requests] == [1.0, 0]


async def test_wishes_are_told_when_they_change() -> None:
    desk = Desk(leases=True)
    throttle = desk.throttle(wanted_per_s=5, keeps=True)
    throttle.want(6)
    assert desk.requests == [], "nobody has asked for anything yet"
    await throttle.acquire()
    throttle.want(6.1)
    throttle.want(9)
    throttle.want(9)
    assert [request.wanted_per_s for request in desk.requests] == [6, 9]


async def test_a_429_is_told_and_one_of_a_neighbour_counts_as_well() -> None:
    desk = Desk(leases=True)
    throttle = desk.throttle(wanted_per_s=5, keeps=True)
    await throttle.acquire()
    throttle.limited(7)
    assert (desk.requests[-1].limited_s, desk.requests[-1].wanted_per_s) == (7, 5)
    with pytest.raises(RateLimited):
        await throttle.acquire()
    desk.lease(5.0, not_before_s=30)
    assert throttle.held_s == 30
    desk.lease(5.0, address="", not_before_s=300)
    assert throttle.held_s == 30, "another address is none of its business"


async def test_a_newcomer_hears_of_a_deadline_before_its_first_request() -> None:
    desk = Desk()
    throttle = desk.throttle()
    waiting = asyncio.ensure_future(throttle.acquire())
    await settle()
    desk.lease(5.0, not_before_s=8)
    await settle()
    assert isinstance(waiting.exception(), RateLimited)
    assert desk.requests[-1].wanted_per_s == 0


async def test_a_limit_that_the_venue_granted_takes_the_place_of_the_published_one() -> None:
    desk = Desk(leases=True)
    desk.context.config = {"requests_per_min": 12_000}
    await desk.throttle().acquire()
    assert (desk.requests[0].count, desk.requests[0].period_s) == (12_000, 60.0)
