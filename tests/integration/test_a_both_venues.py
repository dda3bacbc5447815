"""Both venues at once in the demo, and their accounts as one: the simulators' truth, exactly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from both_venues import BOOKS, MARKETS, NUMBERS, SEED, VENUES, Demo, SimulatedVenue, demo
from full_service import until

from config.demo import LIGHTER_INDEX_FIRST, demo_accounts

ACCOUNTS = [f"{venue}:{number}" for venue in VENUES for number in NUMBERS]
SETTLES = {"extended": "USD", "lighter": "USDC"}
FIGURES = (
    *("equity", "wallet_balance", "free", "margin_used", "unrealized_pnl"),
    *("realized_pnl", "gross_notional", "net_notional"),
)
FILLS_PER_S = 20
TRADED_SECONDS = 30.0
SETTLED_SECONDS = 20.0
STALE_SECONDS = 20.0

Figures = dict[str, Decimal]

pytestmark = pytest.mark.processes


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Demo]:
    async with demo(tmp_path, CACHE_TTL="1") as running:
        yield running


async def trade_then_freeze(both: Demo) -> None:
    """Every account holds something, and then nothing changes any more at either venue."""
    for venue in both.venues.values():
        order = {"account": "*", "rate_per_s": FILLS_PER_S, "markets": list(MARKETS[venue.venue])}
        await venue.call("POST", "/fills", json=order)

    async def has_traded() -> bool:
        states = [await venue.call("GET", "/state") for venue in both.venues.values()]
        return all(each["open_positions"] for state in states for each in state["accounts"])

    await until(has_traded, TRADED_SECONDS, "every account holds a position")
    for venue in both.venues.values():
        await venue.call("POST", "/pause")
        await venue.call("POST", "/fills", json={"account": "*", "rate_per_s": 0})


# the truth: the venues' own answers, held against their ledgers' whole millionths


async def truth_of(venue: SimulatedVenue, number: str) -> Figures:
    read = {"extended": extended_truth, "lighter": lighter_truth}[venue.venue]
    figures = await read(venue, number)
    ledger = await venue.ledger(number)
    assert figures["equity"] * 10**6 == ledger["equity"]
    assert figures["wallet_balance"] * 10**6 == ledger["balance"]
    return figures


async def extended_truth(venue: SimulatedVenue, number: str) -> Figures:
    headers = {"X-Api-Key": demo_accounts(SEED, len(NUMBERS))[int(number) - 1].api_key}
    headers["User-Agent"] = "truth"
    balance = (await venue.get("/user/balance", headers=headers))["data"]
    rows = (await venue.get("/user/positions", headers=headers))["data"]
    return {
        "equity": Decimal(balance["equity"]),
        "wallet_balance": Decimal(balance["balance"]),
        "free": Decimal(balance["availableForTrade"]),
        "margin_used": Decimal(balance["initialMargin"]),
        "unrealized_pnl": Decimal(balance["unrealisedPnl"]),
        "realized_pnl": added(row["realisedPnl"] for row in rows),
        "gross_notional": added(row["value"] for row in rows),
        "net_notional": added(
            row["value"] if row["side"] == "LONG" else f"-{row['value']}" for row in rows
        ),
    }


async def lighter_truth(venue: SimulatedVenue, number: str) -> Figures:
    index = LIGHTER_INDEX_FIRST + int(number) - 1
    answer = await venue.get(f"/api/v1/account?by=index&value={index}")
    (row,) = answer["accounts"]
    held = [each for each in row["positions"] if Decimal(each["position"])]
    return {
        "equity": Decimal(row["total_asset_value"]),
        "wallet_balance": Decimal(row["collateral"]),
        "free": Decimal(row["available_balance"]),
        "margin_used": Decimal(row["cross_initial_margin_requirement"]),
        "unrealized_pnl": added(each["unrealized_pnl"] for each in held),
        "realized_pnl": added(each["realized_pnl"] for each in held),
        "gross_notional": added(each["position_value"] for each in held),
        "net_notional": sum(
            (each["sign"] * Decimal(each["position_value"]) for each in held), Decimal(0)
        ),
    }


def added(texts: Any) -> Decimal:
    return sum(map(Decimal, texts), Decimal(0))


def sum_of(figures: list[Figures]) -> Figures:
    return {name: sum((each[name] for each in figures), Decimal(0)) for name in FIGURES}


async def net_by_base(both: Demo) -> dict[str, Decimal]:
    """Signed sizes of both ledgers under the asset that either venue's market is of."""
    found: dict[str, Decimal] = {}
    for venue in both.venues.values():
        for number in NUMBERS:
            for market, size in (await venue.ledger(number))["open_positions"].items():
                base = market.removesuffix("-USD")
                found[base] = found.get(base, Decimal(0)) + Decimal(size)
    return found


