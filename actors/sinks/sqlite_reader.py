"""Reads history out of a SQLite file, in threads, read-only and within a time."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from actors.errors import StoreAway, StoreSlow
from actors.runtime.clock import Clock
from actors.sinks.contract import QUERY_TIMEOUT_S
from actors.sinks.items import columns_of
from actors.sinks.queries import Query
from actors.sinks.schema import Table
from actors.sinks.sql_reader import SqlReader

THREADS_MAX: Final = 2
"""Of one web process: a third query waits, and live answers never do."""
STEPS_BETWEEN_LOOKS: Final = 20_000
"""Of SQLite's machine between two looks at the clock, well below a millisecond's work."""


class SqliteReader(SqlReader):
    """A connection per query: the file may be replaced at any time, and opening takes 0.1 ms."""

    def __init__(self, path: Path, clock: Clock, timeout_s: float = QUERY_TIMEOUT_S) -> None:
        self._path = path
        self._address = f"file:{quote(str(path))}?mode=ro"
        self._clock = clock
        self._timeout_s = timeout_s
        self._threads = ThreadPoolExecutor(THREADS_MAX, "history")

    async def fetch(self, table: Table | None, query: Query) -> Sequence[Sequence[Any]]:
        sql = query.sql
        if table is not None:
            sql = sql.format(columns=", ".join(column.name for column in columns_of(table)))
        loop = asyncio.get_running_loop()
        deadline_ns = self._clock.monotonic_ns() + round(self._timeout_s * 1e9)
        return await loop.run_in_executor(
            self._threads, self._fetch, sql, query.values, deadline_ns
        )

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _fetch(
        self, sql: str, values: tuple[object, ...], deadline_ns: int
    ) -> Sequence[Sequence[Any]]:
        def is_late() -> bool:
            return self._clock.monotonic_ns() > deadline_ns

        if is_late():
            raise StoreSlow(f"{self._path.name}: not begun within {self._timeout_s:g} s")
        try:
            with closing(sqlite3.connect(self._address, uri=True, timeout=1.0)) as connection:
                connection.set_progress_handler(is_late, STEPS_BETWEEN_LOOKS)
                return connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError as error:
            if is_late():
                raise StoreSlow(f"{self._path.name}: not within {self._timeout_s:g} s") from error
            raise StoreAway(f"{self._path.name}: {error}") from error
        except sqlite3.Error as error:
            raise StoreAway(f"{self._path.name}: {error}") from error
