"""Fixtures of the tests in a real browser: one Chromium, one build, one service to look at."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import both_venues
import dashboard_build
import pytest
import pytest_asyncio
from dashboard_page import CHROMIUM, FLAGS, OpenTab, tab
from full_service import ROOT, Service
from playwright.async_api import Browser, async_playwright

MANDATORY = os.environ.get("REQUIRE_SERVICES") == "1"
HERE = Path(__file__).parent
SHORT_WAITS = {
    "RESTART_FIRST_DELAY": "3",
    # What follows the first crash is a minute otherwise, and silence of a venue 45 s and more.
    "RESTART_DELAY": "4",
    "RESTART_JITTER": "0",
    "RESTART_INFRASTRUCTURE": "1",
    "STREAM_SILENCE_LIMIT": "8",
    "STREAM_MUTE_LIMIT": "8",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser and service live in the session's loop, so their tests run there, too."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            item.add_marker(pytest.mark.processes)


def lacking(what: str) -> None:
    if MANDATORY:
        pytest.fail(f"{what}, and REQUIRE_SERVICES=1 demands it")
    pytest.skip(what)


@pytest.fixture(scope="session")
def built() -> None:
    """The dashboard, made from its sources as they are now."""
    if CHROMIUM is None:
        lacking("Chromium is not installed (apt-get install chromium; CHROMIUM=<its path>)")
    if reason := dashboard_build.why_not_built():
        lacking(reason)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium(built: None) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        yield browser
        await browser.close()


@pytest.fixture
def open_tab(chromium: Browser) -> OpenTab:
    """`async with open_tab(url) as page`; what the page does wrong fails the test."""
    return partial(tab, chromium)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo(
    built: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[both_venues.Demo]:
    """Both venues; whoever looks at it leaves it as it was."""
    async with both_venues.demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def struck(
    built: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[both_venues.Demo]:
    """Both venues; its processes are killed and its streams stalled, and come back."""
    async with both_venues.demo(tmp_path_factory.mktemp("struck"), **SHORT_WAITS) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def service(demo: both_venues.Demo) -> Service:
    return demo.service


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, to be run in the page."""
    path = ROOT / "mFrontend" / "node_modules" / "axe-core" / "axe.min.js"
    if not path.is_file():
        lacking("axe-core is not installed (`npm ci` in mFrontend)")
    text: Any = path.read_text()
    return str(text)
