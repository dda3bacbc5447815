"""(h) Web clients that never read are dropped after their limit; what others wait is unchanged."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import websockets

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from web_world import BTC, World, serving, until

READERS = 10
STUCK = 4
CHANGES_PER_SECOND = 100
LEVELS = 40
CALM_S = 4.0
DROPPED_S_MAX = 25.0
NOISE_MS = 40.0
"""The machine is shared: what any two runs may differ by. Who waited for one that does not read
would wait for seconds."""


async def serve() -> None:
    """The server's own process: a book that changes, and its port on standard output."""
    world = World()
    world.full()
    async with serving(world) as served:
        print(served.port, flush=True)
        count = 0
        while True:
            count += 1
            world.book(bids=[(f"{1000 - level}", f"{count}") for level in range(LEVELS)], asks=())
            await asyncio.sleep(1 / CHANGES_PER_SECOND)


class Reader:
    """A client that reads, and knows how long each message was on its way."""

    def __init__(self) -> None:
        self.waits_ms: list[float] = []
        self.last = ""
        self.broken: list[str] = []

    async def run(self, port: int) -> None:
        url = f"ws://127.0.0.1:{port}/ws"
        async with websockets.connect(url, proxy=None, max_queue=None) as connection:
            await connection.send(json.dumps({"op": "subscribe", "topics": [BTC]}))
            async for text in connection:
                now_us = time.time_ns() // 1000
                message = json.loads(text)
                if message.get("topic") != BTC or message["type"] != "snapshot":
                    continue
                if self.last and message["prev"] not in (self.last, message["id"]):
                    self.broken.append(message["id"])
                self.last = message["id"]
                self.waits_ms.append((now_us - message["at_us"]) / 1000)


def stuck_client(port: int, door: str) -> socket.socket:
    """Asks for the stream and never reads."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    if door == "sse":
        head = f"GET /api/stream?topics={BTC} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        connection.sendall(head.encode())
        return connection
    connection.sendall(
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    # A client may speak once it has been answered; this one only looks.
    while b"\r\n\r\n" not in connection.recv(4096, socket.MSG_PEEK):
        pass
    payload = json.dumps({"op": "subscribe", "topics": [BTC]}).encode()
    # A client's frame is masked; a mask of zeros leaves it readable.
    connection.sendall(bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
    return connection


def start_server() -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    return subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, env=environment)


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


async def clients_of(http: aiohttp.ClientSession, port: int) -> dict[str, Any]:
    async with http.get(f"http://127.0.0.1:{port}/api/status") as answer:
        counts: dict[str, Any] = (await answer.json())["clients"]
        return counts


async def count_is(http: aiohttp.ClientSession, port: int, name: str, expected: int) -> bool:
    return bool((await clients_of(http, port))[name] == expected)


@pytest.mark.processes
@pytest.mark.slow
async def test_h_a_client_that_never_reads_is_dropped_and_others_wait_no_longer() -> None:
    server = start_server()
    sockets: list[socket.socket] = []
    readers = [Reader() for _ in range(READERS)]
    tasks: list[asyncio.Task[None]] = []
    try:
        assert server.stdout is not None
        port = int(await asyncio.to_thread(server.stdout.readline))
        tasks = [asyncio.create_task(reader.run(port)) for reader in readers]
        async with aiohttp.ClientSession() as http, asyncio.timeout(60):
            await until(lambda: count_is(http, port, "websocket", READERS), "readers are served")
            for reader in readers:
                reader.waits_ms.clear()
            wanted = round(CALM_S * CHANGES_PER_SECOND)
            await until(
                lambda: min(len(reader.waits_ms) for reader in readers) >= wanted,
                "the calm is measured",
                30,
            )
            calm = [wait for reader in readers for wait in reader.waits_ms]
            for reader in readers:
                reader.waits_ms.clear()
            doors = ("sse", "ws") * (STUCK // 2)
            sockets += [await asyncio.to_thread(stuck_client, port, door) for door in doors]
            began = time.monotonic()
            await until(
                lambda: count_is(http, port, "evicted", STUCK),
                "all are dropped",
                DROPPED_S_MAX,
                0.1,
            )
            dropped_s = time.monotonic() - began
            counts = await clients_of(http, port)
        pressed = [wait for reader in readers for wait in reader.waits_ms]
        print(
            f"{READERS} readers, {CHANGES_PER_SECOND} changes/s: p99 {p99(calm):.2f} ms "
            f"(n {len(calm)}) without and {p99(pressed):.2f} ms (n {len(pressed)}) with {STUCK} "
            f"clients that never read; these dropped after {dropped_s:.1f} s"
        )
        assert counts["websocket"] == READERS
        assert counts["sse"] == 0
        assert dropped_s > 9.0
        assert not [reader.broken for reader in readers if reader.broken]
        assert not any(task.done() for task in tasks)
        assert p99(pressed) <= p99(calm) * 1.5 + NOISE_MS
        for connection in sockets:
            # What it had been sent may still be read; then there is an end or a reset.
            connection.settimeout(5)
            with contextlib.suppress(ConnectionResetError):
                while await asyncio.to_thread(connection.recv, 65536):
                    pass
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in sockets:
            connection.close()
        server.kill()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()


if __name__ == "__main__":
    asyncio.run(serve())
