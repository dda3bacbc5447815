"""(l), venue frames: each bad one is named, counted and skipped; nothing else is disturbed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import websockets
from actor_context import KeptContext

sys.path.insert(0, str(Path(__file__).parent.parent / "venues" / "extended"))

from extended_frames import (
    ACCOUNT,
    BALANCE,
    FILL,
    KEY,
    MS,
    NOW_NS,
    ORDER,
    account,
    delta,
    snapshot,
    text,
)

from actors import stream
from actors.errors import MalformedFrame
from actors.messages.account import Fill, Order
from actors.messages.control import FaultReport
from actors.messages.market import BookDelta
from actors.venues.extended.account_session import AccountSession
from actors.venues.extended.book_session import BookSession

SECRET = "0xfeedface00112233445566778899aabbccddeeff"  # made here, opens nothing
LEVELS = {"b": [], "a": []}

BAD_BOOK_FRAMES: dict[str, tuple[str | bytes, str]] = {
    "not JSON": ("SNAPSHOT!", "frame"),
    "cut JSON": ('{"type":"DELTA","data":{"t":"DELTA"', "frame"),
    "no object": ("[1,2,3]", ""),
    "not UTF-8": (b"\xff\xfe\x00", ""),
    "empty": ("", ""),
    "price is a number": (
        text(type="DELTA", data={"t": "DELTA", "m": "BTC-USD", "b": [{"p": 1, "q": "1"}], "a": []}),
        "data.b",
    ),
    "levels are text": (
        text(type="DELTA", data={"t": "DELTA", "m": "BTC-USD", **LEVELS, "b": "x"}, ts=MS, seq=2),
        "data.b",
    ),
    "seq is text": (text(type="DELTA", data={"m": "BTC-USD", **LEVELS}, ts=MS, seq="2"), "seq"),
    "a secret in it": (text(type="DELTA", data={"api_key": SECRET, "b": "x"}, seq=2), ""),
    "deep": ("[" * 5_000 + "]" * 5_000, ""),
}


class HostileVenue:
    """Serves books of two markets; BTC-USD gets a bad frame before each good delta."""

    def __init__(self, bad: list[str | bytes]) -> None:
        self._bad = bad
        self.url = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[HostileVenue]:
        async with websockets.serve(self._serve, "127.0.0.1", 0, compression=None) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            self.url = f"127.0.0.1:{port}"
            yield self

    async def _serve(self, connection: websockets.ServerConnection) -> None:
        assert connection.request is not None
        hostile = connection.request.path.endswith("BTC-USD")
        market = "BTC-USD" if hostile else "ETH-USD"
        first = snapshot([("100", "1")], [("101", "1")])
        await connection.send(first.replace("BTC-USD", market))
        for number, bad in enumerate(self._bad):
            if hostile:
                # Where it has a number, it is the right one: the number is not what is wrong.
                if isinstance(bad, str):
                    bad = bad.replace('"seq":2', f'"seq":{number + 2}')  # noqa: PLW2901
                await connection.send(bad)
            change = delta([(f"{90 + number / 100:.2f}", "2", "2")], [], number + 2)
            await connection.send(change.replace("BTC-USD", market))
        await connection.wait_closed()


@asynccontextmanager
async def watching(url: str, symbol: str) -> AsyncIterator[KeptContext]:
    config = {
        "venue": "extended",
        "kind": "orderbook",
        "product": "linear",
        "symbol": symbol,
        "base_url": f"http://{url}/api/v1",
        "ws_url": f"ws://{url}/stream.extended.exchange/v1",
    }
    context = KeptContext(f"orderbook:extended:linear:{symbol}", config)
    run = asyncio.ensure_future(stream.run(context))
    try:
        yield context
    finally:
        context.stopping.set()
        async with asyncio.timeout(10):
            await run


@pytest.mark.parametrize("name", BAD_BOOK_FRAMES)
def test_l_a_bad_book_frame_is_named(name: str) -> None:
    frame, wanted = BAD_BOOK_FRAMES[name]
    session = BookSession("wss://venue.example/v1", "BTC-USD")
    session.connected(NOW_NS)
    session.receive(snapshot([("100", "1")], [("101", "1")]), NOW_NS)
    with pytest.raises(MalformedFrame) as caught:
        session.receive(frame, NOW_NS)
    fault = caught.value
    print(f"{name}: {fault}")
    assert wanted in fault.field, fault.field
    assert fault.expected
    # A malformed frame has used no number: the next good one goes on with the book.
    (change,) = session.receive(delta([("99", "2", "2")], [], 2), NOW_NS)
    assert isinstance(change, BookDelta)


async def test_l_bad_book_frames_are_counted_and_skipped_and_disturb_nobody() -> None:
    frames = [frame for frame, _ in BAD_BOOK_FRAMES.values()]
    async with (
        HostileVenue(frames).serving() as venue,
        watching(venue.url, "BTC-USD") as hit,
        watching(venue.url, "ETH-USD") as bystander,
    ):
        for context in (hit, bystander):
            await context.until(
                lambda context=context: len(context.said("book_delta")) == len(frames),
                "every good delta arrives",
            )
        await hit.until(
            lambda: hit.last("connection_state", "websocket").malformed == len(frames),
            "every bad frame is counted",
        )
    told = [fault for fault in hit.faults if isinstance(fault, FaultReport | MalformedFrame)]
    assert told, "reports are few where frames are many, but not none"
    assert all(SECRET not in str(fault) for fault in hit.faults)
    assert len(hit.said("book_snapshot")) == 1, "no resync was needed"
    assert not bystander.faults
    assert len(bystander.said("book_snapshot")) == 1


BAD_ACCOUNT_FRAMES: dict[str, tuple[str, str]] = {
    "not JSON": ("{", "frame"),
    "orders are no list": (account(seq=1, orders={"id": 1}), "data.orders"),
    "an order without id": (
        account(seq=1, orders=[{k: v for k, v in ORDER.items() if k != "id"}]),
        "data.orders",
    ),
    "a quantity that is none": (account(seq=1, orders=[{**ORDER, "qty": "many"}]), "data.orders"),
    "a fill price that is none": (
        account(seq=1, type="TRADE", trades=[{**FILL, "price": "NaN"}]),
        "data.trades",
    ),
    "a balance that is none": (
        account(seq=1, type="BALANCE", balance={**BALANCE, "equity": None}),
        "data.balance",
    ),
    "a time that is text": (
        account(seq=1, orders=[{**ORDER, "updatedTime": "yesterday"}]),
        "data.orders",
    ),
}


@pytest.mark.parametrize("name", BAD_ACCOUNT_FRAMES)
def test_l_a_bad_account_frame_is_named_and_the_next_one_is_read(name: str) -> None:
    frame, wanted = BAD_ACCOUNT_FRAMES[name]
    session = AccountSession("wss://venue.example/v1", KEY, ACCOUNT)
    session.connected(NOW_NS)
    with pytest.raises(MalformedFrame) as caught:
        session.receive(frame, NOW_NS)
    assert wanted in caught.value.field, caught.value
    assert KEY not in str(caught.value)
    # A frame that could not be read at all has no number; one that could has used its own.
    following = session.receive(
        account(seq=1 if name == "not JSON" else 2, orders=[ORDER], trades=[FILL]), NOW_NS
    )
    kinds = {type(message) for message in following}
    assert {Order, Fill} <= kinds, following
