"""The order book stream: what is verified, what breaks it, what heals it."""

from __future__ import annotations

import json

import pytest
from extended_frames import MS, NOW_NS, delta, snapshot, text

from actors.errors import (
    BookMismatch,
    CrossedBook,
    KeyRejected,
    MalformedFrame,
    SequenceGap,
    VenueFault,
    VenueRejected,
    VenueUnavailable,
)
from actors.messages.market import BookDelta, BookSnapshot
from actors.venues.contract import Subscribed
from actors.venues.extended.book_session import BookSession

BIDS: list[tuple[str, ...]] = [("100", "1.5"), ("99.50", "2")]
ASKS: list[tuple[str, ...]] = [("101", "0.5"), ("102", "4")]


@pytest.fixture
def session() -> BookSession:
    made = BookSession("wss://venue.example/v1/", "BTC-USD")
    assert made.connected(NOW_NS) == []
    return made


@pytest.fixture
def verified(session: BookSession) -> BookSession:
    session.receive(snapshot(BIDS, ASKS), NOW_NS)
    return session


def test_address_headers_and_limits(session: BookSession) -> None:
    assert session.url == "wss://venue.example/v1/orderbooks/BTC-USD"
    assert session.headers["User-Agent"]
    assert "X-Api-Key" not in session.headers
    assert (session.silence_max_s, session.mute_max_s, session.ping_interval_s) == (45, 90, 30)


def test_nothing_counts_before_the_first_snapshot(session: BookSession) -> None:
    subscribed = Subscribed("/orderbooks/BTC-USD")
    assert session.receive(delta([("100", "1", "1")], [], 7), NOW_NS) == [subscribed]
    assert session.receive(delta([("100", "1", "1")], [], 3), NOW_NS) == []
    assert (session.verified, session.snapshot(NOW_NS), len(session.book)) == (False, None, 0)
    status = session.status(NOW_NS)
    assert (status.verified, status.reason) == (False, "no snapshot yet")


def test_a_snapshot_verifies_and_is_told_whole(session: BookSession) -> None:
    events = session.receive(snapshot(BIDS, ASKS), NOW_NS)
    expected = BookSnapshot(
        venue="extended",
        product="linear",
        symbol="BTC-USD",
        bids=(("100", "1.5"), ("99.50", "2")),
        asks=(("101", "0.5"), ("102", "4")),
        sequence=1,
        venue_time_ns=(MS + 1) * 1_000_000,
        received_ns=NOW_NS,
    )
    assert events == [Subscribed("/orderbooks/BTC-USD"), expected]
    assert session.snapshot(NOW_NS) == expected
    assert session.verified


def test_deltas_carry_absolute_sizes_as_the_venue_spelled_them(verified: BookSession) -> None:
    frame = delta([("100.0", "-0.50", "1.00"), ("99.5", "-2", "0"), ("98", "3", "3")], [], 2)
    assert verified.receive(frame, NOW_NS) == [
        BookDelta(
            venue="extended",
            product="linear",
            symbol="BTC-USD",
            bids=(("100.0", "1.00"), ("99.5", "0"), ("98", "3")),
            sequence=2,
            previous_sequence=1,
            venue_time_ns=(MS + 2) * 1_000_000,
            received_ns=NOW_NS,
        )
    ]
    assert verified.book.bids() == [("100.0", "1.00"), ("98", "3")]
    assert verified.book.asks() == [("101", "0.5"), ("102", "4")]
    assert verified.status(NOW_NS).updates == 1


@pytest.mark.parametrize(
    ("change", "size"),
    [("0.25", "1.75"), ("-1.5", "0"), ("0.00000000000000001", "1.50000000000000001")],
)
def test_where_the_absolute_size_is_left_out_the_change_is_added(
    verified: BookSession, change: str, size: str
) -> None:
    [event] = verified.receive(delta([("100", change)], [], 2), NOW_NS)
    assert isinstance(event, BookDelta)
    assert event.bids == (("100", size),)
    assert verified.book.size("bid", "100") == (None if size == "0" else size)


def test_a_computed_size_has_no_exponent(verified: BookSession) -> None:
    verified.receive(delta([("98", "0.00000001")], [], 2), NOW_NS)
    assert verified.book.size("bid", "98") == "0.00000001"


def test_an_empty_delta_takes_a_number_and_changes_nothing(verified: BookSession) -> None:
    [event] = verified.receive(delta([], [], 2), NOW_NS)
    assert isinstance(event, BookDelta)
    assert (event.bids, event.asks, event.sequence) == ((), (), 2)
    verified.receive(delta([], [("101", "0.5", "1.0")], 3), NOW_NS)
    assert verified.book.asks() == [("101", "1.0"), ("102", "4")]


