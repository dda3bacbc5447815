"""A recorder in the test's own process, on a cache in the same, with stores that can be broken."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actor_context import KeptContext

from actors.cache.replica import Replica
from actors.errors import StoreAway
from actors.runtime.timer import Timer
from actors.sinks.contract import Position, Row
from actors.sinks.following import takes
from actors.sinks.keeping import Keeper
from actors.sinks.recorder import Recorder
from actors.sinks.spool import Spool
from actors.sinks.sqlite import SqliteWriter

MEGABYTE = 1024 * 1024


class FragileWriter(SqliteWriter):
    """A SQLite store that is away while the test says so."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.away = ""
        self.batches: list[tuple[int, Position | None]] = []

    async def open(self) -> None:
        self._refuse()
        await super().open()

    async def position(self, stream_id: str) -> int | None:
        self._refuse()
        return await super().position(stream_id)

    async def write(self, rows: Sequence[Row], position: Position | None) -> None:
        self._refuse()
        await super().write(rows, position)
        self.batches.append((len(rows), position))

    def _refuse(self) -> None:
        if self.away:
            raise StoreAway(self.away)


class Life:
    """One incarnation of the recorder; `kill` ends it as kill -9 does, `stop` in order."""

    def __init__(self, cache_path: str, folder: Path, **more: Any) -> None:
        history = {
            "kind": "sqlite",
            "days": {},
            "snapshot_interval_s": 15.0,
            **more,
        }
        self.context = KeptContext("recorder", {"history": history})
        self.writer = FragileWriter(folder / "history.sqlite3")
        self.spool = Spool(folder / "history.spool", more.get("spool_bytes", 4 * MEGABYTE))
        self.keeper = Keeper(self.context, self.writer, self.spool)
        clock = self.context.clock
        self.replica = Replica(cache_path, "recorder", 1, clock, takes=takes)
        self.recorder = Recorder(self.context, self.replica, self.keeper, Timer(clock))
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> Life:
        self._tasks = [
            asyncio.ensure_future(self.replica.run()),
            asyncio.ensure_future(self.recorder.run()),
        ]
        return self

    @property
    def status(self) -> dict[str, Any]:
        return self.context.questions["storage"]({})

    def told(self, kind: str) -> int:
        """How often a fault of this kind was reported."""
        kinds = (getattr(fault, "kind", type(fault).__name__) for fault in self.context.faults)
        return sum(each == kind for each in kinds)

    async def kill(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.spool.close()
        await self.writer.close()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.recorder.finish()


def stored(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What a query finds in the SQLite file; nothing where there is no file or no table yet."""
    path = folder / "history.sqlite3"
    if not path.exists():
        return []
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return []


def fill_ids(folder: Path) -> list[str]:
    found = stored(folder, "SELECT fill_id FROM history_fills")
    return sorted((row[0] for row in found), key=int)
