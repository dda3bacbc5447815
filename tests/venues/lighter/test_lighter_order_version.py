"""The version of an order: rises with each change, and is the same over both lanes."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lighter_account_frames import (
    ORDER,
    SECONDS,
    account_requests,
    account_session,
    answer,
    frame,
    snapshots,
)
from lighter_frames import CONNECTED, NOW_NS

from actors.messages.account import Order

STEPS = ("fill", "fill", "change", "wait", "trigger")
ENDS = ("filled", "canceled", "canceled-expired", "canceled-oco")


@dataclass(frozen=True)
class Life:
    """One order as the venue knows it; sizes are in lots."""

    quantity: int
    filled: int = 0
    second: int = SECONDS
    changes: int = 0
    status: str = "open"

    def row(self, unit: int = 1) -> dict[str, Any]:
        return ORDER | {
            "initial_base_amount": _text(self.quantity),
            "filled_base_amount": _text(self.filled),
            "status": self.status,
            "updated_at": self.second * unit,
            "order_version": self.changes,
        }


def _text(lots: int) -> str:
    return format(Decimal(lots).scaleb(-4), "f")


def over_rest(life: Life, unit: int = 1) -> Order:
    body = answer(orders=[life.row(unit)])
    (row,) = account_requests().read_orders(200, {}, body, NOW_NS)
    return row


@st.composite
def lives(draw: st.DrawFn) -> list[Life]:
    """Each change of one order from its first to its last; several may fall into one second."""
    first = draw(st.sampled_from(["pending", "in-progress", "open"]))
    now = Life(quantity=draw(st.integers(2, 100_000)), status=first)
    told = [now]
    for step in draw(st.lists(st.sampled_from(STEPS), max_size=12)):
        now = replace(now, second=now.second + draw(st.integers(0, 1)))
        if step == "trigger" and now.status != "open":
            now = replace(now, status="open")
        elif step == "fill" and now.status == "open" and now.filled + 1 < now.quantity:
            now = replace(now, filled=draw(st.integers(now.filled + 1, now.quantity - 1)))
        elif step == "change":
            quantity = draw(st.integers(now.filled + 1, 100_000))
            now = replace(now, changes=now.changes + 1, quantity=quantity)
        else:
            continue
        told.append(now)
    ended = draw(st.sampled_from(ENDS))
    filled = now.quantity if ended == "filled" else now.filled
    told.append(replace(now, status=ended, filled=filled))
    return told


@given(lives())
def test_it_rises_with_each_change(life: list[Life]) -> None:
    versions = [over_rest(each).version for each in life]
    assert versions == sorted(set(versions))
    assert versions[-1] < 2**63


@given(lives())
def test_it_is_the_same_over_the_stream_whatever_the_unit_of_time(life: list[Life]) -> None:
    session = account_session()
    session.receive(CONNECTED, NOW_NS)
    session.to_send(0)
    for each in snapshots():
        session.receive(each, NOW_NS)
    for each in life:
        data = frame("update", "account_all_orders", orders={"0": [each.row(1_000)]})
        (heard,) = session.receive(data, NOW_NS)
        assert isinstance(heard, Order)
        assert heard.version == over_rest(each).version == over_rest(each, 1_000_000).version


@pytest.mark.parametrize("status", ENDS)
def test_an_end_counts_even_where_the_count_of_changes_begins_anew(status: str) -> None:
    before = Life(quantity=100, filled=50, changes=999)
    after = replace(before, status=status, changes=1_000)
    assert over_rest(after).version > over_rest(before).version


def test_an_order_of_an_older_server_has_one_too() -> None:
    row = {name: ORDER[name] for name in ORDER if name not in {"updated_at", "order_version"}}
    body = json.dumps({"code": 200, "orders": [row | {"created_at": SECONDS}]}).encode()
    (order,) = account_requests().read_orders(200, {}, body, NOW_NS)
    assert order.version // 10**9 == SECONDS


def test_times_far_away_stay_within_63_bits() -> None:
    row = ORDER | {"updated_at": 9_999_999_999_999_999, "status": "filled"}
    (order,) = account_requests().read_orders(200, {}, answer(orders=[row]), NOW_NS)
    assert order.version < 2**63
