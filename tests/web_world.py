"""A web process in the test's loop: the real app on the real server, its replica fed by hand."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from actors.cache.replica import Replica
from actors.messages.account import AccountSnapshot, Fill, Order, Position
from actors.messages.control import ChildStatus, ConnectionState, SourceState
from actors.messages.envelope import VERSION, Envelope
from actors.messages.market import BookDelta, BookSnapshot, Instrument, InstrumentList
from actors.runtime.clock import Clock, SystemClock
from actors.runtime.framing import encode_body
from actors.sinks.contract import HistoryReader
from web.app import create_app
from web.clients import GOING_AWAY
from web.seam import Server
from web.service import Service, make_service

BTC = "orderbook:extended:linear:BTC-USD"
ETH = "orderbook:extended:linear:ETH-USD"
ACCOUNT_1, ACCOUNT_2 = "account:extended:1", "account:extended:2"
TOKEN = "test-token-0123456789"  # made here, opens nothing
NOT_BUILT = Path(__file__).parent / "no dashboard"
"""Whether this checkout's dashboard was built must not change what a test sees."""

SETTINGS: dict[str, Any] = {
    "host": "127.0.0.1",
    "port": 5000,
    "allowed_hosts": [],
    "cache_ttl_s": 5.0,
    "poll_interval_s": 0.5,
    "venues": ["extended"],
    "accounts": [
        {"venue": "extended", "name": "1", "label": "Main"},
        {"venue": "extended", "name": "2", "label": ""},
    ],
    "streams": [BTC, ETH],
    "demo": True,
    "max_body_bytes": 65536,
    "rate_limit": 0,
    "trusted_proxies": [],
    "cors_origins": [],
}
CONFIG: dict[str, Any] = {
    "settings": SETTINGS,
    "mode": "COLLECTOR",
    "simulated": True,
    "version": "0.0.test",
    "started_mono_ns": 0,
}


FILL_TOPIC = "fills:extended:1"


def fill_struct(
    number: int, name: str = "1", venue: str = "extended", received_ns: int = 1
) -> Fill:
    return Fill(
        venue=venue,
        account=name,
        fill_id=str(number),
        order_id="7",
        symbol="BTC-USD",
        product="linear",
        side="buy",
        price="100.50",
        quantity="0.10",
        liquidity="taker",
        received_ns=received_ns,
        via="websocket",
    )


class FedReplica(Replica):
    """A replica whose cache is the test: changes come by `feed`, the journal from `journal`."""

    def __init__(self, clock: Clock, ring_count: int = 50_000) -> None:
        super().__init__("/nonexistent", "web:1", 1, clock, ring_count=ring_count)
        self.stream_id = "testing"
        self._current = True
        self._heard_mono_ns = clock.monotonic_ns()
        self._judge()
        self.journal: list[Any] = []
        self.journal_gate: asyncio.Event | None = None

    @property
    def cache_age_ms(self) -> float | None:
        return 1.0 if self._current else None

    def disconnect(self) -> None:
        self._lost()

    def feed(self, kind: str, source: str, topic: str, value: msgspec.Struct) -> Any:
        """One frame as a cache would pass it on; the change, or None where it was no news."""
        quiet = kind in ("confirmed", "source_state")
        seq = 0 if quiet else self.store.seq + 1
        now = self._clock.monotonic_ns()
        envelope = Envelope(VERSION, kind, source, 1, seq, now, topic, encode_body(value))
        change = self.store.apply(seq, envelope)
        if change is not None:
            self.journal.append(change)
            self._tell(change)
        return change

    async def older(self, since: int, topics: Iterable[str]) -> list[Any]:
        wanted = set(topics)
        if self.journal_gate is not None:
            await self.journal_gate.wait()
        return [c for c in self.journal if c.seq > since and c.topic in wanted]


