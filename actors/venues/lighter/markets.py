"""Which market a number of the venue's means; streams and most answers name no market by name."""

from __future__ import annotations

from actors.errors import MalformedFrame
from actors.messages.market import Instrument, InstrumentList


class Markets:
    """The venue's directory, as far as it was learned: at most 2¹⁵ numbers (`wire.MarketId`).

    A number that is not in it says that the list is old (`lacking`): it is asked for again.
    Source: PROTOCOL, section 1, identifiers (`orderBookDetails`).
    """

    __slots__ = ("_by_number", "_by_symbol", "_lacking")

    def __init__(self) -> None:
        self._by_number: dict[int, Instrument] = {}
        self._by_symbol: dict[str, int] = {}
        self._lacking = False

    @property
    def known(self) -> bool:
        """Whether a list was ever read."""
        return bool(self._by_number)

    @property
    def lacking(self) -> bool:
        """Whether something is asked of it that it does not hold: the list is to be read again."""
        return self._lacking or not self.known

    def learn(self, listed: InstrumentList) -> None:
        """Replaces what is held; a market that is not listed any more keeps its name."""
        self._by_number.update((int(item.venue_id), item) for item in listed.items)
        self._by_symbol = {item.symbol: number for number, item in self._by_number.items()}
        # A name that went over to another number is the new one's.
        self._by_symbol.update((item.symbol, int(item.venue_id)) for item in listed.items)
        self._lacking = False

    def instrument(self, market_id: int) -> Instrument:
        """MalformedFrame for a number that no listed market has."""
        found = self._by_number.get(market_id)
        if found is None:
            self._lacking = True
            raise MalformedFrame("market_id", "a listed market", market_id)
        return found

    def number(self, symbol: str) -> int | None:
        """Of the venue's own name, None where it is not listed."""
        return self._by_symbol.get(symbol)
