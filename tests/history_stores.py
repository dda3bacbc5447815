"""Real stores of history for tests: a SQLite file, and a PostgreSQL database of a test's own."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from actors.runtime.clock import SystemClock
from actors.sinks.contract import HistoryReader, HistoryWriter
from actors.sinks.postgres import PostgresWriter
from actors.sinks.reading import open_reader
from actors.sinks.sqlite import SqliteWriter
from config.history import DATABASE_URL, FILE

SERVER = "postgresql://{user}@127.0.0.1:5432/{database}"
ADMINISTRATORS = (("postgres", "postgres"), ("root", "postgres"), ("root", "root"))
CONNECT_S = 5.0


@asynccontextmanager
async def database() -> AsyncIterator[str]:
    """The address of a new, empty database, dropped afterwards; skips where no server is."""
    failure = ""
    for user, default in ADMINISTRATORS:
        try:
            address = SERVER.format(user=user, database=default)
            connection = await asyncpg.connect(address, timeout=CONNECT_S)
            break
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            failure = str(error)
    else:
        problem = f"no PostgreSQL at 127.0.0.1:5432: {failure}"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(problem)
        pytest.skip(problem)
    name = f"history_{secrets.token_hex(6)}"
    try:
        await connection.execute(f"CREATE DATABASE {name}")
        try:
            yield SERVER.format(user=user, database=name)
        finally:
            await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@asynccontextmanager
async def store(kind: str, folder: Path) -> AsyncIterator[tuple[HistoryWriter, HistoryReader]]:
    """An opened writer and a reader of one store, `sqlite` or `postgres`."""
    if kind == "postgres":
        async with database() as address:
            writer = PostgresWriter(address)
            config = {"kind": kind}
            async with _opened(
                writer, open_reader(config, {DATABASE_URL: address}, SystemClock())
            ) as both:
                yield both
        return
    path = folder / FILE
    config = {"kind": kind, "path": str(path)}
    async with _opened(SqliteWriter(path), open_reader(config, {}, SystemClock())) as both:
        yield both


@asynccontextmanager
async def _opened(
    writer: HistoryWriter, reader: HistoryReader | None
) -> AsyncIterator[tuple[HistoryWriter, HistoryReader]]:
    assert reader is not None
    await writer.open()
    try:
        yield writer, reader
    finally:
        await reader.close()
        await writer.close()