class FakeControl:
    """A supervisor that answers what it was told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Any] = {"demand": {"running": [], "refused": {}}}
        self.timeouts_s: dict[str, float] = {}

    async def call(self, op: str, timeout_s: float = 2.0, **args: Any) -> dict[str, Any]:
        self.calls.append((op, args))
        self.timeouts_s[op] = timeout_s
        answer: dict[str, Any] | Exception = self.answers[op]
        if isinstance(answer, Exception):
            raise answer
        return answer


class World:
    """A service without a server: what unit tests need."""

    def __init__(
        self,
        clock: Clock | None = None,
        token: str = "",
        ring_count: int = 50_000,
        reader: HistoryReader | None = None,
        history: str = "sqlite",
        **settings: Any,
    ) -> None:
        self.clock = clock or SystemClock()
        self.replica = FedReplica(self.clock, ring_count)
        self.control = FakeControl()
        self.reported: list[BaseException] = []
        config = {**CONFIG, "settings": {**SETTINGS, **settings}}
        config["history"] = {"kind": "off" if reader is None else history}
        self.service: Service = make_service(
            actor="web:1",
            replica=self.replica,
            control=self.control,
            clock=self.clock,
            config=config,
            token=token,
            report=self.reported.append,
            reader=reader,
        )
        self.feed = self.service.feed
        self._books: dict[str, int] = {}

    def now_ns(self) -> int:
        return self.clock.wall_ns()

    # what sources say

    def link(self, source: str, venue: str = "extended", lane: str = "websocket") -> None:
        """A source that is linked and whose lane is connected."""
        now = self.clock.monotonic_ns()
        self.replica.feed("source_state", "cache", "", SourceState(source=source, connected=True))
        state = ConnectionState(
            actor=source,
            venue=venue,
            lane=lane,
            state="connected",
            since_mono_ns=now,
            last_message_mono_ns=now,
            messages=10,
            requests=20,
            failures=1,
            stale_after_ms=60_000.0,
        )
        self.replica.feed("connection_state", source, "connections", state)

    def child(self, actor: str, state: str = "ready", **more: Any) -> None:
        kind = actor.partition(":")[0]
        child = ChildStatus(actor=actor, kind=kind, state=state, pid=4711, epoch=1, **more)
        self.replica.feed("child_status", "supervisor", "supervision", child)

    def book(
        self,
        topic: str = BTC,
        bids: Any = (("100", "1"), ("99", "2")),
        asks: Any = (("101", "3"),),
    ) -> Any:
        _, venue, product, symbol = topic.split(":")
        self._books[topic] = self._books.get(topic, 0) + 1
        snapshot = BookSnapshot(
            venue=venue,
            product=product,
            symbol=symbol,
            bids=tuple(bids),
            asks=tuple(asks),
            sequence=self._books[topic],
            received_ns=self.now_ns(),
        )
        return self.replica.feed("book_snapshot", topic, topic, snapshot)

    def delta(self, topic: str = BTC, bids: Any = (("100", "5"),), asks: Any = ()) -> Any:
        _, venue, product, symbol = topic.split(":")
        previous = self._books[topic]
        self._books[topic] = previous + 1
        delta = BookDelta(
            venue=venue,
            product=product,
            symbol=symbol,
            bids=tuple(bids),
            asks=tuple(asks),
            sequence=previous + 1,
            previous_sequence=previous,
            received_ns=self.now_ns(),
        )
        return self.replica.feed("book_delta", topic, topic, delta)

    def fill(self, number: int, name: str = "1", venue: str = "extended") -> Any:
        fill = fill_struct(number, name, venue, self.now_ns())
        return self.replica.feed("fill", f"account:{venue}:{name}", f"fills:{venue}:{name}", fill)

    def figures(self, name: str = "1", venue: str = "extended", equity: str = "1000.10") -> Any:
        snapshot = AccountSnapshot(
            venue=venue,
            account=name,
            equity=equity,
            wallet_balance="999.00",
            received_ns=self.now_ns(),
            via="websocket",
        )
        topic = f"account:{venue}:{name}"
        return self.replica.feed("account_snapshot", topic, topic, snapshot)

    def position(self, name: str = "1", venue: str = "extended", quantity: str = "0.5") -> Any:
        position = Position(
            venue=venue,
            account=name,
            position_id="BTC-USD",
            symbol="BTC-USD",
            product="linear",
            side="long",
            quantity=quantity,
            received_ns=self.now_ns(),
            via="websocket",
        )
        source = f"account:{venue}:{name}"
        return self.replica.feed("position", source, f"positions:{venue}:{name}", position)

    def order(self, number: int, version: int = 1, status: str = "open", name: str = "1") -> Any:
        order = Order(
            venue="extended",
            account=name,
            order_id=str(number),
            symbol="BTC-USD",
            product="linear",
            side="buy",
            type="limit",
            status=status,
            price="90",
            quantity="1",
            version=version,
            received_ns=self.now_ns(),
            via="websocket",
        )
        source = f"account:extended:{name}"
        return self.replica.feed("order", source, f"orders:extended:{name}", order)

    def instruments(self, venue: str = "extended") -> Any:
        def instrument(base: str) -> Instrument:
            return Instrument(
                venue=venue,
                product="linear",
                symbol=f"{base}-USD",
                base=base,
                quote="USD",
                settle="USDC",
                unified=f"{base}/USDC:USDC",
                tick_size="1",
                lot_size="0.001",
                aliases=(f"{base}-PERP",),
            )

        items = tuple(instrument(base) for base in ("BTC", "ETH", "SOL"))
        value = InstrumentList(
            venue=venue, items=items, timeframes=("1m", "1h"), received_ns=self.now_ns()
        )
        return self.replica.feed("instruments", f"venue:{venue}", f"instruments:{venue}", value)

    def full(self) -> None:
        """Two accounts, two books, instruments: a service as it is when all is well."""
        for source in (ACCOUNT_1, ACCOUNT_2, BTC, ETH):
            self.link(source)
            self.child(source)
        self.child("cache")
        self.instruments()
        for topic in (BTC, ETH):
            self.book(topic)
        for name in ("1", "2"):
            self.figures(name)
            self.position(name)
            self.order(1, name=name)
            self.fill(1, name)


class Served:
    """A world behind its server on a port of its own."""

    def __init__(self, world: World, server: Server, port: int) -> None:
        self.world = world
        self.server = server
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.ws = f"ws://127.0.0.1:{port}/ws"

    async def stop(self, grace_s: float = 1.5) -> None:
        self.world.feed.close_all(GOING_AWAY, "the service stops")
        await self.server.stop(grace_s)


@asynccontextmanager
async def serving(world: World, built: Path = NOT_BUILT) -> AsyncIterator[Served]:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = Server(create_app(world.service, built), world.reported.append)
    await server.start(listener)
    ticking = asyncio.create_task(world.feed.run())
    served = Served(world, server, port)
    try:
        yield served
    finally:
        ticking.cancel()
        await served.stop(0.5)


async def until(
    condition: Callable[[], Any], what: str, seconds: float = 5.0, every_s: float = 0.005
) -> None:
    """Waits for a truthy answer; awaits it where it is awaitable."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer:
            return
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(every_s)
