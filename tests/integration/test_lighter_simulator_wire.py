"""The simulated Lighter's WebSocket as a stranger finds it who has read the document alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from simulated_lighter import Running, StrangersBook, simulated, until

from actors.simulator.accounts import AccountSpec
from actors.simulator.dialects.lighter_session import (
    ACCOUNTS_MAX,
    MESSAGES_PER_MINUTE,
    SUBSCRIPTIONS_MAX,
)
from actors.simulator.dialects.lighter_signature import digest_of, sign

PUBLIC = [
    "order_book/0",
    "ticker/0",
    "trade/1",
    "market_stats/2",
    "market_stats/all",
    "spot_market_stats/all",
    "candle/0/1m",
    "candle/1/1d",
    "height",
    "account_all/7001",
    "user_stats/7001",
]
PRIVATE = [
    "account_all_orders/7001",
    "account_all_trades/7001",
    "account_all_positions/7001",
    "account_all_assets/7001",
    "account_market/0/7001",
]


@pytest.fixture
async def venue() -> AsyncIterator[Running]:
    async with simulated() as running:
        yield running


@pytest.mark.parametrize("query", ["", "?readonly=true"])
async def test_a_channel_begins_with_its_snapshot_under_the_colon_name(
    venue: Running, query: str
) -> None:
    async with venue.talk(query) as talk:
        for channel in (*PUBLIC, *PRIVATE):
            await talk.subscribe(channel, venue.token() if channel in PRIVATE else "")
            word, name = channel.partition("/")[0], channel.replace("/", ":")
            while True:
                document = await talk.frame()
                if document.get("channel") == name:
                    break
            assert document["type"] == f"subscribed/{word}"


async def test_orders_of_one_market_are_answered_under_the_market_alone(venue: Running) -> None:
    async with venue.talk() as talk:
        await talk.subscribe("account_orders/0/7001", venue.token())
        document = await talk.next("subscribed/account_orders")
        assert (document["channel"], document["account"]) == ("account_orders:0", 7001)


async def test_private_channels_want_the_token_of_their_account(venue: Running) -> None:
    name = "account_all_orders:7001"
    async with venue.talk() as talk:
        for auth, said in (
            ("", f"auth field is required: {name}"),
            (venue.token("2"), "auth"),
            ("nonsense", "auth"),
            (venue.token() + "0", "auth"),
        ):
            await talk.subscribe("account_all_orders/7001", auth)
            code, message = await talk.refusal()
            assert said in message
            assert auth or code == 20001
        await talk.subscribe("account_all_orders/7001", venue.token())
        assert (await talk.next("subscribed/account_all_orders"))["channel"] == name
        assert not talk.kept


def signed(spec: AccountSpec, deadline_s: int, key_index: int | None = None) -> str:
    """A token made with the account's own key."""
    index = spec.api_key_index if key_index is None else key_index
    message = f"{deadline_s}:{spec.account_index}:{index}"
    private = bytes.fromhex(spec.private_key)
    return f"{message}:{sign(private, digest_of(message.encode()), 12345).hex()}"


async def test_a_signed_token_opens_what_a_read_only_one_does(venue: Running) -> None:
    spec, now_s = venue.specs[0], venue.server.exchange.now_ms // 1000
    async with venue.talk() as talk:
        for auth in (
            signed(spec, now_s - 1),
            signed(spec, now_s + 9 * 3_600),
            signed(spec, now_s + 600, key_index=5),
            signed(spec._replace(private_key="11" * 40), now_s + 600),
        ):
            await talk.subscribe("account_all_orders/7001", auth)
            assert (await talk.refusal())[0] != 30001
        await talk.subscribe("account_all_orders/7001", signed(spec, now_s + 600))
        await talk.next("subscribed/account_all_orders")
        assert not talk.kept


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", 30000),
        ("[]", 30001),
        ("{}", 30001),
        ('{"type":7}', 30001),
        ('{"type":"jsonapi/sendtx","data":{}}', 30001),
        ('{"type":"subscribe"}', 30007),
        ('{"type":"subscribe","channel":7}', 30007),
        ('{"type":"unsubscribe"}', 30007),
        ('{"type":"unsubscribe","channel":"order_book/0"}', 30002),
        ('{"type":"subscribe","channel":"order_book/99"}', 30005),
        ('{"type":"subscribe","channel":"order_book:0"}', 30005),
        ('{"type":"subscribe","channel":"candle/0/1w"}', 30005),
        ('{"type":"subscribe","channel":"account_all/1"}', 30005),
        ('{"type":"subscribe","channel":"nothing/0"}', 30005),
        ('{"type":"subscribe","channel":""}', 30005),
    ],
)
async def test_what_cannot_be_done_is_refused_and_the_talk_goes_on(
    venue: Running, text: str, code: int
) -> None:
    async with venue.talk() as talk:
        await talk.socket.send(text)
        assert (await talk.refusal())[0] == code
        await talk.say(type="ping")
        assert await talk.frame() == {"type": "pong"}


