"""A real service: every leg measured, every metric there, venues' clocks followed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from full_service import Service, Simulator, running, until
from prometheus_text import Family, parse

from web.metrics import CATALOGUE

KEYS = {"1": "latency-key-one-0123456789abcdef", "2": "latency-key-two-0123456789abcdef"}
BOOK = "orderbook:extended:linear:BTC-USD"
LEGS = {
    "account:extended:1": {"venue_to_actor", "actor_to_cache"},
    BOOK: {"venue_to_actor", "actor_to_cache"},
    "venue:extended": {"actor_to_cache"},
    "supervisor": {"actor_to_cache"},
    "web:1": {"cache_to_web", "web_to_client"},
}
OF_ONE_MACHINE_MS = 250.0
"""Half of all data take no longer from one process to the next, whatever the neighbours do."""
WITHOUT_SAMPLES = {
    "broadcaster_child_next_restart_seconds",
    "broadcaster_connection_next_retry_seconds",
    "broadcaster_faults_total",
}
"""Of a service that is well."""


@contextlib.asynccontextmanager
async def watched(service: Service) -> AsyncIterator[None]:
    """A WebSocket client, which answers pings as all do."""

    async def listen(socket: aiohttp.ClientWebSocketResponse) -> None:
        async for _ in socket:
            pass

    async with (
        aiohttp.ClientSession(headers=service.headers) as http,
        http.ws_connect(f"{service.url}/ws") as socket,
    ):
        listening = asyncio.create_task(listen(socket))
        try:
            yield
        finally:
            listening.cancel()


async def legs_of(service: Service) -> dict[str, dict[str, Any]]:
    status, body = await service.get("/api/latency")
    assert status == 200
    assert body["stale"] is False or body["measured_us"] is None
    return {
        actor["actor"]: {leg["leg"]: leg for leg in actor["legs"] if leg["last_1m"]["count"]}
        for actor in body["actors"]
    }


async def clock_of(service: Service) -> dict[str, Any]:
    _, body = await service.get("/api/latency")
    found: dict[str, Any] = body["clocks"][0] if body["clocks"] else {}
    return found


async def metrics_of(service: Service) -> dict[str, Family]:
    async with (
        aiohttp.ClientSession(headers=service.headers) as http,
        http.get(f"{service.url}/metrics") as answer,
    ):
        assert answer.status == 200
        return parse(await answer.text())


def check_leg(actor: str, leg: dict[str, Any]) -> None:
    for window in (leg["last_1m"], leg["last_15m"]):
        figures = [window[f"{it}_ms"] for it in ("min", "p50", "p90", "p99", "max")]
        assert figures == sorted(figures), (actor, leg)
        if leg["leg"] != "venue_to_actor":
            assert figures[0] >= 0, (actor, leg)
        assert figures[1] < OF_ONE_MACHINE_MS, (actor, leg)
    assert leg["last_1m"]["count"] <= leg["last_15m"]["count"]


async def check_agreement(service: Service, families: dict[str, Family]) -> None:
    """Metrics say what the other answers say."""
    _, status = await service.get("/api/status")
    states = {
        dict(labels)["actor"]: dict(labels)["state"]
        for _, labels in families["broadcaster_child_state"].samples
    }
    assert states == {process["actor"]: process["state"] for process in status["processes"]}
    _, health = await service.get("/api/connections/health")
    lanes = {(it["actor"], it["lane"]): it for it in health["connections"]}
    seen = {}
    for (_, labels), value in families["broadcaster_connection_requests_total"].samples.items():
        lane = lanes[dict(labels)["actor"], dict(labels)["lane"]]
        # The answer is the younger of the two.
        assert value <= lane["requests"] <= value + 50
        seen[lane["actor"], lane["lane"]] = value
    assert seen.keys() == lanes.keys()
    _, books = await service.get("/api/orderbook-status")
    assert len(families["broadcaster_orderbook_verified"].samples) == len(books["streams"])
    clients = families["broadcaster_clients"]
    assert clients.value(web="web:1", door="websocket") == 1


async def measured(service: Service) -> dict[str, dict[str, Any]]:
    async def every_leg() -> dict[str, dict[str, Any]] | None:
        found = await legs_of(service)
        return found if all(legs <= set(found.get(a, {})) for a, legs in LEGS.items()) else None

    legs: dict[str, dict[str, Any]] = await until(every_leg, 30, f"every leg of {LEGS}", every=0.25)
    return legs


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[tuple[Simulator, Service]]:
    settings = {"EXTENDED_MARKETS": "BTC-USD"}
    async with running(tmp_path, KEYS, **settings) as (simulator, service), watched(service):
        yield simulator, service


async def test_every_leg_and_every_metric_of_a_service_and_its_venues_clock(
    world: tuple[Simulator, Service],
) -> None:
    simulator, service = world
    for actor, legs in (await measured(service)).items():
        for leg in legs.values():
            check_leg(actor, leg)

    families = await metrics_of(service)
    assert list(families) == [entry.name for entry in CATALOGUE]
    assert {name for name, it in families.items() if not it.samples} <= WITHOUT_SAMPLES
    await check_agreement(service, families)

    async def narrowed() -> bool:
        clock = await clock_of(service)
        return bool(clock) and clock["uncertainty_ms"] < 500

    await until(narrowed, 20, "the venue's clock is known to less than half a second", every=0.25)
    clock = await clock_of(service)
    assert abs(clock["offset_ms"]) <= clock["uncertainty_ms"] + 5
    assert clock["age_ms"] < 60_000

    await simulator.call("POST", "/fault", json={"kind": "skew", "offset_s": 3_600})

    async def followed() -> bool:
        clock = await clock_of(service)
        return abs(clock["offset_ms"] - 3_600_000) <= clock["uncertainty_ms"] + 5

    await until(followed, 30, "the offset follows the venue's clock", every=0.25)

    async def corrected() -> bool:
        """Most of the last minute is measured by the clock as it is now known."""
        leg = (await legs_of(service))[BOOK]["venue_to_actor"]
        return abs(leg["last_1m"]["p50_ms"]) < 1_000

    await until(corrected, 30, "the book's delay is told by the corrected clock", every=0.5)
