"""What operators see and order, over two web processes: errors, health, pauses, raw frames."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from full_service import Again, Service, Simulator, running, until
from stream_clients import StreamClient
from web_workers import Worker, workers

from web.control_schemas import RestHealth

ONE, TWO = "account:extended:1", "account:extended:2"
BOOK = "orderbook:extended:linear:BTC-USD"
SECONDS_MAX = 15.0
DEFINITELY_AWAKE_S = 1.5
"""Three polling intervals: who were not paused would have asked within."""

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]


class Stage:
    def __init__(self, simulator: Simulator, service: Service, web: dict[str, Worker]) -> None:
        self.simulator = simulator
        self.service = service
        self.web = web

    async def everywhere(self, path: str) -> list[Any]:
        """The answer of each web process."""
        bodies = []
        for worker in self.web.values():
            status, body = await worker.get(path)
            assert status == 200, (worker.actor, body)
            bodies.append(body)
        return bodies

    async def lanes(self, actor: str) -> dict[str, dict[str, Any]]:
        body = (await self.everywhere("/api/connections/health"))[0]
        return {it["lane"]: it for it in body["connections"] if it["actor"] == actor}

    async def states(self, actor: str) -> dict[str, str]:
        return {lane: it["state"] for lane, it in (await self.lanes(actor)).items()}

    async def settled(self, actor: str, state: str) -> None:
        async def so() -> bool:
            states = await self.states(actor)
            return bool(states) and set(states.values()) == {state}

        await until(so, SECONDS_MAX, f"{actor} is {state} on all lanes", every=0.05)

    async def requests(self, name: str) -> int:
        """How many requests the simulated venue has had of an account."""
        lanes = await self.lanes(f"account:extended:{name}")
        return int(lanes["rest"]["requests"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("operators")
    keys = {name: secrets.token_hex(16) for name in ("1", "2")}
    settings = {"EXTENDED_MARKETS": "BTC-USD", "WEB_WORKERS": "2", "RATE_LIMIT": "0"}
    async with (
        running(folder, keys, **settings) as (simulator, service),
        workers(service) as web,
    ):
        yield Stage(simulator, service, web)


async def spoil(stage: Stage, count: int = 1) -> None:
    order = {"kind": "malformed", "target": "book:BTC-USD", "count": count}
    await stage.simulator.call("POST", "/fault", json=order)


async def test_errors_are_grouped_and_cleared_in_every_web_process(stage: Stage) -> None:
    async with StreamClient(stage.service.url, "sse", "errors") as client:
        await spoil(stage)

        async def told() -> bool:
            found = await stage.everywhere(f"/api/errors?source={BOOK}")
            return all(body["errors"] for body in found) and all(
                body["errors"] == found[0]["errors"] for body in found
            )

        async def known() -> bool:
            found = await stage.everywhere("/api/errors")
            return all(BOOK in body["summary"]["by_source"] for body in found)

        await until(known, SECONDS_MAX, "every web process shows the fault")
        await until(told, SECONDS_MAX, "every web process shows the same")
        body = (await stage.everywhere(f"/api/errors?source={BOOK}&level=warning&limit=1"))[0]
        error = body["errors"][0]
        assert (error["source"], error["kind"]) == (BOOK, "MalformedFrame")
        assert error["count"] >= 1
        assert error["first_us"] <= error["last_us"] == error["at_us"]
        assert body["summary"]["by_kind"] == {"MalformedFrame": body["summary"]["total"]}
        before = len(client.received.of("errors"))

        status, cleared = await stage.service.post("/api/errors/clear")
        assert status == 202

        async def gone() -> bool:
            found = await stage.everywhere("/api/errors")
            return all(it["cleared_us"] == cleared["cleared_us"] for it in found)

        await until(gone, SECONDS_MAX, "every web process has cleared them")
        for body in await stage.everywhere("/api/errors"):
            # The simulator's fault may strike once more meanwhile; nothing older is left.
            late = [it["first_us"] for it in body["errors"]]
            assert all(first_us >= cleared["cleared_us"] for first_us in late)
            assert body["summary"]["total"] <= 1

        def emptied() -> bool:
            later = client.received.of("errors")[before:]
            return any(it["type"] == "snapshot" and it["data"] == [] for it in later)

        await until(emptied, SECONDS_MAX, "the stream client is told")

        async def spoilt_again() -> bool:
            # Reports of one stream are a second apart at least.
            await spoil(stage)
            return await known()

        await until(spoilt_again, SECONDS_MAX, "a later fault shows", every=0.3)
        later = len(client.received.of("errors", "update"))
        assert later, "the stream client hears of it, too"


@pytest.mark.parametrize(
    ("path", "status", "part"),
    [
        ("/api/errors?limit=0", 400, "limit: expected a whole number from 1 to 500"),
        ("/api/errors?level=loud", 400, "level: expected one of debug, info"),
        ("/api/errors?source=nobody", 400, "source: expected an actor"),
        ("/api/frames/cache", 404, "has no frames"),
        ("/api/frames/nobody", 404, "there is no actor"),
        (f"/api/frames/{ONE}?limit=101", 400, "limit: expected a whole number from 1 to 100"),
        ("/api/ws/health?venue=nowhere", 400, "venue: expected one of extended"),
        ("/api/control/status?account_index=9", 404, "no account '9'"),
    ],
)
async def test_wrong_questions_are_named(stage: Stage, path: str, status: int, part: str) -> None:
    found, problem = await stage.service.get(path)
    assert found == status, problem
    assert part in problem["detail"]


async def test_health_of_each_lane(stage: Stage) -> None:
    await stage.settled(ONE, "connected")
    for body in await stage.everywhere("/api/rest/health?venue=extended"):
        assert {it["lane"] for it in body["connections"]} == {"rest"}
        msgspec.convert(body, RestHealth)
        (budget,) = body["budgets"]
        assert {ONE, TWO} <= set(budget["leases"])
        assert {it["actor"] for it in body["connections"]} == {ONE, TWO, "venue:extended"}
        for lane in body["connections"]:
            assert lane["success_rate_percent"] > 0
            assert lane["interval_effective_ms"] > 0
            assert lane["last_message_age_ms"] < 60_000
    # The malformed frames of an earlier test may have a stream between two connections yet.
    for actor in (ONE, TWO, BOOK):
        await stage.settled(actor, "connected")

    async def counted() -> bool:
        found = await stage.everywhere("/api/ws/health")
        return all(lane["uptime_ms"] for body in found for lane in body["connections"])

    await until(counted, SECONDS_MAX, "every connection tells since when it stands")
    for body in await stage.everywhere("/api/ws/health"):
        assert {it["actor"] for it in body["connections"]} == {ONE, TWO, BOOK}
        assert body["total"] == sum(body["states"].values()) == len(body["connections"])
        assert body["silent"] == []
        for lane in body["connections"]:
            assert lane["messages"] > 0
            assert lane["uptime_ms"] > 0


async def test_a_reconnect_happens_at_once_on_the_lanes_meant(stage: Stage) -> None:
    for actor in (ONE, TWO):
        await stage.settled(actor, "connected")
    before = await stage.lanes(ONE)
    other = await stage.lanes(TWO)
    status, told = await stage.service.post("/api/ws/reconnect?account_index=1")
    assert (status, told) == (202, {"actors": [ONE], "not_told": []})

    async def again() -> bool:
        lanes = await stage.lanes(ONE)
        return bool(lanes["websocket"]["connects"] > before["websocket"]["connects"])

    await until(again, SECONDS_MAX, "connected anew")
    lanes = await stage.lanes(ONE)
    assert lanes["rest"]["connects"] == before["rest"]["connects"]
    assert lanes["websocket"]["attempt"] == 0
    assert (await stage.lanes(TWO))["websocket"]["connects"] == other["websocket"]["connects"]
    status, told = await stage.service.post("/api/connections/reconnect")
    assert status == 202
    assert set(told["actors"]) == {ONE, TWO, BOOK, "venue:extended"}
    status, told = await stage.service.post("/api/rest/reconnect?venue=extended")
    assert set(told["actors"]) == {ONE, TWO, "venue:extended"}
    status, problem = await stage.service.post("/api/ws/reconnect?account_index=77")
    assert (status, problem["known"]) == (404, ["extended:1", "extended:2"])


async def test_a_reconnect_ends_a_wait_of_the_schedule(stage: Stage) -> None:
    """Connections that die at once bring the phase's minute; the operator need not wait for it."""
    order = {"kind": "disconnect", "target": "ws:account:2", "seconds": 3}
    await stage.simulator.call("POST", "/fault", json=order)

    async def waits() -> bool:
        lane = (await stage.lanes(TWO))["websocket"]
        return bool(lane["state"] == "backoff" and lane["phase"] == 1)

    await until(waits, SECONDS_MAX, "phase 1")
    await stage.simulator.call("DELETE", "/fault")
    await stage.service.post("/api/ws/reconnect?account_index=2")
    await stage.settled(TWO, "connected")
    assert (await stage.lanes(TWO))["websocket"]["phase"] == 0


