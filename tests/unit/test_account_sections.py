"""The rules by which something is news of an account, one by one."""

from __future__ import annotations

import pytest
from account_world import FIRST_FILL_ID, fill, number, order, position
from hypothesis import given
from hypothesis import strategies as st

from actors import account_recency
from actors import account_sections as sections
from actors.account_sections import FILLS_FIRST, Fills, Orders, Positions

S = 1_000_000_000
TEMPLATE_POSITION = position("0", 0, "")
TEMPLATE_ORDER = order("", "canceled", 0)


def ids(numbers: range) -> list[str]:
    return [str(FIRST_FILL_ID + each) for each in numbers]


# fills


def test_fills_go_out_in_order_of_their_ids_and_once() -> None:
    fills = Fills()
    assert [number(each) for each in fills.news([fill(3), fill(1), fill(3), fill(2)])] == [1, 2, 3]
    assert fills.news([fill(2), fill(1)]) == []
    # Late, but real: another market's id that became visible after a higher one.
    assert [number(each) for each in fills.news([fill(0)])] == [0]


def test_an_account_without_history_starts_with_the_newest_fills() -> None:
    fills = Fills()
    newest_first = [fill(each) for each in range(FILLS_FIRST + 99, -1, -1)]
    assert not fills.deep_enough(newest_first[: FILLS_FIRST - 1])
    assert fills.deep_enough(newest_first[:FILLS_FIRST])
    told = [number(each) for each in fills.read_down(newest_first)]
    assert told == list(range(100, FILLS_FIRST + 100))
    # What lies before stays past, whatever a list shows later.
    assert fills.news([fill(99), fill(5)]) == []


def test_a_new_life_looks_again_at_all_that_the_cache_holds() -> None:
    fills = Fills()
    held = [each for each in range(100, 700) if each != 350][-FILLS_FIRST:]
    fills.adopt(str(FIRST_FILL_ID + each) for each in held)
    lowest = held[0]
    newest_first = [fill(each) for each in range(720, 0, -1)]
    assert not fills.deep_enough(newest_first[: 720 - lowest])
    assert fills.deep_enough(newest_first[: 720 - lowest + 1])
    told = [number(each) for each in fills.read_down(newest_first[:650])]
    assert told == [350, *range(700, 721)]


def test_a_young_account_misses_nothing_of_more_than_a_first_reading() -> None:
    fills = Fills()
    fills.adopt(ids(range(300)))
    newest_first = [fill(each) for each in range(FILLS_FIRST + 399, -1, -1)]
    # 600 came while nobody listened: 500 rows are not enough.
    assert not fills.deep_enough(newest_first[:FILLS_FIRST])
    told = [number(each) for each in fills.read_down(newest_first)]
    assert told == list(range(300, FILLS_FIRST + 400))


def test_within_a_life_a_reading_goes_down_to_an_overlap() -> None:
    fills = Fills()
    fills.read_down([fill(each) for each in range(300)])
    assert not fills.deep_enough([fill(each) for each in range(320, 200, -1)])
    assert fills.deep_enough([fill(each) for each in range(320, 199, -1)])


def test_what_the_stream_says_ahead_of_a_catch_up_hides_nothing() -> None:
    fills = Fills()
    fills.read_down([fill(each) for each in range(150)])
    fills.news([fill(900)])
    newest_first = [fill(each) for each in range(900, -1, -1)]
    assert not fills.deep_enough(newest_first[:500])
    assert [number(each) for each in fills.read_down(newest_first)] == list(range(150, 900))


def test_memory_of_fills_is_bounded_and_nothing_forgotten_is_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sections, "FILLS_SEEN_MAX", 50)
    fills = Fills()
    assert len(fills.news([fill(each) for each in range(80)])) == 80
    assert fills.news([fill(each) for each in range(80)]) == []


