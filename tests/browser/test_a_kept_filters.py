"""(a) A reload keeps filters, search and order; an export holds what the table shows."""

from __future__ import annotations

import re

import both_venues
from dashboard_page import OpenTab, Tab, plain
from playwright.async_api import expect

CELLS = """() => [...document.querySelectorAll("[role=grid] [role=row][aria-rowindex]")]
  .filter((row) => row.querySelector("[role=gridcell]"))
  .map((row) => [Number(row.ariaRowIndex), [...row.querySelectorAll("[role=gridcell]")]
    .map((cell) => cell.innerText)])"""
CURRENT_IS = """(at) =>
  document.querySelector("[role=row][aria-selected=true]")?.ariaRowIndex == at"""


async def test_a_a_reload_keeps_filters_search_and_order(
    demo: both_venues.Demo, open_tab: OpenTab
) -> None:
    async with open_tab(demo.service.url) as tab:
        await tab.open("/fills")
        await tab.live()
        await tab.settled()
        main = tab.main
        await main.get_by_label("Venue").select_option("extended")
        await main.get_by_label("Side").select_option("buy")
        await main.get_by_role("searchbox").fill("BTC")
        await main.get_by_role("button", name="Price").click()
        header = main.get_by_role("columnheader", name="Price")
        await expect(header).to_have_attribute("aria-sort", "descending")
        await tab.page.reload()
        await tab.live()
        await expect(main.get_by_label("Venue")).to_have_value("extended")
        await expect(main.get_by_label("Side")).to_have_value("buy")
        await expect(main.get_by_role("searchbox")).to_have_value("BTC")
        await expect(header).to_have_attribute("aria-sort", "descending")
        # The same link shows the same to somebody else.
        address = tab.page.url
        async with open_tab(demo.service.url) as other:
            await other.page.goto(address)
            await expect(other.main.get_by_label("Side")).to_have_value("buy")
        # Another view and back by the browser's own button.
        await tab.press("g", "o")
        await tab.page.go_back()
        await expect(main.get_by_role("searchbox")).to_have_value("BTC")


async def titles(tab: Tab) -> list[str]:
    heads = await tab.main.get_by_role("columnheader").all_inner_texts()
    return [re.sub(r"\W+$", "", head) for head in heads]


async def test_a_the_export_is_the_table(demo: both_venues.Demo, open_tab: OpenTab) -> None:
    async with open_tab(demo.service.url) as tab:
        await tab.open("/fills?account=extended:1&sort=-price")
        await tab.live()
        await tab.settled()
        # The view stands still; what comes is kept for later.
        await tab.press("p")
        await tab.badge("paused")
        rows = await tab.save_csv()
        table = tab.main.get_by_role("grid", name="Fills")
        assert int(await table.get_attribute("aria-rowcount") or 0) == len(rows) + 1
        names = await titles(tab)
        seen = 0
        await table.focus()
        for key in ("Home", "End"):
            await tab.press(key)
            await tab.page.wait_for_function(
                CURRENT_IS,
                arg=2 if key == "Home" else len(rows) + 1,
            )
            for index, cells in await tab.page.evaluate(CELLS):
                row = rows[index - 2]
                shown = dict(zip(names, (plain(cell) for cell in cells), strict=True))
                assert shown["Account"] == f"{row['venue']}:{row['account']}"
                assert shown["Market"] == row["symbol"]
                assert shown["Side"].endswith(row["side"])
                assert float(shown["Price"]) == float(row["price"])
                assert float(shown["Size"]) == float(row["quantity"])
                assert shown["Order id"] == row["order_id"]
                seen += 1
        assert seen >= min(len(rows), 10)
        prices = [float(row["price"]) for row in rows]
        assert prices == sorted(prices, reverse=True)
