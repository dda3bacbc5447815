"""Realised profit by average cost, against a model in fractions that rounds nothing."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from actors.cache.portfolio import EXACT
from actors.sinks.average_cost import QUANTUM, OpenPosition


class Told(NamedTuple):
    """A fill: bought above zero."""

    quantity: Decimal
    price: Decimal


@st.composite
def fills(draw: st.DrawFn) -> list[Told]:
    quantities = st.integers(-500, 500).filter(bool)
    exponents = st.sampled_from([0, -1, -3, -8])
    prices = st.integers(1, 10**9)
    return [
        Told(
            Decimal(draw(quantities)).scaleb(draw(exponents)),
            Decimal(draw(prices)).scaleb(-draw(st.integers(0, 6))),
        )
        for _ in range(draw(st.integers(0, 40)))
    ]


def naive(told: list[Told]) -> tuple[list[Fraction | None], Fraction, Fraction]:
    """What each fill realised (None: nothing closed), the open quantity and its average price."""
    held, average = Fraction(0), Fraction(0)
    realized: list[Fraction | None] = []
    for fill in told:
        quantity, price = Fraction(fill.quantity), Fraction(fill.price)
        if held * quantity >= 0:
            average = (average * abs(held) + price * abs(quantity)) / (abs(held) + abs(quantity))
            held += quantity
            realized.append(None)
            continue
        part = min(abs(held), abs(quantity))
        realized.append((price - average) * part * (1 if held > 0 else -1))
        before, held = held, held + quantity
        if held * before < 0:
            average = price
    return realized, held, average


def apply(told: list[Told], position: OpenPosition) -> list[Decimal | None]:
    found: list[Decimal | None] = []
    with localcontext(EXACT):
        for fill in told:
            closing = position.fill(fill.quantity, fill.price)
            found.append(None if closing is None else closing.realized)
    return found


@given(fills())
def test_it_is_what_the_model_says_to_the_last_decimal_kept(told: list[Told]) -> None:
    position = OpenPosition()
    found = apply(told, position)
    expected, held, average = naive(told)
    assert Fraction(position.quantity) == held
    assert [each is None for each in found] == [each is None for each in expected]
    bound = Fraction(QUANTUM) * len(told)
    for mine, theirs in zip(found, expected, strict=True):
        if mine is not None and theirs is not None:
            assert abs(Fraction(mine) - theirs) <= bound
    assert position.cost is not None
    assert abs(Fraction(position.cost) - held * average) <= bound


@given(fills())
def test_no_money_is_made_or_lost_by_rounding(told: list[Told]) -> None:
    position = OpenPosition()
    realized = sum((Fraction(each) for each in apply(told, position) if each), Fraction(0))
    paid = sum((Fraction(each.quantity) * Fraction(each.price) for each in told), Fraction(0))
    assert position.cost is not None
    assert realized == Fraction(position.cost) - paid
    if not position.quantity:
        assert realized == -paid


@given(fills(), st.integers(-500, 500).filter(bool))
def test_what_was_open_before_is_not_known_until_it_is_closed(
    told: list[Told], opening: int
) -> None:
    position = OpenPosition(Decimal(opening))
    held = Fraction(opening)
    found = apply(told, position)
    for index, fill in enumerate(told):
        before, held = held, held + Fraction(fill.quantity)
        if before * Fraction(fill.quantity) < 0:
            assert found[index] is None, "nobody knows what the first position cost"
        if held * before <= 0:
            # Closed, or turned: from here on it is as if history began here.
            since = OpenPosition()
            rest = Told(Decimal(held.numerator) / Decimal(held.denominator), fill.price)
            apply([rest], since)
            later = told[index + 1 :]
            assert apply(later, since) == found[index + 1 :]
            assert since.quantity == position.quantity
            assert since.cost == position.cost
            return
    assert position.cost is None


@given(fills(), fills())
def test_a_copy_goes_its_own_way(told: list[Told], later: list[Told]) -> None:
    position = OpenPosition()
    apply(told, position)
    other = position.copy()
    apply(later, position)
    again = OpenPosition()
    apply(told, again)
    assert (other.quantity, other.cost) == (again.quantity, again.cost)
