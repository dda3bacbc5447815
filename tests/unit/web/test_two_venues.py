"""A service over two venues: what a name means, and what is told when it could mean two things."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
import pytest
from web_world import BTC, SETTINGS, FakeControl, Served, World, serving

from actors.messages.account import Points
from actors.messages.latency import Latency, VenueClock
from actors.messages.market import Instrument, InstrumentList
from web import schemas
from web.demand import Demand
from web.routes.points import AllPoints
from web.topics import TopicRefused, parse_all

ETH = "orderbook:lighter:linear:ETH"
ETH_SPOT = "orderbook:lighter:spot:ETH/USDC"
ETH_EXTENDED = "orderbook:extended:linear:ETH-USD"
ACCOUNTS = [
    *SETTINGS["accounts"],
    {"venue": "lighter", "name": "1", "label": "Grid", "aliases": ["7001"]},
    {"venue": "lighter", "name": "3", "label": "", "aliases": ["7003"]},
    # Its number is the other's index.
    {"venue": "lighter", "name": "7003", "label": "", "aliases": ["9"]},
]
CONTRACT: dict[str, Any] = {
    "lot_size": "0.001",
    "quote": "USDC",
    "settle": "USDC",
    "tick_size": "0.1",
    "venue": "lighter",
}


def lighter_instruments(world: World) -> None:
    items = [
        Instrument(
            product="linear",
            symbol=base,
            base=base,
            unified=f"{base}/USDC:USDC",
            aliases=(f"{base}-PERP", f"{base}-USD"),
            **CONTRACT,
        )
        for base in ("ETH", "BTC", "LIT")
    ]
    spot = Instrument(product="spot", symbol="ETH/USDC", base="ETH", unified="ETH/USDC", **CONTRACT)
    told = InstrumentList(
        venue="lighter",
        items=(*items, spot),
        timeframes=("1m", "1h"),
        received_ns=world.now_ns(),
    )
    world.replica.feed("instruments", "venue:lighter", "instruments:lighter", told)


def lighter_account(world: World, name: str) -> None:
    actor = f"account:lighter:{name}"
    world.link(actor, "lighter")
    world.child(actor)
    world.figures(name, "lighter", equity=f"{name}.5")


def two_venues() -> World:
    streams = [BTC, ETH_EXTENDED, ETH, ETH_SPOT]
    return World(venues=["extended", "lighter"], accounts=ACCOUNTS, streams=streams)


@pytest.fixture
def world() -> World:
    world = two_venues()
    world.full()
    lighter_instruments(world)
    for name in ("1", "3", "7003"):
        lighter_account(world, name)
    for topic in (ETH, ETH_SPOT):
        world.link(topic, "lighter")
        world.child(topic)
        world.book(topic)
    return world


@pytest.fixture
async def served(world: World) -> AsyncIterator[Served]:
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


# accounts


@pytest.mark.parametrize(
    ("index", "meant"),
    [
        ("2", "extended:2"),
        ("3", "lighter:3"),
        ("7001", "lighter:1"),
        ("9", "lighter:7003"),
        ("extended:1", "extended:1"),
        ("lighter:1", "lighter:1"),
        ("Lighter:1", "lighter:1"),
        ("lighter:7001", "lighter:1"),
        # A full name is one account's, whatever else goes by its number.
        ("lighter:7003", "lighter:7003"),
        ("1?venue=lighter", "lighter:1"),
        ("1?venue=extended", "extended:1"),
    ],
)
async def test_an_account_by_each_of_its_names(
    served: Served, http: aiohttp.ClientSession, index: str, meant: str
) -> None:
    status, body = await get(http, served, f"/api/accounts/{index}")
    assert status == 200, body
    assert f"{body['venue']}:{body['account']}" == meant


@pytest.mark.parametrize(
    ("index", "candidates"),
    [
        ("1", ["extended:1", "lighter:1"]),
        # A configured number and another account's index: neither goes before the other.
        ("7003", ["lighter:3", "lighter:7003"]),
        ("7003?venue=lighter", ["lighter:3", "lighter:7003"]),
    ],
)
async def test_a_number_of_several_accounts_is_refused_with_all_of_them(
    served: Served, http: aiohttp.ClientSession, index: str, candidates: list[str]
) -> None:
    status, problem = await get(http, served, f"/api/accounts/{index}")
    assert (status, problem["type"]) == (409, "/docs#problem-ambiguous-account")
    assert problem["candidates"] == candidates
    for candidate in candidates:
        status, body = await get(http, served, f"/api/accounts/{candidate}")
        assert (status, f"{body['venue']}:{body['account']}") == (200, candidate)


@pytest.mark.parametrize("index", ["lighter:2", "extended:7001", "7002", "lighter:", "lighter:9:1"])
async def test_an_account_that_nobody_has_is_not_found(
    served: Served, http: aiohttp.ClientSession, index: str
) -> None:
    status, problem = await get(http, served, f"/api/accounts/{index}")
    assert status == 404
    assert problem["known"] == [
        "extended:1", "extended:2", "lighter:1", "lighter:3", "lighter:7003"
    ]  # fmt: skip


async def test_other_calls_take_the_same_names(served: Served, http: aiohttp.ClientSession) -> None:
    served.world.control.answers["refresh"] = {"actor": "any"}
    for path in ("/api/ws/positions/", "/api/ws/orders/", "/api/ws/trades/"):
        assert (await get(http, served, path + "1"))[0] == 409
        status, body = await get(http, served, path + "7001")
        assert (status, body["venue"], body["account"]) == (200, "lighter", "1")
    query = "/api/points/refresh?account_index="
    async with http.post(served.url + query + "7001") as answer:
        assert (await answer.json())["actors"] == ["account:lighter:1"]
    async with http.post(served.url + query + "1") as answer:
        assert answer.status == 409


async def test_the_venue_narrows_every_list(served: Served, http: aiohttp.ClientSession) -> None:
    served.world.control.answers["refresh"] = {"actor": "any"}
    _, body = await get(http, served, "/api/accounts")
    msgspec.convert(body, schemas.Accounts)
    assert [it["aliases"] for it in body["accounts"]] == [[], [], ["7001"], ["7003"], ["9"]]
    for path, items in (
        ("/api/accounts", "accounts"),
        ("/api/portfolio", "accounts"),
        ("/api/points", "accounts"),
        ("/api/ws/positions", "accounts"),
        ("/api/orderbook", "orderbooks"),
        ("/api/orderbook-status", "streams"),
        ("/api/markets", "markets"),
        ("/api/markets", "venues"),
    ):
        _, all_ = await get(http, served, path)
        assert {it["venue"] for it in all_[items]} == {"extended", "lighter"}, path
        _, one = await get(http, served, f"{path}?venue=Lighter")
        assert {it["venue"] for it in one[items]} == {"lighter"}, path
    async with http.post(served.url + "/api/points/refresh?venue=lighter") as answer:
        told = (await answer.json())["actors"]
    assert told == ["account:lighter:1", "account:lighter:3", "account:lighter:7003"]
    _, status = await get(http, served, "/api/status")
    counts = [(it["venue"], it["accounts"], it["streams"]) for it in status["venues"]]
    assert counts == [("extended", 2, 2), ("lighter", 3, 2)]
    code, problem = await get(http, served, "/api/accounts?venue=nowhere")
    assert (code, problem["allowed"]) == (400, ["extended", "lighter"])


# markets


@pytest.mark.parametrize(
    ("market", "topic"),
    [
        ("BTC-USD", BTC),
        ("ETH", ETH),
        ("eth", ETH),
        # Extended spells its market so; at Lighter it is but an alias.
        ("ETH-USD", ETH_EXTENDED),
        ("ETH-USD?venue=lighter", ETH),
        ("ETH-PERP?venue=extended", ETH_EXTENDED),
        ("ETH/USDC:USDC?venue=lighter", ETH),
        ("ETH/USDC", ETH_SPOT),
        (quote("ETH/USDC", safe=""), ETH_SPOT),
        (quote("ETH/USDC:USDC", safe="") + "?venue=extended", ETH_EXTENDED),
    ],
)
async def test_a_book_by_each_of_its_names(
    served: Served, http: aiohttp.ClientSession, market: str, topic: str
) -> None:
    status, body = await get(http, served, f"/api/orderbook/{market}")
    assert status == 200, body
    assert f"orderbook:{body['venue']}:{body['product']}:{body['symbol']}" == topic


@pytest.mark.parametrize("market", ["ETH-PERP", "ETH/USDC:USDC", "eth%2Fusdc:usdc"])
async def test_a_name_of_both_venues_is_refused_with_both_books(
    served: Served, http: aiohttp.ClientSession, market: str
) -> None:
    status, problem = await get(http, served, f"/api/orderbook/{market}")
    assert (status, problem["type"]) == (409, "/docs#problem-ambiguous-market")
    assert problem["candidates"] == [ETH_EXTENDED, ETH]
    assert "?venue=" in problem["detail"]


async def test_a_name_stands_for_no_other_venue_s_market(
    served: Served, http: aiohttp.ClientSession
) -> None:
    # Extended's own market, which nobody follows there: Lighter's book is not taken for it.
    status, problem = await get(http, served, "/api/orderbook/SOL-USD")
    assert (status, problem["known"]) == (404, [BTC, ETH_EXTENDED, ETH, ETH_SPOT])


async def test_candles_go_by_the_same_names(served: Served, http: aiohttp.ClientSession) -> None:
    status, problem = await get(http, served, "/api/candles?symbol=BTC/USDC:USDC")
    assert (status, problem["candidates"]) == (
        409,
        ["extended:linear:BTC-USD", "lighter:linear:BTC"],
    )
    status, problem = await get(http, served, "/api/candles?symbol=LIT&venue=extended")
    assert status == 404
    status, problem = await get(http, served, "/api/candles?symbol=ETH/USDC&timeframe=7m")
    assert (status, problem["parameter"]) == (400, "timeframe")


async def test_the_clock_of_a_venue_is_told_once(
    served: Served, http: aiohttp.ClientSession
) -> None:
    _, before = await get(http, served, "/api/markets")
    assert [it["clock_offset_ms"] for it in before["venues"]] == [None, None]
    now = served.world.clock.monotonic_ns()
    clock = VenueClock(
        venue="lighter",
        offset_ms=-12.5,
        uncertainty_ms=3.0,
        source="account:lighter:1",
        measured_mono_ns=now,
    )
    served.world.replica.feed(
        "latency", "cache", "latency", Latency(clocks=(clock,), measured_mono_ns=now)
    )
    _, body = await get(http, served, "/api/markets")
    told = {it["venue"]: it["clock_offset_ms"] for it in body["venues"]}
    assert told == {"extended": None, "lighter": -12.5}
    _, latency = await get(http, served, "/api/latency?venue=lighter")
    assert [it["offset_ms"] for it in latency["clocks"]] == [-12.5]


# topics


async def test_streams_of_spot_markets_are_told(
    served: Served, http: aiohttp.ClientSession
) -> None:
    for topics in (ETH_SPOT, "orderbook:lighter:ETH/USDC", quote(ETH_SPOT, safe="")):
        async with http.get(f"{served.url}/api/stream?topics={topics}") as stream:
            assert stream.status == 200
            async for line in stream.content:
                if line.startswith(b"data: "):
                    message = msgspec.json.decode(line[6:])
                    break
        assert (message["type"], message["topic"]) == ("snapshot", ETH_SPOT)


def wanted(world: World, *texts: str) -> set[str]:
    demand = Demand(
        world.replica,
        FakeControl(),
        world.clock,
        "web:1",
        configured=[BTC, ETH, ETH_SPOT],
        venues=["extended", "lighter"],
    )
    return set(demand.topics(parse_all(texts)).values())


def test_a_stream_on_demand_is_of_the_one_product_that_has_the_symbol(world: World) -> None:
    assert wanted(world, "ticker:lighter:ETH") == {"ticker:lighter:linear:ETH"}
    assert wanted(world, "ticker:lighter:ETH/USDC") == {"ticker:lighter:spot:ETH/USDC"}
    assert wanted(world, "candles:lighter:ETH/USDC:1m") == {"candles:lighter:spot:ETH/USDC:1m"}
    assert wanted(world, "orderbook:lighter:ETH/USDC", "orderbook:lighter:ETH") == set()
    with pytest.raises(TopicRefused, match="ETH"):
        wanted(world, "ticker:lighter:ETH-USD")
    with pytest.raises(TopicRefused, match="symbol"):
        wanted(world, "ticker:lighter:spot:ETH")


def test_what_is_configured_needs_no_list_of_markets() -> None:
    before = two_venues()
    assert wanted(before, "orderbook:lighter:ETH/USDC", ETH_SPOT, "orderbook:lighter:ETH") == set()


# points


def points(world: World, venue: str, name: str, **more: Any) -> None:
    told = Points(
        venue=venue,
        account=name,
        stale_after_ms=600_000,
        received_mono_ns=world.clock.monotonic_ns(),
        received_ns=world.now_ns(),
        **more,
    )
    world.replica.feed("points", f"account:{venue}:{name}", "points", told)


async def test_points_of_two_venues_are_not_one_sum(
    served: Served, http: aiohttp.ClientSession
) -> None:
    points(served.world, "extended", "1", available=True, total="10.25")
    points(served.world, "lighter", "1", available=True, total="300")
    points(served.world, "lighter", "3", available=True, total="0.5")
    points(served.world, "lighter", "7003", available=False, reason="the venue answers 404")
    _, body = await get(http, served, "/api/points")
    msgspec.convert(body, AllPoints, strict=True)
    assert (body["total"], body["available"]) == (None, 3)
    sums = [(it["venue"], it["total"], it["accounts"]) for it in body["venues"]]
    assert sums == [("extended", "10.25", 1), ("lighter", "300.5", 2)]
    reasons = {row["account"]: row["reason"] for row in body["accounts"] if not row["available"]}
    assert reasons["7003"] == "the venue answers 404"
    _, one = await get(http, served, "/api/points?venue=lighter")
    assert (one["total"], one["available"]) == ("300.5", 2)
