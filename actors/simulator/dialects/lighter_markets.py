"""What can be traded at the simulated Lighter: names, steps and market ids."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from actors.errors import ConfigFault
from actors.simulator.dialects.lighter_ids import market_ids
from actors.simulator.market import Market
from actors.simulator.markets import ASSET_NAME, MarketSpec

DEFAULT_MARKETS: Final = ("ETH", "BTC", "SOL")

# Prices and sizes have the decimals of the venue, six together; what is quoted and traded is
# coarser: one lot at a price of one tick is 0.004 USD, so that the fee of 250 millionths on any
# trade is a whole number of millionths of a USD, and usd_amount × taker_fee loses nothing.
_KNOWN: Final = {
    spec.name: spec
    for spec in (
        MarketSpec(
            name="ETH",
            description="Ethereum",
            tick=Decimal("0.80"),
            lot=Decimal("0.0050"),
            start_price=Decimal(3_100),
            min_lots=1,
        ),
        MarketSpec(
            name="BTC",
            description="Bitcoin",
            tick=Decimal("20.0"),
            lot=Decimal("0.00020"),
            start_price=Decimal(84_000),
            min_lots=1,
        ),
        MarketSpec(
            name="SOL",
            description="Solana",
            tick=Decimal("0.040"),
            lot=Decimal("0.100"),
            start_price=Decimal(152),
            min_lots=1,
        ),
    )
}


def lighter_spec(name: str) -> MarketSpec:
    """The market of that name, which is the bare asset; an unknown one begins at a price of 25.

    Raises ConfigFault for a name that is not spelled as the venue spells its perpetuals.
    """
    if not ASSET_NAME.fullmatch(name):
        raise ConfigFault("markets", repr(name), "a name such as ETH")
    return _KNOWN.get(name) or MarketSpec(
        name=name,
        description=name,
        tick=Decimal("0.00500"),
        lot=Decimal("0.8"),
        start_price=Decimal(25),
        min_lots=1,
        max_leverage=10,
        sub_category="Other",
    )


class LighterMarkets:
    """The markets of one exchange by the number that stands for each on the wire."""

    __slots__ = ("_by_id", "ids")

    def __init__(self, markets: Mapping[str, Market]) -> None:
        self.ids = market_ids(markets)
        self._by_id = {self.ids[name]: market for name, market in markets.items()}

    def id_of(self, name: str) -> int:
        return self.ids[name]

    def named(self, market_id: int) -> Market | None:
        return self._by_id.get(market_id)

    def all(self) -> list[tuple[int, Market]]:
        """All of them in the order of their ids."""
        return sorted(self._by_id.items())
