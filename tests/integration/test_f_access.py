"""(f) Access: every route that there is, against every way of asking that must be refused.

The routes come from the app's own map, so a new one is covered by being there. One real service
with a token and two web processes answers all of it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import websockets
from full_service import START_SECONDS_MAX, Service, running, until
from multidict import CIMultiDictProxy
from web_world import World

from web.app import create_app

TOKEN = "canary-token-f-5d1c0e7b"
KEYS = {"1": "canary-key-f-1"}
DESK = "https://desk.example"
BODY_BYTES_MAX = 2048
PROBLEM = "application/problem+json"
FREE = {"/", "/1", "/docs", "/health", "/favicon.ico"}
"""API.md: every route but `/health` and static files needs the token. `/1` stands for what is not
the service's own: a file of the dashboard, or the path of a view."""

RIGHT = {"Authorization": f"Bearer {TOKEN}"}
FLOOD = {f"X-Flood-{number}": "y" * 100 for number in range(150)}
RACERS = 8

FOREIGN_HOSTS = (
    "evil.example",
    "evil.example:5000",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "127.0.0.1@evil.example",
    "[::1].evil.example",
    "evil.example:127.0.0.1",
    "2130706433",
    "0.0.0.0",
    "localhost.",
    "desk.example",  # its pages may call; it is no name of this service
)
FOREIGN_NAMES = ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0")
"""Those of them that a browser could have come by; for WebSockets."""

FOREIGN_ORIGINS = (
    "http://evil.example",
    "null",
    "http://localhost",
    f"{DESK}.evil.example",
    f"{DESK}:8443",
    "http://desk.example",
    "http://[",
)
WRONG_KEYS: tuple[dict[str, str], ...] = (
    {},
    {"Authorization": f"Bearer {TOKEN}x"},
    {"Authorization": f"Bearer {TOKEN[:-1]}"},
    {"Authorization": f"Basic {TOKEN}"},
    {"Authorization": "Bearer"},
    {"Cookie": f"token={TOKEN}"},
    {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
)


@dataclass(frozen=True)
class Route:
    """A path that can be asked for, and how."""

    path: str
    method: str


MAP = create_app(World().service).url_map


def routes() -> tuple[list[Route], list[str]]:
    """What HTTP takes, and the WebSocket paths."""
    rules = list(MAP.iter_rules())
    http = [
        Route(re.sub(r"<[^>]+>", "1", rule.rule), method)
        for rule in rules
        if not rule.websocket
        for method in sorted((rule.methods or set()) - {"OPTIONS"})
    ]
    return http, [rule.rule for rule in rules if rule.websocket]


@dataclass
class Answer:
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    def refused(self, *statuses: int) -> None:
        """As API.md says: a problem document that gives nothing away."""
        assert self.status in statuses, (self.status, self.body[:300])
        assert self.headers["Content-Type"] == PROBLEM
        assert self.headers["Cache-Control"] == "no-store"
        if self.body:
            problem = json.loads(self.body)
            assert set(problem) >= {"type", "title", "status", "detail"}
            assert problem["status"] == self.status
            assert problem["type"].startswith("/docs#problem-")
        assert TOKEN.encode() not in self.body
        assert b"Traceback" not in self.body


class Asker:
    """Asks one service; connections are kept, so that hundreds of questions take seconds."""

    def __init__(self, service: Service, http: aiohttp.ClientSession) -> None:
        self.service = service
        self._http = http
        self.tickets: list[str] = []

    async def ask(self, method: str, path: str, data: bytes = b"", **headers: str) -> Answer:
        url = self.service.url + path
        async with self._http.request(method, url, headers=headers, data=data or None) as answer:
            streams = answer.content_type == "text/event-stream"
            body = b"" if streams else await answer.read()
            if streams:
                answer.close()
            return Answer(answer.status, answer.headers, body)

    async def ticket(self) -> str:
        answer = await self.ask("POST", "/api/ticket", **RIGHT)
        assert answer.status == 200, answer.body
        ticket = str(json.loads(answer.body)["ticket"])
        self.tickets.append(ticket)
        return ticket

    async def socket(self, path: str, name: str = "127.0.0.1", **headers: str) -> tuple[int, str]:
        """The code and reason of the close, (0, type of the first message) where it is welcome.

        A path that this build does not have answers the handshake: its status. `name` is what the
        client believes the service to be called.
        """
        port = self.service.port
        url = f"ws://{name}:{port}{path}"
        try:
            async with websockets.connect(
                url,
                proxy=None,
                additional_headers=headers,
                open_timeout=10,
                host="127.0.0.1",
                port=port,
            ) as socket:
                try:
                    return 0, str(json.loads(await socket.recv())["type"])
                except websockets.ConnectionClosed:
                    return int(socket.close_code or 0), str(socket.close_reason)
        except websockets.InvalidStatus as refused:
            return refused.response.status_code, ""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asker]:
    folder = tmp_path_factory.mktemp("access")
    async with (
        running(
            folder,
            KEYS,
            API_TOKEN=TOKEN,
            CORS_ORIGINS=DESK,
            MAX_BODY_BYTES=str(BODY_BYTES_MAX),
            WEB_WORKERS="2",
        ) as (_, service),
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http,
    ):
        yield Asker(service, http)


