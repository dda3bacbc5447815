"""Lighter's own published SDK, unchanged but for its addresses, on the simulator's sockets."""

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
from published_lighter_sdk.environment import FOLDER, sdk_python

from actors.runtime.clock import SystemClock
from actors.simulator.accounts import Account, AccountSpec
from actors.simulator.dialects.registry import traits_of
from actors.simulator.exchange import Exchange
from actors.simulator.matching import BUY
from actors.simulator.server import Addresses, SimulatorServer

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.asyncio(loop_scope="module"),
]

SEED = 11
TRAITS = traits_of("lighter")
EXERCISE_SECONDS_MAX = 90
FRAMES_FOLLOWED = 60
MICROS = 1_000_000
Seen = dict[str, Any]


class Venue:
    """A simulator in this process, and what the SDK saw of it: moving, then standing still."""

    def __init__(
        self, server: SimulatorServer, at: Addresses, specs: list[AccountSpec], python: Path
    ) -> None:
        self.exchange: Exchange = server.exchange
        self.owner: Account = self.exchange.accounts[specs[0].account_index]
        self.other: Account = self.exchange.accounts[specs[1].account_index]
        self.followed: Seen = {}
        self.read: Seen = {}
        self._order = {
            "api": at.base_url,
            "stream": at.ws_url,
            "owner": TRAITS.credentials(specs[0]),
            "other": TRAITS.credentials(specs[1]),
        }
        self._server = server
        self._python = python

    async def exercise(self, part: str) -> Seen:
        process = await asyncio.create_subprocess_exec(
            self._python,
            FOLDER / "exercise.py",
            json.dumps({**self._order, "part": part}),
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

    async def stand_still(self) -> None:
        """Stops the world once the SDK has followed its books and its account for a while."""
        markets = list(self.exchange.markets.values())
        topics = ["book:ETH", "book:BTC", f"account:{self.owner.name}:all"]
        hub = self._server.hub
        await until(lambda: all(map(hub.wanted, topics)), 60, "the SDK asked for its streams")
        begun = {one.name: one.feed.last.number for one in markets}
        fills = len(self.exchange.ledger.accounts[self.owner.account_id].fills)
        await until(
            lambda: (
                all(one.feed.last.number >= begun[one.name] + FRAMES_FOLLOWED for one in markets)
                and len(self.exchange.ledger.accounts[self.owner.account_id].fills) > fills
            ),
            60,
            "books moved and the account traded",
        )
        self.exchange.pause()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def venue() -> AsyncIterator[Venue]:
    print("seed", SEED)
    python = await asyncio.to_thread(sdk_python)
    clock = SystemClock()
    specs = TRAITS.demo_specs(SEED, 2)
    exchange = TRAITS.exchange(seed=SEED, accounts=specs, start_ns=clock.wall_ns())
    server = SimulatorServer(exchange, clock, venue="lighter")
    seen = Venue(server, await server.start(), specs, python)
    try:
        seen.followed, _ = await asyncio.gather(seen.exercise("follow"), seen.stand_still())
        seen.read = await seen.exercise("read")
        yield seen
    finally:
        await server.stop()


async def test_the_books_that_the_sdk_keeps_are_the_venues(venue: Venue) -> None:
    for number, name in ((0, "ETH"), (1, "BTC")):
        market = venue.exchange.markets[name]
        truth = market.feed.truth()
        assert truth is not None
        book = venue.followed["books"][str(number)]
        for side, levels in (("asks", truth.asks), ("bids", truth.bids)):
            assert {Decimal(row["price"]): Decimal(row["size"]) for row in book[side]} == {
                price * market.spec.tick: lots * market.spec.lot for price, lots in levels
            }
            assert len(book[side]) == len(levels)


async def test_the_sdk_follows_an_account(venue: Venue) -> None:
    snapshot, *updates = venue.followed["accounts"]
    assert snapshot["type"] == "subscribed/account_all"
    assert {row["type"] for row in updates} == {"update/account_all"}
    told = {
        row["trade_id"]
        for frame in updates
        for rows in (frame["trades"] or {}).values()
        for row in rows
    }
    fills = {one.fill_id for one in venue.exchange.ledger.accounts[venue.owner.account_id].fills}
    assert told
    assert told <= fills


async def test_what_the_sdk_reads_of_an_account_is_the_ledger(venue: Venue) -> None:
    assert venue.read["version"] == "1.1.8"
    public, private = venue.read["public"], venue.read["private"]
    margin = venue.exchange.trading.margin(venue.owner)
    (row,) = public["account"]["accounts"]
    assert row["index"] == venue.owner.account_id
    for name, amount in (
        ("collateral", margin.balance),
        ("total_asset_value", margin.equity),
        ("available_balance", margin.available),
        ("cross_initial_margin_requirement", margin.initial),
        ("cross_maintenance_margin_requirement", margin.maintenance),
    ):
        assert Decimal(row[name]) * MICROS == amount, name
    (active,) = public["active_account"]["accounts"]
    assert {
        one["symbol"]: one["sign"] * Decimal(one["position"]) for one in active["positions"]
    } == {one.spec.name: one.lots * one.spec.lot for one in venue.owner.positions.values()}
    assert len(row["positions"]) >= len(active["positions"])
    (found,) = public["accounts_by_l1_address"]["sub_accounts"]
    assert found["index"] == venue.owner.account_id
    ledger = venue.exchange.ledger.accounts[venue.owner.account_id]
    assert {one["order_index"] for one in private["open_orders"].get("orders") or []} == set(
        venue.owner.orders
    )
    closed = [one for one in ledger.orders.values() if not one.open]
    assert len(private["closed_orders"]["orders"]) == min(100, len(closed))
    assert {one["order_index"] for one in private["closed_orders"]["orders"]} <= {
        one.order_id for one in closed
    }
    assert private["limits"]["user_tier"] == "standard"
    assert private["points"]["user_total_points"] == 112.5
    assert (
        private["pnl"]["pnl"][-1]["trade_pnl"] == (margin.equity - venue.owner.deposited) / MICROS
    )


async def test_the_sdk_reads_every_fill_once(venue: Venue) -> None:
    fills = list(venue.exchange.ledger.accounts[venue.owner.account_id].fills)[::-1]
    rows = venue.read["private"]["trades"]
    assert len(rows) > 20, "more than one page"
    assert [row["trade_id"] for row in rows] == [one.fill_id for one in fills]
    for row, fill in zip(rows, fills, strict=True):
        spec = venue.exchange.markets[fill.market].spec
        assert Decimal(row["price"]) == fill.price * spec.tick
        assert Decimal(row["size"]) == fill.lots * spec.lot
        assert row["bid_id" if fill.side == BUY else "ask_id"] == fill.order_id
        fee = row.get("taker_fee", 0) if fill.is_taker else row.get("maker_fee", 0)
        assert Decimal(row["usd_amount"]) * fee == fill.fee


async def test_what_the_sdk_reads_of_markets_is_their_truth(venue: Venue) -> None:
    public, market = venue.read["public"], venue.exchange.markets["ETH"]
    spec = market.spec
    details = public["order_book_details"]["order_book_details"]
    assert [(row["market_id"], row["symbol"]) for row in details] == [
        (0, "ETH"),
        (1, "BTC"),
        (2, "SOL"),
    ]
    assert [row["symbol"] for row in public["one_order_book"]["order_book_details"]] == ["BTC"]
    assert details[0]["last_trade_price"] == float(market.tape.last * spec.tick)
    for name, side in (("asks", -1), ("bids", 1)):
        sums: dict[Decimal, Decimal] = {}
        for row in public["order_book_orders"][name]:
            price, size = Decimal(row["price"]), Decimal(row["remaining_base_amount"])
            sums[price] = sums.get(price, Decimal(0)) + size
        assert list(sums.items()) == [
            (price * spec.tick, lots * spec.lot) for price, lots in market.book.depth(side)
        ]
    prints = list(venue.exchange.ledger.prints["ETH"])[-100:]
    assert [row["trade_id"] for row in public["recent_trades"]["trades"]] == [
        one.trade_id for one in reversed(prints)
    ]
    candles = public["candles"]["c"]
    assert len(candles) >= 120
    newest = market.tape.candles("trades", "PT1M", venue.exchange.now_ms, 1)[0]
    assert candles[-1]["t"] == newest.start_ms
    assert candles[-1]["c"] == float(newest.close * spec.tick)
    if prints[-1].created_ms >= newest.start_ms:
        # In a minute that has just begun nothing may have been traded yet.
        assert candles[-1]["i"] == prints[-1].trade_id
    assert public["fundings"]["fundings"]
    assert {row["exchange"] for row in public["funding_rates"]["funding_rates"]} >= {"lighter"}
    assert abs(public["status"]["timestamp"] - venue.exchange.now_ms // 1000) < 90


async def test_tokens_of_the_native_signer_are_the_accounts_own(venue: Venue) -> None:
    """The library compares its key with the venue's by a request of its own, too."""
    assert venue.read["check"] is None
    told = venue.read["refusals"]
    assert "private key does not match" in told["check of a wrong key"]
    for name in ("good", "long", "read-only"):
        assert told[name] == {"status": 200, "code": 200}, name
    for name, code in (
        ("none", 20001),
        ("wrong key", 21120),
        ("changed deadline", 21120),
        ("other account", 21120),
        ("other key", 21109),
        ("expired", 401),
        ("too long", 401),
        ("read-only of another", 20001),
    ):
        assert told[name]["code"] == code, name
        assert told[name]["status"] in {400, 401}, name


async def test_read_only_tokens_made_by_the_sdk(venue: Venue) -> None:
    told = venue.read["read_only"]
    token = told["made"]["api_token"]
    assert token.startswith(f"ro:{venue.owner.account_id}:single:")
    assert told["read"]["code"] == 200
    assert token in [row["api_token"] for row in told["listed"]["api_tokens"]]
    assert told["revoked"]["revoked"] is True
    assert told["after"]["status"] == 401
