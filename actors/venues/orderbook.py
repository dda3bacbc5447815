"""A level-2 order book: exact order, levels in the venue's own spelling, equal prices as one.

Which key to order by was measured (`benchmarks/orderbook_keys.py`: 6,000 levels, 20 changes a
frame, best levels asked for after each; µs a frame): a Decimal made of every price 14, a whole
number of a fixed scale 12, canonical text beside numbers 8, the venue's own text with a key made
only for texts that are not held 7.2 (key Decimal) or 7.1 (whole number). So the text finds a level
that is held. The key that places the others is a float: with the best levels last this module
takes 7.1 where it took 10 with Decimals, the best first for asks, and 444 KiB a book instead of
915. Exact it stays, for the decimals decide between prices that share a float.
"""

from __future__ import annotations

import contextlib
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
    if not texts or _plain(texts):
        # Nothing at all, or a point too many, is left to Decimal: every size must pass it too.
        return
    for text in texts:
        if exact(text, "size") < 0:
            raise MalformedFrame("size", "a size of zero or more", text)


def _plain(texts: Sequence[str]) -> bool:
    """Whether all hold nothing but digits and points, and none is too long."""
    joined = "".join(texts)
    digits_only = joined.isascii() and joined.replace(".", "").isdecimal()
    return digits_only and max(map(len, texts)) <= AMOUNT_LENGTH_MAX


class Side:
    """Levels of one side, the best last: keys and texts in parallel, sizes by text.

    A key is the float nearest to the price, negated for asks: rounding never turns an order
    round, and where two prices share a key (beyond 15 digits) their decimals decide. Most changes
    are near the best: at the end of a list they move little.
    """

    __slots__ = ("_sign", "keys", "prices", "sizes")

    def __init__(self, *, is_ask: bool) -> None:
        self._sign = -1.0 if is_ask else 1.0
        self.keys: list[float] = []
        self.prices: list[str] = []
        self.sizes: dict[str, str] = {}

    def replace(self, levels: Iterable[Level]) -> None:
        """Forgets all levels and holds these; of equal prices the last counts."""
        levels = list(levels)
        prices = [price for price, _ in levels]
        keys = self._keys(prices)
        if len(set(keys)) < len(keys):
            # Two spellings of one price, or two prices that only their decimals tell apart.
            last = {exact(price, "price"): (price, size) for price, size in levels}
            levels = [last[number] for number in sorted(last)][:: int(self._sign)]
            rows = [(self._key(level[0]), level) for level in levels]
        else:
            rows = sorted(zip(keys, levels, strict=True))
        rows = [row for row in rows if row[1][1].strip(_ZERO_CHARACTERS)]
        self.keys = [key for key, _ in rows]
        self.prices = [price for _, (price, _) in rows]
        self.sizes = dict(level for _, level in rows)

    def change(self, levels: Iterable[Level]) -> list[str]:
        """Sets the size at each price (zero removes); returns what was held at each, else `0`."""
        before: list[str] = []
        sizes = self.sizes
        for price, size in levels:
            if price in sizes and size.strip(_ZERO_CHARACTERS):
                before.append(sizes[price])
                sizes[price] = size
            else:
                before.append(self._place(price, size))
        return before

    def size(self, price: str) -> str | None:
        """What is held at a price, whatever its spelling."""
        held = self.sizes.get(price)
        if held is not None:
            return held
        at, found = self._find(price, self._key(price))
        return self.sizes[self.prices[at]] if found else None

    def _place(self, price: str, size: str) -> str:
        """A price that comes, goes, or is spelled anew; returns what was held at it, else `0`."""
        key = self._key(price)
        at, found = self._find(price, key)
        prices = self.prices
        held = self.sizes.pop(prices[at]) if found else "0"
        if not size.strip(_ZERO_CHARACTERS):
            if found:
                del self.keys[at], prices[at]
            return held
        if found:
            prices[at] = price
        else:
            self.keys.insert(at, key)
            prices.insert(at, price)
        self.sizes[price] = size
        return held

    def _keys(self, prices: list[str]) -> list[float]:
        if prices and _plain(prices):
            with contextlib.suppress(ValueError):
                return [self._sign * key for key in map(float, prices)]
        return [self._key(price) for price in prices]

    def _key(self, price: str) -> float:
        if len(price) > AMOUNT_LENGTH_MAX or price.strip(_AMOUNT_CHARACTERS):
            raise MalformedFrame("price", "plain decimal text", price)
        try:
            return self._sign * float(price)
        except ValueError as error:
            raise MalformedFrame("price", "plain decimal text", price) from error

    def _find(self, price: str, key: float) -> tuple[int, bool]:
        """Where a price stands or would stand, and whether it is there under any spelling."""
        keys, prices = self.keys, self.prices
        at = bisect_left(keys, key)
        while at < len(keys) and keys[at] == key:
            if prices[at] == price:
                return at, True
            held, sought = Decimal(prices[at]), Decimal(price)
            if held == sought:
                return at, True
            if (held > sought) == (self._sign > 0):
                return at, False
            at += 1
        return at, False

    def best(self, depth: int | None = None) -> list[Level]:
        """The best first; all of them without `depth`."""
        end = None if depth is None or depth >= len(self.prices) else -depth - 1
        return [(price, self.sizes[price]) for price in self.prices[:end:-1]]

    def equals(self, other: Side) -> bool:
        """Same numbers, however spelled."""
        if self.prices == other.prices and self.sizes == other.sizes:
            return True
        if self.keys != other.keys:
            return False
        mine = (each for price in self.prices for each in (price, self.sizes[price]))
        theirs = (each for price in other.prices for each in (price, other.sizes[price]))
        return all(a == b or exact(a) == exact(b) for a, b in zip(mine, theirs, strict=True))


class OrderBook:
    """Bids and asks of one market.

    Prices and sizes go in and come out as text; a size of zero, however spelled, removes. Sizes
    are not checked here: who feeds the book has read them (`exact`). A price that is no plain
    decimal raises MalformedFrame; levels applied before it stay applied.
    """

    __slots__ = ("_asks", "_bids")

    def __init__(self, bids: Iterable[Level] = (), asks: Iterable[Level] = ()) -> None:
        self._bids = Side(is_ask=False)
        self._asks = Side(is_ask=True)
        self.replace(bids, asks)

    def replace(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Forget all levels and hold these, in whatever order they come."""
        self._bids.replace(bids)
        self._asks.replace(asks)

    def apply(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Changed levels with absolute sizes."""
        self.change(bids, asks)

    def change(self, bids: Iterable[Level], asks: Iterable[Level]) -> list[str]:
        """As `apply`; returns what was held at each price, bids first, `0` where nothing was."""
        return self._bids.change(bids) + self._asks.change(asks)

    def bids(self, depth: int | None = None) -> list[Level]:
        """The highest first."""
        return self._bids.best(depth)

    def asks(self, depth: int | None = None) -> list[Level]:
        """The lowest first."""
        return self._asks.best(depth)

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
        return (side.prices[-1], side.sizes[side.prices[-1]]) if side.prices else None

    @property
    def crossed(self) -> bool:
        """Best bid at or above best ask."""
        bids, asks = self._bids, self._asks
        if not bids.keys or not asks.keys:
            return False
        bid, ask = bids.keys[-1], -asks.keys[-1]
        return bid > ask or (bid == ask and exact(bids.prices[-1]) >= exact(asks.prices[-1]))

    def __len__(self) -> int:
        return len(self._bids.prices) + len(self._asks.prices)
