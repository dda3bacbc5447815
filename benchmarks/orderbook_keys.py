"""Which representation of a price keeps a large order book in exact order at the least cost.

Run: `python benchmarks/orderbook_keys.py`. A book of 6,000 levels takes 2,000 frames of 20 changes
near its top (70 % new sizes, 15 % new prices, 15 % removals; one price in 50 in another spelling),
and after each frame its best levels are asked for. Prints µs per frame and KiB per book.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
import tracemalloc
from bisect import bisect_left
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol

from actors.venues.orderbook import OrderBook

LEVELS = 6_000
FRAMES = 2_000
CHANGES = 20
ROUNDS = 5
SEED = 20_26

Changes = list[tuple[str, str]]


class Book(Protocol):
    def apply(self, bids: Changes, asks: Changes) -> None: ...

    def best(self) -> Any: ...


def scaled(text: str) -> int:
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(18, "0"))


def canonical(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


class Keyed:
    """Every change turns its text into a key: dict by key beside a sorted list of keys."""

    def __init__(self, key: Callable[[str], Any]) -> None:
        self.key = key
        self.sides: tuple[dict[Any, tuple[str, str]], ...] = ({}, {})
        self.order: tuple[list[Any], ...] = ([], [])

    def apply(self, bids: Changes, asks: Changes) -> None:
        for levels, order, changes in zip(self.sides, self.order, (bids, asks), strict=True):
            for price, size in changes:
                key = self.key(price)
                if size.strip("0."):
                    if key not in levels:
                        order.insert(bisect_left(order, key), key)
                    levels[key] = (price, size)
                elif levels.pop(key, None):
                    del order[bisect_left(order, key)]

    def best(self) -> Any:
        return self.sides[0][self.order[0][-1]], self.sides[1][self.order[1][0]]


class Canonical:
    """Dict by canonical text; order from a list of numbers kept beside it."""

    def __init__(self) -> None:
        self.sides: tuple[dict[str, tuple[str, str]], ...] = ({}, {})
        self.order: tuple[list[Decimal], ...] = ([], [])
        self.names: tuple[list[str], ...] = ([], [])

    def apply(self, bids: Changes, asks: Changes) -> None:
        for levels, order, names, changes in zip(
            self.sides, self.order, self.names, (bids, asks), strict=True
        ):
            for price, size in changes:
                name = canonical(price)
                if size.strip("0."):
                    if name not in levels:
                        at = bisect_left(order, number := Decimal(name))
                        order.insert(at, number)
                        names.insert(at, name)
                    levels[name] = (price, size)
                elif levels.pop(name, None):
                    at = bisect_left(order, Decimal(name))
                    del order[at], names[at]

    def best(self) -> Any:
        return self.sides[0][self.names[0][-1]], self.sides[1][self.names[1][0]]


class Spelled:
    """Dict by the text itself; only a text that is not held becomes a key (what OrderBook does)."""

    def __init__(self, key: Callable[[str], Any]) -> None:
        self.key = key
        self.sides: tuple[dict[str, str], ...] = ({}, {})
        self.order: tuple[list[Any], ...] = ([], [])
        self.names: tuple[list[str], ...] = ([], [])

    def apply(self, bids: Changes, asks: Changes) -> None:
        for sizes, order, names, changes in zip(
            self.sides, self.order, self.names, (bids, asks), strict=True
        ):
            for price, size in changes:
                removes = not size.strip("0.")
                if price in sizes and not removes:
                    sizes[price] = size
                    continue
                at = bisect_left(order, key := self.key(price))
                if at < len(order) and order[at] == key:
                    del sizes[names[at]]
                    if removes:
                        del order[at], names[at]
                    else:
                        names[at] = price
                        sizes[price] = size
                elif not removes:
                    order.insert(at, key)
                    names.insert(at, price)
                    sizes[price] = size

    def best(self) -> Any:
        bid, ask = self.names[0][-1], self.names[1][0]
        return (bid, self.sides[0][bid]), (ask, self.sides[1][ask])


class Ours:
    """actors/venues/orderbook.py itself."""

    def __init__(self) -> None:
        self.book = OrderBook()

    def apply(self, bids: Changes, asks: Changes) -> None:
        self.book.apply(bids, asks)

    def best(self) -> Any:
        return self.book.best_bid, self.book.best_ask


def frames() -> tuple[tuple[Changes, Changes], list[tuple[Changes, Changes]]]:
    """A first book and the frames that follow; prices in steps of 0.5 about 84,000."""
    draw = random.Random(SEED)
    middle = 168_000

    def text(step: int) -> str:
        return f"{step // 2}.5" if step % 2 else f"{step // 2}"

    def size() -> str:
        return f"{draw.randint(1, 300_000) / 100_000:.5f}"

    half = LEVELS // 2
    held = ([middle - 2 * n for n in range(1, half + 1)], [middle + 2 * n for n in range(half)])
    first = tuple([(text(step), size()) for step in side] for side in held)
    known = tuple(set(side) for side in held)
    out = []
    for _ in range(FRAMES):
        sides: tuple[Changes, Changes] = ([], [])
        for _ in range(CHANGES):
            at = draw.randrange(2)
            distance = min(int(draw.expovariate(1 / 60)) + 1, half - 1)
            step = middle + (distance if at else -distance)
            kind = draw.random()
            if kind < 0.15 and step in known[at]:
                known[at].discard(step)
                sides[at].append((text(step), "0"))
                continue
            if kind < 0.85:
                step = (
                    min(known[at], key=lambda s: abs(s - step)) if step not in known[at] else step
                )
            known[at].add(step)
            price = text(step)
            if draw.random() < 0.02:
                price = price + ("0000" if "." in price else ".000000")
            sides[at].append((price, size()))
        out.append(sides)
    return (first[0], first[1]), out


def measure(make: Callable[[], Book], first: Any, rest: Any) -> tuple[float, float]:
    took = []
    for _ in range(ROUNDS):
        book = make()
        book.apply(*first)
        gc.collect()
        start = time.perf_counter_ns()
        for bids, asks in rest:
            book.apply(bids, asks)
            book.best()
        took.append((time.perf_counter_ns() - start) / 1_000 / len(rest))
    tracemalloc.start()
    book = make()
    book.apply(*first)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return statistics.median(took), held / 1024


def main() -> None:
    first, rest = frames()
    candidates: dict[str, Callable[[], Book]] = {
        "Decimal key for every change": lambda: Keyed(Decimal),
        "scaled int key for every change": lambda: Keyed(scaled),
        "canonical text key": Canonical,
        "text as sent, Decimal on a miss": lambda: Spelled(Decimal),
        "text as sent, scaled int on a miss": lambda: Spelled(scaled),
        "OrderBook": Ours,
    }
    print(f"seed {SEED}, {LEVELS} levels, {CHANGES} changes a frame, median of {ROUNDS}")
    for name, make in candidates.items():
        frame_us, held_kib = measure(make, first, rest)
        print(f"{name:36} {frame_us:7.2f} µs a frame   {held_kib:7.0f} KiB a book")


if __name__ == "__main__":
    main()
