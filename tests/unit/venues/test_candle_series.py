"""Candles: history and stream in any mixture tell each candle final exactly once, oldest first."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.messages.market import Candle
from actors.venues.candles import CANDLES_MAX, FINAL_AFTER_S, CandleSeries, Timeframe

MINUTE = Timeframe(name="1m", length_s=60, spellings=("PT1M",))
MONTH = Timeframe(name="1M", length_s=31 * 86_400, spellings=("P30D",), calendar_month=True)
US = 1_000_000
T0 = 1_790_000_040 * US - (1_790_000_040 % 60) * US
STEP = 60 * US


def row(number: int, close: int = 1) -> Candle:
    return Candle(
        venue="v",
        product="linear",
        symbol="X",
        timeframe="1m",
        start_us=T0 + number * STEP,
        open="1",
        high="9",
        low="1",
        close=str(close),
        volume="1",
        received_ns=1,
    )


def at(number: float) -> int:
    return T0 + round(number * STEP)


def brief(told: list[Candle]) -> list[tuple[int, str, bool]]:
    return [((each.start_us - T0) // STEP, each.close, each.closed) for each in told]


def filled(upto: int = 3) -> CandleSeries:
    """Candles 0 … upto, the last of them live, half a minute old."""
    series = CandleSeries(MINUTE)
    series.begin()
    series.backfill([row(n) for n in range(upto + 1)], at(upto + 0.5))
    return series


def test_the_history_closes_all_but_the_live_candle() -> None:
    series = CandleSeries(MINUTE)
    assert series.due(at(0))
    assert series.count(at(0)) == CANDLES_MAX
    series.begin()
    told = series.backfill([row(2), row(0), row(1)], at(2.5))
    assert brief(told) == [(0, "1", True), (1, "1", True), (2, "1", False)]
    assert not series.due(at(2.5))


def test_a_candle_is_final_when_the_next_begins() -> None:
    series = filled()
    assert brief(series.live(row(3, 5))) == [(3, "5", False)]
    assert brief(series.live(row(4, 6))) == [(3, "5", True), (4, "6", False)]
    assert series.live(row(3, 7)) == []
    assert series.live(row(2, 7)) == []


def test_a_frame_that_was_missed_leaves_the_verdict_to_the_history() -> None:
    series = filled()
    series.live(row(3, 5))
    series.missed()
    assert brief(series.live(row(4, 6))) == [(4, "6", False)]
    assert series.due(at(4.1))
    series.begin()
    told = series.backfill([row(3, 8), row(4, 7)], at(4.1))
    assert brief(told) == [(3, "8", True), (4, "7", False)]
    assert brief(series.live(row(5))) == [(4, "7", True), (5, "1", False)]


def test_a_candle_that_has_just_ended_waits_for_its_last_trades() -> None:
    series = filled()
    series.missed()
    series.live(row(4, 6))
    series.begin()
    just_after = at(4) + round(FINAL_AFTER_S * US) - 1
    told = series.backfill([row(3, 8), row(4, 6)], just_after)
    assert brief(told) == [(3, "8", False), (4, "6", False)]
    assert not series.due(just_after)
    assert series.due(just_after + 1)
    series.begin()
    told = series.backfill([row(3, 8), row(4, 6)], just_after + 1)
    assert brief(told) == [(3, "8", True), (4, "6", False)]


def test_intervals_without_rows_are_asked_for() -> None:
    series = filled()
    assert brief(series.live(row(6))) == [(6, "1", False)]
    assert series.due(at(6.1))
    series.begin()
    told = series.backfill([row(3), row(4, 4), row(6)], at(6.1))
    assert brief(told) == [(3, "1", True), (4, "4", True), (6, "1", False)]
    assert list(series.kept) == sorted(series.kept)


def test_a_quiet_market_ends_its_candle_by_time() -> None:
    series = filled()
    assert not series.due(at(4))
    late = at(4) + round(FINAL_AFTER_S * US)
    assert series.due(late)
    series.begin()
    assert brief(series.backfill([row(3, 2)], late)) == [(3, "2", True)]
    assert not series.due(at(5))
    assert brief(series.live(row(4))) == [(4, "1", False)]
    assert not series.due(at(4.5))


def test_what_the_stream_said_meanwhile_is_not_made_older_by_the_history() -> None:
    series = CandleSeries(MINUTE)
    series.begin()
    series.live(row(2, 9))
    told = series.backfill([row(1), row(2, 3)], at(2.5))
    assert brief(told) == [(1, "1", True)]
    assert series.kept[at(2)].close == "9"


def test_a_gap_during_the_back_fill_asks_for_another() -> None:
    series = CandleSeries(MINUTE)
    series.begin()
    series.missed()
    series.backfill([row(1), row(2)], at(2.5))
    assert series.due(at(2.6))
    assert brief(series.live(row(3))) == [(3, "1", False)]


def test_only_so_many_are_kept_and_asked_for() -> None:
    series = filled(CANDLES_MAX + 50)
    assert len(series.kept) == CANDLES_MAX
    assert series.count(at(CANDLES_MAX + 51)) == 4
    assert series.count(at(CANDLES_MAX + 151)) == 104
    assert series.count(at(9 * CANDLES_MAX)) == CANDLES_MAX


@pytest.mark.parametrize(
    ("start", "end"), [((2026, 1, 1), (2026, 2, 1)), ((2026, 12, 1), (2027, 1, 1))]
)
def test_a_month_has_its_calendar_length(
    start: tuple[int, int, int], end: tuple[int, int, int]
) -> None:
    began = round(datetime(*start, tzinfo=UTC).timestamp() * US)
    assert MONTH.end_us(began) == round(datetime(*end, tzinfo=UTC).timestamp() * US)


class World:
    """A market that trades now and then, a stream with holes, a history that is always right."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.rows: dict[int, Candle] = {number: row(number) for number in range(5)}
        self.now = 4.5

    def trade(self) -> Candle:
        """Half of a candle on average, now and then an interval without any."""
        self.now += self.random.choice([0.1, 0.2, 0.4, 0.4, 2.5])
        number = int(self.now)
        self.rows[number] = row(number, self.random.randrange(1_000))
        return self.rows[number]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.sampled_from("tttttthr"), min_size=5, max_size=60))
