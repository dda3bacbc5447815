"""What is compressed for whom, and how tags go with it."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from multidict import CIMultiDictProxy
from quart import Quart, Response
from web_world import Served, World, serving

from web import compression


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    world = World()
    world.full()
    async with serving(world) as up:
        yield up
    assert world.reported == []


async def get(
    served: Served, path: str, method: str = "GET", **headers: str
) -> tuple[int, bytes, CIMultiDictProxy[str]]:
    async with (
        aiohttp.ClientSession(auto_decompress=False) as http,
        http.request(
            method, served.url + path, headers=headers, skip_auto_headers=("Accept-Encoding",)
        ) as answer,
    ):
        return answer.status, await answer.read(), answer.headers


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=0.5", True),
        ("br;q=1, *;q=0.1", True),
        ("gzip;q=0.5, identity;q=0.5", True),
        ("gzip, identity;q=0", True),
        (None, False),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("gzip;q=0.4, identity;q=0.5", False),
        ("gzip;q=x", False),
        (";;;,,q=", False),
    ],
)
async def test_who_gets_gzip(served: Served, accepted: str | None, packed: bool) -> None:
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    status, data, found = await get(served, "/api/accounts", **headers)
    assert status == 200
    assert (found.get("Content-Encoding") == "gzip") is packed
    assert found["Vary"] == "Accept-Encoding"
    assert int(found["Content-Length"]) == len(data)
    assert json.loads(gzip.decompress(data) if packed else data)["accounts"]
    assert found["Cache-Control"] == "no-store"


async def test_small_answers_and_streams_are_left_alone(served: Served) -> None:
    _, data, found = await get(served, "/health", **{"Accept-Encoding": "gzip"})
    assert len(data) < 1024
    assert "Content-Encoding" not in found
    async with (
        aiohttp.ClientSession(headers={"Accept-Encoding": "gzip"}) as http,
        http.get(f"{served.url}/api/stream?topics=*") as answer,
    ):
        assert "Content-Encoding" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("content_type", "packed"),
    [
        ("text/plain; version=0.0.4; charset=utf-8", True),
        ("application/problem+json", True),
        ("text/event-stream; charset=utf-8", False),
        ("image/png", False),
    ],
)
async def test_text_is_packed_and_streams_and_pictures_are_not(
    content_type: str, packed: bool
) -> None:
    app = Quart(__name__)
    compression.install(app)

    async def text() -> Response:
        return Response(b"# " * 600, content_type=content_type)

    app.add_url_rule("/text", "text", text)
    answer = await app.test_client().get("/text", headers={"Accept-Encoding": "gzip"})
    assert (answer.headers.get("Content-Encoding") == "gzip") is packed
    data = await answer.get_data(as_text=False)
    assert (gzip.decompress(data) if packed else data) == b"# " * 600


@pytest.mark.parametrize("path", ["/api/markets", "/openapi.json", "/", "/docs"])
async def test_what_may_be_kept(served: Served, path: str) -> None:
    _, data, found = await get(served, path)
    _, packed, compressed = await get(served, path, **{"Accept-Encoding": "gzip"})
    assert found["Cache-Control"] == "no-cache"
    if len(data) >= 1024:
        # Two representations must not have one strong tag.
        assert gzip.decompress(packed)[:20] == data[:20]
        assert compressed["ETag"].startswith("W/")
    bare = found["ETag"].removeprefix("W/")
    assert compressed["ETag"].removeprefix("W/") == bare
    for held in (bare, f"W/{bare}", f'"x", W/{bare}', f'W/"x,y",{bare} ,"z"', "*"):
        for method in ("GET", "HEAD"):
            more = {"If-None-Match": held, "Accept-Encoding": "gzip"}
            status, body, again = await get(served, path, method, **more)
            assert (status, body) == (304, b""), held
            assert again["ETag"].removeprefix("W/") == bare
            assert again["Vary"] == "Accept-Encoding"
            assert "Content-Type" not in again
    for other in ('"x"', "", bare.strip('"'), f'"{bare[1:5]}"', "W/"):
        assert (await get(served, path, **{"If-None-Match": other}))[0] == 200, other


async def test_head_says_what_get_would(served: Served) -> None:
    for path in ("/api/accounts/1", "/openapi.json", "/health", "/"):
        for accepted in ("gzip", "identity"):
            _, data, of_get = await get(served, path, **{"Accept-Encoding": accepted})
            status, body, of_head = await get(served, path, "HEAD", **{"Accept-Encoding": accepted})
            assert (status, body) == (200, b"")
            for name in ("Content-Type", "Content-Encoding", "Vary", "Cache-Control"):
                assert of_head.get(name) == of_get.get(name), (path, name)
            if path in ("/openapi.json", "/"):
                assert int(of_head["Content-Length"]) == len(data)
