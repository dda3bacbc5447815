"""A venue of one market in the test's loop: what it says, and when, the test decides."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any

from actor_context import KeptContext
from aiohttp import WSMsgType, web

SYMBOL = "BTC-USD"
MINUTE_MS = 60_000
Row = dict[str, Any]


class MarketStage:
    """REST candles and figures, and streams that only say what is pushed.

    `minute(n)` is the start of minute n; the venue's clock is wherever `at(n)` put it last.
    """

    def __init__(self) -> None:
        self.rows: list[Row] = []
        """Newest last; served newest first."""
        self.figures: dict[str, str] = {"lastPrice": "100"}
        self.refused_intervals: set[str] = set()
        self.failing: int | None = None
        self.streams_refused = False
        self.history_open = asyncio.Event()
        self.history_open.set()
        self.asked: list[dict[str, str]] = []
        self.figures_asked = 0
        self.paths: list[str] = []
        self.open: dict[web.WebSocketResponse, int] = {}
        self.port = 0
        self._now_ms = round(time.time() * 1e3)
        self._first_ms = self._now_ms // MINUTE_MS * MINUTE_MS
        self._offset_s = 0.0

    def config(self, **more: str) -> dict[str, str]:
        return {
            "venue": "extended",
            "product": "linear",
            "symbol": SYMBOL,
            "base_url": f"http://127.0.0.1:{self.port}/api/v1",
            "ws_url": f"ws://127.0.0.1:{self.port}/v1",
            **more,
        }

    # what the venue is made to say

    def minute(self, number: int) -> int:
        return self._first_ms + number * MINUTE_MS

    def at(self, number: float) -> None:
        """Sets the venue's clock, which its answers tell by whole seconds."""
        self._offset_s = (self._first_ms + number * MINUTE_MS) / 1e3 - time.time()

    def row(self, number: int, close: str = "100") -> Row:
        return {
            "o": "100",
            "h": "200",
            "l": "50",
            "c": close,
            "v": "1.5",
            "T": self.minute(number),
        }

    async def push(self, *rows: Row, skip: int = 0) -> None:
        """One frame to every open stream; `skip` leaves a hole in the numbering before it."""
        for socket in list(self.open):
            self.open[socket] += 1 + skip
            frame = {"data": list(rows), "ts": self.minute(0), "seq": self.open[socket]}
            await socket.send_str(json.dumps(frame))

    async def push_text(self, text: str) -> None:
        for socket in list(self.open):
            await socket.send_str(text)

    async def cut(self) -> None:
        for socket in list(self.open):
            await socket.close()

    # the venue

    async def _candles(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.query))
        await self.history_open.wait()
        if self.failing is not None:
            return self._answer({"status": "ERROR"}, self.failing)
        if request.query["interval"] in self.refused_intervals:
            error = {"code": 1005, "message": "interval not supported"}
            return self._answer({"status": "ERROR", "error": error}, 400)
        limit = int(request.query["limit"])
        return self._answer({"status": "OK", "data": self.rows[::-1][:limit]})

    async def _stats(self, _: web.Request) -> web.Response:
        self.figures_asked += 1
        if self.failing is not None:
            return self._answer({"status": "ERROR"}, self.failing)
        return self._answer({"status": "OK", "data": self.figures})

    def _answer(self, body: object, status: int = 200) -> web.Response:
        date = formatdate(time.time() + self._offset_s, usegmt=True)
        return web.json_response(body, status=status, headers={"Date": date})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path_qs)
        if self.streams_refused:
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.open[socket] = 0
        try:
            async for message in socket:
                if message.type is WSMsgType.ERROR:
                    break
        finally:
            del self.open[socket]
        return socket

    @asynccontextmanager
    async def served(self) -> AsyncIterator[MarketStage]:
        app = web.Application()
        app.router.add_get(f"/api/v1/info/candles/{SYMBOL}/trades", self._candles)
        app.router.add_get(f"/api/v1/info/markets/{SYMBOL}/stats", self._stats)
        app.router.add_get("/v1/{path:.*}", self._stream)
        runner = web.AppRunner(app, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            self.history_open.set()
            await self.cut()
            await runner.cleanup()


@asynccontextmanager
async def living(run: Any, actor: str, config: dict[str, str]) -> AsyncIterator[KeptContext]:
    """The actor `run` until the test is done with it; what it raised by itself is raised."""
    context = KeptContext(actor, config)
    task = asyncio.ensure_future(run(context))
    try:
        yield context
    finally:
        context.stopping.set()
        async with asyncio.timeout(10):
            await task