pytestmark = pytest.mark.processes
one_loop = pytest.mark.asyncio(loop_scope="module")
HTTP, SOCKETS = routes()


def guarded() -> Iterator[Route]:
    return (route for route in HTTP if route.path not in FREE)


def test_f_the_map_has_what_the_contract_names() -> None:
    paths = {route.path for route in HTTP}
    assert paths >= FREE | {"/api/accounts", "/api/stream", "/api/ticket", "/openapi.json"}
    assert set(SOCKETS) == {"/ws", "/ws/dashboard"}
    assert len(HTTP) > 60


@one_loop
async def test_f_without_the_token_every_route_but_the_free_ones_is_shut(asker: Asker) -> None:
    for route in guarded():
        for keys in WRONG_KEYS:
            answer = await asker.ask(route.method, route.path, **keys)
            answer.refused(401)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer"), route
        in_the_address = await asker.ask(route.method, f"{route.path}?token={TOKEN}")
        if route.path == "/ws/dashboard":
            assert in_the_address.status != 401
        else:
            in_the_address.refused(401)
    for path in FREE:
        assert (await asker.ask("GET", path)).status in (200, 204)
    (await asker.ask("GET", "/api/nowhere")).refused(401)


@one_loop
async def test_f_with_the_token_every_route_answers(asker: Asker) -> None:
    for route in HTTP:
        if route.path == "/api/control/pause":
            continue  # pauses all of it; what it does is shown elsewhere
        answer = await asker.ask(route.method, route.path, **RIGHT)
        assert answer.status not in (401, 403, 429, 500), (route, answer.body[:300])
        if answer.status >= 400:
            answer.refused(answer.status)
    (await asker.ask("GET", "/api/nowhere", **RIGHT)).refused(404)


@one_loop
async def test_f_a_name_that_is_not_ours_opens_nothing(asker: Asker) -> None:
    """What DNS rebinding looks like: our address, another site's name; the token does not help."""
    for route in HTTP:
        if route.path == "/health":
            continue
        (await asker.ask(route.method, route.path, Host="evil.example", **RIGHT)).refused(403)
    for host in FOREIGN_HOSTS:
        (await asker.ask("GET", "/api/accounts", Host=host, **RIGHT)).refused(403)
    for name in FOREIGN_NAMES:
        for path in SOCKETS:
            assert (await asker.socket(path, name, **RIGHT))[0] == 1008, name
    assert (await asker.ask("GET", "/health", Host="evil.example")).status == 200


