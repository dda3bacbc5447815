"""REST on real sockets: what goes out, what is made of failures, and the venue's Retry-After."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from connect_proxy import ConnectProxy
from instant_timer import InstantTimer

from actors.errors import (
    ConnectTimeout,
    Disconnected,
    MalformedFrame,
    ProxyFailed,
    RateLimited,
)
from actors.runtime import rest
from actors.runtime.clock import SystemClock
from actors.runtime.http_status import RETRY_AFTER_S_MAX, retry_after_s
from actors.runtime.rest import RestClient
from actors.runtime.throttle import RATE_LIMIT_PAUSE_S, Throttle
from actors.runtime.timer import Timer
from actors.venues.contract import Answer
from actors.venues.http_request import HttpRequest
from config.proxy_address import ProxyAddress

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def client(timer: Timer | None = None, proxy: ProxyAddress | None = None) -> RestClient:
    timer = timer or Timer(SystemClock())
    return RestClient(timer, Throttle(timer, 1_000.0, 1_000.0), proxy)


def get(base_url: str, path: str = "/x", **fields: object) -> HttpRequest:
    return HttpRequest(name="test", base_url=base_url, path=path, **fields)  # type: ignore[arg-type]


async def test_a_request_as_asked_and_its_answer() -> None:
    seen: dict[str, object] = {}

    async def handler(request: web.Request) -> web.Response:
        seen.update(query=list(request.query.items()), path=request.path)
        seen["headers"] = request.headers.copy()
        return web.Response(text="told", headers={"X-More": "yes"})

    async with serving(handler) as url, client() as rests:
        answer = await rests.fetch(
            get(
                url,
                "/info/markets",
                query=(("market", "BTC-USD"), ("market", "A B&C")),
                headers={"X-Api-Key": "k", "User-Agent": "ours/1"},
            )
        )
    assert (answer.status, answer.body, answer.headers["x-more"]) == (200, b"told", "yes")
    assert answer.received_ns > 0
    assert seen["path"] == "/info/markets"
    assert seen["query"] == [("market", "BTC-USD"), ("market", "A B&C")]
    headers = seen["headers"]
    assert isinstance(headers, Mapping)
    assert (headers["X-Api-Key"], headers["User-Agent"]) == ("k", "ours/1")
    assert rests.requests == 1
    assert rests.latency_ms is not None
    assert rests.latency_ms > 0


async def test_redirects_and_cookies_are_not_followed() -> None:
    paths: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.path)
        assert not request.cookies
        response = web.Response(status=302, headers={"Location": "/elsewhere"})
        response.set_cookie("session", "1")
        return response

    async with serving(handler) as url, client() as rests:
        for _ in range(2):
            assert (await rests.fetch(get(url))).status == 302
    assert paths == ["/x", "/x"]


async def test_a_body_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "BODY_BYTES_MAX", 100_000)

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * 300_000)

    async with serving(handler) as url, client() as rests:
        with pytest.raises(MalformedFrame, match="100000 bytes"):
            await rests.fetch(get(url))


async def test_nobody_there() -> None:
    async with client() as rests:
        with pytest.raises(Disconnected, match="test: "):
            await rests.fetch(get("http://127.0.0.1:1"))


async def test_a_peer_that_closes_without_an_answer() -> None:
    async def slam(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(slam, "127.0.0.1", 0)
    async with server, client() as rests:
        with pytest.raises(Disconnected):
            await rests.fetch(get(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))


async def test_an_answer_that_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "TOTAL_TIMEOUT_S", 0.05)
    hold = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await hold.wait()
        return web.Response()

    async with serving(handler) as url, client() as rests:
        with pytest.raises(ConnectTimeout):
            await rests.fetch(get(url))
        hold.set()


async def test_through_a_proxy_and_a_proxy_that_refuses() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="through")

    def way(password: str, port: int) -> ProxyAddress:
        return ProxyAddress(
            scheme="http", host="127.0.0.1", port=port, username="user", password=password
        )

    async with serving(handler) as url, ConnectProxy("user", "pa:ss w/rd") as proxy:
        async with client(proxy=way("pa:ss w/rd", proxy.port)) as rests:
            assert (await rests.fetch(get(url))).body == b"through"
            assert (await rests.fetch(get(url))).body == b"through"
        assert proxy.tunnels == 1
        async with client(proxy=way("wrong-one", proxy.port)) as rests:
            with pytest.raises(ProxyFailed) as raised:
                await rests.fetch(get(url))
        assert "wrong-one" not in str(raised.value)
    for scheme in ("http", "socks5", "socks5h"):
        gone = ProxyAddress(scheme=scheme, host="127.0.0.1", port=1)
        async with client(proxy=gone) as rests:
            with pytest.raises(ProxyFailed, match=r"127\.0\.0\.1:1"):
                await rests.fetch(get("http://127.0.0.1:9"))


async def test_proxies_of_the_environment_are_not_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:1")

    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    async with serving(handler) as url, client() as rests:
        assert (await rests.fetch(get(url))).status == 200


@pytest.mark.parametrize(
    ("header", "raised_s", "waits_s"),
    [("", None, RATE_LIMIT_PAUSE_S), ("7", None, 7.0), ("7", 3.0, 3.0)],
)
async def test_a_rate_limit_holds_the_next_request(
    header: str, raised_s: float | None, waits_s: float
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": header} if header else {})

    def read(status: int, headers: Mapping[str, str], body: bytes, received_ns: int) -> Answer:
        if status == 429:
            raise RateLimited(raised_s)
        return Answer(status, headers, body, received_ns)

    timer = InstantTimer()
    async with serving(handler) as url, client(timer) as rests:
        with pytest.raises(RateLimited):
            await rests.call(get(url), read)
        assert rests.throttle.held_s == waits_s
        with pytest.raises(RateLimited) as held:
            await rests.call(get(url), read)
        assert rests.requests == 1
        assert held.value.retry_after_s == waits_s
        timer.clock.advance(waits_s)
        with pytest.raises(RateLimited):
            await rests.call(get(url), read)
        assert rests.requests == 2


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Retry-After": "30"}, 30.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"Retry-After": "99999999"}, RETRY_AFTER_S_MAX),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Sat, 21 Nov 2026 08:00:30 GMT"}, None),
        (
            {
                "Retry-After": "Sat, 21 Nov 2026 08:00:30 GMT",
                "Date": "Sat, 21 Nov 2026 08:00:00 GMT",
            },
            30.0,
        ),
        (
            {
                "Retry-After": "Sat, 21 Nov 2026 07:00:00 GMT",
                "Date": "Sat, 21 Nov 2026 08:00:00 GMT",
            },
            0.0,
        ),
    ],
)
def test_retry_after_in_all_its_spellings(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after_s(headers) == expected
