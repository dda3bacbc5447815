"""(a) axe-core finds no violation of WCAG 2.2 AA, on any view, in the dark and in the light."""

from __future__ import annotations

import both_venues
import pytest
from axe_findings import violations
from dashboard_page import PATHS, OpenTab
from playwright.async_api import expect


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_a_axe_finds_no_violation_on_any_view(
    demo: both_venues.Demo, open_tab: OpenTab, axe: str, scheme: str
) -> None:
    async with open_tab(demo.service.url, color_scheme=scheme) as tab:
        await tab.open()
        await tab.live()
        found: list[str] = []
        for path in PATHS:
            await tab.go(path)
            await tab.settled()
            found += await violations(tab, axe, path)
        assert not found, "\n".join(found)


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_a_axe_finds_no_violation_in_what_opens(
    demo: both_venues.Demo, open_tab: OpenTab, axe: str, scheme: str
) -> None:
    async with open_tab(demo.service.url, color_scheme=scheme) as tab:
        await tab.open("/supervision?actor=account:extended:2")
        await tab.live()
        await tab.settled()
        found = await violations(tab, axe, "a process")
        for name, key in (("help", "?"), ("search", "/")):
            await tab.press(key)
            await expect(tab.page.get_by_role("dialog")).to_be_visible()
            found += await violations(tab, axe, name)
            await tab.press("Escape")
            await expect(tab.page.get_by_role("dialog")).to_have_count(0)
        await tab.main.get_by_role("button", name="Restart").click()
        found += await violations(tab, axe, "confirm")
        await tab.press("Escape")
        await tab.page.emulate_media(reduced_motion="reduce", forced_colors="active")
        found += await violations(tab, axe, "forced colours")
        assert not found, "\n".join(found)
