"""Views: every field is shown, times in microseconds, and shapes fit what is shown."""

from __future__ import annotations

import msgspec
import pytest

from actors.messages.account import AccountSnapshot, Balance, Fill, Order, Position
from actors.messages.control import ChildStatus, ConnectionState, FaultReport, RestartRecord
from actors.messages.market import Instrument
from web.views import shown, view

VALUES = [
    AccountSnapshot(
        venue="extended",
        account="1",
        equity="1.10",
        wallet_balance="1",
        balances=(Balance(asset="USD", total="1"),),
        received_ns=5_000,
        via="polling",
    ),
    Position(
        venue="e",
        account="1",
        position_id="p",
        symbol="s",
        product="linear",
        side="long",
        quantity="1",
        received_ns=1,
        via="polling",
    ),
    Order(
        venue="e",
        account="1",
        order_id="1",
        symbol="s",
        product="linear",
        side="buy",
        type="limit",
        status="open",
        quantity="1",
        version=1,
        received_ns=1,
        via="polling",
    ),
    Fill(
        venue="e",
        account="1",
        fill_id="1",
        order_id="1",
        symbol="s",
        product="linear",
        side="buy",
        price="1",
        quantity="1",
        liquidity="maker",
        received_ns=1,
        via="polling",
    ),
    ConnectionState(actor="a", venue="e", lane="rest", state="backoff", next_retry_mono_ns=3_000),
    ChildStatus(
        actor="a",
        kind="account",
        state="backoff",
        next_restart_ns=9_000,
        next_restart_mono_ns=1,
        last_exit=RestartRecord(
            actor="a", epoch=1, pid=1, started_ns=1_000, ended_ns=2_000, uptime_ms=1, cause="exit"
        ),
    ),
    FaultReport(actor="a", kind="k", message="m", at_ns=1_000),
    Instrument(
        venue="e",
        product="linear",
        symbol="s",
        base="b",
        quote="q",
        settle="s",
        unified="u",
        tick_size="1",
        lot_size="1",
    ),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_what_is_shown_fits_its_shape(value: msgspec.Struct) -> None:
    answer = msgspec.json.decode(msgspec.json.encode(shown(value)))
    shape = view(type(value))
    assert set(answer) == set(shape.__struct_fields__)
    msgspec.convert(answer, shape)
    assert not [name for name in answer if name.endswith("_ns")]


def test_times_become_microseconds_and_none_where_there_is_none() -> None:
    answer = shown(VALUES[0])
    assert answer["received_us"] == 5
    assert answer["venue_time_us"] is None
    assert answer["balances"][0]["free"] is None


def test_a_number_that_a_browser_would_round_is_text() -> None:
    assert shown(msgspec.structs.replace(VALUES[2], version=7529829802946068482))["version"] == (
        "7529829802946068482"
    )


def test_a_monotonic_time_is_shown_by_the_wall_clock() -> None:
    assert shown(VALUES[4], wall_minus_mono_ns=1_000_000)["next_retry_us"] == 1_003


def test_the_past_stands_by_the_wall_clock_of_then_the_future_by_that_of_now() -> None:
    answer = shown(VALUES[5], wall_minus_mono_ns=11_999)
    assert answer["next_restart_us"] == 12
    assert answer["last_exit"]["started_us"] == 1
