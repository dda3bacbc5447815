"""The matching engine against a naive one that sorts all orders each time."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.simulator.matching import BUY, HOUSE, SELL, MatchingBook, Resting

_ORDERS = st.lists(
    st.tuples(
        st.sampled_from([BUY, SELL]),
        st.integers(95, 105),
        st.integers(1, 20),
        st.integers(0, 3),
        st.sampled_from(["limit", "limit", "take", "cancel", "reduce"]),
    ),
    max_size=60,
)


@dataclass
class Naive:
    order_id: int
    owner: int
    side: int
    price: int
    lots: int


def _naive_match(
    orders: list[Naive], owner: int, side: int, limit: int, lots: int
) -> list[tuple[int, int, int]]:
    found = []
    standing = sorted(
        (one for one in orders if one.side == -side), key=lambda o: (o.price * side, o.order_id)
    )
    for maker in standing:
        if not lots or (maker.price - limit) * side > 0 or owner == maker.owner != HOUSE:
            break
        taken = min(lots, maker.lots)
        maker.lots -= taken
        lots -= taken
        found.append((maker.order_id, maker.price, taken))
    orders[:] = [one for one in orders if one.lots]
    return found


def _totals(orders: list[Naive], side: int) -> list[tuple[int, int]]:
    totals: dict[int, int] = {}
    for one in orders:
        if one.side == side:
            totals[one.price] = totals.get(one.price, 0) + one.lots
    return sorted(totals.items(), reverse=side == BUY)


@settings(max_examples=150, deadline=None)
@given(_ORDERS)
def test_agrees_with_a_naive_engine(steps: list[tuple[int, int, int, int, str]]) -> None:
    book, naive = MatchingBook(), []
    before: dict[tuple[int, int], int] = {}
    for number, (side, price, lots, owner, action) in enumerate(steps, start=1):
        if action in {"cancel", "reduce"} and naive:
            victim = naive[number % len(naive)]
            resting = book.orders[victim.order_id]
            if action == "cancel" or victim.lots == 1:
                book.cancel(resting)
                naive.remove(victim)
            else:
                book.reduce(resting, 1)
                victim.lots -= 1
        else:
            expected = _naive_match(naive, owner, side, price, lots)
            matches = book.match(owner, side, price, lots)
            assert [(m.maker.order_id, m.price, m.lots) for m in matches] == expected
            left = lots - sum(m.lots for m in matches)
            if action == "limit" and left and not book.crosses(side, price):
                book.place(Resting(number, owner, side, price, left))
                naive.append(Naive(number, owner, side, price, left))
        assert book.depth(BUY) == _totals(naive, BUY)
        assert book.depth(SELL) == _totals(naive, SELL)
        bid, ask = book.best(BUY), book.best(SELL)
        assert bid is None or ask is None or bid < ask
        if number % 3 == 0:
            changes = book.drain()
            for change in changes:
                key = (change.side, change.price)
                assert change.before == before.get(key, 0) != change.after
                before[key] = change.after
            now = {(s, p): n for s in (BUY, SELL) for p, n in _totals(naive, s)}
            assert {k: v for k, v in before.items() if v} == now
    assert set(book.orders) == {one.order_id for one in naive}


def test_oldest_order_of_a_level_is_filled_first() -> None:
    book = MatchingBook()
    for number in (1, 2, 3):
        book.place(Resting(number, HOUSE, SELL, 100, 5))
    assert book.ahead(book.orders[3]) == 10
    assert book.fillable(BUY, 100) == 15
    assert book.fillable(BUY, 99) == 0
    matches = book.match(7, BUY, None, 8)
    assert [(one.maker.order_id, one.lots, one.maker_left) for one in matches] == [
        (1, 5, 0),
        (2, 3, 2),
    ]


def test_an_account_does_not_trade_with_itself() -> None:
    book = MatchingBook()
    book.place(Resting(1, HOUSE, SELL, 100, 5))
    book.place(Resting(2, 7, SELL, 101, 5))
    assert [one.lots for one in book.match(7, BUY, 101, 10)] == [5]
    assert book.best(SELL) == 101


def test_crossing_orders_may_not_rest() -> None:
    book = MatchingBook()
    book.place(Resting(1, HOUSE, SELL, 100, 5))
    with pytest.raises(ValueError, match="cannot rest"):
        book.place(Resting(2, HOUSE, BUY, 100, 1))
    with pytest.raises(ValueError, match="cannot shrink"):
        book.reduce(book.orders[1], 5)
