"""Who may call: Host, Origin and token, on HTTP and WebSocket alike."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import aiohttp
import pytest
import websockets
from web_world import SETTINGS, TOKEN, Served, World, serving

from actors.errors import ConfigFault
from web.service import read_settings

EVIL = "evil.example"


async def ask(
    served: Served, path: str = "/api/accounts", method: str = "GET", **headers: str
) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, served.url + path, headers=headers) as answer,
    ):
        text = await answer.text()
        is_json = "json" in answer.content_type
        return answer.status, json.loads(text) if is_json else text


async def refused_socket(served: Served, path: str = "/ws", **headers: str) -> tuple[int, str]:
    """The code and reason with which a WebSocket is closed, (0, "") where it is welcome."""
    url = f"ws://127.0.0.1:{served.port}{path}"
    async with websockets.connect(url, proxy=None, additional_headers=headers) as socket:
        with contextlib.suppress(websockets.ConnectionClosed):
            assert json.loads(await socket.recv())["type"] == "welcome"
            return 0, ""
        return int(socket.close_code or 0), str(socket.close_reason)


@pytest.mark.parametrize(
    ("host", "allowed", "status"),
    [
        ("127.0.0.1:5000", [], 200),
        ("localhost:1", [], 200),
        ("[::1]:5000", [], 200),
        ("127.1.2.3", [], 200),
        (EVIL, [], 403),
        (f"{EVIL}:5000", [], 403),
        ("127.0.0.1.evil.example", [], 403),
        ("localhost.evil.example", [], 403),
        ("[::1].evil.example", [], 403),
        ("[::1]x", [], 403),
        ("desk.example", ["desk.example"], 200),
        ("DESK.example:8443", ["desk.example"], 200),
        ("a.desk.example", ["desk.example"], 403),
        ("a.desk.example", [".desk.example"], 200),
        ("anything", ["*"], 200),
    ],
)
async def test_host(host: str, allowed: list[str], status: int) -> None:
    async with serving(World(allowed_hosts=allowed)) as served:
        found, body = await ask(served, Host=host)
        assert found == status
        if status == 403:
            assert "ALLOWED_HOSTS" in body["detail"]
        # Whoever checks a service's health may not know its name.
        assert (await ask(served, "/health", Host=EVIL))[0] == 200


@pytest.mark.parametrize(
    ("origin", "well"),
    [
        ("http://{host}", True),
        ("https://{host}", True),
        ("http://127.0.0.1:1", False),
        ("http://evil.example", False),
        ("http://{host}.evil.example", False),
        ("null", False),
        ("", False),
    ],
)
async def test_origin(origin: str, well: bool) -> None:
    async with serving(World()) as served:
        header = origin.format(host=f"127.0.0.1:{served.port}")
        served.world.control.answers["stop"] = {"actor": "cache", "state": "stopping"}
        for method, path in (("GET", "/api/accounts"), ("POST", "/api/supervision/cache/stop")):
            status, body = await ask(served, path, method, Origin=header)
            assert (status < 300) is well, (method, status, body)
        code, reason = await refused_socket(served, Origin=header)
        assert code == (0 if well else 1008), reason


async def test_a_header_that_comes_at_once_is_bounded_too() -> None:
    async with serving(World()) as served:
        flood = {f"X-{number}": "y" * 100 for number in range(200)}
        status, body = await ask(served, **flood)
        assert status == 431
        assert "16384 bytes" in body["detail"]
        assert (await ask(served, **{"X-Long": "y" * 8000}))[0] == 200
        assert await refused_socket(served, **flood) == (1008, "at most 16384 bytes of header")


async def test_a_form_of_another_site_may_not_order() -> None:
    async with serving(World()) as served:
        status, _ = await ask(
            served, "/api/supervision/cache/stop", "POST", **{"Sec-Fetch-Site": "cross-site"}
        )
        assert status == 403
        assert served.world.control.calls == []


async def test_a_rebound_name_opens_no_socket() -> None:
    async with serving(World()) as served:
        url = f"ws://{EVIL}:{served.port}/ws"
        async with websockets.connect(
            url, proxy=None, host="127.0.0.1", port=served.port
        ) as socket:
            with pytest.raises(websockets.ConnectionClosed) as caught:
                await socket.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1008


async def test_without_a_token_loopback_is_open() -> None:
    async with serving(World()) as served:
        assert (await ask(served))[0] == 200


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("", 401),
        ("Bearer", 401),
        ("Bearer wrong", 401),
        (f"Basic {TOKEN}", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"Bearer {TOKEN}x", 401),
        ("Bearer ünïcode", 401),
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
    ],
)
async def test_token(header: str, status: int) -> None:
    async with serving(World(token=TOKEN)) as served:
        found, body = await ask(served, Authorization=header)
        assert found == status
        if status == 401:
            assert TOKEN not in json.dumps(body)
        assert (await ask(served, "/openapi.json", Authorization=header))[0] == status
        assert (await ask(served, "/api/nowhere", Authorization=header))[0] in (401, 404)


async def test_a_token_in_the_address_counts_only_where_old_clients_send_it() -> None:
    async with serving(World(token=TOKEN)) as served:
        assert (await ask(served, f"/api/accounts?token={TOKEN}"))[0] == 401
        assert (await ask(served, f"/api/stream?token={TOKEN}"))[0] == 401
        status, body = await ask(served, f"/ws/dashboard?token={TOKEN}")
        assert status == 501
        assert TOKEN not in json.dumps(body)
        assert (await ask(served, "/ws/dashboard?token=wrong"))[0] == 401
        code, _ = await refused_socket(served, f"/ws?token={TOKEN}")
        assert code == 1008
        assert (await refused_socket(served, Authorization=f"Bearer {TOKEN}"))[0] == 0


async def test_health_and_pages_are_free() -> None:
    async with serving(World(token=TOKEN)) as served:
        for path in ("/", "/docs", "/health"):
            assert (await ask(served, path))[0] == 200, path


async def test_a_challenge_says_what_is_asked_for() -> None:
    async with (
        serving(World(token=TOKEN)) as served,
        aiohttp.ClientSession() as http,
        http.get(served.url + "/api/accounts") as answer,
    ):
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "desk.example"])
def test_beyond_loopback_there_is_no_start_without_a_token(host: str) -> None:
    with pytest.raises(ConfigFault, match="API_TOKEN"):
        read_settings({**SETTINGS, "host": host}, "")
    assert read_settings({**SETTINGS, "host": host}, TOKEN).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.2"])
def test_on_loopback_none_is_needed(host: str) -> None:
    assert read_settings({**SETTINGS, "host": host}, "").loopback


def test_settings_that_are_none_name_the_field() -> None:
    with pytest.raises(ConfigFault, match="port"):
        read_settings({**SETTINGS, "port": "x"}, "")
    with pytest.raises(ConfigFault, match="streams"):
        read_settings({name: value for name, value in SETTINGS.items() if name != "streams"}, "")
