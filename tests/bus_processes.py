"""Processes of the bus without a supervisor: `cache` (the real entry) and `sender` (full flow).

Run as `python bus_processes.py cache DESCRIPTOR FOLDER RING_BYTES` and
`python bus_processes.py sender SOCKET SYMBOL DELTAS_A_SECOND`.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from actors.cache.actor import run
from actors.messages.account import Fill
from actors.messages.market import BookDelta, BookSnapshot
from actors.runtime.clock import SystemClock
from actors.runtime.context import Progress
from actors.runtime.link import CacheLink
from actors.runtime.outbox import Outbox
from actors.venues.orderbook import OrderBook

TICK_S = 0.01
FILLS_A_SECOND = 50


class CacheContext:
    """An ActorContext from the command line."""

    def __init__(self, descriptor: int, config: dict[str, Any]) -> None:
        self.actor_id = "cache"
        self.epoch = 1
        self.config = config
        self.clock = SystemClock()
        self.stopping = asyncio.Event()
        self.progress = Progress(self.clock)
        self._descriptor = descriptor

    def descriptor(self, name: str) -> int:
        assert name == "cache"
        return self._descriptor

    def ready(self) -> None:
        print("ready", flush=True)

    def log(self, level: str, event: str, **fields: object) -> None:
        print(level, event, fields, file=sys.stderr, flush=True)


async def cache(descriptor: int, folder: str, ring_bytes: int) -> None:
    context = CacheContext(descriptor, {"data_dir": folder, "ring_bytes": ring_bytes})
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, context.stopping.set)
    await run(context)  # type: ignore[arg-type]


class Stream:
    """A book that moves for ever, and an account that trades."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.rng = random.Random(symbol)
        self.book = OrderBook(
            [(str(50_000 - at), "1") for at in range(100)],
            [(str(50_001 + at), "1") for at in range(100)],
        )
        self.sequence = 1
        self.fills = 0

    def whole(self) -> BookSnapshot:
        return BookSnapshot(
            venue="extended",
            product="linear",
            symbol=self.symbol,
            bids=tuple(self.book.bids()),
            asks=tuple(self.book.asks()),
            sequence=self.sequence,
            received_ns=1_790_000_000_000_000_000,
        )

    def move(self) -> BookDelta:
        self.sequence += 1
        bids = [(str(50_000 - self.rng.randrange(100)), f"{self.rng.random():.6f}") for _ in "1234"]
        asks = [(str(50_001 + self.rng.randrange(100)), f"{self.rng.random():.6f}") for _ in "1234"]
        self.book.apply(bids, asks)
        return BookDelta(
            venue="extended",
            product="linear",
            symbol=self.symbol,
            bids=tuple(bids),
            asks=tuple(asks),
            sequence=self.sequence,
            previous_sequence=self.sequence - 1,
            received_ns=1_790_000_000_000_000_000,
        )

    def fill(self) -> Fill:
        self.fills += 1
        return Fill(
            venue="extended",
            account=self.symbol,
            fill_id=str(self.fills),
            order_id=f"9{self.fills}",
            symbol=self.symbol,
            product="linear",
            side="buy",
            price="50000",
            quantity="0.01",
            liquidity="maker",
            received_ns=1_790_000_000_000_000_000,
            via="websocket",
        )


async def sender(path: str, symbol: str, deltas_a_second: int) -> None:
    topic = f"orderbook:extended:linear:{symbol}"
    stream = Stream(symbol)
    clock = SystemClock()
    outbox = Outbox(topic, 1, clock)
    outbox.book_source(topic, stream.whole)
    link = CacheLink(path, outbox, clock)
    running = asyncio.ensure_future(link.run())
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    await link.first_welcome()
    started = loop.time()
    moved = 0
    while not stopping.is_set():
        elapsed = loop.time() - started
        while moved < elapsed * deltas_a_second:
            outbox.put("book_delta", topic, stream.move())
            moved += 1
        while stream.fills < elapsed * FILLS_A_SECOND:
            outbox.put("fill", f"fills:extended:{symbol}", stream.fill())
        await asyncio.sleep(TICK_S)
    assert await link.close(5.0)
    running.cancel()
    best = (stream.book.best_bid, stream.book.best_ask)
    print("end", stream.sequence, stream.fills, best, flush=True)


def listening(path: Path) -> socket.socket:
    """The cache's socket as a supervisor owns it."""
    owned = socket.socket(socket.AF_UNIX)
    owned.bind(str(path))
    owned.listen(64)
    return owned


def start_cache(owned: socket.socket, folder: Path, ring_bytes: int) -> subprocess.Popen[str]:
    number = owned.fileno()
    process = _start(["cache", str(number), str(folder), str(ring_bytes)], (number,))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def start_sender(path: Path, symbol: str, deltas_a_second: int) -> subprocess.Popen[str]:
    return _start(["sender", str(path), symbol, str(deltas_a_second)], ())


def _start(arguments: list[str], descriptors: tuple[int, ...]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, __file__, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=descriptors,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )


def private_bytes(pid: int) -> int:
    """What the process holds for itself alone."""
    total = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(("Private_Clean", "Private_Dirty")):
            total += int(line.split()[1]) * 1024
    return total


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["cache", descriptor, folder, ring]:
            asyncio.run(cache(int(descriptor), folder, int(ring)))
        case ["sender", path, symbol, rate]:
            asyncio.run(sender(path, symbol, int(rate)))
        case other:
            sys.exit(f"expected cache or sender, found {other}")