async def test_a_second_subscription_is_refused_and_brings_no_snapshot(venue: Running) -> None:
    async with venue.talk() as talk:
        await talk.subscribe("market_stats/all")
        await talk.next("subscribed/market_stats")
        await talk.subscribe("market_stats/all")
        assert await talk.refusal() == (30003, "Already Subscribed to : market_stats:all")
        await talk.next("update/market_stats")
        assert not [one for one in talk.kept if one["type"].startswith("subscribed")]


async def test_after_unsubscribed_nothing_of_the_channel_comes(venue: Running) -> None:
    async with venue.talk() as talk:
        await talk.subscribe("order_book/0")
        await talk.subscribe("order_book/1")
        await talk.next("update/order_book", "order_book:0")
        await talk.say(type="unsubscribe", channel="order_book/0")
        assert await talk.next("unsubscribed") == {
            "type": "unsubscribed",
            "channel": "order_book:0",
        }
        talk.kept.clear()
        for _ in range(5):
            await talk.next("update/order_book", "order_book:1")
        assert not [one for one in talk.kept if one["channel"] == "order_book:0"]
        await talk.subscribe("order_book/0")
        await talk.next("subscribed/order_book", "order_book:0")


async def test_limits_of_a_connection() -> None:
    async with simulated(accounts=ACCOUNTS_MAX + 1) as venue, venue.talk() as talk:
        for index in range(ACCOUNTS_MAX + 1):
            await talk.subscribe(f"user_stats/{7001 + index}")
        assert (await talk.refusal())[0] == 23002
        candles = [
            f"candle/{m}/{r}"
            for m in range(3)
            for r in ["1m", "5m", "15m", "30m", "1h", "4h", "12h", "1d"]
        ]
        books = [f"{word}/{m}" for word in ("order_book", "ticker", "trade") for m in range(3)]
        stats = [f"market_stats/{market}" for market in (0, 1, 2, "all")]
        of_accounts = [
            f"{word}/{7001 + index}"
            for word in ("account_all_orders", "account_all_trades", "account_all_positions",
                         "account_all_assets", "account_all")
            for index in range(ACCOUNTS_MAX)
        ]  # fmt: skip
        channels = [*candles, *books, *stats, "height", "spot_market_stats/all", *of_accounts]
        room = SUBSCRIPTIONS_MAX - ACCOUNTS_MAX
        extra = [f"account_market/0/{7001 + index}" for index in range(ACCOUNTS_MAX)]
        wanted = [*channels, *extra][: room + 1]
        assert len(wanted) == room + 1
        for channel in wanted:
            name = str(int(channel.rpartition("/")[2]) - 7000) if "account" in channel else "1"
            await talk.subscribe(channel, venue.token(name))
        assert (await talk.refusal())[0] == 23001
        held = next(iter(venue.server.venue.connections.values())).subscriptions
        assert len(held) == SUBSCRIPTIONS_MAX


async def test_too_many_messages_in_a_minute(venue: Running) -> None:
    async with venue.talk() as talk:
        for _ in range(MESSAGES_PER_MINUTE + 1):
            await talk.say(type="ping")
        assert (await talk.refusal())[0] == 30009
        await talk.subscribe("height")
        assert (await talk.refusal())[0] == 30009


