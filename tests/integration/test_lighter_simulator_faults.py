"""What goes wrong at the simulated Lighter: with frames, links, answers, and its clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import websockets
from simulated_lighter import NonceGap, Running, StrangersBook, Talk, simulated, until

BOOK = "order_book/0"
ORDERS = "account_all_orders/7001"


@pytest.fixture
async def venue() -> AsyncIterator[Running]:
    async with simulated() as running:
        yield running


async def followed(talk: Talk, channel: str = BOOK) -> StrangersBook:
    """A book that has got its first update."""
    book = StrangersBook()
    await talk.subscribe(channel)
    name = channel.replace("/", ":")
    book.apply(await talk.next("subscribed/order_book", name))
    book.apply(await talk.next("update/order_book", name))
    return book


async def broken(talk: Talk, book: StrangersBook) -> NonceGap:
    while True:
        try:
            book.apply(await talk.frame())
        except NonceGap as gap:
            return gap


@pytest.mark.parametrize("kind", ["gap", "duplicate", "reorder", "mismatch", "bad_checksum"])
async def test_a_book_no_longer_follows_on_itself(venue: Running, kind: str) -> None:
    """And after a new subscription it does; the other book of the connection never noticed."""
    async with venue.talk() as talk:
        book = await followed(talk)
        assert await venue.fault(kind=kind, target="book:ETH") == 1
        begin, held = (await broken(talk, book)).args
        assert (begin < held) == (kind == "duplicate")
        await talk.say(type="unsubscribe", channel=BOOK)
        await talk.next("unsubscribed")
        other = await followed(talk, "order_book/1")
        await talk.subscribe(BOOK)
        book.apply(await talk.next("subscribed/order_book", "order_book:0"))
        for document in [one for one in talk.kept if one.get("channel") == "order_book:1"]:
            other.apply(document)
        for _ in range(20):
            document = await talk.frame()
            (book if document["channel"] == "order_book:0" else other).apply(document)


async def test_a_gap_for_newcomers_waits_for_an_update(venue: Running) -> None:
    """Without its snapshot a subscription would only seem never to be answered."""
    assert await venue.fault(kind="gap", target="book:ETH", newcomers=True) == 0
    async with venue.talk() as talk:
        book = StrangersBook()
        await talk.subscribe(BOOK)
        book.apply(await talk.next("subscribed/order_book"))
        begin, held = (await broken(talk, book)).args
        assert begin > held


async def test_an_update_may_come_before_its_snapshot(venue: Running) -> None:
    await venue.fault(kind="reorder", target="book:ETH", newcomers=True)
    async with venue.talk() as talk:
        await talk.subscribe(BOOK)
        first, second = await talk.frame(), await talk.frame()
        assert (first["type"], second["type"]) == ("update/order_book", "subscribed/order_book")
        assert first["order_book"]["begin_nonce"] == second["order_book"]["nonce"]


async def test_levels_without_size_and_crossed_books(venue: Running) -> None:
    async with venue.talk() as talk:
        await followed(talk)
        await venue.fault(kind="no_size", target="book:ETH")
        while True:
            book = (await talk.next("update/order_book"))["order_book"]
            if any("size" not in level for level in book["bids"] + book["asks"]):
                break
        await venue.fault(kind="crossed", target="book:ETH")
        while True:
            book = (await talk.next("update/order_book"))["order_book"]
            if book["bids"] and float(book["bids"][0]["price"]) > 5_000:
                break
        assert float(book["bids"][0]["size"]) > 0


@pytest.mark.parametrize("variant", ["truncated", "not_json", "wrong_type", "array"])
async def test_a_malformed_frame_comes_before_the_good_one(venue: Running, variant: str) -> None:
    async with venue.talk() as talk:
        book = await followed(talk)
        await venue.fault(kind="malformed", target="book:ETH", variant=variant)
        bad: Any = None
        while bad is None:
            text = await talk.socket.recv()
            try:
                document = json.loads(text)
            except ValueError:
                bad = text
            else:
                if isinstance(document, dict) and isinstance(document.get("order_book"), dict):
                    book.apply(document)
                else:
                    bad = document
        if variant == "wrong_type":
            assert bad == {
                "channel": "order_book:0",
                "last_updated_at": "none",
                "offset": "none",
                "order_book": "none",
                "timestamp": "none",
                "type": "update/order_book",
            }
        book.apply(await talk.frame())


async def test_frames_of_other_streams_are_spared(venue: Running) -> None:
    async with venue.talk() as talk:
        await talk.subscribe("account_all_positions/7001", venue.token())
        book = await followed(talk)
        assert await venue.fault(kind="gap", target="account:1", count=1000) == 1
        assert await venue.fault(kind="gap", target="account:2") == 0
        talk.kept.clear()
        for _ in range(100):
            book.apply(await talk.frame())


@pytest.mark.parametrize("target", ["account:1", "ws", "all", "ws:account:1:orders", "book:ETH"])
async def test_a_link_breaks_under_all_its_streams(venue: Running, target: str) -> None:
    async with venue.talk() as talk, venue.talk() as other:
        await followed(talk)
        await talk.subscribe(ORDERS, venue.token())
        await talk.next("subscribed/account_all_orders")
        await followed(other, "order_book/1")
        everybody = target in {"ws", "all"}
        assert await venue.fault(kind="disconnect", target=target) == (2 if everybody else 1)
        assert (await talk.end()).rcvd is None
        if not everybody:
            await other.next("update/order_book")


async def test_newcomers_are_cut_off_before_they_ask(venue: Running) -> None:
    await venue.fault(kind="disconnect", target="ws", seconds=60)
    with pytest.raises(websockets.ConnectionClosed):
        async with venue.talk() as talk:
            await talk.frame()
    await venue.admin("DELETE", "/fault")
    async with venue.talk() as talk:
        await followed(talk)


async def test_a_stall_holds_data_but_not_pongs(venue: Running) -> None:
    async with venue.talk() as talk:
        book = await followed(talk)
        assert await venue.fault(kind="stall", target="book:ETH") == 1
        while True:
            await talk.say(type="ping")
            document = await talk.frame()
            if document["type"] == "pong":
                break
            book.apply(document)
        connection = next(iter(venue.server.venue.connections.values()))

        async def held() -> bool:
            return connection.queued > 10

        await until(held)
        await talk.say(type="ping")
        assert await talk.frame() == {"type": "pong"}


async def test_a_stall_ends_and_nothing_was_lost(venue: Running) -> None:
    async with venue.talk() as talk:
        book = await followed(talk)
        await venue.fault(kind="stall", target="book:ETH", seconds=0.5)
        while book.updates < 40:
            book.apply(await talk.frame())


async def test_half_open_says_nothing_at_all(venue: Running) -> None:
    async with venue.talk() as talk:
        await followed(talk)
        assert await venue.fault(kind="half_open", target="book:ETH") == 1
        await talk.say(type="ping")
        await talk.say(type="subscribe", channel="height")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(talk.end(), 1)
        assert {one["type"] for one in talk.kept} <= {"update/order_book"}
        state = await venue.admin("GET", "/state")
        assert [one["half_open"] for one in state["connections"]] == [True]
        talk.socket.transport.abort()


@pytest.mark.parametrize(
    ("kind", "code"), [("401", 20001), ("429", 30009), ("5xx", 30012), ("maintenance", 30012)]
)
async def test_a_subscription_is_refused_for_an_account(
    venue: Running, kind: str, code: int
) -> None:
    await venue.fault(kind=kind, target="ws:account:1")
    async with venue.talk() as talk:
        await talk.subscribe(ORDERS, venue.token())
        found, message = await talk.refusal()
        assert found == code
        assert kind != "401" or "auth" in message
        await talk.subscribe(ORDERS, venue.token())
        await talk.next("subscribed/account_all_orders")


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        ({"kind": "429", "retry_after_s": 7}, 429, 23000),
        ({"kind": "405"}, 405, 23000),
        ({"kind": "418"}, 418, 23000),
        ({"kind": "401"}, 401, 20001),
        ({"kind": "maintenance"}, 503, 29500),
        ({"kind": "500"}, 500, 29500),
        ({"kind": "502"}, 502, None),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
async def test_requests_are_answered_with_what_was_ordered(
    venue: Running, order: Any, status: int, code: int | None
) -> None:
    path = "/account?by=index&value=7001"
    await venue.fault(target="rest:account:1", count=3, **order)
    assert (await venue.call("/account?by=index&value=7002"))[0] == 200
    for where, token in (
        (path, ""),
        (path, venue.token()),
        ("/accountActiveOrders?account_index=7001", venue.token()),
    ):
        found, document, headers = await venue.call(where, token)
        assert found == status
        assert code is None or document["code"] == code
        assert headers.get("Retry-After") == (str(order.get("retry_after_s", 1))
                                              if status in {429, 405, 418} else None)  # fmt: skip
    assert (await venue.call(path))[0] == 200
    told = (await venue.admin("GET", "/state"))["requests"]
    assert told["overloads"] == (3 if status in {405, 418, 429} else 0)


async def test_a_path_is_struck_alone(venue: Running) -> None:
    await venue.fault(kind="5xx", target="rest:/orderBookDetails")
    assert (await venue.call("/exchangeStats"))[0] == 200
    assert (await venue.call("/orderBookDetails"))[0] == 500
    assert (await venue.call("/orderBookDetails"))[0] == 200


@pytest.mark.parametrize("target", ["mark:ETH", "book:ETH-USD", "account:9", "book:ETH:0", "top:7"])
async def test_a_target_that_nobody_goes_by_is_refused(venue: Running, target: str) -> None:
    order = {"kind": "gap", "target": target}
    async with venue.session.post(f"{venue.at.admin_url}/fault", json=order) as answer:
        assert answer.status == 400


async def test_the_clock_jumps_on_rest_and_on_frames(venue: Running) -> None:
    async with venue.talk() as talk:
        await talk.subscribe("height")
        before = (await talk.next("subscribed/height"))["timestamp"]
        await venue.fault(kind="skew", offset_s=-3_600)
        while (after := (await talk.next("update/height"))["timestamp"]) > before:
            pass
        assert before - 3_600_000 <= after < before - 3_590_000
        _, _, headers = await venue.call("/exchangeStats")
        date = parsedate_to_datetime(headers["Date"]).timestamp() * 1000
        assert abs(date - after) < 10_000


async def test_the_published_limit_counts_addresses_and_owners() -> None:
    """60 a minute for each; trades count half as much again (PROTOCOL 2.3)."""
    async with simulated(rate_limit_per_min=60) as venue:
        path = "/account?by=index&value=7001"
        assert [(await venue.call(path))[0] for _ in range(60)] == [200] * 60
        status, document, headers = await venue.call(path)
        assert (status, document) == (429, {"code": 23000, "message": "Too Many Requests!"})
        assert 0 < float(headers["Retry-After"]) <= 60
        trades = "/trades?account_index=7001&sort_by=trade_id&limit=1"
        found = [(await venue.call(trades, venue.token()))[0] for _ in range(41)]
        assert found == [200] * 40 + [429]
        # Another owner has a budget of his own, and a handshake needs none.
        other = trades.replace("7001", "7002")
        assert (await venue.call(other, venue.token("2")))[0] == 200
        async with venue.talk() as talk:
            await followed(talk)
        await venue.admin("POST", "/rate_limit", json={"per_minute": None})
        assert (await venue.call(path))[0] == 200
        requests = (await venue.admin("GET", "/state"))["requests"]
        assert requests["refused"] == 2


async def test_controls_know_who_asked_for_which_account(venue: Running) -> None:
    await venue.call("/account?by=index&value=7002")
    await venue.call("/accountActiveOrders?account_index=7002", venue.token("2"))
    await venue.call("/orderBookDetails")
    seen = (await venue.admin("GET", "/requests?account=2"))["requests"]
    assert [one["path"].partition("?")[0] for one in seen] == [
        "/api/v1/accountActiveOrders",
        "/api/v1/account",
    ]
