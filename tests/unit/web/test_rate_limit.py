"""How many requests a client may send, and which client a request is counted for."""

from __future__ import annotations

import random
from time import process_time_ns

import aiohttp
import pytest
import websockets
from web_world import TOKEN, Served, World, serving

from actors.runtime.clock import FakeClock
from web.forwarded import HOPS_MAX, Proxies
from web.rate_limit import CLIENTS_MAX, WINDOW_NS, RateLimit

SECOND_NS = 10**9
PROXY = "10.0.0.7"


def test_the_request_after_the_last_allowed_one_is_refused_until_the_window_ends() -> None:
    limit = RateLimit(3)
    start = 5 * SECOND_NS
    told = [limit.count("a", start + second * SECOND_NS) for second in range(4)]
    assert [(it.used, it.exceeded, it.reset_s) for it in told if it] == [
        (1, False, 60),
        (2, False, 59),
        (3, False, 58),
        (4, True, 57),
    ]
    last = limit.count("a", start + WINDOW_NS - 1)
    assert last is not None
    assert last.exceeded
    assert last.headers == {
        "RateLimit-Limit": "3",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "1",
    }
    anew = limit.count("a", start + WINDOW_NS)
    assert anew is not None
    assert anew.headers["RateLimit-Remaining"] == "2"
    other = limit.count("b", start)
    assert other is not None
    assert other.used == 1


def test_zero_limits_nothing() -> None:
    limit = RateLimit(0)
    assert limit.count("a", 0) is None
    assert len(limit) == 0


def test_the_table_is_bounded_and_the_oldest_window_leaves() -> None:
    limit = RateLimit(1)
    for number in range(CLIENTS_MAX + 1):
        limit.count(str(number), number)
    assert len(limit) == CLIENTS_MAX
    kept, gone = limit.count("1", CLIENTS_MAX + 1), limit.count("0", CLIENTS_MAX + 1)
    assert kept is not None
    assert kept.exceeded
    assert gone is not None
    assert not gone.exceeded


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.1"], "192.0.2.1"),  # no proxy of ours: not believed
        (PROXY, [], PROXY),
        (PROXY, ["198.51.100.1"], "198.51.100.1"),
        (PROXY, ["198.51.100.1:4711"], "198.51.100.1"),
        (PROXY, ["[2001:db8:1:2:3::4]:4711"], "2001:db8:1:2::"),
        (PROXY, ["203.0.113.9, 198.51.100.1"], "198.51.100.1"),  # the left is the client's word
        (PROXY, ["203.0.113.9", "198.51.100.1"], "198.51.100.1"),
        (PROXY, ["198.51.100.1, 172.16.9.9"], "198.51.100.1"),  # two proxies of ours
        (PROXY, ["172.16.1.1, 172.16.9.9"], "172.16.1.1"),
        (PROXY, ["198.51.100.1, nonsense"], PROXY),
        (PROXY, ["198.51.100.1, nonsense, 172.16.9.9"], "172.16.9.9"),
        (PROXY, ["198.51.100.1,"], PROXY),
        (PROXY, [""], PROXY),
        (PROXY, ["unknown"], PROXY),
        (PROXY, ["::ffff:198.51.100.1"], "198.51.100.1"),
        (f"::ffff:{PROXY}", ["198.51.100.1"], "198.51.100.1"),
        ("2001:db8:1:2:aaaa::1", [], "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::9", [], "2001:db8:1:2::"),
        ("fe80::1%eth0", [], "fe80::"),
        ("<local>", ["198.51.100.1"], "unknown"),
        (PROXY, ["198.51.100.1, " + ", ".join(["172.16.9.9"] * HOPS_MAX)], "172.16.9.9"),
    ],
)
def test_who_is_counted(peer: str, forwarded: list[str], client: str) -> None:
    assert Proxies([PROXY, "172.16.0.0/12"]).client(peer, forwarded) == client


def test_no_header_whatever_it_holds_breaks_it_or_lets_one_pass_for_another() -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    proxies = Proxies([PROXY])
    for _ in range(2_000):
        junk = "".join(chance.choice('0123456789abcdef:.,[]% "\x00é') for _ in range(40))
        # The proxy appended whom it saw; whatever the client wrote before changes nothing.
        assert proxies.client(PROXY, [f"{junk}, 198.51.100.1"]) == "198.51.100.1"
        assert proxies.client("192.0.2.1", [junk]) == "192.0.2.1"
        proxies.client(PROXY, [junk])


