"""Requests that count twice: to the address and to the accounts' owner."""

from __future__ import annotations

import asyncio

import pytest
from actor_context import KeptContext
from instant_timer import InstantTimer

from actors.errors import RateLimited
from actors.messages.control import Lease, LeaseRequest
from actors.runtime.lease import handshake_throttle
from actors.runtime.owner_throttle import OwnerThrottle
from actors.venues.contract import RestLimit
from actors.venues.registry import venue

OWNER = "0xabc"
EXTENDED, LIGHTER = venue("extended"), venue("lighter")


class Desk:
    """Leases what is asked for, at rates that the test says."""

    def __init__(self) -> None:
        self.timer = InstantTimer(steps=True)
        self.context = KeptContext("account:lighter:1", {}, clock=self.timer.clock)
        self.context.leases = False
        self.throttle = OwnerThrottle(
            self.context, LIGHTER, self.timer, "10.0.0.9:3128", wanted_per_s=3, opening=8
        )

    def asked(self) -> list[tuple[str, float]]:
        told = [each for _, each in self.context.told if isinstance(each, LeaseRequest)]
        return [(each.exit_address, each.wanted_per_s) for each in told]

    def lease(self, payer: str, rate: float, opening: float) -> None:
        lease = Lease(
            venue="lighter", exit_address=payer, rate_per_s=rate, burst=10, opening=opening
        )
        self.context.hear("lease", lease)


async def settle() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


async def test_both_must_allow_it_and_the_slower_sets_the_pace() -> None:
    desk = Desk()
    waiting = asyncio.ensure_future(desk.throttle.acquire())
    await settle()
    assert desk.asked() == [("10.0.0.9:3128", 3)]
    desk.lease("10.0.0.9:3128", 5.0, 5)
    await settle()
    assert waiting.done(), "nobody knows an owner yet"
    desk.throttle.owned_by("")
    desk.throttle.owned_by(OWNER)
    desk.throttle.owned_by("0xanother")
    waiting = asyncio.ensure_future(desk.throttle.acquire())
    await settle()
    assert desk.asked()[1:] == [(f"owner {OWNER}", 3)]
    assert not waiting.done()
    desk.lease(f"owner {OWNER}", 0.5, 1)
    await settle()
    assert waiting.done()
    assert desk.throttle.pace_per_s == 0.5
    waiting = asyncio.ensure_future(desk.throttle.acquire())
    await settle()
    assert not waiting.done(), "the address would allow it, the owner does not yet"
    desk.timer.advance(2)
    await settle()
    assert waiting.done()
    desk.throttle.want(1.0)
    assert desk.asked()[2:] == [("10.0.0.9:3128", 1.0), (f"owner {OWNER}", 1.0)]


async def test_of_both_the_first_requests_are_wanted_at_once() -> None:
    """An account's first questions are over before its owner is known, the rest of them not."""
    desk = Desk()
    for payer in ("10.0.0.9:3128", f"owner {OWNER}"):
        waiting = asyncio.ensure_future(desk.throttle.acquire())
        await settle()
        told = [each for _, each in desk.context.told if isinstance(each, LeaseRequest)]
        assert (told[-1].exit_address, told[-1].opening) == (payer, 8)
        desk.lease(payer, 5.0, 8)
        await settle()
        assert waiting.done()
        desk.throttle.owned_by(OWNER)


async def test_a_429_holds_both_back() -> None:
    desk = Desk()
    desk.throttle.owned_by(OWNER)
    desk.throttle.limited(7.0)
    assert desk.throttle.held_s == pytest.approx(7.0)
    told = [each for _, each in desk.context.told if isinstance(each, LeaseRequest)]
    assert [(each.exit_address, each.limited_s) for each in told] == [
        ("10.0.0.9:3128", 7.0),
        (f"owner {OWNER}", 7.0),
    ]
    waiting = asyncio.ensure_future(desk.throttle.acquire())
    await settle()
    desk.lease("10.0.0.9:3128", 5.0, 5)
    with pytest.raises(RateLimited):
        await asyncio.wait_for(waiting, 5)


async def test_the_owner_alone_can_hold_an_account_back() -> None:
    """Another account of his, behind another address, was told to wait."""
    desk = Desk()
    desk.throttle.owned_by(OWNER)
    until_ns = desk.timer.clock.monotonic_ns() + 9 * 10**9
    desk.context.hear(
        "lease",
        Lease(
            venue="lighter",
            exit_address=f"owner {OWNER}",
            rate_per_s=1,
            burst=1,
            not_before_mono_ns=until_ns,
        ),
    )
    assert desk.throttle.held_s == pytest.approx(9.0)


async def test_handshakes_have_a_budget_of_their_own_where_the_venue_says_so() -> None:
    desk = Desk()
    assert handshake_throttle(desk.context, EXTENDED, desk.timer) is None
    throttle = handshake_throttle(desk.context, LIGHTER, desk.timer, "10.0.0.9:3128")
    assert throttle is not None
    waiting = asyncio.ensure_future(throttle.acquire())
    await settle()
    (request,) = [each for _, each in desk.context.told if isinstance(each, LeaseRequest)]
    published = LIGHTER.handshake_limit
    assert published is not None
    assert RestLimit(request.count, request.period_s) == published
    desk.lease("handshakes 10.0.0.9:3128", 1.0, 1)
    await settle()
    assert waiting.done()
    assert desk.asked()[-1] == ("handshakes 10.0.0.9:3128", 0.0), "given back once it is done"
