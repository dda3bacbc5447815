"""The simulator over real sockets, by strangers' clients: REST, streams, paging, orders."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
import websockets

from actors.runtime.clock import SystemClock
from actors.simulator.actor import account_specs
from actors.simulator.dialects.extended import TIMES
from actors.simulator.exchange import Exchange
from actors.simulator.history import INTERVALS_MS
from actors.simulator.server import Addresses, SimulatorServer

SEED = 11
ACCOUNTS = [
    {"name": "1", "api_key": "key-one"},
    {"name": "2", "api_key": "key-two", "scripted": False},
    {"name": "poor", "api_key": "key-poor", "deposit_usd": 0, "scripted": False},
]
DEADLINE_S = 15.0


class Venue:
    """A running simulator and a client that knows nothing of our code."""

    def __init__(
        self, server: SimulatorServer, at: Addresses, session: aiohttp.ClientSession
    ) -> None:
        self.server, self.at, self.session = server, at, session

    async def call(
        self, path: str, key: str | None = "key-one", method: str = "GET", **options: Any
    ) -> tuple[int, Any, Any]:
        headers = {"X-Api-Key": key} if key else {}
        url = self.at.base_url + path
        async with self.session.request(method, url, headers=headers, **options) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None, answer.headers

    async def data(self, path: str, key: str | None = "key-one") -> Any:
        status, document, _ = await self.call(path, key)
        assert status == 200, document
        assert document["status"] == "OK"
        return document["data"]

    async def admin(self, method: str, path: str, **options: Any) -> Any:
        async with self.session.request(method, self.at.admin_url + path, **options) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    def stream(self, path: str, key: str | None = None) -> Any:
        headers = {"X-Api-Key": key} if key else {}
        return websockets.connect(
            self.at.ws_url + path,
            additional_headers=headers,
            user_agent_header="stranger/1",
            proxy=None,
            open_timeout=5,
        )


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    print("seed", SEED)
    clock = SystemClock()
    exchange = Exchange(seed=SEED, accounts=account_specs(ACCOUNTS, SEED), start_ns=clock.wall_ns())
    server = SimulatorServer(exchange, clock)
    at = await server.start()
    async with aiohttp.ClientSession(headers={"User-Agent": "stranger/1"}) as session:
        yield Venue(server, at, session)
    await server.stop()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not await condition():  # noqa: ASYNC110 (the other side has no event for us)
            await asyncio.sleep(0.02)


async def frame(stream: Any) -> Any:
    async with asyncio.timeout(DEADLINE_S):
        return json.loads(await stream.recv())


class StrangersBook:
    """The venue's own rules (3.2), written once more from the document alone."""

    def __init__(self) -> None:
        self.seq = 0
        self.sides: dict[str, dict[Decimal, Decimal]] = {"b": {}, "a": {}}
        self.snapshots = self.empty = self.odd_texts = 0

    def apply(self, document: Any) -> None:
        assert document["seq"] == self.seq + 1
        self.seq += 1
        data = document["data"]
        assert document["type"] == data["t"]
        if data["t"] == "SNAPSHOT":
            new = {s: {Decimal(r["p"]): Decimal(r["q"]) for r in data[s]} for s in "ba"}
            assert not self.snapshots or new == self.sides
            assert [Decimal(r["p"]) for r in data["b"]] == sorted(new["b"], reverse=True)
            assert [Decimal(r["p"]) for r in data["a"]] == sorted(new["a"])
            self.odd_texts += sum(r["p"].endswith(".000000") for r in data["b"] + data["a"])
            self.sides, self.snapshots = new, self.snapshots + 1
        else:
            assert self.snapshots
            self.empty += not data["b"] and not data["a"]
            for side in "ba":
                for row in data[side]:
                    levels, price = self.sides[side], Decimal(row["p"])
                    after = levels.get(price, Decimal(0)) + Decimal(row["q"])
                    assert after == Decimal(row["c"]) >= 0
                    levels[price] = after
                    if not after:
                        del levels[price]
        assert max(self.sides["b"]) < min(self.sides["a"])