def test_each_candle_is_told_final_once_with_its_last_value(seed: int, script: list[str]) -> None:
    world, series = World(seed), CandleSeries(MINUTE)
    told: list[Candle] = []

    def fill() -> None:
        series.begin()
        told.extend(series.backfill(list(world.rows.values()), at(world.now)))

    fill()
    for step in script:
        if step == "t":
            told.extend(series.live(world.trade()))
        elif step == "h":
            # A row that never came; the session saw the hole in the numbering.
            world.trade()
            series.missed()
        else:
            series.missed()
        if series.due(at(world.now)) and world.random.random() < 0.7:
            fill()
    world.now += 2
    fill()
    final = [each for each in told if each.closed]
    starts = [each.start_us for each in final]
    assert starts == sorted(set(starts))
    truth = {
        each.start_us: msgspec.structs.replace(each, closed=True) for each in world.rows.values()
    }
    assert {each.start_us: each for each in final} == truth


def test_an_answer_that_does_not_reach_back_is_asked_for_again_as_a_whole() -> None:
    series = filled()
    series.missed()
    series.begin()
    # The venue's clock was taken for an earlier one: too few were asked for.
    assert series.backfill([row(7), row(8), row(9)], at(9.5)) == []
    assert series.due(at(9.5))
    assert series.count(at(9.5)) == CANDLES_MAX
    series.begin()
    told = brief(series.backfill([row(n) for n in range(10)], at(9.5)))
    assert told == [*((n, "1", True) for n in range(3, 9)), (9, "1", False)]
    assert not series.due(at(9.5))


def test_a_history_that_is_gone_is_not_asked_for_for_ever() -> None:
    series = filled()
    series.missed()
    for _ in range(2):
        series.begin()
        told = brief(series.backfill([row(8), row(9)], at(9.5)))
    assert told == [(8, "1", True), (9, "1", False)]
    assert not series._wanted
