"""`/api/portfolio` and `/api/points` over a real server: whole, named, and honest about age."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
from web_world import ACCOUNT_1, ACCOUNT_2, SETTINGS, Served, World, serving

from actors.errors import ConnectTimeout
from actors.messages.account import AccountSnapshot, EpochPoints, Points, Position, SeasonPoints
from actors.messages.control import SourceState
from actors.runtime.clock import FakeClock
from actors.runtime.control_client import ControlRefused
from web.routes.points import AccountPoints, AllPoints
from web.routes.portfolio import PortfolioAnswer

INTERVAL_MS = 600_000


def told(world: World, name: str = "1", **more: Any) -> None:
    points: dict[str, Any] = {
        "available": True,
        "total": "75.5",
        "seasons": (
            SeasonPoints(
                season="1", total="50.25", epochs=(EpochPoints(epoch="1", points="50.25"),)
            ),
            SeasonPoints(season="2", total="25.25"),
        ),
        "rank": 42,
        "leagues": {"trading": "queen"},
    }
    value = Points(
        venue="extended",
        account=name,
        stale_after_ms=3 * INTERVAL_MS,
        received_mono_ns=world.clock.monotonic_ns(),
        received_ns=world.clock.wall_ns(),
        **{**points, **more},
    )
    world.replica.feed("points", f"account:extended:{name}", "points", value)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def served(world: World) -> AsyncIterator[Served]:
    world.full()
    async with serving(world) as up:
        yield up
    assert world.reported == []


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def get(http: aiohttp.ClientSession, served: Served, path: str) -> tuple[int, Any]:
    async with http.get(served.url + path) as response:
        return response.status, await response.json(content_type=None)


async def post(http: aiohttp.ClientSession, served: Served, path: str) -> tuple[int, Any]:
    async with http.post(served.url + path) as response:
        return response.status, await response.json(content_type=None)


def priced(world: World, name: str, equity: str) -> None:
    """Figures in an asset of which the venue says that it is worth a dollar."""
    snapshot = AccountSnapshot(
        venue="extended",
        account=name,
        equity=equity,
        wallet_balance=equity,
        free=equity,
        margin_used="0",
        unrealized_pnl="0",
        settle_usd="1",
        received_ns=world.now_ns(),
        via="websocket",
    )
    topic = f"account:extended:{name}"
    world.replica.feed("account_snapshot", topic, topic, snapshot)


# the portfolio


async def test_the_portfolio_fits_its_shape_and_adds_up(
    served: Served, http: aiohttp.ClientSession
) -> None:
    priced(served.world, "1", "0.1")
    priced(served.world, "2", "0.2")
    status, body = await get(http, served, "/api/portfolio")
    assert status == 200
    msgspec.convert(body, PortfolioAnswer, strict=True)
    assert body["usd"]["equity"] == "0.3"
    assert (body["stale"], body["missing"], body["stale_accounts"]) == (False, [], [])
    assert [row["account"] for row in body["accounts"]] == ["1", "2"]
    assert body["accounts"][0]["label"] == "Main"
    assert [(row["base"], row["net_quantity"]) for row in body["exposures"]] == [("BTC", "1.0")]
    assert body["as_of_us"] == min(row["as_of_us"] for row in body["accounts"])
    # The positions of this world tell neither notional nor mark price.
    assert body["accounts"][0]["unsaid"] == ["realized_pnl", "notional"]
    assert not body["complete"]


async def test_what_has_no_price_is_in_no_dollar(
    served: Served, http: aiohttp.ClientSession
) -> None:
    _, body = await get(http, served, "/api/portfolio")
    assert body["usd"]["equity"] == "0"
    assert body["unpriced"] == [
        {"settle": "USD", "equity": "2000.20", "accounts": ["extended:1", "extended:2"]}
    ]


async def test_a_stale_account_stays_in_the_sum_and_is_named(
    served: Served, http: aiohttp.ClientSession
) -> None:
    priced(served.world, "1", "0.1")
    priced(served.world, "2", "0.2")
    lost = SourceState(source=ACCOUNT_2, connected=False, reason="killed")
    served.world.replica.feed("source_state", "cache", "", lost)
    _, body = await get(http, served, "/api/portfolio")
    assert body["usd"]["equity"] == "0.3"
    assert body["stale"]
    assert body["stale_reason"] == "stale accounts: extended:2"
    (named,) = body["stale_accounts"]
    assert (named["venue"], named["account"]) == ("extended", "2")
    assert "killed" in named["stale_reason"]
    assert named["age_ms"] >= 0
    assert [row["stale"] for row in body["accounts"]] == [False, True]


async def test_an_account_that_never_delivered_is_missing_with_the_reason(
    http: aiohttp.ClientSession,
) -> None:
    world = World()
    world.child(ACCOUNT_2, "quarantined", reason="key rejected")
    world.link(ACCOUNT_1)
    async with serving(world) as served:
        _, before = await get(http, served, "/api/portfolio")
        assert (before["usd"]["equity"], before["stale"], before["as_of_us"]) == ("0", True, None)
        assert len(before["missing"]) == 2
        priced(world, "1", "5")
        _, body = await get(http, served, "/api/portfolio")
    assert body["usd"]["equity"] == "5"
    (missing,) = body["missing"]
    assert (missing["account"], missing["state"]) == ("2", "quarantined")
    assert missing["reason"] == "quarantined: key rejected"
    assert not body["complete"]


async def test_what_no_venue_lists_is_named_and_the_sums_are_not_whole(
    http: aiohttp.ClientSession,
) -> None:
    world = World(accounts=SETTINGS["accounts"][:1])
    world.link(ACCOUNT_1)
    priced(world, "1", "5")
    for symbol in ("BTC-USD", "ETH-USD"):
        held = Position(
            venue="extended",
            account="1",
            position_id=symbol,
            symbol=symbol,
            product="linear",
            side="short",
            quantity="2",
            notional="10",
            realized_pnl="0",
            received_ns=world.now_ns(),
            via="websocket",
        )
        world.replica.feed("position", ACCOUNT_1, "positions:extended:1", held)
    async with serving(world) as served:
        _, before = await get(http, served, "/api/portfolio")
        world.instruments()
        _, after = await get(http, served, "/api/portfolio")
    rows = [(row["base"], row["net_quantity"], row["unlisted"]) for row in before["exposures"]]
    assert rows == [
        ("extended:BTC-USD", "-2", ["extended:1:BTC-USD"]),
        ("extended:ETH-USD", "-2", ["extended:1:ETH-USD"]),
    ]
    rows = [(row["base"], row["net_quantity"], row["unlisted"]) for row in after["exposures"]]
    assert rows == [("BTC", "-2", []), ("ETH", "-2", [])]
    assert before["usd"] == after["usd"]
    assert (before["complete"], after["complete"]) == (False, True)


async def test_the_venue_narrows_the_portfolio(served: Served, http: aiohttp.ClientSession) -> None:
    served.world.link("account:other:1", "other")
    served.world.figures("1", "other", "7")
    _, both = await get(http, served, "/api/portfolio")
    assert [row["venue"] for row in both["accounts"]] == ["extended", "extended", "other"]
    _, one = await get(http, served, "/api/portfolio?venue=other")
    assert [row["equity"] for row in one["accounts"]] == ["7"]
    assert one["missing"] == []
    status, problem = await get(http, served, "/api/portfolio?venue=nowhere")
    assert (status, problem["parameter"]) == (400, "venue")


# points


async def test_points_of_all_accounts(served: Served, http: aiohttp.ClientSession) -> None:
    told(served.world, "1")
    unknown = "the venue answers 404"
    told(served.world, "2", available=False, reason=unknown, total=None, seasons=(), rank=None)
    status, body = await get(http, served, "/api/points")
    assert status == 200
    msgspec.convert(body, AllPoints, strict=True)
    assert (body["total"], body["available"], body["stale"]) == ("75.5", 1, False)
    assert body["venues"] == [
        {
            "venue": "extended",
            "total": "75.5",
            "seasons": {"1": "50.25", "2": "25.25"},
            "accounts": 1,
        }
    ]
    first, second = body["accounts"]
    assert (first["rank"], first["leagues"], first["label"]) == (42, {"trading": "queen"}, "Main")
    assert first["seasons"][0]["epochs"][0]["points"] == "50.25"
    assert (second["available"], second["reason"], second["total"]) == (False, unknown, None)
    assert not second["stale"]


async def test_points_of_one_account(served: Served, http: aiohttp.ClientSession) -> None:
    told(served.world, "1")
    status, body = await get(http, served, "/api/points/1")
    assert (status, body["total"]) == (200, "75.5")
    msgspec.convert(body, AccountPoints, strict=True)
    status, problem = await get(http, served, "/api/points/2")
    assert (status, problem["type"]) == (503, "/docs#problem-never-received")
    status, problem = await get(http, served, "/api/points/9")
    assert (status, problem["known"]) == (404, ["extended:1", "extended:2"])


async def test_points_that_never_came_are_not_available(
    served: Served, http: aiohttp.ClientSession
) -> None:
    _, body = await get(http, served, "/api/points")
    msgspec.convert(body, AllPoints, strict=True)
    assert (body["total"], body["available"], body["as_of_us"]) == ("0", 0, None)
    assert all(row["stale"] and row["reason"] for row in body["accounts"])


async def test_points_are_stale_by_their_own_limit_and_not_by_their_lane() -> None:
    clock = FakeClock()
    world = World(clock)
    world.full()
    told(world, "1")

    def row() -> dict[str, Any]:
        (shown,) = world.service.reading.topic("points")
        return dict(shown)

    clock.advance(3 * INTERVAL_MS / 1e3)
    # Silence of the cache itself would count before anything else.
    world.replica.store.cache_reason = ""
    assert (row()["stale"], row()["age_ms"]) == (False, 3 * INTERVAL_MS)
    clock.advance(0.001)
    assert "expected within 1800000 ms" in row()["stale_reason"]
    lost = SourceState(source=ACCOUNT_1, connected=False, reason="killed")
    world.replica.feed("source_state", "cache", "", lost)
    assert "killed" in row()["stale_reason"]


async def test_refresh_tells_every_account_or_one(
    served: Served, http: aiohttp.ClientSession
) -> None:
    control = served.world.control
    control.answers["refresh"] = {"actor": "any"}
    status, body = await post(http, served, "/api/points/refresh")
    assert (status, body) == (202, {"actors": [ACCOUNT_1, ACCOUNT_2], "not_told": []})
    assert control.calls == [
        ("refresh", {"actor": ACCOUNT_1, "lane": "points"}),
        ("refresh", {"actor": ACCOUNT_2, "lane": "points"}),
    ]
    status, body = await post(http, served, "/api/points/refresh?account_index=2")
    assert (status, body["actors"]) == (202, [ACCOUNT_2])
    status, _ = await post(http, served, "/api/points/refresh?account_index=9")
    assert status == 404


async def test_refresh_says_who_could_not_be_told(
    served: Served, http: aiohttp.ClientSession
) -> None:
    control = served.world.control
    control.answers["refresh"] = ControlRefused("busy", "it is not running: backoff")
    status, body = await post(http, served, "/api/points/refresh")
    assert (status, body["type"]) == (409, "/docs#problem-busy")
    assert [each["actor"] for each in body["not_told"]] == [ACCOUNT_1, ACCOUNT_2]
    control.answers["refresh"] = ConnectTimeout("no answer")
    status, body = await post(http, served, "/api/points/refresh")
    assert (status, body["type"]) == (503, "/docs#problem-supervisor-silent")


async def test_points_are_a_topic(served: Served, http: aiohttp.ClientSession) -> None:
    told(served.world, "1")
    heard: list[dict[str, Any]] = []

    async with http.get(served.url + "/api/stream?topics=points") as stream:
        assert stream.status == 200

        async def next_message() -> dict[str, Any]:
            async for line in stream.content:
                if line.startswith(b"data: "):
                    return dict(json.loads(line[6:]))
            raise AssertionError("the stream ended")

        heard.append(await next_message())
        told(served.world, "1", total="76")
        heard.append(await next_message())
        told(served.world, "2")
        heard.append(await next_message())
    snapshot, update, other = heard
    assert (snapshot["type"], snapshot["topic"]) == ("snapshot", "points")
    assert [row["total"] for row in snapshot["data"]] == ["75.5"]
    assert (update["type"], update["kind"], update["prev"]) == ("update", "points", snapshot["id"])
    assert (update["data"]["total"], update["data"]["via"]) == ("76", "polling")
    assert set(update["data"]) == set(snapshot["data"][0])
    assert (other["data"]["account"], other["prev"]) == ("2", update["id"])


async def test_the_routes_are_documented(served: Served, http: aiohttp.ClientSession) -> None:
    _, api = await get(http, served, "/openapi.json")
    for path, method in (
        ("/api/portfolio", "get"),
        ("/api/points", "get"),
        ("/api/points/{index}", "get"),
        ("/api/points/refresh", "post"),
    ):
        assert method in api["paths"][path], path