async def test_a_strangers_book_equals_the_truth(venue: Venue) -> None:
    async with venue.stream("/orderbooks/BTC-USD") as stream:
        book = StrangersBook()
        first = await frame(stream)
        assert first["seq"] == 1
        assert 0 <= time.time() * 1000 - first["ts"] < 62_000
        book.apply(first)
        started = time.monotonic()
        while book.seq < 420 or not book.empty:
            book.apply(await frame(stream))
        assert time.monotonic() - started < DEADLINE_S
        state = await venue.admin("POST", "/pause")
        assert state["paused"]
        last = (await venue.admin("GET", "/book?market=BTC-USD"))["connections"][0]["seq"]
        while book.seq < last:
            book.apply(await frame(stream))
        for query in ("", f"&seq={last}"):
            truth = await venue.admin("GET", f"/book?market=BTC-USD{query}")
            for side, word in (("b", "bids"), ("a", "asks")):
                assert {Decimal(p): Decimal(q) for p, q in truth[word]} == book.sides[side]
        rest = await venue.data("/info/markets/BTC-USD/orderbook")
        assert {Decimal(r["price"]): Decimal(r["qty"]) for r in rest["bid"]} == book.sides["b"]
        assert book.odd_texts
        await venue.admin("POST", "/resume")
        book.apply(await frame(stream))


async def test_a_snapshot_each_minute_continues_the_count(venue: Venue) -> None:
    await venue.admin("POST", "/rate", json={"updates_per_s": 500, "market": "SOL-USD"})
    async with venue.stream("/orderbooks/SOL-USD") as stream:
        book = StrangersBook()
        async with asyncio.timeout(40):
            while book.snapshots < 2:
                book.apply(json.loads(await stream.recv()))
        assert book.seq > 600


async def test_all_public_streams(venue: Venue) -> None:
    async with venue.stream("/orderbooks/BTC-USD?depth=1") as stream:
        for seq in (1, 2, 3):
            top = await frame(stream)
            assert (top["type"], top["data"]["d"], top["seq"]) == ("SNAPSHOT", "1", seq)
            assert len(top["data"]["b"]) == len(top["data"]["a"]) == 1
    async with venue.stream("/orderbooks") as stream:
        seen, seq = set(), 0
        while seen != {"BTC-USD", "ETH-USD", "SOL-USD"}:
            document = await frame(stream)
            seq += 1
            assert document["seq"] == seq
            seen.add(document["data"]["m"])
    async with venue.stream("/orderbooks/rfq/ETH-USD") as stream:
        document = await frame(stream)
        assert document["data"] == {"t": "SNAPSHOT", "m": "ETH-USD", "b": [], "a": [], "d": "f"}
    async with venue.stream("/publicTrades/BTC-USD") as stream:
        replay = (await frame(stream))["data"]
        assert len(replay) == 50
        assert [row["i"] for row in replay] == sorted({row["i"] for row in replay})
    async with venue.stream("/publicTrades") as stream:
        mixed = (await frame(stream))["data"]
        assert len({row["m"] for row in mixed}) > 1
        live = await frame(stream)
        assert live["seq"] == 2
        assert "type" not in live
    async with venue.stream("/prices/mark/BTC-USD") as stream:
        document = await frame(stream)
        assert (document["type"], document["data"]["ts"]) == ("MP", 0)
    async with venue.stream("/prices/index") as stream:
        document = await frame(stream)
        assert (document["type"], document["data"]["ts"] % 1000) == ("IP", 0)
    path = "/candles/BTC-USD/index-prices?interval=PT5M"
    async with venue.stream(path) as stream:
        document = await frame(stream)
        assert "v" not in document["data"][0]
        assert document["data"][0]["T"] % 300_000 == 0


