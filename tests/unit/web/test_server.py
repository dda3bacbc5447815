"""The web process whole: a real cache on a unix socket, a source, clients, an ordered end."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from web_world import CONFIG, FILL_TOPIC, fill_struct, until

from actors.cache.actor import run as run_cache
from actors.errors import ConfigFault
from actors.messages.control import Hello
from actors.messages.envelope import VERSION, Envelope
from actors.runtime.clock import SystemClock
from actors.runtime.context import Progress
from actors.runtime.framing import encode_body, pack
from web.server import run as run_web

SOURCE = "account:extended:1"


class FakeContext:
    """What the runtime would give."""

    def __init__(self, actor_id: str, config: dict[str, Any], **descriptors: int) -> None:
        self.actor_id = actor_id
        self.epoch = 1
        self.config = config
        self.clock = SystemClock()
        self.stopping = asyncio.Event()
        self.progress = Progress(self.clock)
        self.is_ready = asyncio.Event()
        self.faults: list[Any] = []
        self._descriptors = descriptors

    def descriptor(self, name: str) -> int:
        return self._descriptors[name]

    def secrets(self) -> dict[str, str]:
        return {}

    def ready(self) -> None:
        self.is_ready.set()

    def fault(self, fault: Any, level: str = "warning") -> None:
        self.faults.append(fault)

    def capture(self, error: BaseException) -> None:
        self.faults.append(error)

    def log(self, level: str, event: str, **fields: Any) -> None:
        pass

    def on_control(self, kind: str, handler: Any) -> None:
        pass


class Source:
    """An actor's link to the cache, by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._seq = 0

    @classmethod
    async def connect(cls, path: Path) -> Source:
        source = cls(*await asyncio.open_unix_connection(str(path)))
        source.send("hello", "", Hello(role="source"))
        await source._reader.read(65536)
        return source

    def send(self, kind: str, topic: str, value: Any) -> None:
        self._seq += 1
        now = SystemClock().monotonic_ns()
        body = encode_body(value)
        self._writer.write(pack(Envelope(VERSION, kind, SOURCE, 1, self._seq, now, topic, body)))

    def close(self) -> None:
        self._writer.close()


class Running:
    """A cache and a web process as two tasks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "cache.sock"
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        config = {
            **CONFIG,
            "cache_socket": str(self.path),
            "control_socket": str(folder / "control.sock"),
        }
        self.web = FakeContext("web:1", config, listener=listener.detach())
        self.cache: FakeContext | None = None
        self.tasks: list[asyncio.Task[None]] = []

    async def start_cache(self) -> None:
        unix = socket.socket(socket.AF_UNIX)
        unix.bind(str(self.path))
        unix.listen()
        config = {"data_dir": str(self.folder), "journal_mb": 1}
        self.cache = FakeContext("cache", config, cache=unix.detach())
        self.tasks.append(asyncio.create_task(run_cache(self.cache)))  # type: ignore[arg-type]
        await self.cache.is_ready.wait()

    async def start_web(self) -> asyncio.Task[None]:
        task = asyncio.create_task(run_web(self.web))  # type: ignore[arg-type]
        self.tasks.append(task)
        await self.web.is_ready.wait()
        return task


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Running]:
    made = Running(folder)
    try:
        yield made
    finally:
        for context in (made.web, made.cache):
            if context is not None:
                context.stopping.set()
        await asyncio.wait_for(asyncio.gather(*made.tasks), 10)


async def get(port: int, path: str) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return answer.status, await answer.json(content_type=None)


async def connected(port: int, expected: bool = True) -> bool:
    return bool((await get(port, "/health"))[1]["cache"]["connected"]) is expected


async def served(port: int, path: str) -> bool:
    return (await get(port, path))[0] == 200


async def test_from_a_source_through_cache_and_replica_to_a_client(tmp_path: Path) -> None:
    async with running(tmp_path) as up:
        await up.start_cache()
        web = await up.start_web()
        source = await Source.connect(up.path)
        heard: list[dict[str, Any]] = []

        def keep(line: bytes) -> None:
            if line.startswith(b"data: "):
                heard.append(json.loads(line[6:]))

        async def follow() -> None:
            url = f"http://127.0.0.1:{up.port}/api/stream?topics={FILL_TOPIC}"
            async with aiohttp.ClientSession() as http, http.get(url) as answer:
                async for line in answer.content:
                    keep(line)

        client = asyncio.create_task(follow())
        await until(lambda: heard, "the snapshot came")
        for number in range(1, 6):
            source.send("fill", FILL_TOPIC, fill_struct(number))
        await until(lambda: len(heard) == 6, "all fills came")
        assert [m["data"]["fill_id"] for m in heard[1:]] == ["1", "2", "3", "4", "5"]
        assert [m["prev"] for m in heard[1:]] == [m["id"] for m in heard[:-1]]
        status, trades = await get(up.port, "/api/ws/trades/1")
        assert status == 200
        assert [fill["fill_id"] for fill in trades["trades"]] == ["5", "4", "3", "2", "1"]
        _, health = await get(up.port, "/health")
        assert health["cache"]["connected"] is True
        # The supervisor's socket is not there: what the replica knows is shown, marked.
        _, tree = await get(up.port, "/api/supervision")
        assert tree["stale"] is True
        source.close()
        loop = asyncio.get_running_loop()
        began = loop.time()
        up.web.stopping.set()
        await asyncio.wait_for(web, 5)
        assert loop.time() - began < 2.0
        await asyncio.wait_for(client, 5)
        assert heard[-1]["type"] == "closing"
        assert heard[-1]["code"] == 1001
        assert up.web.faults == []


async def test_without_a_cache_it_serves_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.server.FILL_S_MAX", 0.1)
    async with running(tmp_path) as up:
        await up.start_web()
        status, health = await get(up.port, "/health")
        assert (status, health["status"]) == (503, "down")
        status, _ = await get(up.port, "/api/accounts/1")
        assert status == 503
        await up.start_cache()
        await until(lambda: connected(up.port), "the cache is found")


async def test_a_lost_cache_leaves_streams_open_and_its_return_goes_on(tmp_path: Path) -> None:
    async with running(tmp_path) as up:
        await up.start_cache()
        await up.start_web()
        source = await Source.connect(up.path)
        source.send("fill", FILL_TOPIC, fill_struct(1))
        await until(lambda: served(up.port, "/api/ws/trades/1"), "the fill came")
        assert up.cache is not None
        source.close()
        up.cache.stopping.set()
        await up.tasks[0]
        up.path.unlink()
        await until(lambda: connected(up.port, False), "the loss is seen")
        status, trades = await get(up.port, "/api/ws/trades/1")
        assert status == 200
        assert trades["trades"][0]["stale"] is True
        await up.start_cache()
        await until(lambda: connected(up.port), "the cache is back")


async def test_beyond_loopback_it_refuses_to_start_without_a_token(tmp_path: Path) -> None:
    async with running(tmp_path) as up:
        up.web.config = {**up.web.config, "settings": {**CONFIG["settings"], "host": "0.0.0.0"}}
        with pytest.raises(ConfigFault, match="API_TOKEN"):
            await run_web(up.web)  # type: ignore[arg-type]
        socket.socket(fileno=up.web.descriptor("listener")).close()
