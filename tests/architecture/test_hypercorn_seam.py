"""What `web/seam.py` relies on in Hypercorn: fails when Hypercorn changes beneath it."""

from __future__ import annotations

import ast
import asyncio
import inspect
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import websockets
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import (
    FrameTooLargeError,
    Handshake,
    WebsocketBuffer,
    WSStream,
)
from quart import Quart
from web_world import until

from web import seam
from web.frames import chunk, ping_frame, text_frame

WEB = Path(seam.__file__).parent


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    faults: list[BaseException] = []
    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    server = seam.Server(app, faults.append)
    await server.start(listener)
    yield port
    await server.stop(0.5)
    assert faults == []


async def ask(port: int, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    return reader, writer


def test_the_version_is_the_one_that_was_read() -> None:
    assert version("hypercorn").startswith("0.18."), "read the seam again, then move this line"


def test_only_the_seam_knows_hypercorn() -> None:
    knowing = set()
    for path in WEB.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(name.split(".")[0] in ("hypercorn", "wsproto", "h11") for name in names):
                knowing.add(path.name)
    assert knowing == {"seam.py"}


def test_signatures() -> None:
    assert list(inspect.signature(TCPServer.__init__).parameters) == [
        "self",
        "app",
        "loop",
        "config",
        "context",
        "state",
        "reader",
        "writer",
    ]
    assert list(inspect.signature(WebsocketBuffer.__init__).parameters) == ["self", "max_length"]
    handshake = inspect.signature(Handshake.__init__).parameters
    assert list(handshake) == ["self", "headers", "http_version"]
    accept = inspect.signature(Handshake.accept)
    assert list(accept.parameters) == ["self", "subprotocol", "additional_headers"]
    assert {"value", "length", "max_length"} <= set(vars(WebsocketBuffer(1)))
    assert issubclass(FrameTooLargeError, Exception)
    for owner, name in ((TCPServer, "protocol_send"), (WSStream, "app_send")):
        assert inspect.iscoroutinefunction(getattr(owner, name))
    # The bare error answers that become problem documents.
    source = inspect.getsource(H11Protocol._send_error_response)
    assert '(b"content-length", b"0")' in source


async def test_the_transport_comes_in_the_scopes_state_of_http_and_websocket() -> None:
    found: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found[scope["type"]] = seam.wire(scope)
        await receive()
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            stream = send.__self__
            assert isinstance(stream, WSStream)
            assert isinstance(stream.buffer, seam.MessageBuffer)
            assert isinstance(stream.handshake, seam.PlainHandshake)
            assert stream.handshake.extensions is None
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 1000})

    async with serving(app) as port:
        reader, writer = await ask(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 204")
        peer = writer.get_extra_info("sockname")
        wire = found["http"]
        assert isinstance(wire, seam.Wire)
        assert wire.transport.get_extra_info("peername") == peer
        assert wire.transport.get_write_buffer_size() == 0
        writer.close()
        async with websockets.connect(f"ws://127.0.0.1:{port}/", proxy=None) as client:
            with pytest.raises(websockets.ConnectionClosedOK):
                await client.recv()
        assert isinstance(found["websocket"], seam.Wire)


async def test_there_is_no_wire_but_for_http_1_1() -> None:
    lent = {"broadcaster.wire": "anything"}
    assert seam.wire({"http_version": "1.1", "state": lent}) is None
    assert seam.wire({"http_version": "1.1"}) is None

    found: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found.append(seam.wire(scope))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async with serving(app) as port:
        reader, writer = await ask(port, b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
        await reader.read()
        writer.close()
    assert found == [None]


async def test_after_accept_our_frames_stand_whole_between_hypercorns() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        wire = seam.wire(scope)
        assert wire is not None
        wire.transport.write(text_frame(b"ours") + text_frame(b"x" * 70_000))
        await send({"type": "websocket.send", "text": "theirs", "bytes": None})
        wire.transport.write(text_frame(b"ours again"))
        assert (await receive())["text"] == "done"
        await send({"type": "websocket.close", "code": 1001, "reason": "end"})

    async with (
        serving(app) as port,
        websockets.connect(f"ws://127.0.0.1:{port}/", proxy=None) as client,
    ):
        assert [await client.recv() for _ in range(4)] == [
            "ours",
            "x" * 70_000,
            "theirs",
            "ours again",
        ]
        await client.send("done")
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await client.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001


async def test_a_pong_is_heard_and_messages_still_come() -> None:
    ponged: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        wire = seam.wire(scope)
        assert wire is not None
        wire.on_pong = ponged.append
        await send({"type": "websocket.accept", "subprotocol": None, "headers": [(b"x-a", b"b")]})
        wire.transport.write(ping_frame(b"at 12:00") + ping_frame(b""))
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"], "bytes": None})

    async with (
        serving(app) as port,
        websockets.connect(f"ws://127.0.0.1:{port}/", proxy=None) as client,
    ):
        assert client.response is not None
        assert client.response.headers["x-a"] == "b"
        assert "sec-websocket-extensions" not in client.response.headers
        await client.send("text")
        assert await client.recv() == "text"
        await (await client.ping())
    assert ponged == [b"at 12:00", b""]


async def test_the_head_is_on_the_wire_once_the_response_has_started() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        wire = seam.wire(scope)
        assert wire is not None
        wire.transport.write(chunk(b"ours\n"))
        await send({"type": "http.response.body", "body": b"theirs\n", "more_body": True})
        wire.transport.write(chunk(b"ours again\n"))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async with serving(app) as port:
        request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        reader, writer = await ask(port, request)
        data = await reader.read()
        writer.close()
    head, _, body = data.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    assert body == chunk(b"ours\n") + chunk(b"theirs\n") + chunk(b"ours again\n") + b"0\r\n\r\n"


async def test_a_message_too_large_is_told_first_and_kept_nowhere() -> None:
    told: list[int] = []
    buffers: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        wire = seam.wire(scope)
        assert wire is not None
        wire.on_too_large = lambda: told.append(1)
        buffers.append(send.__self__.buffer)
        await send({"type": "websocket.accept"})
        await receive()

    async with (
        serving(app) as port,
        websockets.connect(f"ws://127.0.0.1:{port}/", proxy=None, compression=None) as client,
    ):
        await client.send("x" * (seam.MESSAGE_BYTES_MAX * 5))
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await client.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1009
    assert told
    assert buffers[0].length <= seam.MESSAGE_BYTES_MAX


async def test_stopping_ends_idle_connections_at_once_and_stuck_ones_after_the_grace() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.Event().wait()

    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = seam.Server(app, lambda error: None)
    await server.start(listener)
    idle = await asyncio.open_connection("127.0.0.1", port)
    stuck = await ask(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await stuck[0].readline()
    assert server.connections == 2
    loop = asyncio.get_running_loop()
    began = loop.time()
    await server.stop(0.2)
    assert 0.15 < loop.time() - began < 1.0
    assert server.connections == 0
    for _, writer in (idle, stuck):
        writer.close()


async def test_a_client_that_goes_between_two_requests_leaves_nothing_behind() -> None:
    """Hypercorn itself keeps its connection until the keep-alive time-out."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        fields = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    faults: list[BaseException] = []
    server = seam.Server(app, faults.append)
    await server.start(listener)
    reader, writer = await ask(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
    assert server.connections == 1
    writer.close()
    await until(lambda: not server.connections, "the connection is gone")
    await server.stop(0.5)
    assert faults == []


@pytest.mark.parametrize("target", [b"?x", b"http://[", b"*"])
async def test_a_target_that_is_no_path_reaches_the_framework_as_one_that_nobody_has(
    target: bytes,
) -> None:
    """Quart looks at the first letter of what it gets, or takes it for an address."""
    app = Quart("unread", static_folder=None)
    async with serving(app) as port:
        request = b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % target
        reader, writer = await ask(port, request)
        async with asyncio.timeout(5):
            assert b" 404 " in (await reader.read()).split(b"\r\n")[0]
        writer.close()