async def test_the_account_stream_tells_all_and_agrees_with_rest(venue: Venue) -> None:
    await venue.admin("POST", "/fills", json={"account": "1", "rate_per_s": 20})
    async with venue.stream("/account", "key-one") as stream:
        first, second = await frame(stream), await frame(stream)
        assert set(first["data"]) == {"balance", "spotBalances"}
        assert set(second["data"]) == {"positions", "orders"}
        since = (await venue.admin("GET", "/ledger?account=1&parts="))["last_fill_id"] or 0
        fills: dict[int, Any] = {}
        sections: set[str] = set()
        seq, combined, balance, orders = 2, 0, None, {}
        started = time.monotonic()
        paused: dict[str, Any] | None = None
        while True:
            if paused is None and time.monotonic() - started > 4:
                await venue.admin("POST", "/pause")
                paused = (await venue.admin("GET", "/state"))["connections"][0]
            if paused is not None and seq >= paused["seq"]:
                break
            document = await frame(stream)
            seq += 1
            assert document["seq"] == seq
            if document["data"] is None:
                continue
            sections |= set(document["data"])
            combined += len([one for one in document["data"].values() if one]) > 1
            for row in document["data"].get("trades") or []:
                assert row["id"] not in fills
                fills[row["id"]] = row
            for row in document["data"].get("orders") or []:
                orders[row["id"]] = row
            balance = document["data"].get("balance") or balance
        assert {"orders", "trades", "positions", "balance"} <= sections
        assert combined
        ledger = await venue.admin("GET", f"/ledger?account=1&since={since}")
        told = {row["id"]: row for row in ledger["fills"]}
        assert set(told) <= set(fills)
        assert len(told) > 40
        for number, row in told.items():
            own = dict(fills[number])
            own["externalId"] = own.pop("externalOrderId")
            assert own == row
        rest = await venue.data("/user/trades?limit=10000")
        assert {row["id"] for row in rest} >= set(fills)
        assert await venue.data("/user/balance") == balance
        final = {row["id"]: row["status"] for row in ledger["orders"]}
        assert {number: row["status"] for number, row in orders.items()} == {
            number: final[number] for number in orders
        }


async def test_balances_add_up_on_the_wire(venue: Venue) -> None:
    await venue.admin("POST", "/fills", json={"account": "2", "rate_per_s": 50})

    async def holds() -> bool:
        return bool(await venue.data("/user/positions", "key-two"))

    await until(holds)
    for _ in range(20):
        row = await venue.data("/user/balance", "key-two")
        money = {name: Decimal(row[name]) for name in row if isinstance(row[name], str)
                 and name not in {"collateralName", "status"}}  # fmt: skip
        assert money["equity"] == (money["balance"] + money["unrealisedPnl"] + money["spotEquity"])
        assert money["availableForTrade"] == money["equity"] - money["initialMargin"]
        assert money["accountHealth"] == 1 - money["marginRatio"]
    await venue.admin("POST", "/pause")
    positions = await venue.data("/user/positions", "key-two")
    row = await venue.data("/user/balance", "key-two")
    assert sum(Decimal(one["unrealisedPnl"]) for one in positions) == Decimal(row["unrealisedPnl"])
    assert sum(Decimal(one["value"]) for one in positions) == Decimal(row["exposure"])


async def test_who_may_not_come_in(venue: Venue) -> None:
    for key in (None, "wrong"):
        status, document, _ = await venue.call("/user/balance", key)
        assert (status, document["status"]) == (401, "ERROR")
        with pytest.raises(websockets.InvalidStatus) as refusal:
            async with venue.stream("/account", key):
                pass
        assert refusal.value.response.status_code == 401
    status, document, _ = await venue.call("/user/balance", "key-poor")
    assert (status, document["error"]["code"]) == (404, "NOT_FOUND")
    assert await venue.data("/user/spot/balances", "key-poor") == []
    assert (await venue.data("/user/account/info", "key-two"))["apiKeys"] == ["key-two"]


