"""What clients want beyond the configured: counted, told to the supervisor, or refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import websockets
from web_world import BTC, Served, World, serving, until

from actors.errors import LinkFault
from actors.messages.control import StreamEnded
from actors.messages.market import Candle
from actors.runtime.clock import FakeClock
from web import demand as demand_module
from web.demand import HOLD_S, Demand, NotStarted, Wish
from web.topics import TopicRefused, parse_all

TICKER = "ticker:extended:linear:BTC-USD"
TRADES = "trades:extended:linear:BTC-USD"
CANDLES = "candles:extended:linear:SOL-USD:1m"


class Supervisor:
    """Runs what it is asked for, up to a limit; `away` while it is a fault."""

    def __init__(self, limit: int = 10) -> None:
        self.limit = limit
        self.words: list[list[str]] = []
        self.running: list[str] = []
        self.away: Exception | None = None

    async def call(self, op: str, timeout_s: float = 2.0, **args: Any) -> dict[str, Any]:
        assert (op, args["web"]) == ("demand", "web:1")
        if self.away is not None:
            raise self.away
        self.words.append(args["topics"])
        refused = {}
        for topic in args["topics"]:
            if topic in self.running:
                continue
            if len(self.running) >= self.limit:
                refused[topic] = "no more than that (STREAMS_MAX)"
            else:
                self.running.append(topic)
        await asyncio.sleep(0)
        return {"running": list(self.running), "refused": refused}


class Desk:
    """A Demand over a filled replica, its supervisor the test's."""

    def __init__(self, limit: int = 10, listed: bool = True) -> None:
        self.world = World(streams=[BTC])
        if listed:
            self.world.instruments()
        self.supervisor = Supervisor(limit)
        self.clock = FakeClock()
        self.demand = Demand(
            self.world.replica,
            self.supervisor,
            self.clock,
            "web:1",
            configured=[BTC],
            venues=["extended"],
        )

    def topics(self, *texts: str) -> set[str]:
        return set(self.demand.topics(parse_all(texts)).values())


# which streams are meant


def test_exact_market_topics_are_startable_and_nothing_else() -> None:
    desk = Desk()
    assert desk.topics(TICKER, TRADES, CANDLES) == {TICKER, TRADES, CANDLES}
    assert desk.topics("orderbook:extended:linear:SOL-USD") == {"orderbook:extended:linear:SOL-USD"}
    # The product left out is the only one that there is.
    assert desk.topics("candles:extended:SOL-USD:1m") == {CANDLES}
    for text in (BTC, "candles:*", "ticker:extended:*", "fills:*", "connections", "*"):
        assert desk.topics(text) == set()
    assert desk.topics("candles:extended:linear:SOL-USD:*") == set()


@pytest.mark.parametrize(
    ("text", "field", "part"),
    [
        ("ticker:extended:linear:SOL-UST", "symbol", "SOL-USD"),
        ("ticker:extended:spot:SOL-USD", "symbol", "SOL-USD"),
        ("ticker:nowhere:linear:SOL-USD", "venue", "one of extended"),
        ("candles:extended:linear:SOL-USD:7m", "timeframe", "one of 1m, 1h"),
    ],
)
def test_what_there_is_not_is_refused_by_name(text: str, field: str, part: str) -> None:
    with pytest.raises(TopicRefused) as caught:
        Desk().topics(text)
    assert caught.value.field == field
    assert part in caught.value.expected


def test_markets_that_are_not_known_yet_are_no_fault_of_the_client() -> None:
    with pytest.raises(NotStarted, match="not known yet"):
        Desk(listed=False).topics(TICKER)


# wanting them


async def test_the_first_wish_asks_and_later_ones_need_not() -> None:
    desk = Desk()
    await desk.demand.start([TICKER])
    assert desk.supervisor.words == [[TICKER]]
    await desk.demand.start([TICKER])
    await desk.demand.start([])
    assert desk.supervisor.words == [[TICKER]]


async def test_what_only_lingers_is_asked_for_again() -> None:
    desk = Desk(limit=1)
    wish = Wish(desk.demand)
    await desk.demand.start([TICKER])
    wish.add([TICKER])
    wish.end()
    await desk.demand._tell()
    assert desk.supervisor.words[-1] == []
    # It was seen running; meanwhile the supervisor gave its place away.
    desk.supervisor.running = [TRADES]
    with pytest.raises(NotStarted, match="STREAMS_MAX"):
        await desk.demand.start([TICKER])


async def test_a_refusal_names_the_stream_and_leaves_nothing_behind() -> None:
    desk = Desk(limit=1)
    with pytest.raises(NotStarted, match=f"{TRADES}: no more than that") as caught:
        await desk.demand.start([TICKER, TRADES])
    assert caught.value.found == TRADES
    await desk.demand._tell()
    assert desk.supervisor.words[-1] == []


