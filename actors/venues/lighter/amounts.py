"""Arithmetic on amounts of any length: exact where it can be, rounded only where it is said."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from actors.venues.orderbook import AMOUNT_LENGTH_MAX

EXACT: Final = Context(prec=4 * AMOUNT_LENGTH_MAX, rounding=ROUND_HALF_EVEN)
"""Wide enough for any product of three amounts, and for the sum of all that an account has."""


def added(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def times(amount: Decimal, factor: Decimal) -> Decimal:
    """The exact product."""
    return EXACT.multiply(amount, factor)


def rounded(amount: Decimal, step: Decimal) -> Decimal:
    """To whole steps (a power of ten), half to even."""
    return amount.quantize(step, context=EXACT)


def quotient(amount: Decimal, divisor: Decimal, step: Decimal) -> str | None:
    """Rounded to whole steps, without zeros at its end; None where nothing can be divided."""
    if not divisor:
        return None
    return format(rounded(EXACT.divide(amount, divisor), step).normalize(EXACT), "f")


def share(part: Decimal, whole: Decimal, steps: int) -> int:
    """How many of so many equal steps the part is of the whole, at most all of them."""
    if part >= whole:
        return steps
    return int(EXACT.divide(EXACT.multiply(part, Decimal(steps)), whole))