@one_loop
async def test_f_a_foreign_page_may_call_nothing(asker: Asker) -> None:
    for route in HTTP:
        answer = await asker.ask(route.method, route.path, Origin="http://evil.example", **RIGHT)
        answer.refused(403)
        assert "Access-Control-Allow-Origin" not in answer.headers
    for origin in FOREIGN_ORIGINS:
        (await asker.ask("GET", "/api/stream", Origin=origin, **RIGHT)).refused(403)
        asked = {"Access-Control-Request-Method": "GET", "Origin": origin}
        (await asker.ask("OPTIONS", "/api/accounts", **asked)).refused(403)
        for path in SOCKETS:
            assert (await asker.socket(path, Origin=origin, **RIGHT))[0] == 1008


@one_loop
async def test_f_a_named_page_may_call_everything_that_the_token_opens(asker: Asker) -> None:
    for path in sorted({route.path for route in HTTP}):
        asked = {"Access-Control-Request-Method": "GET", "Origin": DESK}
        preflight = await asker.ask("OPTIONS", path, **asked)
        assert preflight.status == 204, path
        assert preflight.headers["Access-Control-Allow-Origin"] == DESK
    for route in guarded():
        answer = await asker.ask(route.method, route.path, Origin=DESK)
        answer.refused(401)
        assert answer.headers["Access-Control-Allow-Origin"] == DESK
    assert (await asker.socket("/ws", Origin=DESK))[0] == 1008
    assert await asker.socket("/ws", Origin=DESK, **RIGHT) == (0, "welcome")


@one_loop
async def test_f_head_and_options_behave_on_every_route(asker: Asker) -> None:
    for path in sorted({route.path for route in HTTP}):
        answer = await asker.ask("OPTIONS", path, **RIGHT)
        assert (answer.status, answer.body) == (204, b""), path
        allowed = set(answer.headers["Allow"].split(", "))
        # A name may fit a parameter of another route as well (`/api/points/refresh`).
        assert allowed == set(MAP.bind("").allowed_methods(path))
        assert allowed >= {"OPTIONS", *(it.method for it in HTTP if it.path == path)}
        assert ("HEAD" in allowed) is ("GET" in allowed)
        if "GET" in allowed:
            got, head = [await asker.ask(method, path, **RIGHT) for method in ("GET", "HEAD")]
            assert head.body == b""
            same = (head.status, head.headers.get("Content-Type"))
            assert same == (got.status, got.headers.get("Content-Type")), path
        for method in {"GET", "POST", "DELETE", "PUT", "PATCH"} - allowed:
            answer = await asker.ask(method, path, **RIGHT)
            answer.refused(405)
            assert set(answer.headers["Allow"].split(", ")) == allowed


@one_loop
async def test_f_what_is_too_large_is_refused_everywhere(asker: Asker) -> None:
    body = b"x" * (BODY_BYTES_MAX + 1)
    for route in HTTP:
        (await asker.ask(route.method, route.path, body, **RIGHT)).refused(413)
        (await asker.ask(route.method, route.path, **FLOOD, **RIGHT)).refused(431)
        (await asker.ask(route.method, f"{route.path}?{'q' * 8193}", **RIGHT)).refused(414)
    for path in SOCKETS:
        assert (await asker.socket(path, **FLOOD, **RIGHT))[0] == 1008
        assert (await asker.socket(f"{path}?{'q' * 8193}", **RIGHT))[0] == 1008


@one_loop
async def test_f_a_socket_without_the_right_key_is_closed_with_the_reason(asker: Asker) -> None:
    for path in SOCKETS:
        for keys in WRONG_KEYS:
            code, reason = await asker.socket(path, **keys)
            assert code == 1008
            assert "token" in reason
    assert (await asker.socket(f"/ws?token={TOKEN}"))[0] == 1008
    assert (await asker.socket("/ws/nowhere"))[0] == 1008
    assert (await asker.socket("/ws/nowhere", **RIGHT))[0] == 404
    assert await asker.socket("/ws", **RIGHT) == (0, "welcome")


