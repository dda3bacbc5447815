"""(c) A Retry-After outlives kill -9 of the actor and of the supervisor."""

from __future__ import annotations

import asyncio
import contextlib
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
from connect_proxy import ConnectProxy
from full_service import Service, Simulator, account_settings, until

from actors.runtime.control_client import ControlClient

KEYS = {"1": "key-of-the-first", "2": "key-of-the-second", "3": "key-of-the-third"}
HELD, FREE = "127.0.3.1", "127.0.3.2"
RETRY_AFTER_S = 14.0
EARLY_MS_MAX = 50
"""Between the two clocks that read the deadline: the venue's answer travels."""

GAP_MS_MAX = 2_500
"""The longest pause of one who is not meant, while the neighbours die: this machine is shared."""

REQUESTS_MEANWHILE = 8


async def visits(simulator: Simulator, address: str, since_ms: int) -> list[dict[str, Any]]:
    """Oldest first."""
    params = {"limit": "50000", "address": address, "since_ms": str(since_ms)}
    rows: list[dict[str, Any]]
    rows = (await simulator.call("GET", "/requests", params=params))["requests"]
    return rows[::-1]


async def budget(service: Service, exit_address: str) -> dict[str, Any]:
    body = await ControlClient(service.folder / "run" / "control.sock").call("budgets")
    return next(it for it in body["budgets"] if it["exit_address"] == exit_address)


async def lane(service: Service, account: str, name: str) -> dict[str, Any] | None:
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        status, health = await service.get("/api/connections/health")
        if status == 200:
            lanes = {(it["account"], it["lane"]): it for it in health["connections"]}
            return lanes.get((account, name))
    return None


async def test_c_nobody_asks_before_the_deadline(tmp_path: Path) -> None:
    simulator = Simulator(tmp_path, KEYS)
    try:
        await simulator.serving()
        async with (
            ConnectProxy("user", "word", leaves_by=HELD) as held,
            ConnectProxy("user", "word", leaves_by=FREE) as free,
        ):
            ways = {
                f"Extended_{name}_PROXY": f"http://user:word@127.0.0.1:{proxy.port}"
                for name, proxy in (("1", held), ("2", held), ("3", free))
            }
            settings = account_settings(simulator, KEYS, EXTENDED_MARKETS="BTC-USD", **ways)
            service = Service(tmp_path, settings)
            try:
                await service.ready()
                told_ms, deadline_ms = await turn_away(simulator, service, held)
                await kill_actor(simulator, service, told_ms)
                service.process.kill()
                service.process.wait()
            finally:
                service.end()
            service = Service(tmp_path, settings)
            try:
                await outlives(simulator, service, told_ms, deadline_ms)
            finally:
                service.end()
    finally:
        simulator.end()


async def turn_away(
    simulator: Simulator, service: Service, proxy: ConnectProxy
) -> tuple[int, float]:
    """The venue turns account 1 away; when all of its address knew, and until when they wait."""
    order = {"kind": "429", "target": "rest:account:1", "count": 1, "retry_after_s": RETRY_AFTER_S}
    since_ms = (await simulator.call("GET", "/state"))["wall_ms"]
    await simulator.call("POST", "/fault", json=order)
    exit_address = f"127.0.0.1:{proxy.port}"

    async def is_told() -> bool:
        return (await budget(service, exit_address))["not_before_us"] is not None

    await until(is_told, 5, "the supervisor knows")
    # One round of account 2's may be on its way.
    await asyncio.sleep(0.3)
    told_ms: int = (await simulator.call("GET", "/state"))["wall_ms"]
    refused = [it for it in await visits(simulator, HELD, since_ms) if it["status"] == 429]
    assert len(refused) == 1
    assert refused[0]["account"] == "1"
    deadline_ms = refused[0]["at_ms"] + RETRY_AFTER_S * 1e3
    found = await budget(service, exit_address)
    assert abs(found["not_before_us"] / 1e3 - deadline_ms) < 1_000
    assert set(found["leases"]) == {"account:extended:1", "account:extended:2"}
    return told_ms, deadline_ms


async def kill_actor(simulator: Simulator, service: Service, told_ms: int) -> None:
    """Its next incarnation lives, and waits, and is shown as waiting."""
    await service.kill("account:extended:1")

    async def waits() -> bool:
        found = await lane(service, "1", "rest")
        return found is not None and found["connects"] == 0 and found["state"] == "backoff"

    await until(waits, 8, "the new incarnation is shown waiting")
    found = await lane(service, "1", "rest")
    assert found is not None
    assert "RateLimited" in found["last_error"]

    async def asks_on() -> bool:
        return len(await visits(simulator, FREE, told_ms)) >= REQUESTS_MEANWHILE

    await until(asks_on, 5, "the account of the other address asks on")
    times = [it["at_ms"] for it in await visits(simulator, FREE, told_ms)]
    assert max(later - earlier for earlier, later in pairwise(times)) <= GAP_MS_MAX
    assert await visits(simulator, HELD, told_ms) == []


async def outlives(
    simulator: Simulator, service: Service, told_ms: int, deadline_ms: float
) -> None:
    """A service that was started anew waits for the same deadline, and only who is meant."""
    restarted = time.monotonic()
    restarted_ms = (await simulator.call("GET", "/state"))["wall_ms"]

    async def is_free() -> bool:
        found = await lane(service, "3", "rest")
        return found is not None and found["state"] == "connected"

    await until(is_free, RETRY_AFTER_S, "the account of the other address is back")
    print(f"the other address is back {time.monotonic() - restarted:.1f} s after the kill")
    free = await visits(simulator, FREE, restarted_ms)
    assert free, "it asked"
    left_s = (deadline_ms - free[0]["at_ms"]) / 1e3
    assert left_s > 0, "the test was too slow to see anything"
    print(f"{left_s:.1f} s before the deadline of the others")

    async def is_fresh() -> bool:
        found = [await lane(service, account, "rest") for account in ("1", "2")]
        return all(it is not None and it["state"] == "connected" for it in found)

    await until(is_fresh, RETRY_AFTER_S + 10, "both accounts are back by themselves")
    came = await visits(simulator, HELD, told_ms)
    early = [it for it in came if it["at_ms"] < deadline_ms - EARLY_MS_MAX]
    assert early == [], "nobody of that address asked before the deadline"
    print(f"the first came {came[0]['at_ms'] - deadline_ms:.0f} ms after it")
    assert {it["account"] for it in came} == {"1", "2"}
    assert not [it for it in came if it["status"] == 429]
