"""The service under load for the dashboard: the real app, fed by hand at a fixed rate.

Prints its port as a line of JSON, then obeys lines on stdin: `<view> <changes a second>`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import socket
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import uvloop
from web_world import World

from actors.messages.account import AccountSnapshot, Position
from web.app import create_app
from web.seam import Server

VENUE = "extended"
ACCOUNTS = 50
POSITIONS_EACH = 4
BOOKS = 50
LEVELS = 20
TICK_S = 0.01
SYMBOLS = ("BTC-USD", "ETH-USD", "SOL-USD", "ARB-USD")

Feed = Callable[[], None]


class Load:
    """A world of 50 accounts and 50 books, and what changes one datum of each kind."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        names = [str(number) for number in range(1, ACCOUNTS + 1)]
        self.books = [f"orderbook:{VENUE}:linear:M{number}-USD" for number in range(1, BOOKS + 1)]
        self.world = World(
            venues=[VENUE],
            streams=self.books,
            accounts=[{"venue": VENUE, "name": name, "label": "Load"} for name in names],
        )
        self._names = names
        for name in names:
            self.world.link(f"account:{VENUE}:{name}", VENUE)
            self.world.child(f"account:{VENUE}:{name}")
            self._figures(name)
            for symbol in SYMBOLS[:POSITIONS_EACH]:
                self._position(name, symbol)
        for topic in self.books:
            self.world.link(topic, VENUE)
            self.world.child(topic)
            bids = tuple((str(10_000 - step), "1.5") for step in range(LEVELS))
            asks = tuple((str(10_001 + step), "1.5") for step in range(LEVELS))
            self.world.book(topic, bids, asks)

    def kinds(self) -> dict[str, Iterator[Feed]]:
        """What changes for each view, one topic after the other."""
        positions = itertools.cycle((name, symbol) for symbol in SYMBOLS for name in self._names)
        return {
            "positions": (lambda p=p: self._position(*p) for p in positions),
            "overview": (lambda n=n: self._figures(n) for n in itertools.cycle(self._names)),
            "books": (lambda t=t: self._delta(t) for t in itertools.cycle(self.books)),
        }

    def _money(self, scale: int) -> str:
        return str(Decimal(self._random.randrange(-scale, scale)) / 1_000_000)

    def _figures(self, name: str) -> None:
        snapshot = AccountSnapshot(
            venue=VENUE,
            account=name,
            equity=str(100_000 + Decimal(self._money(10**9))),
            wallet_balance="100000.00",
            free="90000",
            margin_used="10000",
            margin_ratio="0.1",
            leverage="0.5",
            exposure="50000",
            unrealized_pnl=self._money(10**9),
            received_ns=self.world.now_ns(),
            via="websocket",
        )
        topic = f"account:{VENUE}:{name}"
        self.world.replica.feed("account_snapshot", topic, topic, snapshot)

    def _position(self, name: str, symbol: str) -> None:
        position = Position(
            venue=VENUE,
            account=name,
            position_id=symbol,
            symbol=symbol,
            product="linear",
            side="long",
            quantity="0.5",
            entry_price="84000.1",
            mark_price=str(84_000 + Decimal(self._money(10**8))),
            liquidation_price="42000",
            notional="42000.05",
            leverage="5",
            margin="8400.01",
            unrealized_pnl=self._money(10**9),
            received_ns=self.world.now_ns(),
            via="websocket",
        )
        source = f"account:{VENUE}:{name}"
        self.world.replica.feed("position", source, f"positions:{VENUE}:{name}", position)

    def _delta(self, topic: str) -> None:
        def level(base: int, sign: int) -> tuple[str, str]:
            price = base + sign * self._random.randrange(LEVELS)
            return str(price), str(Decimal(self._random.randrange(1, 5_000)) / 1_000)

        bids = tuple(dict(level(10_000, -1) for _ in range(3)).items())
        asks = tuple(dict(level(10_001, 1) for _ in range(3)).items())
        self.world.delta(topic, bids, asks)


async def feed(kinds: dict[str, Iterator[Feed]], view: str, rate: float) -> None:
    """`rate` changes a second, in small lots, without catching up on what a pause missed."""
    started, made = time.monotonic(), 0
    while True:
        due = int((time.monotonic() - started) * rate)
        for _ in range(min(due - made, int(rate / 10))):
            next(kinds[view])()
        made = due
        await asyncio.sleep(TICK_S)


async def main() -> None:
    load = Load(seed=int(sys.argv[1]))
    kinds = load.kinds()
    server = Server(create_app(load.world.service), load.world.reported.append)
    listener = socket.create_server(("127.0.0.1", 0))
    await server.start(listener)
    telling = asyncio.create_task(load.world.feed.run())
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    feeding: asyncio.Task[None] | None = None
    while line := (await reader.readline()).decode().split():
        if feeding:
            feeding.cancel()
        feeding = asyncio.create_task(feed(kinds, line[0], float(line[1])))
    telling.cancel()
    os._exit(0)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
