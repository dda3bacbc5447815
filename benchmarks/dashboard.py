"""The dashboard in a real Chromium under 1,000 updates a second: main thread, frames, heap.

`dashboard.py [minutes]`: for how long the heap is watched (10 by default). Needs Chromium and the
built dashboard (`make dashboard`).
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from dashboard_meter import VIEWS, Meter, Seen, under_load
from dashboard_page import CHROMIUM, FLAGS
from playwright.async_api import Page, async_playwright
from report import Row, Section, publish

SEED = 6_003
RATE = 1_000
SETTLE_S = 5.0
WATCH_S = 60.0
HEAP_VIEW = "positions"
HEAP_EVERY_S = 30.0
FRAME_MS_MAX = 50.0
BUSY_PERCENT_MAX = 50.0
HEAP_MB_PER_MINUTE_MAX = 1.0


def rows_of(view: str, seen: Seen) -> list[Row]:
    what = f"{view}: {seen.messages_per_s:,.0f} messages/s over {seen.topics} topics"
    frames = (
        f"{len(seen.frames_ms)} frames, p95 {seen.frame_ms(0.95):.1f} ms, "
        f"p99 {seen.frame_ms(0.99):.1f} ms; {len(seen.long_frames_ms)} above 50 ms"
    )
    cpu = f"{seen.cpu_percent:.0f} % of processor time"
    worst = max(seen.long_frames_ms, default=seen.frame_ms(1.0))
    return [
        Row(f"{what}, main thread", seen.busy_percent, "%", "budget", BUSY_PERCENT_MAX, 1.0, cpu),
        Row(f"{view}: longest animation frame", worst, "ms", "budget", FRAME_MS_MAX, 1.0, frames),
    ]


async def heap_row(page: Page, meter: Meter, minutes: float) -> Row:
    """How fast the heap grows, by least squares over what is left after collections."""
    points: list[tuple[float, float]] = []
    nodes: list[float] = []
    started = time.monotonic()
    while (passed := time.monotonic() - started) < minutes * 60:
        heap_mb, count = await meter.held()
        points.append((passed / 60, heap_mb))
        nodes.append(count)
        await page.wait_for_timeout(HEAP_EVERY_S * 1_000)
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    what = f"{HEAP_VIEW}: heap after collection, growth over {minutes:g} min"
    note = f"{points[-1][1]:.1f} MB at the end, DOM nodes {nodes[-1] - nodes[0]:+.0f}"
    return Row(what, slope, "MB/min", "budget", HEAP_MB_PER_MINUTE_MAX, 1.0, note)


async def measure(minutes: float) -> tuple[list[Row], str]:
    rows: list[Row] = []
    async with under_load(SEED) as load, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        meter = await Meter.of(page)
        for view in (*VIEWS, HEAP_VIEW):
            await load.change(view, RATE)
            await page.goto(load.url + VIEWS[view])
            await page.wait_for_timeout(SETTLE_S * 1_000)
            await meter.find_main_thread()
            if len(rows) < 2 * len(VIEWS):
                rows += rows_of(view, await meter.watch(WATCH_S))
            else:
                rows.append(await heap_row(page, meter, minutes))
        version = browser.version
        await browser.close()
    return rows, version


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    rows, version = asyncio.run(measure(minutes))
    publish(
        Section(
            "dashboard",
            "Dashboard under load",
            f"The built dashboard in headless Chromium {version}, software rendering, on the same "
            f"two cores as the service that feeds it; {RATE:,} changes/s over 50 topics are made, "
            "what the tab received is in each row (a book is asked for at most 10 times a second). "
            f"Watched for {WATCH_S:g} s after {SETTLE_S:g} s; busy is the time in tasks of the "
            "main thread. Budgets of the dashboard, not a peer.",
            tuple(rows),
        )
    )


if __name__ == "__main__":
    main()
