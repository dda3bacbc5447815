"""The account stream: sections by the keys present, big ids, sequence, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from extended_frames import ACCOUNT, BALANCE, FILL, KEY, MS, NOW_NS, ORDER, POSITION, account, text

from actors.errors import (
    KeyRejected,
    MalformedFrame,
    RateLimited,
    SequenceGap,
    VenueFault,
    VenueRejected,
    VenueUnavailable,
)
from actors.messages.account import AccountSnapshot, Balance, Fill, Order, Position
from actors.venues.contract import AssetBalances, Event, Subscribed
from actors.venues.extended.account_session import AccountSession

SPOT = {
    "asset": "XVS",
    "balance": "12.5",
    "notionalValue": "13",
    "availableToWithdraw": "2",
    "updatedAt": MS,
}


@pytest.fixture
def session() -> AccountSession:
    made = AccountSession("wss://venue.example/v1", KEY, ACCOUNT)
    made.connected(NOW_NS)
    return made


def only(session: AccountSession, frame: str) -> Event:
    subscribed, event = session.receive(frame, NOW_NS)
    assert subscribed == Subscribed("/account")
    return event


def test_address_headers_and_limits(session: AccountSession) -> None:
    assert session.url == "wss://venue.example/v1/account"
    assert session.headers["X-Api-Key"] == KEY
    assert session.headers["User-Agent"]
    assert (session.silence_max_s, session.mute_max_s, session.ping_interval_s) == (45, None, 30)


def test_balance(session: AccountSession) -> None:
    assert only(session, account(balance=BALANCE)) == AccountSnapshot(
        venue="extended",
        account="1",
        equity="1010.75",
        wallet_balance="1000.50",
        free="900.25",
        withdrawable="890.00",
        margin_used="110.50",
        margin_ratio="0.0500",
        leverage="1.4840",
        exposure="1500.00",
        unrealized_pnl="10.25",
        settle="USD",
        settle_usd="1",
        balances=(Balance(asset="USD", total="1000.50", free="900.25"),),
        venue_time_ns=MS * 1_000_000,
        received_ns=NOW_NS,
        via="websocket",
    )


def test_position(session: AccountSession) -> None:
    assert only(session, account(positions=[POSITION])) == Position(
        venue="extended",
        account="1",
        position_id="2052253880279891968",
        symbol="BTC-USD",
        product="linear",
        side="short",
        quantity="0.30",
        entry_price="80000.0",
        mark_price="80001.5",
        liquidation_price="95000",
        notional="24000.0",
        leverage="10",
        margin="2400",
        unrealized_pnl="-0.45",
        realized_pnl="1.5",
        opened_ns=(MS - 5000) * 1_000_000,
        venue_time_ns=MS * 1_000_000,
        received_ns=NOW_NS,
        via="websocket",
    )


@pytest.mark.parametrize(
    ("changes", "quantity", "liquidation_price"),
    [
        ({}, "0.30", "95000"),
        ({"status": "CLOSED"}, "0", "95000"),
        ({"size": "0.000"}, "0", "95000"),
        ({"status": None, "liquidationPrice": "0"}, "0.30", None),
        ({"liquidationPrice": None}, "0.30", None),
    ],
)
def test_closed_positions_and_missing_liquidation_prices(
    session: AccountSession,
    changes: dict[str, Any],
    quantity: str,
    liquidation_price: str | None,
) -> None:
    event = only(session, account(positions=[POSITION | changes]))
    assert isinstance(event, Position)
    assert (event.quantity, event.liquidation_price) == (quantity, liquidation_price)


def test_both_spellings_of_a_positions_times(session: AccountSession) -> None:
    documented = {k: v for k, v in POSITION.items() if k not in {"createdAt", "updatedAt"}}
    documented |= {"createdTime": MS - 7, "updatedTime": MS - 5}
    event = only(session, account(positions=[documented]))
    assert isinstance(event, Position)
    assert event.opened_ns == (MS - 7) * 1_000_000
    assert event.venue_time_ns == (MS - 5) * 1_000_000


def test_order(session: AccountSession) -> None:
    event = only(session, account(orders=[ORDER]))
    assert isinstance(event, Order)
    assert event == Order(
        venue="extended",
        account="1",
        order_id="1791181340771614723",
        client_order_id="mine-1",
        symbol="ETH-USD",
        product="linear",
        side="buy",
        type="limit",
        status="partially_filled",
        price="3300.5",
        average_price="3300.0",
        quantity="2.0",
        filled_quantity="0.5",
        fee="0.4125",
        post_only=True,
        time_in_force="gtc",
        created_ns=(MS - 1000) * 1_000_000,
        version=event.version,
        venue_time_ns=MS * 1_000_000,
        received_ns=NOW_NS,
        via="websocket",
    )


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        ("NEW", "open"),
        ("UNTRIGGERED", "open"),
        ("TRIGGERED", "open"),
        ("PARTIALLY_FILLED", "partially_filled"),
        ("FILLED", "filled"),
        ("CANCELLED", "canceled"),
        ("EXPIRED", "expired"),
        ("REJECTED", "rejected"),
        ("A_STATUS_OF_TOMORROW", "unknown"),
    ],
)
def test_order_statuses(session: AccountSession, status: str, ours: str) -> None:
    event = only(session, account(orders=[ORDER | {"status": status}]))
    assert isinstance(event, Order)
    assert event.status == ours


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"timeInForce": "IOC"}, "time_in_force", "ioc"),
        ({"timeInForce": "TOB", "postOnly": False}, "post_only", True),
        ({"timeInForce": None}, "time_in_force", None),
        ({"statusReason": "SELF_TRADE_PROTECTION"}, "reason", "self_trade_protection"),
        ({"type": "TPSL", "price": None}, "price", None),
        ({"trigger": {"triggerPrice": "3000", "direction": "UP"}}, "trigger_price", "3000"),
        ({"filledQty": None}, "filled_quantity", "0"),
        ({"reduceOnly": True}, "reduce_only", True),
        ({"updatedTime": None}, "venue_time_ns", (MS - 1000) * 1_000_000),
    ],
)
def test_order_details(
    session: AccountSession, changes: dict[str, Any], field: str, value: object
) -> None:
    assert getattr(only(session, account(orders=[ORDER | changes])), field) == value


def test_the_changes_of_one_order_are_in_the_order_of_its_versions(
    session: AccountSession,
) -> None:
    story: list[dict[str, Any]] = [
        {"status": "UNTRIGGERED", "filledQty": "0"},
        {"status": "TRIGGERED", "filledQty": "0"},
        {"status": "NEW", "filledQty": "0"},
        {"status": "PARTIALLY_FILLED", "filledQty": "0.000000001"},
        {"status": "PARTIALLY_FILLED", "filledQty": "0.1"},
        {"status": "PARTIALLY_FILLED", "filledQty": "0.10001"},
        {"status": "PARTIALLY_FILLED", "filledQty": "1.999"},
        {"status": "CANCELLED", "filledQty": "1.999"},
        {"status": "NEW", "filledQty": "0", "updatedTime": MS + 1},
        {"status": "FILLED", "filledQty": "2.0", "updatedTime": MS + 1},
    ]
    versions = []
    for seq, changes in enumerate(story, 1):
        *_, event = session.receive(account(seq, orders=[ORDER | changes]), NOW_NS)
        assert isinstance(event, Order)
        versions.append(event.version)
    assert versions == sorted(set(versions))
    assert versions[-1] < 2**63


def test_a_version_does_not_depend_on_spelling_or_lane(session: AccountSession) -> None:
    first = only(session, account(orders=[ORDER]))
    [second] = session.receive(
        account(2, orders=[ORDER | {"qty": "2", "filledQty": "0.500", "price": "3300.50"}]), NOW_NS
    )
    assert isinstance(first, Order)
    assert isinstance(second, Order)
    assert first.version == second.version


def test_odd_quantities_still_give_a_version(session: AccountSession) -> None:
    rows = [ORDER | {"qty": "0", "filledQty": filled} for filled in ("0", "1", "-1")]
    rows.append(ORDER | {"updatedTime": 9_999_999_999_999, "filledQty": "5", "status": "FILLED"})
    for event in session.receive(account(orders=rows), NOW_NS)[1:]:
        assert isinstance(event, Order)
        assert 0 < event.version < 2**63


def test_fill(session: AccountSession) -> None:
    assert only(session, account(trades=[FILL])) == Fill(
        venue="extended",
        account="1",
        fill_id="1811328331296018432",
        order_id="1791181340771614723",
        client_order_id="mine-1",
        symbol="ETH-USD",
        product="linear",
        side="buy",
        price="3300.0000",
        quantity="0.5000",
        notional="1650.0000",
        fee="0.4125",
        fee_asset="USD",
        liquidity="taker",
        venue_time_ns=MS * 1_000_000,
        received_ns=NOW_NS,
        via="websocket",
    )


@pytest.mark.parametrize("identity", [9223372036854775808, 10**40, "2052253880279891968"])
def test_ids_of_any_size_are_served_as_text(session: AccountSession, identity: int | str) -> None:
    event = only(session, account(trades=[FILL | {"id": identity, "orderId": identity}]))
    assert isinstance(event, Fill)
    assert (event.fill_id, event.order_id) == (str(identity), str(identity))


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"isTaker": False}, "liquidity", "maker"),
        ({"tradeType": "DELEVERAGE"}, "trade_type", "deleverage"),
        ({"tradeType": None}, "trade_type", "trade"),
        ({"fee": "-0.01"}, "fee", "-0.01"),
        ({"fee": None}, "fee_asset", None),
        ({"externalOrderId": None, "externalId": "rest"}, "client_order_id", "rest"),
    ],
)
def test_fill_details(
    session: AccountSession, changes: dict[str, Any], field: str, value: object
) -> None:
    assert getattr(only(session, account(trades=[FILL | changes])), field) == value


def test_several_sections_in_one_frame_whatever_its_type(session: AccountSession) -> None:
    frame = account(
        type="BALANCE",
        balance=BALANCE,
        spotBalances=[SPOT],
        positions=[POSITION],
        orders=[ORDER],
        trades=[FILL],
    )
    events = session.receive(frame, NOW_NS)
    assert [type(event) for event in events] == [
        Subscribed, AccountSnapshot, AssetBalances, Position, Order, Fill
    ]  # fmt: skip
    assert events[2] == AssetBalances(
        account="1",
        items=(Balance(asset="XVS", total="12.5", free="2", value_usd="13", as_of_ns=NOW_NS),),
        venue_time_ns=MS * 1_000_000,
        received_ns=NOW_NS,
    )


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"orders": None, "positions": None, "trades": None, "balance": None},
        {"deposits": [{"id": 1}]},
        [1, 2],
        "text",
        7,
    ],
)
def test_what_a_type_of_tomorrow_carries_is_ignored_but_counted(
    session: AccountSession, data: object
) -> None:
    assert session.receive(text(type="TOMORROW", data=data, ts=MS, seq=570), NOW_NS) == [
        Subscribed("/account")
    ]
    assert len(session.receive(account(571, orders=[ORDER]), NOW_NS)) == 1


def test_a_frame_without_data_or_type_is_empty(session: AccountSession) -> None:
    assert session.receive(text(ts=MS, seq=1), NOW_NS) == [Subscribed("/account")]
    assert session.receive(text(type=None, data=None, ts=None, seq=2), NOW_NS) == []


@pytest.mark.parametrize("seq", [4, 6, 1])
def test_a_hole_in_the_sequence_is_a_gap(session: AccountSession, seq: int) -> None:
    session.receive(account(4, orders=[ORDER]), NOW_NS)
    with pytest.raises(SequenceGap, match=f"expected 5, found {seq}"):
        session.receive(account(seq, orders=[ORDER]), NOW_NS)
    session.connected(NOW_NS)
    assert session.receive(account(1), NOW_NS) == [Subscribed("/account")]


def without(row: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != key}


@pytest.mark.parametrize(
    ("sections", "field", "expected"),
    [
        ({"orders": {}}, "frame.data.orders", "`array | null`"),
        ({"orders": [without(ORDER, "qty")]}, "frame.data.orders[0].qty", "a value"),
        ({"orders": [ORDER, ORDER | {"price": 1.5}]}, "frame.data.orders[1].price", "`str | null`"),
        ({"orders": [ORDER | {"price": "1e5"}]}, "frame.data.orders[0].price", "`str` matching"),
        ({"orders": [ORDER | {"qty": ""}]}, "frame.data.orders[0].qty", "`str`"),
        ({"orders": [ORDER | {"qty": "1" * 65}]}, "frame.data.orders[0].qty", "`str` of length"),
        ({"orders": [ORDER | {"id": 1.5}]}, "frame.data.orders[0].id", "`int | str`"),
        ({"trades": [FILL | {"isTaker": "yes"}]}, "frame.data.trades[0].isTaker", "`bool`"),
        ({"trades": [FILL | {"createdTime": -1}]}, "frame.data.trades[0].createdTime", "`int`"),
        ({"positions": [POSITION | {"updatedAt": 10**30}]},
         "frame.data.positions[0].updatedAt", "`int`"),
        ({"balance": BALANCE | {"equity": None}}, "frame.data.balance.equity", "`str`"),
        ({"trades": [FILL | {"id": "9" * 101}]}, "frame.data.trades[0].id", "`str` of length"),
        ({"trades": [FILL | {"id": ""}]}, "frame.data.trades[0].id", "`str` of length"),
        ({"balance": []}, "frame.data.balance", "`object | null`"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_is_named_and_the_stream_goes_on(
    session: AccountSession, sections: dict[str, Any], field: str, expected: str
) -> None:
    with pytest.raises(MalformedFrame) as caught:
        session.receive(account(1, **sections), NOW_NS)
    assert caught.value.field == field
    assert caught.value.expected.startswith(expected)
    assert len(session.receive(account(2, orders=[ORDER]), NOW_NS)) == 2


def test_data_of_a_known_type_must_be_an_object(session: AccountSession) -> None:
    with pytest.raises(MalformedFrame, match="expected `object`"):
        session.receive(text(type="ORDER", data=[1], ts=MS, seq=1), NOW_NS)


@pytest.mark.parametrize("frame", ["", "nonsense", "[]", '{"seq":"1"}', b"\xff\xfe", "{}"])
def test_what_is_no_frame_takes_no_number(session: AccountSession, frame: str | bytes) -> None:
    with pytest.raises(MalformedFrame):
        session.receive(frame, NOW_NS)
    session.receive(account(1), NOW_NS)


def test_the_key_never_shows_in_a_fault(session: AccountSession) -> None:
    frames = [
        text(error=f"key {KEY} is not known"),
        text(status="ERROR", error={"code": 401, "message": f"bad {KEY}"}),
        text(seq=1, data={"orders": KEY}),
        f'{{"apiKeys":["{KEY}"',
    ]
    for frame in frames:
        with pytest.raises(VenueFault) as caught:
            session.receive(frame, NOW_NS)
        assert KEY not in str(caught.value)
        assert KEY not in repr(caught.value)


@pytest.mark.parametrize(
    ("status", "headers", "body", "fault"),
    [
        (401, {}, b"", KeyRejected),
        (401, {}, b'{"status":"ERROR","error":{"code":401,"message":"no"}}', KeyRejected),
        (403, {}, b"<html>", VenueRejected),
        (404, {}, b"", VenueRejected),
        (429, {"Retry-After": "7"}, b"", RateLimited),
        (418, {}, b"", RateLimited),
        (500, {}, b"oops", VenueUnavailable),
        (503, {}, b"", VenueUnavailable),
        (200, {}, b"{}", VenueUnavailable),
        (302, {"Location": "https://elsewhere"}, b"", VenueUnavailable),
    ],
)
def test_what_a_refused_handshake_means(
    session: AccountSession,
    status: int,
    headers: dict[str, str],
    body: bytes,
    fault: type[VenueFault],
) -> None:
    found = session.refused(status, headers, body)
    assert type(found) is fault
    if isinstance(found, RateLimited) and headers:
        assert found.retry_after_s == 7.0


def test_frames_are_read_from_bytes_too(session: AccountSession) -> None:
    raw = json.dumps({"seq": 1, "data": {"orders": [ORDER]}}).encode()
    assert len(session.receive(raw, NOW_NS)) == 2
