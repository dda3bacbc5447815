"""Small parts of the simulator: numbers, candles, faults, limits, demo accounts."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import ConfigFault
from actors.simulator.actor import account_specs
from actors.simulator.faults import FaultDesk, FaultKind, FaultRefused, read_fault
from actors.simulator.history import INTERVALS_MS, PastPrices, candle_bounds
from actors.simulator.ids import Ids
from actors.simulator.markets import decimal_text, market_spec, whole_units
from actors.simulator.spoiling import Spoiler
from actors.simulator.tape import Tape
from actors.simulator.throttle import WINDOW_NS, Throttle
from config.demo import demo_accounts

START_MS = 1_790_000_012_345


@given(st.integers(-(10**25), 10**25), st.integers(0, 16))
def test_decimal_text_is_exact(units: int, decimals: int) -> None:
    text = decimal_text(units, decimals)
    assert Decimal(text) == Decimal(units).scaleb(-decimals)
    assert "E" not in text
    assert len(text.partition(".")[2]) == decimals


def test_whole_units() -> None:
    assert whole_units(Decimal("0.003"), Decimal("0.001")) == 3
    assert whole_units(Decimal("0.0035"), Decimal("0.001")) is None


def test_ids_rise_and_exceed_what_a_float_can_hold() -> None:
    ids = Ids()
    made = [ids.next(START_MS + step // 3) for step in range(1_000)]
    assert made == sorted(set(made))
    assert 2**53 < made[0] < 2**63
    assert 2.0e18 < made[0] < 2.2e18


@pytest.mark.parametrize("interval", sorted(INTERVALS_MS))
def test_candles_follow_each_other_without_holes(interval: str) -> None:
    tape = Tape(market_spec("BTC-USD"), 1, START_MS)
    tape.traded(84_100, 7, START_MS + 500)
    tape.traded(83_900, 5, START_MS + 61_000)
    rows = tape.candles("trades", interval, START_MS + 61_000, 8)
    assert len(rows) == 8
    for newer, older in itertools.pairwise(rows):
        start, end = candle_bounds(interval, older.start_ms)
        assert (start, end) == (older.start_ms, newer.start_ms)
    assert rows[0].close == 83_900
    for row in rows:
        assert row.low <= min(row.open, row.close) <= max(row.open, row.close) <= row.high


def test_past_prices_meet_the_present() -> None:
    past = PastPrices("7 BTC-USD", START_MS, 84_000, 100)
    assert past.price(START_MS) == 84_000
    assert abs(past.price(START_MS - 60_000) - 84_000) < 500
    assert past.candle(START_MS - 60_000, START_MS).close == 84_000


def test_running_minutes_keep_high_low_and_volume() -> None:
    tape = Tape(market_spec("BTC-USD"), 1, START_MS)
    for price, lots in ((84_050, 3), (83_950, 4), (84_010, 2)):
        tape.traded(price, lots, START_MS)
    candle = tape.candles("trades", "PT1M", START_MS, 1)[0]
    assert candle == (START_MS // 60_000 * 60_000, 84_000, 84_050, 83_950, 84_010, 9)


def test_long_candles_survive_the_end_of_the_minutes() -> None:
    tape = Tape(market_spec("BTC-USD"), 1, START_MS)
    hours = 80
    for minute in range(hours * 60):
        tape.traded(84_000 + minute % 7, 1, START_MS + minute * 60_000)
    now_ms = START_MS + (hours * 60 - 1) * 60_000
    days = tape.candles("trades", "PT24H", now_ms, 2)
    assert days[1].volume == 24 * 60
    assert len(tape.candles("trades", "PT1H", now_ms, hours)) == hours


@pytest.mark.parametrize(
    ("order", "word"),
    [
        ({}, "kind"),
        ({"kind": "gaps"}, "kind"),
        ({"kind": "gap", "count": 0}, "count"),
        ({"kind": "gap", "count": "3"}, "count"),
        ({"kind": "stall", "seconds": -1}, "seconds"),
        ({"kind": "down"}, "seconds"),
        ({"kind": "429", "retry_after_s": -5}, "retry_after_s"),
        ({"kind": "gap", "target": "book BTC"}, "target"),
        ({"kind": "gap", "tarket": "all"}, "tarket"),
        ({"kind": "malformed", "variant": "odd"}, "variant"),
        ({"kind": "5xx", "status": 404}, "status"),
    ],
)
def test_faults_that_make_no_sense_are_refused(order: dict[str, Any], word: str) -> None:
    with pytest.raises(FaultRefused, match=word):
        read_fault(order, 0)


def test_faults_are_read() -> None:
    assert read_fault({"kind": 503, "target": "rest"}, 0).status == 503
    assert read_fault({"kind": "half-open"}, 0).kind is FaultKind.HALF_OPEN
    assert read_fault({"kind": "429", "retry_after_s": None}, 0).retry_after_s is None
    assert read_fault({"kind": "gap"}, 0).left == 1
    assert read_fault({"kind": "5xx", "seconds": 2}, 5).until_ns == 2_000_000_005


def test_a_fault_ends_by_count_or_by_time() -> None:
    desk = FaultDesk()
    kinds = {FaultKind.SERVER, FaultKind.UNAUTHORIZED}
    desk.add(read_fault({"kind": "5xx", "target": "rest", "count": 2}, 0))
    desk.add(read_fault({"kind": "401", "target": "account:1", "seconds": 1}, 0))
    met = [desk.meet({"rest", "account:1"}, kinds, now) for now in (0, 1, 2, 2 * 10**9)]
    assert [[one.kind for one in few] for few in met] == [
        ["5xx", "401"],
        ["5xx", "401"],
        ["401"],
        [],
    ]


FRAME = b'{"type":"DELTA","data":{"t":"DELTA","m":"X","b":[{"q":"-1","p":"5","c":"2"}],"a":[],"d":"f"},"ts":1,"seq":%d}'  # noqa: E501


def _spoiled(kind: str, frames: int = 3, count: int = 1) -> list[bytes]:
    spoiler = Spoiler()
    spoiler.arm(FaultKind(kind), count)
    return [out for number in range(1, frames + 1) for out in spoiler.spoil(FRAME % number)]


def _sequences(frames: list[bytes]) -> list[int]:
    return [json.loads(frame)["seq"] for frame in frames]


def test_frames_are_spoiled_as_asked() -> None:
    assert _sequences(_spoiled("gap")) == [2, 3]
    assert _sequences(_spoiled("duplicate", count=2)) == [1, 1, 2, 2, 3]
    assert _sequences(_spoiled("reorder")) == [2, 1, 3]
    assert len(_spoiled("malformed", count=3)) == 6
    with pytest.raises(ValueError, match=r".*"):
        json.loads(_spoiled("malformed")[0])
    bare = json.loads(_spoiled("no_size")[0])["data"]["b"][0]
    assert bare == {"q": "-1", "p": "5"}
    bent = json.loads(_spoiled("mismatch")[0])["data"]["b"][0]
    assert bent["c"] == "4"
    crossed = json.loads(_spoiled("crossed")[0])["data"]["b"]
    assert [row["p"] for row in crossed] == ["10", "5"]


def test_a_fault_waits_for_a_frame_that_it_fits() -> None:
    spoiler = Spoiler()
    spoiler.arm(FaultKind.NO_SIZE, 1)
    other = b'{"type":"BALANCE","data":{},"ts":1,"seq":1}'
    assert spoiler.spoil(other) == [other]
    assert b'"c"' not in spoiler.spoil(FRAME % 2)[0]
    assert spoiler.idle


def test_the_limit_counts_per_address_and_minute() -> None:
    throttle = Throttle(3)
    assert [throttle.wait_s("a", n) is None for n in range(4)] == [True, True, True, False]
    assert throttle.wait_s("b", 5) is None
    assert throttle.wait_s("a", WINDOW_NS // 2) == 30.0
    assert throttle.wait_s("a", WINDOW_NS) is None
    assert all(Throttle(None).wait_s("a", n) is None for n in range(5_000))


def test_demo_accounts_come_from_the_seed() -> None:
    assert demo_accounts(1, 3) == demo_accounts(1, 3)
    assert demo_accounts(1, 2) == demo_accounts(1, 3)[:2]
    assert demo_accounts(2, 1) != demo_accounts(1, 1)
    assert [one.name for one in demo_accounts(1, 2)] == ["1", "2"]
    keys = {one.api_key for one in demo_accounts(1, 100)}
    assert len(keys) == 100
    assert all(key.startswith("simulated-") for key in keys)
    with pytest.raises(ValueError, match="count"):
        demo_accounts(1, -1)


@pytest.mark.parametrize(
    ("accounts", "where"),
    [
        ("two", "accounts"),
        (True, "accounts"),
        (-1, "accounts"),
        ([1], r"accounts\[0\]"),
        ([{"name": "1"}], "api_key"),
        ([{"name": 1, "api_key": "k"}], "name"),
        ([{"name": "1", "api_key": "k", "key": "x"}], "'key'"),
        ([{"name": "1", "api_key": "k", "deposit_usd": -1}], "deposit_usd"),
        ([{"name": "1", "api_key": "k", "scripted": 1}], "scripted"),
    ],
)
def test_wrong_accounts_are_named(accounts: object, where: str) -> None:
    with pytest.raises(ConfigFault, match=where):
        account_specs(accounts, 1)


def test_own_accounts_are_taken() -> None:
    specs = account_specs([{"name": "a", "api_key": "k", "scripted": False}], 1)
    assert specs[0].name == "a"
    assert specs[0].deposit_usd == 100_000
