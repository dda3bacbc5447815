"""A tab of the real Chromium on the dashboard: what it must never do, and how a test reads it."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, expect

CHROMIUM = next(
    (
        path
        for path in map(Path, (os.environ.get("CHROMIUM", ""), "/usr/bin/chromium"))
        if path.is_file()
    ),
    None,
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing but this machine has an address: what the page asks of others cannot get there.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
HERE = "127.0.0.1"
PATHS = (
    "/",
    "/accounts",
    "/accounts/extended%3A1",
    "/positions",
    "/orders",
    "/fills",
    "/books",
    "/candles",
    "/supervision",
    "/connections",
    "/latency",
    "/errors",
    "/history",
    "/points",
)
"""Every view."""

LOCAL_SCHEMES = ("data", "blob", "about")
SECONDS = 1_000
SIGNS = str.maketrans({"−": "-", "\u202f": "", "\u2009": "", "\u00a0": " ", "◷": ""})
WAIT_MS = 10 * SECONDS
BROKEN_ROADS = ("WebSocket connection to", "Failed to load resource", "net::ERR_")
"""What Chromium itself writes when a service is away; a test that sends it away expects it."""

NOTE_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`content policy: ${event.violatedDirective} ${event.blockedURI}`));
"""
NOTE_CHANGES = """([name, every]) => {
  const read = READ;
  const seen = ((globalThis.seen ??= {})[name] = []);
  const look = () => {
    const found = read();
    if (found !== seen.at(-1)?.found) seen.push({ found, at_ms: Date.now() });
  };
  new MutationObserver(look).observe(document, {
    subtree: true, childList: true, characterData: true, attributes: true });
  look();
}"""


def plain(text: str) -> str:
    """A figure as programs spell it: no thin spaces, a hyphen for the minus."""
    return text.translate(SIGNS).strip()


class Tab:
    """One page; `wrong` is what it did that no page of ours may do."""

    def __init__(self, page: Page, base: str, expected: tuple[str, ...]) -> None:
        self.page = page
        self.base = base
        self.wrong: list[str] = []
        self._expected = expected
        page.set_default_timeout(WAIT_MS)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.wrong.append(f"page error: {error}"))
        page.on("request", lambda request: self._check_address(request.url))
        page.on("websocket", lambda socket: self._check_address(socket.url))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if not any(part in message.text for part in self._expected):
            self.wrong.append(f"console {message.type}: {message.text}")

    def _check_address(self, address: str) -> None:
        found = urlsplit(address)
        if found.hostname != HERE and found.scheme not in LOCAL_SCHEMES:
            self.wrong.append(f"it asked for {address}")

    async def open(self, path: str = "/") -> None:
        await self.page.goto(self.base + path)

    async def go(self, path: str) -> None:
        """To another view as a link does: the page stays loaded."""
        await self.page.evaluate(
            "path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')) }",  # noqa: E501
            path,
        )

    async def see(self, *texts: str, within: Locator | None = None) -> None:
        place = within or self.main
        for text in texts:
            await expect(place.get_by_text(text).first).to_be_visible(timeout=WAIT_MS)

    async def hear(self, sentence: str) -> None:
        """Waits until a screen reader is told so; sentences come one by one."""
        spoken = self.page.get_by_role("status").filter(has_text=sentence)
        await expect(spoken).to_have_count(1, timeout=2 * WAIT_MS)

    @property
    def head(self) -> Locator:
        return self.page.get_by_role("banner")

    @property
    def main(self) -> Locator:
        return self.page.get_by_role("main")

    async def settled(self) -> None:
        """Waits until a view of its own stands there and loads nothing any more."""
        await expect(self.page.get_by_role("heading", level=1)).to_be_attached(timeout=WAIT_MS)
        loading = self.main.get_by_role("status").filter(has_text=re.compile("^Loading"))
        await expect(loading).to_have_count(0, timeout=WAIT_MS)

    async def badge(self, text: str, seconds: float = 10) -> None:
        """Waits until the head says that this is how the tab hears of changes."""
        found = self.head.get_by_text(re.compile(rf"^\W*{re.escape(text)}$"))
        await expect(found).to_be_visible(timeout=seconds * SECONDS)

    async def live(self) -> None:
        await self.badge("live")

    async def badge_other_than(self, text: str) -> None:
        found = self.head.get_by_text(re.compile(rf"^\W*{re.escape(text)}$"))
        await expect(found).to_have_count(0, timeout=WAIT_MS)

    def tile(self, account: str) -> Locator:
        """An account on the overview, by its `venue:number`."""
        venue, _, number = account.partition(":")
        link = self.page.get_by_role("link").filter(has_text=f"{venue}:{number}")
        return self.page.get_by_role("listitem").filter(has=link)

    def process(self, actor: str) -> Locator:
        """A row of the tree in Supervision."""
        name = self.page.get_by_title(actor, exact=True)
        return self.page.get_by_role("treegrid").get_by_role("row").filter(has=name)

    async def save_csv(self) -> list[dict[str, str]]:
        """The rows of the file that the view's export gives."""
        async with self.page.expect_download() as saved:
            await self.main.get_by_role("button", name="Save CSV").click()
        text = await asyncio.to_thread((await (await saved.value).path()).read_text, "utf-8")
        return list(csv.DictReader(io.StringIO(text)))

    async def search(self, text: str, found: str) -> None:
        """By the palette: `/`, the words, and Enter once the first hit is the wanted one."""
        await self.press("/")
        box = self.page.get_by_role("combobox", name="Search")
        await expect(box).to_be_focused()
        await self.page.keyboard.type(text)
        hits = self.page.get_by_role("listbox", name="Found").get_by_role("option")
        await expect(hits.first).to_contain_text(found)
        await self.press("Enter")
        await expect(box).to_have_count(0)

    async def watch(self, name: str, read: str) -> None:
        """Keeps each different answer of a function of the page, with the page's clock."""
        await self.page.evaluate(NOTE_CHANGES.replace("READ", read), [name, None])

    async def watched(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.page.evaluate("name => seen[name]", name)
        return found

    async def focused(self) -> str:
        """The name of what has the focus, as far as its text or label tells."""
        found: str = await self.page.evaluate(
            """() => {
              const it = document.activeElement;
              return it?.getAttribute("aria-label") || it?.innerText || it?.id || it?.tagName || "";
            }"""
        )
        return found

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def tab_to(self, wanted: Callable[[str], bool], steps: int = 60) -> str:
        """Presses Tab until something has the focus whose name is wanted."""
        for _ in range(steps):
            await self.press("Tab")
            name = await self.focused()
            if wanted(name):
                return name
        raise AssertionError(f"{steps} times Tab never reached it; the last was {name!r}")


OpenTab = Callable[..., AbstractAsyncContextManager[Tab]]


@asynccontextmanager
async def tab(
    browser: Browser,
    base: str,
    *,
    expected: tuple[str, ...] = (),
    **options: Any,
) -> AsyncIterator[Tab]:
    """A page of its own storage; `expected` are parts of console lines that a test provokes."""
    settings = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark", **options}
    context = await browser.new_context(**settings)
    opened = Tab(await context.new_page(), base, expected)
    try:
        await context.add_init_script(NOTE_VIOLATIONS)
        yield opened
        assert not opened.wrong, "\n".join(opened.wrong)
    except BaseException as error:
        error.add_note("\n".join(["the page did wrong:", *opened.wrong]))
        raise
    finally:
        await context.close()
