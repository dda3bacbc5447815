"""History: rows a second into each store, a month's query, the size of a year of 80 accounts."""

from __future__ import annotations

import asyncio
import random
import secrets
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import asyncpg
from history_rows import BEGIN_US, SECOND_US, Desk
from report import Row as Figure
from report import Section, publish

from actors.runtime.clock import SystemClock
from actors.sinks.contract import HistoryReader, HistoryWriter, Position, Row
from actors.sinks.postgres import PostgresWriter
from actors.sinks.postgres_reader import PostgresReader
from actors.sinks.recorder import BATCH_ROWS
from actors.sinks.schema import TABLES, Kind
from actors.sinks.sqlite import SqliteWriter
from actors.sinks.sqlite_reader import SqliteReader
from config.settings import Settings

SEED = 2026
SERVER = "postgresql://{user}@127.0.0.1:5432/{database}"
ADMINISTRATORS = (("postgres", "postgres"), ("root", "postgres"), ("root", "root"))
ROWS = 20_000
PLAIN_ROWS = 2_000
RUNS = 3
AIMS = {"SQLite": 1.0, "PostgreSQL": 1 / 5}
"""Without a wait for the disk or the network there is little in a commit that could be saved."""
DAY_S = 86_400
MONTH_DAYS = 30
SNAPSHOT_EACH_S = round(Settings.model_fields["history_snapshot_interval"].default)
ACCOUNTS_STORED = 4
QUERIES = 300
SIZE_ROWS = 40_000
ACCOUNTS = 80
A_DAY = {"snapshots": DAY_S // SNAPSHOT_EACH_S, "fills": 200, "orders": 600, "positions": 300}
A_DAY_OF_INCIDENTS = 8
MEGABYTE = 1024 * 1024


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while some := list(islice(left, BATCH_ROWS)):
        yield some


@asynccontextmanager
async def database() -> AsyncIterator[str]:
    """A new database at the local server, dropped afterwards."""
    for user, default in ADMINISTRATORS:
        try:
            connection = await asyncpg.connect(SERVER.format(user=user, database=default))
            break
        except (OSError, asyncpg.PostgresError):
            continue
    else:
        raise SystemExit("no PostgreSQL at 127.0.0.1:5432")
    name = f"history_bench_{secrets.token_hex(4)}"
    await connection.execute(f"CREATE DATABASE {name}")
    try:
        yield SERVER.format(user=user, database=name)
    finally:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()


def some_rows(count: int, seed: int, account: str = "1") -> list[Row]:
    """Half snapshots, the rest events, as a busy desk makes them."""
    desk = Desk(account, seed)
    part = count // 8
    rows = [*desk.snapshots(4 * part, 1), *desk.fills(2 * part, 1)]
    rows += [*desk.orders(part, 1), *desk.positions(part, 1)]
    random.Random(seed).shuffle(rows)
    return rows


async def batched(writer: HistoryWriter, rows: list[Row]) -> float:
    """Rows a second, as the recorder writes them: a transaction a batch, with the position."""
    began = time.perf_counter()
    for number, batch in enumerate(batches(rows), 1):
        await writer.write(batch, Position("stream", number))
    return len(rows) / (time.perf_counter() - began)


def plain_statement(name: str, mark: Callable[[int], str]) -> str:
    table = TABLES[name]
    marks = ", ".join(mark(number) for number in range(1, len(table.columns) + 1))
    return f"INSERT INTO {name} ({', '.join(table.names)}) VALUES ({marks})"


def plain_sqlite(path: Path, rows: list[Row]) -> float:
    """The same file and settings, an INSERT and a commit a row."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    statements = {name: plain_statement(name, lambda _: "?") for name in TABLES}
    began = time.perf_counter()
    for row in rows:
        connection.execute(statements[row.table], row.values)
    took = time.perf_counter() - began
    connection.close()
    return len(rows) / took


async def plain_postgres(address: str, rows: list[Row]) -> float:
    """The same table, an INSERT and a commit a row; asyncpg prepares each statement once."""
    connection = await asyncpg.connect(address)
    statements = {name: plain_statement(name, lambda number: f"${number}") for name in TABLES}
    typed = [(row.table, _typed(row)) for row in rows]
    began = time.perf_counter()
    for table, values in typed:
        await connection.execute(statements[table], *values)
    took = time.perf_counter() - began
    await connection.close()
    return len(rows) / took


def _typed(row: Row) -> list[Any]:
    columns = TABLES[row.table].columns
    return [
        Decimal(value) if column.kind is Kind.DECIMAL and value is not None else value
        for column, value in zip(columns, row.values, strict=True)
    ]


async def measure_writing(folder: Path) -> list[Figure]:
    figures: dict[str, list[float]] = {name: [] for name in ("sqlite", "plain", "pg", "pg plain")}
    for run in range(RUNS):
        path = folder / f"write-{run}.sqlite3"
        writer: HistoryWriter = SqliteWriter(path)
        await writer.open()
        figures["sqlite"].append(await batched(writer, some_rows(ROWS, run)))
        await writer.close()
        figures["plain"].append(plain_sqlite(path, some_rows(PLAIN_ROWS, run, "2")))
        async with database() as address:
            writer = PostgresWriter(address)
            await writer.open()
            figures["pg"].append(await batched(writer, some_rows(ROWS, run)))
            await writer.close()
            figures["pg plain"].append(
                await plain_postgres(address, some_rows(PLAIN_ROWS, run, "2"))
            )
    median = {name: statistics.median(values) for name, values in figures.items()}
    return [
        Figure(
            f"time of a row into {name}",
            1e6 / median[ours],
            "µs",
            "INSERT and commit a row",
            1e6 / median[plain],
            AIMS[name],
            f"{median[ours]:,.0f} rows/s against {median[plain]:,.0f}",
        )
        for name, ours, plain in (("SQLite", "sqlite", "plain"), ("PostgreSQL", "pg", "pg plain"))
    ]


async def measure_queries(folder: Path) -> list[Figure]:
    path = folder / "query.sqlite3"
    rows = []
    async with database() as address:
        for name, writer, reader in (
            ("SQLite", SqliteWriter(path), SqliteReader(path, SystemClock())),
            ("PostgreSQL", PostgresWriter(address), PostgresReader(address)),
        ):
            await fill_months(writer)
            if name == "PostgreSQL":
                await analyze(address)
            rows += await ask_months(name, reader)
            await reader.close()
            await writer.close()
    return rows


async def analyze(address: str) -> None:
    """What the server does by itself a minute after so many rows came."""
    connection = await asyncpg.connect(address)
    await connection.execute("ANALYZE")
    await connection.close()


async def fill_months(writer: HistoryWriter) -> None:
    await writer.open()
    count = MONTH_DAYS * DAY_S // SNAPSHOT_EACH_S
    for account in range(ACCOUNTS_STORED):
        desk = Desk(str(account), SEED)
        for batch in batches(desk.snapshots(count, SNAPSHOT_EACH_S)):
            await writer.write(batch, None)
        for batch in batches(desk.fills(MONTH_DAYS * A_DAY["fills"], DAY_S / A_DAY["fills"])):
            await writer.write(batch, None)


async def ask_months(name: str, reader: HistoryReader) -> list[Figure]:
    end_us = BEGIN_US + MONTH_DAYS * DAY_S * SECOND_US
    generator = random.Random(SEED)

    async def curve() -> int:
        account = str(generator.randrange(ACCOUNTS_STORED))
        page = await reader.accounts(
            "extended", account, from_us=BEGIN_US, until_us=end_us, interval_s=3_600
        )
        return len(page.items)

    async def fills() -> int:
        account = str(generator.randrange(ACCOUNTS_STORED))
        page = await reader.trades("extended", account, from_us=BEGIN_US, until_us=end_us)
        return len(page.items)

    figures = []
    for what, ask in (("a month hour by hour", curve), ("a month's newest 1,000 fills", fills)):
        times, found = await timed(ask)
        for share in (50, 99):
            index = round(len(times) * share / 100) - 1
            figures.append(
                Figure(f"{name}: {what} ({found} rows), p{share}", times[index] * 1e3, "ms")
            )
    return figures


async def timed(ask: Callable[[], Awaitable[int]]) -> tuple[list[float], int]:
    found = await ask()
    times = []
    for _ in range(QUERIES):
        began = time.perf_counter()
        await ask()
        times.append(time.perf_counter() - began)
    return sorted(times), found


async def sqlite_size(folder: Path, kind: str, rows: list[Row]) -> float:
    path = folder / f"size-{kind}.sqlite3"
    writer = SqliteWriter(path)
    await writer.open()
    for batch in batches(rows):
        await writer.write(batch, None)
    await writer.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.stat().st_size / len(rows)


async def postgres_size(kind: str, rows: list[Row]) -> float:
    async with database() as address:
        writer = PostgresWriter(address)
        await writer.open()
        for batch in batches(rows):
            await writer.write(batch, None)
        await writer.close()
        connection = await asyncpg.connect(address)
        size = await connection.fetchval(f"SELECT pg_total_relation_size('history_{kind}')")
        await connection.close()
        return float(size) / len(rows)


async def measure_sizes(folder: Path) -> list[Figure]:
    """Bytes a row with its indexes, over several accounts; and what follows for a year."""
    a_day = {**A_DAY, "incidents": A_DAY_OF_INCIDENTS}
    year = {"SQLite": 0.0, "PostgreSQL": 0.0}
    figures = []
    for kind, count in a_day.items():
        rows = [row for account in range(8) for row in _of_kind(kind, str(account))]
        sizes = {
            "SQLite": await sqlite_size(folder, kind, rows),
            "PostgreSQL": await postgres_size(kind, rows),
        }
        for store, size in sizes.items():
            year[store] += size * count * 365 * ACCOUNTS
            figures.append(
                Figure(f"{store}: a row of {kind}", size, "B", note=f"{count} a day and account")
            )
    for store, size in year.items():
        figures.append(Figure(f"{store}: a year of {ACCOUNTS} accounts", size / 1e9, "GB"))
    return figures


def _of_kind(kind: str, account: str) -> list[Row]:
    desk = Desk(account, SEED)
    return list(getattr(desk, kind)(SIZE_ROWS // 8, 15.0))


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="history-bench-") as name:
        folder = Path(name)
        figures = await measure_writing(folder)
        figures += await measure_queries(folder)
        figures += await measure_sizes(folder)
    publish(
        Section(
            "history",
            "History",
            f"{ROWS} rows (half snapshots, the rest fills, orders, positions; seed {SEED}) in "
            f"batches of {BATCH_ROWS}, each with its position in one transaction, median of {RUNS} "
            f"runs; the peer writes {PLAIN_ROWS} rows of the same kind into the same tables, an "
            f"INSERT and a commit each. Queries: {QUERIES} each, of {ACCOUNTS_STORED} accounts "
            f"with a month of snapshots each {SNAPSHOT_EACH_S} s, after an ANALYZE. Sizes with "
            "indexes; the year "
            "counts snapshots at that pace all day and all year, and the events a day that stand "
            "beside each kind.",
            tuple(figures),
        )
    )


if __name__ == "__main__":
    asyncio.run(main())
