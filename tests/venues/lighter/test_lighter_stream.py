"""What all of Lighter's streams share: greeting, subscriptions, refusals, pings, patience."""

from __future__ import annotations

import json

import pytest
from lighter_frames import (
    CONNECTED,
    NOW_NS,
    PING,
    PONG,
    URL,
    S,
    refusal,
    subscribe,
    text,
    unsubscribe,
    unsubscribed,
)

from actors.errors import (
    KeyRejected,
    MalformedFrame,
    RateLimited,
    VenueFault,
    VenueRejected,
    VenueUnavailable,
)
from actors.venues.contract import Event, Subscribed
from actors.venues.lighter.answers import TokenRefused
from actors.venues.lighter.session import ATTEMPTS_MAX, Stream, browser_headers

ONE, TWO = "order_book/0", "trade/0"


class Told(Stream):
    """Notes what it is given."""

    def __init__(self, *channels: str) -> None:
        super().__init__(URL, channels or (ONE, TWO), secret="canary")
        self.frames: list[tuple[str, bool]] = []
        self.ended: list[str] = []

    def _frame(self, channel: str, data: str | bytes, now_ns: int, *, whole: bool) -> list[Event]:
        if "broken" in json.loads(data):
            raise MalformedFrame("frame", "whole", "broken")
        self.frames.append((channel, whole))
        return []

    def _unsubscribed(self, channel: str) -> None:
        self.ended.append(channel)


def said(kind: str, channel: str, **more: object) -> str:
    return text(type=f"{kind}/{channel.partition(':')[0]}", channel=channel, **more)


@pytest.fixture
def stream() -> Told:
    made = Told()
    assert made.connected(NOW_NS) == []
    assert made.to_send(0) == []
    made.receive(CONNECTED, NOW_NS)
    return made


def live(stream: Told) -> Told:
    assert stream.to_send(1) == [subscribe(ONE), subscribe(TWO)]
    stream.receive(said("subscribed", "order_book:0"), NOW_NS)
    stream.receive(said("subscribed", "trade:0"), NOW_NS)
    return stream


def test_a_browser_would_send_these_headers() -> None:
    assert Told().headers["Origin"] == "https://venue.example"
    assert browser_headers("ws://127.0.0.1:9/stream")["Origin"] == "http://127.0.0.1:9"
    assert Told().headers["User-Agent"].startswith("Mozilla/")


def test_the_venue_speaks_first() -> None:
    stream = Told()
    stream.connected(NOW_NS)
    assert [stream.to_send(second * S) for second in range(15)] == [[]] * 15
    stream.receive(CONNECTED, NOW_NS)
    assert stream.to_send(15 * S) == [subscribe(ONE), subscribe(TWO)]
    assert stream.to_send(15 * S + 1) == []


def test_a_venue_that_never_greets_is_left() -> None:
    stream = Told()
    stream.connected(NOW_NS)
    stream.to_send(0)
    with pytest.raises(VenueUnavailable, match="not greeted within"):
        stream.to_send(16 * S)
    stream.connected(NOW_NS)
    assert stream.to_send(100 * S) == []


def test_subscribed_is_told_once_when_all_channels_have_answered(stream: Told) -> None:
    stream.to_send(1)
    assert stream.receive(said("subscribed", "order_book:0"), NOW_NS) == []
    assert stream.receive(said("subscribed", "trade:0"), NOW_NS) == [Subscribed(f"{ONE} {TWO}")]
    assert stream.receive(said("subscribed", "trade:0"), NOW_NS) == []
    assert stream.frames == [(ONE, True), (TWO, True), (TWO, True)]


def test_updates_before_the_snapshot_and_of_other_channels_are_dropped(stream: Told) -> None:
    stream.to_send(1)
    for channel in ("order_book:0", "order_book:1", "order_book:01", "height"):
        assert stream.receive(said("update", channel), NOW_NS) == []
    assert stream.frames == []
    stream.receive(said("subscribed", "order_book:0"), NOW_NS)
    stream.receive(said("update", "order_book:0"), NOW_NS)
    stream.receive(said("update", "order_book:0:1234"), NOW_NS)
    assert stream.frames == [(ONE, True), (ONE, False), (ONE, False)]


def test_a_ping_of_the_venue_is_answered_once_and_ours_goes_out_each_30_s(stream: Told) -> None:
    stream = live(stream)
    stream.receive(PING, NOW_NS)
    assert stream.to_send(2) == [PONG]
    assert stream.to_send(3) == []
    assert stream.to_send(30 * S) == [PING]
    assert stream.receive(PONG, NOW_NS) == []
    assert stream.to_send(59 * S) == []
    assert stream.to_send(60 * S) == [PING]


