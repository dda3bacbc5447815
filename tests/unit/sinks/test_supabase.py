"""Requests to Supabase, by address, headers and body, against PostgREST's documented grammar."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from cache_links import balance, fill
from postgrest_peer import Asked, PostgrestPeer

from actors.errors import BadCursor, ConfigFault, StoreAway, StoreSlow
from actors.messages.account import Balance
from actors.sinks.contract import Position
from actors.sinks.rows import account_row, fill_row, snapshot_row
from actors.sinks.supabase import SupabaseWriter
from actors.sinks.supabase_reader import SupabaseReader

KEY = "service-role-key-of-a-test"
APPLIED = (200, [{"number": 1}])
SNAPSHOT = {
    "venue": "extended",
    "account": "1",
    "at_us": 5,
    "equity": "1000.00",
    "wallet_balance": "1000.00",
    "free": None,
    "margin_used": None,
    "margin_ratio": None,
    "leverage": None,
    "exposure": None,
    "unrealized_pnl": None,
    "settle": "USD",
    "settle_usd": None,
    "balances": [],
    "via": "polling",
}
FILL = {
    "venue": "extended",
    "account": "1",
    "fill_id": "7",
    "at_us": 70,
    "order_id": "97",
    "client_order_id": None,
    "symbol": "BTC-USD",
    "product": "linear",
    "side": "buy",
    "price": "84050.0",
    "quantity": "0.01",
    "notional": None,
    "fee": "0.21",
    "fee_asset": None,
    "liquidity": "taker",
    "trade_type": "trade",
    "via": "websocket",
}


@pytest_asyncio.fixture
async def peer() -> AsyncIterator[PostgrestPeer]:
    made = PostgrestPeer()
    await made.start()
    yield made
    await made.close()


@pytest_asyncio.fixture
async def writer(peer: PostgrestPeer) -> AsyncIterator[SupabaseWriter]:
    made = SupabaseWriter(peer.url, KEY)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def reader(peer: PostgrestPeer) -> AsyncIterator[SupabaseReader]:
    made = SupabaseReader(peer.url, KEY, timeout_s=1.0)
    yield made
    await made.close()


def told(asked: Asked, header: str) -> set[str]:
    return {part.strip() for part in asked.headers.get(header, "").split(",") if part.strip()}


async def test_a_batch_is_an_upsert_per_table_and_the_position_comes_last(
    peer: PostgrestPeer, writer: SupabaseWriter
) -> None:
    peer.answers.extend([(201, None)] * 4)
    snapshot = balance("1000.00", balances=(Balance(asset="USD", total="1000.00"),))
    rows = [
        account_row("extended", "1"),
        fill_row(fill("7", received_ns=70_000)),
        fill_row(fill("8", received_ns=80_000)),
        snapshot_row(snapshot, 5),
    ]
    await writer.write(rows, Position("stream", 12))
    accounts, fills, snapshots, cursor = peer.asked
    for asked in peer.asked:
        assert asked.method == "POST"
        assert asked.headers["apikey"] == KEY
        assert asked.headers["authorization"] == f"Bearer {KEY}"
        assert asked.headers["content-type"] == "application/json"
        assert "return=minimal" in told(asked, "prefer")
    for asked in (accounts, fills, snapshots):
        assert "resolution=ignore-duplicates" in told(asked, "prefer")
    assert fills.path == "/rest/v1/history_fills"
    assert fills.query["on_conflict"] == ["venue,account,fill_id"]
    assert [row["fill_id"] for row in fills.body] == ["7", "8"]
    assert fills.body[0] == FILL
    assert snapshots.query["on_conflict"] == ["venue,account,at_us"]
    (stored,) = snapshots.body
    assert stored["equity"] == "1000.00"
    assert stored["balances"][0]["total"] == "1000.00"
    assert accounts.body == [{"venue": "extended", "account": "1"}]
    assert cursor.path == "/rest/v1/history_cursors"
    assert cursor.query["on_conflict"] == ["stream_id"]
    assert "resolution=merge-duplicates" in told(cursor, "prefer")
    assert cursor.body == {"stream_id": "stream", "seq": 12}


async def test_the_position_is_not_written_where_a_table_failed(
    peer: PostgrestPeer, writer: SupabaseWriter
) -> None:
    peer.answers.append((503, {"message": "down", "code": "PGRST000"}))
    with pytest.raises(StoreAway, match="PGRST000: down"):
        await writer.write([fill_row(fill("7"))], Position("stream", 12))
    assert [asked.path for asked in peer.asked] == ["/rest/v1/history_fills"]


async def test_the_schema_is_looked_at_first(peer: PostgrestPeer, writer: SupabaseWriter) -> None:
    peer.answers.append(APPLIED)
    await writer.open()
    (asked,) = peer.asked
    assert (asked.method, asked.path) == ("GET", "/rest/v1/history_migrations")
    assert asked.query == {"select": ["number"]}


@pytest.mark.parametrize(
    ("answer", "fault", "says"),
    [
        ((404, {"code": "PGRST205", "message": "no table"}), StoreAway, "run supabase_schema.sql"),
        ((200, []), StoreAway, "lack migration 1"),
        ((200, [{"number": 1}, {"number": 99}]), ConfigFault, "newer release"),
        ((401, {"code": "PGRST301", "message": "JWT"}), StoreAway, "refuses the service role"),
        ((200, {"number": 1}), StoreAway, "expected rows"),
    ],
)
async def test_a_project_that_is_not_ours_says_why(
    peer: PostgrestPeer,
    writer: SupabaseWriter,
    answer: tuple[int, Any],
    fault: type[Exception],
    says: str,
) -> None:
    peer.answers.append(answer)
    with pytest.raises(fault, match=says):
        await writer.open()


async def test_the_key_is_sent_to_no_other_host(
    peer: PostgrestPeer, writer: SupabaseWriter
) -> None:
    peer.answers.append((307, {"message": "elsewhere"}))
    with pytest.raises(StoreAway):
        await writer.open()
    assert len(peer.asked) == 1


async def test_a_project_that_cannot_be_reached_is_away() -> None:
    writer = SupabaseWriter("http://127.0.0.1:1", KEY)
    with pytest.raises(StoreAway, match="Supabase"):
        await writer.open()
    await writer.close()


async def test_the_position_of_one_stream_is_asked(
    peer: PostgrestPeer, writer: SupabaseWriter
) -> None:
    peer.answers.append((200, [{"seq": 41}]))
    assert await writer.position("stream") == 41
    assert peer.asked[0].query == {"select": ["seq"], "stream_id": ["eq.stream"]}
    assert await writer.position("other") is None


async def test_old_rows_go_up_to_the_time_of_the_last_that_may(
    peer: PostgrestPeer, writer: SupabaseWriter
) -> None:
    peer.answers.extend([(200, [{"at_us": 3}, {"at_us": 9}]), (204, None)])
    assert await writer.trim("history_snapshots", 1_000, 2) == 2
    looked, removed = peer.asked
    assert looked.query == {
        "select": ["at_us"],
        "at_us": ["lt.1000"],
        "order": ["at_us.asc"],
        "limit": ["2"],
    }
    assert removed.method == "DELETE"
    assert removed.query == {"at_us": ["lte.9"]}


async def test_trades_are_filtered_ordered_and_read_as_text(
    peer: PostgrestPeer, reader: SupabaseReader
) -> None:
    following = {**FILL, "fill_id": '6"', "at_us": 60}
    peer.answers.extend([(200, [FILL, following]), (200, [following])])
    page = await reader.trades("extended", "1", from_us=10, until_us=99, limit=1)
    assert page.items[0].price == "84050.0"
    assert page.next_cursor
    asked = peer.asked[0]
    assert (asked.method, asked.path) == ("GET", "/rest/v1/history_fills")
    assert {"price::text", "quantity::text", "fee::text"} <= set(
        asked.query["select"][0].split(",")
    )
    assert asked.query["venue"] == ["eq.extended"]
    assert asked.query["account"] == ["eq.1"]
    assert sorted(asked.query["at_us"]) == ["gte.10", "lt.99"]
    assert asked.query["order"] == ["at_us.desc,fill_id.desc"]
    assert asked.query["limit"] == ["2"]
    page = await reader.trades(
        "extended", "1", from_us=10, until_us=99, limit=1, cursor=page.next_cursor
    )
    assert peer.asked[1].query["or"] == ['(at_us.lt.70,and(at_us.eq.70,fill_id.lt."7"))']
    assert page.next_cursor is None


async def test_an_id_in_a_filter_is_quoted(peer: PostgrestPeer, reader: SupabaseReader) -> None:
    odd = {**FILL, "fill_id": 'a"b\\c,d)'}
    peer.answers.extend([(200, [odd, FILL]), (200, [])])
    page = await reader.trades("extended", "1", limit=1, ascending=True)
    await reader.trades("extended", "1", limit=1, ascending=True, cursor=page.next_cursor)
    expected = '(at_us.gt.70,and(at_us.eq.70,fill_id.gt."a\\"b\\\\c,d)"))'
    assert peer.asked[1].query["or"] == [expected]


async def test_intervals_are_asked_of_the_function(
    peer: PostgrestPeer, reader: SupabaseReader
) -> None:
    peer.answers.append((200, [SNAPSHOT]))
    page = await reader.accounts("extended", "1", interval_s=60, limit=10, until_us=99)
    (asked,) = peer.asked
    assert (asked.method, asked.path) == ("POST", "/rest/v1/rpc/history_snapshots_by_interval")
    assert asked.body == {
        "of_venue": "extended",
        "of_account": "1",
        "from_us": "0",
        "until_us": "99",
        "interval_us": "60000000",
        "rows_max": "11",
        "is_ascending": "false",
    }
    assert page.items[0].equity == "1000.00"


async def test_a_cursor_of_another_query_is_refused(
    peer: PostgrestPeer, reader: SupabaseReader
) -> None:
    peer.answers.append((200, [FILL, FILL]))
    page = await reader.trades("extended", "1", limit=1)
    with pytest.raises(BadCursor):
        await reader.trades("extended", "2", limit=1, cursor=page.next_cursor)


async def test_an_answer_that_does_not_come_is_slow(
    peer: PostgrestPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx

    reader = SupabaseReader(peer.url, KEY)

    async def never(*_: object, **__: object) -> object:
        raise httpx.ReadTimeout("late")

    monkeypatch.setattr(reader._client.session, "request", never)
    with pytest.raises(StoreSlow, match="not within 5 s"):
        await reader.known_accounts()
    await reader.close()
