"""(d) A key that the venue rejects: quarantine by the schedule, shown; others go on; mended."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from fault_stage import Stage
from full_service import Service, Simulator, account_settings, until
from kernel_driver import Driver, of, spec

from actors.supervision.effects import Spawn

GOOD, REJECTED, OTHER = (f"account:extended:{name}" for name in ("1", "2", "3"))
BOOK = "orderbook:extended:linear:BTC-USD"
SECONDS_MAX = 20.0
HALF_AN_HOUR_S = 1_800.0
DAY_S = 86_400.0
KEY_REJECTED = 77

pytestmark = [pytest.mark.processes, pytest.mark.slow]


def test_d_the_cool_down_doubles_from_half_an_hour_to_a_day() -> None:
    """On a fake clock; a true event of the account ends it, and so does the operator."""
    driver = Driver(spec(REJECTED))
    for wait_s in (1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0, 57_600.0, DAY_S, DAY_S):
        driver.spawned(REJECTED)
        driver.exit(REJECTED, KEY_REJECTED)
        assert driver.child(REJECTED).state == "quarantined"
        assert not of(Spawn, driver.advance(wait_s - 0.1)), wait_s
        assert of(Spawn, driver.advance(0.1)), wait_s
    driver.up(REJECTED, good=0)
    driver.beat(REJECTED, good=1)
    driver.exit(REJECTED, KEY_REJECTED)
    assert not of(Spawn, driver.advance(HALF_AN_HOUR_S - 0.1))
    assert of(Spawn, driver.command("reset", REJECTED))
    assert driver.child(REJECTED).rejections == 0


def rewrite(service: Service, name: str, value: str) -> None:
    path = service.folder / ".env"
    lines = dict(line.split("=", 1) for line in path.read_text().splitlines())
    path.write_text("".join(f"{n}={v}\n" for n, v in (lines | {name: value}).items()))


@pytest.fixture
def keys() -> dict[str, str]:
    return {name: secrets.token_hex(16) for name in ("1", "2", "3")}


@pytest_asyncio.fixture
async def stage(tmp_path: Path, keys: dict[str, str]) -> AsyncIterator[Stage]:
    """Account 2 has a key that the venue does not know."""
    simulator = Simulator(tmp_path, keys)
    try:
        await simulator.serving()
        wrong = keys | {"2": secrets.token_hex(16)}
        service = Service(tmp_path, account_settings(simulator, wrong, EXTENDED_MARKETS="BTC-USD"))
        try:
            async with aiohttp.ClientSession() as session:
                await until(lambda: settled(service), SECONDS_MAX, "all that can be is ready")
                yield Stage(simulator, service, tmp_path, session)
        finally:
            service.end()
    finally:
        simulator.end()


async def settled(service: Service) -> bool:
    assert service.process.poll() is None, service.tail()
    try:
        children = await service.children()
    except (aiohttp.ClientError, TimeoutError):
        return False
    states = {actor: child["state"] for actor, child in children.items()}
    return states.pop(REJECTED, "") == "quarantined" and set(states.values()) == {"ready"}


async def frames_of(stage: Stage, actor: str) -> int:
    health = await stage.get("/api/connections/health")
    lanes = [lane for lane in health["connections"] if lane["actor"] == actor]
    return sum(lane["messages"] + lane["requests"] for lane in lanes)


async def child_of(stage: Stage) -> dict[str, Any]:
    return (await stage.service.children())[REJECTED]


async def is_shown_everywhere(stage: Stage) -> None:
    child = await child_of(stage)
    assert child["reason"] == "key rejected (1 in a row)"
    assert (child["last_exit"]["cause"], child["last_exit"]["exit_code"]) == ("key", KEY_REJECTED)
    waits_s = child["next_restart_us"] / 1e6 - time.time()
    assert HALF_AN_HOUR_S - 60 < waits_s <= HALF_AN_HOUR_S

    accounts = {it["actor"]: it for it in (await stage.get("/api/accounts"))["accounts"]}
    shown = accounts[REJECTED]
    assert (shown["state"], shown["reason"]) == ("quarantined", child["reason"])
    assert shown["stale"]
    assert "quarantined: key rejected" in shown["stale_reason"]

    errors = (await stage.get(f"/api/errors?source={REJECTED}"))["errors"]
    told = [error for error in errors if error["kind"] == "KeyRejected"]
    assert told, errors
    assert all(error["level"] in ("warning", "error") for error in told)
    status, problem = await stage.service.get("/api/accounts/2")
    assert status == 503
    assert "key rejected" in problem["detail"]
    status, body = await stage.service.get("/ready")
    assert (status, [it["actor"] for it in body["not_ready"]]) == (503, [REJECTED])


async def test_d_a_rejected_key_rests_is_shown_and_is_mended(
    stage: Stage, keys: dict[str, str]
) -> None:
    service, others = stage.service, (GOOD, OTHER, BOOK)
    await stage.restored(list(others))
    await is_shown_everywhere(stage)
    async with stage.others_undisturbed([REJECTED]):
        frames = {actor: await frames_of(stage, actor) for actor in others}
        # Asked again with the same key: rejected again, and the wait doubles only by itself.
        status, _ = await service.post(f"/api/supervision/{REJECTED}/restart")
        assert status == 202

        async def twice() -> bool:
            return (await child_of(stage))["reason"] == "key rejected (2 in a row)"

        await until(twice, SECONDS_MAX, "rejected once more")
        waits_s = (await child_of(stage))["next_restart_us"] / 1e6 - time.time()
        assert 2 * HALF_AN_HOUR_S - 60 < waits_s <= 2 * HALF_AN_HOUR_S

        rewrite(service, "Extended_2_T2_API_KEY", keys["2"])
        status, accepted = await service.post(f"/api/supervision/{REJECTED}/reset")
        assert status == 202, accepted
        await service.pid_of(REJECTED)
        for actor, before in frames.items():
            assert await frames_of(stage, actor) > before, f"{actor} was told nothing meanwhile"
    await stage.restored([REJECTED])
    await stage.equal([REJECTED])
    child = await child_of(stage)
    assert (child["state"], child["attempt"], child["next_restart_us"]) == ("ready", 0, None)
    assert (await service.get("/ready"))[0] == 200
    _, history = await service.get(f"/api/supervision/{REJECTED}/history")
    assert [it["cause"] for it in history["incarnations"]] == ["key", "key"]