def test_an_announced_restart_ends_the_connection(stream: Told) -> None:
    with pytest.raises(VenueUnavailable, match="restarts in 5000 ms"):
        stream.receive(text(type="shutdown", close_in_ms=5_000), NOW_NS)


def test_an_unanswered_subscription_ends_the_connection(stream: Told) -> None:
    stream.to_send(1)
    assert stream.to_send(15 * S) == []
    with pytest.raises(VenueUnavailable, match=f"{ONE}: no answer to the subscription within"):
        stream.to_send(16 * S)


def test_a_subscription_is_left_and_begun_anew(stream: Told) -> None:
    stream = live(stream)
    stream._resubscribe(ONE)
    assert stream.receive(said("update", "order_book:0"), NOW_NS) == []
    assert stream.to_send(2) == [unsubscribe(ONE)]
    # Neither what was under way nor a late snapshot counts before the venue has let go.
    for kind in ("update", "subscribed"):
        assert stream.receive(said(kind, "order_book:0"), NOW_NS) == []
    assert stream.frames == [(ONE, True), (TWO, True)]
    assert stream.to_send(3) == []
    stream.receive(unsubscribed("order_book:0"), NOW_NS)
    assert stream.ended == [ONE]
    assert stream.to_send(4) == [subscribe(ONE)]
    stream.receive(said("subscribed", "order_book:0"), NOW_NS)
    assert stream.frames[-1] == (ONE, True)


def test_an_unsubscription_may_be_answered_by_a_refusal_or_not_at_all(stream: Told) -> None:
    stream = live(stream)
    stream._resubscribe(ONE)
    stream.to_send(2)
    stream.receive(refusal(30002, "Not Subscribed to : order_book:0"), NOW_NS)
    assert stream.to_send(3) == [subscribe(ONE)]
    stream.receive(said("subscribed", "order_book:0"), NOW_NS)
    stream._resubscribe(ONE)
    stream.to_send(4)
    with pytest.raises(VenueUnavailable, match=f"{ONE}: no answer to the unsubscription"):
        stream.to_send(16 * S)


def test_an_end_that_nobody_asked_for_is_followed_by_a_subscription(stream: Told) -> None:
    stream = live(stream)
    stream.receive(unsubscribed("order_book:0"), NOW_NS)
    assert stream.ended == [ONE]
    assert stream.to_send(2) == [subscribe(ONE)]


def test_already_subscribed_brings_no_snapshot(stream: Told) -> None:
    stream.to_send(1)
    stream.receive(refusal(30003, "Already Subscribed to : order_book:0"), NOW_NS)
    assert stream.to_send(2) == [unsubscribe(ONE)]
    stream.receive(unsubscribed("order_book:0"), NOW_NS)
    assert stream.to_send(3) == [subscribe(ONE)]
    stream.receive(said("subscribed", "order_book:0"), NOW_NS)
    # Of a channel that is live, and of a stranger, it says nothing.
    stream.receive(refusal(30003, "Already Subscribed to : order_book:0"), NOW_NS)
    stream.receive(refusal(30003, "Already Subscribed to : market_stats:all"), NOW_NS)
    assert stream.to_send(4) == []


def test_what_never_comes_to_something_ends_the_connection(stream: Told) -> None:
    for attempt in range(ATTEMPTS_MAX):
        assert subscribe(ONE) in stream.to_send(attempt + 1)
        stream.receive(refusal(30003, "Already Subscribed to : order_book:0"), NOW_NS)
        stream.to_send(attempt + 1)
        stream.receive(unsubscribed("order_book:0"), NOW_NS)
    with pytest.raises(VenueUnavailable, match=f"{ATTEMPTS_MAX} subscriptions in a row"):
        stream.to_send(9)


@pytest.mark.parametrize("code", [30004, 30009, 30010, 30011, 30012])
def test_what_may_pass_is_asked_again_after_five_seconds(stream: Told, code: int) -> None:
    stream.to_send(S)
    stream.receive(refusal(code, "try again : order_book:0"), NOW_NS)
    stream.receive(said("subscribed", "trade:0"), NOW_NS)
    assert stream.to_send(5 * S) == []
    for attempt in range(1, ATTEMPTS_MAX):
        assert stream.to_send((1 + 5 * attempt) * S) == [subscribe(ONE)]
        if attempt < ATTEMPTS_MAX - 1:
            stream.receive(refusal(code, "try again"), NOW_NS)
    with pytest.raises((VenueUnavailable, RateLimited), match=f"code {code}: try again"):
        stream.receive(refusal(code, "try again"), NOW_NS)


