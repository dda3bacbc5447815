"""(a) The token: asked for, told when it is wrong, kept in the tab's memory and nowhere else."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import both_venues
import pytest
import pytest_asyncio
from dashboard_page import BROKEN_ROADS, OpenTab, Tab
from full_service import Service
from playwright.async_api import expect

TOKEN = "browser-token-0123456789"  # made here, opens nothing
WRONG = "another-token-0123456789"
ACTOR = "account:extended:2"
KEPT = """async () => JSON.stringify([
  { ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.state,
  (await indexedDB.databases()).map((it) => it.name), (await caches?.keys()) ?? [],
  performance.getEntries().map((it) => it.name), document.documentElement.outerHTML, window.name,
])"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def closed(built: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """A service that wants its token for everything but the page itself."""
    folder = tmp_path_factory.mktemp("closed")
    settings = {"API_TOKEN": TOKEN, "RESTART_FIRST_DELAY": "1"}
    async with both_venues.demo(folder, **settings) as running:
        yield running.service


async def enter(tab: Tab, token: str) -> None:
    """By keyboard alone, from wherever the focus is."""
    dialog = tab.page.get_by_role("dialog", name="Token")
    await expect(dialog.get_by_label("Token")).to_be_focused()
    await tab.page.keyboard.type(token)
    await tab.press("Enter")
    await expect(dialog).to_have_count(0)


def opens(name: str) -> bool:
    return name in ("Enter the token", "token wanted")


async def test_a_the_token_is_asked_for_and_stays_in_the_memory_of_the_tab(
    closed: Service, open_tab: OpenTab
) -> None:
    async with open_tab(closed.url, expected=BROKEN_ROADS) as tab:
        asked: list[str] = []
        sockets: list[str] = []
        tab.page.on("request", lambda request: asked.append(request.url))
        tab.page.on("websocket", lambda socket: sockets.append(socket.url))
        await tab.open()
        await tab.badge("token wanted")
        await tab.see("The service wants its token")
        await expect(tab.page.get_by_role("listitem")).to_have_count(0)
        await tab.head.get_by_role("button", name="Enter the token").click()
        await enter(tab, WRONG)
        await tab.see("is not the right one")
        await tab.badge("token wanted")
        await tab.main.get_by_role("button", name="Enter the token").first.click()
        await tab.see("is not the right one", within=tab.page.get_by_role("dialog"))
        await enter(tab, TOKEN)
        await tab.live()
        await expect(tab.tile("lighter:1")).to_contain_text(re.compile(r"\d\.\d\d"))
        kept = await tab.page.evaluate(KEPT)
        assert TOKEN not in kept
        assert not [address for address in (*asked, *sockets) if TOKEN in address]
        tickets = [parse_qs(urlsplit(address).query) for address in sockets]
        assert list(tickets[-1]) == ["ticket"], sockets
        await tab.page.reload()
        await tab.badge("token wanted")
        await tab.page.go_back()
        assert TOKEN not in await tab.page.evaluate("() => location.href")


async def test_a_by_keyboard_alone_from_the_token_to_a_restarted_process(
    closed: Service, open_tab: OpenTab
) -> None:
    async with open_tab(closed.url, expected=BROKEN_ROADS) as tab:
        await tab.open()
        await tab.badge("token wanted")
        await tab.tab_to(opens)
        await tab.press("Enter")
        await enter(tab, WRONG)
        await tab.see("is not the right one")
        await tab.tab_to(opens)
        await tab.press("Enter")
        await enter(tab, TOKEN)
        await tab.live()
        # The account by search, its process from its page.
        await tab.search("account extended:2", "extended:2")
        heading = tab.page.get_by_role("heading", level=1)
        await expect(heading).to_contain_text("extended:2")
        await tab.tab_to(lambda name: name == "Process")
        await tab.press("Enter")
        await tab.tab_to(lambda name: name == ACTOR, steps=10)
        await tab.press("Enter")
        row = tab.process(ACTOR)
        await expect(row).to_contain_text("ready")
        epoch = (await closed.children())[ACTOR]["epoch"]
        await tab.tab_to(lambda name: name == "Restart")
        await tab.press("Enter")
        dialog = tab.page.get_by_role("dialog", name=f"Restart {ACTOR}?")
        await expect(dialog).to_be_visible()
        await tab.press("Escape")
        await expect(dialog).to_have_count(0)
        assert await tab.focused() == "Restart"
        await tab.press("Enter")
        await tab.tab_to(lambda name: name == "Restart", steps=6)
        await tab.press("Enter")
        await expect(dialog).to_have_count(0)
        await tab.hear(f"Restart of {ACTOR} accepted")
        await expect(row).to_contain_text("ready")
        assert (await closed.children())[ACTOR]["epoch"] == epoch + 1
