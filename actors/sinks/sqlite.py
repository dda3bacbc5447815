"""History in a SQLite file: one connection in a thread of its own, a transaction per batch."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Final, TypeVar

from actors.errors import StoreAway
from actors.sinks.contract import Position, Row
from actors.sinks.migrations import due
from actors.sinks.schema import CURSORS, MIGRATIONS, TABLES, Table

FILE: Final = "history.sqlite3"
BUSY_TIMEOUT_S: Final = 2.0
WAL_BYTES_MAX: Final = 16 * 1024 * 1024
"""To which the write-ahead log is cut back once it was merged."""

T = TypeVar("T")


class SqliteWriter:
    """See HistoryWriter; `path` is the file, made where there is none, readable by us alone."""

    name = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._identity = (0, 0)
        # One thread: a connection is used by one at a time, and the loop never waits for a disk.
        self._thread = ThreadPoolExecutor(1, "sqlite")

    async def open(self) -> None:
        await self._run(self._connect)

    async def position(self, stream_id: str) -> int | None:
        return await self._run(lambda: self._position(stream_id))

    async def write(self, rows: Sequence[Row], position: Position | None) -> None:
        await self._run(lambda: self._write(rows, position))

    async def trim(self, table: str, before_us: int, limit: int) -> int:
        return await self._run(lambda: self._trim(TABLES[table], before_us, limit))

    async def close(self) -> None:
        await self._run(self._drop)
        self._thread.shutdown(wait=False)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, work)

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except (sqlite3.Error, OSError) as error:
            # Whatever it was, the next try begins with a connection that knows nothing of it.
            self._drop()
            raise StoreAway(f"{self._path.name}: {error}") from error

    # in the thread

    def _connect(self) -> sqlite3.Connection:
        if self._connection is not None and self._is_the_file():
            return self._connection
        self._drop()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        self._connection = connection
        connection.execute("PRAGMA journal_mode = WAL")
        # The log survives the end of any process; a power cut may cost the newest transactions,
        # and with them their position in the stream.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES_MAX}")
        self._migrate(connection)
        found = self._path.stat()
        self._identity = (found.st_dev, found.st_ino)
        return connection

    def _is_the_file(self) -> bool:
        """Whether the file that is open still stands under its name: else nobody reads it again."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return False
        return (found.st_dev, found.st_ino) == self._identity

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _migrate(self, connection: sqlite3.Connection) -> None:
        with _Transaction(connection):
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {MIGRATIONS}"
                " (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL)"
            )
            applied = {
                row[0]
                for row in connection.execute(f"SELECT number FROM {MIGRATIONS}")  # noqa: S608 - a constant
            }
            for migration in due("sqlite", applied, "DATA_DIR"):
                for statement in _statements(migration.sql):
                    connection.execute(statement)
                connection.execute(
                    f"INSERT INTO {MIGRATIONS} VALUES (?, ?)",  # noqa: S608 - a constant
                    (migration.number, migration.name),
                )

    def _position(self, stream_id: str) -> int | None:
        found = (
            self._connect()
            .execute(
                f"SELECT seq FROM {CURSORS} WHERE stream_id = ?",  # noqa: S608 - a constant
                (stream_id,),
            )
            .fetchone()
        )
        return None if found is None else int(found[0])

    def _write(self, rows: Sequence[Row], position: Position | None) -> None:
        connection = self._connect()
        with _Transaction(connection):
            for name, group in groupby(sorted(rows, key=_table), key=_table):
                connection.executemany(_INSERTS[name], (row.values for row in group))
            if position is not None:
                connection.execute(
                    f"INSERT OR REPLACE INTO {CURSORS} VALUES (?, ?)",  # noqa: S608 - a constant
                    position,
                )

    def _trim(self, table: Table, before_us: int, limit: int) -> int:
        connection = self._connect()
        if not table.owned:
            return _trim_some(connection, table, "at_us < ?", (before_us,), limit)
        removed = 0
        for owner in connection.execute("SELECT venue, account FROM history_accounts").fetchall():
            if removed >= limit:
                break
            where = "venue = ? AND account = ? AND at_us < ?"
            removed += _trim_some(connection, table, where, (*owner, before_us), limit - removed)
        return removed


class _Transaction:
    """`with` it: all or nothing; also where the disk ends in the midst."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _trim_some(
    connection: sqlite3.Connection, table: Table, where: str, bounds: Iterable[object], limit: int
) -> int:
    key = ", ".join(table.key)
    oldest = f"SELECT {key} FROM {table.name} WHERE {where} ORDER BY at_us LIMIT ?"  # noqa: S608
    with _Transaction(connection):
        statement = f"DELETE FROM {table.name} WHERE ({key}) IN ({oldest})"  # noqa: S608
        return connection.execute(statement, (*bounds, limit)).rowcount


def _statements(sql: str) -> Iterable[str]:
    """The statements of a file one by one: `executescript` would end our transaction."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _table(row: Row) -> str:
    return row.table


def _insert(table: Table) -> str:
    marks = ", ".join("?" for _ in table.columns)
    key = ", ".join(table.key)
    return (
        f"INSERT INTO {table.name} ({', '.join(table.names)}) VALUES ({marks})"  # noqa: S608
        f" ON CONFLICT ({key}) DO NOTHING"
    )


_INSERTS: Final = {name: _insert(table) for name, table in TABLES.items()}
