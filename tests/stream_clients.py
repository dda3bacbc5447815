"""SSE and WebSocket clients that resume by id as a careful program would, and keep what came."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
import websockets

RECONNECT_SECONDS = 0.02
MESSAGE_BYTES_MAX = 8 * 2**20


@dataclass
class Received:
    """What one client was told, in order."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    connects: int = 0
    closings: int = 0

    def of(self, topic: str, *kinds: str) -> list[dict[str, Any]]:
        wanted = kinds or ("snapshot", "update")
        return [m for m in self.messages if m.get("topic") == topic and m["type"] in wanted]

    @property
    def topics(self) -> set[str]:
        return {m["topic"] for m in self.messages if m.get("topic")}

    def resets(self, topic: str) -> int:
        return len(self.of(topic, "reset"))


def sequence(identity: str) -> int:
    return int(identity.rpartition("-")[2])


def broken_chains(received: Received, topic: str) -> list[str]:
    """Holes and doubles of one topic: each update must name the id before it in its topic."""
    faults = []
    last: int | None = None
    for message in received.of(topic, "snapshot", "update", "reset"):
        if message["type"] == "reset":
            last = None
            continue
        number = sequence(message["id"])
        if message["type"] == "update":
            prev = sequence(message["prev"]) if message.get("prev") else 0
            if last is not None and prev != last:
                faults.append(f"{topic}: {message['id']} follows {prev}, the client had {last}")
            if last is not None and number <= last:
                faults.append(f"{topic}: {message['id']} after {last}")
        last = number
    return faults


class StreamClient:
    """Connects for ever, resuming from the newest id that it saw; `door` is `sse` or `ws`."""

    def __init__(self, url: str, door: str, *topics: str) -> None:
        self._url = url
        self._door = door
        self._topics = topics
        self._last_id = ""
        self._task: asyncio.Task[None] | None = None
        self._connection: asyncio.Task[None] | None = None
        self.received = Received()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        once = self._sse if self._door == "sse" else self._websocket
        while True:
            self._connection = asyncio.create_task(once())
            try:
                await asyncio.wait({self._connection})
                if not self._connection.cancelled():
                    self._connection.result()
            except asyncio.CancelledError:
                self._connection.cancel()
                raise
            except (aiohttp.ClientConnectorError, ConnectionRefusedError) as error:
                self.received.refused.append(repr(error))
            except (
                aiohttp.ClientError,
                websockets.WebSocketException,
                OSError,
                TimeoutError,
            ):
                pass
            await asyncio.sleep(RECONNECT_SECONDS)

    def drop(self) -> None:
        """Ends the connection as a bad network would; the client comes back by itself."""
        if self._connection is not None:
            self._connection.cancel()

    def _keep(self, message: dict[str, Any], marks: bool) -> None:
        self.received.messages.append(message)
        if message["type"] == "closing":
            self.received.closings += 1
        if marks and message.get("id"):
            self._last_id = message["id"]

    async def _sse(self) -> None:
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        parameters = {"topics": ",".join(self._topics)}
        async with (
            aiohttp.ClientSession(timeout=timeout, read_bufsize=2**20) as session,
            session.get(f"{self._url}/api/stream", params=parameters, headers=headers) as answer,
        ):
            if answer.status != 200:
                self.received.refused.append(f"{answer.status}: {await answer.text()}")
                return
            self.received.connects += 1
            identity, data = "", b""
            buffer = b""
            async for piece in answer.content.iter_any():
                buffer += piece
                *lines, buffer = buffer.split(b"\n")
                for line in lines:
                    name, _, value = line.partition(b": ")
                    if name == b"id":
                        identity = value.decode()
                    elif name == b"data":
                        data = value
                    elif not line and data:
                        self._keep(json.loads(data), marks=bool(identity))
                        identity, data = "", b""

    async def _websocket(self) -> None:
        url = self._url.replace("http", "ws", 1) + "/ws"
        async with websockets.connect(
            url, proxy=None, max_size=MESSAGE_BYTES_MAX, max_queue=None, compression=None
        ) as socket:
            self.received.connects += 1
            hello: dict[str, Any] = {"op": "subscribe", "topics": list(self._topics)}
            if self._last_id:
                hello["since"] = self._last_id
            await socket.send(json.dumps(hello))
            async for text in socket:
                message = json.loads(text)
                self._keep(message, marks=message["type"] in {"snapshot", "update"})
