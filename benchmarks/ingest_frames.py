"""Book frames of Extended as it sends them: a BTC book of 6,000 levels, a snapshot each minute.

Shapes and sizes are those of the captures of 2026 (a snapshot of 168 KiB, deltas of 19 levels,
prices of whole dollars, sizes of five decimals, change `q` beside absolute size `c`); values come
from a seed. No import of ours: the peer reads the same file.
"""

from __future__ import annotations

import json
import random

LEVELS = 6_000
CHANGES = 19
FRAMES_PER_MINUTE = 600
MIDDLE = 84_000
NEAR = 60
REMOVED = 0.15
UNITS_MAX = 300_000
MARKET = "BTC-USD"


def amount(units: int) -> str:
    """Hundred-thousandths as text."""
    sign, units = "-" * (units < 0), abs(units)
    return f"{sign}{units // 100_000}.{units % 100_000:05d}"


class Stream:
    """Whole frames with an unbroken sequence and sums that agree."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._sequence = 0
        half = LEVELS // 2
        self._sides = (
            {MIDDLE - n: self._units() for n in range(1, half + 1)},
            {MIDDLE + n: self._units() for n in range(half)},
        )

    def minute(self) -> list[str]:
        """A snapshot and the deltas until the next one."""
        return [self.snapshot(), *(self.delta() for _ in range(FRAMES_PER_MINUTE - 1))]

    def snapshot(self) -> str:
        bids, asks = (
            [{"q": amount(units), "p": str(price)} for price, units in sorted(side.items())]
            for side in self._sides
        )
        return self._frame("SNAPSHOT", bids[::-1], asks)

    def delta(self) -> str:
        rows: tuple[list[dict[str, str]], list[dict[str, str]]] = ([], [])
        changed: set[int] = set()
        while len(changed) < CHANGES:
            at = self._draw.randrange(2)
            distance = min(int(self._draw.expovariate(1 / NEAR)), LEVELS // 2 - 2)
            price = MIDDLE + distance if at else MIDDLE - 1 - distance
            if price in changed:
                continue
            changed.add(price)
            side = self._sides[at]
            held = side.pop(price, 0)
            units = 0 if held and self._draw.random() < REMOVED else self._units()
            if units:
                side[price] = units
            size = amount(units) if units else "0"
            rows[at].append({"q": amount(units - held), "p": str(price), "c": size})
        return self._frame("DELTA", *rows)

    def _units(self) -> int:
        return self._draw.randint(1, UNITS_MAX)

    def _frame(self, kind: str, bids: list[dict[str, str]], asks: list[dict[str, str]]) -> str:
        self._sequence += 1
        data = {"t": kind, "m": MARKET, "b": bids, "a": asks, "d": "f"}
        ts = 1_785_778_403_000 + self._sequence * 100
        frame = {"type": kind, "data": data, "ts": ts, "seq": self._sequence}
        return json.dumps(frame, separators=(",", ":"))
