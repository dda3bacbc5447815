"""(a) What an operator sees when processes are killed: red, a countdown, back; nothing is lost."""

from __future__ import annotations

import re
from typing import Any

import both_venues
from dashboard_page import BROKEN_ROADS, SECONDS, OpenTab, Tab
from full_service import until
from playwright.async_api import expect

ACCOUNT = "extended:1"
ACTOR = f"account:{ACCOUNT}"
DELAYS_S = (3, 4)
"""Of the first crash, and of the one after it; both are the service's settings."""

BACK_MS = 20 * SECONDS
FILLS_PER_SECOND = 20
WEB_KILLS = 2
ROW = f"""() => document.querySelector('[data-key="{ACTOR}"]')?.innerText"""
BADGE = "() => document.querySelector('header')?.innerText"
COUNTDOWN = re.compile(r"in (now|(\d+(?:\.\d+)?)\s*s)")


async def counted_down(tab: Tab) -> list[float]:
    """The seconds that the countdown of the row went through."""
    rows = [str(one["found"]) for one in await tab.watched("row")]
    found = [match[2] for row in rows if (match := COUNTDOWN.search(row))]
    return [float(text) for text in dict.fromkeys(found) if text]


async def test_a_an_account_killed_twice_goes_red_counts_down_and_returns(
    struck: both_venues.Demo, open_tab: OpenTab
) -> None:
    service = struck.service
    async with open_tab(service.url) as overview, open_tab(service.url) as tree:
        await overview.open()
        await tree.open(f"/supervision?actor={ACTOR}")
        await overview.live()
        row, tile = tree.process(ACTOR), overview.tile(ACCOUNT)
        await expect(row).to_contain_text("ready")
        await tree.watch("row", ROW)
        pid = 0
        for ends, delay_s in enumerate(DELAYS_S, 1):
            pid = await service.kill(ACTOR, not_pid=pid)
            await expect(row).to_contain_text("back-off")
            await expect(tile).to_contain_text("back-off")
            await expect(row).to_contain_text(COUNTDOWN)
            # In order again: a new process, and the tile says nothing but its figures.
            await expect(row).to_contain_text("ready", timeout=BACK_MS)
            await expect(tile).not_to_contain_text("back-off")
            await expect(row).to_contain_text("signal 9")
            seconds = await counted_down(tree)
            assert seconds == sorted(seconds, reverse=True), seconds
            assert seconds, await tree.watched("row")
            assert delay_s - 1 <= seconds[0] <= delay_s + 0.5, seconds
            await tree.watch("row", ROW)
            ticks = tree.page.get_by_role("img", name=re.compile(f"{ends} ends?, now ready"))
            await expect(ticks).to_be_visible()
        past = tree.page.get_by_role("region", name="Earlier incarnations")
        last = past.get_by_role("group").first
        await last.get_by_text("signal 9").click()
        await expect(last).to_contain_text(f"{pid}")
        crashes = row.get_by_role("gridcell", name=str(len(DELAYS_S)), exact=True)
        await expect(crashes).to_be_visible()


async def ledger_ids(demo: both_venues.Demo) -> list[str]:
    """Every trade that the venue knows of the account."""
    ledger = await demo.venues["extended"].call("GET", "/ledger?account=1&parts=fills")
    return [str(fill["id"]) for fill in ledger["fills"]]


async def trade(demo: both_venues.Demo, rate_per_s: float, *, script: bool) -> None:
    order: dict[str, Any] = {"account": "1", "rate_per_s": rate_per_s, "script": script}
    await demo.venues["extended"].call("POST", "/fills", json=order)


async def choose_column(tab: Tab, title: str) -> None:
    await tab.main.get_by_role("button", name="Columns").click()
    await tab.page.get_by_role("dialog").get_by_role("checkbox", name=title).check()
    await tab.press("Escape")


async def test_a_the_tab_resumes_without_a_gap_when_web_is_killed(
    struck: both_venues.Demo, open_tab: OpenTab
) -> None:
    service = struck.service
    async with open_tab(service.url, expected=BROKEN_ROADS) as tab:
        await tab.open(f"/fills?account={ACCOUNT}")
        await tab.live()
        await choose_column(tab, "Fill id")
        await tab.watch("badge", BADGE)
        loads = await tab.page.evaluate("() => performance.timeOrigin")
        await trade(struck, FILLS_PER_SECOND, script=True)
        try:
            pid = 0
            for _ in range(WEB_KILLS):
                before = len(await ledger_ids(struck))
                pid = await service.kill("web:1", not_pid=pid)
                await tab.badge_other_than("live")
                await tab.live()

                async def traded(before: int = before) -> bool:
                    return len(await ledger_ids(struck)) > before + FILLS_PER_SECOND

                await until(traded, 15, "the venue goes on")
        finally:
            await trade(struck, 0, script=False)
        assert await tab.page.evaluate("() => performance.timeOrigin") == loads
        told = " ".join(str(one["found"]) for one in await tab.watched("badge"))
        assert "disconnected" in told or "connecting" in told, told

        async def whole() -> bool:
            ids = [row["fill_id"] for row in await tab.save_csv()]
            assert len(ids) == len(set(ids)), "a trade stands twice"
            return sorted(ids) == sorted(await ledger_ids(struck))

        try:
            await until(whole, 10, "the table has every trade of the ledger", every=0.5)
        finally:
            await trade(struck, 0, script=True)