@given(st.lists(st.lists(st.integers(0, 60), max_size=20), max_size=10))
def test_however_they_come_each_fill_is_told_once(batches: list[list[int]]) -> None:
    fills = Fills()
    told = [each for batch in batches for each in fills.news([fill(n) for n in batch])]
    numbers = [number(each) for each in told]
    assert len(numbers) == len(set(numbers))
    assert set(numbers) == {each for batch in batches for each in batch}


# orders


def test_of_one_order_only_a_higher_version_is_news() -> None:
    orders = Orders()
    assert orders.news([order("a", "open", 5)], 0)
    assert not orders.news([order("a", "open", 5), order("a", "canceled", 4)], 0)
    assert orders.news([order("a", "partially_filled", 6)], 0)
    assert orders.news([order("a", "filled", 7)], 0)
    assert not orders.news([order("a", "open", 6)], 0)
    assert not orders.open


def test_news_come_oldest_change_first() -> None:
    told = Orders().news([order("c", "open", 9), order("a", "open", 3), order("b", "open", 5)], 0)
    assert [each.version for each in told] == [3, 5, 9]


def test_an_order_that_rest_does_not_show_is_looked_for_only_when_settled() -> None:
    orders = Orders()
    orders.news([order("a", "open", 5)], 10 * S)
    orders.confirmed([], 10 * S)
    orders.confirmed([], 11 * S - 1)
    assert not orders.missing
    orders.confirmed([], 11 * S)
    assert orders.missing == {"a": 0}
    orders.confirmed([order("a", "open", 5)], 12 * S)
    assert not orders.missing


def test_how_a_missing_order_ended_comes_from_the_history() -> None:
    orders = Orders()
    orders.adopt(["held"], 100)
    orders.confirmed([], 0)
    assert orders.missing == {"held": 0}
    page = [order("new", "filled", 130), order("held", "canceled", 120)]
    assert not orders.deep_enough(page)
    page.append(order("late", "filled", 99))
    assert orders.deep_enough(page)
    assert orders.unexplained(page) == []
    told = orders.read_down(page, (), 0, TEMPLATE_ORDER)
    # "late" is for the cache to judge: it knows the orders that ended last.
    assert [each.order_id for each in told] == ["late", "held", "new"]
    assert not orders.missing
    assert orders.read_down(page, (), 0, TEMPLATE_ORDER) == []


def test_what_no_list_shows_ended_without_a_trace() -> None:
    orders = Orders()
    orders.adopt(["unknown"], 100)
    orders.news([order("known", "open", 110)], 0)
    orders.confirmed([], 5 * S)
    both = orders.unexplained([])
    assert sorted(both) == ["known", "unknown"]
    for _ in range(sections.MISSING_MAX):
        # Not asked for by id yet: nobody said that they are gone.
        assert orders.read_down([], (), 5 * S, TEMPLATE_ORDER) == []
    for _ in range(sections.MISSING_MAX - 1):
        assert orders.read_down([], both, 5 * S, TEMPLATE_ORDER) == []
    told = orders.read_down([], both, 5 * S, TEMPLATE_ORDER)
    assert {(each.order_id, each.status, each.reason) for each in told} == {
        ("unknown", "canceled", "not_found"),
        ("known", "canceled", "not_found"),
    }
    assert all(each.version > 110 for each in told)
    assert not orders.open
    assert not orders.missing


def test_memory_of_ended_orders_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "ENDED_MAX", 10)
    orders = Orders()
    orders.news([order(str(each), "filled", each) for each in range(1, 31)], 0)
    assert len(orders._ended) == 10
    rows = [order(str(each), "filled", each) for each in range(1, 31)]
    assert orders.read_down(rows, (), 0, TEMPLATE_ORDER) == []


