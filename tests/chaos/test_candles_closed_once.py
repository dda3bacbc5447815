"""Candles over a minute's end at which one stream's process is killed and another's is cut off.

Who listens all the time hears of each candle's end once, oldest first, and holds in the end what
the venue itself says of it. Beside it: what cannot run is refused with the reason.
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import websockets
from full_service import Service, Simulator, running, until
from stream_clients import StreamClient

from web.demand import HOLD_S, RENEW_S

TOLD_S = 6.0
"""An ended candle is told by then, also where only REST tells it."""
MINUTE_S = 60
BEFORE_S = 1.0
"""The kill comes so long before the minute's end, the cut-off too; both last over it."""
TIMES_MAX_S = 20.0
BTC, ETH = (f"candles:extended:linear:{market}-USD:1m" for market in ("BTC", "ETH"))


class Fold:
    """What a client holds that folds snapshots and updates, and each candle's end as it came."""

    def __init__(self, client: StreamClient, topic: str) -> None:
        self.held: dict[int, dict[str, Any]] = {}
        self.ends: list[int] = []
        for message in client.received.of(topic):
            data = message["data"]
            if message["type"] == "snapshot":
                starts = [row["start_us"] for row in data]
                assert starts == sorted(starts), "a snapshot's candles are oldest first"
                self.held = {row["start_us"]: row for row in data}
                continue
            assert not self.closed(data["start_us"]), f"told after its end: {data}"
            self.held[data["start_us"]] = data
            if data["closed"]:
                self.ends.append(data["start_us"])

    def closed(self, start_us: int) -> bool:
        return start_us in self.held and self.held[start_us]["closed"]

    @property
    def all_closed(self) -> set[int]:
        return {start for start, row in self.held.items() if row["closed"]}


def figures(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] for name in ("open", "high", "low", "close", "volume"))


async def truth(simulator: Simulator, market: str) -> dict[int, tuple[str, ...]]:
    """The venue's own candles by their start, the live one too."""
    url = f"{simulator.base_url}/info/candles/{market}/trades?interval=PT1M&limit=1000"
    async with (
        aiohttp.ClientSession(headers={"User-Agent": "test"}) as session,
        session.get(url) as answer,
    ):
        rows = (await answer.json())["data"]
    return {row["T"] * 1_000: tuple(row[name] for name in "ohlcv") for row in rows}


async def error_of(service: Service, topic: str) -> dict[str, Any]:
    """What a WebSocket client is told that asks for `topic`."""
    url = service.url.replace("http", "ws", 1) + "/ws"
    async with websockets.connect(url, proxy=None) as socket:
        await socket.recv()
        await socket.send(json.dumps({"op": "subscribe", "topics": [topic]}))
        async with asyncio.timeout(5):
            message: dict[str, Any] = json.loads(await socket.recv())
    assert message["type"] == "error", message
    return message


async def what_cannot_run_is_refused(service: Service) -> None:
    for topic, field, part in (
        ("candles:extended:linear:BTC-USB:1m", "symbol", "BTC-USD"),
        ("candles:extended:linear:BTC-USD:7m", "timeframe", "1m, 5m, 15m"),
        ("ticker:nowhere:linear:BTC-USD", "venue", "extended"),
        ("mark:extended:linear:BTC-USD", "topic", "orderbook:extended:linear"),
        ("klines:extended:linear:BTC-USD", "topic", "orderbook:<venue>:<product>:<symbol>"),
    ):
        error = await error_of(service, topic)
        assert (error["field"], part in error["expected"]) == (field, True), error
        status, problem = await service.get(f"/api/stream?topics={topic}")
        assert (status, part in problem["detail"]) == (400, True), problem
    for query, status_due, part in (
        ("symbol=BTC-USB", 404, "BTC-USD"),
        ("symbol=BTC-USD&timeframe=7m", 400, "1m, 5m, 15m"),
        ("symbol=BTC-USD&limit=1001", 400, "limit"),
        ("timeframe=1m", 400, "symbol"),
        ("symbol=BTC-USD&venue=nowhere", 400, "extended"),
    ):
        status, problem = await service.get(f"/api/candles?{query}")
        assert (status, part in json.dumps(problem)) == (status_due, True), problem
    assert not any("demand" in child["label"] for child in (await service.children()).values())


