"""(d) A full disk, then a read-only one: history waits, says so once, and misses nothing after."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import private_disk
import pytest
import pytest_asyncio
from full_service import Service, Simulator, account_settings, until
from private_disk import Disk

KEYS = {"1": "test-key-of-the-history-disk-one", "2": "test-key-of-the-history-disk-two"}
DISK_SIZE = "6m"
FILLS_PER_S = 20
SECONDS_MAX = 30.0
READ_FILLS = """
import json, sqlite3, sys
connection = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
rows = connection.execute("SELECT fill_id FROM history_fills WHERE account = ?", sys.argv[2:])
print(json.dumps([row[0] for row in rows]))
"""
FAILED = "HistoryStoreAway"
RESUMED = "history store written again"

pytestmark = [pytest.mark.processes, pytest.mark.slow]


class Stage:
    def __init__(self, simulator: Simulator, service: Service, disk: Disk) -> None:
        self.simulator = simulator
        self.service = service
        self.disk = disk

    def logged(self, event: str) -> int:
        lines = self.service.output.read_text().splitlines()
        return sum(line["event"] == event for line in map(json.loads, lines))

    def fills(self, account: str = "1") -> list[str]:
        """Read inside the namespace: SQLite resolves whatever path would lead there from here."""
        ran = subprocess.run(
            [
                *("nsenter", "-t", str(self.service.pid), "-m", "--", sys.executable, "-c"),
                *(READ_FILLS, str(self.service.folder / "data" / "history.sqlite3"), account),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        return [str(each) for each in json.loads(ran.stdout)] if ran.returncode == 0 else []

    async def faults(self, kind: str) -> list[dict[str, Any]]:
        status, body = await self.service.get("/api/errors")
        assert status == 200, body
        return [error for error in body["errors"] if error["kind"] == kind]

    async def storage(self) -> dict[str, Any]:
        status, body = await self.service.get("/api/storage/status")
        assert status == 200, body
        return body

    async def fills_shown(self) -> set[str]:
        status, body = await self.service.get("/api/ws/trades/1")
        assert status == 200, body
        return {fill["fill_id"] for fill in body["trades"]}

    async def goes_on(self) -> None:
        """New fills of the venue are served all the while."""
        before = await self.fills_shown()

        async def more() -> bool:
            return len(await self.fills_shown() - before) >= 2 * FILLS_PER_S

        await until(more, SECONDS_MAX, "new fills are served", every=0.05)

    async def fails(self) -> None:
        """Said once, in the log, among the errors and in the status; and nothing stops."""

        async def away() -> bool:
            return not (await self.storage())["connected"]

        await until(away, SECONDS_MAX, "the store is told to be away", every=0.1)
        await self.goes_on()
        assert (await self.storage())["last_error"]
        (fault,) = await self.faults("HistoryStoreAway")
        assert (fault["source"], fault["level"], fault["count"]) == ("recorder", "error", 1)
        assert self.logged(FAILED) == 1

    async def complete(self) -> None:
        """Every fill that the venue told is stored, once."""
        await self.simulator.call("POST", "/pause")
        for account in KEYS:
            ledger = await self.simulator.call("GET", f"/ledger?account={account}&parts=fills")
            truth = sorted(str(fill["id"]) for fill in ledger["fills"])

            def same(name: str = account, told: list[str] = truth) -> bool:
                return sorted(self.fills(name)) == told

            try:
                await until(same, SECONDS_MAX, f"the fills of {account} are stored", every=0.1)
            except AssertionError:
                lost = set(truth) - set(self.fills(account))
                raise AssertionError(f"{len(lost)} of {len(truth)} lost") from None
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
            JOURNAL_MB="1",
        )
        (tmp_path / "data").mkdir(mode=0o700)
        disk = (str(Path(private_disk.__file__)), str(tmp_path / "data"), DISK_SIZE, sys.executable)
        service = Service(tmp_path, settings, before=disk)
        try:
            await service.ready()
            for account in KEYS:
                order = {"account": account, "rate_per_s": FILLS_PER_S}
                await simulator.call("POST", "/fills", json=order)
            made = Stage(simulator, service, Disk(service.pid, tmp_path / "data"))
            await until(made.fills, SECONDS_MAX, "history has begun", every=0.05)
            yield made
        finally:
            service.end()
    finally:
        simulator.end()


async def test_d_a_full_disk_costs_no_fill_and_is_said_once(stage: Stage) -> None:
    stage.disk.fill()
    await stage.fails()
    stage.disk.free()
    await stage.complete()
    await until(lambda: stage.logged(RESUMED) == 1, SECONDS_MAX, "that it resumed is said")
    assert (await stage.storage())["connected"]
    assert stage.logged(FAILED) == 1


async def test_d_a_read_only_disk_costs_no_fill_and_is_said_once(stage: Stage) -> None:
    before = await stage.service.pid_of("recorder")
    stage.disk.make_read_only()
    # The recorder that lives writes on in the file that it holds open; the next one cannot.
    await stage.service.kill("recorder")
    await stage.service.pid_of("recorder", not_pid=before)
    await stage.fails()
    (fault,) = await stage.faults("HistoryStoreAway")
    assert "Read-only file system" in fault["message"]
    stage.disk.make_writable()
    await stage.complete()
    await until(lambda: stage.logged(RESUMED) == 1, SECONDS_MAX, "that it resumed is said")
    assert stage.logged(FAILED) == 1


async def test_d_a_recorder_that_dies_on_a_full_disk_loses_nothing(stage: Stage) -> None:
    stage.disk.fill()
    await stage.fails()
    pid = await stage.service.kill("recorder")
    await stage.service.pid_of("recorder", not_pid=pid)
    await stage.goes_on()
    stage.disk.free()
    await stage.complete()
