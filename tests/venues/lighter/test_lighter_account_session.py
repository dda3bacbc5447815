"""The account stream: subscriptions with a token, what is told and what is history, renewal."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from lighter_account_frames import (
    ACCOUNT,
    ETHER,
    FLAT,
    INDEX,
    NAMES,
    ORDER,
    POSITION,
    ROW,
    SECONDS,
    STATS,
    TRADE,
    Signer,
    account_session,
    frame,
    known_markets,
    listed,
    snapshots,
)
from lighter_frames import CONNECTED, MS, NOW_NS, S, refusal, unsubscribe, unsubscribed

from actors.errors import KeyRejected, MalformedFrame, VenueFault, VenueUnavailable
from actors.messages.account import AccountSnapshot, Fill, Order, Position
from actors.venues.contract import Event, Subscribed
from actors.venues.lighter import wire_account
from actors.venues.lighter.account_session import AccountSession
from actors.venues.lighter.credentials import LIFE_S, RENEW_BEFORE_S
from actors.venues.lighter.figures import AccountFigures
from actors.venues.lighter.markets import Markets
from actors.venues.lighter.session import ATTEMPTS_MAX

AUTH = 20001
READY = Subscribed(" ".join(NAMES), late=True)


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def figures() -> AccountFigures:
    held = AccountFigures(ACCOUNT)
    held.told(msgspec.convert(ROW, wire_account.Account), NOW_NS, "polling")
    return held


@pytest.fixture
def session(signer: Signer, figures: AccountFigures) -> AccountSession:
    return account_session(signer, figures)


def subscribe(session: AccountSession, mono_ns: int = 0) -> list[Event]:
    session.receive(CONNECTED, NOW_NS)
    session.to_send(mono_ns)
    events: list[Event] = []
    for each in snapshots():
        events += session.receive(each, NOW_NS)
    return events


@pytest.fixture
def live(session: AccountSession) -> AccountSession:
    assert subscribe(session)[0] == READY
    return session


def token(number: int) -> str:
    return f"{SECONDS + LIFE_S}:{INDEX}:4:{number}"


def asked(channel: str, number: int = 1) -> str:
    body = {"type": "subscribe", "channel": channel, "auth": token(number)}
    return json.dumps(body, separators=(",", ":"))


def update(channel: str, **fields: Any) -> str:
    return frame("update", channel, **fields)


# subscriptions


def test_nothing_is_sent_before_the_greeting(session: AccountSession) -> None:
    assert session.connected(NOW_NS) == []
    assert session.to_send(0) == []
    assert session.receive(CONNECTED, NOW_NS) == []
    assert session.to_send(1) == [asked(name) for name in NAMES]
    assert session.to_send(2) == []


def test_nothing_is_asked_for_before_the_markets_are_known(signer: Signer) -> None:
    markets = Markets()
    session = account_session(signer, markets=markets)
    session.receive(CONNECTED, NOW_NS)
    assert session.to_send(0) == []
    assert session.to_send(100 * S) == ['{"type":"ping"}']
    markets.learn(listed())
    assert session.to_send(101 * S) == [asked(name) for name in NAMES]


def test_subscribed_once_all_channels_are(session: AccountSession) -> None:
    session.receive(CONNECTED, NOW_NS)
    session.to_send(0)
    *first, last = snapshots()
    for each in first:
        assert session.receive(each, NOW_NS) == []
    early = update("account_all_orders", orders={"0": [ORDER]})
    assert session.receive(early, NOW_NS) == [], "REST will tell it"
    assert session.receive(last, NOW_NS)[0] == READY


def test_a_channel_that_is_never_acknowledged_ends_the_connection(session: AccountSession) -> None:
    session.receive(CONNECTED, NOW_NS)
    session.to_send(0)
    for each in snapshots()[1:]:
        session.receive(each, NOW_NS)
    assert session.to_send(15 * S) == []
    with pytest.raises(VenueUnavailable, match="account_all_orders"):
        session.to_send(15 * S + 1)


def test_each_connection_begins_anew(live: AccountSession) -> None:
    live.connected(NOW_NS)
    assert live.to_send(S) == []
    assert subscribe(live, 2 * S)[0] == READY


# refusals


def said(channel: str) -> str:
    return refusal(AUTH, f"invalid param : auth field is required: {channel.replace('/', ':')}")


def test_channels_refused_for_their_token_are_asked_again_with_one_other(
    session: AccountSession, signer: Signer
) -> None:
    session.receive(CONNECTED, NOW_NS)
    session.to_send(0)
    for name in NAMES:
        assert session.receive(said(name), NOW_NS) == []
        assert session.to_send(1) == [asked(name, 2)]
    assert signer.count == 2
    events: list[Event] = []
    for each in snapshots():
        events += session.receive(each, NOW_NS)
    assert events[0] == READY


def test_refusals_that_name_no_channel_are_taken_in_order(
    session: AccountSession, signer: Signer
) -> None:
    session.receive(CONNECTED, NOW_NS)
    session.to_send(0)
    for name in NAMES:
        session.receive(refusal(AUTH, "invalid auth"), NOW_NS)
        assert session.to_send(1) == [asked(name, 2)]
    with pytest.raises(KeyRejected):
        session.receive(refusal(AUTH, "invalid auth"), NOW_NS)


def test_a_second_refused_token_is_the_key(session: AccountSession) -> None:
    session.receive(CONNECTED, NOW_NS)
    session.to_send(0)
    session.receive(said(NAMES[0]), NOW_NS)
    session.to_send(1)
    with pytest.raises(KeyRejected) as caught:
        session.receive(said(NAMES[0]), NOW_NS)
    assert token(2) not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "message", "fault"),
    [
        (21109, f"api key not found: account_all_orders:{INDEX}", KeyRejected),
        (30008, f"Invalid account type: account_all_orders:{INDEX}", VenueFault),
        (29500, "internal", VenueUnavailable),
    ],
)
def test_other_refusals_end_the_connection(
    session: AccountSession, code: int, message: str, fault: type[VenueFault]
) -> None:
    session.receive(CONNECTED, NOW_NS)
    session.to_send(0)
    with pytest.raises(fault):
        session.receive(refusal(code, message), NOW_NS)


# renewal


def test_the_token_is_replaced_before_its_end(live: AccountSession, signer: Signer) -> None:
    signer.now_ns += (LIFE_S - RENEW_BEFORE_S) * S
    assert live.to_send(S) == [unsubscribe(name) for name in NAMES]
    renewed = f"{SECONDS + 2 * LIFE_S - RENEW_BEFORE_S}:{INDEX}:4:2"
    events: list[Event] = []
    for name, snapshot in zip(NAMES, snapshots(), strict=True):
        live.receive(unsubscribed(name.replace("/", ":")), NOW_NS)
        (sent,) = live.to_send(2 * S)
        assert json.loads(sent) == {"type": "subscribe", "channel": name, "auth": renewed}
        events += live.receive(snapshot, NOW_NS)
    told = [event for event in events if isinstance(event, Subscribed)]
    assert told == [READY], "what passed meanwhile is asked of REST"
    assert live.to_send(3 * S) == []


def test_a_token_that_rest_saw_refused_is_replaced_here_too(
    live: AccountSession, signer: Signer
) -> None:
    credentials = live._credentials
    assert credentials is not None
    credentials.refused(token(1), VenueUnavailable("refused"))
    assert live.to_send(S) == [unsubscribe(name) for name in NAMES]


def test_a_read_only_token_that_ends_says_so() -> None:
    class Ended:
        account_index = INDEX
        ended = False

        def token(self) -> str:
            if self.ended:
                raise KeyRejected("ended")
            return "ro:token"

        def accepted(self, token: str) -> None: ...

        def refused(self, token: str, fault: VenueFault) -> VenueFault:
            return fault

    tokens = Ended()
    session = AccountSession("wss://venue.example", ACCOUNT, INDEX, known_markets(), tokens)
    session.connected(NOW_NS)
    subscribe(session)
    tokens.ended = True
    with pytest.raises(KeyRejected):
        session.to_send(S)


# what is told


def test_orders(live: AccountSession) -> None:
    data = update("account_all_orders", orders={"0": [ORDER, ORDER | {"status": "canceled"}]})
    first, second = live.receive(data, NOW_NS)
    assert isinstance(first, Order)
    assert isinstance(second, Order)
    assert (first.status, second.status, first.via) == (
        "partially_filled",
        "canceled",
        "websocket",
    )
    assert second.version > first.version


def test_fills_of_updates_only(live: AccountSession) -> None:
    rows = {"0": [TRADE, TRADE | {"trade_id": 8, "bid_account_id": 9}]}
    assert live.receive(frame("subscribed", "account_all_trades", trades=rows), NOW_NS) == []
    (fill,) = live.receive(update("account_all_trades", trades=rows), NOW_NS)
    assert isinstance(fill, Fill)
    assert fill.fill_id == "19209006902"


def test_positions_of_an_update_are_those_that_changed(live: AccountSession) -> None:
    rows = {"0": POSITION, "1": FLAT}
    first, second = live.receive(update("account_all_positions", positions=rows), NOW_NS)
    assert isinstance(first, Position)
    assert isinstance(second, Position)
    assert (first.position_id, first.quantity) == ("0", "1.5000")
    assert (second.position_id, second.quantity) == ("1", "0")


def test_figures(live: AccountSession) -> None:
    data = update("user_stats", stats=STATS | {"collateral": "1001.500000"}, timestamp=MS)
    (snapshot,) = live.receive(data, NOW_NS)
    assert isinstance(snapshot, AccountSnapshot)
    assert (snapshot.wallet_balance, snapshot.equity) == ("1001.500000", "1075.500000")
    assert (snapshot.via, snapshot.venue_time_ns) == ("websocket", MS * 1_000_000)
    (snapshot,) = live.receive(update("account_all_assets", assets={"1": ETHER}), NOW_NS)
    assert isinstance(snapshot, AccountSnapshot)
    assert snapshot.wallet_balance == "1001.500000"


def test_containers_that_are_null_or_empty(live: AccountSession) -> None:
    for channel, key in (
        ("account_all_orders", "orders"),
        ("account_all_trades", "trades"),
        ("account_all_positions", "positions"),
    ):
        for empty in (None, {}, []):
            assert live.receive(update(channel, **{key: empty}), NOW_NS) == []
        assert live.receive(update(channel), NOW_NS) == []


def test_frames_of_strangers_tell_nothing(live: AccountSession) -> None:
    data = update("account_all_orders", orders={"0": [ORDER]}).replace(f":{INDEX}", ":99")
    assert live.receive(data, NOW_NS) == []
    stranger = ORDER | {"owner_account_index": INDEX + 1}
    with pytest.raises(MalformedFrame, match="owner_account_index"):
        live.receive(update("account_all_orders", orders={"0": [stranger]}), NOW_NS)


@pytest.mark.parametrize(
    ("channel", "fields"),
    [
        ("account_all_orders", {"orders": {"0": [ORDER | {"status": None}]}}),
        ("account_all_orders", {"orders": {"0": [ORDER | {"market_index": 99}]}}),
        ("account_all_orders", {"orders": 3}),
        ("account_all_trades", {"trades": {"0": [TRADE | {"price": "x"}]}}),
        ("account_all_positions", {"positions": {"0": POSITION | {"position": "NaN"}}}),
        ("account_all_positions", {"positions": {"0": POSITION | {"sign": 3}}}),
        ("account_all_assets", {"assets": {"1": ETHER | {"balance": 5}}}),
        ("user_stats", {"stats": None}),
        ("user_stats", {"stats": STATS | {"collateral": "1e400"}}),
        ("user_stats", {"stats": STATS, "timestamp": 10**30}),
    ],
)
def test_hostile_frames_are_skipped(
    live: AccountSession, channel: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(MalformedFrame):
        live.receive(update(channel, **fields), NOW_NS)
    data = update("account_all_orders", orders={"0": [ORDER]})
    assert len(live.receive(data, NOW_NS)) == 1, "the session goes on"


def test_a_snapshot_that_cannot_be_read_is_asked_for_again_but_not_for_ever(
    session: AccountSession,
) -> None:
    session.receive(CONNECTED, NOW_NS)
    session.to_send(0)
    bad = frame("subscribed", "account_all_orders", orders={"0": [ORDER | {"market_index": 99}]})
    for _ in range(ATTEMPTS_MAX - 1):
        with pytest.raises(MalformedFrame):
            session.receive(bad, NOW_NS)
        assert session.to_send(1) == [unsubscribe(NAMES[0])]
        session.receive(unsubscribed(NAMES[0].replace("/", ":")), NOW_NS)
        assert session.to_send(2) == [asked(NAMES[0])]
    with pytest.raises(MalformedFrame):
        session.receive(bad, NOW_NS)
    session.to_send(3)
    session.receive(unsubscribed(NAMES[0].replace("/", ":")), NOW_NS)
    with pytest.raises(VenueUnavailable):
        session.to_send(4)


def test_what_was_recorded_is_told_without_credentials() -> None:
    session = AccountSession("wss://venue.example", ACCOUNT, INDEX, known_markets())
    session.connected(NOW_NS)
    data = frame("subscribed", "account_all_orders", orders={"0": [ORDER]})
    assert len(session.receive(data, NOW_NS)) == 1
