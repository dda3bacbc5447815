"""`/api/portfolio` of a real service against the simulator's truth, to the last digit."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from full_service import Service, Simulator, account_settings, until

NUMBERS = ("1", "2", "3", "4")
STRANGER = "9"
MARKETS = ("BTC-USD", "ETH-USD", "SOL-USD")
SETTLED_SECONDS = 20.0
STALE_SECONDS = 20.0
FILLS_PER_S = 40

pytestmark = pytest.mark.processes


class World:
    """A service over four accounts that trade, and one that the venue does not know."""

    def __init__(self, simulator: Simulator, service: Service, keys: dict[str, str]) -> None:
        self.simulator = simulator
        self.service = service
        self.keys = keys

    async def portfolio(self) -> dict[str, Any]:
        status, body = await self.service.get("/api/portfolio")
        assert status == 200, body
        return dict(body)

    async def venue(self, number: str, path: str) -> Any:
        """The venue's own answer to the account's key, numbers as they are spelled."""
        headers = {"X-Api-Key": self.keys[number], "User-Agent": "truth"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(self.simulator.base_url + path) as response,
        ):
            document = json.loads(await response.text())
        assert document["status"] == "OK", document
        return document["data"]

    async def trade_then_freeze(self) -> None:
        """Positions on both sides, and then nothing changes any more."""
        order = {"account": "*", "rate_per_s": FILLS_PER_S, "markets": list(MARKETS)}
        await self.simulator.call("POST", "/fills", json=order)

        async def has_traded() -> bool:
            state = await self.simulator.call("GET", "/state")
            return all(
                len(each["open_positions"]) > 1
                for each in state["accounts"]
                if each["account"] in NUMBERS
            )

        await until(has_traded, SETTLED_SECONDS, "every account holds two positions")
        await self.simulator.call("POST", "/fills", json={**order, "rate_per_s": 0})
        await self.simulator.call("POST", "/pause")

    async def truth(self) -> dict[str, Decimal]:
        """Sums over the accounts' own answers, checked against the ledger's whole millionths."""
        sums = dict.fromkeys(
            ("equity", "wallet", "free", "margin", "unrealized", "realized", "gross", "net"),
            Decimal(0),
        )
        for number in NUMBERS:
            balance = await self.venue(number, "/user/balance")
            ledger = await self.simulator.call("GET", f"/ledger?account={number}&parts=")
            assert Decimal(balance["equity"]) * 10**6 == ledger["equity"]
            assert Decimal(balance["balance"]) * 10**6 == ledger["balance"]
            assert Decimal(balance["spotEquity"]) > 0
            sums["equity"] += Decimal(balance["equity"])
            sums["wallet"] += Decimal(balance["balance"])
            sums["free"] += Decimal(balance["availableForTrade"])
            sums["margin"] += Decimal(balance["initialMargin"])
            sums["unrealized"] += Decimal(balance["unrealisedPnl"])
            sums["gross"] += Decimal(balance["exposure"])
            for position in await self.venue(number, "/user/positions"):
                side = 1 if position["side"] == "LONG" else -1
                sums["realized"] += Decimal(position["realisedPnl"])
                sums["net"] += side * Decimal(position["value"])
        return sums

    async def bases(self) -> dict[str, dict[str, Decimal]]:
        """Net and gross per base asset, sizes as the ledger signs them."""
        found: dict[str, dict[str, Decimal]] = {}
        for number in NUMBERS:
            ledger = await self.simulator.call("GET", f"/ledger?account={number}&parts=")
            values = {
                position["market"]: Decimal(position["value"])
                for position in await self.venue(number, "/user/positions")
            }
            assert values.keys() == ledger["open_positions"].keys()
            for market, signed in ledger["open_positions"].items():
                size = Decimal(signed)
                value = values[market].copy_sign(size)
                base = found.setdefault(
                    market.removesuffix("-USD"), dict.fromkeys(("net", "gross", "usd"), Decimal(0))
                )
                base["net"] += size
                base["gross"] += abs(size)
                base["usd"] += value
        return found


def sums_of(portfolio: dict[str, Any]) -> dict[str, Decimal]:
    usd = portfolio["usd"]
    return {
        "equity": Decimal(usd["equity"]),
        "wallet": Decimal(usd["wallet_balance"]),
        "free": Decimal(usd["free"]),
        "margin": Decimal(usd["margin_used"]),
        "unrealized": Decimal(usd["unrealized_pnl"]),
        "realized": Decimal(usd["realized_pnl"]),
        "gross": Decimal(usd["gross_notional"]),
        "net": Decimal(usd["net_notional"]),
    }


def bases_of(portfolio: dict[str, Any]) -> dict[str, dict[str, Decimal]]:
    return {
        row["base"]: {
            "net": Decimal(row["net_quantity"]),
            "gross": Decimal(row["gross_quantity"]),
            "usd": Decimal(row["net_notional_usd"]),
        }
        for row in portfolio["exposures"]
    }


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[World]:
    keys = {number: secrets.token_hex(16) for number in NUMBERS}
    simulator = Simulator(folder, keys)
    try:
        await simulator.serving()
        settings = account_settings(
            simulator,
            {**keys, STRANGER: secrets.token_hex(16)},
            EXTENDED_MARKETS="BTC-USD",
            CACHE_TTL="1",
            RATE_LIMIT="0",
        )
        service = Service(folder, settings)
        try:
            yield World(simulator, service, keys)
        finally:
            service.end()
    finally:
        simulator.end()


async def settled(world: World) -> dict[str, Any]:
    """The portfolio once it holds four accounts, and as much as the venue says."""
    truth, bases = await world.truth(), await world.bases()
    last: dict[str, Any] = {}

    async def equal() -> dict[str, Any] | None:
        last.update(await world.portfolio())
        return last if (sums_of(last), bases_of(last)) == (truth, bases) else None

    try:
        return dict(await until(equal, SETTLED_SECONDS, "the sums are the venue's"))
    except AssertionError as error:
        raise AssertionError(f"{error}\ntruth {truth}\n{bases}\ntold {sums_of(last)}") from None


async def quarantined(world: World) -> bool:
    assert world.service.process.poll() is None, world.service.tail()
    try:
        children = await world.service.children()
    except (aiohttp.ClientError, TimeoutError):
        return False
    states = {actor.rpartition(":")[2]: child["state"] for actor, child in children.items()}
    return all(states.get(number) == "ready" for number in NUMBERS) and (
        states.get(STRANGER) == "quarantined"
    )


async def test_g_portfolio_is_the_venue_s_truth_and_names_what_it_cannot_vouch_for(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as world:
        await until(lambda: quarantined(world), 30, "four accounts ready, the fifth refused")
        await world.trade_then_freeze()
        held = await settled(world)
        sides = {side for row in held["exposures"] for side in _sides(row)}
        assert sides == {"long", "short"}
        assert [row["account"] for row in held["accounts"]] == list(NUMBERS)
        assert all(row["unsaid"] == [] for row in held["accounts"])
        assert (held["stale"], held["unpriced"]) == (False, [])
        (settle,) = held["settles"]
        assert (settle["settle"], settle["price_usd"], settle["accounts"]) == ("USD", "1", 4)

        # One that never delivered is named with the reason, and is in no sum.
        (missing,) = held["missing"]
        assert (missing["account"], missing["state"]) == (STRANGER, "quarantined")
        assert "key rejected" in missing["reason"]
        assert not held["complete"]

        await _other_assets_and_points(world)
        await _stale_accounts_stay(world, sums_of(held), bases_of(held))


def _sides(row: dict[str, Any]) -> list[str]:
    return [side for side in ("long", "short") if Decimal(row[f"{side}_quantity"])]


async def _other_assets_and_points(world: World) -> None:
    """Other assets are shown and not counted twice; points are those of the venue."""
    status, account = await world.service.get("/api/accounts/1")
    assert status == 200
    shares = [each for each in account["balances"] if each["asset"] == "XVS"]
    assert [each["total"] for each in shares] == ["500.000000"]
    assert shares[0]["as_of_us"]

    truth = {}
    for number in NUMBERS:
        seasons = await world.venue(number, "/user/rewards/earned")
        truth[number] = sum(
            Decimal(epoch["pointsReward"]) for season in seasons for epoch in season["epochRewards"]
        )

    async def known() -> Any:
        _, body = await world.service.get("/api/points")
        return body if body["available"] == len(NUMBERS) else None

    points = await until(known, SETTLED_SECONDS, "points of every account")
    told = {row["account"]: row["total"] for row in points["accounts"] if row["available"]}
    assert {number: Decimal(total) for number, total in told.items()} == truth
    assert Decimal(points["total"]) == sum(truth.values())
    before = {row["account"]: row["as_of_us"] for row in points["accounts"]}

    status, asked = await world.service.post("/api/points/refresh")
    assert status == 202, asked
    assert [each["actor"] for each in asked["not_told"]] == [f"account:extended:{STRANGER}"]

    async def younger() -> bool:
        _, body = await world.service.get("/api/points")
        return all(
            row["as_of_us"] > before[row["account"]]
            for row in body["accounts"]
            if row["account"] in NUMBERS
        )

    await until(younger, SETTLED_SECONDS, "points, asked for again")


async def _stale_accounts_stay(
    world: World, sums: dict[str, Decimal], bases: dict[str, dict[str, Decimal]]
) -> None:
    """Account 2 loses both lanes, account 3 is stopped: both are named, no digit changes."""
    for fault in (
        {"kind": "503", "target": "rest:account:2", "seconds": 600},
        {"kind": "disconnect", "target": "ws:account:2", "seconds": 600},
    ):
        await world.simulator.call("POST", "/fault", json=fault)
    status, answer = await world.service.post("/api/supervision/account:extended:3/stop")
    assert status == 202, answer

    async def both_named() -> Any:
        body = await world.portfolio()
        named = [each["account"] for each in body["stale_accounts"]]
        return body if named == ["2", "3"] else None

    held = await until(both_named, STALE_SECONDS, "accounts 2 and 3 are named as stale")
    assert sums_of(held) == sums
    assert bases_of(held) == bases
    assert held["stale"]
    assert held["stale_reason"] == "stale accounts: extended:2, extended:3"
    faulted, stopped = held["stale_accounts"]
    assert faulted["state"] == "ready"
    assert faulted["stale_reason"].startswith(("websocket ", "rest "))
    assert "not linked" in stopped["stale_reason"]
    oldest = min(row["as_of_us"] for row in held["accounts"])
    assert held["as_of_us"] == oldest
    assert all(each["age_ms"] > 0 and each["as_of_us"] for each in (faulted, stopped))
    assert [each["account"] for each in held["missing"]] == [STRANGER]
