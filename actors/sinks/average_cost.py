"""What fills realised: average cost of each market's open position, in exact sums; pure.

A fill that adds to a position adds its price times its quantity to the position's cost. A fill
against it takes away the cost of the part that it closes, in proportion; what it was worth beyond
that cost is realised. A fill that is larger than the position closes all of it and opens the rest
at its own price. Long and short of a hedged market count as one net position.

The only division is that proportion. It is rounded to 18 decimals and the remainder stays in the
position's cost, so no rounding is ever lost: once a position is closed, what it realised adds up
to the exact difference of what was paid and what was got.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final, NamedTuple

QUANTUM: Final = Decimal(1).scaleb(-18)
_ZERO: Final = Decimal(0)
_DIVIDING: Final = Context(prec=400, rounding=ROUND_HALF_EVEN, traps=[])


class Closing(NamedTuple):
    """What closing a part of a position realised, before fees.

    None: the position is older than the fills, and nothing tells at which price it was opened.
    """

    realized: Decimal | None


class OpenPosition:
    """The open quantity of one market, long above zero, and its cost in the same sign.

    `cost` is None while it holds something that was opened before the first fill.
    """

    __slots__ = ("cost", "quantity")

    def __init__(self, quantity: Decimal = _ZERO, cost: Decimal | None = None) -> None:
        self.quantity = quantity
        self.cost = cost if quantity else _ZERO

    def copy(self) -> OpenPosition:
        return OpenPosition(self.quantity, self.cost)

    def fill(self, quantity: Decimal, price: Decimal) -> Closing | None:
        """Applies a fill, bought above zero; None where it closes nothing.

        To be called in a context that holds the sums exactly.
        """
        if not quantity:
            return None
        if not self.quantity or (self.quantity > 0) == (quantity > 0):
            self._add(quantity, price)
            return None
        closed = quantity if abs(quantity) <= abs(self.quantity) else -self.quantity
        closing = Closing(self._take(closed, price))
        rest = quantity - closed
        if rest:
            self._add(rest, price)
        return closing

    def _add(self, quantity: Decimal, price: Decimal) -> None:
        self.quantity += quantity
        if self.cost is not None:
            self.cost += quantity * price

    def _take(self, closed: Decimal, price: Decimal) -> Decimal | None:
        before, self.quantity = self.quantity, self.quantity + closed
        cost = self.cost
        if not self.quantity:
            self.cost = _ZERO
            return None if cost is None else -closed * price - cost
        if cost is None:
            return None
        share = _DIVIDING.divide(_DIVIDING.multiply(cost, -closed), before)
        released = _DIVIDING.quantize(share, QUANTUM)
        self.cost = cost - released
        return -closed * price - released
