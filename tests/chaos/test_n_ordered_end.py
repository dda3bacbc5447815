"""(n) SIGTERM with 200 SSE and 200 WebSocket clients: all are told, the end takes ≤ 3 s."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest
from full_service import Service, Simulator, account_settings, until
from stream_clients import StreamClient

CLIENTS_PER_DOOR = 200
EXIT_SECONDS_MAX = 3.0
KEYS = {"1": "test-key-one"}
TOPIC = "orderbook:extended:linear:BTC-USD"


@pytest.mark.processes
@pytest.mark.slow
async def test_n_sigterm_tells_400_clients_and_leaves_no_process(tmp_path: Path) -> None:
    venue = Simulator(tmp_path, KEYS)
    try:
        await venue.serving()
        service = Service(tmp_path, account_settings(venue, KEYS, EXTENDED_MARKETS="BTC-USD"))
        try:
            await service.ready()
            async with AsyncExitStack() as stack:
                clients = [
                    await stack.enter_async_context(StreamClient(service.url, door, TOPIC))
                    for door in ("sse", "ws")
                    for _ in range(CLIENTS_PER_DOOR)
                ]
                await until(
                    lambda: all(c.received.messages for c in clients), 30, "all clients are served"
                )
                family = service.family()
                assert len(family) > 5
                began = time.monotonic()
                service.process.send_signal(signal.SIGTERM)
                code = await asyncio.to_thread(service.process.wait, 12)
                took = time.monotonic() - began
                told = sum(bool(c.received.closings) for c in clients)
                left = [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
        finally:
            service.end()
    finally:
        venue.end()
    print(f"exit {code} after {took:.2f} s, {told} of {len(clients)} told, {len(left)} left")
    assert told == len(clients)
    assert code == 0
    assert not left
    assert took <= EXIT_SECONDS_MAX