async def test_without_user_agent_nothing_is_answered(venue: Venue) -> None:
    for path in ("/api/v1/info/markets", "/stream.extended.exchange/v1/orderbooks/BTC-USD"):
        reader, writer = await asyncio.open_connection(venue.at.host, venue.at.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), DEADLINE_S)
        writer.close()
        assert answer.startswith(b"HTTP/1.1 400")
        assert b"User-Agent" in answer


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/info/markets?market=NOPE-USD", 404, 1001),
        ("/info/markets/NOPE-USD/stats", 404, 1001),
        ("/info/candles/BTC-USD/trades?interval=PT3M&limit=5", 400, 1005),
        ("/info/candles/BTC-USD/trades?interval=PT1M", 400, 400),
        ("/info/candles/BTC-USD/trades?interval=PT1M&limit=10001", 400, 400),
        ("/info/candles/BTC-USD/last?interval=PT1M&limit=1", 400, 400),
        ("/info/BTC-USD/funding?startTime=5&endTime=1", 400, 400),
        ("/info/BTC-USD/open-interests?interval=P1H", 400, 400),
        ("/info/assets/NOPE/price", 404, 1000),
        ("/user/trades?limit=none", 400, 400),
        ("/user/trades?cursor=-1", 400, 400),
        ("/user/trades?side=LONG", 400, 400),
        ("/user/orders/12345", 404, 1142),
        ("/user/orders/external/none", 404, 1142),
        ("/user/funding/history", 400, 400),
        ("/user/orders/auto-cancel", 400, 400),
        ("/mark-prices/BTC-USD", 404, "NOT_FOUND"),
    ],
)
async def test_wrong_requests_get_the_venues_errors(
    venue: Venue, path: str, status: int, code: int | str
) -> None:
    found, document, _ = await venue.call(path)
    assert (found, document["error"]["code"]) == (status, code)
    assert document["status"] == "ERROR"


async def test_pages_descend_without_holes(venue: Venue) -> None:
    await venue.admin("POST", "/fills", json={"account": "2", "rate_per_s": 300})

    async def enough() -> bool:
        state = await venue.admin("GET", "/ledger?account=2&parts=changes")
        return bool(state["fill_count"] >= 250)

    await until(enough)
    await venue.admin("POST", "/fills", json={"account": "2", "rate_per_s": 0})
    for path, minimum in (("/user/trades", 250), ("/user/orders/history", 200)):
        whole = [row["id"] for row in await venue.data(f"{path}?limit=10000", "key-two")]
        assert len(whole) >= minimum
        assert whole == sorted(set(whole), reverse=True)
        found: list[int] = []
        cursor = ""
        while True:
            _, page, _ = await venue.call(f"{path}?limit=33{cursor}", "key-two")
            assert page["pagination"]["count"] == len(page["data"])
            if not page["data"]:
                break
            found += [row["id"] for row in page["data"]]
            assert page["pagination"]["cursor"] == found[-1]
            cursor = f"&cursor={page['pagination']['cursor']}"
        assert found == whole
    one = await venue.data("/user/trades?market=ETH-USD&market=SOL-USD", "key-two")
    assert {row["market"] for row in one} == {"ETH-USD", "SOL-USD"}
    start = f"/info/BTC-USD/funding?startTime=0&endTime={int(time.time() * 1000)}&limit=40"
    _, page, _ = await venue.call(start)
    _, older, _ = await venue.call(f"{start}&cursor={page['pagination']['cursor']}")
    times = [row["T"] for row in page["data"] + older["data"]]
    assert len(times) == 80
    assert times == sorted(set(times), reverse=True)


async def test_candles_of_every_interval(venue: Venue) -> None:
    for interval in INTERVALS_MS:
        for kind in ("trades", "mark-prices", "index-prices"):
            path = f"/info/candles/ETH-USD/{kind}?interval={interval}&limit=10"
            rows = await venue.data(path, None)
            times = [row["T"] for row in rows]
            assert times == sorted(set(times), reverse=True)
            assert times
            assert all(("v" in row) == (kind == "trades") for row in rows)
    rows = await venue.data(
        f"/info/candles/BTC-USD/trades?interval=PT1M&limit=3&endTime={times[-1]}"
    )
    assert rows[0]["T"] <= times[-1]


