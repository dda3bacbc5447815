"""(a) Each view on the demo shows what REST says, and the rail leads to all of them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import both_venues
import pytest
from dashboard_page import WAIT_MS, OpenTab, Tab, plain
from full_service import Service, until
from playwright.async_api import Locator, expect

AGREE_SECONDS = 15
EQUITY_SHARE_MAX = 0.001
"""Equity moves between two questions; what is shown may be so much off."""

CANDLES = "/candles?venue=extended&symbol=BTC-USD"
VIEWS = (
    "Overview",
    "Accounts",
    "Positions",
    "Orders",
    "Fills",
    "Order books",
    "Candles",
    "Supervision",
    "Connections",
    "Latency",
    "Errors",
    "History",
    "Points",
)


async def rest(service: Service, path: str) -> Any:
    status, answer = await service.get(path)
    assert status == 200, answer
    return answer


async def title_count(tab: Tab, name: str) -> int:
    """The number in the title of a panel, such as `Positions (6)`."""
    heading = tab.main.get_by_role("heading", name=re.compile(rf"^{name} \(")).first
    found = re.search(r"\((\d+)", plain(await heading.inner_text()))
    assert found, await heading.inner_text()
    return int(found[1])


async def figure(place: Locator) -> float:
    found = re.search(r"-?\d+(?:\.\d+)?", plain(await place.inner_text()))
    assert found, await place.inner_text()
    return float(found[0])


async def agrees(tab: Tab, title: str, told: Callable[[], Awaitable[int]]) -> None:
    """What the page counts and what REST counts are the same at one moment."""

    async def same() -> bool:
        return await title_count(tab, title) == await told()

    await until(same, AGREE_SECONDS, f"{title} counts as REST does", every=0.2)


async def overview(tab: Tab, service: Service) -> None:
    portfolio = await rest(service, "/api/portfolio")
    sums = tab.main.get_by_role("region", name="Sums in USD")
    equity = await figure(sums.get_by_text(re.compile(r"\d{3}\.\d\d$")).first)
    assert equity == pytest.approx(float(portfolio["usd"]["equity"]), rel=EQUITY_SHARE_MAX)

    async def all_ready() -> bool:
        count = len(await service.children())
        return f"{count} of {count}" in await sums.inner_text()

    await until(all_ready, AGREE_SECONDS, "as many processes as REST tells", every=0.2)
    for account in (await rest(service, "/api/accounts"))["accounts"]:
        tile = tab.tile(f"{account['venue']}:{account['account']}")
        await expect(tile).to_contain_text(account["label"])


async def accounts(tab: Tab, service: Service) -> None:
    known = (await rest(service, "/api/accounts"))["accounts"]
    grid = tab.main.get_by_role("grid", name="Accounts")
    for account in known:
        name = f"{account['venue']}:{account['account']}"
        row = grid.get_by_role("row").filter(has=tab.page.get_by_role("link", name=name))
        equity = await figure(row.get_by_role("gridcell").nth(2))
        assert equity == pytest.approx(float(account["equity"]), rel=EQUITY_SHARE_MAX), name
    assert await title_count(tab, "Accounts") == len(known)


async def positions(tab: Tab, service: Service) -> None:
    async def told() -> int:
        found = (await rest(service, "/api/accounts"))["accounts"]
        return sum(len(account["positions"]) for account in found)

    await agrees(tab, "Positions", told)


async def orders(tab: Tab, service: Service) -> None:
    async def told() -> int:
        found = (await rest(service, "/api/accounts"))["accounts"]
        return sum(len(account["orders"]) for account in found)

    await agrees(tab, "Open orders", told)


async def fills(tab: Tab, service: Service) -> None:
    async def told() -> int:
        found = (await rest(service, "/api/ws/trades"))["accounts"]
        return sum(len(account["trades"]) for account in found)

    async def enough() -> bool:
        # Of more than 500 of an account REST and stream tell the newest alone.
        return await title_count(tab, "Fills") >= await told() > 0

    await until(enough, AGREE_SECONDS, "all fills that REST tells are there", every=0.2)


async def books(tab: Tab, service: Service) -> None:
    found = (await rest(service, "/api/orderbook"))["orderbooks"]
    assert found
    book = tab.main.get_by_role("region", name=re.compile("^Order book of ")).first
    await tab.see("verified", within=book)
    asks = book.get_by_role("rowgroup", name="Asks").get_by_role("row")
    await expect(asks.last).to_contain_text(re.compile(r"\d"))


async def candles(tab: Tab, service: Service) -> None:
    live = tab.main.get_by_role("button", name="LIVE").first
    await expect(live).to_be_visible(timeout=WAIT_MS)
    await tab.main.get_by_text("Last 20 bars").first.click()
    bars = tab.main.get_by_role("region", name=re.compile("^Last bars of BTC-USD"))

    async def same() -> bool:
        items = (await rest(service, f"/api{CANDLES}&timeframe=1m&limit=3"))["items"]
        closed = next(item for item in reversed(items) if item["closed"])
        shown = plain(await bars.inner_text())
        return all(
            plain(closed[part]).rstrip("0").rstrip(".") in shown for part in ("open", "close")
        )

    await until(same, AGREE_SECONDS, "the last closed bar is the service's", every=0.2)


async def supervision(tab: Tab, service: Service) -> None:
    for actor, child in (await service.children()).items():
        if "on demand" in child["label"]:
            # It comes and goes with who looks at it.
            continue
        row = tab.process(actor)
        await expect(row).to_contain_text(child["state"])
        await expect(row).to_contain_text(str(child["pid"]))


async def connections(tab: Tab, service: Service) -> None:
    async def same() -> bool:
        health = await rest(service, "/api/connections/health")
        told = f"{health['connected']} of {health['total']}"
        count = await title_count(tab, "Lanes")
        return count == health["total"] and told in plain(await tab.main.inner_text())

    await until(same, AGREE_SECONDS, "as many lanes as REST tells", every=0.2)


async def latency(tab: Tab, service: Service) -> None:
    legs = tab.main.get_by_role("table", name="Legs of the way of a datum")
    for leg in ("venue → actor", "actor → cache", "cache → web", "tab → screen"):
        row = legs.get_by_role("row").filter(has_text=leg)
        await expect(row.first).to_contain_text(re.compile(r"\d\s*(ms|µs|s)"))


async def errors(tab: Tab, service: Service) -> None:
    async def told() -> int:
        return int((await rest(service, "/api/errors"))["summary"]["total"])

    heading = tab.main.get_by_role("heading", level=2, name=re.compile("^Errors"))

    async def same() -> bool:
        shown = re.search(r"\((\d+) in ", plain(await heading.inner_text()))
        return (int(shown[1]) if shown else 0) == await told()

    await until(same, AGREE_SECONDS, "as many faults as REST tells", every=0.2)


async def history(tab: Tab, service: Service) -> None:
    status = await rest(service, "/api/storage/status")
    store = tab.main.get_by_role("region", name="Store")
    assert status["configured"]
    await tab.see("connected", within=store)
    await expect(store).to_contain_text(re.compile(r"\d[\d\s]* rows"))


async def points(tab: Tab, service: Service) -> None:
    for account in (await rest(service, "/api/points"))["accounts"]:
        name = f"{account['venue']}:{account['account']}"
        row = tab.main.get_by_role("row").filter(has_text=name)
        shown = await figure(row.get_by_role("gridcell").nth(1))
        assert shown == pytest.approx(float(account["total"])), name


CHECKS: dict[str, Callable[[Tab, Service], Awaitable[None]]] = {
    "Overview": overview,
    "Accounts": accounts,
    "Positions": positions,
    "Orders": orders,
    "Fills": fills,
    "Order books": books,
    "Candles": candles,
    "Supervision": supervision,
    "Connections": connections,
    "Latency": latency,
    "Errors": errors,
    "History": history,
    "Points": points,
}


async def test_a_the_rail_leads_to_every_view_and_each_shows_what_rest_says(
    demo: both_venues.Demo, open_tab: OpenTab
) -> None:
    async with open_tab(demo.service.url) as tab:
        await tab.open()
        await tab.live()
        rail = tab.page.get_by_role("navigation", name="Views").get_by_role("link")
        assert await rail.all_inner_texts() == list(VIEWS)
        for name in VIEWS:
            await rail.filter(has_text=re.compile(f"^{name}$")).click()
            await expect(tab.page.get_by_role("heading", level=1, name=name)).to_be_attached()
            await tab.settled()
            await CHECKS[name](tab, demo.service)
            assert not tab.wrong, f"{name}: {tab.wrong}"


async def test_a_the_page_of_an_account_shows_its_figures(
    demo: both_venues.Demo, open_tab: OpenTab
) -> None:
    async with open_tab(demo.service.url) as tab:
        await tab.open("/accounts/extended%3A1")
        await tab.live()
        await tab.settled()
        account = await rest(demo.service, "/api/accounts/extended:1")
        await expect(tab.page.get_by_role("heading", level=1)).to_contain_text("extended:1")
        figures = tab.main.get_by_role("region", name="Figures")
        equity = await figure(figures.get_by_text(re.compile(r"\d{3}\.\d\d")).first)
        assert equity == pytest.approx(float(account["equity"]), rel=EQUITY_SHARE_MAX)
        for part in ("Balances", "Positions", "Open orders", "Fills", "Connections"):
            region = tab.main.get_by_role("region", name=re.compile(f"^{part}")).first
            await expect(region).to_be_attached()
        await expect(tab.main.get_by_role("alert")).to_have_count(0)
