"""A small HTTP CONNECT proxy on loopback with a user and a password, for tests of proxied lanes."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from typing import Self

HEAD_BYTES_MAX = 16_384


class ConnectProxy:
    """Tunnels to anything on loopback for who knows the password; counts tunnels and refusals.

    `leaves_by` is the address that the other side sees. While `hangs`, it takes connections and
    bytes and passes nothing on. While it has words for a refusal, it refuses with them.
    """

    def __init__(
        self, user: str, password: str, host: str = "127.0.0.1", leaves_by: str = "127.0.0.1"
    ) -> None:
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._expected = f"proxy-authorization: basic {token}".lower()
        self._host = host
        self._leaves_by = leaves_by
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.refusal_words = ""
        self.tunnels = 0
        self.refused = 0
        self.port = 0

    @property
    def hangs(self) -> bool:
        return not self._open.is_set()

    @hangs.setter
    def hangs(self, hangs: bool) -> None:
        if hangs:
            self._open.clear()
        else:
            self._open.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._tunnel(reader, writer)
        writer.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n"))[:HEAD_BYTES_MAX].decode()
        request, *headers = head.split("\r\n")
        method, target, _ = request.split(" ")
        known = self._expected in [line.lower() for line in headers]
        if method != "CONNECT" or not known or self.refusal_words:
            self.refused += 1
            words = self.refusal_words or "Proxy Authentication Required"
            writer.write(f"HTTP/1.1 407 {words}\r\n\r\n".encode())
            await writer.drain()
            return
        host, _, port = target.rpartition(":")
        assert host in {"127.0.0.1", "localhost"}, target
        await self._open.wait()
        inner_reader, inner_writer = await asyncio.open_connection(
            host, int(port), local_addr=(self._leaves_by, 0)
        )
        self.tunnels += 1
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(self._copy(reader, inner_writer), self._copy(inner_reader, writer))
        finally:
            inner_writer.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self._open.wait()
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()
