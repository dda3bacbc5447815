"""Bullet (j), second half: a venue that is down for a simulated hour restarts no process.

The real actors (account, stream, venue) and the real kernel on one fake clock; only the wire is a
stand-in that is there or is not.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from actor_context import KeptContext
from instant_timer import VirtualTimer
from kernel_driver import Driver

from actors import account, public_stream, stream, venue
from actors.errors import Disconnected
from actors.runtime.rest import RestClient
from actors.runtime.websocket import Socket
from actors.supervision.kernel import Kill, SendStop, Spawn, TakeDump
from actors.supervision.spec import ChildKind, ChildSpec
from actors.venues.contract import Answer, HttpRequest

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


class Wire:
    """The venue: `up` or not. Counts what is tried, with the second at which it was."""

    def __init__(self, timer: VirtualTimer) -> None:
        self.timer = timer
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
        now_ns = self.timer.clock.wall_ns()
        if request.name == "balance":
            row: Any = BALANCE["data"]["balance"]  # type: ignore[index]
        elif request.name == "markets":
            row = [MARKET]
        else:
            row = []
        return Answer(200, {}, json.dumps({"status": "OK", "data": row}).encode(), now_ns)

    async def open_socket(self, url: str, headers: object, **_: object) -> Socket:
        self.try_("account stream" if url.endswith("/account") else "book stream")
        return WireSocket(self, BALANCE if url.endswith("/account") else SNAPSHOT)


class WireSocket:
    """Says one frame; is alive while the venue is."""

    latency_ms = 1.0

    def __init__(self, wire: Wire, first: dict[str, Any]) -> None:
        self._wire = wire
        self._first: str | None = json.dumps(first)
        self._last_life_ns = 0
        self._closed = asyncio.Event()

    async def receive(self) -> str | bytes:
        if self._first is not None:
            said, self._first = self._first, None
            return said
        await self._closed.wait()
        raise Disconnected("closed")

    async def send(self, data: str | bytes) -> None: ...

    async def close(self) -> None:
        self._closed.set()

    @property
    def last_life_mono_ns(self) -> int:
        if self._wire.up:
            self._last_life_ns = self._wire.timer.clock.monotonic_ns()
        return self._last_life_ns


ENTRIES: dict[str, tuple[ChildKind, Any, dict[str, Any]]] = {
    "account:extended:1": (ChildKind.ACCOUNT, account, {"name": "1", "cache_ttl_s": 5.0}),
    "orderbook:extended:linear:BTC-USD": (
        ChildKind.STREAM,
        stream,
        {"kind": "orderbook", "product": "linear", "symbol": "BTC-USD"},
    ),
    "venue:extended": (ChildKind.VENUE, venue, {"refresh_s": 600}),
}


def contexts(timer: VirtualTimer) -> dict[str, KeptContext]:
    return {
        actor: KeptContext(
            actor,
            {"venue": "extended", "base_url": "http://venue", "ws_url": "ws://venue"} | config,
            secrets={"api_key": "test-key-of-nobody"},
            clock=timer.clock,
        )
        for actor, (_, _, config) in ENTRIES.items()
    }


def beats(driver: Driver, held: dict[str, KeptContext]) -> Callable[[], None]:
    """What each child's event loop sends once a second, and the kernel's own clock."""

    def each_second() -> None:
        driver.advance(1.0)
        for actor, context in held.items():
            driver.beat(actor, context.progress.good_events)

    return each_second


async def test_j_a_venue_down_for_an_hour_restarts_no_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timer = VirtualTimer()
    wire = Wire(timer)
    for module in (account, stream, venue):
        monkeypatch.setattr(module, "Timer", lambda _: timer)
    for module in (account, public_stream):
        monkeypatch.setattr(module, "open_socket", wire.open_socket)
    monkeypatch.setattr(RestClient, "fetch", lambda _, request: wire.fetch(request))
    held = contexts(timer)
    driver = Driver(
        *(ChildSpec(actor=name, kind=kind, entry="x:run") for name, (kind, *_) in ENTRIES.items())
    )
    each_second = beats(driver, held)
    runs = {name: asyncio.ensure_future(ENTRIES[name][1].run(held[name])) for name in held}
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
        assert not held["orderbook:extended:linear:BTC-USD"].last("book_status").verified
        for what in ("account stream", "book stream"):
            # The silence, once at once, five minutes of minutes, then each five minutes.
            tries = [at - down_s for at in wire.tried[what] if at > down_s]
            waits = [after - before for before, after in itertools.pairwise(tries)]
            assert tries[0] <= 50
            assert [wait // 60 * 60 for wait in waits[:5]] == [60] * 5
            assert all(300 <= wait <= 330 for wait in waits[5:])
            assert 15 <= len(tries) <= 17

        wire.up = True
        await timer.run_for(BACK_S + UP_S, each_second)
        for context in held.values():
            lanes = {state.lane: state.state for state in context.said("connection_state")}
            assert set(lanes.values()) == {"connected"}
        assert held["orderbook:extended:linear:BTC-USD"].last("book_status").verified
        acts = [effect for _, effect in driver.log[began:]]
        assert not [act for act in acts if isinstance(act, (Spawn, Kill, SendStop, TakeDump))]
    finally:
        for context in held.values():
            context.stopping.set()
        for run in runs.values():
            run.cancel()
        await asyncio.gather(*runs.values(), return_exceptions=True)
