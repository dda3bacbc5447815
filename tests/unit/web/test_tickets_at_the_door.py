"""A ticket opens one stream and nothing else; what else is sent with it decides first."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import websockets
from web_world import TOKEN, Served, World, serving

from actors.errors import Disconnected
from actors.runtime.clock import FakeClock
from actors.runtime.control_client import ControlRefused
from actors.supervision.tickets import TicketDesk

RIGHT = {"Authorization": f"Bearer {TOKEN}"}


class Supervisor:
    """The real desk, without a socket in between; `fault` stands for a supervisor in trouble."""

    def __init__(self, clock: FakeClock) -> None:
        self._operations = TicketDesk(clock).operations()
        self.fault: Exception | None = None
        self.spent: list[str] = []

    async def call(self, op: str, timeout_s: float = 2.0, **args: Any) -> dict[str, Any]:
        if self.fault is not None:
            raise self.fault
        if op == "spend_ticket":
            self.spent.append(args["ticket"])
        return await self._operations[op].answer(args)


class Door:
    """A served world, its clock and its supervisor."""

    def __init__(self, served: Served, clock: FakeClock, supervisor: Supervisor) -> None:
        self.url, self.port = served.url, served.port
        self.clock, self.supervisor = clock, supervisor

    async def call(self, method: str, path: str, **headers: str) -> tuple[int, dict[str, Any], Any]:
        async with (
            aiohttp.ClientSession() as http,
            http.request(method, self.url + path, headers=headers) as answer,
        ):
            if answer.content_type == "text/event-stream":
                return answer.status, {}, answer.headers
            return answer.status, json.loads(await answer.text() or "{}"), answer.headers

    async def ticket(self, **headers: str) -> str:
        status, body, _ = await self.call("POST", "/api/ticket", **(headers or RIGHT))
        assert status == 200, body
        assert body["expires_in_s"] == 60
        return str(body["ticket"])

    async def socket(self, path: str, **headers: str) -> int:
        """The code with which it was closed; 0: it is welcome."""
        url = f"ws://127.0.0.1:{self.port}{path}"
        async with websockets.connect(url, proxy=None, additional_headers=headers) as socket:
            try:
                assert json.loads(await socket.recv())["type"] == "welcome"
            except websockets.ConnectionClosed:
                return int(socket.close_code or 0)
            return 0


async def opened(token: str) -> AsyncIterator[Door]:
    clock = FakeClock()
    supervisor = Supervisor(clock)
    world = World(clock=clock, token=token)
    world.service.control = supervisor
    world.full()
    async with serving(world) as served:
        yield Door(served, clock, supervisor)
    assert world.reported == []


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async for one in opened(TOKEN):
        yield one


@pytest.fixture
async def open_door() -> AsyncIterator[Door]:
    async for one in opened(""):
        yield one


async def test_it_opens_one_event_stream_or_one_socket(door: Door) -> None:
    for first in ("sse", "ws"):
        ticket = await door.ticket()
        if first == "sse":
            status, _, headers = await door.call("GET", f"/api/stream?ticket={ticket}")
            assert (status, headers["Content-Type"][:17]) == (200, "text/event-stream")
        else:
            assert await door.socket(f"/ws?ticket={ticket}") == 0
        status, problem, headers = await door.call("GET", f"/api/stream?ticket={ticket}")
        assert (status, problem["type"]) == (401, "/docs#problem-ticket")
        assert headers["WWW-Authenticate"].startswith("Bearer")
        assert ticket not in json.dumps(problem)
        assert await door.socket(f"/ws?ticket={ticket}") == 1008


async def test_it_ends_after_60_seconds(door: Door) -> None:
    ticket, other = await door.ticket(), await door.ticket()
    door.clock.advance(59)
    assert await door.socket(f"/ws?ticket={ticket}") == 0
    door.clock.advance(1)
    assert await door.socket(f"/ws?ticket={other}") == 1008


async def test_it_opens_nothing_else_and_is_not_spent_by_trying(door: Door) -> None:
    ticket = await door.ticket()
    for method, path in (
        ("GET", "/api/accounts"),
        ("GET", "/openapi.json"),
        ("POST", "/api/ticket"),
        ("POST", "/api/supervision/cache/stop"),
        ("HEAD", "/api/stream"),
        ("GET", "/ws/status/x"),
    ):
        assert (await door.call(method, f"{path}?ticket={ticket}"))[0] == 401, path
    bearer = {"Authorization": f"Bearer {ticket}"}
    assert (await door.call("GET", "/api/accounts", **bearer))[0] == 401
    assert door.supervisor.spent == []
    assert await door.socket(f"/ws?ticket={ticket}") == 0


@pytest.mark.parametrize("ticket", ["", "x", "x" * 43, "x" * 300, "%00" * 43, "ü" * 43, TOKEN])
async def test_what_is_none_opens_nothing(door: Door, ticket: str) -> None:
    assert (await door.call("GET", f"/api/stream?ticket={ticket}"))[0] == 401
    assert await door.socket(f"/ws?ticket={ticket}") == 1008


async def test_a_foreign_page_spends_none(door: Door) -> None:
    ticket = await door.ticket()
    evil = {"Origin": "http://evil.example"}
    assert (await door.call("GET", f"/api/stream?ticket={ticket}", **evil))[0] == 403
    assert await door.socket(f"/ws?ticket={ticket}", **evil) == 1008
    assert door.supervisor.spent == []


async def test_a_token_in_the_header_decides_alone(door: Door) -> None:
    ticket = await door.ticket()
    assert await door.socket(f"/ws?ticket={ticket}", **RIGHT) == 0
    assert await door.socket("/ws?ticket=wrong", **RIGHT) == 0
    assert await door.socket(f"/ws?ticket={ticket}", Authorization="Bearer wrong") == 1008
    assert door.supervisor.spent == []


async def test_who_has_no_token_gets_no_ticket(door: Door) -> None:
    assert (await door.call("POST", "/api/ticket"))[0] == 401
    assert (await door.call("GET", "/api/ticket", **RIGHT))[0] == 405


async def test_where_no_token_is_needed_tickets_work_and_a_spent_one_does_not(
    open_door: Door,
) -> None:
    ticket = await open_door.ticket(Accept="*/*")
    assert await open_door.socket(f"/ws?ticket={ticket}") == 0
    assert await open_door.socket(f"/ws?ticket={ticket}") == 1008
    assert await open_door.socket("/ws") == 0


async def test_while_the_supervisor_is_away(door: Door) -> None:
    ticket = await door.ticket()
    for fault, kind in (
        (Disconnected("control.sock: gone"), "supervisor-silent"),
        (ControlRefused("busy", "expected at most 1000 unspent tickets in 60 s"), "no-ticket-now"),
    ):
        door.supervisor.fault = fault
        for method, path, headers in (
            ("POST", "/api/ticket", RIGHT),
            ("GET", f"/api/stream?ticket={ticket}", {}),
        ):
            status, problem, found = await door.call(method, path, **headers)
            assert (status, problem["type"]) == (503, f"/docs#problem-{kind}")
            assert int(found["Retry-After"]) >= 1
            assert ticket not in json.dumps(problem)
        assert await door.socket(f"/ws?ticket={ticket}") == 1011
        assert await door.socket("/ws", **RIGHT) == 0
    door.supervisor.fault = None
    assert await door.socket(f"/ws?ticket={ticket}") == 0