@pytest.mark.parametrize(
    ("frame", "fault", "told"),
    [
        (refusal(30005, "Invalid Channel:  (marketId)"), VenueRejected, "Invalid Channel"),
        (refusal(30008, "Invalid account type"), VenueRejected, "code 30008"),
        (refusal(23003, "Too many connections"), VenueRejected, "code 23003"),
        (refusal(23000, "Too Many Requests!"), RateLimited, "Too Many"),
        (refusal(20001, "invalid param : auth field is required: account_all_orders:7"),
         TokenRefused, "auth field is required"),
        (text(type="error", error={"code": 20001, "message": "auth field is required"}),
         TokenRefused, "auth field"),
        (text(type="error", code=30005, message="Invalid Channel"), VenueRejected, "code 30005"),
        (text(code=21109, message="api key not found"), KeyRejected, "code 21109"),
        (text(error="no such thing"), VenueRejected, "no such thing"),
        (text(error={}), VenueRejected, "refused without a reason"),
        (text(error={"code": "30001", "message": "Invalid Type canary"}), VenueRejected,
         r"Invalid Type \*\*\*"),
    ],
)  # fmt: skip
def test_a_refusal_is_never_swallowed(
    stream: Told, frame: str, fault: type[VenueFault], told: str
) -> None:
    stream = live(stream)
    with pytest.raises(fault, match=told):
        stream.receive(frame, NOW_NS)


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ("", "frame"),
        ("{", "frame"),
        ("[]", "frame"),
        ('{"a":' * 100_000, "frame"),
        ("{}", "frame.type"),
        ('{"type":5}', "frame.type"),
        ('{"type":"update/order_book"}', "frame.channel"),
        ('{"type":"subscribed/trade","channel":null}', "frame.channel"),
        ('{"type":"unsubscribed","channel":7}', "frame.channel"),
        ('{"type":"shutdown","close_in_ms":"soon"}', "frame.close_in_ms"),
        ('{"error":{"code":[]}}', "frame.error.code"),
    ],
)
def test_a_frame_that_cannot_be_read_is_named_and_the_session_goes_on(
    stream: Told, frame: str, field: str
) -> None:
    stream = live(stream)
    with pytest.raises(MalformedFrame) as caught:
        stream.receive(frame, NOW_NS)
    assert caught.value.field == field
    stream.receive(said("update", "trade:0"), NOW_NS)
    assert stream.frames[-1] == (TWO, False)


def test_kinds_that_the_venue_adds_later_are_passed_over(stream: Told) -> None:
    for frame in (
        text(type="jsonapi/sendtx", code=200, id="1"),
        text(type="news", channel="news:1"),
        text(type="subscribed", channel="order_book:0"),
    ):
        assert stream.receive(frame, NOW_NS) == []


def test_a_snapshot_that_cannot_be_read_is_asked_for_again(stream: Told) -> None:
    stream.to_send(1)
    with pytest.raises(MalformedFrame):
        stream.receive(said("subscribed", "order_book:0", broken=1), NOW_NS)
    assert stream.to_send(2) == [unsubscribe(ONE)]
    stream.receive(unsubscribed("order_book:0"), NOW_NS)
    assert stream.to_send(3) == [subscribe(ONE)]


def test_a_new_connection_knows_nothing_of_the_last(stream: Told) -> None:
    stream = live(stream)
    stream.receive(PING, NOW_NS)
    stream._resubscribe(ONE)
    stream.connected(NOW_NS)
    assert stream.to_send(100 * S) == []
    stream.receive(CONNECTED, NOW_NS)
    assert stream.to_send(101 * S) == [subscribe(ONE), subscribe(TWO)]
    stream.receive(said("subscribed", "order_book:0"), NOW_NS)
    assert stream.receive(said("subscribed", "trade:0"), NOW_NS) == [Subscribed(f"{ONE} {TWO}")]


@pytest.mark.parametrize(
    ("status", "headers", "body", "fault", "told"),
    [
        (200, {}, b"", VenueUnavailable, "handshake answered with HTTP 200"),
        (403, {}, b"<html>", VenueRejected, "HTTP 403"),
        (405, {}, b"", RateLimited, "retry after 60.0 s"),
        (429, {"Retry-After": "7"}, b"", RateLimited, "retry after 7.0 s"),
        (503, {}, b"", VenueUnavailable, "HTTP 503"),
    ],
)
def test_what_a_refused_handshake_means(
    status: int, headers: dict[str, str], body: bytes, fault: type[VenueFault], told: str
) -> None:
    refused = Told().refused(status, headers, body)
    assert isinstance(refused, fault)
    assert told in str(refused)
