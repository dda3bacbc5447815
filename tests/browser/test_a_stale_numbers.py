"""(a) What nobody confirms any more is marked in the page within a second of its limit."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any, NamedTuple

import both_venues
import pytest
from dashboard_page import SECONDS, OpenTab, Tab
from full_service import until
from picky_proxy import picky_proxy

LATE_MS_MAX = 1_000
TURNS_SECONDS_MAX = 60
ASKED_EVERY_SECONDS = 0.05
SILENT_MS = 5_000
"""Without a word on its WebSocket for so long the tab vouches for nothing."""

EXPECTED = re.compile(r"expected within (\d+)")
MARKED = """() => [...document.querySelectorAll('main SELECTOR .stale')].length > 0"""


class Struck(NamedTuple):
    """A stream that is stalled: by which orders, what REST says of it, where it is shown."""

    faults: tuple[dict[str, Any], ...]
    rest: str
    path: str
    selector: str


BOOK = Struck(
    ({"kind": "stall", "target": "ws:book:BTC-USD", "seconds": 15},),
    "/api/orderbook/BTC-USD?venue=extended&depth=1",
    "/books?markets=orderbook:extended:linear:BTC-USD",
    'section[aria-label="Order book of BTC-USD at extended"]',
)
ACCOUNT = Struck(
    (
        {"kind": "half_open", "target": "ws:account:2", "seconds": 15},
        {"kind": "slow", "target": "rest:account:2", "delay_s": 15, "seconds": 15},
    ),
    "/api/accounts/extended:2",
    "/",
    'a[href="/accounts/extended%3A2"]',
)


async def turned_ms(demo: both_venues.Demo, path: str) -> tuple[float, str]:
    """When the datum passed its limit, by what the service said of it, and the reason."""
    fresh: dict[str, Any] = {}
    deadline = time.monotonic() + TURNS_SECONDS_MAX
    while time.monotonic() < deadline:
        _, found = await demo.service.get(path)
        if found["stale"] and fresh:
            reason = str(found["stale_reason"])
            limit = EXPECTED.search(reason)
            at_ms = found["as_of_us"] / 1000 + float(limit[1]) if limit else time.time() * 1000
            return at_ms, reason
        if not found["stale"]:
            fresh = found
        await asyncio.sleep(ASKED_EVERY_SECONDS)
    raise AssertionError(f"{path}: still fresh after {TURNS_SECONDS_MAX} s: {fresh}")


async def marked_ms(tab: Tab) -> float:
    """When the page first showed the mark, by its own clock."""
    await tab.page.wait_for_function(
        "() => seen.mark.at(-1).found", timeout=TURNS_SECONDS_MAX * SECONDS
    )
    marks = await tab.watched("mark")
    return float(next(one["at_ms"] for one in marks if one["found"]))


@pytest.mark.parametrize("stalled", [BOOK, ACCOUNT], ids=["book", "account"])
async def test_a_a_stalled_stream_is_marked_within_a_second_of_its_limit(
    struck: both_venues.Demo, open_tab: OpenTab, stalled: Struck
) -> None:
    async with open_tab(struck.service.url) as tab:
        await tab.open(stalled.path)
        await tab.live()
        read = MARKED.replace("SELECTOR", stalled.selector)
        await tab.page.wait_for_selector(f"main {stalled.selector}")
        await tab.page.wait_for_function(f"() => !({read})()")
        await tab.watch("mark", read)
        venue = struck.venues["extended"]
        try:
            for fault in stalled.faults:
                await venue.call("POST", "/fault", json=fault)
            limit_ms, reason = await turned_ms(struck, stalled.rest)
            late_ms = await marked_ms(tab) - limit_ms
            print(f"marked {late_ms:.0f} ms after its limit ({reason})")
            assert late_ms <= LATE_MS_MAX, reason
        finally:
            await venue.call("DELETE", "/fault")
        # And it is believed again once the venue tells of it.
        await tab.page.wait_for_function(f"() => !({read})()", timeout=90 * SECONDS)

        async def fresh() -> bool:
            return not (await struck.service.get(stalled.rest))[1]["stale"]

        await until(fresh, 30, "the service believes it, too")


async def test_a_a_silent_road_marks_everything_though_the_connection_stands(
    demo: both_venues.Demo, open_tab: OpenTab
) -> None:
    async with picky_proxy(demo.service.url) as proxy, open_tab(proxy.url) as tab:
        await tab.open()
        await tab.live()
        tiles = 'a[href^="/accounts/"]'
        all_marked = f"""() => [...document.querySelectorAll('main {tiles}')]
          .every((tile) => tile.querySelector('.stale'))"""
        await tab.page.wait_for_function(f"() => !({all_marked})()")
        await tab.watch("mark", all_marked)
        proxy.hold(back=True)
        held_ms = time.time() * 1000
        late_ms = await marked_ms(tab) - (held_ms + SILENT_MS)
        print(f"all marked {late_ms:.0f} ms after the limit of silence")
        # The last word may have come just before it was held back.
        assert -1_500 <= late_ms <= LATE_MS_MAX
        await tab.see("silent for", within=tab.head)
        proxy.hold(back=False)
        await tab.live()
        await tab.page.wait_for_function(f"() => !({all_marked})()")
