"""What can be traded at a simulated venue, and its whole numbers as exact decimal text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from actors.errors import ConfigFault

MICROS: Final = 1_000_000
"""Money is counted in millionths of the collateral, so sums are exact."""

MONEY_DECIMALS: Final = 6

DEFAULT_MARKETS: Final = ("BTC-USD", "ETH-USD", "SOL-USD")
QUOTE_SUFFIX: Final = "-USD"
"""What the names of perpetuals end with, at venues that spell their quote."""

MARKETS_MAX: Final = 200
ASSET_NAME: Final = re.compile(r"[A-Z0-9][A-Z0-9_]{0,20}")


def decimal_text(units: int, decimals: int) -> str:
    """`units` × 10^-decimals as plain text with all its decimals: (-5, 3) → "-0.005"."""
    if decimals == 0:
        return str(units)
    digits = str(abs(units)).rjust(decimals + 1, "0")
    sign = "-" if units < 0 else ""
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


def money_text(micros: int) -> str:
    return decimal_text(micros, MONEY_DECIMALS)


def whole_units(value: Decimal, step: Decimal) -> int | None:
    """How many `step`s `value` is, or None when it is not a whole number of them."""
    units = value / step
    return int(units) if units == units.to_integral_value() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSpec:
    """One perpetual; prices are counted in ticks and sizes in lots, both whole numbers."""

    name: str
    description: str
    tick: Decimal
    lot: Decimal
    start_price: Decimal
    min_lots: int
    max_leverage: int = 50
    category: str = "Crypto"
    sub_category: str = "L1"

    def __post_init__(self) -> None:
        if self.price_decimals + self.size_decimals > MONEY_DECIMALS:
            raise ConfigFault(
                f"market {self.name}",
                f"tick {self.tick}, lot {self.lot}",
                f"tick × lot of at most {MONEY_DECIMALS} decimals",
            )

    @property
    def asset(self) -> str:
        return self.name.removesuffix(QUOTE_SUFFIX)

    @property
    def price_decimals(self) -> int:
        return max(0, -int(self.tick.as_tuple().exponent))

    @property
    def size_decimals(self) -> int:
        return max(0, -int(self.lot.as_tuple().exponent))

    @property
    def start_ticks(self) -> int:
        return int(self.start_price / self.tick)

    @property
    def micros_per_unit(self) -> int:
        """What one lot costs at a price of one tick, in millionths."""
        return int(self.tick * self.lot * MICROS)


_KNOWN: Final = {
    spec.name: spec
    for spec in (
        MarketSpec(
            name="BTC-USD",
            description="Bitcoin",
            tick=Decimal(1),
            lot=Decimal("0.00001"),
            start_price=Decimal(84_000),
            min_lots=10,
        ),
        MarketSpec(
            name="ETH-USD",
            description="Ethereum",
            tick=Decimal("0.1"),
            lot=Decimal("0.001"),
            start_price=Decimal(3_100),
            min_lots=10,
        ),
        MarketSpec(
            name="SOL-USD",
            description="Solana",
            tick=Decimal("0.01"),
            lot=Decimal("0.01"),
            start_price=Decimal(152),
            min_lots=10,
        ),
    )
}


def market_spec(name: str) -> MarketSpec:
    """The market of that name; an unknown asset gets plain steps and a price of 25.

    Raises ConfigFault for a name that is not spelled as the venue spells its markets.
    """
    asset = name.removesuffix(QUOTE_SUFFIX)
    if asset == name or not ASSET_NAME.fullmatch(asset):
        raise ConfigFault("markets", repr(name), "a name such as BTC-USD")
    return _KNOWN.get(name) or MarketSpec(
        name=name,
        description=asset,
        tick=Decimal("0.001"),
        lot=Decimal("0.1"),
        start_price=Decimal(25),
        min_lots=10,
        max_leverage=10,
        sub_category="Other",
    )


def market_specs(
    names: tuple[str, ...], spec_of: Callable[[str], MarketSpec] = market_spec
) -> tuple[MarketSpec, ...]:
    """`spec_of` knows how a venue spells its markets, and in which steps they trade."""
    if not 1 <= len(names) <= MARKETS_MAX or len(set(names)) != len(names):
        raise ConfigFault("markets", repr(names)[:200], f"1 to {MARKETS_MAX} different names")
    return tuple(spec_of(name) for name in names)
