"""A front end in the test's loop, and a remote behind it that does what the test says."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from web_world import NOT_BUILT, SETTINGS
from websockets.asyncio.server import Server as SocketServer
from websockets.asyncio.server import ServerConnection, serve

from actors.runtime.clock import SystemClock
from web.remote.app import FrontEnd, Relay
from web.remote.bounds import Limits
from web.seam import Server
from web.service import Settings

LOCAL_TOKEN = "local-token-0123456789"  # made here, opens nothing
REMOTE_TOKEN = "remote-token-0123456789"  # made here, opens nothing


@dataclass
class Asked:
    """A call as the remote saw it, byte for byte."""

    line: str
    fields: list[tuple[str, str]]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    def one(self, name: str) -> str | None:
        found = self.all(name)
        assert len(found) < 2, self.fields
        return found[0] if found else None


Answer = Callable[[Asked], Awaitable[None]]


@dataclass
class Remote:
    """Plain sockets, so that nothing is tidied on the way; `answer` may be changed at any time."""

    answer: Answer
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *rows = head.rstrip("\r\n").split("\r\n")
            pairs = [row.split(":", 1) for row in rows]
            asked = Asked(line, [(k.lower(), v.strip()) for k, v in pairs], reader, writer)
            self.asked.append(asked)
            await self.answer(asked)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def says(status: str, body: bytes = b"", *fields: str, length: bool = True) -> Answer:
    """An answer in one piece; the connection closes after it."""

    async def answer(asked: Asked) -> None:
        rows = [f"HTTP/1.1 {status}", "Connection: close", *fields]
        if length:
            rows.append(f"Content-Length: {len(body)}")
        asked.writer.write("\r\n".join([*rows, "", ""]).encode() + body)
        await asked.writer.drain()

    return answer


@asynccontextmanager
async def remote_that(answer: Answer, port: int = 0) -> AsyncIterator[Remote]:
    remote = Remote(answer)
    server = await asyncio.start_server(remote.serve, "127.0.0.1", port)
    remote.port = server.sockets[0].getsockname()[1]
    try:
        yield remote
    finally:
        server.close()


@asynccontextmanager
async def socket_remote(
    handler: Callable[[ServerConnection], Awaitable[None]], **options: Any
) -> AsyncIterator[str]:
    """A remote that speaks WebSocket alone; its base."""
    server: SocketServer
    async with serve(handler, "127.0.0.1", 0, compression=None, **options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"http://127.0.0.1:{port}"


@dataclass
class Front:
    """The front end that is served; what it said and reported."""

    relay: Relay
    port: int
    said: list[tuple[str, str]]
    reported: list[BaseException]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"


@asynccontextmanager
async def front_of(
    base: str,
    *,
    token: str = "",
    remote_token: str = "",
    limits: Limits | None = None,
    calls_max: int = 64,
    streams_max: int = 64,
    built: Path = NOT_BUILT,
    **settings: Any,
) -> AsyncIterator[Front]:
    said: list[tuple[str, str]] = []
    reported: list[BaseException] = []
    relay = Relay(
        FrontEnd(
            base=base,
            remote_token=remote_token,
            settings=msgspec.convert({**SETTINGS, "accounts": [], **settings}, Settings),
            token=token,
            clock=SystemClock(),
            say=lambda level, text: said.append((level, text)),
            report=reported.append,
            limits=limits or Limits(),
            calls_max=calls_max,
            streams_max=streams_max,
            built=built,
        )
    )
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = Server(relay, reported.append)
    relay.open()
    await server.start(listener)
    try:
        yield Front(relay, port, said, reported)
    finally:
        relay.end_all()
        await server.stop(0.5)
        await relay.close()


async def raw_call(port: int, text: bytes, seconds: float = 5.0) -> bytes:
    """Sends bytes as they are; all that comes back until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(text)
        async with asyncio.timeout(seconds):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()
