"""A level-2 order book: exact order, levels in the venue's own spelling, equal prices as one.

Which key to order by was measured (`benchmarks/orderbook_keys.py`: 6,000 levels, 20 changes a
frame, best levels asked for after each; µs a frame): a Decimal made of every price 14, a whole
number of a fixed scale 12, canonical text beside numbers 8, the venue's own text with a key made
only for texts that are not held 7.2 (key Decimal) or 7.1 (whole number). So the text finds a level
that is held, and a Decimal, which knows no scale to outgrow, places the others and finds their
equals under another spelling. This module, which also tells what was held: 8.4.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from actors.errors import MalformedFrame
from actors.messages.market import Level

AMOUNT_LENGTH_MAX: Final = 64
_AMOUNT_CHARACTERS: Final = "-.0123456789"
_ZERO_CHARACTERS: Final = "-.0"


def exact(text: str, field: str = "amount") -> Decimal:
    """The number that plain decimal text spells; MalformedFrame for anything else.

    Exponents, NaN, infinities, blanks, underscores and digits of other scripts are not plain.
    """
    if len(text) > AMOUNT_LENGTH_MAX or text.strip(_AMOUNT_CHARACTERS):
        raise MalformedFrame(field, "plain decimal text", text)
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise MalformedFrame(field, "plain decimal text", text) from error


def check_sizes(texts: Sequence[str]) -> None:
    """MalformedFrame unless all are plain decimals ≥ 0; a third of the cost of `exact` for each."""
    joined = "".join(texts)
    digits_only = joined.isascii() and joined.replace(".", "").isdecimal()
    if digits_only and max(map(len, texts)) <= AMOUNT_LENGTH_MAX:
        # Nothing at all, or a point too many, is left to Decimal: every size must pass it too.
        return
    for text in texts:
        if exact(text, "size") < 0:
            raise MalformedFrame("size", "a size of zero or more", text)


class Side:
    """Levels of one side in ascending order: numbers and texts in parallel, sizes by text."""

    __slots__ = ("numbers", "prices", "sizes")

    def __init__(self) -> None:
        self.numbers: list[Decimal] = []
        self.prices: list[str] = []
        self.sizes: dict[str, str] = {}

    def replace(self, levels: Iterable[Level]) -> None:
        """Forgets all levels and holds these; of equal prices the last counts."""
        held = {exact(price, "price"): (price, size) for price, size in levels}
        rows = sorted(row for row in held.items() if row[1][1].strip(_ZERO_CHARACTERS))
        self.numbers = [number for number, _ in rows]
        self.prices = [price for _, (price, _) in rows]
        self.sizes = dict(level for _, level in rows)

    def put(self, price: str, size: str) -> str:
        """Sets the size at a price (zero removes the level); returns what was held, else `0`."""
        sizes = self.sizes
        held = sizes.get(price)
        if held is not None and size.strip(_ZERO_CHARACTERS):
            sizes[price] = size
            return held
        number = exact(price, "price")
        at = bisect_left(self.numbers, number)
        if at < len(self.numbers) and self.numbers[at] == number:
            held = sizes.pop(self.prices[at])
            if size.strip(_ZERO_CHARACTERS):
                self.prices[at] = price
                sizes[price] = size
            else:
                del self.numbers[at], self.prices[at]
            return held
        if size.strip(_ZERO_CHARACTERS):
            self.numbers.insert(at, number)
            self.prices.insert(at, price)
            sizes[price] = size
        return "0"

    def size(self, price: str) -> str | None:
        """What is held at a price, whatever its spelling."""
        held = self.sizes.get(price)
        if held is not None:
            return held
        number = exact(price, "price")
        at = bisect_left(self.numbers, number)
        if at < len(self.numbers) and self.numbers[at] == number:
            return self.sizes[self.prices[at]]
        return None

    def equals(self, other: Side) -> bool:
        """Same numbers, however spelled."""
        if self.numbers != other.numbers:
            return False
        mine = (self.sizes[price] for price in self.prices)
        theirs = (other.sizes[price] for price in other.prices)
        return all(a == b or exact(a) == exact(b) for a, b in zip(mine, theirs, strict=True))


class OrderBook:
    """Bids and asks of one market.

    Prices and sizes go in and come out as text; a size of zero, however spelled, removes. Sizes
    are not checked here: who feeds the book has read them (`exact`). A price that is no plain
    decimal raises MalformedFrame; levels applied before it stay applied.
    """

    __slots__ = ("_asks", "_bids")

    def __init__(self, bids: Iterable[Level] = (), asks: Iterable[Level] = ()) -> None:
        self._bids = Side()
        self._asks = Side()
        self.replace(bids, asks)

    def replace(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Forget all levels and hold these, in whatever order they come."""
        self._bids.replace(bids)
        self._asks.replace(asks)

    def apply(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Changed levels with absolute sizes."""
        for price, size in bids:
            self._bids.put(price, size)
        for price, size in asks:
            self._asks.put(price, size)

    def bids(self, depth: int | None = None) -> list[Level]:
        """The highest first."""
        side = self._bids
        last = None if depth is None else len(side.prices) - depth - 1
        if last is not None and last < 0:
            last = None
        return [(price, side.sizes[price]) for price in side.prices[:last:-1]]

    def asks(self, depth: int | None = None) -> list[Level]:
        """The lowest first."""
        side = self._asks
        return [(price, side.sizes[price]) for price in side.prices[:depth]]

    def side(self, side: str) -> Side:
        """`bid` or `ask`, to change level by level."""
        return self._bids if side == "bid" else self._asks

    def size(self, side: str, price: str) -> str | None:
        """What is held at `price`, whatever its spelling; `side` is `bid` or `ask`."""
        return self.side(side).size(price)

    def equals(self, other: OrderBook) -> bool:
        """Same levels as numbers, however spelled."""
        return self._bids.equals(other.side("bid")) and self._asks.equals(other.side("ask"))

    @property
    def best_bid(self) -> Level | None:
        side = self._bids
        return (side.prices[-1], side.sizes[side.prices[-1]]) if side.prices else None

    @property
    def best_ask(self) -> Level | None:
        side = self._asks
        return (side.prices[0], side.sizes[side.prices[0]]) if side.prices else None

    @property
    def crossed(self) -> bool:
        """Best bid at or above best ask."""
        bids, asks = self._bids.numbers, self._asks.numbers
        return bool(bids and asks and bids[-1] >= asks[0])

    def __len__(self) -> int:
        return len(self._bids.prices) + len(self._asks.prices)
