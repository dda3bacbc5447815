"""(a) A road that lets no WebSocket through: server-sent events, then polling, and back again."""

from __future__ import annotations

import both_venues
from dashboard_page import BROKEN_ROADS, SECONDS, OpenTab, Tab
from picky_proxy import picky_proxy
from playwright.async_api import expect

EQUITY = """() => document.querySelector('main [href^="/accounts/"]')?.innerText"""
FALL_BACK_SECONDS = 20
POLLED_MS = 35 * SECONDS
"""Two rounds of polling, each 15 s, and a little."""

MINUTE_IS_SHORT = """
const real = globalThis.setInterval;
globalThis.setInterval = (run, ms, ...rest) => real(run, ms === 60_000 ? 3_000 : ms, ...rest);
"""
"""Who came in by a worse way tries the better one each minute."""


async def moves(tab: Tab, timeout_ms: float = 10 * SECONDS) -> None:
    """The first account's tile changes twice, so that it is fed and not merely drawn."""
    await tab.watch("tile", EQUITY)
    await tab.page.wait_for_function("() => seen.tile.length > 2", timeout=timeout_ms)


async def test_a_without_websocket_events_come_by_sse_and_without_that_by_polling(
    demo: both_venues.Demo, open_tab: OpenTab
) -> None:
    async with picky_proxy(demo.service.url) as proxy:
        proxy.refuse("/ws")
        async with open_tab(proxy.url, expected=BROKEN_ROADS) as tab:
            await tab.open()
            await tab.badge("live (SSE)", FALL_BACK_SECONDS)
            await moves(tab)
            assert proxy.asked["/api/stream"] >= 1
            # The road gets worse while it is used.
            proxy.refuse("/ws", "/api/stream")
            await tab.badge("polling, 15 s", FALL_BACK_SECONDS)
            await expect(tab.tile("extended:1")).not_to_contain_text("stale")
            await moves(tab, POLLED_MS)
            # And well again: by itself within a minute; whoever presses need not wait.
            proxy.refuse()
            await tab.open()
            await tab.live()
            await moves(tab)


async def test_a_who_came_in_by_sse_goes_back_to_the_websocket_when_there_is_one(
    demo: both_venues.Demo, open_tab: OpenTab
) -> None:
    async with picky_proxy(demo.service.url) as proxy:
        proxy.refuse("/ws")
        async with open_tab(proxy.url, expected=BROKEN_ROADS) as tab:
            await tab.page.add_init_script(MINUTE_IS_SHORT)
            await tab.open()
            await tab.badge("live (SSE)", FALL_BACK_SECONDS)
            proxy.refuse()
            await tab.live()
            await moves(tab)
