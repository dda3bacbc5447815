"""SQLite and PostgreSQL: one schema, each event once, pages in order, old rows out in steps."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import history_stores
import pytest
import pytest_asyncio
from cache_links import balance, fill, order, position

from actors.errors import BadCursor, ConfigFault, StoreAway, StoreSlow
from actors.messages.account import Balance, Funding, Points, SeasonPoints
from actors.messages.control import ConnectionState
from actors.runtime.clock import FakeClock, SystemClock
from actors.sinks.contract import HistoryReader, HistoryWriter, Position, Row
from actors.sinks.postgres import PostgresWriter
from actors.sinks.postgres_reader import PostgresReader
from actors.sinks.rows import (
    account_row,
    fill_row,
    funding_row,
    incident_row,
    order_row,
    points_row,
    position_row,
    snapshot_row,
)
from actors.sinks.schema import TABLES, Kind
from actors.sinks.sqlite import SqliteWriter
from actors.sinks.sqlite_reader import SqliteReader

SECOND = 1_000_000
TYPES = {
    "sqlite": {
        Kind.TEXT: "TEXT",
        Kind.DECIMAL: "TEXT",
        Kind.INTEGER: "INTEGER",
        Kind.FLAG: "INTEGER",
        Kind.JSON: "TEXT",
    },
    "postgres": {
        Kind.TEXT: "text",
        Kind.DECIMAL: "numeric",
        Kind.INTEGER: "bigint",
        Kind.FLAG: "boolean",
        Kind.JSON: "jsonb",
    },
}


class Store:
    def __init__(self, kind: str, address: str, writer: HistoryWriter, reader: HistoryReader):
        self.kind, self.address, self.writer, self.reader = kind, address, writer, reader

    async def query(self, sql: str) -> list[tuple[object, ...]]:
        if self.kind == "sqlite":
            with sqlite3.connect(self.address) as connection:
                found = connection.execute(sql).fetchall()
            connection.close()
            return found
        connection = await asyncpg.connect(self.address)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()


@pytest_asyncio.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "sqlite":
        path = tmp_path / "history.sqlite3"
        made = Store("sqlite", str(path), SqliteWriter(path), SqliteReader(path, SystemClock()))
        await made.writer.open()
        yield made
    else:
        async with history_stores.database() as address:
            made = Store("postgres", address, PostgresWriter(address), PostgresReader(address))
            await made.writer.open()
            yield made
            await made.reader.close()
            await made.writer.close()
            return
    await made.reader.close()
    await made.writer.close()


def all_rows() -> list[Row]:
    """One row of each table."""
    lane = ConnectionState(
        actor="account:extended:1",
        venue="extended",
        account="1",
        lane="websocket",
        state="backoff",
        since_mono_ns=5,
        last_error="Disconnected: gone",
    )
    points = Points(
        venue="extended",
        account="1",
        available=True,
        total="12.5",
        seasons=(SeasonPoints(season="1", total="12.5"),),
        leagues={"trading": "gold"},
        received_ns=7_000,
    )
    funding = Funding(
        venue="extended",
        account="1",
        funding_id="f1",
        symbol="BTC-USD",
        amount="-0.10",
        received_ns=8_000,
        via="polling",
    )
    usd = Balance(asset="USD", total="1000.00", free="900")
    return [
        account_row("extended", "1"),
        snapshot_row(balance("1000.00", balances=(usd,), free="0.000000000000000001"), 5),
        position_row(position("0.50")),
        order_row(order("7", 2, reduce_only=True, price=None)),
        fill_row(fill("1")),
        funding_row(funding),
        points_row(points),
        incident_row(lane, 9),
    ]


async def test_the_tables_are_those_of_the_schema(store: Store) -> None:
    for table in TABLES.values():
        if store.kind == "sqlite":
            columns = await store.query(
                f"SELECT name, type, \"notnull\" FROM pragma_table_info('{table.name}')"
            )
            keys = await store.query(
                f"SELECT name FROM pragma_table_info('{table.name}') WHERE pk ORDER BY pk"
            )
            found = [(name, kind, bool(required)) for name, kind, required in columns]
        else:
            found = await store.query(
                "SELECT column_name, data_type, is_nullable = 'NO' FROM information_schema.columns"
                f" WHERE table_name = '{table.name}' ORDER BY ordinal_position"
            )
            keys = await store.query(
                "SELECT a.attname FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k(number, at)"
                " JOIN pg_attribute a ON a.attnum = k.number"
                f" WHERE i.indrelid = '{table.name}'::regclass AND i.indisprimary"
                " AND a.attrelid = i.indrelid ORDER BY k.at"
            )
        types = TYPES[store.kind]
        assert found == [(it.name, types[it.kind], it.required) for it in table.columns]
        assert tuple(row[0] for row in keys) == table.key


async def test_what_comes_again_is_there_once(store: Store) -> None:
    rows = all_rows()
    assert {row.table for row in rows} == set(TABLES)
    await store.writer.write(rows, Position("stream", 5))
    await store.writer.write([*rows, *rows], Position("stream", 9))
    for name in TABLES:
        assert await store.query(f"SELECT count(*) FROM {name}") == [(1,)], name
    assert await store.writer.position("stream") == 9
    assert await store.writer.position("another") is None
    await store.writer.write([], None)
    assert await store.writer.position("stream") == 9


async def test_decimals_come_back_digit_by_digit(store: Store) -> None:
    await store.writer.write(all_rows(), None)
    (snapshot,) = (await store.reader.accounts("extended", "1")).items
    assert (snapshot.equity, snapshot.free) == ("1000.00", "0.000000000000000001")
    assert snapshot.balances[0]["free"] == "900"
    (trade,) = (await store.reader.trades("extended", "1")).items
    assert (trade.price, trade.quantity, trade.fee) == ("84050.0", "0.01", "0.21")
    (payment,) = (await store.reader.fundings("extended", "1")).items
    assert payment.amount == "-0.10"
    assert await store.reader.known_accounts() == (("extended", "1"),)


async def test_a_batch_is_there_whole_or_not_at_all(store: Store) -> None:
    wrong = Row("history_fills", (None, *fill_row(fill("2")).values[1:]))
    with pytest.raises(StoreAway):
        await store.writer.write([fill_row(fill("1")), wrong], Position("stream", 5))
    assert await store.query("SELECT count(*) FROM history_fills") == [(0,)]
    assert await store.writer.position("stream") is None
    await store.writer.write([fill_row(fill("1"))], Position("stream", 5))
    assert await store.query("SELECT count(*) FROM history_fills") == [(1,)]


async def test_pages_of_trades_neither_miss_nor_double(store: Store) -> None:
    # Three of each time, so that a page ends between equals.
    rows = [fill_row(fill(str(n), venue_time_ns=(n // 3 + 1) * 1_000_000)) for n in range(20)]
    await store.writer.write(rows, None)
    for ascending in (True, False):
        found: list[tuple[int, str]] = []
        cursor = None
        while True:
            page = await store.reader.trades(
                "extended", "1", limit=4, cursor=cursor, ascending=ascending
            )
            found += [(item.at_us, item.fill_id) for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
            # What is added before the place where we stand changes nothing behind it.
            edge = 1 if ascending else 90
            added = fill(f"9{len(found)}{ascending}", venue_time_ns=edge * 1_000_000)
            if not ascending:
                await store.writer.write([fill_row(added)], None)
        ids = [identity for _, identity in found]
        assert len(ids) == len(set(ids))
        assert {str(n) for n in range(20)} <= set(ids)
        assert [at for at, _ in found] == sorted((at for at, _ in found), reverse=not ascending)


async def test_the_last_snapshot_of_each_interval(store: Store) -> None:
    times = (5, 8, 12, 31, 33, 39, 58)
    rows = [snapshot_row(balance(f"{at}.0"), at * SECOND) for at in times]
    other = snapshot_row(balance("1", account="2"), 9 * SECOND)
    await store.writer.write([*rows, other], None)

    async def found(
        limit: int = 100, low: int = 0, high: int = 100, ascending: bool = True
    ) -> list[int]:
        seconds: list[int] = []
        cursor = None
        while True:
            page = await store.reader.accounts(
                "extended",
                "1",
                from_us=low * SECOND,
                until_us=high * SECOND,
                interval_s=10,
                limit=limit,
                cursor=cursor,
                ascending=ascending,
            )
            seconds += [item.at_us // SECOND for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return seconds

    assert await found() == [8, 12, 39, 58]
    assert await found(ascending=False) == [58, 39, 12, 8]
    assert await found(low=6, high=39) == [8, 12, 33]
    assert await found(low=9, high=39, ascending=False) == [33, 12]
    assert await found(low=60) == []
    for limit in (1, 2, 3):
        assert await found(limit=limit) == [8, 12, 39, 58]
        assert await found(limit=limit, ascending=False) == [58, 39, 12, 8]


async def test_pages_of_snapshots_and_the_one_next_to_a_time(store: Store) -> None:
    await store.writer.write([snapshot_row(balance("1"), at) for at in (10, 20, 30)], None)
    page = await store.reader.accounts("extended", "1", limit=2)
    assert [item.at_us for item in page.items] == [30, 20]
    page = await store.reader.accounts("extended", "1", limit=2, cursor=page.next_cursor)
    assert [item.at_us for item in page.items] == [10]
    assert page.next_cursor is None

    async def near(at_us: int, after: bool) -> int | None:
        found = await store.reader.snapshot_near("extended", "1", at_us, after=after)
        return None if found is None else found.at_us

    assert [await near(at, False) for at in (9, 10, 29, 99)] == [None, 10, 20, 30]
    assert [await near(at, True) for at in (9, 10, 29, 31)] == [10, 10, 30, None]


async def test_a_cursor_is_good_for_its_own_query_alone(store: Store) -> None:
    await store.writer.write([snapshot_row(balance("1"), at) for at in (10, 20)], None)
    page = await store.reader.accounts("extended", "1", limit=1)
    assert page.next_cursor is not None
    for wrong in ({"ascending": True}, {"interval_s": 60}):
        with pytest.raises(BadCursor):
            await store.reader.accounts("extended", "1", cursor=page.next_cursor, **wrong)
    with pytest.raises(BadCursor):
        await store.reader.trades("extended", "1", cursor=page.next_cursor)
    for text in ("", "ä", "a" * 2_000, page.next_cursor[:-2], "A" + page.next_cursor[1:], "%"):
        with pytest.raises(BadCursor):
            await store.reader.accounts("extended", "1", cursor=text)


async def test_old_rows_go_in_steps_and_others_stay(store: Store) -> None:
    rows = [account_row("extended", name) for name in ("1", "2")]
    rows += [
        snapshot_row(balance("1", account=name), at) for name in ("1", "2") for at in range(1, 11)
    ]
    await store.writer.write([*rows, *all_rows()], None)
    removed = []
    while not removed or removed[-1]:
        removed.append(await store.writer.trim("history_snapshots", 8, 4))
    assert removed == [4, 4, 4, 2, 0]
    assert await store.query("SELECT min(at_us), count(*) FROM history_snapshots") == [(8, 6)]
    assert await store.writer.trim("history_incidents", 9, 4) == 0
    assert await store.writer.trim("history_incidents", 10, 4) == 1


async def test_a_database_of_a_newer_release_is_refused(store: Store) -> None:
    if store.kind == "sqlite":
        with sqlite3.connect(store.address) as connection:
            connection.execute("INSERT INTO history_migrations VALUES (99, 'later')")
        connection.close()
        again: HistoryWriter = SqliteWriter(Path(store.address))
    else:
        await store.query("INSERT INTO history_migrations VALUES (99, 'later')")
        again = PostgresWriter(store.address)
    with pytest.raises(ConfigFault, match=r"newer release made \(schema 99\)"):
        await again.open()
    await again.close()


async def test_a_reader_never_writes(store: Store) -> None:
    from actors.sinks.queries import Query

    with pytest.raises(StoreAway):
        await store.reader.fetch(None, Query("DELETE FROM history_fills", ()))  # type: ignore[attr-defined]


async def test_a_query_that_takes_too_long_is_ended(store: Store) -> None:
    from actors.sinks.queries import Query

    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000)"
        " SELECT count(*) FROM n"
    )
    if store.kind == "sqlite":
        reader: HistoryReader = SqliteReader(Path(store.address), SystemClock(), timeout_s=0.2)
    else:
        reader = PostgresReader(store.address, timeout_s=0.2)
    with pytest.raises(StoreSlow):
        await reader.fetch(None, Query(endless, ()))  # type: ignore[attr-defined]
    await reader.close()


async def test_a_file_that_was_never_made_is_a_store_that_is_away(tmp_path: Path) -> None:
    reader = SqliteReader(tmp_path / "none.sqlite3", FakeClock())
    with pytest.raises(StoreAway, match=r"none\.sqlite3"):
        await reader.known_accounts()
    assert not (tmp_path / "none.sqlite3").exists()
    await reader.close()


async def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    writer = SqliteWriter(path)
    await writer.open()
    await writer.write([fill_row(fill("1"))], Position("stream", 1))
    path.rename(tmp_path / "moved.sqlite3")
    await writer.write([fill_row(fill("2"))], Position("stream", 2))
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT fill_id FROM history_fills").fetchall() == [("2",)]
    connection.close()
    assert path.stat().st_mode & 0o777 == 0o600
    await writer.close()


async def test_a_damaged_file_is_a_store_that_is_away(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    path.write_bytes(b"no database at all" * 100)
    writer = SqliteWriter(path)
    with pytest.raises(StoreAway, match="not a database"):
        await writer.open()
    await writer.close()


@pytest.mark.parametrize(
    ("address", "fault", "says"),
    [
        ("postgresql://nobody@127.0.0.1:1/none", StoreAway, "PostgreSQL"),
        ("postgresql://h:port/none", ConfigFault, "DATABASE_URL"),
    ],
)
async def test_a_server_that_is_not_there(address: str, fault: type[Exception], says: str) -> None:
    writer = PostgresWriter(address)
    with pytest.raises(fault, match=says):
        await writer.open()
    await writer.close()
