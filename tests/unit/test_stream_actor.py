"""One order book stream against the simulated venue: after each fault its book is the truth."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from actor_context import KeptContext
from instant_timer import InstantTimer

from actors import stream
from actors.errors import ConfigFault, MalformedFrame
from actors.listing import named_market
from actors.messages.control import Pause, Reconnect, Resume
from actors.messages.market import BookDelta, BookSnapshot
from actors.runtime.clock import SystemClock
from actors.runtime.timer import Timer
from actors.simulator.exchange import Exchange
from actors.simulator.server import Addresses, SimulatorServer
from actors.venues.orderbook import OrderBook
from actors.venues.registry import venue

SEED = 7
SYMBOL = "BTC-USD"
TOPIC = f"orderbook:extended:linear:{SYMBOL}"


class Stage:
    def __init__(self, server: SimulatorServer, addresses: Addresses) -> None:
        self.server = server
        self.addresses = addresses

    def context(self, symbol: str = SYMBOL, **config: str) -> KeptContext:
        settings = {
            "venue": "extended",
            "kind": "orderbook",
            "product": "linear",
            "symbol": symbol,
            "base_url": self.addresses.base_url,
            "ws_url": self.addresses.ws_url,
        }
        return KeptContext(f"orderbook:extended:linear:{symbol}", settings | config)

    @asynccontextmanager
    async def life(self, symbol: str = SYMBOL) -> AsyncIterator[KeptContext]:
        context = self.context(symbol)
        run = asyncio.ensure_future(stream.run(context))
        try:
            await context.until(lambda: context.is_ready.is_set() or run.done(), "ready")
            if run.done():
                run.result()
            yield context
        finally:
            context.stopping.set()
            async with asyncio.timeout(10):
                await run

    async def equal_to_the_truth(self, context: KeptContext) -> None:
        """Freezes the world, then compares level by level."""
        exchange = self.server.exchange
        exchange.pause()
        market = exchange.markets[SYMBOL]
        book = market.feed.truth()
        assert book is not None
        tick, lot = Decimal(market.spec.tick), Decimal(market.spec.lot)
        truth = (
            {price * tick: lots * lot for price, lots in book.bids},
            {price * tick: lots * lot for price, lots in book.asks},
        )
        await context.until(lambda: levels(rebuilt(context)) == truth, "the book is the truth")
        exchange.resume()


def rebuilt(context: KeptContext) -> OrderBook:
    """What a follower holds who applied every frame in order."""
    book, sequence = OrderBook(), -1
    for put in context.kept.puts:
        match put.message:
            case BookSnapshot() as whole:
                book.replace(whole.bids, whole.asks)
                sequence = whole.sequence
            case BookDelta() as delta if sequence >= 0:
                assert delta.previous_sequence == sequence
                book.apply(delta.bids, delta.asks)
                sequence = delta.sequence
            case _:
                pass
    return book


def levels(book: OrderBook) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
    return (
        {Decimal(price): Decimal(size) for price, size in book.bids()},
        {Decimal(price): Decimal(size) for price, size in book.asks()},
    )


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    clock = SystemClock()
    exchange = Exchange(
        seed=SEED, accounts=[], start_ns=clock.wall_ns(), markets=(SYMBOL, "ETH-USD"), warm_up_s=5
    )
    exchange.set_book_rate(SYMBOL, 50)
    server = SimulatorServer(exchange, clock)
    addresses = await server.start()
    try:
        yield Stage(server, addresses)
    finally:
        await server.stop()


async def test_ready_at_the_first_verified_snapshot_and_the_book_is_the_truth() -> None:
    async with staged() as stage, stage.life() as context:
        assert context.last("book_status").verified
        assert isinstance(context.kept.sources[TOPIC](), BookSnapshot)
        await context.until(lambda: len(context.said("book_delta")) > 20, "deltas")
        assert context.progress.good_events > 20
        assert context.progress.last_sequence > 0
        assert context.state_of("websocket") == "connected"
        await stage.equal_to_the_truth(context)


@pytest.mark.parametrize(
    "kind", ["gap", "duplicate", "reorder", "mismatch", "crossed", "disconnect"]
)
async def test_after_a_fault_it_says_so_at_once_and_comes_back(kind: str) -> None:
    async with staged() as stage, stage.life() as context:
        await context.until(lambda: len(context.said("book_delta")) > 5, "deltas")
        context.kept.puts.clear()
        stage.server.inject(kind, f"book:{SYMBOL}", count=1)
        await context.until(
            lambda: any(not status.verified for status in context.said("book_status")), "told"
        )
        first = next(status for status in context.said("book_status") if not status.verified)
        assert first.reason
        # By itself, although the connection lived for less than HEALTHY_AFTER_S: it delivered.
        await context.until(lambda: context.last("book_status").verified, "verified again")
        status = context.last("book_status")
        assert status.longest_outage_ms > 0
        if kind in ("gap", "duplicate", "reorder"):
            assert status.gaps >= 1
        await stage.equal_to_the_truth(context)


async def test_a_malformed_frame_is_kept_counted_and_shows_as_a_gap() -> None:
    async with staged() as stage, stage.life() as context:
        stage.server.inject("malformed", f"book:{SYMBOL}", count=1)
        await context.until(lambda: context.faults, "reported")
        assert isinstance(context.faults[0], MalformedFrame)
        await context.until(lambda: context.last("connection_state").malformed == 1, "counted")
        context.controls["reconnect"](Reconnect())
        await context.until(lambda: context.last("book_status").verified, "verified again")
        await stage.equal_to_the_truth(context)


async def test_pause_and_resume() -> None:
    async with staged() as stage, stage.life() as context:
        context.controls["pause"](Pause())
        await context.until(lambda: context.state_of("websocket") == "paused", "paused")
        assert not context.last("book_status").verified
        context.controls["resume"](Resume())
        await context.until(lambda: context.last("book_status").verified, "verified again")


async def test_a_new_cache_is_given_the_book_the_status_and_the_connection() -> None:
    async with staged() as stage, stage.life() as context:
        context.kept.puts.clear()
        context.kept_link.welcome_again()
        assert [put.kind for put in context.kept.puts] == [
            "book_snapshot", "book_status", "connection_state",
        ]  # fmt: skip


async def test_an_alias_is_resolved_by_the_venue_and_the_topic_is_native() -> None:
    async with staged() as stage, stage.life("ETH-PERP") as context:
        topics = {put.topic for put in context.kept.puts if put.kind == "book_snapshot"}
        assert topics == {"orderbook:extended:linear:ETH-USD"}


@pytest.mark.parametrize("symbol", ["NOPE-PERP", "NO/PE:USDC"])
async def test_an_alias_of_nothing_is_a_configuration_error(symbol: str) -> None:
    async with staged() as stage:
        with pytest.raises(ConfigFault) as told:
            await stream.run(stage.context(symbol))
    assert f"found {symbol!r}, expected a market that extended lists" in str(told.value)


async def test_a_kind_that_is_not_streamed() -> None:
    async with staged() as stage:
        with pytest.raises(ConfigFault, match="orderbook"):
            await stream.run(stage.context(kind="candles"))


async def test_a_venue_that_does_not_answer_is_asked_by_the_schedule() -> None:
    async with staged() as stage:
        stage.server.inject("5xx", "rest", count=7)
        timer = InstantTimer()
        context = stage.context("BTC-PERP")
        found = await named_market(context, venue("extended"), timer)
        assert found == (SYMBOL, "")
        waits = [slept for slept in timer.slept_s if slept >= 30]
        assert [wait // 60 * 60 for wait in waits] == [60] * 5 + [300] * 2
        assert isinstance(Timer(timer.clock).clock, type(timer.clock))
