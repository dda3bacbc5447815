"""`/api/history/…` over a real server: pages, bounds, CSV, and what is wrong said at once."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
import pytest
from fed_history import NOW_US, FedReader, snapshot_item, trade_item
from web_world import Served, World, serving, until

from actors.errors import StoreAway, StoreSlow
from web import history_schemas
from web.history_gate import AT_ONCE_MAX, Gate

TRADES = "/api/history/trades/1"
ACCOUNTS = "/api/history/accounts/1"
MINUTE_US = 60 * 10**6


@pytest.fixture
def reader() -> FedReader:
    return FedReader(page_rows=10)


@pytest.fixture
async def served(reader: FedReader) -> AsyncIterator[Served]:
    world = World(reader=reader)
    world.full()
    async with serving(world) as up:
        yield up
    assert world.reported == []


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def get(
    http: aiohttp.ClientSession, served: Served, path: str, **query: Any
) -> tuple[int, Any]:
    async with http.get(served.url + path, params=query) as response:
        return response.status, await response.json(content_type=None)


async def get_csv(
    http: aiohttp.ClientSession, served: Served, path: str, **query: Any
) -> tuple[list[list[str]], Any]:
    headers = {"Accept": "text/csv"}
    async with http.get(served.url + path, params=query, headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "text/csv"
        text = (await response.read()).decode()
        return list(csv.reader(io.StringIO(text, newline=""))), response.headers


async def test_pages_are_whole_and_fit_their_shape(
    served: Served, http: aiohttp.ClientSession, reader: FedReader
) -> None:
    reader.fills = [trade_item(number, NOW_US + number // 3) for number in range(35)]
    reader.snapshots = [snapshot_item(NOW_US + number) for number in range(7)]
    for path, shape, count in (
        (TRADES, history_schemas.Trades, 35),
        (ACCOUNTS, history_schemas.Snapshots, 7),
    ):
        found: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            status, body = await get(http, served, path, limit=4, **cursor)
            assert status == 200
            assert msgspec.to_builtins(msgspec.convert(body, shape)) == body
            found += body["items"]
            if body["next_cursor"] is None:
                break
            assert len(body["items"]) == 4
            cursor = {"cursor": body["next_cursor"]}
        assert len(found) == count
        assert [row["at_us"] for row in found] == sorted(
            (row["at_us"] for row in found), reverse=True
        )
    assert found[0]["equity"] == "1000.10"


async def test_new_rows_neither_move_nor_double_what_follows(
    served: Served, http: aiohttp.ClientSession, reader: FedReader
) -> None:
    reader.fills = [trade_item(number, NOW_US + number) for number in range(6)]
    _, first = await get(http, served, TRADES, limit=3)
    reader.fills += [trade_item(number, NOW_US + number) for number in range(6, 9)]
    _, second = await get(http, served, TRADES, limit=3, cursor=first["next_cursor"])
    ids = [int(row["fill_id"]) for row in first["items"] + second["items"]]
    assert ids == [5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("1790000000000000", 1_790_000_000_000_000),
        ("0", 0),
        ("2026-09-21T14:13:20Z", 1_790_000_000_000_000),
        ("2026-09-21t14:13:20.000001z", 1_790_000_000_000_001),
        ("2026-09-21T16:13:20+02:00", 1_790_000_000_000_000),
        # A plus sign that was not escaped.
        ("2026-09-21T16:13:20.5 02:00", 1_790_000_000_500_000),
        ("2026-09-21T09:13:20.123456789-05:00", 1_790_000_000_123_456),
    ],
)
async def test_times_in_each_of_their_forms(
    served: Served, http: aiohttp.ClientSession, reader: FedReader, text: str, us: int
) -> None:
    reader.fills = [trade_item(1, us), trade_item(2, us - 1)]
    _, since = await get(http, served, TRADES, **{"from": text})
    assert [row["fill_id"] for row in since["items"]] == ["000001"]
    if us:
        _, before = await get(http, served, TRADES, to=text)
        assert [row["fill_id"] for row in before["items"]] == ["000002"]


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-02-30T00:00:00Z"}, "from"),
        ({"from": "2026-09-21"}, "from"),
        ({"from": "2026-09-21T16:13:20"}, "from"),
        ({"from": "1790000000"}, "from"),
        ({"to": "-1"}, "to"),
        ({"to": "9" * 400}, "to"),
        ({"to": "²026-09-21T16:13:20Z"}, "to"),
        ({"from": "1790000000000001", "to": "1790000000000001"}, "to"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": ""}, "cursor"),
        ({"interval": "0m"}, "interval"),
        ({"interval": "59s"}, "interval"),
        ({"interval": "1M"}, "interval"),
        ({"interval": "53w"}, "interval"),
        ({"interval": "1h30m"}, "interval"),
    ],
)
async def test_what_is_wrong_is_said_with_what_would_be_right(
    served: Served, http: aiohttp.ClientSession, query: dict[str, str], wrong: str
) -> None:
    status, problem = await get(http, served, ACCOUNTS, **query)
    assert status == 400
    assert problem["type"].endswith("#problem-bad-parameter")
    assert problem["parameter"] == wrong
    assert problem["expected"]
    status, problem = await get(http, served, TRADES, **query)
    assert (status, problem["parameter"]) == (400, wrong)


async def test_a_refused_cursor_is_shown_as_it_was_sent(
    served: Served, http: aiohttp.ClientSession
) -> None:
    _, problem = await get(http, served, TRADES, cursor="bm9uc2Vuc2U")
    assert problem["found"] == "bm9uc2Vuc2U"


async def test_a_cursor_of_another_call_is_refused(
    served: Served, http: aiohttp.ClientSession, reader: FedReader
) -> None:
    reader.fills = [trade_item(number) for number in range(5)]
    _, page = await get(http, served, TRADES, limit=1)
    for path in (ACCOUNTS, "/api/history/trades/2"):
        status, problem = await get(http, served, path, cursor=page["next_cursor"])
        assert (status, problem["parameter"]) == (400, "cursor")


async def test_one_snapshot_per_interval(
    served: Served, http: aiohttp.ClientSession, reader: FedReader
) -> None:
    start = NOW_US - NOW_US % (5 * MINUTE_US)
    reader.snapshots = [snapshot_item(start + n * MINUTE_US, str(n)) for n in range(12)]
    _, body = await get(http, served, ACCOUNTS, interval="5m")
    assert [row["equity"] for row in body["items"]] == ["11", "9", "4"]


async def test_unknown_and_ambiguous_accounts(http: aiohttp.ClientSession) -> None:
    accounts = [{"venue": venue, "name": "1", "label": ""} for venue in ("extended", "lighter")]
    world = World(reader=FedReader(), accounts=accounts, venues=["extended", "lighter"])
    async with serving(world) as served:
        for path in ("/api/history/trades/", "/api/history/accounts/"):
            status, problem = await get(http, served, f"{path}1")
            assert (status, problem["candidates"]) == (409, ["extended:1", "lighter:1"])
            assert (await get(http, served, f"{path}lighter:1"))[0] == 200
            assert (await get(http, served, f"{path}1", venue="extended"))[0] == 200
            assert (await get(http, served, f"{path}9"))[0] == 404


async def test_csv_has_every_text_as_it_was_stored(
    served: Served, http: aiohttp.ClientSession, reader: FedReader
) -> None:
    reader.fills = [
        trade_item(1, NOW_US, price="84050.000000", fee="-0.10", client_order_id='=HYPERLINK("x")'),
        trade_item(2, NOW_US + 1, quantity="1E-9", client_order_id='a,"b"\r\n', fee=None),
    ]
    rows, headers = await get_csv(http, served, TRADES)
    head, newest, oldest = (rows[0], *(dict(zip(rows[0], row, strict=True)) for row in rows[1:]))
    assert head[:4] == ["venue", "account", "fill_id", "at_us"]
    assert (oldest["price"], oldest["fee"]) == ("84050.000000", "-0.10")
    assert oldest["client_order_id"] == '\'=HYPERLINK("x")'
    assert (newest["quantity"], newest["fee"]) == ("1E-9", "")
    assert newest["client_order_id"] == 'a,"b"\r\n'
    assert newest["at_us"] == str(NOW_US + 1)
    assert "X-Next-Cursor" not in headers
    assert headers["Content-Disposition"] == (
        'attachment; filename="extended-1-trades-20260921T141320Z-20260921T141320Z.csv"'
    )
    reader.snapshots = [snapshot_item()]
    rows, _ = await get_csv(http, served, ACCOUNTS)
    snapshot = dict(zip(*rows, strict=True))
    assert snapshot["unrealized_pnl"] == "-0.50"
    assert msgspec.json.decode(snapshot["balances"])[0]["total"] == "1000.10"


async def test_a_file_is_made_of_several_pages_and_tells_the_next(
    served: Served, http: aiohttp.ClientSession, reader: FedReader
) -> None:
    reader.fills = [trade_item(number, NOW_US + number) for number in range(35)]
    rows, headers = await get_csv(http, served, TRADES, limit=25, to=NOW_US + 34)
    assert len(rows) == 26
    assert headers["Vary"]
    link = headers["Link"]
    assert headers["X-Next-Cursor"]
    path = link[1 : link.index(">")]
    async with http.get(served.url + path, headers={"Accept": "text/csv"}) as response:
        text = await response.text()
    rest = list(csv.reader(io.StringIO(text, newline="")))
    assert [row[2] for row in rows[1:] + rest[1:]] == [f"{n:06}" for n in reversed(range(34))]


async def test_a_file_is_named_by_whose_it_is_and_by_its_span(
    http: aiohttp.ClientSession, reader: FedReader
) -> None:
    accounts = [{"venue": "extended", "name": '7 ..;"é', "label": ""}]
    world = World(reader=reader, accounts=accounts)
    query = {"from": "2026-01-31T12:00:00+01:00", "to": "2026-02-01T00:00:00Z"}
    async with serving(world) as served:
        for kind, whose in (("accounts", "extended-7-snapshots"), ("trades", "extended-7-trades")):
            path = f"/api/history/{kind}/extended:{quote(accounts[0]['name'], safe='')}"
            _, headers = await get_csv(http, served, path, **query)
            name = f"{whose}-20260131T110000Z-20260201T000000Z.csv"
            assert headers["Content-Disposition"] == f'attachment; filename="{name}"'
            # Nothing says when an empty file without bounds begins or ends.
            _, headers = await get_csv(http, served, path)
            assert headers["Content-Disposition"] == f'attachment; filename="{whose}.csv"'


async def test_head_of_a_file_has_no_body(
    served: Served, http: aiohttp.ClientSession, reader: FedReader
) -> None:
    reader.fills = [trade_item(1)]
    async with http.head(served.url + TRADES, headers={"Accept": "text/csv"}) as response:
        assert (response.status, response.content_type) == (200, "text/csv")
        assert await response.read() == b""


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("text/csv, application/json;q=0.5", "text/csv"),
        ("text/html", "application/json"),
    ],
)
async def test_the_form_that_the_client_likes_best(
    served: Served, http: aiohttp.ClientSession, accept: str, kind: str
) -> None:
    async with http.get(served.url + TRADES, headers={"Accept": accept}) as response:
        assert response.content_type == kind
        assert "Accept" in response.headers["Vary"].split(", ")


async def test_without_a_store_it_says_so(http: aiohttp.ClientSession) -> None:
    async with serving(World()) as served:
        for path in (TRADES, ACCOUNTS, "/api/stats/periods", "/api/stats/summary"):
            status, problem = await get(http, served, path)
            assert status == 503
            assert problem["type"].endswith("#problem-no-history")


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [(StoreAway("no file"), "history-away"), (StoreSlow("5 s"), "history-slow")],
)
async def test_a_store_in_trouble_is_a_problem_document(
    served: Served,
    http: aiohttp.ClientSession,
    reader: FedReader,
    trouble: Exception,
    kind: str,
) -> None:
    reader.trouble = trouble
    for path in (TRADES, ACCOUNTS, "/api/stats/periods", "/api/stats/summary"):
        async with http.get(served.url + path) as response:
            assert response.status == 503
            assert response.content_type == "application/problem+json"
            assert int(response.headers["Retry-After"]) > 0
            assert (await response.json(content_type=None))["type"].endswith(f"#problem-{kind}")
    reader.trouble = None
    assert (await get(http, served, TRADES))[0] == 200


async def test_only_some_questions_run_at_once_and_live_answers_go_on(
    served: Served, http: aiohttp.ClientSession, reader: FedReader
) -> None:
    reader.gate = asyncio.Event()
    asked = [asyncio.create_task(get(http, served, TRADES)) for _ in range(3 * AT_ONCE_MAX)]
    await until(lambda: reader.running == AT_ONCE_MAX, "as many questions as may run")
    status, _ = await get(http, served, "/api/accounts")
    assert status == 200
    reader.gate.set()
    assert [status for status, _ in await asyncio.gather(*asked)] == [200] * len(asked)
    assert reader.running_max == AT_ONCE_MAX


async def test_who_waits_too_long_is_told_when_to_come_again(
    served: Served, http: aiohttp.ClientSession, reader: FedReader
) -> None:
    served.world.service.history.gate = Gate(at_once=1, waiting=1, wait_s=0.05, question_s=0.5)
    reader.gate = asyncio.Event()
    asked = [asyncio.create_task(get(http, served, TRADES)) for _ in range(4)]
    outcomes = [(status, body["type"]) for status, body in await asyncio.gather(*asked)]
    kinds = sorted(kind.rpartition("-")[2] for _, kind in outcomes)
    assert {status for status, _ in outcomes} == {503}
    assert kinds == ["busy", "busy", "busy", "slow"]
    reader.gate.set()
    assert (await get(http, served, TRADES))[0] == 200


async def test_the_contract_tells_parameters_and_both_forms(
    served: Served, http: aiohttp.ClientSession
) -> None:
    _, api = await get(http, served, "/openapi.json")
    operation = api["paths"]["/api/history/accounts/{index}"]["get"]
    names = {each["name"] for each in operation["parameters"]}
    assert {"index", "from", "to", "interval", "limit", "cursor", "venue"} <= names
    assert set(operation["responses"]["200"]["content"]) == {"application/json", "text/csv"}
    for path in ("/api/stats/periods", "/api/stats/summary", "/api/storage/status"):
        assert "get" in api["paths"][path]
