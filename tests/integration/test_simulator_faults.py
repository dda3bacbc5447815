"""Each fault of the simulator, seen on the wire by a stranger's client."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
import websockets

from actors.runtime.clock import SystemClock
from actors.simulator import connection
from actors.simulator.actor import account_specs
from actors.simulator.exchange import Exchange
from actors.simulator.server import Addresses, SimulatorServer

SEED = 12
DEADLINE_S = 15.0
BOOK = "/orderbooks/BTC-USD"
TEXT, PING = aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.PING
ENDED = {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSE}
Venue = tuple[SimulatorServer, Addresses, aiohttp.ClientSession]


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    print("seed", SEED)
    clock = SystemClock()
    specs = account_specs([{"name": n, "api_key": f"key-{n}"} for n in ("1", "2")], SEED)
    exchange = Exchange(seed=SEED, accounts=specs, start_ns=clock.wall_ns())
    server = SimulatorServer(exchange, clock, ping_interval_s=0.3, pong_timeout_s=3)
    at = await server.start()
    headers = {"User-Agent": "stranger", "X-Api-Key": "key-1"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield server, at, session
    await server.stop()


async def open_live(venue: Venue, path: str = BOOK) -> aiohttp.ClientWebSocketResponse:
    """A connection that has got beyond its replay."""
    server, at, session = venue
    socket = await session.ws_connect(at.ws_url + path, autoping=True)
    topic = {BOOK: "book:BTC-USD", "/account": "account:1"}[path]
    await until(lambda: joined(venue, topic))
    live = [one for one in server.hub if one.topic == topic]
    seq = 0
    async with asyncio.timeout(DEADLINE_S):
        while seq < live[-1].seq:
            seq = json.loads((await socket.receive()).data)["seq"]
    return socket


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not await condition():  # noqa: ASYNC110 (the other side has no event for us)
            await asyncio.sleep(0.02)


async def joined(venue: Venue, topic: str) -> bool:
    return any(one.topic == topic for one in venue[0].hub)


async def deserted(venue: Venue) -> bool:
    return not len(venue[0].hub)


async def frames(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[Any]:
    found = []
    async with asyncio.timeout(DEADLINE_S):
        while len(found) < count:
            message = await socket.receive()
            assert message.type is TEXT, message
            found.append(message.data)
    return found


def sequences(texts: list[Any]) -> list[int]:
    return [json.loads(text)["seq"] for text in texts]


async def fault(venue: Venue, **order: Any) -> Any:
    _, at, session = venue
    async with session.post(f"{at.admin_url}/fault", json=order) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def status(venue: Venue, path: str, key: str = "key-1") -> int:
    _, at, session = venue
    async with session.get(at.base_url + path, headers={"X-Api-Key": key}) as answer:
        await answer.read()
        return answer.status


@pytest.mark.parametrize(
    ("kind", "steps"),
    [("gap", [3, 1, 1]), ("duplicate", [1, 0, 1, 0]), ("reorder", [2, -1, 2, 1])],
)
async def test_frames_lost_doubled_and_swapped(venue: Venue, kind: str, steps: list[int]) -> None:
    socket = await open_live(venue)
    before = sequences(await frames(socket, 1))[0]
    count = 1 if kind == "reorder" else 2
    assert (await fault(venue, kind=kind, target="book:BTC-USD", count=count))["struck"] == 1
    found: list[int] = []
    expected: list[int] = []
    async with asyncio.timeout(DEADLINE_S):
        while True:
            found += sequences(await frames(socket, 1))
            # A frame or two may have been on its way when the fault came.
            deltas = [b - a for a, b in pairwise([before, *found])]
            expected = deltas[deltas.index(steps[0]) :] if steps[0] in deltas else []
            if kind == "duplicate":
                expected = deltas[deltas.index(0) - 1 :] if 0 in deltas else []
            if len(expected) >= len(steps):
                break
    assert expected[: len(steps)] == steps
    await socket.close()


async def test_malformed_frames_come_before_the_good_ones(venue: Venue) -> None:
    socket = await open_live(venue)
    await fault(venue, kind="malformed", target="book", count=4)
    bad, good = 0, []
    async with asyncio.timeout(DEADLINE_S):
        while bad < 4 or len(good) < 6:
            text = (await frames(socket, 1))[0]
            try:
                document = json.loads(text)
                good.append(document["seq"])
                assert isinstance(document["seq"], int)
            except (ValueError, TypeError, AssertionError):
                bad += 1
                good = [one for one in good if isinstance(one, int)]
    assert bad == 4
    assert [b - a for a, b in pairwise(good)] == [1] * (len(good) - 1)
    await socket.close()


async def test_malformed_frames_and_refusals_in_words_of_ones_own(venue: Venue) -> None:
    _, at, session = venue
    socket = await open_live(venue)
    for text in ("first words", '["then others"]'):
        await fault(venue, kind="malformed", target="book", text=text)
    told: list[str] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(told) < 4:
            told += await frames(socket, 1)
            told = told if told[0] == "first words" else []
    assert told[2] == '["then others"]'
    await socket.close()
    for kind, code in (("401", 401), ("418", 418), ("503", 1006), ("maintenance", 1010)):
        await fault(venue, kind=kind, target="rest:public", text="in these words")
        async with session.get(f"{at.base_url}/info/markets") as answer:
            error = (await answer.json())["error"]
            words = "in these words"
            assert error == {"code": code, "message": words, "debugInfo": words}


@pytest.mark.parametrize("kind", ["no_size", "mismatch", "crossed"])
async def test_deltas_that_lie(venue: Venue, kind: str) -> None:
    socket = await open_live(venue)
    await fault(venue, kind=kind, target="book:BTC-USD")
    async with asyncio.timeout(DEADLINE_S):
        while True:
            data = json.loads((await frames(socket, 1))[0])["data"]
            rows = data["b"] + data["a"]
            if data["t"] == "SNAPSHOT" or not rows:
                continue
            if kind == "no_size" and all("c" not in row for row in rows):
                break
            if kind == "mismatch" and all(float(row["c"]) >= 1 for row in rows):
                break
            if kind == "crossed" and data["b"] and float(data["b"][0]["p"]) > 120_000:
                break
    await socket.close()


async def test_disconnect_strikes_only_its_target(venue: Venue) -> None:
    book, account = await open_live(venue), await open_live(venue, "/account")
    assert (await fault(venue, kind="disconnect", target="book"))["struck"] == 1
    async with asyncio.timeout(DEADLINE_S):
        while (message := await book.receive()).type is TEXT:
            pass
    assert message.type in ENDED
    await frames(account, 2)
    await account.close()


async def test_a_stall_holds_data_back_but_not_pings(venue: Venue) -> None:
    server, at, session = venue
    socket = await session.ws_connect(at.ws_url + BOOK, autoping=False)
    seq = 0
    async with asyncio.timeout(DEADLINE_S):
        while not seq or seq < next(iter(server.hub)).seq:
            message = await socket.receive()
            if message.type is PING:
                await socket.pong(message.data)
            else:
                seq = json.loads(message.data)["seq"]
    await fault(venue, kind="stall", target="book", seconds=1.5)
    started, pings, last = time.monotonic(), 0, time.monotonic()
    gap = 0.0
    async with asyncio.timeout(DEADLINE_S):
        while gap < 1:
            message = await socket.receive()
            if message.type is PING:
                pings += 1
                await socket.pong(message.data)
                continue
            gap, last = time.monotonic() - last, time.monotonic()
            assert json.loads(message.data)["seq"] == seq + 1
            seq += 1
    assert pings >= 2
    assert time.monotonic() - started < 4
    assert len(server.hub) == 1
    await socket.close()


async def test_half_open_is_silent_and_stays(venue: Venue) -> None:
    server, at, _ = venue
    stream = await websockets.connect(
        at.ws_url + BOOK,
        user_agent_header="stranger",
        proxy=None,
        ping_interval=None,
        close_timeout=0.3,
        # Else an unread replay would hold up the Pong on our side.
        max_queue=None,
    )
    await asyncio.wait_for(await stream.ping(), DEADLINE_S)
    await fault(venue, kind="half_open", target="book:BTC-USD")
    silent = False
    async with asyncio.timeout(DEADLINE_S):
        while not silent:
            try:
                # What was on its way still arrives.
                await asyncio.wait_for(stream.recv(), 1.2)
            except TimeoutError:
                silent = True
    pong = await stream.ping()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(pong, 1.0)
    assert stream.state is websockets.State.OPEN
    assert [one.half_open for one in server.hub] == [True]
    fresh = await open_live(venue)
    await frames(fresh, 3)
    await fresh.close()
    started = time.monotonic()
    await stream.close()
    # The goodbye was not answered.
    assert time.monotonic() - started >= 0.3


async def test_half_open_for_a_time_takes_newcomers_too(venue: Venue) -> None:
    _, at, session = venue
    await fault(venue, kind="half_open", target="account:1", seconds=60)
    socket = await session.ws_connect(f"{at.ws_url}/account")
    with pytest.raises(TimeoutError):
        await socket.receive(timeout=0.8)
    async with session.delete(f"{at.admin_url}/fault") as answer:
        assert (await answer.json()) == {"faults": []}
    fresh = await open_live(venue, "/account")
    await fresh.close()
    for one in venue[0].hub:
        one.connection.abort()
    await socket.close()


async def test_requests_refused_by_count_and_target(venue: Venue) -> None:
    _, at, session = venue
    await fault(venue, kind="401", target="account:1", count=2)
    assert await status(venue, "/user/balance", "key-2") == 200
    assert [await status(venue, "/user/balance") for _ in range(3)] == [401, 401, 200]
    await fault(venue, kind="401", target="account:1", count=1)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await session.ws_connect(f"{at.ws_url}/account")
    assert refusal.value.status == 401
    await fault(venue, kind="429", target="rest", retry_after_s=7)
    async with session.get(f"{at.base_url}/info/markets") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
        assert (await answer.json())["error"]["code"] == 429
    await fault(venue, kind="429", target="rest:public", retry_after_s=None)
    async with session.get(f"{at.base_url}/info/markets") as answer:
        assert (answer.status, "Retry-After" in answer.headers) == (429, False)
    await fault(venue, kind="5xx", target="rest:account", count=1)
    assert [await status(venue, p) for p in ("/info/assets", "/user/balance")] == [200, 500]
    await fault(venue, kind="502", target="rest:/info/assets", count=1)
    async with session.get(f"{at.base_url}/info/assets") as answer:
        assert (answer.status, answer.content_type) == (502, "text/html")
    await fault(venue, kind="maintenance", target="rest", seconds=0.3)
    async with session.get(f"{at.base_url}/info/assets") as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (503, 1010)

    async def back() -> bool:
        return await status(venue, "/info/assets") == 200

    await until(back)
    await fault(venue, kind="slow", target="rest", delay_s=0.5)
    started = time.monotonic()
    assert await status(venue, "/info/assets") == 200
    assert time.monotonic() - started >= 0.5


async def test_the_whole_venue_is_down_for_a_time(venue: Venue) -> None:
    _, at, session = venue
    socket = await open_live(venue)
    assert (await fault(venue, kind="down", seconds=1.0))["struck"] == 1
    async with asyncio.timeout(DEADLINE_S):
        while (message := await socket.receive()).type is TEXT:
            pass
    assert message.type in ENDED
    with pytest.raises(aiohttp.ClientError):
        await session.get(f"{at.base_url}/info/markets")
    with pytest.raises(aiohttp.ClientError):
        await session.ws_connect(at.ws_url + BOOK)
    async with session.get(f"{at.admin_url}/state") as answer:
        assert [one["kind"] for one in (await answer.json())["faults"]] == ["down"]
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                assert await status(venue, "/info/markets") == 200
                break
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)


async def admin(venue: Venue, path: str) -> Any:
    _, at, session = venue
    async with session.get(f"{at.admin_url}/{path}") as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_a_ban_names_its_end(venue: Venue) -> None:
    _, at, session = venue
    await fault(venue, kind="418", target="rest", retry_after_s=90)
    async with session.get(f"{at.base_url}/info/markets") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (418, "90")
        assert (await answer.json())["error"]["code"] == 418


async def dates(venue: Venue) -> tuple[float, float]:
    """How far the venue is ahead of us, by the header and by a frame, in seconds."""
    _, at, session = venue
    async with session.get(f"{at.base_url}/info/markets") as answer:
        header = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    async with session.ws_connect(f"{at.ws_url}/prices/mark/BTC-USD") as stream:
        ts_ms = json.loads((await stream.receive(timeout=DEADLINE_S)).data)["ts"]
    return header - time.time(), ts_ms / 1000 - time.time()


@pytest.mark.parametrize("offset_s", [3_600.0, -3_600.0, 1.5])
async def test_the_venues_clock_is_off_until_it_is_mended(venue: Venue, offset_s: float) -> None:
    await fault(venue, kind="skew", offset_s=offset_s)
    for ahead in await dates(venue):
        assert abs(ahead - offset_s) < 3
    state = await admin(venue, "state")
    assert [one["kind"] for one in state["faults"]] == ["skew"]
    assert abs(state["time_ms"] - state["wall_ms"] - offset_s * 1000) < 300
    _, at, session = venue
    async with session.delete(f"{at.admin_url}/fault"):
        pass
    for ahead in await dates(venue):
        assert abs(ahead) < 3


async def test_the_venues_clock_is_off_for_a_time(venue: Venue) -> None:
    socket = await open_live(venue)
    await fault(venue, kind="skew", offset_s=-600, seconds=1)
    seen = []
    async with asyncio.timeout(DEADLINE_S):
        while len(set(seen[-2:])) < 2 or seen[-1]:
            document = json.loads((await frames(socket, 1))[0])
            seen.append(document["ts"] < time.time() * 1000 - 300_000)
    assert seen.count(True) > 2
    await socket.close()


async def test_a_fault_waits_for_newcomers(venue: Venue) -> None:
    server, at, session = venue
    socket = await open_live(venue)
    order = {"kind": "gap", "target": "book:BTC-USD", "newcomers": True}
    assert (await fault(venue, **order))["struck"] == 0
    before = sequences(await frames(socket, 3))
    assert [b - a for a, b in pairwise(before)] == [1, 1]
    for first in (2, 1):
        async with session.ws_connect(at.ws_url + BOOK) as newcomer:
            assert sequences(await frames(newcomer, 2)) == [first, first + 1]
    assert not server.venue.desk.active(server.venue.mono_ns())
    await socket.close()


async def test_requests_and_connections_are_counted(venue: Venue) -> None:
    _, at, session = venue
    began_ms = (await admin(venue, "state"))["wall_ms"]
    assert await status(venue, "/user/balance") == 200
    assert await status(venue, "/user/balance", "wrong") == 401
    await fault(venue, kind="429", target="rest:/info/assets")
    assert await status(venue, "/info/assets", "key-2") == 429
    path = "/candles/BTC-USD/trades?interval=PT1M"
    topic = "candles:BTC-USD:trades:PT1M"
    async with (
        session.ws_connect(at.ws_url + path, headers={"X-Api-Key": "key-2"}) as stream,
        session.ws_connect(at.ws_url + path),
    ):
        await frames(stream, 1)
        assert (await admin(venue, "state"))["topics"][topic]["now"] == 2
    await until(lambda: deserted(venue))
    await fault(venue, kind="down", seconds=0.2)
    with pytest.raises(aiohttp.ClientError):
        await session.get(f"{at.base_url}/info/markets")

    state = await admin(venue, "state")
    assert state["topics"][topic] == {"now": 0, "ever": 2, "most": 2}
    for told in (state["requests"], state["requests"]["addresses"]["127.0.0.1"]):
        # The client of aiohttp tries a request again whose connection was reset.
        assert told["requests"] >= 6
        assert (told["refused"], told["overloads"]) == (0, 1)
        assert sum(told["minutes"].values()) == told["requests"]
    newest = (await admin(venue, f"requests?since_ms={began_ms}"))["requests"]
    stream_path = f"/stream.extended.exchange/v1{path}"
    assert [(one["account"], one["path"], one["status"]) for one in newest[::-1]][:6] == [
        ("1", "/api/v1/user/balance", 200),
        ("", "/api/v1/user/balance", 401),
        ("2", "/api/v1/info/assets", 429),
        ("2", stream_path, 101),
        ("1", stream_path, 101),
        ("1", "/api/v1/info/markets", 0),
    ]
    assert {one["address"] for one in newest} == {"127.0.0.1"}
    assert [one["at_ms"] for one in newest] == sorted((o["at_ms"] for o in newest), reverse=True)
    mine = (await admin(venue, "requests?account=2&limit=1"))["requests"]
    assert [one["path"] for one in mine] == [stream_path]
    assert (await admin(venue, f"requests?since_ms={newest[0]['at_ms'] + 1}"))["requests"] == []
    stays = (await admin(venue, "topics?topic=candles:"))["topics"][topic]
    assert all(began_ms <= one["opened_ms"] <= one["closed_ms"] for one in stays)
    assert len(stays) == 2


async def test_the_published_request_limit(venue: Venue) -> None:
    _, at, session = venue
    async with session.post(f"{at.admin_url}/rate_limit", json={"per_minute": 5}) as answer:
        assert answer.status == 200
    assert [await status(venue, "/info/assets") for _ in range(7)] == [200] * 5 + [429] * 2
    async with session.post(f"{at.admin_url}/rate_limit", json={"per_minute": None}):
        pass
    assert await status(venue, "/info/assets") == 200
    told = (await admin(venue, "state"))["requests"]
    assert (told["requests"], told["refused"], told["overloads"]) == (8, 2, 2)


async def test_the_limit_is_each_addresss_own(venue: Venue) -> None:
    """Exit addresses are told apart by the peer's address, as tests bind their proxies."""
    _, at, _ = venue
    async with venue[2].post(f"{at.admin_url}/rate_limit", json={"per_minute": 2}):
        pass
    for address in ("127.0.0.2", "127.0.0.3"):
        connector = aiohttp.TCPConnector(local_addr=(address, 0))
        async with aiohttp.ClientSession(connector=connector) as session:
            seen = []
            for _ in range(3):
                async with session.get(f"{at.base_url}/info/assets") as answer:
                    seen.append(answer.status)
        assert seen == [200, 200, 429]
    addresses = (await admin(venue, "state"))["requests"]["addresses"]
    assert {name: (one["requests"], one["refused"]) for name, one in addresses.items()} == {
        "127.0.0.2": (3, 1),
        "127.0.0.3": (3, 1),
    }


