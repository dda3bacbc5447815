"""Whatever answers in place of the venue, a call or handshake ends in a fault of ours, in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from actors.errors import Fault
from actors.runtime import rest as rest_module
from actors.runtime import websocket as websocket_module
from actors.runtime.clock import SystemClock
from actors.runtime.rest import RestClient
from actors.runtime.throttle import Throttle
from actors.runtime.timer import Timer
from actors.runtime.websocket import open_socket
from actors.venues.extended import answers
from actors.venues.extended.requests import Requests
from config.proxy_address import ProxyAddress

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@asynccontextmanager
async def saying(answer: bytes, *, hang: bool = False) -> AsyncIterator[int]:
    """A peer that says `answer` to whoever asks, and then closes (or not)."""
    end = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        writer.write(answer)
        if hang:
            await end.wait()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        end.set()


async def ask(port: int, proxy: ProxyAddress | None = None) -> None:
    timer = Timer(SystemClock())
    requests = Requests(f"http://127.0.0.1:{port}/api/v1", "1", "key")
    async with RestClient(timer, Throttle(timer, 1000, 1000), proxy) as rest:
        await rest.call(requests.balance(), requests.read_balance)


async def connect(port: int, proxy: ProxyAddress | None = None) -> None:
    await open_socket(
        f"ws://127.0.0.1:{port}",
        {},
        clock=SystemClock(),
        proxy=proxy,
        ping_interval_s=None,
        refused=lambda status, headers, body: answers.refusal(status, headers, body, 0),
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00" * 100,
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 999 What\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        HEAD + b"Content-Length: 100\r\n\r\n{",
        HEAD + b"Content-Length: x\r\n\r\n{}",
        HEAD + b"Content-Length: -1\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        HEAD + b"Content-Encoding: deflate\r\nContent-Length: 4\r\n\r\nnope",
        HEAD + b"Content-Encoding: br\r\nContent-Length: 4\r\n\r\nnope",
        HEAD + b"X: " + b"y" * 100_000 + b"\r\n\r\n{}",
        HEAD + b"Content-Length: 9\r\n\r\n\xff\xfe\x00{}\xc3\x28\x80\x81",
        HEAD + b"Content-Length: 2\r\n\r\n[]",
        HEAD + b"Content-Length: 4\r\n\r\nnull",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 13\r\n\r\n<html></html>",
        b"HTTP/1.1 429 Slow\r\nRetry-After: never\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_no_answer_escapes_the_tree_of_faults(answer: bytes) -> None:
    async with saying(answer) as port, asyncio.timeout(5):
        with pytest.raises(Fault):
            await ask(port)
        with pytest.raises(Fault):
            await connect(port)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("answer", [b"", b"\x05\xff", b"\x05\x00", b"HTTP/1.1 407 No\r\n\r\n"])
async def test_no_proxy_escapes_it_either(scheme: str, answer: bytes) -> None:
    async with saying(answer) as port, asyncio.timeout(5):
        proxy = ProxyAddress(scheme=scheme, host="127.0.0.1", port=port)
        with pytest.raises(Fault):
            await ask(9, proxy)
        with pytest.raises(Fault):
            await connect(9, proxy)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("answer", [b"", b"\x05\x00", b"HTTP/1.1 200 OK\r\n"])
async def test_a_proxy_that_hangs_ends_in_time(
    scheme: str, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest_module, "TOTAL_TIMEOUT_S", 0.2)
    monkeypatch.setattr(websocket_module, "OPEN_TIMEOUT_S", 0.2)
    async with saying(answer, hang=True) as port, asyncio.timeout(5):
        proxy = ProxyAddress(scheme=scheme, host="127.0.0.1", port=port)
        with pytest.raises(Fault):
            await ask(9, proxy)
        with pytest.raises(Fault):
            await connect(9, proxy)
