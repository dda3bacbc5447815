"""(l) Bad input of HTTP and WebSocket clients: a clear error, and nothing else disturbed."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import websockets
import yarl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from web_world import BTC, Served, World, serving

FILLS = "fills:extended:1"
PROBLEM = "application/problem+json"

HTTP: list[tuple[str, str, int, str]] = [
    # method, path, status, what the detail names
    ("GET", "/api/nowhere", 404, "/docs"),
    ("GET", "/nowhere.txt", 404, "/docs"),
    ("POST", "/api/nowhere", 404, "/docs"),
    ("GET", "/no\\where", 404, "/docs"),
    ("GET", "/%00", 404, "/docs"),
    ("GET", "/api/%00", 404, "/docs"),
    ("GET", "/../../etc/passwd", 404, "/docs"),
    ("GET", "/static/../app.py", 404, "/docs"),
    ("GET", "/api/accounts/99", 404, "99"),
    ("GET", "/api/accounts/nowhere:1", 404, "nowhere:1"),
    ("GET", "/api/accounts/extended:", 404, "extended:"),
    ("GET", "/api/accounts/1?venue=lighter", 400, "venue: expected one of extended"),
    ("GET", "/api/accounts?venue=", 400, "venue"),
    ("GET", "/api/accounts?venue=NOWHERE", 400, "venue: expected one of extended"),
    ("GET", "/api/accounts/" + "9" * 5000, 404, "no account"),
    ("GET", "/api/ws/positions/99", 404, "99"),
    ("GET", "/api/ws/orders?venue=x", 400, "venue"),
    ("GET", "/api/ws/trades/%F0%9F%A6%84", 404, "no account"),
    ("GET", "/api/ws/nothing", 404, "/docs"),
    ("GET", "/api/orderbook/DOGE-USD", 404, "DOGE-USD"),
    ("GET", "/api/orderbook/BTC-USD?depth=0", 400, "depth: expected a whole number from 1"),
    ("GET", "/api/orderbook/BTC-USD?depth=-1", 400, "depth"),
    ("GET", "/api/orderbook/BTC-USD?depth=1.5", 400, "depth"),
    ("GET", "/api/orderbook/BTC-USD?depth=", 400, "depth"),
    ("GET", "/api/orderbook/BTC-USD?depth=ten", 400, "found 'ten'"),
    ("GET", "/api/orderbook/BTC-USD?depth=%C2%B2", 400, "depth"),
    ("GET", "/api/orderbook/BTC-USD?depth=" + "9" * 4000, 400, "depth"),
    ("GET", "/api/orderbook?depth=1e3", 400, "depth"),
    ("GET", "/api/orderbook/BTC-USD?venue=lighter", 400, "venue"),
    ("GET", "/api/orderbook-status?venue=x", 400, "venue"),
    ("GET", "/api/markets?venue=x", 400, "venue"),
    ("GET", "/api/connections/health?venue=x", 400, "venue"),
    ("GET", "/api/stream?topics=", 400, "topics"),
    ("GET", "/api/stream?topics=,", 400, "topics"),
    ("GET", "/api/stream?topics=account", 400, "topics: expected <kind>:<venue>:<name>"),
    ("GET", "/api/stream?topics=account:extended:99", 400, "account:extended:1"),
    ("GET", "/api/stream?topics=orderbook:extended:linear:DOGE-USD", 400, "BTC-USD"),
    ("GET", "/api/stream?topics=latency:extended", 400, "alone"),
    ("GET", "/api/stream?topics=candles:extended:linear:BTC-USD:7m", 400, "timeframe"),
    ("GET", "/api/stream?topics=" + ",".join([FILLS + "0"] * 3), 400, FILLS),
    ("GET", "/api/stream?topics=" + ",".join(f"fills:x:{n}" for n in range(201)), 400, "200"),
    ("GET", "/api/stream?last_event_id=nonsense", 400, "last_event_id: expected <stream>-<"),
    ("GET", "/api/stream?last_event_id=-5", 400, "last_event_id"),
    ("GET", "/api/stream?last_event_id=testing-%C2%B2", 400, "last_event_id"),
    ("GET", "/api/stream?last_event_id=testing-" + "9" * 40, 400, "last_event_id"),
    ("GET", "/api/stream?max_hz=0", 400, "max_hz: expected a number above 0"),
    ("GET", "/api/stream?max_hz=-1", 400, "max_hz"),
    ("GET", "/api/stream?max_hz=nan", 400, "max_hz"),
    ("GET", "/api/stream?max_hz=inf", 400, "max_hz"),
    ("GET", "/api/stream?max_hz=often", 400, "found 'often'"),
    ("GET", "/api/markets?" + "x" * 9000, 414, "8192 bytes of query"),
    ("POST", "/api/accounts", 405, "GET, HEAD, OPTIONS"),
    ("DELETE", "/api/accounts/1", 405, "GET, HEAD, OPTIONS"),
    ("PUT", "/health", 405, "GET, HEAD, OPTIONS"),
    ("GET", "/api/supervision/cache/restart", 405, "POST"),
    ("POST", "/api/supervision/cache/explode", 404, "/docs"),
    ("GET", "/api/portfolio?venue=x", 400, "venue: expected one of extended"),
    ("GET", "/api/points/99", 404, "99"),
    ("GET", "/api/candles", 400, "symbol"),
    ("GET", "/api/candles?symbol=DOGE-USD", 404, "DOGE-USD"),
    ("GET", "/api/candles?symbol=BTC-USD&timeframe=7m", 400, "timeframe"),
    ("GET", "/api/candles?symbol=BTC-USD&limit=1001", 400, "limit: expected a whole number"),
    ("GET", "/api/errors?limit=0", 400, "limit: expected a whole number"),
    ("GET", "/api/errors?level=loud", 400, "level"),
    ("POST", "/api/ws/reconnect?account_index=99", 404, "99"),
    ("POST", "/api/control/pause?account_index=99", 404, "99"),
    ("GET", "/api/stats/summary?venue=nowhere", 400, "venue: expected one of"),
    ("GET", "/api/stats/periods?account=99", 404, "99"),
    ("GET", "/api/history/trades/99", 404, "99"),
]

SOCKET: list[tuple[str | bytes, str, str]] = [
    # what a client sends, the field, what was expected
    ("", "message", "a JSON object"),
    ("{", "message", "a JSON object"),
    ("[]", "message", "a JSON object"),
    ("7", "message", "a JSON object"),
    ("null", "message", "a JSON object"),
    ('"subscribe"', "message", "a JSON object"),
    (b'{"op":"ping"}', "message", "a text message"),
    ("[" * 10_000, "message", "a JSON object"),
    ("{}", "op", "subscribe, unsubscribe or ping"),
    ('{"op":null}', "op", "subscribe, unsubscribe or ping"),
    ('{"op":["ping"]}', "op", "subscribe, unsubscribe or ping"),
    ('{"op":"SUBSCRIBE"}', "op", "subscribe, unsubscribe or ping"),
    ('{"op":"ping","x":1}', "x", "one of op"),
    ('{"op":"subscribe"}', "topics", "a list of topics"),
    ('{"op":"subscribe","topic":"fills:*:*"}', "topic", "one of max_hz, op, since, topics"),
    ('{"op":"subscribe","topics":"fills:*:*"}', "topics", "a list of topics"),
    ('{"op":"subscribe","topics":[]}', "topics", "at least one topic"),
    ('{"op":"subscribe","topics":[7]}', "topic", "text of 1 to 200 characters"),
    ('{"op":"subscribe","topics":[null]}', "topic", "text of 1 to 200 characters"),
    ('{"op":"subscribe","topics":[[]]}', "topic", "text of 1 to 200 characters"),
    ('{"op":"subscribe","topics":["x"]}', "topic", "account:<venue>:<name>"),
    ('{"op":"subscribe","topics":["fills:extended:9"]}', "topic", "fills:extended:1"),
    ('{"op":"subscribe","topics":["orderbook:extended:linear:DOGE"]}', "symbol", "BTC-USD"),
    ('{"op":"subscribe","topics":["connections:1"]}', "topic", "alone"),
    (json.dumps({"op": "subscribe", "topics": ["fills:x:y"] * 2}), "topic", "fills:extended"),
    (
        json.dumps({"op": "subscribe", "topics": [f"fills:x:{n}" for n in range(300)]}),
        "topics",
        "at most 200 topics",
    ),
    ('{"op":"subscribe","topics":["fills:*:*"],"since":7}', "since", "<stream>-<sequence>"),
    ('{"op":"subscribe","topics":["fills:*:*"],"since":"x"}', "since", "<stream>-<sequence>"),
    ('{"op":"subscribe","topics":["fills:*:*"],"max_hz":0}', "max_hz", "above 0"),
    ('{"op":"subscribe","topics":["fills:*:*"],"max_hz":true}', "max_hz", "a number"),
    ('{"op":"subscribe","topics":["fills:*:*"],"max_hz":"10"}', "max_hz", "a number"),
    ('{"op":"subscribe","topics":["fills:*:*"],"max_hz":1e99}', "max_hz", "at most 1000"),
    ('{"op":"unsubscribe","topics":["fills:*:*"],"since":"a-1"}', "since", "one of op, topics"),
    ('{"op":"unsubscribe","topics":{}}', "topics", "a list of topics"),
]

RAW: list[tuple[bytes, int]] = [
    # what no HTTP client would send, and the status that answers it
    (b"nonsense\r\n\r\n", 400),
    (b"GET / HTTP/9.9\r\n\r\n", 403),  # a version to come may go without Host; we do not
    (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", 431),
    (b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", 400),
    (b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", 413),
    (
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        400,
    ),
    (b"GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
]


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    world = World()
    world.full()
    async with serving(world) as up:
        yield up
    # A caller's mistake is no fault of ours: nobody is alarmed by it.
    assert world.reported == []


@pytest.mark.parametrize(
    ("method", "path", "status", "names"), HTTP, ids=[f"{m} {p[:60]}" for m, p, _, _ in HTTP]
)
async def test_l_bad_http_input_is_answered_with_what_is_right(
    served: Served, method: str, path: str, status: int, names: str
) -> None:
    url = yarl.URL(served.url + path, encoded=True)
    async with aiohttp.ClientSession() as http, http.request(method, url) as answer:
        problem = json.loads(await answer.text())
        assert (answer.status, answer.content_type) == (status, PROBLEM), problem
        assert set(problem) >= {"type", "title", "status", "detail"}
        assert problem["status"] == status
        assert names in problem["detail"], problem
        assert "Traceback" not in problem["detail"]
        async with http.get(served.url + "/health") as health:
            assert health.status == 200


async def test_l_bad_frames_get_an_error_each_and_the_stream_goes_on(served: Served) -> None:
    async with (
        websockets.connect(served.ws, proxy=None) as bystander,
        websockets.connect(served.ws, proxy=None) as socket,
    ):
        for client in (bystander, socket):
            assert json.loads(await client.recv())["type"] == "welcome"
            await client.send(json.dumps({"op": "subscribe", "topics": [FILLS]}))
            assert json.loads(await client.recv())["type"] == "subscribed"
            assert json.loads(await client.recv())["type"] == "snapshot"
        for number, (frame, field, expected) in enumerate(SOCKET, 100):
            await socket.send(frame)
            async with asyncio.timeout(5):
                error = json.loads(await socket.recv())
            assert error["type"] == "error", (frame[:80], error)
            assert error["field"] == field, (frame[:80], error)
            assert expected in error["expected"], (frame[:80], error)
            assert field in error["detail"]
            assert len(error["detail"]) < 2000
            served.world.fill(number)
            for client in (socket, bystander):
                update = json.loads(await client.recv())
                assert update["data"]["fill_id"] == str(number)


@pytest.mark.parametrize(("data", "status"), RAW, ids=[repr(data[:50]) for data, _ in RAW])
async def test_l_what_is_no_http_gets_a_problem_document(
    served: Served, data: bytes, status: int
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(data)
    async with asyncio.timeout(5):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith(f"http/1.1 {status}"), head
        assert f"content-type: {PROBLEM}" in head
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        problem: dict[str, Any] = json.loads(await reader.readexactly(length))
    assert problem["status"] == status
    assert problem["detail"]
    writer.close()


async def test_l_a_body_without_a_length_is_cut_at_the_limit(served: Served) -> None:
    """Nothing reads bodies here; one that never ends must not be kept."""
    served.world.control.answers["refresh"] = {"actor": "any"}
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(
        b"POST /api/points/refresh HTTP/1.1\r\nHost: localhost\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    async with asyncio.timeout(5):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 202")
    writer.close()


async def test_l_a_bystander_loses_nothing_to_all_of_this(served: Served) -> None:
    """One healthy client hears every change while others send every kind of nonsense."""
    async with (
        websockets.connect(served.ws, proxy=None) as socket,
        aiohttp.ClientSession() as http,
    ):
        await socket.recv()
        await socket.send(json.dumps({"op": "subscribe", "topics": [BTC]}))
        await socket.recv()
        last = json.loads(await socket.recv())["id"]
        for data, _ in RAW:
            _, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(data)
            async with http.get(f"{served.url}/api/stream?topics=x") as answer:
                assert answer.status == 400
            served.world.delta()
            async with asyncio.timeout(5):
                update = json.loads(await socket.recv())
            assert update["prev"] == last
            last = update["id"]
            writer.close()
