"""History over HTTP out of real stores: what was written comes back, page by page, exactly."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from history_stores import store
from web_world import Served, World, serving

from actors.messages.account import AccountSnapshot, Balance, Fill, Funding
from actors.runtime.clock import SystemClock
from actors.sinks.contract import HistoryReader, HistoryWriter, Row
from actors.sinks.rows import fill_row, funding_row, snapshot_row
from actors.sinks.sqlite_reader import SqliteReader
from web.performance import DAY_US
from web.routes.stats import NOTHING_STORED

SEED = 20_261_121
FILLS = 2_500
MINUTE_US = 60 * 10**6


@dataclass
class Stored:
    """A world whose history is in a real store."""

    served: Served
    writer: HistoryWriter
    reader: HistoryReader
    now_us: int
    fills: list[Fill]


def a_fill(number: int, at_us: int, chance: random.Random, **more: Any) -> Fill:
    fields: dict[str, Any] = {
        "venue": "extended",
        "account": "1",
        "fill_id": f"f{number}",
        "order_id": str(number),
        "symbol": "BTC-USD",
        "product": "linear",
        "side": chance.choice(["buy", "sell"]),
        "price": f"{chance.randint(1, 10**7)}.{chance.randint(0, 999):03}000",
        "quantity": f"0.{chance.randint(1, 99999):05}",
        "fee": f"0.{chance.randint(0, 999):03}",
        "liquidity": "taker",
        "venue_time_ns": at_us * 1000,
        "received_ns": at_us * 1000 + 5,
        "via": "websocket",
    }
    return Fill(**{**fields, **more})


def figures(at_us: int, equity: str) -> Row:
    snapshot = AccountSnapshot(
        venue="extended",
        account="1",
        equity=equity,
        wallet_balance=equity,
        balances=(Balance(asset="USD", total=equity),),
        received_ns=at_us * 1000,
        via="polling",
    )
    return snapshot_row(snapshot, at_us)


@pytest.fixture(params=["sqlite", "postgres"])
async def stored(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stored]:
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    async with store(request.param, tmp_path) as (writer, reader):
        world = World(reader=reader, history=request.param, rate_limit=0)
        world.full()
        now_us = world.clock.wall_ns() // 1000
        fills = [
            # Many of the same microsecond: only their ids tell them apart.
            a_fill(number, now_us - 40 * DAY_US + number // 7 * MINUTE_US, chance)
            for number in range(FILLS)
        ]
        minutes = [
            figures(now_us - minute * MINUTE_US, f"{1000 + minute}.10") for minute in range(90)
        ]
        payment = Funding(
            venue="extended",
            account="1",
            funding_id="p1",
            symbol="BTC-USD",
            amount="-1.250",
            venue_time_ns=(now_us - 2 * DAY_US) * 1000,
            received_ns=1,
            via="polling",
        )
        rows = [*map(fill_row, fills), *minutes, funding_row(payment)]
        chance.shuffle(rows)
        for first in range(0, len(rows), 500):
            await writer.write(rows[first : first + 500], None)
        async with serving(world) as served:
            yield Stored(served, writer, reader, now_us, fills)
        assert world.reported == []


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def get(
    http: aiohttp.ClientSession, stored: Stored, path: str, **query: Any
) -> tuple[int, Any]:
    async with http.get(stored.served.url + path, params=query) as response:
        return response.status, await response.json(content_type=None)


async def test_every_fill_comes_back_once_while_others_are_written(
    stored: Stored, http: aiohttp.ClientSession
) -> None:
    chance = random.Random(SEED + 1)
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    for number in range(FILLS, 2 * FILLS):
        status, page = await get(
            http, stored, "/api/history/trades/1", limit=333, to=stored.now_us, **cursor
        )
        assert status == 200
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
        await stored.writer.write([fill_row(a_fill(number, stored.now_us + 1, chance))], None)
    told = {
        row["fill_id"]: (row["price"], row["quantity"], row["fee"], row["at_us"]) for row in found
    }
    assert len(found) == len(told) == FILLS
    assert told == {
        fill.fill_id: (fill.price, fill.quantity, fill.fee, fill.venue_time_ns // 1000)
        for fill in stored.fills
    }
    places = [(row["at_us"], row["fill_id"]) for row in found]
    assert places == sorted(places, reverse=True)


async def test_a_file_holds_what_pages_hold(stored: Stored, http: aiohttp.ClientSession) -> None:
    rows: list[dict[str, str]] = []
    path: str | None = "/api/history/trades/1?limit=2000"
    while path is not None:
        url = stored.served.url + path
        async with http.get(url, headers={"Accept": "text/csv"}) as response:
            assert response.status == 200
            text = await response.text()
            link = response.headers.get("Link")
        rows += csv.DictReader(io.StringIO(text, newline=""))
        path = None if link is None else link[1 : link.index(">")]
    assert {(row["fill_id"], row["price"], row["quantity"]) for row in rows} == {
        (fill.fill_id, fill.price, fill.quantity) for fill in stored.fills
    }
    assert len(rows) == FILLS


async def test_a_curve_has_the_last_figures_of_each_interval(
    stored: Stored, http: aiohttp.ClientSession
) -> None:
    _, whole = await get(http, stored, "/api/history/accounts/1", limit=1000)
    assert len(whole["items"]) == 90
    last: dict[int, str] = {}
    for row in reversed(whole["items"]):
        last[row["at_us"] // (15 * MINUTE_US)] = row["equity"]
    curve: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        path = "/api/history/accounts/1"
        status, page = await get(http, stored, path, interval="15m", limit=2, **cursor)
        assert status == 200, page
        curve += [row["equity"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert curve == [last[interval] for interval in sorted(last, reverse=True)]
    assert whole["items"][0]["balances"][0]["total"] == whole["items"][0]["equity"] == "1000.10"


async def test_a_cursor_that_somebody_changed_is_refused(
    stored: Stored, http: aiohttp.ClientSession
) -> None:
    path = "/api/history/trades/1"
    _, page = await get(http, stored, path, limit=5)
    cursor = page["next_cursor"]
    for place in range(0, len(cursor) - 1, 3):
        other = "A" if cursor[place] != "A" else "B"
        changed = cursor[:place] + other + cursor[place + 1 :]
        status, problem = await get(http, stored, path, cursor=changed)
        assert (status, problem["parameter"]) == (400, "cursor"), changed
    for path, query in (
        ("/api/history/trades/2", {}),
        ("/api/history/accounts/1", {}),
        ("/api/history/accounts/1", {"interval": "5m"}),
    ):
        assert (await get(http, stored, path, cursor=cursor, **query))[0] == 400


async def test_sums_of_each_period_are_those_of_its_rows(
    stored: Stored, http: aiohttp.ClientSession
) -> None:
    status, body = await get(http, stored, "/api/stats/periods", account="1")
    assert status == 200
    [account] = body["accounts"]
    day, _, month, everything = account["periods"]
    assert account["settle"] == "USD"
    assert (everything["trades"], month["trades"], day["trades"]) == (FILLS, 0, 0)
    assert everything["funding"] == "-1.25"
    assert day["funding"] == "0"
    fees = sum(int((fill.fee or "0").removeprefix("0.")) for fill in stored.fills)
    assert int(everything["fees"].replace(".", "").ljust(len(str(fees)), "0")) == fees
    assert day["equity_change"] is None
    assert everything["equity_change"] == "-89.00"
    status, summary = await get(http, stored, "/api/stats/summary")
    assert status == 200
    [sums] = summary["periods"][3]["settles"]
    # Of the other account nothing is stored: that is said, and it is in no sum.
    assert [(each["account"], each["reason"]) for each in summary["missing"]] == [
        ("2", NOTHING_STORED)
    ]
    assert sums["fees"] == everything["fees"]


async def test_a_store_that_was_never_made_answers_503(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:

    reader = SqliteReader(tmp_path / "none.sqlite3", SystemClock())
    async with serving(World(reader=reader)) as served:
        for path in ("/api/history/trades/1", "/api/stats/summary"):
            async with http.get(served.url + path) as response:
                assert response.status == 503
                problem = await response.json(content_type=None)
                assert problem["type"].endswith("#problem-history-away")
