"""(c) kill -9 of web under load: nobody is refused, streams go on without a hole or a double."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from full_service import Service, running, until
from stream_clients import StreamClient, broken_chains

SEED = 20261121
KILLS = 5
CLIENTS_PER_DOOR = 5
FILLS_PER_SECOND = 20
KEYS = {"1": "test-key-one", "2": "test-key-two"}
TOPICS = ("fills:extended:*", "orders:extended:*", "orderbook:extended:linear:*")


async def poll(service: Service, failures: list[str], count: list[int]) -> None:
    """A REST client that keeps its connection where it can and never tries twice on its own."""
    timeout = aiohttp.ClientTimeout(total=10)
    while True:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            try:
                async with session.get(f"{service.url}/api/accounts") as answer:
                    await answer.read()
                    count[0] += 1
                    if answer.status != 200:
                        failures.append(f"status {answer.status}")
            except aiohttp.ClientConnectorError as error:
                failures.append(f"refused: {error}")
            except aiohttp.ClientError:
                # The request was inside the process that was killed: the connection broke, which
                # no listener can prevent. It is not a refused connection.
                pass
        await asyncio.sleep(0.01)


@pytest.mark.processes
@pytest.mark.slow
async def test_c_kill_of_web_under_load_refuses_nobody_and_streams_resume(tmp_path: Path) -> None:
    print(f"seed {SEED}")
    generator = random.Random(SEED)
    failures: list[str] = []
    count = [0]
    # Each kill is to be the first of its kind: a burst of them would wait by the schedule.
    settings = {"EXTENDED_MARKETS": "BTC-USD,ETH-USD", "RESTART_INFRASTRUCTURE": "0"}
    async with running(tmp_path, KEYS, **settings) as (venue, service):
        for name in KEYS:
            body: dict[str, Any] = {"account": name, "rate_per_s": FILLS_PER_SECOND}
            await venue.call("POST", "/fills", json=body)
        async with AsyncExitStack() as stack:
            doors = ["sse", "ws"] * CLIENTS_PER_DOOR
            clients = [
                await stack.enter_async_context(StreamClient(service.url, door, *TOPICS))
                for door in doors
            ]
            poller = asyncio.create_task(poll(service, failures, count))
            await until(lambda: all(c.received.connects for c in clients), 10, "clients connect")
            pid = 0
            for kill in range(1, KILLS + 1):
                await asyncio.sleep(generator.uniform(0.2, 0.6))
                before = [client.received.connects for client in clients]
                pid = await service.kill("web:1", not_pid=pid)
                await until(
                    lambda before=before: all(
                        client.received.connects > had
                        for client, had in zip(clients, before, strict=True)
                    ),
                    10,
                    f"all clients are back after kill {kill}",
                )
            seen = [len(client.received.messages) for client in clients]
            await until(
                lambda: all(
                    len(client.received.messages) > had
                    for client, had in zip(clients, seen, strict=True)
                ),
                10,
                "streams go on",
            )
            poller.cancel()
    faults = [
        fault
        for c in clients
        for t in sorted(c.received.topics)
        for fault in broken_chains(c.received, t)
    ]
    refused = [text for client in clients for text in client.received.refused]
    resets = sum(c.received.resets(t) for c in clients for t in c.received.topics)
    messages = sum(len(client.received.messages) for client in clients)
    print(f"{KILLS} kills, {count[0]} REST answers, {messages} stream messages, {resets} resets")
    assert not failures, failures[:5]
    assert not refused, refused[:5]
    assert not faults, faults[:5]
    account_resets = [
        topic
        for client in clients
        for topic in client.received.topics
        if topic.startswith(("fills", "orders")) and client.received.resets(topic)
    ]
    assert not account_resets, account_resets
    assert count[0] > 50
