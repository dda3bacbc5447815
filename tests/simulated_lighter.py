"""A simulated Lighter on a socket, and a stranger who speaks its WebSocket from the document."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import aiohttp
import websockets

from actors.runtime.clock import Clock, SystemClock
from actors.simulator.accounts import AccountSpec
from actors.simulator.actor import account_specs
from actors.simulator.dialects.registry import traits_of
from actors.simulator.exchange import Exchange
from actors.simulator.server import Addresses, SimulatorServer

SEED = 17
DEADLINE_S = 20.0
VENUE = "lighter"


@dataclass
class Talk:
    """One connection; `kept` are the frames that came while another was waited for."""

    socket: Any
    kept: list[Any] = field(default_factory=list)

    async def say(self, **document: Any) -> None:
        await self.socket.send(json.dumps(document))

    async def subscribe(self, channel: str, auth: str = "") -> None:
        await self.say(type="subscribe", channel=channel, **({"auth": auth} if auth else {}))

    async def frame(self) -> Any:
        async with asyncio.timeout(DEADLINE_S):
            return json.loads(await self.socket.recv(), parse_float=Decimal)

    async def next(self, kind: str, channel: str | None = None) -> Any:
        """The next frame of a type, and of a channel where one is given."""
        while True:
            document = await self.frame()
            if document.get("type") == kind and channel in {None, document.get("channel")}:
                return document
            self.kept.append(document)

    async def refusal(self) -> tuple[int, str]:
        while True:
            document = await self.frame()
            if "error" in document:
                return document["error"]["code"], document["error"]["message"]
            self.kept.append(document)

    async def end(self) -> websockets.ConnectionClosed:
        """How the venue ends it."""
        try:
            while True:
                self.kept.append(await self.frame())
        except websockets.ConnectionClosed as closed:
            return closed


@dataclass
class Running:
    """The venue, where it serves, and a client of its REST interface."""

    server: SimulatorServer
    at: Addresses
    session: aiohttp.ClientSession
    specs: list[AccountSpec]

    def token(self, name: str = "1") -> str:
        """The read-only token of an account."""
        return next(one.api_key for one in self.specs if one.name == name)

    def index(self, name: str = "1") -> int:
        return next(one.account_index for one in self.specs if one.name == name)

    @asynccontextmanager
    async def talk(self, query: str = "") -> AsyncIterator[Talk]:
        """A connection that was greeted."""
        address = self.at.ws_url + query
        async with websockets.connect(
            address, user_agent_header="stranger/1", proxy=None, ping_interval=None
        ) as socket:
            talk = Talk(socket)
            first = await talk.frame()
            assert set(first) == {"session_id", "type"}
            assert first["type"] == "connected"
            yield talk

    async def call(self, path: str, token: str = "", method: str = "GET") -> tuple[int, Any, Any]:
        """Status, document and headers of an answer of the REST interface."""
        headers = {"Authorization": token} if token else {}
        url = f"{self.at.base_url}/api/v1{path}"
        async with self.session.request(method, url, headers=headers) as answer:
            text = await answer.text()
            is_json = answer.content_type == "application/json"
            return answer.status, json.loads(text) if is_json else text, answer.headers

    async def admin(self, method: str, path: str, **options: Any) -> Any:
        async with self.session.request(method, self.at.admin_url + path, **options) as answer:
            assert answer.status == 200, await answer.text()
            return json.loads(await answer.text())

    async def fault(self, **order: Any) -> int:
        found: int = (await self.admin("POST", "/fault", json=order))["struck"]
        return found


class HourClock(SystemClock):
    """A clock that began a few seconds after a full hour, so that funding was just paid."""

    __slots__ = ("_offset_ns",)

    AFTER_S = 3

    def __init__(self) -> None:
        self._offset_ns = self.AFTER_S * 10**9 - time.time_ns() % (3_600 * 10**9)

    def wall_ns(self) -> int:
        return time.time_ns() + self._offset_ns


@asynccontextmanager
async def simulated(
    *,
    accounts: int | list[dict[str, Any]] = 2,
    clock: Clock | None = None,
    lived_s: int = 0,
    markets: tuple[str, ...] = (),
    prepare: Callable[[Exchange], None] = lambda _: None,
    **options: Any,
) -> AsyncIterator[Running]:
    """A venue that began `lived_s` ago, with what `prepare` did to it.

    `options` are those of `SimulatorServer`.
    """
    print("seed", SEED)
    clock = clock or SystemClock()
    specs = account_specs(accounts, SEED, VENUE)
    start_ns = clock.wall_ns() - lived_s * 10**9
    exchange = traits_of(VENUE).exchange(
        seed=SEED, accounts=specs, start_ns=start_ns, markets=markets
    )
    prepare(exchange)
    exchange.step(clock.wall_ns())
    server = SimulatorServer(exchange, clock, venue=VENUE, **options)
    at = await server.start()
    async with aiohttp.ClientSession(headers={"User-Agent": "stranger/1"}) as session:
        try:
            yield Running(server, at, session, specs)
        finally:
            await server.stop()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not await condition():  # noqa: ASYNC110 (the other side has no event for us)
            await asyncio.sleep(0.02)


class NonceGap(Exception):
    """An update that does not follow on what is held."""


class StrangersBook:
    """The venue's rules of a book (PROTOCOL 4), written once more from the document alone."""

    def __init__(self) -> None:
        self.nonce = -1
        self.offsets: list[int] = []
        self.sides: dict[str, dict[Decimal, Decimal]] = {"bids": {}, "asks": {}}
        self.removed = self.updates = 0

    def apply(self, document: Any) -> None:
        book = document["order_book"]
        levels = {
            side: [(Decimal(it["price"]), Decimal(it["size"])) for it in book[side]]
            for side in self.sides
        }
        if document["type"] == "subscribed/order_book":
            assert book["begin_nonce"] == 0
            assert levels["bids"] == sorted(levels["bids"], reverse=True)
            assert levels["asks"] == sorted(levels["asks"])
            self.sides = {side: dict(rows) for side, rows in levels.items()}
        else:
            assert levels["bids"] or levels["asks"]
            if book["begin_nonce"] != self.nonce:
                raise NonceGap(book["begin_nonce"], self.nonce)
            self.updates += 1
            for side, rows in levels.items():
                for price, size in rows:
                    self.sides[side][price] = size
                    if not size:
                        del self.sides[side][price]
                        self.removed += 1
        self.nonce = book["nonce"]
        self.offsets.append(book["offset"])
        assert document["offset"] == book["offset"]
        assert max(self.sides["bids"]) < min(self.sides["asks"])

    def equals(self, truth: Any) -> bool:
        """`truth` is what the controls say of the book."""
        return all(
            self.sides[side] == {Decimal(price): Decimal(size) for price, size in truth[side]}
            for side in self.sides
        )
