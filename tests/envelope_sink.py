"""A sink that speaks Sentry's envelope endpoint on loopback, in a thread, and may misbehave."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any, NamedTuple, Self

from aiohttp import web

KEY = "a1b2c3canarydsnkey4d5e6f"
BODY_BYTES_MAX = 1024 * 1024


class Received(NamedTuple):
    """One event, its attachments by name, and the whole body that brought them."""

    event: dict[str, Any]
    attachments: dict[str, str]
    body: bytes
    key: str

    @property
    def tags(self) -> dict[str, str]:
        tags: dict[str, str] = self.event["tags"]
        return tags

    @property
    def types(self) -> list[str]:
        values = self.event.get("exception", {}).get("values", [])
        return [value["type"] for value in values]

    @property
    def title(self) -> str:
        text: str = self.event.get("logentry", {}).get("formatted", "")
        return text


class EnvelopeSink:
    """`mode`: `take`, `refuse` (500) or `hang` (accepts, reads, never answers)."""

    def __init__(self, mode: str = "take") -> None:
        self.mode = mode
        self.requests = 0
        self.bodies: list[bytes] = []
        self.received: list[Received] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._opened = threading.Event()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def dsn(self) -> str:
        return f"http://{KEY}@127.0.0.1:{self.port}/1"

    def of(self, **tags: str) -> list[Received]:
        return [each for each in list(self.received) if tags.items() <= each.tags.items()]

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._opened.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._run())
        finally:
            self._loop.close()

    async def _run(self) -> None:
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_post("/api/1/envelope/", self._take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        self._opened.set()
        await self._end.wait()
        await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.requests += 1
        body = await request.read()
        self.bodies.append(body)
        if self.mode == "hang":
            await self._end.wait()
        if self.mode == "refuse":
            return web.Response(status=500)
        self.received.append(parsed(body, request.headers.get("X-Sentry-Auth", "")))
        return web.json_response({"id": "0"})


def parsed(body: bytes, key: str = "") -> Received:
    _, rest = body.split(b"\n", 1)
    event: dict[str, Any] = {}
    attachments: dict[str, str] = {}
    while rest.strip():
        line, rest = rest.split(b"\n", 1)
        header = json.loads(line)
        payload, rest = rest[: header["length"]], rest[header["length"] + 1 :]
        if header["type"] == "event":
            event = json.loads(payload)
        else:
            attachments[header["filename"]] = payload.decode()
    return Received(event, attachments, body, key)