async def a_third_is_refused_until_one_ends(service: Service, second: StreamClient) -> None:
    third = "trades:extended:linear:BTC-USD"
    error = await error_of(service, third)
    assert "2 streams run on demand already (STREAMS_MAX)" in error["detail"], error
    status, problem = await service.get(f"/api/stream?topics={third}")
    assert (status, "STREAMS_MAX" in problem["detail"]) == (503, True), problem
    status, problem = await service.get("/api/candles?symbol=SOL-USD")
    assert (status, problem["type"].endswith("not-started")) == (503, True), problem
    # A stream that nobody wants gives way at once, it does not linger against one that is wanted:
    # here as soon as the last question over REST is long enough ago.
    await second.__aexit__()

    async def answered() -> bool:
        status, _ = await service.get("/api/candles?symbol=SOL-USD&timeframe=1h&limit=3", 8)
        return status == 200

    await until(answered, HOLD_S + RENEW_S + 5, "the third stream runs", every=0.2)


def venue_minute_left_s() -> float:
    """The simulated venue's clock is this machine's."""
    return MINUTE_S - time.time() % MINUTE_S


async def away_from_the_ends_of_a_minute() -> None:
    """Time enough before the next end; and the last one is told by everybody, over REST too."""
    left_s = venue_minute_left_s()
    if left_s < TIMES_MAX_S / 2:
        await asyncio.sleep(left_s)
    passed_s = MINUTE_S - venue_minute_left_s()
    await asyncio.sleep(max(0.0, TOLD_S - passed_s))


async def compare(simulator: Simulator, service: Service, client: StreamClient, market: str) -> int:
    """Held by a client, answered over REST and said by the venue: the same; returns how many."""
    fold = Fold(client, f"candles:extended:linear:{market}:1m")
    told = await truth(simulator, market)
    assert len(fold.all_closed) >= 999
    assert {start: figures(fold.held[start]) for start in fold.all_closed & told.keys()} == {
        start: told[start] for start in fold.all_closed & told.keys()
    }
    status, answer = await service.get(f"/api/candles?symbol={market}&timeframe=1m&limit=1000", 8)
    assert status == 200, answer
    rows = answer["items"]
    assert len(rows) == 1_000
    assert not answer["stale"], answer["stale_reason"]
    assert [row["start_us"] for row in rows] == sorted(row["start_us"] for row in rows)
    ended = {row["start_us"]: figures(row) for row in rows if row["closed"]}
    assert ended == {start: told[start] for start in ended}
    return len(ended)


@pytest.mark.timeout(200)
async def test_each_candle_is_closed_once_whatever_happens_at_the_minutes_end(
    tmp_path: Path,
) -> None:
    settings = {"STREAMS_MAX": "2", "EXTENDED_MARKETS": "SOL-USD"}
    async with running(tmp_path, {"1": "test-key-one"}, **settings) as (simulator, service):
        await what_cannot_run_is_refused(service)
        before = sorted(await service.children())
        await away_from_the_ends_of_a_minute()
        eth = StreamClient(service.url, "sse", ETH)
        async with StreamClient(service.url, "ws", BTC) as btc:
            await eth.__aenter__()
            for client, topic in ((btc, BTC), (eth, ETH)):
                await until(
                    lambda client=client, topic=topic: len(Fold(client, topic).all_closed) >= 999,
                    15,
                    f"the history of {topic}",
                    every=0.2,
                )
            assert sorted(await service.children()) == sorted([*before, BTC, ETH])
            status, health = await service.get("/health")
            assert status == 200, health
            btc_ends, eth_ends = (len(Fold(c, t).ends) for c, t in ((btc, BTC), (eth, ETH)))

            await asyncio.sleep(max(0.0, venue_minute_left_s() - BEFORE_S))
            ended_us = round(time.time() // MINUTE_S) * MINUTE_S * 1_000_000
            killed = await service.kill(BTC)
            fault = {"kind": "disconnect", "target": "candles:ETH-USD", "seconds": 3}
            await simulator.call("POST", "/fault", json=fault)
            # What runs on demand is no part of what has to be ready.
            assert (await service.get("/ready"))[0] == 200
            assert await service.pid_of(BTC, not_pid=killed) != killed
            for client, topic in ((btc, BTC), (eth, ETH)):
                await until(
                    lambda client=client, topic=topic: Fold(client, topic).closed(ended_us),
                    20,
                    f"{topic} told the end of {ended_us}",
                    every=0.2,
                )
            for client, topic, ends in ((btc, BTC, btc_ends), (eth, ETH, eth_ends)):
                fold = Fold(client, topic)
                assert fold.ends == sorted(set(fold.ends)), "each once, oldest first"
                assert fold.ends[ends:] == [ended_us], topic
                assert client.received.connects == 1
                assert client.received.resets(topic) == 0
            compared = [
                await compare(simulator, service, client, market)
                for client, market in ((btc, "BTC-USD"), (eth, "ETH-USD"))
            ]
            print(f"compared with the venue: {compared}")
            await a_third_is_refused_until_one_ends(service, eth)
