"""What a tab costs while it is told much: its main thread, its frames, its heap.

The tab is a page of the async Playwright; the service under load is `dashboard_load.py`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.async_api import CDPSession, Page

HERE = Path(__file__).parent
LADDERS = ",".join(f"orderbook:extended:linear:M{number}-USD" for number in range(1, 7))
VIEWS = {
    "positions": "/positions",
    "overview": "/",
    "books": f"/books?markets={LADDERS}",
}
# Counts what the tab receives and how long its frames are; runs before any script of the page.
SAMPLER = """
(() => {
  const seen = (globalThis.measured = { messages: 0, topics: new Set(), frames: [], long: [] });
  const Plain = globalThis.WebSocket;
  globalThis.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        const topic = /"topic":"([^"]+)"/.exec(data.slice(0, 400));
        if (topic) { seen.messages += 1; seen.topics.add(topic[1]); }
      });
    }
  };
  new PerformanceObserver((list) => {
    for (const it of list.getEntries()) seen.long.push(it.duration);
  }).observe({ type: "long-animation-frame" });
  let last = performance.now();
  const frame = (now) => {
    seen.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})();
"""
RESET = """() => {
  Object.assign(measured, { messages: 0, frames: [], long: [] });
  measured.topics.clear();
}"""
READ = "() => ({ ...measured, topics: measured.topics.size })"


class Load:
    """The service under load; `url` is where its pages are."""

    def __init__(self, process: Process, port: int) -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{port}"

    async def change(self, view: str, per_second: float) -> None:
        """What that view shows changes so often from now on, one topic after the other."""
        assert self._process.stdin
        self._process.stdin.write(f"{view} {per_second}\n".encode())
        await self._process.stdin.drain()


@asynccontextmanager
async def under_load(seed: int) -> AsyncIterator[Load]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HERE / "dashboard_load.py"),
        str(seed),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        yield Load(process, int(json.loads(await process.stdout.readline())["port"]))
    finally:
        process.kill()
        await process.wait()


@dataclass(frozen=True)
class Seen:
    """One span of one view.

    `busy_percent` is the time in tasks of the main thread, `cpu_percent` what the processor gave
    it: on a machine that others use, too, a task lasts longer than it works.
    """

    messages_per_s: float
    topics: int
    busy_percent: float
    cpu_percent: float
    frames_ms: list[float]
    long_frames_ms: list[float]

    def frame_ms(self, share: float) -> float:
        ordered = sorted(self.frames_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Meter:
    """Reads one page by the browser's own instruments."""

    def __init__(self, page: Page, session: CDPSession, main_thread: int) -> None:
        self._page = page
        self._session = session
        self._main_thread = main_thread

    @classmethod
    async def of(cls, page: Page) -> Meter:
        """Before the page is opened: the sampler must run first."""
        await page.add_init_script(SAMPLER)
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable")
        return cls(page, session, 0)

    async def find_main_thread(self) -> None:
        """Once the page is open: of all renderers its own works most."""
        browser = self._page.context.browser
        assert browser
        session = await browser.new_browser_cdp_session()
        found = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
        renderers = [it for it in found if it["type"] == "renderer"]
        self._main_thread = max(renderers, key=lambda it: it["cpuTime"])["id"]
        await session.detach()

    async def metrics(self) -> dict[str, float]:
        found = (await self._session.send("Performance.getMetrics"))["metrics"]
        return {it["name"]: it["value"] for it in found}

    async def held(self) -> tuple[float, float]:
        """MB of heap and count of DOM nodes after a collection."""
        await self._session.send("HeapProfiler.collectGarbage")
        found = await self.metrics()
        return found["JSHeapUsedSize"] / 1e6, found["Nodes"]

    async def watch(self, seconds: float) -> Seen:
        await self._page.evaluate(RESET)
        before, cpu, started = await self.metrics(), self._cpu_s(), time.monotonic()
        await self._page.wait_for_timeout(seconds * 1_000)
        after, lasted = await self.metrics(), time.monotonic() - started
        seen = await self._page.evaluate(READ)
        return Seen(
            messages_per_s=seen["messages"] / lasted,
            topics=seen["topics"],
            busy_percent=100 * (after["TaskDuration"] - before["TaskDuration"]) / lasted,
            cpu_percent=100 * (self._cpu_s() - cpu) / lasted,
            frames_ms=seen["frames"],
            long_frames_ms=seen["long"],
        )

    def _cpu_s(self) -> float:
        threads = psutil.Process(self._main_thread).threads()
        main = next(it for it in threads if it.id == self._main_thread)
        return float(main.user_time + main.system_time)
