"""Which venues there are, by name."""

from __future__ import annotations

from typing import Final

from actors.errors import ConfigFault
from actors.venues.contract import Venue
from actors.venues.extended.venue import EXTENDED

VENUES: Final[dict[str, Venue]] = {EXTENDED.name: EXTENDED}


def venue(name: str) -> Venue:
    """ConfigFault where there is no venue of that name."""
    found = VENUES.get(name)
    if found is None:
        raise ConfigFault("venue", repr(name), " or ".join(sorted(VENUES)))
    return found
