"""Which venues there are, by name."""

from __future__ import annotations

from typing import Final

from actors.errors import ConfigFault
from actors.venues.capture_contract import Captures
from actors.venues.contract import Venue
from actors.venues.extended.market_data import EXTENDED_MARKET_DATA
from actors.venues.extended.venue import EXTENDED
from actors.venues.lighter.market_data import LIGHTER_MARKET_DATA
from actors.venues.lighter.venue import LIGHTER
from actors.venues.market_contract import MarketData

VENUES: Final[dict[str, Venue]] = {each.name: each for each in (EXTENDED, LIGHTER)}

CAPTURES: Final[dict[str, Captures]] = {
    EXTENDED.name: EXTENDED.capture,
    LIGHTER.name: LIGHTER.capture,
}
MARKET_DATA: Final[dict[str, MarketData]] = {
    EXTENDED.name: EXTENDED_MARKET_DATA,
    LIGHTER.name: LIGHTER_MARKET_DATA,
}


def market_data(name: str) -> MarketData:
    """Of a venue that `venue` knows."""
    return MARKET_DATA[venue(name).name]


def venue(name: str) -> Venue:
    """ConfigFault where there is no venue of that name."""
    found = VENUES.get(name)
    if found is None:
        raise ConfigFault("venue", repr(name), " or ".join(sorted(VENUES)))
    return found
