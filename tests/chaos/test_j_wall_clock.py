"""(j) The wall clock jumps by an hour, forward and back: nothing happens but that it is shown."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import clock_shift
import pytest
import pytest_asyncio
from clock_shift import ShiftedClock
from full_service import Service, Simulator, account_settings, until

KEYS = {name: f"test-key-of-the-clock-{name}" for name in ("1", "2", "3")}
POLLED, PAUSED, CRASHED = (f"account:extended:{name}" for name in KEYS)
BOOK = "orderbook:extended:linear:BTC-USD"
HOUR_S = 3600
RESTART_DELAY_S = 6
FOLLOWS_S = 60.0
SHOWN_S = 10.0
WATCH_S = 3.0
"""Three rounds of the polling."""
PACE_MIN, PACE_MAX = 1.0, 8.0
"""Requests a second: two each second, and now and then orders, fills and the like. A schedule by
the wall clock would stop for an hour, or ask as fast as its lease allows (15)."""
OFFSET_MS = 1_500.0
"""What a Date header of whole seconds may leave open."""

pytestmark = [pytest.mark.processes, pytest.mark.slow]


class Stage:
    def __init__(self, simulator: Simulator, service: Service, clock: ShiftedClock) -> None:
        self.simulator = simulator
        self.service = service
        self.clock = clock

    async def get(self, path: str) -> Any:
        status, body = await self.service.get(path)
        assert status == 200, body
        return body

    async def account(self, actor: str) -> dict[str, Any]:
        body: dict[str, Any] = await self.get(f"/api/accounts/{actor.rpartition(':')[2]}")
        return body

    async def lives(self) -> dict[str, tuple[int, int, int]]:
        """Which incarnation of whom lives; of the one that crashed its schedule decides."""
        children = await self.service.children()
        return {
            actor: (child["pid"], child["epoch"], child["restarts"])
            for actor, child in children.items()
            if actor != CRASHED
        }

    async def waits(self) -> bool:
        return bool((await self.service.children())[CRASHED]["state"] == "backoff")

    async def requests(self) -> int:
        health = await self.get("/api/rest/health")
        return sum(it["requests"] for it in health["connections"] if it["actor"] == POLLED)

    async def requests_per_s(self) -> float:
        before, began = await self.requests(), time.monotonic()
        await asyncio.sleep(WATCH_S)
        return (await self.requests() - before) / (time.monotonic() - began)

    async def offset_ms(self) -> float:
        report = await self.get("/api/latency")
        found = [it["offset_ms"] for it in report["clocks"] if it["venue"] == "extended"]
        return float(found[0]) if found else math.nan

    async def offset_is(self, expected_ms: float) -> float:
        """How long it took to follow."""
        began = time.monotonic()

        async def so() -> bool:
            return abs(await self.offset_ms() - expected_ms) < OFFSET_MS

        await until(so, FOLLOWS_S, f"the offset is {expected_ms:.0f} ms", every=0.1)
        return time.monotonic() - began

    @asynccontextmanager
    async def nothing_ages(self) -> AsyncIterator[None]:
        """Meanwhile what is fresh stays fresh, and what is old grows older as time goes by."""
        wrong: list[str] = []
        ended = asyncio.Event()
        began, first = time.monotonic(), (await self.account(PAUSED))["age_ms"]

        async def watch() -> None:
            while not ended.is_set():
                for part in (await self.account(POLLED), await self.get("/api/orderbook/BTC-USD")):
                    old = part["stale"] or part["age_ms"] < 0
                    wrong.extend([f"{part['age_ms']} ms, {part['stale_reason']}"] * old)
                asked = time.monotonic()
                age_ms = (await self.account(PAUSED))["age_ms"] - first
                answered = time.monotonic()
                # Between asking and answering it was looked at.
                if not (asked - began - 0.5) * 1e3 < age_ms < (answered - began + 0.5) * 1e3:
                    wrong.append(f"paused for {answered - began:.1f} s, aged by {age_ms} ms")
                await asyncio.wait({asyncio.ensure_future(ended.wait())}, timeout=0.1)

        watching = asyncio.ensure_future(watch())
        try:
            yield
        finally:
            ended.set()
            await watching
        assert not wrong, wrong[:5]


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    why = clock_shift.missing()
    if why:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(why)
        pytest.skip(why)
    clock = ShiftedClock(tmp_path)
    simulator = Simulator(tmp_path, KEYS)
    try:
        await simulator.serving()
        settings = account_settings(
            simulator,
            KEYS,
            EXTENDED_MARKETS="BTC-USD",
            # Three accounts at this pace leave the address's budget unspent: nobody's share moves.
            POLL_INTERVAL="1",
            RESTART_DELAY=str(RESTART_DELAY_S),
            RESTART_JITTER="0",
        )
        service = Service(tmp_path, settings, variables=clock.variables)
        try:
            await service.ready()
            yield Stage(simulator, service, clock)
        finally:
            service.end()
    finally:
        simulator.end()


async def crashed_twice(stage: Stage) -> float:
    """The first crash costs nothing; the second one a wait. When it ends (monotonic)."""
    pid = await stage.service.kill(CRASHED)
    await stage.service.kill(CRASHED, not_pid=pid)
    due = time.monotonic() + RESTART_DELAY_S
    await until(stage.waits, SHOWN_S, "it waits for its schedule")
    return due


async def restarted(stage: Stage) -> float:
    """When the one that waits was started again (monotonic)."""
    while await stage.waits():  # noqa: ASYNC110 - what is waited for sets no event
        await asyncio.sleep(0.05)
    return time.monotonic()


async def shows_what_comes_later(stage: Stage) -> None:
    async def shown() -> bool:
        order = {"kind": "malformed", "target": "book:BTC-USD", "count": 1}
        await stage.simulator.call("POST", "/fault", json=order)
        errors = (await stage.get("/api/errors"))["errors"]
        return any(error["source"] == BOOK for error in errors)

    await until(shown, SHOWN_S, "a fault told after the clearing shows", every=0.3)


async def test_j_a_wall_clock_that_jumps_is_only_shown(stage: Stage) -> None:
    service, clock = stage.service, stage.clock
    assert (await service.post("/api/control/pause?account_index=2"))[0] == 202

    async def paused() -> bool:
        account = await stage.account(PAUSED)
        return bool(account["stale"] and "paused" in account["stale_reason"])

    await until(paused, SHOWN_S, "paused")
    await stage.offset_is(0)
    lives = await stage.lives()
    followed = []
    async with stage.nothing_ages():
        due = await crashed_twice(stage)
        restart = asyncio.ensure_future(restarted(stage))
        # Back first: a schedule by the wall clock would now wait for an hour more.
        for shift_s in (-HOUR_S, HOUR_S, 0):
            clock.shift_s(shift_s)
            waiting = (await service.children())[CRASHED]
            if waiting["state"] == "backoff":
                left_s = waiting["next_restart_us"] / 1e6 - time.time() - shift_s
                assert abs(left_s - (due - time.monotonic())) < 1.0, "the countdown shown"
            followed.append(await stage.offset_is(-shift_s * 1e3))
            pace = await stage.requests_per_s()
            assert PACE_MIN < pace < PACE_MAX, f"{pace} requests/s by the clock of {shift_s} s"
            assert await stage.lives() == lives, "nobody restarted"
            if shift_s > 0:
                assert (await service.post("/api/errors/clear"))[0] == 202
        late_s = await asyncio.wait_for(restart, SHOWN_S) - due
        assert abs(late_s) < 1.5, f"the restart came {late_s:+.2f} s off its time"
    _, history = await service.get(f"/api/supervision/{CRASHED}/history")
    assert len(history["incarnations"]) == 2
    # The clearing bears a time an hour ahead of all that follows.
    await shows_what_comes_later(stage)
    took = ", ".join(f"{seconds:.1f}" for seconds in followed)
    print(f"the offset followed after {took} s; the restart was {late_s:+.2f} s off its time")