async def test_a_strangers_book_equals_the_truth(venue: Running) -> None:
    book = StrangersBook()
    async with venue.talk() as talk:
        await talk.subscribe("order_book/0")
        book.apply(await talk.next("subscribed/order_book"))
        while book.updates < 60 or not book.removed:
            book.apply(await talk.frame())
        truth = await venue.admin("GET", f"/book?market=ETH&nonce={book.nonce}")
        assert book.equals(truth)
        assert truth["nonce"] == book.nonce
        await venue.admin("POST", "/pause")
        newest = await venue.admin("GET", "/book?market=ETH")
        while book.nonce < newest["nonce"]:
            book.apply(await talk.frame())
        assert book.nonce == newest["nonce"]
        assert book.equals(newest)
        assert any(later - earlier > 1 for earlier, later in pairwise(book.offsets))
        # A newcomer is told the same book under the same nonce, by another server.
        async with venue.talk() as other:
            await other.subscribe("order_book/0")
            late = StrangersBook()
            late.apply(await other.frame())
            assert (late.nonce, late.sides) == (book.nonce, book.sides)
            assert abs(late.offsets[0] - book.offsets[-1]) > 1_000
            await venue.admin("POST", "/resume")
            late.apply(await other.frame())
            book.apply(await talk.frame())
            assert (late.nonce, late.sides) == (book.nonce, book.sides)


async def test_the_ticker_is_the_top_of_the_book_at_its_nonce(venue: Running) -> None:
    async with venue.talk() as talk:
        await talk.subscribe("ticker/0")
        for _ in range(5):
            ticker = await talk.next("update/ticker")
            truth = await venue.admin("GET", f"/book?market=ETH&nonce={ticker['nonce']}")
            for word, side in (("a", "asks"), ("b", "bids")):
                assert [ticker["ticker"][word][k] for k in ("price", "size")] == truth[side][0]


async def test_statistics_of_all_come_market_by_market(venue: Running) -> None:
    async with venue.talk() as talk:
        await talk.subscribe("market_stats/all")
        first = await talk.next("subscribed/market_stats")
        assert set(first["market_stats"]) == {"0", "1", "2"}
        seen: set[str] = set()
        while seen != {"0", "1", "2"}:
            found = (await talk.next("update/market_stats"))["market_stats"]
            assert len(found) == 1
            seen |= set(found)


async def test_trades_begin_with_history_newest_first_and_go_on(venue: Running) -> None:
    async with venue.talk() as talk:
        await talk.subscribe("trade/0")
        first = await talk.next("subscribed/trade")
        ids = [one["trade_id"] for one in first["trades"]]
        assert ids == sorted(ids, reverse=True)
        assert len(ids) == 50
        assert "timestamp" not in first
        later = await talk.next("update/trade")
        assert min(one["trade_id"] for one in later["trades"]) > ids[0]
        assert first["liquidation_trades"] == later["liquidation_trades"] == []


async def test_at_the_roll_over_one_frame_has_both_candles(venue: Running) -> None:
    """The ended candle says what REST says of it ever after; a new one omits its zeros."""
    exchange = venue.server.exchange
    minute_ms = exchange.now_ms % 60_000
    venue.server.inject("skew", offset_s=(60_000 - minute_ms) / 1000 - 2.5)
    async with venue.talk() as talk:
        await talk.subscribe("candle/0/1m")
        first = await talk.next("subscribed/candle")
        assert len(first["candles"]) == 1
        while len((both := await talk.next("update/candle"))["candles"]) == 1:
            pass
        ended, begun = both["candles"]
        assert begun["t"] - ended["t"] == 60_000
        assert ended["t"] == first["candles"][0]["t"]
        assert all(value for row in both["candles"] for value in row.values())
        window = f"start_timestamp={ended['t']}&end_timestamp={ended['t'] + 59_999}"
        _, answer, _ = await venue.call(f"/candles?market_id=0&resolution=1m&{window}&count_back=1")
        kept = json.loads(json.dumps(answer["c"][0]))
        assert {key: float(value) for key, value in ended.items()} == {
            key: float(value) for key, value in kept.items()
        }
        follow = await talk.next("update/candle")
        assert [row["t"] for row in follow["candles"]] == [begun["t"]]


