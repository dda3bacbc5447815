"""A stream that delivers from its acknowledgement on: what passed before, REST is asked for."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from account_world import ACCOUNT, PRODUCT, VENUE, fill
from instant_timer import InstantTimer

from actors.account_feed import Feed
from actors.account_stream import BEGIN_S, AccountStream
from actors.errors import Disconnected
from actors.messages.account import Fill
from actors.reconciliation import Reconciler
from actors.runtime.clock import FakeClock
from actors.runtime.context import Progress
from actors.venues.contract import Subscribed

LATE = Subscribed("all", late=True)


class Stage:
    """The stream, what it publishes, and how often it asked for a catch-up or praised the key."""

    def __init__(self, *, begins_late: bool = True) -> None:
        clock = FakeClock()
        self.fills: list[str] = []
        self.catch_ups = 0
        self.praises = 0
        story = Reconciler(VENUE, ACCOUNT, PRODUCT)
        self.stream = AccountStream(story, cast("Feed", self), clock, Progress(clock))
        self.stream.begins_late = begins_late
        self.stream.want_catch_up = self._want
        self.stream.on_success = self._praise

    def publish(self, news: list[Fill]) -> None:
        self.fills += [each.fill_id for each in news]

    def _want(self) -> None:
        self.catch_ups += 1

    def _praise(self) -> None:
        self.praises += 1

    def catch_up(self) -> None:
        self.stream.begin()
        self.stream.end(done=True)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_it_asks_for_a_catch_up_once_it_delivers(stage: Stage) -> None:
    stage.stream.opened()
    assert stage.catch_ups == 0, "what comes before the acknowledgement would be missed"
    stage.catch_up()
    assert not stage.stream.complete
    stage.stream.events([LATE])
    assert stage.catch_ups == 1
    stage.catch_up()
    assert stage.stream.complete


async def test_the_first_catch_up_waits_for_it_a_little(stage: Stage) -> None:
    timer = InstantTimer()
    began_ns = timer.clock.monotonic_ns()
    await stage.stream.begun(timer)
    assert timer.clock.monotonic_ns() - began_ns == BEGIN_S * 1e9, "it may never come"
    stage.stream.opened()
    waiting = asyncio.ensure_future(stage.stream.begun(InstantTimer(steps=True)))
    await asyncio.sleep(0)
    assert not waiting.done()
    stage.stream.events([LATE])
    await asyncio.wait_for(waiting, 5)
    at_once = InstantTimer()
    began_ns = at_once.clock.monotonic_ns()
    await stage.stream.begun(at_once)
    await Stage(begins_late=False).stream.begun(at_once)
    assert at_once.clock.monotonic_ns() == began_ns


def test_a_catch_up_that_was_under_way_does_not_count(stage: Stage) -> None:
    stage.stream.opened()
    stage.stream.begin()
    stage.stream.events([LATE, fill(1)])
    assert stage.stream.end(done=True) == []
    assert not stage.stream.complete
    stage.stream.begin()
    (heard,) = stage.stream.end(done=True)
    assert heard.events == [LATE, fill(1)]
    assert stage.stream.complete


def test_subscribed_anew_it_asks_again_and_keeps_what_comes_meanwhile(stage: Stage) -> None:
    stage.stream.opened()
    stage.stream.events([LATE])
    stage.catch_up()
    stage.stream.events([fill(1)])
    stage.stream.events([LATE])
    assert (stage.catch_ups, stage.stream.complete) == (2, False)
    stage.stream.events([fill(3)])
    assert stage.fills == [fill(1).fill_id], "a fill before it may still come from REST"


def test_a_lost_one_has_to_begin_again(stage: Stage) -> None:
    stage.stream.opened()
    stage.stream.events([LATE])
    stage.catch_up()
    stage.stream.lost(Disconnected("by the test"))
    stage.stream.opened()
    stage.catch_up()
    assert not stage.stream.complete


def test_a_frame_that_tells_nothing_says_nothing_of_the_key(stage: Stage) -> None:
    stage.stream.opened()
    stage.stream.events([])
    assert stage.praises == 0
    stage.stream.events([LATE])
    assert stage.praises == 1


def test_one_that_delivers_from_the_handshake_on_asks_then() -> None:
    stage = Stage(begins_late=False)
    stage.stream.opened()
    assert stage.catch_ups == 1
    stage.catch_up()
    stage.stream.events([Subscribed("account")])
    assert stage.catch_ups == 1
    assert stage.stream.complete