def vanished() -> Orders:
    """One open order that was told as ended without a trace."""
    orders = Orders()
    orders.news([order("a", "open", 5)], 0)
    orders.confirmed([], 5 * S)
    for _ in range(sections.MISSING_MAX):
        told = orders.read_down([], ["a"], 5 * S, TEMPLATE_ORDER)
    assert [each.reason for each in told] == ["not_found"]
    return orders


def test_an_order_that_shows_up_again_unchanged_is_open_again() -> None:
    orders = vanished()
    told = orders.confirmed([order("a", "open", 5)], 9 * S)
    assert [(each.order_id, each.status) for each in told] == [("a", "open")]
    # Above the presumed end, or the cache would take it for an older word.
    assert told[0].version > 6
    assert "a" in orders.open
    assert orders.confirmed([order("a", "open", 5)], 10 * S) == []


def test_the_venues_own_word_replaces_a_presumed_end() -> None:
    orders = vanished()
    told = orders.read_down([order("a", "filled", 5)], (), 9 * S, TEMPLATE_ORDER)
    assert [(each.status, each.reason) for each in told] == [("filled", None)]
    assert orders.read_down([order("a", "filled", 5)], (), 9 * S, TEMPLATE_ORDER) == []


def test_an_order_that_is_open_by_its_own_word_is_not_missing() -> None:
    orders = Orders()
    orders.news([order("a", "open", 5)], 0)
    orders.confirmed([], 5 * S)
    assert orders.unexplained([]) == ["a"]
    assert orders.read_down([order("a", "open", 5)], (), 5 * S, TEMPLATE_ORDER) == []
    assert not orders.missing
    assert "a" in orders.open


# positions and figures


def test_the_newest_by_the_venues_clock_wins() -> None:
    positions = Positions()
    assert positions.news([position("2", 200)], 10 * S)
    assert not positions.news([position("1", 100)], 11 * S)
    assert positions.open["p1"].quantity == "2"
    assert positions.news([position("3", 300)], 9 * S)


def test_an_older_answer_does_not_undo_the_stream_even_within_one_millisecond() -> None:
    positions = Positions()
    positions.news([position("2", 200, via="websocket")], 10 * S)
    assert not positions.news([position("1", 200)], 10 * S - 1)
    assert positions.news([position("1", 200)], 10 * S)


def test_the_same_again_is_no_news() -> None:
    positions = Positions()
    positions.news([position("2", 200)], 10 * S)
    assert positions.news([position("2", 200, via="websocket")], 11 * S) == []


def test_an_answer_that_stays_with_an_older_state_is_believed_in_the_end() -> None:
    positions = Positions()
    positions.news([position("2", 200, via="websocket")], 10 * S)
    assert positions.news([position("1", 100)], 10 * S + account_recency.TRUSTED_NS)


def test_a_position_that_rest_does_not_show_is_closed_only_when_settled() -> None:
    positions = Positions()
    positions.news([position("2", 200)], 10 * S)
    assert positions.confirmed([], 10 * S + S // 2, TEMPLATE_POSITION) == []
    [gone] = positions.confirmed([], 11 * S, TEMPLATE_POSITION)
    assert (gone.position_id, gone.quantity, gone.symbol) == ("p1", "0", "BTC-USD")
    assert positions.confirmed([], 12 * S, TEMPLATE_POSITION) == []


def test_a_closed_position_is_not_revived_by_an_older_answer() -> None:
    positions = Positions()
    positions.news([position("2", 200)], 10 * S)
    positions.news([position("0", 300, via="websocket")], 11 * S)
    assert positions.confirmed([position("2", 200)], 12 * S, TEMPLATE_POSITION) == []
    assert positions.news([position("5", 400)], 12 * S)
    assert positions.open["p1"].quantity == "5"


def test_a_position_of_which_only_the_cache_knows_is_closed_by_its_id() -> None:
    positions = Positions()
    positions.adopt(["old"])
    [gone] = positions.confirmed([], 0, TEMPLATE_POSITION)
    assert (gone.position_id, gone.quantity) == ("old", "0")
