"""Lighter's order book stream: what is verified, what breaks it, and how it heals itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lighter_frames import (
    CONNECTED,
    MS,
    NOW_NS,
    URL,
    refusal,
    snapshot,
    subscribe,
    unsubscribe,
    unsubscribed,
    update,
)

from actors.errors import CrossedBook, MalformedFrame, SequenceGap, VenueUnavailable
from actors.messages.market import BookDelta, BookSnapshot
from actors.venues.contract import Subscribed
from actors.venues.lighter.book_session import PROVEN_UPDATES, BookSession
from actors.venues.lighter.session import ATTEMPTS_MAX

CHANNEL = "order_book/0"
BIDS = [("2300.00", "1.5000"), ("2299.50", "2.0000")]
ASKS = [("2300.50", "0.5000"), ("2301.00", "4.0000")]


@pytest.fixture
def session() -> BookSession:
    made = BookSession(URL, "linear", "ETH", 0)
    made.connected(NOW_NS)
    made.receive(CONNECTED, NOW_NS)
    assert made.to_send(1) == [subscribe(CHANNEL)]
    return made


@pytest.fixture
def verified(session: BookSession) -> BookSession:
    session.receive(snapshot(BIDS, ASKS), NOW_NS)
    return session


def resubscribed(session: BookSession, frame: str | None = None) -> list[Any]:
    """What the venue's part in a resync brings, once the session asked for it."""
    assert session.to_send(2) == [unsubscribe(CHANNEL)]
    session.receive(unsubscribed("order_book:0"), NOW_NS)
    assert session.to_send(3) == [subscribe(CHANNEL)]
    return session.receive(frame or snapshot(BIDS, ASKS, nonce=900), NOW_NS)


def test_nothing_counts_before_the_first_snapshot(session: BookSession) -> None:
    assert session.receive(update(BIDS, [], 99, begin=90), NOW_NS) == []
    assert (session.verified, session.snapshot(NOW_NS), len(session.book)) == (False, None, 0)
    assert session.status(NOW_NS).reason == "no snapshot yet"
    assert session.status(NOW_NS).gaps == 0


def test_a_snapshot_verifies_and_is_told_whole(session: BookSession) -> None:
    expected = BookSnapshot(
        venue="lighter", product="linear", symbol="ETH", bids=tuple(BIDS), asks=tuple(ASKS),
        sequence=100, venue_time_ns=(MS + 100) * 1_000_000, received_ns=NOW_NS,
    )  # fmt: skip
    events = session.receive(snapshot(BIDS[::-1], ASKS[::-1]), NOW_NS)
    assert events == [Subscribed(CHANNEL), expected]
    assert session.snapshot(NOW_NS) == expected
    assert session.verified


def test_updates_follow_by_their_nonces_which_jump(verified: BookSession) -> None:
    changes = [("2300.00", "1.2500"), ("2299.50", "0.0000"), ("2298.00", "7.0000")]
    assert verified.receive(update(changes, [], 117, begin=100), NOW_NS) == [
        BookDelta(
            venue="lighter", product="linear", symbol="ETH", bids=tuple(changes),
            sequence=117, previous_sequence=100, venue_time_ns=(MS + 117) * 1_000_000,
            received_ns=NOW_NS,
        )
    ]  # fmt: skip
    assert verified.book.bids() == [("2300.00", "1.2500"), ("2298.00", "7.0000")]
    [event] = verified.receive(update([], [("2300.50", "0.5000")], 118, begin=117), NOW_NS)
    assert isinstance(event, BookDelta)
    assert verified.book.asks() == ASKS
    assert verified.status(NOW_NS).updates == 2


def test_an_empty_market_is_a_legal_book(session: BookSession) -> None:
    [_, event] = session.receive(snapshot([], [], nonce=0), NOW_NS)
    assert isinstance(event, BookSnapshot)
    assert (event.bids, event.asks, event.sequence, session.verified) == ((), (), 0, True)
    session.receive(update([("1", "1")], [], 3, begin=0), NOW_NS)
    assert session.book.bids() == [("1", "1")]


def test_sides_may_be_null_and_the_offset_says_nothing(session: BookSession) -> None:
    frame = json.loads(snapshot([], ASKS))
    frame["order_book"] |= {"bids": None, "offset": "x"}
    session.receive(json.dumps(frame), NOW_NS)
    assert session.book.asks() == ASKS
    changed = json.loads(update([], [], 101, begin=100)) | {"offset": 1}
    del changed["order_book"]["asks"]
    [event] = session.receive(json.dumps(changed).encode(), NOW_NS)
    assert isinstance(event, BookDelta)


