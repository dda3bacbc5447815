"""Reads history out of PostgreSQL: a small pool, read-only and within a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count
from re import sub
from typing import Any, Final

import asyncpg

from actors.errors import StoreAway, StoreSlow
from actors.sinks.contract import QUERY_TIMEOUT_S
from actors.sinks.items import columns_of
from actors.sinks.queries import Query
from actors.sinks.schema import Column, Kind, Table
from actors.sinks.sql_reader import SqlReader

CONNECTIONS_MAX: Final = 4
CONNECT_TIMEOUT_S: Final = 5.0
IDLE_S: Final = 60.0
SLACK_S: Final = 1.0
"""The server ends a query itself; only a server that is gone is waited for so much longer."""
APPLICATION: Final = "broadcaster web"


class PostgresReader(SqlReader):
    """`address` is a `postgresql://` URL, and a secret."""

    def __init__(self, address: str, timeout_s: float = QUERY_TIMEOUT_S) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._pool: asyncpg.Pool[Any] | None = None
        self._opening = asyncio.Lock()

    async def fetch(self, table: Table | None, query: Query) -> Sequence[Sequence[Any]]:
        sql = query.sql
        if table is not None:
            sql = sql.format(columns=", ".join(map(_selected, columns_of(table))))
        numbers = count(1)
        sql = sub(r"\?", lambda _: f"${next(numbers)}", sql)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S + self._timeout_s):
                pool = await self._opened()
                async with pool.acquire(timeout=CONNECT_TIMEOUT_S) as connection:
                    rows: Sequence[Sequence[Any]] = await connection.fetch(sql, *query.values)
                    return rows
        except asyncpg.QueryCanceledError as error:
            raise StoreSlow(f"PostgreSQL: not within {self._timeout_s:g} s") from error
        except TimeoutError as error:
            raise StoreSlow("PostgreSQL: no answer, or no connection, in time") from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
            raise StoreAway(f"PostgreSQL: {error or type(error).__name__}") from error

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.terminate()

    async def _opened(self) -> asyncpg.Pool[Any]:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._address,
                    min_size=0,
                    max_size=CONNECTIONS_MAX,
                    timeout=CONNECT_TIMEOUT_S,
                    command_timeout=self._timeout_s + SLACK_S,
                    max_inactive_connection_lifetime=IDLE_S,
                    server_settings={
                        "application_name": APPLICATION,
                        "default_transaction_read_only": "on",
                        "statement_timeout": str(round(self._timeout_s * 1e3)),
                    },
                )
            return self._pool


def _selected(column: Column) -> str:
    """Decimals as text, digit by digit as they came."""
    is_text = column.kind in (Kind.DECIMAL, Kind.JSON)
    return f"{column.name}::text" if is_text else column.name
