"""Bullet (j), second half: a venue that is down for a simulated hour restarts no process.

The real actors (account, stream, venue) and the real kernel on one fake clock; only the wire is a
stand-in that is there or is not.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from actor_context import KeptContext
from instant_timer import VirtualTimer
from kernel_driver import Driver
from watched_venue import EXTENDED, LIGHTER, TOKEN_EXPIRY, WatchedVenue

sys.path.insert(0, str(Path(__file__).parent.parent / "venues" / "lighter"))

import lighter_account_frames as lighter_accounts
import lighter_frames

from actors import account, public_stream, stream, venue
from actors.errors import Disconnected
from actors.runtime.rest import RestClient
from actors.runtime.websocket import Socket
from actors.supervision.kernel import Kill, SendStop, Spawn, TakeDump
from actors.supervision.spec import ChildKind, ChildSpec
from actors.venues.contract import Answer
from actors.venues.http_request import HttpRequest

HOUR_S = 3_600
UP_S = 60
BACK_S = 331
"""The longest wait of the schedule with its jitter."""
MARKET = {
    "name": "BTC-USD",
    "assetName": "BTC",
    "type": "PERPETUAL",
    "status": "ACTIVE",
    "active": True,
    "collateralAssetName": "USD",
    "tradingConfig": {"minPriceChange": "1", "minOrderSizeChange": "0.00001"},
}
SNAPSHOT = {
    "type": "SNAPSHOT",
    "data": {
        "t": "SNAPSHOT",
        "m": "BTC-USD",
        "b": [{"q": "1", "p": "100"}],
        "a": [{"q": "1", "p": "101"}],
    },
    "ts": 1_790_000_000_000,
    "seq": 1,
}
BALANCE = {
    "type": "BALANCE",
    "data": {"balance": {"balance": "10", "equity": "10", "updatedTime": 1_790_000_000_000}},
    "ts": 1_790_000_000_000,
    "seq": 1,
}


@dataclass(frozen=True)
class Protocol:
    """What a venue says, as far as three quiet actors need to hear it.

    `rest` are the answers by the name of the request, all others are `otherwise`; `opens` are the
    frames with which a stream begins, `replies` what follows on one that was sent.
    `noticed_s_max`: how long it takes to notice that nobody is there any more.
    """

    watched: WatchedVenue
    secrets: dict[str, str]
    rest: dict[str, Any]
    otherwise: Any
    opens: Callable[[str], list[str]]
    replies: Callable[[str], list[str]]
    noticed_s_max: float

    def entries(self) -> dict[str, tuple[ChildKind, Any, dict[str, Any]]]:
        stream_config = {
            "kind": "orderbook",
            "product": "linear",
            "symbol": self.watched.market,
        }
        return {
            self.watched.account("1"): (
                ChildKind.ACCOUNT,
                account,
                {"name": "1", "cache_ttl_s": 5.0},
            ),
            self.watched.book(): (ChildKind.STREAM, stream, stream_config),
            f"venue:{self.watched.name}": (ChildKind.VENUE, venue, {"refresh_s": 600}),
        }


def lighter_replies(sent: str) -> list[str]:
    """One snapshot for each subscription, a pong for each ping."""
    said = json.loads(sent)
    if said["type"] == "ping":
        return [lighter_frames.PONG]
    name, _, number = said["channel"].partition("/")
    if name == "order_book":
        return [lighter_frames.snapshot([("100", "1")], [("101", "1")], market=int(number))]
    return [one for one in lighter_accounts.snapshots() if f'/{name}"' in one]


EXTENDED_PROTOCOL = Protocol(
    watched=EXTENDED,
    secrets={"api_key": "test-key-of-nobody"},
    rest={
        "balance": {"status": "OK", "data": BALANCE["data"]["balance"]},  # type: ignore[index]
        "markets": {"status": "OK", "data": [MARKET]},
    },
    otherwise={"status": "OK", "data": []},
    opens=lambda what: [json.dumps(BALANCE if what == "account stream" else SNAPSHOT)],
    replies=lambda _: [],
    noticed_s_max=50,
)
LIGHTER_PROTOCOL = Protocol(
    watched=LIGHTER,
    secrets={
        "account_index": str(lighter_accounts.INDEX),
        "private": f"ro:{lighter_accounts.INDEX}:single:{TOKEN_EXPIRY}:{'0f' * 20}",
    },
    rest={
        "account": json.loads(lighter_accounts.account_answer()),
        "markets": json.loads(
            lighter_frames.listing(
                [
                    lighter_frames.MARKET,
                    {**lighter_frames.MARKET, "symbol": LIGHTER.market, "market_id": 1},
                ]
            )
        ),
    },
    otherwise={"code": 200, "orders": [], "trades": [], "position_fundings": []},
    opens=lambda _: [lighter_frames.CONNECTED],
    replies=lighter_replies,
    # It must say nothing to two of our pings, each half a minute after the other.
    noticed_s_max=80,
)
PROTOCOLS = (EXTENDED_PROTOCOL, LIGHTER_PROTOCOL)


class Wire:
    """The venue: `up` or not. Counts what is tried, with the second at which it was."""

    def __init__(self, timer: VirtualTimer, protocol: Protocol) -> None:
        self.timer = timer
        self.protocol = protocol
        self.up = True
        self.tried: dict[str, list[float]] = {}
        self._began_ns = timer.clock.monotonic_ns()

    @property
    def now_s(self) -> float:
        return (self.timer.clock.monotonic_ns() - self._began_ns) / 1e9

    def try_(self, what: str) -> None:
        self.tried.setdefault(what, []).append(self.now_s)
        if not self.up:
            raise Disconnected("connection refused")

    async def fetch(self, request: HttpRequest) -> Answer:
        self.try_(f"rest {request.name}")
        found = self.protocol.rest.get(request.name, self.protocol.otherwise)
        return Answer(200, {}, json.dumps(found).encode(), self.timer.clock.wall_ns())

    async def open_socket(self, what: str, *_: object, **__: object) -> Socket:
        self.try_(what)
        return WireSocket(self, self.protocol.opens(what))


class WireSocket:
    """Says what the protocol has it say; is alive while the venue is."""

    latency_ms = 1.0

    def __init__(self, wire: Wire, first: list[str]) -> None:
        self._wire = wire
        self._last_life_ns = 0
        self._said: asyncio.Queue[str | None] = asyncio.Queue()
        self._say(first)

    def _say(self, frames: list[str]) -> None:
        for frame in frames:
            self._said.put_nowait(frame)

    async def receive(self) -> str | bytes:
        said = await self._said.get()
        if said is None:
            raise Disconnected("closed")
        return said

    async def send(self, data: str | bytes) -> None:
        if self._wire.up:
            self._say(self._wire.protocol.replies(str(data)))

    async def close(self) -> None:
        self._said.put_nowait(None)

    @property
    def last_life_mono_ns(self) -> int:
        if self._wire.up:
            self._last_life_ns = self._wire.timer.clock.monotonic_ns()
        return self._last_life_ns


def contexts(timer: VirtualTimer, protocol: Protocol) -> dict[str, KeptContext]:
    addresses = {"base_url": "http://venue", "ws_url": "ws://venue"}
    return {
        actor: KeptContext(
            actor,
            {"venue": protocol.watched.name, **addresses, **config},
            secrets=protocol.secrets,
            clock=timer.clock,
        )
        for actor, (_, _, config) in protocol.entries().items()
    }


def beats(driver: Driver, held: dict[str, KeptContext]) -> Callable[[], None]:
    """What each child's event loop sends once a second, and the kernel's own clock."""

    def each_second() -> None:
        driver.advance(1.0)
        for actor, context in held.items():
            driver.beat(actor, context.progress.good_events)

    return each_second


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda one: one.watched.name)
async def test_j_a_venue_down_for_an_hour_restarts_no_process(
    monkeypatch: pytest.MonkeyPatch, protocol: Protocol
) -> None:
    timer = VirtualTimer()
    wire = Wire(timer, protocol)
    entries, book = protocol.entries(), protocol.watched.book()
    for module in (account, stream, venue):
        monkeypatch.setattr(module, "Timer", lambda _: timer)
    for module, what in ((account, "account stream"), (public_stream, "book stream")):
        monkeypatch.setattr(module, "open_socket", partial(wire.open_socket, what))
    monkeypatch.setattr(RestClient, "fetch", lambda _, request: wire.fetch(request))
    held = contexts(timer, protocol)
    driver = Driver(
        *(ChildSpec(actor=name, kind=kind, entry="x:run") for name, (kind, *_) in entries.items())
    )
    each_second = beats(driver, held)
    runs = {name: asyncio.ensure_future(entries[name][1].run(held[name])) for name in held}
    try:
        for name in held:
            driver.spawned(name)
        await timer.run_for(UP_S, each_second)
        for name, context in held.items():
            assert context.is_ready.is_set(), name
            driver.ready(name)
        began = len(driver.log)

        wire.up, down_s = False, wire.now_s
        await timer.run_for(HOUR_S, each_second)

        assert not [run for run in runs.values() if run.done()]
        acts = [effect for _, effect in driver.log[began:]]
        assert not [act for act in acts if isinstance(act, (Spawn, Kill, SendStop, TakeDump))]
        states = {
            (state.actor, state.lane): state
            for context in held.values()
            for state in context.said("connection_state")
        }
        assert {state.state for state in states.values()} == {"backoff"}
        assert {state.phase for state in states.values()} == {2}
        assert not held[book].last("book_status").verified
        for what in ("account stream", "book stream"):
            # The silence, once at once, five minutes of minutes, then each five minutes.
            tries = [at - down_s for at in wire.tried[what] if at > down_s]
            waits = [after - before for before, after in itertools.pairwise(tries)]
            assert tries[0] <= protocol.noticed_s_max
            assert [wait // 60 * 60 for wait in waits[:5]] == [60] * 5
            assert all(300 <= wait <= 330 for wait in waits[5:])
            assert 15 <= len(tries) <= 17

        wire.up = True
        await timer.run_for(BACK_S + UP_S, each_second)
        for context in held.values():
            lanes = {state.lane: state.state for state in context.said("connection_state")}
            assert set(lanes.values()) == {"connected"}
        assert held[book].last("book_status").verified
        acts = [effect for _, effect in driver.log[began:]]
        assert not [act for act in acts if isinstance(act, (Spawn, Kill, SendStop, TakeDump))]
    finally:
        for context in held.values():
            context.stopping.set()
        for run in runs.values():
            run.cancel()
        await asyncio.gather(*runs.values(), return_exceptions=True)