@pytest.mark.parametrize("begin", [99, 101, 0, 2**62])
def test_an_update_that_does_not_begin_where_the_last_ended_is_a_gap(
    verified: BookSession, begin: int
) -> None:
    assert verified.receive(update([("2300.00", "9")], [], 2**62 + 1, begin=begin), NOW_NS) == []
    status = verified.status(NOW_NS)
    assert (status.verified, status.gaps, status.last_gap_ns) == (False, 1, NOW_NS)
    assert status.reason == f"SequenceGap: sequence: expected 100, found {begin}"
    assert verified.snapshot(NOW_NS) is None
    # What follows is of no use until the next snapshot, even if its nonces would fit.
    assert verified.receive(update([("2300.00", "9")], [], 105, begin=100), NOW_NS) == []
    [event] = resubscribed(verified)
    assert isinstance(event, BookSnapshot)
    status = verified.status(NOW_NS)
    assert (status.verified, status.reason, status.resyncs, status.snapshots) == (True, "", 1, 2)
    assert verified.book.bids() == BIDS


@pytest.mark.parametrize(
    ("bids", "nonce", "begin"), [([("1", "1")], 99, 100), ([("1", "1")], 100, 100), ([], 99, 100)]
)
def test_a_nonce_never_goes_back(
    verified: BookSession, bids: list[tuple[str, str]], nonce: int, begin: int
) -> None:
    assert verified.receive(update(bids, [], nonce, begin=begin), NOW_NS) == []
    assert verified.status(NOW_NS).gaps == 1


def test_the_older_shape_without_begin_nonce_is_taken(session: BookSession) -> None:
    frame = json.loads(snapshot(BIDS, ASKS))
    del frame["order_book"]["begin_nonce"]
    session.receive(json.dumps(frame), NOW_NS)
    [event] = session.receive(update([("2300.00", "3")], [], 140), NOW_NS)
    assert isinstance(event, BookDelta)
    assert (event.previous_sequence, event.sequence) == (100, 140)
    assert session.receive(update([("2300.00", "4")], [], 139), NOW_NS) == []
    assert not session.verified


@pytest.mark.parametrize(
    ("bids", "asks"), [([("2300.50", "1")], []), ([], [("2299.9", "1")]), ([("9999.0", "1")], [])]
)
def test_a_crossed_book_is_never_served_as_good(
    verified: BookSession, bids: list[tuple[str, str]], asks: list[tuple[str, str]]
) -> None:
    assert verified.receive(update(bids, asks, 101, begin=100), NOW_NS) == []
    status = verified.status(NOW_NS)
    assert (status.verified, status.crossed, verified.snapshot(NOW_NS)) == (False, 1, None)
    assert status.reason.startswith("CrossedBook: book crossed: best bid")
    resubscribed(verified)
    assert verified.verified


def test_a_crossed_or_negative_snapshot_is_asked_for_again(session: BookSession) -> None:
    assert session.receive(snapshot([("2301", "1")], ASKS), NOW_NS) == []
    assert (session.verified, session.status(NOW_NS).crossed) == (False, 1)
    resubscribed(session, snapshot([("2300", "-1")], ASKS))
    assert session.status(NOW_NS).mismatches == 1
    resubscribed(session)
    assert session.verified
    assert session.status(NOW_NS).resyncs == 0


def gap(session: BookSession) -> None:
    session.receive(update([], [], 10**6, begin=10**6 - 1), NOW_NS)


def test_resyncs_that_do_not_hold_end_the_connection(verified: BookSession) -> None:
    for _ in range(ATTEMPTS_MAX - 1):
        gap(verified)
        resubscribed(verified)
        # A few good updates prove nothing yet.
        verified.receive(update([], [], 901, begin=900), NOW_NS)
    with pytest.raises(SequenceGap, match="expected 901, found 999999"):
        gap(verified)
    assert verified.status(NOW_NS).gaps == ATTEMPTS_MAX
    assert not verified.verified
    verified.connected(NOW_NS)
    verified.receive(CONNECTED, NOW_NS)
    assert verified.to_send(9) == [subscribe(CHANNEL)]


def test_a_resync_that_holds_counts_as_a_new_beginning(verified: BookSession) -> None:
    for _ in range(2 * ATTEMPTS_MAX):
        gap(verified)
        resubscribed(verified)
        for nonce in range(901, 901 + PROVEN_UPDATES):
            verified.receive(update([], [], nonce, begin=nonce - 1), NOW_NS)
    assert verified.verified
    assert verified.status(NOW_NS).resyncs == 2 * ATTEMPTS_MAX


def test_a_book_that_stays_crossed_ends_the_connection(session: BookSession) -> None:
    crossed = snapshot([("2301", "1")], ASKS)
    session.receive(crossed, NOW_NS)
    for _ in range(ATTEMPTS_MAX - 2):
        resubscribed(session, crossed)
    with pytest.raises(CrossedBook):
        resubscribed(session, crossed)


def test_already_subscribed_while_a_snapshot_is_awaited_heals(verified: BookSession) -> None:
    gap(verified)
    verified.to_send(2)
    verified.receive(unsubscribed("order_book:0"), NOW_NS)
    verified.to_send(3)
    verified.receive(refusal(30003, "Already Subscribed to : order_book:0"), NOW_NS)
    resubscribed(verified)
    assert verified.verified


