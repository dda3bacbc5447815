"""How the built dashboard is handed out, by a collector and by a front end alike."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
from dashboard_folder import ICON, SCRIPT, brotli_of, build, page, with_traps
from front_world import front_of, raw_call
from multidict import CIMultiDictProxy
from web_world import TOKEN, World, serving

from web import bundle, paths

VIEWS = (
    "/",
    "/supervision",
    "/accounts/extended:1",
    "/candles",
    "/positions/",
    "/nowhere",
    "/apis",
)
SERVICES_OWN = ("/api/nowhere", "/api", "/api/", "/ws/nowhere", "/health/x", "/candles/nowhere")
UNKNOWN = ("/nowhere.js", "/assets/two.js", "/accounts/1.5", "/assets/../../secret.js")
TRAPS = (
    "/manifest.json",
    "/api-base.txt",
    "/index.html.br",
    "/assets/one.js.gz",
    "/link.js",
    "/folder/deep.js",
    "/.hidden.js",
    "/.git/config.js",
    "/notes.md",
    "/../secret.js",
    "/%2e%2e/secret.js",
    "/assets/%2e%2e/%2e%2e/secret.js",
    "/..%2fsecret.js",
    "/..%5csecret.js",
    "//secret.js",
    "/icon.svg%00.js",
)


class Answer(NamedTuple):
    status: int
    body: bytes
    headers: CIMultiDictProxy[str]


class Served(NamedTuple):
    """A service of either mode."""

    port: int

    async def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        url = f"http://127.0.0.1:{self.port}{path}"
        async with (
            aiohttp.ClientSession(auto_decompress=False) as http,
            http.request(
                method, url, headers=headers, skip_auto_headers=("Accept-Encoding",)
            ) as answer,
        ):
            return Answer(answer.status, await answer.read(), answer.headers)


Serve = Callable[..., AbstractAsyncContextManager[Served]]


@asynccontextmanager
async def collector(built: Path, **settings: Any) -> AsyncIterator[Served]:
    world = World(**settings)
    async with serving(world, built) as up:
        yield Served(up.port)
    assert world.reported == []


@asynccontextmanager
async def front_end(built: Path, **settings: Any) -> AsyncIterator[Served]:
    # Nobody listens there: what is the dashboard's must not need the collector.
    async with front_of("http://127.0.0.1:9", built=built, **settings) as front:
        yield Served(front.port)
    assert front.reported == []


@pytest.fixture(params=[collector, front_end], ids=["collector", "front-end"])
def serve(request: pytest.FixtureRequest) -> Serve:
    chosen: Serve = request.param
    return chosen


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    return build(tmp_path / "dist")


def of_problem(answer: Answer, *statuses: int) -> None:
    assert answer.status in statuses, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert b"secret" not in answer.body.replace(b"secret.js", b"")


async def test_every_view_is_the_page_and_is_asked_for_again(serve: Serve, dist: Path) -> None:
    async with serve(dist) as served:
        for path in VIEWS:
            status, body, headers = await served.ask(path)
            assert (status, body) == (200, page("one")), path
            assert headers["Content-Type"] == "text/html; charset=utf-8"
            assert headers["Cache-Control"] == "no-cache"
            policy = headers["Content-Security-Policy"]
            again = await served.ask(path, **{"If-None-Match": headers["ETag"]})
            assert (again.status, again.body) == (304, b"")
            assert again.headers["Content-Security-Policy"] == policy
            assert again.headers["Vary"] == "Accept-Encoding"
            assert "Content-Length" not in again.headers
            head = await served.ask(path, "HEAD")
            assert (head.status, head.body) == (200, b"")
            assert int(head.headers["Content-Length"]) == len(body)
            assert head.headers["ETag"] == headers["ETag"]


async def test_the_policy_allows_no_more_than_its_own_files_and_service(
    serve: Serve, dist: Path
) -> None:
    async with serve(dist) as served:
        for path in ("/", "/icon.svg", "/assets/one.js"):
            headers = (await served.ask(path)).headers
            policy = dict(
                part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; ")
            )
            assert policy.pop("img-src") == "'self' data:"
            nothing = {"default-src", "base-uri", "form-action", "frame-ancestors"}
            assert {name for name, value in policy.items() if value == "'none'"} == nothing
            own = {"script-src", "style-src", "connect-src", "font-src", "manifest-src"}
            assert {name for name, value in policy.items() if value == "'self'"} == own
            assert set(policy) == nothing | own
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert headers["X-Frame-Options"] == "DENY"


async def test_hashed_files_are_kept_for_ever_and_come_in_the_coding_asked_for(
    serve: Serve, dist: Path
) -> None:
    script = SCRIPT + b"one"
    async with serve(dist) as served:
        tags = set()
        for accepted, coding, body in (
            ("", None, script),
            ("gzip, deflate, br, zstd", "br", brotli_of(script)),
            ("gzip", "gzip", gzip.compress(script, mtime=0)),
            ("br;q=0.1, gzip;q=0.9", "gzip", gzip.compress(script, mtime=0)),
        ):
            asked = {"Accept-Encoding": accepted}
            answer = await served.ask("/assets/one.js", **asked)
            assert (answer.status, answer.body) == (200, body)
            assert answer.headers.get("Content-Encoding") == coding
            assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert int(answer.headers["Content-Length"]) == len(body)
            tags.add(answer.headers["ETag"])
            held = {"If-None-Match": answer.headers["ETag"], **asked}
            assert (await served.ask("/assets/one.js", **held)).status == 304
        assert len(tags) == 3, "each coding is a representation of its own"
        assert not any(tag.startswith("W/") for tag in tags)
        icon = await served.ask("/icon.svg", **{"Accept-Encoding": "gzip, br"})
        assert (icon.body, icon.headers["Content-Type"]) == (ICON, "image/svg+xml")
        assert icon.headers["Cache-Control"] == "no-cache"
        # A part is never sent, which any client must take.
        part = await served.ask("/assets/one.js", Range="bytes=0-9")
        assert (part.status, part.body) == (200, script)
        assert part.headers["Accept-Ranges"] == "none"


async def test_nothing_else_that_lies_there_is_handed_out(serve: Serve, dist: Path) -> None:
    with_traps(dist)
    async with serve(dist) as served:
        for path in TRAPS:
            request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            heard = await raw_call(served.port, request.encode())
            assert heard.split(b" ")[1] in (b"400", b"404"), (path, heard)
            assert b"application/problem+json" in heard
            assert b"\r\n\r\nsecret" not in heard
        icon = await served.ask("/icon.svg", **{"Accept-Encoding": "gzip"})
        assert icon.body == ICON


async def test_what_is_unknown_stays_unknown(dist: Path) -> None:
    async with collector(dist) as served:
        for path in (*SERVICES_OWN, *UNKNOWN):
            of_problem(await served.ask(path), 404)
        for path in SERVICES_OWN:
            of_problem(await served.ask(path, "POST"), 404)
        for path in ("/", "/supervision", "/assets/one.js"):
            answer = await served.ask(path, "POST")
            of_problem(answer, 405)
            assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    async with front_end(dist) as served:
        for path in UNKNOWN:
            of_problem(await served.ask(path), 404)
        for path in SERVICES_OWN:
            of_problem(await served.ask(path), 502)
        of_problem(await served.ask("/supervision", "POST"), 404)


async def test_files_are_free_of_token_and_rate_and_still_bound_to_the_host(
    serve: Serve, dist: Path
) -> None:
    async with serve(dist, token=TOKEN, rate_limit=2) as served:
        for path in ("/", "/supervision", "/assets/one.js", "/icon.svg") * 2:
            answer = await served.ask(path)
            assert answer.status == 200
            assert "RateLimit-Limit" not in answer.headers
            of_problem(await served.ask(path, Host="evil.example"), 403)
        of_problem(await served.ask("/api/accounts"), 401)
        async with aiohttp.ClientSession() as http:
            socket = await http.ws_connect(f"http://127.0.0.1:{served.port}/supervision")
            closed = await socket.receive()
            assert (closed.type, socket.close_code) == (aiohttp.WSMsgType.CLOSE, 1008)


async def test_without_a_build_a_page_says_why_and_takes_one_in_when_it_comes(
    serve: Serve, tmp_path: Path
) -> None:
    dist = tmp_path / "dist"
    async with serve(dist) as served:
        for path in ("/", "/supervision"):
            answer = await served.ask(path)
            assert answer.status == 200
            assert b"mFrontend/dist is not there." in answer.body
            assert b"make dashboard" in answer.body
            assert answer.headers["Content-Security-Policy"].count("'sha256-") == 2
        of_problem(await served.ask("/assets/one.js"), 404)
        (tmp_path / "not-built.txt").write_text("Node 18.1 was found; <b>20.19</b> is needed.\n")
        text = (await served.ask("/")).body
        assert b"<p>Node 18.1 was found; &lt;b&gt;20.19&lt;/b&gt; is needed.</p>" in text
        build(dist)
        assert (await served.ask("/supervision")).body == page("one")


async def test_a_new_build_is_served_at_once_and_the_pages_of_the_former_still_work(
    serve: Serve, dist: Path
) -> None:
    async with serve(dist) as served:
        assert (await served.ask("/")).body == page("one")
        build(dist, "two")
        assert (await served.ask("/assets/one.js")).body == SCRIPT + b"one"
        assert (await served.ask("/")).body == page("two")
        for name in ("one", "two"):
            assert (await served.ask(f"/assets/{name}.js")).body == SCRIPT + name.encode()
        build(dist, "three")
        assert (await served.ask("/")).body == page("three")
        of_problem(await served.ask("/assets/one.js"), 404)
        shutil.rmtree(dist)
        assert (await served.ask("/")).body == page("three"), "what is held stays"


async def test_a_build_that_is_swapped_while_it_is_read_is_not_mixed(
    dist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = bundle.read

    def swapped(folder: Path) -> bundle.Bundle:
        found = read(folder)
        monkeypatch.setattr(bundle, "read", read)
        build(dist, "two")
        return found

    async with collector(dist) as served:
        monkeypatch.setattr(bundle, "read", swapped)
        assert b"make dashboard" in (await served.ask("/")).body
        assert (await served.ask("/")).body == page("two")
        assert (await served.ask("/assets/two.js")).status == 200


async def test_a_build_for_another_origin_may_call_it(dist: Path) -> None:
    build(dist, api_base="https://desk.example:8443/below\n")
    async with collector(dist) as served:
        policy = (await served.ask("/")).headers["Content-Security-Policy"]
    own, secure, socket = "'self'", "https://desk.example:8443", "wss://desk.example:8443"
    assert f"; connect-src {own} {secure} {socket}; " in policy


@pytest.mark.parametrize(
    "base", ["desk.example", "https://a; script-src *", "https://*", "ftp://a"]
)
async def test_an_origin_that_is_none_reaches_no_policy(dist: Path, base: str) -> None:
    build(dist, api_base=base)
    async with collector(dist) as served:
        answer = await served.ask("/")
    assert b"api-base.txt: expected http(s)://host[:port], found" in answer.body
    assert base.encode() not in answer.headers["Content-Security-Policy"].encode()


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("br, gzip", "br"),
        ("gzip, br", "br"),
        ("gzip;q=0.5, br;q=0.4", "gzip"),
        ("GZIP", "gzip"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("*;q=0.1, gzip;q=0", "br"),
        ("identity;q=0, br;q=0.1", "br"),
        ("br;q=0.4, identity;q=0.5", "identity"),
        ("br;q=0.5, identity;q=0.5", "br"),
        ("*;q=0", "identity"),
        ("zstd", "identity"),
        ("", "identity"),
        ("br;q=x", "identity"),
    ],
)
async def test_which_coding_a_client_gets(dist: Path, accepted: str, coding: str) -> None:
    async with collector(dist) as served:
        answer = await served.ask("/", **{"Accept-Encoding": accepted})
    assert answer.status == 200
    assert answer.headers.get("Content-Encoding", "identity") == coding


async def test_a_build_that_cannot_be_read_is_told_without_its_place(
    dist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: Path) -> bundle.Bundle:
        raise PermissionError(13, "Permission denied", str(folder))

    async with collector(dist) as served:
        with monkeypatch.context() as patched:
            patched.setattr(bundle, "read", refused)
            text = (await served.ask("/")).body
        assert b"<p>mFrontend/dist cannot be read: Permission denied</p>" in text
        assert str(dist).encode() not in text
        assert (await served.ask("/")).body == page("one")


def test_a_folder_that_is_no_build_is_not_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"expected index\.html"):
        bundle.read(tmp_path)
    made = build(tmp_path / "dist")
    monkeypatch.setattr(bundle, "BYTES_MAX", 100)
    with pytest.raises(ValueError, match="at most 100 bytes"):
        bundle.read(made)


def test_which_paths_are_the_dashboards() -> None:
    for name in paths.SERVICE:
        assert paths.is_of_dashboard(f"/{name}") is (name == "candles")
        assert paths.is_of_dashboard(f"/{name}s")
        assert not paths.is_of_dashboard(f"/{name}/x")
    assert paths.is_of_dashboard("/")
    for path in ("", "//x", "/a\\b", "/a\0", "*", "/*", "/a\n"):
        assert not paths.is_of_dashboard(path), path