async def test_a_supervisor_that_cannot_be_asked_is_a_reason_too() -> None:
    desk = Desk()
    desk.supervisor.away = LinkFault("gone")
    with pytest.raises(NotStarted, match="could not be asked: gone"):
        await desk.demand.start([TICKER])
    desk.supervisor.away = None
    await desk.demand.start([TICKER])


async def test_clients_are_counted_and_the_last_one_takes_the_wish_back() -> None:
    desk = Desk()
    first, second = Wish(desk.demand), Wish(desk.demand)
    await desk.demand.start([TICKER, TRADES])
    first.add([TICKER, TRADES])
    second.add([TICKER])
    second.add([TICKER])
    first.keep([TRADES])
    await desk.demand._tell()
    assert set(desk.supervisor.words[-1]) == {TICKER, TRADES}
    second.end()
    second.end()
    await desk.demand._tell()
    # No question over REST holds it: its last client left, so it lingers from now on.
    assert desk.supervisor.words[-1] == [TRADES]
    first.end()
    await desk.demand._tell()
    assert desk.supervisor.words[-1] == []


async def test_a_question_over_rest_wants_its_stream_for_a_while() -> None:
    desk = Desk()
    await desk.demand.start([CANDLES])
    desk.clock.advance(HOLD_S - 1)
    await desk.demand._tell()
    assert desk.supervisor.words[-1] == [CANDLES]
    desk.clock.advance(2)
    await desk.demand._tell()
    assert desk.supervisor.words[-1] == []


async def test_one_word_is_bounded_and_clients_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demand_module, "TOPICS_MAX", 2)
    desk = Desk()
    await desk.demand.start([TICKER])
    Wish(desk.demand).add([TICKER])
    await desk.demand.start([CANDLES])
    with pytest.raises(NotStarted, match="2 streams are wanted already"):
        await desk.demand.start([TRADES])
    assert desk.supervisor.words[-1] == [TICKER, CANDLES]


async def test_its_word_is_renewed_and_told_again_after_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(demand_module, "RENEW_S", 0.1)
    monkeypatch.setattr(demand_module, "RETRY_S", 0.05)
    desk = Desk()
    running = asyncio.create_task(desk.demand.run())
    try:
        await desk.demand.start([TICKER])
        Wish(desk.demand).add([TICKER])
        await until(lambda: len(desk.supervisor.words) >= 4, "renewed")
        desk.supervisor.away = LinkFault("busy")
        await asyncio.sleep(0.3)
        desk.supervisor.away = None
        before = len(desk.supervisor.words)
        await until(lambda: len(desk.supervisor.words) > before, "told again", seconds=1)
        assert desk.supervisor.words[-1] == [TICKER]
    finally:
        running.cancel()


# at the doors


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    world = World(streams=[BTC])
    world.instruments()
    world.link(BTC)
    world.book(BTC)
    supervisor = Supervisor(limit=1)
    world.service.demand._control = supervisor
    world.control = supervisor  # type: ignore[assignment]
    async with serving(world) as up:
        yield up
    assert world.reported == []


def candle(start_us: int, close: str = "1", *, closed: bool = False) -> Candle:
    return Candle(
        venue="extended",
        product="linear",
        symbol="SOL-USD",
        timeframe="1m",
        start_us=start_us,
        open="1",
        high="2",
        low="1",
        close=close,
        volume="3",
        closed=closed,
        received_ns=1,
    )


async def hear(socket: Any) -> dict[str, Any]:
    async with asyncio.timeout(5):
        message: dict[str, Any] = json.loads(await socket.recv())
    return message


def running_of(served: Served) -> list[str]:
    supervisor: Any = served.world.control
    words: list[list[str]] = supervisor.words
    return words[-1] if words else []


async def test_a_client_is_told_when_the_first_data_is_there_and_of_the_end(
    served: Served,
) -> None:
    feed = served.world.replica.feed
    async with websockets.connect(served.ws, proxy=None) as socket:
        await hear(socket)
        await socket.send(json.dumps({"op": "subscribe", "topics": [CANDLES]}))
        assert (await hear(socket))["type"] == "subscribed"
        assert running_of(served) == [CANDLES]
        feed("candle", CANDLES, CANDLES, candle(60))
        snapshot = await hear(socket)
        assert (snapshot["type"], snapshot["topic"]) == ("snapshot", CANDLES)
        assert [row["start_us"] for row in snapshot["data"]] == [60]
        feed("candle", CANDLES, CANDLES, candle(60, closed=True))
        feed("candle", CANDLES, CANDLES, candle(120))
        assert [(await hear(socket))["data"]["closed"] for _ in range(2)] == [True, False]
        feed("stream_ended", "supervisor", CANDLES, StreamEnded(actor=CANDLES))
        ended = await hear(socket)
        assert (ended["type"], ended["kind"], ended["prev"]) == (
            "update",
            "stream_ended",
            "testing-6",
        )
        # It begins anew with the whole of it, whatever was told before.
        feed("candle", CANDLES, CANDLES, candle(180))
        again = await hear(socket)
        assert (again["type"], [row["start_us"] for row in again["data"]]) == ("snapshot", [180])