async def ask(
    http: aiohttp.ClientSession, served: Served, path: str, **headers: str
) -> tuple[int, dict[str, str]]:
    async with http.get(served.url + path, headers=headers) as answer:
        await answer.read()
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}


async def test_at_the_door_with_its_headers_and_what_is_free() -> None:
    clock = FakeClock()
    world = World(clock=clock, rate_limit=3, token=TOKEN)
    world.full()
    right = {"Authorization": f"Bearer {TOKEN}"}
    async with serving(world) as served, aiohttp.ClientSession() as http:
        for path in ("/", "/docs", "/health", "/favicon.ico") * 3:
            status, headers = await ask(http, served, path)
            assert status in (200, 204)
            assert "ratelimit-limit" not in headers
        # What another site's page tries is not counted: this machine's own clients lose nothing.
        for more in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
            assert (await ask(http, served, "/api/accounts", **more))[0] == 403
        picture = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        assert (await ask(http, served, "/api/accounts", **picture))[0] == 403
        # A wrong token is.
        status, headers = await ask(http, served, "/api/accounts", Authorization="Bearer wrong")
        assert (status, headers["ratelimit-remaining"]) == (401, "2")
        status, headers = await ask(http, served, "/api/accounts", **right)
        assert (status, headers["ratelimit-remaining"]) == (200, "1")
        assert headers["ratelimit-limit"] == "3"
        assert "retry-after" not in headers
        clock.advance(10)
        assert (await ask(http, served, "/api/nowhere", **right))[0] == 404
        status, headers = await ask(http, served, "/api/accounts", **right)
        assert (status, headers["retry-after"], headers["ratelimit-reset"]) == (429, "50", "50")
        assert headers["content-type"] == "application/problem+json"
        assert (await ask(http, served, "/health"))[0] == 200
        clock.advance(50)
        assert (await ask(http, served, "/api/accounts", **right))[0] == 200


async def test_streams_count_once_when_they_connect() -> None:
    world = World(clock=FakeClock(), rate_limit=3)
    world.full()
    async with serving(world) as served, aiohttp.ClientSession() as http:
        async with (
            http.get(f"{served.url}/api/stream?topics=fills:*") as stream,
            websockets.connect(served.ws, proxy=None) as socket,
        ):
            assert stream.headers["RateLimit-Remaining"] == "2"
            await socket.recv()
            for _ in range(20):
                await socket.send('{"op":"ping"}')
                assert "pong" in str(await socket.recv())
        assert (await ask(http, served, "/api/accounts"))[0] == 200
        async with http.get(f"{served.url}/api/stream") as refused:
            assert refused.status == 429
        async with websockets.connect(served.ws, proxy=None) as socket:
            with pytest.raises(websockets.ConnectionClosed) as caught:
                await socket.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1008
        assert caught.value.rcvd.reason == "at most 3 requests a minute; again in 60 s"


async def test_behind_a_trusted_proxy_each_client_has_a_limit_of_its_own() -> None:
    world = World(clock=FakeClock(), rate_limit=1, trusted_proxies=["127.0.0.0/8"])
    world.full()
    async with serving(world) as served, aiohttp.ClientSession() as http:
        for number in range(1, 4):
            forwarded = {"X-Forwarded-For": f"203.0.113.1, 198.51.100.{number}"}
            assert (await ask(http, served, "/api/accounts", **forwarded))[0] == 200
            assert (await ask(http, served, "/api/accounts", **forwarded))[0] == 429


def test_counting_costs_next_to_nothing() -> None:
    """A bound far above what it takes (some 2 µs), so that a busy machine does not fail it."""
    limit, proxies = RateLimit(10**6), Proxies([PROXY, "172.16.0.0/12"])
    begun = process_time_ns()
    for number in range(10_000):
        limit.count(proxies.client(PROXY, [f"198.51.100.{number % 250}"]), number)
    each_us = (process_time_ns() - begun) / 10_000 / 1_000
    print(f"{each_us:.2f} µs")
    assert each_us < 50
