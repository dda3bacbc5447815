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
from watched_venue import BOTH, WatchedVenue

SEED = 4_711
KILLS = int(os.environ.get("FIRE_KILLS", "200"))
FILLS_PER_SECOND = 40
DROP_SHARE = 0.3
SETTLE_SECONDS_MAX = 30.0
KEYS = {"1": "test-key-one", "2": "test-key-two"}
ENOUGH_FILLS = 200


def topic_of(venue: WatchedVenue, account: str) -> str:
    return f"fills:{venue.name}:{account}"


def fills_received(client: StreamClient, topic: str) -> list[str]:
    """Fill ids in the order in which a client that folds snapshots and updates learnt of them."""
    known: list[str] = []
    for message in client.received.of(topic):
        data = message["data"]
        rows = data if isinstance(data, list) else data.get("fills", [data])
        ids = [row["fill_id"] for row in rows]
        if message["type"] == "snapshot":
            # A snapshot lists the newest first, as a dashboard shows them.
            known += [identity for identity in reversed(ids) if identity not in set(known)]
        else:
            known += ids
    return known


async def ledger(venue: Simulator, account: str) -> list[str]:
    told = await venue.call("GET", f"/ledger?account={account}")
    return [str(fill[venue.venue.fill_id]) for fill in told["fills"]]


async def kill_at_random(
    service: Service,
    generator: random.Random,
    resuming: StreamClient,
    victims: tuple[str, ...],
) -> dict[str, int]:
    """Kills at random points; now and then the resuming client loses its connection too."""
    counts = dict.fromkeys(victims, 0)
    killed = dict.fromkeys(victims, 0)
    for _ in range(KILLS):
        victim = generator.choice(victims)
        pid = await service.pid_of(victim, not_pid=killed[victim])
        # The moment of the kill is what is random here; nothing is waited for.
        await asyncio.sleep(generator.uniform(0, 0.1))
        os.kill(pid, signal.SIGKILL)
        killed[victim] = pid
        counts[victim] += 1
        if generator.random() < DROP_SHARE:
            resuming.drop()
    return counts


def compare(client: StreamClient, topic: str, truth: list[str]) -> None:
    got = fills_received(client, topic)
    print(f"{topic}: {len(truth)} fills, received {len(got)}")
    assert len(got) == len(set(got)), "doubled"
    assert sorted(got) == sorted(truth), "lost"
    misplaced = [
        (place, ours, theirs)
        for place, (ours, theirs) in enumerate(zip(got, truth, strict=True))
        if ours != theirs
    ]
    assert not misplaced, f"{len(misplaced)} out of order: {misplaced[:5]}"
    faults = broken_chains(client.received, topic)
    assert not faults, faults[:5]


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("watched", BOTH, ids=str)
async def test_f_200_kills_lose_no_fill_and_double_none(
    tmp_path: Path, watched: WatchedVenue
) -> None:
    print(f"seed {SEED}")
    generator = random.Random(SEED)
    settings = {
        **watched.follows(),
        "RESET_AFTER_ACCOUNT": "0",
        "RESTART_INFRASTRUCTURE": "0",
        # So many catch-ups would not fit what the venue allows otherwise.
        **watched.grants(),
    }
    victims = (*(watched.account(name) for name in KEYS), "cache")
    topics = {name: topic_of(watched, name) for name in KEYS}
    async with (
        running(tmp_path, KEYS, venue=watched, **settings) as (venue, service),
        StreamClient(service.url, "sse", topic_of(watched, "*")) as steady,
        StreamClient(service.url, "ws", topic_of(watched, "*")) as resuming,
    ):
        clients = (steady, resuming)
        await until(
            lambda: all(client.received.connects for client in clients), 10, "clients connect"
        )
        for name in KEYS:
            body: dict[str, Any] = {"account": name, "rate_per_s": FILLS_PER_SECOND}
            await venue.call("POST", "/fills", json=body)
        counts = await kill_at_random(service, generator, resuming, victims)
        for name in KEYS:
            await venue.call("POST", "/fills", json={"account": name, "rate_per_s": 0})
        await venue.call("POST", "/pause")
        truth = {name: await ledger(venue, name) for name in KEYS}
        await until(
            lambda: all(
                len(fills_received(client, topics[name])) >= len(truth[name])
                for client in clients
                for name in KEYS
            ),
            SETTLE_SECONDS_MAX,
            "the client has all fills",
            every=0.2,
        )
    print(f"kills {counts}; {resuming.received.connects} connections of the resuming client")
    for client in clients:
        for name in KEYS:
            compare(client, topics[name], truth[name])
    assert resuming.received.connects > 1
    assert min(len(fills) for fills in truth.values()) > ENOUGH_FILLS
