"""(a) Keyboard alone: where the focus is, is always seen; rows, keys and help do what they say."""

from __future__ import annotations

import re

import both_venues
from dashboard_page import PATHS, OpenTab
from playwright.async_api import expect

STOPS_MAX = 60
FOCUS = """() => {
  const it = document.activeElement;
  if (!it || it === document.body) return { end: true };
  const style = getComputedStyle(it);
  const box = it.getBoundingClientRect();
  const marked = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1)
    || style.boxShadow !== "none";
  const points = [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.5, 0.1], [0.5, 0.9]];
  const seen = points.some(([x, y]) => {
    const found = document.elementFromPoint(box.x + x * box.width, box.y + y * box.height);
    return found && (it.contains(found) || found.contains(it));
  });
  return { end: false, marked, seen, name: it.outerHTML.slice(0, 140) };
}"""


async def test_a_the_focus_is_seen_wherever_tab_leads(
    demo: both_venues.Demo, open_tab: OpenTab
) -> None:
    async with open_tab(demo.service.url) as tab:
        lost: list[str] = []
        for path in PATHS:
            await tab.open(path)
            await tab.settled()
            for _ in range(STOPS_MAX):
                await tab.press("Tab")
                focus = await tab.page.evaluate(FOCUS)
                if focus["end"]:
                    break
                if not (focus["marked"] and focus["seen"]):
                    lost.append(f"{path}: marked {focus['marked']}, seen {focus['seen']}: {focus}")
        assert not lost, "\n".join(lost)


async def test_a_a_journey_through_the_page_by_its_keys(
    demo: both_venues.Demo, open_tab: OpenTab
) -> None:
    async with open_tab(demo.service.url) as tab:
        page = tab.page
        await tab.open()
        await tab.live()
        # The first stop leads past the rail.
        await tab.press("Tab")
        skip = page.get_by_role("link", name="Skip to the view")
        await expect(skip).to_be_focused()
        await expect(skip).to_be_in_viewport()
        await tab.press("Enter")
        await expect(tab.main).to_be_focused()
        # The help names the keys, and gives the focus back.
        await tab.press("?")
        help_ = page.get_by_role("dialog", name="Keys")
        await tab.see("search accounts, markets", "Positions", within=help_)
        await tab.press("Escape")
        await expect(help_).to_have_count(0)
        await expect(tab.main).to_be_focused()
        # A row by j, its account by Enter.
        await tab.press("g", "a")
        await expect(page).to_have_title(re.compile("^Accounts"))
        await tab.settled()
        rows = page.get_by_role("grid", name="Accounts").get_by_role("row")
        current = page.locator("[role=row][aria-selected=true]")
        await expect(rows.nth(2)).to_be_visible()
        await tab.press("j")
        await expect(current).to_have_attribute("aria-rowindex", "2")
        await tab.press("j")
        await expect(current).to_have_attribute("aria-rowindex", "3")
        await tab.press("k")
        await expect(current).to_have_attribute("aria-rowindex", "2")
        name = await current.get_by_role("link").first.get_attribute("href")
        await tab.press("Enter")
        await expect(page).to_have_url(f"{tab.base}{name}")
        # The tree by arrows; Home and End; a process by Enter.
        await tab.press("g", "s")
        tree = page.get_by_role("treegrid", name="Processes")
        await expect(tree).to_be_visible()
        await tab.tab_to(lambda text: text.startswith("▾"))
        await tab.press("ArrowRight")
        await expect(page.locator("tr:focus")).to_have_attribute("aria-level", "2")
        await tab.press("Enter")
        await expect(page).to_have_url(re.compile("actor="))
        # The view stands still by p, and its looks change by t.
        await tab.press("p")
        await tab.badge("paused")
        await tab.press("p")
        await tab.live()
        theme = "() => document.documentElement.dataset.theme"
        await tab.press("t", "t")
        assert await page.evaluate(theme) == "light"
        await tab.press("t")
        assert await page.evaluate(theme) == "dark"
