"""History in PostgreSQL: each batch copied beside the tables and merged in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

import asyncpg

from actors.errors import ConfigFault, StoreAway
from actors.sinks.contract import Position, Row
from actors.sinks.migrations import due
from actors.sinks.schema import CURSORS, MIGRATIONS, TABLES, Kind, Table

CONNECT_TIMEOUT_S: Final = 5.0
COMMAND_TIMEOUT_S: Final = 30.0
MIGRATION_LOCK: Final = 0x42434831
"""Two services that start at once bring one database up to date one after the other."""
APPLICATION: Final = "broadcaster recorder"


class PostgresWriter:
    """See HistoryWriter; `address` is a `postgresql://` URL, and a secret."""

    name = "postgres"

    def __init__(self, address: str) -> None:
        self._address = address
        self._connection: asyncpg.Connection[Any] | None = None

    async def open(self) -> None:
        async with self._connected():
            pass

    async def position(self, stream_id: str) -> int | None:
        async with self._connected() as connection:
            found = await connection.fetchval(
                f"SELECT seq FROM {CURSORS} WHERE stream_id = $1",  # noqa: S608 - a constant
                stream_id,
            )
        return None if found is None else int(found)

    async def write(self, rows: Sequence[Row], position: Position | None) -> None:
        async with self._connected() as connection, connection.transaction():
            for name, group in groupby(sorted(rows, key=_table), key=_table):
                await _merge(connection, TABLES[name], list(group))
            if position is not None:
                await connection.execute(
                    f"INSERT INTO {CURSORS} (stream_id, seq) VALUES ($1, $2)"  # noqa: S608
                    " ON CONFLICT (stream_id) DO UPDATE SET seq = excluded.seq",
                    *position,
                )

    async def trim(self, table: str, before_us: int, limit: int) -> int:
        shape = TABLES[table]
        async with self._connected() as connection:
            if not shape.owned:
                return await _trim_some(connection, shape, "at_us < $2", limit, before_us)
            removed = 0
            for owner in await connection.fetch("SELECT venue, account FROM history_accounts"):
                if removed >= limit:
                    break
                where = "venue = $2 AND account = $3 AND at_us < $4"
                left = limit - removed
                removed += await _trim_some(connection, shape, where, left, *owner, before_us)
            return removed

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        """The connection, made where there is none; given up after any failure."""
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connect()
            yield self._connection
        except asyncpg.InvalidAuthorizationSpecificationError as error:
            await self.close()
            raise StoreAway(f"PostgreSQL refuses the user or password: {error}") from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            await self.close()
            raise StoreAway(f"PostgreSQL: {error or type(error).__name__}") from error
        except BaseException:
            # A transaction that was cut off has an end that nobody knows.
            await self.close()
            raise

    async def _connect(self) -> asyncpg.Connection[Any]:
        try:
            connection = await connect(self._address, APPLICATION)
        except ValueError as error:
            raise ConfigFault(
                "DATABASE_URL", "an address that cannot be read", "postgresql://…"
            ) from error
        try:
            await _migrate(connection)
            for table in TABLES.values():
                await connection.execute(
                    f"CREATE TEMPORARY TABLE {_beside(table)} (LIKE {table.name})"
                    " ON COMMIT DELETE ROWS"
                )
        except BaseException:
            connection.terminate()
            raise
        return connection


async def connect(address: str, application: str) -> asyncpg.Connection[Any]:
    """A connection, or what asyncpg raises; ValueError for an address that is none."""
    try:
        return await asyncpg.connect(
            address,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=COMMAND_TIMEOUT_S,
            server_settings={"application_name": application},
        )
    except asyncpg.ClientConfigurationError as error:
        raise ValueError(str(error)) from error


async def _migrate(connection: asyncpg.Connection[Any]) -> None:
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS {MIGRATIONS}"
            " (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)"
        )
        found = await connection.fetch(f"SELECT number FROM {MIGRATIONS}")  # noqa: S608 - a constant
        for migration in due("postgres", {row[0] for row in found}, "DATABASE_URL"):
            await connection.execute(migration.sql)
            await connection.execute(
                f"INSERT INTO {MIGRATIONS} (number, name) VALUES ($1, $2)",  # noqa: S608
                migration.number,
                migration.name,
            )


async def _merge(connection: asyncpg.Connection[Any], table: Table, rows: list[Row]) -> None:
    """All rows that are not there yet; COPY takes them several times as fast as INSERT."""
    kinds = [column.kind is Kind.DECIMAL for column in table.columns]
    records = [
        tuple(
            Decimal(value) if is_decimal and value is not None else value
            for is_decimal, value in zip(kinds, row.values, strict=True)
        )
        for row in rows
    ]
    await connection.copy_records_to_table(_beside(table), records=records, columns=table.names)
    key = ", ".join(table.key)
    await connection.execute(
        f"INSERT INTO {table.name} SELECT * FROM {_beside(table)}"  # noqa: S608 - names of ours
        f" ON CONFLICT ({key}) DO NOTHING"
    )


async def _trim_some(
    connection: asyncpg.Connection[Any], table: Table, where: str, limit: int, *bounds: object
) -> int:
    done = await connection.execute(
        f"DELETE FROM {table.name} WHERE ctid = ANY (ARRAY("  # noqa: S608 - names of ours
        f"SELECT ctid FROM {table.name} WHERE {where} ORDER BY at_us LIMIT $1))",
        limit,
        *bounds,
    )
    return int(done.rpartition(" ")[2])


def _beside(table: Table) -> str:
    return f"incoming_{table.name}"


def _table(row: Row) -> str:
    return row.table
