"""(h) A full disk, then a read-only one: the service goes on, says so once, resumes by itself."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import private_disk
import pytest
import pytest_asyncio
from full_service import Service, Simulator, account_settings, until
from private_disk import Disk

KEYS = {"1": "test-key-of-the-disk-one", "2": "test-key-of-the-disk-two"}
ACCOUNT, OTHER = "account:extended:1", "account:extended:2"
RESTARTS_MAX = 20
DISK_SIZE = "2m"
FILLS_PER_S = 20
SECONDS_MAX = 20.0
"""The supervisor tries its own journal again each 5 s, the cache each second."""

pytestmark = [pytest.mark.processes, pytest.mark.slow]


class Stage:
    def __init__(self, simulator: Simulator, service: Service, disk: Disk) -> None:
        self.simulator = simulator
        self.service = service
        self.disk = disk

    async def health(self) -> dict[str, Any]:
        status, body = await self.service.get("/health")
        assert status == 200, body
        return body

    async def journal_is(self, state: str) -> None:
        async def so() -> bool:
            return (await self.health())["journal"] == state

        await until(so, SECONDS_MAX, f"the journal is {state}", every=0.05)

    async def fills_shown(self) -> set[str]:
        status, body = await self.service.get("/api/ws/trades/1")
        assert status == 200, body
        return {fill["fill_id"] for fill in body["trades"]}

    async def goes_on(self) -> None:
        """New fills of the venue are still served, and the account is not stale."""
        before = await self.fills_shown()

        async def more() -> bool:
            return len(await self.fills_shown() - before) >= FILLS_PER_S

        await until(more, SECONDS_MAX, "new fills are served", every=0.05)
        _, account = await self.service.get("/api/accounts/1")
        assert not account["stale"], account["stale_reason"]

    async def errors(self, kind: str) -> list[dict[str, Any]]:
        status, body = await self.service.get("/api/errors")
        assert status == 200, body
        return [error for error in body["errors"] if error["kind"] == kind]

    def logged(self, event: str) -> list[dict[str, Any]]:
        lines = self.service.output.read_text().splitlines()
        return [line for line in map(json.loads, lines) if line["event"] == event]

    async def reborn(self, actor: str) -> None:
        pid = await self.service.kill(actor)
        await self.service.pid_of(actor, not_pid=pid)

    async def complete(self) -> None:
        """Every fill that the venue told is served: none was lost, whatever the disk did."""
        await self.simulator.call("POST", "/pause")

        async def same() -> bool:
            ledger = await self.simulator.call("GET", "/ledger?account=1&parts=fills")
            return await self.fills_shown() == {str(it["id"]) for it in ledger["fills"][-500:]}

        try:
            await until(same, SECONDS_MAX, "the fills shown are the venue's", every=0.05)
        finally:
            await self.simulator.call("POST", "/resume")


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    why = private_disk.missing()
    if why:
        problem = f"no file system can be mounted here: {why}"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(problem)
        pytest.skip(problem)
    simulator = Simulator(tmp_path, KEYS)
    try:
        await simulator.serving()
        settings = account_settings(
            simulator,
            KEYS,
            EXTENDED_MARKETS="BTC-USD",
            RATE_LIMIT="0",
            RESTART_INFRASTRUCTURE="0",
            # It would fill so small a disk by itself; what it does then is another test's matter.
            HISTORY="off",
        )
        service = on_small_disk(tmp_path, settings)
        try:
            await service.ready()
            order = {"account": "1", "rate_per_s": FILLS_PER_S}
            await simulator.call("POST", "/fills", json=order)
            yield Stage(simulator, service, Disk(service.pid, tmp_path / "data"))
        finally:
            service.end()
    finally:
        simulator.end()


def on_small_disk(folder: Path, settings: dict[str, str]) -> Service:
    """A service whose DATA_DIR is a file system of its own, of DISK_SIZE."""
    (folder / "data").mkdir(mode=0o700)
    launcher = (str(Path(private_disk.__file__)), str(folder / "data"), DISK_SIZE, sys.executable)
    return Service(folder, settings, before=launcher)


async def told_once(stage: Stage, fails: Callable[[], Awaitable[None]]) -> None:
    """`fails` makes the disk fail while all goes on; it is said once, in three places."""
    await fails()
    await stage.journal_is("failed")
    assert (await stage.health())["status"] == "degraded"
    await stage.goes_on()
    (error,) = await stage.errors("JournalFailed")
    assert (error["source"], error["level"], error["count"]) == ("cache", "error", 1)
    assert len(stage.logged("journal failed")) == 1


async def supervisors_complaint(stage: Stage) -> dict[str, Any]:
    """Its journal's last page had room for some records more."""
    for _ in range(RESTARTS_MAX):
        if found := await stage.errors("SupervisionJournal"):
            (only,) = found
            return only
        before = await stage.service.pid_of(OTHER)
        assert (await stage.service.post(f"/api/supervision/{OTHER}/restart"))[0] == 202
        await stage.service.pid_of(OTHER, not_pid=before)
    raise AssertionError("the supervisor did not notice that its disk is full")


async def test_h_a_full_disk_costs_nothing_and_is_said_once(stage: Stage) -> None:
    async def fill() -> None:
        stage.disk.fill()

    await told_once(stage, fill)
    # Whoever dies meanwhile comes back, and the order to pause is taken all the same.
    await stage.reborn(ACCOUNT)
    own = await supervisors_complaint(stage)
    assert (own["source"], own["count"]) == ("supervisor", 1)
    assert (await stage.service.post("/api/control/pause?account_index=2"))[0] == 202
    _, control = await stage.service.get("/api/control/status")
    assert "No space left" in control["note"]
    assert (await stage.service.post("/api/control/resume"))[0] == 202
    await stage.goes_on()

    stage.disk.free()
    await stage.journal_is("ok")
    assert len(stage.logged("journal written again")) == 1

    async def own_resumed() -> bool:
        found = await stage.errors("SupervisionJournal")
        return any("can be written again" in error["message"] for error in found)

    await until(own_resumed, SECONDS_MAX, "the supervisor's journal is whole again", every=0.1)
    # What was told while the disk was full is on it by now: a new cache knows it.
    await stage.reborn("cache")
    await stage.complete()
    assert len(stage.logged("journal failed")) == 1


async def test_h_a_read_only_disk_costs_nothing_and_is_said_once(stage: Stage) -> None:
    async def fail() -> None:
        stage.disk.make_read_only()
        # The cache that lives writes on in the file that it holds open; the next one cannot.
        await stage.reborn("cache")

    await told_once(stage, fail)
    (error,) = await stage.errors("JournalFailed")
    assert "Read-only file system" in error["message"]
    await stage.reborn(ACCOUNT)
    await stage.goes_on()

    stage.disk.make_writable()
    await stage.journal_is("ok")
    assert len(stage.logged("journal written again")) == 1
    await stage.complete()
    await stage.reborn("cache")
    await stage.complete()
    assert len(stage.logged("journal failed")) == 1
