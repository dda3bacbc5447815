"""(a) The ladder is the truth: its rows are those of `/api/orderbook` at the same sequence."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import both_venues
import pytest
from dashboard_page import OpenTab, plain
from playwright.async_api import expect

WATCH_SECONDS_MAX = 20.0
SAME_MIN = 5
ROWS = 20
NOTE_LADDERS = """(topic) => {
  const ladder = document.querySelector(`[data-topic="${topic}"]`);
  const side = (name) => [...ladder.querySelectorAll(`[data-side=${name}] tr:not([data-empty])`)]
    .map((row) => [...row.children].slice(0, 2).map((cell) => cell.innerText));
  globalThis.ladders = {};
  const look = () => {
    ladders[ladder.dataset.sequence] = { bids: side("bids"), asks: side("asks").reverse() };
  };
  new MutationObserver(look).observe(ladder, {
    subtree: true, childList: true, characterData: true, attributes: true });
  look();
}"""
BOOKS = (
    ("orderbook:extended:linear:BTC-USD", "/api/orderbook/BTC-USD?venue=extended"),
    ("orderbook:lighter:linear:ETH", "/api/orderbook/ETH?venue=lighter"),
)
Levels = list[tuple[float, float]]


def levels(rows: list[list[str]]) -> Levels:
    return [(float(plain(price)), float(plain(size))) for price, size in rows]


@pytest.mark.parametrize(("topic", "path"), BOOKS, ids=["extended", "lighter"])
async def test_a_rows_are_those_of_rest_at_the_same_sequence_and_never_crossed(
    demo: both_venues.Demo, open_tab: OpenTab, topic: str, path: str
) -> None:
    async with open_tab(demo.service.url) as tab:
        await tab.open(f"/books?markets={topic}")
        await tab.live()
        await expect(tab.main.get_by_text("verified").first).to_be_visible()
        asks = tab.main.get_by_role("rowgroup", name="Asks").get_by_role("row")
        await expect(asks.last).not_to_be_empty()
        await tab.page.evaluate(NOTE_LADDERS, topic)
        told: dict[str, Any] = {}
        shown: dict[str, Any] = {}
        deadline = time.monotonic() + WATCH_SECONDS_MAX
        while len(told.keys() & shown.keys()) < SAME_MIN and time.monotonic() < deadline:
            for _ in range(20):
                _, book = await demo.service.get(f"{path}&depth={ROWS}")
                told[str(book["sequence"])] = book
                await asyncio.sleep(0.02)
            shown = await tab.page.evaluate("() => ladders")
        same = told.keys() & shown.keys()
        assert len(same) >= SAME_MIN, (sorted(told)[-3:], sorted(shown)[-3:])
        for sequence in same:
            for side in ("bids", "asks"):
                assert levels(shown[sequence][side]) == levels(told[sequence][side]), sequence
        crossed = [
            sequence
            for sequence, ladder in shown.items()
            if levels(ladder["bids"])[0] >= levels(ladder["asks"])[0]
        ]
        assert not crossed