def test_an_empty_snapshot_is_a_legal_book(session: BookSession) -> None:
    [_, event] = session.receive(snapshot([], []), NOW_NS)
    assert isinstance(event, BookSnapshot)
    assert (event.bids, event.asks, session.verified) == ((), (), True)


def test_the_minutely_snapshot_continues_the_count_and_replaces(verified: BookSession) -> None:
    verified.receive(snapshot([("100.0", "1.50"), ("99.5", "2")], ASKS, 2), NOW_NS)
    assert verified.status(NOW_NS).mismatches == 0
    assert verified.book.bids() == [("100.0", "1.50"), ("99.5", "2")]
    verified.receive(snapshot([("100", "9")], ASKS, 3), NOW_NS)
    status = verified.status(NOW_NS)
    assert (status.mismatches, status.snapshots, status.resyncs) == (1, 3, 0)
    assert verified.verified
    assert verified.book.bids() == [("100", "9")]


@pytest.mark.parametrize("seq", [1, 3, 0, 99])
@pytest.mark.parametrize("make", [snapshot, delta])
def test_each_frame_must_follow_the_last(verified: BookSession, make: object, seq: int) -> None:
    assert callable(make)
    with pytest.raises(SequenceGap, match=f"expected 2, found {seq}"):
        verified.receive(make([], [], seq), NOW_NS)
    status = verified.status(NOW_NS)
    assert (status.verified, status.gaps, status.last_gap_ns) == (False, 1, NOW_NS)
    assert status.reason == f"SequenceGap: sequence: expected 2, found {seq}"
    assert verified.snapshot(NOW_NS) is None


@pytest.mark.parametrize(
    "level",
    [
        ("100", "0.1", "1.5"),  # old + change is not the size told
        ("98", "-1", "1"),  # a change of a level that we do not hold
        ("100", "-2", "-0.5"),  # below zero
        ("100", "-2"),  # below zero, size left out
        ("100", "x", "1.5"),
        ("100", "1e999999999999", "1.5"),
        ("100", "1e999999999999"),
        ("100", "NaN", "1.5"),
        ("100", "0", "1.5.0"),
        ("100", "0", ""),
        ("100", "0", "1_5"),
        ("1OO", "1", "1"),
        ("100", "0.1", "1.6" + "0" * 63 + "1"),
    ],
)
def test_a_level_that_does_not_prove_itself_breaks_the_book(
    verified: BookSession, level: tuple[str, ...]
) -> None:
    with pytest.raises(BookMismatch):
        verified.receive(delta([level], [], 2), NOW_NS)
    assert not verified.verified
    assert verified.status(NOW_NS).mismatches == 1
    # Should the connection live on, deltas say nothing until a snapshot heals the book.
    assert verified.receive(delta([("100", "1", "2.5")], [], 3), NOW_NS) == []
    verified.receive(snapshot(BIDS, ASKS, 4), NOW_NS)
    status = verified.status(NOW_NS)
    assert (status.verified, status.reason, status.resyncs) == (True, "", 1)


def test_sizes_are_summed_without_rounding(verified: BookSession) -> None:
    long = "0." + "0" * 30 + "1"
    verified.receive(delta([("98", "1" * 30, "1" * 30)], [], 2), NOW_NS)
    verified.receive(delta([("98", long, "1" * 30 + long[1:])], [], 3), NOW_NS)
    with pytest.raises(BookMismatch):
        verified.receive(delta([("98", long, "1" * 30 + long[1:])], [], 4), NOW_NS)


@pytest.mark.parametrize(
    "frame",
    [
        snapshot([("101", "1")], ASKS, 2),
        snapshot([("101.000", "1")], ASKS, 2),
        delta([("103", "1", "1")], [], 2),
        delta([], [("100.0", "1", "1")], 2),
    ],
)
def test_a_crossed_book_is_never_good(verified: BookSession, frame: str) -> None:
    with pytest.raises(CrossedBook):
        verified.receive(frame, NOW_NS)
    status = verified.status(NOW_NS)
    assert (status.verified, status.crossed, verified.snapshot(NOW_NS)) == (False, 1, None)


def test_a_first_snapshot_that_is_crossed_or_negative_is_refused(session: BookSession) -> None:
    with pytest.raises(CrossedBook, match="best bid 102, best ask 101"):
        session.receive(snapshot([("99", "1"), ("102", "1")], [("101", "1")]), NOW_NS)
    with pytest.raises(BookMismatch, match="negative size, -1"):
        session.receive(snapshot([("99", "-1")], []), NOW_NS)
    assert not session.verified


def wrong(**changes: object) -> str:
    return json.dumps(json.loads(delta(BIDS, [], 2)) | changes)


