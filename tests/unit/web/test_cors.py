"""Pages of other origins: those of CORS_ORIGINS may call, others may not, on every door."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import websockets
from multidict import CIMultiDictProxy
from web_world import TOKEN, Served, World, serving

DESK = "https://desk.example"
STRANGERS = (
    "https://desk.example.evil.example",
    "http://desk.example",
    "https://desk.example:8443",
    "https://DESK.example",  # browsers spell hosts in small letters
    "https://desk.example/",
    "null",
    "*",
    "",
    "http://[",
    "https://desk.example, https://evil.example",
)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    world = World(token=TOKEN, cors_origins=[DESK, "http://localhost:5173"], rate_limit=1000)
    world.full()
    async with serving(world) as up:
        yield up
    assert world.reported == []


async def ask(
    served: Served, method: str, path: str, **headers: str
) -> tuple[int, CIMultiDictProxy[str]]:
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, served.url + path, headers=headers) as answer,
    ):
        await answer.read()
        return answer.status, answer.headers


def preflight(origin: str) -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }


@pytest.mark.parametrize("path", ["/api/accounts", "/api/ticket", "/health", "/api/nowhere"])
async def test_a_preflight_needs_no_token_and_is_not_counted(served: Served, path: str) -> None:
    status, headers = await ask(served, "OPTIONS", path, **preflight(DESK))
    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == DESK
    assert headers["Access-Control-Allow-Methods"] == "GET, HEAD, POST"
    assert headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type, Last-Event-ID"
    assert headers["Access-Control-Max-Age"] == "600"
    assert "Access-Control-Allow-Credentials" not in headers
    assert "Origin" in headers["Vary"]
    assert "RateLimit-Limit" not in headers


async def test_a_preflight_to_a_rebound_name_is_refused(served: Served) -> None:
    assert (await ask(served, "OPTIONS", "/health/x", Host="evil", **preflight(DESK)))[0] == 403


async def test_an_options_call_that_is_no_preflight_needs_the_token(served: Served) -> None:
    assert (await ask(served, "OPTIONS", "/api/accounts", Origin=DESK))[0] == 401


async def test_an_allowed_page_reads_answers_and_refusals(served: Served) -> None:
    for token, wanted in ((TOKEN, 200), ("wrong", 401)):
        status, headers = await ask(
            served, "GET", "/api/accounts", Origin=DESK, Authorization=f"Bearer {token}"
        )
        assert status == wanted
        assert headers["Access-Control-Allow-Origin"] == DESK
        exposed = set(headers["Access-Control-Expose-Headers"].split(", "))
        assert exposed >= {"ETag", "Retry-After", "RateLimit-Remaining", "RateLimit-Reset"}
        assert exposed >= {"Link", "X-Next-Cursor"}
        vary = {part.strip() for value in headers.getall("Vary") for part in value.split(",")}
        assert vary == {"Origin", "Accept-Encoding"}


async def test_a_304_is_readable_too(served: Served) -> None:
    right = {"Origin": DESK, "Authorization": f"Bearer {TOKEN}"}
    _, headers = await ask(served, "GET", "/api/markets", **right)
    status, again = await ask(
        served, "GET", "/api/markets", **right, **{"If-None-Match": headers["ETag"]}
    )
    assert (status, again["Access-Control-Allow-Origin"]) == (304, DESK)


async def test_without_an_origin_a_cache_still_learns_that_it_matters(served: Served) -> None:
    _, headers = await ask(served, "GET", "/health")
    assert "Origin" in headers["Vary"]
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("origin", STRANGERS)
async def test_strangers_are_refused_on_every_door(served: Served, origin: str) -> None:
    right = {"Authorization": f"Bearer {TOKEN}"}
    calls = [
        ("GET", "/api/accounts", right),
        ("GET", "/api/stream", right),
        ("GET", "/health", {}),
        ("POST", "/api/ticket", right),
        ("OPTIONS", "/api/accounts", preflight(origin)),
    ]
    for method, path, more in calls:
        status, headers = await ask(served, method, path, **{**more, "Origin": origin})
        assert status == 403, (method, path)
        assert "Access-Control-Allow-Origin" not in headers
        assert headers["Content-Type"] == "application/problem+json"
    async with websockets.connect(
        served.ws, proxy=None, additional_headers={**right, "Origin": origin}
    ) as socket:
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await socket.recv()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1008


async def test_an_allowed_page_streams(served: Served) -> None:
    right = {"Authorization": f"Bearer {TOKEN}", "Origin": "http://localhost:5173"}
    async with (
        aiohttp.ClientSession(headers=right) as http,
        http.get(f"{served.url}/api/stream") as stream,
        websockets.connect(served.ws, proxy=None, additional_headers=right) as socket,
    ):
        assert stream.headers["Access-Control-Allow-Origin"] == "http://localhost:5173"
        assert b"retry" in await stream.content.readline()
        assert "welcome" in str(await socket.recv())


async def test_a_link_from_another_site_may_be_followed_its_pictures_may_not(
    served: Served,
) -> None:
    for mode, status in (("navigate", 200), ("no-cors", 403), ("cors", 403)):
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode}
        assert (await ask(served, "GET", "/docs", **headers))[0] == status
    for site in ("same-origin", "none", "same-site"):
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "cors"}
        assert (await ask(served, "GET", "/docs", **headers))[0] == 200


async def test_without_cors_origins_nothing_is_said_of_them() -> None:
    async with serving(World()) as served:
        _, headers = await ask(served, "GET", "/health")
        assert "Origin" not in headers["Vary"]
        assert (await ask(served, "OPTIONS", "/health", **preflight(DESK)))[0] == 403
