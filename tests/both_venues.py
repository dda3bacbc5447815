"""The demo with both venues as a subprocess, and the controls of its two simulators."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from full_service import Service, until

VENUES = ("extended", "lighter")
MARKETS = {"extended": ("BTC-USD", "ETH-USD"), "lighter": ("ETH", "BTC")}
BOOKS = [
    "orderbook:extended:linear:BTC-USD",
    "orderbook:extended:linear:ETH-USD",
    "orderbook:lighter:linear:BTC",
    "orderbook:lighter:linear:ETH",
]
NUMBERS = ("1", "2")
SEED = 20_261_121
ADDRESSES_SECONDS = 30.0


class SimulatedVenue(NamedTuple):
    """One simulator of the demo; `base_url` is what its clients are given."""

    venue: str
    base_url: str

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """Its own controls, which no client of the venue knows."""
        host = urlsplit(self.base_url).netloc
        return await _json(method, f"http://{host}/_simulator{path}", **options)

    async def get(self, path: str, **options: Any) -> Any:
        """The venue's answer, numbers as they are spelled."""
        return await _json("GET", self.base_url + path, **options)

    async def ledger(self, account: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.call("GET", f"/ledger?account={account}&parts=")
        return found


async def _json(method: str, url: str, **options: Any) -> Any:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, **options) as response,
    ):
        text = await response.text()
    assert response.status < 300, f"{method} {url}: {response.status} {text[:500]}"
    return json.loads(text) if text else None


class Demo(NamedTuple):
    """A service over both simulated venues, all of it ready."""

    service: Service
    venues: dict[str, SimulatedVenue]


def _addresses(log: Path) -> dict[str, SimulatedVenue]:
    """Where the simulators said that they listen."""
    found = {}
    for line in log.read_text(errors="replace").splitlines():
        if '"simulating"' in line and line.startswith("{"):
            told = json.loads(line)
            found[told["venue"]] = SimulatedVenue(told["venue"], told["url"])
    return found


@asynccontextmanager
async def demo(folder: Path, **settings: str) -> AsyncIterator[Demo]:
    """Two accounts and two books at each venue."""
    service = Service(
        folder,
        {
            "DEMO": "1",
            "DEMO_SEED": str(SEED),
            "DEMO_VENUES": ",".join(VENUES),
            "EXTENDED_MARKETS": ",".join(MARKETS["extended"]),
            "LIGHTER_MARKETS": ",".join(MARKETS["lighter"]),
            **settings,
        },
    )
    try:
        await service.ready()

        def both() -> bool:
            return len(_addresses(service.output)) == len(VENUES)

        await until(both, ADDRESSES_SECONDS, "both simulators say where they listen")
        yield Demo(service, _addresses(service.output))
    finally:
        service.end()