@one_loop
async def test_f_a_ticket_opens_one_stream_and_no_call(asker: Asker) -> None:
    ticket = await asker.ticket()
    for route in guarded():
        if (route.path, route.method) in (("/api/stream", "GET"), ("/candles/stream", "GET")):
            continue
        if (route.path, route.method) == ("/ws/dashboard", "GET"):
            continue
        (await asker.ask(route.method, f"{route.path}?ticket={ticket}")).refused(401)
        bearer = {"Authorization": f"Bearer {ticket}"}
        (await asker.ask(route.method, route.path, **bearer)).refused(401)
    assert await asker.socket(f"/ws?ticket={ticket}") == (0, "welcome")
    (await asker.ask("GET", f"/api/stream?ticket={ticket}")).refused(401)
    code, reason = await asker.socket(f"/ws?ticket={ticket}")
    assert (code, "ticket" in reason) == (1008, True)
    other = await asker.ticket()
    assert (await asker.ask("GET", f"/api/stream?ticket={other}")).status == 200
    assert (await asker.socket(f"/ws?ticket={other}"))[0] == 1008
    for wrong in ("", "x" * 43, other[:-1], "%00", TOKEN):
        (await asker.ask("GET", f"/api/stream?ticket={wrong}")).refused(401)
        assert (await asker.socket(f"/ws?ticket={wrong}"))[0] == 1008


@one_loop
async def test_f_of_many_who_race_with_one_ticket_over_two_web_processes_one_wins(
    asker: Asker,
) -> None:
    for _ in range(10):
        ticket = await asker.ticket()
        path = f"/api/stream?topics=fills:*&ticket={ticket}"
        answers = await asyncio.gather(*(asker.ask("GET", path) for _ in range(RACERS)))
        assert sorted(it.status for it in answers) == [200] + [401] * (RACERS - 1)


@one_loop
async def test_f_neither_token_nor_ticket_is_in_what_the_service_wrote(asker: Asker) -> None:
    await asker.socket(f"/ws?ticket={await asker.ticket()}")
    secrets = [TOKEN, *KEYS.values(), *asker.tickets]
    folder = asker.service.folder
    written = [asker.service.output, *(it for it in (folder / "data").rglob("*") if it.is_file())]
    for path in written:
        text = path.read_bytes()
        assert not any(secret.encode() in text for secret in secrets), path
    shown: list[Any] = [
        (await asker.ask("GET", path, **RIGHT)).body
        for path in ("/api/status", "/api/errors", "/api/supervision", "/metrics")
    ]
    for body in shown:
        assert not any(secret.encode() in body for secret in secrets)


async def test_f_the_configured_rate_is_kept_and_health_is_free(tmp_path: Path) -> None:
    service = Service(tmp_path, {"DEMO": "1", "RATE_LIMIT": "5"})
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
            asker = Asker(service, http)

            async def is_up() -> bool:
                try:
                    return (await asker.ask("GET", "/health")).status == 200
                except (aiohttp.ClientConnectionError, TimeoutError):
                    return False

            await until(is_up, START_SECONDS_MAX, "the service answers")
            statuses = [(await asker.ask("GET", "/api/status")).status for _ in range(6)]
            assert statuses == [200] * 5 + [429]
            over = await asker.ask("GET", "/api/accounts")
            over.refused(429)
            assert 0 < int(over.headers["Retry-After"]) <= 60
            assert over.headers["RateLimit-Limit"] == "5"
            assert over.headers["RateLimit-Remaining"] == "0"
            assert (await asker.socket("/ws"))[0] == 1008
            assert (await asker.ask("GET", "/health")).status == 200
            assert (await asker.ask("GET", "/")).status == 200
    finally:
        service.end()


def test_f_a_wrong_spelling_of_an_origin_starts_nothing(tmp_path: Path) -> None:
    service = Service(tmp_path, {"DEMO": "1", "CORS_ORIGINS": "https://desk.example/, *"})
    try:
        assert service.process.wait(20) == 78
        assert "CORS_ORIGINS" in service.tail()
    finally:
        service.end()
