"""A candle stream against a venue of the test's own: history first, then live, each closed once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from actor_context import KeptContext
from market_stage import SYMBOL, MarketStage, living

from actors import candles
from actors.errors import ConfigFault
from actors.messages.control import Pause, Reconnect, Resume
from actors.messages.market import Candle

TOPIC = f"candles:extended:linear:{SYMBOL}:1m"


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same steps in less time."""
    monkeypatch.setattr(candles, "BEAT_S", 0.05)
    monkeypatch.setattr(candles, "FILL_GAP_S", 0.05)


@pytest.fixture
async def stage() -> AsyncIterator[MarketStage]:
    async with MarketStage().served() as served:
        served.rows = [served.row(number) for number in range(-5, 1)]
        served.at(0.5)
        yield served


def life(stage: MarketStage, timeframe: str = "1m") -> AbstractAsyncContextManager[KeptContext]:
    actor = TOPIC.removesuffix("1m") + timeframe
    return living(candles.run, actor, stage.config(timeframe=timeframe))


def brief(stage: MarketStage, said: list[Candle]) -> list[tuple[int, str, bool]]:
    first_us = stage.minute(0) * 1_000
    return [((one.start_us - first_us) // 60_000_000, one.close, one.closed) for one in said]


def told(stage: MarketStage, context: KeptContext) -> list[tuple[int, str, bool]]:
    return brief(stage, context.said("candle"))


def closed(stage: MarketStage, context: KeptContext) -> list[int]:
    """Numbers of the candles that were told closed, in that order."""
    return [number for number, _, is_closed in told(stage, context) if is_closed]


async def settled(stage: MarketStage, context: KeptContext) -> None:
    """The history was read after the stream had opened: nothing is owed now."""
    await context.until(lambda: context.is_ready.is_set() and stage.open, "ready")
    await context.until(lambda: len(stage.asked) >= 2, "asked again once the stream was open")
    await context.until(lambda: len(context.said("confirmed")) >= 2, "answered")


async def settled_again(stage: MarketStage, context: KeptContext) -> None:
    """Open again, and no question is left."""
    await context.until(lambda: stage.open, "open again")
    await context.until(lambda: context.state_of("websocket") == "connected", "connected")
    asked = -1
    while asked != len(stage.asked):
        asked = len(stage.asked)
        await asyncio.sleep(0.3)


async def test_history_oldest_first_then_live_and_a_newer_candle_closes_the_one_before(
    stage: MarketStage,
) -> None:
    async with life(stage) as context:
        await settled(stage, context)
        history = [(number, "100", True) for number in range(-5, 0)]
        assert told(stage, context)[:6] == [*history, (0, "100", False)]
        kinds = [put.kind for put in context.kept.puts if put.topic == TOPIC]
        # Who sees the confirmation has all of it.
        assert kinds[:7] == ["candle"] * 6 + ["confirmed"]
        assert {put.key for put in context.kept.puts if put.kind == "candle"} == {
            str(stage.minute(number) * 1_000) for number in range(-5, 1)
        }
        assert stage.paths == [f"/v1/candles/{SYMBOL}/trades?interval=PT1M"]
        assert stage.asked[0] == {"interval": "PT1M", "limit": "1000"}
        assert stage.asked[1] == {"interval": "PT1M", "limit": "3"}
        context.kept.puts.clear()
        await stage.push(stage.row(0, "101"))
        await stage.push(stage.row(0, "102"), stage.row(1, "7"))
        await stage.push(stage.row(1, "8"))
        await context.until(lambda: (1, "8", False) in told(stage, context), "live")
        assert told(stage, context) == [
            (0, "101", False),
            (0, "102", False),
            (0, "102", True),
            (1, "7", False),
            (1, "8", False),
        ]
        # No gap, no loss: the history is not asked.
        assert len(stage.asked) == 2


async def test_what_the_stream_says_first_waits_for_its_elders(stage: MarketStage) -> None:
    stage.history_open.clear()
    async with life(stage) as context:
        await context.until(lambda: stage.open, "open")
        await stage.push(stage.row(0, "103"))
        await context.until(lambda: context.last("connection_state", "websocket").messages, "heard")
        assert told(stage, context) == []
        assert not context.is_ready.is_set()
        stage.history_open.set()
        await context.until(context.is_ready.is_set, "ready")
        # What the stream said since the question is newer than the history's word.
        assert told(stage, context)[:6] == [
            *((number, "100", True) for number in range(-5, 0)),
            (0, "103", False),
        ]


async def test_a_candle_that_ended_while_the_stream_was_away_is_closed_once(
    stage: MarketStage,
) -> None:
    async with life(stage) as context:
        await settled(stage, context)
        context.kept.puts.clear()
        stage.rows = [stage.row(number, "77") for number in range(-5, 4)]
        stage.at(3.5)
        await stage.cut()
        await context.until(lambda: (3, "77", False) in told(stage, context), "filled")
        await settled_again(stage, context)
        await stage.push(stage.row(3, "78"), stage.row(4))
        await context.until(lambda: 3 in closed(stage, context), "closed")
        assert closed(stage, context) == [0, 1, 2, 3]
        assert [one for one in told(stage, context) if one[2]][:3] == [
            (0, "77", True),
            (1, "77", True),
            (2, "77", True),
        ]


async def test_after_a_hole_only_the_history_closes(stage: MarketStage) -> None:
    async with life(stage) as context:
        await settled(stage, context)
        context.kept.puts.clear()
        stage.history_open.clear()
        asked = len(stage.asked)
        await stage.push(stage.row(0, "65"))
        await stage.push(stage.row(1), skip=1)
        await context.until(lambda: len(stage.asked) > asked, "the history is asked")
        assert closed(stage, context) == []
        stage.rows = [stage.row(number, "66") for number in range(-5, 2)]
        stage.at(1.5)
        stage.history_open.set()
        await context.until(lambda: closed(stage, context), "closed")
        assert (0, "66", True) in told(stage, context)
        assert closed(stage, context) == [0]


async def test_a_frame_that_cannot_be_read_may_have_been_the_last_word(stage: MarketStage) -> None:
    async with life(stage) as context:
        await settled(stage, context)
        asked = len(stage.asked)
        await stage.push_text('{"data": [')
        await context.until(lambda: len(stage.asked) > asked, "the history is asked")
        assert any("MalformedFrame" in repr(fault) for fault in context.faults)
        assert len(stage.open) == 1


async def test_a_candle_that_no_newer_one_follows_is_closed_by_the_history(
    stage: MarketStage,
) -> None:
    async with life(stage) as context:
        await settled(stage, context)
        asked = len(stage.asked)
        # The venue's clock goes on, and nobody trades: the next question tells so.
        stage.at(1.5)
        context.controls["reconnect"](Reconnect())
        await context.until(lambda: closed(stage, context)[-1] == 0, "closed")
        assert len(stage.asked) > asked
        await asyncio.sleep(0.3)
        assert closed(stage, context).count(0) == 1
        # All is closed: nothing is due, so nothing is asked.
        asked = len(stage.asked)
        await asyncio.sleep(0.3)
        assert len(stage.asked) == asked


async def test_the_spelling_that_the_venue_takes_serves_the_stream_too(stage: MarketStage) -> None:
    stage.refused_intervals = {"PT24H"}
    async with life(stage, "1d") as context:
        await context.until(lambda: stage.open, "open")
        assert [asked["interval"] for asked in stage.asked[:2]] == ["PT24H", "P1D"]
        assert stage.paths == [f"/v1/candles/{SYMBOL}/trades?interval=P1D"]
        assert context.faults == []


async def test_the_second_spelling_is_asked_although_the_stream_does_not_open(
    stage: MarketStage,
) -> None:
    stage.refused_intervals = {"PT24H"}
    stage.streams_refused = True
    async with life(stage, "1d") as context:
        await context.until(lambda: context.said("candle"), "the history")
        assert context.state_of("rest") == "connected"
        assert not context.is_ready.is_set()


async def test_a_timeframe_that_the_venue_refuses_ends_it_for_good(stage: MarketStage) -> None:
    stage.refused_intervals = {"PT24H", "P1D"}
    context = KeptContext("x", stage.config(timeframe="1d"))
    with pytest.raises(ConfigFault, match=r"timeframe: .*1d"):
        await candles.run(context)
    assert [asked["interval"] for asked in stage.asked] == ["PT24H", "P1D"]


async def test_a_timeframe_that_nobody_has_is_named_with_those_that_there_are(
    stage: MarketStage,
) -> None:
    context = KeptContext("x", stage.config(timeframe="7m"))
    with pytest.raises(ConfigFault, match=r"timeframe: .*'7m'") as caught:
        await candles.run(context)
    assert "one of 1m, 5m" in str(caught.value)
    assert stage.asked == []


async def test_a_history_that_fails_is_tried_again_by_the_schedule(stage: MarketStage) -> None:
    stage.failing = 500
    async with life(stage) as context:
        await context.until(lambda: context.state_of("rest") == "backoff", "backoff")
        await asyncio.sleep(0.3)
        # 1 s before the second attempt: no storm.
        assert len(stage.asked) == 1
        assert context.said("candle") == []
        stage.failing = None
        await context.until(context.is_ready.is_set, "ready")
        assert len(closed(stage, context)) == 5
        assert len(stage.asked) <= 4


async def test_a_cache_that_comes_anew_is_told_all_that_is_held(stage: MarketStage) -> None:
    async with life(stage) as context:
        await settled(stage, context)
        held = {one[0]: one for one in told(stage, context)}
        context.kept.puts.clear()
        context.kept_link.welcome_again()
        assert told(stage, context) == [held[number] for number in sorted(held)]
        assert {put.key for put in context.kept.puts if put.kind == "connection_state"} == {
            "rest",
            "websocket",
        }


async def test_paused_it_neither_listens_nor_asks(stage: MarketStage) -> None:
    async with life(stage) as context:
        await settled(stage, context)
        context.controls["pause"](Pause())
        await context.until(lambda: not stage.open, "closed")
        await context.until(lambda: context.state_of("websocket") == "paused", "paused")
        asked: list[Any] = list(stage.asked)
        await asyncio.sleep(0.3)
        assert stage.asked == asked
        context.controls["resume"](Resume())
        await context.until(lambda: stage.open and len(stage.asked) > len(asked), "resumed")