@pytest.mark.parametrize(
    ("frame", "field", "expected"),
    [
        ("", "frame", "JSON"),
        ("{", "frame", "JSON"),
        ("[]", "frame", "`object`"),
        ('{"a":' * 100_000, "frame", "JSON"),
        (wrong(data=None), "frame.data", "object"),
        (wrong(data=[]), "frame.data", "`object | null`"),
        (wrong(data={"m": "BTC-USD", "b": []}), "frame.data.a", "a value"),
        (wrong(data={"m": "ETH-USD", "b": [], "a": []}), "frame.data.m", "BTC-USD"),
        (wrong(data={"m": "BTC-USD", "b": [{"p": 1, "q": "1"}], "a": []}),
         "frame.data.b[0].p", "`str`"),
        (wrong(seq=None), "frame.seq", "a whole number"),
        (wrong(seq="2"), "frame.seq", "`int | null`"),
        (wrong(seq=2.5), "frame.seq", "`int | null`"),
        (wrong(seq=-1), "frame.seq", "`int` >= 0"),
        (wrong(type="OTHER", data={"m": "BTC-USD", "b": [], "a": []}),
         "frame.type", "SNAPSHOT or DELTA"),
        (snapshot([("100", "1"), ("99", "one")], [], 2), "frame.data.b[1].q", "plain decimal text"),
        (snapshot([("hundred", "1")], [], 2), "price", "plain decimal text"),
    ],
)  # fmt: skip
def test_a_frame_that_cannot_be_read_is_named_and_shows_as_a_gap_later(
    verified: BookSession, frame: str, field: str, expected: str
) -> None:
    with pytest.raises(MalformedFrame) as caught:
        verified.receive(frame, NOW_NS)
    assert caught.value.field == field
    assert caught.value.expected.startswith(expected)
    assert verified.status(NOW_NS).malformed == 1
    assert verified.book.bids() == [("100", "1.5"), ("99.50", "2")]
    # Noise takes no number: the stream goes on. Had it been a numbered change, seq 3 shows it.
    verified.receive(delta([], [], 2), NOW_NS)
    with pytest.raises(MalformedFrame):
        verified.receive(frame, NOW_NS)
    with pytest.raises(SequenceGap):
        verified.receive(delta([], [], 4), NOW_NS)


@pytest.mark.parametrize(
    ("frame", "fault", "said"),
    [
        (text(error="no such market"), VenueRejected, "no such market"),
        (text(status="ERROR", error={"code": 1001, "message": "Market not found."}),
         VenueRejected, "code 1001: Market not found."),
        (text(status="error"), VenueRejected, "stream /orderbooks/BTC-USD refused"),
        (text(status="ERROR", error={"code": "UNAUTHORIZED", "message": "no"}), KeyRejected, "no"),
        (text(status="ERROR", error={"code": 1010, "message": "maintenance"}),
         VenueUnavailable, "maintenance"),
        (text(status="ERROR", error={}), VenueRejected, "refused"),
    ],
)  # fmt: skip
def test_a_refused_subscription_is_never_swallowed(
    verified: BookSession, frame: str, fault: type[VenueFault], said: str
) -> None:
    with pytest.raises(fault, match=said):
        verified.receive(frame, NOW_NS)
    assert not verified.verified
    assert verified.status(NOW_NS).mismatches == 0


def test_a_new_connection_starts_afresh_and_keeps_the_counts(verified: BookSession) -> None:
    verified.receive(delta([], [], 2), NOW_NS)
    verified.disconnected("Disconnected: closed by the venue")
    assert verified.snapshot(NOW_NS) is None
    assert verified.status(NOW_NS).reason == "Disconnected: closed by the venue"
    verified.connected(NOW_NS)
    assert not verified.verified
    events = verified.receive(snapshot([("50", "1")], []), NOW_NS)
    assert events[0] == Subscribed("/orderbooks/BTC-USD")
    status = verified.status(NOW_NS, longest_outage_ms=12.5)
    assert (status.snapshots, status.updates, status.resyncs, status.gaps) == (2, 1, 1, 0)
    assert (status.mismatches, status.longest_outage_ms) == (0, 12.5)


def test_connecting_over_a_live_book_invalidates_it(verified: BookSession) -> None:
    verified.connected(NOW_NS)
    assert verified.status(NOW_NS).reason == "connected anew, no snapshot yet"


def test_bytes_and_null_error_and_missing_type_are_read_alike(session: BookSession) -> None:
    frame = json.loads(snapshot(BIDS, ASKS)) | {"error": None}
    del frame["data"]["t"]
    session.receive(json.dumps(frame).encode(), NOW_NS)
    assert session.verified