# what is told


def figures_of(row: dict[str, Any]) -> Figures:
    return {name: Decimal(row[name]) for name in FIGURES}


async def portfolio(both: Demo, query: str = "") -> dict[str, Any]:
    status, body = await both.service.get("/api/portfolio" + query)
    assert status == 200, body
    return dict(body)


async def test_a_both_venues_at_once_add_up_to_both_ledgers(both: Demo) -> None:
    await _everything_is_there(both)
    await trade_then_freeze(both)
    truth = {
        f"{venue.venue}:{number}": await truth_of(venue, number)
        for venue in both.venues.values()
        for number in NUMBERS
    }
    whole, bases = sum_of(list(truth.values())), await net_by_base(both)
    last: dict[str, Any] = {}

    async def equal() -> bool:
        last.update(await portfolio(both))
        net = {row["base"]: Decimal(row["net_quantity"]) for row in last["exposures"]}
        return (figures_of(last["usd"]), net) == (whole, bases) and not last["stale"]

    try:
        await until(equal, SETTLED_SECONDS, "the sums are the ledgers'")
    except AssertionError as error:
        told = {f"{it['venue']}:{it['account']}": figures_of(it) for it in last["accounts"]}
        raise AssertionError(f"{error}\ntruth {truth}\ntold {told}\n{bases} {last}") from None

    # Each account's part and each settlement asset's are as exact as the whole.
    told = {f"{it['venue']}:{it['account']}": figures_of(it) for it in last["accounts"]}
    assert told == truth
    settles = {it["settle"]: (it["price_usd"], figures_of(it)) for it in last["settles"]}
    for venue, settle in SETTLES.items():
        mine = sum_of([figures for name, figures in truth.items() if name.startswith(venue)])
        assert settles.pop(settle) == ("1", mine)
        assert figures_of((await portfolio(both, f"?venue={venue}"))["usd"]) == mine
    assert settles == {}
    assert (last["missing"], last["unpriced"]) == ([], [])
    assert last["complete"]
    assert {venue for row in last["exposures"] for venue in row["venues"]} == set(VENUES)
    await _one_that_stops_stays_and_is_named(both, whole, bases)


async def _everything_is_there(both: Demo) -> None:
    service = both.service
    _, accounts = await service.get("/api/accounts")
    assert [f"{it['venue']}:{it['account']}" for it in accounts["accounts"]] == ACCOUNTS
    assert not [it["account"] for it in accounts["accounts"] if it["equity"] is None]
    _, books = await service.get("/api/orderbook?depth=1")
    topics = [
        f"orderbook:{it['venue']}:{it['product']}:{it['symbol']}" for it in books["orderbooks"]
    ]
    assert topics == BOOKS
    assert all(it["verified"] and it["bids"] and it["asks"] for it in books["orderbooks"])
    _, status = await service.get("/api/status")
    assert status["simulated"]
    counts = [(it["venue"], it["accounts"], it["streams"]) for it in status["venues"]]
    assert counts == [(venue, 2, 2) for venue in VENUES]

    async def with_points() -> Any:
        _, body = await service.get("/api/points")
        return body if body["available"] == len(ACCOUNTS) else None

    points = await until(with_points, SETTLED_SECONDS, "points of every account")
    assert points["total"] is None
    for venue in points["venues"]:
        rows = [it for it in points["accounts"] if it["venue"] == venue["venue"]]
        assert Decimal(venue["total"]) == added(it["total"] for it in rows) > 0


async def _one_that_stops_stays_and_is_named(
    both: Demo, whole: Figures, bases: dict[str, Decimal]
) -> None:
    status, answer = await both.service.post("/api/supervision/account:lighter:2/stop")
    assert status == 202, answer

    async def named() -> Any:
        body = await portfolio(both)
        stale = [f"{it['venue']}:{it['account']}" for it in body["stale_accounts"]]
        return body if stale == ["lighter:2"] else None

    held = await until(named, STALE_SECONDS, "the stopped account is named as stale")
    assert held["stale_reason"] == "stale accounts: lighter:2"
    (stopped,) = held["stale_accounts"]
    assert "not linked" in stopped["stale_reason"]
    assert figures_of(held["usd"]) == whole
    assert {row["base"]: Decimal(row["net_quantity"]) for row in held["exposures"]} == bases