async def test_an_account_hears_all_that_the_ledger_says(venue: Running) -> None:
    told = Told()
    async with venue.talk() as talk:
        for word in ("orders", "trades", "positions"):
            await talk.subscribe(f"account_all_{word}/{venue.index()}", venue.token())
        await talk.subscribe(f"account_all/{venue.index()}")
        await venue.admin("POST", "/fills", json={"account": "1", "rate_per_s": 20})
        while len(told.trades) < 150 or not told.nulls:
            told.hear(await talk.frame())
        await venue.admin("POST", "/fills", json={"account": "1", "rate_per_s": 0, "script": False})
        await venue.admin("POST", "/pause")
        ledger = await venue.admin("GET", f"/ledger?account=1&since={min(told.trades) - 1}")
        while set(told.trades) != {one["trade_id"] for one in ledger["fills"]} or (
            told.held() != ledger["open_positions"]
        ):
            told.hear(await talk.frame())
    assert ledger["fills"] == [told.trades[key] for key in sorted(told.trades)]
    known = {one["order_index"]: one for one in ledger["orders"]}
    assert set(told.orders) <= set(known)
    assert sum(known[key] == one for key, one in told.orders.items()) > 100
    assert "filled" in {one["status"] for one in told.orders.values()}


class Told:
    """What the channels of one account said."""

    def __init__(self) -> None:
        self.orders: dict[int, Any] = {}
        self.trades: dict[int, Any] = {}
        self.positions: dict[str, Any] = {}
        self.nulls = 0

    def hear(self, document: Any) -> None:
        word, _, channel = document["type"].partition("/")
        if channel == "account_all_trades" and word == "update":
            for rows in document["trades"].values():
                self.trades |= {one["trade_id"]: one for one in rows}
        elif channel == "account_all_orders":
            for rows in document["orders"].values():
                self.orders |= {one["order_index"]: one for one in rows}
        elif channel == "account_all_positions":
            self.positions |= document["positions"]
        elif channel == "account_all":
            self.nulls += document["assets"] is None

    def held(self) -> dict[str, str]:
        """Market → signed size, as the controls spell it."""
        return {
            one["symbol"]: ("-" if one["sign"] < 0 else "") + one["position"]
            for one in self.positions.values()
            if float(one["position"])
        }


async def test_what_came_before_is_history_not_news(venue: Running) -> None:
    """An odd account's history is a list, an even one's a map; without trades it is empty."""
    fresh = [{"name": "9", "api_key": "ro:9:single:4102444800:aa", "account_index": 9,
              "scripted": False}]  # fmt: skip
    async with simulated(accounts=fresh) as other, other.talk() as talk:
        await talk.subscribe("account_all_trades/9", other.token("9"))
        assert (await talk.next("subscribed/account_all_trades"))["trades"] == []
    async with venue.talk() as talk:
        for index, shape in ((7001, list), (7002, dict)):
            await talk.subscribe(f"account_all_trades/{index}", venue.token(str(index - 7000)))
            found = await talk.next("subscribed/account_all_trades")
            assert isinstance(found["trades"], shape)
            assert found["trades"]
            assert found["total_volume"] > 0


async def test_connections_are_counted_by_topic_and_leave_nothing(venue: Running) -> None:
    async with venue.talk() as talk:
        assert [one["topic"] for one in (await venue.admin("GET", "/state"))["connections"]] == [""]
        await talk.subscribe("order_book/0")
        await talk.subscribe("account_all_orders/7001", venue.token())
        await talk.next("subscribed/account_all_orders")
        state = await venue.admin("GET", "/state")
        assert {one["topic"] for one in state["connections"]} == {"book:ETH", "account:1:orders"}
        assert state["topics"]["book:ETH"] == {"now": 1, "ever": 1, "most": 1}

    async def deserted() -> bool:
        return not len(venue.server.hub) and not venue.server.venue.connections

    await until(deserted)
    topics = (await venue.admin("GET", "/topics?topic=account:1"))["topics"]
    assert topics["account:1:orders"][0]["closed_ms"]
