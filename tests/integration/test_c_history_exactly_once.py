"""(c) 10,000 fills while recorder, store and cache are killed: exactly those, once each."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from full_service import Service, Simulator, running, until
from history_world import stored
from own_postgres import OwnPostgres

SEED = 7_301
FILLS = int(os.environ.get("HISTORY_FILLS", "10000"))
FILLS_PER_SECOND = 50
ACCOUNTS = ("1", "2", "3", "4")
KEYS = {name: f"test-key-of-history-{name}" for name in ACCOUNTS}
PAUSE_S_MAX = 1.2
KILLS_MIN = 20
SETTLE_SECONDS_MAX = 60.0

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.timeout(900)]


class SqliteStore:
    """A file that nobody can kill: its writer's death is the store's."""

    victims = ("recorder", "cache")

    def __init__(self, folder: Path) -> None:
        self.settings: dict[str, str] = {}
        self._folder = folder / "data"

    async def kill(self, victim: str, generator: random.Random) -> None:
        raise AssertionError(f"no such victim: {victim}")

    async def fills(self) -> list[tuple[str, str]]:
        return stored(self._folder, "SELECT account, fill_id FROM history_fills")


class PostgresStore:
    """A server of the test's own; its postmaster or a single backend can be killed."""

    victims = ("recorder", "cache", "postmaster", "backend")

    def __init__(self, server: OwnPostgres) -> None:
        self._server = server
        self.settings = {"DATABASE_URL": server.address}

    async def kill(self, victim: str, generator: random.Random) -> None:
        if victim == "backend":
            await self._server.cut_connections()
            return
        self._server.kill()
        # It stays away for a moment, so that the spool has something to do.
        await asyncio.sleep(generator.uniform(0, PAUSE_S_MAX))
        self._server.start()

    async def fills(self) -> list[tuple[str, str]]:
        return await self._server.fetch("SELECT account, fill_id FROM history_fills")


@asynccontextmanager
async def store_of(kind: str, folder: Path) -> AsyncIterator[SqliteStore | PostgresStore]:
    if kind == "sqlite":
        yield SqliteStore(folder)
        return
    server = OwnPostgres(folder)
    try:
        server.start()
        yield PostgresStore(server)
    finally:
        server.end()


async def told(venue: Simulator) -> list[tuple[str, str]]:
    fills = []
    for name in ACCOUNTS:
        ledger = await venue.call("GET", f"/ledger?account={name}&parts=fills")
        fills += [(name, str(fill["id"])) for fill in ledger["fills"]]
    return fills


async def count_told(venue: Simulator) -> int:
    return len(await told(venue))


async def kill_until_all_are_told(
    venue: Simulator, service: Service, store: Any, generator: random.Random
) -> Counter[str]:
    """Kills at random points until the venue told enough; at least KILLS_MIN times."""
    kills: Counter[str] = Counter()
    killed: dict[str, int] = {}
    while await count_told(venue) < FILLS or kills.total() < KILLS_MIN:
        victim = generator.choice(store.victims)
        # The moment of the kill is what is random here; nothing is waited for.
        await asyncio.sleep(generator.uniform(0, PAUSE_S_MAX))
        if victim in ("recorder", "cache"):
            killed[victim] = await service.pid_of(victim, not_pid=killed.get(victim, 0))
            os.kill(killed[victim], signal.SIGKILL)
        else:
            await store.kill(victim, generator)
        kills[victim] += 1
    return kills


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_c_the_store_holds_exactly_the_fills_of_the_venue(kind: str, tmp_path: Path) -> None:
    print(f"seed {SEED}")
    generator = random.Random(SEED)
    async with store_of(kind, tmp_path) as store:
        settings = {
            "EXTENDED_MARKETS": "BTC-USD",
            "RESET_AFTER_ACCOUNT": "0",
            "RESTART_INFRASTRUCTURE": "0",
            "EXTENDED_RATE_LIMIT": "60000",
            **store.settings,
        }
        async with running(tmp_path, KEYS, **settings) as (venue, service):
            for name in ACCOUNTS:
                order = {"account": name, "rate_per_s": FILLS_PER_SECOND}
                await venue.call("POST", "/fills", json=order)
            began = time.monotonic()
            kills = await kill_until_all_are_told(venue, service, store, generator)
            for name in ACCOUNTS:
                await venue.call("POST", "/fills", json={"account": name, "rate_per_s": 0})
            await venue.call("POST", "/pause")
            truth = await told(venue)

            async def all_there() -> bool:
                return len(await store.fills()) >= len(truth)

            try:
                await until(all_there, SETTLE_SECONDS_MAX, "the store has all fills", every=0.2)
            except AssertionError:
                lost = set(truth) - set(await store.fills())
                raise AssertionError(
                    f"{len(lost)} of {len(truth)} lost: {sorted(lost)[:5]}"
                ) from None
            found = await store.fills()
            _, status = await service.get("/api/storage/status")
        took_s = time.monotonic() - began
        print(f"{len(truth)} fills in {took_s:.0f} s, kills {dict(kills)}; {status}")
        assert len(truth) >= FILLS
        assert len(found) == len(set(found)), "doubled"
        assert sorted(found) == sorted(truth)
        assert min(kills[victim] for victim in store.victims) > 0
