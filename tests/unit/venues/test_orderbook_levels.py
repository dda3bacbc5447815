"""The level-2 book: exact order, the venue's spelling, equal prices as one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.errors import MalformedFrame
from actors.venues.orderbook import AMOUNT_LENGTH_MAX, OrderBook, check_sizes, exact


def test_levels_come_out_in_order_and_as_spelled() -> None:
    book = OrderBook(
        [("84049", "1"), ("84050.000000", "0.81908"), ("9.5", "2")],
        [("84052.0", "3"), ("84051", "0.10")],
    )
    assert book.bids() == [("84050.000000", "0.81908"), ("84049", "1"), ("9.5", "2")]
    assert book.asks() == [("84051", "0.10"), ("84052.0", "3")]
    assert book.best_bid == ("84050.000000", "0.81908")
    assert book.best_ask == ("84051", "0.10")
    assert not book.crossed
    assert len(book) == 5


@pytest.mark.parametrize(("depth", "count"), [(0, 0), (1, 1), (2, 2), (3, 3), (9, 3), (None, 3)])
def test_depth_counts_from_the_top(depth: int | None, count: int) -> None:
    levels = [("3", "1"), ("2", "1"), ("1", "1")]
    book = OrderBook(levels, [(str(10 + int(price)), size) for price, size in levels])
    assert book.bids(depth) == levels[:count]
    assert book.asks(depth) == [("11", "1"), ("12", "1"), ("13", "1")][:count]


def test_equal_prices_meet_whatever_their_spelling() -> None:
    book = OrderBook([("84050.000000", "1")], [("84051", "1")])
    book.apply([("84050", "2")], [("84051.0", "3"), ("084051.00", "4")])
    assert book.bids() == [("84050", "2")]
    assert book.asks() == [("084051.00", "4")]
    assert book.size("bid", "84050.0") == "2"
    assert book.size("ask", "1") is None
    book.apply([("84050.00", "0.000")], [("84051", "0")])
    assert (book.best_bid, book.best_ask, len(book)) == (None, None, 0)


@pytest.mark.parametrize("zero", ["0", "0.0", "0.00000000", "-0"])
def test_a_size_of_zero_removes_however_it_is_spelled(zero: str) -> None:
    book = OrderBook([("1", "5")])
    book.apply([("1", zero), ("2", zero)], [])
    assert book.bids() == []


def test_prices_that_no_float_can_tell_apart_stay_apart() -> None:
    book = OrderBook(
        [("0.1234567890123456", "1"), ("0.12345678901234561", "2")],
        [("9007199254740993", "1"), ("9007199254740992", "2")],
    )
    assert [price for price, _ in book.bids()] == ["0.12345678901234561", "0.1234567890123456"]
    assert [price for price, _ in book.asks()] == ["9007199254740992", "9007199254740993"]


@pytest.mark.parametrize(
    ("bid", "ask", "crossed"),
    [("10", "11", False), ("10", "10.00", True), ("10.1", "10", True), (None, "10", False)],
)
def test_crossed_is_best_bid_at_or_above_best_ask(bid: str | None, ask: str, crossed: bool) -> None:
    assert OrderBook([(bid, "1")] if bid else [], [(ask, "1")]).crossed is crossed


def test_replace_forgets_and_takes_the_last_of_equal_prices() -> None:
    book = OrderBook([("1", "1")], [("5", "1")])
    book.replace([("2", "1"), ("2.0", "7"), ("3", "0")], [])
    assert book.bids() == [("2.0", "7")]
    assert book.asks() == []


@pytest.mark.parametrize("name", ["bid", "ask"])
def test_a_change_tells_what_was_held(name: str) -> None:
    side = OrderBook([("2", "1.5")], [("2", "1.5")]).side(name)
    assert side.change([("3", "1"), ("2.0", "4"), ("2", "0")]) == ["0", "1.5", "4"]
    assert side.change([("2", "0")]) == ["0"]


@pytest.mark.parametrize(
    ("levels", "equal"),
    [
        ([("2.0", "1.50"), ("1", "3")], True),
        ([("2", "1.5")], False),
        ([("2", "1.5"), ("1", "3.1")], False),
        ([("2", "1.5"), ("1.1", "3")], False),
    ],
)
def test_books_are_compared_as_numbers(levels: list[tuple[str, str]], equal: bool) -> None:
    book = OrderBook([("2", "1.5"), ("1", "3")])
    assert book.equals(OrderBook(levels)) is equal
    assert OrderBook([], levels).equals(OrderBook([], [("2", "1.5"), ("1", "3")])) is equal


BAD = ["", "x", "1e5", "NaN", "Infinity", " 1", "1 ", "1_0", "١", "1.2.3", "-", ".", "1-2", "+1"]


@pytest.mark.parametrize("text", [*BAD, "1" * (AMOUNT_LENGTH_MAX + 1)])
def test_what_is_no_plain_decimal_is_refused_and_named(text: str) -> None:
    with pytest.raises(MalformedFrame) as caught:
        exact(text, "data.b[0].p")
    assert caught.value.field == "data.b[0].p"
    assert caught.value.expected == "plain decimal text"
    with pytest.raises(MalformedFrame):
        OrderBook([(text, "1")])


LEFT_TO_DECIMAL = {"", ".", "1.2.3"}
BAD_SIZES = [text for text in BAD if text not in LEFT_TO_DECIMAL]


@pytest.mark.parametrize("text", [*BAD_SIZES, "-1", "1" * (AMOUNT_LENGTH_MAX + 1)])
def test_sizes_of_a_frame_are_checked_together(text: str) -> None:
    with pytest.raises(MalformedFrame):
        check_sizes(["1.5", text, "2"])


def test_good_sizes_pass() -> None:
    check_sizes([])
    check_sizes(["0", "0.00", "12.5", "1" * AMOUNT_LENGTH_MAX])
    assert exact("-0.5") == Decimal("-0.5")
