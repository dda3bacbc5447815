"""(l), frames of Lighter: each bad one is named, counted and skipped; nothing else is disturbed.

What a bad frame costs depends on whether it says which book it is of. If so, whatever it changed is
unknown, and that book alone is subscribed anew; if not, the next good one shows whether it was of
any.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import pytest
import websockets
from actor_context import KeptContext

sys.path.insert(0, str(Path(__file__).parent.parent / "venues" / "lighter"))

from lighter_account_frames import ORDER, TRADE, account_session, frame, snapshots
from lighter_frames import (
    CONNECTED,
    MARKET,
    MS,
    NOW_NS,
    URL,
    S,
    listing,
    snapshot,
    subscribe,
    text,
    unsubscribe,
    unsubscribed,
    update,
)

from actors import stream
from actors.errors import MalformedFrame
from actors.messages.account import Fill, Order
from actors.messages.control import FaultReport
from actors.messages.market import BookDelta
from actors.venues.lighter.book_session import PROVEN_UPDATES, BookSession

SECRET = "0xfeedface00112233445566778899aabbccddeeff"  # made here, opens nothing
CHANNEL = "order_book/0"
HEAD = {"type": "update/order_book", "channel": "order_book:0", "timestamp": MS}
GOOD = {"asks": [], "bids": [{"price": "99", "size": "2"}], "begin_nonce": 100, "nonce": 101}

NAMELESS: dict[str, tuple[str | bytes, str]] = {
    "not JSON": ("SNAPSHOT!", "frame"),
    "cut JSON": ('{"channel":"order_book:0","order_book":{"asks":[', "frame"),
    "no object": ("[1,2,3]", "frame"),
    "not UTF-8": (b"\xff\xfe\x00", "frame"),
    "empty": ("", "frame"),
    "deep": ("[" * 5_000 + "]" * 5_000, "frame"),
    "a type that is a number": (text(type=7, channel="order_book:0"), "frame.type"),
    "no type": (text(channel="order_book:0", order_book=GOOD), "frame.type"),
    "no channel": (text(type="update/order_book", order_book=GOOD), "frame.channel"),
}
NAMED: dict[str, tuple[str | bytes, str]] = {
    "no book": (text(**HEAD), "order_book"),
    "a book that is text": (text(**HEAD, order_book="none"), "order_book"),
    "levels are text": (text(**HEAD, order_book={**GOOD, "bids": "x"}), "order_book.bids"),
    "a price that is a number": (
        text(**HEAD, order_book={**GOOD, "bids": [{"price": 1, "size": "1"}]}),
        "order_book.bids",
    ),
    "a price that is none": (
        text(**HEAD, order_book={**GOOD, "bids": [{"price": "NaN", "size": "1"}]}),
        "order_book.bids[0].price",
    ),
    "a size that is missing": (
        text(**HEAD, order_book={**GOOD, "asks": [{"price": "101"}]}),
        "order_book.asks",
    ),
    "a nonce that is text": (text(**HEAD, order_book={**GOOD, "nonce": "x"}), "order_book.nonce"),
    "a secret in it": (
        text(**HEAD, order_book={**GOOD, "auth": SECRET, "asks": SECRET}),
        "order_book.asks",
    ),
}


def live_book() -> BookSession:
    session = BookSession(URL, "linear", "ETH", 0)
    session.connected(NOW_NS)
    session.receive(CONNECTED, NOW_NS)
    assert session.to_send(S) == [subscribe(CHANNEL)]
    session.receive(snapshot([("100", "1")], [("101", "1")]), NOW_NS)
    assert session.verified
    return session


@pytest.mark.parametrize("name", NAMELESS)
def test_l_a_bad_frame_of_no_book_is_named_and_the_next_one_goes_on(name: str) -> None:
    bad, wanted = NAMELESS[name]
    session = live_book()
    with pytest.raises(MalformedFrame) as caught:
        session.receive(bad, NOW_NS)
    assert caught.value.field == wanted
    assert caught.value.expected
    assert session.to_send(2 * S) == []
    (change,) = session.receive(update([("99", "2")], [], 101, 100), NOW_NS)
    assert isinstance(change, BookDelta)


@pytest.mark.parametrize("name", NAMED)
def test_l_a_bad_frame_of_a_book_is_named_and_the_book_subscribed_anew(name: str) -> None:
    bad, wanted = NAMED[name]
    session = live_book()
    with pytest.raises(MalformedFrame) as caught:
        session.receive(bad, NOW_NS)
    fault = caught.value
    print(f"{name}: {fault}")
    assert wanted in fault.field, fault.field
    assert fault.expected
    assert SECRET not in str(fault)
    assert not session.verified
    assert session.snapshot(NOW_NS) is None, "what is not verified is not served"
    assert session.to_send(2 * S) == [unsubscribe(CHANNEL)]
    assert session.receive(update([("99", "2")], [], 101, 100), NOW_NS) == []
    session.receive(unsubscribed("order_book:0"), NOW_NS)
    assert session.to_send(3 * S) == [subscribe(CHANNEL)]
    session.receive(snapshot([("98", "1")], [("101", "1")], nonce=200), NOW_NS)
    assert session.verified


def follows(bad: str | bytes, nonce: int) -> str | bytes:
    """Where it has a nonce, it is the right one: the nonce is not what is wrong."""
    if isinstance(bad, bytes):
        return bad
    return bad.replace('"begin_nonce":100', f'"begin_nonce":{nonce}').replace(
        '"nonce":101', f'"nonce":{nonce + 1}'
    )


class HostileVenue:
    """Lists two markets and serves their books; that of number 0 gets bad frames between."""

    def __init__(self) -> None:
        self.url = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[HostileVenue]:
        async with websockets.serve(
            self._serve, "127.0.0.1", 0, compression=None, process_request=self._answer
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            self.url = f"127.0.0.1:{port}"
            yield self

    def _answer(
        self, connection: websockets.ServerConnection, request: websockets.Request
    ) -> websockets.Response | None:
        if not request.path.startswith("/api/v1/orderBookDetails"):
            return None
        other = {**MARKET, "symbol": "BTC", "market_id": 1}
        return connection.respond(HTTPStatus.OK, listing([MARKET, other]).decode())

    async def _serve(self, connection: websockets.ServerConnection) -> None:
        await connection.send(CONNECTED)
        request = json.loads(await connection.recv())
        market = int(request["channel"].removeprefix("order_book/"))
        nonce = await self._begin(connection, market, 100)
        for name, (bad, _) in {**NAMELESS, **NAMED}.items():
            if market == 0:
                await connection.send(follows(bad, nonce))
                if name in NAMED:
                    nonce = await self._begin_anew(connection, nonce + 7)
            for _ in range(PROVEN_UPDATES):
                await connection.send(update([("90", f"{nonce}")], [], nonce + 1, nonce, market))
                nonce += 1
        await connection.wait_closed()

    async def _begin(self, connection: websockets.ServerConnection, market: int, nonce: int) -> int:
        await connection.send(snapshot([("100", "1")], [("101", "1")], nonce, market))
        return nonce

    async def _begin_anew(self, connection: websockets.ServerConnection, nonce: int) -> int:
        assert await connection.recv() == unsubscribe(CHANNEL)
        await connection.send(unsubscribed("order_book:0"))
        assert await connection.recv() == subscribe(CHANNEL)
        return await self._begin(connection, 0, nonce)


@asynccontextmanager
async def watching(url: str, symbol: str) -> AsyncIterator[KeptContext]:
    config = {
        "venue": "lighter",
        "kind": "orderbook",
        "product": "linear",
        "symbol": symbol,
        "base_url": f"http://{url}",
        "ws_url": f"ws://{url}/stream",
    }
    context = KeptContext(f"orderbook:lighter:linear:{symbol}", config)
    run = asyncio.ensure_future(stream.run(context))
    try:
        yield context
    finally:
        context.stopping.set()
        async with asyncio.timeout(10):
            await run


async def test_l_bad_frames_are_counted_and_skipped_and_disturb_nobody() -> None:
    bad = len(NAMELESS) + len(NAMED)
    good = bad * PROVEN_UPDATES
    async with (
        HostileVenue().serving() as venue,
        watching(venue.url, "ETH") as hit,
        watching(venue.url, "BTC") as bystander,
    ):
        for context in (hit, bystander):
            await context.until(
                lambda context=context: len(context.said("book_delta")) == good,
                "every good update arrives",
            )
        await hit.until(
            lambda: hit.last("connection_state", "websocket").malformed == bad,
            "every bad frame is counted",
        )
        await hit.until(lambda: hit.last("book_status").verified, "verified in the end")
    status = hit.last("book_status")
    assert (status.malformed, status.resyncs, status.gaps) == (bad, len(NAMED), 0)
    assert hit.last("connection_state", "websocket").connects == 1, "all on one connection"
    assert len(hit.said("book_snapshot")) == 1 + len(NAMED)
    told = [fault for fault in hit.faults if isinstance(fault, FaultReport | MalformedFrame)]
    assert told, "reports are few where frames are many, but not none"
    assert all(SECRET not in str(fault) for fault in hit.faults)
    assert not bystander.faults
    assert len(bystander.said("book_snapshot")) == 1
    assert bystander.last("connection_state", "websocket").malformed == 0


def order(**changes: object) -> str:
    row = {key: value for key, value in {**ORDER, **changes}.items() if value is not None}
    return frame("update", "account_all_orders", orders={"0": [row]})


def trade(**changes: object) -> str:
    return frame("update", "account_all_trades", trades={"0": [{**TRADE, **changes}]})


BAD_ACCOUNT_FRAMES: dict[str, tuple[str, str]] = {
    "not JSON": ("{", "frame"),
    "orders are a number": (frame("update", "account_all_orders", orders=7), "frame.orders"),
    "an order without its market": (order(market_index=None), "frame.orders"),
    "a size that is none": (order(initial_base_amount="many"), "initial_base_amount"),
    "an order of a stranger": (order(owner_account_index=99), "owner_account_index"),
    "a price of a fill that is none": (trade(price="NaN"), "price"),
    "a fill without its number": (trade(trade_id="first"), "trade_id"),
    "figures that are text": (frame("update", "user_stats", stats="none"), "frame.stats"),
}


@pytest.mark.parametrize("name", BAD_ACCOUNT_FRAMES)
def test_l_a_bad_account_frame_is_named_and_the_next_one_is_read(name: str) -> None:
    bad, wanted = BAD_ACCOUNT_FRAMES[name]
    session = account_session()
    session.receive(CONNECTED, NOW_NS)
    tokens = [json.loads(str(sent))["auth"] for sent in session.to_send(S)]
    for each in snapshots():
        session.receive(each, NOW_NS)
    with pytest.raises(MalformedFrame) as caught:
        session.receive(bad, NOW_NS)
    print(f"{name}: {caught.value}")
    assert wanted in caught.value.field, caught.value
    assert not any(token in str(caught.value) for token in tokens)
    following = [*session.receive(order(), NOW_NS), *session.receive(trade(), NOW_NS)]
    assert {Order, Fill} <= {type(message) for message in following}
    assert session.to_send(2 * S) == [], "nothing is subscribed anew for it"
