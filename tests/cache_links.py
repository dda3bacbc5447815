"""A cache in the test's own process on a real unix socket, and messages to feed it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from actors.cache.chronicle import Chronicle
from actors.cache.replica import Replica
from actors.cache.server import CacheServer, Link
from actors.messages.account import AccountSnapshot, Fill, Funding, Order, Position
from actors.messages.envelope import VERSION, Envelope
from actors.messages.market import BookDelta, BookSnapshot
from actors.runtime.clock import Clock, SystemClock
from actors.runtime.context import Progress
from actors.runtime.framing import encode_body
from actors.runtime.link import CacheLink
from actors.runtime.outbox import Outbox

TOPIC = "orderbook:extended:linear:BTC-USD"


async def until(condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Polls `condition`; AssertionError when it does not hold in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while not condition():
        assert loop.time() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.002)


class Context:
    """What the cache needs of an ActorContext."""

    def __init__(self, epoch: int = 1, clock: Clock | None = None) -> None:
        self.actor_id = "cache"
        self.epoch = epoch
        self.clock = clock or SystemClock()
        self.progress = Progress(self.clock)
        self.lines: list[str] = []

    def log(self, level: str, event: str, **fields: object) -> None:
        self.lines.append(f"{level} {event} {fields}")


class Cache:
    """A cache that can be killed and started again; the socket stays, as under a supervisor."""

    def __init__(self, folder: Path, **bounds: Any) -> None:
        self.path = str(folder / "cache.sock")
        self.directory = folder / "journal"
        self._bounds = {"journal_bytes": 64 * 1024 * 1024, **bounds}
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.path)
        self._socket.listen(64)
        self.epoch = 0
        self.server: CacheServer | None = None

    async def start(self) -> None:
        self.epoch += 1
        self.context = Context(self.epoch)
        self.chronicle = Chronicle(self.directory, self.context.clock, **self._bounds)
        self.chronicle.recover()
        self.server = server = CacheServer(self.context, self.chronicle)  # type: ignore[arg-type]
        listener = socket.socket(fileno=os.dup(self._socket.fileno()))
        listener.setblocking(False)
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_unix_server(lambda: Link(server).stream, sock=listener)
        self._beating = asyncio.ensure_future(self._beat(server))

    @staticmethod
    async def _beat(server: CacheServer) -> None:
        while True:
            server.beat()
            await asyncio.sleep(0.2)

    async def kill(self) -> None:
        """Ends as by kill -9: what was not written and sent by now never is."""
        server = self.server
        assert server is not None
        self.server = None
        self._beating.cancel()
        self._listening.close()
        self.chronicle.close()
        self.chronicle.commit = lambda: False  # type: ignore[method-assign]
        server._readers.clear()
        links = list(server._links)
        server._links.clear()
        for link in links:
            link.stream.close()
        await asyncio.sleep(0)

    async def close(self) -> None:
        if self.server is not None:
            await self.kill()
        self._socket.close()


class Source:
    """An actor's outbox and link."""

    def __init__(self, path: str, actor: str, epoch: int = 1) -> None:
        clock = SystemClock()
        self.outbox = Outbox(actor, epoch, clock)
        self.link = CacheLink(path, self.outbox, clock)
        self.task = asyncio.ensure_future(self.link.run())

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


class Web:
    """A replica and every change that it told."""

    def __init__(self, path: str, actor: str = "web:1", **bounds: Any) -> None:
        self.replica = Replica(path, actor, 1, SystemClock(), **bounds)
        self.changes: list[Any] = []
        self.resets = 0
        self.replica.subscribe(self.changes.append)
        self.replica.on_stream_reset(self._reset)
        self.task = asyncio.ensure_future(self.replica.run())

    def _reset(self) -> None:
        self.resets += 1

    def of(self, prefix: str) -> list[Any]:
        return [change for change in self.changes if change.topic.startswith(prefix)]

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def fill(fill_id: str, account: str = "1", **more: Any) -> Fill:
    fields: dict[str, Any] = {
        "venue": "extended",
        "account": account,
        "fill_id": fill_id,
        "order_id": f"9{fill_id}",
        "symbol": "BTC-USD",
        "product": "linear",
        "side": "buy",
        "price": "84050.0",
        "quantity": "0.01",
        "fee": "0.21",
        "liquidity": "taker",
        "received_ns": 1_790_000_000_000_000_000,
        "via": "websocket",
    }
    return Fill(**{**fields, **more})


def payment(funding_id: str, **more: Any) -> Funding:
    fields: dict[str, Any] = {
        "venue": "extended",
        "account": "1",
        "funding_id": funding_id,
        "symbol": "BTC-USD",
        "amount": "-0.25",
        "rate": "0.000012",
        "received_ns": 1_790_000_000_000_000_000,
        "via": "polling",
    }
    return Funding(**{**fields, **more})


def order(order_id: str, version: int, status: str = "open", **more: Any) -> Order:
    fields: dict[str, Any] = {
        "venue": "extended",
        "account": "1",
        "order_id": order_id,
        "symbol": "BTC-USD",
        "product": "linear",
        "side": "buy",
        "type": "limit",
        "status": status,
        "price": "84000",
        "quantity": "1",
        "version": version,
        "received_ns": 1_790_000_000_000_000_000,
        "via": "websocket",
    }
    return Order(**{**fields, **more})


def position(quantity: str, position_id: str = "BTC-USD", **more: Any) -> Position:
    fields: dict[str, Any] = {
        "venue": "extended",
        "account": "1",
        "position_id": position_id,
        "symbol": position_id,
        "product": "linear",
        "side": "long",
        "quantity": quantity,
        "received_ns": 1_790_000_000_000_000_000,
        "via": "websocket",
    }
    return Position(**{**fields, **more})


def balance(equity: str, **more: Any) -> AccountSnapshot:
    fields: dict[str, Any] = {
        "venue": "extended",
        "account": "1",
        "equity": equity,
        "wallet_balance": equity,
        "received_ns": 1_790_000_000_000_000_000,
        "via": "polling",
    }
    return AccountSnapshot(**{**fields, **more})


def snapshot(sequence: int, levels: int = 20, **more: Any) -> BookSnapshot:
    fields: dict[str, Any] = {
        "venue": "extended",
        "product": "linear",
        "symbol": "BTC-USD",
        "bids": tuple((str(84_000 - at), "1.5") for at in range(levels)),
        "asks": tuple((str(84_001 + at), "1.5") for at in range(levels)),
        "sequence": sequence,
        "received_ns": 1_790_000_000_000_000_000,
    }
    return BookSnapshot(**{**fields, **more})


def delta(sequence: int, levels: int = 4, **more: Any) -> BookDelta:
    fields: dict[str, Any] = {
        "venue": "extended",
        "product": "linear",
        "symbol": "BTC-USD",
        "bids": tuple((str(83_900 + at), f"{sequence}.5") for at in range(levels)),
        "asks": tuple((str(84_101 + at), f"{sequence}.5") for at in range(levels)),
        "sequence": sequence,
        "previous_sequence": sequence - 1,
        "received_ns": 1_790_000_000_000_000_000,
    }
    return BookDelta(**{**fields, **more})


def envelope(
    kind: str,
    topic: str,
    message: Any,
    source: str = "account:extended:1",
    number: int = 1,
    **more: Any,
) -> Envelope:
    fields = {"epoch": 1, "sent_ns": 1_000, **more}
    return Envelope(
        VERSION,
        kind,
        source,
        fields["epoch"],
        number,
        fields["sent_ns"],
        topic,
        encode_body(message),
    )
