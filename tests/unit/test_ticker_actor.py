"""The figures of a market: polled at a steady pace, confirmed by each answer, paused on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest
from actor_context import KeptContext
from market_stage import SYMBOL, MarketStage, living

from actors import public_poll, ticker
from actors.messages.control import LeaseRequest, Pause, Refresh, Resume
from actors.venues.extended import market_data

TOPIC = f"ticker:extended:linear:{SYMBOL}"
INTERVAL_S = 0.1


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = market_data.ExtendedMarketData(ticker_interval_s=INTERVAL_S)
    monkeypatch.setattr(ticker, "market_data", lambda _: quick)
    monkeypatch.setattr(public_poll, "BEAT_S", 0.05)


@pytest.fixture
async def stage() -> AsyncIterator[MarketStage]:
    async with MarketStage().served() as served:
        yield served


def life(stage: MarketStage) -> AbstractAsyncContextManager[KeptContext]:
    return living(ticker.run, TOPIC, stage.config())


async def test_each_answer_is_told_and_confirms_the_topic(stage: MarketStage) -> None:
    async with life(stage) as context:
        await context.until(lambda: len(context.said("ticker")) >= 3, "polled")
        assert context.is_ready.is_set()
        held = context.last("ticker")
        assert (held.last, held.symbol, held.bid) == ("100", SYMBOL, None)
        assert {put.topic for put in context.kept.puts if put.kind == "ticker"} == {TOPIC}
        confirmed = context.last("confirmed")
        assert (confirmed.via, confirmed.received_ns) == ("polling", held.received_ns)
        lane = context.last("connection_state", "rest")
        assert lane.state == "connected"
        assert lane.stale_after_ms == pytest.approx(
            public_poll.STALE_AFTER_INTERVALS * lane.interval_effective_ms
        )
        # It asks for a share of the budget that its pace needs, once for all.
        asked = [message for _, message in context.told if isinstance(message, LeaseRequest)]
        assert asked
        assert asked[0].wanted_per_s == pytest.approx(ticker.PACE_MARGIN / INTERVAL_S)


async def test_the_pace_is_kept(stage: MarketStage) -> None:
    async with life(stage) as context:
        await context.until(context.is_ready.is_set, "ready")
        before = stage.figures_asked
        await asyncio.sleep(1.0)
        # Slower under load, never faster.
        assert 2 <= stage.figures_asked - before <= 1.0 / INTERVAL_S + 1


async def test_a_venue_that_fails_is_left_alone_and_nothing_is_confirmed(
    stage: MarketStage,
) -> None:
    async with life(stage) as context:
        await context.until(context.is_ready.is_set, "ready")
        stage.failing = 503
        await context.until(lambda: context.state_of("rest") == "backoff", "backoff")
        await context.until(
            lambda: context.last("connection_state", "rest").failures >= 2, "failed"
        )
        asked, confirmed = stage.figures_asked, len(context.said("confirmed"))
        await asyncio.sleep(0.5)
        assert stage.figures_asked == asked
        assert len(context.said("confirmed")) == confirmed
        stage.failing = None
        stage.figures = {"lastPrice": "105"}
        context.controls["refresh"](Refresh())
        await context.until(lambda: context.last("ticker").last == "105", "told again")
        assert context.state_of("rest") == "connected"


async def test_paused_it_asks_nothing(stage: MarketStage) -> None:
    async with life(stage) as context:
        await context.until(context.is_ready.is_set, "ready")
        context.controls["pause"](Pause())
        await context.until(lambda: context.state_of("rest") == "paused", "paused")
        asked = stage.figures_asked
        await asyncio.sleep(0.5)
        assert stage.figures_asked <= asked + 1
        context.controls["resume"](Resume())
        await context.until(lambda: stage.figures_asked > asked + 2, "asks again")


async def test_a_cache_that_comes_anew_is_told_what_is_held(stage: MarketStage) -> None:
    async with life(stage) as context:
        await context.until(context.is_ready.is_set, "ready")
        context.controls["pause"](Pause())
        await context.until(lambda: context.state_of("rest") == "paused", "paused")
        context.kept.puts.clear()
        context.kept_link.welcome_again()
        assert context.last("ticker").last == "100"
        # Told again, it is not said to be any younger.
        assert context.said("confirmed") == []