async def test_a_client_that_lags_too_far_is_dropped(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, at, session = venue
    monkeypatch.setattr(connection, "QUEUE_FRAMES_MAX", 1_500)
    socket = await open_live(venue)
    await fault(venue, kind="stall", target="book")
    async with session.post(f"{at.admin_url}/rate", json={"updates_per_s": 500}):
        pass

    async def dropped() -> bool:
        assert all(one.queued <= 1_500 for one in server.hub)
        return await deserted(venue)

    await until(dropped)
    await socket.close()


async def test_a_client_that_never_reads_is_dropped(venue: Venue) -> None:
    _, at, _ = venue
    reader, writer = await asyncio.open_connection(at.host, at.port)
    path = "/stream.extended.exchange/v1/orderbooks"
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: x\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    await until(lambda: joined(venue, "book:*"))
    await until(lambda: deserted(venue))
    writer.close()


@pytest.mark.parametrize(
    ("method", "path", "body", "word"),
    [
        ("POST", "/fault", b"{", "truncated"),
        ("POST", "/fault", b'{"kind":"gaps"}', "kind"),
        ("POST", "/fault", b'{"kind":"gap","seconds":3}', "seconds"),
        ("POST", "/fills", b'{"account":"9"}', "account"),
        ("POST", "/fills", b'{"account":"1","rate_per_s":-1}', "rate_per_s"),
        ("POST", "/fills", b'{"account":"1","rate_per_s":1e9}', "rate_per_s"),
        ("POST", "/fills", b'{"account":"1","markets":["X"]}', "market"),
        ("POST", "/rate", b'{"updates_per_s":9999}', "updates_per_s"),
        ("POST", "/rate_limit", b'{"per_minute":0}', "per_minute"),
        ("GET", "/ledger?account=9", b"", "account"),
        ("GET", "/ledger?account=1&since=x", b"", "since"),
        ("GET", "/ledger?account=1&parts=all", b"", "parts"),
        ("GET", "/book?market=X", b"", "market"),
        ("GET", "/book?market=BTC-USD&frame=99999999", b"", "frame"),
        ("GET", "/book?market=BTC-USD&seq=1", b"", "connection"),
        ("GET", "/requests?since_ms=x", b"", "since_ms"),
        ("GET", "/requests?limit=0", b"", "limit"),
        ("GET", "/requests?account=9", b"", "account"),
        ("POST", "/fault", b'{"kind":"skew","seconds":3}', "offset_s"),
        ("POST", "/fault", b'{"kind":"gap","text":"words"}', "text: expected none"),
        ("POST", "/fault", b'{"kind":"gap","target":"boot"}', "target: expected all"),
        ("POST", "/fault", b'{"kind":"gap","target":"book:count"}', "BTC-USD"),
        ("POST", "/fault", b'{"kind":"401","target":"rest:account:9"}', "account: and one of 1, 2"),
    ],
)
async def test_wrong_controls_are_explained(
    venue: Venue, method: str, path: str, body: bytes, word: str
) -> None:
    _, at, session = venue
    async with session.request(method, at.admin_url + path, data=body) as answer:
        assert answer.status == 400
        assert word in (await answer.json())["error"]
