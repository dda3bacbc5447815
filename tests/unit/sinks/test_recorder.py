"""The recorder on a real cache socket: nothing lost, nothing twice, whoever dies in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from cache_links import Cache, Source, balance, fill, order, position, until
from history_world import Life, fill_ids, stored

from actors.messages.account import Funding
from actors.messages.ids import ACCOUNT_KINDS
from actors.sinks.following import SECTIONS

FILLS = "fills:extended:1"


@pytest_asyncio.fixture
async def cache(tmp_path: Path) -> AsyncIterator[Cache]:
    made = Cache(tmp_path)
    await made.start()
    yield made
    await made.close()


@pytest_asyncio.fixture
async def source(cache: Cache) -> AsyncIterator[Source]:
    made = Source(cache.path, "account:extended:1")
    yield made
    await made.close()


def put_fills(source: Source, first: int, last: int) -> list[str]:
    """Fills numbered `first` to `last`; their ids."""
    numbers = [str(number) for number in range(first, last + 1)]
    for number in numbers:
        source.outbox.put("fill", FILLS, fill(number))
    return numbers


def remove_store(folder: Path) -> None:
    for file in folder.glob("history.sqlite3*"):
        file.unlink()


async def test_every_kind_of_event_becomes_its_row(
    cache: Cache, source: Source, tmp_path: Path
) -> None:
    life = Life(cache.path, tmp_path).begin()
    put_fills(source, 1, 3)
    source.outbox.put("order", "orders:extended:1", order("7", 1))
    source.outbox.put("order", "orders:extended:1", order("7", 2, "filled", filled_quantity="1"))
    source.outbox.put("position", "positions:extended:1", position("0.5"))
    source.outbox.put("position", "positions:extended:1", position("0", received_ns=2 * 10**18))
    paid = Funding(
        venue="extended",
        account="1",
        funding_id="5",
        symbol="BTC-USD",
        amount="-0.10",
        received_ns=10**18,
        via="polling",
    )
    source.outbox.put("funding", "fundings:extended:1", paid)
    source.outbox.put("account_snapshot", "account:extended:1", balance("1000.00"))
    await until(lambda: stored(tmp_path, "SELECT * FROM history_snapshots"))
    await until(lambda: fill_ids(tmp_path) == ["1", "2", "3"])
    orders = stored(tmp_path, "SELECT order_id, version, status FROM history_orders ORDER BY 2")
    assert orders == [("7", 1, "open"), ("7", 2, "filled")]
    quantities = stored(tmp_path, "SELECT quantity FROM history_positions ORDER BY at_us")
    assert quantities == [("0.5",), ("0",)]
    assert stored(tmp_path, "SELECT amount FROM history_fundings") == [("-0.10",)]
    assert stored(tmp_path, "SELECT equity FROM history_snapshots") == [("1000.00",)]
    assert stored(tmp_path, "SELECT * FROM history_accounts") == [("extended", "1")]
    await life.stop()


async def test_a_killed_recorder_goes_on_behind_its_last_row(
    cache: Cache, source: Source, tmp_path: Path
) -> None:
    first = Life(cache.path, tmp_path).begin()
    put_fills(source, 1, 50)
    await until(lambda: len(fill_ids(tmp_path)) == 50)
    await first.kill()
    numbers = put_fills(source, 51, 120)
    second = Life(cache.path, tmp_path).begin()
    await until(lambda: len(fill_ids(tmp_path)) == 120)
    assert fill_ids(tmp_path)[50:] == numbers
    assert second.status["gaps"] == 0
    # It asked for what came after, and for nothing that it had.
    await until(lambda: second.writer.batches)
    assert sum(rows for rows, _ in second.writer.batches) <= 70 + 1
    await second.stop()


async def test_what_the_ring_lost_comes_from_the_journal(tmp_path: Path) -> None:
    cache = Cache(tmp_path, ring_count=40)
    await cache.start()
    source = Source(cache.path, "account:extended:1")
    first = Life(cache.path, tmp_path).begin()
    put_fills(source, 1, 5)
    await until(lambda: len(fill_ids(tmp_path)) == 5)
    await first.kill()
    put_fills(source, 6, 900)
    await until(lambda: source.outbox.unacknowledged == 0)
    second = Life(cache.path, tmp_path).begin()
    await until(lambda: len(fill_ids(tmp_path)) == 900)
    assert second.status["gaps"] == 0
    assert fill_ids(tmp_path) == [str(number) for number in range(1, 901)]
    await second.stop()
    await source.close()
    await cache.close()


async def test_a_cache_that_dies_costs_nothing(
    cache: Cache, source: Source, tmp_path: Path
) -> None:
    life = Life(cache.path, tmp_path).begin()
    for round_number in range(5):
        put_fills(source, round_number * 20 + 1, round_number * 20 + 20)
        await until(lambda: source.outbox.unacknowledged < 20)
        await cache.kill()
        await cache.start()
    await until(lambda: len(fill_ids(tmp_path)) == 100)
    await life.stop()


async def test_a_cache_that_lost_its_journal_doubles_nothing(
    cache: Cache, source: Source, tmp_path: Path
) -> None:
    life = Life(cache.path, tmp_path).begin()
    put_fills(source, 1, 30)
    await until(lambda: len(fill_ids(tmp_path)) == 30)
    await cache.kill()
    for path in cache.directory.iterdir():
        path.unlink()
    await cache.start()
    put_fills(source, 20, 60)
    await until(lambda: len(fill_ids(tmp_path)) == 60)
    assert fill_ids(tmp_path) == [str(number) for number in range(1, 61)]
    await life.stop()


async def test_a_store_that_was_replaced_meanwhile_learns_whose_rows_it_holds(
    cache: Cache, source: Source, tmp_path: Path
) -> None:
    life = Life(cache.path, tmp_path).begin()
    put_fills(source, 1, 3)
    await until(lambda: len(fill_ids(tmp_path)) == 3)
    life.writer.away = "moved"
    put_fills(source, 4, 6)
    await until(lambda: not life.status["connected"])
    remove_store(tmp_path)
    life.writer.away = ""
    await until(lambda: fill_ids(tmp_path) == ["4", "5", "6"])
    assert stored(tmp_path, "SELECT * FROM history_accounts") == [("extended", "1")]
    await life.stop()


async def test_while_the_store_is_away_the_spool_keeps_all_in_order(
    cache: Cache, source: Source, tmp_path: Path
) -> None:
    life = Life(cache.path, tmp_path).begin()
    put_fills(source, 1, 10)
    await until(lambda: len(fill_ids(tmp_path)) == 10)
    life.writer.away = "the server is gone"
    put_fills(source, 11, 40)
    await until(lambda: life.status["queue_length"] >= 30)
    assert not life.status["connected"]
    assert life.status["last_error"] == "the server is gone"
    assert life.told("HistoryStoreAway") == 1
    await life.kill()
    # The next life finds the store away from the start, and knows where it stood all the same.
    second = Life(cache.path, tmp_path)
    second.writer.away = "still gone"
    second.begin()
    put_fills(source, 41, 60)
    await until(lambda: second.status["queue_length"] >= 50)
    second.writer.away = ""
    await until(lambda: len(fill_ids(tmp_path)) == 60)
    await until(lambda: second.status["spool_bytes"] == 0)
    assert second.status["connected"]
    assert second.told("HistoryStoreAway") == 1
    assert second.context.logged.count("history store written again") == 1
    await second.stop()


async def test_without_store_and_disk_the_stream_itself_is_the_queue(
    cache: Cache, source: Source, tmp_path: Path
) -> None:
    life = Life(cache.path, tmp_path).begin()
    put_fills(source, 1, 10)
    await until(lambda: len(fill_ids(tmp_path)) == 10)
    life.writer.away = "no server"
    (tmp_path / "history.spool").write_text("a file where a folder should be")
    put_fills(source, 11, 40)
    await until(lambda: life.status["spool_failing"])
    put_fills(source, 41, 70)
    life.writer.away = ""
    await until(lambda: len(fill_ids(tmp_path)) == 70)
    await until(lambda: not life.status["spool_failing"])
    assert life.told("HistorySpoolFailed") == 1
    assert [fault.kind for fault in life.context.faults] == [
        "HistoryStoreAway",
        "HistorySpoolFailed",
    ]
    await life.stop()


async def test_a_value_that_no_store_holds_is_refused_and_said(
    cache: Cache, source: Source, tmp_path: Path
) -> None:
    life = Life(cache.path, tmp_path).begin()
    source.outbox.put("fill", FILLS, fill("1", price="many"))
    put_fills(source, 2, 3)
    await until(lambda: fill_ids(tmp_path) == ["2", "3"])
    assert life.status["refused"] == 1
    assert "history_fills.price: expected decimal" in str(life.context.faults[0])
    await life.stop()


async def test_what_was_told_last_is_kept_at_an_ordered_end(
    cache: Cache, source: Source, tmp_path: Path
) -> None:
    life = Life(cache.path, tmp_path).begin()
    put_fills(source, 1, 1)
    await until(lambda: fill_ids(tmp_path) == ["1"])
    put_fills(source, 2, 25)
    await until(lambda: len(life.replica.store.accounts["extended", "1"].fills) == 25)
    await life.stop()
    assert len(fill_ids(tmp_path)) == 25


def test_every_section_of_an_account_is_asked_for() -> None:
    assert set(SECTIONS) == ACCOUNT_KINDS
