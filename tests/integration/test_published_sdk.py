"""The venue's own published SDK, unchanged but for its addresses, on the simulator's sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from full_service import until
from published_sdk.environment import FOLDER, sdk_python

from actors.runtime.clock import SystemClock
from actors.simulator.accounts import Account
from actors.simulator.actor import account_specs
from actors.simulator.exchange import Exchange
from actors.simulator.server import Addresses, SimulatorServer

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.asyncio(loop_scope="module"),
]

SEED = 11
MARKET = "BTC-USD"
ACCOUNTS = [
    {"name": "watcher", "api_key": "key-of-the-watcher"},
    {"name": "trader", "api_key": "key-of-the-trader", "scripted": False},
]
EXERCISE_SECONDS_MAX = 90
MICROS = 1_000_000
Seen = dict[str, Any]


class Venue:
    """A simulator in this process, and what the SDK saw of it: moving, then standing still."""

    def __init__(self, server: SimulatorServer, at: Addresses, python: Path) -> None:
        self.exchange = server.exchange
        self.server = server
        self.live: Seen = {}
        self.read: Seen = {}
        self._at = at
        self._python = python

    def account(self, name: str) -> Account:
        account = self.exchange.account_by_name(name)
        assert account is not None
        return account

    async def exercise(self, part: str) -> Seen:
        order = {"part": part, "api": self._at.base_url, "stream": self._at.ws_url}
        for one in ACCOUNTS:
            name = str(one["name"])
            order[name] = {"api_key": one["api_key"], "vault": self.account(name).vault}  # type: ignore[assignment]
        process = await asyncio.create_subprocess_exec(
            self._python,
            FOLDER / "exercise.py",
            json.dumps({**order, "market": MARKET}),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(EXERCISE_SECONDS_MAX):
                out, problems = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, problems.decode()[-4_000:]
        found: Seen = json.loads(out)
        return found

    async def publish_funding(self) -> None:
        """The rate is told once a minute; whoever waits for it is told at once."""
        await until(lambda: self.server.hub.wanted(f"funding:{MARKET}"), 60, "asked for funding")
        self.server.dialect.streams.on_funding(self.exchange.markets[MARKET], self.exchange.now_ms)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def venue() -> AsyncIterator[Venue]:
    print("seed", SEED)
    python = await asyncio.to_thread(sdk_python)
    clock = SystemClock()
    exchange = Exchange(seed=SEED, accounts=account_specs(ACCOUNTS, SEED), start_ns=clock.wall_ns())
    server = SimulatorServer(exchange, clock)
    seen = Venue(server, await server.start(), python)
    try:
        seen.live, _ = await asyncio.gather(seen.exercise("live"), seen.publish_funding())
        exchange.pause()
        seen.read = await seen.exercise("read")
        yield seen
    finally:
        await server.stop()


async def test_what_the_sdk_reads_is_the_ledger(venue: Venue) -> None:
    assert venue.live["version"] == "2.6.0"
    assert venue.live["refused"] == "ApiNotAuthorizedError"
    for name in ("watcher", "trader"):
        account, rest = venue.account(name), venue.read[name]
        margin = venue.exchange.trading.margin(account)
        ledger = venue.exchange.ledger.accounts[account.account_id]
        assert rest["account"]["id"] == rest["accounts"][0]["id"] == account.account_id
        assert rest["account"]["l2_vault"] == account.vault
        balance = {key: Decimal(rest["balance"][key]) * MICROS for key in ("balance", "equity")}
        assert balance == {"balance": margin.balance, "equity": margin.equity}
        assert Decimal(rest["balance"]["available_for_trade"]) * MICROS == margin.available
        assert {
            row["market"]: (Decimal(row["size"]), row["side"]) for row in rest["positions"]
        } == {
            one.spec.name: (abs(one.lots) * one.spec.lot, "LONG" if one.lots > 0 else "SHORT")
            for one in account.positions.values()
        }
        assert {row["id"] for row in rest["open_orders"]} == set(account.orders)
        newest = list(ledger.fills)[::-1][:50]
        assert [row["id"] for row in rest["trades"]] == [one.fill_id for one in newest]
        for row, fill in zip(rest["trades"], newest, strict=True):
            spec = venue.exchange.markets[fill.market].spec
            assert Decimal(row["price"]) == fill.price * spec.tick
            assert Decimal(row["qty"]) == fill.lots * spec.lot
            assert Decimal(row["fee"]) * MICROS == fill.fee
            assert (row["order_id"], row["is_taker"]) == (fill.order_id, fill.is_taker)
        assert {row["market"] for row in rest["trades_of_market"]} <= {MARKET}
        closed = [one.order_id for one in ledger.orders.values() if not one.open]
        assert [row["id"] for row in rest["orders_history"]] == sorted(closed)[::-1][:10]


async def test_what_the_sdk_reads_of_a_market_is_its_truth(venue: Venue) -> None:
    rest, market = venue.read["watcher"], venue.exchange.markets[MARKET]
    spec, truth = market.spec, market.feed.truth()
    assert truth is not None
    for side, levels in (("bid", truth.bids), ("ask", truth.asks)):
        assert [
            (Decimal(row["price"]), Decimal(row["qty"])) for row in rest["orderbook"][side]
        ] == [(price * spec.tick, lots * spec.lot) for price, lots in levels]
    candles = market.tape.candles("trades", "PT1M", venue.exchange.now_ms, 5)
    assert [
        (row["timestamp"], *(Decimal(row[key]) for key in ("open", "high", "low", "close")))
        for row in rest["candles"]
    ] == [
        (one.start_ms, *(ticks * spec.tick for ticks in (one.open, one.high, one.low, one.close)))
        for one in candles
    ]
    assert [Decimal(row["volume"]) for row in rest["candles"]] == [
        one.volume * spec.lot for one in candles
    ]
    assert Decimal(rest["stats"]["last_price"]) == market.tape.last * spec.tick
    rules = rest["one_market"][0]["trading_config"]
    assert Decimal(rules["min_price_change"]) == spec.tick
    assert Decimal(rules["min_order_size_change"]) == spec.lot
    assert [row["name"] for row in rest["markets"]] == list(venue.exchange.markets)
    assert [row["name"] for row in rest["assets"]] == ["USD", "BTC", "ETH", "SOL"]
    hours = [row["timestamp"] for row in rest["funding"]]
    assert hours == sorted(hours, reverse=True)
    assert len(hours) >= 5
    assert Decimal(venue.live["funding"]["data"]["funding_rate"]) * MICROS in {
        Decimal(rate) for rate in range(-2_500, 2_501)
    }


async def test_the_sdk_follows_the_public_streams(venue: Venue) -> None:
    streams = venue.live["streams"]
    book = streams["book"]
    assert book["sequences"] == list(range(1, len(book["sequences"]) + 1))
    bids, asks = ([Decimal(price) for price, _ in book[side]] for side in ("bid", "ask"))
    assert max(bids) < min(asks)
    assert min(len(bids), len(asks)) >= 30
    assert all(Decimal(size) > 0 for side in ("bid", "ask") for _, size in book[side])
    assert len(streams["top"]["data"]["bid"]) == len(streams["top"]["data"]["ask"]) == 1
    trades = {one.trade_id: one for one in venue.exchange.ledger.prints[MARKET]}
    spec = venue.exchange.markets[MARKET].spec
    assert len(streams["trades"]["data"]) == 50
    for row in streams["trades"]["data"]:
        told = trades[row["id"]]
        assert Decimal(row["price"]) == told.price * spec.tick
        assert Decimal(row["qty"]) == told.lots * spec.lot
    assert len({row["market"] for row in streams["all_trades"]["data"]}) > 1
    for name, minutes in (("candles", 1), ("mark_candles", 5)):
        (row,) = streams[name]["data"]
        assert row["timestamp"] % (minutes * 60_000) == 0
        assert (row["volume"] is None) == (name == "mark_candles")
    assert streams["books"]["data"]["market"] in venue.exchange.markets


async def test_the_sdk_trades_with_its_own_signatures(venue: Venue) -> None:
    told = venue.live["trade"]
    orders = venue.exchange.ledger.accounts[venue.account("trader").account_id].orders
    assert told["sequences"] == list(range(1, len(told["sequences"]) + 1))
    assert told["first"][0]["data"]["balance"] is not None
    placed = orders[told["placed"]["id"]]
    assert placed.external_id == told["placed"]["external_id"]
    assert told["by_id"] == told["resting"] == told["by_external_id"][0]
    assert (
        Decimal(told["resting"]["price"]) == placed.price * venue.exchange.markets[MARKET].spec.tick
    )
    for name in ("cancelled", "replaced", "replacement", "mass_cancelled", "filled"):
        assert told[name]["status"] == orders[told[name]["id"]].status
    assert told["replaced"]["status_reason"] == "ORDER_REPLACED"
    assert told["filled"]["qty"] == told["filled"]["filled_qty"]
    assert told["open_after"] == []
    assert [Decimal(row["leverage"]) for row in told["leverage"]] == [20]
