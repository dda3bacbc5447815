"""(b) kill -9 of the cache under load: REST goes on, the replica says stale, refills, resumes."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from full_service import Service, running, until
from stream_clients import StreamClient, broken_chains
from watched_venue import BOTH, WatchedVenue

KILLS = 5
REFILL_SECONDS_MAX = 1.0
KEYS = {"1": "test-key-one", "2": "test-key-two"}
KINDS = ("fills", "orders", "account")


class Poller:
    """Asks for an account and a book without a pause and keeps every bad answer."""

    def __init__(self, service: Service, paths: tuple[str, ...]) -> None:
        self._service = service
        self._paths = paths
        self.failures: list[str] = []
        self.answers = 0
        self.stale = 0
        self.fresh = asyncio.Event()

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                for path in self._paths:
                    await self._ask(session, path)
                await asyncio.sleep(0.005)

    async def _ask(self, session: aiohttp.ClientSession, path: str) -> None:
        try:
            async with session.get(self._service.url + path) as answer:
                body = await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.failures.append(f"{path}: {error!r}")
            return
        self.answers += 1
        if answer.status != 200:
            self.failures.append(f"{path}: {answer.status} {body}")
        elif body["stale"]:
            self.stale += 1
            self.fresh.clear()
        else:
            self.fresh.set()


async def fully_fresh(service: Service, paths: tuple[str, ...]) -> bool:
    answers = [await service.get(path) for path in paths]
    return not any(answer["stale"] for _, answer in answers)


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.parametrize("watched", BOTH, ids=str)
async def test_b_kill_of_the_cache_fails_no_request_and_account_topics_resume(
    tmp_path: Path, watched: WatchedVenue
) -> None:
    account_topics = [f"{kind}:{watched.name}:*" for kind in KINDS]
    market_topic = watched.book()
    paths = (f"/api/accounts/{watched.name}:1", f"/api/orderbook/{watched.market}")
    refills: list[float] = []
    # Each kill is to be the first of its kind: a burst of them would wait by the schedule.
    settings = {**watched.follows(), "RESTART_INFRASTRUCTURE": "0"}
    async with running(tmp_path, KEYS, venue=watched, **settings) as (venue, service):
        body: dict[str, Any] = {"account": "1", "rate_per_s": 30}
        await venue.call("POST", "/fills", json=body)
        poller = Poller(service, paths)
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(
                    StreamClient(service.url, door, *account_topics, market_topic)
                )
                for door in ("sse", "ws")
            ]
            polling = asyncio.create_task(poller.run())
            await until(lambda: all(c.received.connects for c in clients), 10, "clients connect")
            pid = 0
            for kill in range(1, KILLS + 1):
                await until(lambda: fully_fresh(service, paths), 10, "fresh before the kill")
                stale_before = poller.stale
                pid = await service.kill("cache", not_pid=pid)
                began = time.monotonic()
                await until(
                    lambda had=stale_before: poller.stale > had,
                    5,
                    f"stale after kill {kill}",
                    0.002,
                )
                await until(
                    lambda: fully_fresh(service, paths), 10, f"refilled after kill {kill}", 0.01
                )
                refills.append(time.monotonic() - began)
            seen = [len(client.received.messages) for client in clients]
            await until(
                lambda: all(
                    len(client.received.messages) > had + 10
                    for client, had in zip(clients, seen, strict=True)
                ),
                10,
                "streams go on",
            )
            polling.cancel()
    print(
        f"{KILLS} kills, {poller.answers} answers, {poller.stale} of them stale, "
        f"refilled after {', '.join(f'{s * 1000:.0f}' for s in refills)} ms"
    )
    assert not poller.failures, poller.failures[:5]
    faults = [
        fault
        for client in clients
        for topic in sorted(client.received.topics)
        if not topic.startswith("orderbook")
        for fault in broken_chains(client.received, topic)
    ]
    assert not faults, faults[:5]
    assert all(client.received.connects == 1 for client in clients), "web went on"
    for client in clients:
        kinds = {m["type"] for m in client.received.of(market_topic)}
        assert "snapshot" in kinds
        again = client.received.of(market_topic, "snapshot")
        assert len(again) > KILLS, "the book came anew after each kill"
    assert max(refills) <= REFILL_SECONDS_MAX, refills
