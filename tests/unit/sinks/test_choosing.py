"""What becomes a row: every event, figures at a pace, lanes when they turn, old rows by kind."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from cache_links import balance, envelope, fill, order, position

from actors.cache.store import Store
from actors.errors import Fault
from actors.messages.account import Balance, Points
from actors.messages.control import ConnectionState, SourceState
from actors.runtime.clock import FakeClock
from actors.sinks.choosing import Choice
from actors.sinks.contract import Row
from actors.sinks.incidents import Incidents
from actors.sinks.retention import DAY_US, EACH_NS, STEP_ROWS, Retention, Step
from actors.sinks.rows import Unstorable, fill_row, order_row
from actors.sinks.schema import SNAPSHOTS

SECOND = 1_000_000
SOURCE = "account:extended:1"


def choice(refused: list[Fault] | None = None, seconds: int = 15) -> Choice:
    return Choice(seconds * SECOND, (refused if refused is not None else []).append)


def tables(rows: list[Row]) -> list[str]:
    return [row.table.removeprefix("history_") for row in rows]


def snapshot_at(seconds: float, equity: str, wallet: str = "100", **more: Any) -> Any:
    more = {"wallet_balance": wallet, "received_ns": round(seconds * 1e9), **more}
    return balance(equity, **more)


def test_an_account_is_told_with_its_first_event_alone() -> None:
    made = choice()
    assert tables(made.of_value(fill("1"))) == ["accounts", "fills"]
    assert tables(made.of_value(fill("2"))) == ["fills"]
    assert tables(made.of_value(order("1", 1, account="2"))) == ["accounts", "orders"]


def test_marks_move_a_snapshot_at_a_pace_and_money_at_once() -> None:
    made = choice()
    told = [
        made.of_value(snapshot_at(1_000, "100")),
        made.of_value(snapshot_at(1_000.5, "101")),
        made.of_value(snapshot_at(1_001, "99")),
        made.of_value(snapshot_at(1_001.5, "98", wallet="97")),
        made.of_value(snapshot_at(1_010, "96", wallet="97")),
        made.of_value(snapshot_at(1_017, "95", wallet="97")),
        made.of_value(
            snapshot_at(1_018, "95", wallet="97", balances=(Balance(asset="USD", total="97"),))
        ),
    ]
    assert [bool(rows) for rows in told] == [True, False, False, True, False, True, True]


def test_a_clock_that_was_set_back_silences_no_account() -> None:
    made = choice()
    assert made.of_value(snapshot_at(100_000, "100"))
    assert made.of_value(snapshot_at(50_000, "101"))


def test_a_position_is_told_when_more_than_its_mark_moved() -> None:
    made = choice()
    made.of_value(fill("1"))
    assert made.of_value(position("1", entry_price="10", mark_price="10"))
    assert not made.of_value(position("1", entry_price="10", mark_price="11"))
    assert made.of_value(position("2", entry_price="10.5", mark_price="11"))
    assert made.of_value(position("0"))
    assert made.of_value(position("1", entry_price="12"))


def fresh_store(clock: FakeClock, equity: str) -> Store:
    """An account whose lane is connected and confirmed it just now."""
    store = Store(clock.wall_ns() - clock.monotonic_ns())
    now = clock.monotonic_ns()
    lane = ConnectionState(
        actor=SOURCE, venue="extended", account="1", lane="rest", state="connected"
    )
    link = SourceState(source=SOURCE, connected=True)
    snapshot = balance(equity, received_ns=clock.wall_ns())
    store.apply(1, envelope("account_snapshot", "account:extended:1", snapshot, sent_ns=now))
    store.apply(2, envelope("connection_state", "connections", lane, sent_ns=now))
    store.apply(0, envelope("source_state", SOURCE, link, sent_ns=now))
    return store


def test_what_stands_is_told_each_minute_while_it_is_fresh() -> None:
    clock = FakeClock(monotonic_ns=10**12)
    made, store = choice(), fresh_store(clock, "100")
    told_at = []
    for second in range(200):
        confirmed = balance("100", received_ns=clock.wall_ns())
        now = clock.monotonic_ns()
        store.apply(0, envelope("account_snapshot", "account:extended:1", confirmed, sent_ns=now))
        if made.of_state(store, now):
            told_at.append(second)
        clock.advance(1.0)
    assert told_at == [0, 60, 120, 180]
    store.apply(
        0,
        envelope("source_state", SOURCE, SourceState(source=SOURCE, connected=False)),
    )
    clock.advance(600.0)
    assert made.of_state(store, clock.monotonic_ns()) == []


def test_the_last_move_of_a_mark_is_told_once_its_pace_allows() -> None:
    clock = FakeClock(monotonic_ns=10**12)
    made, store = choice(), fresh_store(clock, "100")
    assert made.of_state(store, clock.monotonic_ns())
    clock.advance(3.0)
    moved = balance("101", wallet_balance="100", received_ns=clock.wall_ns())
    told = envelope("account_snapshot", "account:extended:1", moved, sent_ns=clock.monotonic_ns())
    store.apply(3, told)
    assert made.of_state(store, clock.monotonic_ns()) == []
    clock.advance(13.0)
    now = clock.monotonic_ns()
    again = msgspec.structs.replace(moved, received_ns=clock.wall_ns())
    store.apply(0, envelope("account_snapshot", "account:extended:1", again, sent_ns=now))
    (row,) = made.of_state(store, now)
    assert row.values[SNAPSHOTS.names.index("equity")] == "101"


def test_points_are_told_when_they_change() -> None:
    store, made = Store(), choice()

    def say(total: str, seq: int) -> list[Row]:
        points = Points(
            venue="extended",
            account="1",
            available=True,
            total=total,
            received_ns=seq * 10**9,
            received_mono_ns=seq,
        )
        store.apply(seq, envelope("points", "points", points))
        return made.of_state(store, seq)

    assert [bool(say(total, seq)) for seq, total in enumerate(("1", "1", "2", "2"), 1)] == [
        True,
        False,
        True,
        False,
    ]


def lane(state: str, since: int, **more: Any) -> ConnectionState:
    fields = {"actor": SOURCE, "venue": "extended", "account": "1", "lane": "rest"}
    return ConnectionState(**{**fields, "state": state, "since_mono_ns": since, **more})


def test_a_lane_makes_a_row_when_it_turns() -> None:
    made = Incidents()
    steps = [
        (lane("connecting", 1), []),
        (lane("connected", 5), ["connected"]),
        (lane("connected", 5, messages=9), []),
        (lane("backoff", 9, last_error="Disconnected: x"), ["backoff"]),
        (lane("connecting", 11), []),
        (lane("backoff", 12), []),
        (lane("connected", 20), ["connected"]),
        (lane("connecting", 30), ["connecting"]),
    ]
    for state, expected in steps:
        rows = made.of_lane(state, now_mono_ns=100_000, now_ns=1_000_000_000)
        assert [row.values[2] for row in rows] == expected, state
    (row,) = Incidents().of_lane(lane("backoff", 40_000, last_error="why"), 100_000, 10**9)
    assert row.values == (SOURCE, "rest", "backoff", 40_000, 999_940, "extended", "1", "why")


def test_who_began_anew_tells_the_same_row() -> None:
    one = Incidents().of_lane(lane("connected", 5), 1_000, 10**9)
    other = Incidents().of_lane(lane("connected", 5), 9_000, 10**9 + 8_000)
    assert one[0].values[:4] == other[0].values[:4]


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": "many"},
        {"price": "NaN"},
        {"price": "Infinity"},
        {"price": "1e61"},
        {"quantity": "1" * 101},
        {"fee": ""},
        {"symbol": "x" * 401},
        {"venue_time_ns": 2**63 * 1000},
    ],
)
def test_what_no_store_can_hold_is_refused_by_name(wrong: dict[str, Any]) -> None:
    refused: list[Fault] = []
    made = choice(refused)
    assert made.of_value(fill("1", **wrong)) == []
    name = next(iter(wrong)).replace("venue_time_ns", "at_us")
    assert f"history_fills.{name}: expected" in str(refused[0])
    assert len(str(refused[0])) < 200


def test_a_text_loses_its_nul_and_nothing_else() -> None:
    assert "a b" in fill_row(fill("1", order_id="a\0 b")).values
    with pytest.raises(Unstorable, match=r"history_orders\.version"):
        order_row(order("1", 2**64 - 1))


def test_retention_takes_full_steps_at_once_and_looks_seldom() -> None:
    made = Retention({"snapshots": 30, "orders": 0, "fills": 365})
    now_us = 400 * DAY_US
    first = made.next(0, now_us)
    assert first == Step("history_snapshots", now_us - 30 * DAY_US)
    made.done(first, STEP_ROWS, 0)
    second = made.next(0, now_us)
    assert second is not None
    made.done(second, 5, 0)
    third = made.next(0, now_us)
    assert {first.table, second.table} == {"history_fills", "history_snapshots"}
    assert third is not None
    assert third == first
    made.done(third, 0, 0)
    assert made.next(0, now_us) is None
    assert made.next(EACH_NS, now_us) is not None


def test_structs_can_be_told_apart() -> None:
    """What comes three times at a catch-up is told once: structs must be hashable."""
    values = [fill("1"), order("1", 1), position("1"), balance("1")]
    assert len(dict.fromkeys([*values, *map(msgspec.structs.replace, values)])) == 4