def test_a_subscription_that_the_venue_ends_leaves_no_good_book(verified: BookSession) -> None:
    verified.receive(unsubscribed("order_book:0"), NOW_NS)
    assert not verified.verified
    assert verified.status(NOW_NS).reason == f"{CHANNEL}: the venue ended the subscription"
    assert verified.to_send(2) == [subscribe(CHANNEL)]


def test_a_refused_subscription_ends_connection_and_book(verified: BookSession) -> None:
    with pytest.raises(VenueUnavailable):
        verified.receive(refusal(29500, "internal"), NOW_NS)
    assert not verified.verified
    assert "VenueUnavailable" in verified.status(NOW_NS).reason


def wrong(**changes: Any) -> str:
    frame = json.loads(update([("2300.00", "9.0000")], [], 101, begin=100))
    return json.dumps(frame | {"order_book": frame["order_book"] | changes})


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        (wrong(nonce=None), "frame.order_book.nonce"),
        (wrong(nonce="101"), "frame.order_book.nonce"),
        (wrong(nonce=-1), "frame.order_book.nonce"),
        (wrong(nonce=2**63), "frame.order_book.nonce"),
        (wrong(nonce=10**400), "frame.order_book.nonce"),
        (wrong(begin_nonce=1.5), "frame.order_book.begin_nonce"),
        (wrong(bids={}), "frame.order_book.bids"),
        (wrong(bids=[{"price": "1"}]), "frame.order_book.bids[0].size"),
        (wrong(bids=[{"price": 1, "size": "1"}]), "frame.order_book.bids[0].price"),
        (wrong(bids=[{"price": "1", "size": "one"}]), "frame.order_book.bids[0].size"),
        (wrong(bids=[{"price": "1", "size": ""}]), "frame.order_book.bids[0].size"),
        (wrong(bids=[{"price": "1", "size": "1.5.0"}]), "frame.order_book.bids[0].size"),
        (wrong(bids=[{"price": "1", "size": "1e5"}]), "frame.order_book.bids[0].size"),
        (wrong(asks=[{"price": "NaN", "size": "1"}]), "frame.order_book.asks[0].price"),
        (wrong(asks=[{"price": "Infinity", "size": "1"}]), "frame.order_book.asks[0].price"),
        (wrong(asks=[{"price": "9" * 65, "size": "1"}]), "frame.order_book.asks[0].price"),
        (wrong(asks=[{"price": "1", "size": "2"}, {"price": "", "size": "1"}]),
         "frame.order_book.asks[1].price"),
        ('{"type":"update/order_book","channel":"order_book:0"}', "frame.order_book"),
        ('{"type":"update/order_book","channel":"order_book:0","order_book":null}',
         "frame.order_book"),
        (json.dumps(json.loads(update([], [], 101, begin=100)) | {"timestamp": "now"}),
         "frame.timestamp"),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_read_costs_the_book_and_is_named(
    verified: BookSession, frame: str, field: str
) -> None:
    with pytest.raises(MalformedFrame) as caught:
        verified.receive(frame, NOW_NS)
    assert caught.value.field == field
    status = verified.status(NOW_NS)
    assert (status.verified, status.malformed, status.gaps) == (False, 1, 0)
    assert verified.book.bids() == BIDS
    resubscribed(verified)
    assert verified.verified


@pytest.mark.parametrize("frame", ["", "{", "[]", '{"type":1}', '{"type":"update/trade"}'])
def test_noise_costs_nothing_but_shows_as_a_gap_where_it_was_a_change(
    verified: BookSession, frame: str
) -> None:
    with pytest.raises(MalformedFrame):
        verified.receive(frame, NOW_NS)
    assert verified.verified
    verified.receive(update([], [], 101, begin=100), NOW_NS)
    with pytest.raises(MalformedFrame):
        verified.receive(frame, NOW_NS)
    verified.receive(update([], [], 103, begin=102), NOW_NS)
    assert (verified.verified, verified.status(NOW_NS).gaps) == (False, 1)


def test_negative_sizes_break_the_book(verified: BookSession) -> None:
    assert verified.receive(update([("2300.00", "-0.1")], [], 101, begin=100), NOW_NS) == []
    assert verified.status(NOW_NS).mismatches == 1
    assert verified.book.bids() == BIDS


def test_a_new_connection_starts_afresh_and_keeps_the_counts(verified: BookSession) -> None:
    gap(verified)
    verified.connected(NOW_NS)
    verified.receive(CONNECTED, NOW_NS)
    verified.to_send(5)
    events = verified.receive(snapshot([("50", "1")], [], nonce=7), NOW_NS)
    assert events[0] == Subscribed(CHANNEL)
    status = verified.status(NOW_NS, longest_outage_ms=12.5)
    assert (status.snapshots, status.resyncs, status.gaps) == (2, 1, 1)
    assert status.longest_outage_ms == 12.5


def test_connecting_over_a_live_book_invalidates_it(verified: BookSession) -> None:
    verified.connected(NOW_NS)
    assert verified.status(NOW_NS).reason == "connected anew, no snapshot yet"
    verified.disconnected("Disconnected: closed by the venue")
    assert verified.status(NOW_NS).reason == "Disconnected: closed by the venue"
