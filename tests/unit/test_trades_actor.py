"""A trade stream: each print once, over reconnects too; the newest are kept for a cache anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from actor_context import KeptContext
from market_stage import SYMBOL, MarketStage, living

from actors import trades
from actors.messages.control import Reconnect

TOPIC = f"trades:extended:linear:{SYMBOL}"


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trades, "BEAT_S", 0.05)


@pytest.fixture
async def stage() -> AsyncIterator[MarketStage]:
    async with MarketStage().served() as served:
        yield served


def life(stage: MarketStage) -> AbstractAsyncContextManager[KeptContext]:
    return living(trades.run, TOPIC, stage.config())


def row(number: int, side: str = "BUY") -> dict[str, Any]:
    return {"i": number, "m": SYMBOL, "S": side, "p": "100.5", "q": "0.1", "T": 1_000 + number}


def ids(context: KeptContext) -> list[str]:
    return [trade.trade_id for trade in context.said("trade")]


async def test_each_trade_once_although_the_venue_repeats_its_last(stage: MarketStage) -> None:
    async with life(stage) as context:
        await context.until(lambda: stage.open, "open")
        assert stage.paths == [f"/v1/publicTrades/{SYMBOL}"]
        await stage.push(row(1), row(2))
        await stage.push(row(3, "SELL"))
        await context.until(lambda: len(ids(context)) == 3, "told")
        await context.until(context.is_ready.is_set, "ready")
        last = context.last("trade")
        assert (last.side, last.price, last.quantity, last.symbol) == (
            "sell",
            "100.5",
            "0.1",
            SYMBOL,
        )
        assert {put.topic for put in context.kept.puts if put.kind == "trade"} == {TOPIC}
        await context.until(lambda: context.said("confirmed"), "the life of it confirms the topic")
        await stage.cut()
        await context.until(lambda: len(stage.paths) == 2 and stage.open, "open again")
        await stage.push(row(2), row(3, "SELL"), row(4))
        await context.until(lambda: "4" in ids(context), "told")
        assert ids(context) == ["1", "2", "3", "4"]
        assert context.progress.good_events == 4


async def test_a_cache_that_comes_anew_is_told_the_newest(
    stage: MarketStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with life(stage) as context:
        await context.until(lambda: stage.open, "open")
        count = trades.KEPT_MAX + 20
        await stage.push(*(row(number) for number in range(count)))
        await context.until(lambda: len(ids(context)) == count, "told")
        context.kept.puts.clear()
        context.kept_link.welcome_again()
        assert ids(context) == [str(number) for number in range(20, count)]
        assert context.last("connection_state", "websocket") is not None


async def test_a_frame_that_cannot_be_read_is_reported_and_skipped(stage: MarketStage) -> None:
    async with life(stage) as context:
        await context.until(lambda: stage.open, "open")
        await stage.push(row(1))
        await stage.push_text('{"data": [{"i": 2}], "seq": 2}')
        await stage.push(row(3), skip=1)
        await context.until(lambda: "3" in ids(context), "told")
        assert ids(context) == ["1", "3"]
        assert len(stage.paths) == 1
        assert any("MalformedFrame" in repr(fault) for fault in context.faults)


async def test_an_operator_can_have_it_connect_anew(stage: MarketStage) -> None:
    async with life(stage) as context:
        await context.until(lambda: context.state_of("websocket") == "connected", "connected")
        context.controls["reconnect"](Reconnect())
        await context.until(lambda: len(stage.paths) == 2, "connected anew")
        assert set(context.questions) == {"frames"}
