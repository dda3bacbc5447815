"""The venue's own actor against the simulated venue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from actor_context import KeptContext

from actors import venue
from actors.messages.control import Pause, Refresh, Resume
from actors.runtime.clock import SystemClock
from actors.simulator.exchange import Exchange
from actors.simulator.server import SimulatorServer


@asynccontextmanager
async def living() -> AsyncIterator[tuple[SimulatorServer, KeptContext, asyncio.Task[None]]]:
    clock = SystemClock()
    exchange = Exchange(seed=3, accounts=[], start_ns=clock.wall_ns(), warm_up_s=1)
    server = SimulatorServer(exchange, clock)
    addresses = await server.start()
    config = {
        "venue": "extended",
        "base_url": addresses.base_url,
        "ws_url": addresses.ws_url,
        "refresh_s": 3600,
    }
    context = KeptContext("venue:extended", config)
    run = asyncio.ensure_future(venue.run(context))
    try:
        yield server, context, run
    finally:
        context.stopping.set()
        async with asyncio.timeout(10):
            await run
        await server.stop()


async def test_instruments_then_ready() -> None:
    async with living() as (_, context, _):
        await context.until(context.is_ready.is_set, "ready")
        listed = context.last("instruments")
        symbols = {item.symbol: item for item in listed.items}
        assert {"BTC-USD", "ETH-USD", "SOL-USD"} <= symbols.keys()
        assert "ETH-PERP" in symbols["ETH-USD"].aliases
        assert symbols["BTC-USD"].unified == "BTC/USDC:USDC"
        assert [put.topic for put in context.kept.puts if put.kind == "instruments"] == [
            "instruments:extended"
        ]
        assert context.state_of("rest") == "connected"


async def test_failures_follow_the_policy_and_refresh_asks_at_once() -> None:
    async with living() as (server, context, _):
        await context.until(context.is_ready.is_set, "ready")
        server.inject("5xx", "rest", count=2)
        context.controls["refresh"](Refresh())
        await context.until(lambda: context.last("connection_state").attempt == 1, "second try")
        assert context.state_of("rest") == "backoff"
        assert context.last("connection_state").phase == 1
        assert context.faults
        context.controls["refresh"](Refresh())
        await context.until(lambda: context.state_of("rest") == "connected", "connected")
        assert len(context.said("instruments")) == 2


async def test_pause_resume_and_a_new_cache() -> None:
    async with living() as (_, context, _run):
        await context.until(context.is_ready.is_set, "ready")
        context.controls["pause"](Pause())
        await context.until(lambda: context.state_of("rest") == "paused", "paused")
        context.controls["resume"](Resume())
        await context.until(lambda: context.state_of("rest") != "paused", "resumed")
        context.kept.puts.clear()
        context.kept_link.welcome_again()
        assert [put.kind for put in context.kept.puts] == ["instruments", "connection_state"]