async def test_lists_that_lose_an_item_by_the_end_are_told_whole(served: Served) -> None:
    world = served.world
    world.link(CANDLES)
    world.child(CANDLES)
    world.replica.feed("candle", CANDLES, CANDLES, candle(60))
    async with websockets.connect(served.ws, proxy=None) as socket:
        await hear(socket)
        await socket.send(json.dumps({"op": "subscribe", "topics": ["connections", "supervision"]}))
        for _ in range(3):
            first = await hear(socket)
        assert any(row["actor"] == CANDLES for row in first["data"])
        end = StreamEnded(actor=CANDLES)
        world.replica.feed("stream_ended", "supervisor", CANDLES, end)
        told = [await hear(socket) for _ in range(2)]
    assert [message["type"] for message in told] == ["snapshot", "snapshot"]
    assert {message["topic"] for message in told} == {"connections", "supervision"}
    assert not any(row["actor"] == CANDLES for message in told for row in message["data"])


async def test_who_was_away_while_a_stream_ended_hears_of_it(served: Served) -> None:
    feed = served.world.replica.feed
    feed("candle", CANDLES, CANDLES, candle(60))
    since = f"testing-{served.world.replica.store.seq}"
    feed("stream_ended", "supervisor", CANDLES, StreamEnded(actor=CANDLES))
    async with websockets.connect(served.ws, proxy=None) as socket:
        await hear(socket)
        await socket.send(json.dumps({"op": "subscribe", "topics": ["candles:*"], "since": since}))
        assert (await hear(socket))["type"] == "subscribed"
        assert (await hear(socket))["kind"] == "stream_ended"
    async with websockets.connect(served.ws, proxy=None) as socket:
        await hear(socket)
        await socket.send(json.dumps({"op": "subscribe", "topics": ["candles:*"]}))
        assert (await hear(socket))["type"] == "subscribed"
        await socket.send(json.dumps({"op": "ping"}))
        # Who comes anew is not told of what is no more.
        assert (await hear(socket))["type"] == "pong"


async def test_leaving_one_spelling_keeps_what_the_other_wants(served: Served) -> None:
    async with websockets.connect(served.ws, proxy=None) as socket:
        await hear(socket)
        short = "candles:extended:SOL-USD:1m"
        await socket.send(json.dumps({"op": "subscribe", "topics": [CANDLES, short]}))
        assert (await hear(socket))["type"] == "subscribed"
        demand = served.world.service.demand
        for left in (short, "candles:extended:*:SOL-USD:1m"):
            await socket.send(json.dumps({"op": "unsubscribe", "topics": [left]}))
            assert (await hear(socket))["type"] == "unsubscribed"
            await demand._tell()
            assert running_of(served) == [CANDLES]
        await socket.send(json.dumps({"op": "unsubscribe", "topics": [CANDLES]}))
        assert (await hear(socket))["type"] == "unsubscribed"
        await demand._tell()
        assert running_of(served) == []


async def test_too_many_are_refused_at_each_door_and_a_closed_client_wants_nothing(
    served: Served,
) -> None:
    demand = served.world.service.demand
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{served.url}/api/stream?topics={CANDLES}") as answer:
            assert answer.status == 200
            await until(lambda: demand._wanted, "counted")
            async with http.get(f"{served.url}/api/stream?topics={TICKER}") as second:
                problem = await second.json(content_type=None)
                assert (second.status, problem["type"]) == (503, "/docs#problem-not-started")
                assert "STREAMS_MAX" in problem["detail"]
                assert second.headers["Retry-After"]
            async with websockets.connect(served.ws, proxy=None) as socket:
                await hear(socket)
                await socket.send(json.dumps({"op": "subscribe", "topics": [TICKER]}))
                error = await hear(socket)
            assert (error["type"], error["field"]) == ("error", "topics")
            assert error["expected"] == NotStarted.expected
            assert "STREAMS_MAX" in error["detail"]
            async with http.get(f"{served.url}/api/candles?symbol=BTC-USD") as third:
                assert third.status == 503
        await until(lambda: not demand._wanted, "its wish ended with it")
