"""Routes over a real server: answers fit their documented shapes, errors say what is right."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from web_world import ACCOUNT_1, ACCOUNT_2, BTC, Served, World, serving, until

import web
from actors.errors import ConnectTimeout
from actors.messages.account import AccountSnapshot
from actors.messages.control import ChildStatus, ConnectionState
from actors.runtime.clock import FakeClock
from actors.runtime.control_client import ControlRefused
from actors.supervision.control_server import SLOW_ANSWER_S
from web import control_schemas, schemas
from web.latency import LatencyReport
from web.routes.unbuilt import PATHS

WEB = Path(web.__file__).parent
SHAPES = [
    ("/health", schemas.Health),
    ("/ready", schemas.Readiness),
    ("/api/status", schemas.Status),
    ("/api/accounts", schemas.Accounts),
    ("/api/accounts/1", schemas.Account),
    ("/api/accounts/extended:2", schemas.Account),
    ("/api/ws/positions", schemas.AllPositions),
    ("/api/ws/positions/1", schemas.AccountPositions),
    ("/api/ws/orders", schemas.AllOrders),
    ("/api/ws/orders/1", schemas.AccountOrders),
    ("/api/ws/trades", schemas.AllTrades),
    ("/api/ws/trades/1", schemas.AccountTrades),
    ("/api/orderbook", schemas.OrderBooks),
    ("/api/orderbook/BTC-USD", schemas.OrderBookView),
    ("/api/orderbook-status", schemas.OrderBookStatuses),
    ("/api/markets", schemas.Markets),
    ("/api/connections/health", schemas.ConnectionsHealth),
    ("/api/ws/health", schemas.ConnectionsHealth),
    ("/api/errors", control_schemas.Errors),
    ("/api/latency", LatencyReport),
]


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    world = World()
    world.full()
    async with serving(world) as up:
        yield up
    assert world.reported == []


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def get(
    http: aiohttp.ClientSession, served: Served, path: str, **headers: str
) -> tuple[int, Any, Any]:
    async with http.get(served.url + path, headers=headers) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if text else None, answer.headers


@pytest.mark.parametrize(("path", "shape"), SHAPES, ids=[path for path, _ in SHAPES])
async def test_answers_fit_their_shapes_exactly(
    served: Served, http: aiohttp.ClientSession, path: str, shape: Any
) -> None:
    status, body, headers = await get(http, served, path)
    assert status == 200
    assert headers["Content-Type"] == "application/json"
    typed = msgspec.convert(body, shape)
    # What is not in the shape would be in the answer and not in /docs.
    assert json.loads(msgspec.json.encode(typed)) == body
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("path", "shape"), SHAPES, ids=[path for path, _ in SHAPES])
async def test_before_anything_was_received_answers_fit_as_well(
    http: aiohttp.ClientSession, path: str, shape: Any
) -> None:
    async with serving(World()) as empty:
        status, body, _ = await get(http, empty, path)
        if status == 200:
            msgspec.convert(body, shape)
        elif path not in ("/ready", "/health"):
            assert status == 503
            assert body["type"].endswith("#problem-never-received")


async def test_every_datum_says_how_fresh_it_is(
    served: Served, http: aiohttp.ClientSession
) -> None:
    _, account, _ = await get(http, served, "/api/accounts/1")
    _, book, _ = await get(http, served, "/api/orderbook/BTC-USD")
    _, trades, _ = await get(http, served, "/api/ws/trades/1")
    for datum in (
        account,
        account["positions"][0],
        account["orders"][0],
        book,
        trades["trades"][0],
    ):
        assert datum["source"] in (ACCOUNT_1, BTC)
        assert datum["via"] == "websocket"
        assert datum["stale"] is False
        assert datum["stale_reason"] is None
        assert datum["as_of_us"] >= datum["changed_us"] > 1_700_000_000_000_000
        assert 0 <= datum["age_ms"] < 60_000
    assert account["equity"] == "1000.10"
    assert account["label"] == "Main"


async def test_a_lost_cache_makes_everything_stale_and_loses_nothing(
    served: Served, http: aiohttp.ClientSession
) -> None:
    served.world.replica.disconnect()
    _, account, _ = await get(http, served, "/api/accounts/1")
    assert account["equity"] == "1000.10"
    assert account["stale"] is True
    assert account["stale_reason"] == "cache not connected"
    status, health, _ = await get(http, served, "/health")
    assert (status, health["status"]) == (200, "degraded")
    status, ready, _ = await get(http, served, "/ready")
    assert status == 503
    assert len(ready["not_ready"]) == 4


async def test_health_is_down_where_there_is_no_cache_and_nothing_held(
    http: aiohttp.ClientSession,
) -> None:
    world = World()
    world.replica.disconnect()
    async with serving(world) as empty:
        status, health, _ = await get(http, empty, "/health")
        assert (status, health["status"]) == (503, "down")


async def test_b_ready_names_who_runs_without_any_connection(
    served: Served, http: aiohttp.ClientSession
) -> None:
    def lane(name: str, state: str, last_error: str = "") -> None:
        told = ConnectionState(
            actor=ACCOUNT_1, venue="extended", lane=name, state=state, last_error=last_error
        )
        served.world.replica.feed("connection_state", ACCOUNT_1, "connections", told)

    lane("rest", "backoff", "HTTP 502")
    lane("websocket", "connecting")
    status, body, _ = await get(http, served, "/ready")
    # Its process is ready: a venue that is down takes no service away that shows what it holds.
    assert (status, body["ready"], body["not_ready"]) == (200, True, [])
    reason = "rest backoff: HTTP 502; websocket connecting"
    _, health, _ = await get(http, served, "/health")
    assert (health["status"], health["actors"]["unconnected"]) == ("degraded", 1)
    [named] = body["unconnected"]
    assert (named["actor"], named["state"]) == (ACCOUNT_1, "ready")
    assert set(named["reason"].split("; ")) == set(reason.split("; "))
    lane("websocket", "paused")
    lane("rest", "paused")
    _, body, _ = await get(http, served, "/ready")
    assert body["unconnected"] == []
    assert (await get(http, served, "/health"))[1]["status"] == "ok"


async def test_every_web_process_tells_the_services_uptime_and_whose_clients_it_counts() -> None:
    clock = FakeClock()
    world = World(clock)
    clock.advance(5.0)
    async with serving(World(clock)) as later, aiohttp.ClientSession() as http:
        _, health, _ = await get(http, later, "/health")
        _, status, _ = await get(http, later, "/api/status")
    assert health["uptime_s"] == status["uptime_s"] == world.service.uptime_s
    assert (world.service.web_uptime_s, later.world.service.web_uptime_s) == (5.0, 0.0)
    assert status["web"] == "web:1"


async def test_ready_names_who_is_not(served: Served, http: aiohttp.ClientSession) -> None:
    served.world.child(ACCOUNT_2, "quarantined", reason="API key is missing")
    status, body, _ = await get(http, served, "/ready")
    assert status == 503
    assert body["not_ready"] == [
        {"actor": ACCOUNT_2, "state": "quarantined", "reason": "API key is missing"}
    ]


async def test_an_account_that_never_delivered_is_shown_with_its_reason(
    http: aiohttp.ClientSession,
) -> None:
    world = World()
    world.child(ACCOUNT_2, "quarantined", reason="API key is missing")
    async with serving(world) as empty:
        _, body, _ = await get(http, empty, "/api/accounts")
        one, two = body["accounts"]
        assert (one["account"], one["state"], one["equity"]) == ("1", "unknown", None)
        assert (two["state"], two["reason"]) == ("quarantined", "API key is missing")
        assert two["stale"] is True
        assert two["stale_reason"] == "quarantined: API key is missing"
        status, problem, headers = await get(http, empty, "/api/accounts/2")
        assert status == 503
        assert "API key is missing" in problem["detail"]
        assert headers["Retry-After"]


async def test_a_bare_number_that_fits_two_venues_is_ambiguous(
    http: aiohttp.ClientSession,
) -> None:
    accounts = [{"venue": venue, "name": "1", "label": ""} for venue in ("extended", "lighter")]
    world = World(accounts=accounts, venues=["extended", "lighter"])
    world.figures()
    async with serving(world) as served:
        status, problem, _ = await get(http, served, "/api/accounts/1")
        assert status == 409
        assert problem["candidates"] == ["extended:1", "lighter:1"]
        for path in ("/api/accounts/extended:1", "/api/accounts/1?venue=extended"):
            assert (await get(http, served, path))[0] == 200
        _, body, _ = await get(http, served, "/api/accounts?venue=lighter")
        assert [it["venue"] for it in body["accounts"]] == ["lighter"]


@pytest.mark.parametrize(
    "market", ["BTC-USD", "btc-usd", "BTC-PERP", "BTC/USDC:USDC", "BTC%2FUSDC:USDC"]
)
async def test_a_book_by_each_of_its_names(
    served: Served, http: aiohttp.ClientSession, market: str
) -> None:
    status, book, _ = await get(http, served, f"/api/orderbook/{market}?venue=extended&depth=1")
    assert (status, book["symbol"]) == (200, "BTC-USD")
    assert book["bids"] == [["100", "1"]]
    assert book["asks"] == [["101", "3"]]


async def test_an_unverified_book_is_never_shown_as_good(
    served: Served, http: aiohttp.ClientSession
) -> None:
    served.world.book(bids=(("105", "1"),), asks=(("101", "1"),))
    _, book, _ = await get(http, served, "/api/orderbook/BTC-USD")
    assert book["verified"] is False
    assert book["stale"] is True
    assert "crossed" in book["reason"]


async def test_markets_have_a_tag_that_outlives_their_age(
    served: Served, http: aiohttp.ClientSession
) -> None:
    _, body, headers = await get(http, served, "/api/markets")
    assert len(body["markets"]) == 3
    assert [venue["timeframes"] for venue in body["venues"]] == [["1m", "1h"]]
    assert headers["Cache-Control"] == "no-cache"
    tag = headers["ETag"]
    async with http.get(served.url + "/api/markets", headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304
        assert await answer.read() == b""
    status, _, _ = await get(http, served, "/api/markets", **{"If-None-Match": '"other"'})
    assert status == 200


async def test_large_answers_are_compressed_and_live_ones_never_kept(served: Served) -> None:
    async with aiohttp.ClientSession(auto_decompress=False) as http:
        for encoding in ("gzip", "identity"):
            headers = {"Accept-Encoding": encoding}
            async with http.get(served.url + "/api/accounts", headers=headers) as answer:
                raw = await answer.read()
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["Vary"] == "Accept-Encoding"
                packed = answer.headers.get("Content-Encoding") == "gzip"
                assert packed is (encoding == "gzip")
                assert json.loads(gzip.decompress(raw) if packed else raw)["accounts"]
        async with http.get(served.url + "/health", headers={"Accept-Encoding": "gzip"}) as answer:
            assert "Content-Encoding" not in answer.headers


async def test_head_and_options_behave(served: Served, http: aiohttp.ClientSession) -> None:
    async with http.head(served.url + "/api/orderbook/BTC-USD") as answer:
        assert answer.status == 200
        assert int(answer.headers["Content-Length"]) > 100
        assert await answer.read() == b""
    async with http.head(served.url + "/api/stream") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
    async with http.options(served.url + "/api/accounts") as answer:
        assert answer.status == 204
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
        # The framework would call its empty body HTML.
        assert "Content-Type" not in answer.headers
    async with http.options(served.url + "/api/nowhere") as answer:
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/api/markets"])
async def test_an_unchanged_answer_speaks_of_no_body(
    served: Served, http: aiohttp.ClientSession, path: str
) -> None:
    async with http.get(served.url + path) as answer:
        tag = answer.headers["ETag"]
        policy = answer.headers["Content-Security-Policy"]
    async with http.get(served.url + path, headers={"If-None-Match": tag}) as again:
        assert again.status == 304
        assert again.headers["ETag"].removeprefix("W/") == tag.removeprefix("W/")
        # A browser takes these over into what it keeps: a length of 0, or another policy, would
        # break the page that it holds.
        assert "Content-Length" not in again.headers
        assert "Content-Type" not in again.headers
        assert again.headers["Content-Security-Policy"] == policy


async def test_what_this_build_has_not_answers_501(
    served: Served, http: aiohttp.ClientSession
) -> None:
    for method, path in PATHS:
        asked = path.replace("<path:actor>", "account:extended:1").replace("<index>", "1")
        url = served.url + asked.replace("<user_address>", "0x1")
        async with http.request(method, url) as answer:
            assert answer.status == 501, path
            assert answer.content_type == "application/problem+json"
        wrong = "GET" if method == "POST" else "POST"
        async with http.request(wrong, url) as answer:
            assert answer.status in (405, 501), path


async def test_a_fault_of_ours_is_reported_and_says_nothing_of_its_inside(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()

    def fail() -> None:
        raise RuntimeError("inner secret")

    async with serving(world) as served:
        monkeypatch.setattr(served.world.service.reading, "connections", fail)
        status, problem, headers = await get(http, served, "/api/connections/health")
    assert status == 500
    assert headers["Content-Type"] == "application/problem+json"
    assert "secret" not in json.dumps(problem)
    assert "Traceback" not in json.dumps(problem)
    assert [str(error) for error in world.reported] == ["inner secret"]
    world.reported.clear()


# supervision


def tree() -> dict[str, Any]:
    child = ChildStatus(actor="cache", kind="cache", state="ready", pid=1, started_ns=5_000)
    children = [msgspec.to_builtins(child)]
    return {"supervisor_pid": 42, "started_us": 7, "simulated": True, "children": children}


async def test_supervision_asks_the_supervisor(served: Served, http: aiohttp.ClientSession) -> None:
    served.world.control.answers["tree"] = tree()
    status, body, _ = await get(http, served, "/api/supervision")
    assert status == 200
    assert msgspec.to_builtins(msgspec.convert(body, schemas.Supervision)) == body
    assert (body["supervisor_pid"], body["stale"]) == (42, False)
    assert body["children"][0]["started_us"] == 5


async def test_supervision_shows_what_it_last_heard_where_the_supervisor_is_silent(
    served: Served, http: aiohttp.ClientSession
) -> None:
    served.world.control.answers["tree"] = ConnectTimeout("no answer to tree in 1 s")
    status, body, _ = await get(http, served, "/api/supervision")
    assert status == 200
    assert body["stale"] is True
    assert "no answer" in body["stale_reason"]
    assert {child["actor"] for child in body["children"]} >= {ACCOUNT_1, BTC, "cache"}


async def test_history_and_orders(served: Served, http: aiohttp.ClientSession) -> None:
    control = served.world.control
    control.answers["history"] = {"actor": ACCOUNT_1, "incarnations": []}
    status, body, _ = await get(http, served, f"/api/supervision/{ACCOUNT_1}/history")
    assert (status, body) == (200, {"actor": ACCOUNT_1, "incarnations": []})
    for op in ("restart", "stop", "start", "reset"):
        control.answers[op] = {"actor": ACCOUNT_1, "state": "stopping"}
        async with http.post(f"{served.url}/api/supervision/{ACCOUNT_1}/{op}") as answer:
            assert answer.status == 202
            assert await answer.json() == {"actor": ACCOUNT_1, "state": "stopping"}
        async with http.get(f"{served.url}/api/supervision/{ACCOUNT_1}/{op}") as answer:
            assert answer.status == 405
    assert [op for op, _ in control.calls[1:]] == ["restart", "stop", "start", "reset"]
    assert control.timeouts_s["stop"] == 2
    # A reset reads the configuration again in a process of its own; the supervisor allows it 15 s.
    assert control.timeouts_s["reset"] > SLOW_ANSWER_S
    control.answers["reset"] = {"actor": ACCOUNT_1, "state": "starting", "note": "as before: why"}
    async with http.post(f"{served.url}/api/supervision/{ACCOUNT_1}/reset") as answer:
        assert (await answer.json())["note"] == "as before: why"


@pytest.mark.parametrize(
    ("kind", "status"), [("unknown_actor", 404), ("bad_request", 400), ("busy", 409)]
)
async def test_a_refusal_of_the_supervisor_keeps_its_reason(
    served: Served, http: aiohttp.ClientSession, kind: str, status: int
) -> None:
    served.world.control.answers["restart"] = ControlRefused(kind, "because", ("cache", "web:1"))
    async with http.post(f"{served.url}/api/supervision/nobody/restart") as answer:
        body = await answer.json(content_type="application/problem+json")
    assert answer.status == status
    assert body["detail"] == "because"
    assert body["known"] == ["cache", "web:1"]


async def test_an_order_to_a_silent_supervisor_is_503(
    served: Served, http: aiohttp.ClientSession
) -> None:
    served.world.control.answers["stop"] = ConnectTimeout("no answer")
    async with http.post(f"{served.url}/api/supervision/cache/stop") as answer:
        assert answer.status == 503


# pages and contract


async def test_the_contract_is_complete_in_itself(
    served: Served, http: aiohttp.ClientSession
) -> None:
    _, api, headers = await get(http, served, "/openapi.json")
    operations = [each for path in api["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert len(names) == len(set(names)), "a client is generated by these names"
    assert headers["ETag"]
    components = api["components"]["schemas"]

    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if "$ref" in node else set()
            return own.union(*(references(value) for value in node.values()))
        if isinstance(node, list):
            return set().union(*(references(value) for value in node))
        return set()

    dangling = {ref for ref in references(api) if ref.split("/")[-1] not in components}
    assert dangling == set()
    for path in ("/health", "/api/accounts/{index}", "/api/orderbook/{market}", "/api/stream"):
        assert "get" in api["paths"][path]
    documented = {path for path, _ in SHAPES if path.count("/") < 3 and "BTC" not in path}
    assert not {path for path in documented if path not in api["paths"]}
    assert not [path for _, path in PATHS if re.sub("<(.*)>", r"{\1}", path) in api["paths"]]
    for path, operations in api["paths"].items():
        if "{index}" in path or path in ("/api/errors", "/api/supervision"):
            assert "venue" in [it["name"] for it in operations["get"]["parameters"]], path


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_pages_work_offline_under_their_policy(
    served: Served, http: aiohttp.ClientSession, path: str
) -> None:
    async with http.get(served.url + path) as answer:
        text = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    assert answer.status == 200
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert policy.count("'sha256-") == 2
    assert "://" not in text.replace("http://www.w3.org", "")
    assert " style=" not in text
    assert " onclick=" not in text
    async with http.get(
        served.url + path, headers={"If-None-Match": answer.headers["ETag"]}
    ) as again:
        assert again.status == 304


def test_every_type_of_problem_leads_to_its_explanation() -> None:
    """The `type` of a problem document is an address: `/docs#problem-<kind>`."""
    code = "".join(path.read_text() for path in WEB.rglob("*.py"))
    kinds = set(re.findall(r'Problem\(\s*\d{3},\s*"([a-z-]+)"', code))
    kinds |= {f"unknown-{what}" for what in ("account", "market", "actor")}
    assert {"never-received", "not-in-this-build", "header-too-large"} <= kinds
    explained = re.findall(r'id="problem-([a-z-]+)"', (WEB / "static/docs.html").read_text())
    assert sorted(kinds - set(explained)) == []
    assert len(explained) == len(set(explained))


async def test_snapshots_hold_what_the_account_view_holds(
    served: Served, http: aiohttp.ClientSession
) -> None:
    """The figures come over REST and over the stream under the same names."""
    _, account, _ = await get(http, served, "/api/accounts/1")
    streamed = served.world.service.reading.topic(ACCOUNT_1)
    assert set(streamed) <= set(account)
    assert streamed["equity"] == account["equity"]
    assert {name for name in AccountSnapshot.__struct_fields__ if not name.endswith("_ns")} <= set(
        account
    )


async def test_counts_of_the_status_page(served: Served, http: aiohttp.ClientSession) -> None:
    async with http.get(served.url + "/api/stream?topics=connections") as stream:
        assert stream.status == 200
        await until(lambda: served.world.feed.count == 1, "the stream is served")
        _, status, _ = await get(http, served, "/api/status")
        assert status["clients"]["sse"] == 1
        assert status["clients"]["rest_per_minute"] >= 2
    await until(lambda: served.world.feed.count == 0, "the stream is forgotten")
