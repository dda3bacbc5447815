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
from actors.simulator.attendance import TOPICS_KEPT, Attendances
from actors.simulator.dialects.extended_frames import ExtendedFrames
from actors.simulator.exchange import Exchange
from actors.simulator.fault_orders import parse_fault, read_fault
from actors.simulator.faults import FaultDesk, FaultKind, FaultRefused
from actors.simulator.history import INTERVALS_MS, PastPrices, candle_bounds
from actors.simulator.ids import Ids
from actors.simulator.markets import decimal_text, market_spec, whole_units
from actors.simulator.spoiling import Spoiler
from actors.simulator.tape import Tape
from actors.simulator.throttle import WINDOW_NS, Throttle
from actors.simulator.visits import ADDRESSES_KEPT, Visits
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
        ({"kind": "skew"}, "offset_s"),
        ({"kind": "skew", "seconds": 5}, "offset_s"),
        ({"kind": "skew", "offset_s": 1e9}, "offset_s"),
        ({"kind": "gap", "offset_s": 5}, "offset_s"),
        ({"kind": "gap", "seconds": 5}, "seconds"),
        ({"kind": "429", "newcomers": True}, "newcomers"),
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


def test_a_wrong_checksum_is_what_comes_nearest_where_there_is_none() -> None:
    assert read_fault({"kind": "bad_checksum"}, 0).kind is FaultKind.MISMATCH


@pytest.mark.parametrize(
    ("text", "order"),
    [
        (
            "gap:book:BTC-USD:count=2",
            {"kind": "gap", "target": "book:BTC-USD", "count": 2, "newcomers": True},
        ),
        ("disconnect", {"kind": "disconnect", "newcomers": True}),
        (
            "429:rest:account:1:seconds=2.5:retry_after_s=none",
            {"kind": "429", "target": "rest:account:1", "seconds": 2.5, "retry_after_s": None},
        ),
        ("418:retry_after_s=90", {"kind": "418", "retry_after_s": 90.0}),
        ("skew:offset_s=-3600", {"kind": "skew", "offset_s": -3600.0}),
        ("slow:rest:/user/balance:delay_s=1:count=3",
         {"kind": "slow", "target": "rest:/user/balance", "delay_s": 1.0, "count": 3}),
        ("malformed:account:1:variant=array",
         {"kind": "malformed", "target": "account:1", "variant": "array", "newcomers": True}),
    ],
)  # fmt: skip
def test_faults_are_spelled_as_text(text: str, order: dict[str, Any]) -> None:
    assert parse_fault(text) == order


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "kind"),
        ("gaps:book", "kind.*'gaps'"),
        ("gap:count=2:book", "'book'"),
        ("gap:count=two", "count"),
        ("gap:count=1:count=2", "'count=2'"),
        ("gap:kind=stall", "'kind=stall'"),
        ("gap:book:colour=red", "colour"),
        ("down", "seconds"),
        ("skew:offset_s=inf", "offset_s"),
        ("gap:bo ok", "target"),
    ],
)
def test_wrong_texts_of_faults_are_explained(text: str, word: str) -> None:
    with pytest.raises(FaultRefused, match=word):
        parse_fault(text)


def test_a_fault_for_newcomers_strikes_the_first_of_each_topic() -> None:
    desk = FaultDesk()
    desk.add(read_fault({"kind": "gap", "target": "book", "count": 3, "newcomers": True}, 0))
    desk.add(read_fault({"kind": "stall", "target": "ws:book:A", "newcomers": True}, 0))
    kinds = {FaultKind.GAP, FaultKind.STALL}

    def met(topic: str) -> list[str]:
        names = {"ws", "book", topic, f"ws:{topic}"}
        return [f"{one.kind} {one.left}" for one in desk.meet(names, kinds, 0, topic)]

    assert met("book:A") == ["gap 3", "stall None"]
    assert met("book:A") == []
    assert met("book:B") == ["gap 3"]
    assert [one.kind for one in desk.active(0)] == ["gap"]


