"""Takes the pictures of docs/dashboard.md: every view and every state, in dark and in light.

Run by `make screenshots`, against demos of its own; what it writes is
`docs/screenshots/<name>-<dark|light>.webp`.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from both_venues import BOOKS, demo
from dashboard_page import CHROMIUM, FLAGS
from full_service import ROOT, Service
from playwright.async_api import Browser, Page, Route, async_playwright

FOLDER = ROOT / "docs" / "screenshots"

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 780}
THEMES = ("dark", "light")
QUALITY = 80
SETTLE_MS = 3_000
GROW_SECONDS = 45.0
VIEWS = {
    "overview": "/",
    "accounts": "/accounts",
    "account": "/accounts/extended:1",
    "positions": "/positions",
    "orders": "/orders",
    "fills": "/fills",
    "books": f"/books?markets={','.join(BOOKS)}",
    "candles": "/candles?market=extended:linear:BTC-USD",
    "supervision": "/supervision",
    "connections": "/connections",
    "latency": "/latency",
    "errors": "/errors",
    "points": "/points",
    "history": "/history",
}
ON_PHONE = ("overview", "account", "books", "supervision", "positions")

Step = Callable[[Page], Awaitable[Any]]


class Camera:
    """One browser; every picture from a tab of its own, so that none sees another's state."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder

    async def opened(self, url: str, theme: str, size: dict[str, int] = DESK) -> Page:
        context = await self._browser.new_context(viewport=size, color_scheme=theme)
        page = await context.new_page()
        await page.goto(url)
        await page.wait_for_timeout(SETTLE_MS)
        return page

    async def keep(self, page: Page, name: str) -> None:
        session = await page.context.new_cdp_session(page)
        shot = await session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
        (self._folder / f"{name}.webp").write_bytes(base64.b64decode(shot["data"]))
        await page.context.close()
        print(name, flush=True)

    async def take(
        self, name: str, url: str, *, size: dict[str, int] = DESK, step: Step | None = None
    ) -> None:
        for theme in THEMES:
            page = await self.opened(url, theme, size)
            if step:
                await step(page)
            await self.keep(page, f"{name}-{theme}")


async def views(camera: Camera, folder: Path) -> None:
    """Everything as it is when all is well."""
    async with demo(folder, DEMO_ACCOUNTS="3") as running:
        # History and statistics want a little past.
        await asyncio.sleep(GROW_SECONDS)
        for name, path in VIEWS.items():
            await camera.take(name, running.service.url + path)
        for name in ON_PHONE:
            await camera.take(f"phone-{name}", running.service.url + VIEWS[name], size=PHONE)
        await camera.take(
            "state-keys", running.service.url, step=lambda page: page.keyboard.press("?")
        )
        await camera.take("state-empty", running.service.url + "/positions?search=nothing+like+it")
        await camera.take("state-loading", running.service.url, step=held_back)


async def held_back(page: Page) -> None:
    """A service that takes its time: nothing is answered, nothing streams."""

    async def hold(route: Route) -> None:
        await asyncio.sleep(60)

    await page.route("**/api/**", hold)
    await page.route_web_socket("**/ws**", lambda socket: None)
    await page.reload()
    await page.wait_for_timeout(SETTLE_MS)


async def troubles(camera: Camera, folder: Path) -> None:
    """What stands away, what is stale, and a tab that lost its service."""
    async with demo(folder, DEMO_ACCOUNTS="3", RESTART_FIRST_DELAY="120") as running:
        service = running.service
        actor = "account:extended:2"
        await service.kill(actor)
        stall = {"kind": "half_open", "target": "account:1", "seconds": 600}
        await running.venues["lighter"].call("POST", "/fault", json=stall)
        await running.venues["lighter"].call(
            "POST", "/fault", json={"kind": "500", "target": "rest:account:1", "seconds": 600}
        )
        await asyncio.sleep(GROW_SECONDS / 2)
        await camera.take("state-trouble", service.url)
        await camera.take("state-process-away", f"{service.url}/supervision?actor={actor}")
        await camera.take("state-links-down", f"{service.url}/connections")
        await camera.take("state-errors", f"{service.url}/errors")
        await disconnected(camera, service)


async def disconnected(camera: Camera, service: Service) -> None:
    """Both tabs were there before the service ended."""
    tabs = [await camera.opened(service.url, theme) for theme in THEMES]
    await asyncio.to_thread(service.end)
    for theme, page in zip(THEMES, tabs, strict=True):
        await page.wait_for_timeout(3 * SETTLE_MS)
        await camera.keep(page, f"state-disconnected-{theme}")


async def many(camera: Camera, folder: Path) -> None:
    async with demo(folder, DEMO_ACCOUNTS="40", EXTENDED_RATE_LIMIT="6000") as running:
        await camera.take("state-80-accounts", running.service.url)


async def closed(camera: Camera, folder: Path) -> None:
    async with demo(folder, API_TOKEN=secrets.token_hex(16)) as running:
        await camera.take("state-unauthorised", running.service.url)


async def main() -> None:
    if CHROMIUM is None:
        raise SystemExit("expected Chromium (apt-get install chromium, or CHROMIUM=<its path>)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        camera = Camera(browser, FOLDER)
        for story in (views, troubles, many, closed):
            with tempfile.TemporaryDirectory() as folder:
                await story(camera, Path(folder))
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
