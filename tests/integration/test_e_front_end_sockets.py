"""(e) WebSockets through a front end: messages, codes and refusals both ways, nothing hoarded."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

import pytest
import websockets
from front_world import LOCAL_TOKEN, REMOTE_TOKEN, front_of, remote_that, says, socket_remote
from web_world import until
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from web.remote.bounds import Limits

TICKET = "a" * 43


def dial(url: str, **options: Any) -> Any:
    return connect(url, proxy=None, compression=None, ping_interval=None, **options)


async def echo(remote: ServerConnection) -> None:
    async for message in remote:
        await remote.send(message)


async def test_messages_pass_one_by_one_and_in_order() -> None:
    async with socket_remote(echo) as base, front_of(base + "/below") as front:
        async with dial(front.ws + "?a=b") as socket:
            for message in ("text", "ü", b"bytes", "", b"", "x" * 65_536):
                await socket.send(message)
                assert await socket.recv() == message
            assert front.relay.running == 1
        await until(lambda: front.relay.running == 0, "it is over")
    assert front.reported == []


async def test_the_remote_sees_who_calls_and_our_right_alone() -> None:
    seen: list[ServerConnection] = []

    async def keep(remote: ServerConnection) -> None:
        seen.append(remote)
        await remote.wait_closed()

    async with (
        socket_remote(keep) as base,
        front_of(base + "/below", token=LOCAL_TOKEN, remote_token=REMOTE_TOKEN) as front,
    ):
        headers = {"Authorization": f"Bearer {LOCAL_TOKEN}", "X-Forwarded-For": "9.9.9.9"}
        async with dial(front.ws + "?a=b", additional_headers=headers):
            pass
        async with dial(f"{front.ws}/dashboard?token={LOCAL_TOKEN}"):
            pass
        async with dial(f"{front.ws}?ticket={TICKET}"):
            pass
        requests = [remote.request for remote in seen]
        assert [request.path for request in requests if request] == [
            "/below/ws?a=b",
            "/below/ws/dashboard",
            f"/below/ws?ticket={TICKET}",
        ]
        rights = [request.headers.get("Authorization") for request in requests if request]
        assert rights == [f"Bearer {REMOTE_TOKEN}"] * 2 + [None]
        assert requests[0]
        assert requests[0].headers["X-Forwarded-For"] == "9.9.9.9, 127.0.0.1"
        assert requests[0].headers["Host"] == base.removeprefix("http://")
        with pytest.raises(ConnectionClosed) as closed:
            async with dial(front.ws) as socket:
                await socket.recv()
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 1008
        assert len(seen) == 3


async def test_the_subprotocol_is_the_remotes_choice() -> None:
    async with (
        socket_remote(echo, subprotocols=["two"]) as base,
        front_of(base) as front,
        dial(front.ws, subprotocols=["one", "two"]) as socket,
    ):
        assert socket.subprotocol == "two"
    async with (
        socket_remote(echo) as base,
        front_of(base) as front,
        dial(front.ws, subprotocols=["one"]) as socket,
    ):
        assert socket.subprotocol is None


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        (1000, "done", (1000, "done")),
        (1001, "the service stops", (1001, "the service stops")),
        (1013, "too slow", (1013, "too slow")),
        (4321, "own", (4321, "own")),
    ],
)
async def test_a_close_of_the_remote(code: int, reason: str, expected: tuple[int, str]) -> None:
    async def closing(remote: ServerConnection) -> None:
        await remote.send("last words")
        await remote.close(code, reason)

    async with socket_remote(closing) as base, front_of(base) as front, dial(front.ws) as socket:
        assert await socket.recv() == "last words"
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == expected
        await until(lambda: front.relay.running == 0, "it is over")


async def test_a_remote_that_just_ends_is_said_to_be_gone() -> None:
    async def dying(remote: ServerConnection) -> None:
        await remote.send("last words")
        remote.transport.abort()

    async with socket_remote(dying) as base, front_of(base) as front, dial(front.ws) as socket:
        await socket.wait_closed()
        assert socket.close_code == 1013


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [(1000, "bye", (1000, "bye")), (1001, "", (1001, "")), (4000, "own", (4000, "own"))],
)
async def test_a_close_of_the_client(code: int, reason: str, expected: tuple[int, str]) -> None:
    heard: list[Any] = []
    over = asyncio.Event()

    async def keep(remote: ServerConnection) -> None:
        heard.append(await remote.recv())
        await remote.wait_closed()
        heard.append((remote.close_code, remote.close_reason))
        over.set()

    async with socket_remote(keep) as base, front_of(base) as front:
        socket = await dial(front.ws)
        # What was sent before the close is not lost by it.
        await socket.send("last words")
        await socket.close(code, reason)
        async with asyncio.timeout(5):
            await over.wait()
        assert heard == ["last words", expected]
        await until(lambda: front.relay.running == 0, "it is over")


async def test_a_client_that_just_ends_is_said_to_go() -> None:
    codes: asyncio.Queue[int | None] = asyncio.Queue()

    async def keep(remote: ServerConnection) -> None:
        await remote.wait_closed()
        codes.put_nowait(remote.close_code)

    async with socket_remote(keep) as base, front_of(base) as front:
        socket = await dial(front.ws)
        socket.transport.abort()
        async with asyncio.timeout(5):
            assert await codes.get() == 1001


async def test_a_message_beyond_the_limit_ends_both_sides() -> None:
    codes: asyncio.Queue[int | None] = asyncio.Queue()

    async def keep(remote: ServerConnection) -> None:
        await remote.wait_closed()
        codes.put_nowait(remote.close_code)

    async with socket_remote(keep) as base, front_of(base) as front:
        async with dial(front.ws) as socket:
            await socket.send("x" * 65_537)
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 1009
        async with asyncio.timeout(5):
            assert await codes.get() == 1009


async def test_a_remote_that_refuses_is_heard() -> None:
    def refuse(remote: ServerConnection, _request: Any) -> Any:
        answer = remote.respond(HTTPStatus.TOO_MANY_REQUESTS, '{"status":429}')
        answer.headers["Retry-After"] = "7"
        return answer

    async with socket_remote(echo, process_request=refuse) as base, front_of(base) as front:
        with pytest.raises(InvalidStatus) as refused:
            await dial(front.ws)
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["Retry-After"] == "7"
        assert refused.value.response.body == b'{"status":429}'


@pytest.mark.parametrize("location", ["http://evil.example/", "/ws", "ws://127.0.0.1:1/ws"])
async def test_a_redirect_of_a_handshake_is_not_followed(location: str) -> None:
    async with remote_that(says("302 Found", b"", f"Location: {location}")) as remote:
        async with front_of(remote.base) as front:
            with pytest.raises(InvalidStatus) as refused:
                await dial(front.ws)
        assert refused.value.response.status_code == 502
        assert len(remote.asked) == 1


async def test_the_remote_away_refuses_the_handshake_and_comes_back() -> None:
    async with remote_that(says("200 OK")) as remote:
        base = remote.base
    async with front_of(base, remote_token=REMOTE_TOKEN) as front:
        with pytest.raises(InvalidStatus) as refused:
            await dial(front.ws)
        answer = refused.value.response
        assert answer.status_code == 502
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert json.loads(answer.body or b"")["type"] == "/docs#problem-remote-unreachable"
        async with websockets.serve(echo, "127.0.0.1", remote.port), dial(front.ws) as socket:
            await socket.send("here")
            assert await socket.recv() == "here"
        assert [level for level, _ in front.said] == ["warning", "info"]


async def test_a_remote_that_never_answers_the_handshake() -> None:
    async def silent(asked: Any) -> None:
        await asked.reader.read()

    limits = Limits(handshake_s=0.3)
    async with remote_that(silent) as remote, front_of(remote.base, limits=limits) as front:
        with pytest.raises(InvalidStatus) as refused:
            await dial(front.ws)
        assert refused.value.response.status_code == 502


async def test_other_paths_and_too_many_are_refused() -> None:
    async with socket_remote(echo) as base, front_of(base, streams_max=1) as front:
        with pytest.raises(InvalidStatus) as refused:
            await dial(f"ws://127.0.0.1:{front.port}/elsewhere")
        assert refused.value.response.status_code == 404
        async with dial(front.ws):
            with pytest.raises(InvalidStatus) as refused:
                await dial(front.ws)
            assert refused.value.response.status_code == 503


async def test_a_client_that_does_not_read_makes_the_remote_wait_and_is_dropped() -> None:
    sent = 0
    stuck = asyncio.Event()
    over = asyncio.Event()

    async def pour(remote: ServerConnection) -> None:
        nonlocal sent
        sending = asyncio.ensure_future(remote.send("x" * 65_536))
        try:
            while True:
                done, _ = await asyncio.wait({sending}, timeout=0.5)
                if not done:
                    stuck.set()
                await sending
                sent += 65_536
                sending = asyncio.ensure_future(remote.send("x" * 65_536))
        except ConnectionClosed:
            over.set()

    limits = Limits(stall_s=1.0, goodbye_s=0.3)
    async with socket_remote(pour) as base, front_of(base, limits=limits) as front:
        reader, writer = await asyncio.open_connection("127.0.0.1", front.port, limit=1024)
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert b" 101 " in await reader.readuntil(b"\r\n")
        async with asyncio.timeout(20):
            await stuck.wait()
            assert sent < 32 * 2**20
            await over.wait()
        await until(lambda: front.relay.running == 0, "it was dropped", 10)
        writer.close()
    assert front.reported == []


async def test_a_remote_that_does_not_read_makes_the_client_wait() -> None:
    released = asyncio.Event()
    got: list[int] = []

    async def stubborn(remote: ServerConnection) -> None:
        await released.wait()
        while True:
            got.append(len(await remote.recv()))

    async with socket_remote(stubborn, max_queue=1) as base, front_of(base) as front:
        async with dial(front.ws, write_limit=1024) as socket:
            count = 0
            while True:
                try:
                    async with asyncio.timeout(1.0):
                        await socket.send("y" * 60_000)
                except TimeoutError:
                    break
                count += 1
                assert count < 1000, "it never waits"
            released.set()
            await until(lambda: len(got) >= count, "all of it arrives")
        assert set(got) == {60_000}


async def test_a_stop_is_told_to_both_sides() -> None:
    codes: asyncio.Queue[int | None] = asyncio.Queue()

    async def keep(remote: ServerConnection) -> None:
        await remote.wait_closed()
        codes.put_nowait(remote.close_code)

    async with socket_remote(keep) as base, front_of(base) as front, dial(front.ws) as socket:
        front.relay.end_all()
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (
            1001,
            "the service stops",
        )
        async with asyncio.timeout(5):
            assert await codes.get() == 1001


async def test_clients_are_pinged_here() -> None:
    async def keep(remote: ServerConnection) -> None:
        await remote.wait_closed()

    async with socket_remote(keep) as base, front_of(base, limits=Limits(ping_s=0.05)) as front:
        reader, writer = await asyncio.open_connection("127.0.0.1", front.port)
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(5):
            assert await reader.readexactly(2) == b"\x89\x00"
        writer.close()
