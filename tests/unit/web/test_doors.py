"""SSE and WebSocket over real sockets: handshakes, resume, closes, cleaning up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import websockets
from web_world import BTC, Served, World, serving, until

import web.websocket
from web.clients import REFUSED, TOO_LARGE
from web.seam import MESSAGE_BYTES_MAX

FILLS = "fills:extended:1"


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    world = World()
    world.full()
    async with serving(world) as up:
        yield up
    assert world.reported == []


def connect(served: Served, **more: Any) -> Any:
    return websockets.connect(served.ws, proxy=None, max_size=None, **more)


async def ask(socket: Any, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def hear(socket: Any, *kinds: str) -> dict[str, Any]:
    """The next message, of one of these types."""
    async with asyncio.timeout(5):
        message: dict[str, Any] = json.loads(await socket.recv())
    assert not kinds or message["type"] in kinds, message
    return message


async def events(answer: aiohttp.ClientResponse, count: int) -> list[dict[str, str]]:
    """The next events of an SSE answer, comments passed over."""
    found: list[dict[str, str]] = []
    event: dict[str, str] = {}
    async with asyncio.timeout(5):
        async for line in answer.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                event[name] = value
            elif event:
                if "data" in event:
                    found.append(event)
                event = {}
                if len(found) == count:
                    return found
    return found


# SSE


async def test_sse_gives_snapshots_then_changes_and_resumes_by_header(served: Served) -> None:
    world = served.world
    url = f"{served.url}/api/stream?topics={FILLS},{BTC}"
    async with aiohttp.ClientSession() as http:
        async with http.get(url) as answer:
            assert answer.content_type == "text/event-stream"
            assert answer.headers["Cache-Control"] == "no-store"
            first = await events(answer, 2)
            assert {event["event"] for event in first} == {"snapshot"}
            world.fill(10)
            (update,) = await events(answer, 1)
            assert json.loads(update["data"])["data"]["fill_id"] == "10"
        world.fill(11)
        world.delta()
        for key in ("Last-Event-ID", ""):
            headers = {key: update["id"]} if key else {}
            query = "" if key else f"&last_event_id={update['id']}"
            async with http.get(url + query, headers=headers) as answer:
                missed = await events(answer, 2)
            assert [event["event"] for event in missed] == ["update", "update"]
            assert json.loads(missed[0]["data"])["prev"] == update["id"]
    await until(lambda: world.feed.count == 0, "the clients are forgotten")


async def test_sse_without_topics_gives_the_accounts(served: Served) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{served.url}/api/stream") as answer:
        found = [json.loads(event["data"])["topic"] for event in await events(answer, 8)]
    assert len(set(found)) == 8
    assert not [topic for topic in found if topic.startswith("orderbook")]


async def test_sse_ends_with_a_closing_event_and_a_whole_body(served: Served) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{served.url}/api/stream?topics={FILLS}") as answer,
    ):
        await events(answer, 1)
        stopping = asyncio.create_task(served.stop())
        (closing,) = await events(answer, 5)
        assert closing["event"] == "closing"
        assert json.loads(closing["data"])["code"] == 1001
        assert answer.content.at_eof()
        await stopping


async def test_sse_over_http_1_0_goes_without_chunks(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(f"GET /api/stream?topics={FILLS} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"chunked" not in head.lower()
        assert (await reader.readuntil(b"\n\n")) == b"retry: 1000\n\n"
        assert b"event: snapshot" in await reader.readuntil(b"\n\n")
        served.world.fill(10)
        assert b'"fill_id":"10"' in await reader.readuntil(b"\n\n")
    writer.close()
    await until(lambda: served.world.feed.count == 0, "the client is forgotten")


# WebSocket


async def test_a_client_that_asks_for_nothing_gets_all_account_topics(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.websocket, "DEFAULT_AFTER_S", 0.05)
    async with connect(served) as socket:
        await hear(socket, "welcome")
        subscribed = await hear(socket, "subscribed")
        assert "fills:*:*" in subscribed["topics"]
        topics = {(await hear(socket, "snapshot"))["topic"] for _ in range(8)}
        assert FILLS in topics


async def test_who_asks_in_time_gets_only_that(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.websocket, "DEFAULT_AFTER_S", 0.2)
    async with connect(served) as socket:
        await hear(socket, "welcome")
        await ask(socket, op="subscribe", topics=[BTC])
        await hear(socket, "subscribed")
        assert (await hear(socket, "snapshot"))["topic"] == BTC
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await socket.recv()


async def test_subscribe_change_unsubscribe_ping(served: Served) -> None:
    async with connect(served) as socket:
        welcome = await hear(socket, "welcome")
        assert welcome["stream"] == "testing"
        await ask(socket, op="subscribe", topics=[BTC])
        await hear(socket, "subscribed")
        snapshot = await hear(socket, "snapshot")
        served.world.delta(bids=(("100", "0"),))
        update = await hear(socket, "update")
        assert update["prev"] == snapshot["id"]
        assert update["data"]["bids"] == [["100", "0"]]
        await ask(socket, op="ping")
        await hear(socket, "pong")
        await ask(socket, op="unsubscribe", topics=[BTC])
        await hear(socket, "unsubscribed")
        served.world.delta()
        await ask(socket, op="ping")
        await hear(socket, "pong")


async def test_since_resumes_exactly(served: Served) -> None:
    since = f"testing-{served.world.replica.store.seq}"
    served.world.fill(10)
    served.world.fill(11)
    async with connect(served) as socket:
        await hear(socket, "welcome")
        await ask(socket, op="subscribe", topics=[FILLS], since=since)
        await hear(socket, "subscribed")
        got = [(await hear(socket, "update"))["data"]["fill_id"] for _ in range(2)]
    assert got == ["10", "11"]


async def test_our_frames_and_the_servers_own_do_not_mix(served: Served) -> None:
    """Pongs by the server and frames by the feed interleave whole."""
    async with connect(served, ping_interval=None) as socket:
        await hear(socket, "welcome")
        await ask(socket, op="subscribe", topics=[BTC])
        await hear(socket, "subscribed")
        await hear(socket, "snapshot")
        for _ in range(50):
            waiter = await socket.ping()
            served.world.delta()
            await hear(socket, "update")
            await waiter


async def test_compression_is_not_negotiated(served: Served) -> None:
    async with connect(served, compression="deflate") as socket:
        assert socket.protocol.extensions == []
        await hear(socket, "welcome")


async def test_a_message_that_is_too_large_closes_with_1009(served: Served) -> None:
    async with connect(served) as socket:
        await hear(socket, "welcome")
        await socket.send("x" * (MESSAGE_BYTES_MAX + 1))
        await hear(socket, "closing")
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await socket.recv()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == TOO_LARGE
    await until(lambda: served.world.feed.count == 0, "the client is forgotten")


async def test_a_flood_of_messages_closes_with_1008(served: Served) -> None:
    async def flood(socket: Any) -> None:
        for _ in range(web.websocket.MESSAGES_MAX + 5):
            await ask(socket, op="ping")
        while True:
            await hear(socket, "welcome", "pong", "closing")

    async with connect(served) as socket:
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await flood(socket)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == REFUSED


async def test_a_fault_of_ours_closes_with_1011(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("inside")

    monkeypatch.setattr(served.world.feed, "check", fail)
    async with connect(served) as socket:
        await hear(socket, "welcome")
        await ask(socket, op="subscribe", topics=[BTC])
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await socket.recv()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1011
    assert [str(error) for error in served.world.reported] == ["inside"]
    served.world.reported.clear()


async def test_the_client_may_close(served: Served) -> None:
    async with connect(served) as socket:
        await hear(socket, "welcome")
    assert socket.close_code == 1000
    await until(lambda: served.world.feed.count == 0, "the client is forgotten")


async def test_one_star_subscribes_to_everything_that_is_served(served: Served) -> None:
    async with connect(served) as socket:
        await hear(socket, "welcome")
        await ask(socket, op="subscribe", topics=["fills:*"])
        await hear(socket, "subscribed")
        told = {(await hear(socket, "snapshot"))["topic"] for _ in range(2)}
        assert told == {"fills:extended:1", "fills:extended:2"}
        known = {t for t in served.world.feed.known_topics() if not t.startswith("instruments:")}
        await ask(socket, op="subscribe", topics=["*"])
        await hear(socket, "subscribed")
        # What it has already is not told again.
        more = {(await hear(socket, "snapshot"))["topic"] for _ in range(len(known) - 2)}
    assert more == known - told


async def test_a_wrong_topic_is_answered_with_what_can_be_asked_for(served: Served) -> None:
    async with connect(served) as socket:
        await hear(socket, "welcome")
        await ask(socket, op="subscribe", topics=["mark:extended:linear:BTC-USD"])
        error = await hear(socket, "error")
    assert BTC in error["expected"]
    assert "instruments:" not in error["expected"]


async def test_an_unknown_socket_path_is_a_problem_document(served: Served) -> None:
    for path, status in (("/ws/nowhere", 404), ("/ws/dashboard", 501)):
        with pytest.raises(websockets.InvalidStatus) as caught:
            await websockets.connect(f"ws://127.0.0.1:{served.port}{path}", proxy=None)
        response = caught.value.response
        assert response.status_code == status
        assert response.headers["Content-Type"] == "application/problem+json"
        assert json.loads(response.body or b"")["status"] == status


def held_up_s() -> float:
    """How long this thread has waited for a processor that others had."""
    _, waited_ns, _ = Path("/proc/thread-self/schedstat").read_text().split()
    return int(waited_ns) / 1e9


async def test_200_clients_of_each_door_are_told_and_closed_within_2_s(served: Served) -> None:
    loop = asyncio.get_running_loop()
    world = served.world

    async def over_sse(http: aiohttp.ClientSession) -> str:
        async with http.get(f"{served.url}/api/stream?topics={BTC}") as answer:
            *_, last = await events(answer, 10**6)
            return last["event"]

    async def over_websocket() -> int:
        async with connect(served) as socket:
            await ask(socket, op="subscribe", topics=[BTC])
            kinds = [json.loads(text)["type"] async for text in socket]
            assert kinds[-1] == "closing"
            return int(socket.close_code or 0)

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        clients: list[asyncio.Task[Any]] = []
        for _ in range(200):
            clients += [asyncio.create_task(over_sse(http)), asyncio.create_task(over_websocket())]
        await until(lambda: world.feed.count == 400, "all are served", 20)
        # Clients and service share this thread: what others take of the machine does not count.
        began = loop.time() - held_up_s()
        await served.stop()
        took_s = loop.time() - held_up_s() - began
        ends = await asyncio.gather(*clients)
    assert sorted(map(str, ends)) == ["1001"] * 200 + ["closing"] * 200
    assert took_s < 2.0
    assert served.server.connections == 0