async def test_a_pause_outlives_every_crash_and_is_no_failure(stage: Stage) -> None:
    service = stage.service
    status, told = await service.post("/api/control/pause?account_index=1")
    assert (status, told) == (202, {"actors": [ONE], "not_told": [], "paused": True})
    await stage.settled(ONE, "paused")

    async def shown() -> bool:
        _, account = await service.get("/api/accounts/1")
        return bool(account["stale"] and "paused by the operator" in account["stale_reason"])

    await until(shown, SECONDS_MAX, "stale by order")
    status, problem = await service.post("/api/ws/reconnect?account_index=1")
    assert (status, problem["not_told"][0]["actor"]) == (409, ONE)

    asked = await stage.requests("1")
    pid = await service.kill(ONE)
    await service.pid_of(ONE, not_pid=pid)
    await stage.settled(ONE, "paused")
    await asyncio.sleep(DEFINITELY_AWAKE_S)
    assert await stage.requests("1") == 0, f"born paused, yet it asked; {asked} before"
    for path in ("/health", "/ready"):
        assert (await service.get(path))[0] == 200
    assert (await service.get("/health"))[1]["status"] == "ok"

    status, body = await service.get("/api/control/status")
    rows = {row["actor"]: row for row in body["actors"]}
    assert body["paused"] == 1
    assert rows[ONE]["paused"]
    assert rows[ONE]["paused_since_us"]
    assert rows[ONE]["lanes"] == {"rest": "paused", "websocket": "paused"}
    assert not rows[TWO]["paused"]
    assert set((await stage.states(TWO)).values()) == {"connected"}

    status, told = await service.post("/api/control/resume")
    assert set(told["actors"]) == {ONE, TWO, BOOK}
    await stage.settled(ONE, "connected")