def test_faults_of_the_clock_add_up() -> None:
    desk = FaultDesk()
    desk.add(read_fault({"kind": "skew", "offset_s": -60}, 0))
    desk.add(read_fault({"kind": "skew", "offset_s": 10, "seconds": 1}, 0))
    assert [desk.skew_ns(at) // 10**9 for at in (0, 10**9)] == [-50, -60]
    desk.clear()
    assert desk.skew_ns(0) == 0


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
    spoiler = Spoiler(ExtendedFrames())
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
    spoiler = Spoiler(ExtendedFrames())
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


def test_visits_are_counted_per_address_and_minute() -> None:
    visits = Visits(kept=3)
    for number, (address, status) in enumerate(
        [("a", 200), ("a", 429), ("b", 0), ("a", 418), ("a", 200)]
    ):
        visit = visits.came(number * 30_000, address, "1" if number else "", "GET", f"/{number}")
        if status == 429:
            visits.refused(visit)
        if status:
            visits.answered(visit, status)
    told = visits.summary()
    assert (told["requests"], told["refused"], told["overloads"], told["kept"]) == (5, 1, 2, 3)
    assert told["addresses"]["a"] == {
        "requests": 4,
        "refused": 1,
        "overloads": 2,
        "minutes": {"0": 2, "60000": 1, "120000": 1},
    }
    assert [one.path for one in visits.newest(0, "", "", 10)] == ["/4", "/3", "/2"]
    assert [one.path for one in visits.newest(90_000, "1", "a", 10)] == ["/4", "/3"]
    assert [one.status for one in visits.newest(0, "", "b", 10)] == [0]
    assert len(visits.newest(0, "", "", 1)) == 1
    for number in range(ADDRESSES_KEPT + 5):
        visits.came(number, f"10.0.0.{number}", "", "GET", "/")
    assert len(visits.summary()["addresses"]) == ADDRESSES_KEPT
    assert visits.summary()["requests"] == 5 + ADDRESSES_KEPT + 5


def test_attendance_tells_who_listened_when() -> None:
    attendances = Attendances()
    first = attendances.joined("candles:A", 1, "a", 10)
    second = attendances.joined("candles:A", 2, "b", 20)
    attendances.left("candles:A", first, 30)
    assert attendances.summary() == {"candles:A": {"now": 1, "ever": 2, "most": 2}}
    attendances.left("candles:A", second, 40)
    third = attendances.joined("candles:A", 3, "a", 50)
    assert attendances.summary() == {"candles:A": {"now": 1, "ever": 3, "most": 2}}
    spans = [
        (one["opened_ms"], one["closed_ms"]) for one in attendances.history("cand")["candles:A"]
    ]
    assert spans == [(10, 30), (20, 40), (50, None)]
    assert attendances.history("book") == {}
    for number in range(TOPICS_KEPT):
        attendances.left(f"t{number}", attendances.joined(f"t{number}", number, "", 60), 60)
    assert len(attendances.summary()) == TOPICS_KEPT
    # Forgotten by now; its end is no error.
    attendances.left("candles:A", third, 70)


def test_a_clock_set_back_stops_neither_snapshots_nor_candles() -> None:
    exchange = Exchange(seed=3, accounts=[], start_ns=10**18, markets=("BTC-USD",))
    market = exchange.markets["BTC-USD"]
    now_ns = 10**18
    for offset_s in (-3_600, 0, 60, 3_600):
        exchange.skip(offset_s * 10**9)
        now_ns += offset_s * 10**9
        seen = []
        for _ in range(70):
            now_ns += 10**9
            exchange.step(now_ns)
            seen.append(market.feed.log[0].number)
            assert exchange.now_ms == now_ns // 10**6
            starts = [
                one.start_ms for one in market.tape.candles("trades", "PT1M", exchange.now_ms, 5)
            ]
            # Where the clock was set forward, nothing is known of the minutes that it left out.
            assert 0 <= exchange.now_ms - starts[0] <= 61_000
            assert len(starts) == 5
            assert starts == sorted(set(starts), reverse=True)
        assert len(set(seen)) > 1, "a new snapshot within the minute"


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


def test_each_hour_is_settled_once_also_the_first_that_was_lived_through() -> None:
    hour_ms = 3_600_000
    full_ms = START_MS // hour_ms * hour_ms + hour_ms
    tape = Tape(market_spec("BTC-USD"), 1, full_ms - 30_000)
    tape.applied.append((full_ms + 1_000, 17))
    (newest, *older) = tape.settled(full_ms - 5 * hour_ms, full_ms + 60_000)
    assert newest == (full_ms + 1_000, 17)
    hours = [at_ms // hour_ms for at_ms, _ in older]
    assert hours == [full_ms // hour_ms - back for back in range(1, 6)]
