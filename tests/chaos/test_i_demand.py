"""(i) 500 clients over two web processes come and go on one candle stream: one upstream, then none.

For a minute they subscribe and leave at random; once all are gone for a while, once a web process
is killed. The simulated venue tells when a connection of the stream opened and closed.
"""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from typing import Any

import pytest
from full_service import Service, Simulator, running, until
from stream_clients import StreamClient, broken_chains

from actors.supervision.demand import LINGER_S

CLIENTS = 500
SECONDS = 60.0
KILL_AFTER_S = 20.0
QUIET_S = (40.0, 46.0)
"""All but nobody listens between these: the stream has to linger."""
STAY_S = (0.5, 12.0)
AWAY_S = (0.2, 8.0)
END_SLACK_S = 6.0
"""The desk looks once a second, and the process ends in its own time."""
SYMBOL = "BTC-USD"
# The longest candles have the shortest history: what is tried here is coming and going.
TOPIC = f"candles:extended:linear:{SYMBOL}:1w"
UPSTREAM = f"candles:{SYMBOL}:trades:P7D"
DOORS = ("sse", "ws")


class Crowd:
    """Counts who listens, and who was ever told something."""

    def __init__(self, url: str, seed: int) -> None:
        self._url = url
        self._seed = seed
        self._began = time.monotonic()
        self.listening = 0
        self.visits = 0
        self.unserved = 0
        self.refused: list[str] = []
        self.broken: list[str] = []

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._began

    async def client(self, number: int) -> None:
        """One client's minute: it stays, goes, and comes back."""
        chance = random.Random(f"{self._seed}/{number}")
        door = DOORS[number % len(DOORS)]
        await asyncio.sleep(chance.uniform(0, 6))
        while (left_s := SECONDS - self.elapsed_s) > 0:
            if QUIET_S[0] <= self.elapsed_s < QUIET_S[1]:
                await asyncio.sleep(QUIET_S[1] - self.elapsed_s)
                continue
            ends = [left_s, chance.uniform(*STAY_S)]
            if self.elapsed_s < QUIET_S[0]:
                ends.append(QUIET_S[0] - self.elapsed_s)
            await self._visit(door, min(ends))
            await asyncio.sleep(min(chance.uniform(*AWAY_S), max(0.0, SECONDS - self.elapsed_s)))

    async def _visit(self, door: str, stay_s: float) -> None:
        self.listening += 1
        self.visits += 1
        try:
            async with StreamClient(self._url, door, TOPIC) as client:
                await asyncio.sleep(stay_s)
        finally:
            self.listening -= 1
        said = client.received
        self.refused += [why for why in said.refused if "ConnectionRefused" not in why]
        self.broken += broken_chains(said, TOPIC)
        if said.connects and stay_s > 5 and not said.of(TOPIC):
            self.unserved += 1


async def stays(simulator: Simulator) -> list[dict[str, Any]]:
    told = await simulator.call("GET", f"/topics?topic={UPSTREAM}")
    found: list[dict[str, Any]] = told["topics"].get(UPSTREAM, [])
    return found


async def attendance(simulator: Simulator) -> dict[str, int]:
    state = await simulator.call("GET", "/state")
    found: dict[str, int] = state["topics"].get(UPSTREAM, {"now": 0, "ever": 0, "most": 0})
    return found


async def watch(simulator: Simulator, crowd: Crowd, seen: list[tuple[float, int, int]]) -> None:
    while True:
        listening = crowd.listening
        found = await attendance(simulator)
        seen.append((crowd.elapsed_s, listening, found["now"]))
        await asyncio.sleep(0.5)


async def kill_a_web(service: Service) -> None:
    await asyncio.sleep(KILL_AFTER_S)
    killed = await service.kill("web:1")
    assert await service.pid_of("web:1", not_pid=killed) != killed


@pytest.mark.timeout(180)
async def test_i_one_upstream_while_anyone_listens_and_none_after(
    tmp_path: Path, seeded: random.Random
) -> None:
    seed = seeded.getrandbits(32)
    settings = {"WEB_WORKERS": "2", "EXTENDED_MARKETS": "ETH-USD"}
    async with running(tmp_path, {"1": "test-key-one"}, **settings) as up:
        simulator, service = up
        crowd = Crowd(service.url, seed)
        seen: list[tuple[float, int, int]] = []
        watching = asyncio.create_task(watch(simulator, crowd, seen))
        clients = [crowd.client(number) for number in range(CLIENTS)]
        await asyncio.gather(kill_a_web(service), *clients)
        left = time.monotonic()
        watching.cancel()

        # While they were there, and while they were all gone for a moment.
        found = await attendance(simulator)
        assert found == {"now": 1, "ever": 1, "most": 1}, (seed, await stays(simulator))
        first = next(index for index, (_, _, now) in enumerate(seen) if now)
        assert seen[first][0] < 10, seen[: first + 1]
        assert all(now == 1 for _, _, now in seen[first:]), (seed, seen)
        assert any(listening == 0 for at, listening, _ in seen if at > QUIET_S[0]), seen
        assert max(listening for _, listening, _ in seen) > CLIENTS / 3
        assert crowd.refused == []
        assert crowd.broken == []
        assert crowd.unserved == 0
        assert crowd.visits > CLIENTS

        # A client that comes again while it lingers changes nothing, but that it is told at once.
        async with StreamClient(service.url, "ws", TOPIC) as late:
            await until(lambda: late.received.of(TOPIC), 5, "the late client is told")
            left = time.monotonic()
        assert broken_chains(late.received, TOPIC) == []

        async def ended() -> bool:
            return (await attendance(simulator))["now"] == 0

        await until(ended, LINGER_S + END_SLACK_S, "no upstream", every=0.1)
        took_s = time.monotonic() - left
        assert took_s > LINGER_S - 1
        [stay] = await stays(simulator)
        print(f"{crowd.visits} visits, upstream {stay}, ended {took_s:.1f} s after the last")

        # What it told is gone, too, in every web process.
        await until(lambda: forgotten(service), 8, "the topic is forgotten")


async def forgotten(service: Service) -> bool:
    _, ready = await service.get("/ready")
    if TOPIC in await service.children() or not ready:
        return False
    for _ in range(4):
        # Each connects anew, to whichever web process takes it.
        async with StreamClient(service.url, "ws", "candles:*", "connections") as client:
            await until(lambda: client.received.of("connections"), 5, "a snapshot")
        lanes = client.received.of("connections")[0]["data"]
        if TOPIC in client.received.topics or any(lane["actor"] == TOPIC for lane in lanes):
            return False
    return True
