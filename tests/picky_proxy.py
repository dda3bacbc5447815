"""A proxy between browser and service that lets some paths through and others not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

HEAD_BYTES_MAX = 64 * 1024
REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def path_of(head: bytes) -> str:
    return head.split(b" ", 2)[1].decode().partition("?")[0]


def for_one_request(head: bytes) -> bytes:
    """A connection that serves one request alone needs to be judged but once."""
    lines = head.split(b"\r\n")
    if any(line.lower().startswith(b"upgrade:") for line in lines):
        return head
    kept = [line for line in lines if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([kept[0], b"Connection: close", *kept[1:]])


class PickyProxy:
    """`refused` are the paths that it answers with 403; `asked` counts what it was asked for."""

    def __init__(self, service: str) -> None:
        self._target = urlsplit(service)
        self.refused: set[str] = set()
        self.asked: dict[str, int] = {}
        self._carried: dict[asyncio.Task[None], str] = {}
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.url = ""

    def refuse(self, *paths: str) -> None:
        """From now on, and whoever is connected there is cut off."""
        self.refused = set(paths)
        self._cut(path for path in self._carried.values() if path in self.refused)

    def hold(self, *, back: bool) -> None:
        """Whether all that passes is held back, with nobody told; it passes afterwards."""
        if back:
            self._flowing.clear()
        else:
            self._flowing.set()

    def end(self) -> None:
        self._cut(self._carried.values())

    def _cut(self, paths: Iterable[str]) -> None:
        cut = set(paths)
        for task, path in self._carried.items():
            if path in cut:
                task.cancel()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            path = path_of(head)
            self.asked[path] = self.asked.get(path, 0) + 1
            if path in self.refused:
                writer.write(REFUSAL)
                await writer.drain()
            else:
                await self._carry(path, for_one_request(head), reader, writer)
        writer.close()

    async def _carry(
        self, path: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        onwards, back = await asyncio.open_connection(self._target.hostname, self._target.port)
        back.write(head)
        ways = [
            asyncio.create_task(self._pump(*way)) for way in ((reader, back), (onwards, writer))
        ]
        self._carried |= dict.fromkeys(ways, path)
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            del self._carried[way]
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        back.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(HEAD_BYTES_MAX):
            await self._flowing.wait()
            sink.write(data)
            await sink.drain()


@asynccontextmanager
async def picky_proxy(service: str) -> AsyncIterator[PickyProxy]:
    """In the loop of the test, on a port of its own."""
    proxy = PickyProxy(service)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=HEAD_BYTES_MAX)
    port = server.sockets[0].getsockname()[1]
    proxy.url = f"http://127.0.0.1:{port}"
    try:
        yield proxy
    finally:
        server.close()
        proxy.end()