async def test_raw_frames_of_both_lanes_without_secrets(stage: Stage) -> None:
    await stage.settled(ONE, "connected")
    await spoil(stage, 2)

    async def malformed() -> list[dict[str, Any]]:
        _, body = await stage.service.get(f"/api/frames/{BOOK}?limit=100")
        return [frame for frame in body["frames"] if frame["why"]]

    found = await until(malformed, SECONDS_MAX, "a malformed frame is kept")
    assert "expected" in found[0]["why"]
    status, body = await stage.service.get(f"/api/frames/{ONE}?limit=100")
    assert status == 200
    assert {frame["lane"] for frame in body["frames"]} == {"rest", "websocket"}
    times = [frame["at_us"] for frame in body["frames"]]
    assert times == sorted(times, reverse=True)
    answers = [frame for frame in body["frames"] if frame["lane"] == "rest"]
    assert any(it["request"].startswith("GET /user/") and it["status"] == 200 for it in answers)
    assert len((await stage.service.get(f"/api/frames/{ONE}?limit=3"))[1]["frames"]) == 3


async def test_a_pause_outlives_the_service(tmp_path: Path) -> None:
    """kill -9 of the supervisor ends all processes; the next service still knows the order."""
    keys = {"1": secrets.token_hex(16)}
    async with running(tmp_path, keys, EXTENDED_MARKETS="BTC-USD") as (_, service):
        assert (await service.post("/api/control/pause?account_index=1"))[0] == 202
        service.process.kill()
        service.process.wait(SECONDS_MAX)
        again = Again(service)
        try:
            await again.ready()
            _, body = await again.get("/api/control/status")
            rows = {row["actor"]: row for row in body["actors"]}
            assert rows[ONE]["paused"]
            assert rows[ONE]["lanes"] == {"rest": "paused", "websocket": "paused"}
            _, health = await again.get("/api/rest/health")
            assert [it["requests"] for it in health["connections"] if it["actor"] == ONE] == [0]
            assert (await again.post("/api/control/resume?account_index=1"))[0] == 202

            async def fresh() -> bool:
                status, account = await again.get("/api/accounts/1")
                return status == 200 and not account["stale"]

            await until(fresh, SECONDS_MAX, "fresh once more")
        finally:
            again.end()