async def test_streamed_candles_equal_those_of_rest(venue: Venue) -> None:
    """Each start time ends with one last row on the stream, which REST then repeats for ever."""
    exchange = venue.server.exchange
    minute_ms = exchange.now_ms % 60_000
    # The minute is about to end, as the venue has it.
    venue.server.inject("skew", offset_s=(60_000 - minute_ms) / 1000 - 1.5)
    last: dict[str, dict[int, Any]] = {}
    paths = {
        f"{kind} {interval}": f"/candles/BTC-USD/{kind}?interval={interval}"
        for kind in ("trades", "mark-prices")
        for interval in ("PT1M", "PT5M")
    }

    async def follow(name: str) -> None:
        rows = last[name] = {}
        started = time.monotonic()
        async with venue.stream(paths[name]) as stream:
            while time.monotonic() - started < 4:
                document = await frame(stream)
                assert "type" not in document
                (row,) = document["data"]
                assert set(row) == {"o", "h", "l", "c", "T"} | (
                    {"v"} if "trades" in name else set()
                )
                assert not rows or row["T"] >= max(rows), "never back to an older candle"
                rows[row["T"]] = row

    await asyncio.gather(*(follow(name) for name in paths))
    assert len(last["trades PT1M"]) == len(last["mark-prices PT1M"]) == 2
    await venue.admin("POST", "/pause")
    for name, path in paths.items():
        rows = {row["T"]: row for row in await venue.data(f"/info{path}&limit=5")}
        for start_ms in sorted(last[name])[:-1]:
            assert rows[start_ms] == last[name][start_ms], name
        assert max(rows) == max(last[name])


def signed(market: str, side: str, /, **options: Any) -> dict[str, Any]:
    """An order body with all that the venue's own SDK sends, and a made-up signature."""
    number = time.monotonic_ns()
    return {
        "id": f"mine-{number}",
        "market": market,
        "type": "LIMIT",
        "side": side,
        "qty": "0.00100000",
        "price": "80000.00000000",
        "reduceOnly": False,
        "postOnly": False,
        "timeInForce": "GTT",
        "expiryEpochMillis": int(time.time() * 1000) + 3_600_000,
        "fee": "0.0005",
        "nonce": "1473459052",
        "selfTradeProtectionLevel": "ACCOUNT",
        "cancelId": None,
        "settlement": {
            "signature": {"r": "0x1", "s": "0x2"},
            "starkKey": "0x3",
            "collateralPosition": "10002",
        },
        "trigger": None,
        "tpSlType": None,
        "takeProfit": None,
        "stopLoss": None,
        "debuggingAmounts": {},
        "builderFee": None,
        "builderId": None,
        **options,
    }


