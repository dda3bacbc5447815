"""Funding payments from the venue to the statistics: each once, to the last digit, whoever dies."""

from __future__ import annotations

import os
import random
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from full_service import Service, Simulator, running, until
from history_world import stored
from watched_venue import BOTH, WatchedVenue

SEED = 20_261_121
NAME = "1"
KEYS = {NAME: "test-key-of-funding-1"}
ROUNDS = 9
PAYMENTS_A_ROUND_MAX = 40
MICROS = 10**6
SETTLE_SECONDS = 60.0

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.timeout(300)]


async def ledger(simulator: Simulator) -> list[dict[str, Any]]:
    told = await simulator.call("GET", f"/ledger?account={NAME}&parts=funding")
    found: list[dict[str, Any]] = told["funding"]
    return found


async def hold_a_position(simulator: Simulator, venue: WatchedVenue) -> None:
    flow: dict[str, Any] = {"account": NAME, "markets": [venue.market], "script": False}
    await simulator.call("POST", "/fills", json=flow | {"rate_per_s": 5})

    async def holds() -> bool:
        state = await simulator.call("GET", f"/ledger?account={NAME}&parts=")
        return bool(state["open_positions"])

    await until(holds, SETTLE_SECONDS, "a position")
    await simulator.call("POST", "/fills", json=flow | {"rate_per_s": 0})
    # The last order of the flow may have closed it again.
    if not await holds():
        await hold_a_position(simulator, venue)


async def pay(simulator: Simulator, times: int) -> None:
    for _ in range(times):
        await simulator.call("POST", "/pay_funding")


def kept(folder: Path) -> list[tuple[str, str, int]]:
    """Id, amount and time of what history holds."""
    return stored(
        folder / "data", "SELECT funding_id, amount, at_us FROM history_fundings ORDER BY at_us"
    )


async def told_by_statistics(service: Service, venue: WatchedVenue) -> tuple[Any, Any]:
    """Funding of all time, and of the last day."""
    status, told = await service.get(f"/api/stats/periods?account={venue.name}:{NAME}", 15.0)
    if status != 200 or not told["accounts"][0]["periods"]:
        return None, None
    periods = {each["period"]: each["funding"] for each in told["accounts"][0]["periods"]}
    return periods["all"], periods["24h"]


@pytest.mark.parametrize("venue", BOTH, ids=str)
async def test_every_payment_is_stored_once_while_processes_die(
    venue: WatchedVenue, tmp_path: Path
) -> None:
    print(f"seed {SEED}")
    generator = random.Random(SEED)
    settings = {
        "RESET_AFTER_ACCOUNT": "0",
        "RESTART_INFRASTRUCTURE": "0",
        **venue.follows(),
        **venue.grants(),
    }
    account = venue.account(NAME)
    killed: dict[str, int] = {}
    async with running(tmp_path, KEYS, venue=venue, **settings) as (simulator, service):

        async def kill(victim: str) -> None:
            killed[victim] = await service.pid_of(victim, not_pid=killed.get(victim, 0))
            os.kill(killed[victim], signal.SIGKILL)

        async def are_kept(count: int) -> None:
            await until(
                lambda: len(kept(tmp_path)) >= count, SETTLE_SECONDS, f"{count} payments are kept"
            )

        await hold_a_position(simulator, venue)
        for at in range(ROUNDS):
            await pay(simulator, generator.randint(1, PAYMENTS_A_ROUND_MAX))
            # A new life of the account asks at once for what it missed.
            await kill(account)
            paid = len(await ledger(simulator))
            await are_kept(generator.randint(len(kept(tmp_path)), paid))
            await kill(("cache", "recorder", account)[at % 3])
            print(f"round {at}: {paid} paid, {len(kept(tmp_path))} kept")
        await pay(simulator, 3)
        await kill(account)
        truth = await ledger(simulator)
        await are_kept(len(truth))
        total = Decimal(sum(one["amount"] for one in truth)) / MICROS

        async def summed() -> bool:
            told = await told_by_statistics(service, venue)
            return None not in told and {Decimal(each) for each in told} == {total}

        await until(summed, SETTLE_SECONDS, f"statistics tell {total}", every=0.5)
        found = kept(tmp_path)
    assert sorted(row[0] for row in found) == sorted(str(one["payment_id"]) for one in truth)
    amounts = {row[0]: Decimal(row[1]) * MICROS for row in found}
    assert amounts == {str(one["payment_id"]): one["amount"] for one in truth}
    assert len({each["amount"] for each in truth}) > 1, "else any mistake would add up"
