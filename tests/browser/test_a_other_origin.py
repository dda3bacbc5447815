"""(a) A page of another origin: works where CORS_ORIGINS names it, and says what is wrong else."""

from __future__ import annotations

from pathlib import Path

import both_venues
import dashboard_build
from dashboard_page import BROKEN_ROADS, OpenTab
from full_service import free_port
from playwright.async_api import expect
from static_site import static_site

BLOCKED = (*BROKEN_ROADS, "has been blocked by CORS policy")


async def test_a_a_page_of_another_origin_works_where_the_service_allows_it(
    built: None, open_tab: OpenTab, tmp_path: Path
) -> None:
    allowed, other = free_port(), free_port()
    origin = f"http://127.0.0.1:{allowed}"
    async with both_venues.demo(tmp_path, CORS_ORIGINS=origin) as running:
        service = running.service.url
        dist = tmp_path / "site"
        dashboard_build.build_for(service, dist)
        async with static_site(dist, service, allowed) as site, open_tab(site) as tab:
            await tab.open()
            await tab.live()
            await expect(tab.tile("lighter:2")).to_contain_text("open orders")
            await expect(tab.tile("lighter:2")).not_to_contain_text("stale")
        async with (
            static_site(dist, service, other) as site,
            open_tab(site, expected=BLOCKED) as tab,
        ):
            await tab.open()
            await tab.see("CORS_ORIGINS")
