"""`/metrics` and `/api/latency` of one web process: strict text, whole catalogue, same figures."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from prometheus_text import Family, parse
from web_world import ACCOUNT_1, BTC, Served, World, serving, until

from actors.messages.control import ConnectionState, FaultReport
from actors.messages.latency import (
    ActorLatency,
    Latency,
    LatencyFigures,
    LegLatency,
    VenueClock,
)
from actors.messages.market import BookStatus
from actors.runtime.clock import FakeClock
from web.exposition import CONTENT_TYPE, Subject, Thing, gauge, text_of
from web.frames import ping_frame
from web.metrics import CATALOGUE, scrape

SCRAPE_S_MAX = 0.25
"""At 80 accounts; measured 12 ms on a quiet machine."""
WITHOUT_SAMPLES = {"broadcaster_child_next_restart_seconds"}


def told(world: World) -> None:
    """What the cache, the supervisor and the streams say beside the data."""
    now = world.clock.monotonic_ns()
    figures = LatencyFigures(count=1, min_ms=2.0, p50_ms=2.0, p90_ms=2.0, p99_ms=2.0, max_ms=2.0)
    leg = LegLatency(
        leg="actor_to_cache",
        last_1m=figures,
        last_15m=figures,
        totals=(*([0] * 5), *([1] * 12)),
        sum_ms=2.0,
    )
    clock = VenueClock(
        venue="extended",
        offset_ms=-2_500.0,
        uncertainty_ms=40.0,
        source=ACCOUNT_1,
        measured_mono_ns=now,
    )
    report = Latency(
        actors=(ActorLatency(actor=ACCOUNT_1, legs=(leg,)),), clocks=(clock,), measured_mono_ns=now
    )
    world.replica.feed("latency", "cache", "latency", report)
    for kind in ("Disconnected", "Disconnected", 'Od"d\\ki\nd'):
        fault = FaultReport(actor=ACCOUNT_1, kind=kind, message="m", at_ns=world.now_ns())
        world.replica.feed("fault_report", ACCOUNT_1, "errors", fault)
    status = BookStatus(
        venue="extended",
        product="linear",
        symbol="BTC-USD",
        verified=True,
        updates=7,
        gaps=2,
        longest_outage_ms=1_500.0,
        received_ns=world.now_ns(),
    )
    world.replica.feed("book_status", BTC, BTC, status)


def whole_world(clock: Any = None) -> World:
    world = World(clock)
    world.full()
    told(world)
    world.child(
        ACCOUNT_1,
        started_ns=world.now_ns(),
        restarts=3,
        rss_bytes=1_000,
        private_bytes=500,
        cpu_percent=2.5,
        last_frame_age_ms=20.0,
        queue_depth=4,
    )
    return world


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving(whole_world()) as up:
        yield up
    assert up.world.reported == []


async def scraped(served: Served) -> dict[str, Family]:
    async with aiohttp.ClientSession() as http, http.get(f"{served.url}/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == CONTENT_TYPE
        return parse(await answer.text())


def sampled(world: World) -> dict[str, Family]:
    return parse(scrape(world.service).decode())


async def test_every_metric_of_the_catalogue_is_there_and_none_besides(served: Served) -> None:
    families = await scraped(served)
    assert list(families) == [entry.name for entry in CATALOGUE]
    for entry in CATALOGUE:
        family = families[entry.name]
        assert (family.type, family.help) == (entry.type, entry.help)
        labels = {tuple(sorted(n for n, _ in key[1] if n != "le")) for key in family.samples}
        assert labels <= {tuple(sorted(entry.labels))}, entry.name
    empty = {name for name, family in families.items() if not family.samples}
    # The lanes of this world poll nothing.
    lanes = {"interval", "request", "next_retry"}
    assert empty == WITHOUT_SAMPLES | {f"broadcaster_connection_{it}_seconds" for it in lanes} | {
        f"broadcaster_account_{it}" for it in ("free", "margin_used", "unrealized_pnl")
    }


def test_names_and_units_are_prometheus_own() -> None:
    names = [entry.name for entry in CATALOGUE]
    assert len(set(names)) == len(names)
    for entry in CATALOGUE:
        assert re.fullmatch(r"broadcaster_[a-z]+(_[a-z]+)*", entry.name)
        assert not re.search(r"_(ms|us|ns|percent|kb|mb)(_|$)", entry.name)
        assert entry.name.endswith("_total") == (entry.type == "counter")
        assert entry.help.endswith(".")
        assert not {"le", "quantile"} & set(entry.labels)


async def test_figures_are_those_of_the_other_answers(served: Served) -> None:
    families = await scraped(served)
    async with aiohttp.ClientSession() as http:

        async def get(path: str) -> Any:
            async with http.get(served.url + path) as answer:
                return await answer.json()

        status = await get("/api/status")
        lanes = (await get("/api/connections/health"))["connections"]
        latency = await get("/api/latency")

    def value(metric: str, **labels: str) -> float:
        return families[f"broadcaster_{metric}"].value(**labels)

    for process in status["processes"]:
        (key,) = families["broadcaster_child_state"].of(actor=process["actor"])
        assert dict(key[1])["state"] == process["state"]
    of_child = {"actor": ACCOUNT_1, "kind": "account"}
    assert value("child_restarts_total", **of_child) == 3
    assert value("child_cpu_ratio", **of_child) == 0.025
    assert value("child_last_frame_age_seconds", **of_child) == 0.02
    assert value("venue_stale", venue="extended") == status["venues"][0]["stale"] == 0
    assert value("build_info", version="0.0.test", mode="COLLECTOR", simulated="true") == 1
    assert value("clients", web="web:1", door="sse") == status["clients"]["sse"]
    assert len(lanes) == len(families["broadcaster_connection_up"].samples) == 4
    for lane in lanes:
        labels = {name: lane[name] for name in ("actor", "venue", "lane")}
        assert value("connection_up", **labels) == lane["connected"]
        for field in ("messages", "requests", "failures", "connects"):
            assert value(f"connection_{field}_total", **labels) == lane[field]
    account = {"venue": "extended", "account": "1"}
    assert value("account_equity", **account, asset="USD") == 1000.1
    assert value("account_positions", **account) == value("account_open_orders", **account) == 1
    book = {"venue": "extended", "product": "linear", "symbol": "BTC-USD"}
    assert value("orderbook_gaps_total", **book) == 2
    assert value("orderbook_longest_outage_seconds", **book) == 1.5
    assert value("faults_total", source=ACCOUNT_1, kind="Disconnected") == 2
    assert value("faults_total", source=ACCOUNT_1, kind='Od"d\\ki\nd') == 1
    assert value("venue_clock_offset_seconds", venue="extended") == -2.5
    assert latency["clocks"][0]["offset_ms"] == -2_500.0
    (told_actor,) = [it for it in latency["actors"] if it["actor"] == ACCOUNT_1]
    count = families["broadcaster_latency_seconds"].samples[
        "broadcaster_latency_seconds_count",
        (("actor", ACCOUNT_1), ("leg", "actor_to_cache")),
    ]
    assert count == told_actor["legs"][0]["last_1m"]["count"] == 1


def test_times_run_on_the_monotonic_clock() -> None:
    clock = FakeClock()
    world = whole_world(clock)
    now = clock.monotonic_ns()
    world.child("account:extended:2", "backoff", next_restart_mono_ns=now + 60 * 10**9, phase=1)
    lane = ConnectionState(
        actor=ACCOUNT_1,
        venue="extended",
        lane="rest",
        state="backoff",
        next_retry_mono_ns=now + 300 * 10**9,
        interval_effective_ms=500.0,
        latency_ms=12.0,
    )
    world.replica.feed("connection_state", ACCOUNT_1, "connections", lane)
    clock.advance(10)
    clock.step_wall(3_600)
    families = sampled(world)

    def value(metric: str, **labels: str) -> float:
        return families[f"broadcaster_{metric}"].value(**labels)

    child = {"actor": "account:extended:2", "kind": "account"}
    assert value("child_next_restart_seconds", **child) == 50
    assert value("child_ready", **child) == 0
    assert value("child_state", **child, state="backoff") == 1
    of_lane = {"actor": ACCOUNT_1, "venue": "extended", "lane": "rest"}
    assert value("connection_next_retry_seconds", **of_lane) == 290
    assert value("connection_interval_seconds", **of_lane) == 0.5
    assert value("connection_request_seconds", **of_lane) == 0.012
    assert value("connection_up", **of_lane) == 0
    assert value("venue_clock_age_seconds", venue="extended") == 10
    stream = {"actor": ACCOUNT_1, "venue": "extended", "lane": "websocket"}
    assert value("connection_last_message_age_seconds", **stream) == 10
    book = {"venue": "extended", "product": "linear", "symbol": "BTC-USD"}
    assert value("orderbook_age_seconds", **book) == 10


def test_an_account_that_never_delivered_is_stale_and_has_no_figures() -> None:
    world = World()
    families = sampled(world)
    account = {"venue": "extended", "account": "1"}
    assert families["broadcaster_account_stale"].value(**account) == 1
    assert families["broadcaster_account_equity"].samples == {}
    assert families["broadcaster_venue_stale"].value(venue="extended") == 4
    assert families["broadcaster_orderbook_verified"].of(symbol="BTC-USD") != {}


def test_labels_help_and_odd_numbers_are_written_as_the_format_says() -> None:
    world = World()
    odd = ('a"b\\c\nd', "", "é,={}")
    values = (float("inf"), float("-inf"), 1e300)
    subject = Subject(
        ("label",),
        lambda _: [Thing((text,), value) for text, value in zip(odd, values, strict=True)],
        (gauge("odd", "A \\ and\na line.", lambda it: it),),
    )
    text = text_of([subject], world.service).decode()
    family = parse(text)["broadcaster_odd"]
    assert family.help == r"A \\ and\na line."
    assert [family.value(label=label) for label in odd] == list(values)
    assert 'label="a\\"b\\\\c\\nd"} +Inf\n' in text


def test_a_scrape_of_eighty_accounts_is_cheap() -> None:
    world = World()
    now = world.clock.monotonic_ns()
    figures = LatencyFigures(count=1, min_ms=2.0, p50_ms=2.0, p90_ms=2.0, p99_ms=2.0, max_ms=2.0)
    actors = []
    for number in range(1, 81):
        actor = f"account:extended:{number}"
        for lane in ("rest", "websocket"):
            world.link(actor, lane=lane)
        world.child(actor, rss_bytes=10**7)
        world.figures(str(number))
        legs = tuple(
            LegLatency(
                leg=leg, last_1m=figures, last_15m=figures, totals=tuple(range(17)), sum_ms=2.0
            )
            for leg in ("venue_to_actor", "actor_to_cache")
        )
        actors.append(ActorLatency(actor=actor, legs=legs))
    report = Latency(actors=tuple(actors), measured_mono_ns=now)
    world.replica.feed("latency", "cache", "latency", report)
    began = time.process_time()
    text = scrape(world.service)
    took_s = time.process_time() - began
    lines = len(text.splitlines())
    print(f"{len(text) / 1e3:.0f} kB, {lines} lines in {took_s * 1e3:.1f} ms of CPU")
    assert len(parse(text.decode())["broadcaster_connection_up"].samples) == 160
    assert took_s < SCRAPE_S_MAX


async def test_a_pong_is_a_round_trip_and_a_forged_one_is_none(served: Served) -> None:
    trips = served.world.service.latency.to_clients
    async with aiohttp.ClientSession() as http, http.ws_connect(served.ws, autoping=False) as ws:
        assert (await ws.receive()).type is aiohttp.WSMsgType.TEXT
        ping = await ws.receive()
        assert ping.type is aiohttp.WSMsgType.PING
        for forged in (b"", b"\0" * 8, ping.data[:-1], ping_frame(ping.data)):
            await ws.pong(forged)
        await ws.send_json({"op": "ping"})
        assert (await ws.receive_json())["type"] == "pong"
        assert trips.totals()[-1] == 0
        await ws.pong(ping.data)
        await until(lambda: trips.totals()[-1] == 1, "the pong is counted")
        await ws.pong(ping.data)
        await ws.send_json({"op": "ping"})
        assert (await ws.receive_json())["type"] == "pong"
    assert trips.totals()[-1] == 1
    figures = trips.last_minute()
    assert figures.max_ms is not None
    assert 0 < figures.max_ms < 5_000


async def test_the_topic_tells_what_the_answer_tells(served: Served) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.ws_connect(served.ws) as ws:
            await ws.send_json({"op": "subscribe", "topics": ["latency"]})
            kinds = {}
            while "snapshot" not in kinds:
                message = await ws.receive_json()
                kinds[message["type"]] = message
            told(served.world)
            while "update" not in kinds:
                message = await ws.receive_json()
                kinds[message["type"]] = message
        async with http.get(f"{served.url}/api/latency") as answer:
            shown = await answer.json()
    for data in (kinds["snapshot"]["data"], kinds["update"]["data"], shown):
        assert [it["actor"] for it in data["actors"]] == [ACCOUNT_1, "web:1"]
        assert data["clocks"][0]["offset_ms"] == -2_500.0
        assert data["stale"] is False


async def test_a_venue_narrows_the_answer(served: Served) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{served.url}/api/latency?venue=extended") as answer:
            shown = await answer.json()
        async with http.get(f"{served.url}/api/latency?venue=nowhere") as answer:
            assert answer.status == 400
    assert [it["actor"] for it in shown["actors"]] == [ACCOUNT_1]
    assert len(shown["clocks"]) == 1
