"""(f) 200 kills of account actors and cache under a flow of fills: exactly once, in order."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest
from full_service import Service, Simulator, running, until
from stream_clients import StreamClient, broken_chains

SEED = 4_711
KILLS = 200
FILLS_PER_SECOND = 40
SETTLE_SECONDS_MAX = 30.0
KEYS = {"1": "test-key-one", "2": "test-key-two"}
VICTIMS = ("account:extended:1", "account:extended:2", "cache")


def fills_received(client: StreamClient, account: str) -> list[str]:
    """Fill ids in the order in which a client that folds snapshots and updates learnt of them."""
    known: list[str] = []
    for message in client.received.of(f"fills:extended:{account}"):
        data = message["data"]
        rows = data if isinstance(data, list) else data.get("fills", [data])
        ids = [row["fill_id"] for row in rows]
        if message["type"] == "snapshot":
            known += [identity for identity in ids if identity not in set(known)]
        else:
            known += ids
    return known


async def ledger(venue: Simulator, account: str) -> list[str]:
    told = await venue.call("GET", f"/ledger?account={account}")
    return [str(fill["id"]) for fill in told["fills"]]


async def kill_at_random(service: Service, generator: random.Random) -> dict[str, int]:
    counts = dict.fromkeys(VICTIMS, 0)
    for _ in range(KILLS):
        victim = generator.choice(VICTIMS)
        pid = await service.pid_of(victim)
        await asyncio.sleep(generator.uniform(0, 0.1))
        os.kill(pid, signal.SIGKILL)
        counts[victim] += 1
    return counts


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_f_200_kills_lose_no_fill_and_double_none(tmp_path: Path) -> None:
    print(f"seed {SEED}")
    generator = random.Random(SEED)
    settings = {
        "EXTENDED_MARKETS": "BTC-USD",
        "RESET_AFTER_ACCOUNT": "0",
        "RESET_AFTER_INFRASTRUCTURE": "0",
    }
    async with (
        running(tmp_path, KEYS, **settings) as (venue, service),
        StreamClient(service.url, "sse", "fills:extended:*") as client,
    ):
        await until(lambda: client.received.connects, 10, "the client connects")
        for name in KEYS:
            body: dict[str, Any] = {"account": name, "rate_per_s": FILLS_PER_SECOND}
            await venue.call("POST", "/fills", json=body)
        counts = await kill_at_random(service, generator)
        for name in KEYS:
            await venue.call("POST", "/fills", json={"account": name, "rate_per_s": 0})
        await venue.call("POST", "/pause")
        truth = {name: await ledger(venue, name) for name in KEYS}
        await until(
            lambda: all(len(fills_received(client, name)) >= len(truth[name]) for name in KEYS),
            SETTLE_SECONDS_MAX,
            "the client has all fills",
            every=0.2,
        )
    for name in KEYS:
        got = fills_received(client, name)
        print(f"account {name}: {len(truth[name])} fills, received {len(got)}; kills {counts}")
        assert len(got) == len(set(got)), "doubled"
        assert got == truth[name], "lost or out of order"
        assert not broken_chains(client.received, f"fills:extended:{name}")
    assert min(len(fills) for fills in truth.values()) > 200
