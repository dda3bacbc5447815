"""Whatever Lighter says of an account, session and readers give messages or a VenueFault."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given, settings
from lighter_account_frames import (
    ORDER,
    PAYMENT,
    POSITION,
    STATS,
    TRADE,
    USDC,
    account_answer,
    account_requests,
    account_session,
    answer,
    frame,
    snapshots,
)
from lighter_frames import CONNECTED, NOW_NS, refusal

from actors.errors import VenueFault
from actors.messages.account import AccountSnapshot, Fill, Order, Position
from actors.venues.contract import Page

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["0", "-1", "1e9", "NaN", "1.2.3", "", "9" * 64, "9" * 70, 10**30, -1, 0, 2])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
FRAMES: list[Any] = [
    *map(json.loads, snapshots()),
    json.loads(frame("update", "account_all_orders", orders={"0": [ORDER]})),
    json.loads(frame("update", "account_all_trades", trades={"0": [TRADE]})),
    json.loads(frame("update", "account_all_positions", positions={"0": POSITION})),
    json.loads(frame("update", "account_all_assets", assets={"3": USDC}, timestamp=1)),
    json.loads(frame("update", "user_stats", stats=STATS, timestamp=1)),
    json.loads(refusal(20001, "invalid param : auth field is required")),
]
ANSWERS: dict[str, bytes] = {
    "balance": account_answer(),
    "positions": account_answer(),
    "orders": answer(orders=[ORDER]),
    "orders_history": answer(orders=[ORDER], next_cursor="a"),
    "fills": answer(trades=[TRADE], next_cursor="a"),
    "funding": answer(position_fundings=[PAYMENT], next_cursor="a"),
    "points": answer(user_total_points=1.5, user_total_referral_reward_points=0.5),
    "account_info": answer(user_tier="standard"),
    "groundwork": answer(api_keys=[{"api_key_index": 4, "public_key": "ab"}]),
}


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place within a JSON value."""
    found = [at]
    if isinstance(value, dict):
        found += [place for key in value for place in places(value[key], (*at, key))]
    if isinstance(value, list):
        found += [place for n, item in enumerate(value) for place in places(item, (*at, n))]
    return found


def replaced(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = replaced(value[at[0]], at[1:], new)
    return copy


@st.composite
def spoiled(draw: st.DrawFn, good: list[Any]) -> bytes:
    """A good document with one place made odd; cut short now and then; or mere noise."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=40))
    document = draw(st.sampled_from(good))
    odd = replaced(document, draw(st.sampled_from(places(document))), draw(values))
    data = json.dumps(odd).encode()
    return data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 9)) == 0 else data


@given(st.lists(spoiled(FRAMES), min_size=1, max_size=6))
@settings(max_examples=400, deadline=None)
def test_the_session_raises_nothing_but_venue_faults(received: list[bytes]) -> None:
    session = account_session()
    session.receive(CONNECTED, NOW_NS)
    session.to_send(0)
    for each in snapshots():
        session.receive(each, NOW_NS)
    for data in received:
        try:
            told = session.receive(data, NOW_NS)
            session.to_send(1)
        except VenueFault:
            continue
        for event in told:
            msgspec.msgpack.encode(event)


@pytest.mark.parametrize("name", ANSWERS)
@given(st.data(), st.sampled_from([200, 200, 200, 400, 401, 404, 405, 500]))
@settings(max_examples=150, deadline=None)
def test_readers_raise_nothing_but_venue_faults(
    name: str, data: st.DataObject, status: int
) -> None:
    requests = account_requests(public_key=(4, "ab" * 40))
    requests.groundwork()
    body = data.draw(spoiled([json.loads(ANSWERS[name])]))
    try:
        told = getattr(requests, f"read_{name}")(status, {}, body, NOW_NS)
    except VenueFault:
        return
    items = told.items if isinstance(told, Page) else told if isinstance(told, list) else [told]
    for item in items:
        if isinstance(item, AccountSnapshot | Position | Order | Fill):
            assert msgspec.msgpack.decode(msgspec.msgpack.encode(item), type=type(item)) == item