async def test_a_stranger_trades(venue: Venue) -> None:
    key = "key-two"
    async with venue.stream("/account", key) as stream:
        await frame(stream)
        await frame(stream)
        body = signed("BTC-USD", "BUY")
        status, placed, _ = await venue.call("/user/order", key, "POST", json=body)
        assert status == 200, placed
        assert placed["data"]["externalId"] == body["id"]
        document = await frame(stream)
        row = document["data"]["orders"][0]
        assert (row["status"], row["qty"], row["price"]) == ("NEW", "0.00100", "80000")
        status, refused, _ = await venue.call("/user/order", key, "POST", json=body)
        assert (status, refused["error"]["code"]) == (400, 1134)
        assert (await venue.data(f"/user/orders/{row['id']}", key))["status"] == "NEW"
        assert len(await venue.data(f"/user/orders/external/{body['id']}", key)) == 1
        assert [one["id"] for one in await venue.data("/user/orders", key)] == [row["id"]]
        status, _, _ = await venue.call(f"/user/order/{row['id']}", key, "DELETE")
        assert status == 200
        while True:
            document = await frame(stream)
            if document["data"] and document["data"].get("orders"):
                break
        assert document["data"]["orders"][0]["status"] == "CANCELLED"
        taking = signed("BTC-USD", "BUY", price="87000", timeInForce="IOC", qty="0.01")
        status, _, _ = await venue.call("/user/order", key, "POST", json=taking)
        assert status == 200
        kinds: list[str] = []
        while "trades" not in kinds or "positions" not in kinds:
            document = await frame(stream)
            kinds += [name for name, rows in (document["data"] or {}).items() if rows]
        position = (await venue.data("/user/positions", key))[0]
        assert (position["side"], position["size"]) == ("LONG", "0.01000")
        second = signed("BTC-USD", "SELL", cancelId="none")
        status, refused, _ = await venue.call("/user/order", key, "POST", json=second)
        assert (status, refused["error"]["code"]) == (400, 1142)
    status, document, _ = await venue.call(
        "/user/leverage", key, "PATCH", json={"market": "BTC-USD", "leverage": "20"}
    )
    assert (status, document) == (200, None)
    assert (await venue.data("/user/positions", key))[0]["leverage"] == "20"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"settlement": None}, 400, 1101),
        ({"market": "NOPE-USD"}, 404, 1001),
        ({"qty": "0.000001"}, 400, 1121),
        ({"qty": "0.00001"}, 400, 1120),
        ({"qty": "NaN"}, 422, 1133),
        ({"qty": "1e400"}, 422, 1133),
        ({"price": "80000.5"}, 400, 1125),
        ({"side": "HOLD"}, 422, 1133),
        ({"type": "TWAP"}, 422, 1132),
        ({"type": "MARKET"}, 400, 1139),
        ({"timeInForce": "DAY"}, 422, 1133),
        ({"expiryEpochMillis": 5}, 400, 1135),
        ({"qty": "900"}, 400, 1140),
        ({"reduceOnly": "yes"}, 422, 1133),
    ],
)
async def test_wrong_orders_are_refused(
    venue: Venue, change: dict[str, Any], status: int, code: int
) -> None:
    body = signed("BTC-USD", "BUY", **change)
    found, document, _ = await venue.call("/user/order", "key-two", "POST", json=body)
    assert (found, document["error"]["code"]) == (status, code), document


async def test_ping_rules() -> None:
    assert TIMES[:2] == (15.0, 10.0)
    clock = SystemClock()
    exchange = Exchange(seed=1, accounts=[], start_ns=clock.wall_ns(), markets=("BTC-USD",))
    server = SimulatorServer(exchange, clock, ping_interval_s=0.15, pong_timeout_s=0.15)
    at = await server.start()
    url = f"{at.ws_url}/funding"
    async with aiohttp.ClientSession(headers={"User-Agent": "stranger"}) as session:
        polite = await session.ws_connect(url, autoping=True)
        waiting = asyncio.create_task(polite.receive())
        rude = await session.ws_connect(url, autoping=False)
        started = time.monotonic()
        kinds = []
        while time.monotonic() - started < DEADLINE_S:
            message = await rude.receive(DEADLINE_S)
            kinds.append(message.type)
            if message.type is not aiohttp.WSMsgType.PING:
                break
        assert kinds[0] is aiohttp.WSMsgType.PING
        assert kinds[-1] in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
        assert 0.25 < time.monotonic() - started < 3
        assert not waiting.done()

        async def alone() -> bool:
            return len(server.hub) == 1

        await until(alone)
        plain = await session.ws_connect(url, autoping=False)
        await plain.ping(b"hello")
        while (message := await plain.receive(DEADLINE_S)).type is aiohttp.WSMsgType.PING:
            await plain.pong(message.data)
        assert (message.type, bytes(message.data)) == (aiohttp.WSMsgType.PONG, b"hello")
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await polite.close()
        await plain.close()
    await server.stop()


async def test_an_inherited_listener_is_served_and_the_date_is_the_venues(venue: Venue) -> None:
    sock = socket.create_server(("127.0.0.1", 0))
    clock = SystemClock()
    exchange = Exchange(seed=1, accounts=[], start_ns=clock.wall_ns(), markets=("BTC-USD",))
    server = SimulatorServer(exchange, clock)
    at = await server.start(sock)
    async with venue.session.get(f"{at.base_url}/info/markets") as answer:
        assert answer.status == 200
        date = answer.headers["Date"]
    assert server.inject("skew", offset_s=90) == 0
    async with venue.session.get(f"{at.base_url}/info/markets") as answer:
        assert answer.headers["Date"] > date or answer.headers["Date"][:16] != date[:16]
    await server.stop()
