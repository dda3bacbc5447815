"""A mistake of one account is mended in `.env`: by a restart of the service, or by `reset`."""

from __future__ import annotations

import secrets
import signal
from pathlib import Path

import aiohttp
import pytest
from connect_proxy import ConnectProxy
from full_service import Again, Service, Simulator, account_settings, until

SECONDS_MAX = 30.0
ACCOUNT = "account:extended:{}"

pytestmark = pytest.mark.processes


async def in_state(service: Service, number: str, *states: str) -> dict:
    async def found() -> dict | None:
        assert service.process.poll() is None, service.tail()
        try:
            child = (await service.children()).get(ACCOUNT.format(number), {})
        except (aiohttp.ClientError, TimeoutError):
            return None
        return child if child.get("state") in states else None

    return await until(found, SECONDS_MAX, f"account {number} is {' or '.join(states)}")


def rewrite(service: Service, **changes: str | None) -> None:
    """Changes lines of its `.env`; None takes one away."""
    path = service.folder / ".env"
    lines = dict(line.split("=", 1) for line in path.read_text().splitlines())
    lines |= {name: value for name, value in changes.items() if value is not None}
    kept = {name: value for name, value in lines.items() if changes.get(name, "") is not None}
    path.write_text("".join(f"{name}={value}\n" for name, value in kept.items()))


def kept_on_disk(folder: Path, needles: list[str]) -> list[str]:
    return [
        f"{needle[:12]} in {path.name}"
        for path in (folder / "data").rglob("*")
        if path.is_file()
        for needle in needles
        if needle.encode() in path.read_bytes()
    ]


async def test_a_corrected_key_ends_the_quarantine_at_the_next_start(tmp_path: Path) -> None:
    good, wrong = secrets.token_hex(16), secrets.token_hex(16)
    simulator = Simulator(tmp_path, {"1": good})
    services: list[Service] = []
    try:
        await simulator.serving()
        settings = account_settings(simulator, {"1": wrong}, EXTENDED_MARKETS="BTC-USD")
        services.append(Service(tmp_path, settings))
        child = await in_state(services[0], "1", "quarantined")
        assert "key rejected" in child["reason"]
        services[0].process.send_signal(signal.SIGTERM)
        services[0].process.wait(SECONDS_MAX)

        # Nothing was corrected: the quarantine goes on.
        services.append(Again(services[0]))
        child = await in_state(services[1], "1", "quarantined")
        assert child["epoch"] == 1
        services[1].process.send_signal(signal.SIGTERM)
        services[1].process.wait(SECONDS_MAX)

        rewrite(services[1], Extended_1_T1_API_KEY=good)
        services.append(Again(services[0]))
        child = await in_state(services[2], "1", "ready")
        assert child["epoch"] == 2
        assert kept_on_disk(tmp_path, [good, wrong]) == []
    finally:
        for service in services:
            service.end()
        simulator.end()


async def test_reset_takes_over_what_env_says_now(tmp_path: Path) -> None:
    keys = {name: secrets.token_hex(16) for name in ("1", "2")}
    simulator = Simulator(tmp_path, keys)
    async with ConnectProxy("user", "one") as one, ConnectProxy("user", "two") as two:
        try:
            await simulator.serving()
            settings = account_settings(simulator, {"1": keys["1"]}, EXTENDED_MARKETS="BTC-USD")
            settings["Extended_1_PROXY"] = f"http://user:one@127.0.0.1:{one.port}"
            settings["Extended_2_T2_CLIENT_ID"] = "2"
            service = Service(tmp_path, settings)
            try:
                await in_state(service, "1", "ready")
                assert "API_KEY" in (await in_state(service, "2", "quarantined"))["reason"]
                await reset_repairs(service, keys["2"])
                await reset_moves_to(service, one, two)
                await reset_of_a_mistake_changes_nothing(service, two)
            finally:
                service.end()
        finally:
            simulator.end()


async def reset(service: Service, number: str) -> tuple[int, dict]:
    return await service.post(f"/api/supervision/{ACCOUNT.format(number)}/reset")


async def exits_of(service: Service, number: str) -> set[str]:
    _, answer = await service.get("/api/connections/health")
    return {
        connection.get("exit_address")
        for connection in answer["connections"]
        if connection["actor"] == ACCOUNT.format(number)
    }


async def reset_repairs(service: Service, key: str) -> None:
    status, problem = await reset(service, "2")
    assert status == 400, problem
    assert "Extended_2_T2_API_KEY" in problem["detail"]
    rewrite(service, Extended_2_T2_API_KEY=key)
    assert (await reset(service, "2"))[0] < 300
    child = await in_state(service, "2", "ready")
    assert child["reason"] in ("", None)


async def reset_moves_to(service: Service, one: ConnectProxy, two: ConnectProxy) -> None:
    assert await exits_of(service, "1") == {f"127.0.0.1:{one.port}"}
    rewrite(service, Extended_1_PROXY=f"http://user:two@127.0.0.1:{two.port}")
    before = await service.pid_of(ACCOUNT.format("1"))
    assert (await reset(service, "1"))[0] < 300
    await service.pid_of(ACCOUNT.format("1"), not_pid=before)
    assert await exits_of(service, "1") == {f"127.0.0.1:{two.port}"}
    assert two.tunnels >= 2


async def reset_of_a_mistake_changes_nothing(service: Service, two: ConnectProxy) -> None:
    """Who runs goes on with what it has, and never without its proxy."""
    rewrite(service, Extended_1_PROXY="127.0.0.1:many")
    before = await service.pid_of(ACCOUNT.format("1"))
    status, accepted = await reset(service, "1")
    assert status == 202
    assert "starts as it was configured before" in accepted["note"]
    await service.pid_of(ACCOUNT.format("1"), not_pid=before)
    assert await exits_of(service, "1") == {f"127.0.0.1:{two.port}"}
    log = service.output.read_text()
    assert "starts as it was configured before" in log
    assert "Extended_1_PROXY" in log
